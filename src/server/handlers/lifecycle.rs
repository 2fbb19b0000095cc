//! initialize, initialized, shutdown, `$/setTrace`.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tower_lsp::jsonrpc::Error;
use tower_lsp::ls_types::{InitializeParams, InitializeResult, Registration, ServerInfo};

use crate::base::settings::{Trust, table};
use crate::base::threads::{self, Intent};
use crate::server::capabilities::{self, ClientFacts};
use crate::server::message::Params;
use crate::server::session::Session;
use crate::server::{opening, progress};

/// How long the end waits for the workspace.
const FAREWELL: Duration = Duration::from_millis(400);

/// Learns what the client can do, opens its folders, and answers what we can.
pub(crate) fn initialize(session: &Arc<Session>, params: &InitializeParams) -> Result<InitializeResult, Error> {
    let facts = ClientFacts::of(params);
    session.watch.client(params.process_id);
    session.learn(facts.clone());
    let mut settings = session.settings();
    if let Some(options) = &params.initialization_options {
        settings.add_json(options, "initializationOptions", Trust::User);
    }
    let capabilities = capabilities::server(&facts, &settings);
    session.set_settings(settings);
    let broad = opening::open(session, opening::folders(params));
    if !broad.is_empty() {
        session.runtime.spawn(opening::ask_about(session.clone(), broad));
    }
    let server_info = Some(ServerInfo { name: "portolan".into(), version: Some(env!("CARGO_PKG_VERSION").into()) });
    Ok(InitializeResult { capabilities, server_info, ..InitializeResult::default() })
}

/// The client is ready: what it can be asked for is registered, and progress is shown.
pub(crate) fn initialized(session: &Arc<Session>) {
    if let Some(workspace) = session.workspace() {
        progress::follow(session, workspace);
    }
    let registration = |method: &str, options| Registration {
        id: format!("portolan/{method}"),
        method: method.to_owned(),
        register_options: Some(options),
    };
    let mut wanted = Vec::new();
    if session.facts().watches_files {
        let all = json!({ "watchers": [{ "globPattern": "**/*" }] });
        wanted.push(registration("workspace/didChangeWatchedFiles", all));
    }
    if session.facts().notifies_configuration {
        wanted.push(registration("workspace/didChangeConfiguration", json!({ "section": "portolan" })));
    }
    let session = session.clone();
    session.runtime.clone().spawn(async move {
        if !wanted.is_empty()
            && let Err(error) = session.client.register_capability(wanted).await
        {
            tracing::warn!(%error, "the client refuses to report changes");
        }
        super::configuration::pull(&session).await;
    });
}

/// The client will send nothing but `exit`.
pub(crate) fn shutdown(session: &Session) {
    session.shut_down();
}

/// The client is gone: what must be on disk gets there, within the time that a client waits before it kills. A commit that
/// is cut off costs its work, nothing else.
pub(crate) fn ended(session: &Session) {
    let (typing, workspace) = (session.typing.clone(), session.workspace().cloned());
    let (done, wait) = std::sync::mpsc::channel();
    let stop = move || {
        typing.shutdown();
        if let Some(workspace) = workspace {
            workspace.shutdown();
        }
        let _ = done.send(());
    };
    if threads::spawn("shutdown", Intent::Latency, stop).is_ok() && wait.recv_timeout(FAREWELL).is_err() {
        tracing::warn!("the workspace did not stop in time");
    }
}

/// How much the client wants to see of our work: a louder log, never a quieter one than the settings ask for.
pub(crate) fn set_trace(session: &Session, params: &Params) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct SetTrace {
        value: String,
    }
    let SetTrace { value } = params.parse()?;
    let settings = session.settings();
    let level = match value.as_str() {
        "verbose" => "debug",
        "messages" => "info",
        "off" => settings.text(&table::LOG_LEVEL),
        _ => return Err(Error::invalid_params("value is off, messages or verbose")),
    };
    session.choices.log_level.set(level);
    Ok(())
}
