//! The log: to stderr and, on request, to a file. Invariant: no source text is written by anyone who logs. The level can
//! be changed while we run.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

/// Sets the level by name: off, error, warn, info, debug, trace. Other names count as warn.
pub type LevelSwitch = Arc<dyn Fn(&str) + Send + Sync>;

/// Starts the log of this process; the file is appended to.
///
/// # Errors
/// The file cannot be opened; the message names it.
pub fn start(level: &str, file: Option<&Path>) -> Result<LevelSwitch> {
    let file = match file {
        Some(path) => {
            let file = File::options().create(true).append(true).open(path);
            Some(file.with_context(|| format!("--log-file {}: name a file that can be written", path.display()))?)
        }
        None => None,
    };
    let sink = Arc::new(Mutex::new(file));
    let builder = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || Tee { file: sink.clone() })
        .with_env_filter(filter(level))
        .with_filter_reloading();
    let handle = builder.reload_handle();
    // A second start in one process (tests) keeps the first log.
    let _ = builder.try_init();
    Ok(Arc::new(move |level: &str| {
        let _ = handle.reload(filter(level));
    }))
}

/// Our own events at that level, those of libraries from `warn` up; the metrics that were asked for in any case.
fn filter(level: &str) -> EnvFilter {
    let own = match level {
        "off" | "error" => level.to_owned(),
        "info" | "debug" | "trace" => format!("warn,portolan={level}"),
        _ => "warn".to_owned(),
    };
    EnvFilter::new(own + ",portolan::metrics=info")
}

/// Writes each line to stderr and to the file. A full disk must not stop the server: failures are dropped.
struct Tee {
    file: Arc<Mutex<Option<File>>>,
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        if let Ok(mut file) = self.file.lock()
            && let Some(file) = file.as_mut()
        {
            let _ = file.write_all(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
