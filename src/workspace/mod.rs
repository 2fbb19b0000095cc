//! The one writer: the files of the roots, the crawl that indexes them, and what is published of it.
//! Invariant: state changes on one thread, in order; readers get immutable snapshots. Must not know features or the
//! protocol.

mod ahead;
mod behind;
mod closing;
pub mod crawl;
mod following;
mod governor;
mod handle;
mod keeper;
mod lanes;
pub mod large;
mod merging;
pub mod options;
mod pace;
pub mod preview;
pub mod progress;
mod room;
mod roots;
pub mod rules;
mod seeding;
mod seek;
mod shelf;
pub mod skip;
mod state;
#[cfg(test)]
mod tests;
mod texts;
pub mod typing;
mod watch;
pub mod worker;
mod worktree;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;

use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, RootId};
use crate::base::os::OpenError;
use crate::base::paths::RelPath;
use crate::embed::Embedder;
use crate::index::build::SegmentRecord;
use crate::index::snapshot::Snapshot;
use crate::index::tiered::Kept;
use crate::index::wants::Wants;
use crate::store::tiers::{TierStatistics, Tiers};

pub use ahead::Choose;
pub use large::LargeFile;
pub use options::{LargeFileOptions, MergeOptions, Options, PackOptions, RuleOptions, StatCacheOptions};
pub use pace::{Answering, Pace, PaceOptions, Requests};
pub use progress::{Counters, Event, Progress, Stage};
pub use skip::Skip;
pub use watch::StatCacheStatistics;

/// Why a workspace or a root cannot be opened. The message names the path and the remedy.
#[derive(Debug)]
pub enum WorkspaceError {
    /// No such path.
    Missing(PathBuf),
    /// A file stands where a directory belongs.
    NotDirectory(PathBuf),
    /// The system refused; the second part is its message.
    Unreadable(PathBuf, String),
    /// `/` or the home directory, and nobody said that this is meant.
    TooBroad(PathBuf),
    /// Threads or files of ours could not be made.
    System(String),
}

impl std::fmt::Display for WorkspaceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{}: no such directory; check the path", path.display()),
            Self::NotDirectory(path) => {
                write!(f, "{}: a file, not a directory; give the folder that holds it", path.display())
            }
            Self::Unreadable(path, why) => write!(f, "{}: {why}; check its permissions", path.display()),
            Self::TooBroad(path) => write!(
                f,
                "{}: not indexed, because it holds far more than one project; open a project's folder, or repeat with --force",
                path.display()
            ),
            Self::System(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for WorkspaceError {}

/// One root as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootInfo {
    pub id: RootId,
    pub path: PathBuf,
    /// This process writes its index; else it follows the one that does.
    pub writer: bool,
    /// All that was committed is on disk; else it lives in memory, and a notice says why.
    pub saved: bool,
    /// Where the index lies.
    pub place: String,
}

/// The state of the workspace at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    pub roots: Vec<RootInfo>,
    pub stage: Stage,
    pub progress: Progress,
    /// What turns passages into vectors, if anything does.
    pub embedder: Option<String>,
    /// Passages that ONNX Runtime has embedded in this process; none where it does not run.
    pub passages_made: Option<u64>,
    /// Devices that were tried for it in vain, and why.
    pub refused_devices: Vec<(String, String)>,
    /// Bytes of the process tree (sum of PSS) and its limit.
    pub memory: u64,
    pub memory_limit: u64,
    /// The most bytes seen while indexing, and how many batches had to wait for memory.
    pub memory_peak: u64,
    pub memory_pauses: u64,
    /// Indexing waits until it is let go on.
    pub paused: bool,
    /// How soon a change made elsewhere is seen.
    pub staleness: Duration,
    /// Folders that the system watches for us.
    pub watched: usize,
    /// What the tiers hold and have done.
    pub tiers: TierStatistics,
    /// How `performance.file_stat_cache` does.
    pub stat_cache: StatCacheStatistics,
    /// Changes that were heard of and are not yet looked at.
    pub changes_waiting: u64,
    /// What was done about changes since the start.
    pub changes: Progress,
    /// Files whose parser died or hung, with the reason.
    pub quarantined: Vec<(PathBuf, String)>,
    /// Files that are streamed now, and those that were, with how much of them was new.
    pub large_files: Vec<(PathBuf, LargeFile)>,
    pub notices: Vec<String>,
    /// What each stage of the last pass did, one line each.
    pub profile: Vec<String>,
}

