//! An immutable view of one generation: packs, open documents, vectors. Invariant: everything that it answers comes from
//! live files only, and does not change. Must not know who makes it (`apply`) nor the protocol.

mod cache;
mod known;
mod query;
mod state;

pub use super::names::NameMatch;
pub use cache::{Chunks, FactsCache, FewFacts, LastChunk, Load, Reading};
pub use known::KnownFile;
pub use query::Unembedded;
pub use state::{Body, FileIds, Location, Locations, PackState, SpareState, StampsState, VectorRef, VectorState};

use super::traits::Traits;
use super::view::Stored;
use crate::base::hash::Key;
use crate::base::ids::{FileId, Generation, RootId};
use crate::base::paths::RelPath;
use crate::base::span::Span;
use crate::facts::{Facts, SymbolKind};
use crate::index::view::PackView;
use crate::store::pack::PackId;
use std::sync::Arc;

/// How much of the workspace an answer has seen, per stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Every root has been walked to its end.
    pub walked: bool,
    /// Files that the walk has found so far.
    pub files_known: u64,
    /// Files with facts and words, or with a reason why not.
    pub files_done: u64,
    pub passages: u64,
    /// Passages with a vector, or of texts too long to get one.
    pub vectors: u64,
    /// Changes on disk that were heard of and not yet looked at.
    pub changes: u64,
}

impl Completeness {
    /// Every file is there with its names and words, or with the reason why not.
    pub fn is_indexed(&self) -> bool {
        self.walked && self.files_done >= self.files_known && self.changes == 0
    }

    /// All is walked, indexed and embedded.
    pub fn is_whole(&self) -> bool {
        self.is_indexed() && self.vectors >= self.passages
    }
}

/// The facts of one segment, placed in its file.
#[derive(Clone, Debug)]
pub struct FileSegment {
    /// In the file.
    pub span: Span,
    /// First line in the file.
    pub line: u32,
    pub key: Key,
    pub facts: Arc<Facts>,
}

/// The facts of one file, segment by segment.
#[derive(Clone, Debug, Default)]
pub struct FileFacts {
    pub segments: Vec<FileSegment>,
}

impl FileFacts {
    /// The segment that holds a byte offset of the file (the last one that starts at or before it).
    pub fn segment_at(&self, offset: u32) -> Option<&FileSegment> {
        let at = self.segments.partition_point(|it| it.span.start <= offset);
        self.segments.get(at.checked_sub(1)?)
    }
}

/// A passage in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassageId {
    pub(crate) slot: u32,
    pub(crate) ordinal: u32,
}

/// What a passage's row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassageInfo {
    pub file: FileId,
    /// In the file.
    pub span: Span,
    /// First and last line in the file, zero-based.
    pub lines: (u32, u32),
    /// The segment's position in its file.
    pub segment: u32,
    /// Its position among the passages of that segment.
    pub index: u32,
    /// Its symbol in that segment's facts.
    pub symbol: Option<u32>,
    /// Terms counted with repetition.
    pub terms: u32,
    pub prose: bool,
    /// Of its file; a test within any file is a test.
    pub traits: Traits,
}

/// A declared symbol that is no local.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolHit {
    pub file: FileId,
    pub name: String,
    pub kind: SymbolKind,
    /// Line in the file and column in bytes of the name.
    pub line: u32,
    pub column: u32,
    /// Bytes and UTF-16 units differ on its line: make positions from the facts.
    pub wide: bool,
    pub flags: crate::facts::SymbolFlags,
    pub visibility: u8,
    pub container: Option<String>,
    /// The segment's position in its file, and the symbol's in that segment's facts (none: the file itself).
    pub segment: u32,
    pub index: Option<u32>,
    pub traits: Traits,
}

/// An immutable view of the index. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot(pub(crate) Arc<Inner>, pub(crate) Reading);

#[derive(Clone)]
pub(crate) struct Inner {
    pub generation: Generation,
    pub packs: Vec<Option<Arc<PackState>>>,
    pub vectors: Vec<Option<Arc<VectorState>>>,
    /// Asked by content alone.
    pub spares: Vec<Arc<SpareState>>,
    /// Oldest first.
    pub stamps: Vec<Arc<StampsState>>,
    pub locations: Locations,
    pub ids: Arc<FileIds>,
    pub cache: Arc<dyn FactsCache>,
    pub completeness: Completeness,
    pub model: Arc<[u8]>,
}

