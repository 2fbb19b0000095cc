//! An index that was kept up to date through a script of random deeds says what a new index of the same tree says: facts,
//! vectors, answers, scores, order. Each script has a seed, which a failure prints: `tests/long incremental --seed N
//! --scripts 1` runs that one again.

pub mod chance;
mod compare;
mod texts;
mod tree;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::embed::{Embedder, fake::Fake};
use portolan::workspace::{MergeOptions, Options, Stage, Workspace};

use self::chance::Chance;
use self::tree::Tree;

/// How the workspace hears of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// By the paths that changed.
    Paths,
    /// That something has changed.
    Whole,
    /// By the system.
    Watched,
}

struct Script {
    chance: Chance,
    dir: tempfile::TempDir,
    tree: Tree,
    told: Told,
    embedder: Arc<dyn Embedder>,
    options: Options,
    workspace: Option<Arc<Workspace>>,
    log: Vec<String>,
    checks: usize,
}

fn patience() -> Cancel {
    Cancel::new().within(Duration::from_secs(120))
}

impl Script {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap().join("root");
        let tree = Tree::new(root, &mut chance);
        let told = *chance.of(&[Told::Paths, Told::Paths, Told::Paths, Told::Whole, Told::Watched]);
        // The real one is slow in an unoptimised build.
        let embedder: Arc<dyn Embedder> = if chance.once_in(25) {
            portolan::embed::open(&portolan::embed::Options::default()).unwrap()
        } else {
            Arc::new(Fake)
        };
        let bytes = *chance.of(&[None, None, Some(60_000), Some(20_000)]);
        let options = Options {
            executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
            embedder: Some(embedder.clone()),
            workers: 1,
            batch_files: *chance.of(&[1, 3, 64]),
            segment_size: *chance.of(&[0, 0, 700]),
            merge: MergeOptions { packs: *chance.of(&[2, 3, 5, 24]), bytes },
            rescan_interval: Duration::from_secs(3_600),
            ..Options::default()
        };
        Self { chance, dir, tree, told, embedder, options, workspace: None, log: Vec::new(), checks: 0 }
    }

    fn open(&mut self) {
        let options = Options {
            cache_dir: Some(self.dir.path().join("cache")),
            follow: self.told == Told::Watched,
            ..self.options.clone()
        };
        let workspace = Workspace::open(vec![self.tree.root.clone()], options).unwrap();
        if self.chance.once_in(2) {
            assert!(workspace.wait_indexed(Stage::Embedded, &patience()));
        }
        self.workspace = Some(workspace);
    }

    fn workspace(&self) -> &Arc<Workspace> {
        self.workspace.as_ref().unwrap()
    }

    fn step(&mut self) {
        if self.workspace.is_some() && self.chance.once_in(25) {
            // Closed, and opened again before or after the next deed.
            self.workspace = None;
            self.log.push("close".into());
            if self.chance.once_in(2) {
                self.open();
                self.log.push("open".into());
            }
        }
        if self.workspace.is_some() && self.chance.once_in(15) {
            self.document();
        }
        let (deed, paths) = self.tree.deed(&mut self.chance);
        let short = |it: &PathBuf| it.strip_prefix(&self.tree.root).unwrap_or(it).display().to_string();
        self.log.push(format!("{deed} {}", paths.iter().map(short).collect::<Vec<_>>().join(" ")));
        match &self.workspace {
            None => {
                self.open();
                self.log.push("open".into());
            }
            Some(workspace) => match self.told {
                Told::Watched => {}
                Told::Whole => workspace.rescan(Vec::new()),
                Told::Paths => {
                    if !paths.is_empty() {
                        workspace.rescan(paths);
                    }
                    if self.chance.once_in(10) {
                        workspace.rescan(Vec::new());
                        self.log.push("rescan".into());
                    }
                }
            },
        }
    }

    /// A document comes and goes without being saved.
    fn document(&mut self) {
        let Some(path) = self.tree.entries(false).into_iter().find(|it| it.extension().is_some_and(|it| it == "rs"))
        else {
            return;
        };
        self.log.push(format!("document {}", path.display()));
        let text: Arc<str> = format!("// {}\nfn unsaved() {{}}\n", self.chance.of(&texts::NAMES)).into();
        let lang = portolan::syntax::languages::Lang::from_id("rust").unwrap();
        let segments = portolan::syntax::extract::extract(lang, &text, &Default::default());
        let recipe = portolan::syntax::languages::recipe(lang);
        let segments = segments.into_iter().map(|it| {
            let span = portolan::base::span::Span::new(it.span.start, it.span.end);
            let key = portolan::workspace::crawl::record::facts_key(recipe, &text);
            portolan::index::build::SegmentRecord { span, key, facts: Arc::new(it.facts) }
        });
        let workspace = self.workspace();
        workspace.open_document(&path, "rust", &text, segments.collect());
        workspace.embed_documents(&Cancel::new());
        workspace.close_document(&path);
    }

    /// Waits until the last change is known, whatever told of it.
    fn settle(&mut self) {
        if self.workspace.is_none() {
            self.open();
        }
        assert!(self.workspace().wait_indexed(Stage::Embedded, &patience()), "{}", self.story());
        if self.told == Told::Watched {
            self.wait_for_the_system();
        }
        // The system may tell of one change several times.
        let (patience, events) = (patience(), self.workspace().events());
        assert!(self.workspace().settle(&patience), "{}", self.story());
        while self.workspace().status().changes_waiting > 0 {
            assert!(!patience.is_cancelled(), "{}", self.story());
            let _ = events.recv_timeout(Duration::from_millis(20));
        }
    }

    /// A last change, after which the system has told of all before. A new file: whoever lists it lists after all else. Its
    /// name comes last in a burst, and is ignored by no pattern.
    fn wait_for_the_system(&mut self) {
        let name = format!("~~~{}.sentinel", self.checks);
        let events = self.workspace().events();
        std::fs::write(self.tree.root.join(&name), "nothing else\n").unwrap();
        let patience = patience();
        while self.workspace().snapshot().symbols_named(&name).is_empty() {
            assert!(!patience.is_cancelled(), "the system never told: {}", self.story());
            let _ = events.recv_timeout(Duration::from_millis(50));
        }
    }

    fn check(&mut self) {
        self.settle();
        self.checks += 1;
        self.log.push("check".into());
        let kept = compare::says(self.workspace(), &*self.embedder);
        let cache = tempfile::tempdir().unwrap();
        let options = Options { cache_dir: Some(cache.path().to_path_buf()), follow: false, ..self.options.clone() };
        let clean = Workspace::open(vec![self.tree.root.clone()], options).unwrap();
        assert!(clean.wait_indexed(Stage::Embedded, &patience()));
        let new = compare::says(&clean, &*self.embedder);
        assert!(!new.is_empty());
        if let Some(difference) = compare::difference(&kept, &new) {
            let files = self.tree.entries(false);
            let rules: Vec<_> = files.iter().filter(|it| it.to_string_lossy().ends_with("ignore")).collect();
            let rules: Vec<_> = rules.iter().map(|it| (it, std::fs::read_to_string(it))).collect();
            println!("on disk {files:#?}\n{rules:#?}");
            panic!("{}\n{difference}\nnotices {:?}", self.story(), self.workspace().status().notices);
        }
    }

    fn story(&self) -> String {
        format!("told by {:?}, {:?}\n{}", self.told, self.options.merge, self.log.join("\n"))
    }
}

