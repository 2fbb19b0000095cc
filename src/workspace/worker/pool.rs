//! The workers of a workspace and the queue before them. Invariants: each worker has one supervising thread, which lives
//! as long as the pool (the signal that ends a worker with its parent follows that thread); the queues are bounded; at most
//! one large text is in hand; every task gets exactly one last outcome. Must not know files.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::protocol::Answer;
use super::supervisor;
use crate::base::cancel::Cancel;
use crate::base::threads::{self, Intent};
use crate::syntax::languages::Lang;
use crate::workspace::pace::Pace;
use crate::workspace::room::Room;

/// A text of more bytes is large: its tree may take as much memory as all else together, so only one of them is in hand
/// at any time.
pub const LARGE: usize = 512 << 10;

/// One text to parse.
pub struct Task {
    /// Given back with the outcome.
    pub token: u64,
    pub lang: Lang,
    pub text: Arc<str>,
}

/// Tasks that go to one worker together.
pub struct Job {
    pub tasks: Vec<Task>,
    /// Somebody waits: it goes before those that are not, once a worker is free, and a text that takes longer than a
    /// second, or two where it is large, is given back as `Outcome::Later`.
    pub urgent: bool,
    /// Where the outcomes go, in the order of the tasks; a closed receiver is no error.
    pub done: Sender<(u64, Outcome)>,
}

impl Job {
    /// Whether a large text is among its tasks.
    pub fn is_large(&self) -> bool {
        self.tasks.iter().any(|it| it.text.len() > LARGE)
    }
}

/// What came of a task.
#[derive(Debug)]
pub enum Outcome {
    Parsed(Answer),
    /// Not the last word: the worker has been at this text for half of its patience. Whoever notes it down knows whom to
    /// suspect, should this process end before the worker does.
    Suspect,
    /// Nothing is known of the text but that it takes long: to be asked for again in a job that is not urgent.
    Later,
    /// The worker died or was killed with this text in hand; the reason is for people.
    Poison(String),
    /// No worker could be started, it got no processor, or the pool is closing: the text is as innocent as before.
    Unavailable(String),
}

/// Limits of the workers.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    pub workers: usize,
    /// Our own executable; none: `/proc/self/exe`.
    pub executable: Option<PathBuf>,
    /// A worker that has no answer for so long is killed.
    pub patience: Duration,
    /// A worker that holds more bytes is killed.
    pub resident_limit: u64,
    /// A worker that holds more bytes between two jobs is replaced.
    pub resident_idle: u64,
    /// A worker without work for so long is ended.
    pub idle: Duration,
    /// Let workers obey fault marks in texts (tests).
    pub faults: bool,
    /// Bytes above which a text is cut into segments; 0: the language's own.
    pub segment_size: u64,
    /// Parsers that a worker keeps; 0: all.
    pub parsers: usize,
    /// Jobs that are not urgent wait at this gate.
    pub pace: Arc<Pace>,
    /// The same for some languages, by id.
    pub segment_sizes: Vec<(String, u64)>,
    /// Ends the work in hand, which is nobody's fault then; the pool cancels it when it is dropped.
    pub cancel: Cancel,
    /// Asked before each job; where memory is short, a worker is ended after its job.
    pub room: Arc<Room>,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            workers: 2,
            executable: None,
            patience: Duration::from_secs(5),
            resident_limit: 320 << 20,
            resident_idle: 96 << 20,
            idle: Duration::from_secs(20),
            faults: false,
            segment_size: 0,
            parsers: 0,
            pace: Arc::default(),
            segment_sizes: Vec::new(),
            cancel: Cancel::new(),
            room: Arc::default(),
        }
    }
}

/// What the supervisors share.
#[derive(Debug, Default)]
pub struct PoolCounters {
    /// Workers started, the first ones included.
    pub started: AtomicU64,
    /// Workers that died or were killed with a text in hand.
    pub lost: AtomicU64,
}

/// The ends of the queues: urgent jobs and others, each without large texts and with them.
pub struct Queues<T> {
    pub urgent: T,
    pub small: T,
    pub urgent_large: T,
    pub large: T,
}

/// A set of workers. Dropping it ends them.
pub struct Pool {
    jobs: Option<Queues<Sender<Job>>>,
    supervisors: Vec<std::thread::JoinHandle<()>>,
    counters: Arc<PoolCounters>,
    cancel: Cancel,
    resident_limit: u64,
}

impl Pool {
    /// A pool whose workers are started when there is work.
    ///
    /// # Errors
    /// Threads cannot be started.
    pub fn new(options: PoolOptions) -> std::io::Result<Self> {
        let (small, small_queue): (Sender<Job>, Receiver<Job>) = bounded(options.workers.max(1));
        let (urgent, urgent_queue): (Sender<Job>, Receiver<Job>) = bounded(options.workers.max(1));
        let (large, large_queue): (Sender<Job>, Receiver<Job>) = bounded(1);
        let (urgent_large, urgent_large_queue): (Sender<Job>, Receiver<Job>) = bounded(1);
        let counters = Arc::new(PoolCounters::default());
        let cancel = options.cancel.clone();
        let mut supervisors = Vec::new();
        for number in 0..options.workers.max(1) {
            let (options, counters, cancel) = (options.clone(), counters.clone(), cancel.clone());
            // Only the first worker takes large texts, so no two are in hand at once.
            let of_first = |it: &Receiver<Job>| if number == 0 { it.clone() } else { crossbeam_channel::never() };
            let queues = Queues {
                urgent: urgent_queue.clone(),
                small: small_queue.clone(),
                urgent_large: of_first(&urgent_large_queue),
                large: of_first(&large_queue),
            };
            let name = format!("worker-{number}");
            supervisors.push(threads::spawn(&name, Intent::Background, move || {
                supervisor::run(number, &options, &queues, &counters, &cancel);
            })?);
        }
        let jobs = Some(Queues { urgent, small, urgent_large, large });
        Ok(Self { jobs, supervisors, counters, cancel, resident_limit: options.resident_limit })
    }

    /// Queues a job; waits while the queue is full.
    pub fn submit(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let queue = match (job.is_large(), job.urgent) {
                (true, true) => &jobs.urgent_large,
                (true, false) => &jobs.large,
                (false, true) => &jobs.urgent,
                (false, false) => &jobs.small,
            };
            // The supervisors outlive the senders, so this cannot fail before the pool is dropped.
            let _ = queue.send(job);
        }
    }

    /// Workers started after the first of each supervisor, because one died, was killed or grew too large.
    pub fn lost(&self) -> u64 {
        self.counters.lost.load(Ordering::Relaxed)
    }

    /// Bytes that a worker may hold.
    pub fn resident_limit(&self) -> u64 {
        self.resident_limit
    }

    /// Workers started so far.
    pub fn started(&self) -> u64 {
        self.counters.started.load(Ordering::Relaxed)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.jobs = None;
        for supervisor in self.supervisors.drain(..) {
            let _ = supervisor.join();
        }
    }
}
