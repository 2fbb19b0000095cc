//! Collects rows and lists, and lays them out as sections. Both a build from records and a merge of packs end here, which
//! is why they give equal bytes. Invariant: files come in ascending order of their paths, segments and passages in order
//! within. Must not know where rows come from.

use super::intern::Interner;
use super::lists::{PostingList, push_posting, put_terms};
use super::rows::{PassageRow, SymbolRow};
use super::symbols::put_symbols;
use super::table::FileTable;
use crate::base::hash::Key;
use crate::base::paths::RelPath;
use crate::base::span::Span;
use crate::facts::codec::put_varint;
use crate::index::bits::put_column;
use crate::index::sections::*;
use crate::index::source::Section;
use crate::index::strings::put_strings;
use crate::index::traits::Traits;
use crate::index::view::Stored;
use std::collections::HashMap;

/// Facts are compressed together up to this size: single ones are too short to compress well.
pub const CHUNK: usize = 64 << 10;

/// One segment on its way into a pack.
pub struct SegmentInput<'a> {
    pub span: Span,
    pub line: u32,
    pub key: Key,
    /// Facts in stored form.
    pub blob: &'a [u8],
    /// Numbers of the stored form's names, in its order.
    pub names: &'a [u32],
    pub symbols: &'a [SymbolRow],
}

struct SegmentRow {
    file: u32,
    span: Span,
    line: u32,
    key: Key,
    symbols: u32,
    names: u32,
    place: Place,
}

#[derive(Clone, Copy)]
struct Place {
    chunk: u32,
    offset: u32,
    length: u32,
}

/// A pack in the making.
#[derive(Default)]
pub struct Assembler {
    pub names: Interner,
    pub terms: Interner,
    /// (name, segment) for every name that a segment uses.
    pub uses: Vec<(u32, u32)>,
    files: FileTable,
    segments: Vec<SegmentRow>,
    symbols: Vec<SymbolRow>,
    passages: Vec<PassageRow>,
    postings: Vec<PostingList>,
    name_lists: Vec<u32>,
    places: HashMap<Key, Place>,
    open_chunk: Vec<u8>,
    blobs: Vec<u8>,
    chunk_ends: Vec<u64>,
    chunk_sizes: Vec<u64>,
}

impl Assembler {
    /// Begins a file; its segments follow.
    pub fn file(&mut self, path: &RelPath, stored: &Stored, traits: Traits) {
        self.files.file(path, stored, traits, self.segments.len() as u32);
    }

    /// Adds a segment to the last file; returns its ordinal.
    pub fn segment(&mut self, input: SegmentInput<'_>) -> u32 {
        let ordinal = self.segments.len() as u32;
        let place = self.place(input.key, input.blob);
        self.segments.push(SegmentRow {
            file: (self.files.next() as u32).saturating_sub(1),
            span: input.span,
            line: input.line,
            key: input.key,
            symbols: self.symbols.len() as u32,
            names: self.name_lists.len() as u32,
            place,
        });
        self.name_lists.extend_from_slice(input.names);
        self.symbols.extend_from_slice(input.symbols);
        ordinal
    }

    /// Adds a passage to the last segment; returns its ordinal.
    pub fn passage(&mut self, row: PassageRow) -> u32 {
        self.passages.push(row);
        self.passages.len() as u32 - 1
    }

    /// Adds a posting; documents of one term ascend.
    #[inline]
    pub fn posting(&mut self, term: u32, passage: u32, body: u8, name: u8) {
        push_posting(&mut self.postings, term, passage, body, name);
    }

    /// Where a blob lies; equal keys share one.
    fn place(&mut self, key: Key, blob: &[u8]) -> Place {
        if let Some(&place) = self.places.get(&key) {
            return place;
        }
        if !self.open_chunk.is_empty() && self.open_chunk.len() + blob.len() > CHUNK {
            self.close_chunk();
        }
        let place = Place {
            chunk: self.chunk_ends.len() as u32,
            offset: self.open_chunk.len() as u32,
            length: blob.len() as u32,
        };
        self.open_chunk.extend_from_slice(blob);
        self.places.insert(key, place);
        place
    }

    fn close_chunk(&mut self) {
        // In memory zstd has nothing to fail at; a chunk left out reads back as damaged, never as other facts.
        let frame =
            crate::store::compress::zstd(&self.open_chunk, crate::store::compress::ZSTD_LEVEL).unwrap_or_default();
        self.blobs.extend_from_slice(&frame);
        self.chunk_ends.push(self.blobs.len() as u64);
        self.chunk_sizes.push(self.open_chunk.len() as u64);
        self.open_chunk.clear();
    }

    /// The sections, by ascending number.
    pub fn finish(mut self) -> Vec<Section> {
        if !self.open_chunk.is_empty() {
            self.close_chunk();
        }
        let mut out = Vec::new();
        std::mem::take(&mut self.files).finish(self.segments.len() as u32, &mut out);
        let (names, ranks) = std::mem::take(&mut self.names).sorted();
        self.put_segments(&ranks, &mut out);
        let mut bytes = Vec::new();
        put_strings(&mut bytes, names.iter().map(|it| it.as_bytes()));
        out.push(Section { id: NAMES, bytes });
        self.put_symbols(&names, &ranks, &mut out);
        self.put_uses(names.len(), &ranks, &mut out);
        let postings = std::mem::take(&mut self.postings);
        put_terms(std::mem::take(&mut self.terms), postings, [TERMS, TERM_STARTS, POSTINGS], &mut out);
        self.put_passages(&mut out);
        let mut bytes = Vec::new();
        put_column(&mut bytes, with_zero(&self.chunk_ends).into_iter());
        put_column(&mut bytes, self.chunk_sizes.iter().copied());
        out.push(Section { id: CHUNKS, bytes });
        out.push(Section { id: BLOBS, bytes: self.blobs });
        out.sort_by_key(|it| it.id);
        out
    }

