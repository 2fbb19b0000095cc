//! Binds vectors to segments: by the key of their exact input. Invariant: a segment points at its run or at nothing; runs
//! whose length is not the segment's number of passages are not believed.

use super::Builder;
use crate::base::hash::Key;
use crate::base::ids::RootId;
use crate::base::paths::RelPath;
use crate::index::snapshot::{Body, VectorRef, VectorState};
use crate::index::vectors::{VectorView, run_key};
use crate::index::view::PackView;
use crate::store::pack::PackId;
use std::collections::HashMap;
use std::sync::Arc;

impl Builder {
    /// The model whose vectors count from now on; all segments are bound anew.
    pub fn set_model(&mut self, model: &[u8]) {
        if *self.inner.model != *model {
            self.inner.model = model.into();
            self.bind_all();
        }
    }

    /// Takes in a vector pack (of the store, or in memory for an open document's passages).
    pub fn apply_vectors(&mut self, root: RootId, id: PackId, view: Arc<VectorView>) {
        let slot = self.inner.vectors.len() as u32;
        self.inner.vectors.push(Some(Arc::new(VectorState { id, root, view: view.clone() })));
        for run in 0..view.run_count() {
            let key = view.key(run);
            let Some(waiting) = self.waiting.remove(&key) else { continue };
            let range = view.run(run);
            for (pack, segment) in waiting {
                self.bind(pack, segment as usize, key, VectorRef { slot, first: range.start as u32 }, range.len());
            }
        }
    }

    /// Puts a merged vector pack in the place of those it was made from.
    pub fn replace_vectors(&mut self, root: RootId, removed: &[PackId], id: PackId, view: Arc<VectorView>) {
        self.inner.vectors.push(Some(Arc::new(VectorState { id, root, view })));
        self.drop_vector_packs(removed);
    }

    pub(super) fn drop_vector_packs(&mut self, ids: &[PackId]) {
        let mut dropped = false;
        for it in &mut self.inner.vectors {
            if it.as_ref().is_some_and(|it| ids.contains(&it.id)) {
                *it = None;
                dropped = true;
            }
        }
        if dropped {
            self.bind_all();
        }
    }

    /// Vectors of all segments of a pack; those without wait.
    pub(super) fn bind_pack(&mut self, slot: u32, view: &PackView) -> Vec<VectorRef> {
        let files = view.files();
        let mut out = vec![VectorRef::NONE; files.segment_count()];
        for file in 0..files.len() {
            let path = files.path(file);
            for segment in files.segments_of(file) {
                let (key, passages) = (files.key(segment), files.passages_of(segment).len());
                if passages == 0 {
                    continue;
                }
                match self.find_run(&path, key).filter(|it| it.1 == passages) {
                    Some((found, _)) => out[segment] = found,
                    None => self.wait_for(&path, key, (slot, segment as u32)),
                }
            }
        }
        out
    }

    pub(super) fn find_vectors(&self, path: &RelPath, key: Key) -> VectorRef {
        self.find_run(path, key).map_or(VectorRef::NONE, |it| it.0)
    }

    pub(super) fn wait_for(&mut self, path: &RelPath, key: Key, segment: (u32, u32)) {
        self.waiting.entry(run_key(&self.inner.model, path, key)).or_default().push(segment);
    }

    fn find_run(&self, path: &RelPath, key: Key) -> Option<(VectorRef, usize)> {
        if self.inner.vectors.iter().all(Option::is_none) {
            return None;
        }
        let wanted = run_key(&self.inner.model, path, key);
        self.inner.vectors.iter().enumerate().rev().find_map(|(slot, it)| {
            let view = &it.as_ref()?.view;
            let range = view.run(view.find(wanted)?);
            Some((VectorRef { slot: slot as u32, first: range.start as u32 }, range.len()))
        })
    }

    fn bind_all(&mut self) {
        self.waiting = HashMap::new();
        for slot in 0..self.inner.packs.len() as u32 {
            let Some(state) = self.inner.packs[slot as usize].clone() else { continue };
            let root = state.root;
            match &state.body {
                Body::Stored(view) => {
                    let vectors = self.bind_pack(slot, view);
                    let live = (0..state.file_ids.len()).filter(|it| !state.dead_files.has(*it));
                    let live_vectors = live.map(|it| super::embedded(view, &vectors, it)).sum();
                    self.change(slot, |it| {
                        it.vectors = Arc::new(vectors);
                        it.live_vectors = live_vectors;
                    });
                }
                Body::Open(it) => {
                    let segments = it.segments().to_vec();
                    self.open_document(root, &it.path().clone(), it.lang(), segments);
                }
            }
        }
    }

    /// Stops waiting for the vectors of an open document that is about to be replaced.
    pub(super) fn forget_waiting(&mut self, slot: u32) {
        let Some(Some(state)) = self.inner.packs.get(slot as usize) else { return };
        let Body::Open(document) = &state.body else { return };
        let keys: Vec<Key> =
            document.segments().iter().map(|it| run_key(&self.inner.model, document.path(), it.key)).collect();
        for key in keys {
            if let Some(waiting) = self.waiting.get_mut(&key) {
                waiting.retain(|it| it.0 != slot);
                if waiting.is_empty() {
                    self.waiting.remove(&key);
                }
            }
        }
    }

    fn bind(&mut self, slot: u32, segment: usize, key: Key, found: VectorRef, length: usize) {
        let model = self.inner.model.clone();
        self.change(slot, |state| {
            // The slot may hold another text by now: only the key tells.
            let (now, passages, alive) = match &state.body {
                Body::Stored(view) => {
                    let file = view.files().file_of_segment(segment);
                    let now = run_key(&model, &view.files().path(file), view.files().key(segment));
                    (now, view.files().passages_of(segment).len(), !state.dead_files.has(file))
                }
                Body::Open(it) => {
                    let Some(record) = it.segments().get(segment) else { return };
                    (run_key(&model, it.path(), record.key), record.facts.passages.len(), true)
                }
            };
            if now != key || passages != length || state.vectors.get(segment).is_none_or(|it| *it != VectorRef::NONE) {
                return;
            }
            Arc::make_mut(&mut state.vectors)[segment] = found;
            state.live_vectors += if alive { length as u64 } else { 0 };
        });
    }
}
