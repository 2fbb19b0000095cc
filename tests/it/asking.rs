//! Questions of a client to the index: symbols, questions in words, definition, references, and text that nobody saved.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::{Client, at, edit, uri};

/// A client on a folder of two files that is indexed to its end.
fn open() -> (tempfile::TempDir, PathBuf, Client) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::write(root.join("retry.rs"), "/// Tries again after growing pauses.\npub fn retry_with_backoff() {}\n")
        .unwrap();
    std::fs::write(
        root.join("main.rs"),
        "mod retry;\nuse retry::retry_with_backoff;\nfn main() {\n    retry_with_backoff();\n}\n",
    )
    .unwrap();
    let mut client = Client::open(&[&root]);
    client.wait_embedded();
    (folder, root, client)
}

fn names(answer: &Value) -> Vec<&str> {
    answer.as_array().expect("a list").iter().map(|it| it["name"].as_str().expect("a name")).collect()
}

#[test]
fn symbols_are_found_with_their_ranges() {
    let (_folder, root, mut client) = open();
    let found = client.request("workspace/symbol", json!({ "query": "rwb" })).unwrap();
    assert_eq!(names(&found), ["retry_with_backoff"]);
    assert_eq!(found[0]["location"]["uri"], json!(uri(&root.join("retry.rs"))));
    assert_eq!(found[0]["location"]["range"]["start"], at(1, 7));
    assert_eq!(found[0]["location"]["range"]["end"], at(1, 25));
    assert!(!names(&client.request("workspace/symbol", json!({ "query": "" })).unwrap()).is_empty());
}

#[test]
fn a_question_has_the_same_list_in_the_picker_and_in_its_own_request() {
    let (_folder, _root, mut client) = open();
    let question = "tries again after growing pauses";
    let symbols = client.request("workspace/symbol", json!({ "query": format!("?{question}") })).unwrap();
    let params = json!({ "query": question, "partialResultToken": "part" });
    let answers = client.request("portolan/semanticSearch", params).unwrap();
    let ranges = |list: &Value| -> Vec<Value> {
        list.as_array().expect("a list").iter().map(|it| it["location"].clone()).collect()
    };
    assert_eq!(ranges(&symbols), ranges(&answers["items"]));
    assert_eq!(answers["items"][0]["name"], json!("retry_with_backoff"));
    assert!(answers["items"][0]["preview"].as_str().unwrap().contains("growing pauses"));
    assert_eq!(client.request("workspace/symbol", json!({ "query": "?" })), Ok(json!([])));
    assert_eq!(client.request("portolan/semanticSearch", json!({ "query": "" })).unwrap_err().code, -32602);
    let long = "a".repeat(100_000);
    assert_eq!(client.request("portolan/semanticSearch", json!({ "query": long })).unwrap_err().code, -32602);
}

#[test]
fn a_use_leads_to_its_declaration_and_back() {
    let (_folder, root, mut client) = open();
    let (main, retry) = (uri(&root.join("main.rs")), uri(&root.join("retry.rs")));
    let place = json!({ "textDocument": { "uri": main }, "position": at(3, 8) });
    let found = client.request("textDocument/definition", place).unwrap();
    assert_eq!(found[0]["uri"], json!(retry));
    assert_eq!(found[0]["range"]["start"], at(1, 7));
    let place = json!({
        "textDocument": { "uri": retry }, "position": at(1, 9), "context": { "includeDeclaration": true },
    });
    let found = client.request("textDocument/references", place).unwrap();
    let lines: Vec<_> =
        found.as_array().unwrap().iter().map(|it| (it["uri"].clone(), it["range"]["start"]["line"].clone())).collect();
    assert_eq!(lines, [(json!(main), json!(1)), (json!(main), json!(3)), (json!(retry), json!(1))]);
    let outside = json!({ "textDocument": { "uri": "file:///etc/passwd" }, "position": at(0, 0) });
    assert_eq!(client.request("textDocument/definition", outside), Ok(Value::Null));
}

#[test]
fn what_nobody_saved_is_found() {
    let (_folder, root, mut client) = open();
    let main = uri(&root.join("main.rs"));
    client.did_open(&main, "rust", "fn main() {}\n");
    client.did_change(&main, 2, json!([edit((0, 0), (0, 0), "fn only_typed_so_far() {}\n")]));
    let found = client.request("workspace/symbol", json!({ "query": "only_typed_so_far" })).unwrap();
    assert_eq!(names(&found)[..1], ["only_typed_so_far"]);
    let found = client.request("portolan/semanticSearch", json!({ "query": "only typed so far" })).unwrap();
    assert_eq!(found["items"][0]["location"]["uri"], json!(main));
}

