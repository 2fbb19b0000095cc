//! The inner loops of the evaluator, in safe code, compiled three times: for any processor, for AVX2 and for AVX-512
//! (which has a product of its own).
//! Invariant: all give equal bits (the order of every sum is fixed, multiplication and addition stay apart). Must not know
//! tokens or texts.
#![allow(unsafe_code, reason = "calling a function compiled for AVX after asking whether the processor has it")]

use super::gelu;

/// Length of a vector of the model.
pub const DIM: usize = 256;
/// Columns that are computed together; there is an even number of blocks.
pub const BLOCK: usize = 16;
/// Texts that go through a matrix together, or twice so many.
pub const GROUP: usize = 4;
/// Partial sums of a reduction.
const LANES: usize = 16;

/// A matrix with its bias, stored block of columns by block of columns.
pub struct Matrix {
    blocks: Vec<[f32; BLOCK]>,
    bias: Vec<f32>,
    rows: usize,
}

impl Matrix {
    /// From row-major numbers; columns (the bias's length) a multiple of twice [`BLOCK`].
    pub fn new(numbers: &[f32], bias: &[f32]) -> Self {
        let columns = bias.len();
        let rows = numbers.len() / columns;
        let mut blocks = Vec::with_capacity(numbers.len() / BLOCK);
        for first in (0..columns).step_by(BLOCK) {
            for row in 0..rows {
                let mut block = [0.0; BLOCK];
                block.copy_from_slice(&numbers[row * columns + first..][..BLOCK]);
                blocks.push(block);
            }
        }
        Self { blocks, bias: bias.to_vec(), rows }
    }

    pub fn columns(&self) -> usize {
        self.bias.len()
    }

    /// Writes the sums of a block of columns, with the bias, to where they belong in each row of `out`.
    #[inline(always)]
    fn put<const N: usize>(&self, block: usize, sums: &[[f32; BLOCK]; N], out: &mut [f32]) {
        let (at, columns) = (block * BLOCK, self.columns());
        for (row, sums) in sums.iter().enumerate() {
            for j in 0..BLOCK {
                out[row * columns + at + j] = sums[j] + self.bias[at + j];
            }
        }
    }
}

macro_rules! dispatched {
    ($(#[$doc:meta])* $name:ident, $body:ident, $widest:ident, ($($arg:ident: $type:ty),*)) => {
        $(#[$doc])*
        pub fn $name($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($arg: $type),*) {
                    $body($($arg),*)
                }
                #[target_feature(enable = "avx512f")]
                fn widest($($arg: $type),*) {
                    $widest($($arg),*)
                }
                if std::is_x86_feature_detected!("avx512f") {
                    // SAFETY: the processor was just asked for the feature that the function enables, with what it implies.
                    return unsafe { widest($($arg),*) };
                }
                if std::is_x86_feature_detected!("avx2") {
                    // SAFETY: as above.
                    return unsafe { wide($($arg),*) };
                }
            }
            $body($($arg),*)
        }
    };
}

dispatched!(
    /// Adds rows of `table`, each times its weight, to `sum`.
    add_rows, add_rows_body, add_rows_body, (table: &[u8], rows: &[(u32, f32)], sum: &mut [f32; DIM])
);
dispatched!(
    /// `out = inputs x matrix + bias` for rows of inputs, a multiple of [`GROUP`].
    multiply, multiply_body, multiply_widest, (matrix: &Matrix, inputs: &[f32], out: &mut [f32])
);
dispatched!(
    /// GELU of each number, in place.
    gelu, gelu_body, gelu_body, (values: &mut [f32])
);

#[inline(always)]
fn add_rows_body(table: &[u8], rows: &[(u32, f32)], sum: &mut [f32; DIM]) {
    // A quarter of the vector at a time: its sums stay in registers while all rows pass.
    for quarter in 0..4 {
        let from = quarter * (DIM / 4);
        let mut acc = [0f32; DIM / 4];
        acc.copy_from_slice(&sum[from..from + DIM / 4]);
        for &(row, weight) in rows {
            let start = row as usize * DIM + from;
            let Some(numbers) = table.get(start..start + DIM / 4) else { continue };
            for (a, &n) in acc.iter_mut().zip(numbers) {
                *a += weight * f32::from(n as i8);
            }
        }
        sum[from..from + DIM / 4].copy_from_slice(&acc);
    }
}

#[inline(always)]
fn multiply_body(matrix: &Matrix, inputs: &[f32], out: &mut [f32]) {
    let (rows, columns) = (matrix.rows, matrix.columns());
    for (x, out) in inputs.chunks_exact(GROUP * rows).zip(out.chunks_exact_mut(GROUP * columns)) {
        let [x0, x1, x2, x3] = parts(x, rows);
        for (ix, block) in matrix.blocks.chunks_exact(rows).enumerate() {
            let mut acc = [[0f32; BLOCK]; GROUP];
            for ((((w, a), b), c), d) in block.iter().zip(x0).zip(x1).zip(x2).zip(x3) {
                for j in 0..BLOCK {
                    acc[0][j] += a * w[j];
                    acc[1][j] += b * w[j];
                    acc[2][j] += c * w[j];
                    acc[3][j] += d * w[j];
                }
            }
            matrix.put(ix, &acc, out);
        }
    }
}

