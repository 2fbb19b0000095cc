//! Path 1, the keystroke: an edit is applied to the rope and noted; whoever needs the document next (a request, else the
//! typing worker) parses all that waits at once; after a quiet moment a doubtful tree is replaced and the document's facts
//! are published. Invariant: `open`, `change` and `close` never wait for a parse, and take effect in the order of calls.
//! Must not know the protocol, features or how the index keeps facts.

mod document;
mod language;
mod pins;
#[cfg(test)]
mod tests;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;
use dashmap::DashMap;

use crate::base::cancel::Cancel;
use crate::base::threads::{self, Intent};
use crate::index::snapshot::Snapshot;
use crate::syntax::extract::Limits;
use crate::syntax::languages::Lang;
use crate::syntax::parsing::Placed;
use crate::syntax::remote::Spawn;
use crate::text::{Change, Encoding};
use document::OpenDocument;
pub use document::{Current, Unanswered};
pub use pins::{Pin, Purpose};
use worker::Wake;

/// How typing behaves.
#[derive(Clone)]
pub struct TypingOptions {
    /// How long no edit must come before a document counts as quiet.
    pub quiet: Duration,
    /// How long a parse may hold a document before it is looked whether anybody still wants it.
    pub slice: Duration,
    pub limits: Limits,
    /// Starts the process of a document that is parsed apart (texts over `apart` bytes, and languages that the table says);
    /// none: all are parsed here.
    pub spawn: Option<Spawn>,
    pub apart: usize,
    /// How long such a process may take for one answer.
    pub patience: Duration,
}

impl Default for TypingOptions {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(300),
            slice: Duration::from_millis(50),
            limits: Limits::default(),
            spawn: None,
            apart: 1 << 20,
            patience: Duration::from_secs(5),
        }
    }
}

/// A document as the client opened it.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Names the document; untitled and virtual ones have one too. Compared byte by byte.
    pub uri: String,
    /// Its file, where it has one.
    pub path: Option<PathBuf>,
    /// The client's word for its language.
    pub language_id: String,
    pub version: i32,
    pub text: String,
}

/// The facts of an open document, in the text of `version`.
#[derive(Clone, Debug)]
pub struct Published {
    pub uri: Arc<str>,
    pub path: Option<PathBuf>,
    pub lang: Lang,
    pub version: i32,
    /// The whole text, which the segments tile.
    pub text: Arc<str>,
    pub segments: Vec<Placed>,
}

/// Who wants to know of open documents. Called from the typing worker and from those who ask.
pub trait Sink: Send + Sync {
    /// The facts of a document are others now; returns a snapshot that has them. None: nobody takes them yet; they are
    /// offered again with the next question.
    fn publish(&self, document: Published) -> Option<Snapshot>;

    /// The index as it is now.
    fn snapshot(&self) -> Snapshot;

    /// The document is no longer open: what the disk says counts again.
    fn closed(&self, uri: &str, path: Option<&PathBuf>);

    /// No edit has come for a moment and everything is up to date.
    fn settled(&self, uri: &str);
}

/// All open documents.
pub struct Typing {
    shared: Arc<Shared>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

pub(crate) struct Shared {
    documents: DashMap<Arc<str>, Arc<OpenDocument>>,
    sink: Box<dyn Sink>,
    options: TypingOptions,
    wake: Sender<Wake>,
}

impl std::fmt::Debug for Typing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Typing").field("documents", &self.shared.documents.len()).finish_non_exhaustive()
    }
}

