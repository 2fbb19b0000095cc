//! Search by meaning on a folder laid out as the benchmark is (repos.json, annotations/NAME.json, repos/NAME): indexes each
//! repository in memory, asks all questions and prints NDCG@10 (the mean over repositories, by kind of question), how many
//! lines answers have, and the time of a question.
//! `cargo bench --bench meaning -- FOLDER [--repo NAME]... [--set NAME=VALUE]... [--vary NAME=V1,V2,...]... [--show] [--misses]
//! [--ask QUESTION]...`
//!
//! `--numbers FILE [--questions DIR]` writes what speaks for each declaration in the best passages instead, for
//! `tools/ranking/fit.py`: FILE.json has a line for each question, FILE.f32 the numbers. With `--questions` (a half of
//! tests/search) the folder holds a checkout for each of its files; `--words-alone` does without vectors; `--model FOLDER`
//! takes another model of the built-in's kind.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program of its own and may stop on any error"
)]

mod numbers;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use portolan::base::cancel::Cancel;
use portolan::base::hash::{ContentHash, Key};
use portolan::base::ids::RootId;
use portolan::base::paths::RelPath;
use portolan::embed::builtin::Builtin;
use portolan::embed::{Embedder, batch};
use portolan::features::rank::Tuning;
use portolan::features::semantic_search::{Found, Means, Question, semantic_search_with};
use portolan::index::apply::Builder;
use portolan::index::build::{FileMeta, FileRecord, FileState, SegmentRecord, build_facts_pack};
use portolan::index::snapshot::{FewFacts, Snapshot};
use portolan::index::source::MemoryPack;
use portolan::index::vectors::{VectorRun, VectorView, build_vector_pack, quantise, run_key};
use portolan::index::view::PackView;
use portolan::store::pack::PackId;
use portolan::syntax::{extract, languages};

/// One repository of the benchmark.
struct Described {
    name: String,
    root: PathBuf,
    tasks: Vec<Task>,
    /// Path of the searched folder within the checkout, with a slash behind it; or nothing.
    below: String,
}

/// The same, ready to be asked.
struct Repository {
    snapshot: Snapshot,
    it: Described,
}

struct Task {
    query: String,
    category: String,
    /// Path in the checkout; lines, one-based, where the truth has them.
    targets: Vec<(String, Option<(u32, u32)>)>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let Some(folder) = arguments.first().filter(|a| !a.starts_with("--")).map(PathBuf::from) else {
        return println!("give the benchmark's folder");
    };
    let values =
        |flag: &str| -> Vec<String> { arguments.windows(2).filter(|w| w[0] == flag).map(|w| w[1].clone()).collect() };
    let flag = |name: &str| arguments.iter().any(|a| a == name);
    let embedder = embedder(values("--model").first().map(Path::new));
    if let Some(out) = values("--numbers").first() {
        let questions = values("--questions");
        return numbers::write(
            &folder,
            questions.first().map(Path::new),
            &*embedder,
            flag("--words-alone"),
            Path::new(out),
        );
    }
    let started = Instant::now();
    let repositories = load(&folder, &values("--repo"), &*embedder);
    println!("indexed {} repositories in {:.1} s", repositories.len(), started.elapsed().as_secs_f32());
    let mut tuning = Tuning::default();
    for assignment in values("--set") {
        let (name, value) = assignment.split_once('=').unwrap();
        *field(&mut tuning, name) = value.parse().unwrap();
    }
    evaluate(&repositories, &*embedder, &tuning, "as set", flag("--show"), flag("--misses"));
    for variation in values("--vary") {
        let (name, values) = variation.split_once('=').unwrap();
        for value in values.split(',') {
            let mut varied = tuning;
            *field(&mut varied, name) = value.parse().unwrap();
            evaluate(&repositories, &*embedder, &varied, &format!("{name}={value}"), false, false);
        }
    }
    if let Some(repository) = repositories.first() {
        for question in values("--ask") {
            println!("\n? {question}");
            for (rank, it) in ask(repository, &*embedder, &question, &tuning).iter().enumerate() {
                let place = &it.place;
                println!(
                    "{:2} {:.3} {}:{}-{} {:?} {} {:?}",
                    rank + 1,
                    it.score,
                    it.path.display(),
                    place.lines.0 + 1,
                    place.lines.1 + 1,
                    place.kind,
                    place.name.as_deref().unwrap_or("-"),
                    it.reason
                );
            }
        }
    }
}

/// The default model, or one of its kind from a folder: what was trained is judged before it is built in.
fn embedder(folder: Option<&Path>) -> Arc<dyn Embedder> {
    let Some(folder) = folder else {
        return portolan::embed::open(&portolan::embed::Options::default()).unwrap();
    };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    Arc::new(Builtin::new(read("model.onnx").leak(), &read("tokenizer.json")).unwrap())
}

