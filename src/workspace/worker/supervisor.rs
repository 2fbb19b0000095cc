//! One thread that feeds one worker, watches it, kills it and starts the next. Invariants: the file in hand is the first
//! one without an answer, since a worker answers in order; a file is blamed only when its worker had it in hand; a
//! killed worker is waited for. Must not know what the texts are.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::pool::{Job, Outcome, PoolCounters, PoolOptions, Queues, Task};
use super::protocol::{self, Request};
use crate::base::cancel::Cancel;
use crate::base::os::memory::{cpu_of, resident_of};
use crate::base::threads::{self, Intent};
use crate::base::version;
use crate::workspace::crawl::read::MOST_PARSED;
use crate::workspace::pace::Whose;
use crate::workspace::skip::Skip;

/// Least address space of a worker, in bytes: the program, its grammars and its allocator reserve far more than they use.
const LEAST_SPACE: u64 = 2 << 30;
/// How often a busy worker's memory is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How many times its patience a worker is waited for that hardly gets a processor.
const LONGEST: u32 = 6;
/// How long a text of an urgent job may take, in time and in half of it on a processor: others wait behind it.
const GIVE_WAY: Duration = Duration::from_secs(1);
/// The same for a large one.
const LARGE_GIVES_WAY: Duration = Duration::from_secs(2);
/// How often a closed gate is looked at.
const CLOSED: Duration = Duration::from_millis(20);
/// How often a worker without work is looked at.
const IDLE_LOOK: Duration = Duration::from_millis(500);
/// Bytes above which a worker is replaced where memory is short; a fresh one has half of that.
const LEAST_WORTH: u64 = 40 << 20;
/// Longest wait for memory before a job.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Bytes of a tree, and of facts, for each of a text.
const TREE: usize = 24;
const FACTS: usize = 3;
/// Starts in a row that may fail before the texts are handed back.
const STARTS: u32 = 3;

/// Serves jobs of its queues, urgent ones first, until they are closed. Of several supervisors this is the one with
/// `number`.
pub fn run(
    number: usize,
    options: &PoolOptions,
    Queues { urgent, small, urgent_large, large }: &Queues<Receiver<Job>>,
    counters: &PoolCounters,
    cancel: &Cancel,
) {
    let mut worker: Option<Worker> = None;
    let mut worked = Instant::now();
    loop {
        // While the gate is closed, or this one is the worker too many, only what is urgent is taken.
        let quiet = options.pace.is_quiet();
        let rests = quiet && number > 0 && number + 1 == options.workers;
        let open = cancel.is_cancelled() || !rests && options.pace.is_open(Whose::Near);
        let never = crossbeam_channel::never();
        let (small, large) = if open { (small, large) } else { (&never, &never) };
        // Among several queues with work `select` takes any; what is urgent is asked for by itself first.
        let job = match urgent.try_recv().or_else(|_| urgent_large.try_recv()) {
            Ok(job) => Ok(job),
            Err(_) => crossbeam_channel::select! {
                recv(urgent) -> job => job,
                recv(urgent_large) -> job => job,
                recv(small) -> job => job,
                recv(large) -> job => job,
                default(if !open { CLOSED } else if worker.is_some() { IDLE_LOOK.min(options.idle) } else { options.idle }) => {
                    if worked.elapsed() >= options.idle || options.room.is_tight() {
                        worker = None;
                    }
                    continue;
                }
            },
        };
        let Ok(job) = job else { return };
        let (urgent_now, begun) = (job.urgent, Instant::now());
        options.room.wait_for(needed(&job), LONGEST_PAUSE, || cancel.is_cancelled());
        serve(options, &mut worker, job, counters, cancel);
        // A budget for many workers may be less than a fresh one has: to replace that again and again would gain nothing.
        let most = if options.room.is_tight() { LEAST_WORTH } else { options.resident_idle.max(LEAST_WORTH) };
        if worker.as_ref().is_some_and(|it| it.resident() > most) {
            worker = None;
        }
        worked = Instant::now();
        if quiet && options.workers == 1 && !urgent_now {
            rest(begun.elapsed(), || urgent.is_empty() && urgent_large.is_empty(), cancel);
        }
    }
}

