//! The store of one root: its state, its role, and how it is opened. Invariants: opening never fails and never waits;
//! what cannot be read is set aside with one notice; one process writes, the others follow. Must not know what packs
//! hold.

use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use super::disk::{Disk, DiskLock, FileMark, MemoryDisk};
use super::error::StoreError;
use super::manifest::{MANIFEST, MAX_MANIFEST, Manifest, PackEntry};
use super::pack::{Pack, PackId};

/// The lock file's name.
pub(super) const LOCK: &str = "lock";
/// Files that could not be read keep their names behind this.
pub(super) const ASIDE: &str = "bad-";
/// Files being written have names that end so.
pub(super) const TEMPORARY: &str = ".tmp";

/// One generation, open. Immutable; cheap to hold.
#[derive(Clone, Debug, Default)]
pub struct StoreState {
    pub generation: u64,
    /// Oldest first: later packs shadow earlier ones.
    pub packs: Vec<Arc<Pack>>,
    /// The writer's own note, as last committed.
    pub extra: Arc<Vec<u8>>,
}

/// The index of one root on disk. Shared by reference; one thread writes. Who asks how it stands waits for no disk.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    state: RwLock<Arc<StoreState>>,
    /// What `Inner` says of itself, for those who must not wait for it.
    standing: AtomicU8,
    notices: Arc<Notices>,
    disk: Arc<dyn Disk>,
}

/// Bits of `Store::standing`.
const MAY_WRITE: u8 = 1;
const IS_SAVED: u8 = 2;

/// What the user should be told.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<Vec<String>>);

impl Notices {
    pub fn push(&self, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The store's inside, held by one; how it stands when it is let go is known to all.
pub(super) struct Held<'a> {
    inner: MutexGuard<'a, Inner>,
    standing: &'a AtomicU8,
}

impl Deref for Held<'_> {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Inner {
        &mut self.inner
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.standing.store(self.inner.standing(), Ordering::Release);
    }
}

/// Who may write.
#[derive(Debug)]
pub(super) enum Role {
    /// This process holds the lock.
    Writer(DiskLock),
    /// Another process holds it.
    Reader,
    /// The disk cannot be used: an index of our own, in memory.
    Alone,
    /// Reads what there is, and never asks for the lock.
    Onlooker,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub disk: Arc<dyn Disk>,
    pub memory: Arc<MemoryDisk>,
    pub role: Role,
    pub root: Vec<u8>,
    pub state: Arc<StoreState>,
    /// The state that whoever uses the store knows of.
    pub told: Arc<StoreState>,
    /// Packs of the state that are not on disk.
    pub unsaved: HashSet<PackId>,
    /// Whether the state differs from the manifest on disk.
    pub dirty: bool,
    /// The newest generation seen on disk.
    pub disk_generation: u64,
    pub manifest_mark: Option<FileMark>,
    /// Files of packs that no generation names any more; removed after the next manifest.
    pub obsolete: Vec<PackId>,
    /// When the disk last refused.
    pub refused_at: Option<Instant>,
    /// When a reader first saw that its directory is gone.
    pub missing_since: Option<Instant>,
    pub notices: Arc<Notices>,
}

impl Store {
    /// Opens the store of `root` (a canonical path's bytes) on `disk`.
    pub fn on(disk: Arc<dyn Disk>, root: &[u8]) -> Self {
        Self::begin(disk, root, Role::Reader)
    }

    /// The same for one who only looks: takes no lock, changes nothing.
    pub fn look_at(disk: Arc<dyn Disk>, root: &[u8]) -> Self {
        Self::begin(disk, root, Role::Onlooker)
    }

    fn begin(disk: Arc<dyn Disk>, root: &[u8], role: Role) -> Self {
        let notices = Arc::new(Notices::default());
        let mut inner = Inner {
            disk: disk.clone(),
            memory: Arc::new(MemoryDisk::new()),
            role,
            root: root.to_vec(),
            state: Arc::default(),
            told: Arc::default(),
            unsaved: HashSet::new(),
            dirty: false,
            disk_generation: 0,
            manifest_mark: None,
            obsolete: Vec::new(),
            refused_at: None,
            missing_since: None,
            notices: notices.clone(),
        };
        inner.begin(Instant::now());
        inner.told = inner.state.clone();
        let (state, standing) = (RwLock::new(inner.state.clone()), AtomicU8::new(inner.standing()));
        Self { inner: Mutex::new(inner), state, standing, notices, disk }
    }

