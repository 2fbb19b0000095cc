//! What may answer, found by words, names and vectors, with what the index says of it. Invariant: every passage once; the
//! order depends on snapshot, embedder and question alone. Must not know texts, nor what is shown.

use std::collections::HashMap;

use super::Reason;
use super::filters::Narrowed;
use super::question::{self, Kind, Question};
use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::embed::Embedder;
use crate::facts::words::{QueryTerm, written};
use crate::facts::{KindSet, SymbolFlags, SymbolKind};
use crate::features::rank::{self, Asked, Evidence, Tuning};
use crate::index::lexical::LexicalHit;
use crate::index::names::NameMatch;
use crate::index::snapshot::{PassageId, PassageInfo, Snapshot, SymbolHit};
use crate::index::vectors::VectorHit;
use crate::index::within::Within;
use rayon::prelude::*;

/// Passages taken from words and from vectors each.
const CANDIDATES: usize = 300;
/// Declarations of one name that are looked at.
const DECLARATIONS: usize = 100;
/// Names that stand in for one that nobody declares.
const SIMILAR_NAMES: usize = 5;

/// Texts that one thread embeds at a time.
const TOGETHER: usize = 32;

/// Share of a declaration whose name is only like the one that is asked for.
const LIKE: f32 = 0.6;

/// Share of a declaration whose name is the one that is asked for, written otherwise (`Buffer` for `buffer`).
const OTHERWISE: f32 = 0.9;

/// Where the files of candidates are.
pub(super) type Paths = HashMap<FileId, (RootId, RelPath)>;

/// How likely a declaration of this kind is what a name asks for.
fn weight_of(kind: SymbolKind, flags: SymbolFlags) -> f32 {
    use SymbolKind::{
        Class, Constructor, Enum, EnumMember, Field, Function, Implementation, Interface, Key, Macro, Method, Module,
        Namespace, Object, Property, Struct, Test, Trait, TypeAlias, Union,
    };
    let by_kind = match kind {
        Class | Struct | Enum | Union | Interface | Trait | Object | Function | Macro => 1.0,
        Method | TypeAlias | Module | Namespace => 0.9,
        Implementation | Constructor => 0.6,
        Test => 0.3,
        Field | Property | EnumMember => 0.4,
        Key => 0.2,
        _ => 0.5,
    };
    if flags.has(SymbolFlags::DECLARATION) { by_kind * 0.6 } else { by_kind }
}

/// A passage with what speaks for it.
pub(super) struct Candidate {
    pub passage: PassageId,
    pub info: PassageInfo,
    pub evidence: Evidence,
    /// Bit `i`: term `i` of the question occurs.
    pub terms: u32,
    /// The symbol in the passage's segment that the question names.
    pub declared: Option<u32>,
}

impl Candidate {
    /// With what the index says of the passage as the reason.
    pub fn reasoned(&self) -> Reasoned<'_> {
        Reasoned { candidate: self, terms: self.terms, named: self.evidence.names > 0.0 }
    }
}

/// A candidate with why what is shown of it is an answer.
#[derive(Clone, Copy)]
pub(super) struct Reasoned<'c> {
    pub candidate: &'c Candidate,
    /// Bit `i`: term `i` of the question occurs.
    pub terms: u32,
    /// A declared name holds one of them.
    pub named: bool,
}

/// The search for one question.
pub(super) struct Search<'a> {
    pub snapshot: &'a Snapshot,
    pub question: &'a Question,
    limit: usize,
    pub cancel: &'a Cancel,
    pub tuning: &'a Tuning,
    pub terms: Vec<QueryTerm>,
    /// The word of the question that each is of.
    written: Vec<String>,
    /// Passages that hold each term.
    frequencies: Vec<u64>,
    /// Of each term: its weight times how rare it is.
    pub rarity: Vec<f32>,
    candidates: Vec<Candidate>,
    known: HashMap<PassageId, usize>,
    pub by_meaning: bool,
    /// What the question's filters leave.
    pub narrowed: Option<Narrowed>,
    /// Of the question; empty where there is none.
    vector: Vec<f32>,
}

