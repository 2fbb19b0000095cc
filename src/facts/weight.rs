//! How much memory facts take, as the allocator counts it. Invariant: within a few percent of what it hands out. Must not
//! know who asks.

use std::mem::size_of;

use super::{Facts, Names};

/// What an allocation of so many bytes takes: allocators hand out sizes in steps of a quarter of a power of two.
pub fn allocated(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=64 => bytes.next_multiple_of(16),
        _ => bytes.next_multiple_of((1usize << bytes.ilog2()) / 4),
    }
}

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
    fn heap_size(&self) -> usize {
        allocated(self.text.capacity()) + table(&self.ends) + table(&self.places)
    }
}

#[cfg(test)]
mod tests {
    use super::allocated;

    #[test]
    fn sizes_are_those_of_the_allocator() {
        for (wanted, given) in
            [(0, 0), (1, 16), (16, 16), (17, 32), (64, 64), (65, 80), (80, 80), (129, 160), (1025, 1280)]
        {
            assert_eq!(allocated(wanted), given, "{wanted}");
        }
    }
}
