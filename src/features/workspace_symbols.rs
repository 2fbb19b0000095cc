//! Symbols of the whole workspace by a fuzzy name, ranked by match, kind, nearness to the open file, and own code before
//! tests before vendored code. Invariant: equal scores are ordered by path and position. Must not know the protocol.

use std::collections::HashSet;

use super::answer::Answer;
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::facts::{SymbolFlags, SymbolKind};
use crate::index::names::letter_mask;
use crate::index::snapshot::{NameMatch, Snapshot, SymbolHit};
use crate::index::traits::Traits;
use crate::index::wants::Wants;

/// Symbols of one name beyond this many are not weighed.
const SAME_NAME: usize = 2_000;

/// What a name has that is the query itself.
const EXACT: f32 = 100.0;
/// What it has less where only the last part of its name is.
const BY_LAST_PART: f32 = 2.0;

/// A symbol with its score; higher is better.
#[derive(Clone, Debug)]
pub struct Ranked {
    pub hit: SymbolHit,
    pub score: f32,
    path: Vec<u8>,
}

/// Up to `limit` symbols for `query`, best first. `Container::name`, `path/name` and the like narrow by container or path.
/// An empty query gives the most relevant ones: of the open file, then what is used most.
pub fn workspace_symbols(
    snapshot: &Snapshot,
    query: &str,
    near: Option<FileId>,
    limit: usize,
    cancel: &Cancel,
) -> Answer<Vec<Ranked>> {
    let (qualifiers, needle) = split(query);
    let near = Near::new(snapshot, near);
    let mut found = if needle.is_empty() {
        relevant(snapshot, &near, limit, cancel)
    } else {
        let names = snapshot.fuzzy(&needle, (limit * 4).clamp(200, 4_000), cancel);
        let best = names.iter().map(|it| it.score).max().unwrap_or(1).max(1);
        let mut found = Vec::new();
        for name in names {
            if cancel.is_cancelled() || found.len() > limit * 20 + SAME_NAME {
                break;
            }
            let base = of_match(&name, best);
            let symbols = snapshot.symbols_named(&name.name).into_iter().take(SAME_NAME);
            // What is called so by the last part of its name alone comes behind.
            let less = |hit: &SymbolHit| if hit.name == name.name { 0.0 } else { BY_LAST_PART };
            found.extend(symbols.map(|hit| {
                let base = base - less(&hit);
                near.rank(snapshot, hit, base)
            }));
        }
        found
    };
    if !qualifiers.is_empty() {
        found.retain(|it| qualifiers.iter().all(|wanted| is_within(it, wanted)));
    }
    // A file's name (`notes.txt`, `.profile`) and an operator hold what otherwise separates.
    let whole = query.trim();
    if whole != needle {
        let known: HashSet<(FileId, u32, u32)> = found.iter().map(|it| spot_of(&it.hit)).collect();
        let named =
            snapshot.symbols_named(whole).into_iter().take(SAME_NAME).filter(|it| !known.contains(&spot_of(it)));
        found.extend(named.map(|hit| near.rank(snapshot, hit, EXACT)));
    }
    found.sort_by(|a, b| {
        let place = |it: &Ranked| (it.hit.line, it.hit.column);
        b.score.total_cmp(&a.score).then_with(|| a.path.cmp(&b.path)).then_with(|| place(a).cmp(&place(b)))
    });
    // Found by its whole name and by the last part of it.
    let mut seen: HashSet<_> = HashSet::new();
    found.retain(|it| seen.insert((spot_of(&it.hit), it.hit.index)));
    found.truncate(limit);
    Answer::new(snapshot, found).wanting(|| Wants::declared(&needle))
}

fn spot_of(hit: &SymbolHit) -> (FileId, u32, u32) {
    (hit.file, hit.line, hit.column)
}

/// Qualifiers, lower case, and the name itself.
fn split(query: &str) -> (Vec<String>, String) {
    let mut parts: Vec<&str> = query
        .split(|it: char| it.is_whitespace() || matches!(it, ':' | '.' | '/' | '#' | '\\'))
        .filter(|it| !it.is_empty())
        .collect();
    let name = parts.pop().unwrap_or("").to_owned();
    (parts.into_iter().map(str::to_lowercase).collect(), name)
}

fn is_within(it: &Ranked, wanted: &str) -> bool {
    let container = it.hit.container.as_deref().unwrap_or("").to_lowercase();
    container.contains(wanted) || String::from_utf8_lossy(&it.path).to_lowercase().contains(wanted)
}

