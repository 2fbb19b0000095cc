//! The tiers from outside: texts that are never stale, what is read ahead, settings of languages, the status.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portolan::base::cancel::Cancel;
use portolan::base::settings::{Settings, Trust};
use portolan::workspace::{Options, Stage, Workspace};
use serde_json::{Value, json};

use crate::client::{Client, uri};

fn write(root: &Path, path: &str, content: &str) -> PathBuf {
    let at = root.join(path);
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::fs::write(&at, content).unwrap();
    at
}

/// An indexed folder.
fn open(place: &Path, settings: &str) -> Arc<Workspace> {
    let mut all = Settings::default();
    all.add_toml(settings, "test", Trust::User);
    assert!(all.notices.is_empty(), "{:?}", all.notices);
    let options = Options {
        cache_dir: Some(place.join("cache")),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        workers: 1,
        follow: false,
        ..Options::from_settings(&all)
    };
    let workspace = Workspace::open(vec![place.join("root")], options).unwrap();
    assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(Duration::from_secs(60))));
    workspace
}

/// The text of a file as previews show it.
fn text(workspace: &Workspace, path: &Path) -> Option<Arc<str>> {
    let snapshot = workspace.snapshot();
    let (root, path) = workspace.place(&path.canonicalize().unwrap())?;
    workspace.text_of(&snapshot, snapshot.file(root, &path)?, root, &path)
}

