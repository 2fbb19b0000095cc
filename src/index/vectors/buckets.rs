//! Where in an ordered column of keys those with a given beginning stand: a question about a key that is not there (most
//! are, asked of pack after pack) touches one line of memory. Invariant: whatever the bytes, ranges lie within the column;
//! keys out of order are only not found. Must not know what the keys name.

use crate::base::hash::Key;
use std::ops::Range;

/// Keys of one bucket, on average.
const EACH: usize = 8;

/// Starts of the buckets.
pub struct Buckets {
    starts: Vec<u32>,
    /// Bits of a key's beginning that are not part of its bucket's number.
    shift: u32,
}

fn beginning(key: &[u8]) -> u32 {
    key.first_chunk().map_or(0, |it| u32::from_be_bytes(*it))
}

impl Buckets {
    /// Of a column of 16-byte keys in ascending order.
    pub fn of(keys: &[u8]) -> Self {
        let keys = keys.as_chunks::<16>().0;
        let bits = (keys.len() / EACH).checked_ilog2().unwrap_or(0).min(24);
        let shift = 32 - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (at, key) in keys.iter().enumerate() {
            let bucket = u64::from(beginning(key)) >> shift;
            while starts.len() as u64 <= bucket {
                starts.push(at as u32);
            }
        }
        starts.resize((1 << bits) + 1, keys.len() as u32);
        Self { starts, shift }
    }

    /// The ordinals among which `key` stands if it is there.
    pub fn range(&self, key: Key) -> Range<usize> {
        let bucket = (u64::from(beginning(&key.0)) >> self.shift) as usize;
        let start = |at: usize| self.starts.get(at).map_or(0, |it| *it as usize);
        start(bucket)..start(bucket + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_stands_in_its_range_and_foreign_bytes_do_no_harm() {
        for count in [0usize, 1, 7, 100, 5_000] {
            let mut keys: Vec<Key> = (0..count).map(|it| Key::of("test", &[&it.to_le_bytes()])).collect();
            keys.sort_unstable();
            let column: Vec<u8> = keys.iter().flat_map(|it| it.0).collect();
            let buckets = Buckets::of(&column);
            for (at, key) in keys.iter().enumerate() {
                let range = buckets.range(*key);
                assert!(range.contains(&at) && range.len() < 64.max(count / 16), "{at} of {count}: {range:?}");
            }
            let mut column = column;
            column.reverse();
            let buckets = Buckets::of(&column);
            assert!(keys.iter().all(|it| buckets.range(*it).end <= count));
        }
    }
}
