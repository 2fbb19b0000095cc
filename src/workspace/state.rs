//! The writer thread and what it publishes. Invariant: only this thread changes the index in memory; all others read what
//! it has published. Packs are made and written by the crawl's threads; here they only become visible, in their order.
//! Must not know features or the protocol.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};

use super::WorkspaceError;
use super::behind::Behind;
use super::closing::Closing;
use super::crawl::record;
use super::governor::Governor;
use super::keeper::Keeper;
use super::lanes::Request;
use super::large::LargeFiles;
use super::options::Options;
use super::pace::Pace;
use super::progress::{Counters, Event, Events, Progress, Stage};
pub(super) use super::roots::Root;
use super::seek::Turn;
use super::shelf::{self, Lot};
use super::watch::Watch;
use crate::base::cancel::Cancel;
use crate::base::ids::RootId;
use crate::base::paths::RelPath;
use crate::index::apply::{Builder, UsedVectors};
use crate::index::bits::BitSet;
use crate::index::build::SegmentRecord;
use crate::index::snapshot::Snapshot;
use crate::index::source::VECTORS;
use crate::index::stamps::StampsView;
use crate::index::vectors::{VectorRun, VectorView};
use crate::index::view::PackView;
use crate::store::pack::PackId;

/// Most notices that are kept.
const NOTICES: usize = 64;

/// Which crawl looks: the one over all, the one over what somebody waits for, or those that take what these would have to
/// wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Whole,
    Near,
    /// Long files, which are streamed.
    Large,
    /// Texts that their parsers do not get done with soon.
    Slow,
}

/// Packs that have become part of a store.
pub(super) struct Fresh {
    pub root: RootId,
    pub facts: Option<(PackId, Arc<PackView>)>,
    pub vectors: Option<(PackId, Arc<VectorView>)>,
    pub spare: Option<(PackId, Arc<PackView>)>,
    pub stamps: Option<(PackId, Arc<StampsView>)>,
    /// Packs that they replace.
    pub removed: Vec<PackId>,
    pub removed_vectors: Vec<PackId>,
    pub removed_spares: Vec<PackId>,
    pub removed_stamps: Vec<PackId>,
}

impl Fresh {
    /// Nothing yet.
    pub fn of(root: RootId) -> Self {
        let [removed, removed_vectors, removed_spares, removed_stamps] = [const { Vec::new() }; 4];
        let (facts, vectors, spare, stamps) = (None, None, None, None);
        Self { root, facts, vectors, spare, stamps, removed, removed_vectors, removed_spares, removed_stamps }
    }
}

/// What a merge has to know of the packs that it is of.
pub(super) enum Alive {
    /// Facts: the files that are the last word on their path; and the bytes of source of all files of the root.
    Files(Vec<(PackId, Arc<PackView>, BitSet)>, u64),
    /// Vectors: the runs in use; and how many vectors of the root are.
    Runs(Vec<(PackId, UsedVectors)>, u64),
}

/// What the writer is asked to do.
pub(super) enum Command {
    AddRoot(Arc<Root>, Sender<()>),
    RemoveRoot(RootId, Sender<()>),
    Apply(Fresh, Sender<()>),
    /// Packs of other indexes, to be asked by content alone.
    Seed(RootId, Vec<Fresh>, Sender<()>),
    Unseed(RootId, Vec<PackId>, Sender<()>),
    /// Files that were found and could not be indexed; whether the walk came to its end.
    Walked(RootId, u64, bool, Sender<()>),
    /// A root's store holds other packs than those that were taken in.
    News(Arc<Root>, Sender<()>),
    /// Packs that turned out to be unreadable.
    Lost(RootId, Vec<PackId>, Sender<()>),
    OpenDocument {
        root: RootId,
        path: RelPath,
        lang: String,
        text: Arc<str>,
        segments: Vec<SegmentRecord>,
        done: Sender<Snapshot>,
    },
    /// Vectors of open documents' passages.
    DocumentVectors {
        all: Vec<(RootId, RelPath, Vec<VectorRun>)>,
        done: Sender<()>,
    },
    CloseDocument {
        root: RootId,
        path: RelPath,
        done: Sender<()>,
    },
    /// What is alive of some packs of a kind, in their order.
    Alive(RootId, u32, Vec<PackId>, Sender<Alive>),
    Shutdown,
}

