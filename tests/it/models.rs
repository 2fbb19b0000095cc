//! Users' models in their own process, with small models of our making and everything that can go wrong with one: each case
//! has a clear outcome and costs neither the index nor the server. What needs ONNX Runtime is passed over, with a word on
//! the standard error, where `PORTOLAN_ONNXRUNTIME` names none; tests/run installs it.

mod faults;
mod minilm;
mod server;
mod tiny;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use portolan::embed::device::{Device, Wanted};
use portolan::embed::{self, Embedder, Options, Runtime};
use serde_json::Value;
use tiny::{DIMENSIONS, Kind};

use crate::until;

/// The library, or none: then a test says so and ends.
fn library() -> Option<PathBuf> {
    let named = std::env::var_os("PORTOLAN_ONNXRUNTIME").map(PathBuf::from);
    if named.is_none() {
        assert!(std::env::var_os("CI").is_none(), "PORTOLAN_ONNXRUNTIME is not set");
        eprintln!("passed over: PORTOLAN_ONNXRUNTIME is not set");
    }
    named
}

fn options(model: &Path, library: &Path) -> Options {
    Options {
        runtime: Runtime::Onnx,
        model: Some(model.to_path_buf()),
        library: Some(library.to_path_buf()),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        wanted: Wanted { device: Some(Device::Cpu), ..Wanted::default() },
        threads: 1,
        faults: true,
        ..Options::default()
    }
}

/// The small model in a folder of its own, and what it is opened with.
fn tiny(kind: Kind) -> Option<(tempfile::TempDir, Options)> {
    let library = library()?;
    let dir = tempfile::tempdir().unwrap();
    tiny::write(dir.path(), kind);
    let options = options(dir.path(), &library);
    Some((dir, options))
}

fn vectors(embedder: &dyn Embedder, texts: &[&str]) -> Vec<Vec<f32>> {
    let mut out = Vec::new();
    embedder.embed(texts, &mut out).unwrap();
    out.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect()
}

/// The mean of the words' rows, of length one.
fn expected(words: &[&str], scale: f32) -> Vec<f32> {
    let mut sum = [0f32; DIMENSIONS];
    for word in words {
        let id = tiny::WORDS.iter().position(|it| it == word).unwrap() + 4;
        sum.iter_mut().zip(tiny::row(id, scale)).for_each(|(x, y)| *x += y);
    }
    let norm = sum.iter().map(|it| it * it).sum::<f32>().sqrt();
    sum.iter().map(|it| it / norm).collect()
}

fn is_near(a: &[f32], b: &[f32], tolerance: f32) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

fn is_zero(vector: &[f32]) -> bool {
    vector.iter().all(|it| *it == 0.0)
}

#[test]
fn vectors_are_the_models_in_each_precision() {
    for (kind, tolerance) in [(Kind::Float, 1e-6), (Kind::Half, 1e-3), (Kind::Int8, 1e-2)] {
        let Some((_dir, options)) = tiny(kind) else { return };
        let it = embed::open(&options).unwrap();
        let texts = ["open file", "retry", "", "what nobody knows", "open file retry backoff red"];
        let all = vectors(&*it, &texts);
        assert_eq!(it.dimensions(), DIMENSIONS);
        for (text, vector) in texts.iter().zip(&all) {
            let words: Vec<&str> = text.split(' ').filter(|it| tiny::WORDS.contains(it)).collect();
            if words.is_empty() {
                assert!(is_zero(vector), "{text}: {vector:?}");
            } else {
                assert!(is_near(vector, &expected(&words, 1.0), tolerance), "{kind:?} {text}: {vector:?}");
            }
        }
        assert!(it.runs_on().contains("8 numbers, ONNX Runtime") && it.runs_on().contains("(CPU)"), "{}", it.runs_on());
    }
}

#[test]
fn questions_and_passages_have_prompts_of_their_own() {
    let Some((dir, options)) = tiny(Kind::Float) else { return };
    let prompts = r#"{"prompts": {"query": "query ", "passage": "fn "}}"#;
    std::fs::write(dir.path().join("config_sentence_transformers.json"), prompts).unwrap();
    let it = embed::open(&options).unwrap();
    assert!(is_near(&vectors(&*it, &["one"])[0], &expected(&["fn", "one"], 1.0), 1e-6));
    let mut question = Vec::new();
    it.embed_question("one", &mut question).unwrap();
    assert!(is_near(&question, &expected(&["query", "one"], 1.0), 1e-6));
    // A question of 100 KB is cut.
    it.embed_question(&"one ".repeat(25_000), &mut question).unwrap();
    assert_eq!(question.len(), DIMENSIONS);
}

