//! Columns of numbers packed to the width of their widest value, read in place. Invariant: reading outside a column, or a
//! column whose header lies, gives zero, never a panic. Must not know what the numbers mean.

use super::source::Bytes;

const HEADER: usize = 16;

/// Appends a column of `values` to `out`, at a multiple of 8 bytes: length, width, base, then the packed differences to
/// the base.
pub fn put_column(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = u64> + Clone) {
    while !out.len().is_multiple_of(8) {
        out.push(0);
    }
    let base = values.clone().min().unwrap_or(0);
    let widest = values.clone().max().unwrap_or(0) - base;
    let width = 64 - widest.leading_zeros();
    out.extend_from_slice(&(values.len() as u32).to_le_bytes());
    out.extend_from_slice(&width.to_le_bytes());
    out.extend_from_slice(&base.to_le_bytes());
    let (mut word, mut filled) = (0u128, 0u32);
    for value in values {
        word |= u128::from(value - base) << filled;
        filled += width;
        while filled >= 8 {
            out.push(word as u8);
            word >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push(word as u8);
    }
    // A value is read as sixteen bytes at once.
    out.extend_from_slice(&[0; 16]);
}

/// Where a column lies in a section.
#[derive(Clone, Copy, Debug, Default)]
pub struct Column {
    start: usize,
    len: usize,
    width: u32,
    base: u64,
}

impl Column {
    /// Reads the header at `*at` and moves `*at` behind the column. `None` where the section is too short for it.
    pub fn parse(bytes: &[u8], at: &mut usize) -> Option<Self> {
        let head = at.checked_next_multiple_of(8)?;
        let header = bytes.get(head..head.checked_add(HEADER)?)?;
        let len = u32::from_le_bytes(header[0..4].try_into().ok()?) as usize;
        let width = u32::from_le_bytes(header[4..8].try_into().ok()?);
        let base = u64::from_le_bytes(header[8..16].try_into().ok()?);
        let start = head + HEADER;
        let end = start.checked_add((len * width as usize).div_ceil(8))?.checked_add(16)?;
        if width > 64 || end > bytes.len() {
            return None;
        }
        *at = end;
        Some(Self { start, len, width, base })
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value at `at` of the section `bytes` that the column was parsed from; zero outside.
    #[inline]
    pub fn get(&self, bytes: &[u8], at: usize) -> u64 {
        if at >= self.len {
            return 0;
        }
        let bit = at * self.width as usize;
        let from = self.start + bit / 8;
        if self.width > 56 {
            let Some(word) = bytes.get(from..from + 16).and_then(|it| <[u8; 16]>::try_from(it).ok()) else { return 0 };
            let word = u128::from_le_bytes(word) >> (bit % 8);
            return self.base.wrapping_add(word as u64 & (u64::MAX >> (64 - self.width)));
        }
        let Some(word) = bytes.get(from..from + 8).and_then(|it| <[u8; 8]>::try_from(it).ok()) else { return 0 };
        let word = u64::from_le_bytes(word) >> (bit % 8);
        self.base.wrapping_add(word & ((1u64 << self.width) - 1))
    }

    /// All values in order.
    pub fn iter<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = u64> + 'a {
        (0..self.len).map(move |at| self.get(bytes, at))
    }
}

/// A section that is a list of columns. Getters take the column's number.
#[derive(Clone)]
pub struct Table {
    bytes: Bytes,
    columns: Box<[Column]>,
}

impl Table {
    /// The first `count` columns of a section.
    pub fn parse(bytes: Bytes, count: usize) -> Option<Self> {
        let mut at = 0;
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            columns.push(Column::parse((*bytes).as_ref(), &mut at)?);
        }
        Some(Self { bytes, columns: columns.into() })
    }

    #[inline]
    pub fn get(&self, column: usize, at: usize) -> u64 {
        self.columns.get(column).map_or(0, |it| it.get((*self.bytes).as_ref(), at))
    }

    /// As [`Table::get`], for numbers of 32 bits.
    #[inline]
    pub fn get32(&self, column: usize, at: usize) -> u32 {
        self.get(column, at) as u32
    }

    /// Length of a column.
    pub fn len(&self, column: usize) -> usize {
        self.columns.get(column).map_or(0, Column::len)
    }

    /// A column with its bytes, for tight loops.
    pub fn column(&self, column: usize) -> (Column, &[u8]) {
        (self.columns.get(column).copied().unwrap_or_default(), (*self.bytes).as_ref())
    }

    /// The range `[get(at), get(at + 1))` of a column of starts; empty where it is not ascending.
    pub fn range(&self, column: usize, at: usize) -> std::ops::Range<usize> {
        let (start, end) = (self.get(column, at) as usize, self.get(column, at + 1) as usize);
        start..end.max(start)
    }
}

