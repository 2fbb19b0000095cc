//! `portolan serve`: the language server on standard input and output.

use std::process::ExitCode;

use crate::server::{self, ServeOptions};

/// Serves until the client leaves; 0 if it took its leave in order, else 1.
pub fn run() -> anyhow::Result<ExitCode> {
    let ended = server::serve_stdio(ServeOptions::default())?;
    Ok(ExitCode::from(ended.code()))
}
