//! A user's sentence-embedding model in its folder: which file is the model, how its tokens become one vector, what stands
//! before a text, how long it may be. Invariant: every file is regular and bounded; what is missing or wrong is named with
//! its path and the remedy; equal contents give equal ids. Must not run anything.

mod feeding;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use feeding::{Feeding, Pooling};
use feeding::{Files, feeding};

use super::EmbedError;
use crate::base::hash::{ContentHash, Key, RootHasher};

/// Largest model file, in bytes: an ONNX file without external data cannot be longer.
pub const MOST_MODEL: u64 = 2 << 30;
/// Largest tokenizer.json, in bytes.
pub const MOST_TOKENIZER: u64 = 64 << 20;
/// Bytes that are hashed at once.
const PIECE: u64 = 1 << 20;
/// Version of how a user's model is fed; part of its id.
const FEEDING: u8 = 2;

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
