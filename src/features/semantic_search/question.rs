//! What a question is: a name, a description, a question about architecture; and what it asks for by name. Invariant:
//! refuses what nobody can answer, with the reason. Must not know the index.

use super::filters::{BadFilter, Filters};
use crate::facts::words::{Query, analyse_query};
use crate::index::traits::Traits;

/// Longest question in bytes.
pub const LONGEST: usize = 8_192;

/// Why a question is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuestion {
    #[error("the question is empty: ask in words or give a name, such as \"where do we retry with backoff\"")]
    Empty,
    #[error("the question holds no letter or digit to search for: ask in words or give a name")]
    Wordless,
    #[error("the question holds nothing but filters: say also what to look for, in words or by a name")]
    OnlyFilters,
    #[error("{0}")]
    Filter(#[from] BadFilter),
    #[error("the question has {0} bytes, more than {LONGEST}: ask a shorter one")]
    TooLong(usize),
}

/// The kinds that are ranked differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One name, qualified or not.
    Name,
    /// Words around at least one name.
    NearName,
    /// "How does ...": where several places work together.
    Architecture,
    Description,
}

/// A question, understood as far as its words tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Without its filters.
    pub text: String,
    pub kind: Kind,
    pub query: Query,
    /// Names of code that it gives, qualifiers cut off: all of a [`Kind::Name`], those that look like names in others.
    pub names: Vec<String>,
    /// Kinds of files that it names: these are not held back.
    pub asked: Traits,
    /// What it is restricted to.
    pub filters: Filters,
}

/// Words that ask for a kind of file.
const ASKING: &[(&str, Traits)] = &[
    ("test", Traits::TEST),
    ("tests", Traits::TEST),
    ("tested", Traits::TEST),
    ("testing", Traits::TEST),
    ("spec", Traits::TEST),
    ("mock", Traits::TEST),
    ("mocks", Traits::TEST),
    ("fixture", Traits::TEST),
    ("fixtures", Traits::TEST),
    ("docs", Traits::DOCS),
    ("documentation", Traits::DOCS),
    ("documented", Traits::DOCS),
    ("readme", Traits::DOCS),
    ("changelog", Traits(Traits::DOCS.0 | Traits::NOTES.0)),
    ("releases", Traits(Traits::DOCS.0 | Traits::NOTES.0)),
    ("changed", Traits::NOTES),
    ("guide", Traits::DOCS),
    ("tutorial", Traits::DOCS),
    ("example", Traits::SAMPLE),
    ("examples", Traits::SAMPLE),
    ("sample", Traits::SAMPLE),
    ("demo", Traits::SAMPLE),
    ("benchmark", Traits::SAMPLE),
    ("benchmarks", Traits::SAMPLE),
    ("vendor", Traits::VENDORED),
    ("vendored", Traits::VENDORED),
    ("generated", Traits::GENERATED),
];

impl Question {
    /// Understands `text`.
    ///
    /// # Errors
    /// It is empty, without words, or too long; a filter in it is wrong.
    pub fn new(text: &str) -> Result<Self, BadQuestion> {
        Self::restricted(text, &Filters::default())
    }

    /// Understands `text`, restricted by `beside` and by its own filters.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn restricted(text: &str, beside: &Filters) -> Result<Self, BadQuestion> {
        if text.len() > LONGEST {
            return Err(BadQuestion::TooLong(text.len()));
        }
        if text.trim().is_empty() {
            return Err(BadQuestion::Empty);
        }
        let (text, mut filters) = Filters::split(text)?;
        if text.is_empty() {
            return Err(BadQuestion::OnlyFilters);
        }
        filters.join(beside)?;
        let query = analyse_query(&text);
        if query.terms.is_empty() && !text.chars().any(char::is_alphanumeric) {
            return Err(BadQuestion::Wordless);
        }
        let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        let mut asked = Traits::default();
        for (word, traits) in ASKING {
            if words.iter().any(|it| it == word) {
                asked = asked.with(*traits);
            }
        }
        let first = words.iter().find(|it| !it.is_empty()).map_or("", String::as_str);
        let kind = if !text.contains(char::is_whitespace) {
            Kind::Name
        } else if !query.identifiers.is_empty() {
            Kind::NearName
        } else if matches!(first, "how" | "why" | "architecture" | "overview" | "explain") {
            Kind::Architecture
        } else {
            Kind::Description
        };
        Ok(Self { names: names_in(&text, kind, &query), text, kind, query, asked, filters })
    }
}

