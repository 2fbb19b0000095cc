//! What each passage of a pack declares, as a set of kinds. Invariant: made once from the rows of symbols; a passage within a
//! longer declaration has that one's kind. Must not know who asks.

use std::collections::HashMap;

use crate::facts::{KindSet, SymbolFlags, SymbolKind};
use crate::index::bits::BitSet;
use crate::index::sections::{passage, segment, symbol};
use crate::index::view::{FilesPart, NamesPart};

/// Sets of kinds by passage: few differ, so each has a number.
#[derive(Default)]
pub struct Held {
    sets: Vec<KindSet>,
    by_passage: Vec<u16>,
}

impl Held {
    /// Of a pack.
    pub fn of(files: &FilesPart, names: &NamesPart) -> Self {
        let mut numbers: HashMap<KindSet, u16> = HashMap::new();
        let mut out = Self { sets: Vec::new(), by_passage: vec![u16::MAX; files.passage_count()] };
        let mut rows = Rows::default();
        for segment in 0..files.segment_count() {
            rows.read(files, names, segment);
            for at in files.passages_of(segment) {
                let set = rows.held(files, at);
                let next = out.sets.len();
                let number = *numbers.entry(set).or_insert(u16::try_from(next).unwrap_or(u16::MAX));
                if usize::from(number) == next {
                    out.sets.push(set);
                }
                out.by_passage[at] = number;
            }
        }
        out
    }

    /// Adds the passages that hold none of `wanted`.
    pub fn leave_out(&self, wanted: KindSet, out: &mut BitSet) {
        // One whose number no longer fits may hold anything.
        let unwanted: Vec<bool> = self.sets.iter().map(|it| !it.meets(wanted)).collect();
        for (at, &number) in self.by_passage.iter().enumerate() {
            if unwanted.get(usize::from(number)).copied().unwrap_or(false) {
                out.set(at);
            }
        }
    }
}

/// The rows of one segment's symbols.
#[derive(Default)]
struct Rows {
    /// Line and kind, by line.
    by_line: Vec<(u32, KindSet)>,
    /// Position in the facts plus one, and kind, by position.
    by_index: Vec<(u32, KindSet)>,
}

impl Rows {
    fn read(&mut self, files: &FilesPart, names: &NamesPart, at: usize) {
        self.by_line.clear();
        self.by_index.clear();
        let table = &names.symbols;
        let rows = files.segments.range(segment::SYMBOLS, at);
        for row in rows.start..rows.end.min(table.len(symbol::SEGMENT)) {
            let number = |column| table.get(column, row);
            let (kind, index) = (SymbolKind::from_number(number(symbol::KIND) as u8), number(symbol::INDEX) as u32);
            // The row of a file by its name declares nothing in it.
            if let Some(kind) = kind.filter(|_| index > 0) {
                let set = KindSet::of_symbol(kind, SymbolFlags(number(symbol::FLAGS) as u8));
                self.by_line.push((number(symbol::LINE) as u32, set));
                self.by_index.push((index, set));
            }
        }
        self.by_line.sort_unstable_by_key(|it| it.0);
        self.by_index.sort_unstable_by_key(|it| it.0);
    }

    /// What is declared in the lines of a passage, and what it lies in.
    fn held(&self, files: &FilesPart, at: usize) -> KindSet {
        let number = |column| files.passages.get32(column, at);
        let (first, around) = (number(passage::LINE), number(passage::SYMBOL));
        let last = first.saturating_add(number(passage::LINES));
        let from = self.by_line.partition_point(|it| it.0 < first);
        let own = self.by_line[from..].iter().take_while(|it| it.0 <= last).map(|it| it.1);
        let around = self.by_index.binary_search_by_key(&around, |it| it.0).ok().map(|at| self.by_index[at].1);
        let set = own.chain(around).fold(KindSet::default(), KindSet::with);
        if set == KindSet::default() { KindSet::PLAIN } else { set }
    }
}
