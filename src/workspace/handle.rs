//! The door to a workspace's threads. Invariant: nothing here waits for a pass; what waits says so. Must not know how the
//! index is made.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};

use super::ahead::Ahead;
use super::crawl::extract;
use super::crawl::walk::{self, Sight};
use super::governor::Governor;
use super::keeper::Keeper;
use super::lanes::{Lanes, Request, ask_whether_settled};
use super::large::LargeFile;
use super::options::Options;
use super::progress::{Event, Progress, Stage};
use super::roots::Root;
use super::seek::{self, Asked};
use super::skip::Skip;
use super::state::{Command, Lacking, Shared, Writer};
use super::watch::Watch;
use super::{FileLine, RootInfo, Status, WorkspaceError};
use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, RootId};
use crate::base::os::memory;
use crate::base::paths::RelPath;
use crate::base::threads::{self, Intent};
use crate::index::apply::Builder;
use crate::index::build::SegmentRecord;
use crate::index::snapshot::Snapshot;
use crate::index::tiered::TieredFacts;
use crate::index::wants::Wants;

/// How soon a change in a watched folder is seen.
const WATCHED: Duration = Duration::from_secs(2);

/// All threads of an open workspace.
pub(super) struct Handle {
    pub shared: Arc<Shared>,
    lanes: Mutex<Option<Lanes>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    next_root: Mutex<u16>,
    pub facts: Arc<TieredFacts>,
    pub ahead: Ahead,
}

