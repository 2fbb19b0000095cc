//! The one writer's side of snapshots: takes packs and open documents in, and publishes. Invariant: for every path the
//! last pack applied counts, except that an open document hides it; all sums equal those of a rebuild from the live files.
//! Costs of a step grow with what is applied, not with what is there. Must not know the disk.

mod spares;
mod vectors;

#[cfg(test)]
mod tests;

use super::bits::BitSet;
use super::build::SegmentRecord;
use super::overlay::OverlayFile;
use super::snapshot::*;
use super::view::PackView;
use crate::base::hash::Key;
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
pub use crate::store::pack::PackId;
pub use spares::UsedVectors;
use std::collections::HashMap;
use std::sync::Arc;

/// Makes snapshots. Owned by the writer thread.
pub struct Builder {
    inner: Inner,
    /// Slots of open documents.
    open: HashMap<FileId, u32>,
    /// Segments without vectors, by the key of the run that they wait for.
    waiting: HashMap<Key, Vec<(u32, u32)>>,
    /// Slots of the vectors of open documents.
    document_vectors: HashMap<FileId, u32>,
    /// Files that a walk has found and that could not be indexed then; whether it came to its end.
    walked: HashMap<RootId, (u64, bool)>,
}

impl Builder {
    /// A builder of snapshots that read facts through `cache`.
    pub fn new(cache: Arc<dyn FactsCache>) -> Self {
        let inner = Inner {
            generation: Default::default(),
            packs: Vec::new(),
            vectors: Vec::new(),
            spares: Vec::new(),
            stamps: Vec::new(),
            locations: Locations::default(),
            ids: Arc::default(),
            cache,
            completeness: Completeness::default(),
            model: Arc::from([].as_slice()),
        };
        Self {
            inner,
            open: HashMap::new(),
            waiting: HashMap::new(),
            document_vectors: HashMap::new(),
            walked: HashMap::new(),
        }
    }

    /// Takes in a pack of the store (`id` names it there). Later packs hide earlier ones path by path. One that is there
    /// already has been written again, and becomes the last word: of a file deleted twice the second pack is the first.
    pub fn apply_facts(&mut self, root: RootId, id: PackId, view: Arc<PackView>) {
        let before = self.slots(|it| it.root == root && it.is_stored() && it.id == id);
        self.add_pack(root, id, view, None);
        self.drop_slots(&before);
    }

    /// Puts a merged pack in the place of those it was made from: it takes over the files that are still theirs.
    pub fn replace(&mut self, root: RootId, removed: &[PackId], id: PackId, view: Arc<PackView>) {
        let slots = self.slots(|it| it.root == root && it.is_stored() && removed.contains(&it.id));
        self.add_pack(root, id, view, Some(&slots));
        self.drop_slots(&slots);
    }

    /// Forgets packs that turned out to be unreadable; their files are gone until they are indexed again.
    pub fn drop_packs(&mut self, root: RootId, ids: &[PackId]) {
        if ids.is_empty() {
            return;
        }
        self.drop_file_packs(root, ids);
        self.drop_vector_packs(root, ids);
        self.drop_stamps(|it| it.root == root && ids.contains(&it.id));
    }

    /// The same, of those that are packs of files.
    pub fn drop_file_packs(&mut self, root: RootId, ids: &[PackId]) {
        self.drop_slots(&self.slots(|it| it.root == root && it.is_stored() && ids.contains(&it.id)));
        self.drop_spares(|it| it.root == root && ids.contains(&it.id));
    }

    /// Forgets the packs of a root that are of its store; its documents stay open.
    pub fn drop_stored(&mut self, root: RootId) {
        self.drop_slots(&self.slots(|it| it.root == root && it.is_stored()));
        self.drop_vectors_of(root, |_| true);
        self.drop_spares(|it| it.root == root);
        self.drop_stamps(|it| it.root == root);
    }

    /// Forgets all of a root.
    pub fn remove_root(&mut self, root: RootId) {
        self.drop_slots(&self.slots(|it| it.root == root));
        let ids: Vec<PackId> =
            self.inner.vectors.iter().flatten().filter(|it| it.root == root).map(|it| it.id).collect();
        self.drop_vector_packs(root, &ids);
        self.drop_spares(|it| it.root == root);
        self.drop_stamps(|it| it.root == root);
        self.document_vectors.retain(|file, _| self.open.contains_key(file));
        self.walked.remove(&root);
    }

