//! What a question is restricted to: languages, paths, kinds of declarations, written in it (`lang:rust path:src/ -path:tests
//! kind:function`) or beside it. Invariant: one meaning, wherever they are written; a wrong one is refused with what there is,
//! and one that leaves nothing is told. Must not know how candidates are found.

mod kinds;
mod langs;
mod notes;
mod paths;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::cancel::Cancel;
use crate::facts::KindSet;
use crate::index::snapshot::Snapshot;
use crate::index::within::{Wish, Within};
use paths::Pattern;

/// Most filters of a question, and bytes of one.
const MOST: usize = 64;
const LONGEST: usize = 512;

/// What a filter goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Lang,
    Path,
    Kind,
}

impl By {
    pub const ALL: [Self; 3] = [Self::Lang, Self::Path, Self::Kind];

    /// As it is written before the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lang => "lang",
            Self::Path => "path",
            Self::Kind => "kind",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name).or_else(|| (name == "language").then_some(Self::Lang))
    }
}

/// One filter, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub by: By,
    pub value: String,
    /// What fits it is left out.
    pub not: bool,
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.value.contains(char::is_whitespace) { "\"" } else { "" };
        write!(f, "{}{}:{quote}{}{quote}", if self.not { "-" } else { "" }, self.by.name(), self.value)
    }
}

/// Why a filter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    #[error("{filter}: no such language is known here{}; `portolan languages` lists them (in quotes it is searched for as words)", near_names(.near))]
    Lang { filter: Filter, near: Vec<&'static str> },
    #[error("{filter}: to this program such files are plain text, as many others; write {}path:*.{ending} (in quotes it is searched for as words)", if filter.not { "-" } else { "" })]
    Ending { filter: Filter, ending: &'static str },
    #[error("{filter}: no such kind; there are {} (in quotes it is searched for as words)", kinds::names().join(", "))]
    Kind { filter: Filter },
    #[error("a filter has {0} bytes, more than {LONGEST}: write a shorter one")]
    TooLong(usize),
    #[error("the question has more than {MOST} filters: name folders instead of files, or use `*`")]
    TooMany,
}

fn near_names(near: &[&str]) -> String {
    if near.is_empty() { String::new() } else { format!("; the nearest are {}", near.join(", ")) }
}

impl BadFilter {
    /// The filter that is meant, and what could stand in its place.
    pub fn remedy(&self) -> Option<(&Filter, Vec<&'static str>)> {
        match self {
            Self::Lang { filter, near } => Some((filter, near.clone())),
            Self::Ending { filter, .. } => Some((filter, vec!["text"])),
            Self::Kind { filter } => Some((filter, kinds::names())),
            Self::TooLong(_) | Self::TooMany => None,
        }
    }
}

/// All filters of a question. Several by the same thing are alternatives; what is left out is left out of all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    all: Vec<Filter>,
    langs: Vec<&'static str>,
    not_langs: Vec<&'static str>,
    paths: Vec<(Pattern, usize)>,
    not_paths: Vec<(Pattern, usize)>,
    kinds: KindSet,
    not_kinds: KindSet,
}

impl Filters {
    /// The question without its filters, and these.
    ///
    /// # Errors
    /// One of them names what is not known, is too long, or there are too many.
    pub fn split(text: &str) -> Result<(String, Self), BadFilter> {
        let mut filters = Self::default();
        let mut words = String::new();
        for token in Tokens(text) {
            match filter(token) {
                Some((by, value, not)) => filters.add(by, value, not)?,
                None => words.push_str(token),
            }
        }
        Ok((words.trim().to_owned(), filters))
    }

    /// Whether a question begins with a filter that leaves out.
    pub fn begin_with_not(text: &str) -> bool {
        Tokens(text).next().and_then(filter).is_some_and(|(_, _, not)| not)
    }

    /// Adds one; languages and kinds may be several, with commas between.
    ///
    /// # Errors
    /// As for [`Self::split`].
    pub fn add(&mut self, by: By, value: &str, not: bool) -> Result<(), BadFilter> {
        if value.len() > LONGEST {
            return Err(BadFilter::TooLong(value.len()));
        }
        let values: Vec<&str> = if by == By::Path { vec![value] } else { value.split(',').collect() };
        for value in values.into_iter().map(str::trim).filter(|it| !it.is_empty()) {
            if self.all.len() >= MOST {
                return Err(BadFilter::TooMany);
            }
            let filter = Filter { by, value: value.to_owned(), not };
            match by {
                By::Lang => {
                    let Some(found) = langs::of(value) else {
                        if let Some(ending) = langs::ending(value) {
                            return Err(BadFilter::Ending { filter, ending });
                        }
                        return Err(BadFilter::Lang { filter, near: langs::near(value) });
                    };
                    if not { &mut self.not_langs } else { &mut self.langs }.extend(found);
                }
                By::Path => {
                    let pattern = (Pattern::new(value), self.all.len());
                    if not { &mut self.not_paths } else { &mut self.paths }.push(pattern);
                }
                By::Kind => {
                    let Some(found) = kinds::of(value) else { return Err(BadFilter::Kind { filter }) };
                    let kinds = if not { &mut self.not_kinds } else { &mut self.kinds };
                    *kinds = kinds.with(found);
                }
            }
            self.all.push(filter);
        }
        Ok(())
    }

