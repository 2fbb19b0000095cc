//! One root: its door, its rules, its store and how far it is. Invariant: a root is a directory that was opened once; its
//! path is canonical. Must not know the other roots.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

use dashmap::DashMap;

use super::WorkspaceError;
use super::options::Options;
use super::progress::Stage;
use super::rules::Rules;
use crate::base::cancel::Cancel;
use crate::base::ids::RootId;
use crate::base::os::{EntryKind, OpenError, RootDir, directories};
use crate::base::paths::RelPath;
use crate::store::Store;

/// When something of a root was looked at, among all looks at it: a later one is greater. No time of day, which may be set
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// One root of the workspace.
pub struct Root {
    pub id: RootId,
    pub dir: RootDir,
    pub rules: Rules,
    pub store: Store,
    /// On a file system that tells of no changes made elsewhere.
    pub remote: bool,
    /// Ends all work on it: it was removed, or the workspace closes.
    pub cancel: Cancel,
    /// Held while packs are made and committed, so that their order is that of the looks at the disk.
    pub committing: Mutex<()>,
    /// Held by who merges; and when that last failed, for want of room more often than not.
    pub merging: Mutex<Option<Instant>>,
    /// The index found on disk had come to its end: what it lacks is little, and is found by looking again.
    pub was_indexed: bool,
    stage: AtomicU8,
    /// Files that were noted as suspected since the start: such a note of ours proves nothing as long as we live.
    suspected: DashMap<RelPath, ()>,
    /// The next whole pass tries again what is quarantined.
    again: AtomicBool,
    /// When files and folders were last looked at by the near lane while a whole pass runs.
    touched: DashMap<RelPath, Moment>,
    /// How many moments there have been.
    moments: AtomicU64,
}

impl Root {
    /// Opens the directory and its store.
    ///
    /// # Errors
    /// Missing, no directory, unreadable, or too broad.
    pub fn open(
        path: &Path,
        id: RootId,
        options: &Options,
        broad: bool,
        cancel: Cancel,
    ) -> Result<Self, WorkspaceError> {
        let dir = open_directory(path, broad || options.allow_broad_root)?;
        let rules = Rules::new(&dir, &options.rules);
        let store = super::shelf::open_store(dir.path(), options);
        let mut root = Self {
            id,
            remote: directories::is_remote(dir.path()),
            dir,
            rules,
            store,
            cancel,
            committing: Mutex::new(()),
            merging: Mutex::new(None),
            was_indexed: false,
            stage: AtomicU8::new(Stage::Opened as u8),
            again: AtomicBool::new(false),
            suspected: DashMap::new(),
            touched: DashMap::new(),
            moments: AtomicU64::new(0),
        };
        root.was_indexed = super::shelf::noted(&root).is_some_and(|it| it.0 >= Stage::Indexed);
        Ok(root)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn stage(&self) -> Stage {
        Stage::from_code(self.stage.load(Ordering::Acquire))
    }

    /// Raises the stage; a root never falls back.
    pub fn reach(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, Ordering::AcqRel);
    }

    /// Remembers that a file is noted as suspected.
    pub fn suspect(&self, path: &RelPath) {
        self.suspected.insert(path.clone(), ());
    }

    /// Whether that was done since the start.
    pub fn has_suspected(&self, path: &RelPath) -> bool {
        self.suspected.contains_key(path)
    }

    /// Wishes that the next whole pass tries again what is quarantined.
    pub fn try_again(&self) {
        self.again.store(true, Ordering::Release);
    }

    /// Whether that is wished; the wish is fulfilled then.
    pub fn is_tried_again(&self) -> bool {
        self.again.swap(false, Ordering::AcqRel)
    }

    /// A moment later than all that were asked for before.
    pub fn now(&self) -> Moment {
        Moment(self.moments.fetch_add(1, Ordering::AcqRel))
    }

    /// Notes that the near lane has looked at a file, or begins to look at what is in a folder.
    pub fn touch(&self, path: &RelPath, at: Moment) {
        let mut known = self.touched.entry(path.clone()).or_insert(at);
        *known = at.max(*known);
    }