/// Does nothing for so long, unless something urgent comes.
fn rest(time: Duration, nothing_urgent: impl Fn() -> bool, cancel: &Cancel) {
    let until = Instant::now() + time;
    while nothing_urgent() && !cancel.is_cancelled() && Instant::now() < until {
        std::thread::sleep(CLOSED.min(time));
    }
}

/// Bytes that a job may take: a tree takes 14 to 40 times its text, and only one is held at a time.
fn needed(job: &Job) -> u64 {
    let longest = job.tasks.iter().map(|it| it.text.len()).filter(|&it| it <= MOST_PARSED).max();
    let all: usize = job.tasks.iter().map(|it| it.text.len()).sum();
    (longest.unwrap_or(0) * TREE + all * FACTS) as u64
}

/// Gives every task of `job` its outcome. A worker that is lost is replaced at once, also where no task is left: whoever
/// comes next does not wait for it.
fn serve(options: &PoolOptions, worker: &mut Option<Worker>, job: Job, counters: &PoolCounters, cancel: &Cancel) {
    let gives_way = job.urgent.then(|| if job.is_large() { LARGE_GIVES_WAY } else { GIVE_WAY });
    let mut left: std::collections::VecDeque<Task> = job.tasks.into();
    let mut failed_starts = 0;
    let mut lost: Option<Instant> = None;
    while !left.is_empty() || lost.is_some() && !options.room.is_tight() {
        if cancel.is_cancelled() {
            return hand_back(left, &job.done, "the workspace is closing");
        }
        let running = match worker {
            Some(running) => running,
            None => match Worker::start(options) {
                Ok(started) => {
                    counters.started.fetch_add(1, Ordering::Relaxed);
                    if let Some(lost) = lost.take() {
                        tracing::debug!(milliseconds = lost.elapsed().as_millis() as u64, "a lost worker is replaced");
                    }
                    worker.insert(started)
                }
                Err(error) => {
                    failed_starts += 1;
                    if failed_starts >= STARTS {
                        return hand_back(left, &job.done, &format!("no worker process can be started: {error}"));
                    }
                    continue;
                }
            },
        };
        if left.is_empty() {
            return;
        }
        if let Err(loss) = running.work(options, &mut left, &job.done, gives_way, cancel) {
            lost = Some(Instant::now());
            *worker = None;
            counters.lost.fetch_add(1, Ordering::Relaxed);
            let outcome = match loss {
                Loss::Cancelled => continue,
                Loss::GaveWay => Outcome::Later,
                Loss::Starved => Outcome::Unavailable("its parser hardly got a processor".to_owned()),
                Loss::Blamed(reason) => Outcome::Poison(reason),
            };
            if let Some(task) = left.pop_front() {
                let _ = job.done.send((task.token, outcome));
            }
        }
    }
}

fn hand_back(left: impl IntoIterator<Item = Task>, done: &crossbeam_channel::Sender<(u64, Outcome)>, why: &str) {
    for task in left {
        let _ = done.send((task.token, Outcome::Unavailable(why.to_owned())));
    }
}

/// Why a worker is done for.
enum Loss {
    /// Its work is not wanted any more.
    Cancelled,
    /// The first task left takes long, and others wait.
    GaveWay,
    /// The worker hardly got a processor; nobody is to blame.
    Starved,
    /// The first task left is to blame.
    Blamed(String),
}