/// Runs one script; the number of comparisons.
fn run(seed: u64, steps: usize) -> usize {
    let mut script = Script::new(seed);
    if script.chance.once_in(3) {
        script.open();
    }
    for _ in 0..steps {
        script.step();
        if script.chance.once_in(20) {
            script.check();
        }
    }
    script.check();
    assert_eq!(script.workspace().status().notices, Vec::<String>::new(), "{}", script.story());
    script.checks
}

/// Scripts one after another, each told with its seed; all that fail are told at the end.
fn run_all(seeds: impl Iterator<Item = u64>, steps: usize) {
    let (mut failed, mut scripts, mut checks) = (Vec::new(), 0, 0);
    for seed in seeds {
        scripts += 1;
        match std::panic::catch_unwind(|| run(seed, steps)) {
            Ok(done) => checks += done,
            Err(_) => {
                println!("seed {seed} failed");
                failed.push(seed);
            }
        }
    }
    println!("{scripts} scripts of {steps} steps, {checks} comparisons, failed: {failed:?}");
    assert!(failed.is_empty(), "seeds {failed:?}");
}

#[test]
fn an_index_kept_up_to_date_equals_a_new_one() {
    run_all(1..=12, 30);
}

#[test]
#[ignore = "minutes; tests/long incremental runs it"]
fn long() {
    let first = crate::number("PORTOLAN_TEST_SEED", 1);
    let scripts = crate::number("PORTOLAN_TEST_SCRIPTS", 500);
    run_all(first..first + scripts, crate::number("PORTOLAN_TEST_STEPS", 30) as usize);
}