    /// Whether the near lane has looked at a file, or a folder around it, after `read`.
    pub fn is_newer(&self, path: &RelPath, read: Moment) -> bool {
        let newer = |it: RelPath| self.touched.get(&it).is_some_and(|it| *it > read);
        !self.touched.is_empty() && std::iter::successors(Some(path.clone()), RelPath::parent).any(newer)
    }

    /// Whether the near lane has looked there since `began`, by rules that leave the file out. That a pass which began
    /// before took the file for one that belongs then says nothing, however late it has read it.
    pub fn is_left_out_since(&self, path: &RelPath, began: Moment) -> bool {
        self.is_newer(path, began) && self.rules.judge(&self.dir, path, EntryKind::File).is_some()
    }

    /// Forgets the near lane's looks until `then`: no pass that has read something before is running.
    pub fn forget_touched(&self, then: Moment) {
        self.touched.retain(|_, at| *at > then);
    }

    /// Where an absolute path lies beneath this root.
    pub fn relative(&self, path: &Path) -> Option<RelPath> {
        RelPath::from_path(path.strip_prefix(self.path()).ok()?)
    }
}

/// The directory at `path`, by its canonical path.
fn open_directory(path: &Path, allow_broad: bool) -> Result<RootDir, WorkspaceError> {
    let unreadable = |why: String| WorkspaceError::Unreadable(path.to_path_buf(), why);
    if path.as_os_str().is_empty() {
        return Err(WorkspaceError::Missing(path.to_path_buf()));
    }
    let canonical = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => WorkspaceError::Missing(path.to_path_buf()),
        std::io::ErrorKind::NotADirectory => WorkspaceError::NotDirectory(path.to_path_buf()),
        _ => unreadable(error.to_string()),
    })?;
    if !allow_broad && is_broad(&canonical, directories::home()) {
        return Err(WorkspaceError::TooBroad(canonical));
    }
    let dir = RootDir::open(&canonical).map_err(|error| match error {
        OpenError::NotFound => WorkspaceError::Missing(path.to_path_buf()),
        OpenError::NotRegular(_) => WorkspaceError::NotDirectory(path.to_path_buf()),
        other => unreadable(other.to_string()),
    })?;
    let listed = dir.directory(&RelPath::default()).and_then(|it| it.entries());
    listed.map_err(|error| unreadable(error.to_string()))?;
    Ok(dir)
}

/// `/`, the home directory, and what holds the home directory.
fn is_broad(path: &Path, home: Option<PathBuf>) -> bool {
    let home = home.and_then(|it| it.canonicalize().ok());
    path.parent().is_none() || home.is_some_and(|home| home.starts_with(path))
}

#[cfg(test)]
mod tests {
    use super::is_broad;
    use crate::base::paths::RelPath;
    use crate::workspace::tests::Rig;
    use std::path::Path;

    #[test]
    fn looks_stand_in_the_order_in_which_they_were_begun() {
        let rig = Rig::new();
        let (root, path) = (rig.root(), RelPath::from_bytes(b"folder").unwrap());
        for _ in 0..1_000 {
            let before = root.now();
            root.touch(&path, root.now());
            let after = root.now();
            let inside = path.join(b"file.rs");
            assert_eq!((root.is_newer(&inside, before), root.is_newer(&inside, after)), (true, false));
            // One that took long is told of late.
            root.touch(&path, before);
            assert!(root.is_newer(&path, before));
        }
    }

    #[test]
    fn home_and_what_holds_it_are_too_broad() {
        let home = tempfile::tempdir().unwrap();
        let there = || Some(home.path().to_path_buf());
        let canonical = home.path().canonicalize().unwrap();
        assert!(is_broad(Path::new("/"), None));
        assert!(is_broad(&canonical, there()));
        assert!(is_broad(canonical.parent().unwrap(), there()));
        assert!(!is_broad(&canonical.join("project"), there()));
    }
}
