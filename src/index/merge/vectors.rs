//! Vector packs into one. Invariant: the sections are those that a build from the runs that stay would give; values go out
//! piece by piece. Must not know which runs are used: it is told.

use super::{Sink, put};
use crate::index::bits::{BitSet, put_column};
use crate::index::sections::*;
use crate::index::source::Section;
use crate::index::vectors::VectorView;

/// Writes one vector pack with the runs of `packs` (oldest first) that stay, by their positions. Of two with one key one
/// counts; packs of other dimensions than the newest are left out. `None` where a vector
/// cannot be read, or the sink takes no more.
pub fn merge_vectors(packs: &[(&VectorView, &BitSet)], out: &mut dyn Sink) -> Option<()> {
    let newest = packs.iter().rev().find(|it| !it.0.is_empty()).or(packs.last());
    let dims = newest.map_or(0, |it| it.0.dims());
    let mut order = Vec::new();
    for (pack, (view, kept)) in packs.iter().enumerate().filter(|it| it.1.0.dims() == dims) {
        order.extend((0..view.run_count()).filter(|&it| kept.has(it)).map(|it| (view.key(it), pack, it)));
    }
    order.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    order.dedup_by_key(|it| it.0);
    let all = || order.iter().map(|&(_, pack, run)| (packs[pack].0, packs[pack].0.run(run)));
    let mut starts = vec![0u64];
    for (_, run) in all() {
        starts.push(starts.last().copied().unwrap_or(0) + run.len() as u64);
    }
    let mut head = Vec::new();
    put_column(&mut head, [dims as u64, starts.last().copied().unwrap_or(0)].into_iter());
    put(out, &Section { id: VECTOR_HEAD, bytes: head })?;
    put(out, &Section { id: VECTOR_KEYS, bytes: order.iter().flat_map(|it| it.0.0).collect() })?;
    let mut bytes = Vec::new();
    put_column(&mut bytes, starts.into_iter());
    put(out, &Section { id: VECTOR_STARTS, bytes })?;
    out.begin(VECTOR_SIGNS)?;
    // What cannot be read counts as empty.
    let width = dims.div_ceil(8);
    let whole = |bytes: &'_ [u8], run: usize, width: usize| (bytes.len() == run * width).then_some(());
    all().try_for_each(|(view, run)| {
        let bytes = view.sketches(run.start, run.len());
        whole(bytes, run.len(), width)?;
        out.append(bytes)
    })?;
    out.begin(VECTOR_VALUES)?;
    all().try_for_each(|(view, run)| {
        let bytes = view.rows(run.start, run.len());
        whole(bytes, run.len(), dims)?;
        out.append(bytes)
    })?;
    out.begin(VECTOR_SCALES)?;
    all().try_for_each(|(view, run)| run.into_iter().try_for_each(|at| out.append(&view.scale(at).to_le_bytes())))
}
