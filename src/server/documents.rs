//! Which documents are open, how often each changed, and who reads them: enough to tell whether an answer is of the text
//! that was asked about. Invariant: states are written by the ordered loop alone. Must not know texts (workspace/typing
//! does).

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A state of a document: its number grows with each notification about it. Client versions may jump or be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edits(u64);

/// States of open documents by URI as the client writes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Documents(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Signalled when the last reader of a document is done.
    free: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<Arc<str>, u64>,
    /// Short requests about a document that came before its next edit and are not answered yet.
    readers: HashMap<Arc<str>, Readers>,
    last: u64,
}

/// Those that an edit still waits for: they count under one number until one edit has waited in vain.
#[derive(Debug)]
struct Readers {
    number: u64,
    count: usize,
}

/// One short request about a document; gone when it is answered.
#[derive(Debug)]
pub(crate) struct Reader {
    uri: Arc<str>,
    number: u64,
    documents: Documents,
}

impl Documents {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// The state of a document; the first state of all where it is not open.
    pub(crate) fn edits(&self, uri: &str) -> Edits {
        Edits(self.lock().open.get(uri).copied().unwrap_or(0))
    }

    pub(crate) fn is_open(&self, uri: &str) -> bool {
        self.lock().open.contains_key(uri)
    }

    /// Registers a short request about a document.
    pub(crate) fn read(&self, uri: Arc<str>) -> Reader {
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        let readers = state.readers.entry(uri.clone()).or_insert(Readers { number, count: 0 });
        readers.count += 1;
        let number = readers.number;
        drop(state);
        Reader { uri, number, documents: self.clone() }
    }

    /// Lets the short requests about a document finish that came before its next edit, for a moment: else each of them
    /// would be made in vain. Those that take longer are not waited for again.
    pub(crate) fn wait_for_readers(&self, uri: &str, limit: Duration) {
        let mut state = self.lock();
        if !state.readers.contains_key(uri) {
            return;
        }
        let end = Instant::now() + limit;
        while state.readers.contains_key(uri)
            && let Some(left) = end.checked_duration_since(Instant::now())
        {
            state = self.0.free.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.readers.remove(uri);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.documents.lock();
        let Some(readers) = state.readers.get_mut(&self.uri).filter(|it| it.number == self.number) else { return };
        readers.count -= 1;
        if readers.count == 0 {
            state.readers.remove(&self.uri);
            drop(state);
            self.documents.0.free.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_readers() {
        let documents = Documents::default();
        let before = documents.edits("a");
        documents.touch("a");
        assert!(documents.is_open("a"));
        assert_ne!(documents.edits("a"), before);
        let (first, second) = (documents.read("a".into()), documents.read("a".into()));
        // Others' readers hold nothing up; its own do, until the limit or their end.
        documents.wait_for_readers("b", Duration::from_secs(600));
        let slow = documents.read("c".into());
        documents.wait_for_readers("c", Duration::ZERO);
        documents.wait_for_readers("c", Duration::from_secs(600));
        drop(slow);
        let waiter = documents.clone();
        let thread = std::thread::spawn(move || waiter.wait_for_readers("a", Duration::from_secs(600)));
        drop(first);
        drop(second);
        thread.join().unwrap();
        documents.touch("b");
        assert_eq!(documents.latest().as_deref(), Some("b"));
        documents.close("a");
        assert_eq!(documents.edits("a"), before);
    }
}
