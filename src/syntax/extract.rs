//! Text in, facts out: the one function that the crawl, the worker process and the typing path share. Invariant: facts
//! depend on text and language alone; it never fails, a text that cannot be parsed within the limits gives passages by
//! lines. Must not know paths, files or the index.

mod allowance;
mod collect;
mod declarators;
mod finish;
mod heads;
mod imports;
mod keys;
mod locals;
mod raw;
mod receivers;
mod sections;
#[cfg(test)]
mod tests;
mod text;
mod walk;

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Duration;

use tree_sitter::{ParseOptions, Tree};

use super::languages::{FirstAssignment, Lang};
use super::parsers::Parsers;
use super::queries::{Tables, tables};
use super::{branches, passages, segments};
use crate::base::span::Span;
use crate::facts::{Facts, LineIndex, ScopeKind, SymbolFlags};
use allowance::Allowance;
pub(super) use collect::is_callable;
use walk::{Walk, Want};

/// The sources whose change makes other facts: part of every recipe.
pub(super) const SOURCES: &[&str] = &[
    include_str!("extract.rs"),
    include_str!("extract/collect.rs"),
    include_str!("extract/declarators.rs"),
    include_str!("extract/finish.rs"),
    include_str!("extract/heads.rs"),
    include_str!("extract/imports.rs"),
    include_str!("extract/keys.rs"),
    include_str!("extract/locals.rs"),
    include_str!("extract/raw.rs"),
    include_str!("extract/receivers.rs"),
    include_str!("extract/sections.rs"),
    include_str!("extract/text.rs"),
    include_str!("extract/walk.rs"),
    include_str!("queries/compile.rs"),
    include_str!("queries/matcher.rs"),
    include_str!("blank.rs"),
    include_str!("blank/lines.rs"),
    include_str!("branches.rs"),
    include_str!("branches/condition.rs"),
    include_str!("branches/macros.rs"),
    include_str!("branches/scan.rs"),
    include_str!("segments.rs"),
    include_str!("marks.rs"),
    include_str!("passages.rs"),
    include_str!("../facts/lines.rs"),
    include_str!("../facts/names.rs"),
    include_str!("../facts/purpose.rs"),
    include_str!("../facts/words.rs"),
    include_str!("../facts/words/stem.rs"),
    include_str!("../index/traits.rs"),
];

/// What extraction may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most time on the processor for parsing one file, and as much for walking it: a busy machine changes no facts.
    pub time: Duration,
    /// Texts above this many bytes get passages by lines only.
    pub bytes: usize,
    /// Texts with a longer line get passages by lines only.
    pub line: usize,
    /// Nodes below this depth are not looked at.
    pub depth: u32,
    /// Bytes above which a text is cut into segments; none: the language's own.
    pub segment_size: Option<usize>,
    /// Parsers that a thread keeps for the next text.
    pub parsers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let (time, parsers) = (Duration::from_secs(2), usize::MAX);
        Self { time, bytes: 4 << 20, line: 100 << 10, depth: 2_000, segment_size: None, parsers }
    }
}

/// What any text may take of the processor for its parse.
const LEAST_TIME: Duration = Duration::from_millis(200);
/// And what more for each of its bytes: thirty times what a sound one takes.
const TIME_A_BYTE: Duration = Duration::from_micros(30);

