//! Imports from the captures of an import statement. Invariant: path and names stand as written, without quotes. Must not
//! resolve anything.

use tree_sitter::Node;

use super::text::unquoted;
use super::walk::{Walk, span_of};
use crate::base::chars::floor;
use crate::base::span::Span;
use crate::facts::{Import, ImportKind, NameIx, ScopeIx};
use crate::syntax::queries::captures::Capture;

/// Paths longer than this are cut.
const PATH: usize = 400;
/// Names of one statement beyond this many are left out.
const NAMES: usize = 10_000;

/// Takes in the captures of one import statement: each `@import.name`, `.module`, `.wildcard`, `.file` and `.tree` is an
/// import; an `@import.alias` belongs to the one before it.
pub(super) fn record<'tree>(walk: &mut Walk<'_, 'tree>, found: &[(Capture, Node<'tree>)], reexport: bool) {
    let path =
        found.iter().find(|(capture, _)| *capture == Capture::ImportPath).map(|(_, node)| clean(walk, span_of(*node)));
    let path = path.unwrap_or_else(|| walk.facts.names.intern(""));
    let first = walk.facts.imports.len();
    for &(capture, node) in found {
        let span = span_of(node);
        let mut alias = None;
        let (kind, path, name) = match capture {
            Capture::ImportDefault => {
                alias = Some(clean(walk, span));
                (ImportKind::Name, path, Some(walk.facts.names.intern("default")))
            }
            Capture::ImportNamespace => {
                alias = Some(clean(walk, span));
                (ImportKind::Module, path, None)
            }
            Capture::ImportName => (ImportKind::Name, path, Some(clean(walk, span))),
            Capture::ImportModule => (ImportKind::Module, clean(walk, span), None),
            Capture::ImportFile => (ImportKind::File, clean(walk, span), None),
            Capture::ImportWildcard => (ImportKind::Wildcard, path, None),
            Capture::ImportTree => {
                tree(walk, span, reexport);
                continue;
            }
            Capture::ImportAlias => {
                let alias = clean(walk, span);
                if walk.facts.imports.len() > first
                    && let Some(last) = walk.facts.imports.last_mut()
                {
                    last.alias = Some(alias);
                }
                continue;
            }
            _ => continue,
        };
        walk.facts.imports.push(Import { kind, path, name, alias, span, scope: ScopeIx(0), reexport });
    }
    if walk.facts.imports.len() == first
        && let Some((_, node)) = found.iter().find(|(capture, _)| *capture == Capture::ImportPath)
        && !found.iter().any(|(capture, _)| *capture == Capture::ImportTree)
    {
        let span = span_of(*node);
        walk.facts.imports.push(Import {
            kind: ImportKind::Module,
            path,
            name: None,
            alias: None,
            span,
            scope: ScopeIx(0),
            reexport,
        });
    }
}

/// The text of a span without quotes and blanks, interned.
fn clean(walk: &mut Walk<'_, '_>, span: Span) -> NameIx {
    let text = walk.slice(span);
    let (offset, len) = unquoted(text);
    let text = &text[offset..offset + len];
    walk.facts.names.intern(&text[..floor(text, PATH)])
}

/// A tree of imports as written: `a::{b, c as d, e::*}`, `a.b.{C, D => E}`.
fn tree(walk: &mut Walk<'_, '_>, span: Span, reexport: bool) {
    let text = walk.slice(span);
    let bytes = text.as_bytes();
    // Lengths of the path at each open brace; the path itself without blanks.
    let mut opened: Vec<usize> = Vec::new();
    let mut path = String::new();
    let mut at = 0;
    let mut pending: Option<Piece> = None;
    let mut count = 0;
    while at < bytes.len() && count < NAMES {
        match bytes[at] {
            b'{' => {
                opened.push(path.len());
                at += 1;
            }
            b',' | b'}' => {
                count += usize::from(pending.is_some());
                flush(walk, &mut pending, &path, span, reexport);
                if bytes[at] == b'}' {
                    opened.pop();
                }
                path.truncate(opened.last().copied().unwrap_or(0));
                at += 1;
            }
            b':' | b'.' | b'\\' => {
                // A separator: what stood before it belongs to the path.
                let len = if bytes[at..].starts_with(b"::") { 2 } else { 1 };
                if let Some(piece) = pending.take() {
                    path.push_str(piece.text);
                }
                path.push_str(&text[at..at + len]);
                at += len;
            }
            b'*' => {
                pending = Some(Piece { text: "*", offset: at, alias: None });
                at += 1;
            }
            b'/' if bytes[at..].starts_with(b"//") => {
                at += text[at..].find('\n').unwrap_or(bytes.len() - at);
            }
            b'/' if bytes[at..].starts_with(b"/*") => {
                at += text[at..].find("*/").map_or(bytes.len() - at, |end| end + 2);
            }
            byte if super::text::is_name_byte(byte) => {
                let start = at;
                while at < bytes.len() && super::text::is_name_byte(bytes[at]) {
                    at += 1;
                }
                let word = &text[start..at];
                match &mut pending {
                    Some(_) if word == "as" => {}
                    Some(piece) => piece.alias = Some(word),
                    None => pending = Some(Piece { text: word, offset: start, alias: None }),
                }
            }
            _ => at += 1,
        }
    }
    flush(walk, &mut pending, &path, span, reexport);
}

struct Piece<'a> {
    text: &'a str,
    offset: usize,
    alias: Option<&'a str>,
}

fn flush(walk: &mut Walk<'_, '_>, pending: &mut Option<Piece<'_>>, path: &str, span: Span, reexport: bool) {
    let Some(piece) = pending.take() else { return };
    let start = span.start + piece.offset as u32;
    let path = path.trim_end_matches([':', '.', '\\']);
    let path = &path[..floor(path, PATH)];
    let names = &mut walk.facts.names;
    let alias = piece.alias.map(|alias| names.intern(alias));
    let (kind, path, name) = match piece.text {
        "*" => (ImportKind::Wildcard, names.intern(path), None),
        "_" if piece.alias.is_none() => (ImportKind::Wildcard, names.intern(path), None),
        "self" if !path.is_empty() => (ImportKind::Module, names.intern(path), None),
        name => (ImportKind::Name, names.intern(path), Some(names.intern(name))),
    };
    let span = Span::new(start, start + piece.text.len() as u32);
    walk.facts.imports.push(Import { kind, path, name, alias, span, scope: ScopeIx(0), reexport });
}