fn field<'a>(tuning: &'a mut Tuning, name: &str) -> &'a mut f32 {
    match name {
        "described" => &mut tuning.meaning_described,
        "architecture" => &mut tuning.meaning_architecture,
        "named" => &mut tuning.meaning_named,
        "names" => &mut tuning.names,
        "covered" => &mut tuning.covered,
        "path" => &mut tuning.path,
        "declared" => &mut tuning.declared,
        "declared_named" => &mut tuning.declared_named,
        "called" => &mut tuning.called,
        "test" => &mut tuning.test,
        "docs" => &mut tuning.docs,
        "sample" => &mut tuning.sample,
        "generated" => &mut tuning.generated,
        "prose" => &mut tuning.prose,
        "short" => &mut tuning.short,
        "file" => &mut tuning.file,
        "further" => &mut tuning.further,
        "further_described" => &mut tuning.further_described,
        "declared_first" => &mut tuning.declared_first,
        "word_body" => &mut tuning.words.body,
        "word_name" => &mut tuning.words.name,
        "word_path" => &mut tuning.words.path,
        "k1" => &mut tuning.words.k1,
        "b" => &mut tuning.words.b,
        other => panic!("no setting {other}"),
    }
}

fn load(folder: &Path, only: &[String], embedder: &dyn Embedder) -> Vec<Repository> {
    described(folder, only).into_iter().map(|it| Repository { snapshot: index(&it.root, embedder), it }).collect()
}

fn described(folder: &Path, only: &[String]) -> Vec<Described> {
    let specs: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("repos.json")).unwrap()).unwrap();
    let mut out = Vec::new();
    for spec in specs.as_array().unwrap() {
        let name = spec["name"].as_str().unwrap().to_owned();
        if !only.is_empty() && !only.contains(&name) {
            continue;
        }
        let checkout = folder.join("repos").join(&name);
        let below = spec["benchmark_root"].as_str().unwrap_or("").trim_end_matches('/').to_owned();
        let root = checkout.join(&below);
        let below = if below.is_empty() { below } else { below + "/" };
        let files = files_beneath(&checkout);
        let Ok(annotations) = std::fs::read(folder.join(format!("annotations/{name}.json"))) else { continue };
        let tasks = serde_json::from_slice::<Vec<serde_json::Value>>(&annotations).unwrap();
        let tasks = tasks.iter().map(|it| task(it, &files)).collect();
        out.push(Described { name, root, tasks, below });
    }
    out
}

fn task(it: &serde_json::Value, files: &[String]) -> Task {
    let lists = ["relevant", "secondary"].map(|key| it[key].as_array().cloned().unwrap_or_default());
    let targets = lists.into_iter().flatten().map(|raw| {
        let path = raw.as_str().unwrap_or_else(|| raw["path"].as_str().unwrap());
        let lines = raw["start_line"].as_u64().zip(raw["end_line"].as_u64()).map(|(a, b)| (a as u32, b as u32));
        let behind = format!("/{path}");
        let found = files.iter().filter(|f| *f == path || f.ends_with(&behind));
        let found = found.min_by_key(|f| (*f != path, f.matches('/').count(), (*f).clone()));
        (found.cloned().unwrap_or_default(), lines)
    });
    let query = it["query"].as_str().unwrap().to_owned();
    Task { category: it["category"].as_str().unwrap_or("?").to_owned(), targets: targets.collect(), query }
}

