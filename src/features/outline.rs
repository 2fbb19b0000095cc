//! The outline of a document with positions as editors count them. Invariant: entries come in document order, parents
//! before children; a name's range lies in its item's. Must not know the protocol.

use super::positions::Places;
use crate::facts::SymbolFlags;
use crate::syntax::parsing::{Item, View};
use crate::text::{Encoding, Range};

/// One entry with its ranges in lines and columns.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub item: &'a Item,
    pub range: Range,
    pub name_range: Range,
}

/// The entries of a document; `left_out` tells whether those that the platform's compilers certainly leave out are among
/// them.
pub fn entries(view: &View, encoding: Encoding, left_out: bool) -> impl Iterator<Item = Entry<'_>> {
    let mut places = Places::new(&view.lines, encoding);
    let shown = view.items.iter().filter(move |item| left_out || !item.flags.has(SymbolFlags::LEFT_OUT));
    shown.map(move |item| {
        let start = places.of(item.range.start);
        let name_start = places.of(item.name_range.start);
        let name_end = places.of(item.name_range.end);
        let near = places.line();
        let end = places.of(item.range.end);
        // The next item starts near this one's name, rarely near its end.
        places.go_to(near);
        Entry {
            item,
            range: Range { start, end },
            // Editors refuse an entry whose name lies outside of it.
            name_range: Range { start: name_start.clamp(start, end), end: name_end.clamp(start, end) },
        }
    })
}
