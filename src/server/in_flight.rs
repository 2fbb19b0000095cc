//! Requests that are not answered yet. Invariant: a request is answered exactly once: whoever takes its entry out answers,
//! and a ticket that is dropped answers with an error. Must not know methods or what the answers hold.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Response};

use super::outbox::Outbox;
use crate::base::cancel::Cancel;

/// So many requests may wait; more are refused until one is answered.
pub(crate) const LIMIT: usize = 512;

/// All requests under way.
#[derive(Debug)]
pub(crate) struct InFlight {
    waiting: Mutex<HashMap<Id, Waiting>>,
    next: AtomicU64,
    outbox: Arc<Outbox>,
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
        Arc::new(Self { waiting: Mutex::default(), next: AtomicU64::new(0), outbox })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a request in. Errors: its id is in use, or too many wait.
    pub(crate) fn admit(self: &Arc<Self>, id: &Id) -> Result<Ticket, Error> {
        let mut waiting = self.lock();
        if waiting.len() >= LIMIT {
            // RequestFailed: well-formed, but not now.
            let message = format!("{LIMIT} requests are waiting; ask again later");
            return Err(Error { code: ErrorCode::ServerError(-32803), message: message.into(), data: None });
        }
        let serial = self.next.fetch_add(1, Ordering::Relaxed);
        let cancel = Cancel::new();
        match waiting.entry(id.clone()) {
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

    /// Answers a request with `RequestCancelled` at once; its work sees the token. Unknown ids are ignored.
    pub(crate) fn cancel(&self, id: &Id) {
        let Some(waiting) = self.lock().remove(id) else { return };
        waiting.cancel.cancel();
        self.outbox.put_json(&Response::from_error(id.clone(), Error::request_cancelled()));
    }

    /// Stops all work without answers: the process ends.
    pub(crate) fn abandon(&self) {
        for (_, waiting) in self.lock().drain() {
            waiting.cancel.cancel();
        }
    }

    /// How many requests wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
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
        let mut waiting = self.table.lock();
        let due = waiting.get(&self.id).is_some_and(|it| it.serial == self.serial);
        if due {
            waiting.remove(&self.id);
        }
        due
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.take() {
            self.table.outbox.put_json(&Response::from_error(self.id.clone(), Error::internal_error()));
        }
    }
}
