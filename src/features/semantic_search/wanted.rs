//! The question's words, held against a text: which of them it holds, how often, how close together. Invariant: linear in
//! the text; every share lies between 0 and 1. Must not know what the text is.

use std::collections::HashMap;

use crate::facts::words::{QueryTerm, analyse};

/// Terms are bits of a number.
const MOST_TERMS: usize = 32;
/// Words further apart do not stand together.
const APART: u32 = 40;
/// Saturation and share of length, as in the index's BM25.
const K1: f32 = 1.2;
const B: f32 = 0.6;

/// The terms of a question with how much each counts.
pub(super) struct Wanted<'a> {
    places: HashMap<&'a str, usize>,
    terms: &'a [QueryTerm],
    weights: &'a [f32],
    total: f32,
    /// Those that are words of the question, neither glue nor guesses, in their order.
    words: Vec<usize>,
}

/// What a text holds.
#[derive(Clone, Copy, Default)]
pub(super) struct Held {
    /// Bit `i`: term `i` of the question.
    pub terms: u32,
    /// Terms of the text, and how many of them are asked for.
    pub all: u32,
    pub asked: u32,
}

/// What a body holds beside that.
#[derive(Clone, Copy, Default)]
pub(super) struct Body {
    pub held: Held,
    /// BM25.
    pub score: f32,
    /// How close together the words stand, 0 to 1.
    pub close: f32,
    /// Share in pairs of words that follow each other as in the question.
    pub pairs: f32,
    /// Share in words that only begin like the question's.
    pub alike: f32,
}

impl<'a> Wanted<'a> {
    /// `weights`: how much each term counts, by its rarity.
    pub fn new(terms: &'a [QueryTerm], weights: &'a [f32]) -> Self {
        let count = terms.len().min(weights.len()).min(MOST_TERMS);
        let (terms, weights) = (&terms[..count], &weights[..count]);
        Self {
            places: terms.iter().enumerate().map(|(at, it)| (it.text.as_str(), at)).collect(),
            terms,
            weights,
            total: weights.iter().sum::<f32>().max(1e-6),
            words: (0..count).filter(|&at| terms[at].weight >= 1.0).collect(),
        }
    }

    /// How many words it has.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Share of the question's weight in a set of terms.
    pub fn share(&self, terms: u32) -> f32 {
        let held = (0..self.weights.len()).filter(|at| terms >> at & 1 == 1);
        held.map(|at| self.weights[at]).sum::<f32>() / self.total
    }

    /// The word that counts most, as a set.
    pub fn rarest(&self) -> u32 {
        let most = self.words.iter().copied().max_by(|&a, &b| self.weights[a].total_cmp(&self.weights[b]));
        most.map_or(0, |at| 1 << at)
    }

    pub fn held(&self, text: &str) -> Held {
        let mut it = Held::default();
        analyse(text, &mut |term| {
            it.all += 1;
            if let Some(&at) = self.places.get(term) {
                it.asked += 1;
                it.terms |= 1 << at;
            }
        });
        it
    }

    /// Share in words that `text` holds in another form only (`conn`, `connection`), those in `known` left out.
    pub fn alike(&self, text: &str, known: u32) -> f32 {
        let mut found = 0u32;
        analyse(text, &mut |term| found |= self.like(term, known));
        self.share(found)
    }

    /// The words that are like `term`.
    fn like(&self, term: &str, known: u32) -> u32 {
        let open = self.words.iter().filter(|&&at| known >> at & 1 == 0);
        open.filter(|&&at| is_like(&self.terms[at].text, term)).fold(0, |all, at| all | 1 << at)
    }