    /// The generation that stands now.
    pub fn state(&self) -> Arc<StoreState> {
        self.state.read().unwrap_or_else(|it| it.into_inner()).clone()
    }

    /// Whether this process may commit: it holds the lock, or has an index of its own in memory.
    pub fn is_writer(&self) -> bool {
        self.standing.load(Ordering::Acquire) & MAY_WRITE != 0
    }

    /// Whether all that was committed is on disk.
    pub fn is_saved(&self) -> bool {
        self.standing.load(Ordering::Acquire) & IS_SAVED != 0
    }

    /// Writes no more, and leaves the index to whoever opens it next.
    pub fn let_go(&self) {
        self.locked().role = Role::Onlooker;
    }

    /// What the user should be told since the last call: each once, with its remedy.
    pub fn notices(&self) -> Vec<String> {
        self.notices.take()
    }

    /// Where it lies, for messages.
    pub fn place(&self) -> String {
        self.disk.place()
    }

    /// Adds what the user should be told.
    pub(super) fn notice(&self, text: String) {
        self.notices.push(text);
    }

    pub(super) fn locked(&self) -> Held<'_> {
        Held { inner: self.inner.lock().unwrap_or_else(PoisonError::into_inner), standing: &self.standing }
    }

    /// Shows the state of `inner` to all who ask.
    pub(super) fn show(&self, inner: &Inner) -> Arc<StoreState> {
        *self.state.write().unwrap_or_else(|it| it.into_inner()) = inner.state.clone();
        inner.state.clone()
    }
}

impl StoreState {
    /// Bytes of all packs.
    pub fn bytes(&self) -> u64 {
        self.packs.iter().map(|it| it.size()).sum()
    }
}

impl Inner {
    fn standing(&self) -> u8 {
        let is_saved = !self.dirty && self.unsaved.is_empty() && !matches!(self.role, Role::Alone);
        (u8::from(self.may_write()) * MAY_WRITE) | (u8::from(is_saved) * IS_SAVED)
    }

    pub fn may_write(&self) -> bool {
        matches!(self.role, Role::Writer(_) | Role::Alone)
    }

    /// Takes the lock where it is free, and loads what is there.
    pub fn begin(&mut self, now: Instant) {
        if matches!(self.role, Role::Onlooker) {
            return self.load_as_reader();
        }
        match self.disk.lock(LOCK) {
            Ok(Some(lock)) => self.become_writer(lock, now),
            Ok(None) => {
                self.role = Role::Reader;
                self.load_as_reader();
            }
            Err(it) => {
                self.refuse(&it.into(), now);
                // A disk that takes nothing may still give what it has.
                self.load_as_reader();
            }
        }
    }

    /// The disk has refused: the index goes on in memory, and the disk is asked again later.
    pub fn refuse(&mut self, it: &StoreError, now: Instant) {
        if self.refused_at.is_none() {
            let remedy = remedy(it);
            self.notices.push(format!("the index is kept in memory only: {it}; {remedy} (tried again each minute)"));
        }
        self.refused_at = Some(now);
        if !matches!(self.role, Role::Writer(_)) {
            self.role = Role::Alone;
        }
    }

    pub fn read_manifest(&mut self) -> Result<Option<Manifest>, StoreError> {
        // The mark is older than the content or equally old: a change between the two is seen at the next look.
        self.manifest_mark = self.disk.mark(MANIFEST).ok();
        match self.disk.read(MANIFEST, MAX_MANIFEST) {
            Ok(bytes) => Manifest::decode(&bytes, MANIFEST).map(Some),
            Err(it) if it.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(it) => Err(it.into()),
        }
    }

    /// With the lock taken: loads what is there, sets aside what cannot be read, sweeps.
    pub fn become_writer(&mut self, lock: DiskLock, now: Instant) {
        self.role = Role::Writer(lock);
        let manifest = match self.read_manifest() {
            Ok(it) => it,
            Err(it) if it.is_lasting() => {
                self.set_aside(MANIFEST, &it);
                None
            }
            Err(it) => return self.step_back(self.state.clone(), &it, now),
        };
        if manifest.is_none() && self.state.generation > 0 {
            // A reader takes over where the files were removed: what it has open is the index.
            self.rewrite(now);
        } else if let Some(manifest) = manifest {
            let before = self.state.clone();
            let failed = self.load(&manifest);
            if let Some((_, it)) = failed.iter().find(|(_, it)| !it.is_lasting() && !is_gone(it)) {
                return self.step_back(before, it, now);
            }
            if before.generation > 0 && failed.iter().any(|(_, it)| is_gone(it)) {
                // Somebody is removing the files while a reader takes over: what it has open is worth more than the rest.
                self.state = before;
                return self.rewrite(now);
            }
            for (entry, it) in &failed {
                self.set_aside(&entry.id.file_name(), it);
            }
            if !failed.is_empty() {
                self.dirty = true;
                self.renumber(manifest.generation + 1);
            }
        }
        self.sweep();
        if self.dirty {
            self.save(now);
        }
    }

