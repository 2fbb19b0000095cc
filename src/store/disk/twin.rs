//! The disk's twin for tests: all that a real disk may do to us, on demand. It models un-synced data that is lost, torn
//! and reordered writes (sectors of 512 bytes), names that are lost without a directory sync, a full disk, a read-only
//! one, failing reads. Invariant: what was synced survives, nothing else is promised. Must not know packs.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Disk, DiskBytes, DiskEntry, DiskFile, DiskLock, FileMark};

const SECTOR: usize = 512;

/// What an operation answers instead of being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process is dead: nothing more happens. See `after_power_cut` and `after_kill`.
    Dead,
    /// ENOSPC; an append writes a part first.
    NoSpace,
    /// EROFS for all that writes.
    ReadOnly,
    /// EIO, also for reads.
    Io,
}

/// Files in memory that forget as a disk does.
#[derive(Clone, Debug, Default)]
pub struct TwinDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<NameChange>,
    operations: u64,
    /// From which operation to which (excluded) the fault answers.
    plan: Option<(std::ops::Range<u64>, Fault)>,
    capacity: Option<usize>,
    lock_taken: Arc<Mutex<bool>>,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// Ranges of `live` written since the last sync.
    pending: Vec<std::ops::Range<usize>>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Add(String, usize),
    Drop(String),
    Rename(String, String, usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

impl TwinDisk {
    /// An empty, healthy disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// From the `operations`-th operation on (counted over the disk's life), `count` of them answer with `fault`.
    pub fn fail(&self, operations: u64, count: u64, fault: Fault) {
        self.state().plan = Some((operations..operations.saturating_add(count), fault));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        let mut state = self.state();
        state.plan = None;
        state.capacity = None;
    }

    /// The disk holds at most `bytes`.
    pub fn limit(&self, bytes: usize) {
        self.state().capacity = Some(bytes);
    }

    /// How many operations it has seen.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// What another process finds when this one was killed: all that was written, synced or not.
    pub fn after_kill(&self) -> Self {
        let mut state = self.state().clone();
        state.plan = None;
        state.lock_taken = Arc::default();
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// What is found when the power was cut: `seed` chooses what of the un-synced has reached the disk.
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let state = self.state();
        let mut chance = Chance(seed);
        let names = surviving_names(&state, &mut chance);
        let inodes = state.inodes.iter().map(|it| it.after_power_cut(&mut chance)).collect();
        let after = State { inodes, durable_names: names.clone(), names, capacity: state.capacity, ..State::default() };
        Self { state: Arc::new(Mutex::new(after)) }
    }

    /// Changes a file behind everybody's back (a flipped bit, a cut).
    pub fn spoil(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        if let Some(&inode) = state.names.get(name) {
            change(&mut state.inodes[inode].live);
            state.inodes[inode].durable = state.inodes[inode].live.clone();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|it| it.into_inner())
    }

    /// Counts an operation and answers with its fault, if one is planned.
    fn operation(&self, kind: Kind) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        match state.next_fault(kind) {
            Some(fault) => Err(error(fault)),
            None => Ok(state),
        }
    }
}

impl State {
    fn next_fault(&mut self, kind: Kind) -> Option<Fault> {
        let number = self.operations;
        self.operations += 1;
        let (range, fault) = self.plan.as_ref()?;
        let hits = match fault {
            Fault::Dead => number >= range.start,
            Fault::Io => range.contains(&number),
            Fault::NoSpace | Fault::ReadOnly => kind == Kind::Write && range.contains(&number),
        };
        hits.then_some(*fault)
    }

    fn used(&self) -> usize {
        self.names.values().map(|&it| self.inodes[it].live.len()).sum()
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("twin/{name}")))
    }
}

