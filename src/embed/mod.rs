//! From text to unit vectors. Invariant: one model gives equal vectors for equal texts, whatever runs it (within 1e-5).
//! Must not know files, passages or ranking.

pub mod batch;
pub mod builtin;
pub mod fake;
mod model_file;
pub mod onnx;
#[cfg(test)]
mod tests;
pub mod tokenizer;
mod trie;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::base::settings::{Settings, table};

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
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct EmbedError(pub String);

/// What runs the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runtime {
    /// Our own evaluator.
    #[default]
    Builtin,
    /// ONNX Runtime, loaded from a shared library.
    Onnx,
}

/// How to embed; filled from the settings `embeddings.*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub runtime: Runtime,
    /// Path of the ONNX Runtime library; none: looked for (see `onnx::library`).
    pub library: Option<PathBuf>,
    /// Most texts given to ONNX Runtime at once; 0: as many as its memory bound lets.
    pub batch: usize,
}

/// The default model, as one ONNX file, and its tokenizer.
pub const MODEL: &[u8] = include_bytes!("model/model.onnx");
/// See [`MODEL`].
pub const TOKENIZER: &[u8] = include_bytes!("model/tokenizer.json");

/// Version of how texts are made for the model (`batch::passage_text`); part of the model's id.
const FEEDING: u8 = 1;

/// The embedder that `options` ask for, with the default model. Equal options give vectors of equal [`Embedder::model_id`]
/// whatever runs the model, so that an index made by one is used by the other.
///
/// # Errors
/// ONNX Runtime is asked for and cannot be loaded; the message names the file and the remedy.
pub fn open(options: &Options) -> Result<Arc<dyn Embedder>, EmbedError> {
    Ok(match options.runtime {
        Runtime::Builtin => {
            // One for all who ask: workspaces share it.
            static SHARED: OnceLock<Result<Arc<builtin::Builtin>, EmbedError>> = OnceLock::new();
            SHARED.get_or_init(|| builtin::Builtin::new(MODEL, TOKENIZER).map(Arc::new)).clone()?
        }
        Runtime::Onnx => Arc::new(onnx::OnnxRuntime::new(options, MODEL, TOKENIZER)?),
    })
}

impl Options {
    /// What the settings in force ask for; `None` where they switch vectors off.
    pub fn from_settings(settings: &Settings) -> Option<Self> {
        if !settings.bool(&table::EMBEDDINGS_ENABLED) {
            return None;
        }
        let library = settings.text(&table::EMBEDDINGS_LIBRARY);
        Some(Self {
            runtime: if settings.text(&table::EMBEDDINGS_RUNTIME) == "onnx" { Runtime::Onnx } else { Runtime::Builtin },
            library: (!library.is_empty()).then(|| PathBuf::from(library)),
            batch: usize::try_from(settings.int(&table::EMBEDDINGS_BATCH)).unwrap_or(0),
        })
    }
}

/// The embedder that the settings ask for. Where ONNX Runtime cannot be had the built-in evaluator takes its place, with a
/// notice that says why (the vectors are the same). `None` where vectors are switched off.
pub fn from_settings(settings: &Settings) -> (Option<Arc<dyn Embedder>>, Option<String>) {
    let Some(options) = Options::from_settings(settings) else { return (None, None) };
    match open(&options) {
        Ok(embedder) => (Some(embedder), None),
        Err(error) if options.runtime == Runtime::Onnx => match open(&Options::default()) {
            Ok(embedder) => (Some(embedder), Some(format!("{error}; the built-in evaluator runs the model instead"))),
            Err(second) => (None, Some(format!("{error}; {second}"))),
        },
        Err(error) => (None, Some(error.to_string())),
    }
}