    /// The moment is at fault, not a file (too many open files, a failing read): goes on without the disk and touches
    /// nothing there.
    fn step_back(&mut self, before: Arc<StoreState>, it: &StoreError, now: Instant) {
        self.role = Role::Alone;
        self.state = before;
        self.refuse(it, now);
    }

    pub fn load_as_reader(&mut self) {
        let before = self.state.clone();
        // A pack may be removed between reading the manifest and opening it: then there is a newer manifest.
        for _ in 0..5 {
            match self.read_manifest() {
                Ok(Some(manifest)) => {
                    let failed = self.load(&manifest);
                    if !failed.iter().any(|(_, it)| is_gone(it)) {
                        return;
                    }
                }
                // Nothing written yet, or damaged: the writer will see to it.
                Ok(None) | Err(_) => break,
            }
        }
        if before.generation > 0 && !Arc::ptr_eq(&before, &self.state) {
            // Somebody is removing the files: what is open stays, and the manifest is looked at again.
            self.state = before;
            self.manifest_mark = None;
        }
    }

    /// Makes `manifest` the state. Returns the packs that cannot be used; with each, the older ones of its kind are left
    /// out, since what it shadowed in them would come to light again.
    fn load(&mut self, manifest: &Manifest) -> Vec<(PackEntry, StoreError)> {
        let known: HashMap<PackId, Arc<Pack>> = self.state.packs.iter().map(|it| (it.id(), it.clone())).collect();
        let mut failed = Vec::new();
        let mut packs = Vec::new();
        for entry in &manifest.packs {
            let open = match known.get(&entry.id) {
                Some(pack) if !pack.is_damaged() => Ok(pack.clone()),
                _ => open_pack(&*self.disk, entry),
            };
            match open {
                Ok(pack) => packs.push(pack),
                Err(it) => {
                    packs.retain(|it: &Arc<Pack>| it.kind() != entry.kind);
                    failed.push((*entry, it));
                }
            }
        }
        self.disk_generation = self.disk_generation.max(manifest.generation);
        let extra = Arc::new(manifest.extra.clone());
        self.state = Arc::new(StoreState { generation: manifest.generation, packs, extra });
        failed
    }

    /// Gives the state the number `generation`, or the next that no reader has seen.
    pub fn renumber(&mut self, generation: u64) {
        let generation = generation.max(self.disk_generation + 1);
        self.state = Arc::new(StoreState { generation, ..(*self.state).clone() });
    }

    /// Moves a file that cannot be read out of the way, so that a person can look at it, and says so once.
    pub fn set_aside(&mut self, name: &str, why: &StoreError) {
        let notice =
            format!("a part of the index in {} could not be read ({why}); it was set aside", self.disk.place());
        self.notices.push(notice);
        // A missing file has nothing to move; what cannot be moved is swept or replaced later.
        let _ = self.disk.rename(name, &format!("{ASIDE}{name}"));
    }
}

/// Opens a pack and compares it with what the manifest says.
pub(super) fn open_pack(disk: &dyn Disk, entry: &PackEntry) -> Result<Arc<Pack>, StoreError> {
    let name = entry.id.file_name();
    let pack = Pack::open(disk.map(&name)?, &name)?;
    if pack.id() != entry.id || pack.size() != entry.len || pack.kind() != entry.kind {
        return Err(StoreError::damaged(&name, "not the pack of the manifest"));
    }
    Ok(pack)
}

fn is_gone(it: &StoreError) -> bool {
    matches!(it, StoreError::Io(it) if it.kind() == io::ErrorKind::NotFound)
}

fn remedy(it: &StoreError) -> &'static str {
    let StoreError::Io(it) = it else { return "remove the index with `portolan gc`" };
    match it.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "free some space, or choose another place with --cache-dir"
        }
        _ => "make the directory writable, or choose another place with --cache-dir",
    }
}