/// Waits until the change time of a file proves something.
fn settle(path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let changed = std::fs::metadata(path).unwrap().ctime();
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
    while now() < changed + 4 {
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn texts_are_kept_and_never_stale() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    let file = write(&root, "a.py", "def one():\n    pass\n");
    let young = open(place.path(), "");
    assert_eq!(text(&young, &file).as_deref(), Some("def one():\n    pass\n"));
    assert_eq!(young.status().tiers.entries[1], 0, "a text that was written just now is not kept");
    settle(&file);
    for hits in [0, 1, 2] {
        assert_eq!(text(&young, &file).as_deref(), Some("def one():\n    pass\n"));
        let seen = young.status().tiers;
        assert_eq!((seen.entries[1], seen.hits[1], seen.misses), (1, hits, 1));
    }
    // Of the same length, and with its old times put back: the change time gives it away.
    let times = std::fs::metadata(&file).unwrap().modified().unwrap();
    write(&root, "a.py", "def two():\n    pass\n");
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(times).unwrap();
    assert_eq!(text(&young, &file), None, "it is no longer what was indexed");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(text(&young, &file), None);
}

#[test]
fn a_language_has_its_own_segments_and_its_own_hot_shelf() {
    let place = tempfile::tempdir().unwrap();
    let functions = |head: &str, tail: &str| -> String {
        (0..400).map(|number| format!("{head} function_{number}(){tail}\n\n")).collect()
    };
    let root = place.path().join("root");
    let python = write(&root, "a.py", &functions("def", ":\n    pass"));
    let rust = write(&root, "a.rs", &functions("fn", " {}"));
    let segments = |workspace: &Workspace, path: &Path| {
        let snapshot = workspace.snapshot();
        let (root, path) = workspace.place(&path.canonicalize().unwrap()).unwrap();
        snapshot.stored_segments(snapshot.file(root, &path).unwrap()).len()
    };
    let workspace = open(place.path(), "");
    assert_eq!((segments(&workspace, &python), segments(&workspace, &rust)), (1, 1));
    // The cold tier, empty, lends its 30 to the warm one.
    assert_eq!(workspace.status().tiers.shares, [10 << 20, 50 << 20, 0, 40 << 20]);
    drop(workspace);
    let settings = "[languages.python]\nsegment_size = '4KB'\nhot_tier_ratio = 0.25\n";
    let workspace = open(place.path(), settings);
    assert!(segments(&workspace, &python) > 2);
    assert_eq!(segments(&workspace, &rust), 1);
    // 1.25 of 1: the common shares shrink, Python has a fifth of all for itself.
    assert_eq!(workspace.status().tiers.shares, [28 << 20, 40 << 20, 0, 32 << 20]);
    drop(workspace);
    let workspace = open(place.path(), "[cache]\nmemory_budget_mb = 50\nhot_tier_ratio = 0.0\nwarm_tier_ratio = 0.3\n");
    assert_eq!(workspace.status().tiers.shares, [0, 30 << 20, 0, 20 << 20]);
}

fn cache(client: &mut Client) -> Value {
    client.request("portolan/status", json!({})).unwrap()["cache"].take()
}

/// Asks until it holds.
fn until(client: &mut Client, holds: impl Fn(&Value) -> bool) -> Value {
    let patience = Cancel::new().within(Duration::from_secs(60));
    loop {
        let seen = cache(client);
        if holds(&seen) {
            return seen;
        }
        if patience.is_cancelled() {
            panic!("{:#}", client.request("portolan/status", json!({})).unwrap());
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_client_has_files_read_ahead_and_the_status_tells_what_was_used() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().canonicalize().unwrap();
    for name in ["a", "b", "c"] {
        write(&root, &format!("src/{name}.py"), &format!("def only_in_{name}():\n    pass\n"));
    }
    write(&root, "far/d.py", "def far():\n    pass\n");
    write(&root, "lib/e.py", "from src.b import only_in_b\nonly_in_b()\n");
    let mut client = Client::open(&[&root]);
    client.wait_embedded();
    let read = |it: &Value| it["prefetched"]["read"].as_u64().unwrap();
    assert_eq!(read(&cache(&mut client)), 0);
    let answer = client.request("portolan/prefetch", json!({ "pattern": "src/*.py" })).unwrap();
    assert_eq!((&answer["matched"], &answer["queued"]), (&json!(3), &json!(true)));
    until(&mut client, |it| read(it) == 3);
    let answer = client.request("portolan/prefetch", json!({ "paths": ["far/d.py", "/never/there"] })).unwrap();
    assert_eq!(answer["accepted"], 1);
    let seen = until(&mut client, |it| read(it) == 4);
    assert_eq!((&seen["prefetched"]["used"], &seen["misses"]), (&json!(0), &json!(0)));
    // A document's imports and its folder follow unasked; what is there already is not read again.
    let document = uri(&root.join("lib/e.py"));
    client.did_open(&document, "python", "from src.b import only_in_b\nonly_in_b()\n");
    let place = json!({ "textDocument": { "uri": document }, "position": { "line": 1, "character": 2 } });
    let found = client.request("textDocument/definition", place).unwrap();
    assert_eq!(found[0]["uri"], uri(&root.join("src/b.py")), "{found}");
    let seen = cache(&mut client);
    assert_eq!((&seen["prefetched"]["used"], &seen["misses"]), (&json!(1), &json!(0)), "{seen:#}");
    assert!(client.request("portolan/prefetch", json!({ "pattern": "a\nb" })).is_err());
    assert!(client.request("portolan/prefetch", json!({ "paths": vec!["x"; 10_001] })).is_err());
    for nonsense in [json!({ "path": ["a"] }), json!({ "patterns": ["*.rs"] }), json!([]), json!(null)] {
        assert_eq!(client.request("portolan/prefetch", nonsense).unwrap_err().code, -32602);
    }
    let nothing = json!({ "accepted": 0, "matched": 0, "queued": false });
    for paths in [json!(["."]), json!(["src", "/never/there"]), json!([])] {
        assert_eq!(client.request("portolan/prefetch", json!({ "paths": paths })).unwrap(), nothing);
    }
    assert_eq!(client.request("portolan/prefetch", json!({})).unwrap(), json!({ "accepted": 0, "matched": 0 }));
}

#[test]
fn the_command_line_reads_named_files_ahead() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    for (path, text) in [("src/a.py", "a = 1\n"), ("src/deep/b.py", "b = 22\n"), ("c.py", "c = 333\n")] {
        write(&root, path, text);
    }
    let index = |patterns: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portolan"));
        command.args(["index", "--json", "--cache-dir"]).arg(place.path().join("cache")).arg(&root);
        command.args(patterns.iter().flat_map(|it| ["--warm", it]));
        command.env("XDG_CONFIG_HOME", place.path()).output().unwrap()
    };
    let warmed = |patterns: &[&str]| {
        let out = index(patterns);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice::<Value>(&out.stdout).unwrap()["warmed"].clone()
    };
    assert_eq!(warmed(&[]), Value::Null);
    assert_eq!(warmed(&["src/"]), json!({ "files": 2, "bytes": 13 }));
    assert_eq!(warmed(&["/c.py", "b.py"]), json!({ "files": 2, "bytes": 15 }));
    assert_eq!(warmed(&["*.rs"]), json!({ "files": 0, "bytes": 0 }));
    let wrong = index(&["# nothing"]);
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(wrong.status.code() == Some(2) && said.contains("--warm # nothing"), "{said}");
}
