//! The remote door over pipes within one process: equal to the one in process, and safe from a worker that misbehaves.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::syntax::InProcess;

const LONG: Duration = Duration::from_secs(60);

/// A worker on a thread of ours.
fn honest() -> Spawn {
    Arc::new(|| {
        let (from_parent, to) = std::io::pipe()?;
        let (from, to_parent) = std::io::pipe()?;
        std::thread::spawn(move || serve::serve(from_parent, to_parent, &Limits::default()));
        Ok(Connection { from: Box::new(from), to: Box::new(to), end: Box::new(|| {}), usage: Arc::default() })
    })
}

fn options(spawn: Spawn, patience: Duration) -> RemoteOptions {
    RemoteOptions { limits: Limits::default(), patience, spawn }
}

fn rust() -> Lang {
    Lang::from_id("rust").expect("a row")
}

fn edit(start: u32, old_end: u32, text: &str) -> ByteEdit {
    ByteEdit { start, old_end, text: text.to_owned(), whole: false }
}

fn finish(document: &mut dyn Parsing) {
    while document.parse(LONG) == Ok(Parsed::Unfinished) {}
}

#[test]
fn it_answers_as_the_one_in_process_does() {
    let text = "/// Doc.\nmod a {\n    fn f() {\n        1;\n    }\n}\nstruct S { x: u8 }\n";
    let mut there = Remote::open(rust(), text.to_owned(), options(honest(), LONG));
    let mut here = InProcess::open(rust(), text.to_owned(), Limits::default());
    let edits = [
        vec![],
        vec![edit(17, 17, "    const K: u8 = 1;\n"), edit(0, 0, "// é\n")],
        vec![edit(0, 6, "fn top() {")],
        vec![edit(10, 10, "}\n")],
        vec![ByteEdit { whole: true, ..edit(0, 0, "fn other() {\n}\n") }],
    ];
    for batch in edits {
        for document in [&mut there as &mut dyn Parsing, &mut here] {
            document.edit(&batch);
            finish(document);
        }
        assert!(!here.view().items.is_empty());
        assert_eq!(there.view(), here.view());
        assert_eq!(there.wants_healing(), here.wants_healing());
        assert_eq!(there.folds(), here.folds());
        assert_eq!(there.errors(9), here.errors(9));
        assert_eq!(there.selections(&[3, 12]), here.selections(&[3, 12]));
        assert_eq!(there.facts(), here.facts());
    }
    for document in [&mut there as &mut dyn Parsing, &mut here] {
        document.edit(&[edit(0, 0, "fn broken( {\n")]);
        finish(document);
        assert!(document.wants_healing());
        while document.heal(LONG) == Ok(Parsed::Unfinished) {}
        assert!(!document.wants_healing());
    }
    assert_eq!(there.view(), here.view());
}

/// A worker that reads everything and never answers; counts how many were started and ended.
fn silent(started: Arc<AtomicUsize>, ended: Arc<AtomicUsize>) -> Spawn {
    Arc::new(move || {
        started.fetch_add(1, Ordering::SeqCst);
        let (mut from_parent, to) = std::io::pipe()?;
        let (from, to_parent) = std::io::pipe()?;
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_parent, &mut std::io::sink());
            drop(to_parent);
        });
        let ended = ended.clone();
        let end = move || {
            ended.fetch_add(1, Ordering::SeqCst);
        };
        Ok(Connection { from: Box::new(from), to: Box::new(to), end: Box::new(end), usage: Arc::default() })
    })
}

#[test]
fn a_worker_that_hangs_is_ended_and_not_started_again_at_once() {
    let (started, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let spawn = silent(started.clone(), ended.clone());
    let mut document = Remote::open(rust(), "fn f() {}".to_owned(), options(spawn, Duration::from_millis(20)));
    assert_eq!(document.parse(Duration::ZERO), Ok(Parsed::Unfinished));
    document.edit(&[edit(0, 0, "// more\n")]);
    assert!(matches!(document.parse(LONG), Err(Lost(_))));
    document.edit(&[edit(0, 0, "// still more\n")]);
    assert_eq!(document.parse(LONG), Ok(Parsed::Done(Vec::new())));
    assert_eq!(document.text, "// still more\n// more\nfn f() {}");
    assert_eq!((started.load(Ordering::SeqCst), ended.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(document.folds(), Err(Lost("no syntax".to_owned())));
    assert_eq!(document.facts().map(|it| it.len()), Ok(1));
}

#[test]
fn nonsense_is_no_answer() {
    for body in [&b""[..], b"\x09", b"\x00\x01\xff\xff\xff\xff\x0f", b"\x01\x01\x00\x00\x09", b"\x02\x80"] {
        assert_eq!(wire::answer(body), None, "{body:?}");
        assert_eq!(wire::request(&[&[1], body].concat()), None, "{body:?}");
    }
    let spawn: Spawn = Arc::new(|| {
        let (from_parent, to) = std::io::pipe()?;
        let (from, mut to_parent) = std::io::pipe()?;
        wire::write_frame(&mut to_parent, b"\x07")?;
        let end = Box::new(move || drop((from_parent, to_parent)));
        Ok(Connection { from: Box::new(from), to: Box::new(to), end, usage: Arc::default() })
    });
    let mut document = Remote::open(rust(), "fn f() {}".to_owned(), options(spawn, LONG));
    assert!(matches!(document.parse(LONG), Err(Lost(_))));
}

#[test]
fn a_worker_that_had_to_make_room_is_started_again_when_it_is_asked() {
    let usages: Arc<std::sync::Mutex<Vec<Arc<Usage>>>> = Arc::default();
    let (kept, start) = (usages.clone(), honest());
    let spawn: Spawn = Arc::new(move || {
        let connection = start()?;
        kept.lock().expect("no panic").push(connection.usage.clone());
        Ok(connection)
    });
    let mut document = Remote::open(rust(), "fn f() {}".to_owned(), options(spawn, LONG));
    finish(&mut document);
    let before = document.view().clone();
    let used = usages.lock().expect("no panic")[0].last();
    usages.lock().expect("no panic")[0].reap();
    document.edit(&[edit(0, 0, "// more\n")]);
    finish(&mut document);
    assert_eq!(document.view().items.len(), before.items.len());
    assert_eq!(document.facts().map(|it| it.len()), Ok(1));
    let usages = usages.lock().expect("no panic");
    assert!(usages.len() == 2 && usages[1].last() > used);
}
