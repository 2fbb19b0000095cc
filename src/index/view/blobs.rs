//! Stored facts of a pack: compressed chunks, opened one at a time. Invariant: what comes back is sound facts (the codec
//! checks), or nothing. Must not cache: the tiers do.

use super::PackView;
use crate::base::hash::Key;
use crate::facts::codec::{Reader, decode_stored};
use crate::facts::{Facts, Names, Term};
use crate::index::bits::Table;
use crate::index::sections::*;
use crate::index::snapshot::{Chunks, LastChunk};
use crate::index::source::{LazyBytes, PackSource};
use std::ops::Range;
use std::sync::Arc;

/// A chunk holds one segment's facts at least; these are bounded like the segment itself.
const MAX_CHUNK: usize = 64 << 20;

pub(super) struct BlobsPart {
    chunks: Table,
    bytes: LazyBytes,
}

impl BlobsPart {
    pub(super) fn read(source: &dyn PackSource) -> Result<Self, String> {
        let chunks = Table::parse(source.section(CHUNKS)?, 2).ok_or("bad chunk table")?;
        Ok(Self { chunks, bytes: source.lazy(BLOBS)? })
    }

    fn chunk(&self, at: usize) -> Option<Vec<u8>> {
        let size = self.chunks.get(1, at) as usize;
        let frame = self.bytes.range(self.chunks.range(0, at))?;
        if size > MAX_CHUNK { None } else { crate::store::compress::unzstd(frame, size).ok() }
    }
}

/// Reads stored facts one after another; the chunk read last stays open.
pub struct BlobCursor<'a> {
    view: &'a PackView,
    open: Option<(usize, Option<Vec<u8>>)>,
}

impl<'a> BlobCursor<'a> {
    pub fn new(view: &'a PackView) -> Self {
        Self { view, open: None }
    }

    /// The stored facts of a segment.
    pub fn get(&mut self, at: usize) -> Option<&[u8]> {
        let table = &self.view.files().segments;
        let chunk = table.get(segment::CHUNK, at) as usize;
        if self.open.as_ref().is_none_or(|it| it.0 != chunk) {
            self.open = Some((chunk, self.view.blobs().and_then(|it| it.chunk(chunk))));
        }
        let start = table.get(segment::OFFSET, at) as usize;
        let end = start.saturating_add(table.get(segment::LENGTH, at) as usize);
        let found = self.open.as_ref().and_then(|it| it.1.as_ref()?.get(start..end));
        if found.is_none() {
            self.view.note(format!("the facts of segment {at} cannot be read"));
        }
        found
    }
}

impl PackView {
    /// Positions in the name dictionary of a segment's names, in the order of the stored form.
    pub fn name_list(&self, at: usize) -> Vec<u32> {
        let Some(part) = self.names() else { return Vec::new() };
        let range = self.files().segments.range(segment::NAMES, at);
        let mut input = Reader::new((*part.name_lists).as_ref().get(range).unwrap_or(&[]));
        let (mut out, mut last) = (Vec::new(), 0u32);
        while input.left() > 0 {
            let Ok(step) = input.small() else { break };
            last = last.wrapping_add(step);
            out.push(last);
        }
        out
    }

    /// The range of a segment's stored facts in its chunk, and the chunk, opened.
    fn opened(&self, at: usize, chunks: &dyn Chunks) -> Option<(Range<usize>, Arc<Vec<u8>>)> {
        let table = &self.files().segments;
        let chunk = table.get(segment::CHUNK, at);
        let key = Key::of("chunk", &[&self.number.to_le_bytes(), &chunk.to_le_bytes()]);
        let open = &mut || self.blobs()?.chunk(chunk as usize);
        let start = table.get(segment::OFFSET, at) as usize;
        let end = start.saturating_add(table.get(segment::LENGTH, at) as usize);
        let bytes = chunks.chunk(key, open).filter(|it| it.get(start..end).is_some());
        if bytes.is_none() {
            self.note(format!("the facts of segment {at} cannot be read"));
        }
        bytes.map(|it| (start..end, it))
    }

