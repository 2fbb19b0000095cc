//! The one door to workspace files. Invariants: every path is resolved beneath its root without following any link;
//! nothing blocks (FIFOs, devices); only regular files are read, at most to a given size; a file that changed while it
//! was read is an error, never a mixture. Must not know ignore rules or languages.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawMode, Stat};
use rustix::io::Errno;

use super::stamp::FileStamp;
use crate::base::paths::RelPath;

/// What a directory entry is, by its type alone (no link is followed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    File,
    Directory,
    Link,
    /// FIFO, socket, device.
    Special,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// One component, any bytes but `/` and NUL.
    pub name: Vec<u8>,
    pub kind: EntryKind,
    pub inode: u64,
}

/// Why a path was not opened or read.
#[derive(Debug)]
pub enum OpenError {
    NotFound,
    /// A component is a link, or the path would leave the root.
    Link,
    /// Exists, but is no regular file (or no directory where one was asked for).
    NotRegular(EntryKind),
    /// Larger than the cap, in bytes.
    TooLarge {
        size: u64,
    },
    /// Changed while it was read: ask again later.
    Changed,
    Denied,
    /// A name or path beyond the system's limits.
    TooLong,
    Io(io::Error),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Link => f.write_str("behind a link"),
            Self::NotRegular(EntryKind::Directory) => f.write_str("a directory"),
            Self::NotRegular(_) => f.write_str("not a regular file"),
            Self::TooLarge { size } => write!(f, "too large ({size} bytes)"),
            Self::Changed => f.write_str("changed while it was read"),
            Self::Denied => f.write_str("permission denied"),
            Self::TooLong => f.write_str("path too long"),
            Self::Io(it) => write!(f, "{it}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Errno> for OpenError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::NotFound,
            // A component that is no directory: the path does not exist as a path of files.
            Errno::NOTDIR => Self::NotFound,
            Errno::LOOP | Errno::XDEV => Self::Link,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::NAMETOOLONG => Self::TooLong,
            // What opening a socket, or a device without driver, gives.
            Errno::NXIO | Errno::NODEV => Self::NotRegular(EntryKind::Special),
            other => Self::Io(other.into()),
        }
    }
}

/// An open root directory; all paths are resolved beneath it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RootDir {
    fd: Arc<OwnedFd>,
    path: PathBuf,
}

const OPEN_FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC).union(OFlags::NOCTTY);
const OPEN_DIR: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);
/// Above this many bytes a path is opened component by component, since a path of 4,096 bytes is refused as a whole.
const LONGEST_AT_ONCE: usize = 4000;
/// A directory with more entries is read up to here; the caller sees `truncated`.
pub const MAX_ENTRIES: usize = 1_000_000;

