//! Answers on a terminal: where, what and why of each, and the lines that say most of it, painted by syntax. Invariant: fits the
//! page, and says what holds a declaration however wide it is; foreign text cannot steer the terminal; colours only where they
//! are wanted. Must not know how answers are found.

use std::collections::HashSet;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::args::{ColorChoice, ShowFlags};
use super::index_cmd;
use super::lines::{Painted, Row, excerpt};
use super::page::{Page, width};
use crate::features::semantic_search::{Answers, Found, MOST_ANSWERS};
use crate::index::snapshot::{Completeness, Snapshot};
use crate::syntax::languages::Lang;
use crate::workspace::{Workspace, preview};

/// Columns before the text of a line.
const GUTTER: usize = 8;

const PATH: Style = AnsiColor::Cyan.on_default().bold();
const NAME: Style = AnsiColor::Green.on_default().bold();
pub const DIM: Style = Style::new().dimmed();

/// How answers are shown.
pub struct Show<'a> {
    pub flags: &'a ShowFlags,
    pub json: bool,
}

/// Makes colours as `--color` says; by itself a terminal has them, unless NO_COLOR is set.
pub fn choose_color(choice: ColorChoice) {
    match choice {
        ColorChoice::Auto => {}
        ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
        ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// Prints the answers; `more` goes into the JSON.
///
/// # Errors
/// JSON cannot be made.
pub fn print(
    answers: &Answers,
    snapshot: &Snapshot,
    workspace: &Workspace,
    show: &Show<'_>,
    more: Option<(&str, Value)>,
) -> anyhow::Result<()> {
    if show.json {
        let mut out = if show.flags.files {
            json!({"files": files(answers)})
        } else {
            let all: Vec<Value> = answers.items.iter().map(|it| result(it, snapshot, Some(workspace))).collect();
            json!({"results": all})
        };
        out["complete"] = json!(answers.completeness.is_whole());
        out["notes"] = json!(answers.notes);
        if let Some((name, value)) = more {
            out[name] = value;
        }
        return index_cmd::println_json(&out);
    }
    for note in &answers.notes {
        anstream::eprintln!("portolan: {}", clean(note));
    }
    let is_bare = is_bare(&answers.completeness);
    if answers.items.is_empty() && (answers.notes.is_empty() || is_bare) {
        anstream::eprintln!("portolan: {}", nothing(&answers.completeness));
    }
    if show.flags.files {
        files(answers).iter().for_each(|it| anstream::println!("{PATH}{}{PATH:#}", clean(it)));
    } else {
        let page = Page::of_standard_output();
        for (rank, found) in answers.items.iter().enumerate() {
            if rank > 0 {
                anstream::println!();
            }
            print_one(found, snapshot, workspace, show, page);
        }
    }
    if !answers.completeness.is_whole() && !is_bare {
        anstream::eprintln!("portolan: not all is indexed yet; the same question may find more later");
    }
    Ok(())
}

/// Nothing is indexed yet.
fn is_bare(seen: &Completeness) -> bool {
    seen.files_done == 0 && !seen.is_whole()
}

/// Why there may be no answer.
fn nothing(seen: &Completeness) -> &'static str {
    if is_bare(seen) {
        "nothing is indexed here yet: ask without --no-wait, or run `portolan index` first"
    } else if seen.is_whole() {
        "nothing found; ask in other words, or see `portolan status` for what is indexed"
    } else {
        "nothing found in what is indexed so far"
    }
}

/// Up to `limit` answers, or those of up to so many files: who wants files is not served by many answers of one.
///
/// # Errors
/// As for `ask`, which is given how many answers are wanted.
pub fn enough<E>(
    limit: usize,
    flags: &ShowFlags,
    mut ask: impl FnMut(usize) -> Result<Answers, E>,
) -> Result<Answers, E> {
    let mut wanted = limit;
    loop {
        let mut found = ask(wanted)?;
        if !flags.files {
            return Ok(found);
        }
        let mut files = HashSet::new();
        let end = found.items.iter().position(|it| files.insert(it.path.clone()) && files.len() > limit);
        if files.len() >= limit || found.items.len() < wanted || wanted >= MOST_ANSWERS {
            found.items.truncate(end.unwrap_or(found.items.len()));
            return Ok(found);
        }
        wanted = (wanted * 4).min(MOST_ANSWERS);
    }
}

/// The files of the answers, each once, in their order.
fn files(answers: &Answers) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for found in &answers.items {
        let path = found.path.display().to_string();
        if !out.contains(&path) {
            out.push(path);
        }
    }
    out
}

