//! Query tests: the files below `tests/queries/<language>/` are source with marks in comments, told in
//! `queries/README.md`. Every mark must hold, and every declaration of the outline must be marked.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use portolan::base::span::Span;
use portolan::facts::{Facts, Receiver, Symbol, SymbolFlags};
use portolan::syntax::extract::{Limits, extract};
use portolan::syntax::languages::Lang;

/// What a mark says: columns in the line above it, a word and details.
struct Mark {
    line: usize,
    span: Span,
    /// A `<-` mark tells the start alone.
    start_only: bool,
    word: String,
    details: Vec<(String, String)>,
}

#[test]
fn marked_files_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries");
    let mut faults = String::new();
    let mut marks = 0;
    for lang in Lang::all() {
        let Ok(dir) = std::fs::read_dir(root.join(lang.id())) else { continue };
        let mut files: Vec<_> = dir.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = format!("{}/{}", lang.id(), path.file_name().unwrap().to_string_lossy());
            marks += check(lang, &name, &text, &mut faults);
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
    assert!(marks > 100, "only {marks} marks were found: is the folder there?");
}

#[test]
fn every_language_with_queries_has_a_marked_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries");
    for lang in Lang::all().filter(|lang| !lang.row().queries.is_empty()) {
        assert!(root.join(lang.id()).is_dir(), "no tests/queries/{}/", lang.id());
    }
}

#[test]
fn a_wrong_mark_and_a_missing_one_are_faults() {
    let rust = Lang::from_id("rust").unwrap();
    let mut faults = String::new();
    check(rust, "x", "fn a() {}\n// ^ definition.struct\n", &mut faults);
    assert!(faults.contains("definition.struct"), "{faults}");
    faults.clear();
    check(rust, "x", "fn a() {}\n", &mut faults);
    assert!(faults.contains("not marked"), "{faults}");
    faults.clear();
    check(rust, "x", "fn a() {}\n// ^ definition.function arity=1\n", &mut faults);
    assert!(faults.contains("arity"), "{faults}");
}

/// Checks one file; the number of its marks.
fn check(lang: Lang, name: &str, text: &str, faults: &mut String) -> usize {
    let marks = marks_of(text);
    let segments = extract(lang, text, &Limits::default());
    let [segment] = segments.as_slice() else {
        let _ = writeln!(faults, "{name}: one segment is wanted");
        return marks.len();
    };
    let facts = &segment.facts;
    let mut marked = BTreeSet::new();
    for mark in &marks {
        let found = found_at(facts, text, mark);
        if mark.word.starts_with("definition.") {
            marked.insert(mark.span.start);
        }
        let Some((_, told)) = found.iter().find(|(word, _)| *word == mark.word) else {
            let words: Vec<&str> = found.iter().map(|(word, _)| word.as_str()).collect();
            let _ = writeln!(faults, "{name}:{}: wanted {}, found {words:?}", mark.line, mark.word);
            continue;
        };
        for (key, value) in &mark.details {
            match told.iter().find(|(told_key, _)| told_key == key) {
                Some((_, told_value)) if told_value == value => {}
                Some((_, told_value)) => {
                    let _ = writeln!(
                        faults,
                        "{name}:{}: {} {key} is {told_value:?}, wanted {value:?}",
                        mark.line, mark.word
                    );
                }
                None => {
                    let _ = writeln!(faults, "{name}:{}: no detail is called {key}", mark.line);
                }
            }
        }
    }
    for symbol in facts.symbols.iter().filter(|symbol| !symbol.flags.has(SymbolFlags::LOCAL)) {
        if !marked.contains(&symbol.name_range.start) {
            let line = facts.lines.line_of(symbol.name_range.start) + 1;
            let _ = writeln!(faults, "{name}:{line}: {} ({:?}) is not marked", facts.text(symbol.name), symbol.kind);
        }
    }
    marks.len()
}

/// The marks of a file: comment lines with carets (or `<-`), each about the nearest line above that is none.
fn marks_of(text: &str) -> Vec<Mark> {
    let mut out = Vec::new();
    let mut code_start = 0u32;
    let mut at = 0u32;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        match mark_in(line) {
            Some((from, to, start_only, rest)) => {
                let rest = rest.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
                let mut words = rest.split_whitespace();
                let word = words.next().unwrap_or("").to_owned();
                let details = words
                    .map(|word| word.split_once('=').unwrap_or((word, "")))
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .collect();
                let span = Span::new(code_start + from as u32, code_start + to as u32);
                out.push(Mark { line: number + 1, span, start_only, word, details });
            }
            None => code_start = at,
        }
        at += line.len() as u32;
    }
    out
}

