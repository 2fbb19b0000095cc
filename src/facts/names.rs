//! Interned strings of one segment. Invariant: an index is valid for the table that gave it; equal strings, equal index.

use std::collections::HashMap;

/// Index of a string in [`Names`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameIx(pub u32);

/// A table of distinct strings, kept in one buffer.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    ends: Vec<u32>,
    lookup: HashMap<Box<str>, NameIx>,
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.ends == other.ends
    }
}

impl Names {
    /// The index of `name`, added if it is new.
    pub fn intern(&mut self, name: &str) -> NameIx {
        if let Some(&ix) = self.lookup.get(name) {
            return ix;
        }
        let ix = NameIx(self.ends.len() as u32);
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
        self.lookup.insert(name.into(), ix);
        ix
    }

    /// The string at `ix`; empty for an index of another table.
    pub fn get(&self, ix: NameIx) -> &str {
        let at = ix.0 as usize;
        let Some(&end) = self.ends.get(at) else { return "" };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start as usize..end as usize]
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All strings with their indices, in order of first use.
    pub fn iter(&self) -> impl Iterator<Item = (NameIx, &str)> {
        (0..self.ends.len() as u32).map(|ix| (NameIx(ix), self.get(NameIx(ix))))
    }
}
