//! `portolan search "question" [PATH]`: answers as passages with `path:line`, readable in 80 columns, or as JSON.
//! Invariant: the list is that of `features::semantic_search`, in its order. Must not know how it is made.

use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::args::{Common, FilterFlags};
use super::{UsageError, index_cmd};
use crate::base::cancel::Cancel;
use crate::base::paths::RelPath;
use crate::base::settings::{Settings, table};
use crate::facts::words::analyse;
use crate::features::semantic_search::{Answers, By, Filters, Found, Means, Question, semantic_search};
use crate::index::snapshot::Snapshot;
use crate::workspace::{Options, Stage, Workspace, preview};

/// Lines of an answer that are shown.
const SHOWN_LINES: u32 = 6;
/// Columns that are filled.
const COLUMNS: usize = 80;

const PATH: Style = AnsiColor::Cyan.on_default().bold();
const NAME: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();
const MATCH: Style = AnsiColor::Yellow.on_default().bold();

/// What the command line asked for.
pub struct Wish {
    pub question: String,
    pub path: Option<PathBuf>,
    pub limit: Option<usize>,
    pub filters: FilterFlags,
    pub no_wait: bool,
}

/// What the flags restrict a question to.
///
/// # Errors
/// One of them names what is not known (exit code 2).
fn filters(flags: &FilterFlags) -> Result<Filters, UsageError> {
    let mut out = Filters::default();
    for (by, values, not) in [
        (By::Lang, &flags.langs, false),
        (By::Path, &flags.paths, false),
        (By::Kind, &flags.kinds, false),
        (By::Lang, &flags.not_langs, true),
        (By::Path, &flags.not_paths, true),
        (By::Kind, &flags.not_kinds, true),
    ] {
        values.iter().try_for_each(|it| out.add(by, it, not)).map_err(|why| UsageError(why.to_string()))?;
    }
    Ok(out)
}

