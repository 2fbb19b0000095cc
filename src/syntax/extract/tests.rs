//! The engine on texts that no file of marks holds well: deep, slow, in macros, headings of two lines.

use super::*;
use crate::facts::{SymbolFlags, SymbolIx};

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

#[test]
fn a_walk_that_runs_out_of_time_says_so_and_still_tiles() {
    let text = "fn item() { call(1, 2, 3) }\n".repeat(2_000);
    let rust = lang("rust");
    let tree = parse(rust, &text, &Limits::default()).unwrap();
    let none = Limits { time: Duration::ZERO, ..Limits::default() };
    let late = extraction_of_tree(rust, &tree, &text, &none);
    assert_eq!(late.degraded, Some(Degraded::TooSlow));
    let found = late.segments[0].facts.symbols.len();
    assert!(found > 0 && found < 2_000, "{found}: what was found in time is kept");
    let passages = &late.segments[0].facts.passages;
    assert_eq!(passages.last().map(|it| it.span.end as usize), Some(text.len() - 1));
    let all = extraction_of_tree(rust, &tree, &text, &Limits::default());
    assert_eq!((all.degraded, all.segments[0].facts.symbols.len()), (None, 2_000));
}

#[test]
fn texts_beyond_the_limits_say_why_they_have_no_syntax() {
    let limits = Limits { bytes: 100, line: 40, ..Limits::default() };
    let degraded = |text: &str| {
        let it = extraction(lang("rust"), text, &limits);
        assert!(it.degraded.is_none() || it.segments.iter().all(|it| it.facts.symbols.is_empty()));
        it.degraded
    };
    assert_eq!(degraded(&"fn a() {}\n".repeat(20)), Some(Degraded::TooLarge));
    assert_eq!(degraded(&format!("fn {}() {{}}\n", "a".repeat(60))), Some(Degraded::LongLine));
    assert_eq!(degraded("fn a() {}\n"), None);
}

#[test]
fn items_in_macro_calls_are_found_once_and_broken_ones_left() {
    let text =
        "wrap! {\n    pub struct Kept { a: u8 }\n    inner! { fn deep() {} }\n    fn broken( => 3\n}\nfn after() {}\n";
    let want = "Struct Kept 2-2\n  Field a 2-2\nFunction after 6-6\n";
    assert_eq!(outline("rust", text), want);
}

/// Names of all symbols of a segment.
fn names(segment: &Segment) -> Vec<&str> {
    segment.facts.symbols.iter().map(|it| segment.facts.text(it.name)).collect()
}

#[test]
fn keys_are_named_by_depth_and_in_large_data_by_number() {
    let text = "{\n  \"a\": { \"b\": { \"c\": { \"d\": { \"e\": 1 } } } },\n  \"z\": 0\n}\n";
    let check = |text: &str, want: &str, degraded: Option<Degraded>| {
        let it = extraction(lang("json"), text, &Limits::default());
        assert_eq!((names(&it.segments[0]).join(" ").as_str(), it.degraded), (want, degraded));
    };
    check(text, "a b c d z", None);
    let padded = |keys: usize| text.replace('0', &format!("[\n{}0]", "  {\"k\": \"padding\"},\n".repeat(keys)));
    check(&padded(3_990), &format!("a b c d z{}", " k".repeat(3_990)), None);
    check(&padded(5_000), "a z", Some(Degraded::ManyKeys));
    // Where the uppermost are too many already, the first of them.
    let flat = format!("{{\n{}\"end\": 0 }}\n", "  \"k\": { \"deep\": 1 },\n".repeat(5_000));
    check(&flat, &vec!["k"; 4_000].join(" "), Some(Degraded::ManyKeys));
}

#[test]
fn the_keys_of_a_segment_depend_on_its_text_alone() {
    // The same members in the file's object, and four objects down.
    let members = "    \"m\": { \"n\": { \"o\": { \"p\": { \"q\": 1 } } } },\n".repeat(400);
    let flat = format!("{{\n{members}{members}\"z\": 0 }}\n");
    let deep = format!("{{ \"a\": {{ \"b\": {{ \"c\": {{\n{members}{members}\"z\": 0 }} }} }} }}\n");
    let limits = Limits { segment_size: Some(members.len() + 64), ..Limits::default() };
    let named = |text: &str| {
        let segments = extract(lang("json"), text, &limits);
        assert!(segments.len() > 1);
        let second = &segments[1];
        assert!(text[second.span.range()].starts_with("    \"m\""), "{}", &text[second.span.range()][..40]);
        names(second)[..6].join(" ")
    };
    assert_eq!(named(&flat), named(&deep));
}

#[test]
fn tests_beside_the_code_are_known() {
    let check = |id: &str, text: &str, wanted: &[bool]| {
        let segments = extract(lang(id), text, &Limits::default());
        let facts = &segments[0].facts;
        let found: Vec<bool> = facts.passages.iter().map(|it| facts.is_test(it)).collect();
        assert_eq!(found, wanted, "{text}");
    };
    let body = "    let word = call();\n".repeat(50);
    let beside = format!("pub fn a() {{\n{body}}}\n#[cfg(test)]\nmod tests {{\n    fn b() {{\n{body}}}\n}}\n");
    check("rust", &beside, &[false, true]);
    check("rust", "#[test]\nfn one() {}\n#[test]\nfn two() {}\n", &[true]);
    check("rust", "fn helper() {}\n#[test]\nfn two() {}\n", &[false]);
    check("python", "def test_one():\n    pass\n", &[true]);
    check("text", "no declaration\n", &[false]);
    let within = |id: &str, text: &str, wanted: &str| {
        let segments = extract(lang(id), text, &Limits::default());
        let facts = &segments[0].facts;
        let all = (0..facts.symbols.len() as u32 + 1).map(SymbolIx).filter(|&it| facts.is_in_test(it));
        assert_eq!(all.map(|it| facts.text(facts.symbol(it).name)).collect::<Vec<_>>().join(" "), wanted, "{text}");
    };
    within("rust", "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n", "tests b");
    within("rust", "fn helper() {}\n#[test]\nfn two() {}\n", "two");
    within("javascript", "describe('a', () => {\n  it('b', () => {});\n});\nfunction c() {}\n", "a b");
}
