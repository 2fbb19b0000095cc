//! Whatever the way to a state (packs, deletions, open documents, merges), it answers as a rebuild from its live files.

use super::*;
use crate::base::cancel::Cancel;
use crate::facts::words::QueryTerm;
use crate::index::build::build_facts_pack;
use crate::index::fixture::*;
use crate::index::merge::{merge, merge_vectors};
use crate::index::source::MemoryPack;
use crate::index::vectors::{VectorRun, VectorView, build_vector_pack, quantise, run_key};
use crate::store::pack::PackId;
use proptest::prelude::*;
use std::collections::BTreeMap;

const ROOT: RootId = RootId(0);
const PATHS: [&str; 5] = ["src/alpha.rs", "src/beta_words.rs", "tests/gamma.rs", "vendor/delta/alpha.rs", "zeta.rs"];
const NAMES: [&str; 10] = [
    "open_file",
    "OpenFile",
    "retry_with_backoff",
    "Router",
    "route",
    "parse",
    "parseTree",
    "x",
    "Web.Router",
    "Mail.Outbox",
];

fn builder() -> Builder {
    let mut it = Builder::new(Arc::new(FewFacts::default()));
    it.set_model(b"model");
    it
}

fn view(files: &[crate::index::build::FileRecord]) -> Arc<PackView> {
    Arc::new(PackView::in_memory(build_facts_pack(files)).unwrap())
}

/// A vector that depends on the text alone.
fn vector(seed: u64) -> Vec<f32> {
    (0..32u64)
        .map(|it| ((seed ^ it.wrapping_mul(0x9E37_79B9)).wrapping_mul(0xD134_2543_DE82_EF95) >> 40) as f32 - 8e6)
        .collect()
}

fn vectors(path: &RelPath, text: &str) -> Arc<VectorView> {
    let runs: Vec<VectorRun> = segments(text)
        .iter()
        .map(|it| {
            let seeds = (0..it.facts.passages.len() as u64).map(|at| u64::from(it.key.0[0]) << 8 | at);
            VectorRun { key: run_key(b"model", path, it.key), vectors: seeds.map(|it| quantise(&vector(it))).collect() }
        })
        .collect();
    Arc::new(VectorView::open(&MemoryPack::new(build_vector_pack(32, &runs))).unwrap())
}

/// All answers, with paths in the place of numbers.
fn answers(snapshot: &Snapshot) -> String {
    use std::fmt::Write;
    let cancel = Cancel::new();
    let name = |file| snapshot.path(file).unwrap().1.display();
    let place = |id| {
        let it = snapshot.passage(id).unwrap();
        (name(it.file), it.span, it.lines, it.segment, it.index, it.symbol, it.terms)
    };
    let mut out = String::new();
    for query in [&["open", "file"][..], &["retry", "parse", "alpha"], &["router"]] {
        let terms: Vec<QueryTerm> = query.iter().map(|it| QueryTerm { text: it.to_string(), weight: 1.0 }).collect();
        let hits = snapshot.lexical(&terms, 1000, &cancel);
        let mut rows: Vec<_> = hits
            .iter()
            .map(|it| (it.score.to_bits(), it.name.to_bits(), it.path.to_bits(), it.terms, place(it.passage)))
            .collect();
        rows.sort_by(|a, b| a.4.cmp(&b.4));
        writeln!(out, "{query:?} {rows:?}").unwrap();
    }
    let hits = snapshot.nearest(&vector(1), 1000, &cancel);
    assert!(
        hits.iter().all(|it| snapshot.nearness(it.passage, &vector(1)) == Some(it.score)),
        "one by one as all at once"
    );
    assert!(hits.iter().all(|it| snapshot.nearness(it.passage, &[1.0]).is_none()), "another length");
    let mut near: Vec<_> = hits.iter().map(|it| (it.score.to_bits(), place(it.passage))).collect();
    near.sort_by(|a, b| a.1.cmp(&b.1));
    writeln!(out, "nearest {near:?}").unwrap();
    for query in ["opf", "rout", "parsetree", "retrybackof", "outbox"] {
        writeln!(out, "{query} {:?}", snapshot.fuzzy(query, 5, &cancel)).unwrap();
    }
    for it in NAMES.into_iter().chain(["Outbox"]) {
        let symbols = snapshot.symbols_named(it);
        let symbols: Vec<_> =
            symbols.iter().map(|it| (name(it.file), it.line, it.column, it.segment, it.index)).collect();
        let users: Vec<_> = snapshot.files_using(it, 100, &cancel).into_iter().map(name).collect();
        writeln!(out, "{it} {symbols:?} {users:?}").unwrap();
    }
    let it = snapshot.completeness();
    let mut files: Vec<_> =
        snapshot.files(ROOT).into_iter().map(|it| (name(it), snapshot.facts(it).map(|it| it.segments.len()))).collect();
    files.sort();
    writeln!(out, "{} {} {} {files:?}", it.files_done, it.passages, it.vectors).unwrap();
    out
}

