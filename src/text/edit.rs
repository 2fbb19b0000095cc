//! Edits as values: what a client sends (`Change`), and what the tree and the mirror texts get (`ByteEdit`).
//! Invariant: a `ByteEdit` counts on the text that the edits before it left, and its offsets are character boundaries.

use super::position::{Encoding, Range, to_byte};
use crate::base::chars::floor;
use ropey::Rope;

/// One element of a didChange: a range of the text that the elements before left, or the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// None: `text` replaces everything.
    pub range: Option<Range>,
    pub text: String,
}

/// Replacement of `start..old_end` (bytes) by `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteEdit {
    pub start: u32,
    pub old_end: u32,
    pub text: String,
    /// It replaces the whole text: nothing of the old tree is worth keeping.
    pub whole: bool,
}

impl ByteEdit {
    /// End of the new text.
    pub fn new_end(&self) -> u32 {
        self.start + self.text.len() as u32
    }

    /// The edit done to a contiguous text. Offsets that do not fit (a defect of the caller) are brought inside.
    pub fn apply_to(&self, text: &mut String) {
        let start = floor(text, self.start as usize);
        let end = floor(text, self.old_end as usize).max(start);
        text.replace_range(start..end, &self.text);
    }
}

/// Applies `change` to `rope`; the same edit in bytes.
pub fn apply(rope: &mut Rope, change: Change, encoding: Encoding) -> ByteEdit {
    let Some(range) = change.range else {
        let old_end = rope.len_bytes() as u32;
        *rope = Rope::from_str(&change.text);
        return ByteEdit { start: 0, old_end, text: change.text, whole: true };
    };
    let one = to_byte(rope, range.start, encoding);
    let other = if range.end == range.start { one } else { to_byte(rope, range.end, encoding) };
    let (start, end) = (one.min(other), one.max(other));
    let from = rope.byte_to_char(start);
    if end > start {
        rope.remove(from..rope.byte_to_char(end));
    }
    rope.insert(from, &change.text);
    ByteEdit { start: start as u32, old_end: end as u32, text: change.text, whole: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Position;
    use proptest::prelude::*;

    fn insertion(at: Position, text: &str) -> Change {
        Change { range: Some(Range { start: at, end: at }), text: text.to_owned() }
    }

    #[test]
    fn each_change_counts_on_what_the_one_before_left() {
        let mut rope = Rope::from_str("one\r\ntwo\n");
        let mut mirror = rope.to_string();
        for change in [
            insertion(Position::new(1, 0), "🧭\n"),
            insertion(Position::new(1, 2), "x"),
            Change { range: Some(Range { start: Position::new(2, 3), end: Position::new(0, 3) }), text: String::new() },
        ] {
            apply(&mut rope, change, Encoding::Utf16).apply_to(&mut mirror);
        }
        assert_eq!(rope.to_string(), "one\n");
        assert_eq!(mirror, "one\n");
    }

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        let position = || (0u32..6, 0u32..10).prop_map(|(line, character)| Position::new(line, character));
        let change = (prop::option::weighted(0.9, (position(), position())), "[a\r\né🧭]{0,6}")
            .prop_map(|(range, text)| Change { range: range.map(|(start, end)| Range { start, end }), text });
        prop::collection::vec(change, 0..12)
    }

    proptest! {
        #[test]
        fn rope_and_mirror_stay_equal(text in "[ab\r\né🧭]{0,40}", changes in changes()) {
            let mut rope = Rope::from_str(&text);
            let mut mirror = text;
            for change in changes {
                let edit = apply(&mut rope, change, Encoding::Utf16);
                prop_assert!(mirror.is_char_boundary(edit.start as usize) && mirror.is_char_boundary(edit.old_end as usize));
                edit.apply_to(&mut mirror);
                prop_assert_eq!(rope.to_string(), mirror.clone());
            }
        }
    }
}
