//! The state thread, commits and merges, over real stores and without a crawl.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::unbounded;

use super::keeper::look_after_stores;
use super::merging::{Occasion, tidy_up};
use super::options::{MergeOptions, Options};
use super::roots::Root;
use super::shelf::{self, Lot};
use super::state::{Command, Shared, Writer};
use crate::base::cancel::Cancel;
use crate::base::hash::Key;
use crate::base::ids::RootId;
use crate::base::paths::RelPath;
use crate::index::apply::Builder;
use crate::index::build::{FileMeta, FileRecord};
use crate::index::fixture::{deleted, file};
use crate::index::snapshot::FewFacts;
use crate::index::source::{FACTS, SPARE, STAMPS, VECTORS};
use crate::index::stamps::Stamp;
use crate::index::vectors::{VectorRun, quantise, run_key};
use crate::index::view::PackView;

/// Packs of facts that stand after merging.
const MANY: usize = 4;

pub(super) struct Rig {
    dir: tempfile::TempDir,
    pub(super) shared: Arc<Shared>,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::merging(30 * MANY / 16 + 1)
    }

    fn merging(packs: usize) -> Self {
        Self::merging_within(packs, None)
    }

    /// Merges that are of at most so many bytes.
    fn merging_within(packs: usize, bytes: Option<u64>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        let options = Options {
            cache_dir: Some(dir.path().join("cache")),
            merge: MergeOptions { packs, bytes },
            ..Options::default()
        };
        Self::over(dir, options)
    }

    fn over(dir: tempfile::TempDir, options: Options) -> Self {
        let (commands, receiver) = unbounded();
        let mut builder = Builder::new(Arc::new(FewFacts::default()));
        let shared = Arc::new(Shared::new(options, commands, builder.publish()).unwrap());
        let writer = Writer::new(shared.clone(), builder);
        std::thread::spawn(move || writer.run(&receiver));
        Self { dir, shared }
    }

    pub(super) fn root(&self) -> Arc<Root> {
        self.open(&self.dir.path().join("root"))
    }

    fn open(&self, path: &Path) -> Arc<Root> {
        static NUMBERS: AtomicUsize = AtomicUsize::new(0);
        let id = RootId(NUMBERS.fetch_add(1, Ordering::Relaxed) as u16);
        let cancel = self.shared.cancel.child();
        let root = Arc::new(Root::open(path, id, &self.shared.options, false, cancel).unwrap());
        self.shared.roots.write().unwrap().push(root.clone());
        self.shared.ask(|done| Command::AddRoot(root.clone(), done));
        root
    }

    /// Another process on the same folder: it follows.
    fn follower(&self) -> (Self, Arc<Root>) {
        let dir = tempfile::tempdir().unwrap();
        let it = Self::over(dir, self.shared.options.clone());
        let root = it.open(&self.dir.path().join("root"));
        assert!(!root.store.is_writer());
        (it, root)
    }

    fn commit(&self, root: &Root, records: Vec<FileRecord>) {
        self.shared.commit(root, || records.into());
    }

    /// So many packs, each of a file of its own.
    fn fill(&self, root: &Root, packs: usize) {
        for number in 0..packs {
            self.commit(root, vec![file(&format!("file_{number}.rs"), &format!("name_{number} x\n"))]);
        }
    }

    fn found(&self, name: &str) -> usize {
        self.shared.snapshot().symbols_named(name).len()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.shared.cancel.cancel();
        let _ = self.shared.commands.send(Command::Shutdown);
    }
}

/// How many packs of a kind the store of a root has, and how many files are in them, deleted ones included.
fn packs(root: &Root, kind: u32) -> (usize, usize) {
    let state = root.store.state();
    let views: Vec<_> = state.packs.iter().filter(|it| it.kind() == kind).collect();
    let files = |it: &&Arc<crate::store::Pack>| {
        let fresh = shelf::fresh_of(root, std::slice::from_ref(*it));
        fresh.facts.or(fresh.spare).unwrap().1.files().len()
    };
    (views.len(), views.iter().map(files).sum())
}

fn until(is_so: impl Fn() -> bool) {
    let patience = Cancel::new().within(Duration::from_secs(30));
    while !is_so() {
        assert!(!patience.is_cancelled(), "waited too long");
        std::thread::yield_now();
    }
}

