//! From a use of a name to its declarations: scopes first, then imports, then what is written before the name, then the
//! declared type of what stands before it, then nearness. Invariant: bounded (files read, steps taken); an import that
//! leads out of the workspace gives nothing rather than a namesake. Must not know positions or the protocol.

mod files;
mod guess;
mod members;
mod modules;
mod scopes;

#[cfg(test)]
mod tests;

use super::answer::{Evidence, Target};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::facts::{Facts, Receiver, Role, ScopeIx, Symbol, SymbolFlags, SymbolIx, SymbolKind};
use crate::index::snapshot::{FileFacts, FileSegment, Snapshot};
use std::cell::Cell;
use std::sync::Arc;

/// Files whose facts one question may read.
const MAX_FILES: u32 = 200;
/// Imports that are followed one after another.
const MAX_DEPTH: u32 = 12;

/// What stands at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The name of a declaration.
    Symbol(u32),
    /// A use.
    Reference(u32),
    /// An imported name or its path.
    Import(u32),
}

/// The subject at a byte offset of a file, with its segment's position: declarations before imports before uses.
pub fn subject_at(facts: &FileFacts, offset: u32) -> Option<(usize, Subject)> {
    let at = facts.segments.partition_point(|it| it.span.start <= offset).checked_sub(1)?;
    let found = subject_in(&facts.segments[at], offset);
    // An offset between two segments may touch the end of the one before.
    let (at, found) = match (found, at) {
        (None, 1..) if facts.segments[at].span.start == offset => (at - 1, subject_in(&facts.segments[at - 1], offset)),
        found => (at, found.0),
    };
    found.map(|it| (at, it))
}

/// The name that a subject is written with.
pub fn name_of(facts: &Facts, subject: Subject) -> &str {
    let written = match subject {
        Subject::Symbol(at) => facts.symbols[at as usize].name,
        Subject::Reference(at) => facts.references[at as usize].name,
        Subject::Import(at) => facts.imports[at as usize].name.unwrap_or(facts.imports[at as usize].path),
    };
    facts.text(written)
}

fn subject_in(segment: &FileSegment, offset: u32) -> Option<Subject> {
    let (facts, at) = (&segment.facts, offset - segment.span.start);
    let symbol = facts.symbols.iter().position(|it| it.name_range.touches(at) && !it.name_range.is_empty());
    if let Some(it) = symbol {
        return Some(Subject::Symbol(it as u32));
    }
    let import = facts.imports.iter().position(|it| it.span.touches(at));
    // A use is a name; before a name the use to its left may end at the same offset.
    let last = facts.references.partition_point(|it| it.span.start <= at);
    let touched = facts.references[..last].iter().rposition(|it| it.span.touches(at));
    match (import, touched) {
        (Some(it), _) => Some(Subject::Import(it as u32)),
        (None, found) => found.map(|it| Subject::Reference(it as u32)),
    }
}

/// A place from which names are looked up.
#[derive(Clone)]
pub(super) struct Here {
    pub file: FileId,
    pub facts: Arc<FileFacts>,
    pub segment: usize,
}

impl Here {
    pub fn facts(&self) -> &Facts {
        &self.facts.segments[self.segment].facts
    }
}

/// What a lookup found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Targets(Vec<Target>),
    /// It is known to lie outside the workspace.
    Outside,
    Nothing,
}

impl Found {
    fn of(targets: Vec<Target>) -> Self {
        if targets.is_empty() { Self::Nothing } else { Self::Targets(targets) }
    }

    fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        if self == Self::Nothing { other() } else { self }
    }

    fn targets(self) -> Vec<Target> {
        if let Self::Targets(it) = self { it } else { Vec::new() }
    }
}

/// One question's resolver.
pub(super) struct Resolver<'a> {
    pub snapshot: &'a Snapshot,
    pub cancel: &'a Cancel,
    files: Cell<u32>,
}

impl<'a> Resolver<'a> {
    pub fn new(snapshot: &'a Snapshot, cancel: &'a Cancel) -> Self {
        Self { snapshot, cancel, files: Cell::new(0) }
    }

    /// A file's facts, as long as the question may read more.
    pub fn read(&self, file: FileId) -> Option<Arc<FileFacts>> {
        if self.files.get() >= MAX_FILES || self.cancel.is_cancelled() {
            return None;
        }
        self.files.set(self.files.get() + 1);
        self.snapshot.facts(file)
    }

