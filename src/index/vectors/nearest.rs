//! The passages nearest to a question. Exact over 8-bit values up to a size; beyond it sign sketches choose whom to score.
//! Invariant: ties go by path and position, so the answer does not depend on packs.

use super::{Quantised, VectorView, kernels, quantise, signs};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::index::bits::BitSet;
use crate::index::snapshot::{FileIds, PackState, PassageId, Snapshot, VectorRef};
use crate::index::within::Within;
use rayon::prelude::*;

/// Up to so many vectors all are scored.
const EXACT: u64 = 200_000;

/// A passage near to a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VectorHit {
    pub passage: PassageId,
    pub file: FileId,
    /// Dot product with the question's vector (cosine, where both have length one).
    pub score: f32,
}

/// Vectors of one live segment, with the passages they belong to.
struct Stretch<'a> {
    view: &'a VectorView,
    first: usize,
    count: usize,
    passage: PassageId,
    file: FileId,
}

impl Snapshot {
    /// Up to `limit` passages nearest to `vector`, best first. Empty where the dimensions are not those of the index.
    pub fn nearest(&self, vector: &[f32], limit: usize, cancel: &Cancel) -> Vec<VectorHit> {
        self.nearest_of(vector, None, limit, EXACT, cancel)
    }

    /// The same in a part of the index.
    pub fn nearest_within(
        &self,
        vector: &[f32],
        within: Option<&Within>,
        limit: usize,
        cancel: &Cancel,
    ) -> Vec<VectorHit> {
        self.nearest_of(vector, within, limit, EXACT, cancel)
    }

    pub(super) fn nearest_of(
        &self,
        vector: &[f32],
        within: Option<&Within>,
        limit: usize,
        exact: u64,
        cancel: &Cancel,
    ) -> Vec<VectorHit> {
        let query = quantise(vector);
        let (ids, stretches) = (&*self.0.ids, self.stretches(vector.len(), within));
        let total: u64 = stretches.iter().map(|it| it.count as u64).sum();
        if limit == 0 || total == 0 || cancel.is_cancelled() {
            return Vec::new();
        }
        let pieces: Vec<&[Stretch<'_>]> = stretches.chunks(stretches.len().div_ceil(8).max(64)).collect();
        let mut hits: Vec<VectorHit> = if total <= exact {
            let score = |piece: &&[Stretch<'_>]| score_all(piece, &query, limit, ids, cancel);
            pieces.par_iter().flat_map_iter(score).collect()
        } else {
            let sketch = signs(&query.values);
            let wanted = (limit * 20).max(2_000) as u64;
            let cut = cut_off(&pieces, &sketch, wanted, cancel);
            let score = |piece: &&[Stretch<'_>]| score_close(piece, (&sketch, cut), &query, limit, ids, cancel);
            pieces.par_iter().flat_map_iter(score).collect()
        };
        keep_best(&mut hits, limit, ids);
        hits
    }

    /// All live vectors of `dims` components, or those in a part of the index.
    fn stretches(&self, dims: usize, within: Option<&Within>) -> Vec<Stretch<'_>> {
        let mut out = Vec::new();
        for (slot, state) in self.packs().filter(|(_, it)| it.live_vectors > 0) {
            let from = out.len();
            let part = within.map(|it| it.part(slot as u32));
            let dead = part.map_or(Some(&*state.dead_files), |it| Some(&it?.files));
            let Some(dead) = dead else { continue };
            self.stretches_of(slot as u32, state, dead, dims, &mut out);
            if let Some(part) = part.flatten().filter(|it| !it.whole) {
                let all = out.split_off(from);
                all.into_iter().for_each(|it| it.cut(&part.passages, &mut out));
            }
        }
        out
    }

    fn stretches_of<'a>(
        &'a self,
        slot: u32,
        state: &'a PackState,
        dead: &BitSet,
        dims: usize,
        out: &mut Vec<Stretch<'a>>,
    ) {
        let Some(view) = state.view() else { return };
        let files = view.files();
        for (segment, found) in state.vectors.iter().enumerate().filter(|(_, it)| **it != VectorRef::NONE) {
            let file = files.file_of_segment(segment);
            let Some(Some(vectors)) = self.0.vectors.get(found.slot as usize) else { continue };
            if dead.has(file) || vectors.view.dims() != dims {
                continue;
            }
            let passages = files.passages_of(segment);
            let (first, count) = (found.first as usize, passages.len());
            let Some(&file) = state.file_ids.get(file) else { continue };
            if first + count <= vectors.view.len() {
                let passage = PassageId { slot, ordinal: passages.start as u32 };
                out.push(Stretch { view: &vectors.view, first, count, passage, file });
            }
        }
    }
}

impl<'a> Stretch<'a> {
    /// The parts of it whose passages are not left out.
    fn cut(&self, left_out: &BitSet, out: &mut Vec<Stretch<'a>>) {
        let mut at = 0;
        while at < self.count {
            let is_out = |at: &usize| left_out.has(self.passage.ordinal as usize + at);
            let from = at + (at..self.count).take_while(is_out).count();
            at = from + (from..self.count).take_while(|it| !is_out(it)).count();
            if at > from {
                let passage = PassageId { ordinal: self.passage.ordinal + from as u32, ..self.passage };
                out.push(Stretch { first: self.first + from, count: at - from, passage, ..*self });
            }
        }
    }

