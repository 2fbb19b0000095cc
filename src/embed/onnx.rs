//! A model through ONNX Runtime, loaded from a shared library at run time. Invariant: the library is checked before it is
//! loaded, the model before it is given to it. Runs in the embedding worker alone: both are foreign. Must not know texts.

mod image;
pub mod library;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::ep::{self, ExecutionProviderDispatch};
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, Tensor, TensorElementType, ValueType};

use super::EmbedError;
use super::batches::{Batch, Engine, RunError};
use super::device::Device;
use super::folder::Feeding;
use super::pooling::pool;

/// Outputs that are one vector for each text, in the words of exporters; the finished ones first.
const FINISHED: [&str; 5] = ["sentence_embedding", "sentence_embeddings", "embeddings", "text_embeds", "embedding"];
/// Outputs that are one vector for each token.
const BY_TOKEN: [&str; 2] = ["last_hidden_state", "token_embeddings"];
/// Yet not what the model was trained to be compared by: what stands behind another task's last layer, among others.
const NOT_MEANT: [&str; 2] = ["pooler_output", "logits"];

/// The process has one environment, and one library, for good.
struct Loaded {
    library: PathBuf,
    environment: ort::environment::Environment,
}

static LOADED: OnceLock<Result<Loaded, EmbedError>> = OnceLock::new();

/// What the graph wants for a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Ids,
    Mask,
    Types,
    Positions,
}

/// One session of the runtime.
pub struct OnnxEngine {
    session: Session,
    /// Each input's name, what it wants, and whether in 32 bits.
    inputs: Vec<(String, Wanted, bool)>,
    output: String,
    by_token: bool,
    feeding: Feeding,
    padding: u32,
    granularity: usize,
}

/// Compilers for a device make a program for each shape that they meet: so there are few.
const GRANULARITY: usize = 64;

/// How a session is made.
pub struct Making<'a> {
    /// A library that [`library::find`] has checked.
    pub library: &'a Path,
    /// Where the model comes from, for people.
    pub named: &'a Path,
    pub model: &'a [u8],
    pub device: Device,
    pub threads: usize,
    pub feeding: Feeding,
    pub padding: u32,
}

impl OnnxEngine {
    /// Loads the library, once in a process, and the model on the device.
    ///
    /// # Errors
    /// A bad library, a model that it does not run, one of another kind, a device that is not there.
    pub fn new(making: Making<'_>) -> Result<Self, EmbedError> {
        let library = making.library;
        let loaded = LOADED.get_or_init(|| load(library)).as_ref().map_err(Clone::clone)?;
        if loaded.library != library {
            return Err(EmbedError(format!(
                "ONNX Runtime is already loaded from {}: restart to use {}",
                loaded.library.display(),
                library.display()
            )));
        }
        let session = session(&loaded.environment, &making)?;
        let inputs = inputs(&session).map_err(|it| it.of(making.named))?;
        let (output, by_token) = output(&session, &making.feeding).map_err(|it| it.of(making.named))?;
        let sees_padding = inputs.iter().any(|it| it.1 == Wanted::Mask);
        let granularity = if making.device == Device::Cpu || !sees_padding { 1 } else { GRANULARITY };
        Ok(Self { session, inputs, output, by_token, feeding: making.feeding, padding: making.padding, granularity })
    }
}

impl Engine for OnnxEngine {
    fn padding(&self) -> u32 {
        self.padding
    }

    fn granularity(&self) -> usize {
        self.granularity
    }

    fn most_tokens(&self) -> usize {
        // The default model's feeding names none.
        if self.feeding.most_tokens == 0 { usize::MAX } else { self.feeding.most_tokens }
    }

    fn sees_padding(&self) -> bool {
        self.inputs.iter().any(|it| it.1 == Wanted::Mask)
    }

