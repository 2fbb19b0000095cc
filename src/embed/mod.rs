//! From text to unit vectors. Invariant: one model gives equal vectors for equal texts, whatever runs it (within 1e-5).
//! Must not know files, passages or ranking.

pub mod batch;
mod batches;
pub mod builtin;
pub mod device;
pub mod fake;
pub mod folder;
mod model_file;
pub mod onnx;
mod pooling;
pub mod remote;
#[cfg(test)]
mod tests;
pub mod tokenizer;
mod tokens;
mod trie;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::base::failpoint;
use crate::base::settings::{Settings, table};
use device::{Device, Wanted};
use folder::Precision;

/// What a text is embedded for: some models want other words before a question than before what answers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    #[default]
    Passage,
    Question,
}

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

    /// The same for somebody who may come not to want it any more: then it fails soon after `goes_on` says so.
    ///
    /// # Errors
    /// As `embed`.
    fn embed_while(&self, texts: &[&str], goes_on: &dyn Fn() -> bool, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        if goes_on() { self.embed(texts, out) } else { Err(EmbedError("it is not wanted any more".into())) }
    }

    /// The unit vector of a question, as [`Embedder::embed`] gives that of a passage.
    ///
    /// # Errors
    /// As `embed`; also where the vector is not to be had in time.
    fn embed_question(&self, text: &str, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        self.embed(&[text], out)
    }

    /// Whether passages take so long that everything else is indexed first.
    fn is_slow(&self) -> bool {
        false
    }

    /// Makes the model ready where it is not.
    ///
    /// # Errors
    /// It cannot be; the message names what and the remedy.
    fn start(&self) -> Result<(), EmbedError> {
        self.start_while(&|| true)
    }

    /// The same as long as `goes_on` says so.
    ///
    /// # Errors
    /// As `start`.
    fn start_while(&self, goes_on: &dyn Fn() -> bool) -> Result<(), EmbedError> {
        let _ = goes_on;
        Ok(())
    }

    /// Devices that were tried in vain, and why; nothing before the model runs.
    fn refusals(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Passages that it was asked for in this process; none where nobody counts.
    fn made(&self) -> Option<u64> {
        None
    }

    /// What people should know of how the model runs.
    fn notices(&self) -> Vec<String> {
        Vec::new()
    }

    /// The process that a user's model runs in: its memory comes on top of the limit.
    fn own_process(&self) -> Option<u32> {
        None
    }
}

/// Why a model cannot be loaded or run. The message names the file and the remedy.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct EmbedError(pub String);

impl EmbedError {
    /// The same of this file.
    fn of(self, path: &Path) -> Self {
        Self(format!("{}: {}", path.display(), self.0))
    }
}

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
    /// A user's model: its folder or its ONNX file. It runs through ONNX Runtime, whatever `runtime` says.
    pub model: Option<PathBuf>,
    /// Path of the ONNX Runtime library; none: looked for (see `onnx::library`).
    pub library: Option<PathBuf>,
    /// Most texts given to ONNX Runtime at once; 0: 32.
    pub batch: usize,
    /// Which devices it may run on.
    pub wanted: Wanted,
    /// Take the file in half precision where the model has one and a GPU is asked for.
    pub half: bool,
    /// Threads that the model runs on; 0: a user's model on as many as there are cores.
    pub threads: usize,
    /// Our own executable, which the worker is; none: the one that runs.
    pub executable: Option<PathBuf>,
    /// A worker that does not answer for so long is killed; none: 60 s.
    pub patience: Option<Duration>,
    /// A worker that holds more bytes is killed; none: by the model's size.
    pub resident: Option<u64>,
    /// The worker obeys fault marks in texts (tests).
    pub faults: bool,
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
    if options.model.is_some() {
        return Ok(Arc::new(remote::Remote::new(options, None)?));
    }
    let own = SHARED.get_or_init(|| builtin::Builtin::new(MODEL, TOKENIZER).map(Arc::new)).clone()?;
    Ok(match options.runtime {
        Runtime::Builtin => own,
        Runtime::Onnx => Arc::new(remote::Remote::new(options, Some(own))?),
    })
}

/// The default model, one for all who ask: workspaces share it.
static SHARED: OnceLock<Result<Arc<builtin::Builtin>, EmbedError>> = OnceLock::new();

/// Whether the default model has met a word so often that it is a piece of its own: then it is hardly misspelt. Whatever model
/// is in use.
pub fn is_common(word: &str) -> bool {
    if let Some(Ok(it)) = SHARED.get() {
        return it.tokenizer().is_piece(word);
    }
    static WORDS: OnceLock<Option<tokenizer::Tokenizer>> = OnceLock::new();
    let words = WORDS.get_or_init(|| tokenizer::Tokenizer::from_json(TOKENIZER).ok());
    words.as_ref().is_some_and(|it| it.is_piece(word))
}

impl Options {
    /// What the settings in force ask for; `None` where they switch vectors off.
    pub fn from_settings(settings: &Settings) -> Option<Self> {
        if !settings.bool(&table::EMBEDDINGS_ENABLED) {
            return None;
        }
        let path = |row| Some(settings.text(row)).filter(|it| !it.is_empty()).map(PathBuf::from);
        let whole = |row| usize::try_from(settings.int(row)).unwrap_or(0);
        Some(Self {
            runtime: if settings.text(&table::EMBEDDINGS_RUNTIME) == "onnx" { Runtime::Onnx } else { Runtime::Builtin },
            model: path(&table::EMBEDDINGS_MODEL),
            library: path(&table::EMBEDDINGS_LIBRARY),
            batch: whole(&table::EMBEDDINGS_BATCH),
            wanted: Wanted {
                device: Device::from_setting(settings.text(&table::EMBEDDINGS_DEVICE)),
                no_gpu: !settings.bool(&table::EMBEDDINGS_GPU),
                without: Vec::new(),
            },
            half: settings.bool(&table::EMBEDDINGS_HALF),
            threads: whole(&table::EMBEDDINGS_THREADS),
            faults: failpoint::are_faults_obeyed(),
            ..Self::default()
        })
    }

    /// Half precision is for a GPU that is asked for: what `auto` finds must not change which model a folder is.
    fn precision(&self) -> Precision {
        match self.wanted.device {
            Some(device) if self.half && device.is_gpu() => Precision::Half,
            _ => Precision::AsItIs,
        }
    }
}

/// The embedder that the settings ask for. Where ONNX Runtime cannot be had the built-in evaluator takes its place, with a
/// notice that says why (the vectors are the same); a user's model has no such substitute: without it words and names answer.
/// `None` where vectors are switched off.
pub fn from_settings(settings: &Settings) -> (Option<Arc<dyn Embedder>>, Option<String>) {
    let Some(options) = Options::from_settings(settings) else { return (None, None) };
    match open(&options) {
        Ok(embedder) => (Some(embedder), None),
        Err(error) if options.model.is_some() => {
            (None, Some(format!("{error}; until then search goes by words and names")))
        }
        Err(error) if options.runtime == Runtime::Onnx => match open(&Options::default()) {
            Ok(embedder) => (Some(embedder), Some(format!("{error}; the built-in evaluator runs the model instead"))),
            Err(second) => (None, Some(format!("{error}; {second}"))),
        },
        Err(error) => (None, Some(error.to_string())),
    }
}
