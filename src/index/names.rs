//! Fuzzy search over all declared names in one pass: letter masks first, then an alignment with typos. Invariant: the
//! masks only leave out names that the alignment would refuse, so the answer is that of the alignment alone. Must not know
//! what makes a symbol relevant.

use super::bits::{BitSet, partition};
use super::snapshot::{PackState, Snapshot};
use super::view::{NamesPart, PackView};
use crate::base::cancel::Cancel;
use crate::base::chars::floor;
use frizbee::{CaseMatching, Config, Matcher, SortStrategy};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::ops::Range;

/// Names that one task looks at.
const PIECE: usize = 32 << 10;
/// With so many names that hold all letters and fit well, none that lacks one is looked for.
const ENOUGH: usize = 20;
/// So many letters of the query say where in the order of names to look for beginnings.
const HEAD: usize = 3;
/// Longer queries are cut: no name is that long.
const LONGEST_QUERY: usize = 128;

/// A distinct name that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameMatch {
    pub name: String,
    /// 3 the very name, 2 but for case, 1 a beginning (case apart), 0 else.
    pub class: u8,
    /// Of the alignment.
    pub score: u16,
}

/// Letters (26 bits), letters that come twice (26), digits (10), `_` and `$`, case apart.
pub fn letter_mask(name: &[u8]) -> u64 {
    let mut mask = 0u64;
    for &byte in name {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {
                let letter = u64::from((byte | 32) - b'a');
                mask |= (mask >> letter & 1) << (26 + letter) | 1 << letter;
            }
            b'0'..=b'9' => mask |= 1 << (52 + u64::from(byte - b'0')),
            b'_' => mask |= 1 << 62,
            b'$' => mask |= 1 << 63,
            _ => {}
        }
    }
    mask
}

/// Letters of a query that a name may lack.
pub fn typos_allowed(letters: usize) -> u32 {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Which names may be among the answers.
pub type Wanted<'a> = &'a (dyn Fn(&str) -> bool + Sync);

/// How a query is matched against names.
struct Needle {
    text: String,
    folded: Vec<u8>,
    mask: u64,
    typos: u32,
}

impl Needle {
    fn new(query: &str) -> Self {
        let text: String = query[..floor(query, LONGEST_QUERY)].chars().filter(|it| !it.is_whitespace()).collect();
        let typos = typos_allowed(text.chars().count());
        Self { folded: text.to_ascii_lowercase().into_bytes(), mask: letter_mask(text.as_bytes()), typos, text }
    }

    fn matcher(&self, typos: u32) -> Matcher {
        let config =
            Config::default().max_typos(Some(typos as u16)).casing(CaseMatching::Ignore).sort(SortStrategy::IndexAsc);
        Matcher::new(self.text.as_str(), &config)
    }

    #[inline]
    fn begins(&self, name: &[u8]) -> bool {
        name.get(..self.folded.len()).is_some_and(|it| it.eq_ignore_ascii_case(&self.folded))
    }

    fn class(&self, name: &str) -> u8 {
        match () {
            () if name == self.text => 3,
            () if name.len() == self.text.len() && self.begins(name.as_bytes()) => 2,
            () if self.begins(name.as_bytes()) => 1,
            () => 0,
        }
    }
}

/// One match in one pack.
struct Found<'a> {
    name: &'a str,
    class: u8,
    score: u16,
    declared: u32,
}

impl Found<'_> {
    fn order(&self, other: &Self) -> Ordering {
        let best = (other.class, other.score).cmp(&(self.class, self.score));
        best.then(self.name.len().cmp(&other.name.len())).then(self.name.cmp(other.name))
    }
}

impl Snapshot {
    /// Up to `limit` distinct names of live symbols that match `query`, best first: the very name, beginnings, then by
    /// alignment, shorter names first. Names that lack a letter count only where nothing is called just so (case apart) and
    /// few fit well without. Queries of one or two letters match beginnings only. Empty for an empty query.
    pub fn fuzzy(&self, query: &str, limit: usize, cancel: &Cancel) -> Vec<NameMatch> {
        self.fuzzy_with(query, limit, true, cancel)
    }

    /// The same of the names that are `wanted`, which is asked of names that match alone.
    pub fn fuzzy_of(&self, query: &str, limit: usize, wanted: Wanted<'_>, cancel: &Cancel) -> Vec<NameMatch> {
        self.matching(query, limit, true, wanted, cancel)
    }

    /// As [`Self::fuzzy`]; without `prefilter` every name is aligned (the truth that benches and tests compare with).
    pub fn fuzzy_with(&self, query: &str, limit: usize, prefilter: bool, cancel: &Cancel) -> Vec<NameMatch> {
        self.matching(query, limit, prefilter, &|_| true, cancel)
    }

    fn matching(
        &self,
        query: &str,
        limit: usize,
        prefilter: bool,
        wanted: Wanted<'_>,
        cancel: &Cancel,
    ) -> Vec<NameMatch> {
        let needle = Needle::new(query);
        if needle.text.is_empty() || limit == 0 {
            return Vec::new();
        }
        let search = Search { packs: packs_of(self), needle, limit, prefilter, wanted, cancel };
        let found = search.run();
        let plain = |it: &Found<'_>| NameMatch { name: it.name.to_owned(), class: it.class, score: it.score };
        found.iter().map(plain).collect()
    }
}