    /// Hides files that are gone from disk. A pack with their tombstones has to follow for the next start.
    pub fn remove_files(&mut self, root: RootId, paths: &[RelPath]) {
        for path in paths {
            let Some(file) = self.inner.ids.find(root, path) else { continue };
            let live = self.inner.locations.live(file);
            if let Some(stored) = self.inner.locations.stored(file) {
                self.hide(stored);
                self.inner.locations.set(file, None, live.filter(|it| *it != stored));
            }
        }
    }

    /// Puts an open document's facts in the place of its file's (also where there is no such file).
    pub fn open_document(
        &mut self,
        root: RootId,
        path: &RelPath,
        lang: &str,
        text: Arc<str>,
        segments: Vec<SegmentRecord>,
    ) {
        let file = self.inner.ids.intern(root, path);
        self.place_document(root, file, Arc::new(OverlayFile::new(path.clone(), lang, text, segments)));
    }

    fn place_document(&mut self, root: RootId, file: FileId, document: Arc<OverlayFile>) {
        let path = document.path().clone();
        let path = &path;
        let (live_passages, live_length) = document.weight();
        let found = |it: &SegmentRecord| self.find_vectors(file, path, it.key);
        let vectors: Vec<VectorRef> = document.segments().iter().map(found).collect();
        let mut live_vectors = 0;
        for (segment, found) in document.segments().iter().zip(&vectors) {
            let done = *found != VectorRef::NONE || !document.gets_vectors();
            live_vectors += if done { segment.facts.passages.len() as u64 } else { 0 };
        }
        let keys: Vec<Key> = document.segments().iter().map(|it| it.key).collect();
        let gets_vectors = document.gets_vectors();
        let state = PackState {
            id: PackId([0; 16]),
            root,
            body: Body::Open(document),
            file_ids: Arc::new(vec![file]),
            dead_files: Arc::default(),
            dead_passages: Arc::default(),
            vectors: Arc::new(vectors.clone()),
            live_files: 1,
            live_passages,
            live_length,
            live_vectors,
        };
        let slot = match self.open.get(&file) {
            Some(&slot) => {
                self.forget_waiting(slot);
                self.inner.packs[slot as usize] = Some(Arc::new(state));
                slot
            }
            None => self.take_slot(state),
        };
        for (segment, key) in keys.into_iter().enumerate() {
            if vectors[segment] == VectorRef::NONE && gets_vectors {
                self.wait_for(path, key, (slot, segment as u32));
            }
        }
        let stored = self.inner.locations.stored(file);
        if self.open.insert(file, slot).is_none()
            && let Some(stored) = stored
        {
            self.hide(stored);
        }
        self.inner.locations.set(file, stored, Some(Location { slot, ordinal: 0 }));
    }

    /// Gives a closed document's place back to its file on disk.
    pub fn close_document(&mut self, root: RootId, path: &RelPath) {
        let Some(file) = self.inner.ids.find(root, path) else { return };
        let Some(slot) = self.open.remove(&file) else { return };
        self.forget_waiting(slot);
        self.drop_document_vectors(file);
        self.inner.packs[slot as usize] = None;
        let stored = self.inner.locations.stored(file);
        if let Some(stored) = stored {
            self.show(stored);
        }
        self.inner.locations.set(file, stored, stored);
    }

    /// A root has been walked, to its end or not; `missing` files were found that are not in the index. Those that come and
    /// go from now on are counted as they are applied.
    pub fn set_walked(&mut self, root: RootId, missing: u64, done: bool) {
        self.walked.insert(root, (missing, done));
    }

