//! `portolan outline FILE`: the declarations of one file, without an index. Invariant: shows what an editor's outline
//! shows. Must not know how declarations are found.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::UsageError;
use crate::base::os;
use crate::base::paths::RelPath;
use crate::base::settings::{Settings, table};
use crate::facts::SymbolFlags;
use crate::syntax::extract::Limits;
use crate::syntax::in_process::InProcess;
use crate::syntax::languages;
use crate::syntax::parsing::{Item, Parsed, Parsing};
use crate::text::decode::{Decoded, decode};

/// How long one file may take to parse.
const BUDGET: Duration = Duration::from_secs(10);

/// Prints the outline of `file` as an indented list or as JSON.
pub fn run(settings: &Settings, file: &Path, as_json: bool) -> Result<ExitCode> {
    let (name, bytes) = read(file)?;
    let lang = languages::detect(&name, &bytes[..bytes.len().min(4096)]);
    let Decoded::Text { text, .. } = decode(bytes) else {
        return Err(UsageError(format!("{}: a binary file has no outline", file.display())).into());
    };
    if !lang.has_grammar() {
        let known = "`portolan languages` lists those that have one";
        return Err(UsageError(format!("{}: no grammar for this kind of file; {known}", file.display())).into());
    }
    let mut document = InProcess::open(lang, text, Limits::default());
    if !matches!(document.parse(BUDGET), Ok(Parsed::Done(_))) {
        return Err(anyhow::anyhow!("{}: takes longer than 10 s to parse", file.display()));
    }
    let view = document.view();
    let left_out = settings.bool(&table::OUTLINE_INACTIVE);
    let shown = view.items.iter().filter(|item| left_out || !item.flags.has(SymbolFlags::LEFT_OUT));
    let rows = shown.map(|item| (item, view.lines.line_of(item.name_range.start) + 1));
    if as_json {
        let all: Vec<_> = rows.map(|(item, line)| to_json(item, line)).collect();
        anstream::println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        for (item, line) in rows {
            let indent = "  ".repeat(usize::from(item.depth).min(20));
            let kind = format!("{:?}", item.kind).to_lowercase();
            anstream::println!("{line:>6}  {indent}{} {kind}", item.name);
        }
    }
    Ok(if view.items.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn to_json(item: &Item, line: u32) -> serde_json::Value {
    json!({"name": &*item.name, "kind": format!("{:?}", item.kind), "line": line, "depth": item.depth, "detail": &*item.detail})
}

/// Reads a file by way of its directory, as workspace files are read.
fn read(file: &Path) -> Result<(RelPath, Vec<u8>)> {
    let limit = Limits::default().bytes as u64;
    let wanted = || UsageError(format!("{}: name a file", file.display()));
    let name = RelPath::from_path(Path::new(file.file_name().ok_or_else(wanted)?)).ok_or_else(wanted)?;
    let directory = file.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let root = os::RootDir::open(directory).map_err(|error| UsageError(format!("{}: {error}", directory.display())))?;
    let (bytes, _) = root.read(&name, limit).map_err(|error| UsageError(format!("{}: {error}", file.display())))?;
    Ok((name, bytes))
}
