//! Where what stands at an offset is declared. Invariant: answers only from the snapshot; every target says why it is one.
//! Must not know the protocol.

use super::answer::{Answer, Evidence, Target};
use super::resolve::{Here, Resolver, name_of, subject_at};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::index::snapshot::Snapshot;
use crate::index::wants::Wants;

/// Declarations of the name at a byte offset of a file, best first; empty where there is no name or its declaration lies
/// outside the workspace.
pub fn definition(snapshot: &Snapshot, file: FileId, offset: u32, cancel: &Cancel) -> Answer<Vec<Target>> {
    let Some(facts) = snapshot.facts(file) else { return Answer::new(snapshot, Vec::new()) };
    let Some((segment, subject)) = subject_at(&facts, offset) else { return Answer::new(snapshot, Vec::new()) };
    let here = Here { file, facts, segment };
    let mut found = Resolver::new(snapshot, cancel).declarations(&here, subject);
    let mut seen = Vec::new();
    found.retain(|it| {
        let is_new = !seen.contains(&(it.file, it.name));
        seen.push((it.file, it.name));
        is_new
    });
    let sure = found.iter().any(|it| it.evidence < Evidence::NameOnly);
    Answer::new(snapshot, found).wanting(|| if sure { None } else { Wants::declared(name_of(here.facts(), subject)) })
}