impl Limits {
    /// Time on the processor for parsing a text of so many bytes. Where a short one takes long, its grammar follows ever
    /// more guesses about what is broken in it, and takes 100 MB and more in each second.
    fn parse_time(&self, bytes: usize) -> Duration {
        let by_length = TIME_A_BYTE.saturating_mul(bytes.try_into().unwrap_or(u32::MAX));
        self.time.min(LEAST_TIME.saturating_add(by_length))
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

/// Why a text has passages but no syntax, or (too slow, many keys) perhaps a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degraded {
    TooLarge,
    LongLine,
    TooSlow,
    /// Data with more keys than get a name: the deeper ones are left out.
    ManyKeys,
}

impl Degraded {
    /// What it means, for people.
    pub fn says(self) -> &'static str {
        match self {
            Degraded::TooLarge => "too large for a syntax tree: passages by lines",
            Degraded::LongLine => "a line too long for a syntax tree: passages by lines",
            Degraded::TooSlow => "its syntax takes too long: facts of a part of it, or passages by lines",
            Degraded::ManyKeys => "very many keys: the deeper ones get no name",
        }
    }
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
pub fn extraction(lang: Lang, text: &str, limits: &Limits) -> Extraction {
    let degraded = match (lang.grammar(), unfit(text, limits)) {
        (Some(_), None) => match parse(lang, text, limits) {
            Some(tree) => return extraction_of_tree(lang, &tree, text, limits),
            None => Some(Degraded::TooSlow),
        },
        (Some(_), Some(reason)) => Some(reason),
        (None, _) => None,
    };
    let mut spans = segments::by_lines(text, limits.segment_size.unwrap_or(Lang::TEXT.row().segment_size));
    if spans.is_empty() {
        // The name of a file without a grammar stands in its first segment, so an empty one needs one.
        spans.push(Span::new(0, 0));
    }
    let segments = spans
        .into_iter()
        .map(|span| Segment { span, facts: words_of(lang, text.get(span.range()).unwrap_or("")) })
        .collect();
    Extraction { segments, degraded }
}

/// Facts of a text whose syntax nobody looks at: its lines, and passages with their words. Runs no parser.
pub fn words_of(lang: Lang, text: &str) -> Facts {
    let mut facts = Facts { lines: LineIndex::new(text), ..Facts::default() };
    facts.marks = super::marks::of(lang, text, &facts);
    passages::tile(lang, text, &mut facts);
    facts
}

/// As [`extract`], from a tree that exists already (an open document); `text` is the whole text of `tree`.
pub fn extract_tree(lang: Lang, tree: &Tree, text: &str, limits: &Limits) -> Vec<Segment> {
    extraction_of_tree(lang, tree, text, limits).segments
}

fn extraction_of_tree(lang: Lang, tree: &Tree, text: &str, limits: &Limits) -> Extraction {
    let mut degraded = None;
    let segments = segments::cut(lang, tree, text, limits.segment_size).into_iter().map(|span| {
        let (segment, part) = segment_of(lang, tree, text, span, limits);
        degraded = part.or(degraded);
        segment
    });
    let segments = segments.collect();
    Extraction { segments, degraded }
}

/// The facts of one segment (`span` as [`segments::cut`] gave it) of a whole text and its tree.
pub fn extract_segment(lang: Lang, tree: &Tree, text: &str, span: Span, limits: &Limits) -> Segment {
    segment_of(lang, tree, text, span, limits).0
}

/// A segment, and why it has a part of its facts only: what a walk has found when time runs out is kept.
fn segment_of(lang: Lang, tree: &Tree, text: &str, span: Span, limits: &Limits) -> (Segment, Option<Degraded>) {
    let (mut facts, degraded) = match tables(lang) {
        Some(tables) => walked(lang, tables, tree, text, span, Want::Segment, lang.row().first_assignment, limits),
        None => (Facts::default(), None),
    };
    let text = text.get(span.range()).unwrap_or("");
    finish::rebase(&mut facts, span.start);
    let left_out = branches::left_out(lang, text);
    for symbol in &mut facts.symbols {
        symbol.flags = marked(symbol.flags, branches::holds_offset(&left_out, symbol.name_range.start));
    }
    facts.lines = LineIndex::new(text);
    facts.marks = super::marks::of(lang, text, &facts);
    passages::tile(lang, text, &mut facts);
    (Segment { span, facts }, degraded)
}

/// Flags of a symbol that does or does not stand in a branch which is left out.
pub(super) fn marked(flags: SymbolFlags, left_out: bool) -> SymbolFlags {
    if left_out { flags.with(SymbolFlags::LEFT_OUT) } else { flags.without(SymbolFlags::LEFT_OUT) }
}

/// Names and symbols alone (no locals, references, scopes, passages) of all items that touch `range`, and their ancestors;
/// spans count from the start of `text`, which is the whole text of `tree`. Costs as much as `range` and its depth.
/// The whole text as `range` gives exactly the symbols that [`extract`] gives of a text of one segment, locals left out;
/// what the preprocessor leaves out is not marked.
pub fn outline_in(lang: Lang, tree: &Tree, text: &str, range: Span) -> Facts {
    let Some(tables) = tables(lang) else { return Facts::default() };
    let whole = Span::new(0, text.len() as u32);
    let walk_range = if needs_all(lang, text) || lang.row().sections { whole } else { range };
    let assignments = lang.row().first_assignment;
    let (mut facts, _) = walked(lang, tables, tree, text, walk_range, Want::Outline, assignments, &Limits::default());
    finish::keep_outline(&mut facts, range, lang.row());
    facts
}

/// As [`outline_in`], with every assignment that might declare and every declaration that another one may hide, and for
/// each symbol the scope in which its name competes with others (kind and start; the file's starts at 0).
pub fn draft_in(lang: Lang, tree: &Tree, text: &str, range: Span) -> (Facts, Vec<(ScopeKind, u32)>) {
    let Some(tables) = tables(lang) else { return Default::default() };
    let all = FirstAssignment::None;
    let (mut facts, _) = walked(lang, tables, tree, text, range, Want::Outline, all, &Limits::default());
    let scopes = finish::keep_draft(&mut facts, range);
    (facts, scopes)
}

/// Whether only the whole text says what its outline holds: which assignment of a name is the first, whether keys of data
/// are so many that the deeper ones go.
pub(super) fn needs_all(lang: Lang, text: &str) -> bool {
    let row = lang.row();
    row.first_assignment == FirstAssignment::All || row.key_depth < u32::MAX && text.len() > keys::LARGE
}

/// Walks the tree and the insides of its macro calls; tells where that gives a part only.
#[allow(clippy::too_many_arguments, reason = "the one place where all that a walk hangs on meets")]
fn walked(
    lang: Lang,
    tables: &'static Tables,
    tree: &Tree,
    text: &str,
    range: Span,
    want: Want,
    assignments: FirstAssignment,
    limits: &Limits,
) -> (Facts, Option<Degraded>) {
    let row = lang.row();
    let mut walk = Walk::new(row, tables, text, range, want, limits);
    let mut whole = walk.run(tree);
    let mut facts = std::mem::take(&mut walk.facts);
    let mut raw = walk.raw;
    let macros = std::mem::take(&mut raw.macros);
    for &span in macros.iter().filter(|span| may_hold_items(row.item_words, text, **span)) {
        if let Some(tree) = parse_inside(lang, text, span, limits) {
            let mut inner = Walk::new(row, tables, text, range, Want::Macro, limits);
            inner.facts = facts;
            inner.raw = raw;
            whole &= inner.run(&tree);
            facts = std::mem::take(&mut inner.facts);
            raw = inner.raw;
        }
    }
    raw.macros = macros;
    let segment = if want == Want::Outline { Span::new(0, text.len() as u32) } else { range };
    if row.sections {
        sections::nest(&mut raw.symbols, text, segment.end);
    }
    let named = finish::finish(&mut facts, raw, segment, row, assignments);
    let degraded = if whole { (!named).then_some(Degraded::ManyKeys) } else { Some(Degraded::TooSlow) };
    (facts, degraded)
}

/// Whether a macro call's tokens contain a word that begins an item.
fn may_hold_items(words: &[&str], text: &str, span: Span) -> bool {
    let inside = text.get(span.range()).unwrap_or("");
    inside.len() <= 1 << 20 && words.iter().any(|word| inside.contains(word))
}

/// The tree of what stands between the delimiters of `span`, with offsets of the whole text.
fn parse_inside(lang: Lang, text: &str, span: Span, limits: &Limits) -> Option<Tree> {
    let bytes = text.as_bytes();
    let (start, end) = (span.start as usize + 1, (span.end as usize).checked_sub(1)?);
    if start >= end || !text.is_char_boundary(start) || !text.is_char_boundary(end) {
        return None;
    }
    let point = |at: usize| {
        let row = memchr::memchr_iter(b'\n', &bytes[..at]).count();
        let column = at - memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |newline| newline + 1);
        tree_sitter::Point { row, column }
    };
    let range =
        tree_sitter::Range { start_byte: start, end_byte: end, start_point: point(start), end_point: point(end) };
    parse_ranges(lang, text, &[range], limits)
}

