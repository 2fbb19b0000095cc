//! Rows as plain data: passages, symbols, what still lacks vectors. Invariant: rows of dead files are never given.

use super::{Body, PackState, PassageId, PassageInfo, Snapshot, SymbolHit, VectorRef};
use crate::base::hash::Key;
use crate::base::ids::{FileId, RootId};
use crate::facts::{SymbolFlags, SymbolKind};
use crate::index::overlay::OverlayFile;
use crate::index::sections::{WIDE, passage, symbol};
use crate::index::traits::Traits;
use crate::index::view::{NamesPart, PackView};
use std::sync::Arc;

/// Files that are looked at on each side in a pack: those of deeper folders lie between.
const BESIDE_STEPS: usize = 256;

/// A segment without vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unembedded {
    pub file: FileId,
    /// Its position in its file.
    pub segment: u32,
    /// Key of its facts.
    pub key: Key,
    pub passages: u32,
}

impl Snapshot {
    /// What is known of a passage without reading facts.
    pub fn passage(&self, id: PassageId) -> Option<PassageInfo> {
        let state = self.0.packs.get(id.slot as usize)?.as_ref()?;
        let view = state.view()?;
        let (files, at) = (view.files(), id.ordinal as usize);
        if at >= files.passage_count() {
            return None;
        }
        let number = |column| files.passages.get32(column, at);
        let segment = files.segment_of_passage(at);
        let file = files.file_of_segment(segment);
        let (span, _) = files.segment_place(segment);
        let start = span.start.saturating_add(number(passage::START));
        let flags = number(passage::FLAGS);
        let traits = files.traits(file);
        Some(PassageInfo {
            file: *state.file_ids.get(file)?,
            span: crate::base::span::Span::new(start, start.saturating_add(number(passage::LENGTH))),
            lines: (number(passage::LINE), number(passage::LINE).saturating_add(number(passage::LINES))),
            segment: segment.saturating_sub(files.segments_of(file).start) as u32,
            index: at.saturating_sub(files.passages_of(segment).start) as u32,
            symbol: number(passage::SYMBOL).checked_sub(1),
            terms: number(passage::TERMS),
            prose: flags & 1 != 0,
            traits: if flags & 2 != 0 { traits.with(Traits::TEST) } else { traits },
        })
    }

    /// At most `most` live files of the file's own folder, the nearest by name first.
    pub fn beside(&self, file: FileId, most: usize) -> Vec<FileId> {
        let Some((root, path)) = self.path(file) else { return Vec::new() };
        let folder = path.parent();
        let prefix = folder.as_ref().map_or(&[][..], |it| it.as_bytes());
        let mut near: Vec<(usize, FileId)> = Vec::new();
        for (_, state) in self.packs().filter(|(_, it)| it.root == root) {
            let Body::Stored(view) = &state.body else { continue };
            let files = view.files();
            let (mut low, mut high) = (0, files.len());
            while low < high {
                let middle = low.midpoint(high);
                if files.path_bytes(middle) < path.as_bytes() { low = middle + 1 } else { high = middle }
            }
            let mut take = |at: usize| {
                if at >= files.len() || !files.path_bytes(at).starts_with(prefix) {
                    return false;
                }
                let id = state.file_ids.get(at).copied().filter(|it| *it != file && !state.dead_files.has(at));
                if let Some(id) = id.filter(|_| files.path(at).parent() == folder) {
                    near.push((at.abs_diff(low), id));
                }
                true
            };
            let _ = (low..low + BESIDE_STEPS).all(&mut take);
            let _ = (low.saturating_sub(BESIDE_STEPS)..low).rev().all(&mut take);
        }
        near.sort_unstable();
        near.into_iter().map(|it| it.1).take(most).collect()
    }

    /// All passages of a file, in order.
    pub fn passages_of(&self, file: FileId) -> Vec<PassageId> {
        let Some(location) = self.0.locations.live(file) else { return Vec::new() };
        let Some((state, ordinal)) = self.locate(file) else { return Vec::new() };
        let Some(view) = state.view() else { return Vec::new() };
        let all = view.files().passages_of_file(ordinal);
        all.map(|at| PassageId { slot: location.slot, ordinal: at as u32 }).collect()
    }

    /// The symbol in row `at` of a pack.
    pub(crate) fn symbol_hit(state: &PackState, view: &PackView, part: &NamesPart, at: usize) -> Option<SymbolHit> {
        let number = |column| part.symbols.get(column, at);
        let segment = number(symbol::SEGMENT) as usize;
        let file = view.files().file_of_segment(segment);
        let flags = number(symbol::FLAGS);
        let container = number(symbol::CONTAINER).checked_sub(1);
        Some(SymbolHit {
            file: *state.file_ids.get(file)?,
            name: part.names.text(number(symbol::NAME) as usize).to_owned(),
            kind: SymbolKind::from_number(number(symbol::KIND) as u8)?,
            line: number(symbol::LINE) as u32,
            column: number(symbol::COLUMN) as u32,
            wide: flags & WIDE != 0,
            flags: SymbolFlags(flags as u8),
            visibility: number(symbol::VISIBILITY) as u8,
            container: container.map(|it| part.names.text(it as usize).to_owned()),
            segment: segment.saturating_sub(view.files().segments_of(file).start) as u32,
            index: number(symbol::INDEX).checked_sub(1).map(|it| it as u32),
            traits: view.files().traits(file),
        })
    }

    /// Open documents with passages that have no vectors, and which segments these are in.
    pub fn documents_without_vectors(&self) -> Vec<(FileId, Arc<OverlayFile>, Vec<usize>)> {
        let documents = self.packs().filter_map(|(_, state)| {
            let Body::Open(document) = &state.body else { return None };
            if !document.gets_vectors() {
                return None;
            }
            let lacks = |at: &usize| {
                let bare = state.vectors.get(*at).is_none_or(|it| *it == VectorRef::NONE);
                bare && !document.segments()[*at].facts.passages.is_empty()
            };
            let segments: Vec<usize> = (0..document.segments().len()).filter(lacks).collect();
            let file = *state.file_ids.first()?;
            (!segments.is_empty()).then(|| (file, document.clone(), segments))
        });
        documents.collect()
    }

    /// Up to `limit` live segments of a root's wanted files whose passages have no vectors yet.
    pub fn without_vectors(&self, root: RootId, limit: usize, is_wanted: &dyn Fn(FileId) -> bool) -> Vec<Unembedded> {
        let mut out = Vec::new();
        for (_, state) in self.packs().filter(|(_, it)| it.root == root && it.live_vectors < it.live_passages) {
            let Some(view) = state.view() else { continue };
            for (file, &id) in state.file_ids.iter().enumerate() {
                if state.dead_files.has(file) || !view.files().gets_vectors(file) || !is_wanted(id) {
                    continue;
                }
                let segments = view.files().segments_of(file);
                for at in segments.clone() {
                    let passages = view.files().passages_of(at).len() as u32;
                    if passages > 0 && state.vectors.get(at).is_none_or(|it| *it == VectorRef::NONE) {
                        if out.len() >= limit {
                            return out;
                        }
                        let segment = (at - segments.start) as u32;
                        out.push(Unembedded { file: id, segment, key: view.files().key(at), passages });
                    }
                }
            }
        }
        out
    }
}
