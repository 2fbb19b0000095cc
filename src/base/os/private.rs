//! A directory of our own: where the index lies. Invariants: it belongs to the user and nobody else may enter it; all
//! names are single components resolved in the open directory, never through a link; a file is created anew or not at
//! all. Must not know what the files hold.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawMode};
use rustix::io::Errno;

/// An open private directory.
#[derive(Debug)]
pub struct PrivateDir {
    fd: OwnedFd,
    path: PathBuf,
}

/// A file of a private directory, as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateEntry {
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub mtime_ns: i64,
    pub is_dir: bool,
}

/// A directory of ours with more entries than this is not ours any more.
const MAX_ENTRIES: usize = 100_000;

impl PrivateDir {
    /// Opens `path`, making it and what is missing above it with mode 0700. Refuses a link in its place and a
    /// directory of somebody else; takes away what rights others have on it.
    pub fn create(path: &Path) -> io::Result<Self> {
        match std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
            Ok(()) => {}
            Err(it) => return Err(explain(path, it)),
        }
        Self::open(path)
    }

    /// Opens `path` where it exists; the same checks.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|it| match it {
            Errno::NOTDIR | Errno::LOOP => {
                other(path, "is not a directory; remove it, or choose another cache directory")
            }
            it => explain(path, it.into()),
        })?;
        let stat = rustix::fs::fstat(&fd)?;
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return Err(other(path, "belongs to another user; choose another cache directory"));
        }
        // A sticky directory such as /tmp is one that others are meant to use: no index lies in it itself.
        let is_shared = stat.st_mode & 0o1000 != 0;
        if stat.st_mode & 0o077 != 0 && !is_shared {
            rustix::fs::fchmod(&fd, Mode::RWXU).map_err(|it| explain(path, it.into()))?;
        }
        Ok(Self { fd, path: path.to_path_buf() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the directory still stands at its path (somebody may have removed it, or put another in its place).
    pub fn is_in_place(&self) -> bool {
        let (Ok(mine), Ok(there)) = (rustix::fs::fstat(&self.fd), rustix::fs::lstat(&self.path)) else { return false };
        mine.st_ino == there.st_ino && mine.st_dev == there.st_dev && mine.st_nlink > 0
    }

    /// A new file for writing, mode 0600; an existing one of that name is an error.
    pub fn create_new(&self, name: &str) -> io::Result<File> {
        self.open_with(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
    }

    /// An existing regular file for reading.
    pub fn open_read(&self, name: &str) -> io::Result<File> {
        let file = self.open_with(name, OFlags::RDONLY | OFlags::NONBLOCK)?;
        if !file.metadata()?.is_file() {
            return Err(other(&self.path.join(name), "is not a regular file"));
        }
        Ok(file)
    }

    /// The lock file `name`, made where missing; never truncated.
    pub fn open_lock(&self, name: &str) -> io::Result<OwnedFd> {
        Ok(self.open_with(name, OFlags::RDWR | OFlags::CREATE)?.into())
    }

    /// Replaces `to` by `from`, at once for every reader.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        rustix::fs::renameat(&self.fd, component(from)?, &self.fd, component(to)?)?;
        Ok(())
    }

    /// Removes a file; one that is gone already is no error.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.fd, component(name)?, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes what was created, renamed and removed in it survive a power cut.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.fd)?)
    }

    /// Stamp of the entry `name`; a link is described, not followed.
    pub fn stat(&self, name: &str) -> io::Result<super::FileStamp> {
        let stat = rustix::fs::statat(&self.fd, component(name)?, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(super::FileStamp::of(&stat))
    }

    /// The entries, by name. Names that are no UTF-8 are left out: none of ours is.
    pub fn list(&self) -> io::Result<Vec<PrivateEntry>> {
        let mut out = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name == "." || name == ".." {
                continue;
            }
            let Ok(stat) = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let stamp = super::FileStamp::of(&stat);
            let is_dir = FileType::from_raw_mode(stat.st_mode as RawMode) == FileType::Directory;
            out.push(PrivateEntry { name: name.to_owned(), size: stamp.size, mtime_ns: stamp.mtime_ns, is_dir });
            if out.len() >= MAX_ENTRIES {
                break;
            }
        }
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    fn open_with(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, component(name)?, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(fd.into())
    }
}

/// Removes a directory of ours with all that lies in it, following no link; one that is gone is no error.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(it) if it.kind() != io::ErrorKind::NotFound => Err(explain(path, it)),
        _ => Ok(()),
    }
}

fn component(name: &str) -> io::Result<&OsStr> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no file name")));
    }
    Ok(OsStr::from_bytes(name.as_bytes()))
}

fn other(path: &Path, what: &str) -> io::Error {
    io::Error::other(format!("{} {what}", path.display()))
}

/// The same error with its path in front; its kind stays.
fn explain(path: &Path, it: io::Error) -> io::Error {
    io::Error::new(it.kind(), format!("{}: {it}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn is_made_for_its_user_alone_and_mended_where_it_is_open() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b");
        PrivateDir::create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        PrivateDir::create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn refuses_a_link_a_file_and_names_that_climb() {
        let place = tempfile::tempdir().unwrap();
        symlink(place.path(), place.path().join("link")).unwrap();
        assert!(PrivateDir::create(&place.path().join("link")).is_err());
        std::fs::write(place.path().join("file"), "").unwrap();
        assert!(PrivateDir::create(&place.path().join("file")).is_err());
        let dir = PrivateDir::create(&place.path().join("ours")).unwrap();
        for name in ["", ".", "..", "../x", "a/b", "a\0b"] {
            assert!(dir.create_new(name).is_err(), "{name:?}");
        }
        symlink("/etc/passwd", dir.path().join("pack")).unwrap();
        assert!(dir.open_read("pack").is_err());
    }

    #[test]
    fn files_are_created_once_renamed_listed_and_removed() {
        let place = tempfile::tempdir().unwrap();
        let dir = PrivateDir::create(&place.path().join("x")).unwrap();
        dir.create_new("one.tmp").unwrap().write_all(b"hello").unwrap();
        assert!(dir.create_new("one.tmp").is_err());
        dir.rename("one.tmp", "one").unwrap();
        dir.sync().unwrap();
        let mut text = String::new();
        dir.open_read("one").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        let names: Vec<_> = dir.list().unwrap().into_iter().map(|it| (it.name, it.size)).collect();
        assert_eq!(names, [("one".to_owned(), 5)]);
        dir.remove("one").unwrap();
        dir.remove("one").unwrap();
        assert!(dir.list().unwrap().is_empty());
        assert!(dir.is_in_place());
        remove_tree(dir.path()).unwrap();
        assert!(!dir.is_in_place());
    }

    #[test]
    fn one_process_holds_the_lock() {
        let place = tempfile::tempdir().unwrap();
        let dir = PrivateDir::create(place.path()).unwrap();
        let lock = |dir: &PrivateDir| crate::base::os::FileLock::try_exclusive(dir.open_lock("lock").unwrap()).unwrap();
        let held = lock(&dir);
        assert!(held.is_some());
        assert!(lock(&dir).is_none());
        drop(held);
        assert!(lock(&dir).is_some());
    }
}
