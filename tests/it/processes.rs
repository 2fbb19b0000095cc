//! Several processes on one workspace: one writes, the others follow, keep their own documents, and take over; another
//! version leaves a newer one's work alone; an index that is removed comes back.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::base::settings::Settings;
use portolan::embed::{self, Embedder};
use portolan::index::wants::Wants;
use portolan::server::ServeOptions;
use portolan::workspace::{Options, Stage, Workspace};
use serde_json::{Value, json};

use crate::client::{self, Client, able, uri};
use crate::observed::Observed;
use crate::until;

/// A test that waits longer hangs: it fails instead.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with files that each declare one function, and a cache beside it.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new(files: usize) -> Self {
        let it = Self { dir: tempfile::tempdir().expect("a directory") };
        std::fs::create_dir(it.root()).expect("a folder");
        (0..files).for_each(|number| it.write(&format!("file_{number}.rs"), &format!("function_{number}")));
        it
    }

    fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().expect("it is there").join("root")
    }

    fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    fn write(&self, file: &str, name: &str) {
        std::fs::write(self.root().join(file), format!("pub fn {name}() {{}}\n")).expect("it can be written");
    }

    fn options(&self) -> Options {
        Options {
            cache_dir: Some(self.cache()),
            executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
            workers: 1,
            ..Options::default()
        }
    }

    fn open(&self) -> Arc<Workspace> {
        Workspace::open(vec![self.root()], self.options()).expect("a folder")
    }

    /// A language server, in a thread.
    fn client(&self) -> Client {
        let options = self.options();
        let workspace = Arc::new(move |_: &mut Settings, _: &[PathBuf]| options.clone());
        let mut client = Client::open_with(&[&self.root()], ServeOptions { workspace, ..client::options() }, able());
        client.ignore("textDocument/publishDiagnostics");
        client
    }

    fn portolan(&self, arguments: &[&str]) -> Command {
        let mut it = Command::new(env!("CARGO_BIN_EXE_portolan"));
        it.args(arguments).arg(self.root()).arg("--cache-dir").arg(self.cache());
        it.env("XDG_CONFIG_HOME", self.dir.path());
        it
    }

    /// `portolan index` as another version: files parsed, files found unchanged.
    fn index_as(&self, version: &str) -> (u64, u64) {
        let mut command = self.portolan(&["index", "--json"]);
        let out = command.env("PORTOLAN_VERSION", version).output().expect("the binary");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let out: Value = serde_json::from_slice(&out.stdout).expect("JSON");
        let number = |name: &str| out[name].as_u64().unwrap_or_else(|| panic!("{name} of {out}"));
        (number("parsed"), number("unchanged"))
    }
}

fn count(workspace: &Workspace, name: &str) -> usize {
    workspace.snapshot().symbols_named(name).len()
}

fn is_writer(workspace: &Workspace) -> bool {
    workspace.status().roots[0].writer
}

fn complete(workspace: &Workspace) {
    assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(PATIENCE)));
}

/// How often a client finds a name.
fn found(client: &mut Client, name: &str) -> usize {
    let answer = client.request("workspace/symbol", json!({ "query": name })).expect("an answer");
    answer.as_array().map_or(0, |all| all.iter().filter(|it| it["name"] == name).count())
}

/// Waits until a client finds a name.
fn until_found(client: &mut Client, name: &str) {
    until(name, || found(client, name) > 0);
}

#[test]
fn a_second_one_answers_at_once_and_follows() {
    let place = Place::new(5);
    let writer = place.open();
    complete(&writer);
    let reader = place.open();
    assert!(is_writer(&writer) && !is_writer(&reader));
    assert_eq!(count(&reader, "function_3"), 1, "the index of the other is there at once");
    assert!(reader.snapshot().completeness().is_indexed(), "and is known to be complete");
    place.write("file_3.rs", "changed_3");
    place.write("new.rs", "function_new");
    reader.rescan(vec![place.root()]);
    writer.rescan(vec![place.root()]);
    until("the change is followed", || count(&reader, "changed_3") == 1 && count(&reader, "function_new") == 1);
    assert_eq!(count(&reader, "function_3"), 0);
    assert_eq!(
        reader.status().progress.files_parsed,
        writer.status().progress.files_parsed,
        "it shows the writer's work"
    );
}