#[derive(Clone, Debug)]
enum Step {
    Pack(Vec<(usize, Option<String>)>),
    Remove(usize),
    Open(usize, String),
    Close(usize),
    Vectors(usize),
    Merge,
    /// Of the packs (of vectors) whose bit is set.
    MergeSome(u8),
    MergeVectors(u8),
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec((0..NAMES.len(), 0..NAMES.len(), 0..9u8), 1..9).prop_map(|lines| {
        let mut out = String::new();
        for (name, used, cut) in lines {
            out.push_str(&format!("{} {}\n{}", NAMES[name], NAMES[used], if cut == 0 { "--\n" } else { "" }));
        }
        out
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => proptest::collection::vec((0..5usize, proptest::option::weighted(0.8, text())), 1..4).prop_map(Step::Pack),
        1 => (0..5usize).prop_map(Step::Remove),
        2 => (0..5usize, text()).prop_map(|(at, text)| Step::Open(at, text)),
        1 => (0..5usize).prop_map(Step::Close),
        2 => (0..5usize).prop_map(Step::Vectors),
        1 => Just(Step::Merge),
        2 => any::<u8>().prop_map(Step::MergeSome),
        1 => any::<u8>().prop_map(Step::MergeVectors),
    ]
}

fn with(mut set: BitSet, at: usize) -> BitSet {
    set.set(at);
    set
}

/// Takes out those whose bit is set.
fn chosen(all: &mut Vec<PackId>, which: u8) -> Vec<PackId> {
    let mut at = 0;
    all.extract_if(.., |_| {
        at += 1;
        which >> (at - 1) & 1 != 0
    })
    .collect()
}

/// What the files should be.
#[derive(Default)]
struct Model {
    disk: BTreeMap<usize, String>,
    open: BTreeMap<usize, String>,
    vectors: Vec<(usize, String)>,
    packs: Vec<PackId>,
    vector_packs: Vec<PackId>,
    /// Something has been taken away without a pack that says so.
    removed: bool,
    next: u8,
}

impl Model {
    fn id(&mut self) -> PackId {
        self.next += 1;
        PackId([self.next; 16])
    }

    fn text(&self, at: usize) -> Option<&String> {
        self.open.get(&at).or(self.disk.get(&at))
    }

    fn take(&mut self, builder: &mut Builder, step: Step) {
        match step {
            Step::Pack(files) => {
                let files: BTreeMap<usize, Option<String>> = files.into_iter().collect();
                let records: Vec<_> = files
                    .iter()
                    .map(|(at, text)| text.as_ref().map_or_else(|| deleted(PATHS[*at]), |text| file(PATHS[*at], text)))
                    .collect();
                // As in the store, a pack is named by what it holds, and one that is written again comes last.
                let id = PackId(Key::of("pack", &[format!("{files:?}").as_bytes()]).0);
                builder.apply_facts(ROOT, id, view(&records));
                self.packs.retain(|it| *it != id);
                self.packs.push(id);
                for (at, text) in files {
                    match text {
                        Some(text) => drop(self.disk.insert(at, text)),
                        None => drop(self.disk.remove(&at)),
                    }
                }
            }
            Step::Remove(at) => {
                builder.remove_files(ROOT, &[path(PATHS[at])]);
                self.disk.remove(&at);
                self.removed = true;
            }
            Step::Open(at, text) => {
                builder.open_document(ROOT, &path(PATHS[at]), "rust", text.as_str().into(), segments(&text));
                self.open.insert(at, text);
            }
            Step::Close(at) => {
                builder.close_document(ROOT, &path(PATHS[at]));
                self.open.remove(&at);
            }
            Step::Vectors(at) => {
                let Some(text) = self.text(at).cloned() else { return };
                let id = self.id();
                builder.apply_vectors(ROOT, id, vectors(&path(PATHS[at]), &text));
                self.vectors.push((at, text));
                self.vector_packs.push(id);
            }
            Step::Merge => {
                let parts: Vec<_> = self.packs.iter().map(|&id| builder.survivors(RootId(0), id).unwrap()).collect();
                let parts: Vec<_> = parts.iter().map(|it| (&*it.0, &it.1)).collect();
                let merged = merge(&parts, false).unwrap();
                let records: Vec<_> = self.disk.iter().map(|(at, text)| file(PATHS[*at], text)).collect();
                assert_eq!(merged, build_facts_pack(&records), "a merge is a rebuild");
                let (id, old) = (self.id(), std::mem::take(&mut self.packs));
                builder.replace(ROOT, &old, id, Arc::new(PackView::in_memory(merged).unwrap()));
                self.packs.push(id);
            }
            Step::MergeSome(which) => self.merge_some(builder, which),
            Step::MergeVectors(which) => self.merge_vectors(builder, which),
        }
    }

