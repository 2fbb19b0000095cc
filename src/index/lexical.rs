//! Words: BM25 over three fields (body, declared names, path). Invariant: statistics count live passages only, so that
//! scores equal those of an index built from the live files alone. Must not know what a question is made of.

#[cfg(test)]
mod tests;

use super::bits::BitSet;
use super::snapshot::{FileIds, PackState, PassageId, Snapshot};
use super::view::PackView;
use super::within::Within;
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::facts::words::QueryTerm;

/// More terms of a query are not walked.
const MAX_TERMS: usize = 24;
/// Sums of the same numbers differ by less than this, in whatever order they are made.
const ROUNDING: f32 = 1.001;

/// How the fields count.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    pub body: f32,
    pub name: f32,
    pub path: f32,
    /// Saturation of repeated terms.
    pub k1: f32,
    /// How much a passage's length counts.
    pub b: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { body: 1.0, name: 2.0, path: 1.0, k1: 1.2, b: 0.6 }
    }
}

/// A passage that holds words of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LexicalHit {
    pub passage: PassageId,
    pub file: FileId,
    /// All fields together.
    pub score: f32,
    /// What the score would be from declared names alone, and from the path alone.
    pub name: f32,
    pub path: f32,
    /// Bit `i`: term `i` of the query occurs (in any field).
    pub terms: u32,
}

/// One term in one pack.
struct Lists {
    body: Option<usize>,
    paths: Option<usize>,
}

impl Snapshot {
    /// Up to `limit` passages by BM25 over body, names and path, best first.
    pub fn lexical(&self, terms: &[QueryTerm], limit: usize, cancel: &Cancel) -> Vec<LexicalHit> {
        let frequencies: Vec<u64> = terms.iter().map(|it| self.passages_with(&it.text)).collect();
        self.lexical_with((terms, &frequencies), &Weights::default(), None, limit, cancel)
    }

    /// The same with given weights, in a part of the index; of each term how many passages hold it is known
    /// ([`Self::passages_with`]). How rare a term is counts on the whole.
    pub fn lexical_with(
        &self,
        (terms, frequencies): (&[QueryTerm], &[u64]),
        weights: &Weights,
        within: Option<&Within>,
        limit: usize,
        cancel: &Cancel,
    ) -> Vec<LexicalHit> {
        let terms = &terms[..terms.len().min(MAX_TERMS).min(frequencies.len())];
        let views: Vec<(u32, &PackState, &PackView)> =
            self.packs().filter_map(|(slot, it)| Some((slot as u32, &**it, &**it.view()?))).collect();
        let (passages, length) =
            views.iter().fold((0, 0), |sum, it| (sum.0 + it.1.live_passages, sum.1 + it.1.live_length));
        if passages == 0 || limit == 0 {
            return Vec::new();
        }
        let average = length.max(1) as f32 / passages as f32;
        let factors: Vec<f32> = frequencies
            .iter()
            .zip(terms)
            .map(|(&df, term)| term.weight * (1.0 + (passages as f32 - df as f32 + 0.5) / (df as f32 + 0.5)).ln())
            .collect();
        let mut hits = Vec::new();
        for (slot, state, view) in views {
            if cancel.is_cancelled() {
                break;
            }
            let dead = match within {
                None => (&*state.dead_files, &*state.dead_passages),
                Some(within) => match within.part(slot) {
                    Some(part) => (&part.files, &part.passages),
                    None => continue,
                },
            };
            let mut walk = Walk::new(slot, state, view, dead);
            walk.terms(terms, &factors, weights, average, limit);
            hits.append(&mut walk.best(limit));
        }
        keep_best(&mut hits, limit, &self.0.ids);
        hits
    }

    /// Live passages that hold a term, or lie in a file whose path does, whichever are more.
    pub fn passages_with(&self, term: &str) -> u64 {
        let counts = self.packs().filter_map(|(_, state)| Some(frequency(state, state.view()?, term)));
        let (body, paths) = counts.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        body.max(paths)
    }
}

