//! The crawl from outside: a workspace over a real directory, with real worker processes.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portolan::base::cancel::Cancel;
use portolan::base::os::stamp::now_ns;
use portolan::base::paths::RelPath;
use portolan::embed::fake::Fake;
use portolan::index::source::{FACTS, STAMPS, VECTORS};
use portolan::workspace::{Options, Progress, Skip, Stage, Workspace, WorkspaceError};

use crate::packs_in;

/// A directory with files, a cache beside it, and how to open both.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// `path: content` one a line; `\n` in a content is a line break.
    fn new(files: &str) -> Self {
        let it = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(it.root()).unwrap();
        for line in files.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (path, content) = line.split_once(": ").unwrap_or((line, ""));
            it.write(path, &content.replace("\\n", "\n"));
        }
        it
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn write(&self, path: &str, content: &str) {
        let at = self.root().join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(&at, content).unwrap();
        // Old enough that its stamp proves something.
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
        std::fs::File::options().write(true).open(&at).unwrap().set_modified(old).unwrap();
    }

    fn options(&self) -> Options {
        Options {
            cache_dir: Some(self.dir.path().join("cache")),
            executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
            follow: false,
            faults: true,
            workers: 1,
            embedder: Some(Arc::new(Fake)),
            ..Options::default()
        }
    }

    /// Opens, waits until all is indexed, and tells how it went.
    fn index(&self) -> (Arc<Workspace>, Progress) {
        self.index_with(self.options())
    }

    fn index_with(&self, options: Options) -> (Arc<Workspace>, Progress) {
        self.open(&self.root(), options)
    }

    fn open(&self, root: &Path, options: Options) -> (Arc<Workspace>, Progress) {
        let workspace = Workspace::open(vec![root.to_path_buf()], options).unwrap();
        assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(std::time::Duration::from_secs(60))));
        let progress = workspace.status_progress();
        (workspace, progress)
    }
}

/// `path -> state` of every line of `status --files`.
fn lines(workspace: &Workspace) -> Vec<String> {
    let all = workspace.file_lines(&Cancel::new());
    all.iter()
        .map(|line| {
            let state = line.skip.as_ref().map_or(line.language.clone(), |skip| skip.to_string());
            format!("{} -> {state}", line.path.display())
        })
        .collect()
}

fn names(workspace: &Workspace, name: &str) -> usize {
    workspace.snapshot().symbols_named(name).len()
}

#[test]
fn a_second_start_does_no_work() {
    let place = Place::new("");
    // Older than this test's binary, so their stamps prove something at once: change times cannot be set back.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries/rust");
    let open = || place.open(&root, place.options());
    let (first, progress) = open();
    let (files, symbols) = (progress.files_found, names(&first, "area"));
    assert!(files > 1 && progress.files_parsed == files && progress.files_done == files, "{progress:?}");
    assert!(symbols > 0);
    let passages = progress.passages_found;
    assert!(passages > 0 && progress.passages_done == passages, "{progress:?}");
    first.shutdown();
    drop(first);
    let (second, progress) = open();
    assert_eq!((progress.files_unchanged, progress.files_parsed, progress.files_reused), (files, 0, 0), "{progress:?}");
    let whole = second.status().progress;
    assert_eq!((whole.passages_found, whole.passages_done), (passages, passages), "{whole:?}");
    assert_eq!(names(&second, "area"), symbols);
    assert!(second.snapshot().completeness().is_whole());
}

