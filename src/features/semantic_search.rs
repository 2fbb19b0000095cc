//! Search by meaning, words and names: one function gives the list that every door shows (the LSP request, `?question`,
//! `portolan search`, `search-server`). Invariant: the answer depends on snapshot, embedder and question alone; ties go by
//! path and position. Must not know the protocol, nor read files.

mod asker;
mod candidates;
pub mod filters;
mod look;
mod model;
mod place;
mod question;
mod related;
pub mod signals;
mod spelling;
#[cfg(test)]
mod tests;
mod units;
mod wanted;

pub use filters::{BadFilter, By, Filters};
pub use place::{MOST_LINES, Place};
pub use question::{BadQuestion, Kind, LONGEST, Question};
pub use related::{NoSubject, meant_in_line, related};

use std::collections::HashMap;
use std::sync::Arc;

use super::rank::{self, Tuning};
use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, Generation, RootId};
use crate::base::paths::RelPath;
use crate::embed::Embedder;
use crate::facts::SymbolIx;
use crate::index::snapshot::{Completeness, Snapshot};
use crate::index::traits::Traits;
use crate::index::wants::Wants;
use asker::Asker;
use candidates::{Paths, Reasoned, Search};
use look::{Look, Looked, PASSAGES};
use model::Model;
use signals::{Signal, Signals};
use units::Units;

/// Most answers to one question.
pub const MOST_ANSWERS: usize = 1_000;

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub file: FileId,
    pub root: RootId,
    pub path: RelPath,
    pub place: Place,
    /// What its file is for; a test within any file is a test.
    pub traits: Traits,
    /// Between 0 and 1; comparable within one list only.
    pub score: f32,
    pub reason: Reason,
}

/// Why it is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reason {
    /// Words of the question that occur, as they are written there, rarest first.
    pub words: Vec<String>,
    /// What the analyser makes of them.
    pub terms: Vec<String>,
    /// A declared name holds one of them.
    pub named: bool,
    /// Cosine of its passage's vector to the question's, where it was near.
    pub meaning: Option<f32>,
}

/// The text of a file as the snapshot knows it; `None` where it cannot be had.
pub type Texts<'a> = &'a (dyn Fn(FileId, RootId, &RelPath) -> Option<Arc<str>> + Sync);

/// What a question may make use of; whatever is missing, the rest answers.
#[derive(Clone, Copy, Default)]
pub struct Means<'a> {
    pub embedder: Option<&'a dyn Embedder>,
    /// With them a declaration is judged by its text, without by its name and what the index says of its passage.
    pub texts: Option<Texts<'a>>,
    /// The file that is open where it is asked.
    pub near: Option<FileId>,
}

/// Told of a first list, which the final one replaces.
pub type Partial<'a> = &'a mut dyn FnMut(&[Found]);

/// The answers with what they rest on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    pub items: Vec<Found>,
    pub generation: Generation,
    pub completeness: Completeness,
    /// Vectors took part.
    pub by_meaning: bool,
    /// It was cancelled on the way: what was found until then.
    pub cut_short: bool,
    /// Sentences for people: filters that fit nothing.
    pub notes: Vec<String>,
    /// What may be missing, while files wait to be indexed.
    pub wants: Option<Wants>,
}

/// Up to `limit` answers to `question`, best first. `partial` is called with a first list, made of words alone, while
/// vectors are still to come. Without an embedder, or where it fails, words and names alone answer.
pub fn semantic_search(
    snapshot: &Snapshot,
    means: Means<'_>,
    question: &Question,
    limit: usize,
    cancel: &Cancel,
    partial: Option<Partial<'_>>,
) -> Answers {
    semantic_search_with(snapshot, means, question, limit, cancel, partial, &Tuning::default())
}

/// The same with given weights, for benches.
pub fn semantic_search_with(
    snapshot: &Snapshot,
    means: Means<'_>,
    question: &Question,
    limit: usize,
    cancel: &Cancel,
    partial: Option<Partial<'_>>,
    tuning: &Tuning,
) -> Answers {
    let limit = limit.clamp(1, MOST_ANSWERS);
    let mut search = Search::new(snapshot, question, limit, cancel, tuning);
    // While files are still to come, a word that is not there may come with them.
    let is_known = snapshot.completeness().is_indexed();
    let mended = if is_known { spelling::mended(snapshot, question, &|term| search.held(term), cancel) } else { None };
    let mut notes = Vec::new();
    if let Some((other, said)) = &mended {
        (search, notes) = (Search::new(snapshot, other, limit, cancel, tuning), said.clone());
    }
    match partial {
        Some(partial) => {
            search.gather(None);
            partial(&answers(&search, Means { embedder: None, ..means }, limit));
            if let Some(embedder) = means.embedder.filter(|_| !cancel.is_cancelled()) {
                let near = search.near(embedder);
                search.take_near(near);
            }
        }
        None => search.gather(means.embedder),
    }
    let items = answers(&search, means, limit);
    notes.extend(search.narrowed.take().map(|it| it.notes).unwrap_or_default());
    if snapshot.completeness().is_indexed() && !items.is_empty() && search.has_no_word() {
        notes.push("no word of the question occurs here: what is shown is near in meaning, or called alike".into());
    }
    Answers {
        items,
        generation: snapshot.generation(),
        completeness: snapshot.completeness(),
        by_meaning: search.by_meaning,
        cut_short: cancel.is_cancelled(),
        notes,
        wants: if snapshot.completeness().is_indexed() { None } else { wants(question) },
    }
}