fn files_beneath(root: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(entry.path());
            } else if kind.is_file() {
                out.push(entry.path().strip_prefix(root).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    out.sort();
    out
}

/// The whole of path 2, in memory and on this thread.
fn index(root: &Path, embedder: &dyn Embedder) -> Snapshot {
    let mut records = Vec::new();
    let mut runs = Vec::new();
    let model = embedder.model_id();
    for path in files_beneath(root) {
        let Ok(text) = std::fs::read_to_string(root.join(&path)) else { continue };
        if text.len() > 1 << 20 || text.contains('\0') {
            continue;
        }
        let path = RelPath::from_bytes(path.as_bytes()).unwrap();
        let lang = languages::detect(&path, &text.as_bytes()[..text.len().min(4096)]);
        let recipe = languages::recipe(lang);
        let mut segments = Vec::new();
        for segment in extract::extract(lang, &text, &extract::Limits::default()) {
            let body = &text[segment.span.range()];
            let key = Key::of("facts", &[&recipe.0, body.as_bytes()]);
            let inputs = batch::inputs(path.as_bytes(), body, &segment.facts);
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            let mut vectors = Vec::new();
            embedder.embed(&inputs, &mut vectors).unwrap();
            let vectors = vectors.chunks_exact(embedder.dimensions()).map(quantise).collect();
            runs.push(VectorRun { key: run_key(&model.0, &path, key), vectors });
            segments.push(SegmentRecord { span: segment.span, key, facts: Arc::new(segment.facts) });
        }
        let hash = ContentHash::of(text.as_bytes());
        let (meta, state, lang) = (FileMeta::default(), FileState::Indexed, lang.id().into());
        records.push(FileRecord { path, meta, hash, lang, recipe, state, segments });
    }
    let mut builder = Builder::new(Arc::new(FewFacts::default()));
    builder.set_model(&model.0);
    let view = PackView::in_memory(build_facts_pack(&records)).unwrap();
    builder.apply_facts(RootId(0), PackId([1; 16]), Arc::new(view));
    let vectors = MemoryPack::new(build_vector_pack(embedder.dimensions(), &runs));
    builder.apply_vectors(RootId(0), PackId([2; 16]), Arc::new(VectorView::open(&vectors).unwrap()));
    builder.publish()
}

fn ask(repository: &Repository, embedder: &dyn Embedder, query: &str, tuning: &Tuning) -> Vec<Found> {
    let question = Question::new(query).unwrap();
    let cancel = Cancel::new();
    let read = |path: &RelPath| std::fs::read_to_string(repository.it.root.join(path.display()));
    let texts = |_, _, path: &RelPath| read(path).ok().map(Arc::from);
    let means = Means { embedder: Some(embedder), texts: Some(&texts), near: None };
    semantic_search_with(&repository.snapshot, means, &question, 10, &cancel, None, tuning).items
}

fn evaluate(
    repositories: &[Repository],
    embedder: &dyn Embedder,
    tuning: &Tuning,
    title: &str,
    show: bool,
    misses: bool,
) {
    let mut by_category: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let (mut all, mut lines, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for repository in repositories {
        let mut scores: HashMap<&str, Vec<f64>> = HashMap::new();
        for task in &repository.it.tasks {
            let started = Instant::now();
            let found = ask(repository, embedder, &task.query, tuning);
            times.push(started.elapsed().as_secs_f64() * 1e3);
            let gain = ndcg(repository, task, &found);
            if misses && gain < 0.6 {
                let wanted: Vec<&str> = task.targets.iter().map(|it| it.0.as_str()).collect();
                println!("  {gain:.2} {} ? {} -> {}", repository.it.name, task.query, wanted.join(" "));
                for it in found.iter().take(4) {
                    let (place, name) = (&it.place, it.place.name.as_deref().unwrap_or("-"));
                    println!(
                        "         {:.3} {}:{} {name} {:?}",
                        it.score,
                        it.path.display(),
                        place.lines.0 + 1,
                        it.reason
                    );
                }
            }
            scores.entry(task.category.as_str()).or_default().push(gain);
            lines.extend(found.iter().map(|it| it.place.lines.1 - it.place.lines.0 + 1));
        }
        let every: Vec<f64> = scores.values().flatten().copied().collect();
        all.push(mean(&every));
        for (category, scores) in scores {
            by_category.entry(category).or_default().push(mean(&scores));
        }
        if show {
            println!("  {:20} {:.3}", repository.it.name, mean(&every));
        }
    }
    lines.sort_unstable();
    times.sort_by(f64::total_cmp);
    let at = |share: f64, len: usize| ((len as f64 * share) as usize).min(len.saturating_sub(1));
    let categories: Vec<String> = by_category.iter().map(|(name, all)| format!("{name} {:.4}", mean(all))).collect();
    println!(
        "{title:18} NDCG@10 {:.4} ({}); lines p50 {} p95 {}; ms p50 {:.1} p95 {:.1}",
        mean(&all),
        categories.join(", "),
        lines.get(at(0.5, lines.len())).copied().unwrap_or(0),
        lines.get(at(0.95, lines.len())).copied().unwrap_or(0),
        times[at(0.5, times.len())],
        times[at(0.95, times.len())],
    );
}

fn ndcg(repository: &Repository, task: &Task, found: &[Found]) -> f64 {
    let discount = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let mut ranks: Vec<usize> = task
        .targets
        .iter()
        .filter_map(|(path, lines)| {
            found.iter().position(|it| {
                let (first, last) = it.place.lines;
                format!("{}{}", repository.it.below, it.path.display()) == *path
                    && lines.is_none_or(|(from, to)| last + 1 >= from && first < to)
            })
        })
        .collect();
    ranks.sort_unstable();
    ranks.dedup();
    let ideal: f64 = (0..task.targets.len().min(10)).map(discount).sum();
    if ideal > 0.0 { ranks.into_iter().map(discount).sum::<f64>() / ideal } else { 0.0 }
}

fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / all.len().max(1) as f64
}
