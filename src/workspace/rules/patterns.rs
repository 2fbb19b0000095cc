//! The lines of one ignore file, matched by the `ignore` crate. Invariants: the last matching line decides, as git has it;
//! what a path costs hardly depends on how many lines there are: only lines whose rarest word stands in the path are asked,
//! the last one first, and a line is compiled when it is asked for the first time. Must not read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::glob::as_git_reads_it;
use super::needs::{Finder, Need, rarest};

/// Neighbours that need the same word are compiled together, at most so many.
const GROUP: usize = 64;
/// Longer lines cannot name a path that the system would open.
const MAX_LINE: usize = 4096;

/// What the lines say of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    None,
    /// The line that says so.
    Ignore(String),
    Keep,
}

/// The lines of one file.
#[derive(Default)]
pub struct Patterns {
    /// In the order of the file.
    groups: Vec<Group>,
    finder: Finder,
}

/// Neighbouring lines.
struct Group {
    lines: Vec<Box<str>>,
    /// None: no line is a pattern.
    compiled: OnceLock<Option<Gitignore>>,
}

impl Patterns {
    /// Reads the lines of `text`; those that are no valid pattern are left out, as git has it, and those that are no UTF-8,
    /// which the crate cannot read. `None` where there are no lines.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines: Vec<&str> = text
            .split(|&b| b == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(|line| line.len() <= MAX_LINE)
            .filter_map(|line| std::str::from_utf8(line).ok())
            // An exclamation mark alone takes nothing back; to the crate it is everything.
            .filter(|line| !line.starts_with('#') && !matches!(line.trim_end_matches(' '), "" | "!"))
            .collect();
        let mut groups: Vec<(Option<Need>, Group)> = Vec::new();
        for (line, need) in lines.iter().zip(rarest(&lines)) {
            match groups.last_mut() {
                Some((same, group)) if *same == need && group.lines.len() < GROUP => group.lines.push((*line).into()),
                _ => groups.push((need, Group { lines: vec![(*line).into()], compiled: OnceLock::new() })),
            }
        }
        let (needs, groups): (Vec<Option<Need>>, Vec<Group>) = groups.into_iter().unzip();
        (!groups.is_empty()).then(|| Self { groups, finder: Finder::new(needs.into_iter()) })
    }

    /// Whether any line is a valid pattern.
    pub fn has_valid_lines(&self) -> bool {
        self.groups.iter().any(|it| it.compiled().is_some())
    }

    /// What the lines say of `path`, relative to the file's folder.
    pub fn matched(&self, path: &[u8], is_dir: bool) -> Verdict {
        let candidates = self.finder.candidates(path);
        let groups = candidates.iter().filter_map(|&at| self.groups.get(at as usize));
        groups.map(|it| it.said(path, is_dir)).find(|it| *it != Verdict::None).unwrap_or(Verdict::None)
    }

    /// Whether a line names `path` or a folder that it lies in.
    pub fn matched_with_parents(&self, path: &[u8], is_dir: bool) -> bool {
        if self.groups.is_empty() {
            return false;
        }
        let mut end = path.len();
        let mut is_dir = is_dir;
        loop {
            if matches!(self.matched(&path[..end], is_dir), Verdict::Ignore(_)) {
                return true;
            }
            match path[..end].iter().rposition(|&b| b == b'/') {
                Some(cut) => end = cut,
                None => return false,
            }
            is_dir = true;
        }
    }
}

impl Group {
    fn said(&self, path: &[u8], is_dir: bool) -> Verdict {
        let Some(compiled) = self.compiled() else { return Verdict::None };
        match compiled.matched(Path::new(OsStr::from_bytes(path)), is_dir) {
            ignore::Match::None => Verdict::None,
            ignore::Match::Ignore(glob) => Verdict::Ignore(self.original(glob.original())),
            ignore::Match::Whitelist(_) => Verdict::Keep,
        }
    }

    /// The line as it stands in the file.
    fn original(&self, line: &str) -> String {
        if !line.contains(['\\', '[', '{', '*']) {
            return line.to_owned();
        }
        let mut lines = self.lines.iter().rev().map(|it| it.trim_end_matches(' '));
        lines.find(|it| as_git_reads_it(it).is_some_and(|it| it == line)).unwrap_or(line).to_owned()
    }

    fn compiled(&self) -> Option<&Gitignore> {
        self.compiled.get_or_init(|| compile(&self.lines)).as_ref()
    }
}

/// A line that is no pattern is left out.
fn compile(lines: &[Box<str>]) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        if let Some(line) = as_git_reads_it(line) {
            // An error concerns this line alone.
            let _ = builder.add_line(None, &line);
        }
    }
    builder.build().ok().filter(|it| !it.is_empty())
}
