//! The same model through ONNX Runtime, loaded from a shared library at run time. Invariant: the library is checked before
//! it is loaded, the model before it is given to it; a batch is at most [`BATCH_TOKENS`] tokens. Must not know passages.

pub mod library;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use ort::session::Session;
use ort::value::Tensor;

use super::tokenizer::Tokenizer;
use super::{EmbedError, Embedder, Options};
use crate::base::hash::Key;

/// Most tokens of a batch, padding counted: the runtime never gives its memory back (47 MB at this bound, 273 without).
pub const BATCH_TOKENS: usize = 2_048;

/// One session of the runtime.
pub struct OnnxRuntime {
    model_id: Key,
    tokenizer: Tokenizer,
    dimensions: usize,
    runs_on: String,
    /// Most rows of a batch.
    rows: usize,
    session: Mutex<Session>,
}

/// The process has one environment, and one library, for good.
struct Loaded {
    library: PathBuf,
    environment: ort::environment::Environment,
}

static LOADED: OnceLock<Result<Loaded, EmbedError>> = OnceLock::new();

impl OnnxRuntime {
    /// Loads the library that `options` name (or the first one found) and the model.
    ///
    /// # Errors
    /// No library, a bad one, or a model that it does not run.
    pub fn new(options: &Options, model: &[u8], tokenizer: &[u8]) -> Result<Self, EmbedError> {
        // Refuses models that keep data in other files: no runtime before 1.25 does so itself.
        super::model_file::initialisers(model)?;
        let scanner = Tokenizer::from_json(tokenizer)?;
        let library = library::find(options.library.as_deref())?;
        let loaded = LOADED.get_or_init(|| load(&library)).as_ref().map_err(Clone::clone)?;
        if loaded.library != library {
            return Err(EmbedError(format!(
                "ONNX Runtime is already loaded from {}: restart to use {}",
                loaded.library.display(),
                library.display()
            )));
        }
        let session = session(&loaded.environment, model)
            .map_err(|e| EmbedError(format!("ONNX Runtime ({}) refuses the model: {e}", library.display())))?;
        let mut it = Self {
            model_id: Key::of("model", &[model, tokenizer, &[super::FEEDING]]),
            tokenizer: scanner,
            dimensions: 0,
            runs_on: format!("ONNX Runtime{} (CPU)", library::version(&library)),
            rows: if options.batch == 0 { usize::MAX } else { options.batch },
            session: Mutex::new(session),
        };
        let mut probe = Vec::new();
        it.run(&[(0, vec![2])], &mut probe)?;
        it.dimensions = probe.first().map_or(0, |(_, vector)| vector.len());
        if it.dimensions == 0 {
            return Err(EmbedError("the model gives no vector: choose another".into()));
        }
        Ok(it)
    }

    /// Runs one batch of (position, ids), shortest last; the vectors with their positions are added to `out`.
    fn run(&self, batch: &[(usize, Vec<u32>)], out: &mut Vec<(usize, Vec<f32>)>) -> Result<(), EmbedError> {
        let longest = batch.iter().map(|(_, ids)| ids.len()).max().unwrap_or(0);
        let mut ids = vec![0i64; batch.len() * longest];
        let mut mask = vec![0i64; batch.len() * longest];
        for (row, (_, tokens)) in batch.iter().enumerate() {
            for (column, &token) in tokens.iter().enumerate() {
                ids[row * longest + column] = i64::from(token);
                mask[row * longest + column] = 1;
            }
        }
        let shape = [batch.len(), longest];
        let failed =
            |e: ort::Error| EmbedError(format!("ONNX Runtime failed: {e}; set embeddings.runtime to built-in"));
        let ids = Tensor::from_array((shape, ids)).map_err(failed)?;
        let mask = Tensor::from_array((shape, mask)).map_err(failed)?;
        let mut session = self.session.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let answer = session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask]).map_err(failed)?;
        let output = answer.get("sentence_embedding").ok_or_else(|| {
            EmbedError("the model has no output 'sentence_embedding': choose a sentence embedding model".into())
        })?;
        let (_, numbers) = output.try_extract_tensor::<f32>().map_err(failed)?;
        let width = numbers.len() / batch.len().max(1);
        for ((position, _), vector) in batch.iter().zip(numbers.chunks_exact(width.max(1))) {
            out.push((*position, vector.to_vec()));
        }
        Ok(())
    }
}

impl Embedder for OnnxRuntime {
    fn model_id(&self) -> Key {
        self.model_id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn runs_on(&self) -> String {
        self.runs_on.clone()
    }

    fn embed(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        let mut encoded: Vec<(usize, Vec<u32>)> = Vec::with_capacity(texts.len());
        for (position, text) in texts.iter().enumerate() {
            let mut ids = Vec::new();
            self.tokenizer.encode(text, &mut ids);
            if !ids.is_empty() {
                encoded.push((position, ids));
            }
        }
        // Alike lengths together: less padding. The longest of a batch is its first.
        encoded.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
        let mut vectors = Vec::with_capacity(encoded.len());
        let mut rest = encoded.as_slice();
        while let Some((_, first)) = rest.first() {
            let rows = (BATCH_TOKENS / first.len().max(1)).clamp(1, rest.len().min(self.rows));
            let (batch, tail) = rest.split_at(rows);
            self.run(batch, &mut vectors)?;
            rest = tail;
        }
        out.clear();
        out.resize(texts.len() * self.dimensions, 0.0);
        for (position, vector) in vectors {
            if vector.len() == self.dimensions {
                out[position * self.dimensions..][..self.dimensions].copy_from_slice(&vector);
            }
        }
        Ok(())
    }
}

fn load(library: &Path) -> Result<Loaded, EmbedError> {
    let wrong = |why: String| {
        EmbedError(format!(
            "{} is not a usable ONNX Runtime library: {why}; set embeddings.library to one of version 1.17 or later",
            library.display()
        ))
    };
    let builder = ort::init_from(library).map_err(|e| wrong(e.to_string()))?;
    let environment = builder.with_telemetry(false).build().map_err(|e| wrong(e.to_string()))?;
    Ok(Loaded { library: library.to_path_buf(), environment })
}

/// One thread, no spinning: two to three times more per processor second than the defaults on a shared machine.
fn session(environment: &ort::environment::Environment, model: &[u8]) -> ort::Result<Session> {
    let mut builder = Session::builder(environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        // A second lock against models that name other files.
        .with_config_entry("session.model_external_initializers_file_folder_path", "/nonexistent")?;
    builder.commit_from_memory(model)
}
