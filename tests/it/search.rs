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
    command.arg("--cache-dir").arg(dir.join("cache")).env_remove("PORTOLAN_ONNXRUNTIME").env_remove("COLUMNS");
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
fn answers_are_shown_whole_in_a_pipe() {
    let project = project();
    let output = run(project.path(), &["search", QUESTION, "-n", "3"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("src/net/retry.rs:2  function retry_with_backoff\n        meaning 0."), "{text}");
    assert!(text.contains(" · words, some in names: "), "{text}");
    assert!(text.contains("\n     2  pub fn retry_with_backoff<T>("), "{text}");
    assert!(text.contains(", attempts: u32) -> Option<T> {\n") && !text.contains('…'), "nothing is cut: {text}");
    assert!(!text.contains('\u{1b}'), "no colours into a pipe");
    let shown = |flags: &[&str]| {
        let output = run(project.path(), &[&["search", QUESTION, "-n", "2"], flags, &["--"]].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let arguments = ["search", QUESTION, "-n", "1"];
    let output =
        portolan(project.path()).args(arguments).arg(project.path().join("root")).env("COLUMNS", "40").output();
    let narrow = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(narrow.starts_with("src/net/retry.rs:2\n        function retry_with_backoff\n"), "{narrow}");
    assert!(narrow.contains(", attempts: u32) -> Option<T> {\n"), "{narrow}");
    let coloured = shown(&["--color", "always"]);
    assert!(coloured.contains("\u{1b}[34mpub\u{1b}[0m"), "{coloured}");
    let files = shown(&["--files"]);
    assert!(files.starts_with("src/net/retry.rs\n") && files.lines().count() == 2, "two files, not answers: {files}");
    let around = shown(&["-C", "1"]);
    let numbers: Vec<&str> = around.lines().filter_map(|it| it.get(..6)).map(str::trim).collect();
    assert_eq!(
        numbers.iter().filter_map(|it| it.parse().ok()).collect::<Vec<u32>>(),
        [1, 2, 3, 13, 14, 15],
        "{around}"
    );
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let project = project();
    for arguments in [&["search", QUESTION][..], &["status", "--files"], &["status", "--files", "--json"]] {
        let mut command = portolan(project.path());
        let command = command.args(arguments).arg(project.path().join("root"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("pipe"), "{arguments:?}: {output:?}");
    }
}

#[test]
fn a_question_begins_with_what_it_leaves_out() {
    let project = project();
    let files = |arguments: &[&str]| {
        let output = run(project.path(), &[&["search", "--files"], arguments].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let found = files(&["-path:test -path:README.md retry with backoff"]);
    assert!(found.starts_with("src/net/retry.rs\n") && !found.contains("test"), "{found}");
    assert_eq!(files(&["-n", "1", "-lang:rust,md retry backoff"]), "src/client.py\n");
    let output = run(project.path(), &["search", "--fiels", QUESTION]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("unexpected argument '--fiels'"), "{output:?}");
}

#[test]
fn a_folder_that_was_never_indexed_is_told() {
    let project = project();
    let output = run(project.path(), &["status"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("  0 files indexed, 5 not yet (`portolan index` does it), 0 left out"), "{said}");
    let output = run(project.path(), &["search", "--no-wait", "--lang", "go", "walrus"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("in other words") && said.contains("indexed"), "{said}");
    assert_eq!(output.status.code(), Some(1));
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
    assert_eq!(first["reason"]["words"], json!(["retry", "backoff"]), "no stems");
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
    std::fs::write(root.join("src/used.rs"), "use std::path::Path;\n\npub fn used(_: &Path) {}\n").unwrap();
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
        ("src/net/retry.rs:99", "the file ends with line 16"),
        ("src/net/retry.rs:17", "the file ends with line 16"),
        ("src/net/retry.rs:13", "the line is blank"),
        ("src/used.rs:1", "neither a declaration nor a paragraph"),
        ("src/no.rs:1", "no such file"),
    ] {
        let output = related(&[place]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{place}: {error}");
        assert!(error.contains(said), "{place}: {error}");
    }
    for (line, said) in [(12, "the line is blank"), (99, "the file ends with line 16")] {
        let refusal = client.request("portolan/related", at(line)).unwrap_err();
        assert!(refusal.code == -32602 && refusal.message.contains(said), "{refusal:?}");
    }
    // Before the first character of a line the declaration in that line is meant, behind its last one no other line.
    let output = related(&["src/client.py:2", "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["subject"]["name"], "fetch", "{answer}");
    let client_uri = crate::client::uri(&root.join("src/client.py"));
    let mut subject = |line: u32, character: u32| {
        let place = json!({"textDocument": {"uri": &client_uri}, "position": {"line": line, "character": character}});
        let answer = client.request("portolan/related", place).map_err(|it| it.message)?;
        Ok::<_, String>(answer["subject"]["name"].as_str().unwrap_or("-").to_owned())
    };
    assert_eq!(subject(1, 0).as_deref(), Ok("fetch"));
    assert_eq!(subject(1, u32::MAX).as_deref(), Ok("fetch"));
    assert_eq!(subject(0, u32::MAX).as_deref(), Ok("Client"));
    assert!(subject(u32::MAX, u32::MAX).unwrap_err().contains("the file ends with line 6"));
    let gone = json!({"textDocument": {"uri": "file:///elsewhere/a.rs"}, "position": {"line": 0, "character": 0}});
    assert!(client.request("portolan/related", gone).unwrap_err().message.contains("not in the index"));
    assert!(client.request("portolan/related", json!({"textDocument": {"uri": &uri}})).is_err());
}

#[test]
fn other_languages_scripts_and_encodings_are_searched() {
    let project = project();
    let dir = project.path();
    let root = dir.join("root");
    // Latin-1, UTF-16 with its mark, and names that no ASCII word holds.
    let latin = b"/// Gr\xf6\xdfe der K\xe4stchen in Zentimetern.\npub fn kaestchen(it: u32) -> u32 {\n    it\n}\n";
    std::fs::write(root.join("src/latin.rs"), latin).unwrap();
    let text = "/// The tide at noon, in fathoms.\npub fn tide_at_noon() -> u32 {\n    7\n}\n";
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(root.join("src/wide.rs"), wide).unwrap();
    let han = "# 検索の順位を決める関数\ndef 順位(候補):\n    return sorted(候補)\n\nclass Größenrechner:\n    def messen(self):\n        return 1\n";
    std::fs::write(root.join("src/han.py"), han).unwrap();
    let first = |question: &str| {
        let output = run(dir, &["search", "--json", question]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let it = &answer["results"][0];
        format!("{}:{} {}", it["path"].as_str().unwrap(), it["line"], it["name"].as_str().unwrap_or("-"))
    };
    for (question, want) in [
        // A word or a name of the code in a sentence of another language.
        ("wo wird retry_with_backoff definiert?", "src/net/retry.rs:2 retry_with_backoff"),
        ("retry_with_backoff 在哪里定义的？", "src/net/retry.rs:2 retry_with_backoff"),
        ("где функция retry_with_backoff", "src/net/retry.rs:2 retry_with_backoff"),
        ("Größe der Kästchen", "src/latin.rs:2 kaestchen"),
        ("the tide at noon in fathoms", "src/wide.rs:2 tide_at_noon"),
        ("検索の順位", "src/han.py:2 順位"),
        ("Größenrechner", "src/han.py:5 Größenrechner"),
        ("Größenrechner lang:python kind:class", "src/han.py:5 Größenrechner"),
    ] {
        assert_eq!(first(question), want, "{question}");
    }
    let output = run(dir, &["search", "Größe der Kästchen", "-n", "1"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("Größe der Kästchen in Zentimetern."), "decoded");
}

#[test]
fn positions_count_on_tabs_wide_characters_and_line_ends() {
    let project = project();
    let dir = project.path();
    let text = "\t# 幅 \u{1f9ed}\r\n\tdef 測る_lantern(self):\r\n\t\treturn 1\r\n";
    let whole = format!("class A:\r\n{text}");
    std::fs::write(dir.join("root/src/wide.py"), &whole).unwrap();
    let output = run(dir, &["search", "--json", "測る_lantern", "-n", "1"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = &answer["results"][0];
    assert_eq!(
        (&first["line"], &first["column"], &first["name"]),
        (&json!(3), &json!(6), &json!("測る_lantern")),
        "{first}"
    );
    let mut client = client(dir);
    let answer = ask(&mut client, "測る_lantern");
    let range = &answer["items"][0]["selectionRange"];
    assert_eq!(range, &json!({"start": {"line": 2, "character": 5}, "end": {"line": 2, "character": 15}}), "in UTF-16");
    let output = run(dir, &["search", "測る_lantern", "-n", "1", "--color", "always"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(!shown.contains('\t') && !shown.contains('\r'), "{shown:?}");
}

#[test]
fn strange_questions_have_clear_outcomes() {
    let project = project();
    let dir = project.path();
    let mut client = client(dir);
    ask(&mut client, QUESTION);
    let mut outcome = |query: &str| {
        let answer = client.request("portolan/semanticSearch", json!({ "query": query }));
        answer.map(|it| it["items"].as_array().unwrap().len()).map_err(|it| (it.code, it.message))
    };
    for query in [
        "retry\u{0}\u{1}\u{1b}[2J backoff",
        "\u{202e}retry",
        "retry\r\n\tbackoff",
        "\u{feff}retry",
        "retry ::: -- \"",
        "a:b retry",
    ] {
        assert!(outcome(query).is_ok_and(|found| found > 0), "{query:?}");
    }
    for (query, said) in [
        ("", "empty"),
        ("\u{0}\u{1}", "no letter"),
        ("-path:src lang:rust", "nothing but filters"),
        ("kind:", "portolan"),
        (&*"x".repeat(100_000), "shorter"),
        (&*format!("retry path:{}", "x".repeat(2_000)), "shorter"),
        (&*format!("retry {}", "path:src ".repeat(200)), "more than 64 filters"),
    ] {
        match outcome(query) {
            Err((code, message)) => assert!(code == -32602 && message.contains(said), "{query:.40}: {message}"),
            Ok(_) => assert_eq!(query, "kind:", "words, since nothing is behind the colon"),
        }
    }
    // Many at once: each is answered, or told to come again where too many wait; and then all goes on.
    let ids: Vec<i64> = (0..1_000)
        .map(|n| client.ask("portolan/semanticSearch", json!({ "query": format!("retry backoff {n}"), "limit": 3 })))
        .collect();
    let mut answered = 0;
    for id in ids {
        match client.answer(id) {
            Ok(answer) => {
                assert_eq!(answer["items"][0]["path"], "src/net/retry.rs");
                answered += 1;
            }
            Err(refusal) => {
                assert!(refusal.code == -32803 && refusal.message.contains("ask again later"), "{refusal:?}")
            }
        }
    }
    assert!(answered > 0);
    assert_eq!(ask(&mut client, QUESTION)["items"][0]["path"], "src/net/retry.rs");
}