#[test]
fn another_stamp_on_the_same_content_is_noted_and_nothing_else_is_written() {
    let place = Place::new("a.rs: fn alpha() {}\\n\n b.rs: fn beta() {}\\n");
    std::fs::write(place.root().join("c.bin"), [0u8; 64]).unwrap();
    drop(place.index());
    let packs = |kind: u32| {
        let mut all = packs_in(&place.dir.path().join("cache"));
        all.retain(|it| std::fs::read(it).unwrap()[12] == kind as u8);
        all.sort();
        all
    };
    let before = (packs(FACTS), packs(VECTORS));
    let paths = ["a.rs", "b.rs", "c.bin"].map(|it| RelPath::from_bytes(it.as_bytes()).unwrap());
    for round in 0..3 {
        // As `cp -al` does it, or a restored backup.
        for path in ["a.rs", "c.bin"] {
            std::fs::hard_link(place.root().join(path), place.root().join("link")).unwrap();
            std::fs::remove_file(place.root().join("link")).unwrap();
        }
        let changed = |path: &RelPath| {
            let it = std::fs::metadata(place.root().join(path.to_path())).unwrap();
            it.ctime() * 1_000_000_000 + it.ctime_nsec()
        };
        let is_young = |it: &RelPath| now_ns() - changed(it) <= 2_000_000_000;
        while paths.iter().any(is_young) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let (workspace, progress) = place.index();
        assert_eq!((progress.files_unchanged, progress.files_skipped), (2, 1), "{progress:?}");
        assert_eq!((progress.files_parsed, progress.files_reused), (0, 0), "{progress:?}");
        let (root, now) = (workspace.place(&place.root().join("a.rs")).unwrap().0, workspace.snapshot());
        let noted = |it: &RelPath| now.stored(now.file(root, it).unwrap()).unwrap().meta.ctime_ns;
        assert_eq!(paths.each_ref().map(noted), paths.each_ref().map(changed), "round {round}");
        assert_eq!(((packs(FACTS), packs(VECTORS)), packs(STAMPS).len()), (before.clone(), 1), "round {round}");
    }
}

#[test]
fn what_is_left_out_is_counted_as_left_out_at_every_start() {
    let place = Place::new("a.rs: fn alpha() {}\\n\n b.rs: fn beta() {}\\n");
    std::fs::write(place.root().join("c.bin"), [0u8; 64]).unwrap();
    let counts = |progress: Progress| (progress.files_found, progress.files_done, progress.files_skipped);
    assert_eq!(counts(place.index().1), (2, 2, 1));
    assert_eq!(counts(place.index().1), (2, 2, 1));
}

#[test]
fn a_text_that_took_too_much_memory_is_tried_again_where_there_is_more() {
    let place = Place::new("big.rs: // portolan-fault:allocate");
    let told = |memory_limit: u64| {
        let (workspace, _) = place.index_with(Options { memory_limit, ..place.options() });
        lines(&workspace).remove(0)
    };
    assert_eq!(told(400 << 20), "big.rs -> quarantined: its parser took more than 200 MB");
    assert_eq!(told(300 << 20), "big.rs -> quarantined: its parser took more than 200 MB", "less would not help");
    assert_eq!(told(500 << 20), "big.rs -> quarantined: its parser took more than 250 MB");
}

#[test]
fn what_is_quarantined_is_tried_again_on_request() {
    let place = Place::new("bad.rs: fn bad() {} // portolan-fault:abort");
    drop(place.index());
    let (workspace, _) = place.index_with(Options { faults: false, ..place.options() });
    assert_eq!(lines(&workspace), ["bad.rs -> quarantined: its parser died"]);
    let look = |again: bool| {
        if again {
            workspace.rescan_all()
        } else {
            workspace.rescan(Vec::new())
        }
        assert!(workspace.settle(&Cancel::new().within(std::time::Duration::from_secs(60))));
        lines(&workspace)
    };
    assert_eq!(look(false), ["bad.rs -> quarantined: its parser died"]);
    assert_eq!(look(true), ["bad.rs -> rust"]);
}

#[test]
fn what_is_left_to_another_crawl_is_waited_for() {
    let place = Place::new("a.rs: fn alpha() {}");
    let workspace = Workspace::open(vec![place.root()], place.options()).unwrap();
    let patience = Cancel::new().within(std::time::Duration::from_secs(60));
    assert!(workspace.wait_indexed(Stage::Embedded, &patience));
    // It gives way after a second, and is blamed after five.
    place.write("slow.rs", "fn slow() {} // portolan-fault:hang");
    let state = || lines(&workspace).into_iter().find(|it| it.starts_with("slow.rs")).unwrap();
    workspace.rescan(vec![place.root().join("slow.rs")]);
    assert!(!workspace.snapshot().completeness().is_whole());
    assert!(workspace.settle(&patience));
    assert_eq!(state(), "slow.rs -> quarantined: its parser did not end within 5 s");
    assert!(workspace.snapshot().completeness().is_whole() && workspace.status().changes_waiting == 0);
}

