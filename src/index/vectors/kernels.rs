//! Inner loops over vectors: dot products of 8-bit values, distances of sign sketches. Invariant: the portable and the AVX2
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
        let mut lanes = [0i32; 8];
        // SAFETY: the array is 32 bytes long; the store needs no alignment.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sum) };
        out.push(lanes.iter().sum());
    }
}

/// Numbers of differing bits between `query` and each row; rows are as long as the query.
pub fn distances(query: &[u8], rows: &[u8], out: &mut Vec<i32>) {
    #[cfg(target_arch = "x86_64")]
    if query.len() == 32 && std::is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 is there, as just asked; the kernel reads inside the slices only.
        unsafe { distances_avx2(query, rows, out) };
        return;
    }
    distances_portable(query, rows, out);
}

/// The same, for every machine.
pub fn distances_portable(query: &[u8], rows: &[u8], out: &mut Vec<i32>) {
    if query.is_empty() {
        return;
    }
    for row in rows.chunks_exact(query.len()) {
        out.push(row.iter().zip(query).map(|(a, b)| (a ^ b).count_ones() as i32).sum());
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn distances_avx2(query: &[u8], rows: &[u8], out: &mut Vec<i32>) {
    use std::arch::x86_64::*;
    if query.len() != 32 {
        return;
    }
    // SAFETY: the query is 32 bytes long; the load needs no alignment.
    let query = unsafe { _mm256_loadu_si256(query.as_ptr().cast()) };
    // Set bits of a nibble, by table.
    let counts = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let low = _mm256_set1_epi8(15);
    for row in rows.chunks_exact(32) {
        // SAFETY: the chunk is 32 bytes long; the load needs no alignment.
        let row = unsafe { _mm256_loadu_si256(row.as_ptr().cast()) };
        let bits = _mm256_xor_si256(row, query);
        let first = _mm256_shuffle_epi8(counts, _mm256_and_si256(bits, low));
        let second = _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low));
        let sums = _mm256_sad_epu8(_mm256_add_epi8(first, second), _mm256_setzero_si256());
        let mut lanes = [0i64; 4];
        // SAFETY: the array is 32 bytes long; the store needs no alignment.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sums) };
        out.push(lanes.iter().sum::<i64>() as i32);
    }
}
