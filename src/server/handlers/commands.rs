//! workspace/executeCommand. The ids differ from those of any editor extension: some clients register every advertised
//! command under its own name.

use serde_json::Value;
use tower_lsp::jsonrpc::Error;
use tower_lsp::ls_types::ExecuteCommandParams;

use super::status;
use crate::base::cancel::Cancel;
use crate::server::session::Session;

/// Looks at every file again.
const RESCAN: &str = "portolan.server.rescan";
/// The same as `portolan/status`.
const STATUS: &str = "portolan.server.status";

/// Stops indexing until `RESUME`; the same as `portolan/pause` with true.
const PAUSE: &str = "portolan.server.pause";
const RESUME: &str = "portolan.server.resume";

/// What is advertised.
pub(crate) const ALL: &[&str] = &[RESCAN, STATUS, PAUSE, RESUME];

pub(crate) fn execute(session: &Session, params: &ExecuteCommandParams, cancel: &Cancel) -> Result<Value, Error> {
    match params.command.as_str() {
        RESCAN => {
            if let Some(workspace) = session.workspace() {
                workspace.rescan_all();
            }
            Ok(Value::Null)
        }
        STATUS => status::status(session, Value::Null, cancel),
        PAUSE => Ok(status::set_paused(session, true)),
        RESUME => Ok(status::set_paused(session, false)),
        other => Err(Error::invalid_params(format!("no command {other}; there are {}", ALL.join(", ")))),
    }
}
