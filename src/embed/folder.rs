//! A user's sentence-embedding model in its folder: which file is the model, how its tokens become one vector, what stands
//! before a text, how long it may be. Invariant: every file is regular and bounded; what is missing or wrong is named with
//! its path and the remedy; equal contents give equal ids. Must not run anything.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::EmbedError;
use crate::base::hash::{ContentHash, Key, RootHasher};

/// Largest model file, in bytes: an ONNX file without external data cannot be longer.
pub const MOST_MODEL: u64 = 2 << 30;
/// Largest tokenizer.json, in bytes.
pub const MOST_TOKENIZER: u64 = 64 << 20;
/// Largest other configuration file, in bytes.
const MOST_CONFIGURATION: u64 = 1 << 20;
/// Most tokens of a text, whatever the model's own limit is: our passages are shorter.
pub const MOST_TOKENS: usize = 1_024;
/// Bytes that are hashed at once.
const PIECE: u64 = 1 << 20;
/// What holds where no file says anything.
const USUAL_TOKENS: usize = 512;
/// Longest prompt before a text, in bytes.
const LONGEST_PREFIX: usize = 1_000;

/// Version of how a user's model is fed; part of its id.
const FEEDING: u8 = 1;

/// Where the model lies in a folder, best first. The names are those that exporters give.
const NAMES: [&str; 7] = [
    "model.onnx",
    "model_fp16.onnx",
    "model_quantized.onnx",
    "model_int8.onnx",
    "model_uint8.onnx",
    "model_optimized.onnx",
    "model_quint8_avx2.onnx",
];

/// How the vectors of a text's tokens become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pooling {
    #[default]
    Mean,
    First,
    Last,
    Max,
    /// Later tokens count more, by their place.
    Weighted,
}

/// What the configuration files say of feeding the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feeding {
    pub pooling: Pooling,
    /// Put before a question.
    pub question: String,
    /// Put before a passage.
    pub passage: String,
    /// Whether the tokens of what is put before count in the pooling.
    pub pools_prefix: bool,
    /// Most tokens of a text, special ones included.
    pub most_tokens: usize,
    pub lower_case: bool,
    /// The first position's number.
    pub first_position: i64,
    /// A layer behind the pooling that the ONNX file has to hold itself: then it must give the finished vector.
    pub wants_finished: Option<String>,
}

/// A model as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFolder {
    pub model: PathBuf,
    pub tokenizer: PathBuf,
    pub feeding: Feeding,
    /// Identifies model, tokenizer and feeding.
    #[serde(with = "key")]
    pub id: Key,
    /// For people: the folder's name, and the file's where it is not `model.onnx`.
    pub name: String,
    /// Bytes of the model's file.
    pub size: u64,
}

mod key {
    //! A key as text.
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Key;

