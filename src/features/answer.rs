//! What every feature's answer is made of: plain data in an envelope. Invariant: spans count bytes of the file as the
//! snapshot knows it; positions are made from facts, never from the file. Must not know the protocol.

use crate::base::ids::{FileId, Generation};
use crate::base::span::Span;
use crate::index::snapshot::{Completeness, FileFacts, Snapshot, SymbolHit};
use crate::index::wants::Wants;
use crate::text::position::Encoding;

/// An answer with what it has seen.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    pub value: T,
    pub generation: Generation,
    pub completeness: Completeness,
    /// What may be missing, while files wait to be indexed.
    pub wants: Option<Wants>,
}

impl<T> Answer<T> {
    pub fn new(snapshot: &Snapshot, value: T) -> Self {
        Self { value, generation: snapshot.generation(), completeness: snapshot.completeness(), wants: None }
    }

    /// The same, saying what it may lack; nothing where every file has been seen.
    pub fn wanting(mut self, wants: impl FnOnce() -> Option<Wants>) -> Self {
        self.wants = if self.completeness.is_indexed() { None } else { wants() };
        self
    }
}

/// Why an answer is one, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// A declaration in a scope around the use, or the declaration itself.
    Scope,
    /// The import that brings the name here.
    Import,
    /// The type or module that is written before the name.
    Qualifier,
    /// The declared type of what stands before the name.
    ReceiverType,
    /// Nothing but the name.
    NameOnly,
}

/// A declaration, or a whole file, that an answer points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub file: FileId,
    /// The segment's position in its file, and the symbol's in its facts; none: the file itself.
    pub segment: u32,
    pub symbol: Option<u32>,
    /// The identifier and the whole item, in the file.
    pub name: Span,
    pub full: Span,
    pub evidence: Evidence,
}

/// Zero-based line and column of a byte offset of a file, in units of `encoding`.
pub fn line_column(facts: &FileFacts, offset: u32, encoding: Encoding) -> (u32, u32) {
    let Some(segment) = facts.segment_at(offset) else { return (0, 0) };
    let within = offset - segment.span.start;
    let lines = &segment.facts.lines;
    let (line, column) = match encoding {
        Encoding::Utf8 => lines.utf8(within),
        Encoding::Utf16 => lines.utf16(within),
        Encoding::Utf32 => lines.utf32(within),
    };
    (segment.line + line, column)
}

/// Byte offset in a file of a zero-based line and column in units of `encoding`; columns beyond a line end at its end,
/// lines beyond the last at the end of the file.
pub fn offset_at(facts: &FileFacts, line: u32, column: u32, encoding: Encoding) -> Option<u32> {
    let at = facts.segments.partition_point(|it| it.line <= line);
    let segment = facts.segments.get(at.checked_sub(1)?)?;
    let lines = &segment.facts.lines;
    let start = lines.line_start(line - segment.line);
    let next = (line - segment.line).saturating_add(1);
    // Before what breaks the line: behind it the next one begins.
    let end = lines.line_start(next) - u32::from((next as usize) < lines.starts.len());
    // What a client sends may be any number.
    let mut offset = start.saturating_add(column).min(end);
    if encoding != Encoding::Utf8 {
        let from = lines.wide.partition_point(|it| it.offset < start);
        for wide in &lines.wide[from..] {
            if wide.offset >= offset || wide.offset >= end {
                break;
            }
            let units = if encoding == Encoding::Utf16 && wide.utf8_len == 4 { 2 } else { 1 };
            offset += u32::from(wide.utf8_len) - units;
        }
    }
    Some(segment.span.start + offset.min(end))
}

/// Start and end of a symbol's name as zero-based lines and columns; facts are read only where its line needs them.
pub fn name_range(snapshot: &Snapshot, hit: &SymbolHit, encoding: Encoding) -> ((u32, u32), (u32, u32)) {
    let length = if hit.index.is_none() { 0 } else { hit.name.len() as u32 };
    if hit.wide
        && let Some(facts) = snapshot.facts(hit.file)
        && let Some(segment) = facts.segments.get(hit.segment as usize)
        && let Some(symbol) = hit.index.and_then(|it| segment.facts.symbols.get(it as usize))
    {
        let span = symbol.name_range.shifted(segment.span.start);
        return (line_column(&facts, span.start, encoding), line_column(&facts, span.end, encoding));
    }
    ((hit.line, hit.column), (hit.line, hit.column + length))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::hash::Key;
    use crate::index::snapshot::FileSegment;
    use crate::syntax::{extract, languages};

    #[test]
    fn places_beyond_the_end_are_at_the_end() {
        let text = "let a = \"\u{1f600}\";\nb()\n";
        let lang = languages::Lang::from_id("javascript").unwrap();
        let all = extract::extract(lang, text, &extract::Limits::default());
        let key = Key::of("facts", &[text.as_bytes()]);
        let segment = |it: extract::Segment| FileSegment { span: it.span, line: 0, key, facts: Arc::new(it.facts) };
        let facts = FileFacts { segments: all.into_iter().map(segment).collect() };
        let check = |line: u32, column: u32, offset: u32| {
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                assert_eq!(offset_at(&facts, line, column, encoding), Some(offset), "{line}:{column} {encoding:?}");
            }
        };
        check(1, 1, 17);
        check(0, u32::MAX, 15);
        check(1, u32::MAX, 19);
        check(2, 0, 20);
        check(u32::MAX, 0, 20);
        check(u32::MAX, u32::MAX, 20);
    }
}