/// One line of `status --files`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLine {
    pub root: RootId,
    /// File, or folder that is left out as a whole.
    pub path: RelPath,
    /// Language id; `-` for what is not indexed.
    pub language: String,
    /// None: indexed.
    pub skip: Option<Skip>,
}

/// An open workspace. Dropping it stops its threads after the running commit.
pub struct Workspace {
    handle: handle::Handle,
}

impl Workspace {
    /// Opens `roots` and starts indexing them in the background. The stored index answers at once.
    ///
    /// # Errors
    /// A root that is missing, no directory, unreadable, or too broad (`/`, the home directory) unless that is allowed.
    pub fn open(roots: Vec<PathBuf>, options: Options) -> Result<Arc<Self>, WorkspaceError> {
        Ok(Arc::new(Self { handle: handle::Handle::start(&roots, options)? }))
    }

    /// The last published state of the index: immutable, cheap to clone.
    pub fn snapshot(&self) -> Snapshot {
        self.handle.snapshot().behind(self.handle.shared.behind.waiting())
    }

    /// Puts an open document's facts in the place of its file's; `path` is absolute, `text` the document's whole text that
    /// the segments tile. Returns the snapshot that has it first. None: the path is outside every root, or all is closing.
    pub fn open_document(
        &self,
        path: &Path,
        lang: &str,
        text: &Arc<str>,
        segments: Vec<SegmentRecord>,
    ) -> Option<Snapshot> {
        self.handle.open_document(path, lang, text, segments)
    }

    /// Makes the vectors that passages of open documents lack; returns when the next snapshot has them. For those who are
    /// about to search by meaning, and for quiet moments: an edit alone does not need them.
    pub fn embed_documents(&self, cancel: &Cancel) {
        self.handle.embed_documents(cancel);
    }

    /// Gives a closed document's place back to its file on disk, which is looked at again: at once where the file is another,
    /// else when it has been looked at.
    pub fn close_document(&self, path: &Path) {
        self.handle.close_document(path);
    }

    /// The innermost root that holds an absolute path, and where in it.
    pub fn place(&self, path: &Path) -> Option<(RootId, RelPath)> {
        self.handle.shared.place(path).map(|(root, path)| (root.id, path))
    }

    /// The path of a root.
    pub fn root_path(&self, root: RootId) -> Option<PathBuf> {
        self.handle.shared.roots().iter().find(|it| it.id == root).map(|it| it.path().to_path_buf())
    }

    /// Reads a file of a root through the one door; at most `cap` bytes.
    ///
    /// # Errors
    /// Why it cannot be read: gone, a link, too large, changed while it was read.
    pub fn read(&self, root: RootId, path: &RelPath, cap: u64) -> Result<Vec<u8>, OpenError> {
        let roots = self.handle.shared.roots();
        let root = roots.iter().find(|it| it.id == root).ok_or(OpenError::NotFound)?;
        root.dir.read(path, cap).map(|(bytes, _)| bytes)
    }

    /// The text of a file on disk, where it is still what was indexed, through the tiers; at most 16 MiB.
    pub fn text_of(&self, snapshot: &Snapshot, file: FileId, root: RootId, path: &RelPath) -> Option<Arc<str>> {
        self.handle.text_of(snapshot, file, root, path)
    }

    /// Brings facts into the tiers that somebody may ask for soon: of the files that `choose` names when it is its turn.
    /// Answers go first. `cancel` withdraws it. False where too much waits already.
    pub fn read_ahead(&self, choose: Choose, cancel: Cancel) -> bool {
        self.handle.ahead.wish(choose, cancel)
    }

    /// The tiers, for benches and tests.
    pub fn cache(&self) -> &Tiers<Kept> {
        self.handle.facts.tiers()
    }

    /// Whether any of some lines is a pattern (as in `.gitignore`).
    pub fn are_patterns(patterns: &[String]) -> bool {
        valid(patterns).is_some()
    }