    pub fn serialize<S: Serializer>(key: &Key, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(key.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Key, D::Error> {
        <[u8; 16]>::deserialize(from).map(Key)
    }
}

/// Which of several files of one model is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    #[default]
    AsItIs,
    /// The one in half precision, where the folder has one: a GPU runs it faster.
    Half,
}

impl ModelFolder {
    /// Looks at the folder, or at the ONNX file in it, that `embeddings.model` names. Reads the whole model once, for its id.
    ///
    /// # Errors
    /// What is missing or wrong, with its path and the remedy.
    pub fn look(named: &Path, precision: Precision) -> Result<Self, EmbedError> {
        if !named.is_absolute() {
            return Err(wrong(named, "is no absolute path", "give the whole path of the model's folder"));
        }
        let meta = std::fs::metadata(named).map_err(|e| {
            wrong(named, &e.to_string(), "give a folder with model.onnx and tokenizer.json in it, or such a file")
        })?;
        let model = if meta.is_dir() { in_folder(named, precision)? } else { named.to_path_buf() };
        if model.extension().is_none_or(|it| it != "onnx") {
            return Err(wrong(&model, "is no ONNX file", "export the model to ONNX and name that file or its folder"));
        }
        let size = regular(&model, MOST_MODEL)?;
        let beside = model.parent().unwrap_or(Path::new("/")).to_path_buf();
        // Exports keep the model in `onnx/` and all else above it.
        let folders: Vec<PathBuf> = if beside.file_name().is_some_and(|it| it == "onnx") {
            [Some(beside.as_path()), beside.parent()].into_iter().flatten().map(Path::to_path_buf).collect()
        } else {
            vec![beside.clone()]
        };
        let tokenizer = folders.iter().map(|it| it.join("tokenizer.json")).find(|it| it.exists());
        let tokenizer = tokenizer.ok_or_else(|| {
            wrong(
                &beside.join("tokenizer.json"),
                "is missing",
                "save the tokenizer in this form (AutoTokenizer.from_pretrained(...).save_pretrained(...) writes it)",
            )
        })?;
        regular(&tokenizer, MOST_TOKENIZER)?;
        let feeding = feeding(&Files(&folders))?;
        let id = id(digest_of(&model, MOST_MODEL)?, digest_of(&tokenizer, MOST_TOKENIZER)?, &feeding);
        let name = name(&model, folders.last().unwrap_or(&beside));
        Ok(Self { model, tokenizer, feeding, id, name, size })
    }

    /// The bytes of model and tokenizer.
    ///
    /// # Errors
    /// They are not those any more that were looked at.
    pub fn read(&self) -> Result<(Vec<u8>, Vec<u8>), EmbedError> {
        let (model, tokenizer) = (read(&self.model, MOST_MODEL)?, read(&self.tokenizer, MOST_TOKENIZER)?);
        // Bytes in memory cannot fail to be read.
        let of = |bytes: &[u8]| digest(&mut &*bytes).unwrap_or(ContentHash([0; 32]));
        if id(of(&model), of(&tokenizer), &self.feeding) != self.id {
            return Err(EmbedError(format!(
                "{} has been replaced since it was opened: its vectors do not mix with those of the one before; start \
                 Portolan again",
                self.model.display()
            )));
        }
        Ok((model, tokenizer))
    }

    /// Size and time of the files: whether they may have been replaced.
    pub fn stamp(&self) -> Option<[(u64, std::time::SystemTime); 2]> {
        let of = |path: &Path| std::fs::metadata(path).and_then(|it| Ok((it.len(), it.modified()?))).ok();
        Some([of(&self.model)?, of(&self.tokenizer)?])
    }
}

fn id(model: ContentHash, tokenizer: ContentHash, feeding: &Feeding) -> Key {
    let fed = serde_json::to_vec(feeding).unwrap_or_default();
    Key::of("model of a user", &[&model.0, &tokenizer.0, &fed, &[FEEDING]])
}

/// Hash of what is read, a piece at a time: a model is larger than all else that the server holds.
fn digest(from: &mut impl Read) -> std::io::Result<ContentHash> {
    let mut hasher = RootHasher::new("file of a model");
    let mut piece = Vec::with_capacity(PIECE as usize);
    loop {
        piece.clear();
        from.by_ref().take(PIECE).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Ok(hasher.finish());
        }
        hasher.add(&piece);
    }
}

fn digest_of(path: &Path, most: u64) -> Result<ContentHash, EmbedError> {
    regular(path, most)?;
    let failed = |e: std::io::Error| wrong(path, &e.to_string(), "check the path and its permissions");
    digest(&mut std::fs::File::open(path).map_err(failed)?.take(most)).map_err(failed)
}

fn name(model: &Path, folder: &Path) -> String {
    let text = |it: Option<&std::ffi::OsStr>| it.map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    // A folder called so says nothing.
    let plain = |it: &&Path| it.file_name().is_some_and(|it| it != "model" && it != "onnx");
    let folder = folder.ancestors().find(plain).unwrap_or(folder);
    let (folder, file) = (text(folder.file_name()), text(model.file_name()));
    if file == NAMES[0] { folder } else { format!("{folder} ({file})") }
}

