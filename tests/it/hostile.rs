//! A workspace made to break an indexer, small. Every entry that the file system lists is accounted for, nothing from outside
//! or from left-out files comes in, what belongs is found by name; also while all of it changes beneath the index.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::embed::fake::Fake;
use portolan::features::workspace_symbols::workspace_symbols;
use portolan::workspace::{Options, Stage, Workspace};
use rustix::fs::{CWD, FileType, Mode, mknodat};

const OUTSIDE: &str = "CANARY_OUTSIDE_7f3a";
const SECRET: &str = "CANARY_SECRET_51c9";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(place.root()).unwrap();
        std::fs::create_dir(place.0.path().join("outside")).unwrap();
        std::fs::write(place.0.path().join("outside/o.py"), format!("def {OUTSIDE}(): pass\n")).unwrap();
        place
    }

    fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("root")
    }

    fn write(&self, path: impl AsRef<OsStr>, bytes: impl AsRef<[u8]>) {
        let at = self.root().join(path.as_ref());
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, bytes).unwrap();
    }

    fn link(&self, to: impl AsRef<Path>, path: &str) {
        let at = self.root().join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(to, at).unwrap();
    }

    fn fifo(&self, path: &str) {
        let at = self.root().join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        mknodat(CWD, &at, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }

    fn open(&self) -> Arc<Workspace> {
        let options = Options {
            cache_dir: Some(self.0.path().join("cache")),
            executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
            workers: 2,
            follow: false,
            embedder: Some(Arc::new(Fake)),
            ..Options::default()
        };
        let workspace = Workspace::open(vec![self.root()], options).unwrap();
        assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(Duration::from_secs(100))));
        workspace
    }

    fn fill(&self) {
        self.hold_of_the_parsers();
        let outside = self.0.path().join("outside");
        self.link(outside.join("o.py"), "link/file.py");
        self.link(&outside, "link/folder");
        self.link("..", "link/loop");
        self.link("/dev/zero", "link/zero.rs");
        self.link("nowhere", "link/dangling.c");
        self.fifo("special/fifo.py");
        drop(UnixListener::bind(self.root().join("special/socket.rs")).unwrap());
        self.fifo("pipes/.gitignore");
        self.write("pipes/kept.py", "def beside_a_pipe(): pass\n");
        self.link("/dev/zero", "zeroes/.gitignore");
        self.write("zeroes/kept.py", "def beside_zeroes(): pass\n");
        for name in
            [&b"new\nline.py"[..], b"tab\there.py", b"\xff\xfe.py", b"quo\"te.py", b"-rf.py", b" .py", b"dot.txt."]
        {
            self.write(Path::new("names").join(OsStr::from_bytes(name)), "def oddly_named(): pass\n");
        }
        self.write("swapped/mod.rs/inner.rs", "fn in_a_folder_called_mod_rs() {}\n");
        self.write("swapped/node_modules", "a file\n");
        self.write("swapped/.gitignore/x.py", "def beneath_an_ignore_folder(): pass\n");
        self.write("ignored/.gitignore", "lost/\n*.log\n[\n**/**/**/**\n!kept.py\n");
        self.write("ignored/lost/deep/a.py", format!("def {SECRET}(): pass\n"));
        self.write("ignored/a.log", SECRET);
        self.write("ignored/kept.py", "def kept(): pass\n");
        self.write(".env", format!("TOKEN={SECRET}\n"));
        self.write("id_rsa", SECRET);
        self.write("node_modules/dep/index.js", format!("function {SECRET}() {{}}\n"));
        self.write("empty.txt", "");
        self.write("empty.rs", "");
        self.write("notes.txt", "plain words\n");
        let sparse = std::fs::File::create(self.root().join("sparse.py")).unwrap();
        sparse.set_len(10 << 30).unwrap();
    }

    fn hold_of_the_parsers(&self) {
        let many = |text: &str, times: usize| text.repeat(times);
        self.write("deep/parens.c", format!("int f(){{return {}1{};}}\n", many("(", 20_000), many(")", 20_000)));
        self.write("deep/blocks.rs", format!("fn f(){}{}\n", many("{", 20_000), many("}", 20_000)));
        self.write("deep/quote.md", format!("{} x\n", many(">", 5_000)));
        self.write("deep/objects.json", format!("{}1{}", many("{\"a\":", 20_000), many("}", 20_000)));
        self.write("deep/stars.md", many("*a **b ", 400));
        self.write("open/string.c", format!("char *s = \"{}", many("a b c \\n ", 30_000)));
        self.write("open/comment.rs", many("/*", 20_000));
        self.write("nul/all.c", [0; 5_000]);
        self.write("nul/late.py", [many("def f(): pass\n", 1_000).as_bytes(), b"\0"].concat());
        self.write("enc/latin.py", b"def caf\xe9(): pass\n");
        self.write(
            "enc/sixteen.py",
            [&b"\xff\xfe"[..], &"def wide(): pass\n".bytes().flat_map(|b| [b, 0]).collect::<Vec<_>>()].concat(),
        );
        self.write("long/line.js", format!("var x = '{}';\n", many("y", 300_000)));
        self.write("long/name.py", format!("def {}(): pass\n", many("n", 100_000)));
    }
}

