//! The symbols' columns, their order by name and the names that are declared. Invariant: both a build and a merge lay them
//! out here. Must not know where rows come from.

use crate::facts::{SymbolKind, last_part};
use crate::index::bits::put_column;
use crate::index::names::letter_mask;
use crate::index::sections::*;
use crate::index::source::Section;

/// Appends the sections of all symbols. `column` gives one column for all of them in order; `texts` says all names, ascending.
pub fn put_symbols<T: AsRef<[u8]>>(column: &dyn Fn(usize) -> Vec<u64>, texts: &[T], out: &mut Vec<Section>) {
    let names = column(symbol::NAME);
    let mut bytes = Vec::new();
    put_column(&mut bytes, names.iter().copied());
    for it in symbol::KIND..symbol::BY_NAME {
        put_column(&mut bytes, column(it).into_iter());
    }
    let again = by_last_part(&names, &column(symbol::KIND), texts);
    // Behind the symbols those that stand in the order a second time.
    let place = |at: u32| match (at as usize).checked_sub(names.len()) {
        None => (names[at as usize], at),
        Some(at) => again[at],
    };
    let mut by_name: Vec<u32> = (0..(names.len() + again.len()) as u32).collect();
    by_name.sort_unstable_by_key(|&at| place(at));
    put_column(&mut bytes, by_name.iter().map(|&it| u64::from(place(it).1)));
    out.push(Section { id: SYMBOLS, bytes });
    let (mut declared, mut starts, mut masks) = (Vec::new(), Vec::new(), Vec::new());
    for (at, &symbol) in by_name.iter().enumerate() {
        let name = place(symbol).0;
        if declared.last() != Some(&name) {
            declared.push(name);
            starts.push(at as u64);
            masks.extend(letter_mask(text(texts, name)).to_le_bytes());
        }
    }
    starts.push(by_name.len() as u64);
    let mut bytes = Vec::new();
    put_column(&mut bytes, declared.into_iter());
    put_column(&mut bytes, starts.into_iter());
    out.push(Section { id: DECLARED, bytes });
    out.push(Section { id: MASKS, bytes: masks });
}

fn text<T: AsRef<[u8]>>(texts: &[T], name: u64) -> &[u8] {
    texts.get(name as usize).map_or(&[], AsRef::as_ref)
}

/// Modules and types with a path for a name, and the number of its last part.
fn by_last_part<T: AsRef<[u8]>>(names: &[u64], kinds: &[u64], texts: &[T]) -> Vec<(u64, u32)> {
    let last = |at: usize| {
        let kind = SymbolKind::from_number(kinds[at] as u8)?;
        let last = last_part(kind, std::str::from_utf8(text(texts, names[at])).ok()?)?;
        let rank = texts.binary_search_by(|it| it.as_ref().cmp(last.as_bytes())).ok()?;
        Some((rank as u64, at as u32))
    };
    (0..names.len()).filter_map(last).collect()
}
