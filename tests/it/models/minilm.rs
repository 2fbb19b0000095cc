//! A transformer as people have them: all-MiniLM-L6-v2, made into an ONNX file by tests/tools/install.sh, which puts its
//! folder into `PORTOLAN_MINILM`. Passed over, with a word on the standard error, where that is not set.

use std::path::PathBuf;

use portolan::embed;

use super::{Embedder, library, options};

fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("PORTOLAN_MINILM").map(PathBuf::from);
    if named.is_none() {
        assert!(std::env::var_os("CI").is_none(), "PORTOLAN_MINILM is not set");
        eprintln!("passed over: PORTOLAN_MINILM is not set");
    }
    named
}

/// What the model's authors show their model with.
const SENTENCES: [&str; 3] = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."];
const SIMILARITIES: [(usize, usize, f32); 3] = [(0, 1, 0.6660), (0, 2, 0.1046), (1, 2, 0.1411)];

fn vectors(embedder: &dyn Embedder, texts: &[&str]) -> Vec<Vec<f32>> {
    let mut out = Vec::new();
    embedder.embed(texts, &mut out).unwrap();
    out.chunks_exact(384).map(<[f32]>::to_vec).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn its_similarities_are_those_that_its_authors_tell() {
    let (Some(library), Some(folder)) = (library(), folder()) else { return };
    let of = |name: &str| embed::open(&options(&folder.join(name), &library)).unwrap();
    let whole = of("");
    let float = vectors(&*whole, &SENTENCES);
    for (a, b, known) in SIMILARITIES {
        let found = dot(&float[a], &float[b]);
        assert!((found - known).abs() < 1e-3, "{a} {b}: {found}");
    }
    assert!(whole.runs_on().starts_with("all-MiniLM-L6-v2-"), "{}", whole.runs_on());
    // A text beside a long one is padded; its vector is the same.
    let long = "a long sentence about the weather ".repeat(40);
    let beside = vectors(&*whole, &[&long, SENTENCES[0]]);
    assert!(dot(&beside[1], &float[0]) > 0.9999);
    for (name, least) in [("model_fp16.onnx", 0.999), ("model_int8.onnx", 0.95)] {
        let small = vectors(&*of(name), &SENTENCES);
        for (a, b) in float.iter().zip(&small) {
            assert!(dot(a, b) > least, "{name}: {}", dot(a, b));
        }
    }
}
