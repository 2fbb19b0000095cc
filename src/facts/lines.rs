//! Where lines start and which characters are wide, so that a position in UTF-16 is made without reading a file.
//! Lines end as the LSP says: `\n`, `\r\n` or a lone `\r`. Invariant: `starts[0] == 0`, both tables ascend.

/// Line starts and non-ASCII characters of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineIndex {
    /// Byte offset of each line's first byte.
    pub starts: Vec<u32>,
    /// Every character of more than one byte.
    pub wide: Vec<WideChar>,
    /// Length of the text in bytes.
    pub len: u32,
}

/// One non-ASCII character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideChar {
    /// Byte offset of its first byte.
    pub offset: u32,
    /// 2, 3 or 4; in UTF-16 it takes two units where this is 4, else one.
    pub utf8_len: u8,
}

impl LineIndex {
    /// The index of `text`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut it = Self { starts: vec![0], wide: Vec::new(), len: bytes.len() as u32 };
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if byte == b'\n' || byte == b'\r' && bytes.get(at + 1) != Some(&b'\n') {
                it.starts.push(at as u32 + 1);
            } else if byte >= 0xC0 {
                let utf8_len = if byte >= 0xF0 {
                    4
                } else if byte >= 0xE0 {
                    3
                } else {
                    2
                };
                it.wide.push(WideChar { offset: at as u32, utf8_len });
                at += utf8_len as usize;
                continue;
            }
            at += 1;
        }
        it
    }

    /// Brings the index up to date after an edit that replaced the bytes `start..old_end` by `new_len` others; `after` is
    /// the whole text as it stands now.
    pub fn edit(&mut self, start: u32, old_end: u32, new_len: u32, after: &str) {
        let bytes = after.as_bytes();
        let new_end = start + new_len;
        let moved = |at: u32| at - old_end + new_end;
        // Whether a line starts at `p` depends on the bytes before and at `p`: so `start` itself is looked at again too.
        let first = start.max(1);
        let (from, to) = (self.starts.partition_point(|&s| s < first), self.starts.partition_point(|&s| s <= old_end));
        let to = to.max(from);
        self.starts[to..].iter_mut().for_each(|s| *s = moved(*s));
        let part = bytes.get(first as usize - 1..(new_end as usize).min(bytes.len())).unwrap_or_default();
        let fresh: Vec<u32> = (part.iter().zip(first..))
            .filter(|&(&b, p)| b == b'\n' || b == b'\r' && bytes.get(p as usize) != Some(&b'\n'))
            .map(|(_, p)| p)
            .collect();
        self.starts.splice(from..to, fresh);
        let (from, to) =
            (self.wide.partition_point(|w| w.offset < start), self.wide.partition_point(|w| w.offset < old_end));
        self.wide[to..].iter_mut().for_each(|w| w.offset = moved(w.offset));
        let inserted = after.get(start as usize..new_end as usize).unwrap_or_default();
        let fresh = inserted.char_indices().filter(|(_, c)| !c.is_ascii());
        let fresh = fresh.map(|(at, c)| WideChar { offset: start + at as u32, utf8_len: c.len_utf8() as u8 });
        self.wide.splice(from..to, fresh);
        self.len = after.len() as u32;
    }

    /// Zero-based line of a byte offset (offsets beyond the end count as the end).
    pub fn line_of(&self, offset: u32) -> u32 {
        (self.starts.partition_point(|&s| s <= offset.min(self.len)) as u32).saturating_sub(1)
    }

    /// Byte offset of the start of `line`; the text's length for lines beyond the last.
    pub fn line_start(&self, line: u32) -> u32 {
        self.starts.get(line as usize).copied().unwrap_or(self.len)
    }

    /// Zero-based line and column in UTF-16 units of a byte offset.
    pub fn utf16(&self, offset: u32) -> (u32, u32) {
        self.position(offset, |wide| if wide.utf8_len == 4 { 2 } else { 1 })
    }

    /// Zero-based line and column in UTF-32 units (characters) of a byte offset.
    pub fn utf32(&self, offset: u32) -> (u32, u32) {
        self.position(offset, |_| 1)
    }

    /// Zero-based line and column in bytes of a byte offset.
    pub fn utf8(&self, offset: u32) -> (u32, u32) {
        let offset = offset.min(self.len);
        let line = self.line_of(offset);
        (line, offset - self.line_start(line))
    }

    fn position(&self, offset: u32, units: impl Fn(&WideChar) -> u32) -> (u32, u32) {
        let (line, mut column) = self.utf8(offset);
        let start = self.line_start(line);
        let from = self.wide.partition_point(|w| w.offset < start);
        for wide in self.wide[from..].iter().take_while(|w| w.offset < offset) {
            column = column.saturating_sub(u32::from(wide.utf8_len) - units(wide));
        }
        (line, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_edited_index_equals_a_fresh_one(
            text in "[ab\r\né🧭]{0,40}",
            edits in prop::collection::vec((0usize..42, 0usize..8, "[a\r\né🧭]{0,6}"), 0..8),
        ) {
            let mut text = text;
            let mut index = LineIndex::new(&text);
            for (start, len, new) in edits {
                let ends: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
                let start_at = ends[start.min(ends.len() - 1)];
                let end_at = ends[(start + len).min(ends.len() - 1)].max(start_at);
                text.replace_range(start_at..end_at, &new);
                index.edit(start_at as u32, end_at as u32, new.len() as u32, &text);
                prop_assert_eq!(&index, &LineIndex::new(&text));
            }
        }
    }
}