/// What lies beneath `folder` and is no folder, by `readdir`.
fn entries(folder: &Path) -> BTreeSet<Vec<u8>> {
    let mut out = BTreeSet::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            } else {
                out.insert(entry.path().strip_prefix(folder).unwrap().as_os_str().as_bytes().to_vec());
            }
        }
    }
    out
}

/// Every entry has a line, or one of the folders that it lies in has; never both; and no line is about nothing.
fn account(workspace: &Workspace, root: &Path) -> BTreeMap<Vec<u8>, String> {
    let mut lines = BTreeMap::new();
    for line in workspace.file_lines(&Cancel::new()) {
        let state = line.skip.map_or(line.language, |skip| skip.to_string());
        assert!(lines.insert(line.path.as_bytes().to_vec(), state).is_none(), "{:?} twice", line.path);
    }
    let mut used = BTreeSet::new();
    for path in entries(root) {
        let cuts = path.iter().enumerate().filter(|it| *it.1 == b'/').map(|it| it.0).chain([path.len()]);
        let said: Vec<&[u8]> = cuts.map(|end| &path[..end]).filter(|it| lines.contains_key(*it)).collect();
        assert_eq!(said.len(), 1, "{}: {said:?}", String::from_utf8_lossy(&path));
        used.insert(said[0].to_vec());
    }
    let idle: Vec<_> = lines.keys().filter(|it| !used.contains(*it)).map(|it| String::from_utf8_lossy(it)).collect();
    assert!(idle.is_empty(), "lines about nothing: {idle:?}");
    lines
}

/// Paths of the symbols that the workspace gives for a name, as the editor's picker asks.
fn found(workspace: &Workspace, name: &str) -> Vec<Vec<u8>> {
    let snapshot = workspace.snapshot();
    let answer = workspace_symbols(&snapshot, name, None, 200, &Cancel::new());
    let path = |file| snapshot.path(file).unwrap().1.as_bytes().to_vec();
    answer.value.into_iter().map(|it| path(it.hit.file)).collect()
}

/// Neither the facts of any file nor the bytes of the index hold what must not come in.
fn holds_no_canary(workspace: &Workspace, cache: &Path) {
    let snapshot = workspace.snapshot();
    for root in workspace.status().roots {
        for file in snapshot.files(root.id) {
            for segment in snapshot.facts(file).iter().flat_map(|it| &it.segments) {
                for (_, name) in segment.facts.names.iter() {
                    let name = name.to_lowercase();
                    let bad = [OUTSIDE, SECRET].iter().any(|it| name.contains(&it.to_lowercase()));
                    assert!(!bad, "{name} in {:?}", snapshot.path(file));
                }
            }
        }
    }
    for path in entries(cache) {
        let bytes = std::fs::read(cache.join(OsStr::from_bytes(&path))).unwrap().to_ascii_lowercase();
        for canary in [OUTSIDE, SECRET] {
            let canary = canary.to_lowercase().into_bytes();
            assert!(!bytes.windows(canary.len()).any(|it| it == canary), "{}", String::from_utf8_lossy(&path));
        }
    }
}

