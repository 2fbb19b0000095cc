//! Which rows the new pack has, and the tables that only renumber them: files, segments, passages. Invariant: every old
//! number maps to a new one or to [`GONE`]. Must not know names nor words.

use super::{Sink, Survivors, put};
use crate::facts::codec::put_varint;
use crate::index::bits::put_column;
use crate::index::build::{CHUNK, FileState, FileTable};
use crate::index::sections::*;
use crate::index::source::Section;
use std::collections::HashMap;

/// The new number of what does not stay.
pub const GONE: u32 = u32::MAX;

/// One segment of the new pack.
#[derive(Clone, Copy)]
pub struct Row {
    pub pack: u32,
    /// Its number there.
    pub old: u32,
    /// Ordinal of its file in the new pack.
    pub file: u32,
}

/// Where a segment's stored facts lie.
#[derive(Clone, Copy)]
struct Place {
    chunk: u32,
    offset: u32,
}

/// The segments of the new pack in order, and where those of the old packs have gone.
pub struct Rows<'a> {
    pub packs: &'a [Survivors<'a>],
    pub rows: Vec<Row>,
    /// Per pack: the new ordinal of each segment and passage.
    pub segments: Vec<Vec<u32>>,
    pub passages: Vec<Vec<u32>>,
    places: Vec<Place>,
    /// Those of the rows whose facts are written; the others share theirs with an earlier one.
    pub written: Vec<bool>,
}

impl<'a> Rows<'a> {
    /// Renumbers, and writes the tables of files.
    pub fn new(packs: &'a [Survivors<'a>], order: Vec<(usize, usize)>, out: &mut dyn Sink) -> Option<Self> {
        let lengths = |of: &dyn Fn(&Survivors<'_>) -> usize| packs.iter().map(|it| vec![GONE; of(it)]).collect();
        let mut it = Self {
            packs,
            rows: Vec::new(),
            segments: lengths(&|it| it.0.files().segment_count()),
            passages: lengths(&|it| it.0.files().passage_count()),
            places: Vec::new(),
            written: Vec::new(),
        };
        let mut table = FileTable::default();
        let mut passages = 0;
        for (pack, file) in order {
            let files = packs[pack].0.files();
            let stored = files.stored(file);
            let ordinal = table.next() as u32;
            table.file(&files.path(file), &stored, files.traits(file), it.rows.len() as u32);
            if stored.state != FileState::Indexed {
                continue;
            }
            for old in files.segments_of(file) {
                if it.segments[pack][old] != GONE {
                    // Two files claim it: nobody has built that, and there is no end to what could be claimed.
                    return None;
                }
                it.segments[pack][old] = it.rows.len() as u32;
                it.rows.push(Row { pack: pack as u32, old: old as u32, file: ordinal });
                for passage in files.passages_of(old) {
                    if it.passages[pack][passage] != GONE {
                        return None;
                    }
                    it.passages[pack][passage] = passages;
                    passages += 1;
                }
            }
        }
        let mut sections = Vec::new();
        table.finish(it.rows.len() as u32, &mut sections);
        sections.iter().try_for_each(|it| put(out, it))?;
        it.place();
        Some(it)
    }

    /// Decides where the stored facts will lie: equal keys share one place.
    fn place(&mut self) {
        let mut known: HashMap<_, Place> = HashMap::with_capacity(self.rows.len());
        let (mut chunk, mut filled) = (0u32, 0usize);
        for row in &self.rows {
            let files = self.packs[row.pack as usize].0.files();
            let length = files.segments.get(segment::LENGTH, row.old as usize) as usize;
            let mut is_new = false;
            let place = *known.entry(files.key(row.old as usize)).or_insert_with(|| {
                is_new = true;
                if filled > 0 && filled.saturating_add(length) > CHUNK {
                    (chunk, filled) = (chunk + 1, 0);
                }
                let place = Place { chunk, offset: filled as u32 };
                filled = filled.saturating_add(length);
                place
            });
            self.places.push(place);
            self.written.push(is_new);
        }
    }

    /// The chunk of a row's stored facts.
    pub fn chunk(&self, row: usize) -> u32 {
        self.places[row].chunk
    }

    /// Writes the segments and their lists of names, whose numbers `names` gives (old pack, old number).
    pub fn put_segments(&self, names: &super::names::Names<'_>, out: &mut dyn Sink) -> Option<()> {
        let (mut lists, mut starts) = (Vec::new(), Vec::with_capacity(self.rows.len() + 1));
        let mut keys = Vec::with_capacity(self.rows.len() * 16);
        let (mut symbols, mut first_symbols) = (0u64, Vec::with_capacity(self.rows.len() + 1));
        let (mut passages, mut first_passages) = (0u64, Vec::with_capacity(self.rows.len() + 1));
        for row in &self.rows {
            let (view, old) = (self.packs[row.pack as usize].0, row.old as usize);
            starts.push(lists.len() as u64);
            let mut last = 0;
            for name in view.name_list(old) {
                let rank = names.rank(row.pack as usize, name)?;
                put_varint(&mut lists, u64::from(rank.wrapping_sub(last)));
                last = rank;
            }
            keys.extend_from_slice(&view.files().key(old).0);
            first_symbols.push(symbols);
            symbols += super::names::symbols_of(view, old)?.len() as u64;
            first_passages.push(passages);
            passages += view.files().passages_of(old).len() as u64;
        }
        starts.push(lists.len() as u64);
        first_symbols.push(symbols);
        first_passages.push(passages);
        let mut bytes = Vec::new();
        let number = |column: usize| {
            let value = move |it: &Row| self.packs[it.pack as usize].0.files().segments.get(column, it.old as usize);
            self.rows.iter().map(value)
        };
        put_column(&mut bytes, self.rows.iter().map(|it| u64::from(it.file)));
        put_column(&mut bytes, number(segment::START));
        put_column(&mut bytes, number(segment::END));
        put_column(&mut bytes, number(segment::LINE));
        put_column(&mut bytes, first_passages.into_iter());
        put_column(&mut bytes, first_symbols.into_iter());
        put_column(&mut bytes, starts.into_iter());
        put_column(&mut bytes, self.places.iter().map(|it| u64::from(it.chunk)));
        put_column(&mut bytes, self.places.iter().map(|it| u64::from(it.offset)));
        put_column(&mut bytes, number(segment::LENGTH));
        put(out, &Section { id: SEGMENTS, bytes })?;
        put(out, &Section { id: KEYS, bytes: keys })?;
        put(out, &Section { id: NAME_LISTS, bytes: lists })
    }

    /// Writes the passages.
    pub fn put_passages(&self, out: &mut dyn Sink) -> Option<()> {
        let mut bytes = Vec::new();
        for column in passage::SEGMENT..passage::COUNT {
            let mut values = Vec::new();
            for (ordinal, row) in self.rows.iter().enumerate() {
                let files = self.packs[row.pack as usize].0.files();
                values.extend(files.passages_of(row.old as usize).map(|at| match column {
                    passage::SEGMENT => ordinal as u64,
                    _ => files.passages.get(column, at),
                }));
            }
            put_column(&mut bytes, values.into_iter());
        }
        put(out, &Section { id: PASSAGES, bytes })
    }
}
