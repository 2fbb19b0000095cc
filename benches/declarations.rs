//! Prints every declaration of a folder as search by meaning sees it, a JSON line each: what the default model is trained on
//! and measured with (tools/model). Invariant: the same spans, the same context that the index gives to a model, and what the
//! index says of files and tests.
//! `cargo bench --bench declarations -- FOLDER [--code]`; `--code` leaves out what is vendored, generated or no program.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program of its own and may stop on any error"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portolan::base::chars::floor;
use portolan::base::hash::Key;
use portolan::base::paths::RelPath;
use portolan::base::span::Span;
use portolan::embed::batch;
use portolan::facts::{Facts, SymbolFlags, SymbolIx, SymbolKind};
use portolan::index::build::{SegmentRecord, traits_of};
use portolan::index::traits::Traits;
use portolan::syntax::extract::{self, Segment};
use portolan::syntax::languages;
use serde_json::json;

/// Larger files are left out.
const LARGEST: u64 = 1 << 20;
/// Most bytes of a declaration's text that are printed.
const LONGEST: usize = 6_000;
/// Constants and variables of so many bytes can be an answer.
const TABLE: u32 = 80;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let Some(root) = arguments.first().map(PathBuf::from) else { return println!("give a folder") };
    let code_only = arguments.iter().any(|it| it == "--code");
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() && entry.file_name() != ".git" {
                folders.push(entry.path());
            } else if meta.is_file() && meta.len() <= LARGEST {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    for file in files {
        one(&root, &file, code_only, &mut out);
    }
}

/// All declarations of a file.
fn one(root: &Path, file: &Path, code_only: bool, out: &mut impl Write) {
    let Ok(text) = std::fs::read_to_string(file) else { return };
    let name = file.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    let Some(path) = RelPath::from_bytes(name.as_bytes()) else { return };
    let lang = languages::detect(&path, &text.as_bytes()[..floor(&text, 4096)]);
    if text.contains('\0') || !lang.has_grammar() {
        return;
    }
    let segments: Vec<SegmentRecord> =
        extract::extract(lang, &text, &extract::Limits::default()).into_iter().map(record).collect();
    let kind = traits_of(&path, &segments);
    let unwanted = kind.has(Traits::VENDORED) || kind.has(Traits::GENERATED);
    if code_only && unwanted {
        return;
    }
    let tail = batch::path_tail(name.as_bytes());
    for segment in segments {
        let facts = &segment.facts;
        let body = text.get(segment.span.range()).unwrap_or("");
        let first_line = text[..segment.span.start as usize].bytes().filter(|&it| it == b'\n').count() as u32 + 1;
        for ix in (0..facts.symbols.len() as u32).map(SymbolIx) {
            if !can_answer(facts, ix, lang.id()) {
                continue;
            }
            let (symbol, whole) = (facts.symbol(ix), whole(facts, ix));
            let own = own(facts, ix, whole);
            let text = body.get(own.range()).unwrap_or("");
            let text = &text[..floor(text, LONGEST)];
            let within = |span: Span| {
                let at = |offset: u32| floor(text, (offset.saturating_sub(own.start) as usize).min(text.len()));
                (at(span.start), at(span.end))
            };
            let containers = facts.containers(ix);
            let mut names = containers.clone();
            names.push(facts.text(symbol.name));
            let input = batch::passage_text(&tail, &names, "");
            let line = |offset: u32| first_line + facts.lines.line_of(offset);
            let it = json!({
                "path": name, "lang": lang.id(), "name": facts.text(symbol.name), "kind": format!("{:?}", symbol.kind),
                "within": containers, "container": symbol.container.map(|it| facts.text(it)),
                "first": line(whole.start), "last": line(whole.end.saturating_sub(1).max(whole.start)),
                "doc": symbol.doc.map(|it| &text[within(it).0..within(it).1]).filter(|it| !it.is_empty()),
                "bare": bare(text, symbol.doc.map(within)), "text": text, "before": input.trim_end_matches('\n'),
                "test": kind.has(Traits::TEST) || facts.is_in_test(ix), "docs": kind.has(Traits::DOCS),
                "sample": kind.has(Traits::SAMPLE), "off": unwanted,
                "open": symbol.flags.has(SymbolFlags::DECLARATION),
            });
            writeln!(out, "{it}").unwrap();
        }
    }
}

/// As the index is told of it: what path and text say of a file is asked as there.
fn record(it: Segment) -> SegmentRecord {
    SegmentRecord { span: it.span, key: Key::of("facts", &[]), facts: Arc::new(it.facts) }
}

/// The text without its documentation; nothing where it has none.
fn bare(text: &str, doc: Option<(usize, usize)>) -> Option<String> {
    doc.map(|(from, to)| format!("{}{}", &text[..from], &text[to..]))
}

/// With its documentation.
fn whole(facts: &Facts, ix: SymbolIx) -> Span {
    let it = facts.symbol(ix);
    Span::new(it.doc.map_or(it.range.start, |doc| doc.start.min(it.range.start)), it.range.end)
}

/// What is its own: of one that is made of others what comes before the first of them.
fn own(facts: &Facts, ix: SymbolIx, whole: Span) -> Span {
    if !holds_members(facts.symbol(ix).kind) {
        return whole;
    }
    let after = (ix.0 + 1..facts.symbols.len() as u32).map(SymbolIx);
    let inside = after.take_while(|&it| facts.symbol(it).range.start < whole.end);
    let mut members = inside.filter(|&it| can_answer(facts, it, "") && facts.symbol(it).range.end <= whole.end);
    let end = members.next().map_or(whole.end, |it| self::whole(facts, it).start);
    Span::new(whole.start, end.max(whole.start))
}

fn holds_members(kind: SymbolKind) -> bool {
    kind.has_members() || matches!(kind, SymbolKind::Heading | SymbolKind::Module | SymbolKind::Namespace)
}

/// Whether it can be an answer by itself; of documents their headings, for training.
fn can_answer(facts: &Facts, ix: SymbolIx, lang: &str) -> bool {
    use SymbolKind::*;
    let it = facts.symbol(ix);
    if it.flags.has(SymbolFlags::LOCAL) {
        return false;
    }
    match it.kind {
        Function | Method | Constructor | Macro | Operator | Test | Class | Struct | Enum | Union | Interface
        | Trait | Object | Property | TypeAlias | Implementation | Module => true,
        Constant | Variable | Field => it.range.len() >= TABLE,
        Heading => lang == "markdown",
        _ => false,
    }
}
