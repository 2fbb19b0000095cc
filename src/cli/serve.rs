//! `portolan serve`: the language server on standard input and output.

use std::process::ExitCode;
use std::sync::Arc;

use super::log::LevelSwitch;
use super::setup;
use crate::base::settings::Settings;
use crate::server::{self, LogLevel, ServeOptions};
use crate::workspace::Options;
use crate::workspace::options::unknown_names;

/// Serves until the client leaves; 0 if it took its leave in order, else 1.
pub fn run(settings: Settings, level: LevelSwitch) -> anyhow::Result<ExitCode> {
    let options = ServeOptions {
        settings,
        log_level: LogLevel(Some(level)),
        workspace: Arc::new(|settings, folders| {
            for folder in folders {
                setup::narrow_by_root(settings, folder);
            }
            settings.notices.extend(unknown_names(settings));
            let mut options = Options::from_settings(settings);
            options.embedder = setup::embedder(settings).unwrap_or_else(|error| {
                settings.notices.push(format!("search by meaning is off: {error:#}"));
                None
            });
            options
        }),
        ..ServeOptions::default()
    };
    let ended = server::serve_stdio(options)?;
    Ok(ExitCode::from(ended.code()))
}
