//! Foldable regions within what a client takes. Invariant: the outermost regions stay. Must not know the protocol.

use crate::syntax::parsing::Fold;

/// At most `limit` of `folds` (in order by start line, each line once), the outermost first to stay.
pub fn limited(mut folds: Vec<Fold>, limit: usize) -> Vec<Fold> {
    if folds.len() <= limit {
        return folds;
    }
    let mut open: Vec<u32> = Vec::new();
    let mut ranked: Vec<(usize, Fold)> = Vec::with_capacity(folds.len());
    for fold in folds.drain(..) {
        while open.last().is_some_and(|&end| end < fold.start_line) {
            open.pop();
        }
        ranked.push((open.len(), fold));
        open.push(fold.end_line);
    }
    ranked.sort_by_key(|&(depth, fold)| (depth, fold));
    ranked.truncate(limit);
    folds.extend(ranked.into_iter().map(|(_, fold)| fold));
    folds.sort_unstable();
    folds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parsing::FoldKind;

    #[test]
    fn the_outermost_stay() {
        let fold = |start_line, end_line| Fold { start_line, end_line, kind: FoldKind::Code };
        let all = vec![fold(0, 9), fold(1, 4), fold(2, 3), fold(5, 8), fold(12, 14)];
        assert_eq!(limited(all.clone(), 3), [fold(0, 9), fold(1, 4), fold(12, 14)]);
        assert_eq!(limited(all.clone(), 2), [fold(0, 9), fold(12, 14)]);
        assert_eq!(limited(all.clone(), 9), all);
    }
}