impl RootDir {
    /// Opens `path`, which may be a link itself. It must be a directory.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOTDIR => OpenError::NotRegular(EntryKind::File),
            other => other.into(),
        })?;
        Ok(Self { fd: Arc::new(fd), path: path.to_path_buf() })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stamp and kind of `path`; a link is described, not followed.
    pub fn stat(&self, path: &RelPath) -> Result<(FileStamp, EntryKind), OpenError> {
        let Some(parent) = path.parent() else {
            let stat = rustix::fs::fstat(&*self.fd)?;
            return Ok((FileStamp::of(&stat), kind_of(&stat)));
        };
        // Resolving the parent beneath the root first keeps links in the middle out.
        let stat = if parent.as_bytes().is_empty() {
            stat_in(self.fd.as_fd(), path.file_name())?
        } else {
            stat_in(self.open_at(&parent, OPEN_DIR)?.as_fd(), path.file_name())?
        };
        Ok((FileStamp::of(&stat), kind_of(&stat)))
    }

    /// The whole file with the stamp it had before and after, or why not. Reads at most `cap` bytes; a larger file is
    /// `TooLarge` and nothing of it is read.
    pub fn read(&self, path: &RelPath, cap: u64) -> Result<(Vec<u8>, FileStamp), OpenError> {
        let fd = self.open_at(path, OPEN_FILE)?;
        read_whole(&fd, cap)
    }

    /// The first `cap` bytes of a file of any size, with its stamp: for texts too large to take whole.
    pub fn read_head(&self, path: &RelPath, cap: u64) -> Result<(Vec<u8>, FileStamp), OpenError> {
        let fd = self.open_at(path, OPEN_FILE)?;
        let stamp = regular(&fd)?;
        let bytes = read_up_to(&fd, stamp.size.min(cap))?;
        if regular(&fd)? != stamp {
            return Err(OpenError::Changed);
        }
        Ok((bytes, stamp))
    }

    /// A file opened for reading in pieces, with its stamp.
    pub fn open_file(&self, path: &RelPath) -> Result<(std::fs::File, FileStamp), OpenError> {
        let fd = self.open_at(path, OPEN_FILE)?;
        let stamp = regular(&fd)?;
        Ok((fd.into(), stamp))
    }

    /// Opens a directory, for reading its entries and files without resolving its path again.
    pub fn directory(&self, path: &RelPath) -> Result<Directory, OpenError> {
        Ok(Directory { fd: self.open_at(path, OPEN_DIR)? })
    }

    fn open_at(&self, path: &RelPath, flags: OFlags) -> Result<OwnedFd, OpenError> {
        let bytes = path.as_bytes();
        if bytes.is_empty() {
            return Ok(rustix::fs::openat(&*self.fd, c".", flags, Mode::empty())?);
        }
        if bytes.len() <= LONGEST_AT_ONCE
            && let Some(res) = open_resolved(self.fd.as_fd(), bytes, flags)
        {
            return res;
        }
        open_by_components(self.fd.as_fd(), bytes, flags)
    }
}

/// An open directory beneath a root.
#[derive(Debug)]
pub struct Directory {
    fd: OwnedFd,
}

impl Directory {
    /// Entries in the order of the system, without `.` and `..`; the flag says that there were more than `MAX_ENTRIES`.
    pub fn entries(&self) -> Result<(Vec<Entry>, bool), OpenError> {
        let mut out = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if out.len() >= MAX_ENTRIES {
                return Ok((out, true));
            }
            let kind = match entry.file_type() {
                // Some file systems do not tell: ask the entry itself. One that is gone by now is left out.
                FileType::Unknown => match stat_in(self.fd.as_fd(), name) {
                    Ok(stat) => kind_of(&stat),
                    Err(_) => continue,
                },
                known => kind_from(known),
            };
            out.push(Entry { name: name.to_vec(), kind, inode: entry.ino() });
        }
        Ok((out, false))
    }

    /// Stamp and kind of the entry `name`; a link is described, not followed.
    pub fn stat(&self, name: &[u8]) -> Result<(FileStamp, EntryKind), OpenError> {
        let stat = stat_in(self.fd.as_fd(), name)?;
        Ok((FileStamp::of(&stat), kind_of(&stat)))
    }

    /// The whole entry `name`, as `RootDir::read`.
    pub fn read(&self, name: &[u8], cap: u64) -> Result<(Vec<u8>, FileStamp), OpenError> {
        read_whole(&open_component(self.fd.as_fd(), name, OPEN_FILE)?, cap)
    }

    /// The directory `name` in this one.
    pub fn directory(&self, name: &[u8]) -> Result<Directory, OpenError> {
        Ok(Directory { fd: open_component(self.fd.as_fd(), name, OPEN_DIR)? })
    }
}

