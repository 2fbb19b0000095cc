//! What a passage is for: the code itself, or the tests that stand in the same file. Invariant: depends on facts alone; part
//! of every recipe, since the index keeps the answer. Must not know paths.

use super::{Facts, Passage, SymbolFlags, SymbolIx};

impl Facts {
    /// Whether a test or a module of tests covers the passage, or every declaration that begins in it is one: tests that
    /// stand in the file that they test.
    pub fn is_test(&self, passage: &Passage) -> bool {
        let in_test = |symbol: SymbolIx| {
            let mut at = Some(symbol).filter(|it| (it.0 as usize) < self.symbols.len());
            while let Some(ix) = at {
                let it = self.symbol(ix);
                if it.flags.has(SymbolFlags::TEST) {
                    return true;
                }
                // Parents stand before their children, so this ends.
                at = it.parent.filter(|parent| parent.0 < ix.0);
            }
            false
        };
        if passage.symbol.is_some_and(in_test) {
            return true;
        }
        let from = self.symbols.partition_point(|it| it.range.start < passage.span.start);
        let begun = (from..self.symbols.len()).take_while(|&at| self.symbols[at].range.start < passage.span.end);
        let mut declared = begun.filter(|&at| !self.symbols[at].flags.has(SymbolFlags::LOCAL)).peekable();
        declared.peek().is_some() && declared.all(|at| in_test(SymbolIx(at as u32)))
    }
}
