//! What every command needs first: the settings in force and the log. Invariant: a broken settings file never stops a
//! command; it is told on stderr and the rest counts.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use super::UsageError;
use super::args::Common;
use crate::base::os::directories::user_config;
use crate::base::os::machine::Machine;
use crate::base::settings::{Settings, Trust, table};
use crate::embed::{self, Embedder};
use crate::workspace;

/// Largest settings file that is read, in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// The user's settings: defaults, their file, the environment, `--set` and `--cache-dir`.
///
/// # Errors
/// A `--set` that is not a setting or does not fit it.
pub fn settings(common: &Common) -> Result<Settings> {
    let mut settings = Settings::default();
    settings.measure(Machine::here());
    if let Some(file) = user_file() {
        add_file(&mut settings, &file, Trust::User);
    }
    settings
        .add_environment(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))));
    for assignment in &common.settings {
        settings.add_assignment(assignment, "--set").map_err(UsageError)?;
    }
    if let Some(directory) = &common.cache_dir {
        let directory = std::path::absolute(directory)?;
        let text = directory.to_str().ok_or_else(|| UsageError("--cache-dir wants a path in UTF-8".into()))?;
        settings
            .add_assignment(&format!("{}={text}", table::CACHE_DIRECTORY.name), "--cache-dir")
            .map_err(UsageError)?;
    }
    Ok(settings)
}

/// Narrows `settings` by the `portolan.toml` of a root, if there is one.
pub fn narrow_by_root(settings: &mut Settings, root: &Path) {
    add_file(settings, &root.join("portolan.toml"), Trust::Workspace);
}

/// Writes the notices to stderr.
pub fn tell(settings: &Settings) {
    for notice in &settings.notices {
        anstream::eprintln!("portolan: {notice}");
    }
}

/// The user's `portolan.toml`: in `$XDG_CONFIG_HOME/portolan`, else `~/.config/portolan`.
pub fn user_file() -> Option<PathBuf> {
    Some(user_config()?.join("portolan.toml"))
}

fn add_file(settings: &mut Settings, file: &Path, trust: Trust) {
    let origin = file.display().to_string();
    // A workspace's file may be a link or a FIFO: only a plain file of moderate size is opened.
    match std::fs::symlink_metadata(file) {
        // A root that is no directory is told by those who open it.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return,
        Err(error) => return settings.notices.push(format!("{origin}: {error}; it is not used")),
        Ok(meta) if trust == Trust::Workspace && !meta.is_file() => {
            return settings.notices.push(format!("{origin} is not a plain file; it is not used"));
        }
        Ok(meta) if meta.len() > FILE_LIMIT => {
            return settings.notices.push(format!("{origin} is larger than 1 MiB; it is not used"));
        }
        Ok(_) => {}
    }
    match std::fs::read_to_string(file) {
        Ok(text) => settings.add_toml(&text, &origin, trust),
        Err(error) => settings.notices.push(format!("{origin}: {error}; it is not used")),
    }
}

/// What a workspace is opened with: the settings in force and the embedder that they ask for. Where none can be made, which is
/// told on stderr, words and names answer.
///
/// # Errors
/// None today.
pub fn workspace_options(settings: &Settings) -> Result<workspace::Options> {
    for notice in workspace::options::unknown_names(settings) {
        anstream::eprintln!("portolan: {notice}");
    }
    let embedder = embedder(settings).unwrap_or_else(|error| {
        anstream::eprintln!("portolan: search by meaning is off: {error:#}");
        None
    });
    Ok(workspace::Options { embedder, ..workspace::Options::from_settings(settings) })
}

/// The embedder that the settings ask for; none where embeddings are switched off. Where ONNX Runtime is asked for and
/// cannot be had, the built-in evaluator takes its place, told on stderr.
///
/// # Errors
/// No embedder can be made.
pub fn embedder(settings: &Settings) -> Result<Option<Arc<dyn Embedder>>> {
    let (embedder, notice) = embed::from_settings(settings);
    match notice {
        Some(notice) if embedder.is_none() => Err(anyhow::anyhow!(notice)),
        Some(notice) => {
            anstream::eprintln!("portolan: {notice}");
            Ok(embedder)
        }
        None => Ok(embedder),
    }
}
