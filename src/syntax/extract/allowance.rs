//! Time that one file may take. Invariant: counted on the processor, not on the wall: what other programs do on a busy
//! machine changes no facts. Must not know what the time is spent on.

use std::time::{Duration, Instant};

use crate::base::os::process::thread_time;

/// Processor time of the thread that made it.
pub(super) struct Allowance {
    /// Of [`thread_time`].
    end: Duration,
    /// Before this moment it cannot be spent, so the system is not asked.
    earliest: Option<Instant>,
}

impl Allowance {
    pub(super) fn new(time: Duration) -> Self {
        Self { end: thread_time().saturating_add(time), earliest: Instant::now().checked_add(time) }
    }

    /// Whether all of it is used; cheap enough for every hundred steps of a parser.
    pub(super) fn is_spent(&mut self) -> bool {
        let now = Instant::now();
        if self.earliest.is_none_or(|earliest| now < earliest) {
            return false;
        }
        let left = self.end.saturating_sub(thread_time());
        self.earliest = now.checked_add(left);
        left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_work_spends_it() {
        let at = |end, earliest| Allowance { end, earliest: Some(earliest) };
        let now = Instant::now();
        assert!(!at(thread_time() + Duration::from_secs(3_600), now).is_spent(), "the wall alone does not count");
        let mut it = at(Duration::ZERO, now);
        assert!(it.is_spent() && it.is_spent());
        assert!(!Allowance::new(Duration::MAX).is_spent());
        let mut it = Allowance::new(Duration::from_millis(1));
        while !it.is_spent() {
            std::hint::black_box(0);
        }
        assert!(thread_time() >= it.end);
    }
}
