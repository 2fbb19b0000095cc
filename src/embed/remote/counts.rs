//! What a model has done, for people. Invariant: time counts once, however many wait. Must not know what was done.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::lock;

/// What was done.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) answered: AtomicU64,
    pub(super) passages: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) lost: AtomicU64,
    /// Who waits for passages now, since when somebody does, and for how long anybody did.
    busy: Mutex<(u32, Option<Instant>, Duration)>,
}

/// Somebody waits for passages.
pub(super) struct Busy<'a>(&'a Counts);

impl Counts {
    pub(super) fn begin(&self) -> Busy<'_> {
        let mut busy = lock(&self.busy);
        if busy.0 == 0 {
            busy.1 = Some(Instant::now());
        }
        busy.0 += 1;
        Busy(self)
    }

    /// Passages a second while anybody waited for some; none before there is anything to tell by.
    pub(super) fn speed(&self) -> Option<f64> {
        let busy = lock(&self.busy);
        let time = busy.2 + busy.1.map_or(Duration::ZERO, |it| it.elapsed());
        let passages = self.passages.load(Ordering::Relaxed);
        (passages >= 32).then(|| passages as f64 / time.as_secs_f64().max(1e-3))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut busy = lock(&self.0.busy);
        busy.0 -= 1;
        if busy.0 == 0
            && let Some(since) = busy.1.take()
        {
            busy.2 += since.elapsed();
        }
    }
}
