//! The rules of folders that somebody has asked for, so that a path told from outside costs no ignore files. Invariants: what
//! was worked out before something was forgotten is not kept; what the disk refused is asked for again. Must not know what
//! the rules say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::FolderRules;
use crate::base::paths::RelPath;
use crate::workspace::skip::Skip;

/// The rules in a folder, or why it is left out.
pub type Answer = Result<Arc<FolderRules>, Skip>;

/// Answers by folder.
pub struct Known {
    most: usize,
    /// One lock: whoever keeps an answer must see whether something was forgotten.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    folders: HashMap<RelPath, Answer>,
    /// Counts how often something was forgotten.
    forgotten: u64,
}

impl Known {
    /// For at most so many folders.
    pub fn new(most: usize) -> Self {
        Self { most, state: Mutex::default() }
    }

    /// What `keep` is to be given of an answer that is worked out from now on.
    pub fn now(&self) -> u64 {
        self.lock().forgotten
    }

    /// The answer for a folder.
    pub fn get(&self, folder: &RelPath) -> Option<Answer> {
        self.lock().folders.get(folder).cloned()
    }

    /// Keeps one more answer; where that are too many, all before it are worked out again when they are asked for.
    pub fn keep(&self, folder: RelPath, answer: &Answer, since: u64) {
        // A folder that is not there now may come, and nobody tells of what came between two looks.
        let is_passing = matches!(answer, Err(Skip::Link | Skip::Special | Skip::Unreadable(_)));
        if self.most == 0 || is_passing {
            return;
        }
        let mut state = self.lock();
        if state.folders.len() >= self.most {
            state.folders.clear();
        }
        if state.forgotten == since {
            state.folders.insert(folder, answer.clone());
        }
    }

    /// Forgets all.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.forgotten += 1;
        state.folders.clear();
    }

    /// Forgets what was a folder at `path`, and beneath it.
    pub fn forget_beneath(&self, path: &RelPath) {
        let top = path.as_bytes();
        if top.is_empty() {
            return self.forget();
        }
        let mut state = self.lock();
        state.forgotten += 1;
        // It may be gone from here where what lay beneath it is not.
        let beneath = |it: &[u8]| it.starts_with(top) && it.get(top.len()).is_none_or(|&b| b == b'/');
        state.folders.retain(|it, _| !beneath(it.as_bytes()));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
