//! `portolan gc`: what lies in the cache, and the removal of what is not needed. Invariant: an index that a process uses
//! is never removed; nothing but indexes is. Exit code 1 where something that was meant could not be removed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::json;

use super::UsageError;
use crate::base::os::stamp::now_ns;
use crate::base::settings::{Settings, table};
use crate::store::collect::{self, CollectOptions, StoredIndex, collect};
use crate::store::directory::cache_directory;

/// Lists the indexes, removes those of `workspace` (a path, or the last component of one), or removes what is not needed.
///
/// # Errors
/// There is no cache, no index is called so, or several workspaces are.
pub fn run(settings: &Settings, workspace: Option<&str>, list: bool, as_json: bool) -> Result<ExitCode> {
    let named = settings.text(&table::CACHE_DIRECTORY);
    let (cache, notice) = cache_directory((!named.is_empty()).then(|| Path::new(named)));
    let cache = cache.with_context(|| notice.unwrap_or_default())?;
    if list {
        let all = collect::list(&cache);
        print(&all, as_json, |it| if it.in_use { "in use" } else { "" })?;
        return Ok(ExitCode::SUCCESS);
    }
    let only = workspace.map(|it| find(&cache, it)).transpose()?;
    let budget = Some(settings.size(&table::CACHE_SIZE_LIMIT));
    let unused_ns = Some(settings.int(&table::CACHE_TTL).saturating_mul(1_000_000_000));
    let done = collect(&cache, &CollectOptions { only, budget, unused_ns, now_ns: None });
    print(&done.removed, as_json, |_| "removed")?;
    for (it, why) in &done.kept {
        anstream::eprintln!("portolan: {} stays: {why}", name_of(it));
    }
    if !as_json {
        anstream::println!("{} freed in {}", megabytes(done.bytes()), cache.display());
    }
    Ok(if done.kept.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The root that `name` means, so that no second workspace of the same last component goes with it.
fn find(cache: &Path, name: &str) -> Result<String> {
    let path = Path::new(name).canonicalize().unwrap_or_else(|_| PathBuf::from(name));
    let all = collect::list(cache);
    if let Some(it) = all.iter().find(|it| it.root.as_deref() == Some(&path)) {
        return Ok(name_of(it));
    }
    let mut names: Vec<String> = all.iter().filter(|it| collect::is_called(it, name)).map(name_of).collect();
    names.sort();
    names.dedup();
    match names.len() {
        0 => Err(UsageError(format!(
            "{name}: no index of that name in {}; `portolan gc --list` shows all",
            cache.display()
        ))
        .into()),
        1 => Ok(names.remove(0)),
        _ => {
            Err(UsageError(format!("{name}: several workspaces are called so; give the path: {}", names.join(", ")))
                .into())
        }
    }
}

/// The root's path, or the directory's own name where the root cannot be read.
fn name_of(it: &StoredIndex) -> String {
    let directory = || it.directory.file_name().map(|it| it.to_string_lossy().into_owned());
    it.root.as_ref().map_or_else(|| directory().unwrap_or_default(), |root| root.to_string_lossy().into_owned())
}

fn print(all: &[StoredIndex], as_json: bool, word: impl Fn(&StoredIndex) -> &'static str) -> Result<()> {
    if as_json {
        let row = |it: &StoredIndex| {
            // Paths need not be UTF-8, JSON must be.
            let root = it.root.as_ref().map(|it| it.to_string_lossy());
            json!({"root": root, "directory": it.directory.to_string_lossy(), "format": it.format, "bytes": it.bytes,
                   "used_ns": it.used_ns, "in_use": it.in_use, "state": word(it)})
        };
        anstream::println!("{}", serde_json::to_string_pretty(&all.iter().map(row).collect::<Vec<_>>())?);
        return Ok(());
    }
    let now = now_ns();
    for it in all {
        let days = now.saturating_sub(it.used_ns).max(0) / (24 * 3600 * 1_000_000_000);
        let age = if days == 0 { "today".to_owned() } else { format!("{days} days ago") };
        anstream::println!("{:>10}  {age:<13} {:<8} {}", megabytes(it.bytes), word(it), name_of(it));
    }
    Ok(())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
