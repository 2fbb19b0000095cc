//! The path table, segments and passages of a pack. Invariant: sections agree in their lengths, or the pack is refused.
//! Must not know names and words.

use crate::base::hash::{ContentHash, Key};
use crate::base::paths::RelPath;
use crate::base::span::Span;
use crate::index::bits::Table;
use crate::index::build::{FileMeta, FileState};
use crate::index::sections::*;
use crate::index::source::{Bytes, PackSource};
use crate::index::strings::Strings;
use crate::index::traits::Traits;
use crate::index::vectors::MOST_EMBEDDED;

/// What the index keeps about a file besides its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub meta: FileMeta,
    pub hash: ContentHash,
    pub lang: String,
    pub recipe: Key,
    pub state: FileState,
}

/// Path table, segments and passages.
pub struct FilesPart {
    paths: Strings,
    files: Table,
    hashes: Bytes,
    langs: Strings,
    recipes: Strings,
    details: Strings,
    pub segments: Table,
    keys: Bytes,
    pub passages: Table,
}

impl FilesPart {
    pub(super) fn read(source: &dyn PackSource) -> Result<Self, String> {
        let table = |id, columns| -> Result<Table, String> {
            Table::parse(source.section(id)?, columns).ok_or_else(|| format!("bad columns in section {id}"))
        };
        let small = source.section(SMALL)?;
        let mut at = 0;
        let mut strings = || Strings::parse(small.clone(), &mut at).ok_or("bad tables of languages and recipes");
        let part = Self {
            langs: strings()?,
            recipes: strings()?,
            details: strings()?,
            paths: Strings::parse(source.section(PATHS)?, &mut 0).ok_or("bad path table")?,
            files: table(FILES, file::COUNT)?,
            hashes: source.section(HASHES)?,
            segments: table(SEGMENTS, segment::COUNT)?,
            keys: source.section(KEYS)?,
            passages: table(PASSAGES, passage::COUNT)?,
        };
        let fits = part.files.len(file::SIZE) == part.len()
            && part.files.len(file::SEGMENTS) == part.len() + 1
            && (*part.hashes).as_ref().len() == part.len() * 32
            && (*part.keys).as_ref().len() == part.segment_count() * 16
            && part.segments.len(segment::PASSAGES) == part.segment_count() + 1;
        if fits { Ok(part) } else { Err("the tables of a pack differ in length".to_owned()) }
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub fn segment_count(&self) -> usize {
        self.segments.len(segment::FILE)
    }

    pub fn passage_count(&self) -> usize {
        self.passages.len(passage::SEGMENT)
    }

    /// The path of a file; the root's own where the bytes are no path.
    pub fn path(&self, file: usize) -> RelPath {
        RelPath::from_bytes(self.paths.get(file)).unwrap_or_else(root)
    }

    pub fn path_bytes(&self, file: usize) -> &[u8] {
        self.paths.get(file)
    }

    pub fn find(&self, path: &RelPath) -> Option<usize> {
        self.paths.find(path.as_bytes())
    }

    /// The file at `top` and those beneath it.
    pub fn beneath(&self, top: &RelPath) -> impl Iterator<Item = usize> {
        let top = top.as_bytes();
        // What lies beneath stands in a row, but between it and the path itself other names may come (`a`, `a.b`, `a/c`).
        let (from, upto) = if top.is_empty() {
            (0, self.len())
        } else {
            (self.paths.lower_bound(&[top, b"/"].concat()), self.paths.lower_bound(&[top, b"0"].concat()))
        };
        let exact = self.paths.find(top).filter(|it| !(from..upto).contains(it));
        exact.into_iter().chain(from..upto)
    }

    pub fn lang(&self, at: usize) -> &str {
        self.langs.text(self.lang_number(at))
    }

    /// The ids of all languages, by their numbers in this pack.
    pub fn langs(&self) -> impl Iterator<Item = &str> {
        (0..self.langs.len()).map(|it| self.langs.text(it))
    }

    /// The number of a file's language.
    pub fn lang_number(&self, at: usize) -> usize {
        self.files.get(file::LANG, at) as usize
    }

    pub fn traits(&self, at: usize) -> Traits {
        Traits(self.files.get(file::FLAGS, at) as u8)
    }

    /// 0 indexed, 255 deleted, else the code of why it was skipped.
    pub fn state(&self, at: usize) -> u8 {
        self.files.get(file::STATE, at) as u8
    }

    pub fn is_indexed(&self, at: usize) -> bool {
        self.state(at) == 0
    }

    /// The size of an indexed file's source as a weight: none counts for more than what is read of it.
    pub fn weighed_bytes(&self, at: usize) -> u64 {
        if self.is_indexed(at) { self.files.get(file::SIZE, at).min(16 << 20) } else { 0 }
    }

    /// Of a file's raw bytes; zeros outside.
    pub fn hash(&self, at: usize) -> ContentHash {
        let bytes = (*self.hashes).as_ref().get(at * 32..at * 32 + 32);
        ContentHash(bytes.and_then(|it| it.try_into().ok()).unwrap_or([0; 32]))
    }

    pub fn stored(&self, at: usize) -> Stored {
        let number = |column| self.files.get(column, at);
        Stored {
            meta: FileMeta::of_row(&self.files, at),
            hash: self.hash(at),
            lang: self.lang(at).to_owned(),
            recipe: key_of(self.recipes.get(number(file::RECIPE) as usize)),
            state: match number(file::STATE) as u8 {
                0 => FileState::Indexed,
                255 => FileState::Deleted,
                code => {
                    FileState::Skipped { code, detail: self.details.text(number(file::DETAIL) as usize).to_owned() }
                }
            },
        }
    }

    /// The segments of a file.
    pub fn segments_of(&self, at: usize) -> std::ops::Range<usize> {
        let range = self.files.range(file::SEGMENTS, at);
        range.start.min(self.segment_count())..range.end.min(self.segment_count())
    }

    /// The passages of a segment.
    pub fn passages_of(&self, at: usize) -> std::ops::Range<usize> {
        let range = self.segments.range(segment::PASSAGES, at);
        range.start.min(self.passage_count())..range.end.min(self.passage_count())
    }

    /// Of each segment, in order, its file and its passages: as [`Self::file_of_segment`] and
    /// [`Self::passages_of`] tell them, but read in one go.
    pub fn by_segment(&self) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
        let (files, bytes) = self.segments.column(segment::FILE);
        let (starts, _) = self.segments.column(segment::PASSAGES);
        let (count, start) = (self.passage_count(), move |at| starts.get(bytes, at) as usize);
        (0..self.segment_count()).map(move |at| {
            let from = start(at).min(count);
            (files.get(bytes, at) as usize, from..start(at + 1).min(count).max(from))
        })
    }

