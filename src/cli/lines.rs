//! The lines of an answer that are shown, and how: the declaration, its first words of documentation, where the question's
//! words are; painted by syntax. Invariant: no wider than it is given, in columns of a terminal; tabs reach to the next stop of
//! four. Must not know where answers come from.

use std::collections::BTreeSet;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

use super::answers::harmless;
use crate::base::span::Span;
use crate::facts::LineIndex;
use crate::facts::words::analyse;
use crate::features::semantic_search::Found;
use crate::syntax::languages::Lang;
use crate::syntax::paint::{Token, paint};

/// Lines of an answer that are shown at most, and of its documentation.
const SHOWN: usize = 7;
const DOCUMENTED: usize = 2;
const TAB: usize = 4;
/// Most lines of context on each side.
const MOST_CONTEXT: u32 = 200;

const MATCH: Style = AnsiColor::Yellow.on_default().bold();

/// One row of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Zero-based.
    Line(u32),
    /// Lines are left out.
    Gap,
}

/// The rows of an answer that is declared in `line`: with `context` so many lines around that one, else those that say most.
pub fn excerpt(text: &str, found: &Found, line: u32, context: Option<u32>) -> Vec<Row> {
    let index = LineIndex::new(text);
    // What stands behind the last line's end is no line.
    let end = index.starts.len() as u32 - u32::from(text.is_empty() || text.ends_with(['\n', '\r']));
    let last = end.saturating_sub(1);
    let (first_own, last_own) = (found.place.lines.0.min(last), found.place.lines.1.min(last));
    let line = line.min(last);
    let chosen: BTreeSet<u32> = match context {
        Some(context) => {
            let context = context.min(MOST_CONTEXT);
            (line.saturating_sub(context)..=line.saturating_add(context).min(last)).collect()
        }
        None if ((last_own - first_own) as usize) < SHOWN => (first_own..=last_own).collect(),
        None => most_telling(text, &index, (first_own, last_own), line, &found.reason.terms),
    };
    let mut rows = Vec::new();
    let mut before = None;
    for line in chosen {
        if before.is_some_and(|it| it + 1 < line) {
            rows.push(Row::Gap);
        }
        rows.push(Row::Line(line));
        before = Some(line);
    }
    rows
}

/// Of a long answer: the line that declares it and the next, the beginning of its documentation, lines with the most words of
/// the question.
fn most_telling(
    text: &str,
    index: &LineIndex,
    (first, last): (u32, u32),
    line: u32,
    words: &[String],
) -> BTreeSet<u32> {
    let content = |line: u32| content_of(text, index, line);
    let documented = (first..line).filter(|&it| content(it).contains(char::is_alphanumeric)).take(DOCUMENTED);
    let mut out: BTreeSet<u32> = documented.chain([line, (line + 1).min(last)]).collect();
    let mut rest: Vec<(usize, u32)> =
        (line + 2..=last).map(|it| (held(content(it), words), it)).filter(|it| it.0 > 0).collect();
    rest.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    out.extend(rest.into_iter().map(|it| it.1).take(SHOWN.saturating_sub(out.len())));
    // Where no words are, the beginning says most.
    for it in line..=last {
        if out.len() >= SHOWN {
            break;
        }
        out.insert(it);
    }
    out
}

/// How many of the words a line has.
fn held(line: &str, words: &[String]) -> usize {
    let mut found = BTreeSet::new();
    analyse(line, &mut |term| found.extend(words.iter().position(|it| it == term)));
    found.len()
}

/// A line without its end.
fn content_of<'t>(text: &'t str, index: &LineIndex, line: u32) -> &'t str {
    let range = index.line_start(line) as usize..index.line_start(line + 1) as usize;
    text.get(range).unwrap_or("").trim_end_matches(['\n', '\r'])
}

/// A text whose lines are painted.
pub struct Painted<'t> {
    text: &'t str,
    index: LineIndex,
    /// In the text, ascending.
    tokens: Vec<(Span, Token)>,
    words: &'t [String],
    /// Columns that all rows begin with and that are not shown.
    indent: usize,
}