impl<'a> Search<'a> {
    pub fn new(
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
            written: Vec::new(),
            frequencies: Vec::new(),
            rarity: Vec::new(),
            candidates: Vec::new(),
            known: HashMap::new(),
            by_meaning: false,
            narrowed: question.filters.narrow(snapshot, cancel),
            vector: Vec::new(),
        };
        let names = it.add_similar_names();
        it.written = written(&format!("{} {names}", question.text), &it.terms);
        let passages = snapshot.completeness().passages.max(1) as f32;
        it.frequencies = it.terms.par_iter().map(|term| snapshot.passages_with(&term.text)).collect();
        let rarity = |(term, &held): (&QueryTerm, &u64)| term.weight * (1.0 + passages / (1.0 + held as f32)).ln();
        it.rarity = it.terms.iter().zip(&it.frequencies).map(rarity).collect();
        it
    }

    /// A name that nobody declares, misspelt or cut short, asks for those that are like it: these.
    fn add_similar_names(&mut self) -> String {
        let named = matches!(self.question.kind, Kind::Name);
        let whole: String = self.question.text.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
        if !named || self.terms.iter().any(|term| self.snapshot.passages_with(&term.text) > 0) {
            return String::new();
        }
        let similar = self.similar(&whole);
        for name in &similar {
            for term in crate::facts::words::analyse_query(&name.name).terms {
                if self.terms.len() < 24 && !self.terms.iter().any(|known| known.text == term.text) {
                    self.terms.push(QueryTerm { text: term.text, weight: 0.5 * term.weight });
                }
            }
        }
        similar.iter().map(|it| &*it.name).collect::<Vec<_>>().join(" ")
    }

    /// All candidates, by words and by meaning at one time.
    pub fn gather(&mut self, embedder: Option<&dyn Embedder>) {
        let this = &*self;
        let (words, near) = rayon::join(|| this.by_words(), || embedder.map(|it| this.near(it)));
        self.take_words(words);
        self.declarations();
        self.take_near(near.unwrap_or_default());
    }

    /// What words find.
    fn by_words(&self) -> Vec<LexicalHit> {
        let (within, most) = (self.within(), CANDIDATES.max(self.limit));
        let asked = (&*self.terms, &*self.frequencies);
        self.snapshot.lexical_with(asked, &self.tuning.words, within, most, self.cancel)
    }

    fn take_words(&mut self, hits: Vec<LexicalHit>) {
        let total: f32 = self.rarity.iter().sum::<f32>().max(1e-6);
        for hit in hits {
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

    /// How many passages hold a term; those of the question are known.
    pub fn held(&self, term: &str) -> u64 {
        let known = self.terms.iter().position(|it| it.text == term);
        known.map_or_else(|| self.snapshot.passages_with(term), |at| self.frequencies[at])
    }

    /// Whether no word of the question occurs anywhere.
    pub fn has_no_word(&self) -> bool {
        self.frequencies.iter().all(|&it| it == 0)
    }

    fn within(&self) -> Option<&Within> {
        self.narrowed.as_ref().map(|it| &it.within)
    }

    /// What declares a name, where it may answer.
    fn symbols_named(&self, name: &str) -> Vec<SymbolHit> {
        let mut hits = self.snapshot.symbols_named(name);
        if let Some(within) = self.within() {
            let kinds = self.question.filters.kinds();
            let is_wanted = |it: &SymbolHit| KindSet::of_symbol(it.kind, it.flags).meets(kinds);
            hits.retain(|it| is_wanted(it) && self.snapshot.is_within(it.file, within));
        }
        hits
    }

    /// Names like one that nobody declares, of declarations that may answer.
    fn similar(&self, name: &str) -> Vec<NameMatch> {
        let is_wanted = |name: &str| self.narrowed.is_none() || !self.symbols_named(name).is_empty();
        self.snapshot.fuzzy_of(name, SIMILAR_NAMES, &is_wanted, self.cancel)
    }

    /// Passages that declare a name which the question gives.
    fn declarations(&mut self) {
        for name in &self.question.names {
            let mut hits: Vec<(SymbolHit, f32)> = self.symbols_named(name).into_iter().map(|it| (it, 1.0)).collect();
            if self.question.kind == Kind::Name {
                for other in question::written_otherwise(name) {
                    hits.extend(self.symbols_named(&other).into_iter().map(|it| (it, OTHERWISE)));
                }
            }
            if hits.is_empty() && self.question.kind == Kind::Name {
                let alike = self.similar(name);
                let same = |it: &&NameMatch| it.class >= 2 || it.name.eq_ignore_ascii_case(name);
                let of = |it: &NameMatch, factor: f32| {
                    self.symbols_named(&it.name).into_iter().map(move |hit| (hit, factor)).collect::<Vec<_>>()
                };
                hits = alike.iter().filter(same).flat_map(|it| of(it, 1.0)).collect();
                if hits.is_empty() {
                    hits = alike.iter().flat_map(|it| of(it, LIKE)).collect();
                }
            }
            hits.sort_by(|a, b| {
                (b.1 * weight_of(b.0.kind, b.0.flags)).total_cmp(&(a.1 * weight_of(a.0.kind, a.0.flags)))
            });
            for (hit, factor) in hits.into_iter().take(DECLARATIONS) {
                let holds = |id: &PassageId| {
                    let info = self.snapshot.passage(*id);
                    info.is_some_and(|it| it.segment == hit.segment && it.lines.0 <= hit.line && hit.line <= it.lines.1)
                };
                let Some(passage) = self.snapshot.passages_of(hit.file).into_iter().find(holds) else { continue };
                let Some(at) = self.candidate(passage) else { continue };
                let weight = factor * weight_of(hit.kind, hit.flags);
                let candidate = &mut self.candidates[at];
                if weight > candidate.evidence.declared {
                    candidate.evidence.declared = weight;
                    candidate.declared = hit.index;
                }
            }
        }
    }

    /// The question's vector and what lies near it; nothing where it has none.
    pub fn near(&self, embedder: &dyn Embedder) -> (Vec<f32>, Vec<VectorHit>) {
        let mut vector = Vec::new();
        if let Err(error) = embedder.embed_question(&self.question.text, &mut vector) {
            tracing::warn!("the question has no vector, words alone answer: {error}");
            return Default::default();
        }
        if vector.iter().all(|&x| x == 0.0) {
            return Default::default();
        }
        let most = CANDIDATES.max(self.limit);
        let hits = self.snapshot.nearest_within(&vector, self.within(), most, self.cancel);
        (vector, hits)
    }

    pub fn take_near(&mut self, (vector, hits): (Vec<f32>, Vec<VectorHit>)) {
        for hit in hits {
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
        self.candidates.push(Candidate { passage, info, evidence, terms: 0, declared: None });
        Some(self.candidates.len() - 1)
    }

    /// Whether a file is called as the one name that is asked for.
    pub fn is_called(&self, path: &RelPath) -> bool {
        if self.question.kind != Kind::Name {
            return false;
        }
        let fold =
            |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase() };
        let name = String::from_utf8_lossy(path.file_name()).into_owned();
        let stem = fold(name.split('.').next().unwrap_or(""));
        !stem.is_empty() && self.question.names.iter().any(|it| fold(it) == stem)
    }

    /// Where the candidates' files are.
    pub fn paths(&self) -> Paths {
        let mut paths = Paths::new();
        for candidate in &self.candidates {
            if let (file, None) = (candidate.info.file, paths.get(&candidate.info.file)) {
                paths.extend(self.snapshot.path(file).map(|path| (file, path)));
            }
        }
        paths
    }

    /// The candidates by what the index says of them, best first.
    pub fn ranked(&self, paths: &Paths) -> Vec<(&Candidate, f32)> {
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
        let mut ranked: Vec<(&Candidate, f32)> = order.into_iter().zip(scores).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }

    /// Cosine of a passage's stored vector to the question's.
    pub fn stored_nearness(&self, passage: PassageId) -> Option<f32> {
        self.snapshot.nearness(passage, &self.vector).filter(|_| !self.vector.is_empty())
    }

    /// Cosines of texts to the question; nothing where there is no vector of it, or it is cancelled on the way.
    pub fn nearness(&self, embedder: &dyn Embedder, texts: &[String]) -> Option<Vec<f32>> {
        if self.vector.is_empty() {
            return None;
        }
        let dot = |it: &[f32]| it.iter().zip(&self.vector).map(|(a, b)| a * b).sum();
        let cosines = |texts: &[String]| {
            if self.cancel.is_cancelled() {
                return None;
            }
            let (texts, mut vectors): (Vec<&str>, _) = (texts.iter().map(String::as_str).collect(), Vec::new());
            embedder.embed(&texts, &mut vectors).ok()?;
            Some(vectors.chunks_exact(self.vector.len()).map(dot).collect::<Vec<f32>>())
        };
        let parts: Option<Vec<Vec<f32>>> = texts.par_chunks(TOGETHER).map(cosines).collect();
        Some(parts?.concat())
    }

    pub fn reason(&self, it: Reasoned<'_>) -> Reason {
        let mut found: Vec<usize> = (0..self.terms.len()).filter(|i| it.terms >> i & 1 == 1).collect();
        // Words that hold a sentence together, and guesses, are no reason where others are.
        if found.iter().any(|&i| self.terms[i].weight >= 1.0) {
            found.retain(|&i| self.terms[i].weight >= 1.0);
        }
        found.sort_by(|&a, &b| self.rarity[b].total_cmp(&self.rarity[a]).then(a.cmp(&b)));
        found.truncate(5);
        let mut words: Vec<String> = Vec::new();
        for &at in &found {
            if !words.contains(&self.written[at]) {
                words.push(self.written[at].clone());
            }
        }
        Reason {
            words,
            terms: found.into_iter().map(|at| self.terms[at].text.clone()).collect(),
            named: it.named,
            meaning: it.candidate.evidence.meaning,
        }
    }
}
