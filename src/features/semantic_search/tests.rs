//! Questions to small workspaces: real extraction, a pack in memory, the fake embedder.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use expect_test::{Expect, expect};

use super::*;
use crate::base::hash::{ContentHash, Key};
use crate::embed::{EmbedError, batch, fake::Fake};
use crate::index::apply::Builder;
use crate::index::apply::PackId;
use crate::index::build::{FileMeta, FileRecord, FileState, SegmentRecord, build_facts_pack};
use crate::index::snapshot::FewFacts;
use crate::index::source::MemoryPack;
use crate::index::vectors::{VectorRun, VectorView, build_vector_pack, quantise, run_key};
use crate::index::view::PackView;
use crate::syntax::{extract, languages};

fn segments(path: &RelPath, text: &str, runs: &mut Vec<VectorRun>) -> Vec<SegmentRecord> {
    let lang = languages::detect(path, text.as_bytes());
    let all = extract::extract(lang, text, &extract::Limits::default());
    all.into_iter()
        .map(|it| {
            let body = &text[it.span.range()];
            let key = Key::of("facts", &[body.as_bytes()]);
            let inputs = batch::inputs(path.as_bytes(), body, &it.facts);
            let mut vectors = Vec::new();
            Fake.embed(&inputs.iter().map(String::as_str).collect::<Vec<_>>(), &mut vectors).unwrap();
            let vectors = vectors.chunks_exact(Fake.dimensions()).map(quantise).collect();
            runs.push(VectorRun { key: run_key(&Fake.model_id().0, path, key), vectors });
            SegmentRecord { span: it.span, key, facts: Arc::new(it.facts) }
        })
        .collect()
}

fn vectors(runs: &[VectorRun]) -> Arc<VectorView> {
    let pack = MemoryPack::new(build_vector_pack(Fake.dimensions(), runs));
    Arc::new(VectorView::open(&pack).unwrap())
}

/// A workspace of `//- path` sections.
pub(super) fn builder(fixture: &str) -> Builder {
    let (mut records, mut runs) = (Vec::new(), Vec::new());
    for file in fixture.split("//- ").skip(1) {
        let (path, text) = file.split_once('\n').unwrap();
        let path = RelPath::from_bytes(path.trim().as_bytes()).unwrap();
        let lang = languages::detect(&path, text.as_bytes());
        records.push(FileRecord {
            meta: FileMeta::default(),
            hash: ContentHash::of(text.as_bytes()),
            lang: lang.id().into(),
            recipe: languages::recipe(lang),
            state: FileState::Indexed,
            segments: segments(&path, text, &mut runs),
            path,
        });
    }
    let mut it = Builder::new(Arc::new(FewFacts::default()));
    it.set_model(&Fake.model_id().0);
    it.apply_facts(RootId(0), PackId([1; 16]), Arc::new(PackView::in_memory(build_facts_pack(&records)).unwrap()));
    it.apply_vectors(RootId(0), PackId([2; 16]), vectors(&runs));
    it
}

pub(super) fn listed(found: &[Found]) -> Vec<String> {
    let line = |it: &Found| {
        let (first, last) = it.place.lines;
        format!("{}:{}-{} {}", it.path.display(), first + 1, last + 1, it.place.name.as_deref().unwrap_or("-"))
    };
    found.iter().map(line).collect()
}

/// The text of a file of a fixture.
pub(super) fn text_of(fixture: &str, path: &RelPath) -> Option<Arc<str>> {
    let file = fixture.split("//- ").find(|it| it.starts_with(&path.display().to_string()))?;
    Some(file.split_once('\n')?.1.into())
}

/// A question to what was made of `fixture`.
pub(super) fn ask_in(fixture: &str, snapshot: &Snapshot, question: &str) -> Answers {
    let question = Question::new(question).unwrap();
    let texts = |file: FileId, _: RootId, path: &RelPath| snapshot.open_text(file).or_else(|| text_of(fixture, path));
    let means = Means { embedder: Some(&Fake), texts: Some(&texts), near: None };
    semantic_search(snapshot, means, &question, 10, &Cancel::new(), None)
}

