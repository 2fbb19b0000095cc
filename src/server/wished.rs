//! What the client has wished to be read ahead, so that it can be withdrawn. Invariant: the neighbours of one document at
//! a time are read, those of the one opened last. Must not know what is read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::cancel::Cancel;

/// The tokens of the wishes in force.
#[derive(Debug, Default)]
pub(crate) struct Wished(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    requests: Cancel,
    document: Cancel,
}

impl Wished {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For one more wish of the client.
    pub(crate) fn of_request(&self) -> Cancel {
        self.lock().requests.clone()
    }

    /// For the neighbours of a document; those of the one before are no longer wanted.
    pub(crate) fn of_document(&self) -> Cancel {
        let mut state = self.lock();
        state.document.cancel();
        state.document = Cancel::new();
        state.document.clone()
    }

    /// Nothing of what was wished before is wanted any more.
    pub(crate) fn withdraw(&self) {
        let mut state = self.lock();
        state.requests.cancel();
        state.requests = Cancel::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_withdrawn_and_documents_take_turns() {
        let wished = Wished::default();
        let (asked, first) = (wished.of_request(), wished.of_document());
        let second = wished.of_document();
        assert!(first.is_cancelled() && !second.is_cancelled() && !asked.is_cancelled());
        wished.withdraw();
        assert!(asked.is_cancelled() && !second.is_cancelled() && !wished.of_request().is_cancelled());
    }
}
