//! The whole program killed while it indexes, at every fail point: what is found after is old or new for each file, never
//! both and never anything else, and the next run brings all to the present.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portolan::base::cancel::Cancel;
use portolan::base::failpoint;
use portolan::workspace::{Options, Stage, Workspace};

const SIGKILL: i32 = 9;
const FILES: usize = 12;

/// Files that each declare one function, whose name tells the file and its version.
struct Place {
    dir: tempfile::TempDir,
    versions: [usize; FILES],
}

impl Place {
    fn new() -> Self {
        let it = Self { dir: tempfile::tempdir().expect("a directory"), versions: [0; FILES] };
        std::fs::create_dir(it.root()).expect("a folder");
        (0..FILES).for_each(|file| it.write(file));
        it
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn name(file: usize, version: usize) -> String {
        format!("function_{file}_{version}")
    }

    fn write(&self, file: usize) {
        let path = self.root().join(format!("file_{file}.rs"));
        let name = Self::name(file, self.versions[file]);
        std::fs::write(&path, format!("/// Says {name}.\npub fn {name}() {{}}\n")).expect("it can be written");
        // A time that proves something, and another one for each version.
        let time = SystemTime::now() - Duration::from_secs(1_000_000 - self.versions[file] as u64);
        std::fs::File::options().write(true).open(&path).and_then(|it| it.set_modified(time)).expect("it can be set");
    }

    fn change(&mut self, file: usize) {
        self.versions[file] += 1;
        self.write(file);
    }

    fn open(&self, cache: &Path, read_only: bool) -> Arc<Workspace> {
        let options = Options {
            cache_dir: Some(cache.to_path_buf()),
            executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
            follow: false,
            read_only,
            workers: 1,
            ..Options::default()
        };
        Workspace::open(vec![self.root()], options).expect("a folder")
    }

    /// For each file how often its old and its present name are found.
    fn found(&self, workspace: &Workspace) -> Vec<(usize, usize)> {
        let snapshot = workspace.snapshot();
        let count = |name: String| snapshot.symbols_named(&name).len();
        let of = |(file, &version): (usize, &usize)| {
            (version.checked_sub(1).map_or(0, |old| count(Self::name(file, old))), count(Self::name(file, version)))
        };
        self.versions.iter().enumerate().map(of).collect()
    }
}

/// Whether `portolan index` was killed; if not, it must have succeeded.
fn is_killed(place: &Place, cache: &Path, point: &str) -> bool {
    let status = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(["index".as_ref(), place.root().as_os_str(), "--cache-dir".as_ref(), cache.as_os_str()])
        .env("PORTOLAN_FAILPOINT", point)
        .env("XDG_CONFIG_HOME", place.dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the binary");
    assert!(status.success() || status.signal() == Some(SIGKILL), "{point}: {status}");
    !status.success()
}

#[test]
fn killed_at_every_fail_point_no_wrong_name_is_found() {
    kill_at_every_fail_point(10);
}

#[test]
#[ignore = "minutes; tests/long crash runs it"]
fn long() {
    kill_at_every_fail_point(crate::number("PORTOLAN_TEST_ROUNDS", 300) as usize);
}

/// Until each fail point was hit `wanted` times.
fn kill_at_every_fail_point(wanted: usize) {
    let mut place = Place::new();
    let kept = place.dir.path().join("kept");
    let mut hits: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..wanted + wanted / 2 {
        for point in failpoint::NAMES {
            if hits.get(point).is_some_and(|it| *it >= wanted) {
                continue;
            }
            // Every third time an index is made, else one is changed; the former passes most points twice.
            let fresh = round % 3 == 0;
            let cache = if fresh { place.dir.path().join(format!("fresh-{round}-{point}")) } else { kept.clone() };
            let pass = if fresh { 1 + round / 3 % 2 } else { 1 };
            place.change((round * 5 + hits.len()) % FILES);
            if is_killed(&place, &cache, &format!("{point}:{pass}")) {
                *hits.entry(point).or_default() += 1;
            }
            let looked = place.open(&cache, true);
            for (file, (old, new)) in place.found(&looked).into_iter().enumerate() {
                assert!(old + new <= 1, "{point}:{pass}: file {file} is found {old} times as it was, {new} as it is");
            }
            looked.shutdown();
            drop(looked);
            let mended = place.open(&cache, false);
            assert!(mended.wait_indexed(Stage::Embedded, &Cancel::new().within(Duration::from_secs(60))));
            assert_eq!(mended.status().notices, Vec::<String>::new(), "{point}:{pass}");
            assert_eq!(place.found(&mended), [(0, 1); FILES], "{point}:{pass}");
            mended.shutdown();
            if fresh {
                std::fs::remove_dir_all(&cache).expect("our own");
            }
        }
    }
    let missed: Vec<_> = failpoint::NAMES.iter().filter(|it| hits.get(**it).copied().unwrap_or(0) < wanted).collect();
    assert!(missed.is_empty(), "{missed:?} of {hits:?}");
    println!("{} kills: {hits:?}", hits.values().sum::<usize>());
}
