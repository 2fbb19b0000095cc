//! The keystroke's path as a whole, with a sink that records what it is told.

use std::sync::{Condvar, PoisonError};

use super::*;
use crate::text::{Position, Range};

/// What a sink was told, in order.
#[derive(Default)]
struct Told {
    all: Mutex<Vec<String>>,
    more: Condvar,
    refuse: std::sync::atomic::AtomicBool,
}

struct Recorder(Arc<Told>);

impl Told {
    fn say(&self, what: String) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        self.more.notify_all();
    }

    /// Waits until something has been told, then takes all.
    fn wait_for(&self, what: &str) -> Vec<String> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        while !all.iter().any(|it| it == what) {
            all = self.more.wait(all).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut *all)
    }
}

impl Sink for Recorder {
    fn snapshot(&self) -> Snapshot {
        Snapshot::empty()
    }

    fn publish(&self, document: Published) -> Option<Snapshot> {
        let names = document.segments.iter().flat_map(|it| {
            let facts = &it.facts;
            facts.symbols.iter().map(|symbol| facts.text(symbol.name).to_owned()).collect::<Vec<_>>()
        });
        let names = names.collect::<Vec<_>>().join(" ");
        self.0.say(format!("{} v{} {}: {names}", document.uri, document.version, document.lang.id()));
        (!self.0.refuse.load(Ordering::SeqCst)).then(Snapshot::empty)
    }

    fn closed(&self, uri: &str, _path: Option<&PathBuf>) {
        self.0.say(format!("{uri} closed"));
    }

    fn settled(&self, uri: &str) {
        self.0.say(format!("{uri} settled"));
    }
}

fn typing(quiet: Duration) -> (Arc<Typing>, Arc<Told>) {
    let told = Arc::new(Told::default());
    let options = TypingOptions { quiet, ..TypingOptions::default() };
    (Typing::start(Box::new(Recorder(told.clone())), options).expect("a thread"), told)
}

fn opening(uri: &str, language_id: &str, text: &str) -> Opening {
    Opening { uri: uri.into(), path: None, language_id: language_id.into(), version: 1, text: text.into() }
}

fn insert(line: u32, character: u32, text: &str) -> Change {
    let at = Position::new(line, character);
    Change { range: Some(Range { start: at, end: at }), text: text.into() }
}

fn names(typing: &Typing, uri: &str) -> Result<Vec<String>, Unanswered> {
    typing
        .read(uri, &Cancel::new(), |now| now.parsing().view().items.iter().map(|item| item.name.to_string()).collect())
}

/// So long that nothing becomes quiet by itself.
const NEVER: Duration = Duration::from_secs(3_600);

#[test]
fn an_answer_has_seen_every_edit_before_it() {
    let (typing, _) = typing(NEVER);
    typing.open(opening("file:///a.rs", "rust", "fn one() {}\n"));
    assert_eq!(names(&typing, "file:///a.rs"), Ok(vec!["one".into()]));
    assert!(typing.change("file:///a.rs", 2, vec![insert(1, 0, "fn two() {}\n"), insert(0, 0, "\n")], Encoding::Utf16));
    assert!(typing.change("file:///a.rs", 3, vec![insert(2, 6, "_b")], Encoding::Utf16));
    assert_eq!(names(&typing, "file:///a.rs"), Ok(vec!["one".into(), "two_b".into()]));
    assert_eq!(typing.read("file:///a.rs", &Cancel::new(), |now| now.version), Ok(3));
    typing.close("file:///a.rs");
    assert_eq!(names(&typing, "file:///a.rs"), Err(Unanswered::NotOpen));
    assert!(!typing.change("file:///a.rs", 4, vec![insert(0, 0, "x")], Encoding::Utf16));
}

#[test]
fn untitled_and_virtual_documents_have_a_language_too() {
    let (typing, _) = typing(NEVER);
    for (uri, id, lang) in [
        ("untitled:Untitled-1", "python", "python"),
        ("untitled:notes.go", "plaintext", "go"),
        ("git:/a/b.tsx?ref=HEAD", "typescriptreact", "tsx"),
        ("file:///x/y.unknown", "nonsense", "text"),
    ] {
        typing.open(opening(uri, id, "x = 1\n"));
        assert_eq!(typing.read(uri, &Cancel::new(), |now| now.lang.id()), Ok(lang), "{uri}");
    }
    assert_eq!(typing.open_uris().len(), 4);
}

