//! Small facts made by hand for the tests of the index: lines `name uses`, a symbol and a reference each; a name with a dot is
//! a module's.

use super::build::{FileMeta, FileRecord, FileState, SegmentRecord};
use crate::base::hash::{ContentHash, Key};
use crate::base::paths::RelPath;
use crate::base::span::Span;
use crate::facts::*;
use std::collections::BTreeMap;
use std::sync::Arc;

pub fn path(text: &str) -> RelPath {
    RelPath::from_bytes(text.as_bytes()).unwrap()
}

/// Facts of a text of lines `name use`; a passage every three lines.
pub fn facts(text: &str) -> Facts {
    let mut facts = Facts { lines: LineIndex::new(text), ..Facts::default() };
    facts.scopes.push(Scope {
        span: Span::new(0, text.len() as u32),
        parent: None,
        kind: ScopeKind::File,
        symbol: None,
    });
    let mut at = 0u32;
    let mut passage: Option<(u32, String, u32)> = None;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let mut words = line.split_whitespace();
        if let Some(name) = words.next() {
            let ix = facts.names.intern(name);
            let kind = if name.contains('.') { SymbolKind::Module } else { SymbolKind::Function };
            if let Some(last) = last_part(kind, name) {
                facts.names.intern(last);
            }
            let range = Span::new(at, at + line.trim_end().len() as u32);
            let name_range = Span::new(at, at + name.len() as u32);
            facts.symbols.push(Symbol {
                name: ix,
                kind,
                range,
                name_range,
                parent: None,
                scope: ScopeIx(0),
                container: None,
                signature: range,
                doc: None,
                ty: None,
                visibility: Visibility::Public,
                arity: None,
                flags: SymbolFlags(0),
            });
            if let Some(used) = words.next() {
                let start = at + line.rfind(used).unwrap() as u32;
                let span = Span::new(start, start + used.len() as u32);
                let name = facts.names.intern(used);
                facts.references.push(Reference {
                    name,
                    span,
                    role: Role::Call,
                    scope: ScopeIx(0),
                    receiver: Receiver::None,
                });
            }
        }
        let first = facts.symbols.len().saturating_sub(1) as u32;
        let (_, body, _) = passage.get_or_insert_with(|| (at, String::new(), first));
        body.push_str(line);
        at += line.len() as u32;
        if number % 3 == 2 {
            close(&mut facts, passage.take(), at);
        }
    }
    close(&mut facts, passage, at);
    facts
}

fn close(facts: &mut Facts, passage: Option<(u32, String, u32)>, end: u32) {
    let Some((start, body, symbol)) = passage else { return };
    let mut counts: BTreeMap<String, (u8, u8)> = BTreeMap::new();
    let mut length = 0;
    words::analyse(&body, &mut |term| {
        counts.entry(term.to_owned()).or_default().0 += 1;
        length += 1;
    });
    for line in body.lines() {
        words::analyse(line.split_whitespace().next().unwrap_or(""), &mut |term| {
            if let Some(it) = counts.get_mut(term) {
                it.1 += 1;
            }
        });
    }
    let terms =
        counts.into_iter().map(|(text, (body, name))| Term { text: facts.names.intern(&text), body, name }).collect();
    let symbol = (!facts.symbols.is_empty()).then_some(SymbolIx(symbol));
    facts.passages.push(Passage { span: Span::new(start, end), symbol, terms, length, prose: false });
}

/// The segments of a file with this text: one for each part between lines `--`.
pub fn segments(text: &str) -> Vec<SegmentRecord> {
    let mut at = 0;
    let parts = text.split_inclusive("--\n").map(|part| {
        let span = Span::new(at, at + part.len() as u32);
        at = span.end;
        SegmentRecord { span, key: Key::of("facts", &[b"test", part.as_bytes()]), facts: Arc::new(facts(part)) }
    });
    parts.collect()
}

/// A file in language `rust`.
pub fn file(at: &str, text: &str) -> FileRecord {
    FileRecord {
        path: path(at),
        meta: FileMeta { size: text.len() as u64, mtime_ns: 1_700_000_000_000_000_000, ctime_ns: 5, inode: 77 },
        hash: ContentHash::of(text.as_bytes()),
        lang: "rust".into(),
        recipe: Key::of("recipe", &[]),
        state: FileState::Indexed,
        segments: segments(text),
    }
}

/// The tombstone of a file.
pub fn deleted(at: &str) -> FileRecord {
    FileRecord { state: FileState::Deleted, segments: Vec::new(), ..file(at, "") }
}