#[test]
fn a_text_in_hand_at_an_orderly_end_is_tried_again() {
    let place = Place::new("a.rs: fn alpha() {}");
    place.write("slow.rs", "fn slow() {} // portolan-fault:hang");
    let workspace = Workspace::open(vec![place.root()], place.options()).unwrap();
    let events = workspace.events();
    let noted = "slow.rs -> quarantined: its parser had not ended when indexing did";
    while !lines(&workspace).iter().any(|it| it == noted) {
        events.recv_timeout(std::time::Duration::from_secs(20)).expect("it is noted in time");
    }
    workspace.shutdown();
    drop(workspace);
    let (workspace, _) = place.index_with(Options { faults: false, ..place.options() });
    assert_eq!(lines(&workspace), ["a.rs -> rust", "slow.rs -> rust"]);
    assert!(workspace.notices().is_empty(), "{:?}", workspace.notices());
}

#[test]
fn a_root_that_nobody_has_looked_at_makes_the_whole_incomplete() {
    let (place, second) = (Place::new("a.rs: fn alpha() {}"), Place::new("b.rs: fn beta() {}"));
    let (workspace, _) = place.index();
    assert!(workspace.snapshot().completeness().is_whole());
    workspace.pause(true);
    workspace.add_root(&second.root()).unwrap();
    assert!(!workspace.snapshot().completeness().is_indexed());
    workspace.pause(false);
    assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(std::time::Duration::from_secs(60))));
    assert!(workspace.snapshot().completeness().is_whole());
    assert_eq!((names(&workspace, "alpha"), names(&workspace, "beta")), (1, 1));
}

#[test]
fn a_rename_is_no_parse_and_the_old_path_is_gone() {
    let place = Place::new("a.rs: fn alpha() {}\\n\n b.rs: fn beta() {}\\n");
    drop(place.index());
    std::fs::create_dir(place.root().join("moved")).unwrap();
    std::fs::rename(place.root().join("a.rs"), place.root().join("moved/new.rs")).unwrap();
    let (workspace, progress) = place.index();
    assert_eq!(progress.files_parsed, 0, "{progress:?}");
    assert_eq!(lines(&workspace), ["b.rs -> rust", "moved/new.rs -> rust"]);
    assert_eq!(names(&workspace, "alpha"), 1);
    let hits = workspace.snapshot().symbols_named("alpha");
    let (_, path) = workspace.snapshot().path(hits[0].file).unwrap();
    assert_eq!(path.display(), "moved/new.rs");
    assert!(workspace.snapshot().completeness().is_whole(), "the renamed file has its vectors");
}

#[test]
fn changes_are_seen_by_a_rescan_of_their_folder() {
    let place = Place::new("src/a.rs: fn alpha() {}\\n\n src/b.rs: fn beta() {}\\n");
    let (workspace, _) = place.index();
    let events = workspace.events();
    place.write("src/a.rs", "fn changed() {}\n");
    std::fs::remove_file(place.root().join("src/b.rs")).unwrap();
    workspace.rescan(vec![place.root().join("src")]);
    while events.recv_timeout(std::time::Duration::from_secs(20)).is_ok() {
        if names(&workspace, "changed") == 1 && names(&workspace, "beta") == 0 {
            break;
        }
    }
    assert_eq!((names(&workspace, "alpha"), names(&workspace, "changed"), names(&workspace, "beta")), (0, 1, 0));
}

#[test]
fn every_skipped_file_has_its_reason() {
    let place = Place::new(".gitignore: *.log\n a.log: x\n ok.rs: fn ok() {}\n .env: SECRET=1\n deep/b.rs: fn b() {}");
    std::fs::write(place.root().join("binary.rs"), b"fn a() {}\0").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", place.root().join("link.rs")).unwrap();
    let mut options = place.options();
    options.rules.size_limit = 1000;
    std::fs::write(place.root().join("large.rs"), " ".repeat(2000)).unwrap();
    let (workspace, _) = place.index_with(options);
    assert_eq!(
        lines(&workspace),
        [
            ".env -> secret: its name is on the list of files that are never indexed",
            ".gitignore -> text",
            "a.log -> ignored: .gitignore: *.log",
            "binary.rs -> binary: a NUL byte in the first 8 KiB",
            "deep/b.rs -> rust",
            "large.rs -> too large: beyond tracking.size_limit",
            "link.rs -> link: symbolic links are not followed",
            "ok.rs -> rust",
        ]
    );
}

