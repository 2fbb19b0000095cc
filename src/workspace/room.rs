//! How much of the memory limit is left, told by the governor, asked by whoever is about to take some. Invariant: whoever
//! waits for room goes on after its patience: a limit that is too small slows work down and never stops it. Must not know
//! what the room is for.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Share of the limit, in percent, above which work waits.
const TIGHT: u64 = 85;
/// How often who waits looks whether it is over.
const LOOK: Duration = Duration::from_millis(50);

/// What is taken and what may be.
#[derive(Debug, Default)]
pub struct Room {
    /// 0: nobody watches, there is always room.
    limit: u64,
    used: AtomicU64,
    tight: AtomicBool,
    waits: AtomicU64,
    /// Who waits now.
    waiting: AtomicUsize,
    changed: (Mutex<()>, Condvar),
}

impl Room {
    /// Of this many bytes.
    pub fn new(limit: u64) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Bytes above which work waits.
    pub fn share(&self) -> u64 {
        self.limit / 100 * TIGHT
    }

    /// Tells what is used now.
    pub fn tell(&self, used: u64) {
        self.used.store(used, Ordering::Release);
        self.tight.store(self.limit > 0 && used > self.share(), Ordering::Release);
        let _guard = self.changed.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed.1.notify_all();
    }

    /// More is used than should be.
    pub fn is_tight(&self) -> bool {
        self.tight.load(Ordering::Acquire)
    }

    /// Somebody waits for room.
    pub fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// How often somebody had to wait.
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Waits until `bytes` more fit, or `patience` or the cause is over.
    pub fn wait_for(&self, bytes: u64, patience: Duration, is_over: impl Fn() -> bool) {
        let fits = || self.limit == 0 || self.used.load(Ordering::Acquire).saturating_add(bytes) <= self.share();
        if fits() {
            return;
        }
        self.waits.fetch_add(1, Ordering::Relaxed);
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let begun = Instant::now();
        let mut guard = self.changed.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !fits() && begun.elapsed() < patience && !is_over() {
            guard = self.changed.1.wait_timeout(guard, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_waited_for_and_given() {
        let room = Room::new(1000);
        let none = || panic!("nobody waits");
        room.wait_for(850, Duration::MAX, none);
        room.tell(800);
        room.wait_for(50, Duration::MAX, none);
        assert!(!room.is_tight());
        room.wait_for(51, Duration::MAX, || true);
        room.tell(851);
        assert!(room.is_tight());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| room.wait_for(100, Duration::MAX, || false));
            while room.waits() < 2 {
                std::thread::yield_now();
            }
            room.tell(750);
            waiting.join().unwrap();
        });
        Room::default().wait_for(u64::MAX, Duration::MAX, none);
    }
}
