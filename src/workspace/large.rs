//! What is known of files that are streamed: how far the running streams are, and the chunks of those that came to their
//! end, so that the next one can say how much of a file is new. Invariant: bounded, whatever the files' number and length;
//! nothing here is written to disk. Must not know how a file is read.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::crawl::chunks::Streamed;
use crate::base::hash::Key;
use crate::base::ids::RootId;
use crate::base::paths::RelPath;

/// Most chunks that are remembered, of all files together: 64 GiB of files, 1 MiB of memory.
const MOST_CHUNKS: usize = 64 << 10;
/// Most files that are remembered.
const MOST_FILES: usize = 1_000;

type Name = (RootId, RelPath);

/// How far the stream of a file is, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargeFile {
    pub root: RootId,
    pub path: RelPath,
    /// Bytes of the file.
    pub size: u64,
    /// Of those, read and hashed.
    pub done: u64,
    /// Bytes in chunks that the file did not have when it was read before; none: it was not, as far as is remembered.
    pub fresh: Option<u64>,
}

/// Streams that run and streams that ended.
#[derive(Debug, Default)]
pub struct LargeFiles {
    /// By number: two crawls may stream the same file.
    running: Mutex<HashMap<u64, Running>>,
    next: AtomicU64,
    ended: Mutex<Ended>,
}

#[derive(Debug)]
struct Running {
    name: Name,
    size: u64,
    done: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Ended {
    files: HashMap<Name, (LargeFile, HashSet<Key>)>,
    /// Oldest first.
    order: VecDeque<Name>,
    chunks: usize,
}

impl LargeFiles {
    /// All of them, running ones first.
    pub fn list(&self) -> Vec<LargeFile> {
        let lock = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out: Vec<LargeFile> = lock
            .values()
            .map(|it| LargeFile {
                root: it.name.0,
                path: it.name.1.clone(),
                size: it.size,
                done: it.done.load(Ordering::Relaxed),
                fresh: None,
            })
            .collect();
        drop(lock);
        // Of two streams of a file the one that is further counts.
        out.sort_by(|a, b| (a.root, &a.path, b.done).cmp(&(b.root, &b.path, a.done)));
        out.dedup_by(|a, b| a.root == b.root && a.path == b.path);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        out.extend(ended.order.iter().rev().filter_map(|name| Some(ended.files.get(name)?.0.clone())));
        out
    }
}

/// A stream that runs; one that is dropped before its end leaves nothing behind.
pub struct Seen<'a> {
    of: &'a LargeFiles,
    number: u64,
    name: Name,
    size: u64,
    done: Arc<AtomicU64>,
}

impl<'a> Seen<'a> {
    pub fn begin(of: &'a LargeFiles, root: RootId, path: &RelPath, size: u64) -> Self {
        let (name, done) = ((root, path.clone()), Arc::new(AtomicU64::new(0)));
        let number = of.next.fetch_add(1, Ordering::Relaxed);
        let running = Running { name: name.clone(), size, done: done.clone() };
        of.running.lock().unwrap_or_else(PoisonError::into_inner).insert(number, running);
        Self { of, number, name, size, done }
    }

    /// So many bytes more.
    pub fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// All bytes so far.
    pub fn bytes(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// It came to its end: compares it with what the file was, and remembers it.
    pub fn end(self, streamed: &Streamed) {
        let mut ended = self.of.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let before = ended.forget(&self.name);
        let fresh = before
            .map(|before| streamed.chunks.iter().filter(|it| !before.contains(&it.1)).map(|it| u64::from(it.0)).sum());
        let (root, path) = self.name.clone();
        let file = LargeFile { root, path, size: self.size, done: self.size, fresh };
        let chunks: HashSet<Key> = streamed.chunks.iter().map(|it| it.1).collect();
        ended.chunks += chunks.len();
        ended.files.insert(self.name.clone(), (file, chunks));
        ended.order.push_back(self.name.clone());
        while ended.chunks > MOST_CHUNKS || ended.order.len() > MOST_FILES {
            let Some(oldest) = ended.order.front().cloned() else { break };
            ended.forget(&oldest);
        }
    }
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        self.of.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

impl Ended {
    fn forget(&mut self, name: &Name) -> Option<HashSet<Key>> {
        let (_, chunks) = self.files.remove(name)?;
        self.order.retain(|it| it != name);
        self.chunks -= chunks.len();
        Some(chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hash::ContentHash;

    fn run(of: &LargeFiles, path: &str, keys: &[u8]) -> Option<u64> {
        let path = RelPath::from_bytes(path.as_bytes()).unwrap();
        let seen = Seen::begin(of, RootId(0), &path, keys.len() as u64 * 10);
        keys.iter().for_each(|_| seen.add(10));
        assert_eq!(of.list()[0].done, seen.bytes());
        let chunks = keys.iter().map(|&it| (10, Key([it; 16]))).collect();
        seen.end(&Streamed { root: ContentHash([0; 32]), chunks });
        of.list().into_iter().find(|it| it.path == path).unwrap().fresh
    }

    #[test]
    fn a_file_says_how_much_of_it_is_new() {
        let of = LargeFiles::default();
        assert_eq!(run(&of, "a.log", &[1, 2, 3]), None);
        assert_eq!(run(&of, "a.log", &[1, 2, 4, 5]), Some(20));
        assert_eq!(run(&of, "b.log", &[9]), None);
        assert_eq!(run(&of, "a.log", &[1, 2, 4, 5]), Some(0));
        drop(Seen::begin(&of, RootId(0), &RelPath::from_bytes(b"c.log").unwrap(), 5));
        assert_eq!(of.list().len(), 2, "what did not end is not remembered");
    }

    #[test]
    fn two_streams_of_a_file_are_one_row() {
        let of = LargeFiles::default();
        let path = RelPath::from_bytes(b"a.log").unwrap();
        let (first, second) = (Seen::begin(&of, RootId(0), &path, 9), Seen::begin(&of, RootId(0), &path, 9));
        first.add(5);
        let done = || of.list().iter().map(|it| it.done).collect::<Vec<_>>();
        assert_eq!(done(), [5]);
        drop(first);
        assert_eq!(done(), [0], "the other one runs on");
        drop(second);
        assert!(of.list().is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let of = LargeFiles::default();
        for at in 0..MOST_FILES + 5 {
            run(&of, &format!("{at}.log"), &[1, 2]);
        }
        assert_eq!(of.list().len(), MOST_FILES);
        assert_eq!(of.ended.lock().unwrap().chunks, 2 * MOST_FILES);
    }
}
