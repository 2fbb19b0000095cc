//! Merges packs when they have become many. Invariants: what lives is never lost and answers stay the same; what lives no
//! more is kept, newest first, up to a fifth of what does (and three quarters of that, where it lies in several packs), so
//! that content which comes back costs nothing; memory stays
//! within a share of the limit; a merge holds up no commit, and what a commit changes meanwhile ends it. Must not know
//! files on disk.

mod choose;
mod lone;

use std::sync::{Arc, PoisonError};
use std::time::Instant;

pub use self::choose::Occasion;
use self::choose::{choose, choose_near};
use super::pace::Whose;
use super::roots::Root;
use super::shelf;
use super::state::{Alive, Command, Fresh, Shared};
use crate::index::apply::UsedVectors;
use crate::index::bits::BitSet;
use crate::index::build::FileState;
use crate::index::merge::{Of, Sink, merge_into, merge_vectors};
use crate::index::snapshot::Snapshot;
use crate::index::source::{FACTS, SPARE, STAMPS, Section, VECTORS, draft};
use crate::index::view::PackView;
use crate::store::pack::{Pack, PackId};
use crate::store::{NewPack, RETRY};

/// Share of the packs that each kind may have, in thirtieths: each question asks all packs of facts, fewer those of vectors,
/// hardly any the spare.
const SHARES: [(u32, usize); 3] = [(FACTS, 16), (VECTORS, 11), (SPARE, 3)];

/// Share of the memory limit that the packs of one merge may have together, as a divisor: in memory it takes a fifth of
/// them, and the pages that it reads.
const MERGED: u64 = 4;
/// The same where the disk takes nothing and the result is made in memory.
const MERGED_IN_MEMORY: u64 = 32;
/// Up to so many bytes a merge is made in memory anyway.
const SMALL: u64 = 1 << 20;

/// Bytes that are written between two looks whether work may go on.
const PACED: usize = 64 << 10;

/// What lives no more may be so large a share of what does, as a divisor.
const SPARE_SHARE: u64 = 5;
/// Or so many bytes of source, or vectors, where that is more.
const LEAST_SPARE: u64 = 1 << 20;
const LEAST_SPARE_VECTORS: u64 = 2_000;

/// Merges until packs are few, or what is left does not fit into memory.
pub fn tidy_up(shared: &Shared, root: &Root, occasion: Occasion) {
    let merging = match occasion {
        Occasion::Whole => Some(root.merging.lock().unwrap_or_else(PoisonError::into_inner)),
        // Whoever merges already does this as well.
        Occasion::Near => root.merging.try_lock().ok(),
    };
    let Some(mut failed) = merging else { return };
    if failed.is_some_and(|it| it.elapsed() < RETRY) {
        return;
    }
    *failed = None;
    lone::merge_stamps(shared, root, occasion);
    for (kind, share) in SHARES {
        let many = (shared.options.merge.packs * share / 30).max(1);
        loop {
            match merge(shared, root, kind, many, occasion) {
                // Each merge takes at least one pack away, or most of one.
                Merged::Done => {}
                Merged::GivenUp => break,
                Merged::Failed => {
                    *failed = Some(Instant::now());
                    return;
                }
            }
        }
        if kind == SPARE && occasion == Occasion::Whole {
            lone::drop_spares(shared, root, many);
        }
    }
}

/// What became of a merge.
enum Merged {
    Done,
    /// There is nothing (more) to merge, or others have changed what was to be merged.
    GivenUp,
    /// A pack cannot be read, or the disk takes no more.
    Failed,
}

/// One merge of packs of one kind. Others may commit while the packs are made.
fn merge(shared: &Shared, root: &Root, kind: u32, many: usize, occasion: Occasion) -> Merged {
    let Some(job) = Job::choose(shared, root, kind, many, occasion) else { return Merged::GivenUp };
    let made = job.make();
    if root.cancel.is_cancelled() {
        return Merged::GivenUp;
    }
    // A part that cannot be read may look like an empty one.
    let Some((add, kept)) = made.filter(|_| job.packs.iter().all(|it| !it.is_damaged())) else { return Merged::Failed };
    let _order = root.committing.lock().unwrap_or_else(PoisonError::into_inner);
    if !job.still_holds(&kept) {
        return Merged::GivenUp;
    }
    if exchange(shared, root, &job.ids, add) { Merged::Done } else { Merged::Failed }
}

