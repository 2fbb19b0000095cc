//! How much memory facts take, as the allocator counts it. Invariant: within a few percent of what it hands out once names
//! have been looked for in them, and no less before. Must not know who asks.

use std::mem::size_of;

use super::{Facts, Names};
use crate::base::os::allocator::allocated;

fn table<T>(it: &Vec<T>) -> usize {
    allocated(it.capacity() * size_of::<T>())
}

impl Facts {
    /// Bytes of memory that an `Arc` of these facts takes.
    pub fn heap_size(&self) -> usize {
        allocated(size_of::<Self>() + 16)
            + self.names.heap_size()
            + table(&self.symbols)
            + table(&self.references)
            + table(&self.scopes)
            + table(&self.imports)
            + table(&self.types)
            + table(&self.problems)
            + table(&self.passages)
            + self.passages.iter().map(|it| table(&it.terms)).sum::<usize>()
            + table(&self.lines.starts)
            + table(&self.lines.wide)
    }
}

impl Names {
    /// With the places of its strings, which may be made at any time.
    fn heap_size(&self) -> usize {
        allocated(self.text.capacity()) + table(&self.ends) + allocated(self.room() * size_of::<u32>())
    }
}
