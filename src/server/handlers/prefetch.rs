//! portolan/prefetch, and what is read ahead unasked when a document is opened. Invariant: nothing here waits; answers go
//! before it. Must not know how the tiers keep what was read.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Error;

use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::base::settings::table;
use crate::features::neighbours::neighbours;
use crate::index::snapshot::Snapshot;
use crate::server::roots::Place;
use crate::server::session::Session;

/// So many paths are taken in one request.
const PATHS: usize = 10_000;
/// So many patterns, and bytes of each.
const PATTERNS: usize = 1_000;
const PATTERN_BYTES: usize = 4_096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    paths: Option<Vec<String>>,
    /// One pattern, or a list.
    pattern: Option<Patterns>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Patterns {
    One(String),
    Many(Vec<String>),
}

/// portolan/prefetch `{paths: [URI or path beneath the first root], pattern: "src/**/*.rs" or a list}`: these files are
/// looked at first, and their facts brought into memory in the background. Says how many paths lie beneath a root and are no
/// folder (a pattern names what is in one), and how many files of the index the patterns name. A wish that says nothing,
/// `{}`, withdraws those before.
pub(crate) fn prefetch(session: &Session, params: Value, cancel: &Cancel) -> Result<Value, Error> {
    if !params.is_object() {
        return Err(Error::invalid_params("an object is wanted; {} withdraws what was wished"));
    }
    let Wish { paths, pattern } = serde_json::from_value(params).map_err(|e| Error::invalid_params(e.to_string()))?;
    if paths.is_none() && pattern.is_none() {
        session.wished.withdraw();
        return Ok(json!({ "accepted": 0, "matched": 0 }));
    }
    let paths = paths.unwrap_or_default();
    let patterns = match pattern {
        None => Vec::new(),
        Some(Patterns::One(it)) => vec![it],
        Some(Patterns::Many(all)) => all,
    };
    if paths.len() > PATHS || patterns.len() > PATTERNS {
        return Err(Error::invalid_params(format!("at most {PATHS} paths and {PATTERNS} patterns at once")));
    }
    if patterns.iter().any(|it| it.len() > PATTERN_BYTES || it.contains('\n')) {
        return Err(Error::invalid_params(format!("a pattern is one line of at most {PATTERN_BYTES} bytes")));
    }
    let Some(workspace) = session.workspace() else { return Ok(json!({ "accepted": 0, "matched": 0 })) };
    // To look at a folder is a walk: saves would wait for it.
    let is_folder = |it: &PathBuf| std::fs::symlink_metadata(it).is_ok_and(|it| it.is_dir());
    let inside: Vec<PathBuf> =
        paths.iter().filter_map(|it| session.roots.locate(it)).filter(|it| !is_folder(it)).collect();
    let accepted = inside.len();
    let snapshot = workspace.snapshot();
    let matched = workspace.matching(&snapshot, &patterns, cancel).unwrap_or_default();
    if cancel.is_cancelled() {
        return Err(Error::request_cancelled());
    }
    let count = matched.len();
    if accepted == 0 && count == 0 {
        return Ok(json!({ "accepted": 0, "matched": 0, "queued": false }));
    }
    if accepted > 0 {
        // What is not indexed yet comes first; what is, is looked at for changes.
        workspace.rescan(inside.clone());
    }
    let places: Vec<_> = inside.iter().filter_map(|path| workspace.place(path)).collect();
    let choose = move |snapshot: &Snapshot, _: &Cancel| {
        let named = places.iter().filter_map(|(root, path)| snapshot.file(*root, path));
        named.chain(matched).collect::<Vec<FileId>>()
    };
    let taken = workspace.read_ahead(Box::new(choose), session.wished.of_request());
    Ok(json!({ "accepted": accepted, "matched": count, "queued": taken }))
}

/// A document was opened: what somebody who reads it is likely to ask for next is brought into memory.
pub(crate) fn around(session: &Session, uri: &str) {
    let together = session.documents.opened(uri);
    let Some(workspace) = session.workspace() else { return };
    if !session.settings().bool(&table::CACHE_PREFETCH) {
        return;
    }
    let Place::Inside(root, path) = session.roots.place(uri) else { return };
    let together: Vec<_> = together
        .iter()
        .filter_map(|it| match session.roots.place(it) {
            Place::Inside(root, path) => Some((root, path)),
            Place::Outside(_) | Place::Virtual => None,
        })
        .collect();
    let choose = move |snapshot: &Snapshot, cancel: &Cancel| {
        let Some(file) = snapshot.file(root, &path) else { return Vec::new() };
        let together: Vec<FileId> = together.iter().filter_map(|(root, path)| snapshot.file(*root, path)).collect();
        neighbours(snapshot, file, &together, cancel)
    };
    workspace.read_ahead(Box::new(choose), session.wished.of_document());
}
