//! Cutting: segments tile, functions stay whole.

use proptest::prelude::*;

use super::*;
use crate::facts::{SymbolFlags, SymbolKind};
use crate::syntax::extract::{Limits, extract, outline_in, parse};

/// A file of functions of so many lines; those of a group stand in one container.
fn source(id: &str, groups: &[(bool, Vec<usize>)]) -> String {
    let mut out = String::new();
    for (number, (container, functions)) in groups.iter().enumerate() {
        let (open, close) = match id {
            "rust" => (format!("impl Type{number} {{\n"), "}\n"),
            "python" => (format!("class Type{number}:\n"), "\n"),
            _ => (format!("class Type{number} {{\n"), "}\n"),
        };
        out += if *container { &open } else { "" };
        for (at, lines) in functions.iter().enumerate() {
            let indent = if *container { "    " } else { "" };
            out += &match (id, container) {
                ("rust", _) => format!("{indent}/// Says é.\n{indent}#[inline]\n{indent}fn item{at}() {{\n"),
                ("python", _) => format!("{indent}@cached\n{indent}def item{at}():\n"),
                (_, true) => format!("{indent}// Says é.\n{indent}item{at}() {{\n"),
                (_, false) => format!("// Says é.\nfunction item{at}() {{\n"),
            };
            for line in 0..=*lines {
                out += &format!("{indent}    call({line});\n");
            }
            out += &if id == "python" { "\n".to_owned() } else { format!("{indent}}}\n") };
        }
        out += if *container { close } else { "" };
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn segments_tile_and_no_function_is_split(
        which in 0usize..3,
        groups in prop::collection::vec((any::<bool>(), prop::collection::vec(0usize..30, 1..8)), 1..8),
        size in 200usize..900,
    ) {
        let lang = Lang::from_id(["rust", "python", "javascript"][which]).unwrap();
        let text = source(lang.id(), &groups);
        let tree = parse(lang, &text, &Limits::default()).unwrap();
        let segments = cut_at(lang, &tree, &text, size);
        prop_assert_eq!(segments.first().map(|it| it.start), Some(0));
        prop_assert_eq!(segments.last().map(|it| it.end as usize), Some(text.len()));
        for pair in segments.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
            prop_assert_eq!(text.as_bytes()[pair[0].end as usize - 1], b'\n');
        }
        let all = outline_in(lang, &tree, &text, Span::new(0, text.len() as u32));
        let functions: Vec<Span> =
            all.symbols.iter().filter(|it| is_callable(it.kind)).map(|it| it.range).collect();
        prop_assert_eq!(functions.len(), groups.iter().map(|it| it.1.len()).sum::<usize>());
        for function in &functions {
            let whole = segments.iter().any(|it| it.start <= function.start && function.end <= it.end);
            prop_assert!(whole, "{:?} is split by {:?}", function, segments);
        }
        // What is larger than a segment is one function with what stands around it.
        for segment in segments.iter().filter(|it| it.len() as usize > size) {
            let inside = functions.iter().filter(|it| segment.start <= it.start && it.end <= segment.end);
            prop_assert!(inside.count() <= 1, "{:?} could have been cut", segment);
        }
    }
}

#[test]
fn a_body_that_is_too_large_with_its_blank_lines_alone_is_cut() {
    let text = source("python", &[(true, vec![11, 10])]);
    let lang = Lang::from_id("python").unwrap();
    let tree = parse(lang, &text, &Limits::default()).unwrap();
    for size in 400..text.len() {
        assert!(cut_at(lang, &tree, &text, size).iter().all(|it| it.len() as usize <= size), "{size}");
    }
}

#[test]
fn a_giant_class_is_cut_between_its_methods() {
    let text = source("javascript", &[(true, vec![20; 1_000])]);
    assert!(text.len() > 300 << 10, "{}", text.len());
    let segments = extract(Lang::from_id("javascript").unwrap(), &text, &Limits::default());
    assert_eq!(segments.len(), text.len().div_ceil(256 << 10));
    let mut names = 0;
    for segment in &segments {
        for symbol in segment.facts.symbols.iter().filter(|it| !it.flags.has(SymbolFlags::LOCAL)) {
            if segment.facts.text(symbol.name).starts_with("item") {
                names += 1;
                let around = symbol.parent.map(|it| segment.facts.symbol(it).name).or(symbol.container);
                let around = around.map(|name| segment.facts.text(name));
                assert_eq!((symbol.kind, around), (SymbolKind::Method, Some("Type0")));
            }
            assert!(symbol.range.end <= segment.span.len(), "{symbol:?}");
        }
    }
    assert_eq!(names, 1_000);
}
