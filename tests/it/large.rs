//! Files that are never held whole: what is known of them, and that nothing waits for them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::workspace::{LargeFileOptions, Options, Skip, Stage, Workspace};

use crate::until;

/// Lines that repeat nothing, from number `from` on, about `bytes` of them.
fn lines(from: u64, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 512);
    let mut at = from;
    while out.len() < bytes {
        // Mostly blank: what is looked at here is not how fast words are found.
        writeln!(out, "{:300}{:x}", at, at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).unwrap();
        at += 1;
    }
    out
}

fn open(root: &Path, cache: &Path, large_files: LargeFileOptions) -> Arc<Workspace> {
    let options = Options {
        cache_dir: Some(cache.to_path_buf()),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        follow: false,
        workers: 1,
        large_files,
        ..Options::default()
    };
    let workspace = Workspace::open(vec![root.to_path_buf()], options).unwrap();
    assert!(workspace.wait_indexed(Stage::Indexed, &Cancel::new().within(Duration::from_secs(120))));
    workspace
}

fn knows(workspace: &Workspace, name: &str) -> bool {
    !workspace.snapshot().symbols_named(name).is_empty()
}

#[test]
fn a_large_file_is_known_by_content_and_says_how_much_of_it_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("root"), dir.path().join("cache"));
    std::fs::create_dir(&root).unwrap();
    let log = root.join("a.log");
    let text = lines(0, 20 << 20);
    std::fs::write(&log, &text).unwrap();
    std::fs::write(root.join("b.rs"), "fn beta() {}\n").unwrap();
    // With a thread of its own, and on a reader's.
    for threshold in [17 << 20, 100 << 20] {
        let cache = cache.join(threshold.to_string());
        let large = LargeFileOptions { threshold, window: 1 << 20 };
        let workspace = open(&root, &cache, large);
        assert!(knows(&workspace, "a.log") && knows(&workspace, "beta"));
        let progress = workspace.status_progress();
        assert_eq!((progress.bytes_done, progress.files_done), (progress.bytes_found, 2), "{progress:?}");
        let told = workspace.status().large_files;
        let [(path, it)] = &told[..] else { panic!("{told:?}") };
        assert_eq!(
            (path, it.size, it.done, it.fresh),
            (&log.canonicalize().unwrap(), text.len() as u64, it.size, None)
        );
        let parsed = progress.files_parsed;
        assert_eq!(parsed, 1, "the small file alone");

        // A line more: one chunk is new, no word is made again but those of the head's last piece at most.
        std::fs::File::options().append(true).open(&log).unwrap().write_all(b"the last line\n").unwrap();
        workspace.rescan(vec![log.clone()]);
        let changed = || workspace.status().large_files.first().is_some_and(|it| it.1.fresh.is_some());
        until("it is looked at", changed);
        let (_, it) = &workspace.status().large_files[0];
        assert!(it.fresh.is_some_and(|fresh| fresh > 0 && fresh < 4 << 20), "{it:?}");
        workspace.shutdown();
        std::fs::write(&log, &text).unwrap();
    }
}

#[test]
fn a_renamed_large_file_and_a_binary_one() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("root"), dir.path().join("cache"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("a.log"), lines(0, 17 << 20)).unwrap();
    std::fs::File::create(root.join("image.raw")).unwrap().set_len(5 << 30).unwrap();
    let large = LargeFileOptions { threshold: 1 << 20, window: 4 << 20 };
    let first = open(&root, &cache, large);
    let all = first.file_lines(&Cancel::new());
    let image = all.iter().find(|it| it.path.display() == "image.raw").unwrap();
    assert_eq!(image.skip, Some(Skip::Binary));
    assert_eq!(first.status().large_files.len(), 1, "of a binary file the head is enough");
    first.shutdown();
    drop(first);
    std::fs::rename(root.join("a.log"), root.join("c.log")).unwrap();
    let second = open(&root, &cache, large);
    assert_eq!(second.status_progress().files_reused, 1, "its content is known");
    assert!(knows(&second, "c.log") && !knows(&second, "a.log"));
}

#[test]
fn nothing_waits_for_a_file_that_takes_long() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("root"), dir.path().join("cache"));
    std::fs::create_dir(&root).unwrap();
    let log = root.join("a.log");
    std::fs::write(&log, lines(0, 1 << 20)).unwrap();
    // Far more than is read while this test runs; all but the head is a hole.
    std::fs::File::options().write(true).open(&log).unwrap().set_len(1 << 40).unwrap();
    std::fs::write(root.join("b.rs"), "fn beta() {}\n").unwrap();
    let options = Options {
        cache_dir: Some(cache),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        workers: 1,
        faults: true,
        ..Options::default()
    };
    let workspace = Workspace::open(vec![root.clone()], options).unwrap();
    until("beta is known", || knows(&workspace, "beta"));
    until("it is read", || workspace.status().large_files.first().is_some_and(|it| it.1.done > 0));
    std::fs::write(root.join("c.rs"), "fn gamma() {}\n").unwrap();
    workspace.rescan(vec![log, root.join("c.rs")]);
    until("gamma is known", || knows(&workspace, "gamma"));
    // Nor does a text that takes long itself,
    std::fs::write(root.join("slow.rs"), "fn slow() {} // portolan-fault:hang\n").unwrap();
    workspace.rescan(vec![root.join("slow.rs")]);
    until("it is blamed", || workspace.status().quarantined.iter().any(|it| it.1.contains("did not end within 5 s")));
    // nor another root, nor what comes after the walk of this one.
    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("d.rs"), "fn delta() {}\n").unwrap();
    workspace.add_root(&other).unwrap();
    assert!(workspace.wait_indexed(Stage::Embedded, &Cancel::new().within(Duration::from_secs(60))));
    assert!(knows(&workspace, "delta"));
    let progress = workspace.status_progress();
    assert_eq!((progress.files_done, progress.bytes_done), (progress.files_found, progress.bytes_found));
    assert!(!workspace.snapshot().completeness().is_whole() && workspace.status().changes_waiting > 0);
    let told = workspace.status().large_files;
    assert!(told.iter().all(|it| it.1.done < it.1.size) && !told.is_empty(), "{told:?}");
    // Ends within the stream: a terabyte is not read to its end.
    workspace.shutdown();
}
