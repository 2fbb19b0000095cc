//! The built-in evaluator and ONNX Runtime over a real corpus: this repository's sources and those of two crates that it
//! is built from. Questions are the first sentences of their modules' documentation.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portolan::embed::{Options, Runtime};
use serde_json::{Value, json};

/// Crates whose sources are searched too.
const CRATES: [&str; 2] = ["tokio", "clap_builder"];
/// Most files of one of them.
const MOST_FILES: usize = 150;
const MOST_QUESTIONS: usize = 200;

/// Vectors agree to so much.
const TOLERANCE: f32 = 1e-5;
/// Answers whose scores differ by less may change places: a component that lies on the edge between two of the 256 steps of
/// a stored vector falls to one side here and to the other there. No rule of rounding is without edges.
const TIE: f64 = 2e-3;

#[test]
fn both_evaluators_give_equal_vectors_and_rankings() {
    let Some(library) = std::env::var_os("PORTOLAN_ONNXRUNTIME") else {
        assert!(std::env::var_os("CI").is_none(), "PORTOLAN_ONNXRUNTIME is not set");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let texts = corpus(&root);
    vectors_agree(&texts, Path::new(&library));
    let questions: Vec<String> = texts.iter().filter_map(|it| question(it)).take(MOST_QUESTIONS).collect();
    assert!(questions.len() >= 100, "{}", questions.len());
    let library = format!("embeddings.library={}", Path::new(&library).display());
    let ours = lists(dir.path(), "ours", &["--set", "embeddings.runtime=built-in"], &questions);
    let theirs = lists(dir.path(), "theirs", &["--set", "embeddings.runtime=onnx", "--set", &library], &questions);
    let mut swapped = 0;
    for ((question, ours), theirs) in questions.iter().zip(&ours).zip(&theirs) {
        assert!(ours.iter().all(|it| it.1 > 0.0) && ours.len() == theirs.len(), "{question}");
        let Some(at) = ours.iter().zip(theirs).position(|(a, b)| a.0 != b.0) else { continue };
        let apart = (ours[at].1 - theirs[at].1).abs();
        assert!(apart < TIE, "{question}: {:?} here, {:?} there", ours[at], theirs[at]);
        swapped += 1;
    }
    assert!(swapped * 50 <= questions.len(), "{swapped} of {} lists differ, if only by ties", questions.len());
}

/// What cargo prints.
fn cargo(arguments: &[&str]) -> String {
    let told = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(told.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap()
}

/// Copies the sources beneath `root` and gives their texts.
fn corpus(root: &Path) -> Vec<String> {
    // What other platforms need is not on every disk.
    let host = cargo(&["-vV"]);
    let host = host.lines().find_map(|it| it.strip_prefix("host: ")).unwrap();
    let asked = ["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", host];
    let metadata: Value = serde_json::from_str(&cargo(&asked)).unwrap();
    let of = |name: &str| {
        let package = metadata["packages"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
        PathBuf::from(package["manifest_path"].as_str().unwrap()).parent().unwrap().join("src")
    };
    let mut texts = Vec::new();
    for name in ["portolan"].into_iter().chain(CRATES) {
        let source = of(name);
        let most = if name == "portolan" { usize::MAX } else { MOST_FILES };
        for path in rust_files(&source).into_iter().take(most) {
            let text = std::fs::read_to_string(&path).unwrap();
            let target = root.join(name).join(path.strip_prefix(&source).unwrap());
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::write(target, &text).unwrap();
            texts.push(text);
        }
    }
    texts
}

fn rust_files(source: &Path) -> Vec<PathBuf> {
    let (mut folders, mut out) = (vec![source.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

/// The first sentence of a module's documentation.
fn question(text: &str) -> Option<String> {
    let lines = text.lines().take_while(|it| it.starts_with("//!")).map(|it| it.trim_start_matches("//!").trim());
    let words = lines.collect::<Vec<_>>().join(" ");
    let end = words.find(['.', ':', ';']).unwrap_or(words.len()).min(200);
    words.get(..end).filter(|it| it.split(' ').count() >= 4).map(str::to_owned)
}

fn vectors_agree(texts: &[String], library: &Path) {
    let executable = Some(PathBuf::from(env!("CARGO_BIN_EXE_portolan")));
    let open = |runtime, library| {
        let executable = executable.clone();
        portolan::embed::open(&Options { runtime, library, executable, ..Options::default() }).unwrap()
    };
    let (ours, theirs) = (open(Runtime::Builtin, None), open(Runtime::Onnx, Some(library.to_path_buf())));
    let pieces: Vec<&str> = texts.iter().filter_map(|it| it.get(..it.len().min(1_500))).collect();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    ours.embed(&pieces, &mut a).unwrap();
    theirs.embed(&pieces, &mut b).unwrap();
    assert_eq!((a.len(), theirs.notices()), (b.len(), Vec::new()));
    assert_eq!(ours.model_id(), theirs.model_id());
    assert!(theirs.runs_on().starts_with("ONNX Runtime"), "{}", theirs.runs_on());
    let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= TOLERANCE, "differ by {worst}");
}

/// The answers to all questions: path with lines, score.
fn lists(dir: &Path, cache: &str, settings: &[&str], questions: &[String]) -> Vec<Vec<(String, f64)>> {
    let mut server = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .arg("--cache-dir")
        .arg(dir.join(cache))
        .args(settings)
        .arg("search-server")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, mut output) = (server.stdin.take().unwrap(), BufReader::new(server.stdout.take().unwrap()));
    let mut all = Vec::new();
    for question in questions {
        writeln!(input, "{}", json!({"root": dir.join("root"), "query": question, "limit": 10})).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        let place = |it: &Value| format!("{}:{}-{}", it["path"], it["start_line"], it["end_line"]);
        let results = answer["results"].as_array().unwrap_or_else(|| panic!("{answer}"));
        all.push(results.iter().map(|it| (place(it), it["score"].as_f64().unwrap())).collect());
    }
    drop(input);
    assert!(server.wait().unwrap().success());
    all
}
