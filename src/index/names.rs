//! Fuzzy search over all declared names in one pass: letter masks first, then an alignment with typos. Invariant: the
//! masks only leave out names that the alignment would refuse, so the answer is that of the alignment alone. Must not know
//! what makes a symbol relevant.

use super::bits::BitSet;
use super::snapshot::{PackState, Snapshot};
use super::view::{NamesPart, PackView};
use crate::base::cancel::Cancel;
use frizbee::{CaseMatching, Config, Matcher};
use rayon::prelude::*;
use std::cmp::Ordering;

/// Names that one task looks at.
const PIECE: usize = 32 << 10;
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

/// How a query is matched against names.
struct Needle {
    text: String,
    folded: Vec<u8>,
    mask: u64,
    typos: u32,
}

impl Needle {
    fn new(query: &str) -> Self {
        let end = (0..=query.len().min(LONGEST_QUERY)).rev().find(|&it| query.is_char_boundary(it)).unwrap_or(0);
        let text: String = query[..end].chars().filter(|it| !it.is_whitespace()).collect();
        let typos = typos_allowed(text.chars().count());
        Self { folded: text.to_ascii_lowercase().into_bytes(), mask: letter_mask(text.as_bytes()), typos, text }
    }

    #[inline]
    fn may_match(&self, mask: u64) -> bool {
        (self.mask & !mask).count_ones() <= self.typos
    }

    fn matcher(&self) -> Matcher {
        let config = Config::default().max_typos(Some(self.typos as u16)).casing(CaseMatching::Ignore);
        Matcher::new(self.text.as_str(), &config)
    }

    fn begins(&self, name: &str) -> bool {
        name.as_bytes().get(..self.folded.len()).is_some_and(|it| it.eq_ignore_ascii_case(&self.folded))
    }

    fn class(&self, name: &str) -> u8 {
        match () {
            () if name == self.text => 3,
            () if name.len() == self.text.len() && self.begins(name) => 2,
            () if self.begins(name) => 1,
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
    /// alignment, shorter names first. Queries of one or two letters match beginnings only. Empty for an empty query.
    pub fn fuzzy(&self, query: &str, limit: usize, cancel: &Cancel) -> Vec<NameMatch> {
        self.fuzzy_with(query, limit, true, cancel)
    }

    /// The same; without `prefilter` every name is aligned (the truth that benches and tests compare with).
    pub fn fuzzy_with(&self, query: &str, limit: usize, prefilter: bool, cancel: &Cancel) -> Vec<NameMatch> {
        let needle = Needle::new(query);
        if needle.text.is_empty() || limit == 0 {
            return Vec::new();
        }
        let packs: Vec<(&PackState, &PackView, &NamesPart)> =
            self.packs().filter_map(|(_, it)| Some((&**it, &**it.view()?, it.view()?.names()?))).collect();
        let mut pieces = Vec::new();
        for (pack, it) in packs.iter().enumerate() {
            let count = it.2.declared.len(0);
            pieces.extend((0..count).step_by(PIECE).map(|from| (pack, from..(from + PIECE).min(count))));
        }
        let mut found: Vec<Found<'_>> = pieces
            .into_par_iter()
            .flat_map_iter(|(pack, range)| {
                let (state, view, part) = packs[pack];
                let all = if cancel.is_cancelled() { Vec::new() } else { piece(&needle, part, range, prefilter) };
                best_alive(all, limit, state, view, part)
            })
            .collect();
        found.sort_unstable_by(Found::order);
        found.dedup_by(|a, b| a.name == b.name);
        found.truncate(limit);
        let plain = |it: &Found<'_>| NameMatch { name: it.name.to_owned(), class: it.class, score: it.score };
        found.iter().map(plain).collect()
    }
}

fn piece<'a>(needle: &Needle, part: &'a NamesPart, range: std::ops::Range<usize>, prefilter: bool) -> Vec<Found<'a>> {
    let masks = (*part.masks).as_ref().get(range.start * 8..range.end * 8).unwrap_or(&[]);
    let (declared, bytes) = part.declared.column(0);
    let short = needle.text.chars().count() < 3;
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for (mask, at) in masks.chunks_exact(8).zip(range) {
        let mask = mask.try_into().map_or(0, u64::from_le_bytes);
        if prefilter && !needle.may_match(mask) {
            continue;
        }
        let name = part.names.text(declared.get(bytes, at) as usize);
        if !short || needle.begins(name) {
            texts.push(name);
            numbers.push(at as u32);
        }
    }
    let matches = if texts.is_empty() { Vec::new() } else { needle.matcher().match_list(&texts) };
    let plain = |it: frizbee::Match| {
        let name = *texts.get(it.index as usize)?;
        Some(Found { name, class: needle.class(name), score: it.score, declared: numbers[it.index as usize] })
    };
    matches.into_iter().filter_map(plain).collect()
}

/// The best names of a piece that have a live symbol.
fn best_alive<'a>(
    mut all: Vec<Found<'a>>,
    limit: usize,
    state: &PackState,
    view: &PackView,
    part: &NamesPart,
) -> Vec<Found<'a>> {
    if state.dead_files.is_empty() {
        if all.len() > limit {
            all.select_nth_unstable_by(limit - 1, Found::order);
            all.truncate(limit);
        }
        return all;
    }
    all.sort_unstable_by(Found::order);
    let mut kept = Vec::new();
    for it in all {
        if is_alive(&state.dead_files, view, part, it.declared as usize) {
            kept.push(it);
            if kept.len() == limit {
                break;
            }
        }
    }
    kept
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
