//! Search by meaning, words and names: one function gives the list that every door shows (the LSP request, `?question`,
//! `portolan search`, `search-server`). Invariant: the answer depends on snapshot, embedder and question alone; ties go by
//! path and position. Must not know the protocol, nor read files.

mod member;
mod place;
mod question;
#[cfg(test)]
mod tests;

pub use place::{MOST_LINES, Place};
pub use question::{BadQuestion, Kind, LONGEST, Question};

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::rank::{self, Asked, Evidence, Tuning};
use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, Generation, RootId};
use crate::base::paths::RelPath;
use crate::embed::Embedder;
use crate::facts::words::QueryTerm;
use crate::facts::{SymbolFlags, SymbolKind};
use crate::index::snapshot::{Completeness, PassageId, PassageInfo, Snapshot};
use crate::index::wants::Wants;

/// Passages taken from words and from vectors each.
const CANDIDATES: usize = 300;
/// At most two passages of a file among so many.
const WINDOW: usize = 10;
/// Most answers to one question.
pub const MOST_ANSWERS: usize = 1_000;
/// Declarations of one name that are looked at.
const DECLARATIONS: usize = 100;
/// Names that stand in for one that nobody declares.
const SIMILAR_NAMES: usize = 5;

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub file: FileId,
    pub root: RootId,
    pub path: RelPath,
    pub place: Place,
    /// Comparable within one list only.
    pub score: f32,
    pub reason: Reason,
}

/// Why it is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reason {
    /// Words of the question that occur, rarest first.
    pub words: Vec<String>,
    /// A declared name holds one of them.
    pub named: bool,
    /// Cosine of its vector to the question's, where it was near.
    pub meaning: Option<f32>,
}

/// The text of a file as the snapshot knows it; `None` where it cannot be had.
pub type Texts<'a> = &'a dyn Fn(FileId, RootId, &RelPath) -> Option<Arc<str>>;

/// What a question may make use of; whatever is missing, the rest answers.
#[derive(Clone, Copy, Default)]
pub struct Means<'a> {
    pub embedder: Option<&'a dyn Embedder>,
    /// With them the function within a passage is chosen by its text, without by the names in it.
    pub texts: Option<Texts<'a>>,
}

/// Told of a first list, which the final one replaces.
pub type Partial<'a> = &'a mut dyn FnMut(&[Found]);

/// The answers with what they rest on.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    pub items: Vec<Found>,
    pub generation: Generation,
    pub completeness: Completeness,
    /// Vectors took part.
    pub by_meaning: bool,
    /// It was cancelled on the way: what was found until then.
    pub cut_short: bool,
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
    search.words();
    search.declarations();
    if let Some(partial) = partial.filter(|_| !cancel.is_cancelled()) {
        partial(&search.answer(Means::default()));
    }
    if let Some(embedder) = means.embedder.filter(|_| !cancel.is_cancelled()) {
        search.vectors(embedder);
    }
    Answers {
        items: search.answer(means),
        generation: snapshot.generation(),
        completeness: snapshot.completeness(),
        by_meaning: search.by_meaning,
        cut_short: cancel.is_cancelled(),
        wants: if snapshot.completeness().is_indexed() { None } else { wants(question) },
    }
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

/// How likely a declaration of this kind is what a name asks for.
fn weight_of(kind: SymbolKind, flags: SymbolFlags) -> f32 {
    use SymbolKind::{
        Class, Constructor, Enum, Function, Implementation, Interface, Macro, Method, Module, Namespace, Object,
        Struct, Test, Trait, TypeAlias, Union,
    };
    let by_kind = match kind {
        Class | Struct | Enum | Union | Interface | Trait | Object | Function | Macro => 1.0,
        Method | TypeAlias | Module | Namespace => 0.9,
        Implementation | Constructor => 0.6,
        Test => 0.3,
        _ => 0.5,
    };
    if flags.has(SymbolFlags::DECLARATION) { by_kind * 0.6 } else { by_kind }
}

struct Candidate {
    info: PassageInfo,
    evidence: Evidence,
    /// Bit `i`: term `i` of the question occurs.
    terms: u32,
    /// The symbol in the passage's segment that the question names.
    declared: Option<u32>,
}

struct Search<'a> {
    snapshot: &'a Snapshot,
    question: &'a Question,
    limit: usize,
    cancel: &'a Cancel,
    tuning: &'a Tuning,
    terms: Vec<QueryTerm>,
    /// Of each term: its weight times how rare it is.
    rarity: Vec<f32>,
    candidates: Vec<Candidate>,
    known: HashMap<PassageId, usize>,
    by_meaning: bool,
    /// Of the question; empty where there is none.
    vector: Vec<f32>,
}