/// Parses a whole text within the limits of time. `None` where the language has no grammar or time ran out.
pub fn parse(lang: Lang, text: &str, limits: &Limits) -> Option<Tree> {
    parse_ranges(lang, text, &[], limits)
}

fn parse_ranges(lang: Lang, text: &str, ranges: &[tree_sitter::Range], limits: &Limits) -> Option<Tree> {
    thread_local! {
        static PARSERS: RefCell<Parsers> = RefCell::default();
    }
    PARSERS.with(|parsers| {
        let mut parsers = parsers.borrow_mut();
        let parser = parsers.of(lang, limits.parsers)?;
        parser.set_included_ranges(ranges).ok()?;
        let mut allowance = Allowance::new(limits.parse_time(text.len()));
        let mut late = |_: &tree_sitter::ParseState| {
            if allowance.is_spent() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let bytes = super::blank::parse_input(lang, text);
        let mut read = |at: usize, _| bytes.get(at..).unwrap_or(&[]);
        let tree = parser.parse_with_options(&mut read, None, Some(ParseOptions::new().progress_callback(&mut late)));
        if tree.is_none() {
            parser.reset();
        }
        tree
    })
}

/// Why a text gets no tree.
fn unfit(text: &str, limits: &Limits) -> Option<Degraded> {
    if text.len() > limits.bytes {
        return Some(Degraded::TooLarge);
    }
    let mut start = 0;
    for end in memchr::memchr2_iter(b'\n', b'\r', text.as_bytes()).chain(std::iter::once(text.len())) {
        if end - start > limits.line {
            return Some(Degraded::LongLine);
        }
        start = end;
    }
    None
}