impl Command {
    /// The root whose index it changes, where it comes from work that may outlive the root.
    fn root(&self) -> Option<RootId> {
        match self {
            Self::Apply(it, _) => Some(it.root),
            Self::Seed(root, ..) | Self::Walked(root, ..) | Self::Lost(root, ..) => Some(*root),
            Self::News(it, _) => Some(it.id),
            _ => None,
        }
    }
}

/// What lacks vectors that take long to make.
pub(super) enum Lacking {
    Files(Arc<Root>),
    Documents,
}

/// The queues of the crawls that take what others do not wait for.
pub(super) struct Later {
    pub long: Sender<Request>,
    pub slow: Sender<Request>,
}

/// What all threads of a workspace share.
pub struct Shared {
    pub options: Options,
    pub counters: Counters,
    /// What the near lane did since the start.
    pub(super) near_counters: Counters,
    pub(super) behind: Behind,
    pub(super) closing: Closing,
    pub events: Events,
    pub(super) watch: Watch,
    pub(super) governor: Governor,
    pub(super) keeper: Keeper,
    /// Questions go before the pass over everything.
    pub(super) questions: Turn,
    /// Work that nobody waits for asks here first.
    pub(super) pace: Arc<Pace>,
    pub cancel: Cancel,
    pub roots: RwLock<Vec<Arc<Root>>>,
    /// For decoding and embedding.
    pub compute: rayon::ThreadPool,
    pub(super) commands: Sender<Command>,
    /// Where requests for whole passes go, while the crawls run.
    pub(super) whole: Mutex<Option<Sender<Request>>>,
    /// Where the other crawls send long files, and texts that take long, while the crawls run.
    pub(super) later: Mutex<Option<Later>>,
    pub(super) large: LargeFiles,
    published: ArcSwap<Snapshot>,
    stage_changed: (Mutex<()>, Condvar),
    notices: Mutex<VecDeque<String>>,
    pub(super) profile: Mutex<Vec<String>>,
    /// Held while open documents get their vectors, so that it is not done twice.
    pub(super) embedding: Mutex<()>,
    /// Held while files get the vectors that they lack, for the same reason.
    pub(super) filling: Mutex<()>,
    /// Where work for an embedder goes that takes long, while the crawls run.
    pub(super) vectors: Mutex<Option<Sender<Lacking>>>,
    told: Mutex<Instant>,
}

impl Shared {
    pub(super) fn new(options: Options, commands: Sender<Command>, first: Snapshot) -> Result<Self, WorkspaceError> {
        let compute = background_pool("compute", cores(options.workers))?;
        Ok(Self {
            governor: Governor::new(options.memory_limit),
            keeper: Keeper::default(),
            questions: Turn::default(),
            pace: Arc::new(Pace::new(&options.pace_in_force(), options.requests.clone())),
            watch: Watch::new(options.most_watched, &options.stat_cache),
            options,
            counters: Counters::default(),
            near_counters: Counters::default(),
            behind: Behind::default(),
            closing: Closing::default(),
            events: Events::default(),
            cancel: Cancel::new(),
            roots: RwLock::default(),
            compute,
            commands,
            whole: Mutex::default(),
            later: Mutex::default(),
            large: LargeFiles::default(),
            published: ArcSwap::from_pointee(first),
            stage_changed: Default::default(),
            notices: Mutex::default(),
            profile: Mutex::default(),
            embedding: Mutex::default(),
            filling: Mutex::default(),
            vectors: Mutex::default(),
            told: Mutex::new(Instant::now()),
        })
    }

    /// The last published state.
    pub fn snapshot(&self) -> Snapshot {
        (**self.published.load()).clone()
    }

    /// The same, with all that commits under way bring into `root`: what it has not is held against what is known by now.
    pub(super) fn snapshot_between_commits(&self, root: &Root) -> Snapshot {
        let _order = root.committing.lock().unwrap_or_else(PoisonError::into_inner);
        self.snapshot()
    }

    /// Threads that walk and that read.
    pub fn walkers(&self) -> usize {
        cores(self.options.walkers)
    }

    /// Threads for one walk; they go with it.
    pub(super) fn walk_pool(&self) -> Result<rayon::ThreadPool, WorkspaceError> {
        background_pool("walk", self.walkers())
    }

