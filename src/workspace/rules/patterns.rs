//! The lines of one ignore file, matched by the `ignore` crate. Invariants: the last matching line decides, as git has it;
//! what a path costs hardly depends on how many lines there are: they are compiled in groups, and a group is asked only
//! where a word that one of its lines needs stands in the path. Must not read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use aho_corasick::AhoCorasick;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Lines compiled together.
const GROUP: usize = 16;
/// Longer lines cannot name a path that the system would open.
const MAX_LINE: usize = 4096;
/// Groups that one word of bits stands for.
const BITS: usize = 64;

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
    needs: Needs,
}

/// Which groups may have something to say of a path.
#[derive(Default)]
struct Needs {
    /// Words that stand in every name that a line matches, and those that do in every path. None: all groups are asked.
    names: Option<Words>,
    paths: Option<Words>,
    /// Groups with a line that needs no word, as bits.
    always: Vec<u64>,
}

/// Words and, for each, the groups that have a line which needs it.
struct Words {
    finder: AhoCorasick,
    groups: Vec<Vec<u16>>,
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
            // An exclamation mark alone takes nothing back; to the crate it is everything.
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#') && line.trim_end() != "!")
            .collect();
        let compiled = lines.chunks(GROUP).filter_map(|lines| Some((lines, group(lines)?)));
        let (lines, groups): (Vec<&[&str]>, Vec<Gitignore>) = compiled.unzip();
        let needs = Needs::of(&lines);
        (!groups.is_empty()).then_some(Self { groups, needs })
    }

    /// What the lines say of `path`, relative to the file's folder.
    pub fn matched(&self, path: &[u8], is_dir: bool) -> Verdict {
        if let [group] = self.groups.as_slice() {
            return said(group, path, is_dir);
        }
        let asked = self.needs.asked(path);
        for (at, bits) in asked.iter().enumerate().rev() {
            let mut bits = *bits;
            while bits != 0 {
                let bit = BITS - 1 - bits.leading_zeros() as usize;
                bits &= !(1 << bit);
                match self.groups.get(at * BITS + bit).map(|group| said(group, path, is_dir)) {
                    Some(Verdict::None) | None => {}
                    Some(verdict) => return verdict,
                }
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

impl Needs {
    fn of(groups: &[&[&str]]) -> Self {
        let mut always = vec![0u64; groups.len().div_ceil(BITS)];
        let (mut names, mut paths) = (Vec::new(), Vec::new());
        for (at, lines) in groups.iter().enumerate() {
            for line in *lines {
                match need(line) {
                    Some(need) if need.in_name => names.push((need.word, at as u16)),
                    Some(need) => paths.push((need.word, at as u16)),
                    None => always[at / BITS] |= 1 << (at % BITS),
                }
            }
        }
        let words = [Words::new(names), Words::new(paths)];
        let [Ok(names), Ok(paths)] = words else {
            return Self { names: None, paths: None, always: vec![u64::MAX; always.len()] };
        };
        Self { names, paths, always }
    }

    /// The groups to ask about `path`, as bits.
    fn asked(&self, path: &[u8]) -> Vec<u64> {
        let mut asked = self.always.clone();
        let name = path.iter().rposition(|&b| b == b'/').map_or(path, |slash| &path[slash + 1..]);
        for (words, text) in [(&self.names, name), (&self.paths, path)] {
            let Some(words) = words else { continue };
            for found in words.finder.find_overlapping_iter(text) {
                for &group in &words.groups[found.pattern().as_usize()] {
                    asked[usize::from(group) / BITS] |= 1 << (usize::from(group) % BITS);
                }
            }
        }
        asked
    }
}

impl Words {
    /// None where there are no words.
    fn new(mut all: Vec<(Vec<u8>, u16)>) -> Result<Option<Self>, aho_corasick::BuildError> {
        if all.is_empty() {
            return Ok(None);
        }
        all.sort_unstable();
        all.dedup();
        let (mut words, mut groups): (Vec<Vec<u8>>, Vec<Vec<u16>>) = Default::default();
        for (word, group) in all {
            match groups.last_mut() {
                Some(last) if words.last() == Some(&word) => last.push(group),
                _ => {
                    words.push(word);
                    groups.push(vec![group]);
                }
            }
        }
        Ok(Some(Self { finder: AhoCorasick::new(&words)?, groups }))
    }
}

/// What stands in every path that a line matches.
#[derive(Debug, PartialEq, Eq)]
struct Need {
    word: Vec<u8>,
    /// In the path's last component.
    in_name: bool,
}

/// The longest run of plain characters within one component of the line; of a line without a slash inside, it stands in the
/// name. None where the line is all wildcards.
fn need(line: &str) -> Option<Need> {
    let line = line.strip_prefix('!').unwrap_or(line);
    let line = line.trim_end_matches(' ');
    let inner = line.strip_suffix('/').unwrap_or(line);
    let in_name = !inner.contains('/');
    let mut run: Vec<u8> = Vec::new();
    let mut best: Vec<u8> = Vec::new();
    let mut bytes = inner.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            // What a class holds, and where it ends, is not looked into.
            b'[' => break,
            b'\\' => match bytes.next() {
                // A space at the end of the line that was cut off above.
                None => break,
                Some(next) => run.push(next),
            },
            b'*' | b'?' | b'/' | b'{' | b'}' | b',' => {
                if run.len() > best.len() {
                    best = std::mem::take(&mut run);
                }
                run.clear();
            }
            plain => run.push(plain),
        }
    }
    if run.len() > best.len() {
        best = run;
    }
    (!best.is_empty()).then_some(Need { word: best, in_name })
}

fn said(group: &Gitignore, path: &[u8], is_dir: bool) -> Verdict {
    match group.matched(Path::new(OsStr::from_bytes(path)), is_dir) {
        ignore::Match::None => Verdict::None,
        ignore::Match::Ignore(glob) => Verdict::Ignore(original(glob.original())),
        ignore::Match::Whitelist(_) => Verdict::Keep,
    }
}

/// One compiled group; a line that is no pattern is left out.
fn group(lines: &[&str]) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        // An error concerns this line alone.
        let _ = builder.add_line(None, &as_git_reads_it(line));
    }
    builder.build().ok().filter(|it| !it.is_empty())
}

/// The line in the crate's words where it means something else to it: to git braces are characters like others, where the
/// crate takes what stands between them for alternatives; and three stars are as good as two.
fn as_git_reads_it(line: &str) -> std::borrow::Cow<'_, str> {
    if !line.contains(['{', '}']) && !line.contains("***") {
        return line.into();
    }
    let mut out = String::with_capacity(line.len() + 4);
    let (mut escaped, mut class, mut stars) = (false, false, 0);
    for c in line.chars() {
        if !escaped && !class && matches!(c, '{' | '}') {
            out.push('\\');
        }
        stars = if c == '*' && !escaped && !class { stars + 1 } else { 0 };
        class = !escaped && (c == '[' || class && c != ']');
        escaped = !escaped && c == '\\';
        if stars <= 2 {
            out.push(c);
        }
    }
    out.into()
}

/// The line as it stands in the file.
fn original(line: &str) -> String {
    line.replace("\\{", "{").replace("\\}", "}")
}
