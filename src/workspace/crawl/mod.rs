//! Path 2 of the map: walk -> stat -> read and hash -> reuse by key, or parse and extract in a worker process -> commit ->
//! apply -> publish, then what still lacks vectors: embed -> commit vectors. Invariants: every stage is bounded in memory
//! and ends when cancelled; a file is blamed or forgotten, never the pass. Must not know who asked for the pass.

pub mod chunks;
pub mod commit;
pub mod embed;
pub mod extract;
pub mod gone;
pub mod large;
pub mod plan;
pub mod read;
pub mod record;
pub mod walk;

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use self::commit::Committer;
use self::extract::{Arrival, Batch};
use self::plan::Plan;
use self::record::Pending;
use self::walk::Sight;
use super::pace::{Pace, Whose};
use super::progress::Counters;
use super::roots::Moment;
use super::rules::{self, Rules};
use super::shelf;
use super::skip::Skip;
use super::state::{Lane, Root, Shared};
use super::watch::BesidePass;
use super::worker::{Outcome, Pool};
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::base::os::{EntryKind, FileStamp, OpenError, process};
use crate::base::paths::RelPath;
use crate::base::threads::{self, Intent};
use crate::base::version::Version;
use crate::index::snapshot::Snapshot;

/// One pass over a root, or over parts of it.
pub struct Pass<'a> {
    pub shared: &'a Shared,
    pub root: &'a Root,
    /// Files and folders to look at; the empty path is the whole root.
    pub paths: Vec<RelPath>,
    /// What is known at its start.
    pub snapshot: Snapshot,
    pub pool: &'a Pool,
    /// Its own counters, or those that people see.
    pub counters: &'a Counters,
    pub cancel: &'a Cancel,
    pub lane: Lane,
    /// A question waits for it: it is neither paused nor slowed down.
    pub asked: bool,
    /// What is quarantined is tried again.
    pub again: bool,
    /// How long its threads have waited for their turn, in microseconds.
    pub waited: AtomicU64,
}

impl Pass<'_> {
    /// Waits for the turn of one more piece of work.
    fn wait(&self) {
        self.held(|pace, whose, is_over| pace.wait(whose, is_over));
    }

    /// Waits for the turn of one more file.
    fn wait_for_file(&self, bytes: u64) {
        self.held(|pace, whose, is_over| pace.file(whose, bytes, is_over));
    }

    /// Waits for the turn of so many more bytes of a file.
    fn wait_for_bytes(&self, bytes: u64) {
        self.held(|pace, whose, is_over| {
            pace.wait(whose, is_over);
            pace.bytes(whose, bytes, is_over);
        });
    }

    fn held(&self, wait: impl FnOnce(&Pace, Whose, &dyn Fn() -> bool)) {
        if !self.asked {
            let begun = Instant::now();
            let whose = if self.lane == Lane::Near { Whose::Near } else { Whose::Idle };
            wait(&self.shared.pace, whose, &|| self.cancel.is_cancelled());
            Stopwatch::add(&self.waited, begun);
        }
    }

    /// Whether long files are read by a thread of their own beside the others, one after the other.
    fn streams_beside(&self) -> bool {
        matches!(self.lane, Lane::Whole | Lane::Large)
    }
}

/// Time that a stage was busy, summed over its threads, in microseconds.
#[derive(Debug, Default)]
pub struct Stopwatch {
    pub walk: AtomicU64,
    pub read: AtomicU64,
    pub finish: AtomicU64,
    pub commit: AtomicU64,
}

impl Stopwatch {
    /// Adds the time since `begun`.
    pub fn add(counter: &AtomicU64, begun: Instant) {
        counter.fetch_add(begun.elapsed().as_micros() as u64, Ordering::Relaxed);
    }
}

/// What the stages of one pass share.
pub struct Work<'a> {
    pub pass: &'a Pass<'a>,
    /// Files that are with a worker, by token.
    pub pending: Mutex<HashMap<u64, Pending>>,
    pub next_token: AtomicU64,
    /// A newer version has written this index: what it made of a content is better than what we would.
    pub by_newer: bool,
    /// Files that belong, of those that the index knew at the start.
    pub seen: Mutex<HashSet<FileId>>,
    pub plan: Plan,
    pub watch: Stopwatch,
    pub began: Moment,
    /// Files that nothing could be said of now, not even why.
    pub missing: AtomicU64,
    /// Commits of this pass that were published.
    pub commits: AtomicU64,
    /// Closed when the large text that is on its way to the disk has come there.
    pub large: Mutex<Option<Receiver<()>>>,
    /// The system gave no threads: what was not seen proves nothing.
    pub refused: AtomicBool,
}