    fn put_segments(&self, ranks: &[u32], out: &mut Vec<Section>) {
        let all = &self.segments;
        let (mut lists, mut starts) = (Vec::new(), Vec::with_capacity(all.len() + 1));
        for (at, row) in all.iter().enumerate() {
            starts.push(lists.len() as u64);
            let end = all.get(at + 1).map_or(self.name_lists.len(), |it| it.names as usize);
            let mut last = 0;
            // The stored form's names ascend by their text, so their ranks do.
            for &number in &self.name_lists[row.names as usize..end] {
                let rank = ranks[number as usize];
                put_varint(&mut lists, u64::from(rank.wrapping_sub(last)));
                last = rank;
            }
        }
        starts.push(lists.len() as u64);
        let mut first_passages = Vec::with_capacity(all.len() + 1);
        for at in 0..=all.len() {
            first_passages.push(self.passages.partition_point(|it| (it.segment as usize) < at) as u64);
        }
        let symbols: Vec<u64> = all.iter().map(|it| u64::from(it.symbols)).chain([self.symbols.len() as u64]).collect();
        let mut bytes = Vec::new();
        put_column(&mut bytes, all.iter().map(|it| u64::from(it.file)));
        put_column(&mut bytes, all.iter().map(|it| u64::from(it.span.start)));
        put_column(&mut bytes, all.iter().map(|it| u64::from(it.span.end)));
        put_column(&mut bytes, all.iter().map(|it| u64::from(it.line)));
        put_column(&mut bytes, first_passages.into_iter());
        put_column(&mut bytes, symbols.into_iter());
        put_column(&mut bytes, starts.into_iter());
        put_column(&mut bytes, all.iter().map(|it| u64::from(it.place.chunk)));
        put_column(&mut bytes, all.iter().map(|it| u64::from(it.place.offset)));
        put_column(&mut bytes, all.iter().map(|it| u64::from(it.place.length)));
        out.push(Section { id: SEGMENTS, bytes });
        out.push(Section { id: KEYS, bytes: all.iter().flat_map(|it| it.key.0).collect() });
        out.push(Section { id: NAME_LISTS, bytes: lists });
    }

    fn put_symbols(&self, names: &[Box<str>], ranks: &[u32], out: &mut Vec<Section>) {
        let all = &self.symbols;
        let rank = |number: u32| u64::from(ranks[number as usize]);
        let numbers = |value: &dyn Fn(&SymbolRow) -> u64| all.iter().map(value).collect();
        let column = |column| match column {
            symbol::NAME => numbers(&|it| rank(it.name)),
            symbol::KIND => numbers(&|it| u64::from(it.kind)),
            symbol::LINE => numbers(&|it| u64::from(it.line)),
            symbol::COLUMN => numbers(&|it| u64::from(it.column)),
            symbol::FLAGS => numbers(&|it| u64::from(it.flags)),
            symbol::VISIBILITY => numbers(&|it| u64::from(it.visibility)),
            symbol::CONTAINER => numbers(&|it| it.container.map_or(0, |it| rank(it) + 1)),
            symbol::INDEX => numbers(&|it| it.index.map_or(0, |it| u64::from(it) + 1)),
            _ => {
                let mut segments = vec![0u64; all.len()];
                for (at, row) in self.segments.iter().enumerate() {
                    let end = self.segments.get(at + 1).map_or(all.len(), |it| it.symbols as usize);
                    segments[row.symbols as usize..end].fill(at as u64);
                }
                segments
            }
        };
        let texts: Vec<&[u8]> = names.iter().map(|it| it.as_bytes()).collect();
        put_symbols(&column, &texts, out);
    }

    fn put_uses(&mut self, names: usize, ranks: &[u32], out: &mut Vec<Section>) {
        for it in &mut self.uses {
            it.0 = ranks[it.0 as usize];
        }
        self.uses.sort_unstable();
        self.uses.dedup();
        let (mut lists, mut starts, mut at) = (Vec::new(), Vec::with_capacity(names + 1), 0);
        for name in 0..names as u32 {
            starts.push(lists.len() as u64);
            let mut last = 0;
            while let Some(&(_, segment)) = self.uses.get(at).filter(|it| it.0 == name) {
                put_varint(&mut lists, u64::from(segment - last));
                last = segment;
                at += 1;
            }
        }
        starts.push(lists.len() as u64);
        let mut bytes = Vec::new();
        put_column(&mut bytes, starts.into_iter());
        out.push(Section { id: USES, bytes });
        out.push(Section { id: USE_LISTS, bytes: lists });
    }

    fn put_passages(&self, out: &mut Vec<Section>) {
        let mut bytes = Vec::new();
        let mut column = |value: &dyn Fn(&PassageRow) -> u64| put_column(&mut bytes, self.passages.iter().map(value));
        column(&|it| u64::from(it.segment));
        column(&|it| u64::from(it.start));
        column(&|it| u64::from(it.length));
        column(&|it| u64::from(it.line));
        column(&|it| u64::from(it.lines));
        column(&|it| it.symbol.map_or(0, |it| u64::from(it) + 1));
        column(&|it| u64::from(it.terms));
        column(&|it| u64::from(it.prose) | u64::from(it.test) << 1);
        out.push(Section { id: PASSAGES, bytes });
    }
}

fn with_zero(ends: &[u64]) -> Vec<u64> {
    std::iter::once(0).chain(ends.iter().copied()).collect()
}
