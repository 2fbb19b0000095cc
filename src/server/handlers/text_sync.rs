//! didOpen, didChange, didSave, didClose, on the ordered loop. Invariant: a document is changed before anything else
//! happens, and nothing here waits. What a client sends wrongly but clearly enough (versions, columns) is taken.

use serde::Deserialize;
use tower_lsp::jsonrpc::{Error, ErrorCode};

use super::prefetch;
use crate::server::message::Params;
use crate::server::session::Session;
use crate::server::uri;
use crate::text::{Change, Position, Range};
use crate::workspace::typing::{Opening, Unanswered};

/// A URI longer than this is no document's.
const URI_CAP: usize = 16 << 10;

/// What is about a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfDocument {
    text_document: Identified,
}

/// A document by its name.
#[derive(Deserialize)]
pub(crate) struct Identified {
    pub(crate) uri: String,
    /// Some clients leave it out or send `null`.
    #[serde(default)]
    version: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    text_document: OpenedDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenedDocument {
    uri: String,
    #[serde(default)]
    language_id: String,
    #[serde(default)]
    version: serde_json::Value,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    text_document: Identified,
    content_changes: Vec<ContentChange>,
}

#[derive(Deserialize)]
struct ContentChange {
    #[serde(default)]
    range: Option<PlacedRange>,
    text: String,
}

#[derive(Clone, Copy, Deserialize)]
struct PlacedRange {
    start: Placed,
    end: Placed,
}

/// A position as sent: any number, brought into range.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Placed {
    line: f64,
    character: f64,
}

impl From<Placed> for Position {
    fn from(it: Placed) -> Self {
        // Saturates: a negative number is 0.
        Position::new(it.line as u32, it.character as u32)
    }
}

fn version(value: &serde_json::Value) -> i32 {
    value.as_i64().and_then(|it| i32::try_from(it).ok()).unwrap_or_default()
}

pub(crate) fn opened(session: &Session, params: &Params) -> Result<(), Error> {
    let Opened { text_document: it } = params.parse()?;
    if it.uri.len() > URI_CAP {
        return Err(Error::invalid_params(format!("a URI of {} bytes names no document", it.uri.len())));
    }
    session.documents.touch(&it.uri);
    let path = uri::to_path(&it.uri);
    let version = version(&it.version);
    let uri = it.uri.clone();
    session.typing.open(Opening { uri: it.uri, path, language_id: it.language_id, version, text: it.text });
    prefetch::around(session, &uri);
    Ok(())
}

pub(crate) fn changed(session: &Session, params: &Params) -> Result<(), Error> {
    let Changed { text_document, content_changes } = params.parse()?;
    if !session.documents.is_open(&text_document.uri) {
        return Err(Error::invalid_params("the document is not open"));
    }
    session.documents.touch(&text_document.uri);
    let changes = content_changes.into_iter().map(|it| Change {
        range: it.range.map(|it| Range { start: it.start.into(), end: it.end.into() }),
        text: it.text,
    });
    let (version, encoding) = (version(&text_document.version), session.facts().encoding);
    session.typing.change(&text_document.uri, version, changes.collect(), encoding);
    Ok(())
}

pub(crate) fn saved(session: &Session, params: &Params) -> Result<(), Error> {
    let OfDocument { text_document } = params.parse()?;
    session.typing.saved(&text_document.uri);
    Ok(())
}

pub(crate) fn closed(session: &Session, params: &Params) -> Result<(), Error> {
    let OfDocument { text_document } = params.parse()?;
    session.documents.close(&text_document.uri);
    session.typing.close(&text_document.uri);
    Ok(())
}

/// Ends the answer of a method about an open document: what is not open, or has no syntax any more, has `nothing` to show
/// (an error for something advertised helps nobody).
pub(crate) fn unanswered(outcome: Result<(), Unanswered>, out: &mut Vec<u8>, nothing: &[u8]) -> Result<(), Error> {
    match outcome {
        Ok(()) => Ok(()),
        Err(Unanswered::Cancelled) => {
            Err(Error { code: ErrorCode::RequestCancelled, message: "cancelled".into(), data: None })
        }
        Err(Unanswered::Overtaken) => Err(Error::content_modified()),
        Err(Unanswered::NotOpen) => {
            out.extend_from_slice(nothing);
            Ok(())
        }
        Err(Unanswered::Lost(why)) => {
            tracing::warn!(why, "a document's parser is lost");
            out.extend_from_slice(nothing);
            Ok(())
        }
    }
}