#[test]
fn a_text_that_kills_its_parser_is_quarantined_alone_and_until_it_changes() {
    let place = Place::new(
        "a.rs: fn alpha() {}\n poison.rs: // portolan-fault:abort\\nfn poison() {}\n z.rs: fn omega() {}\n y.rs: fn psi() {}",
    );
    let (workspace, progress) = place.index();
    assert_eq!(progress.files_parsed, 3, "{progress:?}");
    let poison =
        |workspace: &Workspace| lines(workspace).into_iter().find(|line| line.starts_with("poison.rs")).unwrap();
    assert_eq!(poison(&workspace), "poison.rs -> quarantined: its parser died");
    assert_eq!((names(&workspace, "alpha"), names(&workspace, "omega"), names(&workspace, "psi")), (1, 1, 1));
    assert_eq!(workspace.status().quarantined.len(), 1);
    drop(workspace);
    // Not tried again under another name either.
    std::fs::rename(place.root().join("poison.rs"), place.root().join("poison2.rs")).unwrap();
    let (workspace, progress) = place.index();
    assert_eq!((progress.files_parsed, progress.worker_restarts), (0, 0), "{progress:?}");
    drop(workspace);
    place.write("poison2.rs", "fn healed() {}\n");
    let (workspace, _) = place.index();
    assert_eq!(names(&workspace, "healed"), 1);
    assert!(workspace.status().quarantined.is_empty());
}

#[test]
fn roots_that_cannot_be_say_why() {
    let place = Place::new("a.rs: fn a() {}");
    let open = |path: PathBuf| match Workspace::open(vec![path], place.options()) {
        Ok(_) => panic!("opened"),
        Err(error) => error,
    };
    assert!(matches!(open(place.root().join("nothing")), WorkspaceError::Missing(_)));
    assert!(matches!(open(place.root().join("a.rs")), WorkspaceError::NotDirectory(_)));
    assert!(matches!(open("/".into()), WorkspaceError::TooBroad(_)));
    assert!(matches!(open(PathBuf::new()), WorkspaceError::Missing(_)));
    assert!(open("/".into()).to_string().contains("--force"));
}

#[test]
fn large_texts_have_words_but_no_tree() {
    let place = Place::new("small.rs: fn small() {}");
    let long = format!("// needle\n{}", "fn many() {}\n".repeat(400_000));
    assert!(long.len() > 4 << 20);
    place.write("large.rs", &long);
    let (workspace, _) = place.index();
    assert_eq!(names(&workspace, "many"), 0);
    assert_eq!(names(&workspace, "small"), 1);
    assert!(lines(&workspace).contains(&"large.rs -> rust".to_owned()));
}

/// Opens `a.rs` of a place with another text.
fn open_document(workspace: &Workspace, place: &Place, text: &str) -> PathBuf {
    use portolan::base::span::Span;
    use portolan::index::build::SegmentRecord;
    use portolan::syntax::{extract, languages};
    use portolan::workspace::crawl::record::facts_key;
    let lang = languages::Lang::from_id("rust").unwrap();
    let segments = extract::extract(lang, text, &Default::default())
        .into_iter()
        .map(|it| SegmentRecord {
            span: Span::new(it.span.start, it.span.end),
            key: facts_key(languages::recipe(lang), text),
            facts: Arc::new(it.facts),
        })
        .collect();
    let path = place.root().join("a.rs");
    assert!(workspace.open_document(&path, "rust", &text.into(), segments).is_some());
    path
}

#[test]
fn an_open_document_hides_its_file_until_it_closes() {
    let place = Place::new("a.rs: fn stored() {}\n");
    let (workspace, _) = place.index();
    let path = open_document(&workspace, &place, "fn unsaved() {}\n");
    assert_eq!((names(&workspace, "stored"), names(&workspace, "unsaved")), (0, 1));
    assert!(!workspace.snapshot().completeness().is_whole());
    workspace.embed_documents(&Cancel::new());
    assert!(workspace.snapshot().completeness().is_whole(), "unsaved passages have their vectors");
    workspace.close_document(&path);
    assert_eq!((names(&workspace, "stored"), names(&workspace, "unsaved")), (1, 0));
}

#[test]
fn a_saved_document_that_closes_does_not_fall_back_to_what_its_file_was() {
    let place = Place::new("a.rs: fn stored() {}\n");
    let (workspace, _) = place.index();
    // Nobody looks at the file for now.
    workspace.pause(true);
    let path = open_document(&workspace, &place, "fn saved() {}\n");
    place.write("a.rs", "fn saved() {}\n");
    workspace.close_document(&path);
    assert_eq!((names(&workspace, "stored"), names(&workspace, "saved")), (0, 1));
    workspace.pause(false);
    assert!(workspace.settle(&Cancel::new()));
    assert_eq!((names(&workspace, "stored"), names(&workspace, "saved")), (0, 1));
    let snapshot = workspace.snapshot();
    let root = workspace.status().roots[0].id;
    let file = snapshot.file(root, &RelPath::from_bytes(b"a.rs").unwrap()).unwrap();
    assert!(!snapshot.is_open(file), "its place is its file's again");
}

