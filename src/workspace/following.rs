//! How the state thread keeps up with the stores: what another process writes becomes visible here. Invariants: documents
//! stay open whatever happens to the packs beneath them; how complete answers are is said as the writer has noted it. Must
//! not know files.

use super::progress::Stage;
use super::roots::Root;
use super::shelf;
use super::state::Writer;

impl Writer {
    /// Brings the packs of a root to what its store holds now; documents stay open.
    pub(super) fn take_news(&mut self, root: &Root) {
        match self.followed.get(&root.id).and_then(|it| shelf::news(root, it)) {
            Some((gone, new)) => {
                // Vectors last: what was bound to them is bound to the same in a merged pack.
                self.builder.drop_file_packs(root.id, &gone);
                new.into_iter().for_each(|it| self.apply(it));
                self.builder.drop_packs(root.id, &gone);
                self.note_followed(root);
            }
            None => {
                self.builder.drop_stored(root.id);
                self.load(root);
            }
        }
    }

    pub(super) fn note_followed(&mut self, root: &Root) {
        let packs = root.store.state().packs.iter().map(|it| it.id()).collect();
        self.followed.insert(root.id, packs);
    }

    /// Where another process writes, its walk counts: it has noted how far that is.
    pub(super) fn believe_walk(&mut self, root: &Root) {
        if root.store.is_writer() {
            return;
        }
        let Some((stage, progress)) = shelf::noted(root) else { return };
        let here: u64 = self.builder.packs(root.id).iter().map(|it| it.2).sum();
        let is_whole = stage >= Stage::Indexed;
        let missing = if is_whole { 0 } else { progress.files_found.saturating_sub(here) };
        self.builder.set_walked(root.id, missing, is_whole);
    }
}
