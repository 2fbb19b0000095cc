//! Folds, errors and selections of small texts in several languages.

use std::time::Duration;

use crate::syntax::InProcess;
use crate::syntax::extract::Limits;
use crate::syntax::languages::Lang;
use crate::syntax::parsing::Parsing;

fn open(id: &str, text: &str) -> InProcess {
    let mut document = InProcess::open(Lang::from_id(id).expect("a row"), text.to_owned(), Limits::default());
    document.parse(Duration::from_secs(60)).expect("in process");
    document
}

fn check(id: &str, text: &str, want: &str) {
    let folds = open(id, text).folds().expect("in process");
    let shown: Vec<String> =
        folds.iter().map(|it| format!("{}-{} {:?}", it.start_line, it.end_line, it.kind).to_lowercase()).collect();
    assert_eq!(shown.join(", "), want, "{id}");
}

#[test]
fn braces_keep_their_last_line_in_sight() {
    check("rust", "fn f(\n    a: u8,\n) {\n    if a {\n        1;\n    }\n}\n", "0-1 code, 2-5 code, 3-4 code");
    check("c", "#if X\nint f(void)\n{\n  return 0;\n}\n#endif\n", "0-4 code, 2-3 code");
    check("typescript", "const a = {\n  b: [\n    1,\n  ],\n};\n", "0-3 code, 1-2 code");
    check("rust", "fn f() { 1; }\n", "");
}

#[test]
fn words_close_too() {
    check("ruby", "class A\n  def f\n    1\n  end\nend\n", "0-3 code, 1-2 code");
    check("lua", "function f()\n  if x then\n    y()\n  end\nend\n", "0-3 code, 1-2 code");
    check("bash", "f() {\n  if x; then\n    y\n  fi\n}\n", "0-3 code, 1-2 code");
}

#[test]
fn indentation_folds_from_the_head() {
    check(
        "python",
        "class A:\n    def f(self):\n        x = 1\n        y = 2\n\ndef g():\n    pass\n",
        "0-3 code, 1-3 code, 5-6 code",
    );
    check("yaml", "a:\n  b: 1\n  c:\n    - 1\n    - 2\n", "0-4 code, 2-4 code");
    check("markdown", "# A\n\ntext\n\n## B\n\nmore\n", "0-6 code, 4-6 code");
}

#[test]
fn comments_imports_and_regions() {
    check("rust", "// a\n// b\n\n// c\nuse a;\n\nuse b::c;\nfn f() {}\n", "0-1 comment, 4-6 imports");
    check("java", "/*\n * a\n */\nimport a;\nimport b;\nclass A {}\n", "0-2 comment, 3-4 imports");
    check("typescript", "// #region one\nf();\n// #endregion\n", "0-2 region");
    check("python", "x = 1  # a\n# b\n# c\n", "1-2 comment");
}

#[test]
fn lone_carriage_returns_end_lines() {
    check("rust", "fn f() {\r    1;\r    2;\r}\r", "0-2 code");
    check("rust", "fn f() {\r\n    1;\r\n    2;\r\n}\r\n", "0-2 code");
}

#[test]
fn errors_say_what_is_missing() {
    let errors = |id, text| open(id, text).errors(10).expect("in process");
    assert_eq!(errors("rust", "fn f() {}\n"), []);
    let missing = errors("javascript", "f(1;\n");
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].missing.as_deref(), Some(")"));
    assert!(!errors("rust", "fn f() { let = ; }\n").is_empty());
    // Its grammar fails on valid text.
    assert_eq!(errors("kotlin", "fun f( {{{\n"), []);
}

#[test]
fn selections_grow_around_the_offset() {
    let text = "fn f() {\n    g(ab + 1);\n}\n";
    let at = text.find("ab").expect("there") as u32;
    for offset in [at, at + 1, at + 2] {
        let spans = open("rust", text).selections(&[offset]).expect("in process").remove(0);
        let shown: Vec<&str> = spans.iter().map(|it| &text[it.range()]).collect();
        let tail = &text[..text.len() - 1];
        assert_eq!(shown[..4], ["ab", "ab + 1", "(ab + 1)", "g(ab + 1)"], "{offset}");
        assert!(shown.contains(&tail) && shown.last() == Some(&text), "{shown:?}");
    }
}
