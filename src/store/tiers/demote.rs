//! The way down: one background thread encodes and compresses what a tier has evicted, so that no answer waits for it.
//! Invariant: what is on its way is bounded in bytes; beyond that it is dropped, since the disk has it. Must not know
//! what the values are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, Weak};

use super::{Counters, Packed, Shelves, Stored, cost};
use crate::base::hash::Key;
use crate::base::threads::{self, Intent};
use crate::store::compress;

/// One move down.
pub(super) enum Job<V> {
    /// Hot to warm.
    Cool(Key, Arc<V>),
    /// Warm to cold.
    Compress(Key, Arc<V>),
    /// Cold to frozen.
    Freeze(Key, Packed),
    /// Tells that all before is done.
    Barrier(Sender<()>),
}

pub(super) struct Demoter<V> {
    sender: Mutex<Sender<Job<V>>>,
    /// Taken by the thread when it starts.
    receiver: Mutex<Option<Receiver<Job<V>>>>,
    waiting: Arc<AtomicU64>,
    most: u64,
    counters: Arc<Counters>,
}

impl<V: Stored> Demoter<V> {
    /// At most `most` bytes are on their way.
    pub fn new(most: u64, counters: Arc<Counters>) -> Self {
        let (sender, receiver) = channel();
        let (sender, receiver) = (Mutex::new(sender), Mutex::new(Some(receiver)));
        Self { sender, receiver, waiting: Arc::default(), most, counters }
    }

    /// Starts the thread. It ends when the tiers are gone.
    pub fn start(&self, shelves: &Arc<Shelves<V>>) {
        let Some(receiver) = self.receiver.lock().ok().and_then(|mut it| it.take()) else { return };
        let (shelves, waiting) = (Arc::downgrade(shelves), self.waiting.clone());
        // Without a thread the channel is closed, and evicted values are dropped: the disk has them.
        let _ = threads::spawn("portolan-tiers", Intent::Background, move || work(&receiver, &shelves, &waiting));
    }

    /// Puts a move on its way, or drops it where too much is there already.
    pub fn send(&self, job: Job<V>) {
        let size = job.size();
        if self.waiting.fetch_add(size, Ordering::Relaxed) + size > self.most.max(size) {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            Counters::add(&self.counters.dropped);
            return;
        }
        let sent = self.sender.lock().is_ok_and(|it| it.send(job).is_ok());
        if !sent {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            Counters::add(&self.counters.dropped);
        }
    }

    /// Waits until all that was sent before has arrived.
    pub fn wait(&self) {
        let (sender, receiver) = channel();
        if self.sender.lock().is_ok_and(|it| it.send(Job::Barrier(sender)).is_ok()) {
            // An error means that the thread is gone, and with it the work.
            let _ = receiver.recv();
        }
    }
}

impl<V: Stored> Job<V> {
    fn size(&self) -> u64 {
        match self {
            Self::Cool(_, it) | Self::Compress(_, it) => u64::from(cost(it.weight())),
            Self::Freeze(_, it) => u64::from(cost(it.bytes.len())),
            Self::Barrier(_) => 0,
        }
    }
}

fn work<V: Stored>(jobs: &Receiver<Job<V>>, shelves: &Weak<Shelves<V>>, waiting: &AtomicU64) {
    while let Ok(job) = jobs.recv() {
        let size = job.size();
        let Some(shelves) = shelves.upgrade() else { return };
        shelves.take_down(job);
        waiting.fetch_sub(size, Ordering::Relaxed);
    }
}

impl<V: Stored> Shelves<V> {
    fn take_down(&self, job: Job<V>) {
        match job {
            Job::Cool(key, value) => self.keep_warm(key, value),
            Job::Compress(key, value) => {
                // It may have been asked for again meanwhile.
                if self.hot.contains_key(&key) || self.warm.contains_key(&key) {
                    return;
                }
                let mut plain = Vec::new();
                value.encode(&mut plain);
                let bytes = if self.compression { compress::lz4(&plain) } else { plain.clone() };
                self.cold.insert(key, Packed { bytes: bytes.into(), plain: plain.len() });
            }
            Job::Freeze(key, packed) => {
                if self.hot.contains_key(&key) || self.warm.contains_key(&key) || self.cold.contains_key(&key) {
                    return;
                }
                let Some(frozen) = self.freeze(&packed) else { return };
                self.frozen.insert(key, Packed { bytes: frozen.into(), plain: packed.plain });
            }
            Job::Barrier(done) => {
                // Nobody waits any more: as well.
                let _ = done.send(());
                return;
            }
        }
        Counters::add(&self.counters.demotions);
    }

    fn freeze(&self, packed: &Packed) -> Option<Vec<u8>> {
        if !self.compression {
            return Some(packed.bytes.to_vec());
        }
        let plain = compress::unlz4(&packed.bytes, packed.plain).ok()?;
        compress::zstd(&plain, compress::ZSTD_LEVEL).ok()
    }
}
