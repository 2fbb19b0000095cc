//! The store in real processes on a real disk: killed at every fail point, sharing one directory, on a full and on a
//! read-only disk. A child is this test binary again, running the test `child` alone with its part in the
//! environment.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use portolan::base::failpoint;
use portolan::store::{Encoding, PackDraft, PackId, Store, StoreOptions};

const SIGKILL: i32 = 9;

fn open(cache: &Path) -> Store {
    let options = StoreOptions { cache_dir: Some(cache.to_path_buf()), ..StoreOptions::default() };
    Store::open(Path::new("/the/root"), &options)
}

/// The `step`-th generation: three packs that all tell the step, by different ways of writing.
fn commit(store: &Store, step: u64) {
    let old: Vec<PackId> = store.state().packs.iter().map(|it| it.id()).collect();
    let text = |part: &str| format!("step {step} {part} ").into_bytes();
    let small = PackDraft::new(1).section(1, Encoding::Raw, text("small")).section(
        2,
        Encoding::Zstd,
        text("packed").repeat(99),
    );
    let large = PackDraft::new(2).section(1, Encoding::Raw, text("large").repeat(20_000));
    let mut staged = store.stage(3).expect("the disk takes it");
    staged.writer.begin(1).expect("a section");
    for _ in 0..100 {
        staged.writer.append(&text("piece")).expect("the disk takes it");
    }
    let packs = vec![small.into(), large.into(), staged.finish().expect("a pack").into()];
    store.commit(packs, &old, Some(step.to_le_bytes().to_vec())).expect("this process writes");
}

/// The step that the state tells, after everything in it was compared. `None`: nothing was ever committed.
fn step_of(store: &Store) -> Option<u64> {
    let state = store.state();
    if state.packs.is_empty() {
        assert!(state.extra.is_empty());
        return None;
    }
    let step = u64::from_le_bytes(state.extra[..].try_into().expect("eight bytes"));
    let text = |part: &str| format!("step {step} {part} ").into_bytes();
    let wanted = [text("small"), text("large").repeat(20_000), text("piece").repeat(100)];
    assert_eq!(state.packs.len(), 3);
    for (pack, wanted) in state.packs.iter().zip(wanted) {
        pack.check_all().expect("whole");
        assert!(*pack.section(1).expect("readable") == wanted, "step {step}, kind {}", pack.kind());
    }
    assert_eq!(*state.packs[0].section(2).expect("readable"), text("packed").repeat(99));
    Some(step)
}

/// What a child does: commits for ever, until it is killed. Each confirmed step goes to a file beside the cache.
#[test]
fn child() {
    let Some(place) = std::env::var_os("PORTOLAN_TEST_PLACE") else { return };
    let place = Path::new(&place);
    let store = open(&place.join("cache"));
    if std::env::var_os("PORTOLAN_TEST_REFUSED").is_some() {
        return go_on_in_memory(&store);
    }
    let mut step = step_of(&store).map_or(0, |it| it + 1);
    for _ in 0..10_000 {
        if store.is_writer() {
            commit(&store, step);
            assert!(store.is_saved(), "{:?}", store.notices());
            std::fs::write(place.join("confirmed"), step.to_le_bytes()).expect("a file beside the cache");
            step += 1;
        } else {
            store.refresh();
            if let Some(found) = step_of(&store) {
                assert!(found + 1 >= step, "went back from {step} to {found}");
                step = found + 1;
            }
            std::thread::yield_now();
        }
    }
}

/// Commits on a disk that takes none of it: all is right in memory, said once, and the old index stands on disk.
fn go_on_in_memory(store: &Store) {
    let before = step_of(store).expect("an index made before");
    let text = |step: u64| format!("step {step} ").into_bytes().repeat(40_000);
    for step in 1..5 {
        let draft = PackDraft::new(9).section(1, Encoding::Raw, text(step));
        let state = store.commit(vec![draft.into()], &[], None).expect("kept in memory");
        assert!(!store.is_saved());
        assert_eq!(state.packs.len() as u64, 3 + step);
        assert!(*state.packs[2 + step as usize].section(1).expect("readable") == text(step));
    }
    let notices = store.notices();
    assert!(notices.len() == 1 && notices[0].contains("memory only"), "{notices:?}");
    assert!(store.refresh().is_none() && before > 0);
}

