//! The index as text: what it knows of each file, in one form whatever the way it came to know it. Two snapshots of equal
//! trees have equal exports, however their packs were written, merged or hidden; tests and `tests/long` compare them.
//! Invariant: nothing of packs, times or inodes shows. Must not know how files are found.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::snapshot::{Body, PackState, Snapshot, VectorRef};
use super::view::PackView;
use crate::base::hash::Key;
use crate::base::ids::RootId;
use crate::facts::{Facts, Receiver};

/// What is known of each live file of a root: language, traits, state, symbols, and per segment its place, facts with
/// words, uses and vectors. In the order of paths as bytes.
pub fn files(snapshot: &Snapshot, root: RootId) -> BTreeMap<Vec<u8>, String> {
    let mut out = BTreeMap::new();
    for (_, state) in snapshot.packs().filter(|(_, it)| it.root == root) {
        let Some(view) = state.view() else { continue };
        let live: Vec<usize> = (0..state.file_ids.len()).filter(|it| !state.dead_files.has(*it)).collect();
        let segments: Vec<usize> = live.iter().flat_map(|&it| view.files().segments_of(it)).collect();
        let facts: BTreeMap<usize, Facts> = view.facts_with_terms(&segments).into_iter().collect();
        let uses = uses(view);
        for file in live {
            let mut text = head(state, view, file);
            for symbol in snapshot.symbols_of_file(state.file_ids[file]) {
                let _ = writeln!(
                    text,
                    "symbol {:?} {:?} {}:{} wide {} flags {} visibility {} in {:?} segment {} at {:?}",
                    symbol.name,
                    symbol.kind,
                    symbol.line,
                    symbol.column,
                    symbol.wide,
                    symbol.flags.0,
                    symbol.visibility,
                    symbol.container,
                    symbol.segment,
                    symbol.index
                );
            }
            for at in view.files().segments_of(file) {
                let (span, line) = view.files().segment_place(at);
                let key = view.files().key(at);
                let _ = writeln!(text, "segment {span:?} line {line} key {}", hex(&key.0));
                match facts.get(&at) {
                    Some(it) => text.push_str(&of_facts(it)),
                    None => text.push_str("  its facts cannot be read\n"),
                }
                let _ = writeln!(text, "  uses {:?}", uses.get(&at).map_or(&[][..], Vec::as_slice));
                text.push_str(&vectors(snapshot, state, view, at));
            }
            let path = view.files().path_bytes(file).to_vec();
            if let Some(twice) = out.insert(path, text) {
                let _ = write!(out.entry(view.files().path_bytes(file).to_vec()).or_default(), "TWICE\n{twice}");
            }
        }
    }
    out
}

fn head(state: &PackState, view: &PackView, file: usize) -> String {
    let stored = view.files().stored(file);
    let open = if matches!(state.body, Body::Open(_)) { " open" } else { "" };
    format!(
        "{}{open} traits {:?} state {:?} recipe {} hash {}\n",
        stored.lang,
        view.files().traits(file),
        stored.state,
        hex(&stored.recipe.0),
        hex(&stored.hash.0)
    )
}

/// Names that each segment uses, from the lists by name.
fn uses(view: &PackView) -> BTreeMap<usize, Vec<&str>> {
    let mut out: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    let Some(part) = view.names() else { return out };
    for name in 0..part.names.len() {
        for segment in part.used_in(name) {
            out.entry(segment as usize).or_default().push(part.names.text(name));
        }
    }
    out
}

/// Facts with their strings in the place of numbers: the order in which names were interned is no part of them.
fn of_facts(facts: &Facts) -> String {
    let mut out = String::new();
    let text = |it| facts.text(it);
    for it in &facts.symbols {
        let _ = writeln!(
            out,
            "  symbol {:?} {:?} {:?}",
            text(it.name),
            (it.container.map(text), it.ty.map(text)),
            (
                it.kind,
                it.range,
                it.name_range,
                it.parent,
                it.scope,
                it.signature,
                it.doc,
                it.visibility,
                it.arity,
                it.flags
            )
        );
    }
    for it in &facts.references {
        let receiver = match it.receiver {
            Receiver::Name(name) => format!("name {:?}", text(name)),
            Receiver::Call(name) => format!("call {:?}", text(name)),
            other => format!("{other:?}"),
        };
        let _ = writeln!(out, "  use {:?} {:?} {receiver}", text(it.name), (it.span, it.role, it.scope));
    }
    for it in &facts.scopes {
        let _ = writeln!(out, "  scope {it:?}");
    }
    for it in &facts.imports {
        let strings = (text(it.path), it.name.map(text), it.alias.map(text));
        let _ = writeln!(out, "  import {:?} {strings:?} {:?}", it.kind, (it.span, it.scope, it.reexport));
    }
    for it in &facts.types {
        let _ = writeln!(out, "  type {:?} {:?}", text(it.name), (it.symbol, it.relation, it.span));
    }
    for it in &facts.problems {
        let _ = writeln!(out, "  problem {:?} {:?}", it.span, it.missing.map(text));
    }
    for it in &facts.passages {
        let mut terms: Vec<_> = it.terms.iter().map(|it| (text(it.text), it.body, it.name)).collect();
        terms.sort_unstable();
        let _ = writeln!(out, "  passage {:?} terms {terms:?}", (it.span, it.symbol, it.length, it.prose));
    }
    let _ = writeln!(out, "  package {:?} marks {:?} lines {:?}", facts.package.map(text), facts.marks, facts.lines);
    out
}

fn vectors(snapshot: &Snapshot, state: &PackState, view: &PackView, segment: usize) -> String {
    let found = state.vectors.get(segment).copied().unwrap_or(VectorRef::NONE);
    let Some(Some(pack)) = snapshot.0.vectors.get(found.slot as usize) else { return "  no vectors\n".into() };
    let mut out = String::new();
    for at in 0..view.files().passages_of(segment).len() {
        let at = found.first as usize + at;
        let hash = Key::of("export", &[pack.view.values(at), &pack.view.scale(at).to_le_bytes()]);
        let _ = writeln!(out, "  vector {}", hex(&hash.0));
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|it| format!("{it:02x}")).collect()
}
