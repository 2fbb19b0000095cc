//! The request table: for each method its lane, and what becomes of an answer that the next edit overtook. Invariant: a
//! method that is not in the table is answered with MethodNotFound. Must not know how answers are made.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tower_lsp::jsonrpc::{Error, ErrorCode};

use super::documents::{Edits, Reader};
use super::extensions::Extension;
use super::handlers;
use super::message::Params;
use super::pool::Lane;
use super::session::Session;
use crate::base::cancel::Cancel;

/// What becomes of an answer whose document changed while it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It does not depend on the document's text.
    Keep,
    /// Made once more on the new text; ContentModified if that is overtaken too.
    RetryOnce,
    /// ContentModified: the client asks again by itself.
    Modified,
}

/// A request handler past the router: appends the JSON of its result to the bytes. It runs on the pool.
pub(crate) type Hot = fn(&Session, &Params, &Cancel, &mut Vec<u8>) -> Result<(), Error>;
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
    Row { method, lane: Lane::Typing, stale: Stale::Modified, hot: Some(handler) }
}

/// All requests of the protocol that we answer, ordered by urgency.
pub(crate) const TABLE: &[Row] = &[
    // Asked for with each keystroke. The next edit waits a moment for them; what it overtakes all the same, is not given.
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
    // A jump: positions in an older text lead astray, and a second try is cheap.
    row("textDocument/definition", Lane::Answer, Stale::RetryOnce),
    // May read thousands of files.
    row("textDocument/references", Lane::Slow, Stale::RetryOnce),
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
    pub(crate) stale: Stale,
    pub(crate) cancel: Cancel,
    /// The document that was asked about, with its state when the request came.
    pub(crate) document: Option<(Arc<str>, Edits)>,
    /// Holds back the document's next edit for a moment.
    pub(crate) _reader: Option<Arc<Reader>>,
}

tokio::task_local! {
    /// The context of the request that the running task answers.
    pub(crate) static CONTEXT: Context;
}

/// Makes an answer: guards against panics, drops it if cancelled, and applies the table's policy for stale ones.
pub(crate) fn guarded<T>(
    session: &Session,
    context: &Context,
    mut make: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut seen = context.document.as_ref().map(|(_, edits)| *edits);
    let mut again = context.stale == Stale::RetryOnce;
    loop {
        if context.cancel.is_cancelled() {
            return Err(Error::request_cancelled());
        }
        let outcome = catch_unwind(AssertUnwindSafe(&mut make)).unwrap_or_else(|_| {
            let message = "the handler failed; this is a defect of the server".into();
            Err(Error { code: ErrorCode::InternalError, message, data: None })
        });
        let now = context.document.as_ref().map(|(uri, _)| session.documents.edits(uri));
        if context.stale == Stale::Keep || now == seen || outcome.is_err() {
            return outcome;
        }
        if !again {
            return Err(Error::content_modified());
        }
        (seen, again) = (now, false);
    }
}