fn start(place: &Path, failpoint: &str) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "store::child", "--test-threads=1"])
        .env("PORTOLAN_TEST_PLACE", place)
        .env("PORTOLAN_FAILPOINT", failpoint)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this test starts")
}

fn confirmed(place: &Path) -> Option<u64> {
    let bytes = std::fs::read(place.join("confirmed")).ok()?;
    bytes.try_into().ok().map(u64::from_le_bytes)
}

#[test]
fn killed_at_every_fail_point_the_last_confirmed_commit_is_found() {
    kill_at_every_fail_point(10);
}

#[test]
#[ignore = "minutes; tests/long crash runs it"]
fn long() {
    kill_at_every_fail_point(crate::number("PORTOLAN_TEST_ROUNDS", 300));
}

fn kill_at_every_fail_point(rounds: u64) {
    let place = tempfile::tempdir().expect("a directory");
    let mut hits = BTreeMap::new();
    let mut least = None;
    for round in 0..rounds {
        // Each round another pass: an early or a later commit of the process, this or that pack of it.
        let pass = 1 + round % 10;
        for name in failpoint::NAMES.iter().filter(|it| it.starts_with("pack.") || it.starts_with("manifest.")) {
            let status = start(place.path(), &format!("{name}:{pass}")).wait().expect("it ends");
            assert_eq!(status.signal(), Some(SIGKILL), "{name}:{pass}: {status}");
            *hits.entry(*name).or_insert(0) += 1;
            let store = open(&place.path().join("cache"));
            assert!(store.is_writer());
            assert_eq!(store.notices(), [""; 0], "{name}:{pass}");
            // At least what was confirmed or found before; the commit in flight may have arrived unconfirmed.
            least = least.max(confirmed(place.path()));
            let found = step_of(&store);
            let next = least.map_or(0, |it| it + 1);
            assert!(found == least || found == Some(next), "{name}:{pass}: {found:?} after {least:?}");
            least = found;
        }
    }
    assert!(hits.len() == 10 && hits.values().all(|&it| it >= rounds), "{hits:?}");
    println!("{} kills: {hits:?}", rounds * 10);
    let files = std::fs::read_dir(place.path().join("cache/v1")).expect("one index").count();
    assert_eq!(files, 1);
}

#[test]
fn when_the_writer_is_killed_another_goes_on() {
    let place = tempfile::tempdir().expect("a directory");
    let mut children: Vec<Child> = (0..4).map(|_| start(place.path(), "")).collect();
    let mut reader = open(&place.path().join("cache"));
    let mut last = None;
    for round in 0..12 {
        // Whoever writes now is killed; the commits of the next one prove the taking over.
        let seen = last;
        while last.is_none() || last <= seen.map(|it: u64| it + 5) {
            reader.refresh();
            if reader.is_writer() {
                // We were faster than the children: hand it back.
                drop(reader);
                reader = open(&place.path().join("cache"));
            }
            last = step_of(&reader);
            assert!(last >= seen, "round {round}");
        }
        let victim = &mut children[round % 4];
        victim.kill().expect("it runs");
        victim.wait().expect("it ends");
        *victim = start(place.path(), "");
    }
    for child in &mut children {
        assert!(child.try_wait().expect("it can be asked").is_none(), "a child failed");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }
    reader.refresh();
    assert!(reader.is_writer() && reader.notices().is_empty());
    assert!(step_of(&reader) >= last);
}

#[test]
fn a_limit_on_the_size_of_files_ends_no_process() {
    let place = tempfile::tempdir().expect("a directory");
    let store = open(&place.path().join("cache"));
    commit(&store, 1);
    drop(store);
    // 256 KiB: the packs of the child are larger; by default the system answers with a deadly signal.
    let script = "ulimit -f 512 && exec \"$0\" --exact store::child --test-threads=1";
    let child = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().expect("this test"))
        .env("PORTOLAN_TEST_PLACE", place.path())
        .env("PORTOLAN_TEST_REFUSED", "1")
        .output()
        .expect("a shell");
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let store = open(&place.path().join("cache"));
    assert_eq!((step_of(&store), store.notices()), (Some(1), Vec::new()));
}
