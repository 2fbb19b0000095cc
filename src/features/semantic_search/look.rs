//! A closer look at the best passages: the declarations in them are read, and each gets its numbers. Invariant: at most
//! [`PASSAGES`] passages are looked at, nothing more is read or embedded once it is cancelled; a declaration whose text
//! cannot be had is judged by its name and its passage. Must not know how the numbers are weighed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::candidates::{Candidate, Paths, Reasoned, Search};
use super::question::Kind;
use super::signals::{Signal, Signals};
use super::units::{Unit, Units};
use super::wanted::{Held, Parts, Wanted};
use super::{Means, place};
use crate::base::chars::floor;
use crate::base::ids::FileId;
use crate::base::span::Span;
use crate::embed::batch;
use crate::facts::Facts;
use crate::index::snapshot::FileSegment;
use rayon::prelude::*;

/// Passages that are looked at: a right function that is not in these is in hardly any more.
pub(super) const PASSAGES: usize = 48;
/// Most bytes of a declaration that are read.
const LONGEST: usize = 64 << 10;
/// Bytes of code for one term of it, about.
const TERM: f32 = 7.0;

/// Of each file; none where it cannot be had.
type Texts = HashMap<FileId, Option<Arc<str>>>;

/// A declaration, or a passage without one, with what speaks for it.
pub(super) struct Looked<'c> {
    pub unit: Unit,
    pub candidate: &'c Candidate,
    segment: Arc<FileSegment>,
    pub signals: Signals,
    /// Terms of the question in its text and around its name (where that cannot be had in its passage), and in its name.
    held: u32,
    named: u32,
}

impl<'c> Looked<'c> {
    fn facts(&self) -> &Facts {
        &self.segment.facts
    }

    /// With what is found in the declaration itself as the reason; of a passage as it is what the index says of that.
    pub fn reasoned(&self) -> Reasoned<'c> {
        let of_passage = self.candidate.reasoned();
        match self.unit.symbol {
            Some(_) => Reasoned { terms: self.held, named: self.named != 0, ..of_passage },
            None => of_passage,
        }
    }

    /// What is shown of it.
    pub fn place(&self) -> place::Place {
        place::place(&self.candidate.info, &self.segment, self.unit.symbol)
    }
}

/// What the path of a file holds of the question.
struct File {
    folder: Held,
    stem: Held,
}

/// The most and least of all passages, which numbers are relative to.
struct Scale {
    top: f32,
    words: f32,
    names: f32,
    path: f32,
    meaning: (f32, f32),
    cosines: (f32, f32),
    /// Terms of a declaration.
    average: f32,
}

pub(super) struct Look<'s, 'a> {
    search: &'s Search<'a>,
    paths: &'s Paths,
    means: Means<'s>,
    wanted: Wanted<'s>,
    rarest: u32,
}

impl<'s, 'a> Look<'s, 'a> {
    pub fn new(search: &'s Search<'a>, paths: &'s Paths, means: Means<'s>) -> Self {
        let wanted = Wanted::new(&search.terms, &search.rarity);
        Self { search, paths, means, rarest: wanted.rarest(), wanted }
    }