fn lists_of(view: &PackView, term: &str) -> Lists {
    let Some(words) = view.words() else { return Lists { body: None, paths: None } };
    Lists { body: words.body.terms.find(term.as_bytes()), paths: words.paths.terms.find(term.as_bytes()) }
}

fn frequency(state: &PackState, view: &PackView, term: &str) -> (u64, u64) {
    let (lists, Some(words)) = (lists_of(view, term), view.words()) else { return (0, 0) };
    let body = match lists.body {
        Some(at) if state.dead_passages.is_empty() => words.body.list(at).0,
        Some(at) => words.body.list(at).1.filter(|it| !state.dead_passages.has(it.0 as usize)).count() as u64,
        None => 0,
    };
    let files = lists.paths.into_iter().flat_map(|at| words.paths.list(at).1);
    let live = files.filter(|it| !state.dead_files.has(it.0 as usize));
    (body, live.map(|it| view.files().passages_of_file(it.0 as usize).len() as u64).sum())
}

/// Sums of one pack, passage by passage.
struct Walk<'a> {
    slot: u32,
    state: &'a PackState,
    view: &'a PackView,
    /// Files and passages that do not answer.
    dead: (&'a BitSet, &'a BitSet),
    sums: Vec<Sum>,
    touched: Vec<u32>,
    /// The best sum so far.
    most: f32,
    /// The only passages that can still be among the best; none: all can.
    open: Option<BitSet>,
}

/// What a passage has so far; one line of the processor's cache has all of it.
#[derive(Clone, Copy, Default)]
struct Sum {
    score: f32,
    name: f32,
    path: f32,
    seen: u32,
}

impl<'a> Walk<'a> {
    fn new(slot: u32, state: &'a PackState, view: &'a PackView, dead: (&'a BitSet, &'a BitSet)) -> Self {
        Self { slot, state, view, dead, sums: Vec::new(), touched: Vec::new(), most: 0.0, open: None }
    }

    /// Sums up all terms, the rarest first: what the frequent ones at the end can add is so little that most passages
    /// need not be looked at for them.
    fn terms(&mut self, terms: &[QueryTerm], factors: &[f32], weights: &Weights, average: f32, limit: usize) {
        let lists: Vec<Lists> = terms.iter().map(|it| lists_of(self.view, &it.text)).collect();
        let mut order: Vec<usize> =
            (0..lists.len()).filter(|&at| lists[at].body.is_some() || lists[at].paths.is_some()).collect();
        if order.is_empty() {
            return;
        }
        order.sort_by(|&a, &b| factors[b].total_cmp(&factors[a]));
        self.sums = vec![Sum::default(); self.view.files().passage_count()];
        for (turn, &at) in order.iter().enumerate() {
            let most: f32 = order[turn..].iter().map(|&at| factors[at]).sum::<f32>() * (weights.k1 + 1.0);
            self.close(most * ROUNDING, limit);
            self.term(at, &lists[at], factors[at], weights, average);
        }
    }

    /// Leaves out the passages that are not among the best `limit` even if `more` is added to them and to no other.
    fn close(&mut self, more: f32, limit: usize) {
        if self.touched.len() <= limit || self.most <= more {
            return;
        }
        let least = self.least(limit) - more;
        if least > 0.0 {
            let (sums, mut open) = (&self.sums, BitSet::default());
            self.touched.retain(|&at| sums[at as usize].score >= least);
            self.touched.iter().for_each(|&at| open.set(at as usize));
            self.open = Some(open);
        }
    }

    /// The sum of the last of the best `limit`, of which there are at least so many.
    fn least(&self, limit: usize) -> f32 {
        let mut scores: Vec<f32> = self.touched.iter().map(|&at| self.sums[at as usize].score).collect();
        *scores.select_nth_unstable_by(limit - 1, |a, b| b.total_cmp(a)).1
    }