    fn merge_some(&mut self, builder: &mut Builder, which: u8) {
        let old = chosen(&mut self.packs, which);
        let parts: Vec<_> = old.iter().map(|&id| builder.survivors(ROOT, id).unwrap()).collect();
        let parts: Vec<_> = parts.iter().map(|it| (&*it.0, &it.1)).collect();
        let merged = merge(&parts, true).unwrap();
        let id = self.id();
        builder.replace(ROOT, &old, id, Arc::new(PackView::in_memory(merged).unwrap()));
        self.packs.push(id);
    }

    fn merge_vectors(&mut self, builder: &mut Builder, which: u8) {
        let old = chosen(&mut self.vector_packs, which);
        let parts: Vec<_> = builder.used_vectors(ROOT, &old).0.into_iter().map(|it| it.1.view).collect();
        let all: Vec<BitSet> = parts.iter().map(|it| (0..it.run_count()).fold(BitSet::default(), with)).collect();
        let parts: Vec<_> = parts.iter().map(|it| &**it).zip(&all).collect();
        let mut merged = Vec::new();
        merge_vectors(&parts, &mut merged).unwrap();
        let id = self.id();
        let view = VectorView::open(&MemoryPack::new(merged)).unwrap();
        builder.replace_vectors(ROOT, &old, id, Arc::new(view));
        self.vector_packs.push(id);
    }

    /// What a later start makes of the packs, in their order.
    fn reloaded(&self, from: &Builder) -> Snapshot {
        let mut it = builder();
        for (id, used) in from.used_vectors(ROOT, &self.vector_packs).0 {
            it.apply_vectors(ROOT, id, used.view);
        }
        for &id in &self.packs {
            it.apply_facts(ROOT, id, from.survivors(ROOT, id).unwrap().0);
        }
        for (&at, text) in &self.open {
            it.open_document(ROOT, &path(PATHS[at]), "rust", text.as_str().into(), segments(text));
        }
        it.publish()
    }

