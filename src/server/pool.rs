//! The threads that compute answers. Invariant: a job starts only when no job of a more urgent lane could; one thread is
//! always free of less urgent jobs, so that short answers never wait for long ones, and one is theirs as soon as any of
//! them waits, so that they are answered while somebody types without end. Must not know what the jobs do.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::outbox::Outbox;
use crate::base::threads::{self, Intent};
use crate::workspace::Requests;

/// How urgent a request is; the order is the priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Asked for with each keystroke: the open document alone.
    Typing,
    /// Somebody waits: one look into the index.
    Answer,
    /// May take long: searches, lists of uses, waiting for the index.
    Slow,
}

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads over three queues.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    /// Indexing lets them go first.
    requests: Arc<Requests>,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    outbox: Arc<Outbox>,
    threads: usize,
}

#[derive(Default)]
struct State {
    waiting: [VecDeque<Job>; 3],
    running: [usize; 3],
    closed: bool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl Pool {
    /// Starts `threads` (at least 3) threads; jobs wait while the outbox is full.
    pub(crate) fn start(threads: usize, outbox: Arc<Outbox>) -> std::io::Result<Self> {
        let threads = threads.max(3);
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), outbox, threads });
        for number in 0..threads {
            let shared = shared.clone();
            threads::spawn(&format!("answer-{number}"), Intent::Latency, move || shared.work())?;
        }
        Ok(Self { shared, requests: Arc::default() })
    }

    /// The requests that it answers.
    pub(crate) fn requests(&self) -> Arc<Requests> {
        self.requests.clone()
    }

    /// Queues a job.
    pub(crate) fn submit(&self, lane: Lane, job: impl FnOnce() + Send + 'static) {
        let answering = self.requests.begin();
        let job = move || {
            job();
            drop(answering);
        };
        let mut state = self.shared.lock();
        if !state.closed {
            state.waiting[lane as usize].push_back(Box::new(job));
        }
        drop(state);
        self.shared.work.notify_all();
    }

    /// Runs a job and waits for what it makes; none where the pool closed or the job panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = tokio::sync::oneshot::channel();
        self.submit(lane, move || {
            // Nobody waits any more: the request was cancelled.
            if !done.is_closed() {
                let _ = done.send(job());
            }
        });
        result.await.ok()
    }

    /// Drops what waits; threads end after what they do now.
    pub(crate) fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        drop(dropped);
        self.shared.work.notify_all();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a job of a lane waits and may start: with those less urgent it leaves some threads alone, and the most
    /// urgent ones leave one to the others.
    fn may_start(&self, state: &State, lane: usize) -> bool {
        let running: usize = state.running[lane..].iter().sum();
        let others_wait = state.waiting[1..].iter().any(|it| !it.is_empty()) && state.running[1..] == [0, 0];
        let greedy = lane == 0 && others_wait && state.running[0] + 1 >= self.threads;
        !state.waiting[lane].is_empty() && running < self.threads - lane && !greedy
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if state.closed {
                return;
            }
            let Some(lane) = (0..3).find(|&lane| self.may_start(&state, lane)) else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(job) = state.waiting[lane].pop_front() else { continue };
            state.running[lane] += 1;
            drop(state);
            self.outbox.wait_for_room();
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("a job panicked outside of its guard");
            }
            state = self.lock();
            state.running[lane] -= 1;
            drop(state);
            // A place in the lane is free: another thread may have been kept from its jobs.
            self.work.notify_all();
            state = self.lock();
        }
    }
}
