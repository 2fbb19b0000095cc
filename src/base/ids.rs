//! Small typed numbers that live in one process. Invariant: none of them is ever written to disk; on disk a thing is
//! (root, path bytes) and (pack, ordinal).

/// One root of the workspace, by its position in the list of roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId(pub u16);

/// A file in one snapshot family: stable over generations as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// The number of a published state of the index. Grows by one with each publish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);
