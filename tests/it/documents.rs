//! Documents of a client: edits in order, every edge of a range, reopening, names that are no paths.

use portolan::base::os::memory::descendants;
use serde_json::{Value, json};

use crate::client::{Client, Refusal, able, at, edit, options};

const URI: &str = "untitled:one";

fn open(text: &str) -> Client {
    let mut client = Client::open(&[]);
    client.did_open(URI, "rust", text);
    client
}

/// Names of the outline's top level; asks again where the answer was overtaken.
fn names(client: &mut Client, uri: &str) -> Vec<String> {
    let asked = json!({ "textDocument": { "uri": uri } });
    let outline = client.request("textDocument/documentSymbol", asked).expect("an outline");
    outline.as_array().expect("a list").iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// Opens `before`, sends one notification with `changes`, and expects the outline of the result.
fn check(before: &str, changes: Value, expected: &[&str]) {
    let mut client = open(before);
    client.did_change(URI, 2, changes);
    assert_eq!(names(&mut client, URI), expected);
}

#[test]
fn ranges_at_every_edge() {
    // Reversed.
    check("fn abc() {}\n", json!([edit((0, 6), (0, 3), "x")]), &["x"]);
    // Beyond the end of a line, and of the text.
    check("fn a() {}\nfn b() {}\n", json!([edit((0, 500), (1, 0), "\n")]), &["a", "b"]);
    check("fn a() {}\n", json!([edit((70, 3), (u32::MAX, u32::MAX), "fn b() {}")]), &["a", "b"]);
    // Half of a surrogate pair: the start of its character.
    check("/*\u{1f9ed}*/fn a() {}\n", json!([edit((0, 3), (0, 3), "*/ fn b() {} /*")]), &["b", "a"]);
    // Between \r and \n.
    check("fn a() {}\r\nfn b() {}", json!([edit((0, 10), (1, 0), "")]), &["a", "b"]);
    // Several in one notification count on one another.
    check("fn a() {}\n", json!([edit((0, 3), (0, 4), "abc"), edit((0, 4), (0, 6), "x")]), &["ax"]);
    // The whole text, and nothing at all.
    check("fn a() {}\n", json!([{ "text": "fn b() {}\n" }]), &["b"]);
    check("fn a() {}\n", json!([]), &["a"]);
}

#[test]
fn numbers_that_are_no_positions_are_brought_into_range() {
    let mut client = open("fn a() {}\n");
    let range = json!({ "start": { "line": -4, "character": 3.0 }, "end": { "line": 0, "character": 4.5 } });
    client.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": URI, "version": null }, "contentChanges": [{ "range": range, "text": "b" }] }),
    );
    assert_eq!(names(&mut client, URI), ["b"]);
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let mut client = open("fn a() {}\n");
    client.notify("textDocument/didChange", json!({ "textDocument": { "uri": URI }, "contentChanges": 4 }));
    client.notify("textDocument/didChange", json!([]));
    client.did_change("untitled:never-opened", 2, json!([{ "text": "x" }]));
    client.did_close("untitled:never-opened");
    assert_eq!(names(&mut client, URI), ["a"]);
}

#[test]
fn versions_may_jump_and_documents_may_be_opened_again() {
    let mut client = open("fn a() {}\n");
    client.did_change(URI, 90, json!([{ "text": "fn b() {}\n" }]));
    client.did_change(URI, -5, json!([{ "text": "fn c() {}\n" }]));
    assert_eq!(names(&mut client, URI), ["c"]);
    client.did_open(URI, "rust", "fn d() {}\n");
    assert_eq!(names(&mut client, URI), ["d"]);
    client.did_close(URI);
    assert_eq!(names(&mut client, URI), Vec::<String>::new());
    client.did_open(URI, "rust", "fn e() {}\n");
    assert_eq!(names(&mut client, URI), ["e"]);
}

#[test]
fn names_that_are_no_paths_of_a_folder_are_documents_all_the_same() {
    let mut client = Client::open(&[]);
    for uri in [
        "",
        "x",
        "file:",
        "file:///%00",
        "file:///%ff%fe.rs",
        "file:///%2e%2e/etc/passwd",
        "file:///etc/passwd",
        "file:///dev/zero",
        "http://127.0.0.1:1/x.rs",
        "git:/a?%7B%7D",
        "file:///a b.rs",
        "\u{202e}file:///x",
    ] {
        client.did_open(uri, "rust", "fn inside() {}\n");
        assert_eq!(names(&mut client, uri), ["inside"], "{uri}");
        client.did_close(uri);
        assert_eq!(names(&mut client, uri), Vec::<String>::new(), "{uri}");
    }
}

