//! Uses of what stands at an offset: every use of its name in the workspace that resolves to the same declaration.
//! Invariant: bounded by files and time (`cancel`); a use whose declaration nobody can tell counts if only one declaration
//! has that name. Must not know the protocol.

use super::answer::{Answer, Target};
use super::resolve::{self, Here, Resolver, Subject, subject_at};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::base::span::Span;
use crate::facts::{Role, SymbolFlags};
use crate::index::snapshot::Snapshot;

/// Files that are read for one answer.
const MAX_FILES: usize = 5_000;

/// One use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    pub file: FileId,
    /// In the file.
    pub span: Span,
    /// None: the declaration itself.
    pub role: Option<Role>,
}

/// Uses of what is declared or used at a byte offset, by path and position; with the declarations if wanted.
pub fn references(
    snapshot: &Snapshot,
    file: FileId,
    offset: u32,
    declarations: bool,
    cancel: &Cancel,
) -> Answer<Vec<Use>> {
    Answer::new(snapshot, uses(snapshot, file, offset, declarations, cancel).unwrap_or_default())
}

fn uses(snapshot: &Snapshot, file: FileId, offset: u32, declarations: bool, cancel: &Cancel) -> Option<Vec<Use>> {
    let facts = snapshot.facts(file)?;
    let (segment, subject) = subject_at(&facts, offset)?;
    let here = Here { file, facts, segment };
    let targets = Resolver::new(snapshot, cancel).declarations(&here, subject);
    let facts = here.facts();
    let wanted = targets.first().copied();
    let name =
        wanted.and_then(|it| name_of(snapshot, &it)).unwrap_or_else(|| resolve::name_of(facts, subject).to_owned());
    let local = wanted.is_some_and(|it| is_local(snapshot, &it));
    let files = if local { vec![wanted?.file] } else { snapshot.files_using(&name, MAX_FILES, cancel) };
    let mut out = Vec::new();
    for file in files {
        if cancel.is_cancelled() {
            break;
        }
        collect(snapshot, file, &name, wanted.as_ref(), &mut out, cancel);
    }
    if declarations && let Some(it) = wanted.filter(|it| it.symbol.is_some()) {
        out.push(Use { file: it.file, span: it.name, role: None });
    }
    out.sort_by_cached_key(|it| (snapshot.path(it.file), it.span));
    out.dedup_by_key(|it| (it.file, it.span));
    Some(out)
}

fn name_of(snapshot: &Snapshot, target: &Target) -> Option<String> {
    let file = snapshot.facts(target.file)?;
    let facts = &file.segments.get(target.segment as usize)?.facts;
    Some(facts.text(facts.symbols.get(target.symbol? as usize)?.name).to_owned())
}

fn is_local(snapshot: &Snapshot, target: &Target) -> bool {
    let found = || {
        let file = snapshot.facts(target.file)?;
        let facts = &file.segments.get(target.segment as usize)?.facts;
        Some(facts.symbols.get(target.symbol? as usize)?.flags.has(SymbolFlags::LOCAL))
    };
    found().unwrap_or(false)
}

fn collect(
    snapshot: &Snapshot,
    file: FileId,
    name: &str,
    wanted: Option<&Target>,
    out: &mut Vec<Use>,
    cancel: &Cancel,
) {
    let Some(facts) = snapshot.facts(file) else { return };
    for segment in 0..facts.segments.len() {
        let here = Here { file, facts: facts.clone(), segment };
        let base = facts.segments[segment].span.start;
        // One resolver a segment: its bound on files is for one question, many uses share it.
        let segment_facts = here.facts();
        for (at, it) in segment_facts.references.iter().enumerate() {
            if segment_facts.text(it.name) == name
                && leads_to(&Resolver::new(snapshot, cancel), &here, Subject::Reference(at as u32), wanted)
            {
                out.push(Use { file, span: it.span.shifted(base), role: Some(it.role) });
            }
        }
        for (at, it) in segment_facts.imports.iter().enumerate() {
            let named = it.name.is_some_and(|it| segment_facts.text(it) == name);
            if named && leads_to(&Resolver::new(snapshot, cancel), &here, Subject::Import(at as u32), wanted) {
                out.push(Use { file, span: it.span.shifted(base), role: Some(Role::Path) });
            }
        }
    }
}

fn leads_to(resolver: &Resolver<'_>, here: &Here, subject: Subject, wanted: Option<&Target>) -> bool {
    let Some(wanted) = wanted else { return true };
    let found = resolver.declarations(here, subject);
    found.first().is_some_and(|it| it.file == wanted.file && it.name == wanted.name)
}