fn in_folder(folder: &Path, precision: Precision) -> Result<PathBuf, EmbedError> {
    let mut names = NAMES;
    if precision == Precision::Half {
        names.swap(0, 1);
    }
    let at = |name: &&str| [folder.join("onnx").join(name), folder.join(name)].into_iter().find(|it| it.exists());
    names.iter().find_map(at).ok_or_else(|| {
        wrong(
            &folder.join(NAMES[0]),
            "is missing, also under onnx/",
            "export the model to ONNX (optimum-cli export onnx --task feature-extraction writes it)",
        )
    })
}

/// The folders that may hold configuration files, nearest first.
struct Files<'a>(&'a [PathBuf]);

impl Files<'_> {
    /// A JSON object; `None` where there is no such file.
    fn object(&self, name: &str) -> Result<Option<Value>, EmbedError> {
        let Some(path) = self.0.iter().map(|it| it.join(name)).find(|it| it.exists()) else { return Ok(None) };
        let bytes = read(&path, MOST_CONFIGURATION)?;
        match serde_json::from_slice(&bytes) {
            Ok(it) => Ok(Some(it)),
            Err(error) => Err(wrong(&path, &format!("is no readable JSON ({error})"), "get the model again")),
        }
    }

    fn number(&self, file: &str, key: &str) -> Result<Option<usize>, EmbedError> {
        // Some write 1e30 for "no limit".
        let number = |it: Value| it.get(key).and_then(Value::as_f64).filter(|it| *it >= 1.0).map(|it| it as usize);
        Ok(self.object(file)?.and_then(number))
    }
}

fn feeding(files: &Files<'_>) -> Result<Feeding, EmbedError> {
    let config = files.object("config.json")?.unwrap_or_default();
    let kind = config.get("model_type").and_then(Value::as_str).unwrap_or("").to_owned();
    // These count positions from the one behind the padding's.
    let offset = if ["roberta", "xlm-roberta", "camembert", "mpnet"].contains(&kind.as_str()) { 2 } else { 0 };
    let of_positions = files.number("config.json", "max_position_embeddings")?.map(|it| it.saturating_sub(offset));
    let limits = [
        files.number("sentence_bert_config.json", "max_seq_length")?,
        files.number("tokenizer_config.json", "model_max_length")?,
        of_positions,
    ];
    let most_tokens = limits.into_iter().flatten().min().unwrap_or(USUAL_TOKENS).clamp(8, MOST_TOKENS);
    let sentence = files.object("sentence_bert_config.json")?.unwrap_or_default();
    let mut out = Feeding {
        most_tokens,
        pools_prefix: true,
        lower_case: sentence.get("do_lower_case").and_then(Value::as_bool).unwrap_or(false),
        first_position: offset as i64,
        ..Feeding::default()
    };
    modules(files, &mut out)?;
    prompts(files, &mut out)?;
    Ok(out)
}

/// What stands behind the transformer.
fn modules(files: &Files<'_>, out: &mut Feeding) -> Result<(), EmbedError> {
    let mut folder = "1_Pooling".to_owned();
    for module in files.object("modules.json")?.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| module.get(key).and_then(Value::as_str).unwrap_or("");
        match text("type").rsplit('.').next().unwrap_or("") {
            "Pooling" => folder = text("path").to_owned(),
            "Transformer" | "Normalize" | "" => {}
            other => out.wants_finished = Some(other.to_owned()),
        }
    }
    // A name from a file: it may not lead out of the folder.
    if !Path::new(&folder).components().all(|it| matches!(it, Component::Normal(_))) {
        return Err(EmbedError(format!(
            "modules.json names the folder '{}', which is not inside the model's: get the model again",
            folder.chars().take(80).collect::<String>()
        )));
    }
    let file = format!("{folder}/config.json");
    if let Some(it) = files.object(&file)? {
        out.pooling = pooling(&it).map_err(|why| EmbedError(format!("{file} of the model {why}: choose another")))?;
        out.pools_prefix = it.get("include_prompt").and_then(Value::as_bool).unwrap_or(true);
    }
    Ok(())
}

