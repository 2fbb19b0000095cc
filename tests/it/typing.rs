//! Open documents through the whole server: outline, folds, selections, diagnostics, while they change.

use serde_json::{Value, json};

use crate::client::{Client, able, edit, options};

fn client(capabilities: Value) -> Client {
    Client::open_with(&[], options(), capabilities)
}

fn of(uri: &str) -> Value {
    json!({ "textDocument": { "uri": uri } })
}

/// `name(children)` with the line and column of each name.
fn outline(client: &mut Client, uri: &str) -> String {
    fn shown(list: &Value) -> String {
        let one = |it: &Value| {
            let at = &it["selectionRange"]["start"];
            let children = shown(&it["children"]);
            let inside = if children.is_empty() { String::new() } else { format!("({children})") };
            format!("{}@{}:{}{inside}", it["name"].as_str().unwrap_or("?"), at["line"], at["character"])
        };
        list.as_array().map(|list| list.iter().map(one).collect::<Vec<_>>().join(" ")).unwrap_or_default()
    }
    shown(&client.request("textDocument/documentSymbol", of(uri)).expect("an outline"))
}

const RUST: &str = "mod a {\n    /* 🧭 */ fn f() {}\n    struct S { x: u8 }\n}\n";

#[test]
fn the_outline_follows_every_edit() {
    let mut client = client(able());
    let uri = "untitled:one.rs";
    client.did_open(uri, "rust", RUST);
    assert_eq!(outline(&mut client, uri), "a@0:4(f@1:16 S@2:11(x@2:15))");
    client.did_change(uri, 2, json!([edit((0, 0), (0, 0), "// 🧭\r\n"), edit((2, 17), (2, 17), "_g")]));
    assert_eq!(outline(&mut client, uri), "a@1:4(f_g@2:16 S@3:11(x@3:15))");
    client.did_change(uri, 3, json!([edit((1, 0), (99, 0), "")]));
    assert_eq!(outline(&mut client, uri), "");
    client.did_close(uri);
}

#[test]
fn folds_and_selections() {
    let mut client = client(able());
    let uri = "untitled:one.rs";
    client.did_open(uri, "rust", RUST);
    let folds = client.request("textDocument/foldingRange", of(uri)).expect("folds");
    assert_eq!(folds, json!([{ "startLine": 0, "endLine": 2 }]));
    let asked = json!({ "textDocument": { "uri": uri }, "positions": [{ "line": 1, "character": 16 }] });
    let selections = client.request("textDocument/selectionRange", asked).expect("selections");
    let first = &selections[0]["range"];
    assert_eq!(first, &json!({ "start": { "line": 1, "character": 16 }, "end": { "line": 1, "character": 17 } }));
    assert!(selections[0]["parent"]["parent"].is_object());
    client.did_close(uri);
}

#[test]
fn a_markdown_document_is_parsed_in_its_own_process() {
    let mut client = client(able());
    let uri = "untitled:notes.md";
    client.did_open(uri, "markdown", "# One\n\ntext\n\n## Two\n\nmore\n");
    let folds = |client: &mut Client| client.request("textDocument/foldingRange", of(uri)).expect("folds");
    assert_eq!(folds(&mut client), json!([{ "startLine": 0, "endLine": 6 }, { "startLine": 4, "endLine": 6 }]));
    client.did_change(uri, 2, json!([edit((4, 0), (4, 3), "")]));
    assert_eq!(folds(&mut client), json!([{ "startLine": 0, "endLine": 6 }]));
    client.did_close(uri);
}

#[test]
fn diagnostics_are_pulled_or_pushed_and_can_be_switched_off() {
    let broken = "fn f( {}\n";
    let uri = "untitled:broken.rs";
    let mut pulling = client(able());
    pulling.did_open(uri, "rust", broken);
    let report = pulling.request("textDocument/diagnostic", of(uri)).expect("a report");
    assert_eq!(report["kind"], "full");
    assert_eq!(report["items"].as_array().map(Vec::len), Some(1), "{report}");
    pulling.did_close(uri);

    let mut pushing = client(json!({}));
    pushing.did_open(uri, "rust", broken);
    let told = pushing.notification("textDocument/publishDiagnostics");
    assert_eq!((&told["uri"], told["diagnostics"].as_array().map(Vec::len)), (&json!(uri), Some(1)), "{told}");
    pushing.did_close(uri);
    assert_eq!(pushing.notification("textDocument/publishDiagnostics")["diagnostics"], json!([]));
}