impl<'t> Painted<'t> {
    /// For these rows of a text; `words` of a question are marked.
    pub fn new(text: &'t str, lang: Lang, rows: &[Row], words: &'t [String]) -> Self {
        let index = LineIndex::new(text);
        let lines: Vec<u32> =
            rows.iter().filter_map(|it| if let Row::Line(line) = it { Some(*line) } else { None }).collect();
        let start = lines.first().map_or(0, |it| index.line_start(*it));
        let end = lines.last().map_or(0, |it| index.line_start(it + 1));
        let snippet = text.get(start as usize..end as usize).unwrap_or("");
        let tokens = paint(lang, snippet).into_iter().map(|it| (it.0.shifted(start), it.1)).collect();
        let full = lines.iter().map(|it| content_of(text, &index, *it)).filter(|it| !it.trim().is_empty());
        let indent = full.map(indent_of).min().unwrap_or(0);
        Self { text, index, tokens, words, indent }
    }

    /// A line in at most `room` columns, or all of it, with escapes; a mark at its end where it goes on.
    pub fn line(&self, line: u32, room: Option<usize>) -> String {
        let content = content_of(self.text, &self.index, line);
        let start = self.index.line_start(line);
        let marked = marked(content, self.words);
        let (mut out, mut column, mut style): (String, usize, Option<Style>) = (String::new(), 0, None);
        let upto = room.map_or(usize::MAX, |it| self.indent + it);
        let whole = content.chars().fold(0, |column, c| column + width_at(c, column)) <= upto;
        let limit = if whole { upto } else { upto - 1 };
        for (at, c) in content.char_indices() {
            let wide = width_at(c, column);
            if column + wide > limit {
                break;
            }
            let mark = marked.get(marked.partition_point(|it| it.end <= at));
            let is_marked = mark.is_some_and(|it| it.contains(&at));
            let wanted = if is_marked { Some(MATCH) } else { self.style(start + at as u32) };
            if column >= self.indent {
                if wanted != style {
                    style.iter().for_each(|it| out.push_str(&it.render_reset().to_string()));
                    wanted.iter().for_each(|it| out.push_str(&it.render().to_string()));
                    style = wanted;
                }
                if c == '\t' { out.extend(std::iter::repeat_n(' ', wide)) } else { out.push(harmless(c)) }
            }
            column += wide;
        }
        style.iter().for_each(|it| out.push_str(&it.render_reset().to_string()));
        if whole { out } else { out + "…" }
    }

    fn style(&self, offset: u32) -> Option<Style> {
        let at = self.tokens.partition_point(|it| it.0.end <= offset);
        let (span, token) = self.tokens.get(at)?;
        (span.start <= offset).then_some(match token {
            Token::Comment => Style::new().dimmed().italic(),
            Token::Text => AnsiColor::Green.on_default(),
            Token::Value => AnsiColor::Magenta.on_default(),
            Token::Keyword => AnsiColor::Blue.on_default(),
            Token::Type => AnsiColor::Cyan.on_default(),
        })
    }
}

/// Columns that a character takes that begins in one.
fn width_at(c: char, column: usize) -> usize {
    match c {
        '\t' => TAB - column % TAB,
        _ => harmless(c).width().unwrap_or(1),
    }
}

fn indent_of(line: &str) -> usize {
    line.chars().take_while(|it| it.is_whitespace()).fold(0, |column, c| column + width_at(c, column))
}