    /// The best `limit`, and all that are as good as the last of them.
    fn best(&self, limit: usize) -> Vec<LexicalHit> {
        let least = if self.touched.len() > limit { self.least(limit) } else { f32::MIN };
        let good = self.touched.iter().filter(|&&at| self.sums[at as usize].score >= least);
        good.filter_map(|&at| self.hit(at)).collect()
    }

    fn hit(&self, at: u32) -> Option<LexicalHit> {
        let ordinal = at as usize;
        let file = *self.state.file_ids.get(self.view.files().file_of_passage(ordinal))?;
        let Sum { score, name, path, seen } = self.sums[ordinal];
        let passage = PassageId { slot: self.slot, ordinal: at };
        Some(LexicalHit { passage, file, score, name, path, terms: seen })
    }

    fn term(&mut self, at: usize, lists: &Lists, factor: f32, weights: &Weights, average: f32) {
        let (view, (dead_files, dead_passages)) = (self.view, self.dead);
        let Some(words) = view.words() else { return };
        let files = view.files();
        // Passages of files whose path holds the term; usually few.
        let mut in_path: Vec<(std::ops::Range<usize>, u8)> = Vec::new();
        for (file, count, _) in lists.paths.into_iter().flat_map(|it| words.paths.list(it).1) {
            if !dead_files.has(file as usize) {
                in_path.push((files.passages_of_file(file as usize), count));
            }
        }
        let (lengths, bytes) = files.passages.column(super::sections::passage::TERMS);
        let saturate = |weighted: f32| factor * weighted * (weights.k1 + 1.0) / (weights.k1 + weighted);
        let mut next_path = 0;
        let bit = 1u32 << at;
        for (doc, body, name) in lists.body.into_iter().flat_map(|it| words.body.list(it).1) {
            let doc = doc as usize;
            if doc >= self.sums.len() || self.is_closed(doc) || dead_passages.has(doc) {
                continue;
            }
            while in_path.get(next_path).is_some_and(|it| it.0.end <= doc) {
                next_path += 1;
            }
            let path = in_path.get(next_path).filter(|it| it.0.contains(&doc)).map_or(0, |it| it.1);
            let norm = 1.0 - weights.b + weights.b * lengths.get(bytes, doc) as f32 / average;
            let weighted =
                weights.body * f32::from(body) / norm + weights.name * f32::from(name) + weights.path * f32::from(path);
            self.add(doc, bit, saturate(weighted));
            if name > 0 {
                self.sums[doc].name += saturate(weights.name * f32::from(name));
            }
        }
        for (range, count) in in_path {
            let from_path = saturate(weights.path * f32::from(count));
            for doc in range {
                if self.is_closed(doc) || dead_passages.has(doc) {
                    continue;
                }
                if self.sums[doc].seen & bit == 0 {
                    self.add(doc, bit, from_path);
                }
                self.sums[doc].path += from_path;
            }
        }
    }

    #[inline]
    fn add(&mut self, doc: usize, bit: u32, score: f32) {
        let sum = &mut self.sums[doc];
        if sum.seen == 0 {
            self.touched.push(doc as u32);
        }
        sum.seen |= bit;
        sum.score += score;
        self.most = self.most.max(sum.score);
    }

    #[inline]
    fn is_closed(&self, doc: usize) -> bool {
        self.open.as_ref().is_some_and(|it| !it.has(doc))
    }
}

/// The best by score; equal ones by path and position, so that the answer does not depend on packs.
fn keep_best(hits: &mut Vec<LexicalHit>, limit: usize, ids: &FileIds) {
    let order = |a: &LexicalHit, b: &LexicalHit| {
        let place = || ids.order(a.file, b.file).then(a.passage.ordinal.cmp(&b.passage.ordinal));
        b.score.total_cmp(&a.score).then_with(place)
    };
    if hits.len() > limit {
        hits.select_nth_unstable_by(limit - 1, order);
        hits.truncate(limit);
    }
    hits.sort_unstable_by(order);
}
