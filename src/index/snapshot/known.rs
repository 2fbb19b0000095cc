//! What the packs hold of a content, whoever has it now or had it once. Invariant: facts are those of the content and the
//! recipe that were asked for; paths play no part. Must not know how a content came to be.

use super::{Body, Location, PackState, Snapshot, StampsState};
use crate::base::hash::{ContentHash, Key};
use crate::base::ids::RootId;
use crate::facts::Facts;
use crate::index::build::{FileMeta, SegmentRecord};
use crate::index::stamps::stamp_key;
use crate::index::vectors::VectorRun;
use crate::index::view::{PackView, Stored};
use crate::store::pack::PackId;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A file of a pack, alive or not, whose content was asked for.
#[derive(Clone)]
pub struct KnownFile {
    view: Arc<PackView>,
    ordinal: usize,
}

impl KnownFile {
    /// What the index keeps about it besides its facts.
    pub fn stored(&self) -> Stored {
        self.view.files().stored(self.ordinal)
    }
}

/// What packs of stamps, oldest first, say last of a file of a pack and its content; with their key.
pub(super) fn newest_stamp<'a>(
    stamps: impl DoubleEndedIterator<Item = &'a Arc<StampsState>>,
    view: &PackView,
    at: usize,
) -> Option<(Key, FileMeta)> {
    let mut stamps = stamps.rev().peekable();
    // Mostly there are none, and no key is worked out.
    stamps.peek()?;
    let key = stamp_key(view.files().path_bytes(at), view.files().hash(at));
    stamps.find_map(|it| Some((key, it.view.find(key)?)))
}

impl Snapshot {
    /// A file with this content that `fits` (language, recipe, state): one that lives, that lived in a pack which stands,
    /// or that was kept because it may come back.
    pub fn known(&self, hash: ContentHash, fits: impl Fn(&Stored) -> bool) -> Option<KnownFile> {
        self.views().find_map(|view| {
            let ordinal = view.with_content(hash).find(|&it| fits(&view.files().stored(it)))?;
            Some(KnownFile { view: view.clone(), ordinal })
        })
    }

    /// A pack of files that live no more.
    pub(crate) fn spare(&self, id: PackId) -> Option<Arc<PackView>> {
        self.0.spares.iter().find(|it| it.id == id).map(|it| it.view.clone())
    }

    /// Bytes of source that the packs of files that live no more have, without those of `except`.
    pub(crate) fn spare_bytes(&self, root: RootId, except: &[PackId]) -> u64 {
        let others = self.0.spares.iter().filter(|it| it.root == root && !except.contains(&it.id));
        others.map(|it| (0..it.view.files().len()).map(|at| it.view.files().weighed_bytes(at)).sum::<u64>()).sum()
    }

    /// The rows of some packs of stamps, oldest first; where `standing`, only those that still say more than the rows of
    /// their files do. None where they are not all there.
    pub(crate) fn stamps_of(&self, root: RootId, ids: &[PackId], standing: bool) -> Option<Vec<(Key, FileMeta)>> {
        let of = |id: &PackId| self.0.stamps.iter().find(|it| it.root == root && it.id == *id);
        let stamps: Vec<_> = ids.iter().map(of).collect::<Option<_>>()?;
        if !standing {
            return Some(stamps.iter().flat_map(|it| it.view.rows()).collect());
        }
        let mut out = Vec::new();
        for (slot, state) in self.packs().filter(|(_, it)| it.root == root) {
            let Body::Stored(view) = &state.body else { continue };
            let files = view.files();
            for at in (0..files.len()).filter(|&it| self.is_stored_at(slot, state, it)) {
                let found = newest_stamp(stamps.iter().copied(), view, at);
                out.extend(found.filter(|it| it.1 != files.stored(at).meta));
            }
        }
        Some(out)
    }

    /// Whether a row of a pack is the one of its file on disk.
    fn is_stored_at(&self, slot: usize, state: &PackState, ordinal: usize) -> bool {
        let here = Location { slot: slot as u32, ordinal: ordinal as u32 };
        state.file_ids.get(ordinal).is_some_and(|&file| self.0.locations.stored(file) == Some(here))
    }

    /// Packs of facts of a root that many of the files in them have left: with less than half of their source.
    pub(crate) fn thin_packs(&self, root: RootId) -> Vec<PackId> {
        let mut out = Vec::new();
        for (slot, state) in self.packs().filter(|(_, it)| it.root == root) {
            let Body::Stored(view) = &state.body else { continue };
            let files = view.files();
            // An open document hides its file, which lives all the same: the sums alone do not tell.
            if state.live_passages * 2 >= files.passage_count() as u64 {
                continue;
            }
            let weigh = |at: usize| files.weighed_bytes(at);
            let all: u64 = (0..files.len()).map(weigh).sum();
            let live: u64 = (0..files.len()).filter(|&it| self.is_stored_at(slot, state, it)).map(weigh).sum();
            if live * 2 < all {
                out.push(state.id);
            }
        }
        out
    }

