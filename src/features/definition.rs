//! Where what stands at an offset is declared. Invariant: answers only from the snapshot; every target says why it is one.
//! Must not know the protocol.

use super::answer::{Answer, Target};
use super::resolve::{Here, Resolver, subject_at};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::index::snapshot::Snapshot;

/// Declarations of the name at a byte offset of a file, best first; empty where there is no name or its declaration lies
/// outside the workspace.
pub fn definition(snapshot: &Snapshot, file: FileId, offset: u32, cancel: &Cancel) -> Answer<Vec<Target>> {
    let found = || {
        let facts = snapshot.facts(file)?;
        let (segment, subject) = subject_at(&facts, offset)?;
        let mut found = Resolver::new(snapshot, cancel).declarations(&Here { file, facts, segment }, subject);
        let mut seen = Vec::new();
        found.retain(|it| {
            let is_new = !seen.contains(&(it.file, it.name));
            seen.push((it.file, it.name));
            is_new
        });
        Some(found)
    };
    Answer::new(snapshot, found().unwrap_or_default())
}
