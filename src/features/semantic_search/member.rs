//! Which declaration of a passage answers, where it holds several. Invariant: deterministic; a declaration that contains
//! others competes with its head alone, so that a method is not drowned by its class; none where two are alike. Must not
//! know ranking, nor where texts come from.

use std::collections::HashMap;

use super::place::Asked;
use crate::base::span::Span;
use crate::embed::batch;
use crate::facts::words::analyse;
use crate::facts::{Facts, SymbolFlags, SymbolIx, SymbolKind};
use crate::index::snapshot::FileSegment;

/// A property says little of what is done with it.
const PROPERTY: f32 = 0.6;
/// Most declarations of a passage that are compared.
const MOST: usize = 64;
/// Share of meaning where vectors take part, as in ranking.
const MEANING: f32 = 0.5;
/// Cosines that differ less than this say little: smaller differences are not stretched.
const SPREAD: f32 = 0.15;
/// How far the best must be ahead of the next, where 1 is all that can be.
const AHEAD: f32 = 0.05;

/// A declaration that competes.
struct Member {
    ix: SymbolIx,
    /// What speaks for it within the passage: all of it with its documentation, or its head where others lie in it.
    span: Span,
}

/// The declaration in `passage` (a span of the segment) that holds most of the question; the only one, where there is one.
pub(super) fn best_member(segment: &FileSegment, passage: Span, asked: &Asked<'_>) -> Option<SymbolIx> {
    let members = members(&segment.facts, passage);
    if let [only] = members.as_slice() {
        return (only.span.len() * 2 > passage.len()).then_some(only.ix);
    }
    let text = if members.is_empty() { None } else { (asked.text)() };
    let body = |it: &Member| text.as_deref()?.get(it.span.shifted(segment.span.start).range());
    let words: Vec<f32> = members.iter().map(|it| overlap(&segment.facts, it, body(it), asked)).collect();
    let most = words.iter().copied().fold(0.0f32, f32::max);
    let by_words = |at: usize| if most > 0.0 { words[at] / most } else { 0.0 };
    let near = nearness(&segment.facts, &members, body, asked);
    let fused = |at: usize| near.as_ref().map_or(by_words(at), |it| (1.0 - MEANING) * by_words(at) + MEANING * it[at]);
    let is_property = |at: usize| segment.facts.symbol(members[at].ix).kind == SymbolKind::Property;
    let score = |at: usize| fused(at) * if is_property(at) { PROPERTY } else { 1.0 };
    let mut order: Vec<(f32, usize)> = (0..members.len()).map(|at| (score(at), at)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let next = order.get(1)?.0;
    let (best, at) = *order.first()?;
    (best > next + AHEAD).then(|| members[at].ix)
}

/// The declarations that a passage holds, wholly or in part, in the order of their starts.
fn members(facts: &Facts, passage: Span) -> Vec<Member> {
    let from = facts.symbols.partition_point(|it| it.range.start < passage.start);
    let mut out: Vec<Member> = Vec::new();
    // One that began before and ends in the passage.
    if let Some(ix) = begun_before(facts, from, passage) {
        out.push(Member { ix, span: Span::new(passage.start, facts.symbol(ix).range.end.min(passage.end)) });
    }
    for (at, symbol) in facts.symbols.iter().enumerate().skip(from).take_while(|it| it.1.range.start < passage.end) {
        if symbol.flags.has(SymbolFlags::LOCAL) || !super::place::answers(symbol.kind) {
            continue;
        }
        let start = symbol.doc.map_or(symbol.range.start, |doc| doc.start.min(symbol.range.start));
        // Those around it end where it begins.
        for around in out.iter_mut().rev().take_while(|it| it.span.end > start) {
            around.span.end = start.max(around.span.start);
        }
        let end = symbol.range.end.min(passage.end).max(start);
        out.push(Member { ix: SymbolIx(at as u32), span: Span::new(start, end) });
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
            let whole = super::place::answers(symbol.kind) && !super::place::holds_members(symbol.kind);
            return whole.then_some(ix);
        }
        at = symbol.parent.filter(|it| it.0 < ix.0);
    }
    None
}

/// Weight of the question's terms in a declaration's name (double) and in its text; without a text in the names it uses.
fn overlap(facts: &Facts, member: &Member, body: Option<&str>, asked: &Asked<'_>) -> f32 {
    let symbol = facts.symbol(member.ix);
    let mut found: HashMap<&str, f32> = HashMap::new();
    let mut count = |text: &str, factor: f32| {
        analyse(text, &mut |term| {
            if let Some((term, weight)) = asked.rarity.get_key_value(term) {
                let known = found.entry(term.as_str()).or_insert(0.0);
                *known = known.max(weight * factor);
            }
        });
    };
    count(facts.text(symbol.name), 2.0);
    match body {
        Some(body) => count(body, 1.0),
        None => {
            let from = facts.references.partition_point(|it| it.span.start < member.span.start);
            let used = facts.references[from..].iter().take_while(|it| it.span.start < member.span.end);
            used.take(2_000).for_each(|it| count(facts.text(it.name), 1.0));
        }
    }
    // Added up by size: the order of a map changes from run to run, and with it the last bit of a sum.
    let mut found: Vec<f32> = found.into_values().collect();
    found.sort_unstable_by(f32::total_cmp);
    found.iter().sum()
}

/// How near each is to the question, 0 to 1 within the passage; `None` where texts or vectors cannot be had.
fn nearness<'a>(
    facts: &Facts,
    members: &[Member],
    body: impl Fn(&Member) -> Option<&'a str>,
    asked: &Asked<'_>,
) -> Option<Vec<f32>> {
    let inputs: Option<Vec<String>> = members
        .iter()
        .map(|it| {
            let mut names = facts.containers(it.ix);
            names.push(facts.text(facts.symbol(it.ix).name));
            Some(batch::passage_text("", &names, body(it)?))
        })
        .collect();
    let cosines = (asked.nearness)(&inputs?)?;
    let low = cosines.iter().copied().fold(f32::MAX, f32::min);
    let high = cosines.iter().copied().fold(f32::MIN, f32::max);
    (cosines.len() == members.len()).then(|| cosines.iter().map(|it| (it - low) / (high - low).max(SPREAD)).collect())
}
