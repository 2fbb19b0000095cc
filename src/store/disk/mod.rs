//! The door to the disk: all that the store does with files. Invariants: names are single components of one directory;
//! files are created whole under a temporary name and never changed after; what is not synced may be lost. Three
//! implementations: `RealDisk`, `MemoryDisk` (an index that is never written) and `TwinDisk` (faults on demand).
//! Must not know what a pack is.

mod bytes;
mod memory;
mod real;
mod twin;

use std::any::Any;
use std::fmt::Debug;
use std::io;

pub use bytes::DiskBytes;
pub use memory::MemoryDisk;
pub use real::RealDisk;
pub use twin::{Fault, TwinDisk};

/// A file of the directory, as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskEntry {
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub mtime_ns: i64,
}

/// What tells one version of a file from the next without reading it: inode, size, modification time.
pub type FileMark = (u64, u64, i64);

/// A held lock; dropping it releases it. The type inside is the disk's own.
#[derive(Debug)]
pub struct DiskLock {
    /// Identity of the locked file, to see whether it still stands at its name.
    pub(crate) identity: u64,
    _held: Box<dyn DebugAny>,
}

pub(crate) trait DebugAny: Any + Debug + Send + Sync {}
impl<T: Any + Debug + Send + Sync> DebugAny for T {}

impl DiskLock {
    pub(crate) fn new(identity: u64, held: impl Any + Debug + Send + Sync) -> Self {
        Self { identity, _held: Box::new(held) }
    }
}

/// A new file being written from its start to its end.
pub trait DiskFile: Send {
    /// Adds `bytes` at the end. After an error the content is undefined.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes the content survive a power cut (not the name: see `sync_dir`).
    fn sync(&mut self) -> io::Result<()>;
}

/// One directory of files.
pub trait Disk: Send + Sync + Debug {
    /// A new, empty file; an existing name is an error.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives `from` the name `to`, replacing what had it, at once for every reader.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes names (created, renamed, removed) survive a power cut.
    fn sync_dir(&self) -> io::Result<()>;
    /// The whole file, copied; one above `cap` bytes is an error of kind `InvalidData`.
    fn read(&self, name: &str, cap: u64) -> io::Result<Vec<u8>>;
    /// The whole file for reading in place: mapped where that is safe, else copied. It stays readable when the name is
    /// removed.
    fn map(&self, name: &str) -> io::Result<DiskBytes>;
    /// What tells whether the file has been replaced.
    fn mark(&self, name: &str) -> io::Result<FileMark>;
    /// All files, by name.
    fn list(&self) -> io::Result<Vec<DiskEntry>>;
    /// Removes a file; a missing one is no error.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Takes the exclusive lock `name` at once; `None` where somebody else holds it.
    fn lock(&self, name: &str) -> io::Result<Option<DiskLock>>;
    /// Whether `lock` still guards `name`: directory and lock file stand where they were when it was taken.
    fn holds(&self, lock: &DiskLock, name: &str) -> bool;
    /// Whether the directory stands where it stood when it was opened; one that was never opened does.
    fn is_in_place(&self) -> bool;
    /// Opens the directory again, at its path, where there is one.
    fn reopen(&self) -> io::Result<()>;
    /// Makes the directory anew where somebody has removed it.
    fn revive(&self) -> io::Result<()>;
    /// Where it is, for messages.
    fn place(&self) -> String;
}
