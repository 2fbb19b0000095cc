//! The crawls of a workspace: one looks at whole roots, one at what somebody has just saved, changed or asked for, one at
//! the long files that these meet, one at their texts that take long. Invariant: each runs one pass at a time; requests that
//! wait are joined. Must not know what a pass does inside.

mod vectors;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use vectors::Ending;

use super::WorkspaceError;
use super::crawl::{self, Pass, read::MOST_READ};
use super::merging::{self, Occasion};
use super::progress::{Counters, Event, Stage};
use super::roots::Root;
use super::rules::Rules;
use super::seeding;
use super::seek::{self, Asked};
use super::state::{Command, Lacking, Lane, Later, Shared};
use super::worker::{Pool, PoolOptions};
use crate::base::metrics::Switches;
use crate::base::paths::RelPath;
use crate::base::threads::{self, Intent};

/// Where everything is watched, the timer only guards against what the system did not tell: so many times as rarely.
const WATCHED_PATIENCE: u32 = 10;

/// Where the system gives no threads, a pass is tried so often again, after such pauses.
const REFUSALS: u32 = 10;
const REFUSED: Duration = Duration::from_millis(300);

/// So many times as long as a look at long files took nobody looks at them again.
const REST: u32 = 4;
/// But no longer than this.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// How often the end is asked for meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Something to look at.
pub enum Request {
    Whole(Arc<Root>),
    Near(Arc<Root>, RelPath),
    /// Nothing: it answers when all that was asked before it has been looked at.
    Settled(Sender<()>),
}

