//! Members by their type: what is written before a name, what it is declared as, what a call returns. Invariant: supertypes
//! are followed a bounded way; without a declared type nothing is claimed.

use super::*;
use crate::facts::Relation;

/// Owners of one name beyond this many are not looked at.
const SAME_NAME: usize = 400;

impl Resolver<'_> {
    /// Members `name` of a type, its supertypes included, nearest to `near` first.
    pub(super) fn members(&self, owner: &str, name: &str, near: FileId, depth: u32) -> Vec<Target> {
        let mut hits: Vec<_> = self
            .snapshot
            .symbols_named(name)
            .into_iter()
            .filter(|it| it.container.as_deref() == Some(owner) && it.kind != SymbolKind::Implementation)
            .take(SAME_NAME)
            .collect();
        hits.sort_by_cached_key(|it| {
            let (declared, left_out) = (SymbolFlags::DECLARATION, SymbolFlags::LEFT_OUT);
            (it.flags.has(left_out), it.flags.has(declared), std::cmp::Reverse(self.nearness(near, it.file)))
        });
        let found: Vec<Target> =
            hits.iter().take(8).filter_map(|it| self.target_of(it, Evidence::ReceiverType)).collect();
        if !found.is_empty() || depth == 0 {
            return found;
        }
        for parent in self.supertypes(owner, near) {
            let found = self.members(&parent, name, near, depth - 1);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Names of what a type extends or implements, as its declarations near here say.
    fn supertypes(&self, owner: &str, near: FileId) -> Vec<String> {
        let mut owners = self.snapshot.symbols_named(owner);
        owners.retain(|it| is_type(it.kind) || it.kind == SymbolKind::TypeAlias);
        owners.sort_by_cached_key(|it| std::cmp::Reverse(self.nearness(near, it.file)));
        let mut out: Vec<String> = Vec::new();
        for it in owners.iter().take(12) {
            let Some(file) = self.read(it.file) else { break };
            let Some(segment) = file.segments.get(it.segment as usize) else { continue };
            let facts = &segment.facts;
            let wanted = |ty: &&crate::facts::TypeUse| {
                Some(ty.symbol.0) == it.index
                    && matches!(ty.relation, Relation::Extends | Relation::Implements | Relation::Alias)
            };
            for ty in facts.types.iter().filter(wanted) {
                let name = facts.text(ty.name).to_owned();
                if name != owner && !out.contains(&name) {
                    out.push(name);
                }
            }
        }
        out.truncate(12);
        out
    }

    /// `self.name`, `Self::name`.
    pub(super) fn of_self(&self, here: &Here, scope: ScopeIx, name: &str, _at: u32) -> Found {
        let Some(owner) = self.enclosing_type(here, scope) else { return Found::Nothing };
        Found::of(self.members(&owner, name, here.file, 4))
    }

    /// `super.name`.
    pub(super) fn of_super(&self, here: &Here, scope: ScopeIx, name: &str) -> Found {
        let Some(owner) = self.enclosing_type(here, scope) else {
            return self.in_path(here, scope, "super", name, MAX_DEPTH);
        };
        let supertypes = self.supertypes(&owner, here.file);
        let found = supertypes.iter().map(|it| self.members(it, name, here.file, 3)).find(|it| !it.is_empty());
        Found::of(found.unwrap_or_default()).or_else(|| self.in_path(here, scope, "super", name, MAX_DEPTH))
    }

    /// `f().name`.
    pub(super) fn of_call(&self, here: &Here, at: usize, called: &str) -> Found {
        let facts = here.facts();
        let it = facts.references[at];
        let last = called.rsplit([':', '.']).next().unwrap_or(called);
        // The call itself is a use shortly before.
        let call = facts.references[..at].iter().rposition(|it| facts.text(it.name) == last);
        let declared = match call {
            Some(call) if call + 40 > at && facts.references[call].receiver == Receiver::None => {
                self.plain(here, call).targets()
            }
            Some(call)
                if call + 40 > at
                    && matches!(facts.references[call].receiver, Receiver::Name(_) | Receiver::SelfType) =>
            {
                self.of_reference(here, call).targets()
            }
            _ => Vec::new(),
        };
        let Some(ty) = declared.iter().find_map(|it| self.type_of(it)) else { return Found::Nothing };
        Found::of(self.members(&ty, facts.text(it.name), here.file, 4))
    }

    /// `a.name`, `a::b::name`: a variable, a type or a module stands before it.
    pub(super) fn qualified(&self, here: &Here, at: usize, path: &str) -> Found {
        let facts = here.facts();
        let it = facts.references[at];
        let name = facts.text(it.name);
        let parts: Vec<&str> = path.split([':', '.']).filter(|it| !it.is_empty()).collect();
        let Some((first, rest)) = parts.split_first() else { return Found::Nothing };
        // As values: each further part is a field of the type of the one before.
        let ty = match *first {
            "self" | "this" | "Self" if path.contains('.') || rest.is_empty() => self.enclosing_type(here, it.scope),
            first => self.value_type(here, it.scope, it.span.start, first),
        };
        if let Some(mut ty) = ty {
            for part in rest {
                let fields = self.members(&ty, part, here.file, 3);
                match fields.iter().find_map(|it| self.type_of(it)) {
                    Some(next) => ty = next,
                    None => return Found::Nothing,
                }
            }
            return Found::of(self.members(&ty, name, here.file, 4));
        }
        self.in_path(here, it.scope, path, name, MAX_DEPTH)
    }

    /// The type of a local, a parameter, a constant or a field that is seen from here; `None` where it is no value.
    fn value_type(&self, here: &Here, scope: ScopeIx, before: u32, name: &str) -> Option<String> {
        let found = self.lexical(here, scope, before, name, 3).targets();
        let target = found.first()?;
        let (kind, ..) = self.symbol_of(target, |_, it| (it.kind, ()))?;
        if !matches!(
            kind,
            SymbolKind::Variable
                | SymbolKind::Parameter
                | SymbolKind::Constant
                | SymbolKind::Field
                | SymbolKind::Property
        ) {
            return None;
        }
        self.type_of(target)
    }

    /// Simple name of the type that a declaration has or returns, as written, or as its first value tells.
    pub(super) fn type_of(&self, target: &Target) -> Option<String> {
        let file = self.read(target.file)?;
        let here = Here { file: target.file, facts: file, segment: target.segment as usize };
        let facts = here.facts.segments.get(here.segment)?.facts.clone();
        let symbol = facts.symbols.get(target.symbol? as usize)?;
        if let Some(ty) = symbol.ty {
            let ty = facts.text(ty);
            let own = || {
                symbol
                    .container
                    .map(|it| facts.text(it).to_owned())
                    .or_else(|| self.enclosing_type(&here, symbol.scope))
            };
            return if ty == "Self" || ty == "this" { own() } else { Some(ty.to_owned()) };
        }
        // `let x = T::new()`, `x = new T()`: the first call behind the name, on the same line.
        let line = facts.lines.line_of(symbol.name_range.end);
        let from = facts.references.partition_point(|it| it.span.start < symbol.name_range.end);
        for it in facts.references[from..].iter().take(6).take_while(|it| facts.lines.line_of(it.span.start) == line) {
            match it.receiver {
                Receiver::Name(path) => {
                    let owner = facts.text(path).rsplit([':', '.']).next().unwrap_or("");
                    if it.role == Role::Call && owner.starts_with(char::is_uppercase) {
                        return Some(owner.to_owned());
                    }
                }
                Receiver::None if it.role == Role::Call && facts.text(it.name).starts_with(char::is_uppercase) => {
                    return Some(facts.text(it.name).to_owned());
                }
                _ => {}
            }
        }
        None
    }

    /// Something about the symbol of a target.
    pub(super) fn symbol_of<T>(&self, target: &Target, read: impl FnOnce(&Facts, &Symbol) -> T) -> Option<T> {
        let file = self.read(target.file)?;
        let facts = &file.segments.get(target.segment as usize)?.facts;
        Some(read(facts, facts.symbols.get(target.symbol? as usize)?))
    }
}