type Part<'a> = (&'a PackState, &'a PackView, &'a NamesPart);

/// The names of all packs: what is read for the first time is checked, by several threads where there are any.
fn packs_of(snapshot: &Snapshot) -> Vec<Part<'_>> {
    let packs: Vec<&PackState> = snapshot.packs().map(|(_, it)| &**it).collect();
    packs.into_par_iter().filter_map(|it| Some((it, &**it.view()?, it.view()?.names()?))).collect()
}

/// One query over all packs.
struct Search<'a> {
    packs: Vec<Part<'a>>,
    needle: Needle,
    limit: usize,
    prefilter: bool,
    wanted: Wanted<'a>,
    cancel: &'a Cancel,
}

/// Declared names of one pack that may match and that one task aligns.
struct Candidates {
    /// The pack's place in the search.
    pack: usize,
    /// Positions of names that hold all letters.
    whole: Vec<u32>,
    /// Of those that lack some, as many as are allowed.
    lacking: Vec<u32>,
}

impl<'a> Search<'a> {
    /// Beginnings alone, where there are enough; then names with every letter; those that lack some only where few fit well
    /// and nothing is called just so.
    fn run(&self) -> Vec<Found<'a>> {
        let begins = self.best(&self.beginnings(), 0);
        if begins.len() >= self.limit || self.needle.text.chars().count() < 3 {
            return begins;
        }
        // Where nothing begins so, it is likely misspelt or not there: what lacks letters is gathered in the same pass.
        let typos = self.needle.typos;
        let all = self.candidates(if begins.is_empty() { typos } else { 0 });
        let whole = self.best(&all, 0);
        let best = self.needle.matcher(0).match_list(&[&self.needle.text]).first().map_or(0, |it| it.score);
        let good = whole.iter().filter(|it| it.score >= best / 2).count();
        let is_named = whole.first().is_some_and(|it| it.class >= 2);
        if typos == 0 || is_named || good >= self.limit.min(ENOUGH) {
            return whole;
        }
        let all = if begins.is_empty() { all } else { self.candidates(typos) };
        self.best(&all, typos)
    }

    /// What may match, by the masks alone, where at most `typos` letters are lacking.
    fn candidates(&self, typos: u32) -> Vec<Candidates> {
        let all = |(pack, it): (usize, &Part<'a>)| in_pieces(pack, 0..it.2.declared.len(0));
        let pieces: Vec<_> = self.packs.iter().enumerate().flat_map(all).collect();
        let one = |(pack, range): (usize, Range<usize>)| {
            let mut out = Candidates { pack, whole: Vec::new(), lacking: Vec::new() };
            let masks = (*self.packs[pack].2.masks).as_ref().get(range.start * 8..range.end * 8).unwrap_or(&[]);
            let take = &mut |at: usize, holds_all: bool| {
                let list = if holds_all { &mut out.whole } else { &mut out.lacking };
                list.push((range.start + at) as u32);
            };
            match typos {
                _ if self.cancel.is_cancelled() => {}
                _ if !self.prefilter => (0..masks.len() / 8).for_each(|at| take(at, true)),
                0 => holding::<0>(masks, self.needle.mask, take),
                1 => holding::<1>(masks, self.needle.mask, take),
                _ => holding::<2>(masks, self.needle.mask, take),
            }
            out
        };
        pieces.into_par_iter().map(one).collect()
    }

    /// The names that begin as the query does, case apart: declared names ascend by their texts.
    fn beginnings(&self) -> Vec<Candidates> {
        let mut out = Vec::new();
        for (pack, (_, _, part)) in self.packs.iter().enumerate() {
            let (texts, count) = (part.names.texts(), part.declared.len(0));
            let text = |at: usize| texts.get(part.declared.get(0, at) as usize);
            for head in heads_of(&self.needle.folded) {
                let from = partition(0..count, |at| text(at) < &head[..]);
                let to = partition(from..count, |at| text(at).starts_with(&head));
                let begins = |it: &usize| self.needle.begins(text(*it));
                out.extend(in_pieces(pack, from..to).map(|(pack, range)| {
                    let whole = range.filter(begins).map(|it| it as u32).collect();
                    Candidates { pack, whole, lacking: Vec::new() }
                }));
            }
        }
        out
    }

    /// The best live names among candidates that lack at most `typos` letters.
    fn best(&self, all: &[Candidates], typos: u32) -> Vec<Found<'a>> {
        let one = |it: &Candidates| {
            let (state, view, part) = self.packs[it.pack];
            let lacking: &[u32] = if typos == 0 { &[] } else { &it.lacking };
            let all = if self.cancel.is_cancelled() { Vec::new() } else { self.align(part, &it.whole, lacking, typos) };
            self.best_left(all, state, view, part)
        };
        let mut found: Vec<Found<'a>> = all.par_iter().flat_map_iter(one).collect();
        let mut best = Vec::new();
        while best.len() < self.limit && !found.is_empty() {
            best.append(&mut take_best(&mut found, self.limit));
            best.dedup_by(|a, b| a.name == b.name);
        }
        best.truncate(self.limit);
        best
    }

    fn align(&self, part: &'a NamesPart, whole: &[u32], lacking: &[u32], typos: u32) -> Vec<Found<'a>> {
        let (declared, bytes) = part.declared.column(0);
        let names = part.names.texts();
        let numbers: Vec<u32> = whole.iter().chain(lacking).copied().collect();
        let text = |at: &u32| std::str::from_utf8(names.get(declared.get(bytes, *at as usize) as usize)).unwrap_or("");
        let texts: Vec<&'a str> = numbers.iter().map(text).collect();
        let matches = if texts.is_empty() { Vec::new() } else { self.needle.matcher(typos).match_list(&texts) };
        let plain = |it: frizbee::Match| {
            let name = *texts.get(it.index as usize)?;
            let class = self.needle.class(name);
            Some(Found { name, class, score: it.score, declared: numbers[it.index as usize] })
        };
        matches.into_iter().filter_map(plain).collect()
    }

    /// The best names of a piece that have a live symbol and are wanted.
    fn best_left(
        &self,
        mut all: Vec<Found<'a>>,
        state: &PackState,
        view: &PackView,
        part: &NamesPart,
    ) -> Vec<Found<'a>> {
        let dead = &state.dead_files;
        let is_alive = |it: &Found<'_>| dead.is_empty() || is_alive(dead, view, part, it.declared as usize);
        let mut kept = Vec::new();
        while kept.len() < self.limit && !all.is_empty() && !self.cancel.is_cancelled() {
            let best = take_best(&mut all, self.limit);
            kept.extend(best.into_iter().filter(|it| is_alive(it) && (self.wanted)(it.name)));
        }
        kept.truncate(self.limit);
        kept
    }
}