/// What a pass did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The walk ended by itself.
    pub complete: bool,
    /// The system gave no threads; another time it may.
    pub refused: bool,
    /// Files that it found and could not index.
    pub missing: u64,
    /// How long its threads have waited for their turn, all together.
    pub waited: Duration,
    /// One line for each stage.
    pub profile: Vec<String>,
}

/// Runs a pass to its end.
pub fn run(pass: &Pass<'_>) -> Report {
    let begun = Instant::now();
    let spent = (pass.lane == Lane::Whole).then(process::tree_time);
    let _running = pass.shared.governor.begin();
    let work = Work {
        pass,
        pending: Mutex::default(),
        next_token: AtomicU64::new(0),
        by_newer: shelf::noted_version(pass.root).is_some_and(|it| it > Version::own()),
        seen: Mutex::default(),
        plan: Plan::new(pass.shared.options.batch_files),
        watch: Stopwatch::default(),
        began: pass.root.now(),
        missing: AtomicU64::new(0),
        commits: AtomicU64::new(0),
        large: Mutex::default(),
        refused: AtomicBool::new(false),
    };
    let readers = pass.shared.walkers();
    let (sights_in, sights) = bounded::<Vec<Sight>>(32);
    // Paths alone: as many as there are long files.
    let (later_in, later) = unbounded();
    let (arrivals_in, arrivals) = bounded::<Arrival>(64);
    let (outcomes_in, outcomes) = bounded::<(u64, Outcome)>(64);
    let mut complete = false;
    std::thread::scope(|scope| {
        let walker = threads::scoped(scope, "walk", Intent::Background, || look(&work, sights_in));
        let mut reading = 0;
        for number in 0..readers {
            let (sights, arrivals, outcomes) = (sights.clone(), arrivals_in.clone(), outcomes_in.clone());
            let (name, work, later) = (format!("read-{number}"), &work, later_in.clone());
            let reader = threads::scoped(scope, &name, Intent::Background, move || {
                read_all(work, &sights, Batch::new(work, arrivals, outcomes).with_later(later));
            });
            reading += usize::from(reader.is_some());
        }
        // What nobody reads must not be taken for gone.
        let mut unread = reading == 0;
        drop((sights, later_in));
        let mut batch = Batch::new(&work, arrivals_in, outcomes_in);
        if pass.streams_beside() {
            let reader = threads::scoped(scope, "read-long", Intent::Background, move || {
                let long = later.into_iter().filter(|_| !pass.cancel.is_cancelled());
                long.for_each(|it| large::stream(&mut batch, it));
                batch.flush();
            });
            unread |= reader.is_none();
        } else {
            drop(batch);
        }
        if unread {
            work.refused.store(true, Ordering::Relaxed);
        }
        Committer::new(&work).run(&arrivals, &outcomes);
        complete = walker.and_then(|it| it.join().ok()).unwrap_or(false) && !work.refused.load(Ordering::Relaxed);
        if complete && !pass.cancel.is_cancelled() {
            gone::forget(&work);
        }
    });
    // Asking for the time of all processes is not for each look at a file that was saved.
    let profile = spent.map(|spent| profile(&work, begun, spent)).unwrap_or_default();
    let (missing, refused) = (work.missing.load(Ordering::Relaxed), work.refused.load(Ordering::Relaxed));
    let waited = Duration::from_micros(pass.waited.load(Ordering::Relaxed));
    Report { complete, refused, missing, waited, profile }
}

fn profile(work: &Work<'_>, begun: Instant, spent: Duration) -> Vec<String> {
    let seconds = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64 / 1e6;
    let it = work.pass.counters.read();
    vec![
        work.plan.line(),
        format!(
            "walking     {:8.2} s busy  {} files, {} left out",
            seconds(&work.watch.walk),
            it.files_found,
            it.files_skipped
        ),
        format!(
            "reading     {:8.2} s busy  {} unchanged, {} known",
            seconds(&work.watch.read),
            it.files_unchanged,
            it.files_reused
        ),
        format!("extraction  {} parsed, {} workers restarted", it.files_parsed, work.pass.pool.lost()),
        format!(
            "embedding   {:8.2} s busy  {} passages (facts decoded in the same stage)",
            seconds(&work.watch.finish),
            it.passages_done
        ),
        {
            let (peak, pauses) = work.pass.shared.governor.seen();
            format!("memory      {:8} MiB at most  {pauses} batches waited for memory", peak >> 20)
        },
        format!("index       {:8.2} s busy", seconds(&work.watch.commit)),
        format!(
            "processor   {:8.2} s  work was held back {} times for requests, a pause or a limit",
            process::tree_time().saturating_sub(spent).as_secs_f64(),
            work.pass.shared.pace.held()
        ),
        format!("total       {:8.2} s", begun.elapsed().as_secs_f64()),
    ]
}

