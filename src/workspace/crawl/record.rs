//! From parsed texts to the records that packs are built of, with their vectors. Invariant: a record's segments tile the
//! text that was read; a file that cannot be parsed gets a record that says why. Must not know the disk.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::read::Content;
use crate::base::cancel::Cancel;
use crate::base::hash::Key;
use crate::base::paths::RelPath;
use crate::base::span::Span;
use crate::embed::{Embedder, batch};
use crate::facts::{Facts, codec};
use crate::index::build::{FileRecord, FileState, SegmentRecord};
use crate::index::snapshot::Snapshot;
use crate::index::vectors::{MOST_EMBEDDED, VectorRun, quantise, run_key};
use crate::syntax::languages::{self, Lang};
use crate::workspace::roots::Moment;
use crate::workspace::skip::Skip;
use crate::workspace::worker::protocol::{RawSegment, build_id};

/// A file on its way through the pass: everything but its segments.
pub struct Pending {
    pub path: RelPath,
    pub content: Content,
    /// What made its facts, where the index had them already: it may be a newer version's.
    pub recipe: Option<Key>,
    /// When it was read.
    pub read_at: Moment,
    /// Of a file that was streamed: held until its record is committed.
    pub permit: Option<Sender<()>>,
    /// It is noted as a text that its parser does not get done with.
    pub suspected: bool,
}

/// Vectors of the passages of one segment.
pub type Run = VectorRun;

/// A finished file.
pub struct Finished {
    pub record: FileRecord,
    pub runs: Vec<Run>,
    pub read_at: Moment,
    /// Bytes of its text.
    pub bytes: u64,
    /// As [`Pending::permit`]; one that is held is committed at once.
    pub permit: Option<Sender<()>>,
}

/// The key of a segment's facts.
pub fn facts_key(recipe: Key, text: &str) -> Key {
    Key::of("facts", &[&recipe.0, text.as_bytes()])
}

/// The record of a file that is left out, kept so that it is not opened again until it changes.
pub fn left_out(path: RelPath, content: &Content, skip: &Skip) -> FileRecord {
    FileRecord {
        path,
        meta: content.meta,
        hash: content.hash,
        lang: content.lang.id().into(),
        recipe: recipe_of(content.lang, Some(skip)),
        state: FileState::Skipped { code: skip.code(), detail: skip.detail().to_owned() },
        segments: Vec::new(),
    }
}

/// The record that hides a file which is gone.
pub fn deleted(path: RelPath) -> FileRecord {
    FileRecord {
        path,
        meta: Default::default(),
        hash: crate::base::hash::ContentHash([0; 32]),
        lang: Lang::TEXT.id().into(),
        recipe: Key([0; 16]),
        state: FileState::Deleted,
        segments: Vec::new(),
    }
}

/// What made a record: the language's recipe, or for a file that is left out this build as a whole.
pub fn recipe_of(lang: Lang, skip: Option<&Skip>) -> Key {
    match skip {
        None => languages::recipe(lang),
        Some(_) => build_id(),
    }
}

/// A record from segments whose facts are decoded.
pub fn indexed(path: RelPath, content: &Content, recipe: Option<Key>, segments: Vec<SegmentRecord>) -> FileRecord {
    FileRecord {
        path,
        meta: content.meta,
        hash: content.hash,
        lang: content.lang.id().into(),
        recipe: recipe.unwrap_or_else(|| recipe_of(content.lang, None)),
        state: FileState::Indexed,
        segments,
    }
}

/// Decodes what a worker sent. An error is a defect of the worker's bytes: the file is blamed, not believed.
pub fn segments_of(lang: Lang, text: &str, raw: &[RawSegment]) -> Result<Vec<SegmentRecord>, Skip> {
    let recipe = languages::recipe(lang);
    let mut out = Vec::with_capacity(raw.len());
    for segment in raw {
        let part = text.get(segment.span.range()).ok_or_else(|| bad("a segment lies outside the text"))?;
        let facts = codec::decode(&segment.facts).map_err(|error| bad(&error.to_string()))?;
        out.push(SegmentRecord { span: segment.span, key: facts_key(recipe, part), facts: Arc::new(facts) });
    }
    Ok(out)
}

fn bad(why: &str) -> Skip {
    Skip::Quarantined(format!("its facts cannot be read: {why}"))
}

/// Length of the vectors of these runs.
pub fn dims(runs: &[Run]) -> usize {
    runs.iter().flat_map(|it| &it.vectors).next().map_or(0, |it| it.values.len())
}

/// The vectors of all passages of a file; none for texts above the limit. What the index has of the very same inputs is
/// taken from it, and written again with the rest: a merge may just be dropping it where it lies.
///
/// # Errors
/// What the embedder says, also where it was cancelled.
pub fn embed(
    embedder: &dyn Embedder,
    cancel: &Cancel,
    snapshot: &Snapshot,
    path: &RelPath,
    text: &str,
    segments: &[SegmentRecord],
) -> Result<Vec<Run>, crate::embed::EmbedError> {
    let mut runs = Vec::with_capacity(segments.len());
    for it in lacking(embedder, snapshot, path, text, segments) {
        match it {
            Ok(known) => runs.push(known),
            Err(Lack { key, inputs }) => {
                let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
                let mut vectors = Vec::new();
                embedder.embed_while(&inputs, &|| !cancel.is_cancelled(), &mut vectors)?;
                let vectors = vectors.chunks_exact(embedder.dimensions().max(1)).map(quantise).collect();
                runs.push(Run { key, vectors });
            }
        }
    }
    Ok(runs)
}

/// What a segment still needs vectors of.
#[derive(Debug)]
pub struct Lack {
    /// Of the run to be.
    pub key: Key,
    /// The model's inputs, one a passage.
    pub inputs: Vec<String>,
}

/// For each segment with passages its vectors, where the index has them under this model, or what they are to be made of.
pub fn lacking(
    embedder: &dyn Embedder,
    snapshot: &Snapshot,
    path: &RelPath,
    text: &str,
    segments: &[SegmentRecord],
) -> Vec<Result<Run, Lack>> {
    if text.len() > MOST_EMBEDDED as usize {
        return Vec::new();
    }
    let tail = batch::path_tail(path.as_bytes());
    let model = embedder.model_id();
    let of = |segment: &SegmentRecord| {
        let key = run_key(&model.0, path, segment.key);
        let known = snapshot.known_vectors(key, embedder.dimensions());
        if let Some(known) = known.filter(|it| it.vectors.len() == segment.facts.passages.len()) {
            return Ok(known);
        }
        let part = text.get(segment.span.range()).unwrap_or("");
        Err(Lack { key, inputs: inputs_of(&tail, part, &segment.facts) })
    };
    segments.iter().filter(|it| !it.facts.passages.is_empty()).map(of).collect()
}

/// The exact inputs of a segment's passages.
fn inputs_of(tail: &str, text: &str, facts: &Facts) -> Vec<String> {
    let part = |span: Span| text.get(span.range()).unwrap_or("");
    facts
        .passages
        .iter()
        .map(|passage| {
            let mut containers = Vec::new();
            if let Some(symbol) = passage.symbol {
                containers = facts.containers(symbol);
                containers.push(facts.text(facts.symbol(symbol).name));
            }
            batch::passage_text(tail, &containers, part(passage.span))
        })
        .collect()
}
