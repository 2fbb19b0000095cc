//! Rows of a pack's tables out of one segment's facts. Invariant: a row depends on the facts and on the lines before the
//! segment only. Must not know packs.

use crate::facts::{Facts, NameIx, Passage, Receiver, Symbol, SymbolFlags, SymbolKind};
use crate::index::sections::WIDE;

/// One symbol that is no local; names are numbers of the pack being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolRow {
    pub name: u32,
    pub kind: u8,
    pub line: u32,
    pub column: u32,
    pub flags: u16,
    pub visibility: u8,
    pub container: Option<u32>,
    /// In the segment's facts; none for the file itself.
    pub index: Option<u32>,
}

impl SymbolRow {
    /// The symbol that stands for a file without a grammar.
    pub fn of_file(name: u32) -> Self {
        let kind = SymbolKind::File as u8;
        Self { name, kind, line: 0, column: 0, flags: 0, visibility: 0, container: None, index: None }
    }
}

/// One passage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassageRow {
    pub segment: u32,
    /// In the segment.
    pub start: u32,
    pub length: u32,
    pub line: u32,
    /// Lines that follow the first.
    pub lines: u32,
    pub symbol: Option<u32>,
    pub terms: u32,
    pub prose: bool,
    /// It belongs to a test, or holds nothing but tests.
    pub test: bool,
}

/// The rows of a segment whose first line is `line` of its file.
pub fn rows_of(facts: &Facts, line: u32, intern: &mut dyn FnMut(&str) -> u32) -> (Vec<SymbolRow>, Vec<PassageRow>) {
    let visible = facts.symbols.iter().enumerate().filter(|(_, it)| !it.flags.has(SymbolFlags::LOCAL));
    let symbols = visible.map(|(at, it)| symbol_row(facts, at, it, line, intern)).collect();
    (symbols, facts.passages.iter().map(|it| passage_row(facts, it, line)).collect())
}

fn symbol_row(facts: &Facts, at: usize, symbol: &Symbol, line: u32, intern: &mut dyn FnMut(&str) -> u32) -> SymbolRow {
    let (row, column) = facts.lines.utf8(symbol.name_range.start);
    let from = facts.lines.line_start(row);
    let first = facts.lines.wide.partition_point(|it| it.offset < from);
    let wide = facts.lines.wide.get(first).is_some_and(|it| it.offset < symbol.name_range.end);
    let container = symbol.container.or(symbol.parent.map(|parent| facts.symbol(parent).name));
    SymbolRow {
        name: intern(facts.text(symbol.name)),
        kind: symbol.kind as u8,
        line: line + row,
        column,
        flags: u16::from(symbol.flags.0) | if wide { WIDE as u16 } else { 0 },
        visibility: symbol.visibility as u8,
        container: container.map(|name| intern(facts.text(name))),
        index: Some(at as u32),
    }
}

fn passage_row(facts: &Facts, passage: &Passage, line: u32) -> PassageRow {
    let first = facts.lines.line_of(passage.span.start);
    let last = facts.lines.line_of(passage.span.end.saturating_sub(1).max(passage.span.start));
    PassageRow {
        segment: 0,
        start: passage.span.start,
        length: passage.span.len(),
        line: line + first,
        lines: last - first,
        symbol: passage.symbol.map(|it| it.0),
        terms: passage.length,
        prose: passage.prose,
        test: facts.is_test(passage),
    }
}

/// Distinct names that a segment uses (declares excluded, imports included), ascending by index.
pub fn used_names(facts: &Facts) -> Vec<NameIx> {
    let mut used = vec![false; facts.names.len()];
    let mut mark = |name: NameIx| {
        if let Some(it) = used.get_mut(name.0 as usize) {
            *it = true;
        }
    };
    for reference in &facts.references {
        mark(reference.name);
        if let Receiver::Name(name) | Receiver::Call(name) = reference.receiver {
            mark(name);
        }
    }
    for import in &facts.imports {
        import.name.map(&mut mark);
        import.alias.map(&mut mark);
    }
    (0..used.len() as u32).map(NameIx).filter(|it| used[it.0 as usize]).collect()
}