fn of_match(name: &NameMatch, best: u16) -> f32 {
    let part = f32::from(name.score) / f32::from(best);
    match name.class {
        3 => EXACT,
        2 => 95.0,
        1 => 50.0 + 20.0 * part,
        _ => 50.0 * part,
    }
}

/// The open file, for nearness.
struct Near {
    file: Option<FileId>,
    path: Vec<u8>,
}

impl Near {
    fn new(snapshot: &Snapshot, file: Option<FileId>) -> Self {
        let path = file.and_then(|it| snapshot.path(it)).map(|it| it.1.as_bytes().to_vec()).unwrap_or_default();
        Self { file, path }
    }

    fn rank(&self, snapshot: &Snapshot, hit: SymbolHit, base: f32) -> Ranked {
        let path = snapshot.path(hit.file).map(|it| it.1.as_bytes().to_vec()).unwrap_or_default();
        let mut score = base + of_kind(&hit) + of_traits(hit.traits);
        if self.file == Some(hit.file) {
            score += 6.0;
        } else if self.file.is_some() {
            let folder = |it: &[u8]| it.iter().rposition(|&b| b == b'/').unwrap_or(0);
            let shared = self.path.iter().zip(&path).take(folder(&self.path)).take_while(|(a, b)| a == b).count();
            score += 4.0 * shared as f32 / folder(&self.path).max(1) as f32;
        }
        Ranked { hit, score, path }
    }
}

fn of_kind(hit: &SymbolHit) -> f32 {
    let kind = match hit.kind {
        SymbolKind::Class
        | SymbolKind::Struct
        | SymbolKind::Enum
        | SymbolKind::Interface
        | SymbolKind::Trait
        | SymbolKind::Union => 6.0,
        SymbolKind::Function | SymbolKind::TypeAlias | SymbolKind::Macro | SymbolKind::Object => 5.0,
        SymbolKind::Method | SymbolKind::Constructor | SymbolKind::Module | SymbolKind::Namespace => 4.0,
        SymbolKind::Constant | SymbolKind::Package | SymbolKind::EnumMember | SymbolKind::Operator => 3.0,
        SymbolKind::Variable | SymbolKind::Property | SymbolKind::Field | SymbolKind::Event => 2.0,
        SymbolKind::Implementation | SymbolKind::Test | SymbolKind::Heading => -2.0,
        SymbolKind::Key | SymbolKind::Label | SymbolKind::File => -4.0,
        SymbolKind::Parameter | SymbolKind::TypeParameter => -6.0,
    };
    let declared = if hit.flags.has(SymbolFlags::DECLARATION) { -3.0 } else { 0.0 };
    let left_out = if hit.flags.has(SymbolFlags::LEFT_OUT) { -3.0 } else { 0.0 };
    kind + declared + left_out + if hit.flags.has(SymbolFlags::TEST) { -3.0 } else { 0.0 }
}

/// Own code before samples and documentation, before tests, before what is generated, before vendored code.
fn of_traits(traits: Traits) -> f32 {
    let costs = [
        (Traits::SAMPLE, 4.0),
        (Traits::DOCS, 4.0),
        (Traits::TEST, 8.0),
        (Traits::GENERATED, 8.0),
        (Traits::VENDORED, 16.0),
    ];
    -costs.iter().filter(|it| traits.has(it.0)).map(|it| it.1).sum::<f32>()
}

/// Symbols of the open file, then those whose names are used in most places.
fn relevant(snapshot: &Snapshot, near: &Near, limit: usize, cancel: &Cancel) -> Vec<Ranked> {
    let mut found = Vec::new();
    if let Some(file) = near.file {
        found.extend(snapshot.symbols_of_file(file).into_iter().map(|hit| near.rank(snapshot, hit, 60.0)));
    }
    for (name, uses) in snapshot.most_used(limit * 2, cancel) {
        // Names that everything has (`new`, `get`) say nothing.
        let symbols = snapshot.symbols_named(&name);
        if symbols.len() > 8 || letter_mask(name.as_bytes()).count_ones() < 3 {
            continue;
        }
        let base = 10.0 * (uses as f32).ln_1p();
        found.extend(
            symbols.into_iter().filter(|it| Some(it.file) != near.file).map(|hit| near.rank(snapshot, hit, base)),
        );
    }
    found
}
