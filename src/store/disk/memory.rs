//! A disk that is no disk: for `--no-cache`, and where nothing can be written. Invariant: nothing of it outlives the
//! process, and a file that is mapped exists once. Must not know packs.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Disk, DiskBytes, DiskEntry, DiskFile, DiskLock, FileMark};

/// Files in memory.
#[derive(Debug, Default)]
pub struct MemoryDisk {
    files: Mutex<BTreeMap<String, Stored>>,
    next: AtomicU64,
}

#[derive(Clone, Debug)]
struct Stored {
    content: Arc<Mutex<Content>>,
    identity: u64,
}

#[derive(Debug)]
enum Content {
    Growing(Vec<u8>),
    Whole(Arc<DiskBytes>),
}

impl Content {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Growing(it) => it,
            Self::Whole(it) => it,
        }
    }
}

impl MemoryDisk {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Stored>> {
        self.files.lock().unwrap_or_else(|it| it.into_inner())
    }

    fn find(&self, name: &str) -> io::Result<Stored> {
        self.files().get(name).cloned().ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{name} is not in memory"))
}

fn open(content: &Mutex<Content>) -> MutexGuard<'_, Content> {
    content.lock().unwrap_or_else(|it| it.into_inner())
}

struct MemoryFile(Arc<Mutex<Content>>);

impl DiskFile for MemoryFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut *open(&self.0) {
            Content::Growing(it) => it.extend_from_slice(bytes),
            Content::Whole(_) => return Err(io::Error::other("a file in use is never changed")),
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for MemoryDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut files = self.files();
        if files.contains_key(name) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name} is in memory already")));
        }
        let content = Arc::new(Mutex::new(Content::Growing(Vec::new())));
        let identity = self.next.fetch_add(1, Ordering::Relaxed);
        files.insert(name.to_owned(), Stored { content: content.clone(), identity });
        Ok(Box::new(MemoryFile(content)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files();
        let it = files.remove(from).ok_or_else(|| missing(from))?;
        files.insert(to.to_owned(), it);
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        Ok(())
    }

    fn read(&self, name: &str, cap: u64) -> io::Result<Vec<u8>> {
        let it = self.find(name)?;
        let content = open(&it.content);
        if content.bytes().len() as u64 > cap {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{name}: more bytes than expected")));
        }
        Ok(content.bytes().to_vec())
    }

    fn map(&self, name: &str) -> io::Result<DiskBytes> {
        let it = self.find(name)?;
        let mut content = open(&it.content);
        let whole = match &*content {
            Content::Whole(it) => it.clone(),
            Content::Growing(it) => Arc::new(DiskBytes::copied(it)),
        };
        *content = Content::Whole(whole.clone());
        Ok(DiskBytes::shared(whole))
    }

    fn mark(&self, name: &str) -> io::Result<FileMark> {
        let it = self.find(name)?;
        let size = open(&it.content).bytes().len() as u64;
        Ok((it.identity, size, 0))
    }

    fn list(&self) -> io::Result<Vec<DiskEntry>> {
        let entry = |(name, it): (&String, &Stored)| DiskEntry {
            name: name.clone(),
            size: open(&it.content).bytes().len() as u64,
            mtime_ns: 0,
        };
        Ok(self.files().iter().map(entry).collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files().remove(name);
        Ok(())
    }

    fn lock(&self, _name: &str) -> io::Result<Option<DiskLock>> {
        // Nobody else can see these files.
        Ok(Some(DiskLock::new(0, ())))
    }

    fn holds(&self, _lock: &DiskLock, _name: &str) -> bool {
        true
    }

    fn is_in_place(&self) -> bool {
        true
    }

    fn reopen(&self) -> io::Result<()> {
        Ok(())
    }

    fn revive(&self) -> io::Result<()> {
        Ok(())
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}
