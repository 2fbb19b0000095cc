//! `portolan worker`: the parser's process, or the embedding model's. Started by Portolan alone, never by hand; reads no
//! settings.

use std::process::ExitCode;

use crate::embed::remote::serve as model;
use crate::workspace::worker::child::{self, ChildOptions};
use crate::workspace::worker::document as one_document;

/// Serves its parent until the pipe closes.
pub fn run(options: &ChildOptions, document: bool, embed: bool) -> ExitCode {
    if embed {
        return if model::main(options.parent) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if document { one_document::main(options) } else { child::main(options) }
}