impl<'a> Search<'a> {
    fn new(
        snapshot: &'a Snapshot,
        question: &'a Question,
        limit: usize,
        cancel: &'a Cancel,
        tuning: &'a Tuning,
    ) -> Self {
        let mut it = Self {
            snapshot,
            question,
            limit,
            cancel,
            tuning,
            terms: question.query.terms.clone(),
            rarity: Vec::new(),
            candidates: Vec::new(),
            known: HashMap::new(),
            by_meaning: false,
            vector: Vec::new(),
        };
        it.add_similar_names();
        let passages = snapshot.completeness().passages.max(1) as f32;
        it.rarity = it
            .terms
            .iter()
            .map(|term| term.weight * (1.0 + passages / (1.0 + snapshot.passages_with(&term.text) as f32)).ln())
            .collect();
        it
    }

    /// A name that nobody declares, misspelt or cut short, asks for those that are like it.
    fn add_similar_names(&mut self) {
        let named = matches!(self.question.kind, Kind::Name);
        let whole: String = self.question.text.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
        if !named || self.terms.iter().any(|term| self.snapshot.passages_with(&term.text) > 0) {
            return;
        }
        for name in self.snapshot.fuzzy(&whole, SIMILAR_NAMES, self.cancel) {
            for term in crate::facts::words::analyse_query(&name.name).terms {
                if self.terms.len() < 24 && !self.terms.iter().any(|known| known.text == term.text) {
                    self.terms.push(QueryTerm { text: term.text, weight: 0.5 * term.weight });
                }
            }
        }
    }

    fn words(&mut self) {
        let total: f32 = self.rarity.iter().sum::<f32>().max(1e-6);
        for hit in self.snapshot.lexical_with(&self.terms, &self.tuning.words, CANDIDATES.max(self.limit), self.cancel)
        {
            let Some(at) = self.candidate(hit.passage) else { continue };
            let found: f32 = (0..self.rarity.len()).filter(|i| hit.terms >> i & 1 == 1).map(|i| self.rarity[i]).sum();
            let it = &mut self.candidates[at];
            it.terms = hit.terms;
            it.evidence.words = hit.score;
            it.evidence.names = hit.name;
            it.evidence.path = hit.path;
            it.evidence.covered = found / total;
        }
    }

    /// Passages that declare a name which the question gives.
    fn declarations(&mut self) {
        for name in &self.question.names {
            let mut hits = self.snapshot.symbols_named(name);
            if hits.is_empty() && self.question.kind == Kind::Name {
                let alike = self.snapshot.fuzzy(name, SIMILAR_NAMES, self.cancel);
                let same = alike.iter().filter(|it| it.class >= 2 || it.name.eq_ignore_ascii_case(name));
                hits = same.flat_map(|it| self.snapshot.symbols_named(&it.name)).collect();
            }
            for hit in hits.into_iter().take(DECLARATIONS) {
                let holds = |id: &PassageId| {
                    let info = self.snapshot.passage(*id);
                    info.is_some_and(|it| it.segment == hit.segment && it.lines.0 <= hit.line && hit.line <= it.lines.1)
                };
                let Some(passage) = self.snapshot.passages_of(hit.file).into_iter().find(holds) else { continue };
                let Some(at) = self.candidate(passage) else { continue };
                let weight = weight_of(hit.kind, hit.flags);
                let candidate = &mut self.candidates[at];
                if weight > candidate.evidence.declared {
                    candidate.evidence.declared = weight;
                    candidate.declared = hit.index;
                }
            }
        }
    }

    fn vectors(&mut self, embedder: &dyn Embedder) {
        let mut vector = Vec::new();
        if let Err(error) = embedder.embed(&[&self.question.text], &mut vector) {
            tracing::warn!("the question has no vector, words alone answer: {error}");
            return;
        }
        if vector.iter().all(|&x| x == 0.0) {
            return;
        }
        for hit in self.snapshot.nearest(&vector, CANDIDATES.max(self.limit), self.cancel) {
            if let Some(at) = self.candidate(hit.passage) {
                self.candidates[at].evidence.meaning = Some(hit.score);
                self.by_meaning = true;
            }
        }
        self.vector = vector;
    }

    /// The position of a passage among the candidates.
    fn candidate(&mut self, passage: PassageId) -> Option<usize> {
        if let Some(&at) = self.known.get(&passage) {
            return Some(at);
        }
        let info = self.snapshot.passage(passage)?;
        let evidence = Evidence { traits: info.traits, prose: info.prose, length: info.terms, ..Evidence::default() };
        self.known.insert(passage, self.candidates.len());
        self.candidates.push(Candidate { info, evidence, terms: 0, declared: None });
        Some(self.candidates.len() - 1)
    }