#[test]
fn two_roots_answer_together_and_one_can_leave() {
    let one = Place::new("a.rs: fn alpha() {}");
    let two = Place::new("b.rs: fn beta() {}");
    let (workspace, _) = one.index();
    workspace.add_root(&two.root()).unwrap();
    assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new()));
    assert_eq!((names(&workspace, "alpha"), names(&workspace, "beta")), (1, 1));
    workspace.remove_root(&two.root());
    assert_eq!((names(&workspace, "alpha"), names(&workspace, "beta")), (1, 0));
}

#[test]
fn a_skip_keeps_its_number() {
    for code in 1..=14 {
        assert_eq!(Skip::from_code(code, "why").code(), code);
    }
}

/// No limit is kept by giving up: where it is too small, batches wait and all is indexed in the end.
#[test]
fn a_memory_limit_slows_indexing_down_and_does_not_stop_it() {
    let place = Place::new("a.rs: fn one() {}\nb.rs: fn two() {}\nc.rs: fn three() {}");
    let (workspace, progress) =
        place.index_with(Options { memory_limit: 1 << 20, batch_files: 1, walkers: 1, ..place.options() });
    let status = workspace.status();
    assert_eq!((progress.files_done, progress.files_parsed), (3, 3));
    assert!(status.memory_pauses > 0 && status.memory_peak > 1 << 20, "{status:?}");
    drop(workspace);
    let files: Vec<String> = (0..3).map(|it| format!("d{it}.rs: fn more_{it}() {{}}")).collect();
    let place = Place::new(&files.join("\n"));
    let (workspace, _) = place.index_with(Options { memory_limit: 1 << 40, batch_files: 1, ..place.options() });
    assert_eq!(workspace.status().memory_pauses, 0);
}

#[test]
fn beside_a_writer_its_counters_and_stage_are_told_and_its_end_is_survived() {
    let place = Place::new("a.rs: fn alpha() {}\\n\n b.rs: fn beta() {}\\n");
    let (writer, told) = place.index();
    let (follower, seen) = place.index();
    assert!(writer.status().roots[0].writer && !follower.status().roots[0].writer);
    assert_eq!((seen.files_found, seen.files_done, seen.passages_done), (2, 2, told.passages_done));
    drop((writer, follower));

    // A writer that never comes to its end: one of its texts hangs its parser, which the others' obey nothing of.
    place.write("c.rs", "fn gamma() {} // portolan-fault:hang");
    let writer = Workspace::open(vec![place.root()], place.options()).unwrap();
    let follower = Workspace::open(vec![place.root()], Options { faults: false, ..place.options() }).unwrap();
    assert!(!follower.status().roots[0].writer);
    drop(writer);
    let deadline = Cancel::new().within(std::time::Duration::from_secs(60));
    let events = follower.events();
    while names(&follower, "gamma") == 0 {
        assert!(!deadline.is_cancelled(), "the follower never took over: {:?}", follower.status());
        let _ = events.recv_timeout(std::time::Duration::from_millis(100));
    }
    assert!(follower.status().roots[0].writer);
}

#[test]
fn a_folder_that_is_removed_while_it_is_indexed_stays_away() {
    let place = Place::new("");
    for number in 0..400 {
        place.write(&format!("file_{number}.rs"), &format!("fn function_{number}() {{}}\n"));
    }
    let workspace = Workspace::open(vec![place.root()], place.options()).unwrap();
    let id = workspace.status().roots[0].id;
    workspace.remove_root(&place.root());
    workspace.add_root(&place.root()).unwrap();
    assert!(workspace.status().roots[0].writer, "the store is let go at once");
    workspace.remove_root(&place.root());
    let patience = Cancel::new().within(std::time::Duration::from_secs(60));
    assert!(workspace.settle(&patience));
    let now = workspace.snapshot();
    assert_eq!((now.files(id).len(), now.symbols_named("function_7").len(), now.completeness().files_known), (0, 0, 0));
    workspace.add_root(&place.root()).unwrap();
    assert!(workspace.wait_indexed(Stage::Embedded, &patience));
    assert_eq!(workspace.snapshot().symbols_named("function_7").len(), 1);
    assert_eq!(workspace.notices(), Vec::<String>::new());
}
