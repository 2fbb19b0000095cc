//! Who may ask the worker: many at once, or one who must be alone with it. Invariant: nobody waits here longer than he wants
//! to. Must not know what is asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::lock;

/// How often who waits looks whether he still wants to.
const LOOK: Duration = Duration::from_millis(50);

/// How long somebody waits: until a time, and as long as he goes on.
#[derive(Clone, Copy)]
pub(super) struct Wait<'a> {
    pub(super) until: Option<Instant>,
    pub(super) goes_on: &'a dyn Fn() -> bool,
}

impl Wait<'_> {
    pub(super) fn is_over(&self) -> bool {
        self.until.is_some_and(|it| Instant::now() >= it) || !(self.goes_on)()
    }

    /// How long he may sleep before he looks again.
    pub(super) fn look(&self) -> Duration {
        self.until.map_or(LOOK, |it| LOOK.min(it.saturating_duration_since(Instant::now())))
    }

    /// Sleeps on a condition, but no longer than he wants to.
    pub(super) fn on<'g, T>(&self, changed: &Condvar, guard: MutexGuard<'g, T>) -> MutexGuard<'g, T> {
        changed.wait_timeout(guard, self.look()).unwrap_or_else(PoisonError::into_inner).0
    }
}

#[derive(Default)]
struct Inside {
    many: usize,
    alone: bool,
}

/// See the module.
#[derive(Default)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
    /// Those who are alone inside or want to be: nobody else enters before them. Who waits asks this while `inside` is locked.
    for_one: AtomicUsize,
    changed: Condvar,
}

/// Somebody is inside as long as this lives.
pub(super) struct Entered<'a> {
    gate: &'a Gate,
    alone: bool,
}

impl Gate {
    /// Somebody is alone inside, or is about to be.
    pub(super) fn is_for_one(&self) -> bool {
        self.for_one.load(Ordering::Acquire) > 0
    }

    /// `None` where it took longer than `wait`.
    pub(super) fn enter(&self, alone: bool, wait: &Wait<'_>) -> Option<Entered<'_>> {
        self.for_one.fetch_add(usize::from(alone), Ordering::AcqRel);
        let mut inside = lock(&self.inside);
        let is_free = |it: &Inside| if alone { !it.alone && it.many == 0 } else { !self.is_for_one() };
        let mut entered = is_free(&inside);
        while !entered && !wait.is_over() {
            inside = wait.on(&self.changed, inside);
            entered = is_free(&inside);
        }
        match (entered, alone) {
            (true, true) => inside.alone = true,
            (true, false) => inside.many += 1,
            (false, _) => {
                self.for_one.fetch_sub(usize::from(alone), Ordering::AcqRel);
                self.changed.notify_all();
                return None;
            }
        }
        Some(Entered { gate: self, alone })
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut inside = lock(&self.gate.inside);
        if self.alone {
            inside.alone = false;
            self.gate.for_one.fetch_sub(1, Ordering::AcqRel);
        } else {
            inside.many -= 1;
        }
        self.gate.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_AT_ALL: Wait<'static> = Wait { until: None, goes_on: &|| false };
    const FOR_EVER: Wait<'static> = Wait { until: None, goes_on: &|| true };

    #[test]
    fn one_is_alone_and_nobody_waits_longer_than_he_wants() {
        let gate = Gate::default();
        let (first, second) = (gate.enter(false, &NOT_AT_ALL), gate.enter(false, &NOT_AT_ALL));
        assert!(first.is_some() && second.is_some() && gate.enter(true, &NOT_AT_ALL).is_none());
        // Who gave up keeps nobody out.
        assert!(gate.enter(false, &NOT_AT_ALL).is_some());
        std::thread::scope(|scope| {
            let alone = scope.spawn(|| {
                let _alone = gate.enter(true, &FOR_EVER).unwrap();
                assert!(gate.enter(false, &NOT_AT_ALL).is_none());
            });
            // Once somebody wants to be alone, nobody enters before him.
            while gate.enter(false, &NOT_AT_ALL).is_some() {
                std::thread::yield_now();
            }
            assert!(gate.is_for_one());
            drop((first, second));
            alone.join().unwrap();
        });
        assert!(!gate.is_for_one());
        let alone = gate.enter(true, &FOR_EVER).unwrap();
        // Who waits may ask who he waits for.
        let wait = Wait { until: None, goes_on: &|| !gate.is_for_one() };
        assert!(gate.enter(false, &wait).is_none());
        drop(alone);
        assert!(gate.enter(false, &wait).is_some());
        let past = Wait { until: Some(Instant::now()), ..FOR_EVER };
        let _alone = gate.enter(true, &past).unwrap();
        assert!(gate.enter(false, &past).is_none());
    }
}
