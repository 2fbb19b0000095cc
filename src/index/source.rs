//! Where the bytes of a pack's sections come from. Invariant: what a source gives for a section never changes. Must not
//! know what the sections mean.

use crate::store::pack::{Encoding, LazySection, Pack, PackDraft};
use std::ops::Range;
use std::sync::Arc;

/// Bytes that stay where they are for as long as someone holds them: a map, or a buffer.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Bytes that are checked as far as they are read.
pub trait Ranges: Send + Sync {
    /// A range; `None` outside, or where it is damaged.
    fn range(&self, range: Range<usize>) -> Option<&[u8]>;

    /// Length of all.
    fn length(&self) -> usize;
}

/// A section of which only parts are read.
pub type LazyBytes = Arc<dyn Ranges>;

/// One section of a pack on its way to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub id: u32,
    pub bytes: Vec<u8>,
}

/// Kinds of packs in the store.
pub const FACTS: u32 = 1;
pub const VECTORS: u32 = 2;
/// As facts, of files that live no more.
pub const SPARE: u32 = 3;
/// New stamps of files whose content was found unchanged.
pub const STAMPS: u32 = 4;

/// Sections as the store commits them.
pub fn draft(kind: u32, sections: Vec<Section>) -> PackDraft {
    let add = |draft: PackDraft, it: Section| draft.section(it.id, Encoding::Raw, it.bytes);
    sections.into_iter().fold(PackDraft::new(kind), add)
}

/// A pack to read sections from.
pub trait PackSource: Send + Sync {
    /// The bytes of a section, checked; a message that names the pack where they cannot be had.
    fn section(&self, id: u32) -> Result<Bytes, String>;

    /// The same, checked as far as it is read.
    fn lazy(&self, id: u32) -> Result<LazyBytes, String>;
}

impl PackSource for Arc<Pack> {
    fn section(&self, id: u32) -> Result<Bytes, String> {
        let section = Pack::section(self, id).map_err(|error| error.to_string())?;
        Ok(Arc::new(Held(section)))
    }

    fn lazy(&self, id: u32) -> Result<LazyBytes, String> {
        Ok(Arc::new(Pack::lazy(self, id).map_err(|error| error.to_string())?))
    }
}

/// A section of a pack on disk.
struct Held(crate::store::pack::SectionBytes);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Ranges for LazySection {
    fn range(&self, range: Range<usize>) -> Option<&[u8]> {
        self.get(range).ok()
    }

    fn length(&self) -> usize {
        self.len()
    }
}

/// A pack in memory: what a build gives, before or instead of a file.
pub struct MemoryPack(Vec<(u32, Arc<Vec<u8>>)>);

impl MemoryPack {
    pub fn new(sections: Vec<Section>) -> Self {
        Self(sections.into_iter().map(|it| (it.id, Arc::new(it.bytes))).collect())
    }
}

impl PackSource for MemoryPack {
    fn section(&self, id: u32) -> Result<Bytes, String> {
        Ok(self.find(id)?)
    }

    fn lazy(&self, id: u32) -> Result<LazyBytes, String> {
        Ok(self.find(id)?)
    }
}

impl MemoryPack {
    fn find(&self, id: u32) -> Result<Arc<Vec<u8>>, String> {
        let found = self.0.iter().find(|(it, _)| *it == id);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| format!("a pack in memory lacks section {id}"))
    }
}

impl Ranges for Vec<u8> {
    fn range(&self, range: Range<usize>) -> Option<&[u8]> {
        self.get(range)
    }

    fn length(&self) -> usize {
        self.len()
    }
}
