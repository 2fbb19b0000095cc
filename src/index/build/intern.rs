//! Strings to small numbers while a pack is made. Invariant: equal strings, equal number; numbers count up from zero.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A quick hash for short strings that come from our own extraction; the maps live only while a pack is made.
#[derive(Clone, Copy, Default)]
pub struct QuickHasher(u64);

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxhash_rust::xxh3::xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u8(&mut self, value: u8) {
        self.0 = self.0.rotate_left(5) ^ u64::from(value);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Distinct strings with numbers.
#[derive(Default)]
pub struct Interner {
    numbers: HashMap<Box<str>, u32, BuildHasherDefault<QuickHasher>>,
}

impl Interner {
    /// The number of `text`, a new one if it is new.
    pub fn intern(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(text.into(), number);
        number
    }

    /// All strings in ascending order, and for each number its position in that order.
    pub fn sorted(self) -> (Vec<Box<str>>, Vec<u32>) {
        let mut all: Vec<(Box<str>, u32)> = self.numbers.into_iter().collect();
        all.sort_unstable();
        let mut ranks = vec![0; all.len()];
        for (rank, (_, number)) in all.iter().enumerate() {
            ranks[*number as usize] = rank as u32;
        }
        (all.into_iter().map(|(text, _)| text).collect(), ranks)
    }
}
