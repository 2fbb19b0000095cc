//! Requests that are not answered yet. Invariant: a request is answered exactly once: whoever takes its entry out answers,
//! and a ticket that is dropped answers with an error. Must not know methods or what the answers hold.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Response};

use super::outbox::Outbox;
use crate::base::cancel::Cancel;

/// So many requests may wait; more are refused until one is answered.
pub(crate) const LIMIT: usize = 512;
/// How long the loop waits for a place before it refuses, once in each time of need: a burst of short requests passes.
const PATIENCE: Duration = Duration::from_millis(50);

/// So many requests may wait before edits wait for them: the client sends faster than anybody types.
const CROWD: usize = 128;
/// How long an edit waits then.
const HESITATION: Duration = Duration::from_millis(100);

/// All requests under way.
#[derive(Debug)]
pub(crate) struct InFlight {
    state: Mutex<State>,
    /// Signalled when a request was answered while others had no place.
    freed: Condvar,
    outbox: Arc<Outbox>,
}

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<Id, Waiting>,
    next: u64,
    /// There was no place, and waiting for one was in vain.
    crowded: bool,
}

#[derive(Debug)]
struct Waiting {
    serial: u64,
    cancel: Cancel,
}

/// The right and the duty to answer one request.
#[derive(Debug)]
pub(crate) struct Ticket {
    id: Id,
    serial: u64,
    cancel: Cancel,
    table: Arc<InFlight>,
}

impl InFlight {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), freed: Condvar::new(), outbox })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry out; the caller answers.
    fn remove(&self, id: &Id, serial: Option<u64>) -> Option<Waiting> {
        let mut state = self.lock();
        if serial.is_some_and(|serial| state.waiting.get(id).is_none_or(|it| it.serial != serial)) {
            return None;
        }
        let was_full = state.waiting.len() >= CROWD;
        let gone = state.waiting.remove(id)?;
        state.crowded = false;
        drop(state);
        if was_full {
            self.freed.notify_all();
        }
        Some(gone)
    }

    /// Takes a request in. Errors: its id is in use, or too many wait.
    pub(crate) fn admit(self: &Arc<Self>, id: &Id) -> Result<Ticket, Error> {
        let mut state = self.lock();
        if state.waiting.len() >= LIMIT && !state.crowded {
            let full = |state: &mut State| state.waiting.len() >= LIMIT;
            state = self.freed.wait_timeout_while(state, PATIENCE, full).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.waiting.len() >= LIMIT {
            state.crowded = true;
            // RequestFailed: well-formed, but not now.
            let message = format!("{LIMIT} requests are waiting; ask again later");
            return Err(Error { code: ErrorCode::ServerError(-32803), message: message.into(), data: None });
        }
        state.next += 1;
        let serial = state.next;
        let cancel = Cancel::new();
        match state.waiting.entry(id.clone()) {
            Entry::Occupied(_) => {
                let message = "a request with this id is not answered yet".into();
                Err(Error { code: ErrorCode::InvalidRequest, message, data: None })
            }
            Entry::Vacant(free) => {
                free.insert(Waiting { serial, cancel: cancel.clone() });
                Ok(Ticket { id: id.clone(), serial, cancel, table: self.clone() })
            }
        }
    }

    /// Waits a moment where a crowd of requests is not answered yet, so that who floods us is held up and not forgotten.
    pub(crate) fn hold_up_a_flood(&self) {
        let state = self.lock();
        if state.waiting.len() >= CROWD {
            let full = |state: &mut State| state.waiting.len() >= CROWD;
            let held = self.freed.wait_timeout_while(state, HESITATION, full);
            drop(held.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Answers a request with `RequestCancelled` at once; its work sees the token. Unknown ids are ignored.
    pub(crate) fn cancel(&self, id: &Id) {
        let Some(waiting) = self.remove(id, None) else { return };
        waiting.cancel.cancel();
        self.outbox.put_json(&Response::from_error(id.clone(), Error::request_cancelled()));
    }

    /// Stops all work without answers: the process ends.
    pub(crate) fn abandon(&self) {
        for (_, waiting) in self.lock().waiting.drain() {
            waiting.cancel.cancel();
        }
    }

    /// How many requests wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }
}

impl Ticket {
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The bytes before a result that is written straight behind them; [`Self::answer`] closes the message.
    pub(crate) fn open(&self) -> Vec<u8> {
        let mut body = br#"{"jsonrpc":"2.0","id":"#.to_vec();
        // An id is an integer or a string: writing it to memory cannot fail.
        let _ = serde_json::to_writer(&mut body, &self.id);
        body.extend_from_slice(br#","result":"#);
        body
    }

    /// Answers with a message begun by [`Self::open`], or an error.
    pub(crate) fn answer(self, outcome: Result<Vec<u8>, Error>) {
        if !self.take() {
            return;
        }
        match outcome {
            Ok(mut body) => {
                body.push(b'}');
                self.table.outbox.put(&body);
            }
            Err(error) => self.table.outbox.put_json(&Response::from_error(self.id.clone(), error)),
        }
    }

    /// Answers with what the router made.
    pub(crate) fn respond(self, response: &Response) {
        if self.take() {
            self.table.outbox.put_json(response);
        }
    }

    /// Whether the answer is still due; from now on it is no more.
    fn take(&self) -> bool {
        self.table.remove(&self.id, Some(self.serial)).is_some()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.take() {
            self.table.outbox.put_json(&Response::from_error(self.id.clone(), Error::internal_error()));
        }
    }
}
