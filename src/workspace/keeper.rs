//! The thread that looks after the stores: reads what another process writes and takes over where that one has ended, tries
//! again what the disk refused, sets damaged packs aside, gives free memory back. Invariant: however slow the disk is, who
//! types or asks never waits for it here. Must not know what packs hold.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, unbounded};

use super::WorkspaceError;
use super::roots::Root;
use super::shelf;
use super::state::{Command, Shared};
use crate::base::os::allocator;
use crate::base::threads::{self, Intent};
use crate::store::pack::PackId;

/// How often the stores are looked after.
const TICK: Duration = Duration::from_secs(2);
/// The same where another process writes.
const FOLLOWED: Duration = Duration::from_millis(500);
/// How often free memory is given back to the system.
const REST: Duration = Duration::from_secs(10);

/// The thread, and what it has to know.
#[derive(Default)]
pub(super) struct Keeper {
    thread: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
    /// Packs were taken in since free memory was given back.
    worked: AtomicBool,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(shared: &Arc<Shared>) -> Result<(), WorkspaceError> {
        let (stop, stopped) = unbounded();
        let of = shared.clone();
        let run = move || {
            let mut rested = Instant::now();
            while stopped.recv_timeout(tick(&of)) == Err(RecvTimeoutError::Timeout) {
                look_after_stores(&of);
                if rested.elapsed() >= REST && of.keeper.worked.swap(false, Ordering::Relaxed) {
                    allocator::give_back();
                    rested = Instant::now();
                }
            }
        };
        let thread = threads::spawn("stores", Intent::Latency, run)
            .map_err(|error| WorkspaceError::System(format!("cannot start a thread: {error}")))?;
        *shared.keeper.lock() = Some((stop, thread));
        Ok(())
    }

    /// Ends the thread.
    pub fn stop(&self) {
        let thread = self.lock().take();
        if let Some((stop, thread)) = thread {
            drop(stop);
            let _ = thread.join();
        }
    }

    /// Packs are taken in: that leaves free memory behind.
    pub fn note_work(&self) {
        self.worked.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Sender<()>, JoinHandle<()>)>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where another process writes, its commits are looked for more often.
fn tick(shared: &Shared) -> Duration {
    if shared.roots().iter().all(|it| it.store.is_writer()) { TICK } else { FOLLOWED }
}

/// Follows another writer's commits, retries what the disk refused, sets damaged packs aside.
pub(super) fn look_after_stores(shared: &Shared) {
    let faults = shared.snapshot().faults();
    for root in shared.roots() {
        set_aside(shared, &root, &faults);
        let followed = !root.store.is_writer();
        let is_news = root.store.refresh().is_some();
        let takes_over = followed && root.store.is_writer();
        if takes_over {
            // The process that wrote has ended, perhaps in the midst of its work: what it had seen may have changed since.
            shared.ask(|done| Command::Walked(root.id, 0, false, done));
        }
        if is_news {
            shared.ask(|done| Command::News(root.clone(), done));
            shared.follow(&root);
        }
        if takes_over {
            shared.look_at_whole(&root);
        }
        shared.drain_store(&root);
    }
}

/// Sets packs aside that turned out to be unreadable. What answers were made of is missing until the next pass has found it
/// again.
fn set_aside(shared: &Shared, root: &Arc<Root>, faults: &[(PackId, String)]) {
    let Some(lost) = shelf::heal(root, faults) else { return };
    if lost.answers {
        shared.ask(|done| Command::Walked(root.id, 0, false, done));
    }
    shared.ask(|done| Command::Lost(root.id, lost.packs, done));
    if lost.answers {
        shared.look_at_whole(root);
    }
}