/// The best of the candidates so far: declarations of the best passages, then further passages as they are.
fn answers(search: &Search<'_>, means: Means<'_>, limit: usize) -> Vec<Found> {
    let paths = search.paths();
    let mut ranked = search.ranked(&paths);
    let asker = Asker::at(search.snapshot, means.near);
    if let Some(asker) = &asker {
        asker.settle(&mut ranked, &paths);
    }
    let looked = Look::new(search, &paths, means).at(&ranked);
    let model = Model::built_in();
    // Who types a name wants its declaration: too few questions are of that kind to learn it from them.
    let named = if search.question.kind == Kind::Name { search.tuning.declared_first } else { 0.0 };
    let near = |file: FileId| {
        let it = asker.as_ref().zip(paths.get(&file));
        it.map_or(0.0, |(asker, (root, path))| asker.prefers(file, *root, path))
    };
    let score = |it: &Looked<'_>| {
        model.score(&it.signals) + named * it.signals.get(Signal::Declared) + near(it.candidate.info.file)
    };
    let (shown, scores) = distinct(&looked, looked.iter().map(score).collect());
    let of: Vec<(u32, Option<&str>)> =
        shown.iter().map(|it| (it.0.candidate.info.file.0, it.1.name.as_deref())).collect();
    let mut out: Vec<Found> = Vec::new();
    let described = search.question.kind == Kind::Description;
    let further = if described { search.tuning.further_described } else { search.tuning.further };
    for (at, score) in rank::spread(&scores, &of, (further, search.tuning.again)).into_iter().take(limit) {
        let (it, place) = &shown[at];
        add(search, &paths, it.reasoned(), place.clone(), 1.0 / (1.0 + (-score).exp()), &mut out);
    }
    let last = out.iter().map(|it| it.score).fold(1.0f32, f32::min);
    let top = ranked.first().map_or(1.0, |it| it.1).max(1e-6);
    let mut segments = HashMap::new();
    let filters = &search.question.filters;
    for (candidate, score) in ranked.into_iter().skip(PASSAGES) {
        if out.len() >= limit || search.cancel.is_cancelled() {
            break;
        }
        let (file, at) = (candidate.info.file, candidate.info.segment);
        let segment = segments.entry((file, at)).or_insert_with(|| search.snapshot.segment(file, at));
        let Some(segment) = segment else { continue };
        let score = last * (score / top).clamp(0.0, 1.0);
        let mut units = Units::of(filters);
        if units.leaves_alone(&candidate.info, segment) {
            let place = place::place(&candidate.info, segment, candidate.declared.map(SymbolIx));
            add(search, &paths, candidate.reasoned(), place, score, &mut out);
            continue;
        }
        units.take(0, &candidate.info, segment, None);
        for it in units.all.into_iter().take(limit - out.len()) {
            let place = place::place(&candidate.info, segment, it.symbol);
            add(search, &paths, candidate.reasoned(), place, score, &mut out);
        }
    }
    out
}

/// What is shown for each, in the order of `looked`, with its score: of several on the same lines the best.
fn distinct<'l, 'c>(looked: &'l [Looked<'c>], scores: Vec<f32>) -> (Vec<(&'l Looked<'c>, Place)>, Vec<f32>) {
    let mut known: HashMap<(FileId, (u32, u32)), usize> = HashMap::new();
    let mut shown: Vec<(&Looked<'c>, Place)> = Vec::new();
    let mut kept: Vec<f32> = Vec::new();
    for (it, score) in looked.iter().zip(scores) {
        let place = it.place();
        let at = *known.entry((it.candidate.info.file, place.lines)).or_insert(shown.len());
        if at == shown.len() {
            shown.push((it, place));
            kept.push(score);
        } else if score > kept[at] {
            (shown[at], kept[at]) = ((it, place), score);
        }
    }
    (shown, kept)
}

/// Adds an answer, unless its lines are already shown.
fn add(search: &Search<'_>, paths: &Paths, it: Reasoned<'_>, place: Place, score: f32, out: &mut Vec<Found>) {
    let info = &it.candidate.info;
    let Some((root, path)) = paths.get(&info.file) else { return };
    if !out.iter().any(|it| it.file == info.file && it.place.lines == place.lines) {
        let (reason, path) = (search.reason(it), path.clone());
        out.push(Found { file: info.file, root: *root, path, place, traits: info.traits, score, reason });
    }
}

/// The declarations of the best passages with the numbers that speak for them: what weights are fitted to.
pub fn numbers(snapshot: &Snapshot, means: Means<'_>, question: &Question) -> Vec<(RelPath, Place, Signals)> {
    let (cancel, tuning) = (Cancel::new(), Tuning::default());
    let mut search = Search::new(snapshot, question, 10, &cancel, &tuning);
    search.gather(means.embedder);
    let paths = search.paths();
    let looked = Look::new(&search, &paths, means).at(&search.ranked(&paths));
    let numbers = |it: &Looked<'_>| Some((paths.get(&it.candidate.info.file)?.1.clone(), it.place(), it.signals));
    looked.iter().filter_map(numbers).collect()
}

/// The names of the question, and the beginnings of its words: what they end with is not written alike everywhere.
fn wants(question: &Question) -> Option<Wants> {
    let own = question.query.terms.iter().filter(|it| it.weight >= 1.0);
    let words = own.map(|it| match it.text.char_indices().next_back() {
        Some((last, _)) if last >= 4 => it.text[..last].to_owned(),
        _ => it.text.clone(),
    });
    Wants::together(question.names.iter().cloned().chain(words))
}
