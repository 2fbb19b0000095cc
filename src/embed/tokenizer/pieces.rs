//! Words that are one piece of the vocabulary, by their letters: one look where a trie takes one a letter. Invariant:
//! immutable; finds exactly the words it was made of. Must not know texts.

/// Longest word that fits a key, in bytes.
pub const LONGEST: usize = 12;
/// The bits of a key.
const WORD: u128 = u128::MAX >> 32;

/// A table with open addressing, at least half of it free. What a look needs lies in one place: the key, and above it the id.
pub struct Pieces {
    slots: Vec<u128>,
    shift: u32,
}

/// A word of at most [`LONGEST`] bytes as a number; zero only without any.
pub fn key(word: &[u8]) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes[..LONGEST].get_mut(..word.len())?.copy_from_slice(word);
    Some(u128::from_le_bytes(bytes))
}

impl Pieces {
    /// Of words with their ids; those that are empty or too long for a key are left out. What comes first is found soonest.
    pub fn new<'a>(words: impl Iterator<Item = (&'a [u8], u32)>) -> Self {
        let words: Vec<(u128, u32)> = words.filter_map(|(word, id)| Some((key(word)?, id))).collect();
        let bits = (2 * words.len()).next_power_of_two().ilog2().max(4);
        let mut it = Self { slots: vec![0; 1 << bits], shift: 64 - bits };
        for (key, id) in words.into_iter().filter(|it| it.0 != 0) {
            let at = it.place(key);
            it.slots[at] = key | u128::from(id) << 96;
        }
        it
    }

    /// Where a key stands, or would.
    #[inline]
    fn place(&self, key: u128) -> usize {
        // Multiplied and folded, so that all letters reach the bits that count.
        let mixed = (key as u64 ^ ((key >> 64) as u64).rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut at = (mixed >> self.shift) as usize;
        while self.slots[at] & WORD != key && self.slots[at] != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        at
    }

    /// The id of a word, by its [`key`].
    #[inline]
    pub fn find(&self, key: u128) -> Option<u32> {
        let slot = self.slots[self.place(key)];
        (slot != 0).then_some((slot >> 96) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_and_others_are_not() {
        let words: Vec<String> =
            (0..5_000).map(|it| format!("w{it}")).chain(["a".into(), "twelveletter".into()]).collect();
        let pieces = Pieces::new(words.iter().zip(0..).map(|(word, id)| (word.as_bytes(), id)));
        let find = |word: &str| key(word.as_bytes()).and_then(|it| pieces.find(it));
        for (word, id) in words.iter().zip(0..) {
            assert_eq!(find(word), Some(id), "{word}");
        }
        for other in ["w5000", "w", "aa", "", "twelvelettert", "twelvelette"] {
            assert_eq!(find(other), None, "{other}");
        }
        assert_eq!(Pieces::new([(&b""[..], 3)].into_iter()).find(0), None);
    }
}