#[test]
fn a_question_publishes_what_has_changed_and_nothing_twice() {
    let (typing, told) = typing(NEVER);
    typing.open(opening("untitled:1", "rust", "fn one() {}\n"));
    typing.flush(&Cancel::new());
    typing.flush(&Cancel::new());
    assert_eq!(told.wait_for("untitled:1 v1 rust: one"), ["untitled:1 v1 rust: one"]);
    typing.change("untitled:1", 2, vec![insert(0, 6, "_b")], Encoding::Utf16);
    told.refuse.store(true, Ordering::SeqCst);
    typing.flush(&Cancel::new());
    told.refuse.store(false, Ordering::SeqCst);
    typing.flush(&Cancel::new());
    assert_eq!(told.wait_for("untitled:1 v2 rust: one_b"), ["untitled:1 v2 rust: one_b"; 2]);
    typing.close("untitled:1");
    assert_eq!(told.wait_for("untitled:1 closed"), ["untitled:1 closed"]);
}

#[test]
fn a_quiet_document_is_healed_and_published() {
    let (typing, told) = typing(Duration::ZERO);
    typing.open(opening("untitled:1", "rust", "fn one() {}\n"));
    assert_eq!(told.wait_for("untitled:1 settled"), ["untitled:1 v1 rust: one", "untitled:1 settled"]);
    typing.change("untitled:1", 2, vec![insert(0, 0, "fn broken( {\n")], Encoding::Utf16);
    told.wait_for("untitled:1 settled");
    typing.change("untitled:1", 3, vec![insert(0, 11, ")"), insert(0, 13, "}")], Encoding::Utf16);
    let last = told.wait_for("untitled:1 settled");
    assert!(last.contains(&"untitled:1 v3 rust: broken one".to_owned()), "{last:?}");
    let healthy = typing.read("untitled:1", &Cancel::new(), |now| !now.parsing().wants_healing());
    assert_eq!(healthy, Ok(true));
}

#[test]
fn a_pinned_state_is_shown_and_published_whatever_is_typed_since() {
    let (typing, told) = typing(NEVER);
    let uri = "untitled:1";
    typing.open(opening(uri, "rust", "fn one() {}\n"));
    let (first, asked) = (typing.pin(uri, Purpose::Look), typing.pin(uri, Purpose::Ask));
    typing.change(uri, 2, vec![insert(0, 6, "_b")], Encoding::Utf16);
    let second = typing.pin(uri, Purpose::Look);
    typing.change(uri, 3, vec![insert(0, 6, "_c")], Encoding::Utf16);
    let seen = |pin: &Option<Pin>| {
        let name = |now: &mut Current<'_>| (now.version, now.parsing().view().items[0].name.to_string());
        typing.look(pin.as_ref(), &Cancel::new(), name)
    };
    // Who looks at a later state waits for those who look at an earlier one.
    std::thread::scope(|scope| {
        let later = scope.spawn(|| seen(&second));
        assert_eq!(seen(&first), Ok((1, "one".into())));
        assert_eq!(seen(&first), Ok((1, "one".into())));
        assert!(first.as_ref().is_some_and(Pin::is_overtaken));
        drop(first);
        assert_eq!(later.join().unwrap(), Ok((2, "one_b".into())));
    });
    drop(second);
    assert_eq!(names(&typing, uri), Ok(vec!["one_c_b".into()]));
    // What was asked about was published before it was left, and is kept for whoever asked.
    assert_eq!(told.wait_for("untitled:1 v1 rust: one"), ["untitled:1 v1 rust: one"]);
    assert!(typing.ask(asked.as_ref().unwrap(), &Cancel::new()).is_ok());
    typing.flush(&Cancel::new());
    assert_eq!(told.wait_for("untitled:1 v3 rust: one_c_b"), ["untitled:1 v3 rust: one_c_b"]);
    // A document that is closed meanwhile is still shown as it was.
    let last = typing.pin(uri, Purpose::Look);
    typing.close(uri);
    assert_eq!(seen(&last), Ok((3, "one_c_b".into())));
    assert_eq!(seen(&typing.pin(uri, Purpose::Look)), Err(Unanswered::NotOpen));
}
