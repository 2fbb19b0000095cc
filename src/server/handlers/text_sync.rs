//! didOpen, didChange, didSave, didClose, on the ordered loop. Invariant: a document is changed before anything else
//! happens, and nothing here waits.

use serde::Deserialize;
use tower_lsp::jsonrpc::Error;

use crate::server::message::Params;
use crate::server::session::Session;

/// A URI longer than this is no document's.
const URI_CAP: usize = 16 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfDocument {
    text_document: Identified,
}

#[derive(Deserialize)]
struct Identified {
    uri: String,
}

pub(crate) fn opened(session: &Session, params: &Params) -> Result<(), Error> {
    let OfDocument { text_document } = params.parse()?;
    if text_document.uri.len() <= URI_CAP {
        session.documents.touch(&text_document.uri);
    }
    Ok(())
}

pub(crate) fn changed(session: &Session, params: &Params) -> Result<(), Error> {
    let OfDocument { text_document } = params.parse()?;
    if session.documents.is_open(&text_document.uri) {
        session.documents.touch(&text_document.uri);
    }
    Ok(())
}

pub(crate) fn saved(_session: &Session, _params: &Params) -> Result<(), Error> {
    Ok(())
}

pub(crate) fn closed(session: &Session, params: &Params) -> Result<(), Error> {
    let OfDocument { text_document } = params.parse()?;
    session.documents.close(&text_document.uri);
    Ok(())
}
