//! How far two words are from each other. Invariant: no allocation; what lies behind [`LONGEST`] is not compared. Must not know
//! what the words are for.

/// Letters of a word that are compared.
pub const LONGEST: usize = 64;

/// Letters that must be put in, taken out, replaced, or swapped with the next, to make one of the other.
pub fn edits<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut rows = [[0usize; LONGEST + 1]; 3];
    let (a, b) = (&a[..a.len().min(LONGEST)], &b[..b.len().min(LONGEST)]);
    for (at, it) in rows[1].iter_mut().enumerate() {
        *it = at;
    }
    for i in 1..=a.len() {
        rows[2][0] = i;
        for j in 1..=b.len() {
            let mut least =
                (rows[1][j] + 1).min(rows[2][j - 1] + 1).min(rows[1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = least;
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::edits;

    #[test]
    fn edits_count_letters() {
        let check = |a: &str, b: &str, want| assert_eq!((edits(a.as_bytes(), b.as_bytes()), a, b), (want, a, b));
        check("build", "build", 0);
        check("bulid", "build", 1);
        check("registeri", "registri", 1);
        check("polci", "polici", 1);
        check("kompress", "compress", 1);
        check("", "abc", 3);
        check("abc", "xyz", 3);
    }
}
