//! `portolan symbols NAME [PATH]`: symbols of a workspace by a fuzzy name. Invariant: the list and its order are those of
//! workspace/symbol.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::UsageError;
use super::args::Common;
use super::index_cmd::{self, println_json};
use crate::base::cancel::Cancel;
use crate::base::settings::{Settings, table};
use crate::features::workspace_symbols::{Ranked, workspace_symbols};
use crate::index::snapshot::Snapshot;
use crate::workspace::{Options, Stage};

/// Longest name that is asked for, in bytes.
const LONGEST: usize = 1_000;

/// Waits for the names of `path`, unless told otherwise, and prints those that match best.
pub fn run(settings: Settings, common: &Common, name: &str, path: Option<&Path>, no_wait: bool) -> Result<ExitCode> {
    if name.len() > LONGEST {
        let remedy = "ask for a part of it";
        return Err(UsageError(format!("a name of {} bytes is longer than any symbol's: {remedy}", name.len())).into());
    }
    let limit = settings.int(&table::SYMBOLS_LIMIT) as usize;
    let options = Options { follow: false, ..Options::default() };
    let workspace = index_cmd::open(settings, path, options)?;
    let stage = if no_wait { Stage::Opened } else { Stage::Indexed };
    index_cmd::wait(&workspace, stage, common.json);
    let snapshot = workspace.snapshot();
    let answer = workspace_symbols(&snapshot, name, None, limit, &Cancel::new());
    if common.json {
        let rows: Vec<_> = answer.value.iter().map(|it| to_json(&snapshot, it)).collect();
        println_json(&json!({"symbols": rows, "complete": answer.completeness.is_whole()}))?;
    } else {
        for it in &answer.value {
            let hit = &it.hit;
            let path = path_of(&snapshot, it);
            let kind = format!("{:?}", hit.kind).to_lowercase();
            let within = hit.container.as_ref().map(|c| format!(" in {c}")).unwrap_or_default();
            anstream::println!("{path}:{}:{}  {} ({kind}{within})", hit.line + 1, hit.column + 1, hit.name);
        }
    }
    workspace.shutdown();
    Ok(if answer.value.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn to_json(snapshot: &Snapshot, it: &Ranked) -> serde_json::Value {
    let hit = &it.hit;
    let path = path_of(snapshot, it);
    json!({"name": hit.name, "kind": format!("{:?}", hit.kind), "path": path, "line": hit.line + 1,
           "column": hit.column + 1, "container": hit.container, "score": it.score})
}

fn path_of(snapshot: &Snapshot, it: &Ranked) -> String {
    snapshot.path(it.hit.file).map(|(_, path)| path.display()).unwrap_or_default()
}
