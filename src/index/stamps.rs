//! Stamps under which files were found to hold a content that the index had of them already: their rows stay where they
//! are, and only this is written. Invariant: a row says something of a path, a content and a stamp that was true once and
//! stays true, so that rows may be lost, and may stand in any order: of two the wrong one costs a look at the file. Must not
//! know which packs hold the files.

use super::bits::{Table, partition, put_column};
use super::build::FileMeta;
use super::sections::{STAMP_KEYS, STAMP_METAS, meta};
use super::source::{Bytes, PackSource, Section};
use crate::base::hash::{ContentHash, Key};
use crate::base::paths::RelPath;

/// Bytes of a key.
const KEY: usize = 16;

/// That a file had this content when its stamp was this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub path: RelPath,
    pub hash: ContentHash,
    pub meta: FileMeta,
}

/// The key of a file with a content.
pub fn stamp_key(path: &[u8], hash: ContentHash) -> Key {
    Key::of("stamp", &[path, &hash.0])
}

/// The sections of a pack of stamps; of a key that comes twice the last one counts.
pub fn build_stamps_pack(mut rows: Vec<(Key, FileMeta)>) -> Vec<Section> {
    // A stable sort: of equals what came last stands first, and stays.
    rows.reverse();
    rows.sort_by_key(|it| it.0);
    rows.dedup_by_key(|it| it.0);
    let keys = rows.iter().flat_map(|it| it.0.0).collect();
    let mut metas = Vec::new();
    (0..meta::COUNT).for_each(|at| put_column(&mut metas, rows.iter().map(|it| it.1.columns()[at])));
    vec![Section { id: STAMP_KEYS, bytes: keys }, Section { id: STAMP_METAS, bytes: metas }]
}

/// A pack of stamps.
pub struct StampsView {
    keys: Bytes,
    metas: Table,
}

impl StampsView {
    /// Opens a pack.
    ///
    /// # Errors
    /// Its sections are missing, damaged or disagree: which one.
    pub fn open(source: &dyn PackSource) -> Result<Self, String> {
        let keys = source.section(STAMP_KEYS)?;
        let metas = Table::parse(source.section(STAMP_METAS)?, meta::COUNT).ok_or("bad columns of stamps")?;
        let it = Self { keys, metas };
        let fits =
            (*it.keys).as_ref().len() == it.len() * KEY && (0..meta::COUNT).all(|at| it.metas.len(at) == it.len());
        if fits { Ok(it) } else { Err("the tables of a pack of stamps differ in length".to_owned()) }
    }

    /// Number of stamps.
    pub fn len(&self) -> usize {
        self.metas.len(meta::SIZE)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stamp of a key of [`stamp_key`].
    pub fn find(&self, key: Key) -> Option<FileMeta> {
        let at = partition(0..self.len(), |at| self.key(at) < key);
        (self.key(at) == key && at < self.len()).then(|| FileMeta::of_row(&self.metas, at))
    }

    /// All rows, by their keys.
    pub fn rows(&self) -> impl Iterator<Item = (Key, FileMeta)> + '_ {
        (0..self.len()).map(|at| (self.key(at), FileMeta::of_row(&self.metas, at)))
    }

    fn key(&self, at: usize) -> Key {
        let bytes = (*self.keys).as_ref().get(at * KEY..at * KEY + KEY);
        Key(bytes.and_then(|it| it.try_into().ok()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{StampsView, build_stamps_pack, stamp_key};
    use crate::base::hash::{ContentHash, Key};
    use crate::index::build::FileMeta;
    use crate::index::sections::STAMP_KEYS;
    use crate::index::source::{MemoryPack, Section};

    fn meta(mtime_ns: i64) -> FileMeta {
        FileMeta { size: 7, mtime_ns, ctime_ns: i64::MIN, inode: u64::MAX }
    }

    fn key(path: &str) -> Key {
        stamp_key(path.as_bytes(), ContentHash::of(b"content"))
    }

    #[test]
    fn the_last_stamp_of_a_file_and_its_content_is_found() {
        let rows = vec![(key("b"), meta(-1)), (key("a"), meta(2)), (key("c"), meta(3)), (key("b"), meta(4))];
        let view = StampsView::open(&MemoryPack::new(build_stamps_pack(rows))).unwrap();
        assert_eq!(
            ["a", "b", "c", "d"].map(|it| view.find(key(it))),
            [Some(meta(2)), Some(meta(4)), Some(meta(3)), None]
        );
        assert_eq!((view.len(), view.find(stamp_key(b"a", ContentHash::of(b"other")))), (3, None));
        assert!(view.rows().is_sorted_by_key(|it| it.0));
    }

    #[test]
    fn a_pack_of_none_holds_none() {
        let view = StampsView::open(&MemoryPack::new(build_stamps_pack(Vec::new()))).unwrap();
        assert_eq!((view.is_empty(), view.find(Key([0; 16]))), (true, None));
    }

    #[test]
    fn tables_that_differ_in_length_are_refused() {
        let mut sections = build_stamps_pack(vec![(key("a"), meta(1)), (key("b"), meta(2))]);
        let short = |it: &mut Section| it.bytes.truncate(it.bytes.len() - 1);
        sections.iter_mut().filter(|it| it.id == STAMP_KEYS).for_each(short);
        assert!(StampsView::open(&MemoryPack::new(sections)).is_err());
    }
}
