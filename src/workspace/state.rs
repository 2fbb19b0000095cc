//! The writer thread and what it publishes. Invariant: only this thread changes the list of roots and the index; all
//! others read what it has published. Must not know features or the protocol.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::progress::{Counters, Event, Events, Stage};
use super::{FileLine, Options, RootInfo, Status, WorkspaceError};
use crate::base::cancel::Cancel;
use crate::base::ids::RootId;
use crate::base::threads::{self, Intent};

/// What the writer is asked to do.
enum Command {
    Rescan(Vec<PathBuf>),
    Shutdown,
}

/// What all threads of a workspace share.
pub(super) struct Shared {
    pub options: Options,
    pub counters: Counters,
    pub events: Events,
    pub cancel: Cancel,
    roots: Mutex<Vec<RootInfo>>,
    stage_changed: (Mutex<()>, Condvar),
}

impl Shared {
    /// Raises or lowers the stage and wakes those who wait for it.
    pub fn set_stage(&self, stage: Stage) {
        let _guard = self.stage_changed.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.counters.set_stage(stage);
        self.stage_changed.1.notify_all();
    }
}

/// The door to the writer thread.
pub(super) struct Handle {
    shared: Arc<Shared>,
    commands: Sender<Command>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Handle {
    pub fn start(roots: Vec<PathBuf>, options: Options) -> Result<Self, WorkspaceError> {
        let (commands, receiver) = unbounded();
        let shared = Arc::new(Shared {
            options,
            counters: Counters::default(),
            events: Events::default(),
            cancel: Cancel::new(),
            roots: Mutex::new(Vec::new()),
            stage_changed: (Mutex::new(()), Condvar::new()),
        });
        let it = shared.clone();
        let thread = threads::spawn("state", Intent::Latency, move || run(&it, &receiver))
            .map_err(|error| WorkspaceError::System(format!("cannot start a thread: {error}")))?;
        let handle = Self { shared, commands, thread: Mutex::new(Some(thread)) };
        for root in &roots {
            handle.add_root(root)?;
        }
        Ok(handle)
    }

    pub fn status(&self) -> Status {
        Status {
            roots: self.roots().clone(),
            stage: self.shared.counters.stage(),
            progress: self.shared.counters.read(),
            embedder: self.shared.options.embedder.as_ref().map(|it| it.runs_on()),
            memory: 0,
            memory_limit: self.shared.options.memory_limit,
            staleness: self.shared.options.rescan_interval,
            quarantined: Vec::new(),
            notices: Vec::new(),
            profile: Vec::new(),
        }
    }

    pub fn progress(&self) -> super::Progress {
        self.shared.counters.read()
    }

    pub fn events(&self) -> Receiver<Event> {
        self.shared.events.listen()
    }

    pub fn wait(&self, stage: Stage, cancel: &Cancel) -> bool {
        let (lock, changed) = &self.shared.stage_changed;
        let mut guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.shared.counters.stage() < stage {
            if cancel.is_cancelled() || self.shared.cancel.is_cancelled() {
                return false;
            }
            let waited = changed.wait_timeout(guard, Duration::from_millis(50));
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub fn add_root(&self, path: &Path) -> Result<RootId, WorkspaceError> {
        let path = path.canonicalize().map_err(|_| WorkspaceError::Missing(path.to_path_buf()))?;
        if !path.is_dir() {
            return Err(WorkspaceError::NotDirectory(path));
        }
        let mut roots = self.roots();
        let id = RootId(roots.len() as u16);
        roots.push(RootInfo { id, path, writer: true, memory_only: None });
        Ok(id)
    }

    pub fn remove_root(&self, path: &Path) {
        self.roots().retain(|root| root.path != path);
    }

    pub fn rescan(&self, paths: Vec<PathBuf>) {
        // A closed channel means that the workspace is shutting down.
        let _ = self.commands.send(Command::Rescan(paths));
    }

    pub fn file_lines(&self, _cancel: &Cancel) -> Vec<FileLine> {
        Vec::new()
    }

    pub fn shutdown(&self) {
        self.shared.cancel.cancel();
        let _ = self.commands.send(Command::Shutdown);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    fn roots(&self) -> std::sync::MutexGuard<'_, Vec<RootInfo>> {
        self.shared.roots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn run(shared: &Shared, commands: &Receiver<Command>) {
    while let Ok(command) = commands.recv() {
        match command {
            Command::Rescan(_) => shared.events.send(&Event::Progress(shared.counters.read())),
            Command::Shutdown => return,
        }
        shared.set_stage(Stage::Embedded);
    }
}
