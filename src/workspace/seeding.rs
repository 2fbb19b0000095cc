//! A new worktree of a repository begins with what the indexes of its other worktrees hold. Invariants: what they hold is
//! asked by content alone, during the first pass, and no file of theirs is ever part of an answer: a file of this root that
//! has the same content gets the same facts, committed to this root's own index; the other indexes are opened for reading, without a
//! lock, and checked as far as they are read. Must not know git.

use std::sync::Arc;

use super::options::{Options, PackOptions};
use super::progress::Stage;
use super::roots::Root;
use super::state::{Command, Shared};
use super::{shelf, worktree};
use crate::base::ids::RootId;
use crate::store::pack::{Pack, PackId};

/// Their packs are of no root: a merge of this one's must not count on them.
const SEEDS: RootId = RootId(u16::MAX);

/// Worktrees whose indexes are read.
const MOST_READ: usize = 4;

/// The packs of others stand beside a root's own as long as this lives.
pub struct Seeds {
    shared: Arc<Shared>,
    ids: Vec<PackId>,
}

/// Puts the packs of other worktrees beside those of a root whose index has not come to its end yet; none where there are
/// none.
pub fn seed(shared: &Arc<Shared>, root: &Root) -> Option<Seeds> {
    if shelf::noted(root).is_some_and(|it| it.0 >= Stage::Indexed) {
        return None;
    }
    // Whole indexes read into memory would be more than the limit allows.
    let packs = PackOptions { mapped: true, least_mapped: 0, ..shared.options.packs.clone() };
    let options = Options { read_only: true, packs, ..shared.options.clone() };
    let others = worktree::relatives(&root.dir, |path| shelf::is_kept(path, &options));
    let packs_of = |path| shelf::open_store(path, &options).state().packs.clone();
    let packs: Vec<Arc<Pack>> = others.iter().take(MOST_READ).flat_map(|path| packs_of(path)).collect();
    if packs.is_empty() {
        return None;
    }
    tracing::info!(root = %root.path().display(), packs = packs.len(), "what other worktrees hold is known");
    let ids = packs.iter().map(|it| shelf::foreign(it.id())).collect();
    // Opened here: the state thread has to serve who types.
    let fresh = packs.iter().map(|it| shelf::seed_of(SEEDS, it)).collect();
    shared.ask(|done| Command::Seed(root.id, fresh, done));
    Some(Seeds { shared: shared.clone(), ids })
}

impl Drop for Seeds {
    fn drop(&mut self) {
        let ids = std::mem::take(&mut self.ids);
        self.shared.ask(|done| Command::Unseed(SEEDS, ids, done));
    }
}
