//! The near lane's looks, with what another pass commits between their beginning and their walk.

use std::sync::atomic::AtomicU64;

use super::*;
use crate::index::fixture::file;
use crate::workspace::crawl::run;
use crate::workspace::progress::Counters;
use crate::workspace::tests::Rig;
use crate::workspace::worker::{Pool, PoolOptions};

#[test]
fn what_another_pass_brings_into_a_folder_before_it_is_watched_stays_only_where_it_belongs() {
    let rig = Rig::new();
    let root = rig.root();
    let pool = Pool::new(PoolOptions { workers: 1, ..PoolOptions::default() }).unwrap();
    let path = |it: &str| RelPath::from_bytes(it.as_bytes()).unwrap();
    for folder in ["folder", "other"] {
        std::fs::create_dir(root.path().join(folder)).unwrap();
        // A binary file: no parser is needed for it.
        std::fs::write(root.path().join(folder).join("file"), "\0\0").unwrap();
    }
    let (shared, counters) = (&*rig.shared, Counters::default());
    let look = Pass {
        shared,
        root: &root,
        paths: vec![path("folder"), path("other")],
        snapshot: shared.snapshot_between_commits(&root),
        pool: &pool,
        counters: &counters,
        cancel: &root.cancel,
        lane: Lane::Near,
        asked: false,
        again: false,
        waited: AtomicU64::default(),
    };
    let brought = ["folder/file", "other/file", "other/gone.rs", "elsewhere.rs"];
    shared.commit(&root, || brought.map(|it| file(it, "name x\n")).to_vec().into());
    let knows = |it: &str| shared.snapshot().file(root.id, &path(it)).is_some();
    assert_eq!(brought.map(knows), [true; 4]);
    // It leaves itself out as well.
    std::fs::write(root.path().join("folder/.ignore"), "*\n").unwrap();
    assert!(run(&look).complete);
    assert_eq!(brought.map(knows), [false, true, false, true]);
}
