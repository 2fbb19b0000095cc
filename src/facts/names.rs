//! Interned strings of one segment. Invariant: an index is valid for the table that gave it; equal strings, equal index.

use std::sync::OnceLock;

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
    /// Open addressing: index + 1 of a string, 0 for an empty place; a power of two, at most half full. Made when a string
    /// is first looked for: of most tables that are read none is.
    places: OnceLock<Vec<u32>>,
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
    /// Of strings that the caller knows to be distinct; none where they are no UTF-8, or too long.
    pub fn of_distinct(all: &[&[u8]]) -> Option<Self> {
        // All at once: most are shorter than a check of their own takes.
        let text = String::from_utf8(all.concat()).ok()?;
        let mut end = u32::try_from(text.len()).map(|_| 0).ok()?;
        let after = |it: &&[u8]| {
            end += it.len() as u32;
            end
        };
        let ends: Vec<u32> = all.iter().map(after).collect();
        let is_sound = ends.iter().all(|&end| text.is_char_boundary(end as usize));
        is_sound.then(|| Self { text, ends, places: OnceLock::new() })
    }

    /// The index of `name`, added if it is new.
    pub fn intern(&mut self, name: &str) -> NameIx {
        if self.places.get().is_none_or(|it| self.room() > it.len()) {
            self.places = OnceLock::from(self.placed());
        }
        match self.find(name) {
            Ok(ix) => ix,
            Err(place) => {
                let ix = NameIx(self.ends.len() as u32);
                self.text.push_str(name);
                self.ends.push(self.text.len() as u32);
                if let Some(places) = self.places.get_mut() {
                    places[place] = ix.0 + 1;
                }
                ix
            }
        }
    }

    /// The index of `name` where the table has it.
    pub fn lookup(&self, name: &str) -> Option<NameIx> {
        self.find(name).ok()
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
        let places = self.places.get_or_init(|| self.placed());
        let mask = places.len() - 1;
        let mut place = xxh3_64(name.as_bytes()) as usize & mask;
        loop {
            match places[place] {
                0 => return Err(place),
                found if self.get(NameIx(found - 1)) == name => return Ok(NameIx(found - 1)),
                _ => place = (place + 1) & mask,
            }
        }
    }

    /// Places for all and one more.
    pub(super) fn room(&self) -> usize {
        ((self.ends.len() + 1) * 2).next_power_of_two().max(64)
    }

    fn placed(&self) -> Vec<u32> {
        let size = self.room();
        let mut places = vec![0; size];
        for ix in 0..self.ends.len() as u32 {
            let mut place = xxh3_64(self.get(NameIx(ix)).as_bytes()) as usize & (size - 1);
            while places[place] != 0 {
                place = (place + 1) & (size - 1);
            }
            places[place] = ix + 1;
        }
        places
    }
}