    /// One pack of the live files, all vectors.
    fn rebuilt(&self) -> Snapshot {
        let mut it = builder();
        for (number, (at, text)) in self.vectors.iter().enumerate() {
            it.apply_vectors(ROOT, PackId([100 + number as u8; 16]), vectors(&path(PATHS[*at]), text));
        }
        let records: Vec<_> = (0..5).filter_map(|at| Some(file(PATHS[at], self.text(at)?))).collect();
        it.apply_facts(ROOT, PackId([254; 16]), view(&records));
        it.publish()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_way_equals_a_rebuild(steps in proptest::collection::vec(step(), 1..12)) {
        let (mut builder, mut model) = (builder(), Model::default());
        for step in steps {
            model.take(&mut builder, step);
            let snapshot = builder.publish();
            let files_only_open = model.open.keys().filter(|it| !model.disk.contains_key(it)).count() as u64;
            let mut wanted = model.rebuilt();
            // A document without a file is no file of the workspace that waits to be indexed.
            let counts = &mut Arc::make_mut(&mut wanted.0).completeness;
            counts.files_done -= files_only_open;
            counts.files_known -= files_only_open;
            prop_assert_eq!(answers(&snapshot), answers(&wanted));
            prop_assert_eq!(snapshot.faults(), vec![]);
            if !model.removed {
                let mut again = model.reloaded(&builder);
                Arc::make_mut(&mut again.0).completeness.files_done = snapshot.completeness().files_done;
                prop_assert_eq!(answers(&snapshot), answers(&again));
            }
        }
    }
}

#[test]
fn a_file_deleted_twice_is_gone() {
    let mut it = builder();
    let (there, gone) = (view(&[file("a.rs", "one two\n")]), view(&[deleted("a.rs")]));
    for (id, pack) in [(1, &there), (2, &gone), (3, &there), (2, &gone)] {
        it.apply_facts(ROOT, PackId([id; 16]), pack.clone());
    }
    let now = it.publish();
    assert_eq!((now.file(ROOT, &path("a.rs")), now.symbols_named("one").len(), now.packs().count()), (None, 0, 3));
    // The pack with its words comes back as well.
    it.apply_facts(ROOT, PackId([1; 16]), there);
    assert_eq!(it.publish().symbols_named("one").len(), 1);
}

#[test]
fn roots_with_equal_packs_keep_apart() {
    let mut it = builder();
    let pack = view(&[file("a.rs", "one two\n")]);
    for root in [ROOT, RootId(7)] {
        it.apply_facts(root, PackId([1; 16]), pack.clone());
    }
    it.apply_facts(RootId(7), PackId([2; 16]), view(&[deleted("a.rs")]));
    let kept = |root| it.survivors(root, PackId([1; 16])).unwrap().1.has(0);
    assert_eq!((kept(ROOT), kept(RootId(7))), (true, false));
    it.drop_packs(RootId(7), &[PackId([1; 16])]);
    assert_eq!(it.publish().symbols_named("one").len(), 1);
}

#[test]
fn a_file_keeps_its_number() {
    let mut it = builder();
    it.apply_facts(ROOT, PackId([1; 16]), view(&[file("a.rs", "one two\n"), file("b.rs", "two\n")]));
    let first = it.publish();
    let id = first.file(ROOT, &path("b.rs")).unwrap();
    it.apply_facts(ROOT, PackId([2; 16]), view(&[file("b.rs", "three\n"), deleted("a.rs")]));
    let second = it.publish();
    assert_eq!(second.file(ROOT, &path("b.rs")), Some(id));
    assert_eq!(second.file(ROOT, &path("a.rs")), None);
    assert_eq!((first.symbols_named("two").len(), second.symbols_named("two").len()), (1, 0));
    assert!(second.generation() > first.generation());
}

#[test]
fn facts_come_back_with_terms() {
    let mut it = builder();
    let record = file("a.rs", "open_file parse\nRouter x\nparse\nroute y\n");
    it.apply_facts(ROOT, PackId([1; 16]), view(std::slice::from_ref(&record)));
    // Also when it lives no more.
    it.apply_facts(ROOT, PackId([2; 16]), view(&[file("a.rs", "other\n")]));
    let snapshot = it.publish();
    let known = snapshot.known(record.hash, |_| true).unwrap();
    let found = snapshot.segments_of_known(&[known]).remove(0).unwrap();
    let (old, new) = (&record.segments[0].facts, &found[0].facts);
    let terms = |facts: &crate::facts::Facts| -> Vec<Vec<(String, u8, u8)>> {
        let one = |it: &crate::facts::Passage| {
            let mut all: Vec<_> =
                it.terms.iter().map(|it| (facts.text(it.text).to_owned(), it.body, it.name)).collect();
            all.sort();
            all
        };
        facts.passages.iter().map(one).collect()
    };
    assert_eq!(terms(old), terms(new));
    assert_eq!((found.len(), found[0].key), (1, record.segments[0].key));
    assert!(snapshot.known(record.hash, |_| false).is_none());
    assert!(!snapshot.is_live(record.hash));
}

#[test]
fn what_lives_no_more_is_asked_by_its_content_alone() {
    let mut it = builder();
    let (one, two) = (file("a.rs", "open_file parse\n"), file("a.rs", "Router x\n"));
    let all = |view: &PackView| (0..view.files().len()).fold(BitSet::default(), with);
    let (first, second) = (view(std::slice::from_ref(&one)), view(std::slice::from_ref(&two)));
    let (kept_first, kept_second) = (all(&first), all(&second));
    let mut sections = Vec::new();
    // Twice the same content, and two files of one path.
    let parts = [(&*first, &kept_first), (&*second, &kept_second), (&*first, &kept_first)];
    crate::index::merge::merge_into(&parts, crate::index::merge::Of::Spare, &mut sections).unwrap();
    let spare = Arc::new(PackView::in_memory(sections).unwrap());
    assert_eq!(spare.files().len(), 2);
    let nothing = answers(&it.publish());
    it.apply_spare(ROOT, PackId([1; 16]), spare);
    let snapshot = it.publish();
    assert_eq!(answers(&snapshot), nothing);
    for record in [&one, &two] {
        let known = snapshot.known(record.hash, |it| it.lang == "rust").unwrap();
        let found = snapshot.segments_of_known(&[known]).remove(0).unwrap();
        assert_eq!(found[0].key, record.segments[0].key);
        assert_eq!(found[0].facts.passages.len(), record.segments[0].facts.passages.len());
    }
    it.drop_packs(ROOT, &[PackId([1; 16])]);
    assert!(it.publish().known(one.hash, |_| true).is_none());
}

#[test]
fn files_beneath_a_path() {
    let mut it = builder();
    let all = ["a", "a.b", "a/c.rs", "a/d/e.rs", "a0", "b/a/c.rs"];
    it.apply_facts(ROOT, PackId([1; 16]), view(&all.map(|it| file(it, "one\n"))));
    it.apply_facts(ROOT, PackId([2; 16]), view(&[deleted("a/c.rs"), file("a/d/e.rs", "two\n")]));
    let snapshot = it.publish();
    let beneath = |top: &str| -> Vec<String> {
        let found = snapshot.stored_beneath(ROOT, &path(top));
        let mut found: Vec<_> =
            found.into_iter().map(|it| snapshot.path(it).unwrap().1.display().to_string()).collect();
        found.sort();
        found
    };
    assert_eq!(beneath("a"), ["a", "a/d/e.rs"]);
    assert_eq!(beneath("a/d"), ["a/d/e.rs"]);
    assert_eq!(beneath("a/c.rs"), Vec::<String>::new());
    assert_eq!(beneath("").len(), 5);
}

#[test]
fn an_older_texts_vectors_are_not_taken() {
    let mut it = builder();
    it.open_document(ROOT, &path("a.rs"), "rust", "one\n".into(), segments("one\n"));
    let old = vectors(&path("a.rs"), "one\n");
    it.open_document(ROOT, &path("a.rs"), "rust", "two\n".into(), segments("two\n"));
    it.apply_vectors(ROOT, PackId([1; 16]), old);
    assert_eq!(it.publish().completeness().vectors, 0);
    it.apply_vectors(ROOT, PackId([2; 16]), vectors(&path("a.rs"), "two\n"));
    assert_eq!(it.publish().completeness().vectors, 1);
}

#[test]
fn an_open_documents_vectors_are_its_own_and_go_with_it() {
    let mut it = builder();
    let (one, two) = (path("a.rs"), path("b.rs"));
    let runs = |path: &RelPath, text: &str| {
        let view = vectors(path, text);
        (view.dims(), (0..view.run_count()).map(|run| view.vectors(run)).collect::<Vec<_>>())
    };
    let told = |it: &mut Builder| {
        let snapshot = it.publish();
        (snapshot.completeness().vectors, snapshot.0.vectors.iter().flatten().count())
    };
    // Nobody has it open: nothing to do.
    let (dims, of_one) = runs(&one, "one\n");
    it.apply_document_vectors(ROOT, &one, dims, of_one.clone());
    assert_eq!(told(&mut it), (0, 0));
    it.open_document(ROOT, &one, "rust", "one\n".into(), segments("one\n"));
    it.open_document(ROOT, &two, "rust", "two\n".into(), segments("two\n"));
    assert_eq!(it.publish().documents_without_vectors().len(), 2);
    it.apply_document_vectors(ROOT, &one, dims, of_one.clone());
    assert_eq!(told(&mut it), (1, 1));
    // However often it changes, it has one pack, of what it holds now.
    for text in ["three\n", "four\n", "five\n"] {
        it.open_document(ROOT, &one, "rust", text.into(), segments(text));
        assert_eq!(told(&mut it), (0, 1));
        it.apply_document_vectors(ROOT, &one, dims, runs(&one, text).1);
        assert_eq!(told(&mut it), (1, 1));
        it.apply_document_vectors(ROOT, &one, dims, of_one.clone());
        assert_eq!(told(&mut it), (1, 1), "an older text's vectors change nothing");
    }
    it.apply_document_vectors(ROOT, &two, dims, runs(&two, "two\n").1);
    assert_eq!(told(&mut it), (2, 2));
    it.close_document(ROOT, &one);
    it.close_document(ROOT, &two);
    assert_eq!(told(&mut it), (0, 0));
}

#[test]
fn a_document_of_one_state_in_a_later_index() {
    let mut it = builder();
    let (one, two) = (path("a.rs"), path("b.rs"));
    it.open_document(ROOT, &one, "rust", "one\n".into(), segments("one\n"));
    let before = it.publish();
    it.open_document(ROOT, &two, "rust", "two\n".into(), segments("two\n"));
    it.open_document(ROOT, &one, "rust", "three\n".into(), segments("three\n"));
    let now = it.publish();
    let file = now.file(ROOT, &one).unwrap();
    let mixed = now.with_document_of(&before, file);
    let texts = |it: &Snapshot| [&one, &two].map(|path| it.file(ROOT, path).and_then(|it2| it.open_text(it2)));
    assert_eq!(texts(&mixed), [Some("one\n".into()), Some("two\n".into())]);
    assert_eq!(texts(&now), [Some("three\n".into()), Some("two\n".into())]);
    assert_eq!(mixed.files_using("one", 9, &Cancel::new()), now.files_using("three", 9, &Cancel::new()));
    let other = now.file(ROOT, &two).unwrap();
    assert_eq!(texts(&before.with_document_of(&now, other))[0], Some("one\n".into()));
}

#[test]
fn a_text_too_long_for_vectors_is_waited_for_by_nobody() {
    let mut it = builder();
    let mut long = file("data.rs", "one two\n");
    long.segments.last_mut().unwrap().span.end = crate::index::vectors::MOST_EMBEDDED + 1;
    it.apply_facts(ROOT, PackId([1; 16]), view(&[long.clone(), file("short.rs", "three\n")]));
    let snapshot = it.publish();
    let name = |id| snapshot.path(id).unwrap().1.display();
    let missing: Vec<String> =
        snapshot.without_vectors(RootId(0), 10, &|_| true).into_iter().map(|it| name(it.file)).collect();
    assert_eq!((missing, snapshot.completeness().vectors), (vec!["short.rs".to_owned()], 1));
    it.open_document(ROOT, &path("data.rs"), "rust", "one two\n".into(), long.segments);
    let snapshot = it.publish();
    assert_eq!((snapshot.documents_without_vectors().len(), snapshot.completeness().vectors), (0, 1));
}

#[test]
fn vectors_that_another_root_has_as_well_count_as_used() {
    let other = RootId(7);
    let text = "one two\n";
    for own_first in [true, false] {
        let mut it = builder();
        let both = vectors(&path("a.rs"), text);
        let mut roots = [(ROOT, PackId([1; 16])), (other, PackId([2; 16]))];
        if !own_first {
            roots.reverse();
        }
        for (root, id) in roots {
            it.apply_vectors(root, id, both.clone());
        }
        it.apply_facts(ROOT, PackId([3; 16]), view(&[file("a.rs", text)]));
        let (found, count) = it.used_vectors(ROOT, &[PackId([1; 16])]);
        assert!((0..both.run_count()).all(|run| found[0].1.used.has(run)), "own first: {own_first}");
        assert_eq!(count, 1);
    }
}

#[test]
fn nobody_waits_longer_than_a_pack_stands() {
    let pack = view(&[file("a.rs", "one two\n--\nthree\n")]);
    let waiting = |it: &Builder| it.waiting.values().map(Vec::len).sum::<usize>();
    for (model, segments) in [(&b"model"[..], 2), (b"", 0)] {
        let mut it = Builder::new(Arc::new(FewFacts::default()));
        it.set_model(model);
        it.apply_facts(ROOT, PackId([1; 16]), pack.clone());
        for number in 2..9 {
            it.replace(ROOT, &[PackId([number - 1; 16])], PackId([number; 16]), pack.clone());
        }
        assert_eq!(waiting(&it), segments);
    }
}
