//! textDocument/definition and references. Invariant: positions count on the text that the client had when it asked; a document
//! outside of every folder has no answer, and that is no error.

use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    GotoDefinitionParams, GotoDefinitionResponse, Location, Position, Range, ReferenceParams,
    TextDocumentPositionParams,
};

use crate::base::ids::FileId;
use crate::base::span::Span;
use crate::features::{answer, definition, references};
use crate::index::snapshot::Snapshot;
use crate::server::dispatch::{self, Context};
use crate::server::session::Session;
use crate::server::to_lsp;

/// A use is looked for this long; what was found until then is the answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

pub(crate) fn definition(
    session: &Session,
    params: &GotoDefinitionParams,
    asked: &Context,
) -> Result<Option<GotoDefinitionResponse>> {
    let Some((snapshot, file, offset)) = subject(session, &params.text_document_position_params, asked)? else {
        return Ok(None);
    };
    let answer = definition::definition(&snapshot, file, offset, &asked.cancel);
    dispatch::want(answer.wants);
    let found = answer.value;
    let locations: Vec<Location> =
        found.iter().filter_map(|it| location(session, &snapshot, it.file, it.name)).collect();
    Ok((!locations.is_empty()).then_some(GotoDefinitionResponse::Array(locations)))
}

pub(crate) fn references(
    session: &Session,
    params: &ReferenceParams,
    asked: &Context,
) -> Result<Option<Vec<Location>>> {
    let Some((snapshot, file, offset)) = subject(session, &params.text_document_position, asked)? else {
        return Ok(None);
    };
    let declarations = params.context.include_declaration;
    let found = references::references(&snapshot, file, offset, declarations, &asked.cancel.within(PATIENCE)).value;
    Ok(Some(found.iter().filter_map(|it| location(session, &snapshot, it.file, it.span)).collect()))
}

/// What is asked about: a file of the snapshot and a byte offset in it.
fn subject(
    session: &Session,
    params: &TextDocumentPositionParams,
    asked: &Context,
) -> Result<Option<(Snapshot, FileId, u32)>> {
    let uri = params.text_document.uri.as_str();
    let snapshot = session.snapshot_about(uri, asked)?;
    let place = || {
        let file = session.file(&snapshot, uri)?;
        let facts = snapshot.facts(file)?;
        let Position { line, character } = params.position;
        let offset = answer::offset_at(&facts, line, character, session.facts().encoding)?;
        Some((file, offset))
    };
    let place = place();
    Ok(place.map(|(file, offset)| (snapshot, file, offset)))
}

/// A span of a file of the snapshot as the protocol's location; the file's start where its facts are gone.
fn location(session: &Session, snapshot: &Snapshot, file: FileId, span: Span) -> Option<Location> {
    let uri = to_lsp::uri(&session.uri_of(snapshot, file)?)?;
    let range = snapshot.facts(file).map_or_else(Range::default, |facts| {
        let at = |offset| {
            let (line, character) = answer::line_column(&facts, offset, session.facts().encoding);
            Position { line, character }
        };
        Range { start: at(span.start), end: at(span.end) }
    });
    Some(Location { uri, range })
}
