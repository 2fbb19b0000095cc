//! Where the index of a root lies: `<cache>/v<format>/<name>-<hash of root and settings>/`. Invariants: only under the
//! user's own cache, 0700, never inside a workspace; another format or other index-shaping settings are another
//! directory, so that versions do not disturb each other. Must not know what packs hold.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, MemoryDisk, RealDisk};
use super::manifest::{MANIFEST, MAX_MANIFEST, Manifest};
use super::open::Store;
use super::pack::FORMAT;
use crate::base::hash::Key;
use crate::base::os::{PrivateDir, directories};

/// How to keep an index.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The cache's directory; `None` means the user's own.
    pub cache_dir: Option<PathBuf>,
    /// Keep nothing on disk and read nothing from it.
    pub in_memory: bool,
    /// Take no lock and change nothing: for commands that look at an index beside a running writer, or at none.
    pub read_only: bool,
    /// Hash of the settings that shape an index: see `manifest::shape`.
    pub settings: Key,
    /// Packs may be mapped; else they are read into memory.
    pub use_mmap: bool,
    /// Smaller packs, in bytes, are read all the same.
    pub least_mapped: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            cache_dir: None,
            in_memory: false,
            read_only: false,
            settings: Key([0; 16]),
            use_mmap: true,
            least_mapped: 0,
        }
    }
}

impl Store {
    /// Opens the index of `root` (a canonical path). Never fails: where nothing can be written, the index lives in
    /// memory, and `notices` says why.
    pub fn open(root: &Path, options: &StoreOptions) -> Self {
        let name = root.as_os_str().as_bytes();
        let (disk, notice) = disk_of(root, options);
        let it = if options.read_only { Self::look_at(disk, name) } else { Self::on(disk, name) };
        notice.into_iter().for_each(|text| it.notice(text));
        it
    }

    /// Whether the index of `root` holds anything, as its manifest says; no pack is opened.
    pub fn is_kept(root: &Path, options: &StoreOptions) -> bool {
        let manifest = disk_of(root, options).0.read(MANIFEST, MAX_MANIFEST);
        let manifest = manifest.ok().and_then(|bytes| Manifest::decode(&bytes, MANIFEST).ok());
        manifest.is_some_and(|it| !it.packs.is_empty())
    }
}

/// Where the index of `root` lies, and what is to be said of that.
fn disk_of(root: &Path, options: &StoreOptions) -> (Arc<dyn Disk>, Option<String>) {
    if options.in_memory {
        return (Arc::new(MemoryDisk::new()), None);
    }
    let (cache, notice) = cache_directory(options.cache_dir.as_deref());
    let Some(cache) = cache else { return (Arc::new(MemoryDisk::new()), notice) };
    let path = index_directory(&cache, root, options.settings);
    let may_map = options.use_mmap.then_some(options.least_mapped);
    (Arc::new(RealDisk::new(&path, may_map)), notice)
}

/// The directory of the index of `root` (a canonical path) in the cache `cache`.
pub fn index_directory(cache: &Path, root: &Path, settings: Key) -> PathBuf {
    let key = Key::of("index", &[root.as_os_str().as_bytes(), &settings.0]).to_hex();
    // The root's own name is for people who look into the cache; the hash alone tells roots apart.
    let name = root.file_name().map_or(&b"root"[..], |it| it.as_bytes());
    let plain = |&byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let name: String = name.iter().map(|it| if plain(it) { char::from(*it) } else { '_' }).take(40).collect();
    cache.join(format!("v{FORMAT}")).join(format!("{name}-{key}"))
}

