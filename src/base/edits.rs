//! How far two words are from each other. Invariant: no allocation; what lies behind [`LONGEST`] is not compared. Must not know
//! what the words are for.

/// Letters of a word that are compared.
pub const LONGEST: usize = 64;

/// Letters that must be put in, taken out, replaced, or swapped with the next, to make one of the other.
pub fn edits<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let (a, b) = (&a[..a.len().min(LONGEST)], &b[..b.len().min(LONGEST)]);
    // Rows are exchanged, not moved: this is asked of every word of an index.
    let (mut rows, mut row, mut above, mut two_above) = ([[0u8; LONGEST + 1]; 3], 2, 1, 0);
    for (at, it) in rows[above].iter_mut().enumerate() {
        *it = at as u8;
    }
    for i in 1..=a.len() {
        rows[row][0] = i as u8;
        for j in 1..=b.len() {
            let replaced = rows[above][j - 1] + u8::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[above][j] + 1).min(rows[row][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[two_above][j - 2] + 1);
            }
            rows[row][j] = least;
        }
        (row, above, two_above) = (two_above, row, above);
    }
    usize::from(rows[above][b.len()])
}

/// The letters a to z that a word holds, a bit each; nothing where it holds anything else.
pub fn letters(word: &[u8]) -> Option<u32> {
    let bit = |it: &u8| it.is_ascii_alphabetic().then(|| 1 << (it.to_ascii_lowercase() - b'a'));
    word.iter().try_fold(0, |all, it| Some(all | bit(it)?))
}

/// Whether words of these letters may be so near to each other: an edit brings in at most one letter and takes out one.
pub fn may_be_near(a: u32, b: u32, edits: usize) -> bool {
    (a & !b).count_ones().max((b & !a).count_ones()) as usize <= edits
}

#[cfg(test)]
mod tests {
    use super::{edits, letters, may_be_near};
    use proptest::prelude::*;

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
        let long = "a".repeat(200);
        check(&long, "", 64);
        check(&long, &long, 0);
    }

    #[test]
    fn letters_are_of_the_alphabet_alone() {
        assert_eq!(letters(b"abba"), Some(0b11));
        assert_eq!(letters(b"aBc"), Some(0b111));
        assert_eq!(letters(b"a_b"), None);
        assert!(!may_be_near(0b11, 0b1100, 1) && !may_be_near(0b111, 0b1, 1) && may_be_near(0b11, 0b101, 1));
    }

    proptest! {
        #[test]
        fn letters_never_keep_out_what_is_near(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            let far = edits(a.as_bytes(), b.as_bytes());
            prop_assert!(may_be_near(letters(a.as_bytes()).unwrap(), letters(b.as_bytes()).unwrap(), far));
        }
    }
}
