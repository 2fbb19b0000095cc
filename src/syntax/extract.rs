//! Text in, facts out: the one function that the crawl, the worker process and the typing path share. Invariant: facts
//! depend on text and language alone; it never fails, a text that cannot be parsed within the limits gives passages by
//! lines. Must not know paths, files or the index.

use std::time::Duration;

use tree_sitter::Tree;

use super::languages::Lang;
use crate::base::span::Span;
use crate::facts::{Facts, LineIndex, Passage};

/// The sources whose change makes other facts: part of every recipe.
pub(super) const SOURCES: &[&str] =
    &[include_str!("extract.rs"), include_str!("segments.rs"), include_str!("passages.rs")];

/// What extraction may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time for parsing and walking one file.
    pub time: Duration,
    /// Texts above this many bytes get passages by lines only.
    pub bytes: usize,
    /// Texts with a longer line get passages by lines only.
    pub line: usize,
    /// Nodes below this depth are not looked at.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(2), bytes: 4 << 20, line: 100 << 10, depth: 2_000 }
    }
}

/// The unit of caching: a part of a file with its facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// In the file's text.
    pub span: Span,
    /// Spans in it count from the segment's start.
    pub facts: Facts,
}

/// Why a text has passages but no syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degraded {
    TooLarge,
    LongLine,
    TooSlow,
}

/// Segments and, where syntax had to be left out, the reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Extraction {
    pub segments: Vec<Segment>,
    pub degraded: Option<Degraded>,
}

/// Facts of a whole file: segments that tile `text` in order (none for an empty text).
pub fn extract(lang: Lang, text: &str, limits: &Limits) -> Vec<Segment> {
    extraction(lang, text, limits).segments
}

/// As [`extract`], with the reason where there is no syntax in the facts of a language that has a grammar.
pub fn extraction(_lang: Lang, text: &str, _limits: &Limits) -> Extraction {
    if text.is_empty() {
        return Extraction { segments: Vec::new(), degraded: None };
    }
    let span = Span::new(0, text.len().min(u32::MAX as usize) as u32);
    let passage = Passage { span, symbol: None, terms: Vec::new(), length: 0, prose: false };
    let facts = Facts { lines: LineIndex::new(text), passages: vec![passage], ..Facts::default() };
    Extraction { segments: vec![Segment { span, facts }], degraded: None }
}

/// As [`extract`], from a tree that exists already (an open document); `text` is the whole text of `tree`.
pub fn extract_tree(lang: Lang, tree: &Tree, text: &str, limits: &Limits) -> Vec<Segment> {
    super::segments::cut(lang, tree, text)
        .into_iter()
        .map(|span| extract_segment(lang, tree, text, span, limits))
        .collect()
}

/// The facts of one segment (`span` as [`super::segments::cut`] gave it) of a whole text and its tree.
pub fn extract_segment(_lang: Lang, _tree: &Tree, text: &str, span: Span, _limits: &Limits) -> Segment {
    let text = text.get(span.range()).unwrap_or("");
    let whole = Span::new(0, span.len());
    let passage = Passage { span: whole, symbol: None, terms: Vec::new(), length: 0, prose: false };
    Segment { span, facts: Facts { lines: LineIndex::new(text), passages: vec![passage], ..Facts::default() } }
}

/// Names and symbols alone (no locals, references, scopes, passages) of all items that touch `range`, and their ancestors;
/// spans count from the start of `text`, which is the whole text of `tree`. Costs as much as `range` and its depth.
/// The whole text as `range` gives exactly the symbols that [`extract`] gives, locals left out.
pub fn outline_in(_lang: Lang, _tree: &Tree, _text: &str, _range: Span) -> Facts {
    Facts::default()
}