    fn run(&mut self, batch: &Batch) -> Result<Vec<Vec<f32>>, RunError> {
        let failed = |e: ort::Error| RunError::of(e.to_string());
        let mut values: Vec<(String, SessionInputValue<'_>)> = Vec::with_capacity(self.inputs.len());
        for (name, wanted, narrow) in &self.inputs {
            let numbers = match wanted {
                Wanted::Ids => batch.ids.clone(),
                Wanted::Mask => batch.mask.clone(),
                Wanted::Types => batch.types.clone(),
                Wanted::Positions => {
                    let row = self.feeding.first_position..self.feeding.first_position + batch.width as i64;
                    (0..batch.rows).flat_map(|_| row.clone()).collect()
                }
            };
            values.push((name.clone(), tensor([batch.rows, batch.width], numbers, *narrow).map_err(failed)?.into()));
        }
        let answer = self.session.run(values).map_err(failed)?;
        let output = answer.get(&self.output).ok_or_else(|| RunError::Other("the model gives no answer".into()))?;
        let numbers = numbers(output)?;
        let per_row = numbers.len() / batch.rows.max(1);
        if per_row == 0 || per_row * batch.rows != numbers.len() {
            return Err(RunError::Other("the model's answer does not fit the question".into()));
        }
        let width = if self.by_token { per_row / batch.width.max(1) } else { per_row };
        if self.by_token && width * batch.width != per_row {
            return Err(RunError::Other("the model's answer has another length than the text".into()));
        }
        let row = |(at, row): (usize, &[f32])| {
            if !self.by_token {
                return row.to_vec();
            }
            let mask = &batch.mask[at * batch.width..][..batch.width];
            pool(self.feeding.pooling, row, mask, width, batch.skipped.get(at).copied().unwrap_or(0))
        };
        Ok(numbers.chunks_exact(per_row).enumerate().map(row).collect())
    }
}

fn tensor(shape: [usize; 2], numbers: Vec<i64>, narrow: bool) -> ort::Result<DynValue> {
    if narrow {
        // Ids of tokens are far below this.
        let numbers: Vec<i32> = numbers.into_iter().map(|it| i32::try_from(it).unwrap_or(0)).collect();
        return Ok(Tensor::from_array((shape, numbers))?.into_dyn());
    }
    Ok(Tensor::from_array((shape, numbers))?.into_dyn())
}

/// The output's numbers, whatever their type.
fn numbers(output: &DynValue) -> Result<Vec<f32>, RunError> {
    let failed = |e: ort::Error| RunError::of(e.to_string());
    let ValueType::Tensor { ty, .. } = output.dtype() else {
        return Err(RunError::Other("the model gives no tensor".into()));
    };
    Ok(match ty {
        TensorElementType::Float32 => output.try_extract_tensor::<f32>().map_err(failed)?.1.to_vec(),
        TensorElementType::Float64 => {
            output.try_extract_tensor::<f64>().map_err(failed)?.1.iter().map(|&it| it as f32).collect()
        }
        TensorElementType::Float16 => {
            output.try_extract_tensor::<half::f16>().map_err(failed)?.1.iter().map(|it| it.to_f32()).collect()
        }
        TensorElementType::Bfloat16 => {
            output.try_extract_tensor::<half::bf16>().map_err(failed)?.1.iter().map(|it| it.to_f32()).collect()
        }
        TensorElementType::Int8 => {
            output.try_extract_tensor::<i8>().map_err(failed)?.1.iter().map(|&it| f32::from(it)).collect()
        }
        // Of quantised vectors zero lies in the middle.
        TensorElementType::Uint8 => {
            output.try_extract_tensor::<u8>().map_err(failed)?.1.iter().map(|&it| f32::from(it) - 128.0).collect()
        }
        other => return Err(RunError::Other(format!("the model gives numbers of type {other:?}, which are not read"))),
    })
}

fn inputs(session: &Session) -> Result<Vec<(String, Wanted, bool)>, EmbedError> {
    let unlike = |name: &str| {
        EmbedError(format!(
            "the model wants an input '{}', which is not of a sentence-embedding model: choose another",
            name.chars().take(80).collect::<String>()
        ))
    };
    let mut out = Vec::new();
    for it in session.inputs() {
        let wanted = match it.name() {
            "input_ids" => Wanted::Ids,
            "attention_mask" => Wanted::Mask,
            "token_type_ids" => Wanted::Types,
            "position_ids" => Wanted::Positions,
            other => return Err(unlike(other)),
        };
        let narrow = match it.dtype() {
            ValueType::Tensor { ty: TensorElementType::Int64, .. } => false,
            ValueType::Tensor { ty: TensorElementType::Int32, .. } => true,
            _ => return Err(unlike(it.name())),
        };
        out.push((it.name().to_owned(), wanted, narrow));
    }
    if !out.iter().any(|it| it.1 == Wanted::Ids) {
        return Err(EmbedError("the model has no input 'input_ids': choose a sentence-embedding model".into()));
    }
    Ok(out)
}

/// The output that is taken, and whether it has a vector for each token.
fn output(session: &Session, feeding: &Feeding) -> Result<(String, bool), EmbedError> {
    let all: Vec<(&str, usize)> = session
        .outputs()
        .iter()
        .filter_map(|it| match it.dtype() {
            ValueType::Tensor { shape, .. } => Some((it.name(), shape.len())),
            _ => None,
        })
        .collect();
    let named =
        |names: &[&str], rank| names.iter().find_map(|name| all.iter().find(|it| it.0 == *name && it.1 == rank));
    let other = |rank| all.iter().find(|it| it.1 == rank && !NOT_MEANT.contains(&it.0) && feeding.other_task.is_none());
    let found = named(&FINISHED, 2).or_else(|| named(&BY_TOKEN, 3)).or_else(|| other(3)).or_else(|| other(2));
    let Some(&(name, rank)) = found else {
        let names: Vec<String> = all.iter().map(|it| it.0.chars().take(40).collect()).collect();
        let task = feeding.other_task.as_ref().map_or(String::new(), |it| format!(", it is a {it}"));
        return Err(EmbedError(format!(
            "the model gives no vectors of texts or tokens (its outputs: {}{task}): choose a sentence-embedding model, or \
             export it as one (optimum-cli export onnx --task feature-extraction)",
            names.join(", ")
        )));
    };
    match (&feeding.wants_finished, rank) {
        (Some(layer), 3) => Err(EmbedError(format!(
            "the model has a layer '{layer}' behind its pooling (modules.json), which its ONNX file does not hold: export it \
             with that layer (optimum-cli export onnx --library sentence_transformers), or choose another"
        ))),
        _ => Ok((name.to_owned(), rank == 3)),
    }
}

fn load(library: &Path) -> Result<Loaded, EmbedError> {
    let wrong = |why: String| {
        EmbedError(format!("{} is not a usable ONNX Runtime library: {why}; {}", library.display(), library::REMEDY))
    };
    let builder = ort::init_from(library).map_err(|e| wrong(e.to_string()))?;
    let environment = builder.with_telemetry(false).build().map_err(|e| wrong(e.to_string()))?;
    Ok(Loaded { library: library.to_path_buf(), environment })
}

/// No spinning: two to three times more per processor second than the defaults on a shared machine.
fn session(environment: &ort::environment::Environment, making: &Making<'_>) -> Result<Session, EmbedError> {
    // A provider is registered here, and may fail here or when the session is made.
    let refused = |e: String| match making.device {
        Device::Cpu => {
            let (library, model) = (making.library.display(), making.named.display());
            EmbedError(format!("ONNX Runtime ({library}) refuses {model}: {e}; choose another model"))
        }
        _ => EmbedError(e),
    };
    let make = || -> ort::Result<Session> {
        let mut builder = Session::builder(environment)?
            .with_intra_threads(making.threads)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            // Batches have many shapes; DirectML does not work with it at all.
            .with_memory_pattern(false)?
            // A second lock against models that name other files.
            .with_config_entry("session.model_external_initializers_file_folder_path", "/nonexistent")?;
        if let Some(provider) = provider(making.device) {
            builder = builder.with_execution_providers([provider.error_on_failure()])?;
        }
        builder.commit_from_memory(making.model)
    };
    make().map_err(|e| refused(e.to_string()))
}

/// The provider of a device; none for the CPU, which is always there.
fn provider(device: Device) -> Option<ExecutionProviderDispatch> {
    Some(match device {
        Device::Cuda => ep::CUDA::default().build(),
        Device::TensorRt => ep::TensorRT::default().build(),
        Device::MiGraphX => ep::MIGraphX::default().build(),
        Device::CoreMl => ep::CoreML::default().build(),
        Device::DirectMl => ep::DirectML::default().build(),
        Device::OpenVino => ep::OpenVINO::default().build(),
        Device::Cpu => return None,
    })
}
