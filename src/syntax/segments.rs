//! Where a large file is cut. Invariant: segments tile the text in order; a cut stands at the start of a line.
//! Must not know what is found in a segment.

use tree_sitter::Tree;

use super::languages::Lang;
use crate::base::span::Span;

/// Where the segments of a whole text lie: in order, without gaps; none for an empty text.
pub fn cut(lang: Lang, _tree: &Tree, text: &str) -> Vec<Span> {
    if text.len() <= lang.row().segment_size {
        return if text.is_empty() { Vec::new() } else { vec![Span::new(0, text.len() as u32)] };
    }
    by_lines(text, lang.row().segment_size)
}

/// Segments of about `size` bytes that end where a line ends, or at a character border where no line does.
pub fn by_lines(text: &str, size: usize) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let mut end = (start + size.max(16)).min(bytes.len());
        if end < bytes.len() {
            end = match memchr::memrchr(b'\n', &bytes[start..end]) {
                Some(newline) => start + newline + 1,
                None => super::extract::floor(text, end),
            };
        }
        out.push(Span::new(start as u32, end as u32));
        start = end;
    }
    out
}
