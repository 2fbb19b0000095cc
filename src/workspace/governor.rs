//! Keeps the process tree below its memory limit while it indexes. Invariants: it measures only while a pass runs or vectors
//! are made; above 85 % of the limit no batch is handed out for a while, commits come early, caches and free memory are given
//! back and workers go after their job. Must not know what a batch is.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::room::Room;
use super::state::Shared;
use crate::base::os::{allocator, memory};
use crate::base::threads::{self, Intent};
use crate::index::tiered::TieredFacts;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// While it stays tight, caches are given back at each so-manyth look.
const RELIEF: u32 = 10;

/// What the governor has seen and what follows from it.
#[derive(Default)]
pub struct Governor {
    /// Whoever is about to take memory asks it.
    pub room: Arc<Room>,
    peak: AtomicU64,
    passes: AtomicUsize,
    /// Passes, and what takes memory besides.
    watched: AtomicUsize,
    thread: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

/// A pass runs, or memory is watched over, as long as this lives.
pub struct Running<'a> {
    of: &'a Governor,
    is_pass: bool,
}

impl Governor {
    /// One for this many bytes; it sleeps until `start`.
    pub fn new(limit: u64) -> Self {
        Self { room: Arc::new(Room::new(limit)), ..Self::default() }
    }

    /// Starts to look whenever a pass runs or vectors are made. Without its thread nothing pauses.
    pub fn start(shared: &Arc<Shared>, facts: Arc<TieredFacts>) {
        let (wake, woken) = unbounded();
        let of = shared.clone();
        match threads::spawn("memory", Intent::Latency, move || of.governor.run(&of, &facts, &woken)) {
            Ok(thread) => *shared.governor.lock() = Some((wake, thread)),
            Err(error) => shared.notice(&format!("memory.limit_mb is not watched over: {error}")),
        }
    }

    /// Ends the thread; whoever pauses goes on.
    pub fn stop(&self) {
        let thread = self.lock().take();
        if let Some((wake, thread)) = thread {
            drop(wake);
            let _ = thread.join();
        }
        self.room.tell(0);
    }

    /// A pass begins.
    pub fn begin(&self) -> Running<'_> {
        self.passes.fetch_add(1, Ordering::AcqRel);
        let mut running = self.watch_over();
        running.is_pass = true;
        running
    }

    /// Something begins that takes memory and brings no file into the index: it may last for hours.
    pub fn watch_over(&self) -> Running<'_> {
        if self.watched.fetch_add(1, Ordering::AcqRel) == 0
            && let Some((wake, _)) = &*self.lock()
        {
            let _ = wake.send(());
        }
        Running { of: self, is_pass: false }
    }

    /// Passes that run now, those over all included while they merge, unless vectors that take long keep them.
    pub fn passes(&self) -> usize {
        self.passes.load(Ordering::Acquire)
    }

    /// The most that was seen, in bytes, and how many batches had to wait.
    pub fn seen(&self) -> (u64, u64) {
        (self.peak.load(Ordering::Relaxed), self.room.waits())
    }

    fn run(&self, shared: &Shared, facts: &TieredFacts, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            // Looks since memory became short.
            let mut looks = 0;
            loop {
                let short = self.look(shared, facts, looks);
                looks = if short { looks.wrapping_add(1) } else { 0 };
                if self.watched.load(Ordering::Acquire) == 0 {
                    break;
                }
                match woken.recv_timeout(LOOK) {
                    Err(RecvTimeoutError::Disconnected) => return,
                    Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                }
            }
            self.room.tell(0);
        }
    }

    /// Tells the room what is used, and gives back what can be where it is short; says whether it is.
    fn look(&self, shared: &Shared, facts: &TieredFacts, looks: u32) -> bool {
        // Who waits is not to wait for pages that were counted twice.
        let waited_for = self.room.is_waited_for();
        // A user's model is their choice: its memory has a bound of its own.
        let aside = shared.options.embedder.as_ref().and_then(|it| it.own_process());
        let used = used(if waited_for { 0 } else { self.room.share() }, aside);
        self.peak.fetch_max(used, Ordering::Relaxed);
        self.room.tell(used);
        let short = waited_for || self.room.is_tight();
        // Given back too often, pages and facts would only be fetched again.
        if short && looks.is_multiple_of(RELIEF) {
            // Decoded facts move to the compressed tiers; pages of the packs come back from their files.
            facts.tiers().relieve(0);
            for root in shared.roots() {
                root.store.state().packs.iter().for_each(|pack| pack.release_pages());
            }
            allocator::give_back();
        }
        short
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Sender<()>, JoinHandle<()>)>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.of.watched.fetch_sub(1, Ordering::AcqRel);
        if self.is_pass {
            self.of.passes.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Bytes of the process tree. Resident sizes are cheap to ask for and never too small: only where they are above
/// `enough` are shared pages counted once.
fn used(enough: u64, aside: Option<u32>) -> u64 {
    let me = std::process::id();
    let all: Vec<u32> = memory::descendants(me).into_iter().filter(|it| Some(*it) != aside).chain([me]).collect();
    let sum = |of: fn(u32) -> Option<u64>| all.iter().filter_map(|&it| of(it)).fold(0, u64::saturating_add);
    let upper = sum(memory::resident_of);
    if upper <= enough { upper } else { sum(memory::pss_of) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_watched_over_is_no_pass() {
        let it = Governor::new(1 << 30);
        let seen = || (it.passes(), it.watched.load(Ordering::Relaxed));
        let vectors = it.watch_over();
        assert_eq!(seen(), (0, 1));
        let pass = it.begin();
        assert_eq!(seen(), (1, 2));
        drop(vectors);
        assert_eq!(seen(), (1, 1));
        drop(pass);
        assert_eq!(seen(), (0, 0));
    }
}
