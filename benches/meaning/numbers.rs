//! Writes the numbers that speak for declarations, question by question, with the truth. Invariant: knows nothing of how they
//! are weighed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portolan::base::paths::RelPath;
use portolan::embed::Embedder;
use portolan::features::semantic_search::{Means, Question, numbers, signals};
use serde_json::{Value, json};

/// A repository and what is asked of it: each question as it stands in the file, with `question` and `truth`.
struct Asked {
    name: String,
    root: PathBuf,
    questions: Vec<Value>,
}

pub fn write(folder: &Path, questions: Option<&Path>, embedder: &dyn Embedder, words_alone: bool, out: &Path) {
    let all = match questions {
        Some(questions) => by_function(folder, questions),
        None => by_file(folder),
    };
    let named = |end: &str| format!("{}.{end}", out.display());
    let mut lines = std::io::BufWriter::new(std::fs::File::create(named("json")).unwrap());
    let mut floats = std::io::BufWriter::new(std::fs::File::create(named("f32")).unwrap());
    writeln!(lines, "{}", json!({ "names": signals::NAMES })).unwrap();
    for asked in all {
        let snapshot = super::index(&asked.root, embedder);
        let read = |path: &RelPath| std::fs::read_to_string(asked.root.join(path.display()));
        let texts = |_, _, path: &RelPath| read(path).ok().map(Arc::from);
        let means = Means { embedder: (!words_alone).then_some(embedder), texts: Some(&texts), near: None };
        for mut it in asked.questions {
            let Ok(question) = Question::new(it["question"].as_str().unwrap()) else { continue };
            let found = numbers(&snapshot, means, &question);
            let units: Vec<Value> = found
                .iter()
                .map(|(path, it, _)| json!([path.display().to_string(), it.lines.0 + 1, it.lines.1 + 1, it.name]))
                .collect();
            for number in found.iter().flat_map(|it| it.2.0) {
                floats.write_all(&number.to_le_bytes()).unwrap();
            }
            it["repository"] = json!(asked.name);
            it["units"] = json!(units);
            writeln!(lines, "{it}").unwrap();
        }
        println!("{}", asked.name);
    }
}

/// The questions of a half of tests/search.
fn by_function(checkouts: &Path, questions: &Path) -> Vec<Asked> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(questions).unwrap().flatten().map(|it| it.path()).collect();
    files.sort();
    let files = files.into_iter().filter(|it| it.extension().is_some_and(|it| it == "jsonl"));
    let one = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let questions = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Asked { root: checkouts.join(&name), name, questions }
    };
    files.map(one).collect()
}

/// The benchmark whose answers are files.
fn by_file(folder: &Path) -> Vec<Asked> {
    let one = |it: super::Described| {
        let truth = |(path, lines): &(String, Option<(u32, u32)>)| {
            let path = path.strip_prefix(&it.below).unwrap_or(path);
            json!({ "path": path, "first": lines.map(|it| it.0), "last": lines.map(|it| it.1) })
        };
        let questions = it.tasks.iter().map(|task| {
            let truth: Vec<Value> = task.targets.iter().map(truth).collect();
            json!({ "question": task.query, "kind": task.category, "truth": truth })
        });
        Asked { questions: questions.collect(), name: it.name, root: it.root }
    };
    super::described(folder, &[]).into_iter().map(one).collect()
}
