//! A model in a process of its own: ONNX Runtime and users' models are foreign, and may hang, die or grow. Invariants: the
//! worker is started when it is needed and again when it is lost, so many times; a text that kills it is found and left
//! out, and the others get their vectors; a question waits for one batch. Must not know files of a workspace.

mod asking;
mod counts;
mod embedder;
mod gate;
mod launch;
mod link;
mod opening;
pub mod serve;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use counts::Counts;
use gate::Gate;
use launch::Launch;
use link::Link;
use wire::Setup;

use super::device::complaint;
use super::folder::ModelFolder;
use super::onnx::library;
use super::{EmbedError, Embedder, Options};
use crate::base::hash::Key;

/// Tokens at once, padding counted, on a CPU: a runtime never gives its memory back.
const TOKENS: usize = 2_048;
/// How long a batch may take: a question waits for so long.
const BATCH_TIME: Duration = Duration::from_millis(150);
/// What a worker may hold besides the model, and how many times the model's file.
const RESIDENT: u64 = 1 << 30;
const TIMES: u64 = 4;
/// Notices about texts that are kept until somebody asks, and all others.
const NOTICES: usize = 20;
const OTHER_NOTICES: usize = 100;

/// The worker of one model; see the module.
pub struct Remote(Arc<Inner>);

struct Inner {
    id: Key,
    /// What people call the model; none: it is the default one.
    name: Option<String>,
    folder: Option<ModelFolder>,
    stamp: Option<[(u64, std::time::SystemTime); 2]>,
    launch: Launch,
    setup: Mutex<Setup>,
    state: Mutex<State>,
    /// The state is another one.
    changed: Condvar,
    /// Who tries a suspected text is alone with the worker: then nobody else can be hit.
    gate: Gate,
    numbers: AtomicU64,
    dimensions: AtomicUsize,
    /// Of the process that ran last, for who counts memory.
    pid: AtomicU64,
    counts: Counts,
    notices: Mutex<Vec<String>>,
    /// Takes over where the worker cannot work: the same model elsewhere.
    instead: Option<Arc<dyn Embedder>>,
    runs_on: Mutex<String>,
}

enum State {
    Idle,
    /// A thread of its own starts the process: nobody waits for that longer than he wants to.
    Starting,
    Running(Arc<Link>),
    Failed(String),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    /// The model that `options` ask for. No process is started yet; `same` runs the default model where none can be.
    ///
    /// # Errors
    /// No library, or a folder that holds no such model: what is wrong, where, and the remedy.
    pub fn new(options: &Options, same: Option<Arc<dyn Embedder>>) -> Result<Self, EmbedError> {
        let folder = options.model.as_deref().map(|it| ModelFolder::look(it, options.precision())).transpose()?;
        let id =
            folder.as_ref().map(|it| it.id).or_else(|| same.as_ref().map(|it| it.model_id())).unwrap_or(Key([0; 16]));
        // Workspaces share the process of a model.
        static OPEN: Mutex<Vec<(Options, Key, Weak<Inner>)>> = Mutex::new(Vec::new());
        let mut open = lock(&OPEN);
        open.retain(|it| it.2.strong_count() > 0);
        if let Some(it) = open.iter().find(|it| it.0 == *options && it.1 == id).and_then(|it| it.2.upgrade()) {
            return Ok(Self(it));
        }
        let inner = Arc::new(Inner::new(options, folder, id, same)?);
        open.push((options.clone(), id, Arc::downgrade(&inner)));
        Ok(Self(inner))
    }
}

impl Inner {
    fn new(
        options: &Options,
        folder: Option<ModelFolder>,
        id: Key,
        same: Option<Arc<dyn Embedder>>,
    ) -> Result<Self, EmbedError> {
        let library = library::find(options.library.as_deref())?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = match (options.threads, &folder) {
            (0, Some(_)) => cores,
            // A table needs no more than one.
            (0, None) => 1,
            (asked, _) => asked,
        };
        let setup = Setup {
            build: wire::build(),
            model: folder.clone(),
            library: library.clone(),
            wanted: options.wanted.clone(),
            rows: if options.batch == 0 { 32 } else { options.batch },
            tokens: TOKENS,
            time: BATCH_TIME.as_millis() as u64,
            threads,
            faults: options.faults,
        };
        let size = folder.as_ref().map_or(super::MODEL.len() as u64, |it| it.size);
        let launch = Launch {
            executable: options.executable.clone(),
            patience: options.patience.unwrap_or(Duration::from_secs(60)),
            patience_at_start: Duration::from_secs(600),
            resident: options.resident.unwrap_or(RESIDENT + size * TIMES),
        };
        let name = folder.as_ref().map(|it| it.name.clone());
        let shown = format!("ONNX Runtime{}", library::version(&library));
        Ok(Self {
            id,
            stamp: folder.as_ref().and_then(ModelFolder::stamp),
            dimensions: AtomicUsize::new(0),
            pid: AtomicU64::new(0),
            runs_on: Mutex::new(shown),
            setup: Mutex::new(setup),
            state: Mutex::new(State::Idle),
            changed: Condvar::new(),
            gate: Gate::default(),
            numbers: AtomicU64::new(1),
            counts: Counts::default(),
            notices: Mutex::default(),
            name,
            folder,
            launch,
            instead: same,
        })
    }

    fn notice(&self, text: String) {
        self.notice_below(OTHER_NOTICES, text);
    }

    /// One of possibly very many: they leave room for those that weigh more.
    fn notice_text(&self, text: String) {
        self.notice_below(NOTICES, text);
    }

    fn notice_below(&self, most: usize, text: String) {
        let mut all = lock(&self.notices);
        if all.len() < most && !all.contains(&text) {
            tracing::warn!("{text}");
            all.push(text);
        }
    }

    fn tell_ready(&self, setup: &Setup, link: &Link) {
        let ready = &link.ready;
        self.notice_if(complaint(&setup.wanted, ready.device, &ready.refused));
        let mut text = format!("ONNX Runtime{} ({})", library::version(&setup.library), ready.device.name());
        if let Some(name) = &self.name {
            text = format!("{name}, {} numbers, {text}", ready.dimensions);
        }
        tracing::info!("Using device: {} ({text})", ready.device.name().to_lowercase());
        *lock(&self.runs_on) = text;
    }

    fn notice_if(&self, text: Option<String>) {
        text.into_iter().for_each(|it| self.notice(it));
    }

    /// Whether the files are others than those that were opened.
    fn look_for_another(&self) {
        let Some(folder) = &self.folder else { return };
        if folder.stamp() != self.stamp {
            self.notice(format!(
                "{} has changed since it was opened: what is open goes on with the model that was there; start Portolan \
                 again to use the new one",
                folder.model.display()
            ));
        }
    }
}
