//! The part of the index that may answer: files by language and path, passages by what they declare. Invariant: what is left
//! out is left out before anything is ranked or cut; nothing dead comes back. Must not know how a wish is written.

mod held;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bits::BitSet;
use super::snapshot::{PackState, PassageId, Snapshot};
use super::view::PackView;
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::facts::KindSet;
pub use held::Held;
use rayon::prelude::*;

/// Files of a pack that one task looks at.
const PIECE: usize = 4_096;

/// Whether a language's id, the bytes of a path are wished.
pub type Fits<'a, T> = &'a (dyn Fn(&T) -> bool + Sync);

/// What may answer.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// By a language's id; none: every language.
    pub lang: Option<Fits<'a, str>>,
    /// By the bytes of a path beneath its root; none: every path.
    pub path: Option<Fits<'a, [u8]>>,
    /// Passages that declare one of these, or lie in one.
    pub kinds: KindSet,
}

/// What is left of a snapshot.
pub struct Within {
    /// By slot.
    packs: Vec<Option<Part>>,
    /// Live files and passages that are left.
    files: u64,
    passages: u64,
}

/// What of one pack may not answer: the dead, and what nobody wishes.
pub struct Part {
    pub files: BitSet,
    pub passages: BitSet,
    /// Whole files are left, so a segment is left whole or not at all.
    pub whole: bool,
}

impl Within {
    /// Live files that are left.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// Live passages that are left.
    pub fn passages(&self) -> u64 {
        self.passages
    }

    /// What of the pack in a slot may not answer.
    pub fn part(&self, slot: u32) -> Option<&Part> {
        self.packs.get(slot as usize)?.as_ref()
    }

    /// Whether a passage is left.
    pub fn has(&self, passage: PassageId) -> bool {
        self.part(passage.slot).is_some_and(|it| !it.passages.has(passage.ordinal as usize))
    }
}

impl Snapshot {
    /// The part of it that `wish` describes.
    pub fn within(&self, wish: &Wish<'_>, cancel: &Cancel) -> Within {
        let packs: Vec<(usize, &Arc<PackState>)> = self.packs().collect();
        let one = |(slot, state): &(usize, &Arc<PackState>)| Some((*slot, part(state, state.view()?, wish, cancel)));
        let made: Vec<(usize, (Part, u64))> = packs.par_iter().filter_map(one).collect();
        let mut out = Within { packs: Vec::new(), files: 0, passages: 0 };
        out.packs.resize_with(packs.iter().map(|it| it.0 + 1).max().unwrap_or(0), || None);
        for (slot, (part, files)) in made {
            let all = self.0.packs[slot].as_ref().and_then(|it| it.view()).map_or(0, |it| it.files().passage_count());
            out.passages += (all - part.passages.count(all).min(all)) as u64;
            out.packs[slot] = Some(part);
            out.files += files;
        }
        out
    }

    /// Live indexed files by the ids of their languages.
    pub fn files_by_lang(&self) -> BTreeMap<String, u64> {
        let mut out = BTreeMap::new();
        for (_, state) in self.packs() {
            let Some(view) = state.view() else { continue };
            let files = view.files();
            let mut counts: Vec<u64> = files.langs().map(|_| 0).collect();
            for at in (0..files.len()).filter(|&at| files.is_indexed(at) && !state.dead_files.has(at)) {
                if let Some(count) = counts.get_mut(files.lang_number(at)) {
                    *count += 1;
                }
            }
            for (id, count) in files.langs().zip(counts).filter(|it| it.1 > 0) {
                *out.entry(id.to_owned()).or_insert(0) += count;
            }
        }
        out
    }

    /// Calls `look` with each live indexed path beneath its root, until it is cancelled; within a pack in their order.
    pub fn each_indexed_path(&self, cancel: &Cancel, look: &mut dyn FnMut(&[u8])) {
        for (_, state) in self.packs() {
            let Some(view) = state.view() else { continue };
            let files = view.files();
            for from in (0..files.len()).step_by(PIECE).take_while(|_| !cancel.is_cancelled()) {
                let piece = from..files.len().min(from + PIECE);
                let live = piece.filter(|&at| files.is_indexed(at) && !state.dead_files.has(at));
                live.for_each(|at| look(files.path_bytes(at)));
            }
        }
    }

    /// Whether a file is in what is left; not where it is gone.
    pub fn is_within(&self, file: FileId, within: &Within) -> bool {
        let Some(location) = self.0.locations.live(file) else { return false };
        within.part(location.slot).is_some_and(|it| !it.files.has(location.ordinal as usize))
    }
}

fn part(state: &PackState, view: &PackView, wish: &Wish<'_>, cancel: &Cancel) -> (Part, u64) {
    let files = view.files();
    let langs: Vec<bool> = files.langs().map(|it| wish.lang.is_none_or(|fits| fits(it))).collect();
    let is_live = |at: usize| files.is_indexed(at) && !state.dead_files.has(at);
    let fits = |at: usize| {
        let lang = langs.get(files.lang_number(at)).copied().unwrap_or(false);
        lang && wish.path.is_none_or(|fits| fits(files.path_bytes(at)))
    };
    let starts: Vec<usize> = (0..files.len()).step_by(PIECE).collect();
    let piece = |&from: &usize| -> Vec<usize> {
        let upto = if cancel.is_cancelled() { from } else { files.len().min(from + PIECE) };
        (from..upto).filter(|&at| is_live(at) && fits(at)).collect()
    };
    let left: Vec<usize> = starts.par_iter().flat_map_iter(piece).collect();
    let mut out = Part {
        files: BitSet::clone(&state.dead_files),
        passages: BitSet::clone(&state.dead_passages),
        whole: wish.kinds == KindSet::ALL,
    };
    let mut next = 0;
    for &at in left.iter().chain([&files.len()]) {
        out.files.set_all(next..at);
        (next..at).for_each(|it| out.passages.set_all(files.passages_of_file(it)));
        next = at + 1;
    }
    if !out.whole {
        view.held().leave_out(wish.kinds, &mut out.passages);
    }
    (out, left.len() as u64)
}

#[cfg(test)]
mod tests;
