//! `portolan status [PATH] [--files]`: what is indexed, and of every other file why not.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::args::Common;
use super::index_cmd;
use crate::base::cancel::Cancel;
use crate::base::settings::Settings;
use crate::workspace::{FileLine, Options, Skip, Stage, Workspace};

/// Runs the command. It reads the stored index and changes nothing.
///
/// # Errors
/// A path that cannot be a root (exit code 2).
pub fn run(settings: Settings, common: &Common, path: Option<PathBuf>, files: bool) -> anyhow::Result<ExitCode> {
    let options = Options { follow: false, read_only: true, allow_broad_root: true, ..Options::default() };
    let workspace = index_cmd::open(settings, path.as_deref(), options)?;
    workspace.wait_indexed(Stage::Opened, &Cancel::new());
    if files { print_files(&workspace, common.json) } else { print_summary(&workspace, common.json) }
}

fn print_files(workspace: &Workspace, as_json: bool) -> anyhow::Result<ExitCode> {
    match write_files(workspace, as_json) {
        // Who reads a part of it, as `head` does, has what was wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => Ok(written.map(|()| ExitCode::SUCCESS)?),
    }
}

fn write_files(workspace: &Workspace, as_json: bool) -> std::io::Result<()> {
    let lines = workspace.file_lines(&Cancel::new());
    let mut out = std::io::BufWriter::new(anstream::stdout());
    for line in &lines {
        if as_json {
            let state = line.skip.as_ref().map_or("indexed".to_owned(), ToString::to_string);
            let value = json!({ "path": quoted(line.path.as_bytes()), "language": line.language, "state": state });
            writeln!(out, "{value}")?;
        } else {
            writeln!(out, "{}", text_line(line))?;
        }
    }
    out.flush()
}

/// `path<TAB>language<TAB>indexed`, or the reason in the third column.
fn text_line(line: &FileLine) -> String {
    let state = line.skip.as_ref().map_or("indexed".to_owned(), |skip| one_line(&skip.to_string()));
    format!("{}\t{}\t{state}", quoted(line.path.as_bytes()), line.language)
}

/// A reason may quote a line of a foreign file: control characters do not reach the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A path as git prints it: as it is, or between quotation marks with escapes where it holds a control character, a
/// quotation mark, a backslash or bytes that are no UTF-8.
pub fn quoted(path: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(path)
        && !text.chars().any(|c| c.is_control() || c == '"' || c == '\\')
    {
        return if text.is_empty() { ".".to_owned() } else { text.to_owned() };
    }
    let mut out = String::from("\"");
    for &byte in path {
        match byte {
            b'"' | b'\\' => out.extend(['\\', byte as char]),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            0x0b => out.push_str("\\v"),
            0x0c => out.push_str("\\f"),
            b' '..=b'~' => out.push(byte as char),
            other => out.push_str(&format!("\\{other:03o}")),
        }
    }
    out.push('"');
    out
}

/// What there is in a workspace.
struct Count {
    indexed: usize,
    /// Nothing keeps these out but that nobody has indexed them.
    waiting: usize,
    left_out: usize,
}

impl Count {
    fn of(lines: &[FileLine]) -> Self {
        let indexed = lines.iter().filter(|it| it.skip.is_none()).count();
        let waiting = lines.iter().filter(|it| it.skip == Some(Skip::Pending)).count();
        Self { indexed, waiting, left_out: lines.len() - indexed - waiting }
    }

    fn sentence(&self) -> String {
        let waiting = match self.waiting {
            0 => String::new(),
            some => format!(" {some} not yet (`portolan index` does it),"),
        };
        format!(
            "{} files indexed,{waiting} {} left out (portolan status --files lists them)",
            self.indexed, self.left_out
        )
    }
}

fn print_summary(workspace: &Workspace, as_json: bool) -> anyhow::Result<ExitCode> {
    let status = workspace.status();
    let lines = workspace.file_lines(&Cancel::new());
    let count = Count::of(&lines);
    if as_json {
        index_cmd::println_json(&json!({
            "roots": status.roots.iter().map(|root| root.path.display().to_string()).collect::<Vec<_>>(),
            "indexed": count.indexed,
            "waiting": count.waiting,
            "left_out": count.left_out,
            "passages": { "found": status.progress.passages_found, "embedded": status.progress.passages_done },
            "embedder": status.embedder,
            "memory": status.memory,
            "memory_limit": status.memory_limit,
            "quarantined": status.quarantined.len(),
            "notices": status.notices,
        }))?;
    } else {
        for root in &status.roots {
            anstream::println!("{}", root.path.display());
        }
        anstream::println!("  {}", count.sentence());
        if let Some(embedder) = &status.embedder {
            let (done, all) = (status.progress.passages_done, status.progress.passages_found);
            anstream::println!("  {done} of {all} passages have vectors: {embedder}");
        }
        for (path, why) in &status.quarantined {
            anstream::println!("  quarantined: {}: {why}", path.display());
        }
        for notice in &status.notices {
            anstream::println!("  {notice}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::RootId;
    use crate::base::paths::RelPath;

    #[test]
    fn what_waits_is_not_left_out() {
        let path = RelPath::from_bytes(b"a").unwrap();
        let line = |skip| FileLine { root: RootId(0), path: path.clone(), language: "-".to_owned(), skip };
        let said = |skips: Vec<Option<Skip>>| Count::of(&skips.into_iter().map(line).collect::<Vec<_>>()).sentence();
        assert_eq!(
            said(vec![Some(Skip::Pending), Some(Skip::Pending), Some(Skip::Secret)]),
            "0 files indexed, 2 not yet (`portolan index` does it), 1 left out (portolan status --files lists them)"
        );
        let whole = "1 files indexed, 1 left out (portolan status --files lists them)";
        assert_eq!(said(vec![None, Some(Skip::Secret)]), whole);
    }

    #[test]
    fn odd_paths_are_quoted_as_git_does() {
        assert_eq!(quoted(b"src/a b.rs"), "src/a b.rs");
        assert_eq!(quoted("café.py".as_bytes()), "café.py");
        assert_eq!(quoted(b"tab\there"), r#""tab\there""#);
        assert_eq!(quoted(b"new\nline\"\\"), r#""new\nline\"\\""#);
        assert_eq!(quoted(b"\xff\x1b[31m"), r#""\377\033[31m""#);
    }
}
