//! Binds vectors to segments: by the key of their exact input. Invariant: a segment points at its run or at nothing; runs
//! whose length is not the segment's number of passages are not believed.

use super::Builder;
use crate::base::hash::Key;
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::index::snapshot::{Body, PackState, VectorRef, VectorState};
use crate::index::source::MemoryPack;
use crate::index::vectors::{VectorRun, VectorView, build_vector_pack, run_key};
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

    /// Takes in a vector pack of the store.
    pub fn apply_vectors(&mut self, root: RootId, id: PackId, view: Arc<VectorView>) {
        if self.inner.vectors.iter().flatten().any(|it| it.root == root && it.id == id && it.document.is_none()) {
            // The same vectors written again: all that they fit is bound to them.
            return;
        }
        let slot = self.take_vector_slot(VectorState { id, document: None, root, view: view.clone() });
        self.bind_waiting(slot, &view);
    }

    /// Binds what waits for runs of a pack.
    fn bind_waiting(&mut self, slot: u32, view: &VectorView) {
        if self.waiting.is_empty() {
            return;
        }
        for run in 0..view.run_count() {
            let key = view.key(run);
            let Some(waiting) = self.waiting.remove(&key) else { continue };
            let range = view.run(run);
            for (pack, segment) in waiting {
                self.bind(pack, segment as usize, key, VectorRef { slot, first: range.start as u32 }, range.len());
            }
        }
    }

    /// Puts a merged vector pack in the place of those it was made from: what was bound to a run of theirs is bound to the
    /// same run in it.
    pub fn replace_vectors(&mut self, root: RootId, removed: &[PackId], id: PackId, view: Arc<VectorView>) {
        // Those go first: the merged pack may be equal to one of them.
        let mut old: HashMap<u32, Arc<VectorView>> = HashMap::new();
        for (slot, it) in self.inner.vectors.iter_mut().enumerate() {
            if it.as_ref().is_some_and(|it| it.root == root && it.document.is_none() && removed.contains(&it.id)) {
                old.extend(it.take().map(|it| (slot as u32, it.view.clone())));
            }
        }
        let slot = self.take_vector_slot(VectorState { id, document: None, root, view: view.clone() });
        let mut lost = false;
        for number in 0..self.inner.packs.len() as u32 {
            let concerns = |it: &PackState| it.vectors.iter().any(|it| old.contains_key(&it.slot));
            self.change_if(number, concerns, |state| {
                for found in Arc::make_mut(&mut state.vectors).iter_mut() {
                    let Some(before) = old.get(&found.slot) else { continue };
                    let run = before.run_from(found.first as usize).and_then(|it| view.find(before.key(it)));
                    lost |= run.is_none();
                    *found = run.map_or(VectorRef::NONE, |it| VectorRef { slot, first: view.run(it).start as u32 });
                }
            });
        }
        if lost {
            // Those may be found elsewhere, or have to wait, and the sums are others.
            self.bind_all();
        } else {
            self.bind_waiting(slot, &view);
        }
    }

    /// Takes in vectors of an open document's passages. They are its own, and go with it; those that it has no passages for
    /// any more are forgotten.
    pub fn apply_document_vectors(&mut self, root: RootId, path: &RelPath, dims: usize, mut runs: Vec<VectorRun>) {
        let Some(file) = self.inner.ids.find(root, path) else { return };
        // It may have been closed in the meantime, or have another text: only keys tell.
        let Some(&pack) = self.open.get(&file) else { return };
        let Some(Some(state)) = self.inner.packs.get(pack as usize) else { return };
        let Body::Open(document) = state.body.clone() else { return };
        let model = self.inner.model.clone();
        let wanted: Vec<Key> = document.segments().iter().map(|it| run_key(&model, path, it.key)).collect();
        let before = self.document_vectors.get(&file).and_then(|&slot| self.inner.vectors[slot as usize].clone());
        if let Some(before) = before.filter(|it| it.view.dims() == dims) {
            runs.extend((0..before.view.run_count()).map(|run| before.view.vectors(run)));
        }
        runs.retain(|it| wanted.contains(&it.key));
        let Ok(view) = VectorView::open(&MemoryPack::new(build_vector_pack(dims, &runs))) else { return };
        let id = PackId(Key::of("document vectors", &[&file.0.to_le_bytes()]).0);
        let state = VectorState { id, document: Some(file), root, view: Arc::new(view) };
        match self.document_vectors.get(&file) {
            Some(&slot) => self.inner.vectors[slot as usize] = Some(Arc::new(state)),
            None => {
                let slot = self.take_vector_slot(state);
                self.document_vectors.insert(file, slot);
            }
        }
        self.place_document(root, file, document);
    }

    /// Forgets the vectors of a document that is no longer open; nothing else points at them.
    pub(super) fn drop_document_vectors(&mut self, file: FileId) {
        if let Some(slot) = self.document_vectors.remove(&file) {
            self.inner.vectors[slot as usize] = None;
        }
    }

    fn take_vector_slot(&mut self, state: VectorState) -> u32 {
        let state = Some(Arc::new(state));
        match self.inner.vectors.iter().position(Option::is_none) {
            Some(slot) => {
                self.inner.vectors[slot] = state;
                slot as u32
            }
            None => {
                self.inner.vectors.push(state);
                self.inner.vectors.len() as u32 - 1
            }
        }
    }

    pub(super) fn drop_vector_packs(&mut self, root: RootId, ids: &[PackId]) {
        self.drop_vectors_of(root, |id| ids.contains(&id));
    }

    /// Forgets the vector packs of a root's store that `gone` names.
    pub(super) fn drop_vectors_of(&mut self, root: RootId, gone: impl Fn(PackId) -> bool) {
        if self.forget_vectors_of(root, gone) {
            self.bind_all();
        }
    }

    /// Whether any was there. Until all is bound anew, segments may point at nothing.
    fn forget_vectors_of(&mut self, root: RootId, gone: impl Fn(PackId) -> bool) -> bool {
        let mut dropped = false;
        for it in &mut self.inner.vectors {
            if it.as_ref().is_some_and(|it| it.root == root && it.document.is_none() && gone(it.id)) {
                *it = None;
                dropped = true;
            }
        }
        dropped
    }

    /// Vectors of all segments of a pack; those without wait.
    pub(super) fn bind_pack(&mut self, slot: u32, view: &PackView) -> Vec<VectorRef> {
        let files = view.files();
        let mut out = vec![VectorRef::NONE; files.segment_count()];
        for file in 0..files.len() {
            if !files.gets_vectors(file) {
                continue;
            }
            let path = files.path(file);
            for segment in files.segments_of(file) {
                let (key, passages) = (files.key(segment), files.passages_of(segment).len());
                if passages == 0 {
                    continue;
                }
                match self.find_run(&path, key, None).filter(|it| it.1 == passages) {
                    Some((found, _)) => out[segment] = found,
                    None => self.wait_for(&path, key, (slot, segment as u32)),
                }
            }
        }
        out
    }

    /// Vectors of a segment of an open document: of the store, or its own.
    pub(super) fn find_vectors(&self, file: FileId, path: &RelPath, key: Key) -> VectorRef {
        self.find_run(path, key, Some(file)).map_or(VectorRef::NONE, |it| it.0)
    }

    pub(super) fn wait_for(&mut self, path: &RelPath, key: Key, segment: (u32, u32)) {
        if self.inner.model.is_empty() {
            // Nobody makes vectors; a model that comes later binds all anew.
            return;
        }
        self.waiting.entry(run_key(&self.inner.model, path, key)).or_default().push(segment);
    }

    fn find_run(&self, path: &RelPath, key: Key, document: Option<FileId>) -> Option<(VectorRef, usize)> {
        if self.inner.vectors.iter().all(Option::is_none) {
            return None;
        }
        let wanted = run_key(&self.inner.model, path, key);
        self.inner.vectors.iter().enumerate().rev().find_map(|(slot, it)| {
            let it = it.as_ref().filter(|it| it.document.is_none() || it.document == document)?;
            let view = &it.view;
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
                    if let Some(&file) = state.file_ids.first() {
                        self.place_document(root, file, it.clone());
                    }
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
