//! How the state thread keeps up with the stores: what another process writes becomes visible here, and where that process
//! has ended its work is taken over. Invariants: documents stay open whatever happens to the packs beneath them; how
//! complete answers are is said as the writer has noted it. Must not know files.

use std::time::{Duration, Instant};

use super::progress::Stage;
use super::roots::Root;
use super::shelf;
use super::state::Writer;
use crate::base::os::allocator;

/// How often the writer looks after the stores when nothing else happens.
const TICK: Duration = Duration::from_secs(2);
/// The same where another process writes.
const FOLLOWED: Duration = Duration::from_millis(500);
/// How often free memory is given back to the system.
const REST: Duration = Duration::from_secs(10);

impl Writer {
    /// Follows another writer's commits, retries what the disk refused, sets damaged packs aside.
    pub(super) fn look_after_stores(&mut self) {
        let faults = self.shared.snapshot().faults();
        for root in self.shared.roots() {
            if !faults.is_empty() && shelf::heal(&root, &mut self.builder, &faults) {
                // What the damaged packs held is found again by the next pass; until then it is missing.
                self.builder.set_walked(root.id, 0, false);
                self.publish();
                self.shared.look_at_whole(&root);
            }
            let followed = !root.store.is_writer();
            if root.store.refresh().is_some() {
                self.take_news(&root);
                self.believe_walk(&root);
                self.publish();
                self.shared.follow(&root);
            }
            if followed && root.store.is_writer() {
                // The process that wrote has ended, perhaps in the midst of its work: what it had seen may have changed since.
                self.builder.set_walked(root.id, 0, false);
                self.publish();
                self.shared.look_at_whole(&root);
            }
            self.shared.drain_store(&root);
        }
    }

    /// Brings the packs of a root to what its store holds now; documents stay open.
    fn take_news(&mut self, root: &Root) {
        match self.followed.get(&root.id).and_then(|it| shelf::news(root, it)) {
            Some(news) => {
                news.into_iter().for_each(|it| self.apply(it));
                self.note_followed(root);
            }
            None => {
                self.builder.drop_stored(root.id);
                self.load(root);
            }
        }
    }

    pub(super) fn note_followed(&mut self, root: &Root) {
        let packs = root.store.state().packs.iter().map(|it| it.id()).collect();
        self.followed.insert(root.id, packs);
    }

    /// Where another process writes, its walk counts: it has noted how far that is.
    pub(super) fn believe_walk(&mut self, root: &Root) {
        if root.store.is_writer() {
            return;
        }
        let Some((stage, progress)) = shelf::noted(root) else { return };
        let here: u64 = self.builder.packs(root.id).iter().map(|it| it.2).sum();
        let is_whole = stage >= Stage::Indexed;
        let missing = if is_whole { 0 } else { progress.files_found.saturating_sub(here) };
        self.builder.set_walked(root.id, missing, is_whole);
    }

    pub(super) fn is_rest_due(&self) -> bool {
        self.rested.elapsed() >= REST
    }

    /// Gives back memory that the last work has left, now and then.
    pub(super) fn rest(&mut self) {
        allocator::give_back();
        self.rested = Instant::now();
    }

    /// Where another process writes, its commits are looked for more often.
    pub(super) fn tick(&self) -> Duration {
        if self.shared.roots().iter().all(|it| it.store.is_writer()) { TICK } else { FOLLOWED }
    }
}
