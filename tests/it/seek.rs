//! The question before the index: what it needs is indexed out of turn, while the pass over everything stands still.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::features::workspace_symbols::workspace_symbols;
use portolan::index::wants::Wants;
use portolan::workspace::{Options, Stage, Workspace};

/// A workspace whose first batch hangs in one of two workers; the files are in that batch too.
fn stuck(files: &[(&str, &str)]) -> (tempfile::TempDir, Arc<Workspace>) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("0.rs"), "// portolan-fault:hang\n").unwrap();
    for (name, text) in files {
        std::fs::write(root.join(name), text).unwrap();
    }
    let workspace = Workspace::open(vec![root], options(folder.path())).unwrap();
    (folder, workspace)
}

fn options(folder: &Path) -> Options {
    Options {
        cache_dir: Some(folder.join("cache")),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        faults: true,
        workers: 2,
        ..Options::default()
    }
}

fn seek(workspace: &Workspace, wants: Option<Wants>) -> bool {
    let (done, found) = std::sync::mpsc::channel();
    workspace.seek(wants.unwrap(), Cancel::new(), move |it| done.send(it).unwrap());
    found.recv_timeout(Duration::from_secs(60)).unwrap()
}

fn names(workspace: &Workspace, query: &str) -> (Vec<String>, bool) {
    let answer = workspace_symbols(&workspace.snapshot(), query, None, 10, &Cancel::new());
    (answer.value.into_iter().map(|it| it.hit.name).collect(), answer.wants.is_some())
}

#[test]
fn a_name_is_found_before_the_index_is_made() {
    let (_folder, workspace) = stuck(&[
        ("uses.rs", "fn main() { wanted_name(); }\n"),
        ("declares.rs", "pub fn wanted_name() {}\n"),
        ("other.rs", "fn other() {}\n"),
    ]);
    assert_eq!(names(&workspace, "wanted_name"), (vec![], true), "nothing yet, and it says so");
    assert!(seek(&workspace, Wants::declared("wanted_name")));
    assert_eq!(names(&workspace, "wanted_name"), (vec!["wanted_name".to_owned()], true));
    assert_eq!(names(&workspace, "other"), (vec![], true), "what nobody asked for waits for its turn");
    assert!(!seek(&workspace, Wants::declared("wanted_name")), "nothing is looked for twice");
    assert!(!seek(&workspace, Wants::declared("nowhere")));
    assert!(workspace.wait_indexed(Stage::Indexed, &Cancel::new().within(Duration::from_secs(60))));
    assert_eq!(names(&workspace, "other"), (vec!["other".to_owned()], false));
    assert!(!seek(&workspace, Wants::declared("other")), "the index is complete");
}

#[test]
fn files_that_hold_most_words_of_a_question_are_indexed_first() {
    let (_folder, workspace) = stuck(&[
        ("both.rs", "/// Waits with growing pauses.\nfn retry_with_backoff() {}\n"),
        ("none.rs", "fn other() {}\n"),
    ]);
    assert!(!seek(&workspace, Wants::together(["retri".to_owned()])), "no word begins so");
    assert!(seek(&workspace, Wants::together(["retr", "backof"].map(str::to_owned))));
    assert_eq!(names(&workspace, "retry_with_backoff").0, ["retry_with_backoff"]);
    assert_eq!(names(&workspace, "other").0, [""; 0]);
}

#[test]
fn an_index_that_was_complete_answers_without_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("old.rs"), "fn old_name() {}\n").unwrap();
    let open = || Workspace::open(vec![root.clone()], options(folder.path())).unwrap();
    let first = open();
    // Only then does the index on disk say that it is complete.
    assert!(first.wait_indexed(Stage::Embedded, &Cancel::new().within(Duration::from_secs(60))));
    first.shutdown();
    drop(first);
    std::fs::write(root.join("0.rs"), "// portolan-fault:hang\n").unwrap();
    std::fs::write(root.join("new.rs"), "fn new_name() {}\n").unwrap();
    let again = open();
    assert!(!seek(&again, Wants::declared("new_name")), "the pass that looks again finds it");
    assert_eq!(names(&again, "old_name").0, ["old_name"]);
}