impl Snapshot {
    /// A snapshot of nothing.
    pub fn empty() -> Self {
        super::apply::Builder::new(Arc::new(FewFacts::default())).publish()
    }

    pub fn generation(&self) -> Generation {
        self.0.generation
    }

    pub fn completeness(&self) -> Completeness {
        self.0.completeness
    }

    /// The same, knowing of so many changes on disk that it does not hold.
    #[must_use]
    pub fn behind(self, changes: u64) -> Self {
        if changes == self.0.completeness.changes {
            return self;
        }
        let mut inner = Inner::clone(&self.0);
        inner.completeness.changes = changes;
        Self(Arc::new(inner), self.1)
    }

    /// The file at a path, if it is known and alive.
    pub fn file(&self, root: RootId, path: &RelPath) -> Option<FileId> {
        let id = self.0.ids.find(root, path)?;
        self.locate(id).map(|_| id)
    }

    /// Root and path of a file; they never change, even when the file is gone.
    pub fn path(&self, file: FileId) -> Option<(RootId, RelPath)> {
        self.0.ids.path(file)
    }

    /// The language's id; empty where the file is gone.
    pub fn lang(&self, file: FileId) -> &str {
        match self.locate(file) {
            Some((state, ordinal)) => match &state.body {
                Body::Stored(view) => view.files().lang(ordinal),
                Body::Open(it) => it.lang(),
            },
            None => "",
        }
    }

    /// What the path, and the header of the text, tell.
    pub fn traits(&self, file: FileId) -> Traits {
        match self.locate(file) {
            Some((state, ordinal)) => match &state.body {
                Body::Stored(view) => view.files().traits(ordinal),
                Body::Open(it) => it.traits(),
            },
            None => Traits::default(),
        }
    }

    /// Whether the file is an open document here: its facts are in offsets of the document's text.
    pub fn is_open(&self, file: FileId) -> bool {
        self.locate(file).is_some_and(|(state, _)| matches!(state.body, Body::Open(_)))
    }

    /// The text of an open document, as its facts count on it.
    pub fn open_text(&self, file: FileId) -> Option<Arc<str>> {
        match &self.locate(file)?.0.body {
            Body::Open(it) => Some(it.text().clone()),
            Body::Stored(_) => None,
        }
    }

    /// This index with an open document's facts as `other` has them; its vectors are left out. As it is, where the document
    /// is not open in both.
    pub fn with_document_of(&self, other: &Self, file: FileId) -> Self {
        let (Some(here), Some((theirs, _))) = (self.0.locations.live(file), other.locate(file)) else {
            return self.clone();
        };
        if !self.is_open(file) || !other.is_open(file) {
            return self.clone();
        }
        let vectors = Arc::new(vec![VectorRef::NONE; theirs.vectors.len()]);
        let mut inner = Inner::clone(&self.0);
        inner.packs[here.slot as usize] =
            Some(Arc::new(PackState { vectors, live_vectors: 0, ..PackState::clone(theirs) }));
        Self(Arc::new(inner), self.1)
    }

    /// The same, read for another reason than that somebody asks now.
    pub fn reading(&self, reading: Reading) -> Self {
        Self(self.0.clone(), reading)
    }

    /// What the index keeps about the file on disk, also where the file is open; its stamp is the last one under which it
    /// was found to have the same content.
    pub fn stored(&self, file: FileId) -> Option<Stored> {
        let location = self.0.locations.stored(file)?;
        let state = self.0.packs.get(location.slot as usize)?.as_ref()?;
        let Body::Stored(view) = &state.body else { return None };
        let at = location.ordinal as usize;
        let stamps = self.0.stamps.iter().filter(|it| it.root == state.root);
        let mut it = view.files().stored(at);
        it.meta = known::newest_stamp(stamps, view, at).map_or(it.meta, |(_, meta)| meta);
        Some(it)
    }

    /// All live files of a root (indexed and skipped), in no order.
    pub fn files(&self, root: RootId) -> Vec<FileId> {
        let packs = self.packs().filter(|(_, it)| it.root == root);
        packs
            .flat_map(|(_, it)| {
                let live = it.file_ids.iter().enumerate().filter(|(at, _)| !it.dead_files.has(*at));
                live.map(|(_, id)| *id).collect::<Vec<_>>()
            })
            .collect()
    }

