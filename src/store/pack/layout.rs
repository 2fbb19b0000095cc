//! Every byte of a pack. Invariants: all numbers are little-endian; every length is checked against the file before it
//! is used; unknown formats are refused, not guessed. `docs/FORMAT.md` tells the same in prose.
//!
//! ```text
//! header      64 bytes   at 0
//! sections               each at a multiple of 64; zeros between them
//! table       32 bytes a section, at the footer's `table`, a multiple of 64, ordered by place in the file
//! checksums    8 bytes a block of 64 KiB of what is before the table: XXH3-64, seeded with the block's number
//! footer      64 bytes   at the end
//! ```

use crate::base::hash::Key;
use crate::store::error::StoreError;

/// Version of packs and manifests. It is part of the directory's name: another version is another directory.
pub const FORMAT: u32 = 1;
/// Bytes under one checksum.
pub const BLOCK: usize = 64 * 1024;
/// Sections start at multiples of this.
pub const ALIGNMENT: u64 = 64;
/// More sections than this no pack has.
pub const MAX_SECTIONS: usize = 4096;

// Header
// | at | bytes | what |
// |---|---|---|
// | 0 | 8 | magic |
// | 8 | 4 | format |
// | 12 | 4 | kind, the writer's own |
// | 16 | 48 | zeros |
pub(super) const HEADER: usize = 64;
pub(super) const HEADER_MAGIC: [u8; 8] = *b"PRTLPACK";

// Section table, one entry
// | at | bytes | what |
// |---|---|---|
// | 0 | 4 | number of the section, unique in the pack |
// | 4 | 1 | encoding: 0 raw, 1 zstd |
// | 5 | 3 | zeros |
// | 8 | 8 | where it starts, from the start of the file |
// | 16 | 8 | bytes in the file |
// | 24 | 8 | bytes when decompressed (raw: the same) |
pub(super) const ENTRY: usize = 32;

// Checksum of one block
// | at | bytes | what |
// |---|---|---|
// | 0 | 8 | XXH3-64 of the block, seeded with its number; the last block may be shorter |
pub(super) const CHECKSUM: usize = 8;

// Footer
// | at | bytes | what |
// |---|---|---|
// | 0 | 8 | where the table starts |
// | 8 | 4 | sections |
// | 12 | 4 | blocks |
// | 16 | 4 | format |
// | 20 | 4 | kind, as in the header |
// | 24 | 16 | pack id: BLAKE3 over table, checksums and the footer up to here, first 16 bytes |
// | 40 | 16 | zeros |
// | 56 | 8 | magic |
pub(super) const FOOTER: usize = 64;
pub(super) const FOOTER_HASHED: usize = 24;
pub(super) const FOOTER_MAGIC: [u8; 8] = *b"PRTLENDS";

/// The name of a pack: a hash of all its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackId(pub [u8; 16]);

impl PackId {
    pub(super) fn of(table: &[u8], checksums: &[u8], footer: &[u8]) -> Self {
        Self(Key::of("pack", &[table, checksums, footer]).0)
    }

    /// Name of its file in the store's directory.
    pub fn file_name(self) -> String {
        format!("p-{}.pack", Key(self.0).to_hex())
    }
}

/// One section's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub id: u32,
    pub compressed: bool,
    pub start: u64,
    pub stored: u64,
    pub plain: u64,
}

impl Entry {
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&[u8::from(self.compressed), 0, 0, 0]);
        for number in [self.start, self.stored, self.plain] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let compressed = match bytes.get(4..8)? {
            [0, 0, 0, 0] => false,
            [1, 0, 0, 0] => true,
            _ => return None,
        };
        let [start, stored, plain] = [u64_at(bytes, 8)?, u64_at(bytes, 16)?, u64_at(bytes, 24)?];
        Some(Self { id: u32_at(bytes, 0)?, compressed, start, stored, plain })
    }
}

/// What the end of a pack tells, all of it checked against the file's length and the id.
#[derive(Debug)]
pub(super) struct Directory {
    pub id: PackId,
    pub kind: u32,
    pub entries: Vec<Entry>,
    /// Where sections end and the table starts.
    pub table_at: usize,
    pub checksums_at: usize,
    pub blocks: usize,
}

/// Reads the directory of a pack; `name` is for the message.
pub(super) fn directory(bytes: &[u8], name: &str) -> Result<Directory, StoreError> {
    let bad = |what| StoreError::damaged(name, what);
    if bytes.len() < HEADER + FOOTER {
        return Err(bad("too short"));
    }
    let (head, footer) = (&bytes[..HEADER], &bytes[bytes.len() - FOOTER..]);
    if head[..8] != HEADER_MAGIC || footer[56..] != FOOTER_MAGIC {
        return Err(bad("no pack"));
    }
    let number = |at| u32_at(footer, at).ok_or(bad("footer"));
    let (sections, blocks, format, kind) = (number(8)? as usize, number(12)? as usize, number(16)?, number(20)?);
    if format != FORMAT || u32_at(head, 8) != Some(FORMAT) {
        return Err(StoreError::Format { file: name.to_owned(), found: format, wanted: FORMAT });
    }
    let table_at = u64_at(footer, 0).and_then(|it| usize::try_from(it).ok()).ok_or(bad("footer"))?;
    // With the number of sections bounded and the table inside the file, none of these sums can overflow.
    if sections > MAX_SECTIONS || table_at < HEADER || table_at > bytes.len() || blocks != table_at.div_ceil(BLOCK) {
        return Err(bad("footer"));
    }
    let checksums_at = table_at + sections * ENTRY;
    let footer_at = checksums_at + blocks * CHECKSUM;
    if footer_at + FOOTER != bytes.len() {
        return Err(bad("length"));
    }
    let (table, checksums) = (&bytes[table_at..checksums_at], &bytes[checksums_at..footer_at]);
    let id = PackId::of(table, checksums, &footer[..FOOTER_HASHED]);
    if footer[24..40] != id.0 || footer[40..56] != [0; 16] {
        return Err(bad("table"));
    }
    if u32_at(head, 12) != Some(kind) || head[16..] != [0; 48] {
        return Err(bad("header"));
    }
    let entries = entries(table, table_at).ok_or(bad("table"))?;
    Ok(Directory { id, kind, entries, table_at, checksums_at, blocks })
}

/// The table's entries, ordered by number; `None` where one overlaps another or leaves the sections' part of the file.
fn entries(table: &[u8], end: usize) -> Option<Vec<Entry>> {
    let mut free_from = HEADER as u64;
    let mut out = Vec::with_capacity(table.len() / ENTRY);
    for bytes in table.chunks_exact(ENTRY) {
        let it = Entry::read(bytes)?;
        let after = it.start.checked_add(it.stored)?;
        if it.start % ALIGNMENT != 0 || it.start < free_from || after > end as u64 {
            return None;
        }
        if !it.compressed && it.plain != it.stored || usize::try_from(it.plain).is_err() {
            return None;
        }
        free_from = after;
        out.push(it);
    }
    out.sort_by_key(|it| it.id);
    let unique = out.windows(2).all(|it| it[0].id != it[1].id);
    unique.then_some(out)
}

/// The checksum of block `number`.
pub(super) fn checksum(block: &[u8], number: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(block, number)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
