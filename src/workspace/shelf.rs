//! Between the crawl and the store: records become packs, packs become views. Invariant: what cannot be read is marked,
//! set aside and rebuilt, never believed. Must not know files on disk.

use std::path::Path;
use std::sync::Arc;

use super::options::Options;
use super::progress::{Progress, Stage};
use super::roots::Root;
use super::state::{Fresh, Shared};
use crate::base::hash::Key;
use crate::base::ids::RootId;
use crate::base::version::Version;
use crate::facts::codec;
use crate::index::build::{FileRecord, build_facts_pack};
use crate::index::sections;
use crate::index::source::{FACTS, SPARE, STAMPS, VECTORS, draft};
use crate::index::stamps::{Stamp, StampsView, build_stamps_pack, stamp_key};
use crate::index::vectors::{VectorRun, VectorView, build_vector_pack};
use crate::index::view::PackView;
use crate::store::directory::StoreOptions;
use crate::store::manifest::shape;
use crate::store::pack::{Pack, PackId};
use crate::store::{NewPack, Store};

/// Version of our note in the manifest.
const NOTE: u8 = 3;

/// The store of a root.
pub fn open_store(root: &Path, options: &Options) -> Store {
    Store::open(root, &store_options(options))
}

/// Whether there is an index of a root that holds anything.
pub fn is_kept(root: &Path, options: &Options) -> bool {
    Store::is_kept(root, &store_options(options))
}

fn store_options(options: &Options) -> StoreOptions {
    // A version that lays out sections or facts otherwise could not read them: it gets a directory of its own.
    let layout = format!("{}.{}", sections::FORMAT, codec::VERSION);
    let settings = shape(&[("shape", &options.index_shape), ("layout", &layout)]);
    let (cache_dir, read_only) = (options.cache_dir.clone(), options.read_only);
    let packs = &options.packs;
    StoreOptions {
        cache_dir,
        in_memory: packs.in_memory,
        read_only,
        settings,
        use_mmap: packs.mapped,
        least_mapped: packs.least_mapped,
    }
}

/// What is committed together.
#[derive(Default)]
pub struct Lot {
    pub records: Vec<FileRecord>,
    pub runs: Vec<VectorRun>,
    /// Of files whose content is what the index has.
    pub stamps: Vec<Stamp>,
}

impl Lot {
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.runs.is_empty() && self.stamps.is_empty()
    }
}

impl From<Vec<FileRecord>> for Lot {
    fn from(records: Vec<FileRecord>) -> Self {
        Self { records, ..Self::default() }
    }
}

/// Makes packs and commits them.
///
/// # Errors
/// Another process writes, or the index has more packs than a manifest holds: the message says so.
pub fn commit(root: &Root, lot: Lot, dims: usize, note: Vec<u8>) -> Result<Fresh, String> {
    let mut add: Vec<NewPack> = Vec::new();
    if !lot.runs.is_empty() && dims > 0 {
        add.push(draft(VECTORS, build_vector_pack(dims, &lot.runs)).into());
    }
    if !lot.records.is_empty() {
        add.push(draft(FACTS, build_facts_pack(&lot.records)).into());
    }
    if !lot.stamps.is_empty() {
        let rows = lot.stamps.iter().map(|it| (stamp_key(it.path.as_bytes(), it.hash), it.meta));
        add.push(draft(STAMPS, build_stamps_pack(rows.collect())).into());
    }
    let added = add.len();
    let state = root.store.commit(add, &[], Some(note)).map_err(|error| error.to_string())?;
    Ok(fresh_of(root, last(&state.packs, added)))
}

/// The packs of the last commit. One whose content was there before is among them: it has become the last word.
pub fn last(packs: &[Arc<Pack>], added: usize) -> &[Arc<Pack>] {
    &packs[packs.len().saturating_sub(added)..]
}

/// The name that a pack of another index has here: this index may come to have the same pack.
pub fn foreign(id: PackId) -> PackId {
    PackId(Key::of("foreign pack", &[&id.0]).0)
}

/// A pack of another index, to be asked by content alone.
pub fn seed_of(root: RootId, pack: &Arc<Pack>) -> Fresh {
    let (mut fresh, id) = (Fresh::of(root), foreign(pack.id()));
    match pack.kind() {
        FACTS | SPARE => fresh.spare = facts_view(pack).map(|(_, view)| (id, view)),
        VECTORS => fresh.vectors = vectors_view(pack).map(|(_, view)| (id, view)),
        _ => {}
    }
    fresh
}

/// The views of new packs. One that cannot be read is marked as damaged; the writer's next look sets it aside.
pub fn fresh_of(root: &Root, packs: &[Arc<Pack>]) -> Fresh {
    let mut fresh = Fresh::of(root.id);
    for pack in packs {
        match pack.kind() {
            FACTS => fresh.facts = facts_view(pack),
            VECTORS => fresh.vectors = vectors_view(pack),
            SPARE => fresh.spare = facts_view(pack),
            STAMPS => fresh.stamps = named(pack, StampsView::open(pack), "its stamps do not fit together"),
            _ => {}
        }
    }
    fresh
}