#[test]
fn every_entry_is_accounted_for_and_nothing_foreign_comes_in() {
    let place = Place::new();
    place.fill();
    let workspace = place.open();
    let lines = account(&workspace, &place.root());
    let state = |path: &str| lines.get(path.as_bytes()).cloned().unwrap_or_default();
    for link in ["link/file.py", "link/folder", "link/loop", "link/zero.rs", "link/dangling.c"] {
        assert!(state(link).starts_with("link"), "{link}: {}", state(link));
    }
    assert!(state("special/fifo.py").starts_with("special") && state("special/socket.rs").starts_with("special"));
    assert!(state(".env").starts_with("secret") && state("id_rsa").starts_with("secret"));
    assert!(state("ignored/lost").starts_with("ignored") && state("ignored/a.log").starts_with("ignored"));
    assert!(state("nul/all.c").starts_with("binary") && state("sparse.py").starts_with("binary"));
    assert!(lines.values().all(|it| !it.starts_with("not indexed yet")), "{lines:?}");
    holds_no_canary(&workspace, &place.0.path().join("cache"));
    for canary in [OUTSIDE, SECRET] {
        assert_eq!(workspace.snapshot().symbols_named(canary).len(), 0);
    }
    assert_eq!(found(&workspace, "oddly_named").len(), 6);
    assert_eq!(found(&workspace, "in_a_folder_called_mod_rs"), [b"swapped/mod.rs/inner.rs"]);
    for plain in ["empty.txt", "notes.txt", "dot.txt.", "swapped/node_modules"] {
        let name = plain.rsplit('/').next().unwrap();
        let all = found(&workspace, name);
        assert!(all.iter().any(|it| it.ends_with(name.as_bytes())), "{plain}: {all:?}");
    }
}

/// Files grow, shrink, go, come back as folders, links and FIFOs.
fn stir(folder: &Path, step: usize) {
    let at = folder.join(format!("f{}.py", step * 7 % 40));
    let _ = match step % 8 {
        0 => std::fs::write(&at, "def grown(): pass\n".repeat(step % 500)),
        1 => std::fs::File::options().write(true).open(&at).and_then(|it| it.set_len(step as u64 % 40)),
        2 => std::fs::remove_file(&at),
        3 => std::fs::create_dir(&at).and_then(|()| std::fs::write(at.join("x.py"), "def inner(): pass\n")),
        4 => std::fs::remove_dir_all(&at),
        5 => symlink("/dev/zero", &at),
        6 => mknodat(CWD, &at, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).map_err(Into::into),
        _ => std::fs::rename(&at, folder.join(format!("f{}.py", step * 3 % 40))),
    };
}

#[test]
fn a_tree_that_changes_beneath_the_index_is_right_after_it_comes_to_rest() {
    let place = Place::new();
    for number in 0..40 {
        place.write(format!("live/f{number}.py"), format!("def live_{number}(): pass\n").repeat(50));
    }
    let folder = place.root().join("live");
    let over = AtomicBool::new(false);
    let workspace = std::thread::scope(|scope| {
        scope.spawn(|| {
            for step in 0.. {
                if over.load(Ordering::Acquire) {
                    return;
                }
                stir(&folder, step);
            }
        });
        // From nothing, and again over what the last round left.
        for _ in 0..3 {
            place.open();
        }
        over.store(true, Ordering::Release);
        place.open()
    });
    drop(workspace);
    let workspace = place.open();
    let lines = account(&workspace, &place.root());
    assert!(lines.values().all(|it| !it.starts_with("not indexed yet")), "{lines:?}");
    let snapshot = workspace.snapshot();
    let grown: BTreeSet<Vec<u8>> = snapshot
        .symbols_named("grown")
        .into_iter()
        .map(|it| snapshot.path(it.file).unwrap().1.as_bytes().to_vec())
        .collect();
    for (path, _) in lines.iter().filter(|it| it.1 == "python") {
        let text = std::fs::read_to_string(place.root().join(OsStr::from_bytes(path))).unwrap();
        assert_eq!(grown.contains(path), text.contains("def grown(): pass"), "{}", String::from_utf8_lossy(path));
    }
}
