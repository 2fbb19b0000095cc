//! Committing: packs first, then the manifest. Invariants: a generation is on disk whole or not at all, whenever the
//! power goes; what the disk refuses stands in memory and is written later; a good index is never removed before its
//! successor is safe. Must not know what packs hold.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::disk::Disk;
use super::error::StoreError;
use super::manifest::{MANIFEST, MAX_PACKS, Manifest, PackEntry};
use super::open::{Inner, Role, Store, StoreState, TEMPORARY, open_pack};
use super::pack::{Pack, PackDraft, PackId, PackWriter, WrittenPack};
use crate::base::failpoint;
use crate::base::os::stamp::now_ns;

/// A pack to be committed.
pub enum NewPack {
    /// Its sections, in memory.
    Draft(PackDraft),
    /// Written already, through `Store::stage`.
    Staged(StagedPack),
}

impl From<PackDraft> for NewPack {
    fn from(it: PackDraft) -> Self {
        Self::Draft(it)
    }
}

impl From<StagedPack> for NewPack {
    fn from(it: StagedPack) -> Self {
        Self::Staged(it)
    }
}

/// A pack being written piece by piece under a temporary name: for what is too large for memory. Dropped unfinished, its
/// file goes.
pub struct StagedWriter {
    pub writer: PackWriter,
    file: TemporaryFile,
}

/// A finished pack that waits for its commit; dropped before, its file goes.
pub struct StagedPack {
    written: WrittenPack,
    file: TemporaryFile,
}

/// A file's temporary name, removed with it: its place on a full disk is wanted back.
struct TemporaryFile {
    disk: Arc<dyn Disk>,
    name: String,
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Where it has its lasting name by now there is nothing to remove; what cannot be removed the next sweep takes.
        let _ = self.disk.remove(&self.name);
    }
}

impl StagedWriter {
    /// Ends the pack; its content is safe from here on, its name not yet.
    pub fn finish(self) -> Result<StagedPack, StoreError> {
        let mut written = self.writer.finish()?;
        written.file.sync()?;
        Ok(StagedPack { written, file: self.file })
    }
}

impl Store {
    /// Begins a pack of `kind` on disk. An error means that the disk refuses: give the work up and keep the old packs.
    pub fn stage(&self, kind: u32) -> Result<StagedWriter, StoreError> {
        let inner = self.locked();
        if !matches!(inner.role, Role::Writer(_)) {
            return Err(StoreError::NotWriter);
        }
        let name = inner.temporary_name();
        let file = inner.disk.create(&name)?;
        let temporary = TemporaryFile { disk: inner.disk.clone(), name };
        Ok(StagedWriter { writer: PackWriter::new(kind, file)?, file: temporary })
    }

    /// Makes a generation of the standing packs without `remove` and with `add` at the end (as the newest), and with
    /// `extra` where it is given. Where the disk refuses, the generation stands in memory, with one notice, and goes to
    /// disk later: see `refresh`. Errors: another process writes; more than a manifest can hold; a staged pack is lost.
    pub fn commit(
        &self,
        add: Vec<NewPack>,
        remove: &[PackId],
        extra: Option<Vec<u8>>,
    ) -> Result<Arc<StoreState>, StoreError> {
        let now = Instant::now();
        let mut inner = self.locked();
        let is_told = inner.is_told();
        inner.keep_lock(now);
        if !inner.may_write() {
            self.show(&inner);
            return Err(StoreError::NotWriter);
        }
        if inner.state.packs.len() + add.len() > MAX_PACKS {
            return Err(StoreError::TooLarge { what: "a further pack (merge first)" });
        }
        let mut fresh = Vec::new();
        for it in add {
            fresh.push(inner.put(it, now)?);
        }
        inner.replace(fresh, remove, extra);
        inner.dirty = true;
        if inner.refused_at.is_none() {
            inner.save(now);
        }
        if is_told {
            inner.told = inner.state.clone();
        }
        Ok(self.show(&inner))
    }
}

