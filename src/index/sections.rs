//! The numbers of sections and of their columns. Invariant: these are on disk; a change raises [`FORMAT`], and with it the
//! name of the directory. Must not hold code.

/// Version of the layout of all sections.
pub const FORMAT: u32 = 2;

/// Sorted paths of a pack's files; a file's ordinal is its position here.
pub const PATHS: u32 = 1;
/// Columns per file, see [`file`].
pub const FILES: u32 = 2;
/// 32 bytes of content hash per file.
pub const HASHES: u32 = 3;
/// String tables: language ids, recipes, details of states.
pub const SMALL: u32 = 4;
/// Columns per segment, see [`segment`].
pub const SEGMENTS: u32 = 5;
/// 16 bytes of key per segment.
pub const KEYS: u32 = 6;
/// Sorted distinct names of all segments.
pub const NAMES: u32 = 7;
/// Per segment the names of its facts, as differences of positions in [`NAMES`].
pub const NAME_LISTS: u32 = 8;
/// Columns per symbol that is no local, see [`symbol`], and its order by name.
pub const SYMBOLS: u32 = 9;
/// Declared names: position in [`NAMES`], start in the order by name; then their letter masks.
pub const DECLARED: u32 = 10;
pub const MASKS: u32 = 11;
/// Per name: the segments that use it.
pub const USES: u32 = 12;
pub const USE_LISTS: u32 = 13;
/// Sorted terms, front-coded; their lists' starts; the lists.
pub const TERMS: u32 = 14;
pub const TERM_STARTS: u32 = 15;
pub const POSTINGS: u32 = 16;
/// Columns per passage, see [`passage`].
pub const PASSAGES: u32 = 17;
/// The same as terms and postings, over the words of paths, per file.
pub const PATH_TERMS: u32 = 18;
pub const PATH_TERM_STARTS: u32 = 19;
pub const PATH_POSTINGS: u32 = 20;
/// Compressed chunks of stored facts, and their starts.
pub const CHUNKS: u32 = 21;
pub const BLOBS: u32 = 22;

/// Vector packs: dimensions and count; sorted keys; starts of runs; signs; values; scales.
pub const VECTOR_HEAD: u32 = 32;
pub const VECTOR_KEYS: u32 = 33;
pub const VECTOR_STARTS: u32 = 34;
pub const VECTOR_SIGNS: u32 = 35;
pub const VECTOR_VALUES: u32 = 36;
pub const VECTOR_SCALES: u32 = 37;

/// Packs of stamps: sorted keys of 16 bytes; a column each of [`meta`].
pub const STAMP_KEYS: u32 = 48;
pub const STAMP_METAS: u32 = 49;

/// Columns of [`STAMP_METAS`], and the first ones of [`FILES`].
pub mod meta {
    pub const SIZE: usize = 0;
    pub const MTIME: usize = 1;
    pub const CTIME: usize = 2;
    pub const INODE: usize = 3;
    pub const COUNT: usize = 4;
}

/// Columns of [`FILES`].
pub mod file {
    pub use super::meta::SIZE;
    pub const LANG: usize = 4;
    pub const RECIPE: usize = 5;
    /// 0 indexed, 255 deleted, else the code of why it was skipped.
    pub const STATE: usize = 6;
    pub const DETAIL: usize = 7;
    pub const FLAGS: usize = 8;
    /// First segment; one more row than files.
    pub const SEGMENTS: usize = 9;
    pub const COUNT: usize = 10;
}

/// Columns of [`SEGMENTS`]; starts have one more row than segments.
pub mod segment {
    pub const FILE: usize = 0;
    pub const START: usize = 1;
    pub const END: usize = 2;
    pub const LINE: usize = 3;
    pub const PASSAGES: usize = 4;
    pub const SYMBOLS: usize = 5;
    pub const NAMES: usize = 6;
    pub const CHUNK: usize = 7;
    pub const OFFSET: usize = 8;
    pub const LENGTH: usize = 9;
    pub const COUNT: usize = 10;
}

/// Columns of [`SYMBOLS`].
pub mod symbol {
    pub const NAME: usize = 0;
    pub const KIND: usize = 1;
    /// Line in the file, and column in bytes, of the name.
    pub const LINE: usize = 2;
    pub const COLUMN: usize = 3;
    /// Flags of the symbol, and [`super::WIDE`].
    pub const FLAGS: usize = 4;
    pub const VISIBILITY: usize = 5;
    /// Position of the container's name in names plus one, or zero.
    pub const CONTAINER: usize = 6;
    /// Position in the segment's facts plus one; zero: the file itself.
    pub const INDEX: usize = 7;
    pub const SEGMENT: usize = 8;
    /// All symbols, sorted by name; modules and types whose name is a path a second time, by its last part.
    pub const BY_NAME: usize = 9;
    pub const COUNT: usize = 10;
}

/// In a symbol's flags: its line has a character of more than one byte before the end of its name.
pub const WIDE: u64 = 256;

/// Columns of [`PASSAGES`].
pub mod passage {
    pub const SEGMENT: usize = 0;
    /// In the segment.
    pub const START: usize = 1;
    pub const LENGTH: usize = 2;
    /// First line in the file, and how many follow it.
    pub const LINE: usize = 3;
    pub const LINES: usize = 4;
    /// Position of its symbol in the segment's facts plus one.
    pub const SYMBOL: usize = 5;
    /// Terms counted with repetition.
    pub const TERMS: usize = 6;
    /// Bit 0: prose; bit 1: a test.
    pub const FLAGS: usize = 7;
    pub const COUNT: usize = 8;
}
