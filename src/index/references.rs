//! Symbols and uses by exact name, over all packs. Invariant: of live files only; uses come from the facts themselves, the
//! lists only tell in which segments to look. Must not know scopes (features/resolve does).

use super::names::symbols_of;
use super::sections::symbol;
use super::snapshot::{Snapshot, SymbolHit};
use super::view::NamesPart;
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::facts::codec::Reader;

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

    /// Up to `limit` declared names by the number of segments that use them (over all packs, dead files not told apart),
    /// most used first.
    pub fn most_used(&self, limit: usize) -> Vec<(String, u64)> {
        let mut sums: std::collections::HashMap<&str, u64> = std::collections::HashMap::new();
        for (_, state) in self.packs() {
            let Some(part) = state.view().and_then(|it| it.names()) else { continue };
            // A list's length in bytes is close to its number of segments.
            let (column, bytes) = part.declared.column(0);
            let mut all: Vec<(u64, usize)> = column
                .iter(bytes)
                .map(|name| (part.uses.range(0, name as usize).len() as u64, name as usize))
                .collect();
            all.sort_unstable_by(|a, b| b.cmp(a));
            all.truncate(limit * 4);
            for (uses, name) in all {
                *sums.entry(part.names.text(name)).or_default() += uses;
            }
        }
        let mut all: Vec<(String, u64)> = sums.into_iter().map(|it| (it.0.to_owned(), it.1)).collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(limit);
        all
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
            let mut input = Reader::new((*part.use_lists).as_ref().get(part.uses.range(0, at)).unwrap_or(&[]));
            let mut segment = 0u32;
            while input.left() > 0 {
                let Ok(step) = input.small() else { break };
                segment = segment.wrapping_add(step);
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
