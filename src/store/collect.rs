//! The cache as a whole: what lies in it, and what may go. Invariants: an index that a process has open is never
//! touched; nothing outside `<cache>/v*/*` is removed, and no link is followed. Must not know what packs hold.

use std::path::{Path, PathBuf};

use super::disk::{Disk, RealDisk};
use super::manifest::{self, MANIFEST, MAX_MANIFEST};
use super::open::LOCK;
use super::pack::FORMAT;
use crate::base::os::private::remove_tree;
use crate::base::os::{PrivateDir, stamp};

/// All indexes of one user together may take this many bytes where nothing else is set.
pub const DISK_BUDGET: u64 = 2 << 30;
/// An index of another version that was not used for this long is removed.
const OTHER_VERSION_NS: i64 = 7 * DAY_NS;
/// An index that was not used for this long is removed.
const UNUSED_NS: i64 = 60 * DAY_NS;
const DAY_NS: i64 = 24 * 3600 * 1_000_000_000;

/// One index of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredIndex {
    /// The root that it was made of; `None` where that cannot be read.
    pub root: Option<PathBuf>,
    pub directory: PathBuf,
    /// Version of the format, by its directory.
    pub format: u32,
    /// Bytes on disk.
    pub bytes: u64,
    /// When a process last opened it, nanoseconds since 1970.
    pub used_ns: i64,
    /// A process has it open for writing.
    pub in_use: bool,
}

/// What to remove.
#[derive(Clone, Debug, Default)]
pub struct CollectOptions {
    /// Only the indexes of this root: its path, the last component of its path, or the name of its directory.
    pub only: Option<String>,
    /// Bytes that may stay; `None` means `DISK_BUDGET`.
    pub budget: Option<u64>,
    /// Nanoseconds without use after which an index is removed; `None` means 60 days.
    pub unused_ns: Option<i64>,
    /// The time to go by; `None` means now.
    pub now_ns: Option<i64>,
}

/// What was removed, and what was meant but could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub removed: Vec<StoredIndex>,
    /// With the reason.
    pub kept: Vec<(StoredIndex, String)>,
}

impl Collected {
    /// Bytes that are free again.
    pub fn bytes(&self) -> u64 {
        self.removed.iter().map(|it| it.bytes).sum()
    }
}

/// All indexes in the cache, by directory. A cache that cannot be read has none.
pub fn list(cache: &Path) -> Vec<StoredIndex> {
    let mut out = Vec::new();
    for (version, path) in directories_in(cache) {
        let Some(format) = version.strip_prefix('v').and_then(|it| it.parse().ok()) else { continue };
        out.extend(directories_in(&path).into_iter().filter_map(|(_, path)| describe(path, format)));
    }
    out
}

/// The directories (no links) in `path`, by name. The cache itself may be a directory that others see, too.
fn directories_in(path: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let is_dir = |it: &std::fs::DirEntry| it.file_type().is_ok_and(|it| it.is_dir());
    let mut out: Vec<_> = entries
        .flatten()
        .filter(is_dir)
        .filter_map(|it| Some((it.file_name().to_str()?.to_owned(), it.path())))
        .collect();
    out.sort();
    out
}

fn describe(directory: PathBuf, format: u32) -> Option<StoredIndex> {
    // An index is opened for description only where it exists: `RealDisk` would make it.
    let files = PrivateDir::open(&directory).ok()?.list().ok()?;
    let disk = RealDisk::new(&directory, None);
    let root = disk.read(MANIFEST, MAX_MANIFEST).ok().and_then(|it| manifest::root_of(&it));
    let used_ns = files.iter().filter(|it| it.name == LOCK).map(|it| it.mtime_ns).max();
    let newest_ns = files.iter().map(|it| it.mtime_ns).max().unwrap_or(0);
    let in_use = files.iter().any(|it| it.name == LOCK) && is_locked(&directory);
    let bytes = files.iter().map(|it| it.size).sum();
    Some(StoredIndex { root, directory, format, bytes, used_ns: used_ns.unwrap_or(newest_ns), in_use })
}

/// Whether a process holds the lock. Asking takes it for a moment, without changing its time of use.
fn is_locked(directory: &Path) -> bool {
    let Ok(fd) = PrivateDir::open(directory).and_then(|it| it.open_lock(LOCK)) else { return false };
    crate::base::os::FileLock::try_exclusive(fd).is_ok_and(|it| it.is_none())
}

