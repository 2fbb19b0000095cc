//! Misspelt words of a question. Invariant: only a word that occurs nowhere, and that nobody writes so, is asked for otherwise,
//! and that is said. Must not know ranking.

use super::question::Question;
use crate::base::cancel::Cancel;
use crate::embed::is_common;
use crate::facts::words::analyse;
use crate::index::snapshot::Snapshot;

/// Shorter words are too like each other.
const SHORTEST: usize = 4;
/// From this length on a word may have two wrong letters.
const LONG: usize = 8;
const LONGEST: usize = 32;
/// So many unknown words, when they are the most of a question, are no slips: it is in another language.
const FOREIGN: usize = 3;

/// A word that occurs nowhere, and what is asked for in its place.
struct Slip<'q> {
    word: &'q str,
    mended: String,
}

/// The question with its misspelt words mended, and what is to be said of them; none where it is right as it is.
pub(super) fn mended(snapshot: &Snapshot, question: &Question, cancel: &Cancel) -> Option<(Question, Vec<String>)> {
    let words = question.text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|it| it.len() >= SHORTEST);
    let words: Vec<&str> = words.take(64).collect();
    let unknown: Vec<(&str, String)> = words.iter().filter_map(|it| Some((*it, unknown(snapshot, it)?))).collect();
    if unknown.is_empty() || unknown.len() >= FOREIGN && unknown.len() * 2 > words.len() {
        return None;
    }
    let slip = |(word, term): (&'_ str, String)| {
        let most = if term.len() >= LONG { 2 } else { 1 };
        let found = snapshot.word_like(&term, most, cancel)?;
        Some(Slip { mended: written(word, &term, &found), word: question.text.get(range_of(&question.text, word))? })
    };
    let slips: Vec<Slip<'_>> = unknown.into_iter().filter_map(slip).collect();
    let mut text = question.text.clone();
    for it in &slips {
        text = text.replacen(it.word, &it.mended, 1);
    }
    let other = Question::restricted(&text, &question.filters).ok().filter(|_| !slips.is_empty())?;
    let say = |it: &Slip<'_>| format!("\"{}\" occurs nowhere: \"{}\" is asked for", it.word, it.mended);
    Some((other, slips.iter().map(say).collect()))
}

fn range_of(text: &str, word: &str) -> std::ops::Range<usize> {
    let start = text.find(word).unwrap_or(0);
    start..start + word.len()
}

/// The term of a plain word that occurs nowhere and is not common; none for all others.
fn unknown(snapshot: &Snapshot, word: &str) -> Option<String> {
    let is_plain = word.len() <= LONGEST
        && word.bytes().all(|b| b.is_ascii_alphabetic())
        && word.bytes().skip(1).all(|b| b.is_ascii_lowercase());
    let mut terms = Vec::new();
    analyse(word, &mut |term| terms.push(term.to_owned()));
    let [term] = <[String; 1]>::try_from(terms).ok().filter(|_| is_plain)?;
    let is_unknown = term.len() >= SHORTEST
        && snapshot.passages_with(&term) == 0
        && snapshot.symbols_named(word).is_empty()
        && !is_common(&word.to_ascii_lowercase());
    is_unknown.then_some(term)
}

/// `found`, a term, as the word would be written whose term is `term`.
fn written(word: &str, term: &str, found: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let mut out = match (lower.strip_prefix(term), found.strip_suffix('i')) {
        (Some(ending), _) => format!("{found}{ending}"),
        (None, Some(stem)) if lower.ends_with('y') => format!("{stem}y"),
        _ => found.to_owned(),
    };
    if word.starts_with(|c: char| c.is_ascii_uppercase()) {
        out[..1].make_ascii_uppercase();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_as_people_do() {
        assert_eq!(written("bulider", "bulid", "build"), "builder");
        assert_eq!(written("registery", "registeri", "registri"), "registry");
        assert_eq!(written("Polcies", "polci", "polici"), "Policies");
        assert_eq!(written("Throtle", "throtl", "throttl"), "Throttle");
    }
}