    pub fn target(&self, here: &Here, symbol: usize, evidence: Evidence) -> Target {
        let base = here.facts.segments[here.segment].span.start;
        let it = &here.facts().symbols[symbol];
        Target {
            file: here.file,
            segment: here.segment as u32,
            symbol: Some(symbol as u32),
            name: it.name_range.shifted(base),
            full: it.range.shifted(base),
            evidence,
        }
    }

    /// A whole file as a target.
    pub fn file_target(&self, file: FileId, evidence: Evidence) -> Target {
        Target { file, segment: 0, symbol: None, name: Default::default(), full: Default::default(), evidence }
    }

    /// Declarations of what stands at a subject.
    pub fn declarations(&self, here: &Here, subject: Subject) -> Vec<Target> {
        match subject {
            Subject::Symbol(at) => self.of_symbol(here, at as usize),
            Subject::Import(at) => match self.import(here, at as usize, MAX_DEPTH) {
                Found::Nothing => self.import_by_name(here, at as usize),
                found => found.targets(),
            },
            Subject::Reference(at) => self.of_reference(here, at as usize).targets(),
        }
    }

    /// A declaration leads to itself; one without a body to its definition, a module's to its file.
    fn of_symbol(&self, here: &Here, at: usize) -> Vec<Target> {
        let facts = here.facts();
        let symbol = &facts.symbols[at];
        let itself = self.target(here, at, Evidence::Scope);
        if symbol.flags.has(SymbolFlags::DECLARATION) && symbol.kind == SymbolKind::Module {
            let name = facts.text(symbol.name);
            if let Some(child) = self.child(&self.module_of(here, symbol.scope), name) {
                return vec![self.file_target(child.file, Evidence::Qualifier)];
            }
        }
        if symbol.kind == SymbolKind::Implementation {
            let found =
                self.lexical(here, symbol.scope, symbol.name_range.start, facts.text(symbol.name), MAX_DEPTH).targets();
            if !found.is_empty() {
                return found;
            }
        }
        vec![itself]
    }

    fn of_reference(&self, here: &Here, at: usize) -> Found {
        let facts = here.facts();
        let it = facts.references[at];
        let name = facts.text(it.name);
        let found = match it.receiver {
            Receiver::None => self.plain(here, at),
            Receiver::SelfType => self.of_self(here, it.scope, name, it.span.start),
            Receiver::Super => self.of_super(here, it.scope, name),
            Receiver::Name(path) => self.qualified(here, at, facts.text(path)),
            Receiver::Call(called) => self.of_call(here, at, facts.text(called)),
            Receiver::Other => Found::Nothing,
        };
        // An exported macro is known everywhere, whatever path is written before it.
        let found = if it.role == Role::Macro && found == Found::Outside { Found::Nothing } else { found };
        found.or_else(|| Found::of(self.guess(here, at)))
    }

    /// The symbol of the innermost scope of a type around `scope`, and its name.
    pub fn enclosing_type(&self, here: &Here, scope: ScopeIx) -> Option<String> {
        let facts = here.facts();
        let mut at = Some(scope);
        while let Some(scope) = at.and_then(|it| facts.scopes.get(it.0 as usize)) {
            if let Some(symbol) = scope.symbol.map(|it| facts.symbol(it)) {
                if is_type(symbol.kind) {
                    return Some(facts.text(symbol.name).to_owned());
                }
                if let Some(container) = symbol.container {
                    return Some(facts.text(container).to_owned());
                }
            }
            at = scope.parent;
        }
        None
    }
}

/// Whether a symbol of this kind has members.
pub(super) fn is_type(kind: SymbolKind) -> bool {
    use SymbolKind::*;
    matches!(kind, Class | Struct | Enum | Union | Interface | Trait | Implementation | Object)
}

/// Whether a symbol is seen by those who can see its file or module: declared there and no local.
pub(super) fn is_item(symbol: &Symbol) -> bool {
    !symbol.flags.has(SymbolFlags::LOCAL) && symbol.kind != SymbolKind::Implementation
}

/// Names of the modules inside the file that a symbol lies in, outermost first; `None` where it lies in something else.
pub(super) fn inline_modules(facts: &Facts, symbol: &Symbol) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut at: Option<SymbolIx> = symbol.parent;
    while let Some(parent) = at {
        let parent = facts.symbol(parent);
        if !matches!(parent.kind, SymbolKind::Module | SymbolKind::Namespace) {
            return None;
        }
        out.push(facts.text(parent.name).to_owned());
        at = parent.parent;
    }
    out.reverse();
    Some(out)
}