    /// Keeps a notice and tells the listeners; the same one is told once.
    pub fn notice(&self, text: &str) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.iter().any(|it| it == text) {
            return;
        }
        if notices.len() >= NOTICES {
            notices.pop_front();
        }
        notices.push_back(text.to_owned());
        drop(notices);
        self.events.send(&Event::Notice(text.to_owned()));
    }

    /// The notices kept.
    pub fn notices(&self) -> Vec<String> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Tells the listeners how far the crawl is, at most ten times a second.
    pub fn tell_progress(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= Duration::from_millis(100) {
            *told = Instant::now();
            self.events.send(&Event::Progress(self.counters.read()));
        }
    }

    /// All roots.
    pub fn roots(&self) -> Vec<Arc<Root>> {
        self.roots.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The innermost root that holds an absolute path, and where in it.
    pub fn place(&self, path: &std::path::Path) -> Option<(Arc<Root>, RelPath)> {
        let roots = self.roots();
        let held = roots.iter().filter_map(|root| Some((root.clone(), root.relative(path)?)));
        held.max_by_key(|(root, _)| root.path().as_os_str().len())
    }

    /// A root has come to `stage`.
    pub fn reach(&self, root: &Root, stage: Stage) {
        root.reach(stage);
        let _guard = self.stage_changed.0.lock().unwrap_or_else(PoisonError::into_inner);
        let least = self.roots().iter().map(|it| it.stage()).min();
        self.counters.set_stage(least.unwrap_or(Stage::Embedded));
        self.stage_changed.1.notify_all();
    }

    /// Recomputes the stage of all roots after one has come or gone.
    pub(super) fn restage(&self) {
        let _guard = self.stage_changed.0.lock().unwrap_or_else(PoisonError::into_inner);
        let least = self.roots().iter().map(|it| it.stage()).min();
        self.counters.set_stage(least.unwrap_or(Stage::Embedded));
        self.stage_changed.1.notify_all();
    }

    /// Waits for a stage of all roots; false where `cancel` or the end of the workspace came first.
    pub fn wait(&self, stage: Stage, cancel: &Cancel) -> bool {
        let (lock, changed) = &self.stage_changed;
        let mut guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.counters.stage() < stage {
            if cancel.is_cancelled() || self.cancel.is_cancelled() {
                return false;
            }
            guard = changed.wait_timeout(guard, Duration::from_millis(20)).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Makes packs of a lot, commits them, and returns when they can be asked. `what` is asked for it when nobody else
    /// commits, so that it can leave out what another crawl has just overtaken. Says whether anything was published.
    pub fn commit(&self, root: &Root, what: impl FnOnce() -> Lot) -> bool {
        let _order = root.committing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.roots().iter().all(|it| it.id != root.id) {
            // It was removed: its store is another's.
            return false;
        }
        let lot = what();
        if lot.is_empty() {
            return false;
        }
        let dims = record::dims(&lot.runs);
        // Whoever follows this process sees how far it is.
        let note = shelf::note(root, root.stage(), &self.counters.read());
        let fresh = shelf::commit(root, lot, dims, note).map_err(|why| self.notice(&why));
        let is_committed = fresh.is_ok();
        fresh.into_iter().for_each(|it| self.apply(it));
        self.drain_store(root);
        is_committed
    }

    /// Makes the vectors that open documents lack.
    pub(super) fn embed_documents(&self, cancel: &Cancel) {
        let Some(embedder) = &self.options.embedder else { return };
        let _one = self.embedding.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.snapshot();
        let mut all = Vec::new();
        for (file, document, segments) in snapshot.documents_without_vectors() {
            let Some((root, path)) = snapshot.path(file).filter(|_| !cancel.is_cancelled()) else { continue };
            let segments: Vec<SegmentRecord> = segments.iter().map(|&at| document.segments()[at].clone()).collect();
            match record::embed(&**embedder, cancel, &snapshot, &path, document.text(), &segments) {
                Ok(runs) if runs.is_empty() => {}
                Ok(runs) => all.push((root, path, runs)),
                Err(_) if cancel.is_cancelled() => {}
                Err(error) => self.notice(&error.to_string()),
            }
        }
        if !all.is_empty() {
            self.ask(|done| Command::DocumentVectors { all, done });
        }
    }

    /// Queues what an embedder that takes long has to do.
    pub(super) fn lacks(&self, what: Lacking) {
        if !self.options.embedder.as_ref().is_some_and(|it| it.is_slow()) {
            return;
        }
        if let Some(queue) = &*self.vectors.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = queue.send(what);
        }
    }

    /// Takes over the stage and the counters that the writer of a root has noted.
    pub(super) fn follow(&self, root: &Root) {
        let Some((stage, _)) = shelf::noted(root) else { return };
        let roots = self.roots();
        if roots.iter().all(|it| !it.store.is_writer()) {
            let all = roots.iter().filter_map(|it| Some(shelf::noted(it)?.1.numbers()));
            let sum = all.fold([0u64; 11], |sum, it| std::array::from_fn(|at| sum[at].saturating_add(it[at])));
            self.counters.show(&Progress::from_numbers(sum.into_iter()));
        }
        self.reach(root, stage);
    }

    /// Asks for a whole pass over a root, unless the workspace is closing.
    pub(super) fn look_at_whole(&self, root: &Arc<Root>) {
        if let Some(whole) = &*self.whole.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = whole.send(Request::Whole(root.clone()));
        }
    }

    /// Leaves a file to one of the two crawls that others do not wait for; false where none runs. Until it is done the
    /// index is behind.
    pub(super) fn look_later(&self, root: RootId, path: &RelPath, lane: Lane) -> bool {
        let Some(root) = self.roots().into_iter().find(|it| it.id == root) else { return false };
        let later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(later) = &*later else { return false };
        let queue = if lane == Lane::Slow { &later.slow } else { &later.long };
        self.behind.ask();
        self.closing.left(root.id, path);
        let taken = queue.send(Request::Near(root, path.clone())).is_ok();
        if !taken {
            self.behind.served(1);
        }
        taken
    }

    /// Hands packs to the writer and waits until they are published.
    pub(super) fn apply(&self, fresh: Fresh) {
        self.ask(|done| Command::Apply(fresh, done));
    }

    /// Sends a command and waits for its answer; nothing comes when the workspace is closing.
    pub(super) fn ask<T>(&self, command: impl FnOnce(Sender<T>) -> Command) -> Option<T> {
        let (sender, answer) = crossbeam_channel::bounded(1);
        self.commands.send(command(sender)).ok()?;
        answer.recv().ok()
    }

    /// Gives a document's place back to its file.
    pub(super) fn close(&self, root: RootId, path: RelPath) {
        self.ask(|done| Command::CloseDocument { root, path, done });
    }

    /// What the store has to say becomes our notices.
    pub(super) fn drain_store(&self, root: &Root) {
        for notice in root.store.notices() {
            self.notice(&notice);
        }
    }
}

