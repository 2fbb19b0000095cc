//! Syntax diagnostics: pulled by textDocument/diagnostic, or pushed when a document has become quiet; never both.

use tower_lsp::jsonrpc::Error;

use super::text_sync::{OfDocument, unanswered};
use crate::base::cancel::Cancel;
use crate::base::settings::table;
use crate::features::diagnostics::{MOST, message};
use crate::features::positions::Places;
use crate::server::dispatch::Context;
use crate::server::json;
use crate::server::message::Params;
use crate::server::session::Session;
use crate::text::Range;
use crate::workspace::typing::Current;

/// A full report; the client pulls.
pub(crate) fn answer(session: &Session, params: &Params, asked: &Context, out: &mut Vec<u8>) -> Result<(), Error> {
    params.parse::<OfDocument>()?;
    out.extend_from_slice(b"{\"kind\":\"full\",\"items\":");
    let written = session.typing.look(asked.pin.as_deref(), &asked.cancel, |now| list(session, now, out));
    unanswered(written.map(|_| ()), out, b"[]")?;
    out.push(b'}');
    Ok(())
}

/// The parameters of textDocument/publishDiagnostics, and whether they list nothing, for a client that does not pull; none
/// where it does, or nothing is known of the document.
pub(crate) fn published(session: &Session, uri: &str) -> Option<(Vec<u8>, bool)> {
    if session.facts().pulls_diagnostics {
        return None;
    }
    let mut out = b"{\"uri\":".to_vec();
    json::string(&mut out, uri);
    let written = session.typing.read(uri, &Cancel::new(), |now| {
        out.extend_from_slice(format!(",\"version\":{},\"diagnostics\":", now.version).as_bytes());
        list(session, now, &mut out)
    });
    let count = written.ok()?;
    out.push(b'}');
    Some((out, count == 0))
}

/// Diagnostic[]; how many.
fn list(session: &Session, now: &mut Current<'_>, out: &mut Vec<u8>) -> usize {
    let wanted = session.settings().bool(&table::DIAGNOSTICS_ENABLED);
    let errors = if wanted { now.parsing().errors(MOST).unwrap_or_default() } else { Vec::new() };
    let mut places = Places::new(&now.parsing().view().lines, session.facts().encoding);
    out.push(b'[');
    for (at, error) in errors.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b",{\"range\":" } else { b"{\"range\":" });
        json::range(out, Range { start: places.of(error.span.start), end: places.of(error.span.end) });
        out.extend_from_slice(b",\"severity\":1,\"source\":\"portolan\",\"message\":");
        json::string(out, &message(error));
        out.push(b'}');
    }
    out.push(b']');
    errors.len()
}
