//! What can be typed. Invariant: every flag has an effect and a line of help. Must not act.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::features::semantic_search::Filters;

/// Symbols, navigation and search by meaning over a whole workspace, offline.
#[derive(Debug, Parser)]
#[command(name = "portolan", version, about, max_term_width = 100)]
pub struct Args {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// What was typed, with the program's name before it; prints the help or what is wrong and ends where it is to.
    pub fn of(typed: impl Iterator<Item = OsString>) -> Self {
        Self::parse_from(filters_are_no_flags(typed))
    }
}

/// A question may begin with a filter that leaves out (`-path:tests lock`): behind a space it is not taken for flags. Flags stay
/// what they are, misspelt ones too, and so does what stands behind `--`.
fn filters_are_no_flags(typed: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut all_values = false;
    typed.map(move |it| {
        all_values |= it == "--";
        match it.to_str() {
            Some(text) if !all_values && Filters::begin_with_not(text) => format!(" {text}").into(),
            _ => it,
        }
    })
}

/// Flags that every command takes.
#[derive(Debug, Clone, ClapArgs)]
pub struct Common {
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Directory of the index (default: portolan/ in the user's cache directory)
    #[arg(long, global = true, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
    /// Write the log to this file too
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Set one setting for this run, as in portolan.toml: --set memory.limit_mb=256
    #[arg(long = "set", global = true, value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
}

/// What a question is restricted to. Each may be given several times: alternatives.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct FilterFlags {
    /// Only files in this language: its name, or an extension
    #[arg(long = "lang", value_name = "LANG")]
    pub langs: Vec<String>,
    /// Only paths with this in them: `src/` a folder, `retry` where a word of a name begins so, `**/net/*.rs` a pattern
    #[arg(long = "path", value_name = "PATH")]
    pub paths: Vec<String>,
    /// Only declarations of this kind: function, method, type, class, test, ...
    #[arg(long = "kind", value_name = "KIND")]
    pub kinds: Vec<String>,
    /// No files in this language
    #[arg(long = "not-lang", value_name = "LANG")]
    pub not_langs: Vec<String>,
    /// No paths with this in them
    #[arg(long = "not-path", value_name = "PATH")]
    pub not_paths: Vec<String>,
    /// No declarations of this kind
    #[arg(long = "not-kind", value_name = "KIND")]
    pub not_kinds: Vec<String>,
}

/// How answers are shown.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct ShowFlags {
    /// Show N lines around the line that declares each answer (default: the lines that say most)
    #[arg(short = 'C', long, value_name = "N")]
    pub context: Option<u32>,
    /// Show the paths alone, each once
    #[arg(long)]
    pub files: bool,
    /// Colours; NO_COLOR in the environment turns them off, too
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
}