/// Most names that are looked up.
const MOST_NAMES: usize = 8;

fn names_in(text: &str, kind: Kind, query: &Query) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if kind == Kind::Name {
        out.extend(text.split(|c: char| !is_name(c)).rfind(|it| !it.is_empty()).map(str::to_owned));
        return out;
    }
    out.extend(query.identifiers.iter().cloned());
    // A capital letter inside a sentence is a type's, an abbreviation's or a proper name's.
    let capital = |word: &&str| word.len() > 1 && word.starts_with(|c: char| c.is_ascii_uppercase());
    out.extend(
        text.split(|c: char| !is_name(c)).filter(|it| !it.is_empty()).skip(1).filter(capital).map(str::to_owned),
    );
    // What stands between backticks is code.
    out.extend(
        text.split('`').skip(1).step_by(2).filter(|it| !it.is_empty() && it.chars().all(is_name)).map(str::to_owned),
    );
    let mut seen = std::collections::HashSet::new();
    out.retain(|it| seen.insert(it.clone()));
    out.truncate(MOST_NAMES);
    out
}

/// A name in small letters as others write it: `rate_limiter` is `RateLimiter`, `rateLimiter` and `RATE_LIMITER`. None for a
/// name that has capitals: who types these means them.
pub(super) fn written_otherwise(name: &str) -> Vec<String> {
    if name.len() < 2 || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Vec::new();
    }
    let capital = |part: &str| format!("{}{}", part[..1].to_ascii_uppercase(), &part[1..]);
    let parts: Vec<&str> = name.split('_').filter(|it| !it.is_empty()).collect();
    let pascal: String = parts.iter().map(|it| capital(it)).collect();
    let camel: String =
        parts.iter().enumerate().map(|(at, it)| if at == 0 { (*it).into() } else { capital(it) }).collect();
    let mut out = vec![pascal, camel, name.to_ascii_uppercase()];
    out.retain(|it| it != name && !it.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_have_kinds() {
        let kind = |text: &str| Question::new(text).map(|it| it.kind);
        assert_eq!(kind("Router::route"), Ok(Kind::Name));
        assert_eq!(kind("retry"), Ok(Kind::Name));
        assert_eq!(kind("where is read_file called"), Ok(Kind::NearName));
        assert_eq!(kind("How does the cache evict?"), Ok(Kind::Architecture));
        assert_eq!(kind("retry with backoff"), Ok(Kind::Description));
        assert_eq!(kind("日本語 の 検索"), Ok(Kind::Description));
    }

    #[test]
    fn bad_questions_are_refused_with_a_reason() {
        assert_eq!(Question::new("  \n"), Err(BadQuestion::Empty));
        assert_eq!(Question::new("?! ..."), Err(BadQuestion::Wordless));
        assert_eq!(Question::new(&"a".repeat(100_000)), Err(BadQuestion::TooLong(100_000)));
        assert!(Question::new(&"long words ".repeat(700)).is_ok());
    }

    #[test]
    fn names_in_questions() {
        let names = |text: &str| Question::new(text).map(|it| it.names.join(" ")).unwrap_or_default();
        assert_eq!(names("axum::Router"), "Router");
        assert_eq!(names("View"), "View");
        assert_eq!(names("How does Router match read_file and `tail`"), "read_file Router tail");
        assert_eq!(names("where are retries"), "");
    }

    #[test]
    fn names_are_written_in_several_ways() {
        let check = |name: &str, want: &str| assert_eq!(written_otherwise(name).join(" "), want);
        check("buffer", "Buffer BUFFER");
        check("rate_limiter", "RateLimiter rateLimiter RATE_LIMITER");
        check("_x1", "X1 x1 _X1");
        check("Buffer", "");
        check("größe", "");
        check("_", "");
    }

    #[test]
    fn what_is_asked_for_by_name() {
        assert!(Question::new("tests of the router").is_ok_and(|it| it.asked.has(Traits::TEST)));
        assert!(Question::new("the latest contest").is_ok_and(|it| it.asked == Traits::default()));
    }
}