    /// Whether a file is called as the one name that is asked for.
    fn is_called(&self, path: &RelPath) -> bool {
        let fold =
            |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase() };
        let name = String::from_utf8_lossy(path.file_name()).into_owned();
        let stem = fold(name.split('.').next().unwrap_or(""));
        self.question.kind == Kind::Name && !stem.is_empty() && self.question.names.iter().any(|it| fold(it) == stem)
    }

    /// The best of the candidates so far, placed.
    fn answer(&mut self, means: Means<'_>) -> Vec<Found> {
        let mut paths: HashMap<FileId, (RootId, RelPath)> = HashMap::new();
        for candidate in &self.candidates {
            if let (file, None) = (candidate.info.file, paths.get(&candidate.info.file)) {
                paths.extend(self.snapshot.path(file).map(|path| (file, path)));
            }
        }
        // Ties go by path and position.
        let mut order: Vec<&Candidate> = self.candidates.iter().collect();
        order.sort_by(|a, b| {
            let key = |it: &Candidate| (paths.get(&it.info.file), it.info.span.start);
            key(a).cmp(&key(b))
        });
        let called: HashMap<FileId, bool> =
            paths.iter().map(|(&file, (_, path))| (file, self.is_called(path))).collect();
        let evidence: Vec<Evidence> = order
            .iter()
            .map(|it| Evidence { called: called.get(&it.info.file).copied().unwrap_or(false), ..it.evidence })
            .collect();
        let files: Vec<u32> = order.iter().map(|it| it.info.file.0).collect();
        let meaning = match self.question.kind {
            Kind::Name => self.tuning.meaning_named,
            Kind::Architecture => self.tuning.meaning_architecture,
            Kind::NearName | Kind::Description => self.tuning.meaning_described,
        };
        let named = self.question.kind == Kind::Name;
        let asked = Asked { meaning, traits: self.question.asked, named };
        let scores = rank::fuse(&evidence, &files, &asked, self.tuning);
        let ranked = rank::spread(&scores, &files, WINDOW, self.tuning.second);
        let ranked = ranked.into_iter().map(|at| (order[at], scores[at]));
        self.placed(ranked, &paths, means)
    }

    /// The first of the ranked candidates, each with the declaration that answers.
    fn placed<'c>(
        &self,
        ranked: impl Iterator<Item = (&'c Candidate, f32)>,
        paths: &HashMap<FileId, (RootId, RelPath)>,
        means: Means<'_>,
    ) -> Vec<Found> {
        let rarity = self.terms.iter().zip(&self.rarity).map(|(term, &by)| (term.text.clone(), by)).collect();
        let nearness = |texts: &[String]| self.nearness(means.embedder?, texts);
        let mut facts = HashMap::new();
        let texts = RefCell::new(HashMap::<FileId, Option<Arc<str>>>::new());
        let mut out: Vec<Found> = Vec::new();
        for (candidate, score) in ranked {
            if out.len() >= self.limit {
                break;
            }
            let file = candidate.info.file;
            let Some((root, path)) = paths.get(&file) else { continue };
            let known = facts.entry(file).or_insert_with(|| self.snapshot.facts(file));
            let Some(known) = known else { continue };
            let text = || {
                let read = || means.texts.and_then(|it| it(file, *root, path));
                texts.borrow_mut().entry(file).or_insert_with(read).clone()
            };
            let asked = place::Asked { rarity: &rarity, text: &text, nearness: &nearness };
            let place = place::place(&candidate.info, known, candidate.declared, &asked);
            if out.iter().any(|it| it.file == file && it.place.lines == place.lines) {
                continue;
            }
            out.push(Found { file, root: *root, path: path.clone(), place, score, reason: self.reason(candidate) });
        }
        out
    }

    /// Cosines of texts to the question.
    fn nearness(&self, embedder: &dyn Embedder, texts: &[String]) -> Option<Vec<f32>> {
        if self.vector.is_empty() {
            return None;
        }
        let mut vectors = Vec::new();
        embedder.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &mut vectors).ok()?;
        let dot = |it: &[f32]| it.iter().zip(&self.vector).map(|(a, b)| a * b).sum();
        Some(vectors.chunks_exact(self.vector.len()).map(dot).collect())
    }

    fn reason(&self, candidate: &Candidate) -> Reason {
        let mut found: Vec<usize> = (0..self.terms.len()).filter(|i| candidate.terms >> i & 1 == 1).collect();
        found.sort_by(|&a, &b| self.rarity[b].total_cmp(&self.rarity[a]).then(a.cmp(&b)));
        Reason {
            words: found.into_iter().take(5).map(|i| self.terms[i].text.clone()).collect(),
            named: candidate.evidence.names > 0.0,
            meaning: candidate.evidence.meaning,
        }
    }
}
