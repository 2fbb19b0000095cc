//! textDocument/documentSymbol, past the router: outline to bytes. Invariant: entries nest as in the text; a client that
//! takes no trees gets a flat list.

use serde::Deserialize;
use tower_lsp::jsonrpc::Error;

use super::text_sync::{Identified, unanswered};
use crate::base::settings::table;
use crate::facts::SymbolFlags;
use crate::features::outline::{Entry, entries};
use crate::server::dispatch::Context;
use crate::server::message::Params;
use crate::server::session::Session;
use crate::server::{json, to_lsp};

/// Deeper entries are shown at this depth: editors recurse over the answer.
const DEPTH: usize = 60;
/// Bytes that an entry takes, about.
const ENTRY: usize = 320;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    text_document: Identified,
}

pub(crate) fn answer(session: &Session, params: &Params, asked: &Context, out: &mut Vec<u8>) -> Result<(), Error> {
    let Asked { text_document } = params.parse()?;
    let uri = text_document.uri;
    let facts = session.facts();
    let left_out = session.settings().bool(&table::OUTLINE_INACTIVE);
    let outcome = session.typing.look(asked.pin.as_deref(), &asked.cancel, |now| {
        let view = now.parsing().view();
        out.reserve(view.items.len() * ENTRY + 16);
        let entries = entries(view, facts.encoding, left_out);
        if facts.hierarchical { tree(entries, out) } else { flat(entries, &uri, out) }
    });
    unanswered(outcome, out, b"[]")
}

/// DocumentSymbol[].
fn tree<'a>(entries: impl Iterator<Item = Entry<'a>>, out: &mut Vec<u8>) {
    out.push(b'[');
    // How many entries are open: the depth of the next one at most.
    let mut open = 0;
    let mut first = true;
    for entry in entries {
        let depth = usize::from(entry.item.depth).min(open).min(DEPTH);
        while open > depth {
            out.extend_from_slice(b"]}");
            open -= 1;
            first = false;
        }
        if !first {
            out.push(b',');
        }
        out.push(b'{');
        head(&entry, out);
        if !entry.item.detail.is_empty() {
            out.extend_from_slice(b",\"detail\":");
            json::string(out, &entry.item.detail);
        }
        out.extend_from_slice(b",\"range\":");
        json::range(out, entry.range);
        out.extend_from_slice(b",\"selectionRange\":");
        json::range(out, entry.name_range);
        out.extend_from_slice(b",\"children\":[");
        open += 1;
        first = true;
    }
    for _ in 0..open {
        out.extend_from_slice(b"]}");
    }
    out.push(b']');
}

/// SymbolInformation[].
fn flat<'a>(entries: impl Iterator<Item = Entry<'a>>, uri: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    let mut above: Vec<&str> = Vec::new();
    for (at, entry) in entries.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.push(b'{');
        head(&entry, out);
        out.extend_from_slice(b",\"location\":{\"uri\":");
        json::string(out, uri);
        out.extend_from_slice(b",\"range\":");
        json::range(out, entry.range);
        out.push(b'}');
        above.truncate(usize::from(entry.item.depth));
        if let Some(container) = above.last() {
            out.extend_from_slice(b",\"containerName\":");
            json::string(out, container);
        }
        above.push(&entry.item.name);
        out.push(b'}');
    }
    out.push(b']');
}

/// Name, kind and tags.
fn head(entry: &Entry<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"name\":");
    // Editors refuse an empty name.
    json::string(out, if entry.item.name.trim().is_empty() { "(anonymous)" } else { &entry.item.name });
    out.extend_from_slice(b",\"kind\":");
    json::number(out, to_lsp::kind_number(entry.item.kind));
    if entry.item.flags.has(SymbolFlags::DEPRECATED) {
        out.extend_from_slice(b",\"tags\":[1]");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::span::Span;
    use crate::facts::SymbolKind;
    use crate::syntax::parsing::{Item, View};
    use crate::text::Encoding;

    fn view(items: &[(&str, u16)]) -> View {
        let mut view = View::new("some text\n");
        view.items = (items.iter())
            .map(|&(name, depth)| Item {
                name: name.into(),
                detail: "".into(),
                kind: SymbolKind::Function,
                flags: SymbolFlags::default(),
                range: Span::new(0, 9),
                name_range: Span::new(0, 4),
                depth,
                scope: None,
            })
            .collect();
        view
    }

    fn nested(value: &serde_json::Value) -> String {
        let list = value.as_array().expect("list");
        let one =
            |it: &serde_json::Value| format!("{}({})", it["name"].as_str().expect("name"), nested(&it["children"]));
        list.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn entries_nest_by_depth() {
        for (items, want) in [
            (&[][..], ""),
            (&[("a", 0), ("b", 1), ("c", 2), ("d", 1), ("e", 0)], "a(b(c()) d()) e()"),
            (&[("a", 0), ("b", 3), ("c", 1), ("d", 0), ("e", 0)], "a(b() c()) d() e()"),
        ] {
            let mut out = Vec::new();
            tree(entries(&view(items), Encoding::Utf16, false), &mut out);
            assert_eq!(nested(&serde_json::from_slice(&out).expect("JSON")), want);
        }
    }

    #[test]
    fn a_flat_list_names_containers() {
        let mut out = Vec::new();
        let view = view(&[("a", 0), ("b", 1), ("c", 0)]);
        flat(entries(&view, Encoding::Utf16, false), "file:///x", &mut out);
        let list: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!((&list[1]["containerName"], &list[2]["containerName"]), (&"a".into(), &serde_json::Value::Null));
        assert_eq!(list[1]["location"]["uri"], "file:///x");
    }
}