/// A mark in a line: columns, whether it tells the start alone, and the words.
fn mark_in(line: &str) -> Option<(usize, usize, bool, &str)> {
    let body = line.trim_start();
    let indent = line.len() - body.len();
    let comment = ["//", "#", "--", ";", "%", "<!--", "/*"].iter().find(|sign| body.starts_with(**sign))?;
    let after = indent + comment.len();
    let rest = &line[after..];
    let inner = rest.trim_start();
    if let Some(words) = inner.strip_prefix("<-") {
        return Some((indent, indent, true, words));
    }
    let from = after + rest.len() - inner.len();
    let carets = inner.len() - inner.trim_start_matches('^').len();
    (carets > 0).then(|| (from, from + carets, false, &inner[carets..]))
}

type Told = Vec<(String, String)>;

/// Everything that the facts say of a place: its word and details.
fn found_at(facts: &Facts, text: &str, mark: &Mark) -> Vec<(String, Told)> {
    let here = |span: Span| span == mark.span || mark.start_only && span.start == mark.span.start;
    let mut out = Vec::new();
    for symbol in facts.symbols.iter().filter(|symbol| here(symbol.name_range)) {
        let class = if symbol.flags.has(SymbolFlags::LOCAL) { "local" } else { "definition" };
        out.push((format!("{class}.{}", snake(&format!("{:?}", symbol.kind))), symbol_details(facts, text, symbol)));
    }
    for reference in facts.references.iter().filter(|reference| here(reference.span)) {
        let receiver = match reference.receiver {
            Receiver::Name(name) => facts.text(name).to_owned(),
            Receiver::Call(name) => format!("{}()", facts.text(name)),
            other => snake(&format!("{other:?}")),
        };
        out.push((
            format!("reference.{}", snake(&format!("{:?}", reference.role))),
            vec![("receiver".into(), receiver)],
        ));
    }
    for import in facts.imports.iter().filter(|import| here(import.span)) {
        let or_none = |name: Option<_>| name.map_or("none".to_owned(), |name| facts.text(name).to_owned());
        let details = vec![
            ("path".into(), facts.text(import.path).to_owned()),
            ("name".into(), or_none(import.name)),
            ("alias".into(), or_none(import.alias)),
            ("reexport".into(), import.reexport.to_string()),
        ];
        out.push((format!("import.{}", snake(&format!("{:?}", import.kind))), details));
    }
    for ty in facts.types.iter().filter(|ty| here(ty.span)) {
        let of = facts.text(facts.symbol(ty.symbol).name).to_owned();
        out.push((format!("type.{}", snake(&format!("{:?}", ty.relation))), vec![("of".into(), of)]));
    }
    for scope in facts.scopes.iter().filter(|scope| scope.span.start == mark.span.start) {
        out.push((format!("scope.{}", snake(&format!("{:?}", scope.kind))), Vec::new()));
    }
    if out.is_empty() {
        out.push(("nothing".into(), Vec::new()));
    }
    out
}

fn symbol_details(facts: &Facts, text: &str, symbol: &Symbol) -> Told {
    let or_none = |name: Option<_>| name.map_or("none".to_owned(), |name| facts.text(name).to_owned());
    let flags = [
        ("declaration", SymbolFlags::DECLARATION),
        ("test", SymbolFlags::TEST),
        ("deprecated", SymbolFlags::DEPRECATED),
        ("static", SymbolFlags::STATIC),
        ("macro", SymbolFlags::IN_MACRO),
        ("ordered", SymbolFlags::ORDERED),
    ];
    let set: Vec<&str> = flags.iter().filter(|(_, flag)| symbol.flags.has(*flag)).map(|(name, _)| *name).collect();
    let doc = symbol.doc.map_or("none".to_owned(), |doc| {
        text[doc.range()].chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
    });
    vec![
        ("parent".into(), or_none(symbol.parent.map(|ix| facts.symbol(ix).name))),
        ("container".into(), or_none(symbol.container)),
        ("type".into(), or_none(symbol.ty)),
        ("visibility".into(), snake(&format!("{:?}", symbol.visibility))),
        ("arity".into(), symbol.arity.map_or("none".to_owned(), |arity| arity.to_string())),
        ("flags".into(), if set.is_empty() { "none".to_owned() } else { set.join(",") }),
        ("doc".into(), doc),
        (
            "lines".into(),
            (facts.lines.line_of(symbol.range.end) - facts.lines.line_of(symbol.range.start) + 1).to_string(),
        ),
    ]
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