/// The same with sixteen sums in hand where there are registers for them: twice the rows, two blocks of columns.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn multiply_widest(matrix: &Matrix, inputs: &[f32], out: &mut [f32]) {
    let (rows, columns) = (matrix.rows, matrix.columns());
    let (wide, mut done) = (2 * GROUP, 0);
    for (x, out) in inputs.chunks_exact(wide * rows).zip(out.chunks_exact_mut(wide * columns)) {
        let [x0, x1, x2, x3, x4, x5, x6, x7] = parts(x, rows);
        for (ix, pair) in matrix.blocks.chunks_exact(2 * rows).enumerate() {
            let (left, right) = pair.split_at(rows);
            let (mut low, mut high) = ([[0f32; BLOCK]; 8], [[0f32; BLOCK]; 8]);
            let x = x0.iter().zip(x1).zip(x2).zip(x3).zip(x4).zip(x5).zip(x6).zip(x7);
            for ((v, w), (((((((a, b), c), d), e), f), g), h)) in left.iter().zip(right).zip(x) {
                let x = [a, b, c, d, e, f, g, h];
                add_eight(&mut low, x, v);
                add_eight(&mut high, x, w);
            }
            matrix.put(2 * ix, &low, out);
            matrix.put(2 * ix + 1, &high, out);
        }
        done += wide;
    }
    if let (Some(inputs), Some(out)) = (inputs.get(done * rows..), out.get_mut(done * columns..)) {
        multiply_body(matrix, inputs, out);
    }
}

/// Adds a row of a block, times each of eight numbers, to the sums of that number's text.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn add_eight(sums: &mut [[f32; BLOCK]; 8], [a, b, c, d, e, f, g, h]: [&f32; 8], w: &[f32; BLOCK]) {
    for j in 0..BLOCK {
        sums[0][j] += a * w[j];
        sums[1][j] += b * w[j];
        sums[2][j] += c * w[j];
        sums[3][j] += d * w[j];
        sums[4][j] += e * w[j];
        sums[5][j] += f * w[j];
        sums[6][j] += g * w[j];
        sums[7][j] += h * w[j];
    }
}

/// `N` parts of `len` each, which `x` is made of.
#[inline(always)]
fn parts<const N: usize>(x: &[f32], len: usize) -> [&[f32]; N] {
    std::array::from_fn(|at| &x[at * len..(at + 1) * len])
}

#[inline(always)]
fn gelu_body(values: &mut [f32]) {
    for x in values {
        *x = gelu::gelu(*x);
    }
}

/// Sum of `f` over `x` in a fixed order.
#[inline(always)]
fn reduce(x: &[f32; DIM], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    for chunk in x.as_chunks::<LANES>().0 {
        for j in 0..LANES {
            lanes[j] += f(chunk[j]);
        }
    }
    lanes.iter().sum()
}

/// Scales `x` to unit length; false (and untouched) where it is zero.
pub fn unit(x: &mut [f32; DIM]) -> bool {
    let norm = reduce(x, |v| v * v).sqrt();
    if norm <= 1e-12 {
        return false;
    }
    let scale = 1.0 / norm;
    for v in x {
        *v *= scale;
    }
    true
}

/// Mean 0, variance 1, then weight and bias.
pub fn layer_norm(x: &[f32; DIM], weight: &[f32; DIM], bias: &[f32; DIM], out: &mut [f32; DIM]) {
    let mean = reduce(x, |v| v) / DIM as f32;
    let variance = reduce(x, |v| (v - mean) * (v - mean)) / DIM as f32;
    let scale = 1.0 / (variance + 1e-5).sqrt();
    for k in 0..DIM {
        out[k] = (x[k] - mean) * scale * weight[k] + bias[k];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bits(all: &[f32]) -> Vec<u32> {
        all.iter().map(|it| it.to_bits()).collect()
    }

    proptest! {
        #[test]
        fn what_this_processor_runs_gives_the_bits_of_any_other(
            inputs in proptest::collection::vec(-3f32..3.0, 3 * GROUP * DIM),
            numbers in proptest::collection::vec(-2f32..2.0, DIM * 64),
            table in proptest::collection::vec(any::<u8>(), DIM * 3),
        ) {
            let matrix = Matrix::new(&numbers, &numbers[..64]);
            let (mut one, mut other) = (vec![0.0; 3 * GROUP * 64], vec![0.0; 3 * GROUP * 64]);
            multiply_body(&matrix, &inputs, &mut other);
            // What one processor runs, no other does.
            for multiply in [multiply, #[cfg(target_arch = "x86_64")] multiply_widest] {
                one.fill(0.0);
                multiply(&matrix, &inputs, &mut one);
                prop_assert_eq!(bits(&one), bits(&other));
            }
            gelu(&mut one);
            gelu_body(&mut other);
            prop_assert_eq!(bits(&one), bits(&other));
            let rows = [(2, inputs[0]), (0, inputs[1]), (9, 1.0)];
            let (mut one, mut other) = ([0.5; DIM], [0.5; DIM]);
            add_rows(&table, &rows, &mut one);
            add_rows_body(&table, &rows, &mut other);
            prop_assert_eq!(bits(&one), bits(&other));
        }
    }
}
