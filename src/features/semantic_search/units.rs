//! The declarations among which an answer is chosen: those that the best passages hold or are part of, each once. Invariant:
//! deterministic, in the order of the passages that gave them; a type stands for what comes before its members in the
//! passage, so that a method is not drowned by its class. Must not know what speaks for them.

use std::collections::HashMap;

use super::filters::Filters;
use super::place::{answers, holds_members, whole};
use crate::base::ids::FileId;
use crate::base::span::Span;
use crate::facts::{Facts, KindSet, Symbol, SymbolFlags, SymbolIx, SymbolKind};
use crate::index::snapshot::{FileSegment, PassageInfo};

/// Most declarations that one passage gives.
const MOST: usize = 64;
/// Of wished kinds, once there are so many, a passage gives no more than a few: keys and fields are many.
const ENOUGH: usize = 400;
const FEW: usize = 8;
/// Constants and variables of so many bytes can be an answer: tables, not flags.
const TABLE: u32 = 80;

/// What may be an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    /// The passages that gave it, by their places in the order: the best of them.
    pub passage: usize,
    /// The segment's position in its file.
    pub segment: u32,
    /// None: the passage as it is.
    pub symbol: Option<SymbolIx>,
    /// What speaks for it, in its segment: all of it with its documentation; of a type what comes before its members.
    pub own: Span,
    /// How much it is what the question names, 0 to 1; told by the passage that holds its name.
    pub declared: f32,
}

/// The units of passages, given best first with the segment that each lies in.
#[derive(Default)]
pub(super) struct Units {
    pub all: Vec<Unit>,
    known: HashMap<(FileId, u32, SymbolIx), usize>,
    /// What may answer.
    kinds: KindSet,
    /// Kinds are wished by name, so that what is never an answer unasked may be one.
    wished: bool,
}

impl Units {
    /// None yet; of the kinds that the filters leave.
    pub fn of(filters: &Filters) -> Self {
        Self { kinds: filters.kinds(), wished: filters.wishes_kinds(), ..Self::default() }
    }

    /// Whether a passage is shown as it is unasked: no kinds are wished, and it holds none that are left out.
    pub fn leaves_alone(&self, passage: &PassageInfo, segment: &FileSegment) -> bool {
        let facts = &*segment.facts;
        let is_wanted = |ix: SymbolIx| facts.symbols.get(ix.0 as usize).is_none_or(|it| self.is_wanted(it));
        let all_wanted = |span| members(facts, span).iter().all(|it| is_wanted(it.0));
        let inner = facts.passages.get(passage.index as usize).map(|it| it.span);
        !self.wished
            && (self.kinds == KindSet::ALL
                || passage.symbol.is_none_or(|ix| is_wanted(SymbolIx(ix))) && inner.is_none_or(all_wanted))
    }

    fn is_wanted(&self, symbol: &Symbol) -> bool {
        KindSet::of_symbol(symbol.kind, symbol.flags).meets(self.kinds)
    }

    /// Takes in what the passage at `place` of the order holds; `declared` is the symbol in it that the question names, and
    /// how much it is that.
    pub fn take(&mut self, place: usize, passage: &PassageInfo, segment: &FileSegment, declared: Option<(u32, f32)>) {
        let facts = &*segment.facts;
        let Some(inner) = facts.passages.get(passage.index as usize).map(|it| it.span) else { return };
        let known = |ix: u32| ((ix as usize) < facts.symbols.len()).then_some(SymbolIx(ix));
        let cover = passage.symbol.and_then(known);
        if self.wished {
            self.take_wished(place, passage, inner, cover, facts);
        } else if let Some(ix) = cover.filter(|&ix| self.is_answer(facts.symbol(ix))) {
            self.add(place, passage, ix, whole(facts, ix));
        } else {
            self.take_members(place, passage, inner, cover, facts);
        }
        let declared = declared.and_then(|(ix, share)| Some((known(ix)?, share)));
        if let Some((ix, share)) = declared.filter(|it| self.is_wanted(facts.symbol(it.0))) {
            let at = self.add(place, passage, ix, whole(facts, ix));
            self.all[at].declared = self.all[at].declared.max(share);
        }
    }

    /// Whether the declaration that a passage lies in answers for it.
    fn is_answer(&self, symbol: &Symbol) -> bool {
        !holds_members(symbol.kind) && self.is_wanted(symbol)
    }

    /// Whatever is of the wished kinds, also what is never an answer unasked: a field, a key.
    fn take_wished(
        &mut self,
        place: usize,
        passage: &PassageInfo,
        inner: Span,
        cover: Option<SymbolIx>,
        facts: &Facts,
    ) {
        let from = facts.symbols.partition_point(|it| it.range.start < inner.start);
        let begun = (from..facts.symbols.len()).take_while(|&at| facts.symbols[at].range.start < inner.end);
        let begun = begun.filter(|&at| !facts.symbols[at].flags.has(SymbolFlags::LOCAL)).map(|at| SymbolIx(at as u32));
        let most = if self.all.len() < ENOUGH { MOST } else { FEW };
        let all = cover.into_iter().chain(begun_before(facts, from, inner)).chain(begun);
        let wanted: Vec<SymbolIx> = all.filter(|&ix| self.is_wanted(facts.symbol(ix))).take(most).collect();
        for ix in wanted {
            self.add(place, passage, ix, own(facts, ix, inner));
        }
    }

