//! The disk itself. Invariant: every error names its path. Must not know packs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use super::{Disk, DiskBytes, DiskEntry, DiskFile, DiskLock, FileMark};
use crate::base::os::{FileLock, PrivateDir, directories, process};

/// A directory in the user's cache, made at its first use.
#[derive(Debug)]
pub struct RealDisk {
    path: PathBuf,
    dir: RwLock<Option<Arc<PrivateDir>>>,
    /// Bytes of the smallest file that is mapped; none is where it is unset.
    may_map: Option<u64>,
}

impl RealDisk {
    /// The directory `path`, which need not exist or be usable yet: every operation tries, and says why not.
    /// `may_map`: packs of at least so many bytes may be mapped where the file system is local.
    pub fn new(path: &Path, may_map: Option<u64>) -> Self {
        Self { path: path.to_path_buf(), dir: RwLock::new(None), may_map }
    }

    /// The open directory. Only what writes makes a missing one.
    fn dir(&self, make: bool) -> io::Result<Arc<PrivateDir>> {
        if let Some(it) = &*self.dir.read().unwrap_or_else(|it| it.into_inner()) {
            return Ok(it.clone());
        }
        self.open_anew(make)
    }

    fn open_anew(&self, make: bool) -> io::Result<Arc<PrivateDir>> {
        let fresh = Arc::new(if make { PrivateDir::create(&self.path)? } else { PrivateDir::open(&self.path)? });
        *self.dir.write().unwrap_or_else(|it| it.into_inner()) = Some(fresh.clone());
        Ok(fresh)
    }

    fn reading<T>(&self, name: &str, job: impl FnOnce(&PrivateDir) -> io::Result<T>) -> io::Result<T> {
        let dir = self.dir(false)?;
        job(&dir).map_err(|it| explain(&self.path.join(name), it))
    }

    fn writing<T>(&self, name: &str, job: impl FnOnce(&PrivateDir) -> io::Result<T>) -> io::Result<T> {
        let dir = self.dir(true)?;
        job(&dir).map_err(|it| explain(&self.path.join(name), it))
    }
}

fn explain(path: &Path, it: io::Error) -> io::Error {
    io::Error::new(it.kind(), format!("{}: {it}", path.display()))
}

struct RealFile {
    file: File,
    path: PathBuf,
    written: u64,
}

impl DiskFile for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Beyond this limit the system would end the process by a signal instead of refusing the write.
        if process::file_size_limit().is_some_and(|most| self.written.saturating_add(bytes.len() as u64) > most) {
            return Err(explain(&self.path, io::ErrorKind::FileTooLarge.into()));
        }
        self.file.write_all(bytes).map_err(|it| explain(&self.path, it))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all().map_err(|it| explain(&self.path, it))
    }
}

impl Disk for RealDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = self.writing(name, |dir| dir.create_new(name))?;
        Ok(Box::new(RealFile { file, path: self.path.join(name), written: 0 }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.writing(to, |dir| dir.rename(from, to))
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.writing("", |dir| dir.sync())
    }

    fn read(&self, name: &str, cap: u64) -> io::Result<Vec<u8>> {
        self.reading(name, |dir| {
            let file = dir.open_read(name)?;
            let size = file.metadata()?.len();
            if size > cap {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{size} bytes, more than expected")));
            }
            let mut out = Vec::new();
            file.take(cap).read_to_end(&mut out)?;
            Ok(out)
        })
    }

    fn map(&self, name: &str) -> io::Result<DiskBytes> {
        self.reading(name, |dir| {
            let mut file = dir.open_read(name)?;
            let size = file.metadata()?.len();
            if self.may_map.is_some_and(|least| size >= least) && !directories::is_remote(&self.path) {
                return DiskBytes::map(&file);
            }
            DiskBytes::read(&mut file, size)
        })
    }

    fn mark(&self, name: &str) -> io::Result<FileMark> {
        self.reading(name, |dir| {
            let stamp = dir.stat(name)?;
            Ok((stamp.inode, stamp.size, stamp.mtime_ns))
        })
    }

    fn list(&self) -> io::Result<Vec<DiskEntry>> {
        let all = self.reading("", |dir| dir.list())?;
        let files = all.into_iter().filter(|it| !it.is_dir);
        Ok(files.map(|it| DiskEntry { name: it.name, size: it.size, mtime_ns: it.mtime_ns }).collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.writing(name, |dir| dir.remove(name))
    }

    fn lock(&self, name: &str) -> io::Result<Option<DiskLock>> {
        self.writing(name, |dir| {
            let fd = dir.open_lock(name)?;
            let file = File::from(fd.try_clone()?);
            let Some(lock) = FileLock::try_exclusive(fd)? else { return Ok(None) };
            let identity = file.metadata()?.ino();
            // It may have been removed, and another made, between opening and locking it: then this one guards nothing.
            if dir.stat(name)?.inode != identity {
                return Ok(None);
            }
            // When it was last used is when its lock was last taken. Only the order of sweeping depends on it.
            let _ = file.set_modified(std::time::SystemTime::now());
            Ok(Some(DiskLock::new(identity, lock)))
        })
    }

    fn holds(&self, lock: &DiskLock, name: &str) -> bool {
        self.dir(false).is_ok_and(|dir| dir.is_in_place() && dir.stat(name).is_ok_and(|it| it.inode == lock.identity))
    }

    fn is_in_place(&self) -> bool {
        self.dir.read().unwrap_or_else(|it| it.into_inner()).as_ref().is_none_or(|dir| dir.is_in_place())
    }

    fn reopen(&self) -> io::Result<()> {
        self.open_anew(false).map(|_| ())
    }

    fn revive(&self) -> io::Result<()> {
        self.open_anew(true).map(|_| ())
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}
