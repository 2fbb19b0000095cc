//! From text to unit vectors. Invariant: one model gives equal vectors for equal texts, whatever runs it (within 1e-5).
//! Must not know files, passages or ranking.

/// Something that turns texts into vectors of one length.
pub trait Embedder: Send + Sync {
    /// Identifies the model (its bytes and how it is fed); part of every vector's key.
    fn model_id(&self) -> crate::base::hash::Key;
    /// Length of a vector.
    fn dimensions(&self) -> usize;
    /// What runs the model, for status and logs: `built-in (CPU)`, `ONNX Runtime 1.31.1 (CPU)`.
    fn runs_on(&self) -> String;
    /// One unit vector for each text, in order, into `out` (cleared first; `texts.len() * dimensions()` numbers).
    /// A text without a known token gives a vector of zeros.
    ///
    /// # Errors
    /// Only embedders that call foreign code fail; the message names what and the remedy.
    fn embed(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError>;
}

/// Why a model cannot be loaded or run. The message names the file and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EmbedError(pub String);