#[test]
fn documents_of_a_reader_stay_open_whatever_the_writer_does() {
    let place = Place::new(3);
    let writer = place.open();
    complete(&writer);
    let mut reader = place.client();
    let document = uri(&place.root().join("file_1.rs"));
    reader.did_open(&document, "rust", "pub fn only_in_the_editor() {}\n");
    assert_eq!((found(&mut reader, "only_in_the_editor"), found(&mut reader, "function_1")), (1, 0));
    place.write("file_0.rs", "changed_0");
    place.write("file_1.rs", "changed_1");
    writer.rescan(vec![place.root()]);
    until_found(&mut reader, "changed_0");
    let both = |reader: &mut Client| (found(reader, "only_in_the_editor"), found(reader, "changed_1"));
    assert_eq!(both(&mut reader), (1, 0), "the document hides its file");
    // The index goes, and another process makes all packs anew before the reader would.
    writer.shutdown();
    drop(writer);
    std::fs::remove_dir_all(place.cache()).expect("it is there");
    place.write("file_2.rs", "changed_2");
    let next = place.open();
    complete(&next);
    until_found(&mut reader, "changed_2");
    assert_eq!(both(&mut reader), (1, 0));
    reader.did_close(&document);
    until_found(&mut reader, "changed_1");
    assert_eq!(both(&mut reader), (0, 1));
}

#[test]
fn a_killed_writers_unfinished_work_is_taken_over() {
    let place = Place::new(40);
    // It dies in its second commit: the first holds nothing or a part.
    let mut command = place.portolan(&["index"]);
    command.env("PORTOLAN_FAILPOINT", "manifest.renamed:1").stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = command.spawn().expect("the binary");
    let reader = place.open();
    let _ = first.wait();
    until("it is taken over", || is_writer(&reader));
    complete(&reader);
    for number in 0..40 {
        assert_eq!(count(&reader, &format!("function_{number}")), 1, "{number}");
    }
    assert!(reader.snapshot().completeness().is_indexed());
}

#[test]
fn two_versions_in_turn_make_nothing_twice() {
    let place = Place::new(6);
    let settle = || {
        let time = std::time::SystemTime::now() - Duration::from_secs(1_000);
        for file in std::fs::read_dir(place.root()).expect("a folder") {
            let file = std::fs::File::options().write(true).open(file.expect("a file").path());
            file.and_then(|it| it.set_modified(time)).expect("it can be set");
        }
    };
    settle();
    assert_eq!(place.index_as("1.0.0").0, 6);
    assert_eq!(place.index_as("1.1.0").0, 6, "a newer version makes everything anew");
    for _ in 0..2 {
        assert_eq!(place.index_as("1.0.0").0, 0, "an older one uses what the newer made");
        assert_eq!(place.index_as("1.1.0").0, 0);
    }
    place.write("file_2.rs", "changed_2");
    assert_eq!(place.index_as("1.0.0").0, 1);
    assert_eq!(place.index_as("1.1.0").0, 1, "only what the older one had to make is made again");
    assert_eq!(place.index_as("1.0.0").0, 0);
}

