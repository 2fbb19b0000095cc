//! Search by meaning from outside: every door gives the same list, unsaved text is found, bad questions are told.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use portolan::server::ServeOptions;
use portolan::workspace::Options;
use serde_json::{Value, json};

use crate::client::{self, Client, able, uri};

const QUESTION: &str = "where do we retry with backoff";

/// A small project with one good answer to [`QUESTION`], and several that share words with it.
fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        (
            "src/net/retry.rs",
            "/// Calls `operation` again after a failure; the pause doubles each time.\n\
             pub fn retry_with_backoff<T>(operation: impl Fn() -> Option<T>, attempts: u32) -> Option<T> {\n    \
             let mut pause = 1;\n    for _ in 0..attempts {\n        if let Some(it) = operation() {\n            \
             return Some(it);\n        }\n        sleep(pause);\n        pause *= 2;\n    }\n    None\n}\n\n\
             fn sleep(seconds: u64) {\n    std::thread::sleep(std::time::Duration::from_secs(seconds));\n}\n",
        ),
        (
            "src/color.rs",
            "pub struct Color {\n    pub red: u8,\n}\n\npub fn mix(a: Color, b: Color) -> Color {\n    a\n}\n",
        ),
        (
            "src/client.py",
            "class Client:\n    def fetch(self, url):\n        return self.send(url)\n\n    def back(self):\n        pass\n",
        ),
        (
            "tests/retry_test.rs",
            "#[test]\nfn retry_with_backoff_gives_up() {\n    assert!(retry_with_backoff(|| None::<u8>, 2).is_none());\n}\n",
        ),
        ("README.md", "# Retry\n\nWe retry with backoff, see the source.\n"),
    ];
    for (path, text) in files {
        let path = dir.path().join("root").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn portolan(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command.arg("--cache-dir").arg(dir.join("cache")).env_remove("PORTOLAN_ONNXRUNTIME");
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    portolan(dir).args(arguments).arg(dir.join("root")).output().unwrap()
}

/// `path:first-last` of each answer.
fn listed(results: &Value) -> Vec<String> {
    let line = |it: &Value| format!("{}:{}-{}", it["path"].as_str().unwrap(), it["start_line"], it["end_line"]);
    results.as_array().unwrap().iter().map(line).collect()
}

/// A client of a server that uses the same index.
fn client(dir: &Path) -> Client {
    let cache = dir.join("cache");
    let embedder = portolan::embed::open(&portolan::embed::Options::default()).unwrap();
    let workspace = move |_: &mut _, _: &[_]| Options {
        cache_dir: Some(cache.clone()),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        embedder: Some(embedder.clone()),
        workers: 1,
        ..Options::default()
    };
    let options = ServeOptions { workspace: Arc::new(workspace), ..client::options() };
    let mut client = Client::open_with(&[&dir.join("root")], options, able());
    client.ignore("$/progress");
    client.ignore("window/workDoneProgress/create");
    client
}

/// Asks until all is indexed: each answer says how much of the workspace it has seen.
fn ask(client: &mut Client, query: &str) -> Value {
    for _ in 0..100_000 {
        let answer = client.request("portolan/semanticSearch", json!({ "query": query })).unwrap();
        if answer["completeness"]["whole"] == true {
            return answer;
        }
    }
    panic!("never whole");
}

/// What `portolan search-server` answers.
fn ask_search_server(dir: &Path, question: &str) -> Value {
    let mut server = portolan(dir).arg("search-server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let asked = json!({"id": 7, "root": dir.join("root"), "query": question, "limit": 10});
    writeln!(server.stdin.take().unwrap(), "{asked}").unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(server.wait().unwrap().success(), "ends with its input");
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["id"], 7);
    answer
}

#[test]
fn every_door_gives_the_same_list() {
    let project = project();
    let dir = project.path();
    // Of 8,000 bytes, in other scripts, in one word.
    let long = format!("{QUESTION} {}", "again and again ".repeat(490));
    let questions = [QUESTION, "où retry après échec — 再試行 ретрай", &long, "Client::fetch", "\u{1f9ed} backoff"];
    let mut client = client(dir);
    for (turn, question) in questions.into_iter().enumerate() {
        let output = run(dir, &["search", "--json", question]);
        assert!(output.status.success(), "{output:?}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let want = listed(&answer["results"]);
        assert!(!want.is_empty(), "{question}");
        if turn == 0 {
            assert_eq!(want[0], "src/net/retry.rs:1-12", "{want:?}");
            assert!(want.len() >= 3);
        }
        assert_eq!(listed(&ask_search_server(dir, question)["results"]), want, "{question}");
        let answer = ask(&mut client, question);
        let of = |it: &Value| format!("{}:{}-{}", it["path"].as_str().unwrap(), it["lines"][0], it["lines"][1]);
        assert_eq!(answer["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>(), want, "{question}");
        let symbols = client.request("workspace/symbol", json!({ "query": format!("?{question}") })).unwrap();
        let place = |it: &Value| (it["location"]["uri"].clone(), it["location"]["range"]["start"]["line"].clone());
        let places = |all: &Value| all.as_array().unwrap().iter().map(place).collect::<Vec<_>>();
        assert_eq!(places(&symbols), places(&answer["items"]), "{question}");
    }
}

#[test]
fn unsaved_text_is_found() {
    let project = project();
    let dir = project.path();
    let mut client = client(dir);
    ask(&mut client, QUESTION);
    let file = uri(&dir.join("root/src/color.rs"));
    let text = "/// Whether the moon is full tonight.\npub fn lunar_phase(day: u32) -> bool {\n    day % 29 == 14\n}\n";
    client.did_open(&file, "rust", text);
    let mut first = json!(null);
    // The edit is published when its analysis is done; each question sees the state of its moment.
    for _ in 0..100_000 {
        first = ask(&mut client, "is the moon full")["items"][0].clone();
        if first["name"] == "lunar_phase" {
            break;
        }
    }
    assert_eq!((&first["name"], &first["lines"]), (&json!("lunar_phase"), &json!([1, 4])), "{first}");
    assert_eq!(first["location"]["uri"], file);
    client.did_close(&file);
}

#[test]
fn bad_questions_name_the_remedy() {
    let project = project();
    let dir = project.path();
    for (question, remedy) in [("", "ask in words"), ("?!", "no letter"), (&*"word ".repeat(20_000), "shorter")] {
        let output = run(dir, &["search", question]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(remedy), "{output:?}");
        let answer = ask_search_server(dir, question);
        assert!(answer["error"].as_str().is_some_and(|it| it.contains(remedy)), "{answer}");
    }
    let output = portolan(dir).args(["search", "x", "/no/such/folder"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let mut client = client(dir);
    let refusal = client.request("portolan/semanticSearch", json!({ "query": "a".repeat(100_000) })).unwrap_err();
    assert!(refusal.message.contains("shorter"), "{refusal:?}");
    assert!(client.request("portolan/semanticSearch", json!({ "query": " " })).is_err());
    let long = format!("?{}", "word ".repeat(20_000));
    let refusal = client.request("workspace/symbol", json!({ "query": long })).unwrap_err();
    assert!(refusal.message.contains("shorter"), "{refusal:?}");
    // Somebody is about to type a question.
    assert_eq!(client.request("workspace/symbol", json!({ "query": "?" })).unwrap(), json!([]));
}

#[test]
fn filters_mean_the_same_at_every_door() {
    let project = project();
    let dir = project.path();
    let mut client = client(dir);
    let cases = [
        (
            "lang:rust -path:tests",
            &["--lang", "rs", "--not-path", "tests"][..],
            json!({"lang": "Rust", "notPath": ["tests"]}),
        ),
        ("kind:class", &["--kind", "class"], json!({"kind": ["class"]})),
        ("lang:py,md", &["--lang", "python", "--lang", "markdown"], json!({"lang": ["python", "md"]})),
        (
            "path:*.rs -kind:test",
            &["--path", "*.rs", "--not-kind", "tests"],
            json!({"path": "*.rs", "notKind": "test"}),
        ),
        ("-lang:rust", &["--not-lang", "rust"], json!({"notLang": "rust"})),
    ];
    ask(&mut client, QUESTION);
    for (written, flags, mut fields) in cases {
        let of = |it: &Value| format!("{}:{}-{}", it["path"].as_str().unwrap(), it["lines"][0], it["lines"][1]);
        let all = |answer: &Value| answer["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>();
        let want = all(&ask(&mut client, &format!("{QUESTION} {written}")));
        assert!(!want.is_empty(), "{written}");
        fields["query"] = json!(QUESTION);
        assert_eq!(all(&client.request("portolan/semanticSearch", fields).unwrap()), want, "{written}");
        let output = run(dir, &[&["search", "--json", QUESTION], flags, &["--"]].concat());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(listed(&answer["results"]), want, "{written}");
        let written = format!("{QUESTION} {written}");
        assert_eq!(listed(&ask_search_server(dir, &written)["results"]), want, "{written}");
    }
}

#[test]
fn wrong_filters_are_explained_at_every_door() {
    let project = project();
    let dir = project.path();
    let output = run(dir, &["search", "retry lang:rsut"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the nearest are rust"), "{said}");
    let output = run(dir, &["search", "retry", "--path", "scr/"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("path:scr/: no indexed path fits it; there is src/"), "{said}");
    let mut client = client(dir);
    let mut refused = |fields: Value| client.request("portolan/semanticSearch", fields).unwrap_err();
    let refusal = refused(json!({"query": "retry", "kind": "funktion"}));
    assert_eq!((refusal.code, &refusal.data["filter"]), (-32602, &json!("kind:funktion")));
    assert_eq!(refusal.data["known"][0], "function");
    assert!(refused(json!({"query": "retry", "path": 7})).message.contains("'path' is a text or a list"));
    assert!(refused(json!({"query": "lang:rust"})).message.contains("nothing but filters"));
    let answer = ask(&mut client, "retry lang:haskell");
    assert_eq!(answer["items"], json!([]));
    assert!(
        answer["notes"][0].as_str().unwrap().contains("no file in this language is indexed; there are Rust (3)"),
        "{answer}"
    );
    assert_eq!(ask_search_server(dir, "retry path:scr/")["notes"].as_array().unwrap().len(), 1);
}

#[test]
fn answers_are_shown_in_eighty_columns() {
    let project = project();
    let output = run(project.path(), &["search", QUESTION, "-n", "3"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("src/net/retry.rs:2  function retry_with_backoff\n        words, some in names: "),
        "{text}"
    );
    assert!(text.contains("\n     2  pub fn retry_with_backoff"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours into a pipe");
    let shown = |flags: &[&str]| {
        let output = run(project.path(), &[&["search", QUESTION, "-n", "2"], flags, &["--"]].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let coloured = shown(&["--color", "always"]);
    assert!(coloured.contains("\u{1b}[34mpub\u{1b}[0m"), "{coloured}");
    assert_eq!(shown(&["--files"]), "src/net/retry.rs\n");
    let around = shown(&["-C", "1"]);
    let numbers: Vec<&str> = around.lines().filter_map(|it| it.get(..6)).map(str::trim).collect();
    assert_eq!(
        numbers.iter().filter_map(|it| it.parse().ok()).collect::<Vec<u32>>(),
        [1, 2, 3, 13, 14, 15],
        "{around}"
    );
}

#[test]
fn json_says_all_of_an_answer() {
    let project = project();
    let output = run(project.path(), &["search", "--json", QUESTION, "-n", "1"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = &answer["results"][0];
    assert_eq!((&first["line"], &first["column"]), (&json!(2), &json!(8)), "{first}");
    assert_eq!((&first["start_line"], &first["end_line"]), (&json!(1), &json!(12)));
    assert_eq!(
        (&first["language"], &first["traits"], &first["kind"]),
        (&json!("rust"), &json!([]), &json!("function"))
    );
    assert_eq!(first["preview"].as_array().unwrap().len(), 12);
    assert_eq!((&answer["complete"], &answer["notes"]), (&json!(true), &json!([])));
    let output = run(project.path(), &["search", "--json", "--files", QUESTION]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["files"][0], "src/net/retry.rs");
}

#[test]
fn related_code_is_found_at_every_door() {
    let project = project();
    let dir = project.path();
    let root = dir.join("root");
    let related = |arguments: &[&str]| {
        portolan(dir).arg("related").args(arguments).current_dir(&root).env("NO_COLOR", "1").output().unwrap()
    };
    let output = related(&["src/net/retry.rs:7", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["subject"]["name"], "retry_with_backoff", "{answer}");
    let want = listed(&answer["results"]);
    assert!(want.iter().any(|it| it.starts_with("tests/retry_test.rs")), "{want:?}");
    assert!(!want.iter().any(|it| it == "src/net/retry.rs:1-12"), "not itself: {want:?}");
    let mut client = client(dir);
    ask(&mut client, QUESTION);
    let uri = uri(&root.join("src/net/retry.rs"));
    let at = |line: u32| json!({"textDocument": {"uri": &uri}, "position": {"line": line, "character": 0}});
    let answer = client.request("portolan/related", at(6)).unwrap();
    let of = |it: &Value| format!("{}:{}-{}", it["path"].as_str().unwrap(), it["lines"][0], it["lines"][1]);
    assert_eq!(answer["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>(), want);
    assert_eq!(answer["subject"]["range"]["start"]["line"], 0);
    for (place, said) in [
        ("src/net/retry.rs", "FILE:LINE"),
        ("src/net/retry.rs:99", "nothing stands there"),
        ("src/net/retry.rs:13", "nothing stands there"),
        ("src/no.rs:1", "no such file"),
    ] {
        let output = related(&[place]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{place}: {error}");
        assert!(error.contains(said), "{place}: {error}");
    }
    for line in [12, 99] {
        let refusal = client.request("portolan/related", at(line)).unwrap_err();
        assert!(refusal.code == -32602 && refusal.message.contains("nothing stands there"), "{refusal:?}");
    }
    let gone = json!({"textDocument": {"uri": "file:///elsewhere/a.rs"}, "position": {"line": 0, "character": 0}});
    assert!(client.request("portolan/related", gone).unwrap_err().message.contains("not in the index"));
    assert!(client.request("portolan/related", json!({"textDocument": {"uri": &uri}})).is_err());
}
