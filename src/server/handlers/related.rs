//! portolan/related: code like the declaration at a position. Invariant: answers have the shape of portolan/semanticSearch; a
//! place without anything is refused with the reason. Must not know how likeness is made.

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Error;

use super::semantic_search::{default_limit, envelope, range_of};
use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::features::answer::offset_at;
use crate::features::semantic_search::{Means, NoSubject, meant_in_line, related};
use crate::server::asked;
use crate::server::session::Session;
use crate::server::to_lsp;
use crate::text::{Position, Range};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    text_document: Document,
    position: At,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Document {
    uri: String,
}

#[derive(Deserialize)]
struct At {
    line: u32,
    character: u32,
}

/// portolan/related `{textDocument, position, limit?, lang?, path?, kind?, notLang?, notPath?, notKind?}`: as
/// portolan/semanticSearch, with `subject`.
pub(crate) fn answer(session: &Session, params: Value, cancel: &Cancel) -> Result<Value, Error> {
    let asked = Asked::deserialize(&params).map_err(|e| Error::invalid_params(e.to_string()))?;
    let filters = asked::filters(&params).map_err(|why| why.error())?;
    let snapshot = session.snapshot_by_meaning(cancel);
    let uri = &asked.text_document.uri;
    let refuse =
        |why: NoSubject| Error::invalid_params(format!("{uri}:{}: {why}", asked.position.line.saturating_add(1)));
    let file = session.file(&snapshot, uri).ok_or_else(|| refuse(NoSubject::NotIndexed))?;
    let facts = snapshot.facts(file).ok_or_else(|| refuse(NoSubject::NotIndexed))?;
    let At { line, character } = asked.position;
    let texts = |file: FileId, root: RootId, path: &RelPath| session.text_of(&snapshot, file, root, path);
    let (root, path) = snapshot.path(file).ok_or_else(|| refuse(NoSubject::NotIndexed))?;
    let text = texts(file, root, &path).ok_or_else(|| refuse(NoSubject::NoText))?;
    let offset =
        offset_at(&facts, line, character, session.facts().encoding).ok_or_else(|| refuse(NoSubject::Beyond(0)))?;
    let offset = meant_in_line(&facts, &text, line, offset).map_err(refuse)?;
    let embedder = session.workspace().and_then(|it| it.embedder());
    let means = Means { embedder: embedder.as_deref(), texts: Some(&texts), near: Some(file) };
    let limit = asked.limit.unwrap_or_else(|| default_limit(session));
    let found = related(&snapshot, means, (file, offset), &filters, limit, cancel);
    let (subject, answers) = found.map_err(refuse)?;
    let mut out = envelope(session, &snapshot, &answers);
    let Range { start, end } = range_of(session, &snapshot, file, subject.span, subject.lines);
    let at = |it: Position| json!({ "line": it.line, "character": it.character });
    if let Some(object) = out.as_object_mut() {
        let subject = json!({
            "name": subject.name,
            "kind": subject.kind.map(to_lsp::kind_number),
            "range": { "start": at(start), "end": at(end) },
        });
        object.insert("subject".into(), subject);
    }
    Ok(out)
}
