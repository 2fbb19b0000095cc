//! What all handlers share: one client's connection. Invariant: documents change on the ordered loop alone; everything else
//! reads. Must not know frames.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde::Serialize;
use tokio::runtime::Handle;
use tower_lsp::Client;
use tower_lsp::jsonrpc::Error;
use tower_lsp::ls_types::{MessageType, ShowMessageParams};

use super::capabilities::ClientFacts;
use super::dispatch::Context;
use super::documents::Documents;
use super::in_flight::InFlight;
use super::outbox::Outbox;
use super::pool::Pool;
use super::roots::{Place, Roots};
use super::watch::Watch;
use super::wished::Wished;
use super::{LogLevel, WorkspaceOptions};
use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::base::settings::{Settings, table};
use crate::index::snapshot::Snapshot;
use crate::workspace::Workspace;
use crate::workspace::typing::{Typing, Unanswered};

/// One client, from `initialize` to `exit`.
pub struct Session {
    pub(crate) client: Client,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) documents: Documents,
    pub(crate) typing: Arc<Typing>,
    pub(crate) roots: Roots,
    pub(crate) wished: Wished,
    pub(crate) watch: Arc<Watch>,
    pub(crate) choices: Choices,
    pub(crate) runtime: Handle,
    /// What the client can do; set by `initialize`.
    facts: OnceLock<ClientFacts>,
    /// The settings in force, and those without the client's live ones.
    settings: RwLock<Settings>,
    base_settings: OnceLock<Settings>,
    workspace: OnceLock<Arc<Workspace>>,
    shut_down: AtomicBool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(client: Client, wires: Wires, choices: Choices) -> Self {
        let Wires { outbox, in_flight, pool, watch, runtime, typing } = wires;
        let settings = RwLock::new(choices.settings.clone());
        Self {
            client,
            outbox,
            in_flight,
            pool,
            watch,
            choices,
            runtime,
            settings,
            typing,
            documents: Documents::default(),
            roots: Roots::default(),
            wished: Wished::default(),
            facts: OnceLock::new(),
            base_settings: OnceLock::new(),
            workspace: OnceLock::new(),
            shut_down: AtomicBool::new(false),
        }
    }

    /// What the client can do (nothing, before `initialize`).
    pub(crate) fn facts(&self) -> &ClientFacts {
        static NOTHING: OnceLock<ClientFacts> = OnceLock::new();
        self.facts.get().unwrap_or_else(|| NOTHING.get_or_init(ClientFacts::default))
    }

    pub(crate) fn learn(&self, facts: ClientFacts) {
        // A second `initialize` is refused before it comes here.
        let _ = self.facts.set(facts);
    }

    /// The settings in force.
    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The settings without those that the client sends while it runs.
    pub(crate) fn base_settings(&self) -> Settings {
        self.base_settings.get().unwrap_or(&self.choices.settings).clone()
    }

    pub(crate) fn set_base_settings(&self, mut settings: Settings) {
        settings.notices.clear();
        // `initialize` comes once.
        let _ = self.base_settings.set(settings);
    }

    /// Replaces the settings, and tells what was wrong with their sources.
    pub(crate) fn set_settings(&self, mut settings: Settings) {
        for notice in std::mem::take(&mut settings.notices) {
            self.tell(MessageType::WARNING, format!("Portolan: {notice}"));
        }
        self.choices.log_level.set(settings.text(&table::LOG_LEVEL));
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// The open workspace; none before `initialize`, or where it could not be opened.
    pub(crate) fn workspace(&self) -> Option<&Arc<Workspace>> {
        self.workspace.get()
    }

    pub(crate) fn set_workspace(&self, workspace: Arc<Workspace>) {
        // `initialize` comes once.
        let _ = self.workspace.set(workspace);
    }

    /// The index with all that is typed: what a question is asked of. Take it before anything else.
    pub(crate) fn snapshot(&self, cancel: &Cancel) -> Snapshot {
        self.typing.flush(cancel);
        self.workspace().map_or_else(Snapshot::empty, |it| it.snapshot())
    }

    /// As [`Self::snapshot`], with vectors of all that is typed.
    pub(crate) fn snapshot_by_meaning(&self, cancel: &Cancel) -> Snapshot {
        self.typing.flush(cancel);
        self.workspace().map_or_else(Snapshot::empty, |it| {
            it.embed_documents(cancel);
            it.snapshot()
        })
    }

    /// The index with the document `uri` as it was when the client asked about it, and the others as they are.
    ///
    /// # Errors
    /// That state is gone, or the request was cancelled.
    pub(crate) fn snapshot_about(&self, uri: &str, asked: &Context) -> Result<Snapshot, Error> {
        let Some(pin) = asked.pin.as_deref() else { return Ok(self.snapshot(&asked.cancel)) };
        self.typing.flush_others(pin, &asked.cancel);
        let answer = match self.typing.ask(pin, &asked.cancel) {
            Ok(answer) => answer,
            Err(Unanswered::Cancelled) => return Err(Error::request_cancelled()),
            Err(Unanswered::Overtaken) => return Err(Error::content_modified()),
            // It has no syntax any more: what the index has of it counts.
            Err(Unanswered::NotOpen | Unanswered::Lost(_)) => return Ok(self.snapshot(&asked.cancel)),
        };
        let Some(now) = self.workspace().map(|it| it.snapshot()) else { return Ok(answer) };
        Ok(match self.file(&answer, uri) {
            Some(file) if now.generation() != answer.generation() => now.with_document_of(&answer, file),
            _ => answer,
        })
    }

    /// A document of the client in a snapshot; none outside of every folder.
    pub(crate) fn file(&self, snapshot: &Snapshot, uri: &str) -> Option<FileId> {
        match self.roots.place(uri) {
            Place::Inside(root, path) => snapshot.file(root, &path),
            Place::Outside(_) | Place::Virtual => None,
        }
    }

    /// The URI of a file of a snapshot.
    pub(crate) fn uri_of(&self, snapshot: &Snapshot, file: FileId) -> Option<String> {
        let (root, path) = snapshot.path(file)?;
        self.roots.uri(root, &path)
    }

    /// A file's text as the snapshot knows it: the document's while it is open, else the file's, if it has not changed.
    pub(crate) fn text_of(&self, snapshot: &Snapshot, file: FileId, root: RootId, path: &RelPath) -> Option<Arc<str>> {
        if let Some(text) = snapshot.open_text(file) {
            return Some(text);
        }
        self.workspace()?.text_of(snapshot, file, root, path)
    }

    /// Sends a notification.
    pub(crate) fn notify(&self, method: &'static str, params: impl Serialize) {
        #[derive(Serialize)]
        struct Notification<T> {
            jsonrpc: &'static str,
            method: &'static str,
            params: T,
        }
        self.outbox.put_json(&Notification { jsonrpc: "2.0", method, params });
    }

    /// Shows the user a sentence.
    pub(crate) fn tell(&self, typ: MessageType, message: String) {
        self.notify("window/showMessage", ShowMessageParams { typ, message });
    }

    /// The client sent `shutdown`.
    pub(crate) fn shut_down(&self) {
        self.shut_down.store(true, Ordering::Release);
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Acquire)
    }
}

/// What the program chose, for as long as the session lasts.
#[derive(Clone)]
pub(crate) struct Choices {
    pub(crate) settings: Settings,
    pub(crate) workspace: Arc<WorkspaceOptions>,
    pub(crate) log_level: LogLevel,
}

/// The parts of the transport that handlers reach.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) runtime: Handle,
    pub(crate) typing: Arc<Typing>,
}
