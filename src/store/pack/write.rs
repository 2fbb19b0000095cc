//! Writing a pack from its start to its end. Invariant: nothing is written twice, so any file that only grows will do;
//! equal sections in equal order give an equal pack (and id). Must not know where the bytes go.

use std::io;

use xxhash_rust::xxh3::Xxh3;

use super::layout::{ALIGNMENT, BLOCK, Entry, FOOTER_MAGIC, FORMAT, HEADER, HEADER_MAGIC, MAX_SECTIONS, PackId};
use crate::base::failpoint;
use crate::store::compress;
use crate::store::disk::DiskFile;
use crate::store::error::StoreError;

/// How a section lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is, aligned, read in place.
    Raw,
    /// By zstd, decompressed whole at each `Pack::section`.
    Zstd,
}

/// A pack to be committed: its kind (the writer's own number) and its sections in order.
#[derive(Clone, Debug, Default)]
pub struct PackDraft {
    pub kind: u32,
    pub sections: Vec<(u32, Encoding, Vec<u8>)>,
}

impl PackDraft {
    /// A draft without sections.
    pub fn new(kind: u32) -> Self {
        Self { kind, sections: Vec::new() }
    }

    /// Adds a section.
    pub fn section(mut self, id: u32, encoding: Encoding, bytes: Vec<u8>) -> Self {
        self.sections.push((id, encoding, bytes));
        self
    }

    /// Writes all sections to `sink`.
    pub fn write(&self, sink: Box<dyn DiskFile>) -> Result<WrittenPack, StoreError> {
        let mut writer = PackWriter::new(self.kind, sink)?;
        for (id, encoding, bytes) in &self.sections {
            writer.section(*id, *encoding, bytes)?;
        }
        writer.finish()
    }
}

/// A finished pack, not yet synced.
pub struct WrittenPack {
    pub id: PackId,
    pub kind: u32,
    /// Bytes of the whole file.
    pub len: u64,
    pub(crate) file: Box<dyn DiskFile>,
}

/// Writes one pack.
pub struct PackWriter {
    sink: Box<dyn DiskFile>,
    /// Small writes are gathered here.
    waiting: Vec<u8>,
    kind: u32,
    at: u64,
    entries: Vec<Entry>,
    checksums: Vec<u8>,
    block: Xxh3,
}

const GATHER: usize = 256 * 1024;

impl PackWriter {
    /// Begins a pack of the writer's own `kind` in an empty file.
    pub fn new(kind: u32, sink: Box<dyn DiskFile>) -> Result<Self, StoreError> {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&HEADER_MAGIC);
        header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        header[12..16].copy_from_slice(&kind.to_le_bytes());
        let block = Xxh3::with_seed(0);
        let (entries, checksums) = (Vec::new(), Vec::new());
        let mut it = Self { sink, waiting: Vec::new(), kind, at: 0, entries, checksums, block };
        it.put(&header)?;
        Ok(it)
    }

    /// Adds a whole section; numbers are unique in a pack.
    pub fn section(&mut self, id: u32, encoding: Encoding, bytes: &[u8]) -> Result<(), StoreError> {
        match encoding {
            Encoding::Raw => {
                self.begin(id)?;
                self.append(bytes)
            }
            Encoding::Zstd => {
                let packed = compress::zstd(bytes, compress::ZSTD_LEVEL)?;
                self.begin(id)?;
                self.append(&packed)?;
                if let Some(entry) = self.entries.last_mut() {
                    entry.compressed = true;
                    entry.plain = bytes.len() as u64;
                }
                Ok(())
            }
        }
    }

    /// Begins a raw section that `append` fills: for what is too large to hold in memory.
    pub fn begin(&mut self, id: u32) -> Result<(), StoreError> {
        if self.entries.len() >= MAX_SECTIONS || self.entries.iter().any(|it| it.id == id) {
            return Err(StoreError::TooLarge { what: "a further section" });
        }
        self.pad()?;
        self.entries.push(Entry { id, compressed: false, start: self.at, stored: 0, plain: 0 });
        Ok(())
    }

    /// Adds to the section begun last.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let Some(entry) = self.entries.last_mut() else {
            return Err(StoreError::TooLarge { what: "data before the first section" });
        };
        entry.stored += bytes.len() as u64;
        entry.plain = entry.stored;
        self.put(bytes)
    }

    /// Writes table, checksums and footer.
    pub fn finish(mut self) -> Result<WrittenPack, StoreError> {
        self.pad()?;
        let table_at = self.at;
        if !table_at.is_multiple_of(BLOCK as u64) {
            self.checksums.extend_from_slice(&self.block.digest().to_le_bytes());
        }
        let mut table = Vec::new();
        for entry in &self.entries {
            entry.write(&mut table);
        }
        let blocks = u32::try_from(self.checksums.len() / 8).map_err(|_| StoreError::TooLarge { what: "a pack" })?;
        let mut footer = Vec::new();
        footer.extend_from_slice(&table_at.to_le_bytes());
        // `begin` has bounded the number of sections.
        for number in [self.entries.len() as u32, blocks, FORMAT, self.kind] {
            footer.extend_from_slice(&number.to_le_bytes());
        }
        let id = PackId::of(&table, &self.checksums, &footer);
        footer.extend_from_slice(&id.0);
        footer.extend_from_slice(&[0; 16]);
        footer.extend_from_slice(&FOOTER_MAGIC);
        let len = table_at + (table.len() + self.checksums.len() + footer.len()) as u64;
        let checksums = std::mem::take(&mut self.checksums);
        self.send(&table)?;
        failpoint::hit("pack.half_written");
        self.send(&checksums)?;
        self.send(&footer)?;
        self.sink.append(&self.waiting)?;
        Ok(WrittenPack { id, kind: self.kind, len, file: self.sink })
    }

    fn pad(&mut self) -> Result<(), StoreError> {
        let past = (self.at % ALIGNMENT) as usize;
        if past == 0 {
            return Ok(());
        }
        self.put(&[0; ALIGNMENT as usize][past..])
    }

    /// Writes bytes that lie under block checksums.
    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = BLOCK - (self.at % BLOCK as u64) as usize;
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.block.update(now);
            self.at += now.len() as u64;
            if now.len() == room {
                self.checksums.extend_from_slice(&self.block.digest().to_le_bytes());
                self.block = Xxh3::with_seed(self.at / BLOCK as u64);
            }
            rest = later;
        }
        Ok(self.send(bytes)?)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.waiting.len() + bytes.len() > GATHER {
            self.sink.append(&self.waiting)?;
            self.waiting.clear();
        }
        if bytes.len() > GATHER {
            return self.sink.append(bytes);
        }
        self.waiting.extend_from_slice(bytes);
        Ok(())
    }
}
