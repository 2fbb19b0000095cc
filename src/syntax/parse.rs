//! One tree-sitter parser with a budget. Invariant: a parse that runs out of time can be taken up again with the same
//! text, and is dropped as soon as the text changes; one that runs out of steps is dropped at once, and how many steps
//! it takes hangs on text and tree alone. Must not know documents, facts or positions of the protocol.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{InputEdit, ParseOptions, Parser, Point, Tree};

use super::languages::Lang;
use crate::base::span::Span;
use crate::text::ByteEdit;

/// A parser for one language; none is made for text without a grammar.
pub struct TreeParser {
    parser: Parser,
    /// A parse was stopped by its budget and waits to be taken up.
    halted: bool,
    /// Steps of the parse that waits.
    steps: u32,
}

/// How a parse ended.
pub enum Outcome {
    Done(Tree),
    /// The budget is spent, and the next call with the same text goes on.
    Halted,
    /// It took more steps than it may.
    GivenUp,
}

/// After how many steps (some hundred operations of the parser each) a parse is not worth waiting for; none: it is.
pub type Patience = Option<u32>;

impl TreeParser {
    /// `None` where the language has no grammar (or one that this library cannot load).
    pub fn new(lang: Lang) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&lang.grammar()?).ok()?;
        Some(Self { parser, halted: false, steps: 0 })
    }

    /// Forgets a halted parse; due whenever the text changes.
    pub fn forget(&mut self) {
        if std::mem::take(&mut self.halted) {
            self.parser.reset();
        }
    }

    /// Parses `bytes`, from `old` (already edited to fit them) where there is one. The budget is looked at between steps;
    /// some grammars take long ones.
    pub fn parse(&mut self, bytes: &[u8], old: Option<&Tree>, budget: Duration, patience: Patience) -> Outcome {
        let until = Instant::now() + budget;
        let mut steps = if self.halted { self.steps } else { 0 };
        let mut given_up = false;
        let mut read = |at: usize, _: Point| bytes.get(at..).unwrap_or_default();
        let mut progress = |_: &tree_sitter::ParseState| {
            steps += 1;
            given_up = patience.is_some_and(|most| steps > most);
            if given_up || Instant::now() >= until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let tree = self.parser.parse_with_options(&mut read, old, Some(options));
        self.steps = steps;
        self.halted = tree.is_none();
        match tree {
            Some(tree) => Outcome::Done(tree),
            None if given_up => {
                self.forget();
                Outcome::GivenUp
            }
            None => Outcome::Halted,
        }
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

/// As an edit: what stands at `span` of `text` is read otherwise now.
pub fn respelled(text: &str, span: Span) -> InputEdit {
    let start = point_of(text.as_bytes(), span.start as usize, Point::new(0, 0), 0);
    let end = point_of(text.as_bytes(), span.end as usize, start, span.start as usize);
    InputEdit {
        start_byte: span.start as usize,
        old_end_byte: span.end as usize,
        new_end_byte: span.end as usize,
        start_position: start,
        old_end_position: end,
        new_end_position: end,
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
        let outcome = parser.parse(text.as_bytes(), None, Duration::ZERO, None);
        assert!(matches!(outcome, Outcome::Halted));
        let Outcome::Done(tree) = parser.parse(text.as_bytes(), None, LONG, None) else {
            panic!("time enough");
        };
        assert_eq!(tree.root_node().child_count(), 20_000);
        assert!(!parser.halted);
    }

    #[test]
    fn a_parse_without_patience_is_given_up() {
        let text = "fn f() { 1 + 2; }\n".repeat(20_000);
        let mut parser = TreeParser::new(Lang::from_id("rust").expect("row")).expect("grammar");
        let mut parse = |text: &str, patience| parser.parse(text.as_bytes(), None, LONG, patience);
        assert!(matches!(parse(&text, Some(10)), Outcome::GivenUp));
        assert!(matches!(parse("fn f() {}\n", Some(10)), Outcome::Done(_)));
        assert!(matches!(parse(&text, None), Outcome::Done(_)));
    }

    const LONG: Duration = Duration::from_secs(60);
}