/// One answer as JSON: lines and columns are one-based, lines inclusive, columns in characters. `preview` is there where the
/// workspace is given and the text can be had.
pub fn result(found: &Found, snapshot: &Snapshot, workspace: Option<&Workspace>) -> Value {
    let (place, (line, column)) = (&found.place, jump(found, snapshot));
    let mut out = json!({
        "path": found.path.display(),
        "line": line + 1,
        "column": column + 1,
        "start_line": place.lines.0 + 1,
        "end_line": place.lines.1 + 1,
        "score": found.score,
        "name": place.name,
        "kind": place.kind.map(|kind| format!("{kind:?}").to_lowercase()),
        "container": place.container,
        "language": snapshot.lang(found.file),
        "traits": found.traits.names(),
        "reason": {"words": found.reason.words, "named": found.reason.named, "meaning": found.reason.meaning},
    });
    if let Some(workspace) = workspace {
        let text = workspace.text_of(snapshot, found.file, found.root, &found.path);
        out["preview"] = json!(text.map(|text| preview::lines_of(&text, place.lines)));
    }
    out
}

/// Zero-based line and column, in characters, of what one jumps to.
fn jump(found: &Found, snapshot: &Snapshot) -> (u32, u32) {
    use crate::features::answer::line_column;
    use crate::text::position::Encoding;
    let facts = snapshot.facts(found.file);
    facts.map_or((found.place.lines.0, 0), |facts| line_column(&facts, found.place.jump.start, Encoding::Utf32))
}

fn print_one(found: &Found, snapshot: &Snapshot, workspace: &Workspace, show: &Show<'_>, page: Page) {
    let (line, _) = jump(found, snapshot);
    let path = format!("{}:{}", clean(&found.path.display().to_string()), line + 1);
    anstream::println!("{PATH}{path}{PATH:#}{}", declared(found, width(&path), page));
    let why = why(found);
    if !why.is_empty() {
        anstream::println!("{DIM}{:GUTTER$}{}{DIM:#}", "", page.cut(&why, GUTTER));
    }
    let Some(text) = workspace.text_of(snapshot, found.file, found.root, &found.path) else {
        anstream::println!("{DIM}{:GUTTER$}(changed since it was indexed){DIM:#}", "");
        return;
    };
    let lang = Lang::from_id(snapshot.lang(found.file)).unwrap_or(Lang::TEXT);
    let rows = excerpt(&text, found, line, show.flags.context);
    let painted = Painted::new(&text, lang, &rows, &found.reason.terms);
    for row in &rows {
        match row {
            Row::Gap => anstream::println!("{DIM}{:>6}{DIM:#}", "⋮"),
            Row::Line(number) => {
                let shown = painted.line(*number, page.room(GUTTER));
                let end = if shown.is_empty() { "" } else { "  " };
                let bold = if *number == line { DIM.bold() } else { DIM };
                anstream::println!("{bold}{:>6}{bold:#}{end}{shown}", number + 1);
            }
        }
    }
}

/// `  kind name in container` behind the path where it fits in the line, else below it; the container below that where the two
/// do not fit there, either.
fn declared(found: &Found, used: usize, page: Page) -> String {
    let (Some(name), Some(kind)) = (&found.place.name, found.place.kind) else { return String::new() };
    let kind = format!("{kind:?}").to_lowercase();
    let name = clean(name);
    let inside = found.place.container.as_ref().map(|it| format!("in {}", clean(it))).unwrap_or_default();
    let wide = kind.len() + 1 + width(&name) + if inside.is_empty() { 0 } else { 1 + width(&inside) };
    let below = format!("\n{:GUTTER$}", "");
    let start = if used + 2 + wide <= page.columns { "  " } else { &below };
    let gap = match inside.as_str() {
        "" => "",
        _ if start == "  " || GUTTER + wide <= page.columns => " ",
        _ => &below,
    };
    let (name, inside) = (page.cut(&name, GUTTER + kind.len() + 1), page.cut(&inside, GUTTER));
    format!("{start}{DIM}{kind}{DIM:#} {NAME}{name}{NAME:#}{gap}{DIM}{inside}{DIM:#}")
}

/// Why it is an answer, in a few words: what the file is for, how near it is, what was found of the question.
fn why(found: &Found) -> String {
    let mut parts = Vec::new();
    let traits = found.traits.names();
    if !traits.is_empty() {
        parts.push(traits.join(", "));
    }
    if let Some(meaning) = found.reason.meaning {
        parts.push(format!("meaning {meaning:.2}"));
    }
    let words = &found.reason.words;
    if !words.is_empty() {
        let by = if found.reason.named { "words, some in names" } else { "words" };
        parts.push(format!("{by}: {}", clean(&words.join(", "))));
    }
    parts.join(" · ")
}