#[test]
fn misspelt_words_are_mended_and_that_is_said() {
    let mut it = builder(FIXTURE);
    it.set_walked(RootId(0), 0, true);
    let snapshot = it.publish();
    let check = |question: &str, first: &str, note: Option<&str>| {
        let answers = ask(&snapshot, question);
        assert_eq!(answers.items[0].place.name.as_deref(), Some(first), "{question}: {:?}", listed(&answers.items));
        assert_eq!(answers.notes, note.into_iter().collect::<Vec<_>>(), "{question}");
    };
    check("growing pause", "retry", None);
    check("growing pauze", "retry", Some("\"pauze\" occurs nowhere: \"pause\" is asked for"));
    check("unreladed", "unrelated", Some("\"unreladed\" occurs nowhere: \"unrelated\" is asked for"));
    // Each where it stands, and said once.
    check("pause pauz and pauz", "retry", Some("\"pauz\" occurs nowhere: \"paus\" is asked for"));
    // A word that is a word, and one in another language: nobody knows better.
    check("stale pause", "retry", None);
    check("wiederholen nach einem fehler pause", "retry", None);
    let nothing = ask(&snapshot, "zzqqxx");
    let said = nothing.notes.iter().any(|it| it.starts_with("no word of the question occurs here"));
    assert!(nothing.items.is_empty() || said, "{:?}", nothing.notes);
}

#[test]
fn a_word_in_small_letters_means_the_type_before_fields_of_its_name() {
    let fixture = "\
//- src/a.rs
pub struct Holder {
    buffer: u32,
}
//- src/b.rs
pub struct Buffer {
    bytes: u32,
}
";
    let answers = ask_in(fixture, &builder(fixture).publish(), "buffer");
    assert_eq!(listed(&answers.items)[0], "src/b.rs:1-3 Buffer");
}

#[test]
fn one_jumps_to_the_name_of_a_long_declaration() {
    let lines: String = (0..150).map(|at| format!("    let step_{at} = {at};\n")).collect();
    let fixture = format!("//- src/long.rs\npub fn long() {{\n{lines}    let needle_in_hay = 1;\n}}\n");
    let answers = ask_in(&fixture, &builder(&fixture).publish(), "where is the needle_in_hay");
    let place = &answers.items[0].place;
    assert_eq!((place.name.as_deref(), place.jump.start), (Some("long"), 7));
    assert!(place.lines.0 > 0, "the part that answers is shown: {:?}", place.lines);
}

fn ask(snapshot: &Snapshot, question: &str) -> Answers {
    ask_in(FIXTURE, snapshot, question)
}

const FIXTURE: &str = "\
//- src/retry.rs
/// Calls again after a failure, with a growing pause.
pub fn retry(attempts: u32) -> u32 {
    let pause = attempts * 2;
    pause
}

pub fn unrelated() {}
//- src/client.rs
use crate::retry::retry;

pub struct Client {
    retries: u32,
}

impl Client {
    pub fn fetch(&self) -> u32 {
        retry(self.retries) + retry(1) + retry(2)
    }
}
//- tests/retry.rs
#[test]
fn retry_retry_retry() {
    retry(3); retry(4); retry(5); retry(6);
}
//- docs/notes.md
# Retry

Why we retry, when we retry, how we retry.
";

#[test]
fn a_name_gives_its_declaration_first() {
    let snapshot = builder(FIXTURE).publish();
    assert_eq!(listed(&ask(&snapshot, "retry").items)[0], "src/retry.rs:1-5 retry");
    assert_eq!(listed(&ask(&snapshot, "crate::Client").items)[0], "src/client.rs:3-5 Client");
    assert_eq!(listed(&ask(&snapshot, "Cleint").items)[0], "src/client.rs:3-5 Client", "misspelt");
}

#[test]
fn a_module_is_found_by_the_last_part_of_its_name() {
    let fixture = "//- lib/a.ex\ndefmodule Post.Box do\n  alias Post.Mail.Outbox\n\n  def put(it), do: Outbox.put(Outbox.new(), it)\nend\n\
                   //- lib/b.ex\ndefmodule Post.Mail.Outbox do\n  def put(box, it), do: [it | box]\n\n  def new, do: []\nend\n";
    let snapshot = builder(fixture).publish();
    for question in ["Outbox", "outbox", "Post.Mail.Outbox"] {
        assert_eq!(
            listed(&ask_in(fixture, &snapshot, question).items)[0],
            "lib/b.ex:1-5 Post.Mail.Outbox",
            "{question}"
        );
    }
}

