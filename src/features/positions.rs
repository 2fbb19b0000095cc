//! Byte offsets of a text against positions as editors count them, from its line index alone. Invariant: equal to what the
//! line index says, only faster for offsets that lie near one another.

use crate::facts::LineIndex;
use crate::text::{Encoding, Position};

/// Offsets to positions, for offsets that mostly lie near one another.
pub struct Places<'a> {
    lines: &'a LineIndex,
    encoding: Encoding,
    /// Line of the last offset.
    line: u32,
}

impl<'a> Places<'a> {
    pub fn new(lines: &'a LineIndex, encoding: Encoding) -> Self {
        Self { lines, encoding, line: 0 }
    }

    /// Line of the last offset: where the next one is looked for first.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Looks for the next offset near `line`.
    pub fn go_to(&mut self, line: u32) {
        self.line = line;
    }

    /// Position of a byte offset.
    pub fn of(&mut self, offset: u32) -> Position {
        let offset = offset.min(self.lines.len);
        let starts = &self.lines.starts;
        let mut line = self.line as usize;
        let near = (0..8).find_map(|step| {
            let at = line + step;
            let here = *starts.get(at)? <= offset && starts.get(at + 1).is_none_or(|&next| offset < next);
            here.then_some(at)
        });
        line = near.unwrap_or_else(|| self.lines.line_of(offset) as usize);
        self.line = line as u32;
        let start = starts.get(line).copied().unwrap_or(0);
        let mut column = offset - start;
        if self.encoding != Encoding::Utf8 && !self.lines.wide.is_empty() {
            let from = self.lines.wide.partition_point(|wide| wide.offset < start);
            for wide in self.lines.wide[from..].iter().take_while(|wide| wide.offset < offset) {
                let units = if self.encoding == Encoding::Utf16 && wide.utf8_len == 4 { 2 } else { 1 };
                column = column.saturating_sub(u32::from(wide.utf8_len) - units);
            }
        }
        Position::new(self.line, column)
    }

    /// Byte offset of a position; one past the end of its line is the end of the line with its break.
    pub fn byte_of(&self, position: Position) -> u32 {
        let lines = self.lines;
        let start = lines.line_start(position.line);
        let end = lines.line_start(position.line.saturating_add(1));
        let mut offset = start.saturating_add(position.character);
        if self.encoding != Encoding::Utf8 {
            let from = lines.wide.partition_point(|wide| wide.offset < start);
            for wide in &lines.wide[from..] {
                if wide.offset >= offset.min(end) {
                    break;
                }
                let units = if self.encoding == Encoding::Utf16 && wide.utf8_len == 4 { 2 } else { 1 };
                offset = offset.saturating_add(u32::from(wide.utf8_len) - units);
                // Half of a surrogate pair is its character's start.
                if offset < wide.offset + u32::from(wide.utf8_len) {
                    offset = wide.offset;
                }
            }
        }
        offset.min(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_equal_those_of_the_index(text in "[ab\r\né中🧭]{0,60}", offsets in prop::collection::vec(0usize..61, 1..10)) {
            let lines = LineIndex::new(&text);
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                let mut places = Places::new(&lines, encoding);
                for &offset in &offsets {
                    let at = text.char_indices().map(|(at, _)| at).nth(offset).unwrap_or(text.len()) as u32;
                    let (line, character) = match encoding {
                        Encoding::Utf8 => lines.utf8(at),
                        Encoding::Utf16 => lines.utf16(at),
                        Encoding::Utf32 => lines.utf32(at),
                    };
                    prop_assert_eq!(places.of(at), Position::new(line, character));
                    prop_assert_eq!(places.byte_of(Position::new(line, character)), at);
                }
            }
        }
    }
}
