//! Where a large file is cut: between items, in the body of what is larger than a segment, never in a function. Invariant:
//! segments tile the text in order; a cut stands at the start of a line. Must not know what is found in a segment.

#[cfg(test)]
mod tests;

use tree_sitter::{Node, Tree};

use super::extract::is_callable;
use super::languages::Lang;
use super::queries::captures::Capture;
use super::queries::matcher::Matcher;
use super::queries::{Tables, tables};
use crate::base::chars::floor;
use crate::base::span::Span;

/// Where the segments of a whole text lie: in order, without gaps; none for an empty text. One is larger than `size`
/// (none: the language's `segment_size`) only where a single function (or a single line of items) is.
pub fn cut(lang: Lang, tree: &Tree, text: &str, size: Option<usize>) -> Vec<Span> {
    cut_at(lang, tree, text, size.unwrap_or(lang.row().segment_size))
}

fn cut_at(lang: Lang, tree: &Tree, text: &str, size: usize) -> Vec<Span> {
    if text.len() <= size {
        return if text.is_empty() { Vec::new() } else { vec![Span::new(0, text.len() as u32)] };
    }
    let Some(tables) = tables(lang) else { return by_lines(text, size) };
    let mut out = Vec::new();
    let (mut start, mut last) = (0, 0);
    for border in borders(tables, tree, text, size).into_iter().chain(std::iter::once(text.len())) {
        if border - start > size && last > start {
            out.push(Span::new(start as u32, last as u32));
            start = last;
        }
        last = border;
    }
    out.push(Span::new(start as u32, text.len() as u32));
    out
}

/// Starts of lines at which a segment may begin, ascending: before the items of the file, and before those in an item that
/// is larger than a segment. Comments and attributes before an item go with it.
fn borders(tables: &Tables, tree: &Tree, text: &str, size: usize) -> Vec<usize> {
    let mut out = vec![0];
    let mut matcher = Matcher::new();
    let mut cursor = tree.walk();
    let mut parents = vec![cursor.node().kind_id()];
    let mut more = cursor.goto_first_child();
    let mut before: Option<usize> = None;
    while more {
        let node = cursor.node();
        let kind = node.kind_id();
        if tables.is_comment(kind) || tables.is_attribute(kind) || tables.is_head(kind) {
            before.get_or_insert(node.start_byte());
        } else {
            let at = before.take().unwrap_or(node.start_byte());
            let line = line_start(text, at);
            out.extend(line.filter(|line| node.is_named() && out.last().is_none_or(|last| last < line)));
            // The body of a large item may be just within the size that the item exceeds.
            let body = line.is_none() && parents.len() > 1;
            // What counts is what a segment of it would hold: whole lines, with the blank ones behind.
            let blank = text.as_bytes()[node.end_byte()..].iter().take_while(|it| it.is_ascii_whitespace()).count();
            let length = node.end_byte() + blank - line.unwrap_or(at);
            let large = length > if body { size / 2 } else { size };
            let parent = parents.last().copied().unwrap_or(0);
            if large && !is_function(tables, &mut matcher, node, parent, text) && cursor.goto_first_child() {
                parents.push(node.kind_id());
                continue;
            }
        }
        while !cursor.goto_next_sibling() {
            before = None;
            parents.pop();
            more = cursor.goto_parent() && !parents.is_empty();
            if !more {
                break;
            }
        }
    }
    out
}

/// Whether the node declares a function.
fn is_function<'tree>(
    tables: &Tables,
    matcher: &mut Matcher<'tree>,
    node: Node<'tree>,
    parent: u16,
    text: &str,
) -> bool {
    let patterns = tables.rooted(node.kind_id()).iter().map(|&ix| &tables.patterns[ix as usize]);
    let mut fitting = patterns.filter(|pattern| pattern.defines && pattern.fits_below(parent));
    fitting.any(|pattern| {
        matcher.holds(pattern, node, text)
            && matcher.found.iter().any(|it| matches!(it.0, Capture::Definition(kind) if is_callable(kind)))
    })
}

/// The start of the line of `at`, where nothing but blanks stands before it.
fn line_start(text: &str, at: usize) -> Option<usize> {
    let line = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |newline| newline + 1);
    text.as_bytes()[line..at].iter().all(|b| b.is_ascii_whitespace()).then_some(line)
}

/// Segments of about `size` bytes that end where a line ends, or at a character border where no line does.
pub fn by_lines(text: &str, size: usize) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let mut end = (start + size.max(16)).min(bytes.len());
        if end < bytes.len() {
            end = match memchr::memrchr(b'\n', &bytes[start..end]) {
                Some(newline) => start + newline + 1,
                None => floor(text, end),
            };
        }
        out.push(Span::new(start as u32, end as u32));
        start = end;
    }
    out
}