fn facts_view(pack: &Arc<Pack>) -> Option<(PackId, Arc<PackView>)> {
    named(pack, PackView::open(Box::new(pack.clone())), "its tables do not fit together")
}

/// A view with the name of its pack, which is marked where there is none.
fn named<V>(pack: &Arc<Pack>, view: Result<V, String>, why: &'static str) -> Option<(PackId, Arc<V>)> {
    view.map(|it| (pack.id(), Arc::new(it))).map_err(|_| pack.mark_damaged(why)).ok()
}

fn vectors_view(pack: &Arc<Pack>) -> Option<(PackId, Arc<VectorView>)> {
    named(pack, VectorView::open(pack), "its vectors do not fit together")
}

/// All packs of a root in the order in which they are to be applied: vectors first, facts oldest first.
pub fn load(root: &Root, shared: &Shared) -> Vec<Fresh> {
    let mut state = root.store.state();
    // Each round sets at least one damaged pack aside.
    for _ in 0..64 {
        let mut out: Vec<Fresh> = Vec::new();
        for kind in [VECTORS, FACTS, SPARE, STAMPS] {
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

/// What has become of a store's packs since those of `applied` were taken in, in their order: those that are gone, and the
/// new ones in the order in which they are to be applied. None: they have another order now (it counts), or some pack is
/// damaged; all has to be loaded again.
pub fn news(root: &Root, applied: &[PackId]) -> Option<(Vec<PackId>, Vec<Fresh>)> {
    let state = root.store.state();
    let stands = |id: &PackId| state.packs.iter().any(|it| it.id() == *id);
    let (kept, gone): (Vec<PackId>, Vec<PackId>) = applied.iter().partition(|id| stands(id));
    let (first, new) = state.packs.split_at_checked(kept.len())?;
    if !first.iter().map(|it| it.id()).eq(kept) {
        return None;
    }
    let mut out = Vec::new();
    for kind in [VECTORS, FACTS, SPARE, STAMPS] {
        for pack in new.iter().filter(|it| it.kind() == kind) {
            out.push(fresh_of(root, std::slice::from_ref(pack)));
        }
    }
    // The largest is most likely what those that are gone were merged into.
    let runs = |it: &&mut Fresh| it.vectors.as_ref().map(|it| it.1.run_count());
    if let Some(merged) = out.iter_mut().filter(|it| it.vectors.is_some()).max_by_key(runs) {
        merged.removed_vectors = gone.clone();
    }
    (!new.iter().any(|it| it.is_damaged())).then_some((gone, out))
}

/// Packs that a store holds no more.
pub struct Lost {
    pub packs: Vec<PackId>,
    /// Some of them were part of answers.
    pub answers: bool,
}

/// Sets packs aside that turned out to be unreadable while they were asked; none where all is well.
pub fn heal(root: &Root, faults: &[(PackId, String)]) -> Option<Lost> {
    let state = root.store.state();
    let mut found = false;
    for pack in state.packs.iter().filter(|it| it.is_damaged() || faults.iter().any(|(id, _)| *id == it.id())) {
        let _ = pack.mark_damaged("it cannot be read");
        found = true;
    }
    let healed = if found { root.store.heal()? } else { return None };
    let lost = || state.packs.iter().filter(|it| !healed.packs.iter().any(|kept| kept.id() == it.id()));
    Some(Lost {
        packs: lost().map(|it| it.id()).collect(),
        answers: lost().any(|it| ![SPARE, STAMPS].contains(&it.kind())),
    })
}

/// What the manifest's writer has noted: the stage that the root has reached, and its counters.
pub fn noted(root: &Root) -> Option<(Stage, Progress)> {
    let state = root.store.state();
    let [NOTE, _, _, _, _, _, _, stage, numbers @ ..] = state.extra.as_slice() else { return None };
    let numbers = numbers.as_chunks::<8>().0.iter().map(|it| u64::from_le_bytes(*it));
    Some((Stage::from_code(*stage), Progress::from_numbers(numbers)))
}

/// The newest version that has written to the index; none where nobody has.
pub fn noted_version(root: &Root) -> Option<Version> {
    let state = root.store.state();
    let [NOTE, a, b, c, d, e, f, ..] = state.extra.as_slice() else { return None };
    Some(Version([[*a, *b], [*c, *d], [*e, *f]].map(u16::from_le_bytes)))
}

/// The note for others: who has written the index of `root`, and how far it is.
pub fn note(root: &Root, stage: Stage, progress: &Progress) -> Vec<u8> {
    let newest = noted_version(root).unwrap_or_default().max(Version::own());
    let mut out = vec![NOTE];
    out.extend(newest.0.iter().flat_map(|it| it.to_le_bytes()));
    out.push(stage as u8);
    progress.numbers().iter().for_each(|it| out.extend_from_slice(&it.to_le_bytes()));
    out
}

/// Notes how far the index on disk is, where the note says something else.
pub fn note_stage(root: &Root, stage: Stage, progress: &Progress) {
    if noted(root).map(|it| it.0) != Some(stage) {
        // Another writer notes its own.
        let _ = root.store.commit(Vec::new(), &[], Some(note(root, stage, progress)));
    }
}
