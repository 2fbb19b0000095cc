//! Detection by name, shebang and head; the table's invariants.

use super::*;

fn check(path: &str, head: &str, want: &str) {
    let path = RelPath::from_bytes(path.as_bytes()).unwrap();
    assert_eq!(detect(&path, head.as_bytes()).id(), want, "{path:?}");
}

#[test]
fn names_decide_before_heads() {
    check("src/a.rs", "", "rust");
    check("a/b.PY", "", "python");
    check("x.tsx", "", "tsx");
    check("Rakefile", "", "ruby");
    check("bin/tool", "#!/usr/bin/env -S python3.11 -u\n", "python");
    check("bin/run", "#!/bin/sh\n", "bash");
    check("bin/run", "plain", "text");
    check(".rs", "", "text");
    check("notes.txt", "#!/bin/sh\n", "text");
}

#[test]
fn a_header_is_cpp_where_it_says_so() {
    check("a.h", "#include <stdio.h>\nint f(void);\n", "c");
    check("a.h", "#include <vector>\n", "cpp");
    check("a.h", "namespace a {\n", "cpp");
}

#[test]
fn ids_are_unique_and_text_is_first() {
    let mut ids: Vec<_> = Lang::all().map(Lang::id).collect();
    assert_eq!(ids[0], "text");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), Lang::all().count());
    for lang in Lang::all() {
        assert_eq!(Lang::from_id(lang.id()), Some(lang));
    }
}

#[test]
fn every_grammar_loads() {
    for lang in Lang::all().filter(|lang| lang.has_grammar()) {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&lang.grammar().unwrap()).unwrap_or_else(|e| panic!("{}: {e}", lang.id()));
    }
}

#[test]
fn another_language_is_another_recipe() {
    assert_ne!(recipe(Lang::TEXT), recipe(Lang::from_id("rust").unwrap()));
    assert_eq!(recipe(Lang::TEXT), recipe(Lang::TEXT));
}