#[test]
fn a_merge_waits_while_work_is_paused_and_nobody_waits_for_it() {
    let rig = Rig::new();
    let root = rig.root();
    rig.fill(&root, 8);
    rig.shared.pace.pause(true);
    std::thread::scope(|scope| {
        let merging = scope.spawn(|| tidy_up(&rig.shared, &root, Occasion::Near));
        until(|| rig.shared.pace.held() > 0);
        assert_eq!(packs(&root, FACTS).0, 8);
        // Also one that the merge is of.
        rig.commit(&root, vec![file("file_1.rs", "changed x\n"), file("other.rs", "other x\n")]);
        assert_eq!((packs(&root, FACTS).0, rig.found("changed"), rig.found("name_1")), (9, 1, 0));
        rig.shared.pace.pause(false);
        merging.join().unwrap();
    });
    let said = |it: &Rig| ["changed", "name_1", "name_0", "name_7", "other"].map(|name| it.found(name));
    assert_eq!((packs(&root, FACTS).0, said(&rig)), (9, [1, 0, 1, 1, 1]), "what has changed meanwhile ends a merge");
    tidy_up(&rig.shared, &root, Occasion::Near);
    assert_eq!((packs(&root, FACTS).0 <= MANY, said(&rig)), (true, [1, 0, 1, 1, 1]));
    // A later start says the same.
    assert_eq!(said(&rig.follower().0), [1, 0, 1, 1, 1]);
}

#[test]
fn a_merge_ends_when_its_root_is_removed() {
    let rig = Rig::new();
    let root = rig.root();
    rig.fill(&root, 8);
    rig.shared.pace.pause(true);
    std::thread::scope(|scope| {
        let merging = scope.spawn(|| tidy_up(&rig.shared, &root, Occasion::Whole));
        until(|| rig.shared.pace.held() > 0);
        root.cancel.cancel();
        merging.join().unwrap();
    });
    assert_eq!((packs(&root, FACTS).0, rig.shared.cancel.is_cancelled()), (8, false));
}

#[test]
fn what_a_pass_has_in_hand_of_a_removed_root_is_dropped() {
    let rig = Rig::new();
    let root = rig.root();
    rig.fill(&root, 1);
    assert_eq!(rig.found("name_0"), 1);
    rig.shared.roots.write().unwrap().clear();
    rig.shared.ask(|done| Command::RemoveRoot(root.id, done));
    rig.commit(&root, vec![file("late.rs", "late x\n")]);
    rig.shared.ask(|done| Command::Walked(root.id, 7, false, done));
    let now = rig.shared.snapshot();
    assert_eq!((now.files(root.id).len(), rig.found("late"), now.completeness().files_known), (0, 0, 0));
}

#[test]
fn a_file_that_new_rules_leave_out_is_told_from_one_that_was_only_saved() {
    let rig = Rig::new();
    let root = rig.root();
    for path in ["out.rs", "saved.rs"] {
        std::fs::write(root.path().join(path), "fn name() {}\n").unwrap();
    }
    let [out, saved] = ["out.rs", "saved.rs"].map(|it| RelPath::from_bytes(it.as_bytes()).unwrap());
    let is_left_out = |path: &RelPath, began| root.is_left_out_since(path, began);
    let began = root.now();
    root.touch(&RelPath::default(), root.now());
    assert!(!is_left_out(&out, began));
    std::fs::write(root.path().join(".ignore"), "out.rs\n").unwrap();
    root.rules.forget();
    let [before, touched] = [root.now(), root.now()];
    root.touch(&RelPath::default(), touched);
    assert_eq!((is_left_out(&out, began), is_left_out(&saved, began)), (true, false));
    assert!(!is_left_out(&out, touched), "a pass that began later has judged it by the new rules");
    root.forget_touched(before);
    assert!(is_left_out(&out, began));
    root.forget_touched(touched);
    assert!(!is_left_out(&out, began));
}