/// Some packs of one kind, and what was alive of them when they were chosen.
struct Job<'a> {
    shared: &'a Shared,
    root: &'a Root,
    packs: Vec<Arc<Pack>>,
    ids: Vec<PackId>,
    kind: u32,
    alive: Alive,
    /// There are older packs that deletions hide files of.
    keep_deleted: bool,
    in_memory: bool,
    whose: Whose,
}

/// The packs made, and of each old one what is kept.
type Made = (Vec<NewPack>, Vec<BitSet>);

impl<'a> Job<'a> {
    fn choose(shared: &'a Shared, root: &'a Root, kind: u32, many: usize, occasion: Occasion) -> Option<Self> {
        let _order = root.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let state = root.store.state();
        let packs: Vec<&Arc<Pack>> = state.packs.iter().filter(|it| it.kind() == kind).collect();
        let sizes: Vec<u64> = packs.iter().map(|it| it.size()).collect();
        let on_disk = root.store.is_saved();
        let share = shared.options.memory_limit / if on_disk { MERGED } else { MERGED_IN_MEMORY };
        let most = shared.options.merge.bytes.unwrap_or(share);
        let chosen = match occasion {
            Occasion::Near => choose_near(&sizes, many, most),
            Occasion::Whole => {
                let alone = || Some(vec![lone::thin(shared, root, kind, &packs, most)?]);
                choose(&sizes, many, most, occasion).or_else(alone)
            }
        }?;
        let bytes: u64 = chosen.iter().map(|&it| sizes[it]).sum();
        let keep_deleted = chosen.len() < packs.len();
        let packs: Vec<Arc<Pack>> = chosen.iter().map(|&it| packs[it].clone()).collect();
        let ids: Vec<PackId> = packs.iter().map(|it| it.id()).collect();
        let alive = alive(shared, root, kind, &ids)?;
        let in_memory = !on_disk || bytes <= SMALL;
        let whose = if occasion == Occasion::Near { Whose::Near } else { Whose::Idle };
        Some(Self { shared, root, packs, ids, kind, alive, keep_deleted, in_memory, whose })
    }

    fn make(&self) -> Option<Made> {
        match &self.alive {
            // What survives is the last word on its path, so it may stand behind other packs; a deletion has to stay as long
            // as there are packs to hide files of.
            Alive::Files(alive, live_bytes) if self.kind == FACTS => self.files(alive, *live_bytes),
            Alive::Files(_, live_bytes) => self.spares(*live_bytes),
            Alive::Runs(all, used) => self.runs(all, *used),
        }
    }

    /// Whether what was kept is still what lives. Of vectors more may be kept than are used.
    fn still_holds(&self, kept: &[BitSet]) -> bool {
        match (alive(self.shared, self.root, self.kind, &self.ids), &self.alive) {
            (Some(Alive::Files(now, _)), Alive::Files(before, _)) if self.kind == FACTS => {
                let pairs = || now.iter().zip(before);
                pairs().all(|(now, then)| now.0 == then.0 && now.2.covers(&then.2) && then.2.covers(&now.2))
            }
            (Some(Alive::Files(..)), _) => true,
            (Some(Alive::Runs(now, _)), _) => now.iter().zip(kept).all(|(now, kept)| kept.covers(&now.1.used)),
            (None, _) => false,
        }
    }

