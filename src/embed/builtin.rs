//! The built-in evaluator of the default model: weighted sum of token rows, a small residual head, unit length.
//! Invariant: reads only the model's own initialisers; equal to ONNX Runtime on the same file within 1e-5.
//! Must not know files or passages.

mod gelu;
mod kernels;

use super::model_file::{Element, Tensor, initialisers};
use super::tokenizer::{MOST_TOKENS, Tokenizer};
use super::{EmbedError, Embedder};
use crate::base::hash::Key;
use kernels::{DIM, GROUP, Matrix};

/// The model and everything to run it.
pub struct Builtin {
    model_id: Key,
    tokenizer: Tokenizer,
    /// One row of [`DIM`] signed bytes for each token, where it stands in the file: clean pages of the executable.
    table: &'static [u8],
    /// What a row's numbers are multiplied by.
    row_scale: Vec<f32>,
    /// `count ^ alpha` for each number of occurrences.
    weights: Vec<f32>,
    norm_weight: [f32; DIM],
    norm_bias: [f32; DIM],
    up: Matrix,
    down: Matrix,
}

impl Builtin {
    /// From the bytes of model.onnx and tokenizer.json.
    ///
    /// # Errors
    /// The files are broken or of another kind of model (such a one needs ONNX Runtime).
    pub fn new(model: &'static [u8], tokenizer: &[u8]) -> Result<Self, EmbedError> {
        let tensors = initialisers(model)?;
        let tokenizer_bytes = tokenizer;
        let tokenizer = Tokenizer::from_json(tokenizer_bytes)?;
        let find = |name: &str| -> Result<&Tensor<'static>, EmbedError> {
            tensors.iter().find(|t| t.name == name).ok_or_else(|| unlike(name))
        };
        let floats = |name: &str, len: usize| -> Result<Vec<f32>, EmbedError> {
            find(name)?
                .floats()
                .filter(|f| f.len() == len && f.iter().all(|x| x.is_finite()))
                .ok_or_else(|| unlike(name))
        };
        let table = find("table")?;
        let rows = tokenizer.size();
        if table.element != Element::Int8 || table.shape != [rows, DIM] || table.raw.len() != rows * DIM {
            return Err(unlike("table"));
        }
        let hidden = find("ba")?.shape.first().copied().unwrap_or(0);
        if hidden == 0 || hidden % (2 * kernels::BLOCK) != 0 || hidden > 4096 {
            return Err(unlike("ba"));
        }
        let exponent = floats("pw", 1)?[0] + 1.0;
        let row =
            |name: &str| -> Result<[f32; DIM], EmbedError> { floats(name, DIM)?.try_into().map_err(|_| unlike(name)) };
        Ok(Self {
            model_id: Key::of("model", &[model, tokenizer_bytes, &[super::FEEDING]]),
            table: table.raw,
            row_scale: floats("row_scale", rows)?,
            weights: (0..=MOST_TOKENS).map(|count| (count as f32).powf(exponent)).collect(),
            norm_weight: row("lnw")?,
            norm_bias: row("lnb")?,
            up: Matrix::new(&floats("wa", DIM * hidden)?, &floats("ba", hidden)?),
            down: Matrix::new(&floats("wb", hidden * DIM)?, &floats("bb", DIM)?),
            tokenizer,
        })
    }

    /// The scanner that feeds the model.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The normalised sum of the rows of `ids`; false where there is none.
    fn bag(&self, scratch: &mut Scratch, sum: &mut [f32; DIM]) -> bool {
        scratch.rows.clear();
        for &id in &scratch.ids {
            let count = &mut scratch.counts[id as usize];
            if *count == 0 {
                scratch.rows.push((id, 0.0));
            }
            *count += 1;
        }
        for (id, weight) in &mut scratch.rows {
            let count = std::mem::take(&mut scratch.counts[*id as usize]);
            *weight = self.weights[usize::from(count)] * self.row_scale[*id as usize];
        }
        kernels::add_rows(self.table, &scratch.rows, sum);
        kernels::unit(sum)
    }

    /// The head over normalised sums, a multiple of [`GROUP`], in place.
    fn head(&self, sums: &mut [[f32; DIM]], scratch: &mut Scratch) {
        let (normed, hidden) = (&mut scratch.normed, &mut scratch.hidden);
        normed.resize(sums.len(), [0.0; DIM]);
        hidden.resize(sums.len() * self.up.columns(), 0.0);
        for (out, x) in normed.iter_mut().zip(sums.iter()) {
            kernels::layer_norm(x, &self.norm_weight, &self.norm_bias, out);
        }
        kernels::multiply(&self.up, normed.as_flattened(), hidden);
        kernels::gelu(hidden);
        kernels::multiply(&self.down, hidden, normed.as_flattened_mut());
        for (x, y) in sums.iter_mut().zip(normed) {
            for (x, y) in x.iter_mut().zip(y) {
                *x += *y;
            }
            kernels::unit(x);
        }
    }
}

/// Buffers of one call.
struct Scratch {
    ids: Vec<u32>,
    counts: Vec<u16>,
    rows: Vec<(u32, f32)>,
    normed: Vec<[f32; DIM]>,
    hidden: Vec<f32>,
}

impl Embedder for Builtin {
    fn model_id(&self) -> Key {
        self.model_id
    }

    fn dimensions(&self) -> usize {
        DIM
    }

    fn runs_on(&self) -> String {
        "built-in (CPU)".to_owned()
    }

    fn embed(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        out.clear();
        out.reserve(texts.len() * DIM);
        let mut scratch = Scratch {
            ids: Vec::with_capacity(MOST_TOKENS),
            counts: vec![0; self.tokenizer.size()],
            rows: Vec::new(),
            normed: Vec::new(),
            hidden: Vec::new(),
        };
        for together in texts.chunks(2 * GROUP) {
            let mut sums = [[0f32; DIM]; 2 * GROUP];
            let mut known = [false; 2 * GROUP];
            for (ix, text) in together.iter().enumerate() {
                self.tokenizer.encode(text, &mut scratch.ids);
                known[ix] = self.bag(&mut scratch, &mut sums[ix]);
            }
            self.head(&mut sums[..together.len().next_multiple_of(GROUP)], &mut scratch);
            for (sum, known) in sums.iter().zip(known).take(together.len()) {
                out.extend_from_slice(if known { sum } else { &[0.0; DIM] });
            }
        }
        Ok(())
    }
}

fn unlike(what: &str) -> EmbedError {
    EmbedError(format!(
        "the model is not of the kind that the built-in evaluator runs ('{what}' is missing or of another shape): \
         set embeddings.runtime to onnx"
    ))
}