/// `openat2` beneath `dir`; `None` where the kernel (before 5.6) or a sandbox does not have it.
#[cfg(target_os = "linux")]
fn open_resolved(dir: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Option<Result<OwnedFd, OpenError>> {
    use rustix::fs::ResolveFlags;
    use std::sync::atomic::{AtomicBool, Ordering};
    static MISSING: AtomicBool = AtomicBool::new(false);
    if MISSING.load(Ordering::Relaxed) {
        return None;
    }
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let path = OsStr::from_bytes(path);
    // EAGAIN means that a rename raced with the resolution; a few tries settle it.
    for _ in 0..8 {
        match rustix::fs::openat2(dir, path, flags, Mode::empty(), resolve) {
            Ok(fd) => return Some(Ok(fd)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::NOSYS) => {
                MISSING.store(true, Ordering::Relaxed);
                return None;
            }
            // A sandbox answers EPERM for calls that it does not know; a real refusal comes again from the long way.
            Err(Errno::PERM) => return None,
            Err(errno) => return Some(Err(errno.into())),
        }
    }
    None
}

#[cfg(not(target_os = "linux"))]
fn open_resolved(_dir: BorrowedFd<'_>, _path: &[u8], _flags: OFlags) -> Option<Result<OwnedFd, OpenError>> {
    None
}

/// Opens one component after the other, none of them a link: what `openat2` does at once.
fn open_by_components(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, OpenError> {
    let mut current: Option<OwnedFd> = None;
    let mut rest = path;
    while let Some(cut) = rest.iter().position(|&b| b == b'/') {
        let from = current.as_ref().map_or(root, |fd| fd.as_fd());
        current = Some(open_component(from, &rest[..cut], OPEN_DIR)?);
        rest = &rest[cut + 1..];
    }
    open_component(current.as_ref().map_or(root, |fd| fd.as_fd()), rest, flags)
}

/// Opens the entry `name` of `dir`; a name that is not one component is refused.
fn open_component(dir: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> Result<OwnedFd, OpenError> {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Err(OpenError::NotFound);
    }
    match rustix::fs::openat(dir, OsStr::from_bytes(name), flags, Mode::empty()) {
        Ok(fd) => Ok(fd),
        // With O_DIRECTORY a link gives ENOTDIR: say which of the two it was.
        Err(Errno::NOTDIR) if flags.contains(OFlags::DIRECTORY) => match stat_in(dir, name).map(|it| kind_of(&it)) {
            Ok(EntryKind::Link) => Err(OpenError::Link),
            Ok(kind) => Err(OpenError::NotRegular(kind)),
            Err(_) => Err(OpenError::NotFound),
        },
        Err(errno) => Err(errno.into()),
    }
}

fn stat_in(dir: BorrowedFd<'_>, name: &[u8]) -> Result<Stat, OpenError> {
    Ok(rustix::fs::statat(dir, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn kind_of(stat: &Stat) -> EntryKind {
    kind_from(FileType::from_raw_mode(stat.st_mode as RawMode))
}

fn kind_from(kind: FileType) -> EntryKind {
    match kind {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Special,
    }
}

/// The stamp of an open file, if it is a regular one.
fn regular(fd: &OwnedFd) -> Result<FileStamp, OpenError> {
    let stat = rustix::fs::fstat(fd)?;
    match kind_of(&stat) {
        EntryKind::File => Ok(FileStamp::of(&stat)),
        kind => Err(OpenError::NotRegular(kind)),
    }
}

fn read_whole(fd: &OwnedFd, cap: u64) -> Result<(Vec<u8>, FileStamp), OpenError> {
    let stamp = regular(fd)?;
    if stamp.size > cap {
        return Err(OpenError::TooLarge { size: stamp.size });
    }
    let bytes = read_up_to(fd, stamp.size)?;
    // One byte more would mean that the file has grown: the stamp then differs, too.
    if bytes.len() as u64 != stamp.size || regular(fd)? != stamp {
        return Err(OpenError::Changed);
    }
    Ok((bytes, stamp))
}

/// Up to `size` bytes from the start of `fd`; fewer where the file ends earlier.
fn read_up_to(fd: &OwnedFd, size: u64) -> Result<Vec<u8>, OpenError> {
    let size = usize::try_from(size).map_err(|_| OpenError::TooLarge { size })?;
    let mut bytes = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match rustix::io::read(fd, &mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
mod tests;
