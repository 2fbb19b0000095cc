//! The pieces that snapshots share. Invariant: pieces are only ever replaced by changed copies; a `FileId`, once given,
//! names the same root and path for ever. Must not know how they are queried.

use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::index::bits::BitSet;
use crate::index::overlay::OverlayFile;
use crate::index::stamps::StampsView;
use crate::index::vectors::VectorView;
use crate::index::view::PackView;
use crate::store::pack::PackId;
use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, RwLock};

/// A pack on disk or an open document.
#[derive(Clone)]
pub enum Body {
    Stored(Arc<PackView>),
    Open(Arc<OverlayFile>),
}

/// Where the vectors of a segment lie: slot of the vector pack, first vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorRef {
    pub slot: u32,
    pub first: u32,
}

impl VectorRef {
    pub const NONE: Self = Self { slot: u32::MAX, first: 0 };
}

/// A pack with what is alive in it.
#[derive(Clone)]
pub struct PackState {
    /// The store's name of the pack; zeros for open documents.
    pub id: PackId,
    pub root: RootId,
    pub body: Body,
    pub file_ids: Arc<Vec<FileId>>,
    /// Files that a later pack, a deletion or an open document hides.
    pub dead_files: Arc<BitSet>,
    pub dead_passages: Arc<BitSet>,
    /// Per segment.
    pub vectors: Arc<Vec<VectorRef>>,
    pub live_files: u64,
    pub live_passages: u64,
    /// Sum of the live passages' lengths in terms.
    pub live_length: u64,
    /// Live passages with a vector, or of texts that get none.
    pub live_vectors: u64,
}

impl PackState {
    /// Whether it is a pack of the store, not an open document.
    pub fn is_stored(&self) -> bool {
        matches!(self.body, Body::Stored(_))
    }

    /// The pack to read from; an open document's is laid out at the first call.
    pub fn view(&self) -> Option<&Arc<PackView>> {
        match &self.body {
            Body::Stored(view) => Some(view),
            Body::Open(it) => it.view(),
        }
    }
}

/// A vector pack.
pub struct VectorState {
    pub id: PackId,
    /// The open document that it belongs to, and nothing else; none for packs of the store.
    pub document: Option<FileId>,
    pub root: RootId,
    pub view: Arc<VectorView>,
}

/// A pack of files that live no more, but whose content may come back.
pub struct SpareState {
    pub id: PackId,
    pub root: RootId,
    pub view: Arc<PackView>,
}

/// A pack of stamps.
pub struct StampsState {
    pub id: PackId,
    pub root: RootId,
    pub view: Arc<StampsView>,
}

/// A file's place: slot of the pack, ordinal in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    pub slot: u32,
    pub ordinal: u32,
}

const NOWHERE: Location = Location { slot: u32::MAX, ordinal: 0 };
const CHUNK: usize = 1024;

/// Places by `FileId`: the one on disk, and the live one (of the open document where there is one).
#[derive(Clone, Default)]
pub struct Locations {
    chunks: Vec<Arc<Vec<(Location, Location)>>>,
}

impl Locations {
    fn get(&self, file: FileId) -> (Location, Location) {
        let at = file.0 as usize;
        self.chunks.get(at / CHUNK).and_then(|it| it.get(at % CHUNK)).copied().unwrap_or((NOWHERE, NOWHERE))
    }

    /// Where the file on disk is.
    pub fn stored(&self, file: FileId) -> Option<Location> {
        Some(self.get(file).0).filter(|it| *it != NOWHERE)
    }

    /// Where the file's current content is.
    pub fn live(&self, file: FileId) -> Option<Location> {
        Some(self.get(file).1).filter(|it| *it != NOWHERE)
    }

    /// Sets both places.
    pub fn set(&mut self, file: FileId, stored: Option<Location>, live: Option<Location>) {
        let at = file.0 as usize;
        while self.chunks.len() <= at / CHUNK {
            self.chunks.push(Arc::new(vec![(NOWHERE, NOWHERE); CHUNK]));
        }
        let chunk = Arc::make_mut(&mut self.chunks[at / CHUNK]);
        chunk[at % CHUNK] = (stored.unwrap_or(NOWHERE), live.unwrap_or(NOWHERE));
    }
}

/// Numbers of files in this process; only ever grows.
#[derive(Default)]
pub struct FileIds(RwLock<Ids>);

#[derive(Default)]
struct Ids {
    numbers: HashMap<(RootId, RelPath), FileId, RandomState>,
    paths: Vec<(RootId, RelPath)>,
}

impl Ids {
    fn number(&mut self, root: RootId, path: RelPath) -> FileId {
        match self.numbers.entry((root, path)) {
            Entry::Occupied(it) => *it.get(),
            Entry::Vacant(it) => {
                let id = FileId(self.paths.len() as u32);
                self.paths.push(it.key().clone());
                *it.insert(id)
            }
        }
    }
}

impl FileIds {
    /// The number of a path, a new one if it is new.
    pub fn intern(&self, root: RootId, path: &RelPath) -> FileId {
        // Mostly known: an open document comes here at each edit.
        self.find(root, path).unwrap_or_else(|| {
            let mut ids = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            ids.number(root, path.clone())
        })
    }

    /// The numbers of many paths, in their order.
    pub fn intern_all(&self, root: RootId, paths: impl ExactSizeIterator<Item = RelPath>) -> Vec<FileId> {
        let mut ids = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        ids.numbers.reserve(paths.len());
        paths.map(|path| ids.number(root, path)).collect()
    }

    pub fn find(&self, root: RootId, path: &RelPath) -> Option<FileId> {
        let ids = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        ids.numbers.get(&(root, path.clone())).copied()
    }

    /// The order of two files by root and path: what breaks ties, since numbers tell only who was met first.
    pub fn order(&self, a: FileId, b: FileId) -> std::cmp::Ordering {
        if a == b {
            return std::cmp::Ordering::Equal;
        }
        let ids = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        ids.paths.get(a.0 as usize).cmp(&ids.paths.get(b.0 as usize))
    }

    pub fn path(&self, file: FileId) -> Option<(RootId, RelPath)> {
        let ids = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        ids.paths.get(file.0 as usize).cloned()
    }
}
