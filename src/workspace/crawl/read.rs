//! From a path to bytes, hash, language and text. Invariants: a file is opened once, through the door, and never mapped;
//! nothing longer than 16 MiB is held; a stamp that cannot be trusted later is not kept. Must not know packs.

use std::io::Read;
use std::sync::Arc;

use crate::base::hash::ContentHash;
use crate::base::os::stamp::now_ns;
use crate::base::os::{FileStamp, OpenError, RootDir};
use crate::base::paths::RelPath;
use crate::index::build::FileMeta;
use crate::syntax::languages::{self, Lang};
use crate::text::decode::{self, Decoded};
use crate::workspace::rules;
use crate::workspace::skip::Skip;

/// Of a longer file only so much gives words, and it is not held whole.
pub const MOST_READ: u64 = 16 << 20;
/// Texts above this have neither tree nor vectors.
pub const MOST_PARSED: usize = 4 << 20;
pub const HEAD: usize = 4 << 10;
const SNIFFED: u64 = 8 << 10;

/// A file as read.
pub struct Content {
    pub meta: FileMeta,
    pub hash: ContentHash,
    pub lang: Lang,
    /// The text, or why there is none.
    pub text: Result<Arc<str>, Skip>,
}

/// Reads the file at `path`, which has at most 16 MiB; longer ones are [`super::large`]'s.
///
/// # Errors
/// The reason why it cannot be read now.
pub fn read(root: &RootDir, path: &RelPath) -> Result<Content, Skip> {
    let read_at = now_ns();
    let (bytes, stamp) = root.read(path, MOST_READ).map_err(|error| match error {
        // It has grown since somebody looked: the next look finds it among the large ones.
        OpenError::TooLarge { .. } => rules::skip_of(&OpenError::Changed),
        other => rules::skip_of(&other),
    })?;
    let meta = meta_of(&stamp, stamp.is_settled(read_at));
    let lang = languages::detect(path, &bytes[..bytes.len().min(HEAD)]);
    let hash = ContentHash::of(&bytes);
    let text = match decode::decode(bytes) {
        Decoded::Binary => Err(Skip::Binary),
        Decoded::Text { text, .. } => Ok(Arc::from(text)),
    };
    Ok(Content { meta, hash, lang, text })
}

/// The first bytes of an open file: they tell whether it is text.
pub fn head_of(file: &mut std::fs::File) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    std::io::Read::take(file, SNIFFED).read_to_end(&mut head)?;
    Ok(head)
}

/// Stands for the content of a binary file that is not read whole: its head, its length and its times.
pub fn hash_of_large(head: &[u8], stamp: &FileStamp) -> ContentHash {
    let mut bytes = ContentHash::of(head).0.to_vec();
    for number in [stamp.size as i64, stamp.mtime_ns, stamp.ctime_ns, stamp.inode as i64] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    ContentHash::of(&bytes)
}

/// A cut in the middle of a character would make all of it look like another encoding.
pub fn without_half_character(mut bytes: Vec<u8>) -> Vec<u8> {
    let tail = bytes.len().saturating_sub(3);
    if let Some(start) = bytes[tail..].iter().rposition(|&b| b >= 0xC0) {
        bytes.truncate(tail + start);
    }
    bytes
}

/// Whether a later pass may compare with it.
pub fn is_settled(meta: &FileMeta) -> bool {
    meta.ctime_ns != i64::MIN
}

/// What a later pass compares with. A stamp that is too young to prove anything is stored as one that matches nothing.
pub fn meta_of(stamp: &FileStamp, settled: bool) -> FileMeta {
    let ctime_ns = if settled { stamp.ctime_ns } else { i64::MIN };
    FileMeta { size: stamp.size, mtime_ns: stamp.mtime_ns, ctime_ns, inode: stamp.inode }
}