/// The walk: of folders by the walker, of single files by the same rules. Says whether it came to its end.
fn look(work: &Work<'_>, sights: Sender<Vec<Sight>>) -> bool {
    let (pass, begun) = (work.pass, Instant::now());
    let (cancel, patience) = (Cancel::new(), pass.shared.options.walk_timeout);
    let (blocked, walkers) = (AtomicU64::new(0), pass.shared.walkers().max(1) as u32);
    let emit = |some: Vec<Sight>| {
        count(pass.counters, &work.plan, &some);
        let full = Instant::now();
        let _ = sights.send(some);
        Stopwatch::add(&blocked, full);
        // While the readers had no hand free the walk could not go on: that time is not its own.
        let waited = Duration::from_micros(blocked.load(Ordering::Relaxed)) / walkers;
        if pass.cancel.is_cancelled() || begun.elapsed().saturating_sub(waited) >= patience {
            cancel.cancel();
        }
    };
    let mut pool = None;
    let beside = BesidePass { shared: pass.shared, root: pass.root, lane: pass.lane };
    for path in &pass.paths {
        let kind = if path.as_bytes().is_empty() {
            Ok((FileStamp::default(), EntryKind::Directory))
        } else {
            pass.root.dir.stat(path)
        };
        match kind {
            Ok((_, EntryKind::Directory)) => {
                // Threads are made for folders alone: most passes are of one file that was saved.
                if pool.is_none() {
                    pool = pass.shared.walk_pool().ok();
                }
                let Some(pool) = &pool else {
                    work.refused.store(true, Ordering::Relaxed);
                    return false;
                };
                walk::walk(pool, &pass.root.dir, &pass.root.rules, path, &cancel, &beside, &emit);
            }
            Ok((stamp, kind)) => emit(vec![single(&pass.root.rules, pass, path, stamp, kind)]),
            // Whatever the index knew of it is forgotten at the end of the pass.
            Err(OpenError::NotFound) => {}
            Err(error) => emit(vec![Sight::Left { path: path.clone(), skip: rules::skip_of(&error) }]),
        }
    }
    Stopwatch::add(&work.watch.walk, begun);
    if pass.lane == Lane::Whole {
        tracing::info!("{}", work.plan.line());
    }
    !cancel.is_cancelled() && !pass.cancel.is_cancelled()
}

fn single(rules: &Rules, pass: &Pass<'_>, path: &RelPath, stamp: FileStamp, kind: EntryKind) -> Sight {
    let skip = rules.judge(&pass.root.dir, path, kind);
    match skip {
        None if stamp.size <= rules.options().size_limit => Sight::File { path: path.clone(), stamp },
        None => Sight::Left { path: path.clone(), skip: Skip::TooLarge },
        Some(skip) => Sight::Left { path: path.clone(), skip },
    }
}

fn count(counters: &Counters, plan: &Plan, sights: &[Sight]) {
    for sight in sights {
        match sight {
            Sight::File { stamp, .. } => {
                Counters::add(&counters.files_found, 1);
                Counters::add(&counters.bytes_found, stamp.size);
                plan.add(stamp.size);
            }
            Sight::Left { .. } => Counters::add(&counters.files_skipped, 1),
        }
    }
}

/// A reader: takes sights, trusts, reuses, or reads and queues for parsing.
fn read_all(work: &Work<'_>, sights: &Receiver<Vec<Sight>>, mut batch: Batch<'_>) {
    loop {
        let some = match sights.recv_timeout(Duration::from_millis(50)) {
            Ok(some) => some,
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                // Nothing comes at the moment: what waits should not wait for more.
                batch.flush();
                continue;
            }
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
        };
        if work.pass.cancel.is_cancelled() {
            continue;
        }
        let begun = Instant::now();
        for sight in some {
            if let Sight::File { path, stamp } = sight {
                extract::take(work, &mut batch, path, &stamp);
            }
        }
        Stopwatch::add(&work.watch.read, begun);
    }
    batch.flush();
}