    /// A segment's facts, decoded, without terms.
    pub fn facts(&self, at: usize, chunks: &dyn Chunks) -> Option<Facts> {
        let (range, bytes) = self.opened(at, chunks)?;
        let blob = bytes.get(range)?;
        let part = self.names()?;
        let texts = part.names.texts();
        let all: Vec<&[u8]> = self.name_list(at).iter().map(|&name| texts.get(name as usize)).collect();
        // Nobody vouches for the list, nor for the table: one could be named very often, and some lie within each other.
        let bytes: usize = all.iter().map(|it| it.len()).sum();
        let is_sound = bytes <= texts.size() && all.is_sorted_by(|a, b| a < b);
        let Some(names) = is_sound.then(|| Names::of_distinct(&all)).flatten() else {
            self.note(format!("segment {at}: its names are out of order"));
            return None;
        };
        match decode_stored(blob, names) {
            Ok(facts) => Some(facts),
            Err(error) => {
                self.note(format!("segment {at}: {error}"));
                None
            }
        }
    }

    /// Facts of several segments (ascending), terms restored from the postings: one walk over all lists. Nothing where one
    /// of these cannot be read.
    pub fn facts_with_terms(&self, segments: &[usize]) -> Vec<(usize, Facts)> {
        const NONE: u32 = u32::MAX;
        let chunks = LastChunk::default();
        let mut all: Vec<(usize, Facts)> =
            segments.iter().filter_map(|&at| Some((at, self.facts(at, &chunks)?))).collect();
        let mut slots = vec![NONE; self.files().segment_count()];
        for (slot, it) in all.iter().enumerate() {
            slots[it.0] = slot as u32;
        }
        let Some(words) = self.words() else { return Vec::new() };
        // Files that are asked for together lie together: behind the last of them no list has to be read.
        let end = segments.iter().map(|&at| self.files().passages_of(at).end).max().unwrap_or(0);
        let (column, bytes) = self.files().passages.column(passage::SEGMENT);
        let mut terms = words.body.terms.cursor();
        for term in 0..words.body.terms.len() {
            if !terms.advance() {
                break;
            }
            let Some((_, list)) = words.body.sound_list(term) else {
                self.note(format!("the postings of term {term} cannot be read"));
                return Vec::new();
            };
            for (doc, body, name) in list.take_while(|it| (it.0 as usize) < end) {
                let segment = column.get(bytes, doc as usize) as usize;
                let Some(&slot) = slots.get(segment).filter(|it| **it != NONE) else { continue };
                let first = self.files().passages_of(segment).start;
                let facts = &mut all[slot as usize].1;
                let text = facts.names.intern(std::str::from_utf8(terms.text()).unwrap_or(""));
                if let Some(it) = facts.passages.get_mut((doc as usize).wrapping_sub(first)) {
                    it.terms.push(Term { text, body, name });
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::build::build_facts_pack;
    use crate::index::fixture;

    #[test]
    fn names_that_are_out_of_order_are_refused() {
        let check = |lists: fn(&mut Vec<u8>)| {
            let mut sections = build_facts_pack(&[fixture::file("a.rs", "fn alpha() { beta(gamma, delta) }\n")]);
            lists(&mut sections.iter_mut().find(|it| it.id == NAME_LISTS).unwrap().bytes);
            let view = PackView::in_memory(sections).unwrap();
            (view.facts(0, &LastChunk::default()).is_some(), view.fault())
        };
        assert_eq!(check(|_| ()), (true, None));
        let refused = (false, Some("segment 0: its names are out of order".to_owned()));
        // Steps of nothing name one again and again; those that lead out of the table, nothing again and again.
        assert_eq!(check(|lists| lists[1..].fill(0)), refused);
        assert_eq!(check(|lists| lists.fill(100)), refused);
    }
}
