//! What a parser reads instead of a text: in C and C++, macros that stand among specifiers (`FOO_API void f();`), alone on a
//! line (`FOO_BEGIN_NAMESPACE`) or behind a type (`int __init f(void)`) are read as blanks, and a macro that heads a block
//! (`for_each(x, y) {`) as a call that ends: a grammar without a preprocessor takes them for types and loses what follows.
//! Invariant: the length and all line ends stay; what a line becomes depends on it and on the last line before it that
//! holds anything. Must not know trees.

mod lines;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::languages::Lang;
use crate::base::span::Span;
use crate::text::ByteEdit;
use lines::Dialect;

/// The bytes to parse for `text`.
pub fn parse_input(lang: Lang, text: &str) -> Cow<'_, [u8]> {
    Blanked::of(lang, text).map_or(Cow::Borrowed(text.as_bytes()), |it| Cow::Owned(it.bytes))
}

/// The bytes to parse for a text that changes.
#[derive(Debug)]
pub struct Blanked {
    dialect: Dialect,
    bytes: Vec<u8>,
}

impl Blanked {
    /// None where the text itself is read, now and after every edit.
    pub fn of(lang: Lang, text: &str) -> Option<Self> {
        if !lang.row().blank_macros {
            return None;
        }
        let dialect = if lang.id() == "c" { Dialect::C } else { Dialect::Cpp };
        let mut it = Self { dialect, bytes: text.as_bytes().to_vec() };
        it.spell(text.as_bytes(), 0, text.len());
        Some(it)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Follows an edit that left `after`. What is read otherwise now, though it was not edited: the edit's lines and the
    /// next one that holds anything.
    pub fn edit(&mut self, edit: &ByteEdit, after: &str) -> Option<Span> {
        let text = after.as_bytes();
        let (start, new_end) = (edit.start as usize, edit.new_end() as usize);
        let old_end = edit.old_end as usize;
        let fits = start <= old_end && old_end <= self.bytes.len() && new_end <= text.len();
        if edit.whole || !fits || self.bytes.len() - old_end != text.len() - new_end {
            self.bytes = text.to_vec();
            self.spell(text, 0, text.len());
            return Some(Span::new(0, text.len() as u32));
        }
        self.bytes.splice(start..old_end, text[start..new_end].iter().copied());
        let from = memchr::memrchr(b'\n', &text[..start]).map_or(0, |at| at + 1);
        let mut to = line_end(text, new_end);
        while to < text.len() {
            let end = line_end(text, to + 1);
            let blank = text[to + 1..end].trim_ascii().is_empty();
            to = end;
            if !blank {
                break;
            }
        }
        let before = self.bytes[from..to].to_vec();
        self.bytes[from..to].copy_from_slice(&text[from..to]);
        self.spell(text, from, to);
        let differs = |at: &usize| (*at < start || *at >= new_end) && before[*at - from] != self.bytes[*at];
        let first = (from..to).find(differs)?;
        let last = (from..to).rfind(differs)?;
        Some(Span::new(first as u32, last as u32 + 1))
    }

    /// Spells the lines of `from..to`, which starts and ends where lines do.
    fn spell(&mut self, text: &[u8], from: usize, to: usize) {
        let mut before: &[u8] = b"";
        let mut at = from;
        while at > 0 && before.is_empty() {
            let start = memchr::memrchr(b'\n', &text[..at - 1]).map_or(0, |newline| newline + 1);
            before = text[start..at - 1].trim_ascii_end();
            at = start;
        }
        let mut start = from;
        while start < to {
            let end = line_end(text, start);
            let line = &text[start..end];
            lines::spell(self.dialect, line, before, |from, to, byte| self.bytes[start + from..start + to].fill(byte));
            if !line.trim_ascii().is_empty() {
                before = line.trim_ascii_end();
            }
            start = end + 1;
        }
    }
}

fn line_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |at| from + at)
}
