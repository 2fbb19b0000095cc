//! A facts pack, read in place. Invariant: getters never panic, whatever the bytes say; parts are fetched (and so checked)
//! when first asked for, and a part that cannot be had counts as empty and is told by `fault`. Must not know other packs.

mod blobs;
mod files;

pub use blobs::BlobCursor;
pub use files::{FilesPart, Stored};

use super::bits::Table;
use super::build::lists::PostingReader;
use super::sections::*;
use super::source::{Bytes, LazyBytes, PackSource};
use super::strings::{FrontCoded, Strings};
use super::within::Held;
use crate::base::hash::ContentHash;
use crate::facts::codec::Reader;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

/// Names, symbols and uses of a pack.
pub struct NamesPart {
    pub names: Strings,
    pub symbols: Table,
    /// Columns: position in `names`; start in the symbols' order by name (one more row).
    pub declared: Table,
    pub masks: Bytes,
    /// Starts in `use_lists`, per name.
    pub uses: Table,
    pub use_lists: Bytes,
    pub name_lists: Bytes,
}

impl NamesPart {
    /// Segments that use the name at `name`, in their order.
    pub fn used_in(&self, name: usize) -> impl Iterator<Item = u32> + '_ {
        let mut input = Reader::new((*self.use_lists).as_ref().get(self.uses.range(0, name)).unwrap_or(&[]));
        let mut segment = 0u32;
        std::iter::from_fn(move || {
            if input.left() == 0 {
                return None;
            }
            segment = segment.wrapping_add(input.small().ok()?);
            Some(segment)
        })
    }
}

/// A term dictionary with its lists.
pub struct TermsPart {
    pub terms: FrontCoded,
    /// Starts of the lists (one more row).
    pub starts: Table,
    pub lists: LazyBytes,
}

impl TermsPart {
    fn read(source: &dyn PackSource, ids: [u32; 3]) -> Result<Self, String> {
        let terms = FrontCoded::parse(source.section(ids[0])?).ok_or("bad term dictionary")?;
        let starts = Table::parse(source.section(ids[1])?, 1).ok_or("bad posting starts")?;
        Ok(Self { terms, starts, lists: source.lazy(ids[2])? })
    }

    /// Number of postings of the term, and the postings; none where they cannot be read.
    pub fn list(&self, term: usize) -> (u64, PostingReader<'_>) {
        self.sound_list(term).unwrap_or_else(|| PostingReader::counted(&[]))
    }

    /// The same; `None` where they cannot be read: for who copies them, to whom fewer are not good enough.
    pub fn sound_list(&self, term: usize) -> Option<(u64, PostingReader<'_>)> {
        self.lists.range(self.starts.range(0, term)).map(PostingReader::counted)
    }
}

/// Words of passages and of paths.
pub struct WordsPart {
    pub body: TermsPart,
    pub paths: TermsPart,
}

/// A facts pack.
pub struct PackView {
    /// Of this view alone, in this process.
    number: u64,
    source: Box<dyn PackSource>,
    files: FilesPart,
    names: OnceLock<Option<NamesPart>>,
    words: OnceLock<Option<WordsPart>>,
    blobs: OnceLock<Option<blobs::BlobsPart>>,
    /// Files in the order of their contents' hashes, made when first asked for.
    by_hash: OnceLock<Vec<u32>>,
    /// What each passage declares, made when first asked for.
    held: OnceLock<Held>,
    fault: Mutex<Option<String>>,
}

impl PackView {
    /// Opens a pack: its path table, segments and passages are read now, the rest when asked for.
    pub fn open(source: Box<dyn PackSource>) -> Result<Self, String> {
        let files = FilesPart::read(&*source)?;
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let (number, fault) = (NUMBERS.fetch_add(1, Ordering::Relaxed), Mutex::new(None));
        let (names, words, blobs) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let (by_hash, held) = (OnceLock::new(), OnceLock::new());
        Ok(Self { number, source, files, names, words, blobs, by_hash, held, fault })
    }

    /// A pack in memory.
    pub fn in_memory(sections: Vec<super::source::Section>) -> Result<Self, String> {
        Self::open(Box::new(super::source::MemoryPack::new(sections)))
    }

    pub fn files(&self) -> &FilesPart {
        &self.files
    }

    /// The files with this content, whatever became of them since.
    pub fn with_content(&self, hash: ContentHash) -> impl Iterator<Item = usize> {
        let all = self.by_hash.get_or_init(|| {
            let mut all: Vec<u32> = (0..self.files.len() as u32).collect();
            all.sort_unstable_by_key(|&it| self.files.hash(it as usize));
            all
        });
        let from = all.partition_point(|&it| self.files.hash(it as usize) < hash);
        all[from..].iter().map(|&it| it as usize).take_while(move |&it| self.files.hash(it) == hash)
    }

    /// What each passage declares; nothing is known of it where the names cannot be read.
    pub fn held(&self) -> &Held {
        self.held.get_or_init(|| self.names().map_or_else(Held::default, |names| Held::of(&self.files, names)))
    }

    /// Names and symbols; `None` where they cannot be read.
    pub fn names(&self) -> Option<&NamesPart> {
        self.names.get_or_init(|| self.keep(self.read_names())).as_ref()
    }

    /// Words; `None` where they cannot be read.
    pub fn words(&self) -> Option<&WordsPart> {
        self.words.get_or_init(|| self.keep(self.read_words())).as_ref()
    }

    fn blobs(&self) -> Option<&blobs::BlobsPart> {
        self.blobs.get_or_init(|| self.keep(blobs::BlobsPart::read(&*self.source))).as_ref()
    }

    /// What was found unreadable so far: the pack should be set aside and rebuilt.
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().ok().and_then(|it| it.clone())
    }

    fn keep<T>(&self, part: Result<T, String>) -> Option<T> {
        part.map_err(|message| self.note(message)).ok()
    }

    pub(super) fn note(&self, message: String) {
        if let Ok(mut fault) = self.fault.lock() {
            fault.get_or_insert(message);
        }
    }

    fn read_names(&self) -> Result<NamesPart, String> {
        let table = |id, columns| -> Result<Table, String> {
            Table::parse(self.source.section(id)?, columns).ok_or_else(|| format!("bad columns in section {id}"))
        };
        let part = NamesPart {
            names: Strings::parse(self.source.section(NAMES)?, &mut 0).ok_or("bad name dictionary")?,
            symbols: table(SYMBOLS, symbol::COUNT)?,
            declared: table(DECLARED, 2)?,
            masks: self.source.section(MASKS)?,
            uses: table(USES, 1)?,
            use_lists: self.source.section(USE_LISTS)?,
            name_lists: self.source.section(NAME_LISTS)?,
        };
        if (*part.masks).as_ref().len() != part.declared.len(0) * 8 {
            return Err("bad letter masks".to_owned());
        }
        Ok(part)
    }

    fn read_words(&self) -> Result<WordsPart, String> {
        let body = TermsPart::read(&*self.source, [TERMS, TERM_STARTS, POSTINGS])?;
        Ok(WordsPart { body, paths: TermsPart::read(&*self.source, [PATH_TERMS, PATH_TERM_STARTS, PATH_POSTINGS])? })
    }
}
