//! initialize, shutdown, `$/setTrace`.

use serde::Deserialize;
use tower_lsp::jsonrpc::Error;
use tower_lsp::ls_types::{InitializeParams, InitializeResult, ServerInfo};

use crate::base::settings::table;
use crate::server::capabilities::{self, ClientFacts};
use crate::server::message::Params;
use crate::server::session::Session;

/// Learns what the client can do and answers what we can.
pub(crate) fn initialize(session: &Session, params: &InitializeParams) -> Result<InitializeResult, Error> {
    let facts = ClientFacts::of(params);
    let capabilities = capabilities::server(&facts);
    session.watch.client(params.process_id);
    session.learn(facts);
    let server_info = Some(ServerInfo { name: "portolan".into(), version: Some(env!("CARGO_PKG_VERSION").into()) });
    Ok(InitializeResult { capabilities, server_info, ..InitializeResult::default() })
}

/// The client will send nothing but `exit`.
pub(crate) fn shutdown(session: &Session) {
    session.shut_down();
}

/// The client is gone: what must be on disk gets there.
pub(crate) fn ended(_session: &Session) {}

/// How much the client wants to see of our work. Unknown values are ignored.
pub(crate) fn set_trace(session: &Session, params: &Params) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct SetTrace {
        value: String,
    }
    let SetTrace { value } = params.parse()?;
    match value.as_str() {
        "verbose" => session.log_level.set("debug"),
        "messages" => session.log_level.set("info"),
        _ => session.log_level.set(session.settings().text(&table::LOG_LEVEL)),
    }
    Ok(())
}