    /// A pack with those of its files that still are the last word on disk (open documents do not count): what a merge
    /// keeps. A deletion counts where nothing came after it.
    pub fn survivors(&self, root: RootId, id: PackId) -> Option<(Arc<PackView>, BitSet)> {
        let (slot, state) = self.inner.packs.iter().enumerate().find_map(|(slot, it)| {
            Some((slot, it.as_ref().filter(|it| it.root == root && it.id == id && it.is_stored())?))
        })?;
        let Body::Stored(view) = &state.body else { return None };
        let mut kept = BitSet::default();
        for (ordinal, &file) in state.file_ids.iter().enumerate() {
            let here = Location { slot: slot as u32, ordinal: ordinal as u32 };
            let stored = self.inner.locations.stored(file);
            if stored == Some(here) || stored.is_none() && view.files().state(ordinal) == 255 {
                kept.set(ordinal);
            }
        }
        Some((view.clone(), kept))
    }

    /// Bytes of source that the living files of a root have; no file counts for more than what is read of it.
    pub fn live_bytes(&self, root: RootId) -> u64 {
        let mut sum = 0;
        for state in self.inner.packs.iter().flatten().filter(|it| it.root == root) {
            let Body::Stored(view) = &state.body else { continue };
            let live = (0..state.file_ids.len()).filter(|it| !state.dead_files.has(*it));
            sum += live.map(|it| view.files().weighed_bytes(it)).sum::<u64>();
        }
        sum
    }

    /// Ids of the packs of a root with their files: all, and alive.
    pub fn packs(&self, root: RootId) -> Vec<(PackId, u64, u64)> {
        let stored = self.inner.packs.iter().flatten().filter(|it| it.root == root && it.is_stored());
        stored.map(|it| (it.id, it.file_ids.len() as u64, it.live_files)).collect()
    }

    /// The next generation.
    pub fn publish(&mut self) -> Snapshot {
        self.inner.generation.0 += 1;
        let mut it = Completeness { walked: !self.walked.is_empty(), ..Completeness::default() };
        it.walked &= self.walked.values().all(|it| it.1);
        for state in self.inner.packs.iter().flatten() {
            it.files_done += if !state.is_stored() { 0 } else { state.live_files };
            it.passages += state.live_passages;
            it.vectors += state.live_vectors;
        }
        // A file that is open is done if its stored form is hidden by the document.
        it.files_done += self.open.keys().filter(|&&file| self.inner.locations.stored(file).is_some()).count() as u64;
        it.files_known = it.files_done + self.walked.values().map(|it| it.0).sum::<u64>();
        self.inner.completeness = it;
        Snapshot(Arc::new(self.inner.clone()), Reading::Asked)
    }

    fn add_pack(&mut self, root: RootId, id: PackId, view: Arc<PackView>, only_from: Option<&[u32]>) {
        let files = view.files();
        let file_ids = self.inner.ids.intern_all(root, (0..files.len()).map(|at| files.path(at)));
        let state = PackState {
            id,
            root,
            body: Body::Stored(view.clone()),
            file_ids: Arc::new(file_ids.clone()),
            dead_files: Arc::default(),
            dead_passages: Arc::default(),
            vectors: Arc::new(vec![VectorRef::NONE; files.segment_count()]),
            live_files: 0,
            live_passages: 0,
            live_length: 0,
            live_vectors: 0,
        };
        let slot = self.take_slot(state);
        let vectors = self.bind_pack(slot, &view);
        let (mut dead, mut dead_passages) = (BitSet::default(), BitSet::default());
        let mut sums = (0, 0, 0, 0);
        for (ordinal, &file) in file_ids.iter().enumerate() {
            let here = Location { slot, ordinal: ordinal as u32 };
            let before = self.inner.locations.stored(file);
            let mine = only_from.is_none_or(|slots| before.is_some_and(|it| slots.contains(&it.slot)));
            let is_open = self.open.contains_key(&file);
            let live = if is_open { self.inner.locations.live(file) } else { None };
            let deleted = files.state(ordinal) == 255;
            if mine {
                if let Some(before) = before.filter(|_| !is_open) {
                    self.hide(before);
                }
                let stored = (!deleted).then_some(here);
                self.inner.locations.set(file, stored, live.or(stored));
            }
            if deleted || !mine || is_open {
                dead.set(ordinal);
                files.passages_of_file(ordinal).for_each(|it| dead_passages.set(it));
                continue;
            }
            let (passages, length) = files.weight(ordinal);
            sums = (sums.0 + 1, sums.1 + passages, sums.2 + length, sums.3 + embedded(&view, &vectors, ordinal));
        }
        self.change(slot, |it| {
            it.vectors = Arc::new(vectors);
            it.dead_files = Arc::new(dead);
            it.dead_passages = Arc::new(dead_passages);
            (it.live_files, it.live_passages, it.live_length, it.live_vectors) = sums;
        });
    }

