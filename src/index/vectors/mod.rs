//! Vectors of passages: packs of runs by key, planar (signs, values, scales), and the search for the nearest. Invariant:
//! scores do not depend on which kernel made them, nor on how vectors are spread over packs. Must not know the model.

mod buckets;
mod kernels;
mod nearest;

#[cfg(test)]
mod tests;

use buckets::Buckets;
pub use nearest::VectorHit;

use super::bits::{Table, partition, put_column};
use super::sections::*;
use super::source::{Bytes, LazyBytes, PackSource, Section};
use crate::base::hash::Key;
use crate::base::paths::RelPath;

/// The key of a segment's run of vectors: model, path tail, facts. A rename costs an embedding, never a parse.
pub fn run_key(model: &[u8], path: &RelPath, facts: Key) -> Key {
    Key::of("vectors", &[model, path_tail(path), &facts.0])
}

/// The last three components of a path.
pub fn path_tail(path: &RelPath) -> &[u8] {
    let bytes = path.as_bytes();
    let cut = bytes.iter().enumerate().rev().filter(|(_, b)| **b == b'/').nth(2);
    cut.map_or(bytes, |(at, _)| &bytes[at + 1..])
}

/// A vector in 8 bits a component: `values[i] * scale` is close to the component.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    pub values: Vec<i8>,
    pub scale: f32,
}

/// `vector` in 8 bits. Components that are no numbers count as zero.
pub fn quantise(vector: &[f32]) -> Quantised {
    let finite = |it: f32| if it.is_finite() { it } else { 0.0 };
    let widest = vector.iter().fold(0.0f32, |widest, &it| widest.max(finite(it).abs()));
    let scale = if widest > 0.0 { widest / 127.0 } else { 1.0 };
    Quantised { values: vector.iter().map(|&it| rounded(finite(it) / scale)).collect(), scale }
}

/// The nearest whole number to one between -128 and 127, halves away from zero, as [`f32::round`] has it: that is a call
/// where the processor is not known to round.
#[inline]
fn rounded(it: f32) -> i8 {
    // The largest number below a half: what is added to a number just below a half must not reach one.
    (it + 0.499_999_97f32.copysign(it)) as i8
}

/// One bit per component: set where it is not negative.
pub fn signs(values: &[i8]) -> Vec<u8> {
    let mut out = vec![0; values.len().div_ceil(8)];
    for (at, &it) in values.iter().enumerate() {
        out[at / 8] |= u8::from(it >= 0) << (at % 8);
    }
    out
}

/// The vectors of one segment, in the order of its passages, one after another.
#[derive(Clone, Debug)]
pub struct VectorRun {
    /// Of [`run_key`].
    pub key: Key,
    pub vectors: Vec<Quantised>,
}

/// The sections of a vector pack; all vectors have `dims` components (others are left out with their run). Of two runs with
/// one key one counts.
pub fn build_vector_pack(dims: usize, runs: &[VectorRun]) -> Vec<Section> {
    let fits = |it: &&VectorRun| !it.vectors.is_empty() && it.vectors.iter().all(|it| it.values.len() == dims);
    let mut order: Vec<&VectorRun> = runs.iter().filter(fits).collect();
    order.sort_by_key(|it| it.key);
    order.dedup_by_key(|it| it.key);
    let mut starts = vec![0u64];
    let (mut keys, mut bits, mut values, mut scales) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut count = 0u64;
    for run in order {
        keys.extend_from_slice(&run.key.0);
        for vector in &run.vectors {
            bits.extend_from_slice(&signs(&vector.values));
            values.extend(vector.values.iter().map(|&it| it as u8));
            scales.extend_from_slice(&vector.scale.to_le_bytes());
            count += 1;
        }
        starts.push(count);
    }
    let mut head = Vec::new();
    put_column(&mut head, [dims as u64, count].into_iter());
    let mut columns = Vec::new();
    put_column(&mut columns, starts.into_iter());
    [
        (VECTOR_HEAD, head),
        (VECTOR_KEYS, keys),
        (VECTOR_STARTS, columns),
        (VECTOR_SIGNS, bits),
        (VECTOR_VALUES, values),
        (VECTOR_SCALES, scales),
    ]
    .map(|(id, bytes)| Section { id, bytes })
    .into()
}

