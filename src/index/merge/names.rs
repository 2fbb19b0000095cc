//! Names, symbols and uses of the new pack. Invariant: names get their numbers in the order of their texts, so that what
//! ascends in an old pack ascends in the new one. Must not know words.

use super::rows::{GONE, Rows};
use super::{Sink, put};
use crate::facts::codec::{Reader, put_varint};
use crate::index::bits::put_column;
use crate::index::build::put_symbols;
use crate::index::sections::*;
use crate::index::source::Section;
use crate::index::strings::put_strings;
use crate::index::view::{NamesPart, PackView};
use std::ops::Range;

/// The names of the new pack.
pub struct Names<'a> {
    parts: Vec<&'a NamesPart>,
    /// Per pack: the new number of each name.
    ranks: Vec<Vec<u32>>,
    /// All texts, ascending.
    texts: Vec<&'a [u8]>,
}

/// The rows of a segment's symbols.
pub fn symbols_of(view: &PackView, segment: usize) -> Option<Range<usize>> {
    let range = view.files().segments.range(segment::SYMBOLS, segment);
    let most = view.names()?.symbols.len(symbol::NAME);
    Some(range.start.min(most)..range.end.min(most))
}

/// Collects and numbers the names that stay, and writes them.
pub fn merge<'a>(job: &mut Rows<'a>, out: &mut dyn Sink) -> Option<Names<'a>> {
    let mut parts: Vec<&'a NamesPart> = Vec::new();
    for (view, _) in job.packs {
        parts.push(view.names()?);
    }
    let mut it = Names { ranks: parts.iter().map(|it| vec![GONE; it.names.len()]).collect(), parts, texts: Vec::new() };
    it.mark(job)?;
    it.number();
    let mut bytes = Vec::new();
    put_strings(&mut bytes, it.texts.iter().copied());
    put(out, &Section { id: NAMES, bytes })?;
    Some(it)
}

impl Names<'_> {
    /// The new number of a name of a pack.
    pub fn rank(&self, pack: usize, name: u32) -> Option<u32> {
        self.ranks[pack].get(name as usize).copied().filter(|it| *it != GONE)
    }

    /// Marks every name that a segment which stays lists, declares or uses.
    fn mark(&mut self, job: &Rows<'_>) -> Option<()> {
        for row in &job.rows {
            let (pack, old) = (row.pack as usize, row.old as usize);
            let view = job.packs[pack].0;
            for name in view.name_list(old) {
                *self.ranks[pack].get_mut(name as usize)? = 0;
            }
            for at in symbols_of(view, old)? {
                let symbols = &self.parts[pack].symbols;
                *self.ranks[pack].get_mut(symbols.get(symbol::NAME, at) as usize)? = 0;
                if let Some(name) = symbols.get(symbol::CONTAINER, at).checked_sub(1) {
                    *self.ranks[pack].get_mut(name as usize)? = 0;
                }
            }
        }
        for (pack, part) in self.parts.iter().enumerate() {
            for name in 0..part.names.len() {
                if self.ranks[pack][name] == GONE && !users(part, name, &job.segments[pack])?.is_empty() {
                    self.ranks[pack][name] = 0;
                }
            }
        }
        Some(())
    }

    /// Numbers what is marked in the order of texts.
    fn number(&mut self) {
        let mut heads: Vec<usize> = vec![0; self.parts.len()];
        loop {
            let mut least: Option<&[u8]> = None;
            for (pack, head) in heads.iter_mut().enumerate() {
                let ranks = &self.ranks[pack];
                while ranks.get(*head) == Some(&GONE) {
                    *head += 1;
                }
                if *head < ranks.len() {
                    let text = self.parts[pack].names.get(*head);
                    least = Some(least.map_or(text, |it| it.min(text)));
                }
            }
            let Some(least) = least else { return };
            let rank = self.texts.len() as u32;
            for (pack, head) in heads.iter_mut().enumerate() {
                if *head < self.ranks[pack].len() && self.parts[pack].names.get(*head) == least {
                    self.ranks[pack][*head] = rank;
                    *head += 1;
                }
            }
            self.texts.push(least);
        }
    }

    /// Writes the symbols.
    pub fn put_symbols(&self, job: &Rows<'_>, out: &mut dyn Sink) -> Option<()> {
        let mut symbols: Vec<(u32, u32, u32)> = Vec::new();
        for (ordinal, row) in job.rows.iter().enumerate() {
            let range = symbols_of(job.packs[row.pack as usize].0, row.old as usize)?;
            symbols.extend(range.map(|at| (row.pack, at as u32, ordinal as u32)));
        }
        let rank = |pack: u32, name: u64| u64::from(self.rank(pack as usize, name as u32).unwrap_or(0));
        let column = |column: usize| {
            let value = |&(pack, at, ordinal): &(u32, u32, u32)| {
                let number = self.parts[pack as usize].symbols.get(column, at as usize);
                match column {
                    symbol::NAME => rank(pack, number),
                    symbol::CONTAINER => number.checked_sub(1).map_or(0, |it| rank(pack, it) + 1),
                    symbol::SEGMENT => u64::from(ordinal),
                    _ => number,
                }
            };
            symbols.iter().map(value).collect()
        };
        let mut sections = Vec::new();
        put_symbols(&column, &self.texts, &mut sections);
        sections.iter().try_for_each(|it| put(out, it))
    }

    /// Writes who uses each name.
    pub fn put_uses(&self, job: &Rows<'_>, out: &mut dyn Sink) -> Option<()> {
        let (mut lists, mut starts) = (Vec::new(), Vec::with_capacity(self.texts.len() + 1));
        let mut heads: Vec<usize> = vec![0; self.parts.len()];
        for rank in 0..self.texts.len() as u32 {
            starts.push(lists.len() as u64);
            let mut all: Vec<u32> = Vec::new();
            for (pack, head) in heads.iter_mut().enumerate() {
                while self.ranks[pack].get(*head).is_some_and(|it| *it == GONE || *it < rank) {
                    *head += 1;
                }
                if self.ranks[pack].get(*head) == Some(&rank) {
                    all.extend(users(self.parts[pack], *head, &job.segments[pack])?);
                }
            }
            all.sort_unstable();
            all.dedup();
            let mut last = 0;
            for segment in all {
                put_varint(&mut lists, u64::from(segment - last));
                last = segment;
            }
        }
        starts.push(lists.len() as u64);
        let mut bytes = Vec::new();
        put_column(&mut bytes, starts.into_iter());
        put(out, &Section { id: USES, bytes })?;
        put(out, &Section { id: USE_LISTS, bytes: lists })
    }
}

/// The new ordinals of the segments that use a name.
fn users(part: &NamesPart, name: usize, segments: &[u32]) -> Option<Vec<u32>> {
    let mut input = Reader::new((*part.use_lists).as_ref().get(part.uses.range(0, name))?);
    let (mut out, mut at) = (Vec::new(), 0u32);
    while input.left() > 0 {
        at = at.wrapping_add(input.small().ok()?);
        let segment = *segments.get(at as usize)?;
        if segment != GONE {
            out.push(segment);
        }
    }
    Some(out)
}