    fn hit(&self, at: usize, dot: i32, scale: f32) -> VectorHit {
        let passage = PassageId { slot: self.passage.slot, ordinal: self.passage.ordinal + at as u32 };
        VectorHit { passage, file: self.file, score: dot as f32 * scale * self.view.scale(self.first + at) }
    }
}

fn score_all(piece: &[Stretch<'_>], query: &Quantised, limit: usize, ids: &FileIds, cancel: &Cancel) -> Vec<VectorHit> {
    let (mut hits, mut dots) = (Vec::new(), Vec::new());
    for (turn, it) in piece.iter().enumerate() {
        if turn % 256 == 0 && cancel.is_cancelled() {
            break;
        }
        dots.clear();
        kernels::dots(&query.values, it.view.rows(it.first, it.count), &mut dots);
        hits.extend(dots.iter().enumerate().map(|(at, &dot)| it.hit(at, dot, query.scale)));
        if hits.len() > limit * 4 + 4_096 {
            keep_best(&mut hits, limit, ids);
        }
    }
    keep_best(&mut hits, limit, ids);
    hits
}

/// The smallest distance within which `wanted` vectors lie.
fn cut_off(pieces: &[&[Stretch<'_>]], sketch: &[u8], wanted: u64, cancel: &Cancel) -> i32 {
    let bins = sketch.len() * 8 + 1;
    let count = |piece: &&[Stretch<'_>]| {
        let (mut counts, mut out) = (vec![0u64; bins], Vec::new());
        for it in piece.iter().take_while(|_| !cancel.is_cancelled()) {
            out.clear();
            kernels::distances(sketch, it.view.sketches(it.first, it.count), &mut out);
            out.iter().for_each(|&distance| counts[distance as usize] += 1);
        }
        counts
    };
    let sum = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
    let counts = pieces.par_iter().map(count).reduce(|| vec![0; bins], sum);
    let mut seen = 0;
    for (distance, count) in counts.iter().enumerate() {
        seen += count;
        if seen >= wanted {
            return distance as i32;
        }
    }
    bins as i32
}

fn score_close(
    piece: &[Stretch<'_>],
    (sketch, cut): (&[u8], i32),
    query: &Quantised,
    limit: usize,
    ids: &FileIds,
    cancel: &Cancel,
) -> Vec<VectorHit> {
    let (mut hits, mut out, mut dot) = (Vec::new(), Vec::new(), Vec::new());
    for it in piece.iter().take_while(|_| !cancel.is_cancelled()) {
        out.clear();
        kernels::distances(sketch, it.view.sketches(it.first, it.count), &mut out);
        for (at, _) in out.iter().enumerate().filter(|it| *it.1 <= cut) {
            dot.clear();
            kernels::dots(&query.values, it.view.rows(it.first + at, 1), &mut dot);
            hits.extend(dot.iter().map(|&dot| it.hit(at, dot, query.scale)));
        }
    }
    keep_best(&mut hits, limit, ids);
    hits
}

fn keep_best(hits: &mut Vec<VectorHit>, limit: usize, ids: &FileIds) {
    let order = |a: &VectorHit, b: &VectorHit| {
        let place = || ids.order(a.file, b.file).then(a.passage.ordinal.cmp(&b.passage.ordinal));
        b.score.total_cmp(&a.score).then_with(place)
    };
    if hits.len() > limit && limit > 0 {
        hits.select_nth_unstable_by(limit - 1, order);
        hits.truncate(limit);
    }
    hits.sort_unstable_by(order);
}