    /// Of packs of facts: one with what lives, and one with what lives no more.
    fn files(&self, alive: &[(PackId, Arc<PackView>, BitSet)], live_bytes: u64) -> Option<Made> {
        let snapshot = self.shared.snapshot();
        let mut left = self.room(&snapshot, live_bytes);
        let mut spare: Vec<(&PackView, BitSet)> = Vec::new();
        for (_, view, kept) in alive.iter().rev() {
            spare.push((view, spare_files(view, kept, &snapshot, &mut left)));
        }
        spare.reverse();
        let others = snapshot.packs_beside(self.root.id, &self.ids);
        let mut all: Vec<BitSet> = alive.iter().map(|it| it.2.clone()).collect();
        for ((_, view, _), kept) in alive.iter().zip(&mut all) {
            forget_deleted(view, kept, &others);
        }
        let kept: Vec<(&PackView, &BitSet)> = alive.iter().zip(&all).map(|(it, kept)| (&*it.1, kept)).collect();
        let spare: Vec<(&PackView, &BitSet)> = spare.iter().map(|(view, files)| (*view, files)).collect();
        let keep_deleted = self.keep_deleted;
        let mut add = Vec::new();
        if kept.iter().any(|it| !it.1.is_empty()) {
            add.push(self.pack(FACTS, |out| merge_into(&kept, Of::Live { keep_deleted }, out))?);
        }
        if spare.iter().any(|it| !it.1.is_empty()) {
            add.push(self.pack(SPARE, |out| merge_into(&spare, Of::Spare, out))?);
        }
        Some((add, all))
    }

    /// Of packs of what lives no more: one with the newest of it.
    fn spares(&self, live_bytes: u64) -> Option<Made> {
        let snapshot = self.shared.snapshot();
        let mut left = self.room(&snapshot, live_bytes);
        let mut all: Vec<(Arc<PackView>, BitSet)> = Vec::new();
        for id in self.ids.iter().rev() {
            let view = snapshot.spare(*id)?;
            let files = spare_files(&view, &BitSet::default(), &snapshot, &mut left);
            all.push((view, files));
        }
        all.reverse();
        let parts: Vec<(&PackView, &BitSet)> = all.iter().map(|(view, files)| (&**view, files)).collect();
        Some((vec![self.pack(SPARE, |out| merge_into(&parts, Of::Spare, out))?], Vec::new()))
    }

    /// Bytes of source that may be kept of what lives no more, besides what other packs keep of it: the newest always has
    /// some room.
    fn room(&self, snapshot: &Snapshot, live_bytes: u64) -> u64 {
        let share = (live_bytes / SPARE_SHARE).max(LEAST_SPARE);
        share.saturating_sub(snapshot.spare_bytes(self.root.id, &self.ids)).max(share / 4)
    }

    /// Of packs of vectors: one with what is used, and the newest of what is not.
    fn runs(&self, all: &[(PackId, UsedVectors)], used: u64) -> Option<Made> {
        // One that is written anew alone was chosen because there is too much of what nobody uses.
        let mut left = match all {
            [(_, alone)] => alone.used_count() / SPARE_SHARE,
            _ => (used / SPARE_SHARE).max(LEAST_SPARE_VECTORS),
        };
        let newest_used = all.iter().rev().find(|it| !it.1.used.is_empty());
        let dims = newest_used.map(|it| it.1.view.dims());
        let mut kept: Vec<BitSet> = all.iter().map(|it| it.1.used.clone()).collect();
        // Another model's are of no use beside those that are used.
        let fits = |it: &UsedVectors| dims.is_none_or(|dims| it.view.dims() == dims);
        for ((_, it), kept) in all.iter().zip(&mut kept).rev().filter(|it| fits(&it.0.1)) {
            for run in 0..it.view.run_count() {
                let vectors = it.view.run(run).len() as u64;
                if !it.used.has(run) && vectors <= left {
                    left -= vectors;
                    kept.set(run);
                }
            }
        }
        if kept.iter().all(BitSet::is_empty) {
            return Some((Vec::new(), kept));
        }
        let parts = all.iter().zip(&kept).filter(|it| fits(&it.0.1));
        let parts: Vec<_> = parts.map(|((_, it), kept)| (&*it.view, kept)).collect();
        let pack = self.pack(VECTORS, |out| merge_vectors(&parts, out))?;
        Some((vec![pack], kept))
    }

    /// Makes a pack, in memory or piece by piece on disk.
    fn pack(&self, kind: u32, fill: impl FnOnce(&mut dyn Sink) -> Option<()>) -> Option<NewPack> {
        if self.in_memory {
            let mut sections: Vec<Section> = Vec::new();
            fill(&mut Paced::new(self, &mut sections))?;
            sections.sort_by_key(|it| it.id);
            return Some(draft(kind, sections).into());
        }
        let mut staged = self.root.store.stage(kind).ok()?;
        fill(&mut Paced::new(self, &mut staged.writer))?;
        Some(staged.finish().ok()?.into())
    }
}