impl Handle {
    pub fn start(roots: &[PathBuf], options: Options) -> Result<Self, WorkspaceError> {
        let (commands, receiver) = unbounded();
        let facts = Arc::new(TieredFacts::new(&options.cache));
        let mut builder = Builder::new(facts.clone());
        let shared = Arc::new(Shared::new(options, commands, builder.publish())?);
        let writer = Writer::new(shared.clone(), builder);
        let thread = threads::spawn("state", Intent::Latency, move || writer.run(&receiver))
            .map_err(|error| WorkspaceError::System(format!("cannot start a thread: {error}")))?;
        if !shared.options.read_only {
            Governor::start(&shared, facts.clone());
        }
        let lanes = Lanes::start(&shared)?;
        if shared.options.follow && shared.options.watch && !shared.options.read_only {
            Watch::start(&shared, lanes.near());
        }
        Keeper::start(&shared)?;
        let ahead = Ahead::default();
        if shared.options.follow {
            ahead.start(&shared, &facts);
        }
        let handle = Self {
            shared,
            lanes: Mutex::new(Some(lanes)),
            writer: Mutex::new(Some(thread)),
            next_root: Mutex::new(0),
            facts,
            ahead,
        };
        for root in roots {
            handle.add_root(root, false)?;
        }
        Ok(handle)
    }

    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    pub fn status(&self) -> Status {
        let shared = &self.shared;
        // The counters tell of the last pass, the index of all that it holds.
        let whole = self.snapshot().completeness();
        let info = |root: &Arc<Root>| RootInfo {
            id: root.id,
            path: root.path().to_path_buf(),
            writer: root.store.is_writer(),
            saved: root.store.is_saved(),
            place: root.store.place(),
        };
        Status {
            roots: shared.roots().iter().map(info).collect(),
            stage: shared.counters.stage(),
            progress: Progress {
                passages_found: whole.passages,
                passages_done: whole.vectors,
                ..shared.counters.read()
            },
            embedder: shared.options.embedder.as_ref().map(|it| it.runs_on()),
            passages_made: shared.options.embedder.as_ref().and_then(|it| it.made()),
            refused_devices: shared.options.embedder.as_ref().map(|it| it.refusals()).unwrap_or_default(),
            memory: memory::pss_of_tree(std::process::id()),
            memory_limit: shared.options.memory_limit,
            memory_peak: shared.governor.seen().0,
            memory_pauses: shared.governor.seen().1,
            paused: shared.pace.is_paused(),
            staleness: if shared.watch.is_complete() { WATCHED } else { shared.options.rescan_interval },
            watched: shared.watch.folders().len(),
            tiers: self.facts.tiers().statistics(),
            stat_cache: shared.watch.stamps.statistics(),
            changes_waiting: shared.behind.waiting(),
            changes: shared.near_counters.read(),
            quarantined: self.quarantined(),
            large_files: self.large_files(),
            notices: notices(shared),
            profile: shared.profile.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    fn large_files(&self) -> Vec<(PathBuf, LargeFile)> {
        let roots = self.shared.roots();
        let of = |it: LargeFile| {
            let root = roots.iter().find(|root| root.id == it.root)?;
            Some((it.path.under(root.path()), it))
        };
        self.shared.large.list().into_iter().filter_map(of).collect()
    }

    fn quarantined(&self) -> Vec<(PathBuf, String)> {
        let snapshot = self.snapshot();
        let mut out = Vec::new();
        for root in self.shared.roots() {
            for id in snapshot.files_skipped_as(root.id, Skip::Quarantined(String::new()).code()) {
                let skip = snapshot.stored(id).as_ref().and_then(extract::skip_of);
                if let (Some(Skip::Quarantined(why)), Some((_, path))) = (skip, snapshot.path(id)) {
                    out.push((path.under(root.path()), why));
                }
            }
        }
        out.sort();
        out
    }

    pub fn progress(&self) -> Progress {
        self.shared.counters.read()
    }

    pub fn events(&self) -> Receiver<Event> {
        self.shared.events.listen()
    }

    pub fn wait(&self, stage: Stage, cancel: &Cancel) -> bool {
        self.shared.wait(stage, cancel)
    }

    pub fn add_root(&self, path: &Path, broad: bool) -> Result<RootId, WorkspaceError> {
        let mut next = self.next_root.lock().unwrap_or_else(PoisonError::into_inner);
        let root = Arc::new(Root::open(path, RootId(*next), &self.shared.options, broad, self.shared.cancel.child())?);
        let known = self.shared.roots().into_iter().find(|it| it.path() == root.path());
        if let Some(known) = known {
            return Ok(known.id);
        }
        *next += 1;
        self.shared.roots.write().unwrap_or_else(PoisonError::into_inner).push(root.clone());
        self.shared.restage();
        self.shared.drain_store(&root);
        self.shared.ask(|done| Command::AddRoot(root.clone(), done));
        if !root.store.is_writer() {
            self.shared.follow(&root);
        }
        if !self.shared.options.read_only {
            self.request(Request::Whole(root.clone()));
        }
        Ok(root.id)
    }

    pub fn remove_root(&self, path: &Path) {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let mut roots = self.shared.roots.write().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = roots.iter().position(|it| it.path() == path) else { return };
        let root = roots.remove(at);
        drop(roots);
        root.cancel.cancel();
        self.shared.watch.leave(root.path());
        // The walk of a root around it watches it again.
        if let Some((around, inside)) = self.shared.place(root.path()) {
            self.request(Request::Near(around, inside));
        }
        self.shared.ask(|done| Command::RemoveRoot(root.id, done));
        // Requests that wait may hold the root for long; who opens the folder again must find its index free.
        root.store.let_go();
        self.shared.restage();
    }

    pub fn try_again(&self) {
        self.shared.roots().iter().for_each(|root| root.try_again());
        self.rescan(&[]);
    }

    pub fn rescan(&self, paths: &[PathBuf]) {
        if paths.is_empty() {
            for root in self.shared.roots() {
                root.rules.forget();
                self.request(Request::Whole(root));
            }
        }
        for (root, path) in super::state::places(&self.shared, paths) {
            self.request(Request::Near(root, path));
        }
    }

    pub fn settle(&self, cancel: &Cancel) -> bool {
        let asked = match &*self.lanes.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(lanes) => lanes.settle(),
            None => return false,
        };
        if !both_answer(&asked, cancel) {
            return false;
        }
        // What these have left to the other two.
        let later = match &*self.shared.later.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(later) => ask_whether_settled([&later.long, &later.slow]),
            None => return false,
        };
        both_answer(&later, cancel)
    }