/// Calls `take` with the position of each mask that holds all bits of `needle` but `TYPOS` at most, and whether it holds all.
/// Most blocks hold none: those are passed over without a branch for each mask, and bits are counted by hand, since a processor that counts them
/// is not taken for granted. This loop stands for most of a search.
fn holding<const TYPOS: u32>(masks: &[u8], needle: u64, take: &mut dyn FnMut(usize, bool)) {
    const BLOCK: usize = 16;
    for (number, block) in masks.chunks(BLOCK * 8).enumerate() {
        let mut lacking = [u64::MAX; BLOCK];
        for (it, mask) in lacking.iter_mut().zip(block.chunks_exact(8)) {
            *it = needle & !mask.try_into().map_or(0, u64::from_le_bytes);
        }
        let mut missing = lacking;
        for _ in 0..TYPOS {
            for it in &mut missing {
                *it &= it.wrapping_sub(1);
            }
        }
        if missing.iter().fold(false, |any, it| any | (*it == 0)) {
            let fits = (0..BLOCK).filter(|&it| missing[it] == 0);
            fits.for_each(|it| take(number * BLOCK + it, lacking[it] == 0));
        }
    }
}

/// Pieces of a pack's names, each for one task.
fn in_pieces(pack: usize, all: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let end = all.end;
    all.step_by(PIECE).map(move |from| (pack, from..(from + PIECE).min(end)))
}

/// How a name may begin that begins with the first letters of `folded`, case apart.
fn heads_of(folded: &[u8]) -> Vec<Vec<u8>> {
    let mut heads = vec![Vec::new()];
    for &byte in folded.iter().take(HEAD) {
        let upper = byte.to_ascii_uppercase();
        let both = if upper == byte { vec![byte] } else { vec![upper, byte] };
        heads = heads.iter().flat_map(|head| both.iter().map(move |&it| [&head[..], &[it]].concat())).collect();
    }
    heads
}

/// Takes the best `count` out of `all`, in order.
fn take_best<'a>(all: &mut Vec<Found<'a>>, count: usize) -> Vec<Found<'a>> {
    let mut best = std::mem::take(all);
    if best.len() > count {
        best.select_nth_unstable_by(count, Found::order);
        *all = best.split_off(count);
    }
    best.sort_unstable_by(Found::order);
    best
}

fn is_alive(dead: &BitSet, view: &PackView, part: &NamesPart, declared: usize) -> bool {
    symbols_of(part, declared).any(|at| {
        let segment = part.symbols.get(super::sections::symbol::SEGMENT, at) as usize;
        !dead.has(view.files().file_of_segment(segment))
    })
}

/// Rows of the symbols with the declared name at `declared`.
pub(super) fn symbols_of(part: &NamesPart, declared: usize) -> impl Iterator<Item = usize> + '_ {
    let range = part.declared.range(1, declared);
    let count = part.symbols.len(super::sections::symbol::BY_NAME);
    let range = range.start.min(count)..range.end.min(count);
    range.map(|at| part.symbols.get(super::sections::symbol::BY_NAME, at) as usize)
}

#[cfg(test)]
mod tests;
