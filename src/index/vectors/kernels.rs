//! Inner loops over vectors: dot products of 8-bit values, likeness of sign sketches. Invariant: the portable and the AVX2
//! kernel give the same integers for the same input. Must not know packs.
#![allow(unsafe_code, reason = "vector instructions have no safe form for slices")]

/// Dot products of `query` with each row of 8-bit values; rows are as long as the query.
pub fn dots(query: &[i8], rows: &[u8], out: &mut Vec<i32>) {
    #[cfg(target_arch = "x86_64")]
    if query.len().is_multiple_of(32) && std::is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 is there, as just asked; the kernel reads inside the slices only.
        unsafe { dots_avx2(query, rows, out) };
        return;
    }
    dots_portable(query, rows, out);
}

/// The same, for every machine.
pub fn dots_portable(query: &[i8], rows: &[u8], out: &mut Vec<i32>) {
    if query.is_empty() {
        return;
    }
    for row in rows.chunks_exact(query.len()) {
        out.push(row.iter().zip(query).map(|(&a, &b)| i32::from(a as i8) * i32::from(b)).sum());
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dots_avx2(query: &[i8], rows: &[u8], out: &mut Vec<i32>) {
    use std::arch::x86_64::*;
    if query.is_empty() {
        return;
    }
    for row in rows.chunks_exact(query.len()) {
        let mut sum = _mm256_setzero_si256();
        for (a, b) in row.chunks_exact(16).zip(query.chunks_exact(16)) {
            // SAFETY: both chunks are 16 bytes long; the loads need no alignment.
            let (a, b) = unsafe { (_mm_loadu_si128(a.as_ptr().cast()), _mm_loadu_si128(b.as_ptr().cast())) };
            // Products of two 8-bit values, in pairs, fit 32 bits with room for every length allowed.
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_cvtepi8_epi16(a), _mm256_cvtepi8_epi16(b)));
        }
        let half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        let pair = _mm_add_epi32(half, _mm_unpackhi_epi64(half, half));
        out.push(_mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32(pair, 1))));
    }
}

