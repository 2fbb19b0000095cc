//! Which documents are open, and which one changed last. Invariant: written by the ordered loop alone. Must not know texts
//! (workspace/typing does).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Documents opened just before another one count as opened together with it.
const AROUND: usize = 4;
/// Such pairs that are remembered.
const PAIRS: usize = 1_000;
/// Of one document.
const TOGETHER: usize = 16;

/// Open documents by URI as the client writes it, with the number of the last notification about each.
#[derive(Debug, Default)]
pub(crate) struct Documents(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: HashMap<Arc<str>, u64>,
    last: u64,
    /// For documents opened of late: which others were opened around the same time.
    together: VecDeque<(Arc<str>, Arc<str>)>,
    opened: VecDeque<Arc<str>>,
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

    /// A document was opened: gives those that were opened together with it before, the latest first.
    pub(crate) fn opened(&self, uri: &str) -> Vec<Arc<str>> {
        let mut state = self.lock();
        let uri: Arc<str> = uri.into();
        let known = state.together.iter().rev().filter_map(|(a, b)| match (*a == uri, *b == uri) {
            (true, false) => Some(b.clone()),
            (false, true) => Some(a.clone()),
            _ => None,
        });
        let mut found: Vec<Arc<str>> = Vec::new();
        for it in known {
            if found.len() < TOGETHER && !found.contains(&it) {
                found.push(it);
            }
        }
        let around: Vec<_> = state.opened.iter().filter(|it| **it != uri).cloned().collect();
        state.together.extend(around.into_iter().map(|it| (it, uri.clone())));
        let surplus = state.together.len().saturating_sub(PAIRS);
        state.together.drain(..surplus);
        state.opened.retain(|it| *it != uri);
        state.opened.push_back(uri);
        let surplus = state.opened.len().saturating_sub(AROUND);
        state.opened.drain(..surplus);
        found
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
    fn documents_opened_together_are_remembered() {
        let documents = Documents::default();
        let opened = |uri: &str| documents.opened(uri).iter().map(|it| it.to_string()).collect::<Vec<_>>();
        assert!(opened("a").is_empty());
        assert!(opened("b").is_empty());
        for other in ["v", "w", "x", "y", "z"] {
            assert!(opened(other).is_empty());
        }
        assert_eq!(opened("a"), ["x", "w", "v", "b"]);
        assert_eq!(opened("b"), ["y", "x", "w", "v", "a"]);
        for number in 0..2_000 {
            opened(&format!("{number}"));
        }
        assert!(documents.lock().together.len() <= PAIRS);
    }

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
