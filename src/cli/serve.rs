//! `portolan serve`: the language server on standard input and output.

use std::process::ExitCode;

use super::log::LevelSwitch;
use crate::base::settings::Settings;
use crate::server::{self, LogLevel, ServeOptions};

/// Serves until the client leaves; 0 if it took its leave in order, else 1.
pub fn run(settings: Settings, level: LevelSwitch) -> anyhow::Result<ExitCode> {
    let ended =
        server::serve_stdio(ServeOptions { settings, log_level: LogLevel(Some(level)), ..ServeOptions::default() })?;
    Ok(ExitCode::from(ended.code()))
}
