//! What a walk collects before it is ordered: raw scopes, types, and which leaves are declared names. Invariant: spans are
//! offsets in the whole text. Must not know patterns.

use tree_sitter::Node;

use crate::base::span::Span;
use crate::facts::{NameIx, Relation, ScopeKind, Symbol, SymbolKind};

/// What names in a pattern of names become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local<'tree> {
    pub kind: SymbolKind,
    /// The declaration around the pattern.
    pub item: Node<'tree>,
    pub ty: Option<NameIx>,
    pub ordered: bool,
}

/// A type relation of a raw symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawType {
    /// Index into the raw symbols.
    pub symbol: u32,
    pub relation: Relation,
    pub name: NameIx,
    pub span: Span,
}

/// A scope before scopes are ordered.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawScope {
    pub span: Span,
    pub kind: ScopeKind,
    /// Index into the raw symbols.
    pub symbol: Option<u32>,
}

/// All that a walk has collected.
pub(super) struct Raw {
    pub symbols: Vec<Symbol>,
    pub scopes: Vec<RawScope>,
    pub types: Vec<RawType>,
    /// Declarations of earlier segments that reach into this one, outermost first.
    pub around: Vec<(NameIx, SymbolKind, Span)>,
    /// Insides of macro calls.
    pub macros: Vec<Span>,
    range: Span,
    declared: Vec<u64>,
}

/// Token trees beyond this many are not parsed again.
pub(super) const MACROS: usize = 10_000;
impl Raw {
    pub fn new(range: Span) -> Self {
        Self {
            symbols: Vec::new(),
            scopes: Vec::new(),
            types: Vec::new(),
            around: Vec::new(),
            macros: Vec::new(),
            range,
            declared: vec![0; range.len() as usize / 64 + 1],
        }
    }

    /// Notes that the leaf at `offset` is a declared name.
    pub fn declare(&mut self, offset: u32) {
        if let Some(at) = offset.checked_sub(self.range.start)
            && let Some(word) = self.declared.get_mut(at as usize / 64)
        {
            *word |= 1 << (at % 64);
        }
    }

    pub fn is_declared(&self, offset: u32) -> bool {
        offset
            .checked_sub(self.range.start)
            .and_then(|at| self.declared.get(at as usize / 64).map(|word| word >> (at % 64) & 1 == 1))
            .unwrap_or(false)
    }
}
