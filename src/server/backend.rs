//! The router's view of the server: tower-lsp's trait, one line a method. Invariant: it only hands over to `handlers/`; each
//! answer is computed on the pool, guarded against panics. Must not hold state (the session does).

use std::sync::Arc;

use serde_json::Value;
use tower_lsp::LanguageServer;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::*;

use super::dispatch::{self, CONTEXT, Context};
use super::extensions::Extension;
use super::handlers;
use super::session::Session;

/// Hands methods to their handlers.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) session: Arc<Session>,
}

impl Backend {
    /// Runs a handler on the pool under the table's policy for the request that this task answers.
    async fn answer<P, T>(
        session: Arc<Session>,
        params: P,
        handler: impl Fn(&Session, &P, &Context) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T>
    where
        P: Send + Sync + 'static,
        T: Send + 'static,
    {
        let context = CONTEXT.try_with(Clone::clone).map_err(|_| Error::internal_error())?;
        let (pool, lane, cancel) = (session.pool.clone(), context.lane, context.cancel.clone());
        let workspace = session.workspace().cloned();
        let make = Arc::new(move || {
            let made = dispatch::guarded(&context, || handler(&session, &params, &context));
            (made, dispatch::wanted())
        });
        let again = make.clone();
        let Some((made, wants)) = pool.run(lane, move || make()).await else { return Err(Error::internal_error()) };
        let (Some(wants), Some(workspace), true) = (wants, workspace, made.is_ok()) else { return made };
        let (done, found) = tokio::sync::oneshot::channel();
        workspace.seek(wants, cancel, move |found| {
            // Nobody waits any more where the request was cancelled.
            let _ = done.send(found);
        });
        if !found.await.unwrap_or(false) {
            return made;
        }
        pool.run(lane, move || again().0).await.unwrap_or(made)
    }

    /// The road of a request beyond the protocol.
    pub(crate) fn extended(
        extension: Extension,
    ) -> impl Fn(&Self, Value) -> futures::future::BoxFuture<'static, Result<Value>> + Clone + Send + Sync + 'static
    {
        move |backend, params| {
            let answer = extension.answer.clone();
            let session = backend.session.clone();
            Box::pin(Self::answer(session, params, move |session, params, context| {
                answer(session, params.clone(), &context.cancel)
            }))
        }
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        handlers::lifecycle::initialize(&self.session, &params)
    }

    async fn initialized(&self, _: InitializedParams) {
        handlers::lifecycle::initialized(&self.session);
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        handlers::configuration::changed(&self.session, params);
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        handlers::folders::changed(&self.session, &params);
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        handlers::folders::files_changed(&self.session, &params);
    }

    async fn goto_definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>> {
        Self::answer(self.session.clone(), params, handlers::navigation::definition).await
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        Self::answer(self.session.clone(), params, handlers::navigation::references).await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        let execute = |session: &Session, params: &_, asked: &Context| {
            handlers::commands::execute(session, params, &asked.cancel)
        };
        Self::answer(self.session.clone(), params, execute).await.map(Some)
    }

    async fn shutdown(&self) -> Result<()> {
        handlers::lifecycle::shutdown(&self.session);
        Ok(())
    }
}