    /// Hides a stored file in its pack.
    fn hide(&mut self, at: Location) {
        self.turn(at, false);
    }

    /// Shows a stored file again.
    fn show(&mut self, at: Location) {
        self.turn(at, true);
    }

    fn turn(&mut self, at: Location, alive: bool) {
        let ordinal = at.ordinal as usize;
        self.change(at.slot, |state| {
            let Body::Stored(view) = &state.body else { return };
            if state.dead_files.has(ordinal) != alive {
                return;
            }
            let (passages, length) = view.files().weight(ordinal);
            let vectors = embedded(view, &state.vectors, ordinal);
            let (files, dead) = (Arc::make_mut(&mut state.dead_files), Arc::make_mut(&mut state.dead_passages));
            let range = view.files().passages_of_file(ordinal);
            if alive {
                files.clear(ordinal);
                range.for_each(|it| dead.clear(it));
                state.live_files += 1;
                state.live_passages += passages;
                state.live_length += length;
                state.live_vectors += vectors;
            } else {
                files.set(ordinal);
                range.for_each(|it| dead.set(it));
                state.live_files -= 1;
                state.live_passages -= passages;
                state.live_length -= length;
                state.live_vectors -= vectors;
            }
        });
    }

    /// Empties slots; nothing waits for their vectors any more.
    fn drop_slots(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.drop_slot(slot));
        if !slots.is_empty() {
            self.waiting.retain(|_, all| {
                all.retain(|it| !slots.contains(&it.0));
                !all.is_empty()
            });
        }
    }

    /// Empties a slot; places that point into it point nowhere.
    fn drop_slot(&mut self, slot: u32) {
        let Some(state) = self.inner.packs.get_mut(slot as usize).and_then(Option::take) else { return };
        for &file in state.file_ids.iter() {
            let keep = |it: Option<Location>| it.filter(|it| it.slot != slot);
            let (stored, live) = (self.inner.locations.stored(file), self.inner.locations.live(file));
            self.inner.locations.set(file, keep(stored), keep(live));
            if self.open.get(&file) == Some(&slot) {
                self.open.remove(&file);
            }
        }
    }

    fn take_slot(&mut self, state: PackState) -> u32 {
        match self.inner.packs.iter().position(Option::is_none) {
            Some(slot) => {
                self.inner.packs[slot] = Some(Arc::new(state));
                slot as u32
            }
            None => {
                self.inner.packs.push(Some(Arc::new(state)));
                self.inner.packs.len() as u32 - 1
            }
        }
    }

    fn slots(&self, wanted: impl Fn(&PackState) -> bool) -> Vec<u32> {
        let all = self.inner.packs.iter().enumerate();
        all.filter(|(_, it)| it.as_ref().is_some_and(|it| wanted(it))).map(|(slot, _)| slot as u32).collect()
    }

    /// As `change`, where it `applies`.
    fn change_if(&mut self, slot: u32, applies: impl FnOnce(&PackState) -> bool, how: impl FnOnce(&mut PackState)) {
        if self.inner.packs.get(slot as usize).is_some_and(|it| it.as_ref().is_some_and(|it| applies(it))) {
            self.change(slot, how);
        }
    }

    fn change(&mut self, slot: u32, how: impl FnOnce(&mut PackState)) {
        if let Some(Some(state)) = self.inner.packs.get_mut(slot as usize) {
            how(Arc::make_mut(state));
        }
    }
}

/// Passages of a file that have vectors, or get none.
fn embedded(view: &PackView, vectors: &[VectorRef], file: usize) -> u64 {
    if !view.files().gets_vectors(file) {
        return view.files().passages_of_file(file).len() as u64;
    }
    let bound = |it: &usize| vectors.get(*it).is_some_and(|it| *it != VectorRef::NONE);
    view.files().segments_of(file).filter(bound).map(|it| view.files().passages_of(it).len() as u64).sum()
}
