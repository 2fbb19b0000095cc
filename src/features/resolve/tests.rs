//! `$0` marks the use; a line `^^^` under a line marks the declaration that is wanted, in whatever file. No marks: nothing.

use crate::base::cancel::Cancel;
use crate::base::hash::{ContentHash, Key};
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::features::{definition::definition, references::references};
use crate::index::apply::Builder;
use crate::index::apply::PackId;
use crate::index::build::{FileMeta, FileRecord, FileState, SegmentRecord, build_facts_pack};
use crate::index::snapshot::{FewFacts, Snapshot};
use crate::index::view::PackView;
use crate::syntax::{extract, languages};
use std::sync::Arc;

struct Fixture {
    snapshot: Snapshot,
    cursor: (String, u32),
    /// Path, start and end of each mark.
    marks: Vec<(String, u32, u32)>,
}

fn fixture(text: &str) -> Fixture {
    let (mut records, mut cursor, mut marks) = (Vec::new(), None, Vec::new());
    for part in text.split("//- /").skip(1) {
        let (path, body) = part.split_once('\n').unwrap();
        let (mut plain, mut line_start) = (String::new(), 0);
        for line in body.lines() {
            if line.trim_start().starts_with('^') {
                let (from, to) = (line.find('^').unwrap(), line.rfind('^').unwrap() + 1);
                marks.push((path.to_owned(), (line_start + from) as u32, (line_start + to) as u32));
                continue;
            }
            line_start = plain.len();
            if let Some(at) = line.find("$0") {
                cursor = Some((path.to_owned(), (plain.len() + at) as u32));
            }
            plain.push_str(&line.replace("$0", ""));
            plain.push('\n');
        }
        records.push(record(path, &plain));
    }
    let mut builder = Builder::new(Arc::new(FewFacts::default()));
    let view = PackView::in_memory(build_facts_pack(&records)).unwrap();
    builder.apply_facts(RootId(0), PackId([1; 16]), Arc::new(view));
    Fixture { snapshot: builder.publish(), cursor: cursor.expect("a $0"), marks }
}

fn record(path: &str, text: &str) -> FileRecord {
    let path = RelPath::from_bytes(path.as_bytes()).unwrap();
    let lang = languages::detect(&path, text.as_bytes());
    let segment = |it: extract::Segment| {
        let key = Key::of("facts", &[lang.id().as_bytes(), &text.as_bytes()[it.span.range()]]);
        SegmentRecord { span: it.span, key, facts: Arc::new(it.facts) }
    };
    let segments = extract::extract(lang, text, &Default::default()).into_iter().map(segment).collect();
    let (meta, hash) = (FileMeta::default(), ContentHash::of(text.as_bytes()));
    FileRecord { path, meta, hash, lang: lang.id().into(), recipe: Key([0; 16]), state: FileState::Indexed, segments }
}

fn check(text: &str) {
    let it = fixture(text);
    let file = it.snapshot.file(RootId(0), &RelPath::from_bytes(it.cursor.0.as_bytes()).unwrap()).unwrap();
    let found = definition(&it.snapshot, file, it.cursor.1, &Cancel::new()).value;
    let place = found
        .first()
        .map(|target| (it.snapshot.path(target.file).unwrap().1.display(), target.name.start, target.name.end));
    assert_eq!(place, it.marks.first().cloned(), "{found:?}\n{text}");
}

fn check_uses(text: &str) {
    let it = fixture(text);
    let file = it.snapshot.file(RootId(0), &RelPath::from_bytes(it.cursor.0.as_bytes()).unwrap()).unwrap();
    let found = references(&it.snapshot, file, it.cursor.1, false, &Cancel::new()).value;
    let places: Vec<_> =
        found.iter().map(|at| (it.snapshot.path(at.file).unwrap().1.display(), at.span.start, at.span.end)).collect();
    assert_eq!(places, it.marks, "{text}");
}

#[test]
fn rust_locals_hide_one_another() {
    check("//- /src/lib.rs\nfn f(x: u32) {\n    let x = x + 1;\n        ^\n    g($0x);\n}\n");
    check("//- /src/lib.rs\nfn f(x: u32) {\n     ^\n    let x = $0x + 1;\n}\n");
}

#[test]
fn rust_imports_lead_to_other_files() {
    check(
        "//- /src/lib.rs\nmod net;\nuse crate::net::Client;\nfn f() { $0Client::new(); }\n//- /src/net.rs\npub struct Client;\n           ^^^^^^\n",
    );
    check(
        "//- /src/lib.rs\nmod net;\nuse net::{open as start};\nfn f() { $0start(); }\n//- /src/net/mod.rs\npub fn open() {}\n       ^^^^\n",
    );
    check(
        "//- /src/a.rs\nuse super::b::*;\nfn f() { $0help(); }\n//- /src/lib.rs\nmod a;\nmod b;\n//- /src/b.rs\npub fn help() {}\n       ^^^^\n",
    );
}

