//! portolan/semanticSearch, and questions in workspace/symbol: one list. Invariant: the order is the feature's, every answer
//! has a range; previews show the text that the range counts on, or nothing.

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Error;

use super::workspace_symbol::{Entry, List};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::base::paths::RelPath;
use crate::base::settings::table;
use crate::base::span::Span;
use crate::facts::SymbolKind;
use crate::features::answer::line_column;
use crate::features::semantic_search::{Answers, BadQuestion, Found, Means, Partial, Question, semantic_search};
use crate::index::snapshot::Snapshot;
use crate::server::asked;
use crate::server::dispatch;
use crate::server::session::Session;
use crate::server::to_lsp;
use crate::text::{Position, Range};

/// Lines and bytes of a preview.
const PREVIEW_LINES: usize = 12;
const PREVIEW_BYTES: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    query: String,
    limit: Option<usize>,
    text_document: Option<Document>,
    partial_result_token: Option<Value>,
}

/// The document that is open where it is asked.
#[derive(Deserialize)]
struct Document {
    uri: String,
}

/// portolan/semanticSearch `{query, limit?, textDocument?, lang?, path?, kind?, notLang?, notPath?, notKind?, partialResultToken?}`:
/// `{items, generation, completeness, notes, ...}`.
pub(crate) fn answer(session: &Session, params: Value, cancel: &Cancel) -> Result<Value, Error> {
    let asked = Asked::deserialize(&params).map_err(|e| Error::invalid_params(e.to_string()))?;
    let question = asked::question(&asked.query, &params).map_err(|why| why.error())?;
    let limit = asked.limit.unwrap_or_else(|| default_limit(session));
    let snapshot = session.snapshot_by_meaning(cancel);
    let mut send = |found: &[Found]| {
        let value = json!({ "items": items(session, &snapshot, found) });
        session.notify("$/progress", json!({ "token": &asked.partial_result_token, "value": value }));
    };
    // A first list costs as much as the words of the second: only for who asked for it.
    let partial: Option<Partial<'_>> = if asked.partial_result_token.is_some() { Some(&mut send) } else { None };
    let embedder = session.workspace().and_then(|it| it.embedder());
    let near = asked.text_document.and_then(|it| session.file(&snapshot, &it.uri));
    let texts = |file, root, path: &RelPath| session.text_of(&snapshot, file, root, path);
    let means = Means { embedder: embedder.as_deref(), texts: Some(&texts), near };
    let answers = semantic_search(&snapshot, means, &question, limit, cancel, partial);
    dispatch::want(answers.wants.clone());
    Ok(envelope(session, &snapshot, &answers))
}

/// The same list as symbols, for pickers that know nothing else.
pub(crate) fn as_symbols(session: &Session, question: &str, cancel: &Cancel, out: &mut Vec<u8>) -> Result<(), Error> {
    let question = match Question::new(question) {
        Ok(question) => question,
        // Somebody is about to type one.
        Err(BadQuestion::Empty | BadQuestion::Wordless | BadQuestion::OnlyFilters) => {
            out.extend_from_slice(b"[]");
            return Ok(());
        }
        Err(why) => return Err(asked::Refused::from(why).error()),
    };
    let snapshot = session.snapshot_by_meaning(cancel);
    let embedder = session.workspace().and_then(|it| it.embedder());
    let limit = default_limit(session);
    let near = session.documents.latest().and_then(|uri| session.file(&snapshot, &uri));
    let texts = |file, root, path: &RelPath| session.text_of(&snapshot, file, root, path);
    let means = Means { embedder: embedder.as_deref(), texts: Some(&texts), near };
    let answers = semantic_search(&snapshot, means, &question, limit, cancel, None);
    dispatch::want(answers.wants.clone());
    let mut list = List::open(out);
    for found in &answers.items {
        let Some(uri) = session.roots.uri(found.root, &found.path) else { continue };
        let place = &found.place;
        let file_name = String::from_utf8_lossy(found.path.file_name());
        let lines = format!("{}:{}", found.path.display(), place.lines.0 + 1);
        list.add(&Entry {
            name: place.name.as_deref().unwrap_or(&file_name),
            kind: place.kind.unwrap_or(SymbolKind::File),
            deprecated: false,
            container: Some(place.container.as_deref().unwrap_or(&lines)),
            uri: &uri,
            range: range(session, &snapshot, found),
        });
    }
    list.close();
    Ok(())
}

pub(super) fn default_limit(session: &Session) -> usize {
    session.settings().int(&table::SEARCH_LIMIT).unsigned_abs() as usize
}

pub(super) fn envelope(session: &Session, snapshot: &Snapshot, answers: &Answers) -> Value {
    let it = &answers.completeness;
    json!({
        "items": items(session, snapshot, &answers.items),
        "generation": answers.generation.0,
        "completeness": {
            "whole": it.is_whole(), "walked": it.walked, "filesKnown": it.files_known, "filesDone": it.files_done,
            "passages": it.passages, "vectors": it.vectors,
        },
        "byMeaning": answers.by_meaning,
        "cutShort": answers.cut_short,
        "notes": answers.notes,
    })
}

fn items(session: &Session, snapshot: &Snapshot, found: &[Found]) -> Vec<Value> {
    found.iter().filter_map(|it| item(session, snapshot, it)).collect()
}

fn item(session: &Session, snapshot: &Snapshot, found: &Found) -> Option<Value> {
    let place = &found.place;
    let Range { start, end } = range(session, snapshot, found);
    let jump = range_of(session, snapshot, found.file, found.place.jump, found.place.lines);
    let at = |it: Position| json!({ "line": it.line, "character": it.character });
    Some(json!({
        "name": place.name,
        "kind": to_lsp::kind_number(place.kind.unwrap_or(SymbolKind::File)),
        "containerName": place.container,
        "location": {
            "uri": session.roots.uri(found.root, &found.path)?,
            "range": { "start": at(start), "end": at(end) },
        },
        "selectionRange": { "start": at(jump.start), "end": at(jump.end) },
        "path": found.path.display(),
        "lines": [place.lines.0 + 1, place.lines.1 + 1],
        "language": snapshot.lang(found.file),
        "traits": found.traits.names(),
        "score": found.score,
        "reason": {
            "words": found.reason.words, "named": found.reason.named, "meaning": found.reason.meaning,
        },
        "preview": preview(session, snapshot, found),
    }))
}

fn range(session: &Session, snapshot: &Snapshot, found: &Found) -> Range {
    range_of(session, snapshot, found.file, found.place.span, found.place.lines)
}

/// A span of a file; its lines where its facts are gone.
pub(super) fn range_of(session: &Session, snapshot: &Snapshot, file: FileId, span: Span, lines: (u32, u32)) -> Range {
    let Some(facts) = snapshot.facts(file) else {
        return Range { start: Position::new(lines.0, 0), end: Position::new(lines.1, 0) };
    };
    let at = |offset| {
        let (line, character) = line_column(&facts, offset, session.facts().encoding);
        Position::new(line, character)
    };
    Range { start: at(span.start), end: at(span.end) }
}

/// The first lines of an answer; none where its text cannot be had.
fn preview(session: &Session, snapshot: &Snapshot, found: &Found) -> Option<String> {
    let text = session.text_of(snapshot, found.file, found.root, &found.path)?;
    let span = found.place.span.range();
    let shown = text.get(span.start.min(text.len())..span.end.min(text.len()))?;
    let mut out = String::new();
    for line in shown.lines().take(PREVIEW_LINES) {
        if out.len() + line.len() > PREVIEW_BYTES {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    Some(out)
}
