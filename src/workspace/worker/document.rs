//! A document's own process: `portolan worker --document`, and how it is started. Invariant: as other workers it limits
//! itself before it reads a byte, opens nothing, starts nothing, and ends when its input ends. Must not know files.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use super::child::ChildOptions;
use crate::base::os::process::take_stdout;
use crate::syntax::extract::Limits;
use crate::syntax::remote::{Connection, Spawn, serve};

/// Bytes of address space. One document's tree takes up to 40 times its text; a grammar that runs wild hits this wall.
const ADDRESS_SPACE: u64 = 1 << 30;

/// Serves one document until the input ends.
pub fn main(options: &ChildOptions) -> ExitCode {
    if !options.confine() {
        return ExitCode::FAILURE;
    }
    // What a C library prints must not come between the frames.
    let Ok(output) = take_stdout() else { return ExitCode::FAILURE };
    match serve::serve(std::io::stdin().lock(), output, &Limits::default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// How documents' processes are started: from `executable`, or from the program that runs now.
pub fn spawn(executable: Option<PathBuf>) -> Spawn {
    Arc::new(move || {
        let program = executable.clone().unwrap_or_else(|| "/proc/self/exe".into());
        let mut command = Command::new(program);
        command.args(["worker", "--document", "--parent", &std::process::id().to_string()]);
        command.args(["--address-space", &ADDRESS_SPACE.to_string()]);
        command.env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(std::io::Error::other("the worker has no pipes"));
        };
        let end = move || {
            // It may have ended by itself; either way it is waited for, so that no zombie stays.
            let _ = process.kill();
            let _ = process.wait();
        };
        Ok(Connection { from: Box::new(from), to: Box::new(to), end: Box::new(end) })
    })
}