    /// The declarations of the first of `ranked`, in the order of their passages, with their numbers.
    pub fn at<'c>(&self, ranked: &[(&'c Candidate, f32)]) -> Vec<Looked<'c>> {
        let ranked = &ranked[..ranked.len().min(PASSAGES)];
        let (mut all, files) = self.units(ranked);
        let read = |&id: &FileId| {
            let (root, path) = self.paths.get(&id)?;
            let texts = self.means.texts.filter(|_| !self.search.cancel.is_cancelled());
            texts.and_then(|texts| texts(id, *root, path))
        };
        let texts: Texts = files.par_iter().map(|(id, _)| (*id, read(id))).collect();
        let bodies: Vec<&str> = all.iter().map(|it| body(it, &texts)).collect();
        let cosines = self.cosines(&all, &bodies);
        let scale = scale(ranked, &bodies, &cosines);
        let numbers = |(at, it): (usize, &Looked<'_>)| {
            let mut signals = Signals::default();
            self.of_passage(it, ranked[it.unit.passage].1, &scale, &mut signals);
            let (own, around) = self.of_names(it, &files[&it.candidate.info.file], &mut signals);
            let body = if self.search.cancel.is_cancelled() { "" } else { bodies[at] };
            let held = self.of_text(it, body, around, &scale, &mut signals);
            self.of_meaning(it, cosines.get(at).copied(), &scale, &mut signals);
            self.of_question(&mut signals);
            (signals, if body.is_empty() { it.candidate.terms } else { held | around.terms }, own.terms)
        };
        let numbers: Vec<(Signals, u32, u32)> = all.par_iter().enumerate().map(numbers).collect();
        for (it, numbers) in all.iter_mut().zip(numbers) {
            (it.signals, it.held, it.named) = numbers;
        }
        relative(&mut all);
        all
    }

    /// What the passages hold, and their files.
    fn units<'c>(&self, ranked: &[(&'c Candidate, f32)]) -> (Vec<Looked<'c>>, HashMap<FileId, File>) {
        let distinct: HashSet<(FileId, u32)> = ranked.iter().map(|it| (it.0.info.file, it.0.info.segment)).collect();
        let segment = |at: (FileId, u32)| Some((at, Arc::new(self.search.snapshot.segment(at.0, at.1)?)));
        let segments: HashMap<(FileId, u32), Arc<FileSegment>> = distinct.into_par_iter().filter_map(segment).collect();
        let mut files: HashMap<FileId, File> = HashMap::new();
        let mut units = Units::of(&self.search.question.filters);
        for (place, (candidate, _)) in ranked.iter().enumerate() {
            let id = candidate.info.file;
            files.entry(id).or_insert_with(|| {
                let tail = self.tail(id);
                let (folder, stem) = tail.rsplit_once('/').unwrap_or(("", &tail));
                File { folder: self.wanted.held(folder), stem: self.wanted.held(stem) }
            });
            if let Some(segment) = segments.get(&(id, candidate.info.segment)) {
                let declared = candidate.declared.map(|ix| (ix, candidate.evidence.declared));
                units.take(place, &candidate.info, segment, declared);
            }
        }
        let looked = units.all.into_iter().filter_map(|unit| {
            let candidate = ranked[unit.passage].0;
            let segment = segments.get(&(candidate.info.file, unit.segment))?.clone();
            Some(Looked { unit, candidate, segment, signals: Signals::default(), held: 0, named: 0 })
        });
        (looked.collect(), files)
    }

    fn of_passage(&self, it: &Looked<'_>, score: f32, scale: &Scale, out: &mut Signals) {
        let (candidate, evidence) = (it.candidate, &it.candidate.evidence);
        out.set(Signal::Passage, score / scale.top);
        out.set(Signal::Words, evidence.words / scale.words);
        out.set(Signal::Names, evidence.names / scale.names);
        out.set(Signal::Path, evidence.path / scale.path);
        out.set(Signal::Covered, evidence.covered);
        out.set(Signal::Declared, it.unit.declared);
        let called = self.paths.get(&candidate.info.file).is_some_and(|it| self.search.is_called(&it.1));
        out.mark(Signal::Called, called);
        out.mark(Signal::Prose, evidence.prose);
        out.kind(it.unit.symbol.map(|ix| it.facts().symbol(ix)));
        out.purpose(candidate.info.traits, self.search.question.asked);
    }

    /// The terms that its text holds.
    fn of_text(&self, it: &Looked<'_>, text: &str, around: Held, scale: &Scale, out: &mut Signals) -> u32 {
        let wanted = &self.wanted;
        let mut parts = Parts::default();
        if let Some(ix) = it.unit.symbol {
            let symbol = it.facts().symbol(ix);
            let at = |offset: u32| (offset.saturating_sub(it.unit.own.start) as usize).min(text.len());
            let part = |span: Span| at(span.start)..at(span.end);
            parts = Parts { doc: symbol.doc.map_or(0..0, part), signature: part(symbol.signature) };
        }
        let body = wanted.body(text, &parts, scale.average);
        out.set(Signal::InDoc, wanted.share(body.doc));
        out.set(Signal::InSignature, wanted.share(body.signature));
        out.set(Signal::Text, body.score);
        out.set(Signal::InBody, wanted.share(body.held.terms));
        out.set(Signal::InAny, wanted.share(body.held.terms | around.terms));
        out.set(Signal::AlikeInBody, wanted.share(body.held.alike & !(body.held.terms | around.terms)));
        out.set(Signal::Close, body.close);
        out.set(Signal::Pairs, body.pairs);
        out.mark(Signal::Rarest, body.held.terms & self.rarest != 0);
        out.set(Signal::Long, (1.0 + body.held.all as f32).ln() / 7.0);
        out.mark(Signal::Short, body.held.all < 25);
        body.held.terms
    }

    /// Its name, what contains it, its path; what the name holds, and what all of them hold.
    fn of_names(&self, it: &Looked<'_>, file: &File, out: &mut Signals) -> (Held, Held) {
        let wanted = &self.wanted;
        let (mut own, mut within) = (Held::default(), Held::default());
        if let Some(ix) = it.unit.symbol {
            let symbol = it.facts().symbol(ix);
            own = wanted.held(it.facts().text(symbol.name));
            let mut containers = it.facts().containers(ix);
            containers.extend(symbol.container.map(|name| it.facts().text(name)));
            within = wanted.held(&containers.join(" "));
        }
        out.set(Signal::InName, wanted.share(own.terms));
        out.set(Signal::NameAsked, own.share_asked());
        out.set(Signal::InContainer, wanted.share(within.terms));
        out.mark(Signal::RarestInContext, (own.terms | within.terms) & self.rarest != 0);
        out.set(Signal::InStem, wanted.share(file.stem.terms));
        out.set(Signal::StemAsked, file.stem.share_asked());
        out.set(Signal::InFolder, wanted.share(file.folder.terms));
        let all = own.and(within).and(file.stem).and(file.folder);
        out.set(Signal::InContext, wanted.share(all.terms));
        out.set(Signal::AlikeInContext, wanted.share(all.alike & !all.terms));
        (own, all)
    }

    fn of_meaning(&self, it: &Looked<'_>, cosine: Option<f32>, scale: &Scale, out: &mut Signals) {
        let between = |it: f32, (low, high): (f32, f32)| (it - low) / (high - low).max(1e-3);
        let passage = it.candidate.evidence.meaning;
        out.set(Signal::Meaning, passage.unwrap_or(0.0));
        out.set(Signal::Near, passage.map_or(0.0, |it| between(it, scale.meaning)));
        out.mark(Signal::IsNear, passage.is_some());
        out.set(Signal::Cosine, cosine.unwrap_or(0.0));
        out.set(Signal::Nearer, cosine.map_or(0.0, |it| between(it, scale.cosines)));
        out.set(Signal::Nearest, cosine.unwrap_or(0.0).max(passage.unwrap_or(0.0)));
    }

    fn of_question(&self, out: &mut Signals) {
        let kind = self.search.question.kind;
        out.mark(Signal::AsksName, kind == Kind::Name);
        out.mark(Signal::AsksNearName, kind == Kind::NearName);
        out.mark(Signal::AsksArchitecture, kind == Kind::Architecture);
        out.set(Signal::Terms, self.wanted.words() as f32 / 10.0);
    }

    /// Cosine of each declaration to the question; nothing without vectors.
    fn cosines(&self, all: &[Looked<'_>], bodies: &[&str]) -> Vec<f32> {
        let embedder = self.means.embedder.filter(|_| !self.search.cancel.is_cancelled());
        let Some(embedder) = embedder else { return Vec::new() };
        if embedder.is_slow() {
            // A question cannot wait for vectors of so many declarations: those of their passages stand for them.
            return all.iter().map(|it| self.search.stored_nearness(it.candidate.passage).unwrap_or(0.0)).collect();
        }
        let input = |(it, body): (&Looked<'_>, &&str)| {
            let mut names = Vec::new();
            if let Some(ix) = it.unit.symbol {
                names = it.facts().containers(ix);
                names.push(it.facts().text(it.facts().symbol(ix).name));
            }
            batch::passage_text(&self.tail(it.candidate.info.file), &names, body)
        };
        let inputs: Vec<String> = all.iter().zip(bodies).map(input).collect();
        self.search.nearness(embedder, &inputs).unwrap_or_default()
    }

    fn tail(&self, file: FileId) -> String {
        self.paths.get(&file).map(|it| batch::path_tail(it.1.as_bytes())).unwrap_or_default()
    }
}

