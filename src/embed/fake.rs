//! An embedder for tests: each word adds one number of the vector, by its hash. Invariant: texts that share words are
//! near each other; quick, deterministic. Must not be used outside tests and benches.

use super::{EmbedError, Embedder};
use crate::base::hash::Key;

/// See the module.
#[derive(Debug, Default)]
pub struct Fake;

/// Length of its vectors.
pub const DIMENSIONS: usize = 32;

impl Embedder for Fake {
    fn model_id(&self) -> Key {
        Key::of("model", &[b"fake"])
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn runs_on(&self) -> String {
        "fake".to_owned()
    }

    fn embed(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        out.clear();
        for text in texts {
            let mut vector = [0f32; DIMENSIONS];
            crate::facts::words::analyse(text, &mut |term| {
                let hash = xxhash_rust::xxh3::xxh3_64(term.as_bytes());
                vector[hash as usize % DIMENSIONS] += 1.0;
            });
            let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            out.extend(vector.iter().map(|x| if norm > 0.0 { x / norm } else { 0.0 }));
        }
        Ok(())
    }
}
