//! The engine on texts that no file of marks holds well: deep, slow, in macros, headings of two lines.

use super::*;
use crate::facts::SymbolFlags;

fn lang(id: &str) -> Lang {
    Lang::from_id(id).unwrap()
}

/// The outline as lines: indentation by parent, kind, name and the lines it goes over.
fn outline(id: &str, text: &str) -> String {
    let segments = extract(lang(id), text, &Limits::default());
    let facts = &segments[0].facts;
    let mut out = String::new();
    for symbol in facts.symbols.iter().filter(|symbol| !symbol.flags.has(SymbolFlags::LOCAL)) {
        let mut depth = 0;
        let mut up = symbol.parent;
        while let Some(at) = up {
            depth += 1;
            up = facts.symbol(at).parent;
        }
        let line = |at: u32| facts.lines.line_of(at) + 1;
        let (from, to) = (line(symbol.range.start), line(symbol.range.end));
        out += &format!("{}{:?} {} {from}-{to}\n", "  ".repeat(depth), symbol.kind, facts.text(symbol.name));
    }
    out
}

#[test]
fn headings_of_both_kinds_nest_by_level() {
    let text = "# One\n\ntext\n\nTwo\n---\n\nmore\n\n### Three\n\nFour\n====\nend\n";
    let want = "Heading One 1-10\n  Heading Two 5-10\n    Heading Three 10-10\nHeading Four 12-14\n";
    assert_eq!(outline("markdown", text), want);
}

#[test]
fn brackets_a_hundred_thousand_deep_end_soon_and_keep_what_stands_before() {
    for (id, open, close) in [("rust", "(", ")"), ("javascript", "[", "]"), ("json", "[", "]"), ("c", "{", "}")] {
        let deep = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        let text = match id {
            "rust" => format!("fn first() {{}}\nfn f() {{ {deep} }}\n"),
            "javascript" => format!("function first() {{}}\nlet x = {deep};\n"),
            "c" => format!("void first() {{}}\nvoid f() {deep}\n"),
            _ => deep,
        };
        let limits = Limits { line: 1 << 20, ..Limits::default() };
        let segments = extract(lang(id), &text, &limits);
        assert_eq!(segments.iter().map(|it| it.span.len() as usize).sum::<usize>(), text.len(), "{id}");
        let first = segments[0].facts.symbols.first();
        let name = first.map(|symbol| segments[0].facts.text(symbol.name));
        assert!(id == "json" || segments.len() > 1 || name == Some("first"), "{id}: {name:?}");
    }
}
