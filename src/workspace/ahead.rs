//! Reading ahead: facts that somebody may ask for soon are brought into the tiers by one thread of low priority. Invariants:
//! it reads at most half of what the warm tier may hold for one wish, waits while a question is served, and stops when
//! the wish is withdrawn; what waits is bounded. Must not know why a file may be asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::pace::Whose;
use super::state::Shared;
use crate::base::cancel::Cancel;
use crate::base::ids::FileId;
use crate::base::threads::{self, Intent};
use crate::index::snapshot::{Reading, Snapshot};
use crate::index::tiered::TieredFacts;
use crate::store::tiers::Tier;

/// Wishes that wait; more are dropped.
const WAITING: usize = 64;
/// How often the log tells of the tiers, where it does.
const TOLD: Duration = Duration::from_secs(60);
/// How long a wish waits for memory, and how often it looks.
const SHORT: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);
/// Files that are read for one wish.
const FILES: usize = 4_096;

/// Chooses the files, most wanted first, when it is their turn. The snapshot's own reads count as reading ahead.
pub type Choose = Box<dyn FnOnce(&Snapshot, &Cancel) -> Vec<FileId> + Send>;

struct Wish {
    choose: Choose,
    cancel: Cancel,
}

/// The thread and its queue.
#[derive(Default)]
pub(super) struct Ahead {
    wishes: Mutex<Option<Sender<Wish>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Ahead {
    /// Starts the thread. Without it nothing is read ahead.
    pub fn start(&self, shared: &Arc<Shared>, facts: &Arc<TieredFacts>) {
        let (sender, wishes) = bounded(WAITING);
        let (shared, facts) = (shared.clone(), facts.clone());
        let thread = threads::spawn("ahead", Intent::Background, move || run(&shared, &facts, &wishes));
        if let Ok(thread) = thread {
            *self.wishes.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
            *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        }
    }

    /// Takes a wish, unless too many wait; it can be withdrawn with `cancel`. Says whether it was taken.
    pub fn wish(&self, choose: Choose, cancel: Cancel) -> bool {
        let wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        wishes.as_ref().is_some_and(|it| it.try_send(Wish { choose, cancel }).is_ok())
    }

    /// Ends the thread; the workspace has to be cancelled before.
    pub fn stop(&self) {
        *self.wishes.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, facts: &TieredFacts, wishes: &Receiver<Wish>) {
    let mut told = 0;
    loop {
        let Wish { choose, cancel } = match wishes.recv_timeout(TOLD) {
            Ok(wish) => wish,
            Err(RecvTimeoutError::Timeout) => {
                told = tell(shared, facts, told);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => {
                tell(shared, facts, told);
                return;
            }
        };
        let is_over = || cancel.is_cancelled() || shared.cancel.is_cancelled();
        if is_over() {
            continue;
        }
        let snapshot = shared.snapshot().reading(Reading::Ahead);
        let most = facts.tiers().statistics().shares[Tier::Warm as usize] / 2;
        let mut read = 0;
        for file in choose(&snapshot, &cancel).into_iter().take(FILES) {
            if read >= most || !has_room(shared, is_over) {
                break;
            }
            shared.pace.wait(Whose::Idle, is_over);
            shared.questions.pause(is_over);
            if is_over() {
                break;
            }
            let Some(facts) = snapshot.facts(file) else { continue };
            read += facts.segments.iter().map(|it| it.facts.heap_size() as u64).sum::<u64>();
        }
    }
}

/// Waits until memory is no longer short, and nothing is over; false where that does not come soon.
fn has_room(shared: &Shared, is_over: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while shared.governor.room.is_tight() && begun.elapsed() < SHORT && !is_over() {
        std::thread::sleep(LOOK);
    }
    !shared.governor.room.is_tight() && !is_over()
}

/// Writes to the log how the tiers do, if that is wanted and anything was asked since `told` questions.
fn tell(shared: &Shared, facts: &TieredFacts, told: u64) -> u64 {
    if !shared.options.metrics.cache {
        return told;
    }
    let it = facts.tiers().statistics();
    let asked = it.hits.iter().sum::<u64>() + it.misses;
    if asked > told {
        let (hits, misses, entries, bytes) = (it.hits, it.misses, it.entries, it.bytes);
        let micros = it.times.map(|it| it.p95.as_micros());
        let (ahead, used) = (it.ahead, it.ahead_used);
        tracing::info!(
            target: "portolan::metrics",
            "cache: hits {hits:?} misses {misses} entries {entries:?} bytes {bytes:?} p95 us {micros:?} read ahead {ahead} used {used}"
        );
    }
    asked
}
