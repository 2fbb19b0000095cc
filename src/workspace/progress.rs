//! How far the index is, as counters and as events. Invariant: counters only grow within one pass; a slow or absent
//! listener never holds the crawl up (its events are dropped, the counters stay right). Must not know who listens.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::base::ids::{Generation, RootId};

/// What a root has reached. Each stage contains those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Nothing is known but what the stored index says.
    Opened,
    /// The walk has seen every file: the total is known.
    Walked,
    /// Every file's facts and words are committed.
    Indexed,
    /// Every passage has its vector, or no embedder is set.
    Embedded,
}

impl Stage {
    pub(super) fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Opened,
            1 => Self::Walked,
            2 => Self::Indexed,
            _ => Self::Embedded,
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A pass over a root began.
    Started { root: RootId },
    /// A pass moved on; at most ten a second.
    Progress(Progress),
    /// A new state of the index can be asked.
    Published { generation: Generation },
    /// Something the user should know: what, and the remedy.
    Notice(String),
    /// A pass over a root ended.
    Finished { root: RootId },
    /// The workspace is shutting down: nothing more comes.
    Closed,
}

/// The counters of all roots at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files that the walk found and that are to be indexed.
    pub files_found: u64,
    /// Bytes of those files, by their directory entries.
    pub bytes_found: u64,
    /// Files whose facts are committed or still valid.
    pub files_done: u64,
    pub bytes_done: u64,
    /// Files left out, each with a reason (`Workspace::file_lines`).
    pub files_skipped: u64,
    /// Of `files_done`: trusted by their directory entry, not even opened.
    pub files_unchanged: u64,
    /// Of `files_done`: read, but their content was known.
    pub files_reused: u64,
    /// Of `files_done`: parsed by a worker process.
    pub files_parsed: u64,
    /// Worker processes that were started again after one died or was killed.
    pub worker_restarts: u64,
    /// Passages whose facts are committed.
    pub passages_found: u64,
    /// Of those, how many have a vector.
    pub passages_done: u64,
}

impl Progress {
    /// All counters in one order, as they stand in the index's note.
    pub(super) fn numbers(&self) -> [u64; 11] {
        [
            self.files_found,
            self.bytes_found,
            self.files_done,
            self.bytes_done,
            self.files_skipped,
            self.files_unchanged,
            self.files_reused,
            self.files_parsed,
            self.worker_restarts,
            self.passages_found,
            self.passages_done,
        ]
    }

    /// From the same numbers; those that are missing are 0.
    pub(super) fn from_numbers(mut numbers: impl Iterator<Item = u64>) -> Self {
        let mut next = || numbers.next().unwrap_or(0);
        Self {
            files_found: next(),
            bytes_found: next(),
            files_done: next(),
            bytes_done: next(),
            files_skipped: next(),
            files_unchanged: next(),
            files_reused: next(),
            files_parsed: next(),
            worker_restarts: next(),
            passages_found: next(),
            passages_done: next(),
        }
    }
}

/// The live counters. Relaxed atomics: they are for people, not for decisions.
#[derive(Debug, Default)]
pub struct Counters {
    pub files_found: AtomicU64,
    pub bytes_found: AtomicU64,
    pub files_done: AtomicU64,
    pub bytes_done: AtomicU64,
    pub files_skipped: AtomicU64,
    pub files_unchanged: AtomicU64,
    pub files_reused: AtomicU64,
    pub files_parsed: AtomicU64,
    pub worker_restarts: AtomicU64,
    pub passages_found: AtomicU64,
    pub passages_done: AtomicU64,
    stage: AtomicU8,
}

impl Counters {
    /// Adds to one counter.
    pub fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    /// Begins one counter anew.
    pub fn set(counter: &AtomicU64, to: u64) {
        counter.store(to, Ordering::Relaxed);
    }

    /// Takes back what was counted of something that did not come to its end.
    pub fn take(counter: &AtomicU64, by: u64) {
        counter.fetch_sub(by, Ordering::Relaxed);
    }

    /// Counts a file that the walk has found as left out instead.
    pub fn leave_out(&self) {
        Self::take(&self.files_found, 1);
        Self::add(&self.files_skipped, 1);
    }

    /// All counters at this moment.
    pub fn read(&self) -> Progress {
        let get = |c: &AtomicU64| c.load(Ordering::Relaxed);
        Progress {
            files_found: get(&self.files_found),
            bytes_found: get(&self.bytes_found),
            files_done: get(&self.files_done),
            bytes_done: get(&self.bytes_done),
            files_skipped: get(&self.files_skipped),
            files_unchanged: get(&self.files_unchanged),
            files_reused: get(&self.files_reused),
            files_parsed: get(&self.files_parsed),
            worker_restarts: get(&self.worker_restarts),
            passages_found: get(&self.passages_found),
            passages_done: get(&self.passages_done),
        }
    }

    /// The stage that all roots have reached.
    pub fn stage(&self) -> Stage {
        Stage::from_code(self.stage.load(Ordering::Acquire))
    }

    pub(super) fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
    }

    /// Sets every counter of a pass back; `worker_restarts` stays.
    pub(super) fn begin_pass(&self) {
        self.show(&Progress { worker_restarts: self.worker_restarts.load(Ordering::Relaxed), ..Progress::default() });
    }

    /// Shows what another process has counted.
    pub(super) fn show(&self, progress: &Progress) {
        let counters = [
            &self.files_found,
            &self.bytes_found,
            &self.files_done,
            &self.bytes_done,
            &self.files_skipped,
            &self.files_unchanged,
            &self.files_reused,
            &self.files_parsed,
            &self.worker_restarts,
            &self.passages_found,
            &self.passages_done,
        ];
        counters.iter().zip(progress.numbers()).for_each(|(counter, number)| counter.store(number, Ordering::Relaxed));
    }
}

/// Hands events to whoever listens.
#[derive(Debug, Default)]
pub struct Events {
    listeners: Mutex<Vec<Sender<Event>>>,
}

impl Events {
    /// A new listener; it holds up to 256 events, later ones are dropped until it reads.
    pub fn listen(&self) -> Receiver<Event> {
        let (sender, receiver) = bounded(256);
        self.lock().push(sender);
        receiver
    }

    /// Tells all listeners; those that are gone are forgotten.
    pub fn send(&self, event: &Event) {
        self.lock().retain(|listener| {
            !matches!(listener.try_send(event.clone()), Err(crossbeam_channel::TrySendError::Disconnected(_)))
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Sender<Event>>> {
        self.listeners.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