#[test]
fn deletions_that_hide_nothing_are_forgotten() {
    let rig = Rig::new();
    let root = rig.root();
    let large: Vec<FileRecord> = (0..200).map(|it| file(&format!("large_{it}.rs"), "word other\n")).collect();
    rig.commit(&root, large);
    rig.commit(&root, vec![deleted("large_0.rs")]);
    for round in 0..30 {
        let path = format!("passing_{round}.rs");
        rig.commit(&root, vec![file(&path, &format!("passing_{round} x\n"))]);
        rig.commit(&root, vec![deleted(&path)]);
        tidy_up(&rig.shared, &root, Occasion::Near);
    }
    let (count, files) = packs(&root, FACTS);
    // Those of the last few rounds may not have been merged yet.
    assert!(count <= MANY && files <= 200 + 1 + 2 * MANY * 3, "{files} files in {count} packs");
    assert_eq!(rig.shared.snapshot().files(root.id).len(), 199);
}

#[test]
fn what_lives_no_more_stays_near_its_share_however_often_it_is_merged() {
    let rig = Rig::merging(30);
    let root = rig.root();
    let mut most_packs = 0;
    for round in 0..200 {
        let mut changed = file("file.rs", &format!("name_{round} x\n"));
        changed.meta.size = 60 << 10;
        rig.commit(&root, vec![changed]);
        tidy_up(&rig.shared, &root, Occasion::Near);
        let (spare, count) = (rig.shared.snapshot().spare_bytes(root.id, &[]), packs(&root, SPARE).0);
        assert!(spare <= (1 << 20) * 7 / 4, "{spare} bytes in {count} packs after round {round}");
        most_packs = count.max(most_packs);
    }
    assert!(most_packs > 1, "never in several packs");
    // The newest of what packs of facts hold no more.
    let known = file("file.rs", "name_188 x\n").hash;
    assert!(rig.shared.snapshot().known(known, |_| true).is_some());
}

/// Bytes of the packs of a kind.
fn bytes(root: &Root, kind: u32) -> u64 {
    root.store.state().packs.iter().filter(|it| it.kind() == kind).map(|it| it.size()).sum()
}

#[test]
fn packs_too_large_to_be_merged_are_rid_of_what_lives_no_more() {
    let rig = Rig::merging_within(32, Some(1));
    let root = rig.root();
    let text = |round: usize, at: usize| format!("name_{at} round_{round} x\n");
    let files = |round: usize, range: std::ops::Range<usize>| -> Vec<FileRecord> {
        range.map(|at| file(&format!("file_{at}.rs"), &text(round, at))).collect()
    };
    rig.commit(&root, files(0, 0..100));
    let fresh = bytes(&root, FACTS);
    for round in 1..=6 {
        // More than half of them, in two packs.
        rig.commit(&root, files(round, 0..30));
        rig.commit(&root, files(round, 30..70));
        tidy_up(&rig.shared, &root, Occasion::Whole);
        let (now, spare) = (bytes(&root, FACTS), packs(&root, SPARE).0);
        assert!(now < 2 * fresh && spare <= 3, "{now} bytes for {fresh} after round {round}, {spare} spare packs");
        let said = [0, 69, 70, 99].map(|at| rig.found(&format!("name_{at}")));
        assert_eq!((said, rig.shared.snapshot().files(root.id).len()), ([1; 4], 100));
    }
    let known = |round: usize| rig.shared.snapshot().known(file("file_7.rs", &text(round, 7)).hash, |_| true).is_some();
    assert_eq!((known(6), known(5), known(0)), (true, true, false), "the newest of it is kept for a while");
    // One that nothing lives of goes as a whole.
    let rest = (0..100).map(|at| deleted(&format!("file_{at}.rs"))).collect();
    rig.commit(&root, rest);
    tidy_up(&rig.shared, &root, Occasion::Whole);
    assert!(bytes(&root, FACTS) < fresh / 2);
    assert_eq!((rig.found("name_0"), rig.follower().0.found("name_99")), (0, 0));
}

