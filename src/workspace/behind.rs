//! Whether the disk is ahead of the index: changes that were heard of and not yet looked at. Invariant: from the moment
//! that the system tells of a change until a pass has published what it found, the index counts as behind. Must not know
//! what has changed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what waits to be looked at.
#[derive(Debug, Default)]
pub struct Behind {
    /// Events between the system and the thread that gathers them.
    heard: AtomicU64,
    /// Requests between that thread (or others) and the end of their pass.
    asked: AtomicU64,
}

impl Behind {
    /// An event was heard.
    pub fn hear(&self) {
        self.heard.fetch_add(1, Ordering::AcqRel);
    }

    /// So many events have become requests, or concern nothing.
    pub fn heeded(&self, events: u64) {
        self.heard.fetch_sub(events, Ordering::AcqRel);
    }

    /// Something is to be looked at.
    pub fn ask(&self) {
        self.asked.fetch_add(1, Ordering::AcqRel);
    }

    /// So many requests have been served.
    pub fn served(&self, requests: u64) {
        self.asked.fetch_sub(requests, Ordering::AcqRel);
    }

    /// What waits: zero where the index is what the system has told of.
    pub fn waiting(&self) -> u64 {
        self.heard.load(Ordering::Acquire) + self.asked.load(Ordering::Acquire)
    }
}