    /// All of a body in one walk, but for words like those in `known` and its own; `average` terms are the usual length.
    pub fn body(&self, text: &str, average: f32, known: u32) -> Body {
        let mut it = Body::default();
        let mut counts = [0f32; MOST_TERMS];
        let mut last = [u32::MAX; MOST_TERMS];
        let mut nearest = [u32::MAX; MOST_TERMS];
        let (mut before, mut pairs, mut alike) = (None, 0u32, 0u32);
        analyse(text, &mut |term| {
            it.held.all += 1;
            let now = it.held.all;
            let at = self.places.get(term).copied();
            let Some(this) = at else {
                before = None;
                alike |= self.like(term, known | it.held.terms);
                return;
            };
            it.held.asked += 1;
            it.held.terms |= 1 << this;
            counts[this] += 1.0;
            last[this] = now;
            for &other in self.words.iter().filter(|&&other| other != this && last[other] != u32::MAX) {
                let apart = now - last[other];
                nearest[this] = nearest[this].min(apart);
                nearest[other] = nearest[other].min(apart);
            }
            if before.is_some_and(|before| self.words.windows(2).any(|it| it == [before, this])) {
                pairs |= 1 << this | before.map_or(0, |it| 1 << it);
            }
            before = Some(this);
        });
        let length = 1.0 - B + B * it.held.all as f32 / average.max(1.0);
        let gain = |at: usize| self.weights[at] * (K1 + 1.0) * counts[at] / (counts[at] + K1 * length);
        it.score = (0..self.weights.len()).map(gain).sum();
        let together = self.words.iter().filter(|&&at| nearest[at] < APART);
        it.close = together.map(|&at| self.weights[at] / (1.0 + nearest[at] as f32 / 4.0)).sum::<f32>() / self.total;
        it.pairs = self.share(pairs);
        it.alike = self.share(alike & !it.held.terms);
        it
    }
}

/// Whether one word is cut short from the other, or both come from one stem.
fn is_like(asked: &str, term: &str) -> bool {
    let same = asked.bytes().zip(term.bytes()).take_while(|(a, b)| a == b).count();
    let (short, long) = (asked.len().min(term.len()), asked.len().max(term.len()));
    short >= 3 && same == short && long <= 3 * short || same >= 5 && same * 10 >= short * 7
}

/// What stands between quotes on a line, and what comments say, of a piece of code in any language.
pub(super) fn said(text: &str) -> (String, String) {
    let (mut strings, mut comments) = (String::new(), String::new());
    for line in text.lines().map(str::trim) {
        if ["//", "#", "*", "/*", "--", ";;"].iter().any(|it| line.starts_with(it)) {
            comments.push_str(line);
            comments.push('\n');
            continue;
        }
        let mut open: Option<(char, usize)> = None;
        for (at, c) in line.char_indices() {
            match open {
                None if matches!(c, '"' | '\'' | '`') => open = Some((c, at + 1)),
                None if line[at..].starts_with("//") => {
                    comments.push_str(&line[at..]);
                    comments.push('\n');
                    break;
                }
                Some((quote, from)) if c == quote => {
                    strings.push_str(&line[from..at]);
                    strings.push(' ');
                    open = None;
                }
                _ => {}
            }
        }
    }
    (strings, comments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::words::analyse_query;

    fn with(question: &str, check: impl Fn(&Wanted<'_>)) {
        let query = analyse_query(question);
        let weights: Vec<f32> = query.terms.iter().map(|it| it.weight).collect();
        check(&Wanted::new(&query.terms, &weights));
    }

    #[test]
    fn a_body_is_held_against_the_question() {
        with("retry connection", |wanted| {
            let near = wanted.body("retry(connection)", 10.0, 0);
            let far = wanted.body(&format!("retry {} connection", "x1 ".repeat(30)), 10.0, 0);
            assert!(near.close > far.close && near.score > far.score && near.pairs > 0.0);
            assert_eq!(wanted.body("nothing here", 10.0, 0).score, 0.0);
        });
    }

    #[test]
    fn words_cut_short_are_alike() {
        with("connection configuration", |wanted| {
            assert!(wanted.alike("conn config", 0) > 0.5);
            assert_eq!(wanted.alike("content confusion", 0), 0.0);
        });
        assert!(is_like("auth", "authoriz") && !is_like("auth", "author_of_many_long_books"));
    }

    #[test]
    fn strings_and_comments_are_told_apart() {
        let (strings, comments) = said("call(\"not found\", 'x'); // why\n# all of it\nlet it = \"open;\n");
        assert_eq!(strings, "not found x ");
        assert_eq!(comments, "// why\n# all of it\n");
    }
}
