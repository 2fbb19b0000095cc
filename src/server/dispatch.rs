//! The request table: for each method its lane, and which text its answer is about. Invariant: a method that is not in the
//! table is answered with MethodNotFound. Must not know how answers are made.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tower_lsp::jsonrpc::{Error, ErrorCode};

use super::extensions::Extension;
use super::handlers;
use super::message::Params;
use super::pool::Lane;
use super::session::Session;
use crate::base::cancel::Cancel;
use crate::index::wants::Wants;
use crate::workspace::typing::{Pin, Purpose};

/// What an answer has to do with the text of the document that was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Nothing.
    Keep,
    /// It is read off the document's syntax, in the state in which the client asked; later edits wait for it, unseen.
    Looked,
    /// It is asked of the index that has the document in the state in which the client asked.
    Asked,
}

impl Stale {
    fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Keep => None,
            Self::Looked => Some(Purpose::Look),
            Self::Asked => Some(Purpose::Ask),
        }
    }
}

/// A request handler past the router: appends the JSON of its result to the bytes. It runs on the pool.
pub(crate) type Hot = fn(&Session, &Params, &Context, &mut Vec<u8>) -> Result<(), Error>;
/// A notification handler past the router; it runs on the ordered loop and never waits.
pub(crate) type Notice = fn(&Session, &Params) -> Result<(), Error>;

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) lane: Lane,
    pub(crate) stale: Stale,
    /// Called past the router, its reply written straight to bytes.
    pub(crate) hot: Option<Hot>,
}

/// A line of the table for a method that goes through the router.
pub(crate) const fn row(method: &'static str, lane: Lane, stale: Stale) -> Row {
    Row { method, lane, stale, hot: None }
}

/// A line of the table for a method that reads an open document, past the router.
const fn hot(method: &'static str, handler: Hot) -> Row {
    Row { method, lane: Lane::Typing, stale: Stale::Looked, hot: Some(handler) }
}

/// All requests of the protocol that we answer, ordered by urgency.
pub(crate) const TABLE: &[Row] = &[
    // Asked for with each keystroke: of the text as it was then.
    hot("textDocument/documentSymbol", handlers::document_symbol::answer),
    hot("textDocument/foldingRange", handlers::folding_range::answer),
    hot("textDocument/selectionRange", handlers::selection_range::answer),
    hot("textDocument/diagnostic", handlers::diagnostic::answer),
    // A picker's key: one look into the index; of no single document.
    Row {
        method: "workspace/symbol",
        lane: Lane::Answer,
        stale: Stale::Keep,
        hot: Some(handlers::workspace_symbol::answer),
    },
    // A jump: its position counts on the text as it was then.
    row("textDocument/definition", Lane::Answer, Stale::Asked),
    // May read thousands of files.
    row("textDocument/references", Lane::Slow, Stale::Asked),
    // A user's click: one call into the workspace.
    row("workspace/executeCommand", Lane::Answer, Stale::Keep),
];

/// Notifications that change documents: in order, before anything else happens.
pub(crate) const NOTICES: &[(&str, Notice)] = &[
    ("textDocument/didOpen", handlers::text_sync::opened),
    ("textDocument/didChange", handlers::text_sync::changed),
    ("textDocument/didSave", handlers::text_sync::saved),
    ("textDocument/didClose", handlers::text_sync::closed),
    ("$/setTrace", handlers::lifecycle::set_trace),
];

/// The handler of a notification that goes past the router.
pub(crate) fn notice(method: &str) -> Option<Notice> {
    NOTICES.iter().find(|(name, _)| *name == method).map(|(_, notice)| *notice)
}

/// The rows of all methods that this server answers, its extensions' included.
#[derive(Debug)]
pub(crate) struct Table(HashMap<&'static str, Row>);

impl Table {
    pub(crate) fn with(extensions: &[Extension]) -> Self {
        let own = TABLE.iter().copied();
        let more = extensions.iter().map(|it| row(it.method, it.lane, it.stale));
        Self(own.chain(more).map(|row| (row.method, row)).collect())
    }

    pub(crate) fn get(&self, method: &str) -> Option<Row> {
        self.0.get(method).copied()
    }
}

/// One request on its way: what its work may look at before anything is awaited.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) lane: Lane,
    pub(crate) cancel: Cancel,
    /// The state of the document that was asked about; none where none was, or it is not open.
    pub(crate) pin: Option<Arc<Pin>>,
}

impl Context {
    /// Of a request that has just come, about `document`.
    pub(crate) fn new(session: &Session, row: Row, cancel: Cancel, document: impl FnOnce() -> Option<String>) -> Self {
        let pin = row.stale.purpose().and_then(|purpose| session.typing.pin(&document()?, purpose)).map(Arc::new);
        Self { lane: row.lane, cancel, pin }
    }

    /// Whether the client has gone on long ago.
    fn is_left_behind(&self) -> bool {
        self.pin.as_ref().is_some_and(|it| it.is_left_behind())
    }
}

tokio::task_local! {
    /// The context of the request that the running task answers.
    pub(crate) static CONTEXT: Context;
}

thread_local! {
    /// What the answer that this thread makes may lack.
    static WANTED: RefCell<Option<Wants>> = const { RefCell::new(None) };
}

/// A handler says what its answer may lack: it is called once more when that is indexed.
pub(crate) fn want(wants: Option<Wants>) {
    WANTED.set(wants);
}

/// What the last answer of this thread said that it may lack.
pub(crate) fn wanted() -> Option<Wants> {
    WANTED.take()
}

/// Makes an answer: guards against panics, drops it if cancelled, refuses what comes far too late.
pub(crate) fn guarded<T>(context: &Context, make: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    if context.cancel.is_cancelled() {
        return Err(Error::request_cancelled());
    }
    if context.is_left_behind() {
        return Err(Error::content_modified());
    }
    catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| {
        let message = "the handler failed; this is a defect of the server".into();
        Err(Error { code: ErrorCode::InternalError, message, data: None })
    })
}