/// Has the processor bring what will be read soon; nothing where it cannot be asked to.
#[inline]
pub fn call_for(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: this reads nothing; it is a hint, harmless for any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// How alike each sketch is to a query whose components are numbers of four bits, in planes: `planes[b]` has bit `b` of each.
/// For each row the sum over its components of `2 * number - 15` where the component is not negative; what does not fit 16 bits
/// is cut. Rows and `out` are gone through together, as far as both reach.
pub fn likeness(planes: &[Vec<u8>; 4], rows: &[u8], out: &mut [i16]) {
    #[cfg(target_arch = "x86_64")]
    if planes.iter().all(|it| it.len() == 32) {
        if std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512vl")
            && std::is_x86_feature_detected!("avx512vpopcntdq")
        {
            // SAFETY: all of them are there, as just asked; the kernel reads inside the slices only.
            unsafe { likeness_avx512(planes, rows, out) };
            return;
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: AVX2 is there, as just asked; the kernel reads inside the slices only.
            unsafe { likeness_avx2(planes, rows, out) };
            return;
        }
    }
    likeness_portable(planes, rows, out);
}

/// The same, for every machine.
pub fn likeness_portable(planes: &[Vec<u8>; 4], rows: &[u8], out: &mut [i16]) {
    let width = planes[0].len();
    if width == 0 {
        return;
    }
    for (row, out) in rows.chunks_exact(width).zip(out) {
        let mut sum = 0;
        for (at, &bits) in row.iter().enumerate() {
            let of = |plane: usize| ((bits & planes[plane][at]).count_ones() << plane) as i32;
            sum += 2 * (of(0) + of(1) + of(2) + of(3)) - 15 * bits.count_ones() as i32;
        }
        *out = sum.clamp(i32::from(i16::MIN) + 1, i32::from(i16::MAX)) as i16;
    }
}

/// The planes as vectors; none where they are not of 32 bytes.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn loaded(planes: &[Vec<u8>; 4]) -> Option<[std::arch::x86_64::__m256i; 4]> {
    let fits = planes.iter().all(|it| it.len() == 32);
    // SAFETY: each plane is 32 bytes long, as just asked; the loads need no alignment.
    fits.then(|| {
        [0, 1, 2, 3].map(|at: usize| unsafe { std::arch::x86_64::_mm256_loadu_si256(planes[at].as_ptr().cast()) })
    })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512vl,avx512vpopcntdq")]
fn likeness_avx512(planes: &[Vec<u8>; 4], rows: &[u8], out: &mut [i16]) {
    use std::arch::x86_64::*;
    let Some(planes) = loaded(planes) else { return };
    for (row, out) in rows.chunks_exact(32).zip(out) {
        // SAFETY: the chunk is 32 bytes long; the load needs no alignment.
        let row = unsafe { _mm256_loadu_si256(row.as_ptr().cast()) };
        let of = |plane: usize| _mm256_popcnt_epi64(_mm256_and_si256(row, planes[plane]));
        let twice = |it| _mm256_add_epi64(it, it);
        let sums = twice(_mm256_add_epi64(
            of(0),
            twice(_mm256_add_epi64(of(1), twice(_mm256_add_epi64(of(2), twice(of(3)))))),
        ));
        let all = _mm256_popcnt_epi64(row);
        // Fifteen is sixteen less one.
        let four = _mm256_sub_epi64(_mm256_add_epi64(sums, all), _mm256_slli_epi64(all, 4));
        let half = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
        *out = _mm_cvtsi128_si64(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half))) as i16;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn likeness_avx2(planes: &[Vec<u8>; 4], rows: &[u8], out: &mut [i16]) {
    use std::arch::x86_64::*;
    let Some(planes) = loaded(planes) else { return };
    // Set bits of a nibble, by table.
    let counts = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let (low, zero) = (_mm256_set1_epi8(15), _mm256_setzero_si256());
    let set = |bits: __m256i| {
        let first = _mm256_shuffle_epi8(counts, _mm256_and_si256(bits, low));
        let second = _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low));
        _mm256_add_epi8(first, second)
    };
    for (row, out) in rows.chunks_exact(32).zip(out) {
        // SAFETY: the chunk is 32 bytes long; the load needs no alignment.
        let row = unsafe { _mm256_loadu_si256(row.as_ptr().cast()) };
        // A byte's sum is at most 8 * 15.
        let mut sums = set(_mm256_and_si256(row, planes[3]));
        for plane in [planes[2], planes[1], planes[0]] {
            sums = _mm256_add_epi8(_mm256_add_epi8(sums, sums), set(_mm256_and_si256(row, plane)));
        }
        let all = _mm256_slli_epi64(_mm256_sad_epu8(set(row), zero), 32);
        let both = _mm256_or_si256(_mm256_sad_epu8(sums, zero), all);
        let half = _mm_add_epi64(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
        let whole = _mm_cvtsi128_si64(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
        *out = (2 * (whole as u32 as i32) - 15 * (whole >> 32) as i32) as i16;
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // Machines that have the best never run the second best otherwise.
        #[test]
        fn every_kernel_says_the_same(query in proptest::collection::vec(any::<u8>(), 128), rows in proptest::collection::vec(any::<u8>(), 32 * 9)) {
            let planes = std::array::from_fn(|plane| query[plane * 32..][..32].to_vec());
            let (mut fast, mut plain) = ([0; 9], [0; 9]);
            likeness_portable(&planes, &rows, &mut plain);
            if std::is_x86_feature_detected!("avx2") {
                // SAFETY: AVX2 is there, as just asked.
                unsafe { likeness_avx2(&planes, &rows, &mut fast) };
                prop_assert_eq!(fast, plain);
            }
        }
    }
}
