//! The path table of a pack in the making, and its words. Invariant: files come in ascending order of their paths. Must not
//! know segments but by their number.

use super::FileState;
use super::intern::Interner;
use super::lists::{PostingList, push_posting, put_terms};
use crate::base::hash::Key;
use crate::base::paths::RelPath;
use crate::index::bits::put_column;
use crate::index::sections::*;
use crate::index::source::Section;
use crate::index::strings::put_strings;
use crate::index::traits::Traits;
use crate::index::view::Stored;
use std::collections::BTreeSet;

struct FileRow {
    path: RelPath,
    stored: Stored,
    lang: u32,
    detail: u32,
    traits: Traits,
    segments: u32,
}

/// Files on their way into a pack.
#[derive(Default)]
pub struct FileTable {
    files: Vec<FileRow>,
    paths: Interner,
    path_postings: Vec<PostingList>,
    langs: Interner,
    details: Interner,
}

impl FileTable {
    /// Adds a file whose segments begin with number `segments`.
    pub fn file(&mut self, path: &RelPath, stored: &Stored, traits: Traits, segments: u32) {
        let detail = if let FileState::Skipped { detail, .. } = &stored.state { detail.as_str() } else { "" };
        let ordinal = self.files.len() as u32;
        if stored.state == FileState::Indexed {
            let mut counts: Vec<(u32, u8)> = Vec::new();
            crate::facts::words::analyse(&String::from_utf8_lossy(path.as_bytes()), &mut |term| {
                let number = self.paths.intern(term);
                match counts.iter_mut().find(|it| it.0 == number) {
                    Some(it) => it.1 = it.1.saturating_add(1),
                    None => counts.push((number, 1)),
                }
            });
            for (term, count) in counts {
                push_posting(&mut self.path_postings, term, ordinal, count, 0);
            }
        }
        let (lang, detail) = (self.langs.intern(&stored.lang), self.details.intern(detail));
        self.files.push(FileRow { path: path.clone(), stored: stored.clone(), lang, detail, traits, segments });
    }

    /// Number of files so far: the ordinal of the next.
    pub fn next(&self) -> usize {
        self.files.len()
    }

    /// Its sections; the pack has `segments` segments.
    pub fn finish(self, segments: u32, out: &mut Vec<Section>) {
        let files = &self.files;
        let mut bytes = Vec::new();
        put_strings(&mut bytes, files.iter().map(|it| it.path.as_bytes()));
        out.push(Section { id: PATHS, bytes });
        let (langs, lang_ranks) = self.langs.sorted();
        let (details, detail_ranks) = self.details.sorted();
        let recipes: BTreeSet<Key> = files.iter().map(|it| it.stored.recipe).collect();
        let recipes: Vec<Key> = recipes.into_iter().collect();
        let mut bytes = Vec::new();
        put_strings(&mut bytes, langs.iter().map(|it| it.as_bytes()));
        put_strings(&mut bytes, recipes.iter().map(|it| &it.0[..]));
        put_strings(&mut bytes, details.iter().map(|it| it.as_bytes()));
        out.push(Section { id: SMALL, bytes });
        let mut bytes = Vec::new();
        let mut column = |value: &dyn Fn(&FileRow) -> u64| put_column(&mut bytes, files.iter().map(value));
        (0..meta::COUNT).for_each(|at| column(&|it| it.stored.meta.columns()[at]));
        column(&|it| u64::from(lang_ranks[it.lang as usize]));
        column(&|it| recipes.binary_search(&it.stored.recipe).unwrap_or(0) as u64);
        column(&|it| u64::from(it.stored.state.number()));
        column(&|it| u64::from(detail_ranks[it.detail as usize]));
        column(&|it| u64::from(it.traits.0));
        let starts: Vec<u64> = files.iter().map(|it| u64::from(it.segments)).chain([u64::from(segments)]).collect();
        put_column(&mut bytes, starts.into_iter());
        out.push(Section { id: FILES, bytes });
        out.push(Section { id: HASHES, bytes: files.iter().flat_map(|it| it.stored.hash.0).collect() });
        put_terms(self.paths, self.path_postings, [PATH_TERMS, PATH_TERM_STARTS, PATH_POSTINGS], out);
    }
}
