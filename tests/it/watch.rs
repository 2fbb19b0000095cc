//! Changes that nobody reports: made beside an open workspace, seen in its snapshot without a request.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::base::paths::RelPath;
use portolan::embed::fake::Fake;
use portolan::workspace::{Event, Options, RootInfo, Skip, Stage, StatCacheOptions, Workspace};

use crate::observed::Observed;

/// A root with its cache beside it.
struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.root()).unwrap();
        files.iter().for_each(|path| place.write(path, "fn first() {}\n"));
        place
    }

    fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("root")
    }

    fn write(&self, path: &str, text: &str) {
        let at = self.root().join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }

    /// Rescans by timer come far too late to help, unless `rescan` says otherwise.
    fn options(&self, rescan: Duration) -> Options {
        Options {
            cache_dir: Some(self.0.path().join("cache")),
            executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
            workers: 1,
            rescan_interval: rescan,
            ..Options::default()
        }
    }

    fn open(&self, options: Options) -> Arc<Workspace> {
        let workspace = Workspace::open(vec![self.root()], options).unwrap();
        assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(Duration::from_secs(60))));
        workspace
    }

    fn watching(&self) -> Arc<Workspace> {
        self.open(self.options(Duration::from_secs(3_600)))
    }
}

/// Makes a change and waits until the published state says what it should.
fn after(workspace: &Workspace, change: impl FnOnce(), holds: impl Fn(&Workspace) -> bool) {
    let events = workspace.events();
    change();
    let deadline = Cancel::new().within(Duration::from_secs(60));
    while !holds(workspace) {
        assert!(!deadline.is_cancelled(), "the change was never seen; notices: {:?}", workspace.status().notices);
        let _: Result<Event, _> = events.recv_timeout(Duration::from_millis(100));
    }
}

fn knows(workspace: &Workspace, path: &str) -> bool {
    let (snapshot, RootInfo { id, .. }) = (workspace.snapshot(), workspace.status().roots.remove(0));
    snapshot.file(id, &RelPath::from_path(Path::new(path)).unwrap()).is_some()
}

fn defines(workspace: &Workspace, name: &str) -> bool {
    !workspace.snapshot().symbols_named(name).is_empty()
}

#[test]
fn a_file_created_changed_and_deleted_elsewhere_is_seen() {
    let place = Place::new(&["src/a.rs"]);
    let workspace = place.watching();
    after(&workspace, || place.write("src/b.rs", "fn created_elsewhere() {}\n"), |it| defines(it, "created_elsewhere"));
    after(&workspace, || place.write("src/b.rs", "fn changed_elsewhere() {}\n"), |it| defines(it, "changed_elsewhere"));
    assert!(!defines(&workspace, "created_elsewhere"));
    after(&workspace, || std::fs::remove_file(place.root().join("src/b.rs")).unwrap(), |it| !knows(it, "src/b.rs"));
    assert!(!defines(&workspace, "changed_elsewhere"));
}

#[test]
fn a_file_written_beside_and_renamed_over_is_seen() {
    let place = Place::new(&["src/a.rs"]);
    let workspace = place.watching();
    let save = || {
        place.write("src/.a.rs.tmp", "fn saved_by_rename() {}\n");
        std::fs::rename(place.root().join("src/.a.rs.tmp"), place.root().join("src/a.rs")).unwrap();
    };
    after(&workspace, save, |it| defines(it, "saved_by_rename") && !knows(it, "src/.a.rs.tmp"));
}

#[test]
fn new_folders_are_watched_with_what_is_in_them() {
    let place = Place::new(&["src/a.rs"]);
    let workspace = place.watching();
    after(&workspace, || place.write("deep/er/x.rs", "fn in_new_folder() {}\n"), |it| defines(it, "in_new_folder"));
    after(&workspace, || place.write("deep/er/y.rs", "fn next_to_it() {}\n"), |it| defines(it, "next_to_it"));
}

#[test]
fn a_renamed_folder_is_found_under_its_new_name_and_watched_there() {
    let place = Place::new(&["old/in/a.rs", "src/b.rs"]);
    let workspace = place.watching();
    let rename = || std::fs::rename(place.root().join("old"), place.root().join("new")).unwrap();
    after(&workspace, rename, |it| knows(it, "new/in/a.rs") && !knows(it, "old/in/a.rs"));
    after(&workspace, || place.write("new/in/c.rs", "fn after_rename() {}\n"), |it| defines(it, "after_rename"));
    let gone = || std::fs::remove_dir_all(place.root().join("new")).unwrap();
    after(&workspace, gone, |it| !knows(it, "new/in/a.rs") && !knows(it, "new/in/c.rs"));
}

