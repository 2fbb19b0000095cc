//! Reading a pack in place. Invariants: no byte of a section is handed out before its block's checksum was right; a
//! check is remembered; a wrong one marks the pack as damaged for good. Bytes are hostile until checked, and even then
//! only what was written, never what is meant.

use std::ops::{Deref, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::layout::{BLOCK, CHECKSUM, Entry, PackId, checksum, directory, u64_at};
use crate::store::compress;
use crate::store::disk::DiskBytes;
use crate::store::error::StoreError;

/// An open pack. Shared by `Arc`; sections keep it alive.
#[derive(Debug)]
pub struct Pack {
    id: PackId,
    kind: u32,
    bytes: DiskBytes,
    /// Ordered by number.
    entries: Vec<Entry>,
    table_at: usize,
    checksums_at: usize,
    /// One bit a block: its checksum was right.
    checked: Box<[AtomicU64]>,
    damaged: AtomicBool,
}

/// What the table says of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionInfo {
    pub id: u32,
    /// Bytes in the file.
    pub stored: u64,
    /// Bytes when read.
    pub plain: u64,
    pub compressed: bool,
}

impl Pack {
    /// Opens a pack from its bytes; `name` is for messages. Checks header, footer and table, not yet the sections.
    pub fn open(bytes: DiskBytes, name: &str) -> Result<Arc<Self>, StoreError> {
        let it = directory(&bytes, name)?;
        let checked = (0..it.blocks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Ok(Arc::new(Self {
            id: it.id,
            kind: it.kind,
            entries: it.entries,
            table_at: it.table_at,
            checksums_at: it.checksums_at,
            checked,
            damaged: AtomicBool::new(false),
            bytes,
        }))
    }

    pub fn id(&self) -> PackId {
        self.id
    }

    /// The writer's own number.
    pub fn kind(&self) -> u32 {
        self.kind
    }

    /// Bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// All sections, by number.
    pub fn sections(&self) -> impl Iterator<Item = SectionInfo> + '_ {
        self.entries.iter().map(|it| SectionInfo {
            id: it.id,
            stored: it.stored,
            plain: it.plain,
            compressed: it.compressed,
        })
    }

    pub fn has(&self, section: u32) -> bool {
        self.find(section).is_some()
    }

    /// A whole section, checked. Compressed ones are decompressed at each call. For large ones of which little is
    /// touched take `lazy`, which reads (and keeps in memory) only what is asked for.
    pub fn section(self: &Arc<Self>, section: u32) -> Result<SectionBytes, StoreError> {
        let entry = *self.find(section).ok_or_else(|| self.missing(section))?;
        let range = place(&entry);
        let stored = self.checked(range.clone())?;
        if !entry.compressed {
            return Ok(SectionBytes { source: Source::Pack(self.clone()), range });
        }
        // `entries` has checked that the length fits.
        let plain =
            compress::unzstd(stored, entry.plain as usize).map_err(|_| self.mark_damaged("compressed section"))?;
        let range = 0..plain.len();
        Ok(SectionBytes { source: Source::Own(plain.into()), range })
    }

    /// A raw section whose blocks are checked when they are asked for.
    pub fn lazy(self: &Arc<Self>, section: u32) -> Result<LazySection, StoreError> {
        let entry = *self.find(section).ok_or_else(|| self.missing(section))?;
        if entry.compressed {
            return Err(self.missing(section));
        }
        let range = place(&entry);
        Ok(LazySection { pack: self.clone(), start: range.start, len: range.len() })
    }

    /// Whether a checksum was wrong.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Whoever decodes a section and finds nonsense says so: the store sets the pack aside at its next `heal`.
    pub fn mark_damaged(&self, what: &'static str) -> StoreError {
        self.damaged.store(true, Ordering::Relaxed);
        StoreError::Damaged { file: self.id.file_name(), what }
    }

    /// Checks every block of the pack.
    pub fn check_all(&self) -> Result<(), StoreError> {
        self.checked(0..self.table_at).map(|_| ())
    }

    /// Gives the memory of mapped pages back to the system.
    pub fn release_pages(&self) {
        self.bytes.release_pages();
    }

    pub(crate) fn raw(&self) -> &[u8] {
        &self.bytes
    }

    fn find(&self, section: u32) -> Option<&Entry> {
        self.entries.binary_search_by_key(&section, |it| it.id).ok().map(|at| &self.entries[at])
    }

    fn missing(&self, id: u32) -> StoreError {
        StoreError::NoSection { file: self.id.file_name(), id }
    }

    /// The bytes of `range` (which lies before the table), after all blocks that it touches were found right.
    fn checked(&self, range: Range<usize>) -> Result<&[u8], StoreError> {
        if !range.is_empty() {
            for block in range.start / BLOCK..=(range.end - 1) / BLOCK {
                let bit = 1 << (block % 64);
                if self.checked[block / 64].load(Ordering::Acquire) & bit == 0 {
                    self.check_block(block)?;
                    self.checked[block / 64].fetch_or(bit, Ordering::Release);
                }
            }
        }
        Ok(&self.bytes[range])
    }

    #[cold]
    fn check_block(&self, block: usize) -> Result<(), StoreError> {
        let bytes = &self.bytes[block * BLOCK..((block + 1) * BLOCK).min(self.table_at)];
        let wanted = u64_at(&self.bytes, self.checksums_at + block * CHECKSUM);
        if wanted != Some(checksum(bytes, block as u64)) {
            return Err(self.mark_damaged("checksum"));
        }
        Ok(())
    }
}

/// Where a section lies; `layout::directory` has checked that it is inside the file.
fn place(entry: &Entry) -> Range<usize> {
    let start = entry.start as usize;
    start..start + entry.stored as usize
}

/// A checked section: cheap to clone, keeps its pack alive, aligned to 64 bytes where it is raw.
#[derive(Clone, Debug)]
pub struct SectionBytes {
    source: Source,
    range: Range<usize>,
}

#[derive(Clone, Debug)]
enum Source {
    Pack(Arc<Pack>),
    Own(Arc<Vec<u8>>),
}

impl Deref for SectionBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.source {
            Source::Pack(pack) => &pack.bytes[self.range.clone()],
            Source::Own(bytes) => &bytes[self.range.clone()],
        }
    }
}

impl From<Vec<u8>> for SectionBytes {
    /// A section that lies in no pack: overlays and tests.
    fn from(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { source: Source::Own(bytes.into()), range }
    }
}

/// A raw section that is checked block by block, where it is touched.
#[derive(Clone, Debug)]
pub struct LazySection {
    pack: Arc<Pack>,
    start: usize,
    len: usize,
}

impl LazySection {
    /// Bytes of the section.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A part of it; one that leaves the section is an error, since only a damaged offset asks for it.
    pub fn get(&self, range: Range<usize>) -> Result<&[u8], StoreError> {
        if range.start > range.end || range.end > self.len {
            return Err(self.pack.mark_damaged("offset"));
        }
        self.pack.checked(self.start + range.start..self.start + range.end)
    }

    /// All of it.
    pub fn all(&self) -> Result<&[u8], StoreError> {
        self.get(0..self.len)
    }
}
