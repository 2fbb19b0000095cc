//! portolan/status: how far the index is, and how its parts do.

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::Error;

use crate::base::cancel::Cancel;
use crate::server::session::Session;
use crate::server::uri;
use crate::store::tiers::TierStatistics;
use crate::workspace::{Stage, Status};

/// portolan/status.
pub(crate) fn status(session: &Session, _: Value, _: &Cancel) -> Result<Value, Error> {
    let Some(workspace) = session.workspace() else { return Ok(Value::Null) };
    let mut value = plain(&workspace.status());
    value["requests"] = json!({ "inFlight": session.in_flight.len(), "limit": crate::server::in_flight::LIMIT });
    Ok(value)
}

fn plain(status: &Status) -> Value {
    let roots: Vec<Value> = status
        .roots
        .iter()
        .map(|it| json!({ "uri": uri::of_path(&it.path), "writer": it.writer, "saved": it.saved, "place": it.place }))
        .collect();
    let quarantined: Vec<Value> =
        status.quarantined.iter().map(|(path, why)| json!({ "uri": uri::of_path(path), "reason": why })).collect();
    let large: Vec<Value> = status
        .large_files
        .iter()
        .map(|(path, it)| json!({ "uri": uri::of_path(path), "bytes": it.size, "done": it.done, "new": it.fresh }))
        .collect();
    let it = &status.progress;
    json!({
        "summary": summary(status),
        "paused": status.paused,
        "stage": match status.stage {
            Stage::Opened => "opened",
            Stage::Walked => "walked",
            Stage::Indexed => "indexed",
            Stage::Embedded => "embedded",
        },
        "roots": roots,
        "files": {
            "found": it.files_found, "done": it.files_done, "skipped": it.files_skipped, "parsed": it.files_parsed,
            "reused": it.files_reused, "unchanged": it.files_unchanged,
        },
        "bytes": { "found": it.bytes_found, "done": it.bytes_done },
        "passages": { "found": it.passages_found, "embedded": it.passages_done },
        "embedder": status.embedder,
        "refusedDevices": status.refused_devices.iter().map(|it| json!({ "device": it.0, "why": it.1 })).collect::<Vec<_>>(),
        "memory": {
            "bytes": status.memory, "limit": status.memory_limit, "peak": status.memory_peak,
            "pauses": status.memory_pauses,
        },
        "stalenessSeconds": status.staleness.as_secs(),
        "watchedFolders": status.watched,
        "cache": tiers(&status.tiers),
        "statCache": { "asked": status.stat_cache.asked, "hits": status.stat_cache.hits, "entries": status.stat_cache.entries },
        "largeFiles": large,
        "changes": {
            "waiting": status.changes_waiting, "parsed": status.changes.files_parsed,
            "reused": status.changes.files_reused,
        },
        "quarantined": quarantined,
        "notices": status.notices,
        "profile": status.profile,
    })
}

/// The tiers by name.
pub(crate) fn tiers(it: &TierStatistics) -> Value {
    let tier = |at: usize| {
        json!({
            "hits": it.hits[at], "entries": it.entries[at], "bytes": it.bytes[at], "share": it.shares[at],
            "p50Micros": micros(it.times[at].p50), "p95Micros": micros(it.times[at].p95),
        })
    };
    json!({
        "hot": tier(0), "warm": tier(1), "cold": tier(2), "frozen": tier(3),
        "misses": it.misses,
        "missP50Micros": micros(it.times[4].p50),
        "missP95Micros": micros(it.times[4].p95),
        "hitRate": it.hit_rate(),
        "promotions": it.promotions,
        "demotions": it.demotions,
        "dropped": it.dropped,
        "prefetched": { "read": it.ahead, "used": it.ahead_used, "unused": it.ahead_unused },
    })
}

fn micros(time: std::time::Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}

/// One line for people, shown by the editors before all figures.
fn summary(status: &Status) -> String {
    let line = how_far(status);
    if status.paused { format!("paused; {line}") } else { line }
}

fn how_far(status: &Status) -> String {
    let it = &status.progress;
    match status.stage {
        Stage::Opened => format!("looking for files: {} found", it.files_found),
        Stage::Walked => format!("indexing: {} of {} files", it.files_done, it.files_found),
        Stage::Indexed => format!(
            "{} files indexed; search by meaning knows {} of {} passages",
            it.files_done, it.passages_done, it.passages_found
        ),
        Stage::Embedded => {
            format!("{} files indexed, {} passages searched by meaning", it.files_done, it.passages_found)
        }
    }
}

/// portolan/pause `{paused: bool}`: indexing stops after what is in hand, or goes on. Open documents and questions are
/// answered all the same. Says what holds now. Nothing of it is kept for the next start.
pub(crate) fn pause(session: &Session, params: Value, _: &Cancel) -> Result<Value, Error> {
    #[derive(Deserialize)]
    struct Pause {
        paused: bool,
    }
    if !params.is_object() {
        return Err(Error::invalid_params("an object is wanted, such as {\"paused\": true}"));
    }
    let Pause { paused } = serde_json::from_value(params).map_err(|e| Error::invalid_params(e.to_string()))?;
    Ok(set_paused(session, paused))
}

/// Pauses indexing, or lets it go on.
pub(crate) fn set_paused(session: &Session, paused: bool) -> Value {
    if let Some(workspace) = session.workspace() {
        workspace.pause(paused);
    }
    json!({ "paused": paused && session.workspace().is_some() })
}
