//! Bits flipped and files cut short anywhere in the index of real files: nothing panics, nothing wrong is said, and the
//! next writer makes the index whole again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::embed::fake::Fake;
use portolan::facts::words::analyse_query;
use portolan::index::export;
use portolan::workspace::{MergeOptions, Options, Stage, Workspace};

use crate::incremental::chance::Chance;

/// Per file what is known of it; per name where it is declared.
#[derive(Default, PartialEq)]
struct Known {
    files: BTreeMap<Vec<u8>, String>,
    names: BTreeMap<String, Vec<String>>,
}

struct Place {
    dir: tempfile::TempDir,
    /// The files of the index as they should be.
    index: PathBuf,
    files: BTreeMap<String, Vec<u8>>,
    good: Known,
}

impl Place {
    /// Sources in several languages, indexed in several packs, some of which hide files of others.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut it = Self { index: PathBuf::new(), dir, files: BTreeMap::new(), good: Known::default() };
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries");
        for (turn, languages) in
            [["rust", "python", "c"], ["go", "typescript", "markdown"], ["rust", "java", "json"]].iter().enumerate()
        {
            for language in languages {
                let folder = it.root().join(language);
                std::fs::create_dir_all(&folder).unwrap();
                for file in std::fs::read_dir(sources.join(language)).unwrap().map(|it| it.unwrap()) {
                    let text = std::fs::read_to_string(file.path()).unwrap();
                    std::fs::write(folder.join(file.file_name()), text + &"\n".repeat(turn)).unwrap();
                }
            }
            if turn == 2 {
                std::fs::remove_dir_all(it.root().join("c")).unwrap();
            }
            it.good = known(&it.open(false));
        }
        it.index = folder_of(&it.cache());
        it.files = read_all(&it.index);
        assert!(it.files.len() >= 6, "one manifest, packs of both kinds: {:?}", it.files.keys());
        assert!(it.good.files.len() >= 6 && it.good.names.len() > 40);
        it.restore();
        it.is_good();
        it
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    fn open(&self, read_only: bool) -> Arc<Workspace> {
        let options = Options {
            cache_dir: Some(self.cache()),
            executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
            embedder: Some(Arc::new(Fake)),
            merge: MergeOptions { packs: 24, bytes: None },
            follow: false,
            workers: 1,
            walkers: 1,
            read_only,
            ..Options::default()
        };
        let workspace = Workspace::open(vec![self.root()], options).unwrap();
        let patience = Cancel::new().within(Duration::from_secs(60));
        assert!(read_only || workspace.wait_indexed(Stage::Embedded, &patience));
        workspace
    }

