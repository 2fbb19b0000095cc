//! From where it is asked: the open file's language and folder settle what is otherwise equal. Invariant: a tie-breaker, far
//! below what the question itself says; nothing where no file is open. Must not know how answers are scored.
//!
//! Nobody has shown how much the open file tells of what is looked for, and questions from anywhere are the only ones that the
//! benchmarks have: so these numbers are small instead of fitted.

use super::candidates::{Candidate, Paths};
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::index::snapshot::Snapshot;

/// What is in the asker's language, and in its folder or beneath, is preferred by so much each: added to a score in log odds,
/// and a fifth of it as a share of what the index says of a passage.
const LANGUAGE: f32 = 0.1;
const FOLDER: f32 = 0.1;
const SHARE: f32 = 0.2;

/// Who asks.
pub(super) struct Asker<'a> {
    snapshot: &'a Snapshot,
    lang: &'a str,
    root: RootId,
    /// With a slash at its end; empty at the root.
    folder: Vec<u8>,
}

impl<'a> Asker<'a> {
    /// At a file; none where it is not in the index.
    pub fn at(snapshot: &'a Snapshot, file: Option<FileId>) -> Option<Self> {
        let file = file?;
        let (root, path) = snapshot.path(file)?;
        let folder = path.as_bytes().iter().rposition(|it| *it == b'/').map_or(0, |it| it + 1);
        Some(Self { snapshot, lang: snapshot.lang(file), root, folder: path.as_bytes()[..folder].to_vec() })
    }

    /// Orders candidates, best first, anew.
    pub fn settle(&self, ranked: &mut [(&Candidate, f32)], paths: &Paths) {
        for (candidate, score) in ranked.iter_mut() {
            let file = candidate.info.file;
            let prefers = paths.get(&file).map_or(0.0, |(root, path)| self.prefers(file, *root, path));
            *score *= 1.0 + SHARE * prefers;
        }
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    }

    /// What speaks for an answer in this file.
    pub fn prefers(&self, file: FileId, root: RootId, path: &RelPath) -> f32 {
        // A text without a grammar, or a file at the root, says nothing of what is looked for.
        let is_code = !self.lang.is_empty() && self.lang != "text";
        let same = is_code && self.snapshot.lang(file) == self.lang;
        let beside = !self.folder.is_empty() && root == self.root && path.as_bytes().starts_with(&self.folder);
        f32::from(u8::from(same)) * LANGUAGE + f32::from(u8::from(beside)) * FOLDER
    }
}
