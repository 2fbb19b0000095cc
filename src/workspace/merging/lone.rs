//! What is done to packs one by one: those that are mostly dead are written anew without it, what nobody may need again is
//! dropped, and stamps are put together. Invariant: what lives is kept; a pack is chosen only if something of it goes, so
//! that this comes to an end. Must not know what files hold.

use std::sync::Arc;

use super::{SMALL, alive};
use crate::base::hash::Key;
use crate::index::build::FileMeta;
use crate::index::source::{FACTS, SPARE, STAMPS, VECTORS, draft};
use crate::index::stamps::build_stamps_pack;
use crate::store::pack::{Pack, PackId};
use crate::workspace::merging::Occasion;
use crate::workspace::roots::Root;
use crate::workspace::shelf;
use crate::workspace::state::{Alive, Fresh, Shared};

/// Packs of stamps that stand while somebody saves.
const STAMPS_NEAR: usize = 4;

/// The position of a pack of which less than half lives, if there is one. Small ones, of which several are merged within
/// `most` bytes, are left to that.
pub(super) fn thin(shared: &Shared, root: &Root, kind: u32, packs: &[&Arc<Pack>], most: u64) -> Option<usize> {
    let large = packs.iter().filter(|it| it.size() > SMALL.min(most));
    let large: Vec<PackId> = large.map(|it| it.id()).collect();
    if large.is_empty() {
        return None;
    }
    let found = match kind {
        FACTS => shared.snapshot().thin_packs(root.id).into_iter().find(|it| large.contains(it))?,
        VECTORS if shared.snapshot().wastes_vectors(root.id) => thin_runs(shared, root, &large)?,
        _ => return None,
    };
    packs.iter().position(|it| it.id() == found)
}

/// Of packs of vectors one of which less than half is used.
fn thin_runs(shared: &Shared, root: &Root, ids: &[PackId]) -> Option<PackId> {
    let Alive::Runs(all, _) = alive(shared, root, VECTORS, ids)? else { return None };
    all.into_iter().find(|(_, it)| it.used_count() * 2 < it.view.len() as u64).map(|it| it.0)
}

/// Drops the oldest packs of what lives no more until at most `many` are left: they may be too large to be merged.
pub(super) fn drop_spares(root: &Root, shared: &Shared, many: usize) {
    let _order = root.committing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let state = root.store.state();
    let all: Vec<PackId> = state.packs.iter().filter(|it| it.kind() == SPARE).map(|it| it.id()).collect();
    let Some(surplus) = all.len().checked_sub(many).filter(|it| *it > 0) else { return };
    let gone = all[..surplus].to_vec();
    if root.store.commit(Vec::new(), &gone, None).is_ok() {
        shared.apply(Fresh { removed_spares: gone, ..Fresh::of(root.id) });
    }
}

/// Puts the packs of stamps of a root together, after a whole pass without what says nothing any more.
pub(super) fn merge_stamps(shared: &Shared, root: &Root, occasion: Occasion) {
    let _order = root.committing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let state = root.store.state();
    let packs: Vec<&Arc<Pack>> = state.packs.iter().filter(|it| it.kind() == STAMPS).collect();
    let is_near = occasion == Occasion::Near;
    if packs.len() <= if is_near { STAMPS_NEAR } else { 1 } {
        return;
    }
    let rows: Vec<(Key, FileMeta)> = if is_near {
        let views = packs.iter().filter_map(|it| shelf::fresh_of(root, std::slice::from_ref(*it)).stamps);
        views.flat_map(|(_, view)| view.rows().collect::<Vec<_>>()).collect()
    } else {
        shared.snapshot().standing_stamps(root.id)
    };
    let ids: Vec<PackId> = packs.iter().map(|it| it.id()).collect();
    let pack = (!rows.is_empty()).then(|| draft(STAMPS, build_stamps_pack(rows)).into());
    let added = usize::from(pack.is_some());
    if let Ok(state) = root.store.commit(pack.into_iter().collect(), &ids, None) {
        let fresh = shelf::fresh_of(root, shelf::last(&state.packs, added));
        shared.apply(Fresh { removed_stamps: ids, ..fresh });
    }
}
