//! The lines of one ignore file, matched by the `ignore` crate. Invariant: the last matching line decides; the cost of
//! building is linear in the lines (they are compiled in groups, since one large set is refused or slow). Must not read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Lines compiled together.
const GROUP: usize = 512;
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

/// The compiled lines of one file.
#[derive(Default)]
pub struct Patterns {
    /// In the order of the file.
    groups: Vec<Gitignore>,
}

impl Patterns {
    /// Compiles `text`; lines that are no valid pattern or no UTF-8 are left out, as git leaves out what it cannot read.
    /// `None` where no line says anything.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines: Vec<&str> = text
            .split(|&b| b == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(|line| line.len() <= MAX_LINE)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
            .collect();
        let groups: Vec<Gitignore> = lines.chunks(GROUP).filter_map(group).collect();
        (!groups.is_empty()).then_some(Self { groups })
    }

    /// What the lines say of `path`, relative to the file's folder.
    pub fn matched(&self, path: &[u8], is_dir: bool) -> Verdict {
        let path = Path::new(OsStr::from_bytes(path));
        for group in self.groups.iter().rev() {
            match group.matched(path, is_dir) {
                ignore::Match::None => {}
                ignore::Match::Ignore(glob) => return Verdict::Ignore(glob.original().to_owned()),
                ignore::Match::Whitelist(_) => return Verdict::Keep,
            }
        }
        Verdict::None
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

/// One compiled group; a line that is no pattern is left out.
fn group(lines: &[&str]) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        // An error concerns this line alone.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|it| !it.is_empty())
}