/// Removes what is not needed: with `only` the indexes of that root; else those whose root is gone, those of other
/// versions and those long unused, and then the least recently used until the rest is within the budget.
pub fn collect(cache: &Path, options: &CollectOptions) -> Collected {
    let now = options.now_ns.unwrap_or_else(stamp::now_ns);
    let mut out = Collected::default();
    let mut all = list(cache);
    if let Some(name) = &options.only {
        all.retain(|it| is_called(it, name));
        for it in all {
            remove(it, &mut out);
        }
        return out;
    }
    all.sort_by_key(|it| it.used_ns);
    let mut total: u64 = all.iter().map(|it| it.bytes).sum();
    let budget = options.budget.unwrap_or(DISK_BUDGET);
    let unused = options.unused_ns.unwrap_or(UNUSED_NS);
    for it in all {
        // A clock that was set back makes ages negative, and then nothing is old.
        let age = now.saturating_sub(it.used_ns);
        let is_orphan = it.root.as_ref().is_some_and(|root| root.symlink_metadata().is_err());
        let is_old = age > unused || it.format != FORMAT && age > OTHER_VERSION_NS;
        if !it.in_use && (is_orphan || is_old || total > budget) {
            total = total.saturating_sub(it.bytes);
            remove(it, &mut out);
        }
    }
    out
}

/// Whether `name` is the path of the index's root, the last component of that, or the name of the index's directory.
pub fn is_called(it: &StoredIndex, name: &str) -> bool {
    let root = it.root.as_ref();
    it.directory.file_name().is_some_and(|it| it == name)
        || root.is_some_and(|it| it == Path::new(name) || it.file_name().is_some_and(|it| it == name))
}

fn remove(it: StoredIndex, out: &mut Collected) {
    let disk = RealDisk::new(&it.directory, None);
    // Held while its directory goes: whoever comes now waits for nothing and makes a new one.
    match disk.lock(LOCK) {
        Ok(Some(_lock)) => match remove_tree(&it.directory) {
            Ok(()) => out.removed.push(it),
            Err(error) => out.kept.push((it, error.to_string())),
        },
        Ok(None) => out.kept.push((it, "a running process uses it".to_owned())),
        Err(error) => out.kept.push((it, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::directory::StoreOptions;
    use crate::store::{Encoding, PackDraft, Store};

    fn make(cache: &Path, root: &Path, size: usize) -> Store {
        let store = Store::open(root, &StoreOptions { cache_dir: Some(cache.to_path_buf()), ..Default::default() });
        let draft = PackDraft::new(1).section(1, Encoding::Raw, vec![1; size]);
        store.commit(vec![draft.into()], &[], None).unwrap();
        store
    }

    fn roots(all: &[StoredIndex]) -> Vec<String> {
        let name = |it: &StoredIndex| it.root.as_ref()?.file_name()?.to_str().map(str::to_owned);
        let mut out: Vec<_> = all.iter().filter_map(name).collect();
        out.sort();
        out
    }

    #[test]
    fn lists_and_removes_by_name_age_and_budget_but_never_what_is_open() {
        let place = tempfile::tempdir().unwrap();
        let cache = place.path().join("cache");
        for name in ["one", "two", "three", "gone", "open"] {
            std::fs::create_dir(place.path().join(name)).unwrap();
        }
        let open = make(&cache, &place.path().join("open"), 100_000);
        for name in ["one", "two", "three", "gone"] {
            drop(make(&cache, &place.path().join(name), 100_000));
        }
        std::fs::remove_dir(place.path().join("gone")).unwrap();
        std::fs::create_dir(cache.join("v1/stray")).unwrap();
        std::fs::create_dir(cache.join("models")).unwrap();
        assert_eq!(list(&cache).len(), 6);
        assert_eq!(list(&cache).iter().filter(|it| it.in_use).count(), 1);

        let only = CollectOptions { only: Some("two".into()), ..Default::default() };
        assert_eq!(roots(&collect(&cache, &only).removed), ["two"]);
        let only = CollectOptions { only: Some("open".into()), ..Default::default() };
        let kept = collect(&cache, &only).kept;
        assert_eq!(kept[0].1, "a running process uses it");

        assert_eq!(roots(&collect(&cache, &CollectOptions::default()).removed), ["gone"]);
        let tight = CollectOptions { budget: Some(250_000), ..Default::default() };
        assert_eq!(roots(&collect(&cache, &tight).removed), ["one"]);
        let later = CollectOptions { now_ns: Some(stamp::now_ns() + 61 * DAY_NS), ..Default::default() };
        assert_eq!(roots(&collect(&cache, &later).removed), ["three"]);
        assert_eq!(roots(&list(&cache)), ["open"]);
        assert!(cache.join("models").exists() && open.is_saved());
        assert_eq!(list(Path::new("/nowhere")), []);
    }
}
