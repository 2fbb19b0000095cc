//! Random edits: the outline kept by replacing parts equals the one read anew from the same tree, and after healing that of
//! a document opened with the same text.

use super::*;
use proptest::prelude::*;

const LONG: Duration = Duration::from_secs(60);

const RUST: &str = concat!(
    "//! Doc.\n",
    "use std::fmt;\n",
    "\n",
    "/// Says so.\n",
    "#[derive(Debug)]\n",
    "pub struct Point<T> { x: T, y: T }\n",
    "\n",
    "impl<T: fmt::Debug> Point<T> {\n",
    "    /// Makes one.\n",
    "    #[inline]\n",
    "    pub fn new(x: T, y: T) -> Self { Self { x, y } }\n",
    "\n",
    "    fn inner(&self) -> u32 {\n",
    "        fn helper() -> u32 { 1 }\n",
    "        helper()\n",
    "    }\n",
    "}\n",
    "\n",
    "mod deep { pub mod deeper { pub enum Kind { A, B(u8), C { x: u8 } } const K: u8 = 3; } }\n",
    "\n",
    "cfg_rt! { fn spawned() { work(); } }\n",
    "\n",
    "#[cfg(test)]\n",
    "mod tests { #[test] fn it_works() { assert!(true); } }\n",
);

const TYPESCRIPT: &str = "namespace ts {\n  // one\n  export const enum Kind { A, B = 2 }\n  /** Doc. */\n  export function parse(text: string): Node {\n    \
 function inner() { return 1; }\n    const f = (x: number) => x + 1;\n    return inner();\n  }\n  export class A<T> extends B {\n    private x = 1;\n    \
 constructor(readonly y: number) { super(); }\n    get z() { return this.x; }\n    static m(): void {}\n  }\n  interface I { a: string; m(): void }\n  \
 type T = { k: I };\n}\nexport default class {}\ndescribe('it', () => { it('works', () => {}); });\n";

const PYTHON: &str = "import os\nX = 1\n\n@decorated\nclass A(B):\n    '''Doc.'''\n    y: int = 2\n\n    def m(self, a, *b):\n        def inner():\n            \
pass\n        return inner\n\n    @property\n    def p(self):\n        return 1\n\nasync def f():\n    pass\n\ndef test_g(): pass\n";

const CPP: &str = "#include <a.h>\n#define M(x) x\nnamespace a { namespace b {\ntemplate <typename T>\nclass C : public D {\npublic:\n  C();\n  ~C() {}\n  \
 int f(int x) const;\n  int y_ = 1;\nprivate:\n  enum E { A, B };\n  struct S { int z; } s;\n};\nint C<int>::f(int x) const { return x; }\n}}\n\
static int g(void) { return 0; }\ntypedef struct { int q; } Q;\n#define ON 1\n#if ON\nint on(void);\n#else\nint off(void);\n#endif\n#if 0\nstruct Never { int a; };\n#endif\n";

const GO: &str = "package main\n\nimport (\n\t\"fmt\"\n)\n\n// T is.\ntype T struct {\n\tA int\n\tB string\n}\n\ntype I interface { M() }\n\n\
func (t *T) M() { fmt.Println(t.A) }\n\nconst (\n\tX = iota\n\tY\n)\n\nvar v = 1\n\nfunc TestX(t *testing.T) {}\n";

const TEXTS: &[(&str, &str)] =
    &[("rust", RUST), ("typescript", TYPESCRIPT), ("python", PYTHON), ("cpp", CPP), ("go", GO)];

/// What gets typed: pieces that keep a text whole, and pieces that break it.
const PIECES: &[&str] = &[
    "",
    "",
    "x",
    "#if 0\n",
    "#endif\n",
    "#else\n",
    "_1",
    " ",
    "\n",
    "é",
    "🧭",
    "{",
    "}",
    "(",
    ")",
    "\"",
    "/*",
    "*/",
    "//",
    "'",
    ";",
    "fn f() {}\n",
    "class Z {}\n",
    "#",
    "\r\n",
    "\r",
    "    ",
];

