//! Headings as sections, for languages in which a heading is a line and not a node around what it heads. Invariant: after
//! it, ranges of headings nest by level and reach no further than the segment. Must not know trees.

use crate::base::span::Span;
use crate::facts::{Symbol, SymbolKind};

/// Lets each heading's range reach to the next heading of its level or of one above it, or to `end`.
pub(super) fn nest(symbols: &mut [Symbol], text: &str, end: u32) {
    let mut open: Vec<(u32, usize)> = Vec::new();
    for ix in 0..symbols.len() {
        if symbols[ix].kind != SymbolKind::Heading {
            continue;
        }
        let start = symbols[ix].range.start;
        let level = level(text.get(symbols[ix].range.range()).unwrap_or(""));
        while let Some((_, at)) = open.pop_if(|it| it.0 >= level) {
            close(&mut symbols[at], text, start);
        }
        open.push((level, ix));
    }
    for (_, at) in open {
        close(&mut symbols[at], text, end);
    }
}

fn close(heading: &mut Symbol, text: &str, end: u32) {
    let body = text.get(heading.range.end as usize..end as usize).unwrap_or("");
    heading.range = Span::new(heading.range.start, heading.range.end + body.trim_end().len() as u32);
}

/// 1 to 6 by the signs before it, else 1 or 2 by the line under it.
fn level(heading: &str) -> u32 {
    let signs = heading.trim_start().bytes().take_while(|&b| b == b'#').count() as u32;
    match signs {
        0 if heading.trim_end().ends_with('=') => 1,
        0 => 2,
        _ => signs,
    }
}
