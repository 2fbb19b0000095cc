//! Which documents are open and how often each changed: enough to tell whether an answer is of the text that was asked
//! about. Invariant: written by the ordered loop alone. Must not know texts (workspace/typing does).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A state of a document: its number grows with each notification about it. Client versions may jump or be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edits(u64);

/// States of open documents by URI as the client writes it.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    open: Mutex<HashMap<Arc<str>, u64>>,
    next: std::sync::atomic::AtomicU64,
}

impl Documents {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, u64>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A document was opened or changed.
    pub(crate) fn touch(&self, uri: &str) {
        let number = 1 + self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut open = self.lock();
        match open.get_mut(uri) {
            Some(state) => *state = number,
            None => drop(open.insert(uri.into(), number)),
        }
    }

    /// A document was closed. Whether it was open.
    pub(crate) fn close(&self, uri: &str) -> bool {
        self.lock().remove(uri).is_some()
    }

    /// The state of a document; the first state of all where it is not open.
    pub(crate) fn edits(&self, uri: &str) -> Edits {
        Edits(self.lock().get(uri).copied().unwrap_or(0))
    }

    pub(crate) fn is_open(&self, uri: &str) -> bool {
        self.lock().contains_key(uri)
    }
}