/// One thread a core, at most four, unless the settings say otherwise.
pub(super) fn cores(wanted: usize) -> usize {
    if wanted > 0 { wanted } else { std::thread::available_parallelism().map_or(2, |it| it.get().min(4)) }
}

fn background_pool(name: &'static str, threads: usize) -> Result<rayon::ThreadPool, WorkspaceError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(move |number| format!("{name}-{number}"))
        .start_handler(|_| crate::base::os::process::be_nice(5))
        .build()
        .map_err(|error| WorkspaceError::System(format!("cannot start threads: {error}")))
}

/// The writer thread.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) builder: Builder,
    /// The packs of each root that were applied as its store has them, in that order, and nothing since.
    pub(super) followed: HashMap<RootId, Vec<PackId>>,
}

impl Writer {
    pub fn new(shared: Arc<Shared>, mut builder: Builder) -> Self {
        if let Some(embedder) = &shared.options.embedder {
            builder.set_model(&embedder.model_id().0);
        }
        Self { shared, builder, followed: HashMap::new() }
    }

    /// Obeys until told to stop.
    pub fn run(mut self, commands: &Receiver<Command>) {
        for command in commands {
            match command {
                Command::Shutdown => return,
                // What a pass still has in hand of a root that was removed meanwhile.
                command if command.root().is_some_and(|it| !self.is_here(it)) => {}
                command => self.obey(command),
            }
        }
    }

