//! Sorted tables of distinct byte strings, read in place. Invariant: strings ascend by their bytes; a table that lies gives
//! empty strings, never a panic. Must not know what the strings are.

use super::bits::{Column, partition, put_column};
use super::source::Bytes;
use crate::facts::codec::{Reader, put_varint};

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
    pub fn get(&self, at: usize) -> &[u8] {
        self.texts().get(at)
    }

    /// The table with its bytes, for tight loops.
    pub fn texts(&self) -> Texts<'_> {
        Texts { slice: (*self.bytes).as_ref(), ends: self.ends, start: self.start }
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
        let texts = self.texts();
        partition(0..self.len(), |at| texts.get(at) < wanted)
    }

    /// All strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|at| self.get(at))
    }
}

/// As [`Strings`], with the bytes at hand.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    slice: &'a [u8],
    ends: Column,
    start: usize,
}

impl<'a> Texts<'a> {
    /// No less than all strings have together, in bytes.
    pub fn size(&self) -> usize {
        self.slice.len()
    }

    /// The string at `at`; empty outside.
    #[inline]
    pub fn get(&self, at: usize) -> &'a [u8] {
        let (start, end) = (self.ends.get(self.slice, at) as usize, self.ends.get(self.slice, at + 1) as usize);
        self.slice.get(self.start.saturating_add(start)..self.start.saturating_add(end)).unwrap_or(&[])
    }
}

/// Strings that share one block: each but the first is told by what differs from the one before.
const BLOCK: usize = 16;

/// Appends a table of `all`, which must ascend, each string as what differs from the one before.
pub fn put_front_coded<'a>(out: &mut Vec<u8>, all: impl Iterator<Item = &'a [u8]>) {
    let mut coder = FrontCoder::default();
    all.for_each(|it| coder.push(it));
    coder.finish(out);
}

/// A front-coded table in the making.
#[derive(Default)]
pub struct FrontCoder {
    bytes: Vec<u8>,
    starts: Vec<u64>,
    last: Vec<u8>,
    count: u64,
}

impl FrontCoder {
    /// Adds a string that is greater than all before.
    pub fn push(&mut self, it: &[u8]) {
        let mut shared = 0;
        if self.count.is_multiple_of(BLOCK as u64) {
            self.starts.push(self.bytes.len() as u64);
        } else {
            shared = it.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        }
        put_varint(&mut self.bytes, shared as u64);
        put_varint(&mut self.bytes, (it.len() - shared) as u64);
        self.bytes.extend_from_slice(&it[shared..]);
        self.last.truncate(shared);
        self.last.extend_from_slice(&it[shared..]);
        self.count += 1;
    }

    /// Appends the table.
    pub fn finish(self, out: &mut Vec<u8>) {
        put_column(out, [self.count, self.bytes.len() as u64].into_iter());
        put_column(out, self.starts.into_iter());
        out.extend_from_slice(&self.bytes);
    }
}

/// A front-coded table in a section.
#[derive(Clone)]
pub struct FrontCoded {
    bytes: Bytes,
    blocks: Column,
    start: usize,
    count: usize,
}

impl FrontCoded {
    /// The table that fills a section.
    pub fn parse(bytes: Bytes) -> Option<Self> {
        let slice = (*bytes).as_ref();
        let mut at = 0;
        let head = Column::parse(slice, &mut at)?;
        let blocks = Column::parse(slice, &mut at)?;
        let count = head.get(slice, 0) as usize;
        let size = head.get(slice, 1) as usize;
        if blocks.len() != count.div_ceil(BLOCK) || slice.len() != at.checked_add(size)? {
            return None;
        }
        Some(Self { bytes, blocks, start: at, count })
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The position of `wanted`.
    pub fn find(&self, wanted: &[u8]) -> Option<usize> {
        // The last block whose first string is not greater.
        let begins_before = |block: usize| {
            let mut cursor = self.cursor_at(block);
            cursor.advance();
            cursor.text() <= wanted
        };
        let block = partition(0..self.blocks.len(), begins_before).checked_sub(1)?;
        let mut cursor = self.cursor_at(block);
        for at in block * BLOCK..((block + 1) * BLOCK).min(self.count) {
            if !cursor.advance() {
                return None;
            }
            if cursor.text() == wanted {
                return Some(at);
            }
        }
        None
    }

    /// A walk over all strings in order.
    pub fn cursor(&self) -> FrontCursor<'_> {
        self.cursor_at(0)
    }

    fn cursor_at(&self, block: usize) -> FrontCursor<'_> {
        let slice = (*self.bytes).as_ref();
        let from = if self.blocks.is_empty() { 0 } else { self.blocks.get(slice, block) as usize };
        FrontCursor {
            input: Reader::new(slice.get(self.start.saturating_add(from)..).unwrap_or(&[])),
            text: Vec::new(),
        }
    }
}

/// A walk over a front-coded table.
pub struct FrontCursor<'a> {
    input: Reader<'a>,
    text: Vec<u8>,
}

impl FrontCursor<'_> {
    /// Goes to the next string; false behind the last, or where the bytes make no sense.
    pub fn advance(&mut self) -> bool {
        let mut next = || {
            let (shared, rest) = (self.input.varint().ok()?, self.input.varint().ok()?);
            let rest = self.input.take(rest).ok()?;
            if shared > self.text.len() as u64 {
                return None;
            }
            self.text.truncate(shared as usize);
            self.text.extend_from_slice(rest);
            Some(())
        };
        next().is_some()
    }

    /// The string that the last `advance` went to.
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #[test]
        fn front_coded_strings_are_found(all in proptest::collection::btree_set("[a-c]{0,6}", 0..80), other in "[a-d]{0,6}") {
            let mut bytes = Vec::new();
            let list: Vec<&[u8]> = all.iter().map(|it| it.as_bytes()).collect();
            put_front_coded(&mut bytes, list.iter().copied());
            let table = FrontCoded::parse(Arc::new(bytes)).unwrap();
            for (at, it) in list.iter().enumerate() {
                prop_assert_eq!(table.find(it), Some(at));
            }
            prop_assert_eq!(table.find(other.as_bytes()).is_some(), all.contains(&other));
            let mut cursor = table.cursor();
            for it in &list {
                prop_assert!(cursor.advance());
                prop_assert_eq!(cursor.text(), *it);
            }
            prop_assert!(!cursor.advance());
        }

        #[test]
        fn foreign_strings_are_refused_or_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..60), base in any::<u64>()) {
            let mut built = Vec::new();
            // A column whose least value is anything.
            crate::index::bits::put_column(&mut built, [base, base.saturating_add(3)].into_iter());
            built.extend_from_slice(&bytes);
            for bytes in [bytes, built] {
                if let Some(table) = Strings::parse(Arc::new(bytes), &mut 0) {
                    prop_assert!((0..=table.len().min(99)).all(|at| table.get(at).len() <= 200));
                    table.find(b"abc");
                }
            }
        }

        #[test]
        fn foreign_tables_are_refused_or_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Some(table) = FrontCoded::parse(Arc::new(bytes)) {
                table.find(b"abc");
                let mut cursor = table.cursor();
                while cursor.advance() {}
            }
        }
    }
}
