//! An embedder that tells of its texts before it embeds them: for tests that count them, or hold one up. Invariant: its
//! vectors and its name are those of the one within. Must not know why anybody listens.

use std::sync::Arc;

use portolan::base::hash::Key;
use portolan::embed::{EmbedError, Embedder};

/// The embedder within, and who is told.
pub struct Observed<F>(pub Arc<dyn Embedder>, pub F);

impl<F: Fn(&[&str]) + Send + Sync> Embedder for Observed<F> {
    fn model_id(&self) -> Key {
        self.0.model_id()
    }

    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    fn runs_on(&self) -> String {
        self.0.runs_on()
    }

    fn embed(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        (self.1)(texts);
        self.0.embed(texts, out)
    }
}
