//! What a model has done, for people. Invariant: time counts once, however many wait. Must not know what was done.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::lock;

/// What was done.
#[derive(Default)]
pub(super) struct Counts {
    /// Texts that got a vector.
    answered: AtomicU64,
    pub(super) passages: AtomicU64,
    pub(super) refused: AtomicU64,
    /// Since a text last got a vector.
    pub(super) refused_in_a_row: AtomicU64,
    pub(super) lost: AtomicU64,
    /// When a question had waited for as long as it may, and no text got a vector since.
    in_vain: Mutex<Option<Instant>>,
    /// On the device that it runs on, if that is not the CPU.
    pub(super) lost_on_device: AtomicU64,
    /// Who waits for passages now, since when somebody does, and for how long anybody did.
    busy: Mutex<(u32, Option<Instant>, Duration)>,
}

/// Workers that may be lost, and texts refused, at first, and one more for each so many texts that went well.
const LOSSES: u64 = 20;
const ONE_IN: u64 = 20;

/// After so long a question waits as long as the first one again.
const IN_VAIN: Duration = Duration::from_secs(30);

/// Somebody waits for passages.
pub(super) struct Busy<'a>(&'a Counts);

impl Counts {
    /// So many texts got a vector.
    pub(super) fn went_well(&self, texts: usize) {
        if texts > 0 {
            self.answered.fetch_add(texts as u64, Ordering::Relaxed);
            self.refused_in_a_row.store(0, Ordering::Relaxed);
            self.is_answering();
        }
    }

    /// A question has waited for as long as it may.
    pub(super) fn waited_in_vain(&self) {
        *lock(&self.in_vain) = Some(Instant::now());
    }

    /// The model works, or works again.
    pub(super) fn is_answering(&self) {
        *lock(&self.in_vain) = None;
    }

    /// Whether it is not worth to wait for long.
    pub(super) fn is_in_vain(&self) -> bool {
        lock(&self.in_vain).is_some_and(|it| it.elapsed() < IN_VAIN)
    }

    /// Of what may go wrong.
    pub(super) fn allowed(&self) -> u64 {
        LOSSES + self.answered.load(Ordering::Relaxed) / ONE_IN
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_in_vain_is_forgotten_with_the_next_vector() {
        let it = Counts::default();
        assert!(!it.is_in_vain());
        it.waited_in_vain();
        it.went_well(0);
        assert!(it.is_in_vain());
        it.went_well(1);
        assert!(!it.is_in_vain());
    }
}
