//! An open document as a pack of one file. Invariant: answers from it equal those of a pack on disk with the same facts;
//! taking it in costs nothing but sums: names and words are laid out when first asked for. Must not know trees.

use super::build::{FileMeta, FileRecord, FileState, SegmentRecord, build_facts_pack, traits_of};
use super::snapshot::{FileFacts, FileSegment};
use super::traits::Traits;
use super::vectors::MOST_EMBEDDED;
use super::view::PackView;
use crate::base::hash::{ContentHash, Key};
use crate::base::paths::RelPath;
use std::sync::{Arc, OnceLock};

/// The facts of an open document, in byte offsets of its own text, which is kept with them.
pub struct OverlayFile {
    text: Arc<str>,
    record: FileRecord,
    facts: Arc<FileFacts>,
    view: OnceLock<Option<Arc<PackView>>>,
}

impl OverlayFile {
    pub fn new(path: RelPath, lang: &str, text: Arc<str>, segments: Vec<SegmentRecord>) -> Self {
        let mut line = 0;
        let mut parts = Vec::with_capacity(segments.len());
        for it in &segments {
            parts.push(FileSegment { span: it.span, line, key: it.key, facts: it.facts.clone() });
            line += (it.facts.lines.starts.len() as u32).saturating_sub(1);
        }
        let record = FileRecord {
            path,
            meta: FileMeta::default(),
            hash: ContentHash([0; 32]),
            lang: lang.into(),
            recipe: Key([0; 16]),
            state: FileState::Indexed,
            segments,
        };
        Self { text, record, facts: Arc::new(FileFacts { segments: parts }), view: OnceLock::new() }
    }

    pub fn path(&self) -> &RelPath {
        &self.record.path
    }

    /// The whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// What path and text tell.
    pub fn traits(&self) -> Traits {
        traits_of(&self.record.path, &self.record.segments)
    }

    pub fn lang(&self) -> &str {
        &self.record.lang
    }

    pub fn facts(&self) -> &Arc<FileFacts> {
        &self.facts
    }

    pub fn segments(&self) -> &[SegmentRecord] {
        &self.record.segments
    }

    /// Number of passages and the sum of their lengths in terms.
    pub fn weight(&self) -> (u64, u64) {
        let passages = || self.record.segments.iter().flat_map(|it| &it.facts.passages);
        (passages().count() as u64, passages().map(|it| u64::from(it.length)).sum())
    }

    /// Whether its passages get vectors: those of a very long text do not.
    pub fn gets_vectors(&self) -> bool {
        self.record.segments.last().is_none_or(|it| it.span.end <= MOST_EMBEDDED)
    }

    /// As a pack; made at the first call. `None` only where a build gives what a view refuses, which is a defect.
    pub fn view(&self) -> Option<&Arc<PackView>> {
        let make = || PackView::in_memory(build_facts_pack(std::slice::from_ref(&self.record))).ok().map(Arc::new);
        self.view.get_or_init(make).as_ref()
    }
}