    fn take_members(
        &mut self,
        place: usize,
        passage: &PassageInfo,
        inner: Span,
        cover: Option<SymbolIx>,
        facts: &Facts,
    ) {
        let held = members(facts, inner);
        let within = |own: Span| own.end.min(inner.end).saturating_sub(own.start.max(inner.start));
        let covered: u32 = held.iter().map(|it| within(it.1)).sum();
        let wanted = held.iter().filter(|it| self.is_wanted(facts.symbol(it.0)));
        let wanted: Vec<(SymbolIx, Span)> = wanted.copied().collect();
        for &(ix, own) in &wanted {
            self.add(place, passage, ix, own);
        }
        // A passage is shown under the name of what it lies in; one of nothing but what is left out is not shown.
        let may_show = cover.is_none_or(|ix| self.is_wanted(facts.symbol(ix))) && wanted.is_empty() == held.is_empty();
        // What lies between declarations, or the head of a class that goes on elsewhere.
        if may_show && (held.is_empty() || covered * 2 < inner.len()) {
            let unit = Unit { passage: place, segment: passage.segment, symbol: None, own: inner, declared: 0.0 };
            self.all.push(unit);
        }
    }

    /// The declaration's place among all.
    fn add(&mut self, place: usize, passage: &PassageInfo, ix: SymbolIx, own: Span) -> usize {
        let next = self.all.len();
        let at = *self.known.entry((passage.file, passage.segment, ix)).or_insert(next);
        if at == next {
            let unit = Unit { passage: place, segment: passage.segment, symbol: Some(ix), own, declared: 0.0 };
            self.all.push(unit);
        }
        at
    }
}

/// Whether a declaration can be an answer by itself.
fn can_answer(kind: SymbolKind, length: u32) -> bool {
    let table = matches!(kind, SymbolKind::Constant | SymbolKind::Variable | SymbolKind::Field) && length >= TABLE;
    answers(kind) || table || matches!(kind, SymbolKind::Implementation | SymbolKind::Module)
}

/// What is a declaration's own, told in a passage: of one that is made of others what comes before its first member, and of
/// that, where it is longer than the passage, what lies in it.
fn own(facts: &Facts, ix: SymbolIx, passage: Span) -> Span {
    let own = whole(facts, ix);
    if !holds_members(facts.symbol(ix).kind) {
        return own;
    }
    let inside = facts.symbols[ix.0 as usize + 1..].iter().take_while(|it| it.range.start < own.end);
    let member = |it: &Symbol| !it.flags.has(SymbolFlags::LOCAL) && can_answer(it.kind, it.range.len());
    let first =
        inside.enumerate().find(|it| member(it.1)).map(|it| whole(facts, SymbolIx(ix.0 + 1 + it.0 as u32)).start);
    let own = Span::new(own.start, first.map_or(own.end, |it| it.clamp(own.start, own.end)));
    let part = Span::new(own.start.max(passage.start), own.end.min(passage.end));
    if own.len() > passage.len() && !part.is_empty() { part } else { own }
}

/// The declarations that a passage holds, wholly or in part, in the order of their starts, with what is their own.
pub(super) fn members(facts: &Facts, passage: Span) -> Vec<(SymbolIx, Span)> {
    let from = facts.symbols.partition_point(|it| it.range.start < passage.start);
    let mut out: Vec<(SymbolIx, Span)> = Vec::new();
    // One that began before and ends in the passage.
    if let Some(ix) = begun_before(facts, from, passage) {
        out.push((ix, whole(facts, ix)));
    }
    for (at, symbol) in facts.symbols.iter().enumerate().skip(from).take_while(|it| it.1.range.start < passage.end) {
        let ix = SymbolIx(at as u32);
        if symbol.flags.has(SymbolFlags::LOCAL) || !can_answer(symbol.kind, symbol.range.len()) {
            continue;
        }
        let own = whole(facts, ix);
        // Those around it end where it begins.
        for around in out.iter_mut().rev().filter(|it| holds_members(facts.symbol(it.0).kind)) {
            if around.1.end > own.start {
                around.1.end = own.start.max(around.1.start);
            }
        }
        // The members of a type that goes on may begin behind the passage.
        let goes_on = own.end > passage.end && holds_members(symbol.kind);
        out.push((ix, if goes_on { Span { end: passage.end.max(own.start), ..own } } else { own }));
        if out.len() >= MOST {
            break;
        }
    }
    out
}

/// The innermost declaration that reaches into the passage from before it, unless it is made of others.
fn begun_before(facts: &Facts, from: usize, passage: Span) -> Option<SymbolIx> {
    let mut at = from.checked_sub(1).map(|it| SymbolIx(it as u32));
    for _ in 0..MOST {
        let ix = at?;
        let symbol = facts.symbol(ix);
        if symbol.range.end > passage.start && !symbol.flags.has(SymbolFlags::LOCAL) {
            return (answers(symbol.kind) && !holds_members(symbol.kind)).then_some(ix);
        }
        at = symbol.parent.filter(|it| it.0 < ix.0);
    }
    None
}