#[test]
fn a_function_within_a_function_is_found_by_its_name() {
    let fixture = "//- src/a.py\ndef outer(items):\n    def innermost(it):\n        return it\n    return [innermost(it) for it in items]\n";
    let snapshot = builder(fixture).publish();
    assert_eq!(listed(&ask_in(fixture, &snapshot, "innermost").items)[0], "src/a.py:2-3 innermost");
}

/// Small functions that share a passage, and a small class.
const NEIGHBOURS: &str = "\
//- src/units.rs
/// How far it is, in leagues.
pub fn convert(a: u32) -> u32 {
    a / 3
}

/// Weight of the luggage.
pub fn scale(b: u32) -> u32 {
    b * 2
}

/// Warmth of the soup.
pub fn measure(c: u32) -> u32 {
    c + 1
}
//- src/basket.py
class Basket:
    \"\"\"What a customer buys.\"\"\"

    def add(self, item):
        self.items.append(item)

    def total(self):
        \"\"\"The price with discount and postage.\"\"\"
        return sum(it.price for it in self.items)
";

#[test]
fn of_neighbours_in_a_passage_the_one_whose_text_answers_is_shown() {
    let snapshot = builder(NEIGHBOURS).publish();
    let texts = |_: FileId, _: RootId, path: &RelPath| text_of(NEIGHBOURS, path);
    let first = |embedder: Option<&dyn Embedder>, question: &str| {
        let question = Question::new(question).unwrap();
        let means = Means { embedder, texts: Some(&texts), near: None };
        listed(&semantic_search(&snapshot, means, &question, 10, &Cancel::new(), None).items)[0].clone()
    };
    for embedder in [None, Some(&Fake as &dyn Embedder)] {
        let ask = |question| first(embedder, question);
        assert_eq!(ask("the weight of luggage"), "src/units.rs:6-9 scale");
        assert_eq!(ask("warmth of soup"), "src/units.rs:11-14 measure");
        assert_eq!(ask("price after discount, postage"), "src/basket.py:7-9 total");
        assert_eq!(ask("what does a customer buy"), "src/basket.py:1-9 Basket");
    }
}

#[test]
fn tests_and_documents_come_behind_code_unless_asked_for() {
    let snapshot = builder(FIXTURE).publish();
    let plain = listed(&ask(&snapshot, "where do we retry").items);
    assert!(plain[0].starts_with("src/"), "{plain:?}");
    let asked = listed(&ask(&snapshot, "tests of retry").items);
    assert!(asked[0].starts_with("tests/"), "{asked:?}");
}

#[test]
fn reasons_say_what_was_found() {
    let answers = ask(&builder(FIXTURE).publish(), "growing pause after a failure");
    let first = &answers.items[0];
    assert_eq!(first.place.name.as_deref(), Some("retry"));
    assert!(first.reason.words.iter().any(|it| it == "pause") && first.reason.meaning.is_some());
    assert!(answers.by_meaning && !answers.cut_short && answers.completeness.vectors > 0);
}

