//! Between the crawl and the store: records become packs, packs become views. Invariant: what cannot be read is marked,
//! set aside and rebuilt, never believed. Must not know files on disk.

use std::path::Path;
use std::sync::Arc;

use super::options::Options;
use super::progress::Stage;
use super::roots::Root;
use super::state::{Fresh, Shared, Survivors};
use crate::index::apply::Builder;
use crate::index::build::{FileRecord, build_facts_pack};
use crate::index::source::{FACTS, MemoryPack, VECTORS, draft};
use crate::index::vectors::{VectorRun, VectorView, build_vector_pack};
use crate::index::view::PackView;
use crate::index::{merge, source};
use crate::store::directory::StoreOptions;
use crate::store::manifest::shape;
use crate::store::pack::{Pack, PackId};
use crate::store::{NewPack, Store};

/// More packs of one kind than this are merged.
pub const MANY_PACKS: usize = 24;
/// Version of our note in the manifest.
const NOTE: u8 = 1;

/// The store of a root.
pub fn open_store(root: &Path, options: &Options) -> Store {
    let settings = shape(&[("shape", &options.index_shape)]);
    let (cache_dir, read_only) = (options.cache_dir.clone(), options.read_only);
    Store::open(root, &StoreOptions { cache_dir, settings, read_only, ..StoreOptions::default() })
}

/// Makes packs and commits them.
///
/// # Errors
/// Another process writes, or the index has more packs than a manifest holds: the message says so.
pub fn commit(root: &Root, records: &[FileRecord], runs: &[VectorRun], dims: usize) -> Result<Fresh, String> {
    let mut add: Vec<NewPack> = Vec::new();
    if !runs.is_empty() && dims > 0 {
        add.push(draft(VECTORS, build_vector_pack(dims, runs)).into());
    }
    if !records.is_empty() {
        add.push(draft(FACTS, build_facts_pack(records)).into());
    }
    let before: Vec<PackId> = root.store.state().packs.iter().map(|it| it.id()).collect();
    let state = root.store.commit(add, &[], None).map_err(|error| error.to_string())?;
    let new: Vec<Arc<Pack>> = state.packs.iter().filter(|it| !before.contains(&it.id())).cloned().collect();
    Ok(fresh_of(root, &new))
}

/// The views of new packs. One that cannot be read is marked as damaged; the writer's next look sets it aside.
fn fresh_of(root: &Root, packs: &[Arc<Pack>]) -> Fresh {
    let mut fresh =
        Fresh { root: root.id, facts: None, vectors: None, removed: Vec::new(), removed_vectors: Vec::new() };
    for pack in packs {
        match pack.kind() {
            FACTS => fresh.facts = facts_view(pack).map(|view| (pack.id(), view)),
            VECTORS => fresh.vectors = vectors_view(pack).map(|view| (pack.id(), view)),
            _ => {}
        }
    }
    fresh
}

fn facts_view(pack: &Arc<Pack>) -> Option<Arc<PackView>> {
    PackView::open(Box::new(pack.clone()))
        .map_err(|_| pack.mark_damaged("its tables do not fit together"))
        .ok()
        .map(Arc::new)
}

fn vectors_view(pack: &Arc<Pack>) -> Option<Arc<VectorView>> {
    VectorView::open(pack).map_err(|_| pack.mark_damaged("its vectors do not fit together")).ok().map(Arc::new)
}

/// All packs of a root in the order in which they are to be applied: vectors first, facts oldest first.
pub fn load(root: &Root, shared: &Shared) -> Vec<Fresh> {
    let mut state = root.store.state();
    // Each round sets at least one damaged pack aside.
    for _ in 0..64 {
        let mut out: Vec<Fresh> = Vec::new();
        for kind in [VECTORS, FACTS] {
            for pack in state.packs.iter().filter(|it| it.kind() == kind) {
                out.push(fresh_of(root, std::slice::from_ref(pack)));
            }
        }
        if !state.packs.iter().any(|it| it.is_damaged()) {
            return out;
        }
        match root.store.heal() {
            Some(healed) => state = healed,
            None => return out,
        }
    }
    shared.notice("the stored index is damaged throughout; it is built again");
    Vec::new()
}

/// Vectors that lie in no store.
///
/// # Errors
/// The vectors do not fit together, which is a defect of their maker.
pub fn vectors_in_memory(dims: usize, runs: &[VectorRun]) -> Result<VectorView, String> {
    VectorView::open(&MemoryPack::new(build_vector_pack(dims, runs)))
}

/// Sets packs aside that turned out to be unreadable while they were asked.
pub fn heal(root: &Root, builder: &mut Builder, faults: &[(PackId, String)]) -> bool {
    let state = root.store.state();
    let mut found = false;
    for pack in state.packs.iter().filter(|it| it.is_damaged() || faults.iter().any(|(id, _)| *id == it.id())) {
        let _ = pack.mark_damaged("it cannot be read");
        found = true;
    }
    if !found {
        return false;
    }
    let Some(healed) = root.store.heal() else { return false };
    let lost: Vec<PackId> =
        state.packs.iter().map(|it| it.id()).filter(|id| !healed.packs.iter().any(|it| it.id() == *id)).collect();
    builder.drop_packs(&lost);
    true
}

/// The stage that the manifest's writer has noted.
pub fn noted_stage(root: &Root) -> Option<Stage> {
    match root.store.state().extra.as_slice() {
        [NOTE, stage, ..] => Some(Stage::from_code(*stage)),
        _ => None,
    }
}

/// Notes how far the index on disk is.
pub fn note_stage(root: &Root, stage: Stage) {
    if noted_stage(root) != Some(stage) {
        // Another writer notes its own.
        let _ = root.store.commit(Vec::new(), &[], Some(vec![NOTE, stage as u8]));
    }
}

/// One pack in the place of many, if there are many. The caller holds the commit lock.
pub fn merged(root: &Root, survivors: &Survivors) -> Option<Fresh> {
    let state = root.store.state();
    let of = |kind| state.packs.iter().filter(|it| it.kind() == kind).map(|it| it.id()).collect::<Vec<_>>();
    let (facts, vectors) = (of(FACTS), of(VECTORS));
    let (mut add, mut remove): (Vec<NewPack>, Vec<PackId>) = (Vec::new(), Vec::new());
    if facts.len() > MANY_PACKS && survivors.len() == facts.len() {
        let kept: Vec<merge::Survivors<'_>> = survivors.iter().map(|(_, view, kept)| (&**view, kept)).collect();
        add.push(source::draft(FACTS, merge::merge(&kept, false)?).into());
        remove.extend(&facts);
    }
    let removed = remove.clone();
    if vectors.len() > MANY_PACKS {
        let views: Vec<Arc<VectorView>> =
            state.packs.iter().filter(|it| it.kind() == VECTORS).filter_map(vectors_view).collect();
        let views: Vec<&VectorView> = views.iter().map(|it| &**it).collect();
        add.push(source::draft(VECTORS, merge::merge_vectors(&views, |_| true)).into());
        remove.extend(&vectors);
    }
    if add.is_empty() {
        return None;
    }
    let state = root.store.commit(add, &remove, None).ok()?;
    let known = |it: &&Arc<Pack>| !facts.contains(&it.id()) && !vectors.contains(&it.id());
    let new: Vec<Arc<Pack>> = state.packs.iter().filter(known).cloned().collect();
    let mut fresh = fresh_of(root, &new);
    fresh.removed_vectors = remove.iter().filter(|it| !removed.contains(it)).copied().collect();
    fresh.removed = removed;
    Some(fresh)
}
