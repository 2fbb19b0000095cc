//! From what a model gives for each token, or for the text, to one vector of length one. Invariant: a vector is finite and
//! of length one, or it is refused with the reason. Must not know what runs the model.

use super::folder::Pooling;

/// Pools one text: `hidden` holds `mask.len()` rows of `width` numbers. The first `skipped` tokens do not count.
pub fn pool(pooling: Pooling, hidden: &[f32], mask: &[i64], width: usize, skipped: usize) -> Vec<f32> {
    let mut out = vec![0f32; width];
    let rows = || hidden.chunks_exact(width.max(1)).zip(mask).enumerate().filter(|(_, (_, on))| **on != 0);
    let counted = rows().map(|(at, (row, _))| (at, row)).skip(skipped);
    match pooling {
        Pooling::First => {
            let first = rows().next();
            first.into_iter().for_each(|(_, (row, _))| out.copy_from_slice(row));
        }
        Pooling::Last => {
            counted.last().into_iter().for_each(|(_, row)| out.copy_from_slice(row));
        }
        Pooling::Max => {
            let mut any = false;
            for (_, row) in counted {
                for (x, y) in out.iter_mut().zip(row) {
                    *x = if any { x.max(*y) } else { *y };
                }
                any = true;
            }
        }
        // The sum points the same way as the mean.
        Pooling::Mean => counted.for_each(|(_, row)| add(&mut out, row, 1.0)),
        Pooling::Weighted => counted.for_each(|(at, row)| add(&mut out, row, at as f32 + 1.0)),
    }
    out
}

fn add(out: &mut [f32], row: &[f32], weight: f32) {
    for (x, y) in out.iter_mut().zip(row) {
        *x += y * weight;
    }
}

/// Gives the vector length one.
///
/// # Errors
/// It has none, or holds what is no number.
pub fn unit(vector: &mut [f32]) -> Result<(), &'static str> {
    if !vector.iter().all(|it| it.is_finite()) {
        return Err("the model gives what is no number (NaN or infinity)");
    }
    let widest = vector.iter().fold(0f32, |most, it| most.max(it.abs()));
    if widest == 0.0 {
        return Err("the model gives a vector of zeros");
    }
    // Scaled first: squares of large numbers would be infinite, of small ones zero.
    let norm = widest * vector.iter().map(|it| (it / widest) * (it / widest)).sum::<f32>().sqrt();
    if !norm.is_finite() {
        return Err("the model gives numbers that are too large");
    }
    vector.iter_mut().for_each(|it| *it /= norm);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pooling_takes_what_it_should() {
        // Four tokens of two numbers; the last is padding.
        let hidden = [1.0, 0.0, 3.0, -2.0, 5.0, 4.0, 99.0, 99.0];
        let mask = [1, 1, 1, 0];
        let of = |pooling, skipped| pool(pooling, &hidden, &mask, 2, skipped);
        assert_eq!(of(Pooling::First, 0), [1.0, 0.0]);
        assert_eq!(of(Pooling::Last, 0), [5.0, 4.0]);
        assert_eq!(of(Pooling::Mean, 0), [9.0, 2.0]);
        assert_eq!(of(Pooling::Max, 0), [5.0, 4.0]);
        assert_eq!(of(Pooling::Weighted, 0), [1.0 + 6.0 + 15.0, -4.0 + 12.0]);
        assert_eq!(of(Pooling::Mean, 1), [8.0, 2.0]);
        // Padding on the left, as of models whose last token counts.
        assert_eq!(pool(Pooling::First, &hidden, &[0, 1, 1, 1], 2, 0), [3.0, -2.0]);
        assert_eq!(pool(Pooling::Mean, &hidden, &[0, 0, 0, 0], 2, 0), [0.0, 0.0]);
        assert_eq!(pool(Pooling::Max, &[-1.0, -2.0], &[1], 2, 0), [-1.0, -2.0]);
    }

    #[test]
    fn only_vectors_of_length_one_pass() {
        let mut vector = [3.0, 4.0];
        unit(&mut vector).unwrap();
        assert_eq!(vector, [0.6, 0.8]);
        let mut large = [f32::MAX, f32::MAX];
        assert!(unit(&mut large).is_err() || (large[0] - 0.707).abs() < 1e-3);
        let mut small = [1e-30, 0.0];
        unit(&mut small).unwrap();
        assert_eq!(small, [1.0, 0.0]);
        assert!(unit(&mut [0.0, 0.0]).unwrap_err().contains("zeros"));
        assert!(unit(&mut []).unwrap_err().contains("zeros"));
        assert!(unit(&mut [f32::NAN, 1.0]).unwrap_err().contains("NaN"));
        assert!(unit(&mut [f32::INFINITY, 1.0]).unwrap_err().contains("NaN"));
    }
}
