//! Interned strings of one segment. Invariant: an index is valid for the table that gave it; equal strings, equal index.

use super::SymbolKind;
use xxhash_rust::xxh3::xxh3_64;

/// Index of a string in [`Names`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameIx(pub u32);

/// A table of distinct strings, kept in one buffer.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub(super) text: String,
    pub(super) ends: Vec<u32>,
    /// Open addressing: index + 1 of a string, 0 for an empty place; a power of two, at most half full.
    pub(super) places: Vec<u32>,
}

/// The last part of a module's or a type's name that is a path (`Outbox` of `Mail.Outbox`), by which it is found, too. Names
/// of namespaces and packages are none: every file of theirs declares them.
pub fn last_part(kind: SymbolKind, name: &str) -> Option<&str> {
    let is_own = kind == SymbolKind::Module || kind.has_members() && kind != SymbolKind::Implementation;
    let at = name.rfind(['.', ':', '\\']).filter(|_| is_own)? + 1;
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    let last = &name[at..];
    (at > 1 && !last.is_empty() && last.chars().all(is_part)).then_some(last)
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.ends == other.ends
    }
}

impl Names {
    /// None yet, with room for so many of so many bytes together.
    pub fn with_room(count: usize, bytes: usize) -> Self {
        let places = if count == 0 { 0 } else { ((count + 1) * 2).next_power_of_two().max(64) };
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(count), places: vec![0; places] }
    }

    /// The index of `name`, added if it is new.
    pub fn intern(&mut self, name: &str) -> NameIx {
        if (self.ends.len() + 1) * 2 > self.places.len() {
            self.grow();
        }
        match self.find(name) {
            Ok(ix) => ix,
            Err(place) => {
                let ix = NameIx(self.ends.len() as u32);
                self.text.push_str(name);
                self.ends.push(self.text.len() as u32);
                self.places[place] = ix.0 + 1;
                ix
            }
        }
    }

    /// The index of `name` where the table has it.
    pub fn lookup(&self, name: &str) -> Option<NameIx> {
        if self.places.is_empty() { None } else { self.find(name).ok() }
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

    /// The index of `name`, or the place where it belongs. The table is not full.
    fn find(&self, name: &str) -> Result<NameIx, usize> {
        let mask = self.places.len() - 1;
        let mut place = xxh3_64(name.as_bytes()) as usize & mask;
        loop {
            match self.places[place] {
                0 => return Err(place),
                found if self.get(NameIx(found - 1)) == name => return Ok(NameIx(found - 1)),
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(64);
        self.places = vec![0; size];
        for ix in 0..self.ends.len() as u32 {
            let mut place = xxh3_64(self.get(NameIx(ix)).as_bytes()) as usize & (size - 1);
            while self.places[place] != 0 {
                place = (place + 1) & (size - 1);
            }
            self.places[place] = ix + 1;
        }
    }
}
