//! Merges packs when they have become many. Invariants: what lives is never lost and answers stay the same; what lives no
//! more is kept, newest first, up to a fifth of what does, so that content which comes back costs nothing; memory stays
//! within a share of the limit. Must not know files on disk.

use std::sync::{Arc, PoisonError};

use super::pace::Whose;
use super::roots::Root;
use super::shelf;
use super::state::{Alive, Command, Fresh, Shared};
use crate::index::bits::BitSet;
use crate::index::merge::{Of, Sink, merge_into, merge_vectors};
use crate::index::snapshot::Snapshot;
use crate::index::source::{FACTS, SPARE, Section, VECTORS, draft};
use crate::index::view::PackView;
use crate::store::NewPack;
use crate::store::pack::{Pack, PackId};

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

/// So many times as large as the smaller ones of a merge together may its largest pack be for a change of a few files.
const LOPSIDED: u64 = 8;

/// What lives no more may be so large a share of what does, as a divisor.
const SPARE_SHARE: u64 = 5;
/// Or so many bytes of source, or vectors, where that is more.
const LEAST_SPARE: u64 = 1 << 20;
const LEAST_SPARE_VECTORS: u64 = 2_000;

/// Why packs are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A whole pass has ended: only as much as has to be.
    Whole,
    /// A few files have changed: so much that the next few changes need no merge.
    Near,
}

/// Merges until packs are few, or what is left does not fit into memory.
pub fn tidy_up(shared: &Shared, root: &Root, occasion: Occasion) {
    for (kind, share) in SHARES {
        let many = (shared.options.merge.packs * share / 30).max(1);
        // Each merge takes at least one pack away.
        while !shared.cancel.is_cancelled() && merge(shared, root, kind, many, occasion).is_some() {
            let whose = if occasion == Occasion::Near { Whose::Near } else { Whose::Idle };
            shared.pace.wait(whose, || shared.cancel.is_cancelled());
        }
    }
}

/// One merge of packs of one kind; none where there is nothing (more) to merge.
fn merge(shared: &Shared, root: &Root, kind: u32, many: usize, occasion: Occasion) -> Option<()> {
    let _order = root.committing.lock().unwrap_or_else(PoisonError::into_inner);
    let state = root.store.state();
    let packs: Vec<&Arc<Pack>> = state.packs.iter().filter(|it| it.kind() == kind).collect();
    let sizes: Vec<u64> = packs.iter().map(|it| it.size()).collect();
    let on_disk = root.store.is_saved();
    let share = shared.options.memory_limit / if on_disk { MERGED } else { MERGED_IN_MEMORY };
    let most = shared.options.merge.bytes.unwrap_or(share);
    let chosen = choose(&sizes, many, most, occasion)?;
    let bytes: u64 = chosen.iter().map(|&it| sizes[it]).sum();
    let ids: Vec<PackId> = chosen.iter().map(|&it| packs[it].id()).collect();
    let job = Job { shared, root, in_memory: !on_disk || bytes <= SMALL };
    let fresh = match kind {
        // What survives is the last word on its path, so it may stand behind other packs; a deletion has to stay as long as
        // there are packs to hide files of.
        FACTS => job.files(&ids, ids.len() < packs.len())?,
        VECTORS => job.runs(&ids)?,
        _ => job.spares(&ids)?,
    };
    shared.apply(fresh);
    Some(())
}

/// The smallest packs that have to be merged so that no more than `many` are left: positions, ascending. At least two,
/// together at most `most` bytes.
fn choose(sizes: &[u64], many: usize, most: u64, occasion: Occasion) -> Option<Vec<usize>> {
    let mut least = (sizes.len() + 1).checked_sub(many).filter(|it| *it >= 2)?;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&it| (sizes[it], it));
    let near = occasion == Occasion::Near;
    // A large pack that is written anew for small ones makes room for some more, else the next change would do it again.
    let small: u64 = order[..least - 1].iter().map(|&it| sizes[it]).sum();
    if near && sizes[order[least - 1]] / LOPSIDED > small {
        least = (least + (many / 4).max(1)).min(order.len());
    }
    let (mut chosen, mut sum) = (Vec::new(), 0u64);
    for it in order {
        let enough = chosen.len() >= least;
        // Of about the same size: taken along they need not be merged one by one soon.
        let alike = near && sizes[it] <= sum && sizes.len() - chosen.len() >= many / 2;
        if sum.saturating_add(sizes[it]) > most || enough && !alike {
            break;
        }
        sum += sizes[it];
        chosen.push(it);
    }
    chosen.sort_unstable();
    (chosen.len() >= 2).then_some(chosen)
}

