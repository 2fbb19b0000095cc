//! What a pass takes out of the index at its end. Invariants: only a walk that came to its end proves that a file is gone;
//! what another pass has brought meanwhile, and does not belong, goes as well. Must not know how a file is read.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::record;
use super::walk::Sight;
use super::{Pass, Work, single};
use crate::base::ids::FileId;
use crate::base::os::{EntryKind, OpenError};
use crate::base::paths::RelPath;
use crate::index::snapshot::Snapshot;
use crate::workspace::state::Lane;

/// Commits that the files which the index knew beneath the pass's paths, and which the walk has not met, are gone.
pub fn forget(work: &Work<'_>) {
    let pass = work.pass;
    let known = known_beneath(pass, &pass.snapshot);
    let seen = work.seen.lock().unwrap_or_else(PoisonError::into_inner);
    let unseen = known.iter().filter(|it| !seen.contains(it));
    let mut gone: Vec<RelPath> = unseen.filter_map(|id| Some(pass.snapshot.path(*id)?.1)).collect();
    if pass.lane == Lane::Near {
        gone.extend(brought_meanwhile(work, &known));
    }
    if gone.is_empty() {
        return;
    }
    if pass.lane != Lane::Whole {
        gone.iter().for_each(|path| pass.root.touch(path, pass.root.now()));
    }
    pass.shared.commit(pass.root, || {
        // It may have come back where the walk had been already.
        gone.retain(|path| pass.lane != Lane::Whole || !pass.root.is_newer(path, work.began));
        gone.into_iter().map(record::deleted).collect::<Vec<_>>().into()
    });
}

/// Files beneath the pass's paths that others have committed since it began, and that do not belong. It could not know that
/// they are in the index; and the others could not know of an ignore file that came into a folder, or of a file that went,
/// before this pass had the folder watched. What they commit from now on is held against what it has left behind.
fn brought_meanwhile(work: &Work<'_>, known: &[FileId]) -> Vec<RelPath> {
    let pass = work.pass;
    let now = pass.shared.snapshot_between_commits(pass.root);
    let own = work.commits.load(Ordering::Relaxed);
    if now.generation().0.saturating_sub(pass.snapshot.generation().0) <= own {
        // Nobody else has published anything.
        return Vec::new();
    }
    let known: HashSet<&FileId> = known.iter().collect();
    let brought = known_beneath(pass, &now).into_iter().filter(|id| !known.contains(id));
    let brought: Vec<RelPath> = brought.filter_map(|id| Some(now.path(id)?.1)).collect();
    if !brought.is_empty() {
        // Not all folders can be watched.
        pass.paths.iter().for_each(|it| pass.root.rules.forget_beneath(it));
    }
    let (dir, rules) = (&pass.root.dir, &pass.root.rules);
    let belongs = |path: &RelPath| match dir.stat(path) {
        Ok((stamp, EntryKind::File)) => {
            matches!(single(rules, pass, path, stamp, EntryKind::File), Sight::File { .. })
        }
        Ok(_) | Err(OpenError::NotFound) => false,
        // That it cannot be looked at now proves nothing.
        Err(_) => true,
    };
    brought.into_iter().filter(|it| !belongs(it)).collect()
}

/// The files that a state of the index knows beneath the pass's paths.
fn known_beneath(pass: &Pass<'_>, snapshot: &Snapshot) -> Vec<FileId> {
    pass.paths.iter().flat_map(|top| snapshot.stored_beneath(pass.root.id, top)).collect()
}

#[cfg(test)]
mod tests;
