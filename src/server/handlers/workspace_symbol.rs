//! workspace/symbol, past the router: names, or with a leading `?` a question. Invariant: every entry has a range, and the
//! order is ours. Must not know how either is found.

use serde::Deserialize;
use tower_lsp::jsonrpc::Error;

use crate::base::settings::table;
use crate::facts::{SymbolFlags, SymbolKind};
use crate::features::answer;
use crate::features::workspace_symbols::workspace_symbols;
use crate::server::dispatch::{self, Context};
use crate::server::handlers::semantic_search;
use crate::server::message::Params;
use crate::server::session::Session;
use crate::server::{json, to_lsp};
use crate::text::{Position, Range};

/// Names are not longer than this; what is longer finds nothing.
const LONGEST_NAME: usize = 1_000;

#[derive(Deserialize)]
struct Asked {
    query: String,
}

/// One SymbolInformation.
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: SymbolKind,
    pub(crate) deprecated: bool,
    pub(crate) container: Option<&'a str>,
    pub(crate) uri: &'a str,
    pub(crate) range: Range,
}

impl Entry<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"name\":");
        json::string(out, self.name);
        out.extend_from_slice(b",\"kind\":");
        json::number(out, to_lsp::kind_number(self.kind));
        if self.deprecated {
            out.extend_from_slice(b",\"tags\":[1]");
        }
        if let Some(container) = self.container {
            out.extend_from_slice(b",\"containerName\":");
            json::string(out, container);
        }
        out.extend_from_slice(b",\"location\":{\"uri\":");
        json::string(out, self.uri);
        out.extend_from_slice(b",\"range\":");
        json::range(out, self.range);
        out.extend_from_slice(b"}}");
    }
}

/// Writes a list of entries.
pub(crate) struct List<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> List<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, first: true }
    }

    pub(crate) fn add(&mut self, entry: &Entry<'_>) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        entry.write(self.out);
    }

    pub(crate) fn close(self) {
        self.out.push(b']');
    }
}

pub(crate) fn answer(session: &Session, params: &Params, asked: &Context, out: &mut Vec<u8>) -> Result<(), Error> {
    let Asked { query } = params.parse()?;
    if let Some(question) = query.strip_prefix('?') {
        return semantic_search::as_symbols(session, question, &asked.cancel, out);
    }
    let mut list = List::open(out);
    if query.len() <= LONGEST_NAME {
        let snapshot = session.snapshot(&asked.cancel);
        let near = session.documents.latest().and_then(|uri| session.file(&snapshot, &uri));
        let limit = session.settings().int(&table::SYMBOLS_LIMIT).unsigned_abs() as usize;
        let encoding = session.facts().encoding;
        let found = workspace_symbols(&snapshot, &query, near, limit, &asked.cancel);
        dispatch::want(found.wants);
        for found in found.value {
            let Some(uri) = session.uri_of(&snapshot, found.hit.file) else { continue };
            let (start, end) = answer::name_range(&snapshot, &found.hit, encoding);
            let at = |(line, column)| Position::new(line, column);
            list.add(&Entry {
                name: &found.hit.name,
                kind: found.hit.kind,
                deprecated: found.hit.flags.has(SymbolFlags::DEPRECATED),
                container: found.hit.container.as_deref(),
                uri: &uri,
                range: Range { start: at(start), end: at(end) },
            });
        }
    }
    list.close();
    Ok(())
}