struct Job<'a> {
    shared: &'a Shared,
    root: &'a Root,
    in_memory: bool,
}

impl Job<'_> {
    /// Of packs of facts: one with what lives, and one with what lives no more.
    fn files(&self, ids: &[PackId], keep_deleted: bool) -> Option<Fresh> {
        let (root, ids_of) = (self.root.id, ids.to_vec());
        let answer = self.shared.ask(|reply| Command::Alive(root, FACTS, ids_of, reply))?;
        let Alive::Files(alive, live_bytes) = answer else { return None };
        if alive.len() != ids.len() {
            return None;
        }
        let snapshot = self.shared.snapshot();
        let mut left = (live_bytes / SPARE_SHARE).max(LEAST_SPARE);
        let mut spare: Vec<(&PackView, BitSet)> = Vec::new();
        for (_, view, kept) in alive.iter().rev() {
            spare.push((view, spare_files(view, kept, &snapshot, &mut left)));
        }
        spare.reverse();
        let kept: Vec<(&PackView, &BitSet)> = alive.iter().map(|(_, view, kept)| (&**view, kept)).collect();
        let spare: Vec<(&PackView, &BitSet)> = spare.iter().map(|(view, files)| (*view, files)).collect();
        let mut add = vec![self.pack(FACTS, |out| merge_into(&kept, Of::Live { keep_deleted }, out))?];
        if spare.iter().any(|it| !it.1.is_empty()) {
            add.push(self.pack(SPARE, |out| merge_into(&spare, Of::Spare, out))?);
        }
        self.commit(add, ids)
    }

    /// Of packs of what lives no more: one with the newest of it.
    fn spares(&self, ids: &[PackId]) -> Option<Fresh> {
        let root = self.root.id;
        let answer = self.shared.ask(|reply| Command::Alive(root, FACTS, Vec::new(), reply))?;
        let Alive::Files(_, live_bytes) = answer else { return None };
        let snapshot = self.shared.snapshot();
        let mut left = (live_bytes / SPARE_SHARE).max(LEAST_SPARE);
        let mut all: Vec<(Arc<PackView>, BitSet)> = Vec::new();
        for id in ids.iter().rev() {
            let view = snapshot.spare(*id)?;
            let files = spare_files(&view, &BitSet::default(), &snapshot, &mut left);
            all.push((view, files));
        }
        all.reverse();
        let parts: Vec<(&PackView, &BitSet)> = all.iter().map(|(view, files)| (&**view, files)).collect();
        self.commit(vec![self.pack(SPARE, |out| merge_into(&parts, Of::Spare, out))?], ids)
    }

    /// Of packs of vectors: one with what is used, and the newest of what is not.
    fn runs(&self, ids: &[PackId]) -> Option<Fresh> {
        let (root, ids_of) = (self.root.id, ids.to_vec());
        let answer = self.shared.ask(|reply| Command::Alive(root, VECTORS, ids_of, reply))?;
        let Alive::Runs(mut all, used) = answer else { return None };
        if all.len() != ids.len() {
            return None;
        }
        all.sort_by_key(|it| ids.iter().position(|id| *id == it.0));
        let mut left = (used / SPARE_SHARE).max(LEAST_SPARE_VECTORS);
        for (_, it) in all.iter_mut().rev() {
            for run in 0..it.view.run_count() {
                let vectors = it.view.run(run).len() as u64;
                if !it.used.has(run) && vectors <= left {
                    left -= vectors;
                    it.used.set(run);
                }
            }
        }
        let parts: Vec<_> = all.iter().map(|(_, it)| (&*it.view, &it.used)).collect();
        self.commit(vec![self.pack(VECTORS, |out| merge_vectors(&parts, out))?], ids)
    }

    /// Makes a pack, in memory or piece by piece on disk.
    fn pack(&self, kind: u32, fill: impl FnOnce(&mut dyn Sink) -> Option<()>) -> Option<NewPack> {
        if self.in_memory {
            let mut sections: Vec<Section> = Vec::new();
            fill(&mut sections)?;
            sections.sort_by_key(|it| it.id);
            return Some(draft(kind, sections).into());
        }
        let mut staged = self.root.store.stage(kind).ok()?;
        fill(&mut staged.writer)?;
        Some(staged.finish().ok()?.into())
    }

    fn commit(&self, add: Vec<NewPack>, removed: &[PackId]) -> Option<Fresh> {
        let store = &self.root.store;
        let of = |state: &crate::store::StoreState, kind| -> Vec<PackId> {
            let of_kind = state.packs.iter().filter(|it| it.kind() == kind && removed.contains(&it.id()));
            of_kind.map(|it| it.id()).collect()
        };
        let state = store.state();
        let mut fresh = Fresh::of(self.root.id);
        let gone = [FACTS, VECTORS, SPARE].map(|kind| of(&state, kind));
        let added = add.len();
        let state = store.commit(add, removed, None).ok()?;
        let views = shelf::fresh_of(self.root, shelf::last(&state.packs, added));
        [fresh.removed, fresh.removed_vectors, fresh.removed_spares] = gone;
        (fresh.facts, fresh.vectors, fresh.spare) = (views.facts, views.vectors, views.spare);
        Some(fresh)
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

#[cfg(test)]
mod tests {
    use super::{Occasion, choose};

    #[test]
    fn the_smallest_are_merged_until_few_are_left() {
        assert_eq!(choose(&[9, 1, 2, 3, 9, 1, 1], 4, 100, Occasion::Whole), Some(vec![1, 2, 5, 6]));
        assert_eq!(choose(&[9, 1, 2, 3, 9, 1, 1], 7, 100, Occasion::Whole), None);
        assert_eq!(choose(&[9, 9, 9], 1, 17, Occasion::Whole), None);
        assert_eq!(choose(&[], 4, 17, Occasion::Whole), None);
    }

    #[test]
    fn what_is_of_about_the_same_size_is_taken_along() {
        assert_eq!(choose(&[900, 1, 1, 1, 1, 1, 1], 6, 5_000, Occasion::Whole), Some(vec![1, 2]));
        assert_eq!(choose(&[900, 1, 1, 1, 1, 1, 1], 6, 5_000, Occasion::Near), Some(vec![1, 2, 3, 4, 5]));
    }

    #[test]
    fn a_thousand_small_packs_are_written_a_few_times_each() {
        // Many slots free; none; none, and each a bit larger than the one before; none, and each twice as large.
        let growing = (0..11).map(|it| 4_000 + it * 400).collect();
        let ladder = (0..11).map(|it| 4 << it).collect();
        let none = vec![4_000; 11];
        for (mut sizes, many, most) in
            [(vec![4_000; 8], 16, 10_000), (none, 11, 50_000), (growing, 11, 60_000), (ladder, 11, 20_000)]
        {
            let mut written = 0u64;
            for _ in 0..1_000 {
                sizes.push(1);
                while let Some(chosen) = choose(&sizes, many, 1 << 40, Occasion::Near) {
                    let sum: u64 = chosen.iter().map(|&it| sizes[it]).sum();
                    written += sum;
                    let mut at = 0;
                    sizes.retain(|_| {
                        at += 1;
                        !chosen.contains(&(at - 1))
                    });
                    sizes.push(sum);
                }
                assert!(sizes.len() <= many);
            }
            assert!(written < most, "{many}: {written}");
        }
    }
}