#[test]
fn ignored_files_stay_out_until_the_rules_change() {
    let place = Place::new(&["src/a.rs", "src/out.rs"]);
    place.write(".gitignore", "out.rs\ntarget/\n");
    std::fs::create_dir(place.root().join(".git")).unwrap();
    let workspace = place.watching();
    let change = || {
        place.write("src/out.rs", "fn ignored_file() {}\n");
        place.write("target/t.rs", "fn ignored_folder() {}\n");
        place.write("src/last.rs", "fn comes_last() {}\n");
    };
    after(&workspace, change, |it| defines(it, "comes_last"));
    assert!(!knows(&workspace, "src/out.rs") && !knows(&workspace, "target/t.rs"));
    after(
        &workspace,
        || place.write(".gitignore", "a.rs\n"),
        |it| defines(it, "ignored_file") && !knows(it, "src/a.rs"),
    );
    assert!(defines(&workspace, "ignored_folder"));
}

#[test]
fn the_rules_of_a_clone_that_are_not_committed_are_watched_too() {
    let place = Place::new(&["src/a.rs", "src/b.rs"]);
    place.write(".git/info/exclude", "b.rs\n");
    let workspace = place.watching();
    assert!(knows(&workspace, "src/a.rs") && !knows(&workspace, "src/b.rs"));
    let swapped = |it: &Workspace| knows(it, "src/b.rs") && !knows(it, "src/a.rs");
    after(&workspace, || place.write(".git/info/exclude", "a.rs\n"), swapped);
}

#[test]
fn the_rules_of_a_clone_are_seen_also_where_its_folder_was_made_long_before_them() {
    let place = Place::new(&["src/a.rs"]);
    let workspace = place.watching();
    let make = || {
        std::fs::create_dir(place.root().join(".git")).unwrap();
        place.write("src/b.rs", "fn made_beside() {}\n");
    };
    after(&workspace, make, |it| defines(it, "made_beside"));
    after(&workspace, || place.write(".git/info/exclude", "b.rs\n"), |it| !knows(it, "src/b.rs"));
    assert!(knows(&workspace, "src/a.rs"));
}

#[test]
fn a_file_that_goes_before_the_look_at_it_has_ended_does_not_stay() {
    let place = Place::new(&["src/a.rs", "gone/b.rs"]);
    let ((entered_in, entered), (go, held)) = (mpsc::channel(), mpsc::channel::<()>());
    let (entered_in, held) = (Mutex::new(entered_in), Mutex::new(held));
    // It is held up until the other end of `held` speaks or goes.
    let gate = move |texts: &[&str]| {
        if texts.iter().any(|it| it.contains("held_up")) {
            let _ = entered_in.lock().unwrap().send(());
            let _ = held.lock().unwrap().recv();
        }
    };
    let options = place.options(Duration::from_secs(3_600));
    let workspace = place.open(Options { embedder: Some(Arc::new(Observed(Arc::new(Fake), gate))), ..options });
    // It comes with its text, so that no look finds it empty.
    std::fs::write(place.0.path().join("new.rs"), "fn held_up() {}\n").unwrap();
    std::fs::rename(place.0.path().join("new.rs"), place.root().join("src/new.rs")).unwrap();
    entered.recv_timeout(Duration::from_secs(60)).unwrap();
    std::fs::remove_file(place.root().join("src/new.rs")).unwrap();
    std::fs::remove_dir_all(place.root().join("gone")).unwrap();
    let gone = place.root().join("gone");
    crate::until("the system has told of both", || !workspace.watched_folders().contains(&gone));
    drop(go);
    let last = || place.write("src/last.rs", "fn comes_last() {}\n");
    after(&workspace, last, |it| defines(it, "comes_last") && !knows(it, "src/new.rs"));
}