/// Where in a line words of the question are.
fn marked(line: &str, words: &[String]) -> Vec<std::ops::Range<usize>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(start) = line[at..].find(is_word).map(|it| at + it) {
        let end = line[start..].find(|c: char| !is_word(c)).map_or(line.len(), |it| start + it);
        let mut hit = false;
        analyse(&line[start..end], &mut |term| hit |= words.iter().any(|it| it == term));
        if hit {
            out.push(start..end);
        }
        at = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{FileId, RootId};
    use crate::base::paths::RelPath;
    use crate::features::semantic_search::{Place, Reason};
    use crate::index::traits::Traits;

    fn found(lines: (u32, u32), words: &[&str]) -> Found {
        let place =
            Place { span: Span::new(0, 1), lines, jump: Span::new(0, 1), name: None, kind: None, container: None };
        let terms = words.iter().map(|it| (*it).to_owned()).collect();
        let reason = Reason { terms, ..Reason::default() };
        let path = RelPath::from_bytes(b"a").unwrap();
        Found { file: FileId(0), root: RootId(0), path, place, traits: Traits::default(), score: 1.0, reason }
    }

    fn rows(text: &str, found: &Found, line: u32, context: Option<u32>) -> String {
        let rows = excerpt(text, found, line, context);
        let row = |it: &Row| if let Row::Line(line) = it { line.to_string() } else { "-".into() };
        rows.iter().map(row).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_lines_that_say_most_are_shown() {
        let short = "a\nb\nc\n";
        assert_eq!(rows(short, &found((0, 2), &[]), 0, None), "0 1 2");
        let mut lines: Vec<String> = (0..40).map(|n| format!("line {n}")).collect();
        lines[30] = "walrus sleeps".into();
        let long = lines.join("\n");
        assert_eq!(rows(&long, &found((2, 39), &["walrus"]), 10, None), "2 3 - 10 11 12 13 - 30");
        assert_eq!(rows(&long, &found((2, 39), &[]), 2, None), "2 3 4 5 6 7 8");
        assert_eq!(rows(&long, &found((2, 39), &[]), 10, Some(1)), "9 10 11");
        assert_eq!(rows(&long, &found((2, 39), &[]), 39, Some(1)), "38 39");
        assert_eq!(rows(short, &found((0, 99), &[]), 98, Some(0)), "2", "the file has become shorter");
        assert_eq!(rows("", &found((0, 0), &[]), 0, None), "0");
    }

    fn line(text: &str, lang: &str, number: u32, words: &[&str], room: impl Into<Option<usize>>) -> String {
        let words: Vec<String> = words.iter().map(|it| (*it).to_owned()).collect();
        let rows: Vec<Row> = (0..text.lines().count() as u32).map(Row::Line).collect();
        Painted::new(text, Lang::from_id(lang).unwrap(), &rows, &words).line(number, room.into())
    }

    #[test]
    fn lines_are_cut_by_columns() {
        let plain = |text: &str, room: usize| {
            let line = line(text, "text", 0, &[], room);
            anstream::adapter::strip_str(&line).to_string()
        };
        assert_eq!(plain("abcdef", 6), "abcdef");
        assert_eq!(plain("abcdefg", 6), "abcde…");
        assert_eq!(plain("検索する関数", 7), "検索す…", "a wide character takes two columns");
        assert_eq!(plain("a\tb\tc", 9), "a   b   c", "tabs reach to their stops");
        assert_eq!(plain("e\u{301}x\u{1b}[2J", 6), "e\u{301}x\u{FFFD}[2J");
        assert_eq!(plain("ab\r\n", 5), "ab");
        assert_eq!(line(&"long ".repeat(90), "text", 0, &[], None), "long ".repeat(90));
        assert_eq!(anstream::adapter::strip_str(&line("\tif x:\r\n\t\ty\r\n", "text", 1, &[], 9)).to_string(), "    y");
    }

    #[test]
    fn tokens_and_words_of_the_question_have_their_styles() {
        let shown = line("fn retry() { \"s\" }\n", "rust", 0, &["retri"], 40);
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), "fn retry() { \"s\" }");
        assert_eq!(shown.matches("\u{1b}[0m").count(), 3, "{shown:?}");
        assert!(shown.contains(&format!("{}retry\u{1b}[0m", MATCH.render())), "{shown:?}");
        assert!(!line("fn a() {}", "text", 0, &["retri"], 40).contains('\u{1b}'));
    }
}
