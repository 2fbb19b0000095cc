//! `portolan worker`: the parser process. Started by Portolan alone, never by hand; reads no settings.

use std::process::ExitCode;

use crate::workspace::worker::child::{self, ChildOptions};
use crate::workspace::worker::document as one_document;

/// Serves its parent until the pipe closes.
pub fn run(options: &ChildOptions, document: bool) -> ExitCode {
    if document { one_document::main(options) } else { child::main(options) }
}
