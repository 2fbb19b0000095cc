//! Merges packs into one. Invariant: the bytes are those that a build from the surviving files would give. Must not know
//! which files survive: it is told.

use super::bits::BitSet;
use super::build::{Assembler, FileState, PassageRow, PostingList, SegmentInput, SymbolRow};
use super::sections::{passage, segment, symbol};
use super::source::Section;
use super::vectors::{VectorRun, VectorView, build_vector_pack};
use super::view::PackView;
use crate::facts::codec::Reader;

/// A pack and the ordinals of its files that stay.
pub type Survivors<'a> = (&'a PackView, &'a BitSet);

/// One pack with the surviving files of `packs`. Tombstones stay only where `keep_deleted`: while older packs remain that
/// they hide files of. `None` where a pack cannot be read.
pub fn merge(packs: &[Survivors<'_>], keep_deleted: bool) -> Option<Vec<Section>> {
    let mut order: Vec<(usize, usize)> = Vec::new();
    for (pack, (view, kept)) in packs.iter().enumerate() {
        let files = view.files();
        order.extend(
            (0..files.len())
                .filter(|&it| kept.has(it) && (keep_deleted || files.state(it) != 255))
                .map(|it| (pack, it)),
        );
    }
    // Of two files with one path the later pack's counts.
    order.sort_by(|a, b| {
        let path = |it: &(usize, usize)| packs[it.0].0.files().path_bytes(it.1);
        path(a).cmp(path(b)).then(b.0.cmp(&a.0))
    });
    order.dedup_by(|a, b| packs[a.0].0.files().path_bytes(a.1) == packs[b.0].0.files().path_bytes(b.1));
    let mut job = Merge::new(packs)?;
    for (pack, file) in order {
        job.add_file(pack, file)?;
    }
    job.add_uses()?;
    job.add_words()?;
    Some(job.out.finish())
}

/// One vector pack with the runs of `packs` that `wanted` says are still used.
pub fn merge_vectors(packs: &[&VectorView], wanted: impl Fn(crate::base::hash::Key) -> bool) -> Vec<Section> {
    let dims = packs.last().map_or(0, |it| it.dims());
    let mut runs: Vec<VectorRun> = Vec::new();
    for view in packs.iter().filter(|it| it.dims() == dims) {
        runs.extend((0..view.run_count()).filter(|&it| wanted(view.key(it))).map(|it| view.vectors(it)));
    }
    build_vector_pack(dims, &runs)
}

struct Merge<'a> {
    packs: &'a [Survivors<'a>],
    out: Assembler,
    /// Per pack: the number in `out` of each name, once asked for.
    names: Vec<Vec<u32>>,
    /// Per pack: the new ordinal of each segment and passage that stays.
    segments: Vec<Vec<u32>>,
    passages: Vec<Vec<u32>>,
}

const GONE: u32 = u32::MAX;

