//! The question's words, held against a text: which of them it holds, how often, how close together. Invariant: linear in
//! the text; every share lies between 0 and 1. Must not know what the text is.

use std::collections::HashMap;
use std::ops::Range;

use crate::base::chars::floor;
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
    /// Words of the question that a term is like, or is: `conn` and `connection`.
    pub alike: u32,
}

impl Held {
    /// What both hold together.
    pub fn and(self, other: Held) -> Held {
        Held {
            terms: self.terms | other.terms,
            all: self.all + other.all,
            asked: self.asked + other.asked,
            alike: self.alike | other.alike,
        }
    }

    /// Share of its terms that are asked for.
    pub fn share_asked(&self) -> f32 {
        self.asked as f32 / self.all.max(1) as f32
    }
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
    /// Terms in its documentation and in its signature.
    pub doc: u32,
    pub signature: u32,
}

/// Parts of a body, as ranges of its bytes; empty where it has none.
#[derive(Clone, Default)]
pub(super) struct Parts {
    pub doc: Range<usize>,
    pub signature: Range<usize>,
}

/// A walk over a body.
struct Walk {
    body: Body,
    counts: [f32; MOST_TERMS],
    last: [u32; MOST_TERMS],
    nearest: [u32; MOST_TERMS],
    before: Option<usize>,
    pairs: u32,
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
            match self.places.get(term) {
                Some(&at) => {
                    it.asked += 1;
                    it.terms |= 1 << at;
                }
                None => it.alike |= self.like(term, it.alike),
            }
        });
        it
    }

    /// The words that are like `term`, but for those in `known`.
    fn like(&self, term: &str, known: u32) -> u32 {
        let open = self.words.iter().filter(|&&at| known >> at & 1 == 0);
        open.filter(|&&at| is_like(&self.terms[at].text, term)).fold(0, |all, at| all | 1 << at)
    }

    /// All of a body in one walk; `average` terms are the usual length.
    pub fn body(&self, text: &str, parts: &Parts, average: f32) -> Body {
        let mut walk = Walk {
            body: Body::default(),
            counts: [0.0; MOST_TERMS],
            last: [u32::MAX; MOST_TERMS],
            nearest: [u32::MAX; MOST_TERMS],
            before: None,
            pairs: 0,
        };
        let ends = [parts.doc.start, parts.doc.end, parts.signature.start, parts.signature.end, text.len()];
        let mut ends = ends.map(|at| floor(text, at));
        ends.sort_unstable();
        let mut from = 0;
        for to in ends {
            let found = if from < to { self.walk(&text[from..to], &mut walk) } else { 0 };
            let within = |part: &Range<usize>| if part.start <= from && to <= part.end { found } else { 0 };
            walk.body.doc |= within(&parts.doc);
            walk.body.signature |= within(&parts.signature);
            from = to;
        }
        let mut it = walk.body;
        let length = 1.0 - B + B * it.held.all as f32 / average.max(1.0);
        let gain = |at: usize| self.weights[at] * (K1 + 1.0) * walk.counts[at] / (walk.counts[at] + K1 * length);
        it.score = (0..self.weights.len()).map(gain).sum();
        let together = self.words.iter().filter(|&&at| walk.nearest[at] < APART);
        it.close =
            together.map(|&at| self.weights[at] / (1.0 + walk.nearest[at] as f32 / 4.0)).sum::<f32>() / self.total;
        it.pairs = self.share(walk.pairs);
        it
    }

    /// Takes in a piece; the terms in it.
    fn walk(&self, text: &str, it: &mut Walk) -> u32 {
        let (held, mut found) = (&mut it.body.held, 0);
        analyse(text, &mut |term| {
            held.all += 1;
            let Some(&this) = self.places.get(term) else {
                it.before = None;
                held.alike |= self.like(term, held.alike);
                return;
            };
            held.asked += 1;
            found |= 1 << this;
            it.counts[this] += 1.0;
            it.last[this] = held.all;
            for &other in self.words.iter().filter(|&&other| other != this && it.last[other] != u32::MAX) {
                let apart = held.all - it.last[other];
                it.nearest[this] = it.nearest[this].min(apart);
                it.nearest[other] = it.nearest[other].min(apart);
            }
            if let Some(before) = it.before.filter(|&before| self.words.windows(2).any(|it| it == [before, this])) {
                it.pairs |= 1 << this | 1 << before;
            }
            it.before = Some(this);
        });
        held.terms |= found;
        found
    }
}

/// Whether one word is cut short from the other, or both come from one stem.
fn is_like(asked: &str, term: &str) -> bool {
    let same = asked.bytes().zip(term.bytes()).take_while(|(a, b)| a == b).count();
    let (short, long) = (asked.len().min(term.len()), asked.len().max(term.len()));
    short >= 3 && same == short && long <= 3 * short || same >= 5 && same * 10 >= short * 7
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
            let body = |text: &str| wanted.body(text, &Parts::default(), 10.0);
            let (near, far) = (body("retry(connection)"), body(&format!("retry {} connection", "x1 ".repeat(30))));
            assert!(near.close > far.close && near.score > far.score && near.pairs > 0.0);
            assert_eq!(body("nothing here").score, 0.0);
        });
    }

    #[test]
    fn parts_of_a_body_are_told_apart() {
        with("retry connection", |wanted| {
            let text = "/// Retry.\nfn connection() { retry() }";
            let parts = Parts { doc: 0..10, signature: 11..26 };
            let it = wanted.body(text, &parts, 10.0);
            let share = |text: &str| wanted.held(text).terms;
            assert_eq!((it.doc, it.signature), (share("retry"), share("connection")));
            assert_eq!(it.held.terms, share("retry connection"));
            let whole = wanted.body(text, &Parts::default(), 10.0);
            assert_eq!((whole.doc, whole.score, whole.close), (0, it.score, it.close), "parts change nothing else");
            wanted.body("\u{e9}retry", &Parts { doc: 0..1, signature: 1..99 }, 10.0);
        });
    }

    #[test]
    fn words_cut_short_are_alike() {
        with("connection configuration", |wanted| {
            assert!(wanted.share(wanted.held("conn config").alike) > 0.5);
            assert_eq!(wanted.held("content confusion").alike, 0);
        });
        assert!(is_like("auth", "authoriz") && !is_like("auth", "author_of_many_long_books"));
    }
}
