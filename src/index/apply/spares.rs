//! Packs of what lives no more, and what a merge needs to know of the living. Invariant: what is spare is asked by content
//! alone and never part of an answer. Must not know the disk.

use super::Builder;
use crate::base::ids::RootId;
use crate::index::bits::BitSet;
use crate::index::snapshot::{Body, Location, PackState, SpareState, StampsState, VectorRef};
use crate::index::stamps::StampsView;
use crate::index::vectors::VectorView;
use crate::index::view::PackView;
use crate::store::pack::PackId;
use std::sync::Arc;

/// A vector pack of the store, and which of its runs something on disk uses.
pub struct UsedVectors {
    pub view: Arc<VectorView>,
    pub used: BitSet,
}

impl UsedVectors {
    /// How many vectors are used.
    pub fn used_count(&self) -> u64 {
        let used = (0..self.view.run_count()).filter(|run| self.used.has(*run));
        used.map(|run| self.view.run(run).len() as u64).sum()
    }
}

impl Builder {
    /// Takes in a pack of files that live no more.
    pub fn apply_spare(&mut self, root: RootId, id: PackId, view: Arc<PackView>) {
        self.inner.spares.push(Arc::new(SpareState { id, root, view }));
    }

    /// Forgets those for which `gone` says so.
    pub fn drop_spares(&mut self, gone: impl Fn(&SpareState) -> bool) {
        self.inner.spares.retain(|it| !gone(it));
    }

    /// Takes in a pack of stamps. One that is there already becomes the newest.
    pub fn apply_stamps(&mut self, root: RootId, id: PackId, view: Arc<StampsView>) {
        self.drop_stamps(|it| it.root == root && it.id == id);
        self.inner.stamps.push(Arc::new(StampsState { id, root, view }));
    }

    /// Forgets those for which `gone` says so.
    pub fn drop_stamps(&mut self, gone: impl Fn(&StampsState) -> bool) {
        self.inner.stamps.retain(|it| !gone(it));
    }

    /// The vectors of a pack that files on disk use (open documents or not), and about how many vectors they use in
    /// all packs of the root (where a document is open, its file counts none).
    pub fn used_vectors(&self, root: RootId, ids: &[PackId]) -> (Vec<(PackId, UsedVectors)>, u64) {
        let mut out: Vec<(u32, PackId, UsedVectors)> = Vec::new();
        for (slot, it) in self.inner.vectors.iter().enumerate() {
            if let Some(it) = it.as_ref().filter(|it| it.root == root && ids.contains(&it.id)) {
                let used = UsedVectors { view: it.view.clone(), used: BitSet::default() };
                out.push((slot as u32, it.id, used));
            }
        }
        let concerns = |slot: u32| {
            let foreign =
                self.inner.vectors.get(slot as usize).and_then(Option::as_ref).is_some_and(|it| it.root != root);
            foreign || out.iter().any(|it| it.0 == slot)
        };
        let concerned: Vec<bool> = (0..self.inner.vectors.len() as u32).map(concerns).collect();
        let mut all = 0;
        for (slot, state) in self.inner.packs.iter().enumerate() {
            let Some(state) = state.as_ref().filter(|it| it.root == root) else { continue };
            let Body::Stored(view) = &state.body else { continue };
            all += state.live_vectors;
            // Most segments point into other packs, and a merge of small ones must not look closely at each of them.
            for (segment, found) in state.vectors.iter().enumerate() {
                if concerned.get(found.slot as usize) == Some(&true) && self.is_stored_in(slot, state, view, segment) {
                    self.mark(&mut out, root, *found);
                }
            }
        }
        (out.into_iter().map(|(_, id, used)| (id, used)).collect(), all)
    }
    /// Whether the file on disk that a segment belongs to is the one in this pack.
    fn is_stored_in(&self, slot: usize, state: &PackState, view: &PackView, segment: usize) -> bool {
        let ordinal = view.files().file_of_segment(segment);
        let here = Location { slot: slot as u32, ordinal: ordinal as u32 };
        state.file_ids.get(ordinal).is_some_and(|&file| self.inner.locations.stored(file) == Some(here))
    }

    /// Marks the run that a segment points at.
    fn mark(&self, out: &mut [(u32, PackId, UsedVectors)], root: RootId, found: VectorRef) {
        let Some(Some(bound)) = self.inner.vectors.get(found.slot as usize) else { return };
        let Some(run) = bound.view.run_from(found.first as usize) else { return };
        if bound.root != root {
            // Another index has the same; that one may go at any time.
            for (.., own) in out {
                if let Some(run) = own.view.find(bound.view.key(run)) {
                    own.used.set(run);
                }
            }
        } else if let Some((.., it)) = out.iter_mut().find(|it| it.0 == found.slot) {
            it.used.set(run);
        }
    }
}
