//! From a passage to the lines that are shown: the function or class that answers. Invariant: the lines lie in the file
//! and are at most [`MOST_LINES`]; the passage's own lines where nothing better is known. Must not know scores of ranking.

use crate::base::span::Span;
use crate::facts::{Facts, SymbolIx, SymbolKind};
use crate::index::snapshot::{FileSegment, PassageInfo};

/// Most lines of an answer.
pub const MOST_LINES: u32 = 120;

/// What is shown for a passage.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// In the file.
    pub span: Span,
    /// First and last line, zero-based.
    pub lines: (u32, u32),
    /// Where one jumps to: the declared name, which may stand before the part of a long declaration that answers; or the start.
    pub jump: Span,
    /// The declaration that answers, where there is one.
    pub name: Option<String>,
    pub kind: Option<SymbolKind>,
    pub container: Option<String>,
}

/// The place of a symbol of `passage`'s segment, or of the passage itself.
pub(super) fn place(passage: &PassageInfo, segment: &FileSegment, symbol: Option<SymbolIx>) -> Place {
    let start = Span::new(passage.span.start, passage.span.start);
    let plain =
        Place { span: passage.span, lines: passage.lines, jump: start, name: None, kind: None, container: None };
    let known = |ix: &SymbolIx| (ix.0 as usize) < segment.facts.symbols.len();
    if let Some(ix) = symbol.filter(known) {
        return answer(segment, ix, passage);
    }
    let Some(ix) = passage.symbol.map(SymbolIx).filter(known) else { return cut(segment, plain) };
    let whole = of_symbol(segment, ix);
    let small = whole.lines.1 - whole.lines.0 <= passage.lines.1 - passage.lines.0 + 4;
    let span = if small { whole.span } else { passage.span };
    cut(segment, Place { span, ..whole })
}

/// A symbol whole; of a long one the part that lies in the passage.
fn answer(segment: &FileSegment, ix: SymbolIx, passage: &PassageInfo) -> Place {
    let whole = of_symbol(segment, ix);
    if whole.lines.1 - whole.lines.0 < MOST_LINES {
        return whole;
    }
    let start = whole.span.start.max(passage.span.start).min(passage.span.end);
    let end = whole.span.end.min(passage.span.end).max(start);
    cut(segment, Place { span: Span::new(start, end), ..whole })
}

/// A symbol with its documentation, in its segment.
pub(super) fn whole(facts: &Facts, ix: SymbolIx) -> Span {
    let it = facts.symbol(ix);
    Span::new(it.doc.map_or(it.range.start, |doc| doc.start.min(it.range.start)), it.range.end)
}

/// The whole of a symbol with its documentation.
pub(super) fn of_symbol(segment: &FileSegment, ix: SymbolIx) -> Place {
    let facts = &*segment.facts;
    let symbol = facts.symbol(ix);
    let span = whole(facts, ix).shifted(segment.span.start);
    Place {
        span,
        lines: lines_of(segment, span),
        jump: symbol.name_range.shifted(segment.span.start),
        name: Some(facts.text(symbol.name).to_owned()),
        kind: Some(symbol.kind),
        container: container_of(facts, ix),
    }
}

/// First and last line in the file of a span of the file.
pub(super) fn lines_of(segment: &FileSegment, span: Span) -> (u32, u32) {
    let line = |offset: u32| segment.line + segment.facts.lines.line_of(offset.saturating_sub(segment.span.start));
    (line(span.start), line(span.end.saturating_sub(1).max(span.start)))
}

/// Lines that fit the span, and not too many.
fn cut(segment: &FileSegment, mut place: Place) -> Place {
    place.lines = lines_of(segment, place.span);
    let last = place.lines.0 + MOST_LINES - 1;
    if place.lines.1 > last {
        let end = segment.span.start + segment.facts.lines.line_start(last + 1 - segment.line);
        place.span = Span::new(place.span.start, end);
        place.lines.1 = last;
    }
    place
}

fn container_of(facts: &Facts, ix: SymbolIx) -> Option<String> {
    if let Some(name) = facts.symbol(ix).container {
        return Some(facts.text(name).to_owned());
    }
    facts.symbol(ix).parent.map(|parent| facts.text(facts.symbol(parent).name).to_owned())
}

/// Kinds that are made of other declarations.
pub(super) fn holds_members(kind: SymbolKind) -> bool {
    use SymbolKind::{
        Class, Enum, File, Heading, Implementation, Interface, Key, Module, Namespace, Object, Package, Struct, Trait,
        Union,
    };
    matches!(
        kind,
        File | Module
            | Namespace
            | Package
            | Class
            | Struct
            | Enum
            | Union
            | Interface
            | Trait
            | Implementation
            | Object
            | Heading
            | Key
    )
}

/// Kinds that can be an answer by themselves.
pub(super) fn answers(kind: SymbolKind) -> bool {
    use SymbolKind::{
        Class, Constructor, Enum, Function, Interface, Macro, Method, Object, Operator, Property, Struct, Test, Trait,
        TypeAlias, Union,
    };
    matches!(
        kind,
        Function
            | Method
            | Constructor
            | Macro
            | Operator
            | Test
            | Class
            | Struct
            | Enum
            | Union
            | Interface
            | Trait
            | Object
            | Property
            | TypeAlias
    )
}