impl Typing {
    /// No documents yet; starts the typing worker.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(sink: Box<dyn Sink>, options: TypingOptions) -> std::io::Result<Arc<Self>> {
        let (wake, woken) = crossbeam_channel::unbounded();
        let shared = Arc::new(Shared { documents: DashMap::new(), sink, options, wake });
        let theirs = shared.clone();
        let worker = threads::spawn("typing", Intent::Latency, move || worker::run(&theirs, &woken))?;
        Ok(Arc::new(Self { shared, worker: Mutex::new(Some(worker)) }))
    }

    /// A document is open from now on; one that was open under the same name is replaced.
    pub fn open(&self, opening: Opening) {
        let lang = language::of(&opening);
        let uri: Arc<str> = opening.uri.as_str().into();
        let document = Arc::new(OpenDocument::new(uri.clone(), lang, opening, &self.shared.options));
        if let Some(before) = self.shared.documents.insert(uri, document.clone()) {
            before.closed.store(true, Ordering::Release);
        }
        self.shared.wake(Wake::Touched(document));
    }

    /// Applies the changes of one notification, in order. Those to a document that is not open are dropped; false then.
    pub fn change(&self, uri: &str, version: i32, changes: Vec<Change>, encoding: Encoding) -> bool {
        let Some(document) = self.shared.get(uri) else { return false };
        document.change(version, changes, encoding);
        self.shared.wake(Wake::Touched(document));
        true
    }

    /// The document's text has been written to its file.
    pub fn saved(&self, uri: &str) {
        if let Some(document) = self.shared.get(uri) {
            self.shared.wake(Wake::Touched(document));
        }
    }

    /// The document is no longer open.
    pub fn close(&self, uri: &str) {
        if let Some((_, document)) = self.shared.documents.remove(uri) {
            document.closed.store(true, Ordering::Release);
            self.shared.wake(Wake::Closed(document));
        }
    }

    /// Whether a document of that name is open.
    pub fn is_open(&self, uri: &str) -> bool {
        self.shared.documents.contains_key(uri)
    }

    /// Names of all open documents, in no order.
    pub fn open_uris(&self) -> Vec<Arc<str>> {
        self.shared.documents.iter().map(|it| it.key().clone()).collect()
    }

    /// Holds the state that an open document has now for a request about it; none where it is not open.
    pub fn pin(&self, uri: &str, purpose: Purpose) -> Option<Pin> {
        Some(Pin::hold(self.shared.get(uri)?, purpose))
    }

    /// Shows a document as it is now, or as a later edit has left it. Holds the document while `look` runs.
    ///
    /// # Errors
    /// It is not open, `cancel` came first, or its parser process is gone.
    pub fn read<R>(
        &self,
        uri: &str,
        cancel: &Cancel,
        look: impl FnOnce(&mut Current<'_>) -> R,
    ) -> Result<R, Unanswered> {
        let document = self.shared.get(uri).ok_or(Unanswered::NotOpen)?;
        document.read(&self.shared, document.edits(), cancel, look)
    }

    /// Shows the state that `pin` holds (to look at; none: nothing was open). Holds the document while `look` runs.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn look<R>(
        &self,
        pin: Option<&Pin>,
        cancel: &Cancel,
        look: impl FnOnce(&mut Current<'_>) -> R,
    ) -> Result<R, Unanswered> {
        let pin = pin.ok_or(Unanswered::NotOpen)?;
        pin.document.read_exactly(&self.shared, pin.number, cancel, look)
    }

    /// The index with the state that `pin` holds (to ask about).
    ///
    /// # Errors
    /// `cancel` came first, its parser process is gone, or nobody takes facts yet.
    pub fn ask(&self, pin: &Pin, cancel: &Cancel) -> Result<Snapshot, Unanswered> {
        pin.document.publish_pinned(&self.shared, pin.number, cancel)
    }

    /// Offers the documents beneath a folder to the sink again: it has become somebody's.
    pub fn offer_again(&self, folder: &Path) {
        for document in
            self.shared.documents.iter().filter(|it| it.path.as_ref().is_some_and(|it| it.starts_with(folder)))
        {
            document.mark_unpublished();
            self.shared.wake(Wake::Touched(document.value().clone()));
        }
    }

    /// Publishes the facts of every document that has changed since it was last published: what a question does before it
    /// takes its snapshot.
    pub fn flush(&self, cancel: &Cancel) {
        for document in self.shared.changed() {
            document.publish(&self.shared, cancel);
        }
    }

    /// As [`Self::flush`], without the document of `pin`.
    pub fn flush_others(&self, pin: &Pin, cancel: &Cancel) {
        for document in self.shared.changed().into_iter().filter(|it| !Arc::ptr_eq(it, &pin.document)) {
            document.publish(&self.shared, cancel);
        }
    }

    /// Ends the worker; nothing is published any more.
    pub fn shutdown(&self) {
        self.shared.wake(Wake::Stop);
        let worker = self.worker.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(worker) = worker {
            // A worker that panicked has said so already.
            let _ = worker.join();
        }
    }
}

impl Drop for Typing {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Shared {
    fn get(&self, uri: &str) -> Option<Arc<OpenDocument>> {
        self.documents.get(uri).map(|it| it.value().clone())
    }

    fn wake(&self, wake: Wake) {
        // It fails only when the worker has ended.
        let _ = self.wake.send(wake);
    }

    fn changed(&self) -> Vec<Arc<OpenDocument>> {
        self.documents.iter().map(|it| it.value().clone()).filter(|it| it.is_unpublished()).collect()
    }
}
