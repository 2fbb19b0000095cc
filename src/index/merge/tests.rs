//! A block that cannot be read ends a merge: what it held would be lost for good.

use super::*;
use crate::base::hash::Key;
use crate::base::ids::RootId;
use crate::index::apply::Builder;
use crate::index::build::build_facts_pack;
use crate::index::fixture::file;
use crate::index::sections::*;
use crate::index::snapshot::FewFacts;
use crate::index::source::{Bytes, LazyBytes, MemoryPack, PackSource, Ranges};
use crate::index::vectors::{VectorRun, VectorView, build_vector_pack, quantise};
use crate::store::pack::PackId;
use std::ops::Range;
use std::sync::Arc;

/// A pack one section of which is damaged in its midst: its tables open, its blocks cannot be had.
struct Spoilt(MemoryPack, u32);

struct Unreadable(usize);

impl PackSource for Spoilt {
    fn section(&self, id: u32) -> Result<Bytes, String> {
        self.0.section(id)
    }

    fn lazy(&self, id: u32) -> Result<LazyBytes, String> {
        let whole = self.0.lazy(id)?;
        Ok(if id == self.1 { Arc::new(Unreadable(whole.length())) } else { whole })
    }
}

impl Ranges for Unreadable {
    fn range(&self, _: Range<usize>) -> Option<&[u8]> {
        None
    }

    fn length(&self) -> usize {
        self.0
    }
}

fn all(count: usize) -> BitSet {
    let mut it = BitSet::default();
    (0..count).for_each(|at| it.set(at));
    it
}

#[test]
fn words_and_facts_that_cannot_be_read_end_a_merge() {
    let sections = build_facts_pack(&[file("a.rs", "open_file parse\nRouter x\n")]);
    let sound = PackView::in_memory(build_facts_pack(&[file("b.rs", "route y\n")])).unwrap();
    for spoilt in [POSTINGS, BLOBS] {
        let view = PackView::open(Box::new(Spoilt(MemoryPack::new(sections.clone()), spoilt))).unwrap();
        assert!(merge(&[(&sound, &all(1)), (&view, &all(1))], false).is_none(), "section {spoilt}");
        assert!(view.fault().is_some(), "section {spoilt}");
    }
}

#[test]
fn facts_without_their_words_are_not_reused() {
    let record = file("a.rs", "open_file parse\nRouter x\n");
    let sections = build_facts_pack(std::slice::from_ref(&record));
    let view = Arc::new(PackView::open(Box::new(Spoilt(MemoryPack::new(sections), POSTINGS))).unwrap());
    let mut builder = Builder::new(Arc::new(FewFacts::default()));
    builder.apply_facts(RootId(0), PackId([1; 16]), view);
    let snapshot = builder.publish();
    let known = snapshot.known(record.hash, |_| true).unwrap();
    assert!(snapshot.segments_of_known(&[known])[0].is_none());
    assert!(snapshot.reuse(&[record.segments[0].key]).is_empty());
}

#[test]
fn vectors_that_cannot_be_read_end_a_merge() {
    let run =
        |name: &str| VectorRun { key: Key::of("run", &[name.as_bytes()]), vectors: vec![quantise(&[0.5, -0.25])] };
    let sound = VectorView::open(&MemoryPack::new(build_vector_pack(2, &[run("a")]))).unwrap();
    for spoilt in [VECTOR_SIGNS, VECTOR_VALUES] {
        let pack = MemoryPack::new(build_vector_pack(2, &[run("b")]));
        let view = VectorView::open(&Spoilt(pack, spoilt)).unwrap();
        let mut out: Vec<Section> = Vec::new();
        assert!(merge_vectors(&[(&sound, &all(1)), (&view, &all(1))], &mut out).is_none(), "section {spoilt}");
    }
}
