//! Symbols and uses by exact name, over all packs. Invariant: of live files only; uses come from the facts themselves, the
//! lists only tell in which segments to look. Must not know scopes (features/resolve does).

use super::names::symbols_of;
use super::sections::symbol;
use super::snapshot::{PackState, Snapshot, SymbolHit};
use super::view::{NamesPart, PackView};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use std::collections::HashMap;

/// A pack with its names.
type Part<'a> = (&'a PackState, &'a PackView, &'a NamesPart);

impl Snapshot {
    /// Declared symbols (no locals) of exactly this name, in order of path and position.
    pub fn symbols_named(&self, name: &str) -> Vec<SymbolHit> {
        let mut out = Vec::new();
        for (_, state) in self.packs() {
            let Some(view) = state.view() else { continue };
            let Some(part) = view.names() else { continue };
            let Some(declared) = declared_at(part, name) else { continue };
            for at in symbols_of(part, declared) {
                let file = view.files().file_of_segment(part.symbols.get(symbol::SEGMENT, at) as usize);
                if !state.dead_files.has(file) {
                    out.extend(Self::symbol_hit(state, view, part, at));
                }
            }
        }
        self.by_path(&mut out, |it| it.file);
        out
    }

    /// Up to `limit` names that live symbols declare, by the number of live segments that use them, most used first.
    pub fn most_used(&self, limit: usize, cancel: &Cancel) -> Vec<(String, u64)> {
        let packs: Vec<Part<'_>> =
            self.packs().filter_map(|(_, it)| Some((&**it, &**it.view()?, it.view()?.names()?))).collect();
        let longest = packs.iter().map(|it| it.2.names.len()).max().unwrap_or(0);
        let mut counted: HashMap<&str, u64> = HashMap::new();
        let mut depth = limit.saturating_mul(4).max(64);
        loop {
            // A use takes a byte at least: what no pack has among its longest lists is used in no more segments than this.
            let mut beyond = 0;
            for (_, _, part) in &packs {
                let (top, next) = longest_lists(part, depth);
                beyond += next;
                for name in top {
                    let name = part.names.text(name);
                    counted.entry(name).or_insert_with(|| live_uses(&packs, name));
                }
            }
            let mut all: Vec<(&str, u64)> =
                counted.iter().filter(|it| *it.1 > 0).map(|(name, uses)| (*name, *uses)).collect();
            all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
            all.truncate(limit);
            let sure = all.len() == limit && all.last().is_some_and(|it| it.1 > beyond);
            if sure || depth >= longest || cancel.is_cancelled() {
                return all.into_iter().map(|(name, uses)| (name.to_owned(), uses)).collect();
            }
            depth = depth.saturating_mul(4);
        }
    }

    /// All declared symbols of a file, in order of position.
    pub fn symbols_of_file(&self, file: FileId) -> Vec<SymbolHit> {
        let Some((state, ordinal)) = self.locate(file) else { return Vec::new() };
        let Some(view) = state.view() else { return Vec::new() };
        let Some(part) = view.names() else { return Vec::new() };
        let mut out = Vec::new();
        for segment in view.files().segments_of(ordinal) {
            let range = view.files().segments.range(super::sections::segment::SYMBOLS, segment);
            let end = range.end.min(part.symbols.len(symbol::NAME));
            out.extend((range.start..end).filter_map(|at| Self::symbol_hit(state, view, part, at)));
        }
        out
    }

    /// Files with a segment that uses this name (as reference, receiver or import), in order of path; at most `limit`.
    pub fn files_using(&self, name: &str, limit: usize, cancel: &Cancel) -> Vec<FileId> {
        let mut out = Vec::new();
        for (_, state) in self.packs() {
            if cancel.is_cancelled() {
                break;
            }
            let Some(view) = state.view() else { continue };
            let Some(part) = view.names() else { continue };
            let Some(at) = part.names.find(name.as_bytes()) else { continue };
            for segment in part.used_in(at) {
                let file = view.files().file_of_segment(segment as usize);
                if !state.dead_files.has(file) {
                    out.extend(state.file_ids.get(file));
                }
            }
        }
        self.by_path(&mut out, |it| *it);
        out.dedup();
        out.truncate(limit);
        out
    }

    /// Stable sort by path: answers must not depend on packs.
    fn by_path<T>(&self, all: &mut [T], file: impl Fn(&T) -> FileId) {
        all.sort_by_cached_key(|it| self.path(file(it)));
    }
}

/// The names with the `depth` longest lists of uses, and the length in bytes of the next one.
fn longest_lists(part: &NamesPart, depth: usize) -> (Vec<usize>, u64) {
    let length = |name: usize| part.uses.range(0, name).len() as u64;
    let mut all: Vec<(u64, usize)> = (0..part.names.len()).map(|name| (length(name), name)).collect();
    let mut next = 0;
    if all.len() > depth {
        next = all.select_nth_unstable_by(depth, |a, b| b.cmp(a)).1.0;
        all.truncate(depth);
    }
    (all.into_iter().map(|it| it.1).collect(), next)
}

/// Live segments that use a name; 0 where no live symbol declares it.
fn live_uses(packs: &[Part<'_>], name: &str) -> u64 {
    let (mut uses, mut declared) = (0, false);
    for (state, view, part) in packs {
        let alive = |segment: usize| !state.dead_files.has(view.files().file_of_segment(segment));
        if let Some(at) = part.names.find(name.as_bytes()) {
            uses += part.used_in(at).filter(|it| alive(*it as usize)).count() as u64;
        }
        declared = declared
            || declared_at(part, name).is_some_and(|it| {
                symbols_of(part, it).any(|row| alive(part.symbols.get(symbol::SEGMENT, row) as usize))
            });
    }
    if declared { uses } else { 0 }
}

fn declared_at(part: &NamesPart, name: &str) -> Option<usize> {
    let wanted = part.names.find(name.as_bytes())? as u64;
    let (column, bytes) = part.declared.column(0);
    let (mut low, mut high) = (0, column.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if column.get(bytes, middle) < wanted {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (low < column.len() && column.get(bytes, low) == wanted).then_some(low)
}
