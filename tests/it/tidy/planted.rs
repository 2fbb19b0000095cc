//! Planted faults: each rule catches what it is for, and leaves alone what only looks like it.

use expect_test::{Expect, expect};

use super::rules::{Source, faults, sizes_as_a_whole};

fn check(name: &str, text: &str, expected: Expect) {
    let source = Source { name: name.to_owned(), text: text.to_owned() };
    expected.assert_eq(&faults(&source).join("\n"));
}

#[test]
fn a_lower_layer_names_a_higher_one() {
    check("src/text/a.rs", "//! a\nuse crate::server::x;\n", expect!["src/text/a.rs:2: text may not name server"]);
    check(
        "src/features/a.rs",
        "//! a\nfn f(w: &crate::workspace::W) {}\n",
        expect!["src/features/a.rs:2: features may not name workspace"],
    );
    check(
        "src/index/a.rs",
        "//! a\nuse crate::{base::ids, syntax::extract};\n",
        expect!["src/index/a.rs:2: index may not name syntax"],
    );
    check("src/attic/a.rs", "//! a\n", expect!["src/attic/a.rs: attic is not a layer"]);
    check(
        "src/index/a.rs",
        "//! crate::server::x\nuse crate::store::x; // crate::cli::y\nconst A: &str = \"crate::cli::y\";\n",
        expect![""],
    );
}

#[test]
fn a_dependency_away_from_home() {
    check(
        "src/store/a.rs",
        "//! a\nuse tree_sitter_rust::LANGUAGE;\n",
        expect!["src/store/a.rs:2: tree_sitter has its home in syntax"],
    );
    check(
        "src/index/a.rs",
        "//! a\nfn f() { blake3::hash(b\"\"); }\n",
        expect!["src/index/a.rs:2: blake3 has its home in base"],
    );
    check(
        "src/workspace/a.rs",
        "//! a\nuse tokio::sync::mpsc;\n",
        expect!["src/workspace/a.rs:2: tokio has its home in server, cli"],
    );
    check("src/base/a.rs", "//! a\nuse rustix::fs::open;\nuse crate::base::blake3::x;\n", expect![""]);
}

#[test]
fn async_stdout_and_module_docs() {
    check(
        "src/index/a.rs",
        "//! a\nasync fn f() {}\n",
        expect!["src/index/a.rs:2: async has its home in server and cli"],
    );
    check(
        "src/server/a.rs",
        "//! a\nfn f() { println!(\"\"); }\n",
        expect!["src/server/a.rs:2: stdout is the protocol"],
    );
    check("src/base/a.rs", "fn f() {}\n", expect!["src/base/a.rs:1: does not open with `//!`"]);
}

#[test]
fn sizes_unfinished_work_clocks_and_machines() {
    let long = format!("//! a\nfn f() {{\n{}}}\n", "    g();\n".repeat(70));
    check("src/base/a.rs", &long, expect!["src/base/a.rs:2: a function of 72 lines, at most 70"]);
    let huge = format!("//! a\n{}", "const A: u8 = 1;\n".repeat(800));
    check("src/base/a.rs", &huge, expect!["src/base/a.rs: 801 lines, at most 800"]);
    let todo = format!("//! a\nfn f() {{ {}!() }}\n", "todo");
    check("src/base/a.rs", &todo, expect!["src/base/a.rs:2: unfinished"]);
    check(
        "tests/it/a.rs",
        "//! a\nfn f() { assert!(t.elapsed() < limit); }\n",
        expect!["tests/it/a.rs:2: no wall-clock assertion in tests"],
    );
    check(
        "tests/it/a.rs",
        "//! a\nconst A: &str = \"/work/x\";\n",
        expect!["tests/it/a.rs:2: names a path of a machine"],
    );
    let files =
        |n: usize, lines: usize| (0..n).map(move |i| Source { name: format!("{i}"), text: "x\n".repeat(lines) });
    assert!(sizes_as_a_whole(&files(9, 10).chain(files(1, 500)).collect::<Vec<_>>()).is_none());
    assert!(sizes_as_a_whole(&files(8, 10).chain(files(2, 500)).collect::<Vec<_>>()).is_some());
}
