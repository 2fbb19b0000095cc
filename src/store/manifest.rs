//! The manifest: the ordered list of packs that is a generation. Invariants: replaced as a whole by rename; every byte is
//! under one BLAKE3; names each pack by the hash of its content. The first fields, up to the root's path, stay where
//! they are in every format, so that any version can list what lies in the cache. Must not know what packs hold.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::error::StoreError;
use super::pack::{FORMAT, PackId};
use crate::base::hash::Key;

/// Its name in the store's directory.
pub const MANIFEST: &str = "manifest";
/// More packs than this no generation has: merging comes long before.
pub const MAX_PACKS: usize = 4096;
/// Longest note of the writer.
pub const MAX_EXTRA: usize = 16 << 20;
const MAX_ROOT: usize = 64 << 10;
/// Largest file that can be a manifest.
pub const MAX_MANIFEST: u64 = (HEAD + MAX_ROOT + MAX_PACKS * ENTRY + MAX_EXTRA + HASH) as u64;

// Manifest
// | at | bytes | what |
// |---|---|---|
// | 0 | 8 | magic |
// | 8 | 4 | format |
// | 12 | 4 | bytes of the root's path, R |
// | 16 | 8 | generation |
// | 24 | 8 | when it was written, nanoseconds since 1970 |
// | 32 | 4 | packs, P |
// | 36 | 4 | bytes of the note, N |
// | 40 | 24 | zeros |
// | 64 | R | the root's path, raw bytes |
// | | 32 P | packs, oldest first |
// | | N | the writer's note |
// | | 32 | BLAKE3 of all before |
const MAGIC: [u8; 8] = *b"PRTLMANI";
const HEAD: usize = 64;
const HASH: usize = 32;

// One pack
// | at | bytes | what |
// |---|---|---|
// | 0 | 16 | pack id |
// | 16 | 8 | bytes of the file |
// | 24 | 4 | kind |
// | 28 | 4 | zeros |
const ENTRY: usize = 32;

/// One generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Grows by one with each commit; 0 is the empty beginning.
    pub generation: u64,
    /// Nanoseconds since 1970.
    pub written_ns: i64,
    /// Path of the root, raw bytes.
    pub root: Vec<u8>,
    /// Oldest first: later packs shadow earlier ones.
    pub packs: Vec<PackEntry>,
    /// What the writer wants to know again at the next start.
    pub extra: Vec<u8>,
}

/// A pack of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackEntry {
    pub id: PackId,
    pub len: u64,
    pub kind: u32,
}

impl Manifest {
    /// The root it belongs to.
    pub fn root_path(&self) -> PathBuf {
        PathBuf::from(OsStr::from_bytes(&self.root))
    }

    pub fn encode(&self) -> Result<Vec<u8>, StoreError> {
        if self.root.len() > MAX_ROOT || self.packs.len() > MAX_PACKS || self.extra.len() > MAX_EXTRA {
            return Err(StoreError::TooLarge { what: "the manifest" });
        }
        let mut out = Vec::with_capacity(HEAD + self.root.len() + self.packs.len() * ENTRY + self.extra.len() + HASH);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&(self.root.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
        out.extend_from_slice(&self.written_ns.to_le_bytes());
        out.extend_from_slice(&(self.packs.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.extra.len() as u32).to_le_bytes());
        out.resize(HEAD, 0);
        out.extend_from_slice(&self.root);
        for pack in &self.packs {
            out.extend_from_slice(&pack.id.0);
            out.extend_from_slice(&pack.len.to_le_bytes());
            out.extend_from_slice(&pack.kind.to_le_bytes());
            out.extend_from_slice(&[0; 4]);
        }
        out.extend_from_slice(&self.extra);
        let hash = crate::base::hash::ContentHash::of(&out);
        out.extend_from_slice(&hash.0);
        Ok(out)
    }

    /// Reads what `encode` has made; `name` is for messages.
    pub fn decode(bytes: &[u8], name: &str) -> Result<Self, StoreError> {
        let bad = |what| StoreError::damaged(name, what);
        let format = format_of(bytes).ok_or(bad("no manifest"))?;
        if format != FORMAT {
            return Err(StoreError::Format { file: name.to_owned(), found: format, wanted: FORMAT });
        }
        let mut reader = Reader(bytes);
        let mut part = |count| reader.take(count).ok_or(bad("length"));
        let head = part(HEAD)?;
        let [root, packs, extra] = [12, 32, 36].map(|at| number(head, at) as usize);
        if root > MAX_ROOT || packs > MAX_PACKS || extra > MAX_EXTRA || head[40..] != [0; 24] {
            return Err(bad("header"));
        }
        let (root, table, extra) = (part(root)?, part(packs * ENTRY)?, part(extra)?);
        let hash = part(HASH)?;
        let hashed = &bytes[..bytes.len() - reader.0.len() - HASH];
        if !reader.0.is_empty() || crate::base::hash::ContentHash::of(hashed).0 != hash {
            return Err(bad("checksum"));
        }
        let packs = table.chunks_exact(ENTRY).map(PackEntry::decode).collect::<Option<_>>().ok_or(bad("table"))?;
        Ok(Self {
            generation: long_number(head, 16),
            written_ns: long_number(head, 24) as i64,
            root: root.to_vec(),
            packs,
            extra: extra.to_vec(),
        })
    }
}

impl PackEntry {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let id = PackId(bytes.get(..16)?.try_into().ok()?);
        Some(Self { id, len: long_number(bytes, 16), kind: number(bytes, 24) })
    }
}

