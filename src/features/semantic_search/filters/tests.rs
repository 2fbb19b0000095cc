//! What is a filter and what is words; what each fits; what is said of wrong ones.

use super::super::signals::{Signal, Signals};
use super::super::tests::{ask_in, builder, listed, text_of};
use super::super::{BadQuestion, Means, Place, Question, numbers, semantic_search};
use super::paths::Pattern;
use super::*;
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::embed::fake::Fake;
use crate::facts::{SymbolFlags, SymbolKind};

fn split(text: &str) -> (String, String) {
    let (words, filters) = Filters::split(text).unwrap();
    (words, filters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

#[test]
fn filters_are_told_from_words() {
    let check = |text: &str, words: &str, filters: &str| {
        assert_eq!(split(text), (words.to_owned(), filters.to_owned()), "{text}");
    };
    check(
        "retry lang:rust path:src/ -path:tests kind:function",
        "retry",
        "lang:rust path:src/ -path:tests kind:function",
    );
    check("lang:ts,py  retry  with backoff", "retry  with backoff", "lang:ts lang:py");
    check("a -lang:c++ b -kind:test", "a  b", "-lang:c++ -kind:test");
    check("path:\"my dir/a b\" retry", "retry", "path:\"my dir/a b\"");
    check("language:go retry", "retry", "lang:go");
    // Names of code, URLs, other colons: words.
    for words in [
        "std::vec",
        "path::join",
        "a:b that is no filter",
        "https://example.org/path:8080",
        "path://x",
        "error: path: not set",
        "\"lang:rust\" as words",
        "`kind:function` as words",
        "kind:",
        "lang:, x",
        "xpath:src",
        "-x:y",
        "\"open",
        "it's \"quoted lang:rust here\"",
    ] {
        check(words, words, "");
    }
}

#[test]
fn wrong_filters_are_refused_with_what_there_is() {
    let error = |text: &str| Question::new(text).unwrap_err().to_string();
    assert!(error("x lang:rsut").starts_with("lang:rsut: no such language is known here; the nearest are rust"));
    assert!(error("x lang:zzzzzzzzzz").contains("no such language is known here; `portolan languages`"));
    assert!(error("x lang:rst").contains("plain text, as many others; write path:*.rst (in quotes"));
    assert!(error("x -lang:AsciiDoc").contains("; write -path:*.adoc (in quotes"));
    assert!(error("x -kind:funktion").starts_with("-kind:funktion: no such kind; there are function, method"));
    assert_eq!(Question::new("lang:rust path:src"), Err(BadQuestion::OnlyFilters));
    assert_eq!(Question::new(&"path:a ".repeat(100)), Err(BadQuestion::Filter(BadFilter::TooMany)));
    assert_eq!(
        Question::new(&format!("x path:{}", "a".repeat(600))),
        Err(BadQuestion::Filter(BadFilter::TooLong(600)))
    );
}

#[test]
fn languages_have_many_names() {
    let ids = |name: &str| langs::of(name).unwrap_or_default().join(" ");
    for (name, id) in [
        ("rust", "rust"),
        ("RS", "rust"),
        (".py", "python"),
        ("c++", "cpp"),
        ("C#", "csharp"),
        ("golang", "go"),
        ("ts", "typescript tsx"),
        ("tsx", "tsx"),
        ("jsx", "javascript"),
        ("sh", "bash"),
        ("md", "markdown"),
        ("yml", "yaml"),
        ("text", "text"),
        ("txt", "text"),
        ("rst", ""),
        ("klingon", ""),
    ] {
        assert_eq!(ids(name), id, "{name}");
    }
    assert_eq!(langs::near("pyhton"), ["python"]);
    assert_eq!(langs::near("java")[..2], ["java", "javascript"]);
    assert_eq!((langs::distance("abcd", "acbd"), langs::distance("", "ab"), langs::distance("ab", "b")), (1, 2, 1));
}

#[test]
fn every_kind_that_can_answer_has_a_name() {
    let named = kinds::names().iter().fold(KindSet::default(), |all, it| all.with(kinds::of(it).unwrap()));
    for number in 0..30 {
        let kind = SymbolKind::from_number(number).unwrap();
        // What is local to a function is never an answer, nor does anything declare a file.
        let is_none = matches!(kind, SymbolKind::Parameter | SymbolKind::TypeParameter | SymbolKind::File);
        let set = KindSet::of_symbol(kind, SymbolFlags::default());
        assert_eq!(named.meets(set), !is_none, "{kind:?}");
        // What answers show: `typealias`.
        let shown = kinds::of(&format!("{kind:?}").to_lowercase());
        assert_eq!(shown.is_some_and(|it| it.meets(set)), !is_none, "{kind:?}");
    }
    for (many, one) in [
        ("functions", "fn"),
        ("classes", "class"),
        ("aliases", "alias"),
        ("typealiases", "typealias"),
        ("properties", "property"),
        ("Tests", "test"),
    ] {
        assert!(kinds::of(one).is_some(), "{one}");
        assert_eq!(kinds::of(many), kinds::of(one), "{many}");
    }
}

#[test]
fn paths_fit_as_is_written() {
    let check = |pattern: &str, fits: &[&str], others: &[&str]| {
        let it = Pattern::new(pattern);
        for path in fits {
            assert!(it.fits(path.as_bytes()), "{pattern} should fit {path}");
        }
        for path in others {
            assert!(!it.fits(path.as_bytes()), "{pattern} should not fit {path}");
        }
    };
    check("src/", &["src/a.rs", "lib/src/a.rs", "SRC/a.rs"], &["src", "mysrc/a.rs", "my-src/a.rs", "src2/a.rs"]);
    check("src", &["src/a.rs", "my-src/a.rs", "a/src.rs", "srcs/a"], &["mysrc/a.rs"]);
    check("test", &["foo_test.go", "FooTest.java", "tests/a", "HTTPTest.kt", "x2test.c"], &["latest/a", "contest.rs"]);
    check("net/retry", &["net/retry.rs", "src/net/retry/a.rs"], &["net/a/retry.rs", "subnet/retry.rs"]);
    check("/src", &["src/a.rs", "srcs/b"], &["lib/src/a.rs"]);
    check("./src/", &["src/a.rs"], &["srcs/b", "lib/src/a.rs"]);
    check(".rs", &["a.rs", "a.rs/b"], &["a.rst"]);
    check("_test.go", &["a/b_test.go"], &["a/b_tests.go"]);
    check("*.rs", &["a.rs", "src/b.rs"], &["a.rst", "a.rs.bak"]);
    check("src/*", &["src/a.rs", "lib/src/b/c.rs"], &["src"]);
    check("src/*.rs", &["src/a.rs", "lib/src/a.rs"], &["src/b/a.rs"]);
    check("/src/**/*.rs", &["src/a.rs", "src/b/c/a.rs"], &["lib/src/a.rs", "src/a.py"]);
    check("**/net/*.rs", &["net/a.rs", "x/y/net/a.rs"], &["net/b/a.rs"]);
    check("a**z", &["abcz", "ab/cz", "ab/cz/d"], &["ab/cy"]);
    check("b?r", &["bar", "x/bur/y"], &["b/r", "baar"]);
    check("a*b*c", &["aXbXbc", "a-b-c/d"], &["acb", "a/b/c"]);
    check("src\\net\\", &["src/net/a.rs"], &["src/nets"]);
    check("ünï", &["x/ünï.rs"], &["uni.rs"]);
    check("*", &["a"], &[]);
    check("/", &["a"], &[]);
}

const FIXTURE: &str = "\
//- src/net/retry.rs
/// Calls again after a failure, with a growing pause.
pub fn retry(attempts: u32) -> u32 {
    attempts * 2
}

pub struct Retry {
    pub pause: u32,
}

#[test]
fn retry_stops() {}
//- src/retry.py
def retry(attempts):
    return attempts
//- tests/retry.rs
pub fn retry_in_tests() {}
//- docs/notes.md
# Retry

Why we retry.
";

#[test]
fn questions_are_answered_from_what_filters_leave() {
    let snapshot = builder(FIXTURE).publish();
    let ask = |question: &str| {
        let answers = ask_in(FIXTURE, &snapshot, question);
        let mut places: Vec<String> = listed(&answers.items);
        places.sort();
        (places.join(", "), answers.notes.join(" | "))
    };
    let check =
        |question: &str, places: &str| assert_eq!(ask(question), (places.to_owned(), String::new()), "{question}");
    check("retry lang:python", "src/retry.py:1-2 retry");
    check("retry -lang:rust -lang:md", "src/retry.py:1-2 retry");
    check("retry path:docs/", "docs/notes.md:1-3 Retry");
    check("retry lang:rs -path:tests kind:function -kind:test", "src/net/retry.rs:1-4 retry");
    check("retry kind:struct", "src/net/retry.rs:6-8 Retry");
    check("retry kind:field", "src/net/retry.rs:7-7 pause");
    check("retry kind:test", "src/net/retry.rs:10-11 retry_stops");
    check("rtery kind:struct", "src/net/retry.rs:6-8 Retry");
    check("how do we try again path:src/*.py path:docs", "docs/notes.md:1-3 Retry, src/retry.py:1-2 retry");
    assert_eq!(
        ask("retry path:scr/"),
        (String::new(), "path:scr/: no indexed path fits it so far; there is src/".to_owned())
    );
    let (places, notes) = ask("retry path:scr/ path:docs");
    assert_eq!(
        (&*places, &*notes),
        ("docs/notes.md:1-3 Retry", "path:scr/: no indexed path fits it so far; there is src/")
    );
    let said = |question: &str| ask(question).1;
    assert_eq!(
        said("retry lang:haskell"),
        "lang:haskell: no file in this language is indexed so far; there are Rust (2), Markdown (1), Python (1)"
    );
    assert_eq!(said("retry lang:python path:docs"), "no indexed file fits all of lang:python path:docs so far");
    assert_eq!(said("retry kind:macro"), "nothing indexed fits kind:macro so far");
}

#[test]
fn filters_come_before_candidates_are_cut() {
    // More passages fit the words elsewhere than are ever candidates.
    let many: String =
        (0..1500).map(|n| format!("//- big/f{n}.rs\npub fn walrus_{n}() {{\n    walrus();\n}}\n")).collect();
    let few: String = (0..12)
        .map(|n| format!("//- small/f{n}.rs\npub fn other_{n}() {{\n    // One walrus among many words.\n}}\n"))
        .collect();
    let fixture = format!("{many}{few}");
    let snapshot = builder(&fixture).publish();
    for question in ["walrus", "where is the walrus", "walrus_7"] {
        let answers = ask_in(&fixture, &snapshot, &format!("{question} path:small/"));
        assert_eq!(answers.items.len(), 10, "{question}");
        assert!(answers.items.iter().all(|it| it.path.as_bytes().starts_with(b"small/")));
    }
}

/// A class with methods and fields, an enum, constants, and a test beside them.
const SHOP: &str = "\
//- src/basket.py
LIMIT = 3

class Basket:
    \"\"\"What a customer buys.\"\"\"
    currency = 'EUR'

    def add(self, item):
        self.items.append(item)

    def total(self):
        \"\"\"The price with discount and postage.\"\"\"
        return sum(it.price for it in self.items)

    def clear(self):
        self.items = []
//- src/parcel.rs
/// Price and postage of a parcel.
pub enum Parcel {
    Small,
    Large,
}

pub struct Stamp {
    pub postage: u32,
}

impl Stamp {
    pub fn price(&self) -> u32 {
        self.postage * 2
    }
}

#[test]
fn price_of_a_parcel() {
    assert_eq!(Stamp { postage: 1 }.price(), 2);
}
//- src/prices.json
{\"postage\": {\"price\": 1, \"discount\": 2}}
//- src/test_basket.py
def test_price_and_postage():
    assert Basket().total() == 0
";

/// What a question is answered from, each with the length of its own text.
fn judged(fixture: &str, question: &str) -> Vec<String> {
    let snapshot = builder(fixture).publish();
    let texts = |_: FileId, _: RootId, path: &RelPath| text_of(fixture, path);
    let means = Means { embedder: Some(&Fake), texts: Some(&texts), near: None };
    let all = numbers(&snapshot, means, &Question::new(question).unwrap());
    let line = |(path, place, signals): &(RelPath, Place, Signals)| {
        let name = place.name.as_deref().unwrap_or("-");
        format!("{}:{} {name} {:.3}", path.display(), place.lines.0 + 1, signals.get(Signal::Long))
    };
    let mut lines: Vec<String> = all.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn what_is_left_out_by_kind_changes_nothing_else() {
    for question in ["price after discount and postage", "Basket"] {
        let plain = judged(SHOP, question);
        let wanted = |not: &str| -> Vec<String> { plain.iter().filter(|it| !it.contains(not)).cloned().collect() };
        assert_eq!(judged(SHOP, &format!("{question} -kind:event")), plain, "nothing is left out");
        assert_eq!(judged(SHOP, &format!("{question} -kind:test")), wanted("price_"), "{question}");
        assert_eq!(judged(SHOP, &format!("{question} -kind:enum")), wanted(" Parcel "), "{question}");
        let classes: Vec<String> = plain.iter().filter(|it| it.contains(" Basket ")).cloned().collect();
        assert_eq!(judged(SHOP, &format!("{question} kind:class lang:python")), classes, "a class is its head");
    }
    assert_eq!(judged(SHOP, "postage kind:field lang:rust").len(), 1, "what is never an answer unasked");
}

#[test]
fn what_comes_behind_is_as_unasked_where_nothing_is_left_out() {
    let file = |n: u32| {
        let test = if n.is_multiple_of(9) { "#[test]\nfn walrus_is_tested() {}\n" } else { "" };
        format!(
            "//- src/f{n:03}.rs\npub fn walrus_{n}() {{}}\n\npub struct Pup{n} {{\n    pub walrus: u32,\n}}\n{test}"
        )
    };
    let fixture: String = (0..150).map(file).collect();
    let snapshot = builder(&fixture).publish();
    let ask = |question: &str| {
        let question = Question::new(question).unwrap();
        listed(&semantic_search(&snapshot, Means::default(), &question, 500, &Cancel::new(), None).items)
    };
    let plain = ask("where is the walrus");
    assert!(plain.len() > 150 && plain.iter().any(|it| it.contains("tested")), "{plain:?}");
    assert_eq!(ask("where is the walrus -kind:event"), plain);
    // The test is what ends in the seventh line.
    let code = ask("where is the walrus -kind:test");
    assert!(code.len() > 150 && !code.iter().any(|it| it.contains("-7 ")), "{code:?}");
}

#[test]
fn a_question_by_kind_is_bounded() {
    let keys = |file: usize| (0..70).map(|n| format!("\"walrus_{file}_{n}\": {n}")).collect::<Vec<_>>().join(",\n");
    let fixture: String = (0..70).map(|n| format!("//- big/f{n}.json\n{{\"walrus\": {{{}}}}}\n", keys(n))).collect();
    let (plain, keys) = (judged(&fixture, "the walrus"), judged(&fixture, "the walrus kind:key"));
    assert_eq!(judged(&fixture, "the walrus -kind:test"), plain);
    assert!(keys.len() > 400 && keys.len() < 1_000, "{} declarations", keys.len());
}

#[test]
fn nothing_left_out_by_kind_is_shown() {
    let long = "carry(walrus);".repeat(400);
    let fixture =
        format!("//- src/one.js\nfunction first(){{{long}}} var walrus=1\n//- src/other.js\nvar walrus = 2;\n");
    let snapshot = builder(&fixture).publish();
    for question in ["walrus -kind:function", "who carries the walrus -kind:function"] {
        let found = ask_in(&fixture, &snapshot, question).items;
        assert!(!found.is_empty());
        assert!(found.iter().all(|it| it.place.name.as_deref() != Some("first")), "{:?}", listed(&found));
    }
}

#[test]
fn names_that_are_like_are_looked_for_where_the_filter_says() {
    // More names elsewhere fit better than are ever looked at.
    let many: String = (0..300).map(|n| format!("//- big/f{n}.rs\npub fn walrus_{n:03}() {{}}\n")).collect();
    let fixture = format!(
        "{many}//- small/a.rs\npub fn walrus_in_the_small_folder() {{}}\n//- small/b.rs\npub fn other() {{}}\n"
    );
    let snapshot = builder(&fixture).publish();
    let question = Question::new("walrus_y path:small/").unwrap();
    let all = numbers(&snapshot, Means::default(), &question);
    let declared = |name: &str| {
        let it = all.iter().find(|it| it.1.name.as_deref() == Some(name));
        it.map_or(0.0, |it| it.2.get(Signal::Declared))
    };
    assert!(declared("walrus_in_the_small_folder") > 0.0 && declared("other") == 0.0);
}

#[test]
fn of_many_filters_that_fit_nothing_only_the_first_are_compared() {
    let snapshot = builder(FIXTURE).publish();
    let paths: String = ('d'..='z').map(|it| format!(" path:sr{it}/")).collect();
    let notes = ask_in(FIXTURE, &snapshot, &format!("retry{paths}")).notes;
    assert_eq!(notes.len(), 23);
    assert!(notes[..3].iter().all(|it| it.ends_with("; there is src/")), "{:?}", &notes[..3]);
    assert!(notes[3..].iter().all(|it| it.ends_with("no indexed path fits it so far")), "{:?}", &notes[3..]);
}

#[test]
fn the_path_most_like_the_whole_filter_is_told() {
    let file = |path: &str| format!("//- {path}\nfn retry() {{}}\n");
    let paths = ["a/repository/x.rs", "cmd/internal/x.rs", "internal/repository/deep/x.rs", "internal/xy/a.rs"];
    let fixture: String = paths.into_iter().map(file).collect();
    let snapshot = builder(&fixture).publish();
    let check = |filter: &str, near: &str| {
        let notes = ask_in(&fixture, &snapshot, &format!("retry path:{filter}")).notes;
        let near = if near.is_empty() { String::new() } else { format!("; there is {near}") };
        assert_eq!(notes, [format!("path:{filter}: no indexed path fits it so far{near}")]);
    };
    check("internall/repository", "internal/repository/");
    check("/internal/repositroy/", "internal/repository/");
    check("intrenal/repositry/deep", "internal/repository/deep/");
    check("nowhere/repositroy", "repository/");
    check("internal\\repositroy\\deep\\x.rs", "internal/repository/deep/x.rs");
    check("*/internall/xy", "internal/xy/");
    check("yz", "");
    check("internall/*.py", "");
}

#[test]
fn a_cancelled_walk_over_paths_says_nothing() {
    let snapshot = builder(FIXTURE).publish();
    let (_, filters) = Filters::split("retry path:scr/").unwrap();
    let cancel = Cancel::new();
    let within = filters.narrow(&snapshot, &cancel).unwrap().within;
    let notes = || filters.notes(&snapshot, &within, &[false], &cancel);
    assert_eq!(notes(), ["path:scr/: no indexed path fits it so far; there is src/"]);
    cancel.cancel();
    assert!(notes().is_empty());
}