#[test]
fn rules_that_change_hold_for_what_the_first_pass_has_found_and_not_read() {
    let place = Place::new(&["src/a.rs", "out/b.rs"]);
    let options = place.options(Duration::from_secs(3_600));
    // The first pass walks, and waits with reading.
    let answering = options.requests.begin();
    let workspace = Workspace::open(vec![place.root()], options).unwrap();
    crate::until("all is found", || workspace.status_progress().files_found == 2);
    after(&workspace, || place.write(".ignore", "out/\n"), |it| knows(it, ".ignore"));
    drop(answering);
    assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(Duration::from_secs(60))));
    assert!(knows(&workspace, "src/a.rs") && !knows(&workspace, "out/b.rs"));
}

/// The walker's folders are those of `file_lines` that are not left out, with the folders of the files in them.
#[test]
fn the_watched_folders_are_those_that_the_walk_enters() {
    let place =
        Place::new(&["src/a.rs", "src/deep/b.rs", "node_modules/m/x.js", "target/t.rs", "docs/c.md", ".venv/v.py"]);
    place.write(".gitignore", "target/\n");
    let workspace = place.watching();
    let root = place.root();
    let mut walked = BTreeSet::from([root.clone()]);
    for line in workspace.file_lines(&Cancel::new()) {
        let folder_left_out = matches!(line.skip, Some(Skip::LargeDirectory)) || line.path.under(&root).is_dir();
        if !folder_left_out {
            walked.extend(line.path.parent().map(|it| it.under(&root)));
        }
    }
    let watched: BTreeSet<PathBuf> = workspace.watched_folders().into_iter().collect();
    assert_eq!(watched, walked);
    assert!(watched.contains(&root.join("src/deep")) && !watched.contains(&root.join("target")));
}

#[test]
fn beyond_the_limit_the_timer_finds_changes_and_one_notice_says_so() {
    let place = Place::new(&["a/a.rs", "b/b.rs", "c/c.rs", "d/d.rs", "e/e.rs"]);
    let options = Options { most_watched: Some(3), ..place.options(Duration::from_millis(200)) };
    let workspace = place.open(options);
    for folder in ["a", "b", "c", "d", "e"] {
        let (path, name) = (format!("{folder}/new.rs"), format!("new_in_{folder}"));
        after(&workspace, || place.write(&path, &format!("fn {name}() {{}}\n")), |it| defines(it, &name));
        assert!(workspace.watched_folders().len() <= 3);
    }
    let status = workspace.status();
    assert_eq!(status.notices.iter().filter(|it| it.contains("watched")).count(), 1, "{:?}", status.notices);
    assert_eq!(status.staleness, Duration::from_millis(200));
}

#[test]
fn without_watching_the_timer_finds_changes() {
    let place = Place::new(&["src/a.rs"]);
    let workspace = place.open(Options { watch: false, ..place.options(Duration::from_millis(200)) });
    assert_eq!(workspace.watched_folders(), Vec::<PathBuf>::new());
    after(&workspace, || place.write("src/b.rs", "fn found_by_timer() {}\n"), |it| defines(it, "found_by_timer"));
}

/// Two of three folders can be watched, so that the timer rescans; of the files in those it does not ask again.
#[test]
fn a_rescan_does_not_ask_again_for_files_in_watched_folders() {
    let place = Place::new(&["a/a.rs", "b/b.rs"]);
    let options = Options { most_watched: Some(3), ..place.options(Duration::from_millis(200)) };
    let workspace = place.open(options.clone());
    // A file proves something when it is two seconds old.
    after(&workspace, || (), |it| it.status().stat_cache.hits > 3);
    let status = workspace.status().stat_cache;
    assert!(status.asked >= status.hits && (1..=2).contains(&status.entries), "{status:?}");
    after(
        &workspace,
        || place.write("a/a.rs", "fn not_hidden_by_the_cache() {}\n"),
        |it| defines(it, "not_hidden_by_the_cache"),
    );
    drop(workspace);
    let stat_cache = StatCacheOptions { enabled: false, ..StatCacheOptions::default() };
    let workspace = place.open(Options { stat_cache, ..options });
    after(&workspace, || place.write("b/b.rs", "fn without_cache() {}\n"), |it| defines(it, "without_cache"));
    assert_eq!(workspace.status().stat_cache, Default::default());
}

#[test]
fn a_command_that_runs_once_watches_nothing() {
    let place = Place::new(&["src/a.rs"]);
    let workspace = place.open(Options { follow: false, ..place.options(Duration::from_secs(3_600)) });
    assert_eq!(workspace.watched_folders(), Vec::<PathBuf>::new());
}