impl Inner {
    /// A name that no other store of this process uses: one that was let go may still have a file here.
    pub fn temporary_name(&self) -> String {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        format!("{}-{}{TEMPORARY}", std::process::id(), NUMBERS.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes a pack to disk, or to memory where the disk refuses.
    fn put(&mut self, new: NewPack, now: Instant) -> Result<Arc<Pack>, StoreError> {
        if self.refused_at.is_none() && matches!(self.role, Role::Writer(_)) {
            match self.put_on_disk(&new) {
                Ok(pack) => return Ok(pack),
                Err(it @ StoreError::TooLarge { .. }) => return Err(it),
                Err(it) => self.refuse(&it, now),
            }
        }
        let name = self.temporary_name();
        let file = self.memory.create(&name)?;
        let written = match &new {
            NewPack::Draft(draft) => draft.write(file)?,
            NewPack::Staged(staged) => {
                let bytes = self.disk.map(&staged.file.name)?;
                let mut file = file;
                file.append(&bytes)?;
                WrittenPack { id: staged.written.id, kind: staged.written.kind, len: staged.written.len, file }
            }
        };
        let entry = entry_of(&written);
        let memory = self.memory.clone();
        memory.rename(&name, &entry.id.file_name())?;
        let pack = open_pack(&*memory, &entry)?;
        // From here on the pack alone keeps its bytes.
        memory.remove(&entry.id.file_name())?;
        self.unsaved.insert(entry.id);
        Ok(pack)
    }

    fn put_on_disk(&mut self, new: &NewPack) -> Result<Arc<Pack>, StoreError> {
        match new {
            NewPack::Draft(draft) => {
                let name = self.temporary_name();
                let res = self.write_draft(draft, &name);
                if res.is_err() {
                    // Its place on a full disk is wanted back; a refusal leaves it to the next sweep.
                    let _ = self.disk.remove(&name);
                }
                res
            }
            NewPack::Staged(staged) => self.finish_file(&staged.file.name, &entry_of(&staged.written)),
        }
    }

    fn write_draft(&mut self, draft: &PackDraft, name: &str) -> Result<Arc<Pack>, StoreError> {
        let file = self.disk.create(name)?;
        failpoint::hit("pack.created");
        let mut written = draft.write(file)?;
        failpoint::hit("pack.written");
        written.file.sync()?;
        self.finish_file(name, &entry_of(&written))
    }

    fn finish_file(&self, name: &str, entry: &PackEntry) -> Result<Arc<Pack>, StoreError> {
        failpoint::hit("pack.synced");
        self.disk.rename(name, &entry.id.file_name())?;
        failpoint::hit("pack.renamed");
        open_pack(&*self.disk, entry)
    }

    /// The next state: without `remove`, with `fresh` at the end.
    pub fn replace(&mut self, fresh: Vec<Arc<Pack>>, remove: &[PackId], extra: Option<Vec<u8>>) {
        let leaving: HashSet<PackId> = remove.iter().copied().chain(fresh.iter().map(|it| it.id())).collect();
        let mut packs: Vec<_> = self.state.packs.iter().filter(|it| !leaving.contains(&it.id())).cloned().collect();
        for pack in fresh {
            // The same content twice in one commit is one pack.
            if !packs.iter().any(|it| it.id() == pack.id()) {
                packs.push(pack);
            }
        }
        let kept: HashSet<PackId> = packs.iter().map(|it| it.id()).collect();
        for pack in &self.state.packs {
            if !kept.contains(&pack.id()) && !self.unsaved.remove(&pack.id()) {
                self.obsolete.push(pack.id());
            }
        }
        self.obsolete.retain(|it| !kept.contains(it));
        let extra = extra.map_or_else(|| self.state.extra.clone(), Arc::new);
        let generation = self.state.generation.max(self.disk_generation) + 1;
        self.state = Arc::new(StoreState { generation, packs, extra });
    }

    /// Brings the state to disk: packs that are only in memory, then the manifest. What is refused stays for later.
    pub fn save(&mut self, now: Instant) {
        match self.try_save() {
            Ok(()) => {
                if self.refused_at.take().is_some() {
                    self.notices.push(format!("the index is on disk again in {}", self.disk.place()));
                }
            }
            Err(it) => self.refuse(&it, now),
        }
    }

    fn try_save(&mut self) -> Result<(), StoreError> {
        let mut packs = self.state.packs.clone();
        for pack in &mut packs {
            if self.unsaved.contains(&pack.id()) {
                *pack = self.write_whole(pack)?;
            }
        }
        self.disk.sync_dir()?;
        failpoint::hit("pack.directory_synced");
        let state = StoreState { packs, ..(*self.state).clone() };
        self.write_manifest(&state)?;
        self.unsaved.clear();
        self.dirty = false;
        self.disk_generation = state.generation;
        self.state = Arc::new(state);
        self.manifest_mark = self.disk.mark(MANIFEST).ok();
        let obsolete = std::mem::take(&mut self.obsolete);
        for id in obsolete.into_iter().filter(|id| self.state.packs.iter().all(|it| it.id() != *id)) {
            // What cannot be removed now is swept at the next start.
            let _ = self.disk.remove(&id.file_name());
        }
        Ok(())
    }

    /// A pack that lies in memory (or in a removed file), written as it is.
    fn write_whole(&mut self, pack: &Arc<Pack>) -> Result<Arc<Pack>, StoreError> {
        pack.check_all()?;
        let name = self.temporary_name();
        let entry = PackEntry { id: pack.id(), len: pack.size(), kind: pack.kind() };
        let write = || {
            let mut file = self.disk.create(&name)?;
            for part in pack.raw().chunks(1 << 20) {
                file.append(part)?;
            }
            file.sync()?;
            self.finish_file(&name, &entry)
        };
        write().inspect_err(|_| drop(self.disk.remove(&name)))
    }

    fn write_manifest(&mut self, state: &StoreState) -> Result<(), StoreError> {
        let entry = |it: &Arc<Pack>| PackEntry { id: it.id(), len: it.size(), kind: it.kind() };
        let manifest = Manifest {
            generation: state.generation,
            written_ns: now_ns(),
            root: self.root.clone(),
            packs: state.packs.iter().map(entry).collect(),
            extra: state.extra.to_vec(),
        };
        let bytes = manifest.encode()?;
        let name = self.temporary_name();
        let write = || -> Result<(), StoreError> {
            let mut file = self.disk.create(&name)?;
            file.append(&bytes)?;
            failpoint::hit("manifest.written");
            file.sync()?;
            failpoint::hit("manifest.synced");
            self.disk.rename(&name, MANIFEST)?;
            failpoint::hit("manifest.renamed");
            self.disk.sync_dir()?;
            failpoint::hit("manifest.directory_synced");
            Ok(())
        };
        write().inspect_err(|_| drop(self.disk.remove(&name)))
    }
}

fn entry_of(it: &WrittenPack) -> PackEntry {
    PackEntry { id: it.id, len: it.len, kind: it.kind }
}