#[test]
fn stamps_are_put_together_followed_and_forgotten_with_their_content() {
    let rig = Rig::new();
    let root = rig.root();
    let records = [file("a.rs", "one x\n"), file("b.rs", "two x\n")];
    rig.commit(&root, records.to_vec());
    let restamp = |number: usize, inode: u64| {
        let FileRecord { path, hash, meta, .. } = records[number].clone();
        let stamp = Stamp { path, hash, meta: FileMeta { inode, ..meta } };
        rig.shared.commit(&root, || Lot { stamps: vec![stamp], ..Lot::default() });
    };
    let inode = |rig: &Rig, root: &Root, number: usize| {
        let now = rig.shared.snapshot();
        now.stored(now.file(root.id, &records[number].path).unwrap()).unwrap().meta.inode
    };
    let count = || root.store.state().packs.iter().filter(|it| it.kind() == STAMPS).count();
    for inode in 101..=104 {
        restamp(0, inode);
        tidy_up(&rig.shared, &root, Occasion::Near);
    }
    restamp(1, 200);
    assert_eq!((count(), inode(&rig, &root, 0), inode(&rig, &root, 1)), (5, 104, 200));
    let (follower, theirs) = rig.follower();
    tidy_up(&rig.shared, &root, Occasion::Near);
    restamp(0, 105);
    assert_eq!((count(), inode(&rig, &root, 0), inode(&rig, &root, 1)), (2, 105, 200));
    look_after_stores(&follower.shared);
    assert_eq!((inode(&follower, &theirs, 0), inode(&follower, &theirs, 1)), (105, 200));
    // What another content was found under says nothing of the new one.
    rig.commit(&root, vec![file("a.rs", "changed x\n")]);
    assert_eq!(inode(&rig, &root, 0), records[0].meta.inode);
    tidy_up(&rig.shared, &root, Occasion::Whole);
    assert_eq!((count(), inode(&rig, &root, 1)), (1, 200));
    rig.commit(&root, vec![deleted("b.rs")]);
    restamp(1, 201);
    tidy_up(&rig.shared, &root, Occasion::Whole);
    assert_eq!((count(), rig.follower().0.found("changed")), (0, 1));
    // One that cannot be read costs looks at files, and no answer.
    restamp(0, 300);
    rig.shared.ask(|done| Command::Walked(root.id, 0, true, done));
    let state = root.store.state();
    let _ = state.packs.iter().find(|it| it.kind() == STAMPS).unwrap().mark_damaged("for a test");
    look_after_stores(&rig.shared);
    assert_eq!((count(), rig.shared.snapshot().completeness().is_indexed(), rig.found("changed")), (0, true, 1));
}

#[test]
fn an_open_document_does_not_make_its_pack_a_thin_one() {
    let rig = Rig::merging_within(32, Some(1));
    let root = rig.root();
    rig.fill(&root, 1);
    let record = file("file_0.rs", "open x\n");
    let (path, segments) = (record.path.clone(), record.segments);
    rig.shared.ask(|done| Command::OpenDocument {
        root: root.id,
        path,
        lang: record.lang.to_string(),
        text: "open x\n".into(),
        segments,
        done,
    });
    assert_eq!((rig.found("open"), rig.found("name_0")), (1, 0));
    let packs = |root: &Root| -> Vec<_> { root.store.state().packs.iter().map(|it| it.id()).collect() };
    let before = packs(&root);
    tidy_up(&rig.shared, &root, Occasion::Whole);
    assert_eq!(packs(&root), before);
}

#[test]
fn vectors_that_nobody_uses_leave_packs_too_large_to_be_merged() {
    let rig = Rig::merging_within(32, Some(1));
    let root = rig.root();
    for round in 0..6 {
        let records: Vec<_> = (0..40).map(|at| file(&format!("file_{at}.rs"), &format!("name_{round} x\n"))).collect();
        let run = |it: &FileRecord| {
            let keys = it.segments.iter().map(|segment| run_key(b"", &it.path, segment.key));
            keys.map(|key| VectorRun { key, vectors: vec![quantise(&[0.5; 4])] }).collect::<Vec<_>>()
        };
        let runs = records.iter().flat_map(run).collect();
        let note = shelf::note(&root, root.stage(), &rig.shared.counters.read());
        let lot = Lot { records, runs, stamps: Vec::new() };
        rig.shared.apply(shelf::commit(&root, lot, 4, note).unwrap());
        tidy_up(&rig.shared, &root, Occasion::Whole);
        let all: u64 = rig.shared.snapshot().vectors_stored(root.id);
        let used = rig.shared.snapshot().completeness().vectors;
        assert!(used == 40 && all <= 2 * used, "{all} vectors for {used} after round {round}");
    }
}

