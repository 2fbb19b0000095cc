//! One tree-sitter parser with a budget. Invariant: a parse that runs out of time can be taken up again with the same
//! text, and is dropped as soon as the text changes. Must not know documents, facts or positions of the protocol.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{InputEdit, ParseOptions, Parser, Point, Tree};

use super::languages::Lang;
use crate::text::ByteEdit;

/// A parser for one language; none is made for text without a grammar.
pub struct TreeParser {
    parser: Parser,
    lang: Lang,
    /// A parse was stopped by its budget and waits to be taken up.
    halted: bool,
}

impl TreeParser {
    /// `None` where the language has no grammar (or one that this library cannot load).
    pub fn new(lang: Lang) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&lang.grammar()?).ok()?;
        Some(Self { parser, lang, halted: false })
    }

    /// Forgets a halted parse; due whenever the text changes.
    pub fn forget(&mut self) {
        if std::mem::take(&mut self.halted) {
            self.parser.reset();
        }
    }

    /// Parses `text`, from `old` (already edited to fit `text`) where there is one. `None`: the budget is spent, and the
    /// next call with the same text goes on. The budget is looked at between steps; some grammars take long ones.
    pub fn parse(&mut self, text: &str, old: Option<&Tree>, budget: Duration) -> Option<Tree> {
        let until = Instant::now() + budget;
        let bytes = super::blank::parse_input(self.lang, text);
        let mut read = |at: usize, _: Point| bytes.get(at..).unwrap_or_default();
        let mut progress = |_: &tree_sitter::ParseState| {
            if Instant::now() >= until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let tree = self.parser.parse_with_options(&mut read, old, Some(options));
        self.halted = tree.is_none();
        tree
    }
}

/// The edit as tree-sitter wants it, with its true points: rows by `\n` alone, columns in bytes. `before` is the text
/// that `edit` counts on.
pub fn input_edit(before: &str, edit: &ByteEdit) -> InputEdit {
    let start = point_of(before.as_bytes(), edit.start as usize, Point::new(0, 0), 0);
    let removed = before.as_bytes().get(..edit.old_end as usize).unwrap_or(before.as_bytes());
    InputEdit {
        start_byte: edit.start as usize,
        old_end_byte: edit.old_end as usize,
        new_end_byte: edit.new_end() as usize,
        start_position: start,
        old_end_position: point_of(removed, edit.old_end as usize, start, edit.start as usize),
        new_end_position: point_of(edit.text.as_bytes(), edit.text.len(), start, 0),
    }
}

/// Point of the end of `bytes[from..to]` where `from` stands at `base`.
fn point_of(bytes: &[u8], to: usize, base: Point, from: usize) -> Point {
    let part = bytes.get(from..to.min(bytes.len())).unwrap_or_default();
    match memchr::memrchr(b'\n', part) {
        Some(last) => {
            let rows = memchr::memchr_iter(b'\n', part).count();
            Point::new(base.row + rows, part.len() - last - 1)
        }
        None => Point::new(base.row, base.column + part.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(before: &str, start: u32, old_end: u32, text: &str) -> InputEdit {
        input_edit(before, &ByteEdit { start, old_end, text: text.to_owned(), whole: false })
    }

    #[test]
    fn points_count_line_feeds_and_bytes() {
        let it = edit("a\r\né\rx\ny", 7, 9, "1\n2\n34");
        assert_eq!(it.start_position, Point::new(1, 4));
        assert_eq!(it.old_end_position, Point::new(2, 1));
        assert_eq!(it.new_end_position, Point::new(3, 2));
    }

    #[test]
    fn a_halted_parse_goes_on() {
        let text = "fn f() { 1 + 2; }\n".repeat(20_000);
        let mut parser = TreeParser::new(Lang::from_id("rust").expect("row")).expect("grammar");
        assert!(parser.parse(&text, None, Duration::ZERO).is_none());
        assert!(parser.halted);
        let tree = parser.parse(&text, None, Duration::from_secs(60)).expect("time enough");
        assert_eq!(tree.root_node().child_count(), 20_000);
        assert!(!parser.halted);
    }
}