/// Puts packs in the place of others, and has them published; false where the disk takes them not. To be called with the
/// root's commits held up.
fn exchange(shared: &Shared, root: &Root, gone: &[PackId], add: Vec<NewPack>) -> bool {
    let (state, added) = (root.store.state(), add.len());
    let of = |kind| -> Vec<PackId> {
        let of_kind = state.packs.iter().filter(|it| it.kind() == kind && gone.contains(&it.id()));
        of_kind.map(|it| it.id()).collect()
    };
    let [removed, removed_vectors, removed_spares, removed_stamps] = [FACTS, VECTORS, SPARE, STAMPS].map(of);
    let Ok(now) = root.store.commit(add, gone, None) else { return false };
    let views = shelf::fresh_of(root, shelf::last(&now.packs, added));
    shared.apply(Fresh { removed, removed_vectors, removed_spares, removed_stamps, ..views });
    true
}

/// What lives of some packs of a kind, in their order; none where they do not all stand.
fn alive(shared: &Shared, root: &Root, kind: u32, ids: &[PackId]) -> Option<Alive> {
    let state = root.store.state();
    let stands = |id: &PackId| state.packs.iter().any(|it| it.id() == *id);
    let (of, asked) = if kind == SPARE { (FACTS, Vec::new()) } else { (kind, ids.to_vec()) };
    let mut it = shared.ask(|reply| Command::Alive(root.id, of, asked.clone(), reply))?;
    let found = match &mut it {
        Alive::Files(all, _) => all.len(),
        Alive::Runs(all, _) => {
            all.sort_by_key(|it| ids.iter().position(|id| *id == it.0));
            all.len()
        }
    };
    (found == asked.len() && ids.iter().all(stands)).then_some(it)
}

/// Takes no more when the root goes or the workspace closes, and waits while work is paused.
struct Paced<'a> {
    job: &'a Job<'a>,
    out: &'a mut dyn Sink,
    /// Bytes since that was last asked.
    passed: usize,
}

impl<'a> Paced<'a> {
    fn new(job: &'a Job<'a>, out: &'a mut dyn Sink) -> Self {
        Self { job, out, passed: 0 }
    }

    fn wait(&mut self) -> Option<()> {
        self.passed = 0;
        let is_over = || self.job.root.cancel.is_cancelled();
        self.job.shared.pace.wait(self.job.whose, is_over);
        (!is_over()).then_some(())
    }
}

impl Sink for Paced<'_> {
    fn begin(&mut self, id: u32) -> Option<()> {
        self.wait()?;
        self.out.begin(id)
    }

    fn append(&mut self, bytes: &[u8]) -> Option<()> {
        self.passed += bytes.len();
        if self.passed >= PACED {
            self.wait()?;
        }
        self.out.append(bytes)
    }
}

/// Leaves out the deletions of files that no other pack has: they hide nothing.
fn forget_deleted(view: &PackView, kept: &mut BitSet, others: &[Arc<PackView>]) {
    let files = view.files();
    for at in (0..files.len()).filter(|&it| files.state(it) == FileState::DELETED) {
        let hides = |other: &Arc<PackView>| other.files().find(&files.path(at)).is_some();
        if kept.has(at) && !others.iter().any(hides) {
            kept.clear(at);
        }
    }
}

/// The files of a pack that live no more and whose content no other file has, as long as there is room for them.
fn spare_files(view: &PackView, kept: &BitSet, snapshot: &Snapshot, left: &mut u64) -> BitSet {
    let mut out = BitSet::default();
    let files = view.files();
    for at in (0..files.len()).filter(|&it| !kept.has(it) && files.is_indexed(it)) {
        let bytes = files.weighed_bytes(at);
        if bytes <= *left && !snapshot.is_live(files.hash(at)) {
            *left -= bytes;
            out.set(at);
        }
    }
    out
}
