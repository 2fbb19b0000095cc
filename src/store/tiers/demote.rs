//! The way down: one background thread encodes and compresses what the warm tier has pushed out, so that no answer waits
//! for it. Invariant: what is on its way is bounded in bytes (and by the few that one of them pushes out of the warm
//! tier); beyond that it is dropped, since the disk has it. Must not know what the values are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, Weak};

use super::state::Pushed;
use super::{Inner, Packed, Stored, cost};
use crate::base::hash::Key;
use crate::base::threads::{self, Intent};
use crate::store::compress;

enum Job<V> {
    Compress(Key, V),
    /// Tells that all before is done.
    Barrier(Sender<()>),
}

pub(super) struct Demoter<V> {
    sender: Mutex<Sender<Job<V>>>,
    waiting: Arc<AtomicU64>,
    most: u64,
    inner: Weak<Inner<V>>,
}

impl<V: Stored> Demoter<V> {
    /// Starts the thread; it ends when the tiers are gone. At most `most` bytes are on their way.
    pub fn start(most: u64, inner: &Arc<Inner<V>>) -> Self {
        let (sender, receiver) = channel();
        let waiting = Arc::<AtomicU64>::default();
        let it = Self { sender: Mutex::new(sender), waiting: waiting.clone(), most, inner: Arc::downgrade(inner) };
        let of = it.inner.clone();
        // Without a thread the channel is closed, and what is pushed out is dropped.
        let _ = threads::spawn("portolan-tiers", Intent::Background, move || work(&receiver, &of, &waiting));
        it
    }

    /// Puts values on their way, or drops them where too much is there already. Not to be called with the state locked.
    pub fn send_all(&self, (pushed, _): Pushed<V>) {
        let mut lost = 0;
        for (key, value) in pushed {
            let size = cost(value.weight());
            let full = self.waiting.fetch_add(size, Ordering::Relaxed) + size > self.most.max(size);
            let job = Job::Compress(key, value);
            if full || !self.sender.lock().is_ok_and(|it| it.send(job).is_ok()) {
                self.waiting.fetch_sub(size, Ordering::Relaxed);
                lost += 1;
            }
        }
        if lost > 0
            && let Some(inner) = self.inner.upgrade()
        {
            inner.lock().counts.dropped += lost;
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

fn work<V: Stored>(jobs: &Receiver<Job<V>>, inner: &Weak<Inner<V>>, waiting: &AtomicU64) {
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Compress(key, value) => {
                let Some(inner) = inner.upgrade() else { return };
                let size = cost(value.weight());
                // What becomes cold takes its room back from what is warm.
                let mut all = vec![(key, value)];
                while let Some((key, value)) = all.pop() {
                    chill(&inner, key, &value);
                    // What is only dropped is dropped when the lock is free again.
                    let pushed = inner.lock().pushed();
                    all.extend(pushed.0);
                }
                waiting.fetch_sub(size, Ordering::Relaxed);
            }
            // Nobody waits any more: as well.
            Job::Barrier(done) => drop(done.send(())),
        }
    }
}

fn chill<V: Stored>(inner: &Inner<V>, key: Key, value: &V) {
    // It may have been asked for again meanwhile.
    if inner.lock().tier_of(&key).is_some() {
        return;
    }
    let mut plain = Vec::new();
    if !value.encode(&mut plain) {
        inner.lock().counts.dropped += 1;
        return;
    }
    let bytes: Arc<[u8]> = if inner.compression { compress::lz4(&plain).into() } else { plain.as_slice().into() };
    inner.lock().chill(key, Packed { bytes, plain: plain.len() });
}