    /// Files of the index, of all roots, whose path a pattern names (as in `.gitignore`, relative to the root). `None`
    /// where no pattern says anything; not all of them where `cancel` came first.
    pub fn matching(&self, snapshot: &Snapshot, patterns: &[String], cancel: &Cancel) -> Option<Vec<FileId>> {
        let patterns = valid(patterns)?;
        let roots = self.handle.shared.roots();
        let all = roots.iter().flat_map(|root| snapshot.files(root.id));
        let named = |it: &FileId| {
            snapshot.path(*it).is_some_and(|(_, path)| patterns.matched_with_parents(path.as_bytes(), false))
        };
        Some(all.take_while(|_| !cancel.is_cancelled()).filter(named).collect())
    }

    /// Counters, roots, memory, quarantine at this moment.
    pub fn status(&self) -> Status {
        self.handle.status()
    }

    /// The counters alone: cheap.
    pub fn status_progress(&self) -> Progress {
        self.handle.progress()
    }

    /// What the user should know so far: the last 64 notices.
    pub fn notices(&self) -> Vec<String> {
        self.handle.shared.notices()
    }

    /// Events from now on.
    pub fn events(&self) -> Receiver<Event> {
        self.handle.events()
    }

    /// Waits until all roots have reached `stage`; false where `cancel` came first.
    pub fn wait_indexed(&self, stage: Stage, cancel: &Cancel) -> bool {
        self.handle.wait(stage, cancel)
    }

    /// Indexes first, out of turn, what an answer still lacks; `done` hears once whether anything new can be asked now:
    /// at once, on this thread, where the index is complete or the workspace is closing.
    pub fn seek(&self, wants: Wants, cancel: Cancel, done: impl FnOnce(bool) + Send + 'static) {
        self.handle.seek(wants, cancel, Box::new(done));
    }

    /// One more root; indexing it starts at once.
    ///
    /// # Errors
    /// As `open`.
    pub fn add_root(&self, path: &Path) -> Result<RootId, WorkspaceError> {
        self.handle.add_root(path, false)
    }

    /// One more root that the user wants although it is `/` or the home directory.
    ///
    /// # Errors
    /// As `open`, but never `TooBroad`.
    pub fn add_root_anyway(&self, path: &Path) -> Result<RootId, WorkspaceError> {
        self.handle.add_root(path, true)
    }

    /// What turns passages into vectors here, and so must turn questions into them.
    pub fn embedder(&self) -> Option<Arc<dyn Embedder>> {
        self.handle.shared.options.embedder.clone()
    }

    /// Forgets a root: its answers are gone with the next generation, its index stays on disk.
    pub fn remove_root(&self, path: &Path) {
        self.handle.remove_root(path);
    }

    /// Looks at everything again, and tries what is quarantined once more.
    pub fn rescan_all(&self) {
        self.handle.try_again();
    }

    /// Looks at these files and folders again (absolute paths); none: at everything.
    pub fn rescan(&self, paths: Vec<PathBuf>) {
        self.handle.rescan(&paths);
    }

    /// Waits until all that was asked for before (the first pass, `rescan`, changes that were heard of) has been looked at;
    /// false where `cancel` or the end of the workspace came first.
    pub fn settle(&self, cancel: &Cancel) -> bool {
        self.handle.settle(cancel)
    }

    /// The folders that are watched for changes (absolute paths, in their order).
    pub fn watched_folders(&self) -> Vec<PathBuf> {
        self.handle.shared.watch.folders()
    }

    /// Stops indexing after what is in hand, or lets it go on. Open documents, and files that a question needs, are looked
    /// at all the same.
    pub fn pause(&self, paused: bool) {
        self.handle.shared.pace.pause(paused);
    }

    /// Every file and left-out folder with its language or reason, in the order of paths, root after root. Walks the
    /// roots, so that it accounts for what is there now.
    pub fn file_lines(&self, cancel: &Cancel) -> Vec<FileLine> {
        self.handle.file_lines(cancel)
    }

    /// Stops: no new work, the running commit ends, worker processes go.
    pub fn shutdown(&self) {
        self.handle.shutdown();
    }
}

/// Patterns of which at least one says something.
fn valid(patterns: &[String]) -> Option<rules::patterns::Patterns> {
    rules::patterns::Patterns::from_text(patterns.join("\n").as_bytes()).filter(|it| it.has_valid_lines())
}