#[test]
fn rust_re_exports_are_followed() {
    check(
        "//- /app/src/main.rs\nuse core_kit::Thing;\nfn f(it: $0Thing) {}\n//- /core-kit/src/lib.rs\nmod inner;\npub use inner::Thing;\n//- /core-kit/src/inner.rs\npub struct Thing;\n           ^^^^^\n",
    );
}

#[test]
fn rust_members_by_declared_type() {
    check(
        "//- /src/lib.rs\nstruct A;\nstruct B;\nimpl A { fn run(&self) {} }\nimpl B { fn run(&self) {} }\n            ^^^\nfn f(it: &B) { it.$0run(); }\n",
    );
    check(
        "//- /src/lib.rs\nstruct A { size: u32 }\n           ^^^^\nstruct B { size: u32 }\nimpl A { fn f(&self) -> u32 { self.$0size } }\n",
    );
    check(
        "//- /src/lib.rs\nstruct A;\nimpl A { fn make() -> Self { A } }\n            ^^^^\nfn f() { A::$0make(); }\n",
    );
}

#[test]
fn what_lies_outside_gives_nothing() {
    check(
        "//- /src/lib.rs\nuse std::collections::HashMap;\nfn f() { $0HashMap::new(); }\n//- /src/other.rs\npub struct HashMap;\n",
    );
    check("//- /a.ts\nimport { parse } from 'elsewhere/lib';\n$0parse();\n//- /b.ts\nexport function parse() {}\n");
}

#[test]
fn typescript_imports_are_relative_files() {
    check(
        "//- /src/a.ts\nimport { open } from './net';\n$0open();\n//- /src/net/index.ts\nexport function open() {}\n                ^^^^\n",
    );
    check(
        "//- /src/a.ts\nimport { open as start } from './net.js';\n$0start();\n//- /src/net.ts\nexport * from './deep';\n//- /src/deep.ts\nexport const open = () => 1;\n             ^^^^\n",
    );
    check(
        "//- /packages/app/src/a.ts\nimport { hash } from '@kit/shared';\n$0hash();\n//- /packages/shared/src/index.ts\nexport { hash } from './hash';\n//- /packages/shared/src/hash.ts\nexport function hash() {}\n                ^^^^\n",
    );
}

#[test]
fn typescript_members_by_declared_type() {
    check("//- /a.ts\nclass A { run() {} }\nclass B { run() {} }\n          ^^^\nfunction f(it: B) { it.$0run(); }\n");
    check(
        "//- /a.ts\nclass A { run() {} }\n          ^^^\nclass B extends A { go() { this.$0run(); } }\nclass C { run() {} }\n",
    );
}

#[test]
fn uses_are_those_of_the_same_declaration() {
    check_uses(
        "//- /src/a.rs\nuse crate::b::open;\n              ^^^^\nfn f() { open(); }\n         ^^^^\n//- /src/b.rs\npub fn $0open() {}\n//- /src/c.rs\nfn open() {}\nfn g() { open(); }\n//- /src/lib.rs\nmod a;\nmod b;\nmod c;\n",
    );
}

#[test]
fn imports_companions_and_the_folder_are_neighbours() {
    let it = fixture(
        "//- /app/main.py\nfrom lib.text import clean\nfrom .side import beside\n$0clean()\n\
         //- /app/side.py\ndef beside():\n    pass\n//- /app/deep/more.py\nx = 1\n//- /app/tail.py\ny = 1\n\
         //- /lib/text.py\ndef clean():\n    pass\n//- /lib/other.py\nz = 1\n//- /far.py\nw = 1\n",
    );
    let id = |path: &str| it.snapshot.file(RootId(0), &RelPath::from_bytes(path.as_bytes()).unwrap()).unwrap();
    let near = |path: &str, together: &[FileId]| -> Vec<String> {
        let found = crate::features::neighbours::neighbours(&it.snapshot, id(path), together, &Cancel::new());
        found.into_iter().map(|at| it.snapshot.path(at).unwrap().1.display()).collect()
    };
    assert_eq!(near("app/main.py", &[]), ["lib/text.py", "app/side.py", "app/tail.py"]);
    assert_eq!(near("app/main.py", &[id("far.py")])[0], "far.py");
    assert_eq!(near("far.py", &[]), [""; 0]);
}
