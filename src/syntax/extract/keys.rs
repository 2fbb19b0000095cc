//! How many keys of a data file get a name: all of a small one, the upper ones of a large one. Invariant: depends on the
//! segment alone; either all keys of a depth stay or none, but for the uppermost. Must not know trees.

use crate::base::span::Span;
use crate::facts::{Symbol, SymbolKind};

/// Segments above this many bytes may have keys left out.
pub(super) const LARGE: usize = 64 << 10;
/// So many keys of such a segment get a name at most.
const MOST: usize = 4_000;

/// Which of the symbols stay, in document order; `None` where all do.
pub(super) fn kept(symbols: &[Symbol], segment: Span) -> Option<Vec<bool>> {
    let keys = symbols.iter().filter(|it| it.kind == SymbolKind::Key).count();
    if segment.len() as usize <= LARGE || keys <= MOST {
        return None;
    }
    let depths = depths(symbols);
    let mut by_depth: Vec<usize> = Vec::new();
    for depth in depths.iter().flatten() {
        by_depth.resize(by_depth.len().max(depth + 1), 0);
        by_depth[*depth] += 1;
    }
    let mut sum = 0;
    let whole = by_depth.iter().take_while(|&&count| {
        sum += count;
        sum <= MOST
    });
    let whole = whole.count();
    let mut left = if whole == 0 { MOST } else { 0 };
    let stays = |depth: Option<usize>| match depth {
        Some(depth) if depth < whole => true,
        Some(0) => {
            let stays = left > 0;
            left = left.saturating_sub(1);
            stays
        }
        Some(_) => false,
        None => true,
    };
    Some(depths.into_iter().map(stays).collect())
}

/// How many keys are around each key; nothing for what is none.
fn depths(symbols: &[Symbol]) -> Vec<Option<usize>> {
    let mut open: Vec<Span> = Vec::new();
    let depth = |symbol: &Symbol| {
        if symbol.kind != SymbolKind::Key {
            return None;
        }
        while open.last().is_some_and(|around| !around.covers(symbol.range) || *around == symbol.range) {
            open.pop();
        }
        open.push(symbol.range);
        Some(open.len() - 1)
    };
    symbols.iter().map(depth).collect()
}
