//! A document's own process: `portolan worker --document`, and how it is started. Invariant: as other workers it limits
//! itself before it reads a byte, opens nothing, starts nothing, and ends when its input ends. Must not know files.

use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::child::ChildOptions;
use crate::base::os::process::take_stdout;
use crate::base::version;
use crate::syntax::extract::Limits;
use crate::syntax::remote::{Connection, Spawn, Usage, serve};

/// Bytes of address space. One document's tree takes up to 40 times its text; a grammar that runs wild hits this wall.
const ADDRESS_SPACE: u64 = 1 << 30;

/// Most documents' processes at once.
const MOST: usize = 8;

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

/// How documents' processes are started: from `executable`, or from the program that runs now. Of those that run at most
/// `MOST`, the one that was used longest ago makes room for another; its document starts a new one when it is asked.
pub fn spawn(executable: Option<PathBuf>) -> Spawn {
    let running: Arc<Mutex<Vec<Running>>> = Arc::default();
    Arc::new(move || {
        let mut all = running.lock().unwrap_or_else(PoisonError::into_inner);
        while all.len() >= MOST
            && let Some(idle) = (0..all.len()).min_by_key(|&it| all[it].usage.last())
        {
            let idle = all.swap_remove(idle);
            idle.usage.reap();
            idle.end();
        }
        let program = executable.clone().unwrap_or_else(|| "/proc/self/exe".into());
        let mut command = Command::new(program);
        command.args(["worker", "--document", "--parent", &std::process::id().to_string()]);
        command.args(["--address-space", &ADDRESS_SPACE.to_string()]);
        command.env_clear().envs(version::environment()).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(std::io::Error::other("the worker has no pipes"));
        };
        let it = Running { usage: Arc::default(), process: Arc::new(Mutex::new(process)) };
        all.push(it.clone());
        let (usage, running) = (it.usage.clone(), running.clone());
        let end = move || {
            running
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|other| !Arc::ptr_eq(&other.usage, &it.usage));
            it.end();
        };
        Ok(Connection { from: Box::new(from), to: Box::new(to), end: Box::new(end), usage })
    })
}

/// One process and its use.
#[derive(Clone)]
struct Running {
    usage: Arc<Usage>,
    process: Arc<Mutex<Child>>,
}

impl Running {
    fn end(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have ended by itself; either way it is waited for, so that no zombie stays.
        let _ = process.kill();
        let _ = process.wait();
    }
}
