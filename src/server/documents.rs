//! Which documents are open, and which one changed last. Invariant: written by the ordered loop alone. Must not know texts
//! (workspace/typing does).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Open documents by URI as the client writes it, with the number of the last notification about each.
#[derive(Debug, Default)]
pub(crate) struct Documents(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: HashMap<Arc<str>, u64>,
    last: u64,
}

impl Documents {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A document was opened or changed.
    pub(crate) fn touch(&self, uri: &str) {
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        match state.open.get_mut(uri) {
            Some(edits) => *edits = number,
            None => drop(state.open.insert(uri.into(), number)),
        }
    }

    /// A document was closed.
    pub(crate) fn close(&self, uri: &str) {
        self.lock().open.remove(uri);
    }

    /// The open document that was opened or changed last: the one that the user looks at.
    pub(crate) fn latest(&self) -> Option<Arc<str>> {
        self.lock().open.iter().max_by_key(|(_, edits)| **edits).map(|(uri, _)| uri.clone())
    }

    pub(crate) fn is_open(&self, uri: &str) -> bool {
        self.lock().open.contains_key(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_is_the_one_that_changed_last() {
        let documents = Documents::default();
        assert_eq!(documents.latest(), None);
        documents.touch("a");
        documents.touch("b");
        assert!(documents.is_open("a"));
        assert_eq!(documents.latest().as_deref(), Some("b"));
        documents.touch("a");
        assert_eq!(documents.latest().as_deref(), Some("a"));
        documents.close("a");
        assert!(!documents.is_open("a"));
        assert_eq!(documents.latest().as_deref(), Some("b"));
    }
}
