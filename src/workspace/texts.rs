//! Texts of closed files, for those who show or weigh them. Invariant: a text is shown only where it is what was indexed and
//! the file has not changed since it was read: each look asks for the file's stamp. Must not know who shows it.

use std::sync::Arc;

use super::roots::Root;
use crate::base::hash::{ContentHash, Key};
use crate::base::os::stamp::now_ns;
use crate::base::os::{EntryKind, FileStamp};
use crate::base::paths::RelPath;
use crate::index::tiered::TieredFacts;
use crate::text::decode::{Decoded, decode};

/// Larger files are not read for what is shown of them.
const MOST: u64 = 16 << 20;

/// The text of the file at `path`, where it is still the one with the hash `indexed`.
pub(super) fn text_of(
    cache: &TieredFacts,
    root: &Root,
    path: &RelPath,
    lang: &str,
    indexed: ContentHash,
) -> Option<Arc<str>> {
    let (stamp, kind) = root.dir.stat(path).ok()?;
    if kind != EntryKind::File || stamp.size > MOST {
        return None;
    }
    // A stamp that is too young proves nothing: what is read under it is shown once.
    if !stamp.is_settled(now_ns()) {
        return read(root, path, indexed).map(|it| it.0);
    }
    cache.text(key(&stamp, indexed), lang, &mut || {
        let (text, read_under) = read(root, path, indexed)?;
        (read_under == stamp).then_some(text)
    })
}

/// Names one state of one file.
fn key(stamp: &FileStamp, indexed: ContentHash) -> Key {
    let mut numbers = [0; 40];
    let all = [stamp.size, stamp.mtime_ns as u64, stamp.ctime_ns as u64, stamp.inode, stamp.device];
    for (place, number) in numbers.chunks_exact_mut(8).zip(all) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    Key::of("text", &[&indexed.0, &numbers])
}

fn read(root: &Root, path: &RelPath, indexed: ContentHash) -> Option<(Arc<str>, FileStamp)> {
    let (bytes, stamp) = root.dir.read(path, MOST).ok()?;
    if ContentHash::of(&bytes) != indexed {
        return None;
    }
    match decode(bytes) {
        Decoded::Text { text, .. } => Some((text.into(), stamp)),
        Decoded::Binary => None,
    }
}