/// The cache to use: the one named, else the user's. One on a network disk is replaced by a local directory of this
/// user, since locks and maps cannot be trusted there. `None`: there is no place; the notice says why.
pub fn cache_directory(named: Option<&Path>) -> (Option<PathBuf>, Option<String>) {
    let Some(path) = named.map(Path::to_path_buf).or_else(directories::user_cache) else {
        let notice = "the index is kept in memory only: there is no home directory; set HOME or use --cache-dir";
        return (None, Some(notice.to_owned()));
    };
    // What does not exist yet lies where its nearest existing parent lies.
    let existing = path.ancestors().find(|it| it.exists()).unwrap_or(Path::new("/"));
    if !directories::is_remote(existing) {
        return (Some(path), None);
    }
    let local = directories::local_fallback();
    if !directories::is_remote(Path::new("/var/tmp")) && PrivateDir::create(&local).is_ok() {
        let notice = format!("{} lies on a network disk: the index is in {}", path.display(), local.display());
        return (Some(local), Some(notice));
    }
    let notice = format!(
        "the index is kept in memory only: {} lies on a network disk; name a local directory with --cache-dir",
        path.display()
    );
    (None, Some(notice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Encoding, PackDraft};

    fn options(cache: &Path) -> StoreOptions {
        StoreOptions { cache_dir: Some(cache.to_path_buf()), ..StoreOptions::default() }
    }

    fn commit(store: &Store, text: &str) {
        let draft = PackDraft::new(1).section(1, Encoding::Raw, text.as_bytes().to_vec());
        store.commit(vec![draft.into()], &[], None).unwrap();
    }

    #[test]
    fn each_root_and_each_setting_has_its_own_directory() {
        let cache = Path::new("/c");
        let key = Key([1; 16]);
        let mut all = vec![
            index_directory(cache, Path::new("/a/b"), key),
            index_directory(cache, Path::new("/a/b "), key),
            index_directory(cache, Path::new("/x/b"), key),
            index_directory(cache, Path::new("/a/b"), Key([2; 16])),
            index_directory(cache, Path::new("/"), key),
        ];
        assert!(all[0].to_str().unwrap().starts_with("/c/v1/b-"), "{all:?}");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn an_index_on_a_real_disk_is_mapped_locked_and_found_again() {
        let place = tempfile::tempdir().unwrap();
        let (cache, root) = (place.path().join("cache"), Path::new("/some/root"));
        let first = Store::open(root, &options(&cache));
        assert!(first.is_writer() && first.notices().is_empty());
        commit(&first, "hello");
        assert!(first.is_saved());
        let second = Store::open(root, &options(&cache));
        assert!(!second.is_writer());
        assert_eq!(&*second.state().packs[0].section(1).unwrap(), b"hello");
        commit(&first, "more");
        assert_eq!(second.refresh().unwrap().packs.len(), 2);
        drop(first);
        second.refresh();
        assert!(second.is_writer());
        // The whole cache is removed under a running process.
        std::fs::remove_dir_all(&cache).unwrap();
        second.refresh();
        assert!(second.is_saved() && second.is_writer(), "{:?}", second.notices());
        drop(second);
        assert_eq!(Store::open(root, &options(&cache)).state().packs.len(), 2);
    }

    #[test]
    fn a_reader_finds_a_removed_index_again_or_makes_it() {
        let place = tempfile::tempdir().unwrap();
        let (cache, root) = (place.path().join("cache"), Path::new("/some/root"));
        let writer = Store::open(root, &options(&cache));
        commit(&writer, "hello");
        let reader = Store::open(root, &options(&cache));
        let onlooker = Store::open(root, &StoreOptions { read_only: true, ..options(&cache) });
        std::fs::remove_dir_all(&cache).unwrap();
        // The reader leaves it to the writer, and answers from what it has open.
        assert!(reader.refresh().is_none() && !reader.is_writer() && !cache.exists());
        assert_eq!(&*reader.state().packs[0].section(1).unwrap(), b"hello");
        writer.refresh();
        commit(&writer, "more");
        assert_eq!((reader.refresh().unwrap().packs.len(), onlooker.refresh().unwrap().packs.len()), (2, 2));
        // Nobody makes it anew: the reader does, after a while.
        let begun = std::time::Instant::now();
        std::fs::remove_dir_all(&cache).unwrap();
        reader.refresh_at(begun);
        drop(writer);
        reader.refresh_at(begun + std::time::Duration::from_secs(1));
        assert!(!reader.is_writer() && !cache.exists());
        reader.refresh_at(begun + std::time::Duration::from_secs(6));
        assert!(reader.is_writer() && reader.is_saved());
        assert_eq!(Store::open(root, &options(&cache)).state().packs.len(), 2);
    }

    #[test]
    fn what_a_reader_has_open_stays_while_files_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let (cache, root) = (place.path().join("cache"), Path::new("/some/root"));
        let writer = Store::open(root, &options(&cache));
        commit(&writer, "hello");
        let reader = Store::open(root, &options(&cache));
        commit(&writer, "more");
        // The manifest still names what is gone already.
        let there = index_directory(&cache, root, Key([0; 16]));
        for it in std::fs::read_dir(&there).unwrap().map(|it| it.unwrap().path()) {
            if it.extension().is_some_and(|it| it == "pack") {
                std::fs::remove_file(it).unwrap();
            }
        }
        reader.refresh();
        assert_eq!(&*reader.state().packs[0].section(1).unwrap(), b"hello");
        drop(writer);
        reader.refresh();
        assert!(reader.is_writer() && reader.is_saved());
        assert_eq!(&*Store::open(root, &options(&cache)).state().packs[0].section(1).unwrap(), b"hello");
    }

    #[test]
    fn whoever_takes_over_an_emptied_directory_writes_what_it_has_open() {
        let place = tempfile::tempdir().unwrap();
        let (cache, root) = (place.path().join("cache"), Path::new("/some/root"));
        let writer = Store::open(root, &options(&cache));
        commit(&writer, "hello");
        let reader = Store::open(root, &options(&cache));
        let there = index_directory(&cache, root, Key([0; 16]));
        std::fs::read_dir(&there).unwrap().for_each(|it| std::fs::remove_file(it.unwrap().path()).unwrap());
        drop(writer);
        reader.refresh();
        assert!(reader.is_writer() && reader.is_saved());
        assert_eq!(&*Store::open(root, &options(&cache)).state().packs[0].section(1).unwrap(), b"hello");
    }

    #[test]
    fn in_memory_nothing_is_written() {
        let place = tempfile::tempdir().unwrap();
        let cache = place.path().join("cache");
        let store = Store::open(Path::new("/r"), &StoreOptions { in_memory: true, ..options(&cache) });
        commit(&store, "text");
        assert_eq!(&*store.state().packs[0].section(1).unwrap(), b"text");
        assert!(!cache.exists() && store.is_writer() && store.notices().is_empty());
    }

    #[test]
    fn an_onlooker_changes_nothing_and_follows() {
        let place = tempfile::tempdir().unwrap();
        let cache = place.path().join("cache");
        let look = || Store::open(Path::new("/r"), &StoreOptions { read_only: true, ..options(&cache) });
        let early = look();
        assert!(!cache.exists() && early.state().packs.is_empty() && early.notices().is_empty());
        let writer = Store::open(Path::new("/r"), &options(&cache));
        assert!(writer.is_writer() && !early.is_writer());
        commit(&writer, "one");
        assert_eq!((early.refresh().unwrap().packs.len(), look().state().packs.len()), (1, 1));
        drop(writer);
        early.refresh();
        assert!(!early.is_writer());
        let draft = PackDraft::new(1).section(1, Encoding::Raw, Vec::new());
        assert!(early.commit(vec![draft.into()], &[], None).is_err());
    }

    #[test]
    fn a_file_where_the_directory_belongs_is_said_and_survived() {
        let place = tempfile::tempdir().unwrap();
        let cache = place.path().join("cache");
        std::fs::write(&cache, "").unwrap();
        let store = Store::open(Path::new("/r"), &options(&cache));
        commit(&store, "text");
        let notices = store.notices();
        assert!(
            notices.len() == 1 && notices[0].contains("cache") && notices[0].contains("--cache-dir"),
            "{notices:?}"
        );
        assert!(store.is_writer() && !store.is_saved());
        std::fs::remove_file(&cache).unwrap();
        store.refresh_at(std::time::Instant::now() + super::super::RETRY);
        assert!(store.is_saved());
    }
}