/// One running worker process.
struct Worker {
    process: Child,
    input: ChildStdin,
    /// Frames that it has written; closed when it is gone.
    answers: Receiver<Vec<u8>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Worker {
    fn start(options: &PoolOptions) -> std::io::Result<Self> {
        let program = options.executable.clone().unwrap_or_else(|| "/proc/self/exe".into());
        let mut command = Command::new(program);
        command.arg("worker").arg("--parent").arg(std::process::id().to_string());
        // Address space is a far outer bound: what counts is resident memory, which is polled.
        command.arg("--address-space").arg(options.resident_limit.saturating_mul(8).max(LEAST_SPACE).to_string());
        command.arg("--segment-size").arg(options.segment_size.to_string());
        command.arg("--parsers").arg(options.parsers.to_string());
        for (language, size) in &options.segment_sizes {
            command.arg("--language-segment-size").arg(format!("{language}={size}"));
        }
        if options.faults {
            command.arg("--faults");
        }
        command.env_clear().envs(version::environment()).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let (Some(input), Some(mut output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(std::io::Error::other("the worker has no pipes"));
        };
        let (sender, answers) = bounded(8);
        let reader = threads::spawn("worker-read", Intent::Background, move || {
            while let Ok(Some(frame)) = protocol::read_frame(&mut output) {
                if sender.send(frame).is_err() {
                    return;
                }
            }
        })?;
        let worker = Self { process, input, answers, reader: Some(reader) };
        match worker.answers.recv_timeout(options.patience) {
            Ok(hello) if hello == protocol::hello() => Ok(worker),
            Ok(_) => Err(std::io::Error::other("the worker is another build")),
            Err(_) => Err(std::io::Error::other("the worker does not answer")),
        }
    }

    /// Sends all tasks and takes their answers, shortening `left` by each. An error means that the worker is done for.
    fn work(
        &mut self,
        options: &PoolOptions,
        left: &mut std::collections::VecDeque<Task>,
        done: &crossbeam_channel::Sender<(u64, Outcome)>,
        gives_way: Option<Duration>,
        cancel: &Cancel,
    ) -> Result<(), Loss> {
        let batch = protocol::put_batch(left.iter().map(|task| Request { lang: task.lang, text: &task.text }));
        protocol::write_frame(&mut self.input, &batch).map_err(|_| Loss::Blamed("its parser died".to_owned()))?;
        drop(batch);
        while let Some(task) = left.front() {
            let frame = self.wait(options, gives_way, cancel, || drop(done.send((task.token, Outcome::Suspect))))?;
            let answer = protocol::take_answer(&frame)
                .ok_or_else(|| Loss::Blamed("its parser gave no valid answer".to_owned()))?;
            let _ = done.send((task.token, Outcome::Parsed(answer)));
            left.pop_front();
        }
        Ok(())
    }

    /// The next frame; calls `suspect` once when half of the patience is over.
    fn wait(
        &mut self,
        options: &PoolOptions,
        gives_way: Option<Duration>,
        cancel: &Cancel,
        suspect: impl FnOnce(),
    ) -> Result<Vec<u8>, Loss> {
        let (begun, cpu) = (Instant::now(), cpu_of(self.process.id()));
        let mut suspect = Some(suspect);
        loop {
            match self.answers.recv_timeout(LOOK) {
                Ok(frame) => return Ok(frame),
                Err(RecvTimeoutError::Disconnected) => return Err(Loss::Blamed("its parser died".to_owned())),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if cancel.is_cancelled() {
                return Err(Loss::Cancelled);
            }
            if gives_way.is_some_and(|it| self.is_stuck(begun.elapsed(), cpu, it)) {
                return Err(Loss::GaveWay);
            }
            if suspect.is_some()
                && self.is_stuck(begun.elapsed(), cpu, options.patience / 2)
                && let Some(suspect) = suspect.take()
            {
                suspect();
            }
            if self.is_stuck(begun.elapsed(), cpu, options.patience) {
                if !self.has_had(cpu, options.patience) {
                    return Err(Loss::Starved);
                }
                return Err(Loss::Blamed(format!("its parser did not end within {} s", options.patience.as_secs())));
            }
            if self.resident() > options.resident_limit {
                return Err(Loss::Blamed(Skip::too_much_memory(options.resident_limit)));
            }
        }
    }

    /// Whether it has had its time: on a busy machine a worker that got no processor is not to blame, for a while.
    fn is_stuck(&self, waited: Duration, cpu_before: Option<Duration>, patience: Duration) -> bool {
        waited >= patience && (self.has_had(cpu_before, patience) || waited >= patience * LONGEST)
    }

    /// Whether it has had a processor for half of such a time.
    fn has_had(&self, cpu_before: Option<Duration>, patience: Duration) -> bool {
        let used = cpu_of(self.process.id()).zip(cpu_before).map(|(now, before)| now.saturating_sub(before));
        used.is_none_or(|used| used >= patience / 2)
    }

    fn resident(&self) -> u64 {
        resident_of(self.process.id()).unwrap_or(0)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.input.flush();
        let _ = self.process.kill();
        let _ = self.process.wait();
        // The pipe is closed now, so the reader ends; what it still holds is taken from it.
        let (_, nothing) = bounded(0);
        self.answers = nothing;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
