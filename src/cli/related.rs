//! `portolan related FILE:LINE [FOLDER]`: code like the declaration there. Invariant: answers look like those of
//! `portolan search`. Must not know how likeness is made.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use super::answers::{self, Show};
use super::args::{Common, FilterFlags, ShowFlags};
use super::{UsageError, index_cmd, search};
use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::base::settings::{Settings, table};
use crate::features::semantic_search::{Means, NoSubject, meant_in_line, related};
use crate::workspace::{Options, Stage};

/// What the command line asked for.
pub struct Wish {
    pub place: String,
    pub folder: Option<PathBuf>,
    pub limit: Option<usize>,
    pub filters: FilterFlags,
    pub show: ShowFlags,
    pub no_wait: bool,
}

/// Runs the command: 0 with answers, 1 without.
///
/// # Errors
/// A place that is none, or has nothing to compare with (exit code 2).
pub fn run(settings: Settings, common: &Common, wish: &Wish) -> anyhow::Result<ExitCode> {
    let (file, line) = place(&wish.place)?;
    let filters = search::filters(&wish.filters)?;
    answers::choose_color(wish.show.color);
    let limit = wish.limit.unwrap_or_else(|| usize::try_from(settings.int(&table::SEARCH_LIMIT)).unwrap_or(10));
    let folder = wish.folder.as_deref().unwrap_or(Path::new("."));
    let path = beneath(folder, &file)?;
    let workspace = index_cmd::open(settings, Some(folder), Options { follow: false, ..Options::default() })?;
    index_cmd::wait(&workspace, if wish.no_wait { Stage::Opened } else { Stage::Embedded }, common.json);
    let (snapshot, embedder) = (workspace.snapshot(), workspace.embedder());
    let refuse = |why: &dyn std::fmt::Display| UsageError(format!("{}:{}: {why}", file.display(), line + 1));
    let missing = NoSubject::NotIndexed;
    let id = snapshot.file(RootId(0), &path).ok_or_else(|| refuse(&missing))?;
    let texts = |file: FileId, root: RootId, path: &RelPath| workspace.text_of(&snapshot, file, root, path);
    let facts = snapshot.facts(id).ok_or_else(|| refuse(&missing))?;
    let text = texts(id, RootId(0), &path).unwrap_or_default();
    let offset = meant_in_line(&facts, &text, line, 0).map_err(|why| refuse(&why))?;
    let means = Means { embedder: embedder.as_deref(), texts: Some(&texts), near: Some(id) };
    let mut about = Value::Null;
    let found = answers::enough(limit, &wish.show, |limit| {
        let (subject, found) = related(&snapshot, means, (id, offset), &filters, limit, &Cancel::new())?;
        let (start, end) = (subject.lines.0 + 1, subject.lines.1 + 1);
        about = json!({"path": path.display(), "name": subject.name, "start_line": start, "end_line": end});
        Ok(found)
    });
    let found = found.map_err(|why: NoSubject| refuse(&why))?;
    let show = Show { flags: &wish.show, json: common.json };
    answers::print(&found, &snapshot, &workspace, &show, Some(("subject", about)))?;
    workspace.shutdown();
    Ok(if found.items.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A file and a zero-based line of it; a column behind the line is passed over.
fn place(text: &str) -> Result<(PathBuf, u32), UsageError> {
    let wanted = || UsageError(format!("'{text}' is no place: write FILE:LINE, such as src/main.rs:42"));
    let (mut file, last) = text.rsplit_once(':').ok_or_else(wanted)?;
    let mut line: u32 = last.parse().map_err(|_| wanted())?;
    if let Some((before, number)) = file.rsplit_once(':')
        && let Ok(number) = number.parse()
    {
        (file, line) = (before, number);
    }
    if file.is_empty() || line == 0 {
        return Err(wanted());
    }
    Ok((file.into(), line - 1))
}

/// The path of a file beneath a folder; as it is, where it is relative and not there but in the folder.
fn beneath(folder: &Path, file: &Path) -> Result<RelPath, UsageError> {
    let wanted = || {
        let (file, folder) = (file.display(), folder.display());
        UsageError(format!("{file}: no such file in {folder}: name it from there, or the folder behind it"))
    };
    let root = folder.canonicalize().map_err(|_| UsageError(format!("{}: no such directory", folder.display())))?;
    let whole = file.canonicalize().ok().filter(|it| it.starts_with(&root));
    let whole = whole.or_else(|| root.join(file).canonicalize().ok().filter(|it| it.starts_with(&root)));
    let whole = whole.filter(|it| it.is_file()).ok_or_else(wanted)?;
    whole.strip_prefix(&root).ok().and_then(RelPath::from_path).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_files_and_lines() {
        let of = |text: &str| place(text).map(|(file, line)| format!("{} {line}", file.display()));
        assert_eq!(of("src/a.rs:42").unwrap(), "src/a.rs 41");
        assert_eq!(of("src/a.rs:42:7").unwrap(), "src/a.rs 41");
        assert_eq!(of("C:/a:b.rs:1").unwrap(), "C:/a:b.rs 0");
        for bad in ["src/a.rs", "src/a.rs:", ":3", "a:0", "a:b", "", "a:99999999999"] {
            assert!(of(bad).unwrap_err().0.contains("FILE:LINE"), "{bad}");
        }
    }
}