/// Requests and edits in one stream, as an editor sends them that does not wait: each answer is about the text at its place
/// in the stream, and no other.
#[test]
fn answers_are_about_the_text_at_their_place_in_the_stream() {
    let (_folder, root, mut client) = open();
    let main = uri(&root.join("main.rs"));
    client.did_open(&main, "rust", "fn here() {}\nfn main() {\n    here();\n}\n");
    let mut asked = Vec::new();
    for n in 0..20_u32 {
        // One line more before everything, so that each state has places of its own.
        client.did_change(&main, n as i32 + 2, json!([edit((0, 0), (0, 0), &format!("fn f{n}() {{}}\n"))]));
        let place = json!({
            "textDocument": { "uri": main }, "position": at(3 + n, 6), "context": { "includeDeclaration": true },
        });
        let mut ask = |method: &str, params: &Value| (n, method.to_owned(), client.ask(method, params.clone()));
        asked.push(ask("textDocument/documentSymbol", &place));
        asked.push(ask("textDocument/definition", &place));
        asked.push(ask("textDocument/references", &place));
        asked.push(ask("workspace/symbol", &json!({ "query": format!("f{n}") })));
    }
    for (n, method, id) in asked {
        let answer = client.answer(id).unwrap_or_else(|refused| panic!("{method} after edit {n}: {refused:?}"));
        let lines: Vec<u64> =
            answer.as_array().unwrap().iter().filter_map(|it| it["range"]["start"]["line"].as_u64()).collect();
        match method.as_str() {
            "textDocument/documentSymbol" => assert_eq!(names(&answer)[0], format!("f{n}")),
            "textDocument/definition" => assert_eq!(lines, [u64::from(n) + 1], "{answer}"),
            "textDocument/references" => assert_eq!(lines, [u64::from(n) + 1, u64::from(n) + 3], "{answer}"),
            _ => assert!(names(&answer).contains(&format!("f{n}").as_str()), "{answer}"),
        }
    }
}

/// What is asked right after an edit is what an index of the same text, saved, says.
#[test]
fn unsaved_text_answers_as_the_same_text_on_disk() {
    let (_folder, root, mut client) = open();
    let (main, retry) = (uri(&root.join("main.rs")), uri(&root.join("retry.rs")));
    client.did_open(&retry, "rust", "/// Tries again after growing pauses.\npub fn retry_with_backoff() {}\n");
    client.did_open(&main, "rust", "mod retry;\nuse retry::moon_phase;\nfn main() {\n    moon_phase();\n}\n");
    let added = "/// How much of the moon is lit tonight.\npub fn moon_phase() {}\n";
    client.did_change(&retry, 2, json!([edit((0, 0), (0, 0), added)]));
    let answers = |client: &mut Client| {
        let place = json!({ "textDocument": { "uri": main }, "position": at(3, 6) });
        let by_meaning = client.request("portolan/semanticSearch", json!({ "query": "lunar light at night" })).unwrap();
        let places =
            |list: &Value| list.as_array().unwrap().iter().map(|it| it["location"].clone()).collect::<Vec<_>>();
        (
            client.request("textDocument/definition", place).unwrap(),
            client.request("workspace/symbol", json!({ "query": "moon_phase" })).unwrap(),
            places(&by_meaning["items"]),
            by_meaning["completeness"]["vectors"].clone(),
        )
    };
    let typed = answers(&mut client);
    assert_eq!(typed.0[0]["range"]["start"], at(1, 7));
    assert_eq!(typed.0[0]["uri"], json!(retry));
    for (name, text) in [
        ("retry.rs", format!("{added}/// Tries again after growing pauses.\npub fn retry_with_backoff() {{}}\n")),
        ("main.rs", "mod retry;\nuse retry::moon_phase;\nfn main() {\n    moon_phase();\n}\n".to_owned()),
    ] {
        std::fs::write(root.join(name), text).unwrap();
    }
    drop(client);
    let mut fresh = Client::open(&[&root]);
    fresh.wait_embedded();
    assert_eq!(typed, answers(&mut fresh));
}
