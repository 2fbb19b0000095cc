//! Folders and settings of a client: taken, changed while the server runs, refused with a reason.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::{Client, able, options, uri};

fn roots(client: &mut Client) -> Vec<String> {
    let status = client.request("portolan/status", json!({})).unwrap();
    let roots = status["roots"].as_array().expect("roots").iter();
    roots.map(|it| it["uri"].as_str().expect("a URI").to_owned()).collect()
}

fn folder(path: &Path) -> Value {
    json!({ "uri": uri(path), "name": "a folder" })
}

/// A directory by its real name.
fn directory() -> (tempfile::TempDir, std::path::PathBuf) {
    let it = tempfile::tempdir().unwrap();
    let path = it.path().canonicalize().unwrap();
    (it, path)
}

#[test]
fn folders_come_and_go() {
    let ((_a, a), (_b, b)) = (directory(), directory());
    let mut client = Client::open(&[&a]);
    assert_eq!(roots(&mut client), [uri(&a)]);
    let change = |added: &[&Path], removed: &[&Path]| {
        let list = |paths: &[&Path]| paths.iter().map(|it| folder(it)).collect::<Vec<_>>();
        json!({ "event": { "added": list(added), "removed": list(removed) } })
    };
    client.notify("workspace/didChangeWorkspaceFolders", change(&[&b], &[]));
    assert_eq!(roots(&mut client), [uri(&a), uri(&b)]);
    client.notify("workspace/didChangeWorkspaceFolders", change(&[], &[&a, Path::new("/never/there")]));
    assert_eq!(roots(&mut client), [uri(&b)]);
}

#[test]
fn a_document_that_was_open_before_its_folder_is_found() {
    let ((_a, a), (_b, b)) = (directory(), directory());
    let mut client = Client::open(&[&a]);
    let document = uri(&b.join("late.rs"));
    client.did_open(&document, "rust", "fn only_in_the_editor() {}\n");
    let found = |client: &mut Client| {
        let answer = client.request("workspace/symbol", json!({ "query": "only_in_the_editor" })).unwrap();
        answer.as_array().is_some_and(|it| it.iter().any(|it| it["location"]["uri"] == document))
    };
    assert!(!found(&mut client));
    let added = json!({ "event": { "added": [folder(&b)], "removed": [] } });
    client.notify("workspace/didChangeWorkspaceFolders", added);
    assert!(found(&mut client));
}

#[test]
fn a_setting_that_is_removed_falls_back_the_last_one_too() {
    let (_a, a) = directory();
    let mut able = able();
    able["workspace"]["configuration"] = json!(false);
    let mut client = Client::open_with(&[&a], options(), able);
    let limit = |client: &mut Client, ours: Value| {
        client.notify("workspace/didChangeConfiguration", json!({ "settings": { "portolan": ours } }));
        let document = uri(&a.join("a.rs"));
        client.did_open(&document, "rust", "fn (");
        let asked = json!({ "textDocument": { "uri": document } });
        let answer = client.request("textDocument/diagnostic", asked).unwrap();
        client.did_close(&document);
        answer["items"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(limit(&mut client, json!({ "diagnostics": { "enabled": false } })), 0);
    assert!(limit(&mut client, json!({})) > 0);
}

#[test]
fn a_folder_that_cannot_be_opened_is_told_and_costs_nothing_else() {
    let (_a, a) = directory();
    let file = a.join("file");
    std::fs::write(&file, "x").unwrap();
    let missing = a.join("missing");
    let mut client = Client::open(&[&missing, &file, &a]);
    for path in [&missing, &file] {
        let message = client.notification("window/showMessage")["message"].to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message} names {}", path.display());
    }
    assert_eq!(roots(&mut client), [uri(&a)]);
}

#[test]
fn settings_of_the_client_are_checked() {
    let (_a, a) = directory();
    let mut client = Client::start(options());
    client.configuration = json!({ "memory": { "limit_mb": "much" }, "cache": { "directory": "/elsewhere" } });
    let params = json!({
        "processId": null, "rootUri": uri(&a), "capabilities": able(),
        "initializationOptions": { "no_such": { "setting": 1 } },
    });
    client.request("initialize", params).unwrap();
    client.notify("initialized", json!({}));
    for name in ["no_such.setting", "memory.limit_mb", "cache.directory"] {
        let told = client.wait_for(name, |it| it["method"] == "window/showMessage" && it.to_string().contains(name));
        assert_eq!(told["params"]["type"], json!(2));
    }
}

#[test]
fn the_command_line_goes_before_the_client_and_late_settings_are_told() {
    let (_a, a) = directory();
    for name in ["same_one", "same_two"] {
        std::fs::write(a.join(name).with_extension("rs"), format!("fn {name}() {{}}\n")).unwrap();
    }
    let mut options = options();
    options.settings.add_assignment("search.symbol_limit=1", "--set").unwrap();
    let mut client = Client::start(options);
    client.configuration =
        json!({ "search": { "symbol_limit": 7 }, "tracking": { "patterns": { "exclude": ["*.rs"] } } });
    let params = json!({
        "processId": null, "rootUri": uri(&a), "capabilities": able(),
        "initializationOptions": { "search": { "symbol_limit": 5 } },
    });
    client.request("initialize", params).unwrap();
    client.notify("initialized", json!({}));
    let told = client.notification("window/showMessage")["message"].to_string();
    assert!(told.contains("tracking.patterns.exclude is read at the start only"), "{told}");
    client.wait_embedded();
    let found = client.request("workspace/symbol", json!({ "query": "same" })).unwrap();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
}

#[test]
fn commands_are_advertised_and_answered() {
    let mut client = Client::open(&[]);
    let commands = client.capabilities["executeCommandProvider"]["commands"].clone();
    for command in commands.as_array().expect("commands") {
        assert!(command.as_str().unwrap().starts_with("portolan.server."));
        client.request("workspace/executeCommand", json!({ "command": command })).unwrap();
    }
    let refused = client.request("workspace/executeCommand", json!({ "command": "no.such" })).unwrap_err();
    assert_eq!(refused.code, -32602);
}

#[test]
fn the_unit_of_columns_is_agreed() {
    for (offered, agreed) in [
        (json!(["utf-16"]), "utf-16"),
        (json!(["utf-16", "utf-8"]), "utf-8"),
        (json!(["utf-32", "utf-16"]), "utf-32"),
        (json!([]), "utf-16"),
    ] {
        let mut able = able();
        able["general"]["positionEncodings"] = offered;
        let client = Client::open_with(&[], options(), able);
        assert_eq!(client.capabilities["positionEncoding"], json!(agreed));
    }
}