#[test]
fn reasons_are_those_of_the_declaration_not_of_its_neighbours() {
    let snapshot = builder(NEIGHBOURS).publish();
    let reasons = |question: &str| {
        let of = |it: &Found| {
            let name = it.place.name.clone().unwrap_or_default();
            format!("{name}: {}{}", it.reason.words.join(" "), if it.reason.named { " (named)" } else { "" })
        };
        let found = ask_in(NEIGHBOURS, &snapshot, question).items;
        let mut lines: Vec<String> = found.iter().filter(|it| it.path.display().contains("units")).map(of).collect();
        lines.sort();
        lines.join("\n")
    };
    let check = |question: &str, want: Expect| want.assert_eq(&reasons(question));
    check(
        "convert luggage",
        expect![[r#"
        convert: convert (named)
        measure: 
        scale: luggage"#]],
    );
    check(
        "scale of warmth",
        expect![[r#"
        convert: 
        measure: warmth
        scale: scale (named)"#]],
    );
}

#[test]
fn scores_follow_the_order() {
    let body = "    let steps = steps_of(steps);\n".repeat(40);
    let strong = |n| format!("/// The walrus sings at noon.\npub fn walrus_{n}() {{\n    sings(noon);\n{body}}}\n\n");
    let many: String = (0..5).map(strong).collect();
    let weaker = |(n, text)| format!("//- src/weak{n}.rs\n/// {text}.\npub fn weak_{n}() {{}}\n");
    let texts =
        ["A walrus sings", "A walrus at noon", "It sings at noon", "A walrus", "A walrus, or not, as it may be"];
    let others: String = texts.into_iter().enumerate().map(weaker).collect();
    let fixture = format!("//- src/many.rs\n{many}{others}");
    let snapshot = builder(&fixture).publish();
    let items = ask_in(&fixture, &snapshot, "the walrus sings at noon").items;
    let scores: Vec<String> = items.iter().map(|it| format!("{:.4} {}", it.score, it.path.display())).collect();
    let of_many = |it: &Found| it.path.display() == "src/many.rs";
    let (last, other) = (items.iter().rposition(of_many), items.iter().position(|it| !of_many(it)));
    assert!(other < last, "some are held back behind others: {scores:?}");
    assert!(items.iter().is_sorted_by(|a, b| a.score >= b.score), "{scores:?}");
}

/// Counts the texts it is given, and cancels when the first of several comes.
struct Cancelling<'a>(&'a Cancel, AtomicUsize);

impl Embedder for Cancelling<'_> {
    fn model_id(&self) -> Key {
        Fake.model_id()
    }

    fn dimensions(&self) -> usize {
        Fake.dimensions()
    }

    fn runs_on(&self) -> String {
        Fake.runs_on()
    }

    fn embed(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        if texts.len() > 1 {
            self.0.cancel();
        }
        self.1.fetch_add(texts.len(), Ordering::Relaxed);
        Fake.embed(texts, out)
    }
}

#[test]
fn a_closer_look_ends_when_it_is_cancelled() {
    let file = |n| (0..8).map(|f| format!("pub fn walrus_{n}_{f}() {{\n    walrus();\n}}\n\n")).collect::<String>();
    let fixture: String = (0..60).map(|n| format!("//- src/f{n}.rs\n{}", file(n))).collect();
    let snapshot = builder(&fixture).publish();
    let texts = |_: FileId, _: RootId, path: &RelPath| text_of(&fixture, path);
    let (question, cancel, tuning) = (Question::new("what is a walrus").unwrap(), Cancel::new(), Tuning::default());
    let embedder = Cancelling(&cancel, AtomicUsize::new(0));
    let means = Means { embedder: Some(&embedder), texts: Some(&texts), near: None };
    let mut search = Search::new(&snapshot, &question, 10, &cancel, &tuning);
    search.gather(means.embedder);
    let paths = search.paths();
    let look = || Look::new(&search, &paths, means).at(&search.ranked(&paths));
    // One thread, so that nothing is under way when the first chunk ends.
    let looked = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(look);
    assert!(looked.len() > 200, "{}", looked.len());
    assert!(embedder.1.load(Ordering::Relaxed) < 50, "the question and one chunk");
    assert!(looked.iter().all(|it| it.signals.get(Signal::Text) == 0.0), "no text is walked");
}

#[test]
fn words_alone_answer_without_vectors_and_come_first() {
    let snapshot = builder(FIXTURE).publish();
    let question = Question::new("growing pause").unwrap();
    let texts = |_: FileId, _: RootId, path: &RelPath| text_of(FIXTURE, path);
    let words = Means { embedder: None, texts: Some(&texts), near: None };
    let answers = semantic_search(&snapshot, words, &question, 10, &Cancel::new(), None);
    assert!(!answers.by_meaning);
    assert_eq!(answers.items[0].place.name.as_deref(), Some("retry"));
    let mut early = Vec::new();
    let mut partial = |found: &[Found]| early.push(listed(found));
    let all = Means { embedder: Some(&Fake), ..words };
    semantic_search(&snapshot, all, &question, 10, &Cancel::new(), Some(&mut partial));
    assert_eq!(early, [listed(&answers.items)], "one partial list, that of words");
}

#[test]
fn cancelled_questions_end_early() {
    let snapshot = builder(FIXTURE).publish();
    let cancel = Cancel::new();
    cancel.cancel();
    let question = Question::new("retry").unwrap();
    assert!(semantic_search(&snapshot, Means::default(), &question, 10, &cancel, None).cut_short);
}

#[test]
fn open_documents_answer_as_they_stand() {
    let mut builder = builder(FIXTURE);
    let path = RelPath::from_bytes(b"src/client.rs").unwrap();
    let mut runs = Vec::new();
    let text = "pub fn moon_phase() -> u32 {\n    29\n}\n";
    let now = segments(&path, text, &mut runs);
    builder.open_document(RootId(0), &path, "rust", text.into(), now);
    builder.apply_vectors(RootId(0), PackId([3; 16]), vectors(&runs));
    let snapshot = builder.publish();
    assert_eq!(listed(&ask(&snapshot, "phase of the moon").items)[0], "src/client.rs:1-3 moon_phase");
    assert!(
        !listed(&ask(&snapshot, "Client").items).iter().any(|it| it.ends_with(" Client")),
        "its old text is hidden"
    );
}

#[test]
fn answers_are_bounded() {
    let body = "    let walrus = walrus_of(walrus);\n".repeat(60);
    let many: String = (0..12).map(|n| format!("pub fn walrus_{n}() {{\n{body}}}\n")).collect();
    let others: String = (0..9).map(|n| format!("//- src/other{n}.rs\npub fn one() {{\n    walrus();\n}}\n")).collect();
    let long = format!("pub fn very_long() {{\n{}}}\n", "    walrus();\n".repeat(900));
    let fixture = format!("//- src/many.rs\n{many}{others}//- src/long.rs\n{long}");
    let snapshot = builder(&fixture).publish();
    let answers = ask_in(&fixture, &snapshot, "walrus of the sea");
    assert_eq!(answers.items.len(), 10);
    for it in &answers.items {
        assert!(it.place.lines.1 - it.place.lines.0 < MOST_LINES && !it.place.span.is_empty());
    }
    assert_eq!(answers, ask_in(&fixture, &snapshot, "walrus of the sea"), "equal questions, equal answers");
}

#[test]
fn the_open_file_settles_what_is_otherwise_equal() {
    let same = "/// Rounds a price to whole cents.\npub fn round_price(it: f32) -> f32 {\n    it.round()\n}\n";
    let fixture = format!(
        "//- alpha/price.rs\n{same}//- beta/price.rs\n{same}//- beta/other.rs\npub fn other() {{}}\n//- tool/price.py\n\
         def round_price(it):\n    \"\"\"Rounds a price to whole cents.\"\"\"\n    return round(it)\n"
    );
    let snapshot = builder(&fixture).publish();
    let texts = |_: FileId, _: RootId, path: &RelPath| text_of(&fixture, path);
    let first = |question: &str, near: Option<&str>| {
        let near = near.and_then(|it| snapshot.file(RootId(0), &RelPath::from_bytes(it.as_bytes())?));
        let means = Means { embedder: Some(&Fake), texts: Some(&texts), near };
        let question = Question::new(question).unwrap();
        listed(&semantic_search(&snapshot, means, &question, 10, &Cancel::new(), None).items)[0].clone()
    };
    let question = "round a price to whole cents";
    assert_eq!(first(question, None), "alpha/price.rs:1-4 round_price", "ties go by path");
    assert_eq!(first(question, Some("beta/other.rs")), "beta/price.rs:1-4 round_price");
    assert_eq!(first(question, Some("alpha/price.rs")), "alpha/price.rs:1-4 round_price");
    assert_eq!(first("other", Some("alpha/price.rs")), "beta/other.rs:1-1 other", "what is asked for counts more");
    assert_eq!(first(question, Some("gone.rs")), "alpha/price.rs:1-4 round_price");
}