    /// Whether more than half of the vectors that the packs of a root hold are not those of any file.
    pub(crate) fn wastes_vectors(&self, root: RootId) -> bool {
        let used: u64 = self.packs().filter(|(_, it)| it.root == root).map(|(_, it)| it.live_vectors).sum();
        self.vectors_stored(root) > used * 2
    }

    /// How many vectors the packs of a root hold.
    pub(crate) fn vectors_stored(&self, root: RootId) -> u64 {
        let stored = self.0.vectors.iter().flatten().filter(|it| it.root == root && it.document.is_none());
        stored.map(|it| it.view.len() as u64).sum()
    }

    /// The packs of a root's files without those of `except`.
    pub(crate) fn packs_beside(&self, root: RootId, except: &[PackId]) -> Vec<Arc<PackView>> {
        let others = self.packs().filter(|(_, it)| it.root == root && !except.contains(&it.id));
        others.filter_map(|(_, it)| if let Body::Stored(view) = &it.body { Some(view.clone()) } else { None }).collect()
    }

    /// Whether a file on disk has this content now.
    pub(crate) fn is_live(&self, hash: ContentHash) -> bool {
        self.packs().any(|(slot, state)| {
            let Body::Stored(view) = &state.body else { return false };
            view.with_content(hash).any(|it| self.is_stored_at(slot, state, it))
        })
    }

    /// Facts with terms for keys that the packs hold, live or not: what has the same text need not be parsed again.
    pub fn reuse(&self, keys: &[Key]) -> HashMap<Key, Arc<Facts>> {
        let mut wanted: HashSet<Key> = keys.iter().copied().collect();
        let mut out = HashMap::new();
        for view in self.views() {
            let mut found = Vec::new();
            for at in 0..view.files().segment_count() {
                if wanted.remove(&view.files().key(at)) {
                    found.push(at);
                }
            }
            for (at, facts) in if found.is_empty() { Vec::new() } else { view.facts_with_terms(&found) } {
                out.insert(view.files().key(at), Arc::new(facts));
            }
        }
        out
    }

    /// All packs of facts, then those of what lives no more.
    fn views(&self) -> impl Iterator<Item = &Arc<PackView>> {
        let packs = self.packs().filter_map(|(_, it)| match &it.body {
            Body::Stored(view) => Some(view),
            Body::Open(_) => None,
        });
        packs.chain(self.0.spares.iter().map(|it| &it.view))
    }

    /// The segments of such files with their facts, terms included; none where they cannot be read. Files are best asked
    /// for together: an answer walks over all words of a pack.
    pub fn segments_of_known(&self, files: &[KnownFile]) -> Vec<Option<Vec<SegmentRecord>>> {
        let mut out: Vec<Option<Vec<SegmentRecord>>> = vec![None; files.len()];
        let mut views: Vec<&Arc<PackView>> = Vec::new();
        for it in files {
            if !views.iter().any(|view| Arc::ptr_eq(view, &it.view)) {
                views.push(&it.view);
            }
        }
        for view in views {
            let mine = |it: &KnownFile| Arc::ptr_eq(view, &it.view);
            let of = |it: &KnownFile| view.files().segments_of(it.ordinal);
            let mut wanted: Vec<usize> = files.iter().filter(|it| mine(it)).flat_map(of).collect();
            wanted.sort_unstable();
            wanted.dedup();
            let facts: HashMap<usize, Arc<Facts>> =
                view.facts_with_terms(&wanted).into_iter().map(|(at, facts)| (at, Arc::new(facts))).collect();
            for (slot, it) in files.iter().enumerate().filter(|(_, it)| mine(it)) {
                let segment = |at: usize| {
                    let (span, _) = view.files().segment_place(at);
                    Some(SegmentRecord { span, key: view.files().key(at), facts: facts.get(&at)?.clone() })
                };
                out[slot] = of(it).map(segment).collect();
            }
        }
        out
    }

    /// The vectors of a run (see [`crate::index::vectors::run_key`]), bound to something or not. Those of open documents
    /// are theirs alone.
    pub fn known_vectors(&self, key: Key, dims: usize) -> Option<VectorRun> {
        let fits = |of: usize| dims == 0 || of == dims;
        let stored = self.0.vectors.iter().flatten().filter(|it| it.document.is_none() && fits(it.view.dims()));
        stored.into_iter().find_map(|it| it.view.find(key).map(|run| it.view.vectors(run)))
    }
}
