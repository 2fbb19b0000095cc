//! The passages nearest to a question. Exact over 8-bit values up to a size; beyond it sign sketches choose whom to score.
//! Invariant: ties go by path and position, so the answer does not depend on packs.

use super::{Quantised, VectorView, kernels, quantise};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::index::bits::BitSet;
use crate::index::snapshot::{FileIds, PackState, PassageId, Snapshot, VectorRef};
use crate::index::within::Within;
use rayon::prelude::*;

/// Up to so many vectors all are scored.
const EXACT: u64 = 20_000;
/// Beyond that those whose sketches are most alike: one in so many, and so many more for each that is wanted.
const SHARE: u64 = 24;
const LEAST: u64 = 8;
/// Sketches that one thread compares at a time.
const ROWS: usize = 8_192;
/// Likenesses that are counted together.
const STEP: usize = 8;
/// Vectors that are on their way from memory while one is scored.
const AHEAD: usize = 8;

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
    /// Where the view is among the packs of vectors.
    slot: u32,
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

    /// Dot product of a passage's own vector with `vector`; none where it has no vector of that length.
    pub fn nearness(&self, passage: PassageId, vector: &[f32]) -> Option<f32> {
        let state = self.0.packs.get(passage.slot as usize)?.as_ref()?;
        let (files, at) = (state.view()?.files(), passage.ordinal as usize);
        if at >= files.passage_count() {
            return None;
        }
        let segment = files.segment_of_passage(at);
        let found = state.vectors.get(segment).filter(|it| **it != VectorRef::NONE)?;
        let view = &self.0.vectors.get(found.slot as usize)?.as_ref()?.view;
        let row = found.first as usize + at.checked_sub(files.passages_of(segment).start)?;
        if view.dims() != vector.len() || row >= view.len() {
            return None;
        }
        let (query, mut dots) = (quantise(vector), Vec::new());
        kernels::dots(&query.values, view.rows(row, 1), &mut dots);
        Some(*dots.first()? as f32 * query.scale * view.scale(row))
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
            let alike = self.alike(&planes(vector), cancel);
            let counts: Vec<Vec<u32>> = pieces.par_iter().map(|piece| alike.counts(piece)).collect();
            let cut = alike.cut_off(&counts, total / SHARE + LEAST * limit as u64);
            let score = |piece: &&[Stretch<'_>]| score_alike(piece, &alike, cut, &query, limit, ids);
            pieces.par_iter().flat_map_iter(score).collect()
        };
        keep_best(&mut hits, limit, ids);
        hits
    }

    /// How alike the sketches of all packs of vectors are.
    fn alike(&self, planes: &[Vec<u8>; 4], cancel: &Cancel) -> Alike {
        let mut out = Alike::new(planes);
        for it in self.0.vectors.iter() {
            match it {
                Some(it) if it.view.dims().div_ceil(8) == planes[0].len() => out.add(&it.view, planes, cancel),
                _ => out.packs.push(Vec::new()),
            }
        }
        out
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
        let found = state.vectors.iter().zip(view.files().by_segment());
        for (found, (file, passages)) in found.filter(|it| *it.0 != VectorRef::NONE) {
            let Some(Some(vectors)) = self.0.vectors.get(found.slot as usize) else { continue };
            if dead.has(file) || vectors.view.dims() != dims {
                continue;
            }
            let (first, count) = (found.first as usize, passages.len());
            let Some(&file) = state.file_ids.get(file) else { continue };
            if first + count <= vectors.view.len() {
                let passage = PassageId { slot, ordinal: passages.start as u32 };
                out.push(Stretch { view: &vectors.view, slot: found.slot, first, count, passage, file });
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

/// The question's components in four bits each, bit by bit as sketches are laid out.
fn planes(vector: &[f32]) -> [Vec<u8>; 4] {
    let finite = |it: f32| if it.is_finite() { it } else { 0.0 };
    let widest = vector.iter().fold(f32::MIN_POSITIVE, |widest, &it| widest.max(finite(it).abs()));
    let mut out: [Vec<u8>; 4] = std::array::from_fn(|_| vec![0; vector.len().div_ceil(8)]);
    for (at, &it) in vector.iter().enumerate() {
        let number = ((finite(it) / widest + 1.0) * 7.5).round() as u8;
        for (plane, bits) in out.iter_mut().enumerate() {
            bits[at / 8] |= (number >> plane & 1) << (at % 8);
        }
    }
    out
}

/// How alike all sketches are to a question, those of segments that are gone included: what lies side by side is read
/// several times as fast as what is picked out.
struct Alike {
    /// Of each pack of vectors, row by row.
    packs: Vec<Vec<i16>>,
    /// The most that there can be; the least is as far below zero.
    most: i16,
}

impl Alike {
    fn new(planes: &[Vec<u8>; 4]) -> Self {
        // What a component adds lies between -15 and 15; vectors that are longer than that allows all count alike.
        Self { packs: Vec::new(), most: i16::try_from(planes[0].len() * 8 * 15).unwrap_or(i16::MAX) }
    }

    fn add(&mut self, view: &VectorView, planes: &[Vec<u8>; 4], cancel: &Cancel) {
        // What is not reached, or cannot be read, is like nothing.
        let mut each = vec![-self.most; view.len()];
        each.par_chunks_mut(ROWS).enumerate().filter(|_| !cancel.is_cancelled()).for_each(|(at, out)| {
            kernels::likeness(planes, view.sketches(at * ROWS, out.len()), out);
        });
        self.packs.push(each);
    }

    fn of(&self, it: &Stretch<'_>) -> &[i16] {
        let pack = self.packs.get(it.slot as usize).map_or(&[][..], |it| it);
        pack.get(it.first..it.first + it.count).unwrap_or(&[])
    }

    /// How many of a piece are how much alike, from the least to the most, [`STEP`] together.
    fn counts(&self, piece: &[Stretch<'_>]) -> Vec<u32> {
        let place = |likeness: i16| (i32::from(likeness) + i32::from(self.most)) as usize / STEP;
        // Many are equally alike: two counts, in turn, seldom wait for each other.
        let mut out = vec![[0u32; 2]; place(self.most) + 1];
        for it in piece {
            let (pairs, last) = self.of(it).as_chunks::<2>();
            for [one, other] in pairs {
                out[place(*one)][0] += 1;
                out[place(*other)][1] += 1;
            }
            last.iter().for_each(|it| out[place(*it)][0] += 1);
        }
        out.into_iter().map(|[one, other]| one + other).collect()
    }

    /// A likeness that `wanted` vectors have at least, and few more.
    fn cut_off(&self, counts: &[Vec<u32>], wanted: u64) -> i16 {
        let mut seen = 0;
        for at in (0..=2 * self.most as usize / STEP).rev() {
            seen += counts.iter().map(|it| u64::from(it[at])).sum::<u64>();
            if seen >= wanted {
                return ((at * STEP) as i32 - i32::from(self.most)) as i16;
            }
        }
        -self.most
    }
}

fn score_alike<'s>(
    piece: &'s [Stretch<'_>],
    alike: &Alike,
    cut: i16,
    query: &Quantised,
    limit: usize,
    ids: &FileIds,
) -> Vec<VectorHit> {
    let close = |it| alike.of(it).iter().enumerate().filter(|it| *it.1 >= cut).map(move |(at, _)| (it, at));
    let with_row = |(it, at): (&'s Stretch<'_>, usize)| (it, at, it.view.rows(it.first + at, 1));
    let close: Vec<(&Stretch<'_>, usize, &[u8])> = piece.iter().flat_map(close).map(with_row).collect();
    let (mut hits, mut dot) = (Vec::with_capacity(close.len()), Vec::new());
    for (turn, &(it, at, row)) in close.iter().enumerate() {
        // These lie far from each other in memory: they are called for a while before they are needed.
        if let Some((it, at, row)) = close.get(turn + AHEAD) {
            kernels::call_for(row);
            kernels::call_for(it.view.scale_bytes(it.first + at));
        }
        dot.clear();
        kernels::dots(&query.values, row, &mut dot);
        hits.extend(dot.iter().map(|&dot| it.hit(at, dot, query.scale)));
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

#[cfg(test)]
mod tests {
    use super::super::{VectorRun, build_vector_pack};
    use super::*;
    use crate::base::hash::Key;
    use crate::index::source::MemoryPack;

    /// Vectors around some centres, as texts of some subjects are.
    fn vectors(count: usize) -> Vec<Vec<f32>> {
        let mut state = 7u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let centres: Vec<Vec<f32>> = (0..20).map(|_| (0..256).map(|_| next()).collect()).collect();
        (0..count).map(|at| centres[at % 20].iter().map(|it| it + 1.5 * next()).collect()).collect()
    }

    #[test]
    fn sketches_find_what_the_exact_scan_finds() {
        let all = vectors(4_000);
        let runs = [VectorRun { key: Key([1; 16]), vectors: all.iter().map(|it| quantise(it)).collect() }];
        let pack = MemoryPack::new(build_vector_pack(256, &runs));
        let view = VectorView::open(&pack).unwrap();
        let passage = PassageId { slot: 0, ordinal: 0 };
        let piece = [Stretch { view: &view, slot: 0, first: 0, count: all.len(), passage, file: FileId(0) }];
        let (ids, cancel) = (FileIds::default(), Cancel::new());
        let mut found = 0;
        for vector in vectors(4_020).split_off(4_000) {
            let query = quantise(&vector);
            let exact = score_all(&piece, &query, 10, &ids, &cancel);
            let mut alike = Alike::new(&planes(&vector));
            alike.add(&view, &planes(&vector), &cancel);
            let cut = alike.cut_off(&[alike.counts(&piece)], 160);
            assert!((160..320).contains(&alike.packs[0].iter().filter(|&&it| it >= cut).count()));
            let near = score_alike(&piece, &alike, cut, &query, 10, &ids);
            assert_eq!(near.len(), 10);
            found += near.iter().filter(|it| exact.contains(it)).count();
        }
        assert!(found >= 195, "{found} of 200");
    }

    #[test]
    fn odd_questions_are_harmless() {
        assert_eq!(planes(&[f32::NAN, f32::INFINITY, -1.0, 1.0]).map(|it| it[0]), [0b1000, 0b1000, 0b1000, 0b1011]);
        assert_eq!(planes(&[0.0]).map(|it| it[0]), [0, 0, 0, 1]);
    }
}
