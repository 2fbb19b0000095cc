//! Sorted tables of distinct byte strings, read in place. Invariant: strings ascend by their bytes; a table that lies gives
//! empty strings, never a panic. Must not know what the strings are.

use super::bits::{Column, put_column};
use super::source::Bytes;

/// Appends a table of `all`, which must ascend.
pub fn put_strings<'a>(out: &mut Vec<u8>, all: impl ExactSizeIterator<Item = &'a [u8]> + Clone) {
    let mut end = 0u64;
    let ends: Vec<u64> = std::iter::once(0)
        .chain(all.clone().map(|it| {
            end += it.len() as u64;
            end
        }))
        .collect();
    put_column(out, ends.iter().copied());
    all.for_each(|it| out.extend_from_slice(it));
}

/// A table in a section.
#[derive(Clone)]
pub struct Strings {
    bytes: Bytes,
    ends: Column,
    start: usize,
}

impl Strings {
    /// The table that starts at `*at`; moves it behind the table.
    pub fn parse(bytes: Bytes, at: &mut usize) -> Option<Self> {
        let slice = (*bytes).as_ref();
        let ends = Column::parse(slice, at)?;
        let start = *at;
        let size = ends.get(slice, ends.len().checked_sub(1)?) as usize;
        *at = start.checked_add(size)?;
        if *at > slice.len() {
            return None;
        }
        Some(Self { bytes, ends, start })
    }

    pub fn len(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The string at `at`; empty outside.
    #[inline]
    pub fn get(&self, at: usize) -> &[u8] {
        let slice = (*self.bytes).as_ref();
        let (start, end) = (self.ends.get(slice, at) as usize, self.ends.get(slice, at + 1) as usize);
        slice.get(self.start + start..self.start + end).unwrap_or(&[])
    }

    /// The string at `at` as text; empty where it is no UTF-8.
    pub fn text(&self, at: usize) -> &str {
        std::str::from_utf8(self.get(at)).unwrap_or("")
    }

    /// The position of `wanted`.
    pub fn find(&self, wanted: &[u8]) -> Option<usize> {
        let at = self.lower_bound(wanted);
        (at < self.len() && self.get(at) == wanted).then_some(at)
    }

    /// The first position whose string is not less than `wanted`.
    pub fn lower_bound(&self, wanted: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle) < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// All strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|at| self.get(at))
    }
}
