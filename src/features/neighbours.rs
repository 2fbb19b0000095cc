//! Files that somebody who has just opened one is likely to ask for: what it imports, what was open together with it, what
//! lies beside it. Invariant: bounded; the file itself is not among them. Must not know who reads them.

use std::collections::HashSet;

use super::resolve::{Here, Resolver, Subject};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::index::snapshot::Snapshot;

/// Imports that are followed.
const IMPORTS: usize = 48;
/// Files of one import.
const NAMESAKES: usize = 4;
/// Files taken from its folder: those around it in the order of names.
const BESIDE: usize = 24;
/// Of all files.
const MOST: usize = 96;

/// The neighbours of a file, most wanted first; `together` are those that were open with it.
pub fn neighbours(snapshot: &Snapshot, file: FileId, together: &[FileId], cancel: &Cancel) -> Vec<FileId> {
    let mut seen = HashSet::from([file]);
    let beside = snapshot.beside(file, BESIDE);
    let all = together.iter().copied().chain(imported(snapshot, file, cancel)).chain(beside);
    all.filter(|it| seen.insert(*it)).take(MOST).collect()
}

/// Files of the workspace that its imports lead to.
fn imported(snapshot: &Snapshot, file: FileId, cancel: &Cancel) -> Vec<FileId> {
    let Some(facts) = snapshot.facts(file) else { return Vec::new() };
    let mut out = Vec::new();
    for segment in 0..facts.segments.len() {
        let here = Here { file, facts: facts.clone(), segment };
        for at in 0..here.facts().imports.len().min(IMPORTS) {
            if cancel.is_cancelled() || out.len() >= MOST {
                return out;
            }
            let found = Resolver::new(snapshot, cancel).declarations(&here, Subject::Import(at as u32));
            out.extend(found.into_iter().take(NAMESAKES).map(|it| it.file));
        }
    }
    out
}