/// Without control characters, and those that turn the direction of text: names of files and symbols are foreign text.
pub fn clean(text: &str) -> String {
    text.chars().map(harmless).collect()
}

/// The character, or what stands for it on a terminal.
pub fn harmless(c: char) -> char {
    let steers =
        c.is_control() || matches!(c, '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if steers { '\u{FFFD}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{FileId, RootId};
    use crate::base::paths::RelPath;
    use crate::base::span::Span;
    use crate::facts::SymbolKind;
    use crate::features::semantic_search::{Place, Reason};
    use crate::index::traits::Traits;

    fn found() -> Found {
        let place = Place {
            span: Span::new(0, 1),
            lines: (0, 0),
            jump: Span::new(0, 1),
            name: Some("retry".into()),
            kind: Some(SymbolKind::Method),
            container: Some("Client".into()),
        };
        let (words, terms) = (vec!["retries".into(), "pause".into()], vec!["retri".into(), "paus".into()]);
        let reason = Reason { words, terms, named: true, meaning: Some(0.714) };
        let path = RelPath::from_bytes(b"a").unwrap();
        Found { file: FileId(0), root: RootId(0), path, place, traits: Traits::TEST, score: 1.0, reason }
    }

    #[test]
    fn a_declaration_that_does_not_fit_stands_below_its_path() {
        let shown = |used, page| anstream::adapter::strip_str(&declared(&found(), used, page)).to_string();
        assert_eq!(shown(56, Page::terminal(80)), "  method retry in Client");
        assert_eq!(shown(57, Page::terminal(80)), "\n        method retry in Client", "nothing is left out");
        assert_eq!(shown(57, Page::terminal(81)), "  method retry in Client");
    }

    #[test]
    fn what_holds_a_declaration_is_said_however_long_names_are() {
        let mut it = found();
        it.place.name = Some("n".repeat(30));
        it.place.container = Some("C".repeat(40));
        let shown = |page| anstream::adapter::strip_str(&declared(&it, 20, page)).to_string();
        let (name, container) = ("n".repeat(30), "C".repeat(40));
        assert_eq!(shown(Page::terminal(120)), format!("  method {name} in {container}"));
        assert_eq!(shown(Page::terminal(89)), format!("\n        method {name} in {container}"));
        assert_eq!(shown(Page::terminal(80)), format!("\n        method {name}\n        in {container}"));
        let cut = format!("\n        method {}…\n        in {}…", "n".repeat(24), "C".repeat(28));
        assert_eq!(shown(Page::terminal(40)), cut);
        assert_eq!(shown(Page::pipe()), format!("\n        method {name}\n        in {container}"));
    }

    #[test]
    fn so_many_files_are_asked_for_as_are_wanted() {
        // Ten answers of each file.
        let all: Vec<Found> = (0..60)
            .map(|n| Found { path: RelPath::from_bytes(format!("f{}", n / 10).as_bytes()).unwrap(), ..found() })
            .collect();
        let enough = |limit, by_file, there: usize| {
            let (flags, mut asked) = (ShowFlags { files: by_file, ..ShowFlags::default() }, Vec::new());
            let answers = enough(limit, &flags, |wanted| {
                asked.push(wanted);
                let items = all[..there.min(wanted)].to_vec();
                Ok::<_, ()>(Answers { items, ..Answers::default() })
            });
            (files(&answers.unwrap()).len(), asked)
        };
        assert_eq!(enough(3, false, 60), (1, vec![3]));
        assert_eq!(enough(3, true, 60), (3, vec![3, 12, 48]), "48 answers are of five files");
        assert_eq!(enough(3, true, 20), (2, vec![3, 12, 48]), "there are no more");
        assert_eq!(enough(1, true, 60), (1, vec![1]));
    }

    #[test]
    fn what_is_not_indexed_is_not_to_be_asked_for_in_other_words() {
        let seen = |walked, files_done| Completeness { walked, files_done, files_known: 7, ..Completeness::default() };
        assert!(nothing(&seen(false, 0)).starts_with("nothing is indexed here yet"));
        assert!(nothing(&seen(true, 3)).ends_with("indexed so far"));
        assert!(nothing(&seen(true, 7)).contains("in other words"));
        let empty = Completeness { walked: true, ..Completeness::default() };
        assert!(nothing(&empty).contains("`portolan status`"), "a folder without files");
    }

    #[test]
    fn reasons_are_said_in_the_words_of_the_question() {
        assert_eq!(why(&found()), "test · meaning 0.71 · words, some in names: retries, pause");
    }

    #[test]
    fn foreign_names_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\n\u{202E}"), "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}");
    }
}