#[derive(Clone, Debug)]
struct Blow {
    at: usize,
    len: usize,
    piece: usize,
    /// Instead of a piece: so much of the text from somewhere else.
    copied: Option<(usize, usize)>,
    parse: bool,
}

fn blows() -> impl Strategy<Value = Vec<Blow>> {
    let len = prop_oneof![4 => Just(0usize), 3 => 1usize..4, 1 => 4usize..120];
    let copied = prop::option::weighted(0.3, (0usize..2000, 1usize..60));
    let blow = (0usize..2000, len, 0..PIECES.len(), copied, prop::bool::weighted(0.7))
        .prop_map(|(at, len, piece, copied, parse)| Blow { at, len, piece, copied, parse });
    prop::collection::vec(blow, 1..14)
}

fn boundary(text: &str, at: usize) -> usize {
    let at = at % (text.len() + 1);
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn edit_of(text: &str, blow: &Blow) -> ByteEdit {
    let start = boundary(text, blow.at);
    let end = boundary(text, (start + blow.len).min(text.len())).max(start);
    let new = match blow.copied {
        Some((from, len)) => {
            let from = boundary(text, from);
            text[from..boundary(text, (from + len).min(text.len())).max(from)].to_owned()
        }
        None => PIECES[blow.piece].to_owned(),
    };
    ByteEdit { start: start as u32, old_end: end as u32, text: new, whole: false }
}

fn finish(document: &mut InProcess) {
    assert!(matches!(document.parse(LONG), Ok(Parsed::Done(_))));
}

fn fresh(lang: Lang, text: &str) -> InProcess {
    let mut document = InProcess::open(lang, text.to_owned(), Limits::default());
    finish(&mut document);
    document
}

fn check(id: &str, text: &str, blows: &[Blow]) -> Result<(), TestCaseError> {
    let lang = Lang::from_id(id).expect("a row");
    let mut document = fresh(lang, text);
    let mut mirror = text.to_owned();
    for blow in blows {
        let edit = edit_of(&mirror, blow);
        edit.apply_to(&mut mirror);
        document.edit(std::slice::from_ref(&edit));
        if !blow.parse {
            continue;
        }
        finish(&mut document);
        prop_assert_eq!(&document.text, &mirror);
        if document.behind {
            continue;
        }
        let mut anew = View::new(&mirror);
        if let Some(tree) = document.trees.current() {
            outlines::rebuild(&mut anew, lang, tree, &mirror);
        }
        prop_assert_eq!(&document.view, &anew, "after {:?} on {:?}", edit, mirror);
    }
    finish(&mut document);
    assert!(matches!(document.heal(LONG), Ok(Parsed::Done(_))));
    prop_assert!(!document.wants_healing());
    let mut want = fresh(lang, &mirror);
    prop_assert_eq!(&document.view, &want.view);
    prop_assert_eq!(document.folds(), want.folds());
    prop_assert_eq!(document.facts(), want.facts());
    Ok(())
}

proptest! {

    #[test]
    fn edited_equals_fresh(blows in blows(), which in 0..TEXTS.len()) {
        let (id, text) = TEXTS[which];
        check(id, text, &blows)?;
    }
}

#[test]
fn an_unparsable_text_has_no_outline_and_gets_it_back() {
    let lang = Lang::from_id("rust").expect("a row");
    let limits = Limits { bytes: 100, ..Limits::default() };
    let mut document = InProcess::open(lang, "fn f() {}\n".to_owned(), limits);
    finish(&mut document);
    assert_eq!(document.view.items.len(), 1);
    document.edit(&[ByteEdit { start: 0, old_end: 0, text: " ".repeat(200), whole: false }]);
    finish(&mut document);
    assert!(document.view.items.is_empty());
    document.edit(&[ByteEdit { start: 0, old_end: 200, text: String::new(), whole: false }]);
    finish(&mut document);
    assert_eq!(&*document.view.items[0].name, "f");
}
