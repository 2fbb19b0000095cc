//! What is done to packs one by one: those that are mostly dead are written anew without it, what nobody may need again is
//! dropped, and stamps are put together. Invariant: what lives is kept; a pack is chosen only if something of it goes, so
//! that this comes to an end. Must not know what files hold.

use std::sync::{Arc, PoisonError};

use super::{SMALL, alive, exchange};
use crate::index::source::{FACTS, SPARE, STAMPS, VECTORS, draft};
use crate::index::stamps::build_stamps_pack;
use crate::store::pack::{Pack, PackId};
use crate::workspace::merging::Occasion;
use crate::workspace::roots::Root;
use crate::workspace::state::{Alive, Shared};

/// Packs of stamps that stand while somebody saves.
const STAMPS_NEAR: usize = 4;

/// The position of a pack of which less than half lives, if there is one. Small ones, of which several are merged within
/// `most` bytes, are left to that; so is, where the result is made in memory, what is larger than that.
pub(super) fn thin(shared: &Shared, root: &Root, kind: u32, packs: &[&Arc<Pack>], most: u64) -> Option<usize> {
    let fits = |size: u64| root.store.is_saved() || size <= most;
    let large = packs.iter().filter(|it| it.size() > SMALL.min(most) && fits(it.size()));
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
pub(super) fn drop_spares(shared: &Shared, root: &Root, many: usize) {
    let _order = root.committing.lock().unwrap_or_else(PoisonError::into_inner);
    let all = ids_of(root, SPARE, u64::MAX);
    let Some(surplus) = all.len().checked_sub(many).filter(|it| *it > 0) else { return };
    // A root that was removed is another's.
    if !root.cancel.is_cancelled() {
        exchange(shared, root, &all[..surplus], Vec::new());
    }
}

/// Puts packs of stamps together: the small ones while somebody saves, after a whole pass all of them, without what says
/// nothing any more.
pub(super) fn merge_stamps(shared: &Shared, root: &Root, occasion: Occasion) {
    let is_near = occasion == Occasion::Near;
    let (largest, many) = if is_near { (SMALL, STAMPS_NEAR) } else { (u64::MAX, 1) };
    let (snapshot, ids) = (shared.snapshot(), ids_of(root, STAMPS, largest));
    if ids.len() <= many {
        return;
    }
    // What a row says stays true, so it does not matter what is committed meanwhile.
    let Some(rows) = snapshot.stamps_of(root.id, &ids, !is_near) else { return };
    let _order = root.committing.lock().unwrap_or_else(PoisonError::into_inner);
    let standing = ids_of(root, STAMPS, largest);
    if root.cancel.is_cancelled() || !ids.iter().all(|it| standing.contains(it)) {
        return;
    }
    let pack = (!rows.is_empty()).then(|| draft(STAMPS, build_stamps_pack(rows)).into());
    exchange(shared, root, &ids, pack.into_iter().collect());
}

/// The packs of a kind that have at most so many bytes, oldest first.
fn ids_of(root: &Root, kind: u32, largest: u64) -> Vec<PackId> {
    let state = root.store.state();
    state.packs.iter().filter(|it| it.kind() == kind && it.size() <= largest).map(|it| it.id()).collect()
}