#[test]
fn a_follower_takes_a_merge_in_and_keeps_what_stands() {
    let rig = Rig::new();
    let root = rig.root();
    let large: Vec<FileRecord> = (0..50).map(|it| file(&format!("large_{it}.rs"), "large other\n")).collect();
    rig.commit(&root, large);
    rig.fill(&root, 6);
    let (follower, theirs) = rig.follower();
    let view = |rig: &Rig, root: &Root| -> Arc<PackView> {
        let all = rig.shared.snapshot().packs_beside(root.id, &[]);
        all.into_iter().max_by_key(|it| it.files().len()).unwrap()
    };
    let (before, standing) = (view(&follower, &theirs), packs(&root, FACTS).0);
    rig.commit(&root, vec![file("file_2.rs", "changed x\n"), deleted("large_7.rs")]);
    tidy_up(&rig.shared, &root, Occasion::Near);
    rig.commit(&root, vec![file("file_9.rs", "later x\n")]);
    assert!(packs(&root, FACTS).0 < standing);
    look_after_stores(&follower.shared);
    let said = |it: &Rig| ["changed", "name_2", "name_5", "later", "large"].map(|name| it.found(name));
    assert_eq!((said(&follower), said(&rig)), ([1, 0, 1, 1, 49], [1, 0, 1, 1, 49]));
    assert!(Arc::ptr_eq(&before, &view(&follower, &theirs)), "it was opened anew");
    let loaded = |root: &Root| root.store.state().packs.len();
    assert_eq!(follower.shared.snapshot().packs_beside(theirs.id, &[]).len(), packs(&root, FACTS).0);
    assert_eq!(loaded(&theirs), loaded(&root));
}

#[test]
fn another_models_vectors_do_not_push_those_out_that_are_used() {
    let rig = Rig::new();
    let root = rig.root();
    let record = file("a.rs", "one two\n");
    let run = |key, dims: usize| VectorRun { key, vectors: vec![quantise(&vec![0.5; dims])] };
    let used = run_key(b"", &record.path, record.segments[0].key);
    let commit = |records: Vec<FileRecord>, run: VectorRun, dims: usize| {
        let note = shelf::note(&root, root.stage(), &rig.shared.counters.read());
        let lot = Lot { records, runs: vec![run], stamps: Vec::new() };
        rig.shared.apply(shelf::commit(&root, lot, dims, note).unwrap());
    };
    commit(vec![record], run(used, 4), 4);
    for number in 0..4u8 {
        commit(Vec::new(), run(Key([number; 16]), 8), 8);
    }
    assert_eq!(rig.shared.snapshot().completeness().vectors, 1);
    tidy_up(&rig.shared, &root, Occasion::Whole);
    let left = root.store.state().packs.iter().filter(|it| it.kind() == VECTORS).count();
    assert_eq!((left < 5, rig.shared.snapshot().completeness().vectors), (true, 1));
}

#[test]
fn only_damage_in_what_answers_makes_them_incomplete() {
    let rig = Rig::new();
    let root = rig.root();
    rig.fill(&root, 3);
    for number in 0..12 {
        rig.commit(&root, vec![file("file_1.rs", &format!("changed_{number} x\n"))]);
        tidy_up(&rig.shared, &root, Occasion::Near);
    }
    rig.shared.ask(|done| Command::Walked(root.id, 0, true, done));
    let damage = |kind: u32| {
        let state = root.store.state();
        let _ = state.packs.iter().find(|it| it.kind() == kind).unwrap().mark_damaged("for a test");
        look_after_stores(&rig.shared);
        rig.shared.snapshot().completeness().is_indexed()
    };
    assert_eq!((damage(SPARE), packs(&root, SPARE).0, rig.found("changed_11")), (true, 0, 1));
    assert!(!damage(FACTS), "what is lost has to be found again");
}

#[test]
fn whether_an_index_is_kept_is_asked_without_its_packs() {
    let rig = Rig::new();
    let (path, options) = (rig.dir.path().join("root"), &rig.shared.options);
    assert!(!shelf::is_kept(&path, options));
    let root = rig.root();
    let path = root.path().to_path_buf();
    assert!(!shelf::is_kept(&path, options));
    rig.fill(&root, 1);
    let place = root.store.place();
    for entry in std::fs::read_dir(&place).unwrap().flatten() {
        if entry.path().extension().is_some_and(|it| it == "pack") {
            std::fs::write(entry.path(), "nothing").unwrap();
        }
    }
    assert!(shelf::is_kept(&path, options));
}