    /// Adds those of another.
    ///
    /// # Errors
    /// There are too many.
    pub fn join(&mut self, other: &Self) -> Result<(), BadFilter> {
        other.all.iter().try_for_each(|it| self.add(it.by, &it.value, it.not))
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// As they were written.
    pub fn iter(&self) -> impl Iterator<Item = &Filter> {
        self.all.iter()
    }

    /// The declarations that may answer.
    pub fn kinds(&self) -> KindSet {
        let wanted = if self.wishes_kinds() { self.kinds } else { KindSet::ALL };
        wanted.without(self.not_kinds)
    }

    /// Whether kinds are wished, not only left out.
    pub fn wishes_kinds(&self) -> bool {
        self.kinds != KindSet::default()
    }

    fn fits_lang(&self, id: &str) -> bool {
        (self.langs.is_empty() || self.langs.contains(&id)) && !self.not_langs.contains(&id)
    }

    /// The part of the index that they leave; none: all of it. With it what is to be told of them.
    pub fn narrow(&self, snapshot: &Snapshot, cancel: &Cancel) -> Option<Narrowed> {
        if self.is_empty() {
            return None;
        }
        // Whether a filter fits any file at all: one that does not is told.
        let met: Vec<AtomicBool> = self.all.iter().map(|_| AtomicBool::new(false)).collect();
        let fits = |(pattern, at): &(Pattern, usize), path: &[u8]| {
            let fits = pattern.fits(path);
            if fits && !met[*at].load(Ordering::Relaxed) {
                met[*at].store(true, Ordering::Relaxed);
            }
            fits
        };
        let path = |path: &[u8]| {
            let mut wanted = self.paths.is_empty();
            for it in &self.paths {
                // Once one fits, the rest need a look only while nothing is known to fit them.
                wanted |= (!wanted || !met[it.1].load(Ordering::Relaxed)) && fits(it, path);
            }
            wanted && !self.not_paths.iter().any(|it| fits(it, path))
        };
        let lang = |id: &str| self.fits_lang(id);
        let has_paths = !self.paths.is_empty() || !self.not_paths.is_empty();
        let has_langs = !self.langs.is_empty() || !self.not_langs.is_empty();
        let wish = Wish {
            lang: if has_langs { Some(&lang) } else { None },
            path: if has_paths { Some(&path) } else { None },
            kinds: self.kinds(),
        };
        let within = snapshot.within(&wish, cancel);
        let met: Vec<bool> = met.into_iter().map(AtomicBool::into_inner).collect();
        let notes = self.notes(snapshot, &within, &met, cancel);
        Some(Narrowed { within, notes })
    }
}

/// What filters leave.
pub struct Narrowed {
    pub within: Within,
    /// Sentences for people.
    pub notes: Vec<String>,
}

/// A question's tokens, with the spaces between them; what stands in quotes or backticks is one.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0;
        let first = text.chars().next()?;
        let mut end = if first.is_whitespace() {
            text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len())
        } else {
            text.find(char::is_whitespace).unwrap_or(text.len())
        };
        let opening = match text[..end].find(['"', '`']) {
            Some(at) if at == 0 || text[..at].ends_with(':') => Some(at),
            _ => None,
        };
        if let Some(at) = opening {
            let mark = text[at..].chars().next().unwrap_or('"');
            // An opening mark that is never closed is a character like others.
            end = text[at + 1..].find(mark).map_or(end, |closing| at + 1 + closing + 1);
        }
        let (token, rest) = text.split_at(end);
        self.0 = rest;
        Some(token)
    }
}

/// What a token filters by; none where it is words: without a known name before the colon or a value behind it, a path of
/// code (`path::join`), a URL.
fn filter(token: &str) -> Option<(By, &str, bool)> {
    let (not, rest) = token.strip_prefix('-').map_or((false, token), |rest| (true, rest));
    let (name, value) = rest.split_once(':')?;
    let by = By::of_name(name)?;
    let value = value.strip_prefix('"').map_or(value, |it| it.strip_suffix('"').unwrap_or(it));
    let is_code = value.starts_with(':') || value.starts_with("//");
    let is_empty = value.trim_matches(|c: char| c == ',' || c.is_whitespace()).is_empty();
    (!is_code && !is_empty).then_some((by, value, not))
}
