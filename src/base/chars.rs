//! Cutting text at a character's border. Invariant: never in the middle of a character. Must not know what a text is.

/// The largest border of a character at or before `at`; the end of the text where `at` lies beyond it.
pub fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::floor;

    #[test]
    fn cuts_stand_between_characters() {
        let text = "a\u{e9}\u{1f9ed}";
        assert_eq!((0..9).map(|at| floor(text, at)).collect::<Vec<_>>(), [0, 1, 1, 3, 3, 3, 3, 7, 7]);
        assert_eq!(floor("", 3), 0);
    }
}
