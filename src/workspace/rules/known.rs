//! The rules of folders that somebody has asked for, so that a path told from outside costs no ignore files. Invariants: what
//! was worked out before something was forgotten is not kept; what the disk refused is asked for again. Must not know what
//! the rules say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;

use super::FolderRules;
use crate::base::paths::RelPath;
use crate::workspace::skip::Skip;

/// The rules in a folder, or why it is left out.
pub type Answer = Result<Arc<FolderRules>, Skip>;

/// Answers by folder.
pub struct Known {
    folders: DashMap<RelPath, Answer>,
    most: usize,
    /// Counts how often something was forgotten.
    forgotten: AtomicU64,
}

impl Known {
    /// For at most so many folders.
    pub fn new(most: usize) -> Self {
        Self { folders: DashMap::new(), most, forgotten: AtomicU64::new(0) }
    }

    /// What `keep` is to be given of an answer that is worked out from now on.
    pub fn now(&self) -> u64 {
        self.forgotten.load(Ordering::Acquire)
    }

    /// The answer for a folder.
    pub fn get(&self, folder: &RelPath) -> Option<Answer> {
        self.folders.get(folder).map(|it| it.clone())
    }

    /// Keeps one more answer; where that are too many, all before it are worked out again when they are asked for.
    pub fn keep(&self, folder: RelPath, answer: &Answer, since: u64) {
        // A folder that is not there now may come, and nobody tells of what came between two looks.
        let is_passing = matches!(answer, Err(Skip::Link | Skip::Special | Skip::Unreadable(_)));
        if self.most == 0 || is_passing {
            return;
        }
        if self.folders.len() >= self.most {
            self.folders.clear();
        }
        let place = self.folders.entry(folder);
        // Whoever forgets counts first: it has counted by now, or takes this away when the place is free again.
        if self.now() == since {
            place.insert(answer.clone());
        }
    }

    /// Forgets all.
    pub fn forget(&self) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.folders.clear();
    }

    /// Forgets what was a folder at `path`, and beneath it.
    pub fn forget_beneath(&self, path: &RelPath) {
        let top = path.as_bytes();
        if top.is_empty() {
            return self.forget();
        }
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        // It may be gone from here where what lay beneath it is not.
        let beneath = |it: &[u8]| it.starts_with(top) && it.get(top.len()).is_none_or(|&b| b == b'/');
        self.folders.retain(|it, _| !beneath(it.as_bytes()));
    }
}