impl Inode {
    fn after_power_cut(&self, chance: &mut Chance) -> Inode {
        let mut content = self.durable.clone();
        // Of eight: nothing arrived, all arrived, or each sector by its own luck.
        let share = [0, 0, 256, 256, 64, 128, 192, 240][chance.below(8)];
        for range in &self.pending {
            let mut at = range.start;
            while at < range.end {
                let end = ((at / SECTOR + 1) * SECTOR).min(range.end);
                let arrived = chance.below(256) < share;
                if arrived || (end > content.len() && chance.below(4) == 0) {
                    if content.len() < end {
                        // A grown file shows zeros, or what lay on the disk before.
                        let stale = if chance.below(2) == 0 { 0 } else { chance.below(256) as u8 };
                        content.resize(end, stale);
                    }
                    if arrived {
                        content[at..end].copy_from_slice(&self.live[at..end]);
                    }
                }
                at = end;
            }
        }
        Inode { live: content.clone(), durable: content, pending: Vec::new() }
    }
}

/// Names after a power cut: the synced ones, and of the later changes a first part (a journal) or any of them.
fn surviving_names(state: &State, chance: &mut Chance) -> BTreeMap<String, usize> {
    let mut names = state.durable_names.clone();
    let in_order = chance.below(2) == 0;
    let upto = chance.below(state.pending_names.len() + 1);
    for (number, change) in state.pending_names.iter().enumerate() {
        let arrived = if in_order { number < upto } else { chance.below(2) == 0 };
        if !arrived {
            continue;
        }
        match change {
            NameChange::Add(name, inode) => drop(names.insert(name.clone(), *inode)),
            NameChange::Drop(name) => drop(names.remove(name)),
            NameChange::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
    names
}

fn error(fault: Fault) -> io::Error {
    match fault {
        Fault::Dead => io::Error::other("twin: the process is dead"),
        Fault::NoSpace => io::ErrorKind::StorageFull.into(),
        Fault::ReadOnly => io::ErrorKind::ReadOnlyFilesystem.into(),
        Fault::Io => io::Error::other("twin: input/output error"),
    }
}

struct TwinFile {
    disk: TwinDisk,
    inode: usize,
}

impl DiskFile for TwinFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let mut fault = state.next_fault(Kind::Write);
        let mut fits = bytes.len();
        if let Some(capacity) = state.capacity {
            fits = fits.min(capacity.saturating_sub(state.used()));
            if fits < bytes.len() {
                fault = fault.or(Some(Fault::NoSpace));
            }
        }
        // A write that fails, or during which the process dies, has been done in part.
        if fault == Some(Fault::ReadOnly) {
            fits = 0;
        } else if fault.is_some() {
            fits = fits.min(bytes.len() / 2);
        }
        let it = &mut state.inodes[self.inode];
        let start = it.live.len();
        it.live.extend_from_slice(&bytes[..fits]);
        it.pending.push(start..start + fits);
        fault.map_or(Ok(()), |it| Err(error(it)))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.operation(Kind::Write)?;
        let it = &mut state.inodes[self.inode];
        it.durable = it.live.clone();
        it.pending.clear();
        Ok(())
    }
}

#[derive(Debug)]
struct Taken(Arc<Mutex<bool>>);

impl Drop for Taken {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(|it| it.into_inner()) = false;
    }
}