#[test]
fn a_worktree_begins_with_what_another_has() {
    let place = Place::new(12);
    let embedded = Arc::new(AtomicUsize::new(0));
    let counter = embedded.clone();
    let count_texts = move |texts: &[&str]| {
        counter.fetch_add(texts.len(), Ordering::SeqCst);
    };
    let counting = Arc::new(Observed(embed::open(&Default::default()).expect("the model"), count_texts));
    let open = |root: &Path| {
        let embedder: Arc<dyn Embedder> = counting.clone();
        let options = Options { embedder: Some(embedder), ..place.options() };
        let workspace = Workspace::open(vec![root.to_path_buf()], options).expect("a folder");
        complete(&workspace);
        let progress = workspace.status().progress;
        (workspace, (progress.files_parsed, progress.files_reused), embedded.swap(0, Ordering::SeqCst))
    };
    let write = |path: PathBuf, text: &str| {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("it can be written");
    };
    let linked = |name: &str| place.root().with_file_name(name);
    for name in ["linked", "stranger"] {
        let git = place.root().join(".git/worktrees").join(name);
        write(linked(name).join(".git"), &format!("gitdir: {}\n", git.display()));
        for number in 0..10 {
            let text = format!("pub fn function_{number}() {{}}\n");
            write(linked(name).join(format!("file_{number}.rs")), &text);
        }
        write(linked(name).join("own.rs"), "pub fn only_here() {}\n");
    }
    // The repository names one of them back.
    let back = linked("linked").join(".git").display().to_string();
    write(place.root().join(".git/worktrees/linked/gitdir"), &format!("{back}\n"));
    let (main, counted, embedded) = open(&place.root());
    assert_eq!((counted, embedded), ((12, 0), 12));
    let (linked_one, counted, embedded) = open(&linked("linked"));
    assert_eq!((counted, embedded), ((1, 10), 1), "only what is new is parsed and embedded");
    assert!(linked_one.snapshot().completeness().is_whole());
    let names = |it: &Workspace| ["function_3", "function_11", "only_here"].map(|name| count(it, name));
    assert_eq!((names(&linked_one), names(&main)), ([1, 0, 1], [1, 1, 0]), "answers are each root's own");
    let (_, counted, _) = open(&linked("stranger"));
    assert_eq!(counted, (11, 0), "its repository does not name it");
    // It is an index of its own.
    drop((main, linked_one));
    std::fs::remove_dir_all(place.root()).expect("it is there");
    let (alone, counted, embedded) = open(&linked("linked"));
    assert_eq!((counted, embedded, names(&alone)), ((0, 0), 0, [1, 0, 1]));
}

#[test]
fn a_worktree_of_which_a_little_is_indexed_begins_with_what_another_has() {
    let place = Place::new(12);
    let linked = place.root().with_file_name("linked");
    std::fs::create_dir(&linked).expect("a folder");
    for number in 0..12 {
        let name = format!("file_{number}.rs");
        std::fs::copy(place.root().join(&name), linked.join(&name)).expect("it can be written");
    }
    let main = place.open();
    complete(&main);
    // Before it is known as a worktree a pass over it is killed, as it were, after its first commit.
    let paused = Workspace::open(vec![], place.options()).expect("nothing to open");
    paused.pause(true);
    paused.add_root(&linked).expect("a folder");
    let (done, found) = std::sync::mpsc::channel();
    paused.seek(Wants::declared("function_3").expect("a name"), Cancel::new(), move |it| {
        done.send(it).expect("it is waited for")
    });
    assert!(found.recv_timeout(PATIENCE).expect("an answer"));
    assert_eq!(count(&paused, "function_3"), 1);
    let git = place.root().join(".git/worktrees/linked");
    std::fs::create_dir_all(&git).expect("a folder");
    std::fs::write(git.join("gitdir"), format!("{}\n", linked.join(".git").display())).expect("a file");
    std::fs::write(linked.join(".git"), format!("gitdir: {}\n", git.display())).expect("a file");
    paused.pause(false);
    complete(&paused);
    assert_eq!(count(&paused, "function_11"), 1);
    assert_eq!(paused.status().progress.files_parsed, 0, "all else was known");
}

#[test]
fn an_index_that_is_removed_comes_back_while_all_answer() {
    let place = Place::new(4);
    let writer = place.open();
    complete(&writer);
    let reader = place.open();
    for round in 0..2 {
        std::fs::remove_dir_all(place.cache()).expect("it is there");
        place.write("file_0.rs", &format!("changed_{round}"));
        writer.rescan(vec![place.root()]);
        until("both see the change", || {
            for it in [&writer, &reader] {
                assert_eq!(count(it, "function_2"), 1, "it answers from what it has open");
            }
            let name = format!("changed_{round}");
            count(&reader, &name) == 1 && count(&writer, &name) == 1 && writer.status().roots[0].saved
        });
        assert!(place.cache().exists());
    }
    assert_ne!(is_writer(&writer), is_writer(&reader), "one writes");
}
