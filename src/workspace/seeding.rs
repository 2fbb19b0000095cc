//! A new worktree of a repository begins with what the indexes of its other worktrees hold. Invariants: what they hold is
//! asked by content alone, during the first pass, and is never part of an answer: a file of this root that has the same
//! content gets the same facts, committed to this root's own index; the other indexes are opened for reading, without a
//! lock, and checked as far as they are read. Must not know git.

use std::sync::Arc;

use super::options::Options;
use super::roots::Root;
use super::state::{Command, Shared};
use super::{shelf, worktree};
use crate::base::ids::RootId;
use crate::store::pack::{Pack, PackId};

/// Worktrees whose indexes are read.
const MOST_READ: usize = 4;

/// The packs of others stand beside a root's own as long as this lives.
pub struct Seeds<'a> {
    shared: &'a Shared,
    root: RootId,
    ids: Vec<PackId>,
}

/// Puts the packs of other worktrees beside those of a root whose index is empty; none where there are none.
pub fn seed<'a>(shared: &'a Shared, root: &Root) -> Option<Seeds<'a>> {
    if !root.store.state().packs.is_empty() {
        return None;
    }
    let options = Options { read_only: true, ..shared.options.clone() };
    let packs_of = |path: &std::path::Path| shelf::open_store(path, &options).state().packs.clone();
    let others = worktree::relatives(&root.dir, |path| !packs_of(path).is_empty());
    let packs: Vec<Arc<Pack>> = others.iter().take(MOST_READ).flat_map(|path| packs_of(path)).collect();
    if packs.is_empty() {
        return None;
    }
    tracing::info!(root = %root.path().display(), packs = packs.len(), "what other worktrees hold is known");
    let ids = packs.iter().map(|it| shelf::foreign(it.id())).collect();
    shared.ask(|done| Command::Seed(root.id, packs, done));
    Some(Seeds { shared, root: root.id, ids })
}

impl Drop for Seeds<'_> {
    fn drop(&mut self) {
        let ids = std::mem::take(&mut self.ids);
        self.shared.ask(|done| Command::Unseed(self.root, ids, done));
    }
}