    fn is_here(&self, root: RootId) -> bool {
        self.shared.roots().iter().any(|it| it.id == root)
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::AddRoot(root, done) => {
                self.load(&root);
                // Until somebody has walked it, nobody knows what it holds.
                self.builder.set_walked(root.id, 0, false);
                self.believe_walk(&root);
                self.publish();
                let _ = done.send(());
            }
            Command::RemoveRoot(root, done) => {
                self.followed.remove(&root);
                self.builder.remove_root(root);
                self.publish();
                let _ = done.send(());
            }
            Command::OpenDocument { root, path, lang, text, segments, done } => {
                self.builder.open_document(root, &path, &lang, text, segments);
                self.publish();
                let _ = done.send(self.shared.snapshot());
            }
            Command::DocumentVectors { all, done } => {
                for (root, path, runs) in all {
                    let dims = record::dims(&runs);
                    self.builder.apply_document_vectors(root, &path, dims, runs);
                }
                self.publish();
                let _ = done.send(());
            }
            Command::CloseDocument { root, path, done } => {
                self.builder.close_document(root, &path);
                self.publish();
                let _ = done.send(());
            }
            other => self.take_in(other),
        }
    }

    /// What passes and stores bring.
    fn take_in(&mut self, command: Command) {
        match command {
            Command::Apply(fresh, done) => {
                self.followed.remove(&fresh.root);
                self.apply(fresh);
                self.publish();
                let _ = done.send(());
            }
            Command::Walked(root, missing, whole, done) => {
                self.builder.set_walked(root, missing, whole);
                self.publish();
                let _ = done.send(());
            }
            Command::News(root, done) => {
                self.take_news(&root);
                self.believe_walk(&root);
                self.publish();
                let _ = done.send(());
            }
            Command::Lost(root, ids, done) | Command::Unseed(root, ids, done) => {
                self.builder.drop_packs(root, &ids);
                self.publish();
                let _ = done.send(());
            }
            Command::Alive(root, kind, ids, reply) => {
                let _ = reply.send(self.alive(root, kind, &ids));
            }
            Command::Seed(_, packs, done) => {
                packs.into_iter().for_each(|it| self.apply(it));
                self.publish();
                let _ = done.send(());
            }
            _ => {}
        }
    }

    fn alive(&self, root: RootId, kind: u32, ids: &[PackId]) -> Alive {
        if kind == VECTORS {
            let (runs, all) = self.builder.used_vectors(root, ids);
            return Alive::Runs(runs, all);
        }
        let all = ids.iter().filter_map(|id| {
            let (view, kept) = self.builder.survivors(root, *id)?;
            Some((*id, view, kept))
        });
        Alive::Files(all.collect(), self.builder.live_bytes(root))
    }

    pub(super) fn apply(&mut self, fresh: Fresh) {
        self.shared.keeper.note_work();
        self.builder.drop_spares(|it| it.root == fresh.root && fresh.removed_spares.contains(&it.id));
        if let Some((id, view)) = fresh.spare {
            self.builder.apply_spare(fresh.root, id, view);
        }
        self.builder.drop_stamps(|it| it.root == fresh.root && fresh.removed_stamps.contains(&it.id));
        if let Some((id, view)) = fresh.stamps {
            self.builder.apply_stamps(fresh.root, id, view);
        }
        if let Some((id, view)) = fresh.vectors {
            if fresh.removed_vectors.is_empty() {
                self.builder.apply_vectors(fresh.root, id, view);
            } else {
                self.builder.replace_vectors(fresh.root, &fresh.removed_vectors, id, view);
            }
        } else {
            self.builder.drop_packs(fresh.root, &fresh.removed_vectors);
        }
        if let Some((id, view)) = fresh.facts {
            if fresh.removed.is_empty() {
                self.builder.apply_facts(fresh.root, id, view);
            } else {
                self.builder.replace(fresh.root, &fresh.removed, id, view);
            }
        } else {
            self.builder.drop_packs(fresh.root, &fresh.removed);
        }
    }

    /// All packs of a root's store, as they stand.
    pub(super) fn load(&mut self, root: &Root) {
        for fresh in shelf::load(root, &self.shared) {
            self.apply(fresh);
        }
        self.note_followed(root);
    }

    pub(super) fn publish(&mut self) {
        let snapshot = self.builder.publish();
        let generation = snapshot.generation();
        self.shared.published.store(Arc::new(snapshot));
        self.shared.events.send(&Event::Published { generation });
    }
}

/// Paths that a command names, for requests that carry both a root and places in it.
pub(super) type Places = Vec<(Arc<Root>, RelPath)>;

/// Sorts absolute paths to the roots that hold them; others are dropped.
pub(super) fn places(shared: &Shared, paths: &[PathBuf]) -> Places {
    paths.iter().filter_map(|path| shared.place(path)).collect()
}
