//! Merges packs into one. Invariants: the sections are those that a build from the surviving files would give; what is
//! large goes out piece by piece, so that memory grows with the tables of the result, not with its bytes. Must not know
//! which files survive: it is told.

mod lists;
mod names;
mod rows;
#[cfg(test)]
mod tests;
mod vectors;

pub use vectors::merge_vectors;

use super::bits::BitSet;
use super::build::FileState;
use super::source::Section;
use super::view::PackView;
use crate::store::pack::PackWriter;

/// A pack and the ordinals of its files that stay.
pub type Survivors<'a> = (&'a PackView, &'a BitSet);

/// Where sections go, each begun once and then filled.
pub trait Sink {
    /// Begins a section. None where nothing more can be taken.
    fn begin(&mut self, id: u32) -> Option<()>;

    /// Adds to the section begun last.
    fn append(&mut self, bytes: &[u8]) -> Option<()>;
}

impl Sink for Vec<Section> {
    fn begin(&mut self, id: u32) -> Option<()> {
        self.push(Section { id, bytes: Vec::new() });
        Some(())
    }

    fn append(&mut self, bytes: &[u8]) -> Option<()> {
        self.last_mut()?.bytes.extend_from_slice(bytes);
        Some(())
    }
}

/// Writes a whole section.
fn put(out: &mut dyn Sink, section: &Section) -> Option<()> {
    out.begin(section.id)?;
    out.append(&section.bytes)
}

impl Sink for PackWriter {
    fn begin(&mut self, id: u32) -> Option<()> {
        PackWriter::begin(self, id).ok()
    }

    fn append(&mut self, bytes: &[u8]) -> Option<()> {
        PackWriter::append(self, bytes).ok()
    }
}

/// What a merge is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Live files: of two with one path the later pack's counts. Tombstones stay only where `keep_deleted`: while older
    /// packs remain that they hide files of.
    Live { keep_deleted: bool },
    /// Files that live no more but may come back: of two with one content the later pack's counts, and a path may come
    /// more than once.
    Spare,
}

/// The sections of one pack with the surviving files of `packs`, by ascending number. `None` where a pack cannot be read.
pub fn merge(packs: &[Survivors<'_>], keep_deleted: bool) -> Option<Vec<Section>> {
    let mut out = Vec::new();
    merge_into(packs, Of::Live { keep_deleted }, &mut out)?;
    out.sort_by_key(|it| it.id);
    Some(out)
}

/// Writes one pack with the surviving files of `packs` (oldest first). `None` where a pack cannot be read, or the sink
/// takes no more.
pub fn merge_into(packs: &[Survivors<'_>], of: Of, out: &mut dyn Sink) -> Option<()> {
    let mut job = rows::Rows::new(packs, order(packs, of), out)?;
    let names = names::merge(&mut job, out)?;
    job.put_segments(&names, out)?;
    names.put_symbols(&job, out)?;
    names.put_uses(&job, out)?;
    drop(names);
    lists::put_words(&job, out)?;
    job.put_passages(out)?;
    lists::put_blobs(&job, out)
}

/// The files that stay, in the order of the new pack: pack and ordinal.
fn order(packs: &[Survivors<'_>], of: Of) -> Vec<(usize, usize)> {
    let mut order: Vec<(usize, usize)> = Vec::new();
    let drop_deleted = of != Of::Live { keep_deleted: true };
    for (pack, (view, kept)) in packs.iter().enumerate() {
        let files = view.files();
        let stays = |it: &usize| kept.has(*it) && !(drop_deleted && files.state(*it) == FileState::DELETED);
        order.extend((0..files.len()).filter(stays).map(|it| (pack, it)));
    }
    let path = |it: &(usize, usize)| packs[it.0].0.files().path_bytes(it.1);
    let hash = |it: &(usize, usize)| packs[it.0].0.files().hash(it.1);
    if of == Of::Spare {
        order.sort_by(|a, b| hash(a).cmp(&hash(b)).then(b.0.cmp(&a.0)));
        order.dedup_by(|a, b| hash(a) == hash(b));
        order.sort_by(|a, b| path(a).cmp(path(b)).then(hash(a).cmp(&hash(b))));
    } else {
        order.sort_by(|a, b| path(a).cmp(path(b)).then(b.0.cmp(&a.0)));
        order.dedup_by(|a, b| path(a) == path(b));
    }
    order
}
