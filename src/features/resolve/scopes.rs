//! Names by scope: locals, parameters, items around the use, imports. Invariant: inner scopes hide outer ones; what is
//! ordered is not seen before its own position.

use super::*;
use crate::facts::{ImportKind, ScopeKind};

/// Languages whose members are seen inside their type without a receiver.
const IMPLICIT_MEMBERS: &[&str] = &["java", "csharp", "cpp", "kotlin", "swift", "scala", "ruby"];

impl Resolver<'_> {
    /// A use without a receiver.
    pub(super) fn plain(&self, here: &Here, at: usize) -> Found {
        let facts = here.facts();
        let it = facts.references[at];
        let name = facts.text(it.name);
        if matches!(it.role, Role::Label) {
            let found = self.label(here, at);
            if !found.is_empty() {
                return Found::Targets(found);
            }
        }
        if name == "Self" {
            return self
                .enclosing_type(here, it.scope)
                .map_or(Found::Nothing, |name| self.lexical(here, it.scope, it.span.start, &name, MAX_DEPTH));
        }
        let found = self.lexical(here, it.scope, it.span.start, name, MAX_DEPTH);
        found.or_else(|| self.path_head(here, it.scope, name))
    }

    /// A name looked up from a scope outwards.
    pub(super) fn lexical(&self, here: &Here, scope: ScopeIx, before: u32, name: &str, depth: u32) -> Found {
        let facts = here.facts();
        let implicit = IMPLICIT_MEMBERS.contains(&self.snapshot.lang(here.file));
        let mut at = Some(scope);
        while let Some(scope) = at {
            let row = facts.scopes.get(scope.0 as usize).copied();
            if let Some(found) =
                self.in_scope(here, scope, before, name, implicit || row.is_none_or(|it| it.kind != ScopeKind::Type))
            {
                return Found::Targets(vec![found]);
            }
            match self.imported(here, Some(scope), name, depth) {
                Found::Nothing => {}
                found => return found,
            }
            at = row.and_then(|it| it.parent);
        }
        // Items of the file's other segments, and imports of the first.
        for segment in (0..here.facts.segments.len()).filter(|it| *it != here.segment) {
            let other = Here { segment, ..here.clone() };
            if let Some(at) = item_named(other.facts(), name) {
                return Found::Targets(vec![self.target(&other, at, Evidence::Scope)]);
            }
            match self.imported(&other, None, name, depth) {
                Found::Nothing => {}
                found => return found,
            }
        }
        self.wildcards(here, name, depth)
    }

    fn in_scope(&self, here: &Here, scope: ScopeIx, before: u32, name: &str, members: bool) -> Option<Target> {
        let facts = here.facts();
        let mut best: Option<(usize, &Symbol)> = None;
        for (at, it) in facts.symbols.iter().enumerate() {
            if it.scope != scope || facts.text(it.name) != name || it.kind == SymbolKind::Implementation {
                continue;
            }
            if !members && it.kind != SymbolKind::TypeParameter && !it.flags.has(SymbolFlags::LOCAL) {
                continue;
            }
            // What is bound in order is not seen in its own initialiser.
            if it.flags.has(SymbolFlags::ORDERED) && it.range.end.max(it.name_range.end) > before {
                continue;
            }
            // The last one before the use; of those behind it the first.
            let better =
                best.is_none_or(|(_, old)| it.name_range.start < before || old.name_range.start > it.name_range.start);
            if better {
                best = Some((at, it));
            }
        }
        best.map(|(at, _)| self.target(here, at, Evidence::Scope))
    }

    /// What an import in `scope` (in any, where none is given) brings under this name.
    pub(super) fn imported(&self, here: &Here, scope: Option<ScopeIx>, name: &str, depth: u32) -> Found {
        let facts = here.facts();
        for (at, it) in facts.imports.iter().enumerate() {
            if scope.is_some_and(|scope| it.scope != scope)
                || it.kind == ImportKind::Wildcard
                || visible_name(facts, at) != name
            {
                continue;
            }
            match self.import(here, at, depth) {
                // Nobody knows where it leads: out of here, or the name would have been found.
                Found::Nothing => return Found::of(self.import_by_name(here, at)).or_else(|| Found::Outside),
                found => return found,
            }
        }
        Found::Nothing
    }

    /// Names that `use a::*` or `from a import *` bring.
    fn wildcards(&self, here: &Here, name: &str, depth: u32) -> Found {
        if depth == 0 {
            return Found::Nothing;
        }
        for segment in 0..here.facts.segments.len() {
            let here = Here { segment, ..here.clone() };
            let facts = here.facts();
            for it in facts.imports.iter().filter(|it| it.kind == ImportKind::Wildcard) {
                let found = self.in_path(&here, it.scope, facts.text(it.path), name, depth - 1);
                if let Found::Targets(_) = found {
                    return found;
                }
            }
        }
        Found::Nothing
    }

    /// The field that a label of a literal names: of the type that is named closest before it.
    fn label(&self, here: &Here, at: usize) -> Vec<Target> {
        let facts = here.facts();
        let label = facts.references[at];
        let name = facts.text(label.name);
        let mut seen: Vec<&str> = Vec::new();
        for it in facts.references[..at].iter().rev().take(60) {
            let owner = facts.text(it.name);
            let owner = if owner == "Self" { self.enclosing_type(here, it.scope) } else { Some(owner.to_owned()) };
            let Some(owner) = owner.filter(|it| it.starts_with(char::is_uppercase)) else { continue };
            if seen.iter().any(|it| *it == owner) {
                continue;
            }
            seen.push(facts.text(it.name));
            let found = self.members(&owner, name, here.file, 2);
            if !found.is_empty() || seen.len() > 8 {
                return found;
            }
        }
        Vec::new()
    }
}

/// The name under which an import is used in its file.
pub(super) fn visible_name(facts: &Facts, at: usize) -> &str {
    let it = &facts.imports[at];
    let path = facts.text(it.path);
    let last = || path.rsplit([':', '.', '/', '\\']).next().unwrap_or(path);
    it.alias.or(it.name).map_or_else(last, |name| facts.text(name))
}

/// The first item of a segment of this name that lies in no other item.
pub(super) fn item_named(facts: &Facts, name: &str) -> Option<usize> {
    let fits = |it: &Symbol| it.parent.is_none() && is_item(it) && facts.text(it.name) == name;
    facts.symbols.iter().position(fits)
}
