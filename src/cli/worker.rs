//! `portolan worker`: the parser process. Started by Portolan alone, never by hand; reads no settings.

use std::process::ExitCode;

use crate::workspace::worker::child::{self, ChildOptions};

/// Serves its parent until the pipe closes.
pub fn run(parent: u32, address_space: u64, faults: bool) -> ExitCode {
    child::main(&ChildOptions { parent, address_space, faults })
}
