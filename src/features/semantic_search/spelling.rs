//! Misspelt words of a question. Invariant: only a word that occurs nowhere, and that nobody writes so, is asked for otherwise,
//! and that is said. Must not know ranking.

use std::ops::Range;

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
/// Each unknown word costs a walk over all words.
const MOST: usize = 4;

/// A word that occurs nowhere, where it stands, and what is asked for in its place.
struct Slip {
    at: Range<usize>,
    mended: String,
}

/// The question with its misspelt words mended, and what is to be said of them; none where it is right as it is.
///
/// `held` tells how many passages hold a term.
pub(super) fn mended(
    snapshot: &Snapshot,
    question: &Question,
    held: &dyn Fn(&str) -> u64,
    cancel: &Cancel,
) -> Option<(Question, Vec<String>)> {
    let text = &question.text;
    // Letters of other scripts and languages: nobody knows here what is right.
    if text.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
        return None;
    }
    let words = words(text);
    let unknown: Vec<(Range<usize>, String)> =
        words.iter().filter_map(|at| Some((at.clone(), unknown(snapshot, &text[at.clone()], held)?))).collect();
    let foreign = unknown.len() >= FOREIGN && unknown.len() * 2 > words.len();
    if unknown.is_empty() || unknown.len() > MOST || foreign {
        return None;
    }
    let slip = |(at, term): (Range<usize>, String)| {
        let most = if term.len() >= LONG { 2 } else { 1 };
        let found = snapshot.word_like(&term, most, cancel)?;
        Some(Slip { mended: written(&text[at.clone()], &term, &found)?, at })
    };
    let slips: Vec<Slip> = unknown.into_iter().filter_map(slip).collect();
    let mut other = text.clone();
    // From the back, so that places before stay what they are.
    for it in slips.iter().rev() {
        other.replace_range(it.at.clone(), &it.mended);
    }
    let other = Question::restricted(&other, &question.filters).ok().filter(|_| !slips.is_empty())?;
    let mut notes: Vec<String> = Vec::new();
    for it in &slips {
        let note = format!("\"{}\" occurs nowhere: \"{}\" is asked for", &text[it.at.clone()], it.mended);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    Some((other, notes))
}

/// Where the words of a text stand; what is between backticks is code and meant so.
fn words(text: &str) -> Vec<Range<usize>> {
    let (mut out, mut from, mut code) = (Vec::new(), None, false);
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_alphanumeric() || c == '_' {
            from = from.or(Some(at));
            continue;
        }
        if let Some(from) = from.take().filter(|from| at - from >= SHORTEST && !code) {
            out.push(from..at);
        }
        code ^= c == '`';
    }
    out
}

fn terms(word: &str) -> Vec<String> {
    let mut out = Vec::new();
    analyse(word, &mut |term| out.push(term.to_owned()));
    out
}

/// The term of a plain word that occurs nowhere and is not common; none for all others.
fn unknown(snapshot: &Snapshot, word: &str, held: &dyn Fn(&str) -> u64) -> Option<String> {
    let is_plain = word.len() <= LONGEST
        && word.bytes().all(|b| b.is_ascii_alphabetic())
        && word.bytes().skip(1).all(|b| b.is_ascii_lowercase());
    let [term] = <[String; 1]>::try_from(terms(word)).ok().filter(|_| is_plain)?;
    let is_unknown = term.len() >= SHORTEST
        && held(&term) == 0
        && snapshot.symbols_named(word).is_empty()
        && !is_common(&word.to_ascii_lowercase());
    is_unknown.then_some(term)
}

/// `found`, a term, as the word would be written whose term is `term`; none where that would be another term.
fn written(word: &str, term: &str, found: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let ended = lower.strip_prefix(term).map(|ending| format!("{found}{ending}"));
    let with_y = found.strip_suffix('i').filter(|_| lower.ends_with('y')).map(|stem| format!("{stem}y"));
    let mut out = ended.into_iter().chain(with_y).chain([found.to_owned()]).find(|it| terms(it) == [found])?;
    if word.starts_with(|c: char| c.is_ascii_uppercase()) {
        out[..1].make_ascii_uppercase();
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_as_people_do() {
        let check = |word, term, found, want: &str| assert_eq!(written(word, term, found).as_deref(), Some(want));
        check("bulider", "bulid", "build", "builder");
        check("registery", "registeri", "registri", "registry");
        check("Throtle", "throtl", "throttl", "Throttle");
        check("pauze", "pauz", "paus", "pause");
    }

    #[test]
    fn words_have_places() {
        let text = "with_contex `contex` the contex";
        let all: Vec<&str> = words(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(all, ["with_contex", "contex"]);
        assert_eq!(words(text)[1].start, 25);
    }
}