    /// The live files of a root whose record on disk has this state (`FileState::Skipped`'s code), in no order; only that
    /// column is read.
    pub fn files_skipped_as(&self, root: RootId, code: u8) -> Vec<FileId> {
        let mut out = Vec::new();
        for (_, state) in self.packs().filter(|(_, it)| it.root == root) {
            let Body::Stored(view) = &state.body else { continue };
            let files = view.files();
            let found = |at: &usize| files.state(*at) == code && !state.dead_files.has(*at);
            out.extend((0..files.len()).filter(found).filter_map(|at| state.file_ids.get(at)));
        }
        out
    }

    /// Where the segments of the file on disk lie, with their keys; nothing is decoded.
    pub fn stored_segments(&self, file: FileId) -> Vec<(Span, Key)> {
        let Some(location) = self.0.locations.stored(file) else { return Vec::new() };
        let Some(Some(state)) = self.0.packs.get(location.slot as usize) else { return Vec::new() };
        let Body::Stored(view) = &state.body else { return Vec::new() };
        let files = view.files();
        files.segments_of(location.ordinal as usize).map(|it| (files.segment_place(it).0, files.key(it))).collect()
    }

    /// The files at and beneath a path of a root that the index knows on disk (indexed and skipped), in no order.
    pub fn stored_beneath(&self, root: RootId, top: &RelPath) -> Vec<FileId> {
        let mut out = Vec::new();
        for (slot, state) in self.packs().filter(|(_, it)| it.root == root) {
            let Body::Stored(view) = &state.body else { continue };
            out.extend(view.files().beneath(top).filter_map(|ordinal| {
                let here = Location { slot: slot as u32, ordinal: ordinal as u32 };
                let file = *state.file_ids.get(ordinal)?;
                (self.0.locations.stored(file) == Some(here)).then_some(file)
            }));
        }
        out
    }

    /// A file's facts, decoded (through the cache). `None` where it is gone, skipped or cannot be read.
    pub fn facts(&self, file: FileId) -> Option<Arc<FileFacts>> {
        let (view, ordinal) = match self.place_of_facts(file)? {
            Ok(open) => return Some(open.clone()),
            Err(stored) => stored,
        };
        let segments = view.files().segments_of(ordinal).map(|segment| self.stored_segment(view, ordinal, segment));
        Some(Arc::new(FileFacts { segments: segments.collect::<Option<_>>()? }))
    }

    /// One segment of it, by its position in the file: the others need not be decoded.
    pub fn segment(&self, file: FileId, position: u32) -> Option<FileSegment> {
        match self.place_of_facts(file)? {
            Ok(open) => open.segments.get(position as usize).cloned(),
            Err((view, ordinal)) => {
                let segment = view.files().segments_of(ordinal).nth(position as usize)?;
                self.stored_segment(view, ordinal, segment)
            }
        }
    }

    /// The facts of an open document, or the pack that holds those of a file and the file's position in it.
    fn place_of_facts(&self, file: FileId) -> Option<Result<&Arc<FileFacts>, (&PackView, usize)>> {
        let (state, ordinal) = self.locate(file)?;
        match &state.body {
            Body::Open(it) => Some(Ok(it.facts())),
            Body::Stored(view) => view.files().is_indexed(ordinal).then_some(Err((view, ordinal))),
        }
    }

    fn stored_segment(&self, view: &PackView, file: usize, segment: usize) -> Option<FileSegment> {
        let (span, line) = view.files().segment_place(segment);
        let key = view.files().key(segment);
        let load = &mut |chunks: &dyn Chunks| view.facts(segment, chunks);
        let facts = self.0.cache.facts(key, view.files().lang(file), self.1, load)?;
        Some(FileSegment { span, line, key, facts })
    }

    /// What was found unreadable so far, by pack id: those packs should be set aside and rebuilt.
    pub fn faults(&self) -> Vec<(PackId, String)> {
        let stored = self.packs().filter_map(|(_, it)| match &it.body {
            Body::Stored(view) => Some((it.id, view.fault()?)),
            Body::Open(_) => None,
        });
        let spares = self.0.spares.iter().filter_map(|it| Some((it.id, it.view.fault()?)));
        stored.chain(spares).collect()
    }

    /// Occupied slots.
    pub(crate) fn packs(&self) -> impl Iterator<Item = (usize, &Arc<PackState>)> {
        self.0.packs.iter().enumerate().filter_map(|(slot, it)| Some((slot, it.as_ref()?)))
    }

    /// The live place of a file.
    pub(crate) fn locate(&self, file: FileId) -> Option<(&Arc<PackState>, usize)> {
        let location = self.0.locations.live(file)?;
        Some((self.0.packs.get(location.slot as usize)?.as_ref()?, location.ordinal as usize))
    }
}
