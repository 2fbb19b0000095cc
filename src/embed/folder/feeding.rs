//! What the configuration files beside a model say of feeding it. Invariant: numbers and names from them are bounded, and what
//! is wrong is named with its path and the remedy. Must not know the model's own file.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{read, wrong};
use crate::embed::EmbedError;

/// Largest configuration file, in bytes.
const MOST_CONFIGURATION: u64 = 1 << 20;
/// Most tokens of a text, whatever the model's own limit is: our passages are shorter.
pub(super) const MOST_TOKENS: usize = 1_024;
/// What holds where no file says anything.
pub(super) const USUAL_TOKENS: usize = 512;
/// Longest prompt before a text, in bytes.
const LONGEST_PREFIX: usize = 1_000;
/// What the names of models for other tasks end in.
const OTHER_TASKS: [&str; 5] =
    ["ForSequenceClassification", "ForTokenClassification", "ForMaskedLM", "ForCausalLM", "ForQuestionAnswering"];

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
    /// What the model was made for, where that is no embedding: only an output that is known to hold vectors is taken of it.
    pub other_task: Option<String>,
}

/// The folders that may hold configuration files, nearest first.
pub(super) struct Files<'a>(pub(super) &'a [PathBuf]);

impl Files<'_> {
    /// Where a file is, or would be.
    fn path(&self, name: &str) -> PathBuf {
        let mut all = self.0.iter().map(|it| it.join(name));
        all.find(|it| it.exists()).unwrap_or_else(|| self.0.last().map(|it| it.join(name)).unwrap_or_default())
    }

    /// A JSON object; `None` where there is no such file.
    fn object(&self, name: &str) -> Result<Option<Value>, EmbedError> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
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

/// What the files in these folders say.
///
/// # Errors
/// One is unreadable, or asks for what is not done here.
pub(super) fn feeding(files: &Files<'_>) -> Result<Feeding, EmbedError> {
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
        other_task: other_task(&config),
        ..Feeding::default()
    };
    modules(files, &mut out)?;
    prompts(files, &mut out)?;
    Ok(out)
}

fn other_task(config: &Value) -> Option<String> {
    let mut named = config.get("architectures")?.as_array()?.iter().filter_map(Value::as_str);
    named.find(|it| OTHER_TASKS.iter().any(|task| it.ends_with(task))).map(|it| it.chars().take(80).collect())
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
        let folder: String = folder.chars().take(80).collect();
        let why = format!("names the folder '{folder}', which is not inside the model's");
        return Err(wrong(&files.path("modules.json"), &why, "get the model again"));
    }
    // An empty name is the model's own folder.
    let file = Path::new(&folder).join("config.json");
    let file = file.to_string_lossy();
    if let Some(it) = files.object(&file)? {
        out.pooling = pooling(&it).map_err(|why| wrong(&files.path(&file), &why, "choose another model"))?;
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
            let why = format!("has a prompt of {} bytes, at most {LONGEST_PREFIX}", found.len());
            return Err(wrong(&files.path("config_sentence_transformers.json"), &why, "shorten it"));
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
