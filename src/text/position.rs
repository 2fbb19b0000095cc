//! Positions of the protocol against byte offsets of a rope. Invariant: every position of whatever size gives a valid
//! offset: lines past the end mean the end of the text, columns past the end of a line its end (before the line break),
//! and a column inside a character (half of a surrogate pair) the start of that character.

use ropey::{Rope, RopeSlice};

/// The unit in which a client counts columns; agreed once, at initialisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    Utf8,
    /// What the protocol assumes where nothing was agreed.
    #[default]
    Utf16,
    Utf32,
}

/// Zero-based line, and column in units of an [`Encoding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: u32,
    pub character: u32,
}

/// Half-open range of positions; a reversed one is read as if its ends were swapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Range {
    pub start: Position,
    pub end: Position,
}

impl Position {
    pub fn new(line: u32, character: u32) -> Self {
        Self { line, character }
    }
}

impl Encoding {
    /// Units that `c` takes.
    pub fn units(self, c: char) -> u32 {
        match self {
            Encoding::Utf8 => c.len_utf8() as u32,
            Encoding::Utf16 => c.len_utf16() as u32,
            Encoding::Utf32 => 1,
        }
    }
}

/// Byte offset of a position.
pub fn to_byte(rope: &Rope, position: Position, encoding: Encoding) -> usize {
    let line = position.line as usize;
    if line >= rope.len_lines() {
        return rope.len_bytes();
    }
    let start = rope.line_to_byte(line);
    let text = without_break(rope.line(line));
    let column = position.character as usize;
    let inside = match encoding {
        Encoding::Utf8 if column >= text.len_bytes() => text.len_bytes(),
        // Rounds down to the start of the character.
        Encoding::Utf8 => text.char_to_byte(text.byte_to_char(column)),
        Encoding::Utf16 if column >= text.len_utf16_cu() => text.len_bytes(),
        Encoding::Utf16 => text.char_to_byte(text.utf16_cu_to_char(column)),
        Encoding::Utf32 if column >= text.len_chars() => text.len_bytes(),
        Encoding::Utf32 => text.char_to_byte(column),
    };
    start + inside
}

/// Position of a byte offset; an offset past the end counts as the end, one inside a character as its start.
pub fn from_byte(rope: &Rope, offset: usize, encoding: Encoding) -> Position {
    let offset = offset.min(rope.len_bytes());
    let line = rope.byte_to_line(offset);
    let start = rope.line_to_byte(line);
    let text = rope.line(line);
    let char_in_line = text.byte_to_char(offset - start);
    let character = match encoding {
        Encoding::Utf8 => text.char_to_byte(char_in_line),
        Encoding::Utf16 => text.char_to_utf16_cu(char_in_line),
        Encoding::Utf32 => char_in_line,
    };
    Position::new(line as u32, character as u32)
}

fn without_break(line: RopeSlice<'_>) -> RopeSlice<'_> {
    let mut end = line.len_chars();
    if end > 0 && line.char(end - 1) == '\n' {
        end -= 1;
    }
    if end > 0 && line.char(end - 1) == '\r' {
        end -= 1;
    }
    line.slice(..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The model: lines by scanning, columns by adding units.
    fn naive(text: &str, position: Position, encoding: Encoding) -> usize {
        let mut starts = vec![0];
        let bytes = text.as_bytes();
        for (i, &b) in bytes.iter().enumerate() {
            if b == b'\n' || b == b'\r' && bytes.get(i + 1) != Some(&b'\n') {
                starts.push(i + 1);
            }
        }
        let Some(&start) = starts.get(position.line as usize) else { return text.len() };
        let end = starts.get(position.line as usize + 1).copied().unwrap_or(text.len());
        let line = text[start..end].trim_end_matches(['\r', '\n']);
        let mut column = 0;
        for (at, c) in line.char_indices() {
            if column + encoding.units(c) > position.character {
                return start + at;
            }
            column += encoding.units(c);
        }
        start + line.len()
    }

    fn encodings() -> impl Strategy<Value = Encoding> {
        prop_oneof![Just(Encoding::Utf8), Just(Encoding::Utf16), Just(Encoding::Utf32)]
    }

    proptest! {
        #[test]
        fn to_byte_equals_the_model(
            text in "[ab\r\né中🧭]{0,60}", line in 0u32..12, character in 0u32..24, encoding in encodings(),
        ) {
            let position = Position::new(line, character);
            prop_assert_eq!(to_byte(&Rope::from_str(&text), position, encoding), naive(&text, position, encoding));
        }

        #[test]
        fn from_byte_and_back(text in "[ab\r\né中🧭]{0,60}", at in 0usize..61, encoding in encodings()) {
            let rope = Rope::from_str(&text);
            let at = text.char_indices().map(|(i, _)| i).nth(at).unwrap_or(text.len());
            let position = from_byte(&rope, at, encoding);
            let back = to_byte(&rope, position, encoding);
            // Between \r and \n there is no position of its own: the end of the line stands for it.
            let between = text[..at].ends_with('\r') && text[at..].starts_with('\n');
            prop_assert_eq!(back, if between { at - 1 } else { at });
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_the_character_s_start() {
        let rope = Rope::from_str("a🧭b");
        assert_eq!(to_byte(&rope, Position::new(0, 2), Encoding::Utf16), 1);
        assert_eq!(to_byte(&rope, Position::new(0, 3), Encoding::Utf16), 5);
        assert_eq!(to_byte(&rope, Position::new(u32::MAX, u32::MAX), Encoding::Utf16), 6);
    }
}
