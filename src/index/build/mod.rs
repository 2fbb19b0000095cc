//! From files' facts to the sections of a pack. Invariant: equal records give equal bytes, in whatever order they come;
//! nothing here depends on what other packs hold. Must not know the file system.

mod assemble;
mod intern;
pub(crate) mod lists;
mod rows;
mod symbols;
mod table;

pub use assemble::{Assembler, CHUNK, SegmentInput};
pub use intern::Interner;
pub use lists::{PostingList, put_posting};
pub use rows::{PassageRow, SymbolRow, rows_of};
pub(super) use symbols::put_symbols;
pub use table::FileTable;

use super::bits::Table;
use super::sections::meta;
use super::source::Section;
use super::traits::Traits;
use super::view::Stored;
use crate::base::hash::{ContentHash, Key};
use crate::base::paths::RelPath;
use crate::base::span::Span;
use crate::facts::{Facts, Marks};
use std::sync::Arc;

/// What a later start compares a file with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileMeta {
    /// In bytes.
    pub size: u64,
    pub mtime_ns: i64,
    pub ctime_ns: i64,
    pub inode: u64,
}

impl FileMeta {
    /// As columns of a table: [`sections::meta`](super::sections::meta) numbers them.
    pub(super) fn columns(&self) -> [u64; meta::COUNT] {
        [self.size, self.mtime_ns as u64, self.ctime_ns as u64, self.inode]
    }

    /// Row `at` of a table that begins with those columns.
    pub(super) fn of_row(table: &Table, at: usize) -> Self {
        let number = |column| table.get(column, at);
        Self {
            size: number(meta::SIZE),
            mtime_ns: number(meta::MTIME) as i64,
            ctime_ns: number(meta::CTIME) as i64,
            inode: number(meta::INODE),
        }
    }
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    Indexed,
    /// Why it is not indexed: the workspace's code (1 to 254) and its detail.
    Skipped {
        code: u8,
        detail: String,
    },
    /// It is gone: hides the file of this path in earlier packs.
    Deleted,
}

impl FileState {
    /// Its number where it is gone.
    pub(crate) const DELETED: u8 = 255;

    pub(crate) fn number(&self) -> u8 {
        match self {
            Self::Indexed => 0,
            Self::Skipped { code, .. } => (*code).clamp(1, 254),
            Self::Deleted => Self::DELETED,
        }
    }
}

/// One segment of a file with its facts (terms included).
#[derive(Clone, Debug)]
pub struct SegmentRecord {
    /// In the file.
    pub span: Span,
    pub key: Key,
    pub facts: Arc<Facts>,
}

/// One file as the crawl hands it over.
#[derive(Clone, Debug)]
pub struct FileRecord {
    pub path: RelPath,
    pub meta: FileMeta,
    pub hash: ContentHash,
    /// The language's id (`rust`, `text`).
    pub lang: Box<str>,
    pub recipe: Key,
    pub state: FileState,
    /// In order; empty unless it is indexed.
    pub segments: Vec<SegmentRecord>,
}

/// The sections of a pack with these files; of two records with one path the later counts.
pub fn build_facts_pack(files: &[FileRecord]) -> Vec<Section> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by(|&a, &b| files[a].path.cmp(&files[b].path).then(b.cmp(&a)));
    order.dedup_by(|a, b| files[*a].path == files[*b].path);
    let mut out = Assembler::default();
    for file in order.into_iter().map(|at| &files[at]) {
        add_file(&mut out, file);
    }
    out.finish()
}

/// What path and text tell of a file.
pub fn traits_of(path: &RelPath, segments: &[SegmentRecord]) -> Traits {
    let mut traits = super::traits::of(path.as_bytes());
    let head = segments.first().map_or(Marks::default(), |it| it.facts.marks);
    for (mark, its) in [
        (Marks::GENERATED, Traits::GENERATED),
        (Marks::VENDORED, Traits::VENDORED),
        (Marks::NOTES, Traits::NOTES.with(Traits::DOCS)),
    ] {
        if head.has(mark) {
            traits = traits.with(its);
        }
    }
    // All of it, or there is something in it that is tested.
    let mut declaring = segments.iter().filter(|it| !it.facts.symbols.is_empty()).peekable();
    // What gathers a module's parts may declare nothing but tests of them.
    let stem = path.file_name().split(|&b| b == b'.').next().unwrap_or(&[]);
    let gathers = [&b"lib"[..], b"mod", b"main", b"index", b"__init__"].contains(&stem);
    if !gathers && declaring.peek().is_some() && declaring.all(|it| it.facts.marks.has(Marks::TESTS)) {
        traits = traits.with(Traits::TEST);
    }
    traits
}

fn add_file(out: &mut Assembler, file: &FileRecord) {
    let traits = traits_of(&file.path, &file.segments);
    let stored = Stored {
        meta: file.meta,
        hash: file.hash,
        lang: file.lang.to_string(),
        recipe: file.recipe,
        state: file.state.clone(),
    };
    out.file(&file.path, &stored, traits);
    let mut line = 0;
    for (at, segment) in file.segments.iter().enumerate() {
        let facts = &*segment.facts;
        let (mut symbols, passages) = rows_of(facts, line, &mut |name| out.names.intern(name));
        if at == 0 && &*file.lang == "text" {
            let name = out.names.intern(&String::from_utf8_lossy(file.path.file_name()));
            symbols.insert(0, SymbolRow::of_file(name));
        }
        let mut blob = Vec::new();
        let kept = crate::facts::codec::encode_stored(facts, &mut blob);
        let numbers: Vec<u32> = kept.iter().map(|&name| out.names.intern(facts.text(name))).collect();
        let ordinal = out.segment(SegmentInput {
            span: segment.span,
            line,
            key: segment.key,
            blob: &blob,
            names: &numbers,
            symbols: &symbols,
        });
        let mut used: Vec<u32> = Vec::new();
        for name in rows::used_names(facts) {
            used.push(out.names.intern(facts.text(name)));
        }
        out.uses.extend(used.into_iter().map(|name| (name, ordinal)));
        add_words(out, facts, ordinal, &passages);
        line += (facts.lines.starts.len() as u32).saturating_sub(1);
    }
}

fn add_words(out: &mut Assembler, facts: &Facts, segment: u32, passages: &[PassageRow]) {
    let mut numbers = vec![u32::MAX; facts.names.len()];
    for (passage, row) in facts.passages.iter().zip(passages) {
        let ordinal = out.passage(PassageRow { segment, ..*row });
        for term in &passage.terms {
            let Some(number) = numbers.get_mut(term.text.0 as usize) else { continue };
            if *number == u32::MAX {
                *number = out.terms.intern(facts.text(term.text));
            }
            out.posting(*number, ordinal, term.body, term.name);
        }
    }
}
