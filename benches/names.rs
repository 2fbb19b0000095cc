//! Names at scale: 1,000,000 distinct names out of real source trees, 1,000 queries (abbreviations, prefixes, typos), two
//! threads. Prints p50 and p95, and in how many queries the first ten are those of the same scorer without any prefilter.
//! `cargo bench --bench names -- FOLDER...`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints its figures and ends on a fault")]

use portolan::base::cancel::Cancel;
use portolan::base::hash::{ContentHash, Key};
use portolan::base::ids::RootId;
use portolan::base::paths::RelPath;
use portolan::base::span::Span;
use portolan::facts::{Facts, LineIndex, ScopeIx, Symbol, SymbolFlags, SymbolKind, Visibility};
use portolan::index::apply::Builder;
use portolan::index::build::{FileMeta, FileRecord, FileState, SegmentRecord, build_facts_pack};
use portolan::index::snapshot::{FewFacts, Snapshot};
use portolan::index::view::PackView;
use portolan::store::pack::PackId;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const NAMES: usize = 1_000_000;
const QUERIES: usize = 1_000;

fn main() {
    let folders: Vec<PathBuf> =
        std::env::args().skip(1).filter(|it| !it.starts_with("--")).map(PathBuf::from).collect();
    let folders = if folders.is_empty() { vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))] } else { folders };
    let mut names = HashSet::new();
    for folder in &folders {
        collect(folder, &mut names);
    }
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    let queries = queries(&names);
    println!("names {}, queries {}", names.len(), queries.len());
    let snapshot = snapshot(&names);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let cancel = Cancel::new();
    pool.install(|| {
        snapshot.fuzzy("warmup", 10, &cancel);
        let (mut times, mut answers) = (Vec::new(), Vec::new());
        for (_, query) in &queries {
            let start = Instant::now();
            answers.push(snapshot.fuzzy(query, 10, &cancel));
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        for kind in ["abbreviation", "prefix", "typo", ""] {
            let of_kind = |at: &usize| kind.is_empty() || queries[*at].0 == kind;
            let mut part: Vec<f64> = (0..queries.len()).filter(of_kind).map(|at| times[at]).collect();
            part.sort_by(f64::total_cmp);
            let at = |share: f64| part[((part.len() - 1) as f64 * share) as usize];
            let label = if kind.is_empty() { "all" } else { kind };
            println!("{label:14} p50 {:.2} ms, p95 {:.2} ms, max {:.2} ms", at(0.5), at(0.95), at(1.0));
        }
        let same = queries
            .iter()
            .zip(&answers)
            .filter(|((_, query), answer)| snapshot.fuzzy_with(query, 10, false, &cancel) == **answer);
        println!("first ten equal without prefilter: {:.1} %", same.count() as f64 * 100.0 / queries.len() as f64);
    });
}

/// Identifiers of all plain files below a folder, until there are enough.
fn collect(folder: &Path, names: &mut HashSet<String>) {
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
                waiting.push(entry.path());
            } else if kind.is_file() && names.len() < NAMES {
                let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
                let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
                let fits =
                    |it: &&str| (3..60).contains(&it.len()) && it.starts_with(|it: char| it.is_ascii_alphabetic());
                names.extend(words.filter(fits).take(100_000).map(str::to_owned));
            }
        }
    }
    let surplus: Vec<String> = names.iter().skip(NAMES).cloned().collect();
    for it in &surplus {
        names.remove(it);
    }
}

/// Repeatable numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn queries(names: &[String]) -> Vec<(&'static str, String)> {
    let mut dice = Dice(42);
    let mut out = Vec::new();
    while out.len() < QUERIES {
        let name = &names[dice.below(names.len())];
        let kind = ["abbreviation", "prefix", "typo"][out.len() % 3];
        let query = match kind {
            "abbreviation" => words(name).iter().map(|it| &it[..it.len().min(1 + dice.below(3))]).collect::<String>(),
            "prefix" => name[..name.len().min(3 + dice.below(7))].to_owned(),
            _ => {
                let mut letters = name.as_bytes().to_vec();
                let at = 1 + dice.below(letters.len() - 1);
                match dice.below(3) {
                    0 => drop(letters.remove(at)),
                    1 => letters.swap(at - 1, at),
                    _ => letters[at] = b'a' + dice.below(26) as u8,
                }
                String::from_utf8_lossy(&letters).into_owned()
            }
        };
        let enough = if kind == "abbreviation" { words(name).len() >= 2 } else { name.len() >= 6 };
        if enough && query.len() >= 3 {
            out.push((kind, query.to_ascii_lowercase()));
        }
    }
    out
}

/// Words of a name in camel or snake case.
fn words(name: &str) -> Vec<&str> {
    let bytes = name.as_bytes();
    let mut cuts = vec![0];
    for at in 1..bytes.len() {
        if bytes[at - 1] == b'_' || bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase() {
            cuts.push(at);
        }
    }
    cuts.push(bytes.len());
    cuts.windows(2).map(|it| name[it[0]..it[1]].trim_matches('_')).filter(|it| !it.is_empty()).collect()
}

fn snapshot(names: &[String]) -> Snapshot {
    let files: Vec<FileRecord> = names.chunks(1000).enumerate().map(|(at, names)| file(at, names)).collect();
    let start = Instant::now();
    let sections = build_facts_pack(&files);
    let bytes: usize = sections.iter().map(|it| it.bytes.len()).sum();
    println!("pack of {:.1} MB in {:.2} s", bytes as f64 / 1e6, start.elapsed().as_secs_f64());
    let view = PackView::in_memory(sections).expect("a pack just made can be read");
    let mut builder = Builder::new(Arc::new(FewFacts::default()));
    builder.apply_facts(RootId(0), PackId([1; 16]), Arc::new(view));
    builder.publish()
}

fn file(number: usize, names: &[String]) -> FileRecord {
    let mut facts = Facts { lines: LineIndex::new(""), ..Facts::default() };
    for name in names {
        let name = facts.names.intern(name);
        facts.symbols.push(Symbol {
            name,
            kind: SymbolKind::Function,
            range: Span::default(),
            name_range: Span::default(),
            parent: None,
            scope: ScopeIx(0),
            container: None,
            signature: Span::default(),
            doc: None,
            ty: None,
            visibility: Visibility::Public,
            arity: None,
            flags: SymbolFlags(0),
        });
    }
    FileRecord {
        path: RelPath::from_bytes(format!("src/file{number:04}.rs").as_bytes()).expect("a relative path"),
        meta: FileMeta::default(),
        hash: ContentHash([0; 32]),
        lang: "rust".into(),
        recipe: Key([0; 16]),
        state: FileState::Indexed,
        segments: vec![SegmentRecord {
            span: Span::default(),
            key: Key::of("bench", &[&number.to_le_bytes()]),
            facts: Arc::new(facts),
        }],
    }
}
