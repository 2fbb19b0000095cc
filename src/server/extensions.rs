//! Requests beyond the protocol: `portolan/...`, and those that a program which embeds the server adds. Invariant: they take
//! the same road as all others (table, router, pool, guard). Must not know transport.

use std::sync::Arc;

use serde_json::Value;
use tower_lsp::jsonrpc::Error;

use super::dispatch::Stale;
use super::handlers;
use super::pool::Lane;
use super::session::Session;
use crate::base::cancel::Cancel;

/// What answers an extension: parameters in, result out, on a thread of the pool.
pub type Answer = dyn Fn(&Session, Value, &Cancel) -> Result<Value, Error> + Send + Sync;

/// One request beyond the protocol.
#[derive(Clone)]
pub struct Extension {
    pub method: &'static str,
    pub lane: Lane,
    pub stale: Stale,
    pub answer: Arc<Answer>,
}

impl std::fmt::Debug for Extension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Extension({})", self.method)
    }
}

impl Extension {
    /// A request that does not depend on an open document's text.
    pub fn new(
        method: &'static str,
        lane: Lane,
        answer: impl Fn(&Session, Value, &Cancel) -> Result<Value, Error> + Send + Sync + 'static,
    ) -> Self {
        Self { method, lane, stale: Stale::Keep, answer: Arc::new(answer) }
    }
}

/// Portolan's own.
pub(crate) fn own() -> Vec<Extension> {
    vec![
        Extension::new("portolan/status", Lane::Answer, handlers::status::status),
        Extension::new("portolan/semanticSearch", Lane::Answer, handlers::semantic_search::answer),
        Extension::new("portolan/related", Lane::Answer, handlers::related::answer),
        Extension::new("portolan/pause", Lane::Answer, handlers::status::pause),
        Extension::new("portolan/prefetch", Lane::Slow, handlers::prefetch::prefetch),
    ]
}