    /// The passages of a file.
    pub fn passages_of_file(&self, at: usize) -> std::ops::Range<usize> {
        let segments = self.segments_of(at);
        if segments.is_empty() {
            return 0..0;
        }
        let (first, last) = (self.passages_of(segments.start), self.passages_of(segments.end - 1));
        first.start..last.end.max(first.start)
    }

    pub fn key(&self, at: usize) -> Key {
        key_of((*self.keys).as_ref().get(at * 16..at * 16 + 16).unwrap_or(&[]))
    }

    /// Where a segment lies in its file, and its first line.
    pub fn segment_place(&self, at: usize) -> (Span, u32) {
        let span = Span::new(self.segments.get32(segment::START, at), self.segments.get32(segment::END, at));
        (span, self.segments.get32(segment::LINE, at))
    }

    pub fn file_of_segment(&self, at: usize) -> usize {
        self.segments.get(segment::FILE, at) as usize
    }

    pub fn segment_of_passage(&self, at: usize) -> usize {
        self.passages.get(passage::SEGMENT, at) as usize
    }

    pub fn file_of_passage(&self, at: usize) -> usize {
        self.file_of_segment(self.segment_of_passage(at))
    }

    /// Whether the passages of a file get vectors: those of a very long text do not.
    pub fn gets_vectors(&self, at: usize) -> bool {
        let segments = self.segments_of(at);
        segments.is_empty() || self.segment_place(segments.end - 1).0.end <= MOST_EMBEDDED
    }

    /// Number of passages of a file and the sum of their lengths in terms.
    pub fn weight(&self, at: usize) -> (u64, u64) {
        let passages = self.passages_of_file(at);
        let (column, bytes) = self.passages.column(passage::TERMS);
        (passages.len() as u64, passages.map(|it| column.get(bytes, it)).sum())
    }
}

fn key_of(bytes: &[u8]) -> Key {
    Key(bytes.try_into().unwrap_or([0; 16]))
}

fn root() -> RelPath {
    // The empty path holds no component, so it is always one.
    RelPath::from_bytes(b"").unwrap_or_else(|| unreachable!("the empty path is a path"))
}