fn scale(ranked: &[(&Candidate, f32)], bodies: &[&str], cosines: &[f32]) -> Scale {
    let most = |f: fn(&Candidate) -> f32| ranked.iter().map(|it| f(it.0)).fold(1e-6f32, f32::max);
    let bounds = |all: &mut dyn Iterator<Item = f32>| {
        all.fold((f32::MAX, f32::MIN), |(low, high), it| (low.min(it), high.max(it)))
    };
    let bytes: usize = bodies.iter().map(|it| it.len()).sum();
    Scale {
        top: ranked.first().map_or(1.0, |it| it.1).max(1e-6),
        words: most(|it| it.evidence.words),
        names: most(|it| it.evidence.names),
        path: most(|it| it.evidence.path),
        meaning: bounds(&mut ranked.iter().filter_map(|it| it.0.evidence.meaning)),
        cosines: bounds(&mut cosines.iter().copied()),
        average: bytes as f32 / bodies.len().max(1) as f32 / TERM,
    }
}

/// Numbers that are relative to those of the other declarations.
fn relative(all: &mut [Looked<'_>]) {
    let most = all.iter().map(|it| it.signals.get(Signal::Text)).fold(1e-6f32, f32::max);
    let mut nearest: HashMap<usize, f32> = HashMap::new();
    for it in all.iter() {
        let best = nearest.entry(it.unit.passage).or_insert(0.0);
        *best = best.max(it.signals.get(Signal::Nearer));
    }
    for it in all {
        it.signals.set(Signal::Text, it.signals.get(Signal::Text) / most);
        let is_nearest = it.signals.get(Signal::Nearer) >= nearest[&it.unit.passage];
        it.signals.mark(Signal::NearestInPassage, is_nearest);
    }
}

/// The text that speaks for it; empty where it cannot be had.
fn body<'t>(it: &Looked<'_>, texts: &'t Texts) -> &'t str {
    let text = texts.get(&it.candidate.info.file).and_then(|it| it.as_deref()).unwrap_or("");
    let own = text.get(it.unit.own.shifted(it.segment.span.start).range()).unwrap_or("");
    &own[..floor(own, LONGEST)]
}