    pub fn seek(&self, wants: Wants, cancel: Cancel, done: Box<dyn FnOnce(bool) + Send>) {
        let asked = Asked { wants, cancel, done };
        let refused = match &*self.lanes.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(lanes) if self.shared.roots().iter().any(|it| seek::is_waited_for(it)) => lanes.seek(asked),
            _ => Some(asked),
        };
        if let Some(asked) = refused {
            (asked.done)(false);
        }
    }

    fn request(&self, request: Request) {
        if let Some(lanes) = &*self.lanes.lock().unwrap_or_else(PoisonError::into_inner) {
            if matches!(request, Request::Near(..)) {
                self.shared.behind.ask();
            }
            lanes.ask(request);
        }
    }

    pub fn open_document(
        &self,
        path: &Path,
        lang: &str,
        text: &Arc<str>,
        segments: Vec<SegmentRecord>,
    ) -> Option<Snapshot> {
        let (root, path) = self.shared.place(path)?;
        if let Some(folder) = path.parent() {
            self.shared.watch.prefer(&root, &folder, &self.shared);
        }
        let (root, lang, text) = (root.id, lang.to_owned(), text.clone());
        self.shared.closing.open(root, &path.clone(), || {
            self.shared.ask(|done| Command::OpenDocument { root, path, lang, text, segments, done })
        })
    }

    pub fn text_of(&self, snapshot: &Snapshot, file: FileId, root: RootId, path: &RelPath) -> Option<Arc<str>> {
        let indexed = snapshot.stored(file)?.hash;
        let root = self.shared.roots().into_iter().find(|it| it.id == root)?;
        super::texts::text_of(&self.facts, &root, path, snapshot.lang(file), indexed)
    }

    pub fn embed_documents(&self, cancel: &Cancel) {
        match &self.shared.options.embedder {
            // Whoever publishes does not wait for it.
            Some(embedder) if embedder.is_slow() => self.shared.lacks(Lacking::Documents),
            Some(_) => self.shared.embed_documents(cancel),
            None => {}
        }
    }

    pub fn close_document(&self, path: &Path) {
        let Some((root, path)) = self.shared.place(path) else { return };
        if self.is_on_disk(&root, &path) {
            self.shared.closing.wait(root.id, path.clone());
        } else {
            self.shared.close(root.id, path.clone());
        }
        self.request(Request::Near(root, path));
    }

    /// Whether an open document is what its file holds now.
    fn is_on_disk(&self, root: &Root, path: &RelPath) -> bool {
        let snapshot = self.snapshot();
        let text = snapshot.file(root.id, path).and_then(|it| snapshot.open_text(it));
        let is_same = |text: &Arc<str>| {
            let stored = root.dir.read(path, text.len() as u64 + 1);
            stored.is_ok_and(|(bytes, _)| bytes == text.as_bytes())
        };
        text.as_ref().is_some_and(is_same)
    }

    pub fn file_lines(&self, cancel: &Cancel) -> Vec<FileLine> {
        let mut out = Vec::new();
        for root in self.shared.roots() {
            let Ok(pool) = self.shared.walk_pool() else { return out };
            let all = walk::all(&pool, &root.dir, &root.rules, cancel);
            let snapshot = self.snapshot();
            let mut lines: Vec<FileLine> = all.into_iter().map(|sight| file_line(&root, &snapshot, sight)).collect();
            lines.sort_by(|a, b| a.path.cmp(&b.path));
            out.extend(lines);
        }
        out
    }

    pub fn shutdown(&self) {
        self.shared.cancel.cancel();
        self.shared.events.send(&Event::Closed);
        self.shared.watch.stop();
        // The crawls end when nobody can ask them any more.
        *self.shared.whole.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.shared.later.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.shared.vectors.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(lanes) = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).take() {
            lanes.join();
        }
        self.ahead.stop();
        self.shared.keeper.stop();
        self.shared.governor.stop();
        let _ = self.shared.commands.send(Command::Shutdown);
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }
}

/// Waits for two answers; false where `cancel` or the end of the workspace came first.
fn both_answer(settled: &Receiver<()>, cancel: &Cancel) -> bool {
    let mut answers = 0;
    while answers < 2 {
        match settled.recv_timeout(Duration::from_millis(20)) {
            Ok(()) => answers += 1,
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return false,
            Err(crossbeam_channel::RecvTimeoutError::Timeout) if cancel.is_cancelled() => return false,
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
        }
    }
    true
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn file_line(root: &Root, snapshot: &Snapshot, sight: Sight) -> FileLine {
    let none = || "-".to_owned();
    match sight {
        Sight::Left { path, skip } => FileLine { root: root.id, path, language: none(), skip: Some(skip) },
        Sight::File { path, .. } => {
            let stored = snapshot.file(root.id, &path).and_then(|id| snapshot.stored(id));
            let skip = stored.as_ref().map_or(Some(Skip::Pending), extract::skip_of);
            let language = stored.filter(|_| skip.is_none()).map_or_else(none, |it| it.lang);
            FileLine { root: root.id, path, language, skip }
        }
    }
}

/// Those of the workspace, and what its embedder has to say.
fn notices(shared: &Shared) -> Vec<String> {
    let of_model = shared.options.embedder.as_ref().map(|it| it.notices()).unwrap_or_default();
    let mut out = shared.notices();
    out.extend(of_model.into_iter().filter(|it| !shared.notices().contains(it)));
    out
}