/// Runs the command: 0 with answers, 1 without.
///
/// # Errors
/// A question that cannot be asked or a path that cannot be a root (exit code 2).
pub fn run(settings: Settings, common: &Common, wish: &Wish) -> anyhow::Result<ExitCode> {
    let asked = Question::restricted(&wish.question, &filters(&wish.filters)?);
    let question = asked.map_err(|why| UsageError(why.to_string()))?;
    let limit = wish.limit.unwrap_or_else(|| usize::try_from(settings.int(&table::SEARCH_LIMIT)).unwrap_or(10));
    let options = Options { follow: false, ..Options::default() };
    let workspace = index_cmd::open(settings, wish.path.as_deref(), options)?;
    let target = if wish.no_wait { Stage::Opened } else { Stage::Embedded };
    index_cmd::wait(&workspace, target, common.json);
    let (snapshot, embedder) = (workspace.snapshot(), workspace.embedder());
    let cancel = Cancel::new();
    let texts = |file, root, path: &RelPath| workspace.text_of(&snapshot, file, root, path);
    let means = Means { embedder: embedder.as_deref(), texts: Some(&texts), near: None };
    let answers = semantic_search(&snapshot, means, &question, limit, &cancel, None);
    for note in answers.notes.iter().filter(|_| !common.json) {
        anstream::eprintln!("portolan: {}", clean(note));
    }
    if common.json {
        let all: Vec<Value> = answers.items.iter().map(|it| result(it, Some((&snapshot, &workspace)))).collect();
        index_cmd::println_json(
            &json!({"results": all, "complete": answers.completeness.is_whole(), "notes": answers.notes}),
        )?;
    } else {
        print(&answers, &snapshot, &workspace);
    }
    workspace.shutdown();
    Ok(if answers.items.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// One answer as JSON: lines are one-based and inclusive. `preview` is there where the files are given.
pub fn result(found: &Found, files: Option<(&Snapshot, &Workspace)>) -> Value {
    let place = &found.place;
    let mut out = json!({
        "path": found.path.display(),
        "start_line": place.lines.0 + 1,
        "end_line": place.lines.1 + 1,
        "score": found.score,
        "name": place.name,
        "kind": place.kind.map(|kind| format!("{kind:?}").to_lowercase()),
        "container": place.container,
        "reason": {"words": found.reason.words, "named": found.reason.named, "meaning": found.reason.meaning},
    });
    if let (Some((snapshot, workspace)), Some(object)) = (files, out.as_object_mut()) {
        object.insert("preview".into(), json!(lines_of(found, snapshot, workspace, place.lines.1)));
    }
    out
}

fn lines_of(found: &Found, snapshot: &Snapshot, workspace: &Workspace, last: u32) -> Option<Vec<String>> {
    let text = workspace.text_of(snapshot, found.file, found.root, &found.path)?;
    Some(preview::lines_of(&text, (found.place.lines.0, last.min(found.place.lines.1))))
}

fn print(answers: &Answers, snapshot: &Snapshot, workspace: &Workspace) {
    if answers.items.is_empty() && !answers.notes.is_empty() {
        return;
    }
    if answers.items.is_empty() {
        anstream::eprintln!(
            "portolan: nothing found; ask in other words, or see `portolan status` for what is indexed"
        );
        return;
    }
    for (rank, found) in answers.items.iter().enumerate() {
        if rank > 0 {
            anstream::println!();
        }
        let place = &found.place;
        let lines = format!(":{}-{}", place.lines.0 + 1, place.lines.1 + 1);
        let path = clean(&found.path.display());
        anstream::println!("{PATH}{path}{lines}{PATH:#}{}", declared(found, path.len() + lines.len()));
        // One line more than is shown tells whether there are more.
        let shown = place.lines.0.saturating_add(SHOWN_LINES);
        let Some(text) = lines_of(found, snapshot, workspace, shown) else {
            anstream::println!("{DIM}      (changed since it was indexed){DIM:#}");
            continue;
        };
        let indent = text.iter().filter(|it| !it.trim().is_empty()).map(|it| it.len() - it.trim_start().len()).min();
        for (offset, line) in text.iter().take(SHOWN_LINES as usize).enumerate() {
            let line: String = line.chars().skip(indent.unwrap_or(0)).take(COLUMNS - 8).collect();
            let number = place.lines.0 as usize + offset + 1;
            anstream::println!("{DIM}{number:>6}{DIM:#}  {}", marked(&line, &found.reason.words));
        }
    }
    if !answers.completeness.is_whole() {
        anstream::eprintln!("portolan: not all is indexed yet; the same question may find more later");
    }
}

/// `  kind name in container` behind the path where it fits in the line, else below it.
fn declared(found: &Found, used: usize) -> String {
    let (Some(name), Some(kind)) = (&found.place.name, found.place.kind) else { return String::new() };
    let kind = format!("{kind:?}").to_lowercase();
    let name = clean(name);
    let inside = found.place.container.as_ref().map(|it| format!(" in {}", clean(it))).unwrap_or_default();
    let start = if used + 2 + kind.len() + 1 + name.chars().count() <= COLUMNS { "  " } else { "\n        " };
    let indent = if start == "  " { used + 2 } else { start.len() - 1 };
    let room = COLUMNS.saturating_sub(indent + kind.len() + 1);
    let inside = if name.chars().count() + inside.chars().count() <= room { inside } else { String::new() };
    let name: String = name.chars().take(room).collect();
    format!("{start}{NAME}{kind} {name}{NAME:#}{DIM}{inside}{DIM:#}")
}

/// The line with the words of the question marked.
fn marked(line: &str, words: &[String]) -> String {
    let mut out = String::with_capacity(line.len() + 32);
    let mut rest = line;
    while !rest.is_empty() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let start = rest.find(is_word).unwrap_or(rest.len());
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        let mut hit = false;
        analyse(word, &mut |term| hit |= words.iter().any(|it| it == term));
        if hit {
            out.push_str(&format!("{MATCH}{word}{MATCH:#}"));
        } else {
            out.push_str(word);
        }
        rest = &rest[end..];
    }
    out
}

/// Without control characters: names of files and symbols are foreign text.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{FileId, RootId};
    use crate::base::span::Span;
    use crate::facts::SymbolKind;
    use crate::features::semantic_search::{Place, Reason};

    #[test]
    fn words_of_the_question_are_marked() {
        let line = marked("let retries = retry_count(x);", &["retri".to_owned()]);
        assert_eq!(anstream::adapter::strip_str(&line).to_string(), "let retries = retry_count(x);");
        assert_eq!(line.matches("\u{1b}[0m").count(), 2, "{line:?}");
        assert!(!marked("nothing here", &["retri".to_owned()]).contains('\u{1b}'));
    }

    #[test]
    fn a_declaration_that_does_not_fit_stands_below_its_path() {
        let place = Place {
            span: Span::new(0, 1),
            lines: (0, 0),
            name: Some("retry".into()),
            kind: Some(SymbolKind::Method),
            container: Some("Client".into()),
        };
        let (path, reason) = (RelPath::from_bytes(b"a").unwrap(), Reason::default());
        let found = Found { file: FileId(0), root: RootId(0), path, place, score: 1.0, reason };
        let shown = |used| anstream::adapter::strip_str(&declared(&found, used)).to_string();
        assert_eq!(shown(56), "  method retry in Client");
        assert_eq!(shown(60), "  method retry", "the container gives way first");
        assert_eq!(shown(70), "\n        method retry in Client");
    }

    #[test]
    fn foreign_names_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\n"), "a\u{FFFD}[2Jb\u{FFFD}");
    }
}