/// The queues of the crawls and their threads.
pub struct Lanes {
    whole: Sender<Request>,
    near: Sender<Request>,
    asked: Sender<Asked>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Lanes {
    /// Starts the crawls.
    ///
    /// # Errors
    /// Threads cannot be started.
    pub fn start(shared: &Arc<Shared>) -> Result<Self, WorkspaceError> {
        let failed = |error: std::io::Error| WorkspaceError::System(format!("cannot start a thread: {error}"));
        let pool = Arc::new(Pool::new(pool_options(shared)).map_err(failed)?);
        let mut threads = Vec::new();
        let (ends, endings) = unbounded();
        let mut queue = |name: &str, lane: Lane| {
            let (sender, receiver) = unbounded();
            let (shared, pool, ends) = (shared.clone(), pool.clone(), ends.clone());
            threads.push(
                threads::spawn(name, Intent::Background, move || run(&shared, &pool, (lane, &ends), &receiver))
                    .map_err(failed)?,
            );
            Ok(sender)
        };
        let (whole, near) = (queue("crawl", Lane::Whole)?, queue("crawl-near", Lane::Near)?);
        *shared.whole.lock().unwrap_or_else(PoisonError::into_inner) = Some(whole.clone());
        let later = Later { long: queue("crawl-large", Lane::Large)?, slow: queue("crawl-slow", Lane::Slow)? };
        // Only the crawls keep that queue open.
        drop(ends);
        *shared.later.lock().unwrap_or_else(PoisonError::into_inner) = Some(later);
        let (lacking, lacks) = unbounded();
        *shared.vectors.lock().unwrap_or_else(PoisonError::into_inner) = Some(lacking);
        let (of, with) = (shared.clone(), pool.clone());
        let fill = move || vectors::fill(&of, &with, &lacks);
        threads.push(threads::spawn("vectors", Intent::Background, fill).map_err(failed)?);
        let (of, with) = (shared.clone(), pool.clone());
        let end = move || endings.iter().for_each(|it| vectors::end(&of, &with, it));
        threads.push(threads::spawn("vectors-whole", Intent::Background, end).map_err(failed)?);
        vectors::warm(shared);
        let (asked, questions) = unbounded();
        let of = shared.clone();
        let serve = move || seek::run(&of, &pool, &questions);
        threads.push(threads::spawn("seek", Intent::Latency, serve).map_err(failed)?);
        Ok(Self { whole, near, asked, threads })
    }

    /// Queues a question that waits; gives it back where the workspace is closing.
    pub fn seek(&self, asked: Asked) -> Option<Asked> {
        self.asked.send(asked).err().map(|it| it.0)
    }

    /// Queues a request; a closed queue means that the workspace is closing.
    pub fn ask(&self, request: Request) {
        let _ = match request {
            Request::Whole(_) => self.whole.send(request),
            Request::Near(..) | Request::Settled(_) => self.near.send(request),
        };
    }

    /// Two answers, one from each crawl that is asked, that come when it has done what was asked of it before.
    pub fn settle(&self) -> Receiver<()> {
        ask_whether_settled([&self.whole, &self.near])
    }

    /// Where the watcher sends what it heard.
    pub fn near(&self) -> Sender<Request> {
        self.near.clone()
    }

    /// Ends them; passes have to be cancelled before.
    pub fn join(self) {
        drop((self.whole, self.near, self.asked));
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Two answers, one from each of these queues, when all that was asked there before is done.
pub fn ask_whether_settled(queues: [&Sender<Request>; 2]) -> Receiver<()> {
    let (sender, settled) = crossbeam_channel::bounded(2);
    for queue in queues {
        let _ = queue.send(Request::Settled(sender.clone()));
    }
    settled
}

fn pool_options(shared: &Shared) -> PoolOptions {
    let options = &shared.options;
    let workers = super::state::cores(options.workers);
    // Half of the budget is for the workers, and one of them may be at a large file while the others are small.
    let resident_limit = (options.memory_limit / 2).max(96 << 20);
    PoolOptions {
        workers,
        executable: options.executable.clone(),
        resident_limit,
        resident_idle: resident_limit / (workers as u64 + 1),
        faults: options.faults,
        segment_size: options.segment_size,
        parsers: options.parsers,
        pace: shared.pace.clone(),
        segment_sizes: options.segment_sizes.clone(),
        cancel: shared.cancel.clone(),
        room: shared.governor.room.clone(),
        ..PoolOptions::default()
    }
}

/// Requests that wait, each thing once.
#[derive(Default)]
struct Joined {
    whole: Vec<Arc<Root>>,
    near: Vec<(Arc<Root>, BTreeSet<RelPath>)>,
    settled: Vec<Sender<()>>,
    /// Requests for paths.
    asked: u64,
}

impl Joined {
    fn of(requests: impl Iterator<Item = Request>) -> Self {
        let mut out = Self::default();
        for request in requests {
            match request {
                Request::Whole(root) if out.whole.iter().any(|it| it.id == root.id) => {}
                Request::Whole(root) => out.whole.push(root),
                Request::Settled(sender) => out.settled.push(sender),
                Request::Near(root, path) => {
                    out.asked += 1;
                    match out.near.iter_mut().find(|it| it.0.id == root.id) {
                        Some((_, paths)) => drop(paths.insert(path)),
                        None => out.near.push((root, BTreeSet::from([path]))),
                    }
                }
            }
        }
        out
    }
}

fn run(shared: &Arc<Shared>, pool: &Pool, (lane, ends): (Lane, &Sender<Ending>), requests: &Receiver<Request>) {
    let (mut looked, mut rests_until) = (Instant::now(), Instant::now());
    loop {
        let interval = if shared.watch.is_complete() {
            shared.options.rescan_interval.saturating_mul(WATCHED_PATIENCE)
        } else {
            shared.options.rescan_interval
        };
        let first = match requests.recv_timeout(interval.saturating_sub(looked.elapsed())) {
            Ok(first) => first,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                if lane == Lane::Near && shared.options.follow && !shared.pace.is_paused() {
                    look_again(shared, pool);
                }
                looked = Instant::now();
                continue;
            }
        };
        // What comes while work is paused, or rests, is joined.
        shared.pace.wait_paused(|| shared.cancel.is_cancelled());
        if matches!(first, Request::Near(..)) {
            rest(shared, rests_until);
        }
        if shared.cancel.is_cancelled() {
            return;
        }
        let Joined { whole, near, settled, asked } = Joined::of(std::iter::once(first).chain(requests.try_iter()));
        for root in whole {
            look_at_all(shared, pool, &root, ends);
        }
        let roots: Vec<Arc<Root>> = near.iter().map(|it| it.0.clone()).collect();
        for (root, paths) in near {
            let begun = Instant::now();
            let is_long = |it: &RelPath| root.dir.stat(it).is_ok_and(|(stamp, _)| stamp.size > MOST_READ);
            let rests = lane == Lane::Large && paths.iter().any(is_long);
            let closing = shared.closing.among(root.id, paths.iter());
            let report = look_at(shared, pool, &root, paths.into_iter().collect(), lane, &shared.near_counters);
            shared.closing.seen(root.id, closing, |path| shared.close(root.id, path));
            if rests {
                // A file that grows all the time must not keep the disk busy all the time.
                let worked = begun.elapsed().saturating_sub(report.waited);
                rests_until = Instant::now() + worked.saturating_mul(REST).min(LONGEST_REST);
            }
        }
        shared.behind.served(asked);
        for root in roots {
            shared.lacks(Lacking::Files(root.clone()));
            merging::tidy_up(shared, &root, Occasion::Near);
        }
        for sender in settled {
            let _ = sender.send(());
        }
    }
}

/// Does nothing until then, or until the end.
fn rest(shared: &Shared, until: Instant) {
    while Instant::now() < until && !shared.cancel.is_cancelled() {
        std::thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
    }
}

/// The rescan by timer: a walk over all that was indexed before, for changes that nobody has told us.
fn look_again(shared: &Arc<Shared>, pool: &Pool) {
    for root in shared.roots() {
        if root.stage() >= Stage::Indexed && !shared.cancel.is_cancelled() {
            root.rules.forget();
            look_at(shared, pool, &root, vec![RelPath::default()], Lane::Near, &shared.near_counters);
            shared.lacks(Lacking::Files(root));
        }
    }
}

/// A whole pass, then what lacks vectors, then merging. Vectors that take long keep nobody from the next root.
fn look_at_all(shared: &Arc<Shared>, pool: &Pool, root: &Arc<Root>, ends: &Sender<Ending>) {
    if !root.store.is_writer() || root.cancel.is_cancelled() {
        return;
    }
    shared.events.send(&Event::Started { root: root.id });
    let _running = shared.governor.begin();
    shared.counters.begin_pass();
    let seeds = seeding::seed(shared, root);
    let mut report = look_at(shared, pool, root, vec![RelPath::default()], Lane::Whole, &shared.counters);
    for _ in 0..REFUSALS {
        if !report.refused || root.cancel.is_cancelled() {
            break;
        }
        std::thread::sleep(REFUSED);
        shared.counters.begin_pass();
        report = look_at(shared, pool, root, vec![RelPath::default()], Lane::Whole, &shared.counters);
    }
    let now = root.now();
    // Another pass may still have in hand what a saved file has overtaken.
    if shared.governor.passes() == 1 {
        root.forget_touched(now);
    }
    if root.cancel.is_cancelled() {
        return;
    }
    if report.refused {
        shared.notice(&format!(
            "{}: not indexed, because the system gives no more threads; raise the limits on processes and memory (ulimit \
             -u, ulimit -v), then open it again",
            root.path().display()
        ));
    } else if !report.complete {
        shared.notice(&format!(
            "{}: the walk was ended after {} s (performance.parallel_scanner.timeout_seconds); the rest is not indexed",
            root.path().display(),
            shared.options.walk_timeout.as_secs()
        ));
    }
    shared.ask(|done| Command::Walked(root.id, report.missing, report.complete, done));
    shared.reach(root, Stage::Indexed);
    tell(shared.options.metrics, &report.profile);
    if let Ok(mut profile) = shared.profile.lock() {
        *profile = report.profile;
    }
    let ending = Ending { root: root.clone(), seeds, counted: shared.counters.read() };
    if shared.options.embedder.as_ref().is_some_and(|it| it.is_slow()) {
        let _ = ends.send(ending);
    } else {
        vectors::end(shared, pool, ending);
    }
}

/// Writes what the stages of a pass did to the log, as far as that is wanted.
fn tell(wanted: Switches, profile: &[String]) {
    let parse = ["extraction", "embedding", "total"];
    for line in profile {
        let of_parse = parse.iter().any(|it| line.starts_with(it));
        if (wanted.parse && of_parse) || (wanted.io && !of_parse) {
            tracing::info!(target: "portolan::metrics", "{line}");
        }
    }
}

fn look_at(
    shared: &Arc<Shared>,
    pool: &Pool,
    root: &Arc<Root>,
    paths: Vec<RelPath>,
    lane: Lane,
    counters: &Counters,
) -> crawl::Report {
    if !root.store.is_writer() || root.cancel.is_cancelled() {
        return crawl::Report { complete: true, ..crawl::Report::default() };
    }
    let (rule_files, mut paths): (Vec<_>, Vec<_>) = paths.into_iter().partition(Rules::is_rule_file);
    if !rule_files.is_empty() {
        root.rules.forget();
        // Another rule may hold for everything beside and beneath the file.
        paths.extend(rule_files.iter().filter_map(Rules::governed));
    }
    let paths = outermost(paths);
    paths.iter().for_each(|it| root.rules.forget_beneath(it));
    if lane == Lane::Near {
        // Whatever the other crawl has read there before now is overtaken.
        paths.iter().for_each(|it| root.touch(it, root.now()));
    }
    // A commit of the other that is under way has asked before that: the pass has to know what it brings.
    let snapshot = shared.snapshot_between_commits(root);
    let (cancel, waited) = (&root.cancel, AtomicU64::default());
    let again = lane == Lane::Whole && root.is_tried_again();
    crawl::run(&Pass { shared, root, paths, snapshot, pool, counters, cancel, lane, asked: false, again, waited })
}

/// Without those that lie beneath another: each file is looked at once.
fn outermost(paths: Vec<RelPath>) -> Vec<RelPath> {
    let all: BTreeSet<RelPath> = paths.into_iter().collect();
    let around = |it: &RelPath| std::iter::successors(it.parent(), RelPath::parent).any(|it| all.contains(&it));
    all.iter().filter(|it| !around(it)).cloned().collect()
}
