//! The command line: arguments in, exit code out. One file per command.
//! Invariant: 0 is success, 1 is "nothing found" or a failed run, 2 is a mistake of the caller, told with its remedy.
//! Must not know how anything is computed.

pub mod answers;
pub mod args;
pub mod config;
pub mod doctor;
pub mod gc;
pub mod index_cmd;
pub mod languages;
pub mod lines;
pub mod log;
pub mod outline;
pub mod page;
pub mod related;
pub mod search;
pub mod search_server;
pub mod serve;
pub mod setup;
pub mod status;
pub mod symbols;
pub mod worker;

use std::process::ExitCode;

use crate::base::settings::table;
use crate::workspace::worker::child::ChildOptions;
use args::{Args, Command, ConfigCommand};

/// A mistake of the caller: exit code 2. The message names the thing and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let args = Args::of(std::env::args_os());
    match run(args) {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("portolan: {error:#}");
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

fn run(args: Args) -> anyhow::Result<ExitCode> {
    if let Command::Worker { parent, address_space, faults, segment_size, parsers, segment_sizes, document, embed } =
        args.command
    {
        let options = ChildOptions { parent, address_space, faults, segment_size, parsers, segment_sizes };
        return Ok(worker::run(&options, document, embed));
    }
    let settings = setup::settings(&args.common)?;
    setup::tell(&settings);
    let level = log::start(settings.text(&table::LOG_LEVEL), args.common.log_file.as_deref())?;
    match args.command {
        Command::Serve { stdio: _ } => serve::run(settings, level),
        Command::Symbols { name, path, no_wait } => {
            symbols::run(settings, &args.common, &name, path.as_deref(), no_wait)
        }
        Command::Outline { file } => outline::run(&settings, &file, args.common.json),
        Command::Languages => languages::run(args.common.json),
        Command::Gc { workspace, list } => gc::run(&settings, workspace.as_deref(), list, args.common.json),
        Command::Doctor => doctor::run(&settings, args.common.json),
        Command::Index { path, no_wait, force, profile, warm } => {
            index_cmd::run(settings, &args.common, &index_cmd::Wish { path, no_wait, force, profile, warm })
        }
        Command::Search { question, path, limit, filters, show, no_wait } => {
            let limit = limit.map(usize::from);
            search::run(settings, &args.common, &search::Wish { question, path, limit, filters, show, no_wait })
        }
        Command::Related { place, folder, limit, filters, show, no_wait } => {
            let limit = limit.map(usize::from);
            related::run(settings, &args.common, &related::Wish { place, folder, limit, filters, show, no_wait })
        }
        Command::SearchServer => search_server::run(&settings),
        Command::Status { path, files } => status::run(settings, &args.common, path, files),
        // Handled above, before a settings file could say anything on its standard error.
        Command::Worker { .. } => Ok(ExitCode::FAILURE),
        Command::Config { command: ConfigCommand::Show { origin } } => {
            config::show(&settings, origin, args.common.json)
        }
    }
}
