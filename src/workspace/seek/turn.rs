//! Whose turn it is: while a question waits, the pass over everything holds back its next batch. Invariant: it never holds
//! back for long, so that questions without end do not stop indexing. Must not know questions nor passes.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest pause before one batch.
const LONGEST: Duration = Duration::from_secs(2);
/// How often the end of the pass is asked for meanwhile.
const STEP: Duration = Duration::from_millis(20);

/// How many questions are being served.
#[derive(Debug, Default)]
pub struct Turn {
    waiting: Mutex<usize>,
    served: Condvar,
}

/// Questions are served as long as this lives.
pub struct Serving<'a>(&'a Turn);

impl Turn {
    /// Questions have the first turn from now on.
    pub fn begin(&self) -> Serving<'_> {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Serving(self)
    }

    /// Waits, before a batch that nobody waits for, until no question does.
    pub fn pause(&self, is_over: impl Fn() -> bool) {
        let begun = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while *waiting > 0 && begun.elapsed() < LONGEST && !is_over() {
            waiting = self.served.wait_timeout(waiting, STEP).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.served.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    #[test]
    fn a_batch_waits_for_questions_and_for_nothing_else() {
        let turn = Turn::default();
        turn.pause(|| panic!("nothing to wait for"));
        let serving = turn.begin();
        let asked = std::cell::Cell::new(0);
        turn.pause(|| {
            asked.set(asked.get() + 1);
            asked.get() > 2
        });
        assert!(asked.get() > 2);
        drop(serving);
        turn.pause(|| panic!("nothing to wait for any more"));
    }
}