    /// Everything as it should be again.
    fn restore(&self) {
        let _ = std::fs::remove_dir_all(&self.index);
        std::fs::create_dir(&self.index).unwrap();
        std::fs::set_permissions(&self.index, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        for (name, bytes) in &self.files {
            std::fs::write(self.index.join(name), bytes).unwrap();
        }
    }

    /// Unharmed, all of it is said.
    fn is_good(&self) {
        let found = known(&self.open(true));
        for (path, text) in &self.good.files {
            let now = found.files.get(path).map_or("", String::as_str);
            let lost = text.lines().find(|line| !now.lines().any(|it| it == *line));
            assert!(now == text, "{}: not said: {lost:?}", String::from_utf8_lossy(path));
        }
        assert!(found == self.good);
    }

    /// Spoils one file, asks, and sometimes lets a writer mend it. Tells whether the harm was seen.
    fn round(&self, chance: &mut Chance, cut: bool, mend: bool) -> bool {
        let names: Vec<&String> = self.files.keys().filter(|it| *it != "lock").collect();
        let name = *chance.of(&names);
        let mut bytes = self.files[name].clone();
        let at = chance.below(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << chance.below(8);
        }
        std::fs::write(self.index.join(name), &bytes).unwrap();
        let what =
            format!("{name} of {} bytes, {} at {at}", self.files[name].len(), if cut { "cut" } else { "flipped" });
        let looked = self.open(true);
        let seen = self.is_right(&known(&looked), &what);
        drop(looked);
        if mend {
            let mended = self.open(false);
            // What is found while it is asked is mended by a pass of its own.
            let found = known(&mended);
            self.is_right(&found, &what);
            drop(mended);
            let again = self.open(false);
            assert!(known(&again) == self.good, "{what}: not mended");
            drop(again);
            self.restore();
            self.is_good();
        } else {
            std::fs::write(self.index.join(name), &self.files[name]).unwrap();
        }
        seen
    }

    /// What is said is right, though something may be missing; whether anything is.
    fn is_right(&self, found: &Known, what: &str) -> bool {
        for (path, text) in &found.files {
            let path = String::from_utf8_lossy(path);
            let good = self.good.files.get(path.as_bytes());
            let good = good.unwrap_or_else(|| panic!("{what}: {path} is no file of the tree"));
            let mut lines = good.lines();
            for line in text.lines().filter(|it| !it.ends_with("no vectors") && !it.contains("cannot be read")) {
                assert!(lines.any(|it| it == line), "{what}: {path}: {line}");
            }
        }
        for (name, places) in &found.names {
            let good = &self.good.names[name];
            assert!(places.iter().all(|it| good.contains(it)), "{what}: {name} in {places:?}, not in {good:?}");
        }
        *found != self.good
    }
}

fn folder_of(cache: &Path) -> PathBuf {
    let version = std::fs::read_dir(cache).unwrap().next().unwrap().unwrap().path();
    std::fs::read_dir(version).unwrap().next().unwrap().unwrap().path()
}

fn read_all(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let all = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap());
    all.map(|it| (it.file_name().into_string().unwrap(), std::fs::read(it.path()).unwrap())).collect()
}

fn known(workspace: &Workspace) -> Known {
    let (snapshot, root) = (workspace.snapshot(), workspace.status().roots[0].id);
    let mut out = Known { files: export::files(&snapshot, root), names: BTreeMap::new() };
    let path = |file| snapshot.path(file).map_or(String::new(), |it| it.1.display().to_string());
    for file in snapshot.files(root) {
        for hit in snapshot.symbols_of_file(file) {
            let found = snapshot.symbols_named(&hit.name);
            let found = found.iter().map(|it| format!("{} {}:{} {:?}", path(it.file), it.line, it.column, it.kind));
            out.names.insert(hit.name, found.collect());
        }
    }
    // The words, the vectors and the alignment as well may meet nonsense.
    let cancel = Cancel::new();
    for hit in snapshot.lexical(&analyse_query("area of shapes and names").terms, 20, &cancel) {
        assert!(snapshot.passage(hit.passage).is_some());
    }
    snapshot.nearest(&[0.1; portolan::embed::fake::DIMENSIONS], 20, &cancel);
    snapshot.fuzzy("are", 20, &cancel);
    snapshot.most_used(20, &cancel);
    out
}

fn spoil(rounds: u64, seed: u64, mend_each: u64) {
    let place = Place::new();
    let mut chance = Chance(seed);
    for cut in [false, true] {
        let mut seen = 0;
        for round in 0..rounds {
            seen += u64::from(place.round(&mut chance, cut, round % mend_each == mend_each - 1));
        }
        println!("{rounds} {}, {seen} of them seen", if cut { "files cut" } else { "bits flipped" });
        assert!(seen * 2 > rounds, "{seen} of {rounds}: the harm hit nothing");
    }
}

#[test]
fn flipped_bits_and_cut_files_are_never_believed() {
    spoil(100, 5, 25);
}

#[test]
#[ignore = "minutes; tests/long flips runs it"]
fn long() {
    spoil(crate::number("PORTOLAN_TEST_ROUNDS", 10_000), crate::number("PORTOLAN_TEST_SEED", 1), 50);
}