fn pooling(config: &Value) -> Result<Pooling, String> {
    const KINDS: [(&str, Pooling); 6] = [
        ("mean_tokens", Pooling::Mean),
        // As mean, once the vector has length one.
        ("mean_sqrt_len_tokens", Pooling::Mean),
        ("cls_token", Pooling::First),
        ("lasttoken", Pooling::Last),
        ("max_tokens", Pooling::Max),
        ("weightedmean_tokens", Pooling::Weighted),
    ];
    if let Some(named) = config.get("pooling_mode").and_then(Value::as_str) {
        let found = KINDS.iter().find(|it| it.0 == named || it.0.split('_').next() == Some(named));
        return found.map(|it| it.1).ok_or_else(|| format!("pools by '{named}', which is not known here"));
    }
    let is_on =
        |it: &&(&str, Pooling)| config.get(format!("pooling_mode_{}", it.0)).and_then(Value::as_bool) == Some(true);
    let mut on = KINDS.iter().filter(is_on);
    match (on.next(), on.next()) {
        (None, _) => Err("names no pooling that is known here".into()),
        (Some(it), None) => Ok(it.1),
        (Some(_), Some(_)) => Err("joins several poolings, which is not done here".into()),
    }
}

/// Sentence Transformers' prompts: what questions begin with is rarely what passages do.
fn prompts(files: &Files<'_>, out: &mut Feeding) -> Result<(), EmbedError> {
    let Some(config) = files.object("config_sentence_transformers.json")? else { return Ok(()) };
    let prompts = config.get("prompts").and_then(Value::as_object);
    let usual = config.get("default_prompt_name").and_then(Value::as_str);
    let prompt = |names: &[&str]| -> Result<String, EmbedError> {
        let Some(prompts) = prompts else { return Ok(String::new()) };
        let found = names.iter().copied().chain(usual).find_map(|name| prompts.get(name).and_then(Value::as_str));
        let found = found.unwrap_or("");
        if found.len() > LONGEST_PREFIX {
            return Err(EmbedError(format!(
                "config_sentence_transformers.json of the model has a prompt of {} bytes, at most {LONGEST_PREFIX}: \
                 shorten it",
                found.len()
            )));
        }
        Ok(found.to_owned())
    };
    out.question = prompt(&["query", "question", "search_query", "retrieval.query", "code_query", "nl2code_query"])?;
    out.passage = prompt(&[
        "document",
        "passage",
        "search_document",
        "retrieval.passage",
        "code_document",
        "nl2code_document",
        "corpus",
    ])?;
    Ok(())
}

/// Bytes of a regular file of at most `most` bytes.
fn regular(path: &Path, most: u64) -> Result<u64, EmbedError> {
    let meta =
        std::fs::metadata(path).map_err(|e| wrong(path, &e.to_string(), "check the path and its permissions"))?;
    if !meta.is_file() {
        return Err(wrong(path, "is not a regular file", "get the model again"));
    }
    if meta.len() > most {
        let why = format!("has {} bytes, at most {most} are read", meta.len());
        return Err(wrong(path, &why, "choose a smaller model"));
    }
    Ok(meta.len())
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, EmbedError> {
    let size = regular(path, most)?;
    let failed = |e: std::io::Error| wrong(path, &e.to_string(), "check the path and its permissions");
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut out = Vec::with_capacity(size as usize);
    // It may grow while it is read.
    file.take(most + 1).read_to_end(&mut out).map_err(failed)?;
    if out.len() as u64 > most {
        return Err(wrong(path, "grows while it is read", "wait until it is written"));
    }
    Ok(out)
}

fn wrong(path: &Path, why: &str, remedy: &str) -> EmbedError {
    EmbedError(format!("embeddings.model: {} {why}; {remedy}", path.display()))
}

#[cfg(test)]
mod tests;