#[test]
fn an_answer_is_of_the_text_that_was_asked_about_or_none() {
    let mut client = open("fn v0() {}\n");
    let mut waiting = Vec::new();
    for n in 1..=400 {
        client.did_change(URI, n, json!([{ "text": format!("fn v{n}() {{}}\n") }]));
        let asked = json!({ "textDocument": { "uri": URI } });
        waiting.push((n, client.ask("textDocument/documentSymbol", asked)));
    }
    let mut answered = 0;
    for (n, id) in waiting {
        match client.answer(id) {
            Ok(outline) => {
                assert_eq!(outline[0]["name"], json!(format!("v{n}")));
                answered += 1;
            }
            Err(Refusal { code, .. }) => assert_eq!(code, -32801),
        }
    }
    assert!(answered > 0);
    assert_eq!(names(&mut client, URI), ["v400"]);
}

#[test]
fn two_thousand_edits_between_requests_leave_the_right_text() {
    let mut client = open("");
    let mut waiting = Vec::new();
    // Typed in pieces that only make sense in order.
    for n in 0..2000 {
        let column = 9 * n;
        let piece = if n % 2 == 0 { format!("fn f{:03}()", n / 2) } else { "{      } ".to_owned() };
        client.did_change(URI, n as i32 + 2, json!([edit((0, column), (0, column), &piece)]));
        if n % 10 == 0 {
            waiting.push(client.ask("textDocument/foldingRange", json!({ "textDocument": { "uri": URI } })));
        }
    }
    let expected: Vec<String> = (0..1000).map(|n| format!("f{n:03}")).collect();
    assert_eq!(names(&mut client, URI), expected);
    for id in waiting {
        if let Err(refusal) = client.answer(id) {
            assert_eq!(refusal.code, -32801);
        }
    }
}

#[test]
fn columns_count_in_the_agreed_unit() {
    for (unit, column) in [("utf-8", 12), ("utf-16", 10), ("utf-32", 9)] {
        let mut able = able();
        able["general"]["positionEncodings"] = json!([unit]);
        let mut client = Client::open_with(&[], options(), able);
        client.did_open(URI, "rust", "/*\u{1f9ed}*/ fn é() {}\n");
        let asked = json!({ "textDocument": { "uri": URI } });
        let outline = client.request("textDocument/documentSymbol", asked).unwrap();
        assert_eq!(outline[0]["selectionRange"]["start"], at(0, column), "{unit}: {outline}");
    }
}

#[test]
fn branches_that_are_left_out_are_listed_when_asked_for() {
    let text = "int on(void);\n#if 0\nint off(void);\n#endif\n";
    for (setting, expected) in [("false", &["on"][..]), ("true", &["on", "off"])] {
        let mut options = options();
        options.settings.add_assignment(&format!("outline.inactive_branches={setting}"), "test").expect("a setting");
        let mut client = Client::open_with(&[], options, able());
        client.did_open(URI, "c", text);
        assert_eq!(names(&mut client, URI), expected);
        // A directive turns what stands far from it.
        client.did_change(URI, 2, json!([edit((1, 4), (1, 5), "1")]));
        assert_eq!(names(&mut client, URI), ["on", "off"]);
    }
}

#[test]
fn many_documents_that_are_parsed_apart_have_few_processes() {
    let cache = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portolan"));
    command.args(["serve", "--stdio", "--cache-dir"]).arg(cache.path());
    let mut client = Client::spawn(command);
    client.initialize(&[], able());
    let name = |number: usize| format!("untitled:{number}");
    let outline = |client: &mut Client, number: usize| {
        let asked = json!({ "textDocument": { "uri": name(number) } });
        client.request("textDocument/documentSymbol", asked).unwrap()[0]["name"].clone()
    };
    for number in 0..12 {
        client.did_open(&name(number), "markdown", &format!("# Title {number}\n\nText.\n"));
        assert_eq!(outline(&mut client, number), format!("Title {number}"));
    }
    let server = client.process().unwrap();
    let is_ours = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|&b| b == 0).any(|part| part == b"--document")
    };
    let count = || descendants(server).iter().filter(|it| is_ours(it)).count();
    assert!((1..=8).contains(&count()), "{}", count());
    // The first of them had to make room.
    assert_eq!(outline(&mut client, 0), "Title 0");
    assert!((1..=8).contains(&count()), "{}", count());
}
