//! What open documents tell by themselves: syntax diagnostics for clients that do not pull them. Invariant: an empty list is
//! sent only after one that was not empty.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::handlers::diagnostic;
use super::session::Session;
use crate::base::cancel::Cancel;
use crate::index::build::SegmentRecord;
use crate::index::snapshot::Snapshot;
use crate::syntax::languages::recipe;
use crate::workspace::crawl::record::facts_key;
use crate::workspace::typing::{Published, Sink};

/// Hands on what the typing worker tells.
#[derive(Default)]
pub(crate) struct Publisher {
    session: OnceLock<Weak<Session>>,
    /// Documents with diagnostics on show.
    shown: Mutex<HashSet<String>>,
}

impl Publisher {
    /// From now on there is a session to tell.
    pub(crate) fn serve(&self, session: &Arc<Session>) {
        // There is one session for each publisher.
        let _ = self.session.set(Arc::downgrade(session));
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.session.get()?.upgrade()
    }

    fn send(&self, session: &Session, uri: &str, params: &[u8], empty: bool) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let before = if empty { shown.remove(uri) } else { !shown.insert(uri.to_owned()) };
        if empty && !before {
            return;
        }
        let head = br#"{"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":"#;
        session.outbox.put(&[head, params, b"}"].concat());
    }
}

impl Sink for Arc<Publisher> {
    fn publish(&self, document: Published) -> Option<Snapshot> {
        let session = self.session()?;
        // The workspace is opened while the first documents are.
        let workspace = session.workspace()?;
        let Some(path) = &document.path else { return Some(workspace.snapshot()) };
        let recipe = recipe(document.lang);
        let segments = document.segments.into_iter().map(|it| {
            let part = document.text.get(it.span.range()).unwrap_or_default();
            SegmentRecord { span: it.span, key: facts_key(recipe, part), facts: it.facts }
        });
        let published = workspace.open_document(path, document.lang.id(), &document.text, segments.collect());
        Some(published.unwrap_or_else(|| workspace.snapshot()))
    }

    fn snapshot(&self) -> Snapshot {
        self.session().as_ref().and_then(|it| it.workspace()).map_or_else(Snapshot::empty, |it| it.snapshot())
    }

    fn closed(&self, uri: &str, path: Option<&PathBuf>) {
        if let Some(session) = self.session() {
            if let (Some(workspace), Some(path)) = (session.workspace(), path) {
                workspace.close_document(path);
            }
            let mut params = b"{\"uri\":".to_vec();
            super::json::string(&mut params, uri);
            params.extend_from_slice(b",\"diagnostics\":[]}");
            self.send(&session, uri, &params, true);
        }
    }

    fn settled(&self, uri: &str) {
        let Some(session) = self.session() else { return };
        if let Some(workspace) = session.workspace() {
            workspace.embed_documents(&Cancel::new());
        }
        if let Some((params, empty)) = diagnostic::published(&session, uri) {
            self.send(&session, uri, &params, empty);
        }
    }
}
