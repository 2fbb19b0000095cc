//! The symbols' columns, their order by name and the names that are declared. Invariant: both a build and a merge lay them
//! out here. Must not know where rows come from.

use crate::index::bits::put_column;
use crate::index::names::letter_mask;
use crate::index::sections::*;
use crate::index::source::Section;

/// Appends the sections of all symbols. `column` gives one column for all of them in order; `text` the name of a rank.
pub fn put_symbols<'a>(column: &dyn Fn(usize) -> Vec<u64>, text: &dyn Fn(u64) -> &'a [u8], out: &mut Vec<Section>) {
    let names = column(symbol::NAME);
    let mut bytes = Vec::new();
    put_column(&mut bytes, names.iter().copied());
    for it in symbol::KIND..symbol::BY_NAME {
        put_column(&mut bytes, column(it).into_iter());
    }
    let mut by_name: Vec<u32> = (0..names.len() as u32).collect();
    by_name.sort_unstable_by_key(|&at| (names[at as usize], at));
    put_column(&mut bytes, by_name.iter().map(|&it| u64::from(it)));
    out.push(Section { id: SYMBOLS, bytes });
    let (mut declared, mut starts, mut masks) = (Vec::new(), Vec::new(), Vec::new());
    for (at, &symbol) in by_name.iter().enumerate() {
        let name = names[symbol as usize];
        if declared.last() != Some(&name) {
            declared.push(name);
            starts.push(at as u64);
            masks.extend(letter_mask(text(name)).to_le_bytes());
        }
    }
    starts.push(names.len() as u64);
    let mut bytes = Vec::new();
    put_column(&mut bytes, declared.into_iter());
    put_column(&mut bytes, starts.into_iter());
    out.push(Section { id: DECLARED, bytes });
    out.push(Section { id: MASKS, bytes: masks });
}