/// A vector pack, read in place.
pub struct VectorView {
    dims: usize,
    count: usize,
    keys: Bytes,
    starts: Table,
    signs: LazyBytes,
    values: LazyBytes,
    scales: Bytes,
    buckets: Buckets,
}

const MAX_DIMS: usize = 8192;

/// Texts longer than this, in bytes, get no vectors: they are data more often than not.
pub const MOST_EMBEDDED: u32 = 4 << 20;

impl VectorView {
    /// Opens a pack; refused where its sections do not agree in length.
    pub fn open(source: &dyn PackSource) -> Result<Self, String> {
        let head = Table::parse(source.section(VECTOR_HEAD)?, 1).ok_or("bad head of vectors")?;
        let (dims, count) = (head.get(0, 0) as usize, head.get(0, 1) as usize);
        let starts = Table::parse(source.section(VECTOR_STARTS)?, 1).ok_or("bad starts of vectors")?;
        let keys = source.section(VECTOR_KEYS)?;
        let view = Self {
            dims,
            count,
            buckets: Buckets::of((*keys).as_ref()),
            keys,
            starts,
            signs: source.lazy(VECTOR_SIGNS)?,
            values: source.lazy(VECTOR_VALUES)?,
            scales: source.section(VECTOR_SCALES)?,
        };
        let length = |bytes: &Bytes| (**bytes).as_ref().len();
        let fits = dims <= MAX_DIMS
            && length(&view.keys) == view.run_count() * 16
            && Some(view.signs.length()) == count.checked_mul(dims.div_ceil(8))
            && Some(view.values.length()) == count.checked_mul(dims)
            && Some(length(&view.scales)) == count.checked_mul(4);
        if fits { Ok(view) } else { Err("the sections of a vector pack differ in length".to_owned()) }
    }

    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn run_count(&self) -> usize {
        self.starts.len(0).saturating_sub(1)
    }

    pub fn key(&self, run: usize) -> Key {
        let bytes = (*self.keys).as_ref().get(run * 16..run * 16 + 16);
        Key(bytes.and_then(|it| it.try_into().ok()).unwrap_or([0; 16]))
    }

    /// The vectors of a run.
    pub fn run(&self, run: usize) -> std::ops::Range<usize> {
        let range = self.starts.range(0, run);
        range.start.min(self.count)..range.end.min(self.count)
    }

    /// The run that begins with a vector.
    pub fn run_from(&self, first: usize) -> Option<usize> {
        let low = partition(0..self.run_count(), |run| self.run(run).start < first);
        (low < self.run_count() && self.run(low).start == first).then_some(low)
    }

    /// The run of a key.
    pub fn find(&self, key: Key) -> Option<usize> {
        let range = self.buckets.range(key);
        let low = partition(range.start..range.end.min(self.run_count()), |run| self.key(run) < key);
        (low < self.run_count() && self.key(low) == key).then_some(low)
    }

    /// Components in 8 bits.
    pub fn values(&self, at: usize) -> &[u8] {
        self.rows(at, 1)
    }

    /// Components of `count` vectors in a row; empty where they cannot be read.
    pub(super) fn rows(&self, first: usize, count: usize) -> &[u8] {
        self.values.range(first * self.dims..(first + count) * self.dims).unwrap_or(&[])
    }

    /// Their signs.
    pub(super) fn sketches(&self, first: usize, count: usize) -> &[u8] {
        let width = self.dims.div_ceil(8);
        self.signs.range(first * width..(first + count) * width).unwrap_or(&[])
    }

    /// Where its scale lies; empty outside.
    fn scale_bytes(&self, at: usize) -> &[u8] {
        (*self.scales).as_ref().get(at * 4..at * 4 + 4).unwrap_or(&[])
    }

    pub fn scale(&self, at: usize) -> f32 {
        self.scale_bytes(at).try_into().map_or(0.0, f32::from_le_bytes)
    }

    /// A run as it was given to the pack.
    pub fn vectors(&self, run: usize) -> VectorRun {
        let vector =
            |at| Quantised { values: self.values(at).iter().map(|&it| it as i8).collect(), scale: self.scale(at) };
        VectorRun { key: self.key(run), vectors: self.run(run).map(vector).collect() }
    }
}