impl Disk for TwinDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.operation(Kind::Write)?;
        if state.names.contains_key(name) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("twin/{name}")));
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.names.insert(name.to_owned(), inode);
        state.pending_names.push(NameChange::Add(name.to_owned(), inode));
        Ok(Box::new(TwinFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.operation(Kind::Write)?;
        let inode = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), inode);
        state.pending_names.push(NameChange::Rename(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.operation(Kind::Write)?;
        state.durable_names = state.names.clone();
        state.pending_names.clear();
        Ok(())
    }

    fn read(&self, name: &str, cap: u64) -> io::Result<Vec<u8>> {
        let state = self.operation(Kind::Read)?;
        let content = &state.inodes[state.find(name)?].live;
        if content.len() as u64 > cap {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("twin/{name}: more bytes than expected")));
        }
        Ok(content.clone())
    }

    fn map(&self, name: &str) -> io::Result<DiskBytes> {
        let state = self.operation(Kind::Read)?;
        Ok(DiskBytes::copied(&state.inodes[state.find(name)?].live))
    }

    fn mark(&self, name: &str) -> io::Result<FileMark> {
        let state = self.operation(Kind::Read)?;
        let inode = state.find(name)?;
        Ok((inode as u64, state.inodes[inode].live.len() as u64, 0))
    }

    fn list(&self) -> io::Result<Vec<DiskEntry>> {
        let state = self.operation(Kind::Read)?;
        let size = |inode: usize| state.inodes[inode].live.len() as u64;
        let entries = state.names.iter();
        Ok(entries.map(|(name, &it)| DiskEntry { name: name.clone(), size: size(it), mtime_ns: 0 }).collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.operation(Kind::Write)?;
        if state.names.remove(name).is_some() {
            state.pending_names.push(NameChange::Drop(name.to_owned()));
        }
        Ok(())
    }

    fn lock(&self, _name: &str) -> io::Result<Option<DiskLock>> {
        let state = self.operation(Kind::Write)?;
        let mut taken = state.lock_taken.lock().unwrap_or_else(|it| it.into_inner());
        if *taken {
            return Ok(None);
        }
        *taken = true;
        drop(taken);
        Ok(Some(DiskLock::new(0, Taken(state.lock_taken.clone()))))
    }

    fn holds(&self, _lock: &DiskLock, _name: &str) -> bool {
        true
    }

    fn is_in_place(&self) -> bool {
        true
    }

    fn reopen(&self) -> io::Result<()> {
        Ok(())
    }

    fn revive(&self) -> io::Result<()> {
        self.operation(Kind::Write).map(|_| ())
    }

    fn place(&self) -> String {
        "twin".to_owned()
    }
}

/// A small generator: equal seeds, equal luck.
#[derive(Clone, Copy, Debug)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((it ^ (it >> 31)) % bound.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(disk: &TwinDisk, name: &str, content: &[u8], sync: bool) {
        let mut file = disk.create(name).unwrap();
        file.append(content).unwrap();
        if sync {
            file.sync().unwrap();
        }
    }

    #[test]
    fn what_is_synced_survives_and_the_rest_may_not() {
        let disk = TwinDisk::new();
        write(&disk, "kept", &[7; 5000], true);
        disk.sync_dir().unwrap();
        write(&disk, "loose", &[9; 5000], false);
        write(&disk, "unnamed", &[8; 10], true);
        disk.rename("kept", "moved").unwrap();
        let (mut lost, mut torn, mut whole, mut moved) = (0, 0, 0, 0);
        for seed in 0..500 {
            let after = disk.after_power_cut(seed);
            let name = if after.read("moved", 10_000).is_ok() { "moved" } else { "kept" };
            moved += usize::from(name == "moved");
            assert_eq!(after.read(name, 10_000).unwrap(), [7; 5000]);
            match after.read("loose", 10_000) {
                Err(_) => lost += 1,
                Ok(it) if it == [9; 5000] => whole += 1,
                Ok(_) => torn += 1,
            }
        }
        assert!(lost > 50 && torn > 50 && whole > 20 && moved > 50 && moved < 450, "{lost} {torn} {whole} {moved}");
    }

    #[test]
    fn faults_answer_when_planned_and_equal_seeds_are_equal() {
        let disk = TwinDisk::new();
        write(&disk, "a", b"x", false);
        disk.fail(disk.operations(), 1, Fault::NoSpace);
        assert_eq!(disk.read("a", 9).unwrap(), b"x");
        disk.fail(disk.operations(), 1, Fault::NoSpace);
        assert_eq!(disk.create("b").map(|_| ()).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(disk.create("b").is_ok());
        disk.limit(3);
        assert!(disk.create("c").unwrap().append(&[0; 10]).is_err());
        disk.fail(0, u64::MAX, Fault::Io);
        assert!(disk.read("a", 9).is_err());
        disk.heal();
        assert_eq!(disk.after_power_cut(5).list().unwrap(), disk.after_power_cut(5).list().unwrap());
        assert_eq!(disk.after_kill().read("a", 9).unwrap(), b"x");
    }

    #[test]
    fn one_holds_the_lock() {
        let disk = TwinDisk::new();
        let held = disk.lock("lock").unwrap();
        assert!(held.is_some() && disk.lock("lock").unwrap().is_none());
        drop(held);
        assert!(disk.lock("lock").unwrap().is_some());
    }
}
