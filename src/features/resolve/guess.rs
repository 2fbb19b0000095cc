//! When nothing is known but the name: the declaration that is nearest and fits its use. Invariant: what comes from here is
//! marked `NameOnly`.

use super::*;
use crate::facts::Import;
use crate::index::snapshot::SymbolHit;
use crate::index::traits::Traits;

/// Namesakes beyond this many are not weighed.
const SAME_NAME: usize = 500;

impl Resolver<'_> {
    /// Declarations of the name of a use, best first.
    pub(super) fn guess(&self, here: &Here, at: usize) -> Vec<Target> {
        let facts = here.facts();
        let it = facts.references[at];
        let member = it.receiver != Receiver::None;
        let mut hits = self.snapshot.symbols_named(facts.text(it.name));
        hits.truncate(SAME_NAME);
        hits.retain(|hit| fits(hit.kind, it.role, member));
        hits.sort_by_cached_key(|hit| {
            let mentioned = hit.container.as_deref().is_some_and(|owner| mentions(facts, owner));
            std::cmp::Reverse(
                (i32::from(mentioned) * 20 + self.nearness(here.file, hit.file))
                    - i32::from(hit.flags.has(SymbolFlags::DECLARATION))
                    - 2 * i32::from(hit.flags.has(SymbolFlags::LEFT_OUT)),
            )
        });
        hits.iter().take(8).filter_map(|it| self.target_of(it, Evidence::NameOnly)).collect()
    }

    /// Declarations of an imported name whose path nobody could follow, if it names a place in the workspace.
    pub(super) fn import_by_name(&self, here: &Here, at: usize) -> Vec<Target> {
        let facts = here.facts();
        let it: Import = facts.imports[at];
        let Some(name) = it.name.map(|it| facts.text(it)) else { return Vec::new() };
        let owner = facts.text(it.path).rsplit([':', '.', '/']).next().unwrap_or("").to_owned();
        let mut hits = self.snapshot.symbols_named(name);
        let module = |hit: &SymbolHit| {
            let path = self.snapshot.path(hit.file).map(|it| it.1.display()).unwrap_or_default();
            hit.container.as_deref() == Some(owner.as_str()) || path.split(['/', '.']).any(|it| it == owner)
        };
        hits.retain(|it| it.kind != SymbolKind::Implementation && !owner.is_empty() && module(it));
        hits.sort_by_cached_key(|it| std::cmp::Reverse(self.nearness(here.file, it.file)));
        hits.iter().take(4).filter_map(|it| self.target_of(it, Evidence::NameOnly)).collect()
    }

    /// How near a file is: 100 for the same, more for a longer shared folder, less for tests and vendored code.
    pub(super) fn nearness(&self, from: FileId, to: FileId) -> i32 {
        if from == to {
            return 100;
        }
        let (Some((_, from)), Some((_, path))) = (self.snapshot.path(from), self.snapshot.path(to)) else { return 0 };
        let parts = |it: &[u8]| it.split(|&b| b == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>();
        let (from, path) = (parts(from.as_bytes()), parts(path.as_bytes()));
        let shared = from.iter().zip(&path).take_while(|(a, b)| a == b).count() as i32;
        let traits = self.snapshot.traits(to);
        let costs = [
            (Traits::TEST, 15),
            (Traits::VENDORED, 30),
            (Traits::GENERATED, 10),
            (Traits::SAMPLE, 15),
            (Traits::DOCS, 10),
        ];
        let cost: i32 = costs.iter().filter(|it| traits.has(it.0)).map(|it| it.1).sum();
        shared * 10 - (path.len() as i32 - shared) - cost
    }

    pub(super) fn target_of(&self, hit: &SymbolHit, evidence: Evidence) -> Option<Target> {
        let facts = self.read(hit.file)?;
        let Some(index) = hit.index else { return Some(self.file_target(hit.file, evidence)) };
        let here = Here { file: hit.file, facts, segment: hit.segment as usize };
        let known = here.facts.segments.get(here.segment)?.facts.symbols.len();
        ((index as usize) < known).then(|| self.target(&here, index as usize, evidence))
    }
}

/// Whether a symbol of this kind can be what such a use means.
fn fits(kind: SymbolKind, role: Role, member: bool) -> bool {
    use SymbolKind::*;
    match role {
        Role::Call => matches!(
            kind,
            Function
                | Method
                | Constructor
                | Class
                | Struct
                | EnumMember
                | Macro
                | Constant
                | Variable
                | Property
                | Field
        ),
        Role::Type => {
            matches!(kind, Class | Struct | Enum | Union | Interface | Trait | TypeAlias | Object | EnumMember)
        }
        Role::Field | Role::Label => matches!(kind, Field | Property | Method | EnumMember | Constant | Function),
        Role::Macro => matches!(kind, Macro | Function),
        Role::Path => matches!(
            kind,
            Module | Namespace | Package | Class | Struct | Enum | Trait | Interface | Object | TypeAlias | Union
        ),
        _ if member => matches!(kind, Field | Property | Method | EnumMember | Constant | Function | Variable),
        _ => !matches!(kind, Implementation | Field | Property | Method | Heading | Key | File | Label),
    }
}

/// Whether a segment uses or declares a name.
fn mentions(facts: &Facts, name: &str) -> bool {
    facts.references.iter().any(|it| facts.text(it.name) == name)
        || facts.symbols.iter().any(|it| facts.text(it.name) == name)
}
