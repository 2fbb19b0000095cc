//! A server with a user's model: files saved and open get new vectors, a flood of questions and a model that dies are
//! borne, and what is wrong is in the status.

use std::path::Path;
use std::sync::Arc;

use portolan::embed;
use portolan::server::ServeOptions;
use portolan::workspace;
use serde_json::{Value, json};

use super::tiny::{self, Kind};
use super::{Options, library, options, until, workspace as files};
use crate::client::{self, Client, able, edit, uri};

/// What a server says to whom it has no time for.
const BUSY: i64 = -32803;

/// A client on a small workspace, whose server runs the small model, which `change` may do something to.
fn open(change: impl FnOnce(&mut Options)) -> Option<(tempfile::TempDir, Client)> {
    let library = library()?;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    files(&root, 12, "nothing");
    tiny::write(&dir.path().join("model"), Kind::Float);
    let mut of_model = options(&dir.path().join("model"), &library);
    change(&mut of_model);
    let mut client = client_with(&of_model);
    client.initialize(&[&root], able());
    client.wait_embedded();
    Some((dir, client))
}

/// A client of a server whose passages get vectors from `of_model`.
fn client_with(of_model: &Options) -> Client {
    let embedder = embed::open(of_model).unwrap();
    let base = client::options();
    let under = base.workspace.clone();
    let with = move |settings: &mut _, folders: &[_]| workspace::Options {
        embedder: Some(embedder.clone()),
        ..under(settings, folders)
    };
    let mut client = Client::start(ServeOptions { workspace: Arc::new(with), ..base });
    client.ignore("window/showMessage");
    client.ignore("window/logMessage");
    client.ignore("$/progress");
    client.ignore("textDocument/publishDiagnostics");
    client
}

fn status(client: &mut Client) -> Value {
    client.request("portolan/status", json!({})).unwrap()
}

/// Whether all passages of the index, and of open documents, have vectors again.
fn are_all_embedded(client: &mut Client) -> bool {
    let passages = &status(client)["passages"];
    passages["found"] == passages["embedded"] && passages["found"].as_u64() > Some(0)
}

fn ask(client: &mut Client, question: &str) -> Value {
    client.request("portolan/semanticSearch", json!({ "query": question })).unwrap()
}

#[test]
fn a_model_that_hangs_over_one_root_keeps_no_other_from_being_indexed() {
    let Some(library) = library() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    files(&first, 12, "portolan-embed-fault:hang");
    files(&second, 3, "nothing");
    std::fs::write(second.join("own.rs"), "fn only_in_the_second() {}\n").unwrap();
    tiny::write(&dir.path().join("model"), Kind::Float);
    let mut of_model = options(&dir.path().join("model"), &library);
    of_model.patience = Some(std::time::Duration::from_secs(3_600));
    let mut client = client_with(&of_model);
    client.initialize(&[&first, &second], able());
    // The stage is that of the root that is furthest behind.
    until("both roots have words and names", || status(&mut client)["stage"] == "indexed");
    let found = client.request("workspace/symbol", json!({ "query": "only_in_the_second" })).unwrap();
    assert!(found.to_string().contains("own.rs"), "{found}");
    assert!(!are_all_embedded(&mut client));
}

#[test]
fn what_is_saved_or_typed_gets_vectors_of_its_own() {
    let Some((dir, mut client)) = open(|_| {}) else { return };
    assert!(status(&mut client)["embedder"].as_str().unwrap().contains("8 numbers"));
    assert!(are_all_embedded(&mut client));
    let path = dir.path().canonicalize().unwrap().join("root/last.rs");
    let text = "/// two two\nfn colour_red() {}\n/// one\nfn query_one() {}\n";
    std::fs::write(&path, text).unwrap();
    let changed = json!({ "changes": [{ "uri": uri(&path), "type": 2 }] });
    client.notify("workspace/didChangeWatchedFiles", changed);
    until("the saved file is found", || ask(&mut client, "query one").to_string().contains("query_one"));
    until("it has vectors", || are_all_embedded(&mut client));
    client.did_open(&uri(&path), "rust", text);
    client.did_change(&uri(&path), 2, json!([edit((0, 0), (0, 0), "/// retry backoff\nfn retry_two() {}\n")]));
    until("the open text is found", || ask(&mut client, "retry two").to_string().contains("retry_two"));
    until("it has vectors", || are_all_embedded(&mut client));
    client.did_close(&uri(&path));
    until("the file as it is saved has them", || are_all_embedded(&mut client));
}

#[test]
fn a_thousand_questions_at_once_and_long_ones_are_all_answered() {
    let Some((_dir, mut client)) = open(|_| {}) else { return };
    let asked: Vec<i64> = (0..1_000)
        .map(|at| client.ask("portolan/semanticSearch", json!({ "query": format!("open file {at}") })))
        .collect();
    // Each gets an answer, or is told at once that too many came.
    let answers: Vec<_> = asked.into_iter().map(|id| client.answer(id)).collect();
    let mut good = 0;
    for answer in answers {
        match answer {
            Ok(it) => good += usize::from(!it["items"].as_array().unwrap().is_empty()),
            Err(error) => assert_eq!(error.code, BUSY, "{error:?}"),
        }
    }
    assert!(good > 0);
    let long = client.request("portolan/semanticSearch", json!({ "query": "open ".repeat(20_000) }));
    assert_eq!(long.unwrap_err().code, -32602, "it is told that it is too long");
    assert!(ask(&mut client, "colour red").to_string().contains("last.rs"), "and the server goes on");
}

#[test]
fn a_model_whose_process_dies_costs_neither_index_nor_server() {
    let Some((_dir, mut client)) = open(|it| it.executable = Some("/bin/false".into())) else { return };
    assert!(ask(&mut client, "colour red").to_string().contains("last.rs"), "words answer");
    until("it is told", || status(&mut client)["notices"].to_string().contains("dies or hangs"));
    assert!(status(&mut client)["embedder"].as_str().unwrap().contains("not running"));
}

#[test]
fn a_wrong_library_costs_neither_index_nor_server() {
    let libc = Path::new("/lib/x86_64-linux-gnu/libc.so.6");
    if !libc.exists() {
        return;
    }
    let Some((_dir, mut client)) = open(|it| it.library = Some(libc.into())) else { return };
    assert!(ask(&mut client, "colour red").to_string().contains("last.rs"), "words answer");
    until("it is told", || status(&mut client)["notices"].to_string().contains("not a usable ONNX Runtime library"));
}