/// The first position in `range` for which `is_before` no longer holds; what it holds for comes first.
pub fn partition(range: std::ops::Range<usize>, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    pub fn set(&mut self, at: usize) {
        if self.words.len() <= at / 64 {
            self.words.resize(at / 64 + 1, 0);
        }
        self.words[at / 64] |= 1 << (at % 64);
    }

    /// Sets all of a range.
    pub fn set_all(&mut self, range: std::ops::Range<usize>) {
        if range.is_empty() {
            return;
        }
        let (first, last) = (range.start / 64, (range.end - 1) / 64);
        if self.words.len() <= last {
            self.words.resize(last + 1, 0);
        }
        for at in first..=last {
            let from = if at == first { range.start % 64 } else { 0 };
            let upto = if at == last { (range.end - 1) % 64 } else { 63 };
            self.words[at] |= u64::MAX << from & u64::MAX >> (63 - upto);
        }
    }

    pub fn clear(&mut self, at: usize) {
        if let Some(word) = self.words.get_mut(at / 64) {
            *word &= !(1 << (at % 64));
        }
    }

    #[inline]
    pub fn has(&self, at: usize) -> bool {
        self.words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// How many below `end` are in it.
    pub fn count(&self, end: usize) -> usize {
        let whole = self.words.iter().take(end / 64).map(|it| it.count_ones() as usize).sum::<usize>();
        let rest = self.words.get(end / 64).map_or(0, |it| it & ((1 << (end % 64)) - 1));
        whole + rest.count_ones() as usize
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Whether all of `other` are in this one.
    pub fn covers(&self, other: &Self) -> bool {
        let here = self.words.iter().copied().chain(std::iter::repeat(0));
        other.words.iter().zip(here).all(|(theirs, ours)| theirs & !ours == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #[test]
        fn columns_come_back(values in proptest::collection::vec(any::<u64>(), 0..200), shift in 0u32..64) {
            let values: Vec<u64> = values.into_iter().map(|it| it >> shift).collect();
            let mut out = vec![7; 3];
            put_column(&mut out, values.iter().copied());
            put_column(&mut out, [5u64, 5].into_iter());
            let mut at = 3;
            let column = Column::parse(&out, &mut at).unwrap();
            prop_assert_eq!(column.iter(&out).collect::<Vec<_>>(), values);
            let second = Column::parse(&out, &mut at).unwrap();
            prop_assert_eq!((second.get(&out, 1), second.get(&out, 2)), (5, 0));
        }

        #[test]
        fn ranges_are_set_as_bits_are(start in 0usize..200, length in 0usize..200, probe in 0usize..500) {
            let (mut ranges, mut bits) = (BitSet::default(), BitSet::default());
            ranges.set_all(start..start + length);
            (start..start + length).for_each(|at| bits.set(at));
            prop_assert_eq!(ranges.has(probe), bits.has(probe));
            prop_assert_eq!(ranges.count(probe), (0..probe).filter(|&at| bits.has(at)).count());
            prop_assert_eq!(ranges, bits);
        }

        #[test]
        fn foreign_tables_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(table) = Table::parse(Arc::new(bytes), 2) {
                table.get(1, 3);
                table.range(0, usize::MAX - 1);
            }
        }
    }
}