/// When there are colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    #[default]
    Auto,
    Always,
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve an editor over standard input and output (the Language Server Protocol)
    Serve {
        /// The only transport there is, and the default; for clients that insist on naming it
        #[arg(long)]
        stdio: bool,
    },
    /// Find symbols of a workspace by a fuzzy name
    Symbols {
        /// The name, or a part, abbreviation or misspelling of it; `Container::name` narrows
        name: String,
        /// Root of the workspace (default: the current directory)
        path: Option<PathBuf>,
        /// Answer from what is indexed already
        #[arg(long)]
        no_wait: bool,
    },
    /// Print the declarations of one file
    Outline {
        /// The file
        file: PathBuf,
    },
    /// List the languages and the files of each
    Languages,
    /// Look for what is wrong with this machine's set-up
    Doctor,
    /// Index a folder and wait until all of it is on disk
    Index {
        /// The folder (default: the current one)
        path: Option<PathBuf>,
        /// Return when the stored index answers, without waiting for the rest
        #[arg(long)]
        no_wait: bool,
        /// Index even the home directory or /
        #[arg(long)]
        force: bool,
        /// Print what each stage did
        #[arg(long)]
        profile: bool,
        /// Then read these files, and what the index holds of them, so that the system has them in memory when an
        /// editor starts; a pattern as in .gitignore, may be given several times
        #[arg(long, value_name = "PATTERN")]
        warm: Vec<String>,
    },
    /// Ask a folder a question; it is indexed first where it is not
    Search {
        /// The question, or a name; `lang:rust path:src/ -path:tests kind:function` in it restrict as the flags do, also at
        /// its beginning
        question: String,
        /// The folder (default: the current one)
        #[arg(value_name = "FOLDER")]
        path: Option<PathBuf>,
        /// Answers at most, with --files files (default: search.limit)
        #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: Option<u16>,
        #[command(flatten)]
        filters: FilterFlags,
        #[command(flatten)]
        show: ShowFlags,
        /// Answer from the stored index, without waiting for the rest
        #[arg(long)]
        no_wait: bool,
    },
    /// Find code like the declaration in a line of a file
    Related {
        /// FILE:LINE, such as src/main.rs:42
        place: String,
        /// The folder to search (default: the current one)
        folder: Option<PathBuf>,
        /// Answers at most, with --files files (default: search.limit)
        #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: Option<u16>,
        #[command(flatten)]
        filters: FilterFlags,
        #[command(flatten)]
        show: ShowFlags,
        /// Answer from the stored index, without waiting for the rest
        #[arg(long)]
        no_wait: bool,
    },
    /// Answer questions as JSON lines on standard input and output
    SearchServer,
    /// Show what is indexed
    Status {
        /// The folder (default: the current one)
        path: Option<PathBuf>,
        /// One line a file: path, language, `indexed` or why not, separated by tabs
        #[arg(long)]
        files: bool,
    },
    /// Remove indexes that are not needed: of folders that are gone, of other versions, long unused, beyond 2 GB
    Gc {
        /// Only the index of this folder: its path, or its name
        workspace: Option<String>,
        /// Remove nothing, list all indexes
        #[arg(long)]
        list: bool,
    },
    /// Parse for a parent process (started by Portolan itself)
    #[command(hide = true)]
    Worker {
        #[arg(long)]
        parent: u32,
        #[arg(long, default_value_t = 0)]
        address_space: u64,
        #[arg(long)]
        faults: bool,
        #[arg(long, default_value_t = 0)]
        segment_size: usize,
        #[arg(long, default_value_t = 0)]
        parsers: usize,
        #[arg(long = "language-segment-size")]
        segment_sizes: Vec<String>,
        /// Serve one open document instead of a queue of files
        #[arg(long)]
        document: bool,
        /// Run an embedding model instead
        #[arg(long)]
        embed: bool,
    },
    /// Show the settings in force
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

/// What can be done with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting with its value
    Show {
        /// Also say where each value comes from
        #[arg(long)]
        origin: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The question and the folder of a search, or what is wrong with it.
    fn asked(typed: &[&str]) -> String {
        let typed = ["portolan", "search"].iter().chain(typed).map(|it| OsString::from(*it));
        match Args::try_parse_from(filters_are_no_flags(typed)).map(|it| it.command) {
            Ok(Command::Search { question, path, limit, show, .. }) => {
                let path = path.map_or(String::new(), |it| it.display().to_string());
                let limit = limit.map_or(String::new(), |it| it.to_string());
                format!("{}|{path}|{limit}|{}", question.trim(), show.files)
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string().lines().next().unwrap_or("").to_owned(),
        }
    }

    #[test]
    fn a_question_may_begin_with_a_filter() {
        assert_eq!(asked(&["-path:test lock", "dir"]), "-path:test lock|dir||false");
        assert_eq!(asked(&["-n3", "--files", "-path:\"a b\" lock", "dir"]), "-path:\"a b\" lock|dir|3|true");
        assert_eq!(asked(&["-lang:rust lock", "-n", "3"]), "-lang:rust lock||3|false");
        assert_eq!(asked(&["--", "-lock", "-path:x"]), "-lock|-path:x||false");
        for wrong in ["--fiels", "-x", "-path", "-path:", "-paht:tests"] {
            assert!(asked(&[wrong, "lock"]).starts_with("error: unexpected argument"), "{wrong}");
        }
    }
}
