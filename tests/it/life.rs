//! Content that was known before costs no parse, and its vectors no embedding: branch switches, renamed folders, saves.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::embed::fake::Fake;
use portolan::workspace::{Options, Stage, Workspace};

use crate::observed::Observed;
use crate::packs_in;

/// An open workspace over a directory, with what was done about changes.
struct Life {
    dir: tempfile::TempDir,
    /// Texts that were embedded.
    embedded: Arc<AtomicU64>,
    workspace: Arc<Workspace>,
}

impl Life {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let embedded = Arc::new(AtomicU64::new(0));
        std::fs::create_dir(dir.path().join("root")).unwrap();
        for (path, text) in files {
            write(&dir, path, text);
        }
        let workspace = open(&dir, &embedded);
        Self { dir, embedded, workspace }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// Looks at everything again; says how many files were parsed, and passages embedded.
    fn after(&self, change: impl FnOnce()) -> (u64, u64) {
        let did = || (self.workspace.status().changes.files_parsed, self.embedded.load(Ordering::Relaxed));
        let (events, before) = (self.workspace.events(), did());
        change();
        self.workspace.rescan(vec![self.root()]);
        let deadline = Cancel::new().within(Duration::from_secs(60));
        while self.workspace.status().changes_waiting > 0 {
            assert!(!deadline.is_cancelled(), "notices: {:?}", self.workspace.status().notices);
            let _ = events.recv_timeout(Duration::from_millis(20));
        }
        let now = did();
        assert!(self.workspace.snapshot().completeness().is_whole());
        (now.0 - before.0, now.1 - before.1)
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.dir, path, text);
    }

    fn defines(&self, name: &str) -> usize {
        self.workspace.snapshot().symbols_named(name).len()
    }

    fn packs(&self) -> usize {
        packs_in(&self.dir.path().join("cache")).len()
    }
}

fn write(dir: &tempfile::TempDir, path: &str, text: &str) {
    let at = dir.path().join("root").join(path);
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::fs::write(at, text).unwrap();
}

fn open(dir: &tempfile::TempDir, embedded: &Arc<AtomicU64>) -> Arc<Workspace> {
    let counter = embedded.clone();
    let count = move |texts: &[&str]| {
        counter.fetch_add(texts.len() as u64, Ordering::Relaxed);
    };
    let options = Options {
        cache_dir: Some(dir.path().join("cache")),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        embedder: Some(Arc::new(Observed(Arc::new(Fake), count))),
        follow: false,
        workers: 1,
        ..Options::default()
    };
    let workspace = Workspace::open(vec![dir.path().join("root")], options).unwrap();
    assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(Duration::from_secs(60))));
    workspace
}

/// So many saves of one file, each a commit of its own.
fn save_often(life: &Life, times: usize) {
    for number in 0..times {
        let did = life.after(|| life.write("src/saved.rs", &format!("fn saved_{number}() {{}}\n")));
        assert_eq!(did.0, 1);
        assert_eq!((life.defines(&format!("saved_{number}")), life.defines("saved_0")), (1, usize::from(number == 0)));
    }
}

const MAIN: [(&str, &str); 3] =
    [("src/a.rs", "fn alpha() {}\n"), ("src/b.rs", "fn beta() {}\n"), ("src/saved.rs", "fn saved() {}\n")];

#[test]
fn switching_back_parses_and_embeds_nothing() {
    let life = Life::new(&MAIN);
    let there = life.after(|| {
        life.write("src/a.rs", "fn alpha_there() {}\n");
        std::fs::remove_file(life.root().join("src/b.rs")).unwrap();
        life.write("src/new.rs", "fn new_there() {}\n");
    });
    assert_eq!(there, (2, 2));
    assert_eq!(["alpha", "beta", "alpha_there", "new_there"].map(|it| life.defines(it)), [0, 0, 1, 1]);
    let back = life.after(|| {
        life.write("src/a.rs", MAIN[0].1);
        life.write("src/b.rs", MAIN[1].1);
        std::fs::remove_file(life.root().join("src/new.rs")).unwrap();
    });
    assert_eq!(back, (0, 0));
    assert_eq!(["alpha", "beta", "alpha_there", "new_there"].map(|it| life.defines(it)), [1, 1, 0, 0]);
}

#[test]
fn what_lives_no_more_outlives_merges_and_a_restart() {
    let life = Life::new(&MAIN);
    life.after(|| {
        life.write("src/a.rs", "fn alpha_there() {}\n");
        life.write("src/b.rs", "fn beta_there() {}\n");
    });
    save_often(&life, 60);
    assert!(life.packs() <= 32, "{} packs", life.packs());
    let back = life.after(|| life.write("src/a.rs", MAIN[0].1));
    assert_eq!((back, life.defines("alpha"), life.defines("alpha_there")), ((0, 0), 1, 0));
    // Every state of the saved file is known, too.
    let back = life.after(|| life.write("src/saved.rs", "fn saved_7() {}\n"));
    assert_eq!((back, life.defines("saved_7"), life.defines("saved_59")), ((0, 0), 1, 0));
    let Life { dir, embedded, workspace } = life;
    drop(workspace);
    write(&dir, "src/b.rs", MAIN[1].1);
    let before = embedded.load(Ordering::Relaxed);
    let workspace = open(&dir, &embedded);
    let life = Life { dir, embedded, workspace };
    let progress = life.workspace.status_progress();
    assert_eq!((progress.files_parsed, progress.files_done), (0, 3), "{progress:?}");
    assert_eq!(life.embedded.load(Ordering::Relaxed), before);
    assert_eq!(["alpha", "beta", "beta_there", "saved_7"].map(|it| life.defines(it)), [1, 1, 0, 1]);
}

#[test]
fn renaming_a_folder_parses_nothing_and_embeds_only_where_the_end_of_the_path_is_another() {
    let life = Life::new(&[("top/x/y/a.rs", "fn alpha() {}\n"), ("top/b.rs", "fn beta() {}\n")]);
    let renamed = life.after(|| std::fs::rename(life.root().join("top"), life.root().join("other")).unwrap());
    assert_eq!((renamed, life.defines("alpha"), life.defines("beta")), ((0, 1), 1, 1));
    save_often(&life, 40);
    // The old name's vectors are kept as well.
    let back = life.after(|| std::fs::rename(life.root().join("other"), life.root().join("top")).unwrap());
    assert_eq!((back, life.defines("alpha"), life.defines("beta")), ((0, 0), 1, 1));
}

#[test]
fn a_change_that_was_heard_of_makes_answers_incomplete() {
    let life = Life::new(&MAIN);
    let snapshot = life.workspace.snapshot();
    assert!(snapshot.completeness().is_indexed());
    let behind = snapshot.clone().behind(2);
    assert!(!behind.completeness().is_indexed() && !behind.completeness().is_whole());
    assert_eq!(behind.generation(), snapshot.generation());
    life.workspace.rescan(vec![life.root().join("src/a.rs")]);
    life.after(|| ());
}
