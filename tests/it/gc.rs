//! `portolan gc`: lists, removes by name and path, refuses what is ambiguous, unknown or in use.

use std::path::Path;
use std::process::{Command, Output};

use portolan::store::{Encoding, PackDraft, Store, StoreOptions};

fn index(place: &Path, root: &str) -> Store {
    let root = place.join(root);
    std::fs::create_dir_all(&root).expect("a folder");
    let options = StoreOptions { cache_dir: Some(place.join("cache")), ..StoreOptions::default() };
    let store = Store::open(&root, &options);
    let draft = PackDraft::new(1).section(1, Encoding::Raw, vec![1; 1_000_000]);
    store.commit(vec![draft.into()], &[], None).expect("this process writes");
    store
}

fn gc(place: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .arg("gc")
        .args(arguments)
        .arg("--cache-dir")
        .arg(place.join("cache"))
        .env("XDG_CONFIG_HOME", place)
        .current_dir(place)
        .output()
        .expect("the binary");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code(), text.replace(&*place.to_string_lossy(), "PLACE"))
}

#[test]
fn indexes_are_listed_and_removed() {
    let place = tempfile::tempdir().expect("a directory");
    // The path that the index knows is the canonical one.
    let place = place.path().canonicalize().expect("it exists");
    let open = index(&place, "open");
    for root in ["a/same", "b/same", "one", "gone"] {
        drop(index(&place, root));
    }
    std::fs::remove_dir(place.join("gone")).expect("it is empty");

    let (code, text) = gc(&place, &["--list"]);
    assert_eq!((code, text.lines().count()), (Some(0), 5), "{text}");
    assert!(text.contains("1.0 MB  today         in use   PLACE/open"), "{text}");

    let (code, text) = gc(&place, &["nothing"]);
    assert!(code == Some(2) && text.contains("nothing: no index of that name in PLACE/cache"), "{text}");
    let (code, text) = gc(&place, &["same"]);
    assert!(code == Some(2) && text.contains("give the path: PLACE/a/same, PLACE/b/same"), "{text}");
    let (code, text) = gc(&place, &["open"]);
    assert!(code == Some(1) && text.contains("PLACE/open stays: a running process uses it"), "{text}");
    let (code, text) = gc(&place, &["a/same"]);
    assert!(code == Some(0) && text.contains("removed  PLACE/a/same") && !text.contains("b/same"), "{text}");
    let (code, text) = gc(&place, &["one", "--json"]);
    assert!(code == Some(0) && text.contains("\"root\": \"PLACE/one\""), "{text}");
    let (code, text) = gc(&place, &[]);
    assert!(code == Some(0) && text.contains("removed  PLACE/gone") && text.contains("1.0 MB freed"), "{text}");
    assert_eq!(gc(&place, &["--list"]).1.lines().count(), 2);
    assert!(open.is_saved());
}

#[test]
fn settings_say_how_much_stays_and_for_how_long() {
    let place = tempfile::tempdir().expect("a directory");
    let place = place.path().canonicalize().expect("it exists");
    for root in ["one", "two"] {
        drop(index(&place, root));
    }
    let (_, text) = gc(&place, &[]);
    assert!(text.contains("0.0 MB freed"), "{text}");
    let (_, text) = gc(&place, &["--set", "performance.cache.size_limit=1500KB"]);
    assert!(text.contains("removed  PLACE/one") && text.contains("1.0 MB freed"), "{text}");
    let (_, text) = gc(&place, &["--set", "performance.cache.ttl=0"]);
    assert!(text.contains("removed  PLACE/two"), "{text}");
}