impl<'a> Merge<'a> {
    fn new(packs: &'a [Survivors<'a>]) -> Option<Self> {
        let mut it =
            Self { packs, out: Assembler::default(), names: Vec::new(), segments: Vec::new(), passages: Vec::new() };
        for (view, _) in packs {
            it.names.push(vec![GONE; view.names()?.names.len()]);
            it.segments.push(vec![GONE; view.files().segment_count()]);
            it.passages.push(vec![GONE; view.files().passage_count()]);
        }
        Some(it)
    }

    fn name(&mut self, pack: usize, at: u32) -> Option<u32> {
        let known = self.names[pack].get_mut(at as usize)?;
        if *known == GONE {
            *known = self.out.names.intern(self.packs[pack].0.names()?.names.text(at as usize));
        }
        Some(*known)
    }

    fn add_file(&mut self, pack: usize, file: usize) -> Option<()> {
        let view = self.packs[pack].0;
        let files = view.files();
        let stored = files.stored(file);
        self.out.file(
            &files.path(file),
            stored.meta,
            stored.hash,
            &stored.lang,
            stored.recipe,
            &stored.state,
            files.traits(file),
        );
        if stored.state != FileState::Indexed {
            return Some(());
        }
        let segments = files.segments_of(file);
        for (at, blob) in segments.clone().zip(view.blobs_of(segments)) {
            self.add_segment(pack, at, &blob?)?;
        }
        Some(())
    }

    fn add_segment(&mut self, pack: usize, at: usize, blob: &[u8]) -> Option<()> {
        let view = self.packs[pack].0;
        let (files, part) = (view.files(), view.names()?);
        let mut names = Vec::new();
        for name in view.name_list(at) {
            names.push(self.name(pack, name)?);
        }
        let mut symbols = Vec::new();
        let range = files.segments.range(segment::SYMBOLS, at);
        for row in range.start..range.end.min(part.symbols.len(symbol::NAME)) {
            let number = |column| part.symbols.get(column, row);
            let container = number(symbol::CONTAINER).checked_sub(1);
            symbols.push(SymbolRow {
                name: self.name(pack, number(symbol::NAME) as u32)?,
                kind: number(symbol::KIND) as u8,
                line: number(symbol::LINE) as u32,
                column: number(symbol::COLUMN) as u32,
                flags: number(symbol::FLAGS) as u16,
                visibility: number(symbol::VISIBILITY) as u8,
                container: match container {
                    Some(it) => Some(self.name(pack, it as u32)?),
                    None => None,
                },
                index: number(symbol::INDEX).checked_sub(1).map(|it| it as u32),
            });
        }
        let (span, line) = files.segment_place(at);
        let input = SegmentInput { span, line, key: files.key(at), blob, names: &names, symbols: &symbols };
        let ordinal = self.out.segment(input);
        self.segments[pack][at] = ordinal;
        for row in files.passages_of(at) {
            let number = |column| files.passages.get32(column, row);
            self.passages[pack][row] = self.out.passage(PassageRow {
                segment: ordinal,
                start: number(passage::START),
                length: number(passage::LENGTH),
                line: number(passage::LINE),
                lines: number(passage::LINES),
                symbol: number(passage::SYMBOL).checked_sub(1),
                terms: number(passage::TERMS),
                prose: number(passage::FLAGS) & 1 != 0,
                test: number(passage::FLAGS) & 2 != 0,
            });
        }
        Some(())
    }

    fn add_uses(&mut self) -> Option<()> {
        for pack in 0..self.packs.len() {
            let part = self.packs[pack].0.names()?;
            for name in 0..part.names.len() {
                let mut input = Reader::new((*part.use_lists).as_ref().get(part.uses.range(0, name))?);
                let mut at = 0u32;
                while input.left() > 0 {
                    at = at.wrapping_add(input.small().ok()?);
                    let segment = *self.segments[pack].get(at as usize)?;
                    if segment != GONE {
                        let name = self.name(pack, name as u32)?;
                        self.out.uses.push((name, segment));
                    }
                }
            }
        }
        Some(())
    }

    /// Term by term in order: the lists of all packs, renumbered and sorted.
    fn add_words(&mut self) -> Option<()> {
        let packs = self.packs;
        let mut cursors = Vec::new();
        for (view, _) in packs {
            let body = &view.words()?.body;
            let mut cursor = body.terms.cursor();
            let has = cursor.advance();
            cursors.push((body, cursor, has, 0));
        }
        let mut all: Vec<(u32, u8, u8)> = Vec::new();
        while let Some(term) = cursors.iter().filter(|it| it.2).map(|it| it.1.text().to_vec()).min() {
            all.clear();
            for (pack, (body, cursor, has, at)) in cursors.iter_mut().enumerate() {
                if !*has || cursor.text() != term {
                    continue;
                }
                for (doc, count, name) in body.list(*at).1 {
                    let doc = *self.passages[pack].get(doc as usize)?;
                    if doc != GONE {
                        all.push((doc, count, name));
                    }
                }
                *at += 1;
                *has = cursor.advance();
            }
            all.sort_unstable();
            if !all.is_empty() {
                let mut list = PostingList::default();
                all.iter().for_each(|it| list.push(it.0, it.1, it.2));
                self.out.term(std::str::from_utf8(&term).ok()?, list);
            }
        }
        Some(())
    }
}