#[test]
fn models_of_another_kind_are_told_apart() {
    let Some(library) = library() else { return };
    let says = |model: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        tiny::write_model(dir.path(), model);
        embed::open(&options(dir.path(), &library)).unwrap().start().unwrap_err().to_string()
    };
    let of = |input, output| tiny::model(Kind::Float, input, output, 1.0);
    let error = says(&of("pixel_values", "last_hidden_state"));
    assert!(error.contains("model.onnx: the model wants an input 'pixel_values'"), "{error}");
    // What a reranker or a classifier says of tokens is no vector of them.
    let error = says(&of("input_ids", "logits"));
    assert!(error.contains("(its outputs: logits)") && error.contains("feature-extraction"), "{error}");
    assert!(says(&tiny::model(Kind::Float, "input_ids", "last_hidden_state", f32::NAN)).contains("NaN"));
    // What the suite of hostile files holds of models.
    for location in
        ["../../../../../../../../etc/passwd", "/etc/passwd", "w.bin", "junk/../../../../../../../etc/passwd"]
    {
        let error = says(&tiny::model_elsewhere(location));
        assert!(error.contains("in another file, which is refused"), "{location}: {error}");
    }
    let whole = tiny::model_elsewhere("w");
    assert!(says(&whole[..40]).contains("not a readable ONNX file"));
    let noise: Vec<u8> = (0..100_000u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert!(says(&noise).contains("not a readable ONNX file"), "{}", says(&noise));
    assert!(says(b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").contains("not a readable ONNX file"));
    assert!(says(b"").contains("ONNX Runtime"), "{}", says(b""));
}

#[test]
fn a_classifier_is_told_by_its_configuration() {
    let Some((dir, options)) = tiny(Kind::Float) else { return };
    let of = |output: &str| {
        tiny::write_model(dir.path(), &tiny::model(Kind::Float, "input_ids", output, 1.0));
        std::fs::write(dir.path().join("config.json"), r#"{"architectures": ["XForSequenceClassification"]}"#).unwrap();
        embed::open(&options).unwrap().start().map_err(|it| it.to_string())
    };
    assert!(of("scores").unwrap_err().contains("it is a XForSequenceClassification"));
    assert_eq!(of("last_hidden_state"), Ok(()), "what is known to be vectors is taken of it");
}

#[test]
fn equal_texts_have_equal_vectors_whatever_stands_beside_them() {
    let Some((dir, options)) = tiny(Kind::Float) else { return };
    tiny::write_model(dir.path(), &tiny::model_without_mask());
    let it = embed::open(&options).unwrap();
    let alone = vectors(&*it, &["one"]);
    assert_eq!(vectors(&*it, &["open file retry backoff", "one", "open file"])[1], alone[0]);
}

#[test]
fn tokenizers_that_are_none_are_refused() {
    let Some((dir, options)) = tiny(Kind::Float) else { return };
    let merges = r#"{"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["ab", "ab"]]}}"#;
    let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    for json in [merges, deep.as_str(), "hello"] {
        std::fs::write(dir.path().join("tokenizer.json"), json).unwrap();
        let error = embed::open(&options).unwrap().start().unwrap_err().to_string();
        assert!(error.contains("tokenizer.json: the tokenizer cannot be used"), "{error}");
    }
}

#[test]
fn a_wrong_library_is_told_and_the_default_model_runs_all_the_same() {
    let Some((_dir, mut options)) = tiny(Kind::Float) else { return };
    // A whole shared library, but another one.
    let other = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"];
    let Some(other) = other.iter().map(PathBuf::from).find(|it| it.exists()) else { return };
    options.library = Some(other);
    let error = embed::open(&options).unwrap().start().unwrap_err().to_string();
    assert!(error.contains("is not a usable ONNX Runtime library") && error.contains("pip install"), "{error}");
    options.model = None;
    let it = embed::open(&options).unwrap();
    let mut out = Vec::new();
    it.embed(&["fn main() {}"], &mut out).unwrap();
    assert_eq!(out.len(), 256);
    assert!(it.notices()[0].contains("the built-in evaluator runs the model instead"), "{:?}", it.notices());
    assert_eq!(it.runs_on(), "built-in (CPU)");
    it.embed_question("main", &mut out).unwrap();
    assert_eq!(out.len(), 256);
}

#[test]
fn a_device_that_is_missing_is_said_and_the_cpu_goes_on() {
    let Some((_dir, mut options)) = tiny(Kind::Float) else { return };
    options.wanted = Wanted { device: Some(Device::CoreMl), ..Wanted::default() };
    let it = embed::open(&options).unwrap();
    assert!(is_near(&vectors(&*it, &["one"])[0], &expected(&["one"], 1.0), 1e-6));
    vectors(&*it, &["two"]);
    assert_eq!(it.notices().len(), 1, "once");
    assert!(it.notices()[0].contains("asks for CoreML"), "{:?}", it.notices());
    assert!(it.runs_on().contains("(CPU)"));
    assert_eq!(it.refusals().len(), 1);
}

#[test]
fn a_model_that_is_replaced_never_mixes_with_the_one_before() {
    let Some((dir, options)) = tiny(Kind::Float) else { return };
    let it = embed::open(&options).unwrap();
    let before = vectors(&*it, &["one two"]);
    tiny::write_model(dir.path(), &tiny::model(Kind::Float, "input_ids", "last_hidden_state", 0.25));
    assert_eq!(vectors(&*it, &["one two"]), before, "what is open goes on with the model that was there");
    assert!(it.notices()[0].contains("has changed since it was opened"), "{:?}", it.notices());
    let new = embed::open(&options).unwrap();
    assert_ne!(new.model_id(), it.model_id());
    // A worker that is lost cannot be started again: its model is gone.
    let error = it.embed(&["portolan-embed-fault:abort"], &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("has been replaced"), "{error}");
    assert!(new.embed(&["one"], &mut Vec::new()).is_ok());
}

#[test]
fn a_thousand_questions_at_once_are_answered_beside_a_long_batch() {
    let Some((_dir, options)) = tiny(Kind::Float) else { return };
    let it = embed::open(&options).unwrap();
    let texts: Vec<String> = (0..5_000).map(|at| format!("open file {at}")).collect();
    let (one, whole) = (expected(&["one"], 1.0), expected(&["open", "file"], 1.0));
    std::thread::scope(|scope| {
        let passages = scope.spawn(|| vectors(&*it, &texts.iter().map(String::as_str).collect::<Vec<_>>()));
        let ask = || {
            for _ in 0..125 {
                let mut out = Vec::new();
                it.embed_question("one", &mut out).unwrap();
                assert!(is_near(&out, &one, 1e-6));
            }
        };
        (0..8).map(|_| scope.spawn(ask)).collect::<Vec<_>>().into_iter().for_each(|it| it.join().unwrap());
        assert!(passages.join().unwrap().iter().all(|it| is_near(it, &whole, 1e-6)));
    });
    assert_eq!(it.made(), Some(5_000));
}

/// A workspace of many small files, each of which holds `mark`.
fn workspace(root: &Path, files: usize, mark: &str) {
    for at in 0..files {
        let text = format!("/// open file {at} {mark}\nfn open_file_{at}() {{\n    retry(backoff, {at});\n}}\n");
        let folder = root.join(format!("part_{}", at % 7));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("file_{at}.rs")), text).unwrap();
    }
    std::fs::write(root.join("last.rs"), "fn colour_red() {}\n").unwrap();
}

fn portolan(root: &Path, cache: &Path, model: Option<&Path>, command: &[&str]) -> Command {
    let mut it = Command::new(env!("CARGO_BIN_EXE_portolan"));
    it.args(&command[..1]);
    it.args(&command[1..]).arg(root).arg("--json").arg("--cache-dir").arg(cache);
    it.args(["--set", "embeddings.device=cpu"]);
    if let Some(model) = model {
        it.arg("--set").arg(format!("embeddings.model={}", model.display()));
    }
    it
}

fn told(out: &Output) -> Value {
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_str(text.lines().last().unwrap_or("")).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn index(root: &Path, cache: &Path, model: Option<&Path>) -> Value {
    told(&portolan(root, cache, model, &["index"]).output().unwrap())
}

#[test]
fn what_has_a_vector_is_not_embedded_again_after_a_kill() {
    if library().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, cache, model) = (dir.path().join("root"), dir.path().join("cache"), dir.path().join("model"));
    workspace(&root, 600, "portolan-embed-fault:slow");
    tiny::write(&model, Kind::Float);
    let mut killed = portolan(&root, &cache, Some(&model), &["index"]);
    let mut killed = killed.env("PORTOLAN_FAULTS", "1").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut had = 0;
    until("some passages have vectors on the disk", || {
        assert!(killed.try_wait().unwrap().is_none(), "it is still at it");
        let status = portolan(&root, &cache, Some(&model), &["status"]).output().unwrap();
        had = told(&status)["passages"]["embedded"].as_u64().unwrap_or(0);
        had > 0
    });
    killed.kill().unwrap();
    killed.wait().unwrap();
    let had =
        told(&portolan(&root, &cache, Some(&model), &["status"]).output().unwrap())["passages"]["embedded"].as_u64();
    let resumed = index(&root, &cache, Some(&model));
    let all = resumed["passages"].as_u64();
    assert_eq!(resumed["embedded"].as_u64(), all, "{resumed}");
    assert_eq!(resumed["embedded_by_runtime"].as_u64(), all.zip(had).map(|(all, had)| all - had), "{resumed}");
    assert_eq!(index(&root, &cache, Some(&model))["embedded_by_runtime"], 0);
}

#[test]
fn the_doctor_says_where_a_model_runs_how_fast_and_why_not_elsewhere() {
    if library().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    tiny::write(dir.path(), Kind::Float);
    let doctor = |model: &Path, device: &str| {
        let mut it = Command::new(env!("CARGO_BIN_EXE_portolan"));
        it.args(["doctor", "--json", "--cache-dir"]).arg(dir.path().join("cache"));
        it.arg("--set").arg(format!("embeddings.model={}", model.display()));
        let out = it.arg("--set").arg(format!("embeddings.device={device}")).output().unwrap();
        let all: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap();
        let found = all.into_iter().find(|it| it["what"] == "embeddings").unwrap();
        (found["state"].as_str().unwrap().to_owned(), found["text"].as_str().unwrap().to_owned(), out.status.success())
    };
    let (state, text, _) = doctor(dir.path(), "cpu");
    assert_eq!(state, "good", "{text}");
    assert!(text.contains("(CPU)") && text.contains("passages/s"), "{text}");
    assert!(text.contains("built, not yet run here: CUDA, TensorRT"), "{text}");
    let (state, text, _) = doctor(dir.path(), "mps");
    assert_eq!(state, "note", "{text}");
    assert!(text.contains("asks for CoreML") && text.contains("not CoreML:"), "{text}");
    let (state, text, is_well) = doctor(&dir.path().join("nowhere"), "cpu");
    assert!(state == "broken" && !is_well && text.contains("give a folder with model.onnx"), "{text}");
}

#[test]
fn a_model_that_is_not_there_leaves_search_by_words() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("root"), dir.path().join("cache"));
    workspace(&root, 5, "nothing");
    let out = portolan(&root, &cache, Some(&dir.path().join("nowhere")), &["index"]).output().unwrap();
    assert!(String::from_utf8_lossy(&out.stderr).contains("give a folder with model.onnx"), "{out:?}");
    assert_eq!((&told(&out)["complete"], &told(&out)["embedded"]), (&Value::Bool(true), &Value::from(0)));
    let found = portolan(&root, &cache, Some(&dir.path().join("nowhere")), &["search", "colour red"]).output().unwrap();
    assert!(told(&found).to_string().contains("last.rs"));
}

#[test]
fn one_workspace_is_searched_by_models_of_several_dimensions_in_turn() {
    if library().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, cache, model) = (dir.path().join("root"), dir.path().join("cache"), dir.path().join("model"));
    workspace(&root, 20, "nothing");
    tiny::write(&model, Kind::Float);
    let first = |model: Option<&Path>| {
        let out = portolan(&root, &cache, model, &["search", "colour red"]).output().unwrap();
        told(&out)
    };
    let own = index(&root, &cache, None);
    assert_eq!(own["embedded"], own["passages"]);
    assert_eq!(own["embedded_by_runtime"], Value::Null);
    assert!(first(None).to_string().contains("last.rs"));
    let theirs = index(&root, &cache, Some(&model));
    assert_eq!((&theirs["embedded"], &theirs["embedded_by_runtime"]), (&theirs["passages"], &theirs["passages"]));
    assert!(theirs["embedder"].as_str().unwrap().contains("8 numbers"), "{theirs}");
    assert!(first(Some(&model)).to_string().contains("last.rs"));
    let again = index(&root, &cache, None);
    assert_eq!(again["embedded"], again["passages"], "{again}");
}
