//! A model in a process of its own: ONNX Runtime and users' models are foreign, and may hang, die or grow. Invariants: the
//! worker is started when it is needed and again when it is lost, so many times; a text that kills it is found and left
//! out, and the others get their vectors; a question waits for one batch. Must not know files of a workspace.

mod counts;
mod embedder;
mod link;
pub mod serve;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use counts::Counts;
use link::{Launch, Link, Outcome, StartError};
use wire::{MOST_TEXTS, Setup};

use super::device::{Device, complaint};
use super::folder::ModelFolder;
use super::onnx::library;
use super::{EmbedError, Embedder, Options, Purpose};
use crate::base::hash::Key;

/// Tokens at once, padding counted, on a CPU: a runtime never gives its memory back.
const TOKENS: usize = 2_048;
/// How long a batch may take: a question waits for so long.
const BATCH_TIME: Duration = Duration::from_millis(150);
/// How long a question waits for its vector before words alone answer.
const QUESTION: Duration = Duration::from_secs(10);
/// Starts in a row that may fail.
const STARTS: u32 = 3;
/// Workers that may be lost, and texts refused, at first, and one more for each so many texts that went well.
const LOSSES: u64 = 20;
const ONE_IN: u64 = 20;
/// What a worker may hold besides the model, and how many times the model's file.
const RESIDENT: u64 = 1 << 30;
const TIMES: u64 = 4;
/// What a driver of a GPU maps.
const RESIDENT_GPU: u64 = 6 << 30;
/// Notices that are kept until somebody asks.
const NOTICES: usize = 20;

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
    /// Who asks holds it for reading; who tries a suspected text, for writing: then nobody else can be hit.
    alone: RwLock<()>,
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
            alone: RwLock::default(),
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
        let mut all = lock(&self.notices);
        if all.len() < NOTICES && !all.contains(&text) {
            tracing::warn!("{text}");
            all.push(text);
        }
    }

    /// The running worker; it is started where there is none.
    fn link(&self) -> Result<Arc<Link>, EmbedError> {
        let mut state = lock(&self.state);
        self.start(&mut state)
    }

    /// The same for somebody who does not wait longer than `until` for another who starts it.
    fn link_until(&self, until: Instant) -> Result<Arc<Link>, EmbedError> {
        loop {
            match self.state.try_lock() {
                Ok(mut state) => return self.start(&mut state),
                Err(std::sync::TryLockError::Poisoned(state)) => return self.start(&mut state.into_inner()),
                Err(std::sync::TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(_) => return Err(EmbedError("the model is still being opened".into())),
            }
        }
    }

    fn start(&self, state: &mut State) -> Result<Arc<Link>, EmbedError> {
        let mut failed = 0;
        loop {
            match state {
                State::Running(link) if link.is_alive() => return Ok(link.clone()),
                State::Failed(why) => return Err(EmbedError(why.clone())),
                _ => *state = State::Idle,
            }
            let setup = lock(&self.setup).clone();
            match Link::open(&self.launch_for(&setup), &setup) {
                Ok(link) => {
                    self.dimensions.store(link.ready.dimensions, Ordering::Release);
                    self.pid.store(u64::from(link.pid()), Ordering::Release);
                    self.tell_ready(&setup, &link);
                    *state = State::Running(Arc::new(link));
                }
                Err(StartError::Said(why)) => *state = State::Failed(why),
                Err(StartError::Died(Some(device))) if device != Device::Cpu => {
                    lock(&self.setup).wanted.without.push(device);
                    tracing::warn!("the embedding worker died while it opened the model on {}", device.name());
                }
                Err(error) => {
                    failed += 1;
                    if failed >= STARTS {
                        *state = State::Failed(self.does_not_start(&error));
                    }
                }
            }
        }
    }

    fn does_not_start(&self, error: &StartError) -> String {
        let what = self.folder.as_ref().map_or("the default model".to_owned(), |it| it.model.display().to_string());
        let library = lock(&self.setup).library.display().to_string();
        let why = match error {
            StartError::System(error) => format!("no process can be started: {error}"),
            _ => format!("its process dies or hangs while {library} opens it, or takes too much memory"),
        };
        format!("{what} cannot be run: {why}; try another library (embeddings.library) or another model")
    }

    /// A driver maps more than a model needs.
    fn launch_for(&self, setup: &Setup) -> Launch {
        let mut out = self.launch.clone();
        if setup.wanted.device != Some(Device::Cpu) && !setup.wanted.no_gpu {
            out.resident = out.resident.max(RESIDENT_GPU.min(out.resident.saturating_mul(8)));
        }
        out
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

    /// A worker is lost; what it has learnt of its memory is kept. Errors: it was one too many.
    fn lose(&self, link: &Arc<Link>, outcome: &Outcome) -> Result<(), EmbedError> {
        let mut state = lock(&self.state);
        let State::Running(running) = &*state else { return Ok(()) };
        if !Arc::ptr_eq(running, link) {
            return Ok(());
        }
        let mut setup = lock(&self.setup);
        if let Some(tokens) = link.bound() {
            setup.tokens = tokens;
        }
        if *outcome == Outcome::Memory {
            setup.tokens = (setup.tokens / 2).max(1);
        }
        drop(setup);
        *state = State::Idle;
        let lost = self.counts.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if lost > self.allowed() {
            let why =
                format!("the embedding worker was lost {lost} times ({}): no more vectors are made", self.why(outcome));
            *state = State::Failed(why.clone());
            return Err(EmbedError(why));
        }
        Ok(())
    }

    fn why(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Memory => format!("it held more than {} MiB", self.launch.resident >> 20),
            Outcome::Died(why) => (*why).to_owned(),
            Outcome::Done | Outcome::Late => "it was late".to_owned(),
        }
    }

    /// Of what may go wrong.
    fn allowed(&self) -> u64 {
        LOSSES + self.counts.answered.load(Ordering::Relaxed) / ONE_IN
    }

    /// A text stays without a vector; where that befalls too many, the model is to blame.
    fn leave_out(&self, text: &str, why: &str) -> Result<(), EmbedError> {
        let refused = self.counts.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if refused > self.allowed() {
            let why = format!("{refused} texts got no vector ({why}): the model is not used any more; choose another");
            *lock(&self.state) = State::Failed(why.clone());
            return Err(EmbedError(why));
        }
        let begin: String = text.chars().filter(|it| !it.is_control()).take(60).collect();
        self.notice(format!("a text has no vector and is found by its words alone: {why} ({begin} ...)"));
        Ok(())
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

    fn embed_all(&self, purpose: Purpose, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        let mut vectors: Vec<Option<Vec<f32>>> = vec![None; texts.len()];
        let all: Vec<usize> = (0..texts.len()).collect();
        // What is still to be asked for, and whether it is suspected.
        let mut pieces: Vec<(Vec<usize>, bool)> = all.chunks(MOST_TEXTS).rev().map(|it| (it.to_vec(), false)).collect();
        while let Some((piece, suspected)) = pieces.pop() {
            let outcome = self.ask(purpose, texts, &piece, suspected, &mut vectors)?;
            if outcome == Outcome::Late {
                return Err(EmbedError("the model did not answer in time".into()));
            }
            let left: Vec<usize> = piece.into_iter().filter(|&it| vectors[it].is_none()).collect();
            match left.as_slice() {
                [] => {}
                // It was alone with the worker, and nobody else is to blame.
                [one] if suspected => {
                    self.leave_out(
                        texts[*one],
                        &format!("the model's process is lost over it: {}", self.why(&outcome)),
                    )?;
                    vectors[*one] = Some(Vec::new());
                }
                several => {
                    let (first, second) = several.split_at(several.len() / 2);
                    pieces
                        .extend([second, first].into_iter().filter(|it| !it.is_empty()).map(|it| (it.to_vec(), true)));
                }
            }
        }
        let dimensions = self.dimensions.load(Ordering::Acquire);
        out.clear();
        out.resize(texts.len() * dimensions, 0.0);
        for (row, vector) in out.chunks_exact_mut(dimensions.max(1)).zip(vectors) {
            if let Some(vector) = vector.filter(|it| it.len() == dimensions) {
                row.copy_from_slice(&vector);
            }
        }
        Ok(())
    }

    /// Asks for the vectors of some texts.
    fn ask(
        &self,
        purpose: Purpose,
        texts: &[&str],
        piece: &[usize],
        suspected: bool,
        vectors: &mut [Option<Vec<f32>>],
    ) -> Result<Outcome, EmbedError> {
        let _shared = (!suspected).then(|| self.alone.read().unwrap_or_else(PoisonError::into_inner));
        let _alone = suspected.then(|| self.alone.write().unwrap_or_else(PoisonError::into_inner));
        let until = (purpose == Purpose::Question).then(|| Instant::now() + QUESTION);
        let link = until.map_or_else(|| self.link(), |until| self.link_until(until))?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let chosen: Vec<&str> = piece.iter().map(|&it| texts[it]).collect();
        let body = wire::put_request(purpose, number, &chosen);
        let mut refused = Vec::new();
        let dimensions = link.ready.dimensions;
        let mut take = |place: u32, word: Result<Vec<f32>, String>| {
            let Some(&at) = piece.get(place as usize) else { return };
            match word {
                // What foreign code gives is believed no further than it can be checked.
                Ok(vector)
                    if vector.is_empty() || vector.len() == dimensions && vector.iter().all(|it| it.is_finite()) =>
                {
                    vectors[at] = Some(vector);
                }
                Ok(_) => refused.push((at, "the worker gives what is no vector".to_owned())),
                Err(why) => refused.push((at, why)),
            }
        };
        let _busy = (purpose == Purpose::Passage).then(|| self.counts.begin());
        let launch = self.launch_for(&lock(&self.setup).clone());
        let outcome = link.ask(&launch, number, (body, piece.len()), until, &mut take);
        for (at, why) in refused {
            self.leave_out(texts[at], &why)?;
            vectors[at] = Some(Vec::new());
        }
        let answered = piece.iter().filter(|&&it| vectors[it].is_some()).count() as u64;
        self.counts.answered.fetch_add(answered, Ordering::Relaxed);
        if purpose == Purpose::Passage {
            self.counts.passages.fetch_add(answered, Ordering::Relaxed);
            self.look_for_another();
        }
        match outcome {
            Outcome::Died(_) | Outcome::Memory => self.lose(&link, &outcome)?,
            Outcome::Done | Outcome::Late => {}
        }
        Ok(outcome)
    }
}