/// The format of a manifest of any version; `None` where it is none.
pub fn format_of(bytes: &[u8]) -> Option<u32> {
    (bytes.len() >= HEAD && bytes[..8] == MAGIC).then(|| number(bytes, 8))
}

/// The root's path in a manifest of any version, unchecked: for listings alone.
pub fn root_of(bytes: &[u8]) -> Option<PathBuf> {
    format_of(bytes)?;
    let root = bytes.get(HEAD..HEAD + (number(bytes, 12) as usize).min(MAX_ROOT))?;
    Some(PathBuf::from(OsStr::from_bytes(root)))
}

/// A hash of the settings that shape an index, for its directory's name.
pub fn shape(settings: &[(&str, &str)]) -> Key {
    let parts: Vec<&[u8]> = settings.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).collect();
    Key::of("settings", &parts)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(part)
    }
}

/// The caller has checked that the bytes are there.
fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn long_number(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|it| it.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Manifest {
        let pack = |n: u8| PackEntry { id: PackId([n; 16]), len: u64::from(n) << 30, kind: u32::from(n) };
        Manifest {
            generation: 42,
            written_ns: -5,
            root: b"/home/\xff/x".to_vec(),
            packs: vec![pack(3), pack(1)],
            extra: b"note".to_vec(),
        }
    }

    #[test]
    fn comes_back_and_tells_its_root_in_any_format() {
        let mut bytes = sample().encode().unwrap();
        assert_eq!(Manifest::decode(&bytes, "m").unwrap(), sample());
        bytes[8] = 99;
        assert!(matches!(Manifest::decode(&bytes, "m"), Err(StoreError::Format { found: 99, .. })));
        assert_eq!(root_of(&bytes), Some(sample().root_path()));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let bytes = sample().encode().unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut spoilt = bytes.clone();
                spoilt[at] ^= 1 << bit;
                assert!(Manifest::decode(&spoilt, "m").is_err(), "{at} {bit}");
            }
            assert!(Manifest::decode(&bytes[..at], "m").is_err(), "{at}");
        }
        assert!(Manifest::decode(&[&bytes[..], &[0]].concat(), "m").is_err());
    }

    #[test]
    fn too_much_is_refused_before_it_is_written() {
        let huge = Manifest { extra: vec![0; MAX_EXTRA + 1], ..sample() };
        assert!(huge.encode().is_err());
        assert!(sample().encode().unwrap().len() as u64 <= MAX_MANIFEST);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_manifest(mut bytes in any::<Vec<u8>>(), magic in any::<bool>()) {
            if magic && bytes.len() > 12 {
                bytes[..8].copy_from_slice(&MAGIC);
                bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
            }
            prop_assert!(Manifest::decode(&bytes, "m").is_err());
            let _ = root_of(&bytes);
        }
    }
}
