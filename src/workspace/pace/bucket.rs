//! So many things a second. Invariant: over any time no more are taken than the rate allows and a quarter of a second's
//! worth; one take may be larger than that, and is paid for by who comes next. Must not know what the things are.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest sleep before who waits looks whether it is over.
const STEP: Duration = Duration::from_millis(20);

/// What is left, and when that was true; less than nothing is owed.
#[derive(Debug)]
pub struct Bucket {
    rate: f64,
    state: Mutex<(f64, Instant)>,
}

impl Bucket {
    /// Of this many a second.
    pub fn new(rate: u64) -> Self {
        let rate = rate.max(1) as f64;
        Self { rate, state: Mutex::new((rate / 4.0, Instant::now())) }
    }

    /// Takes `count`, and waits until nothing is owed, or the cause is over.
    pub fn take(&self, count: u64, is_over: impl Fn() -> bool) {
        let mut wait = self.owe(count as f64, Instant::now());
        while wait > Duration::ZERO && !is_over() {
            std::thread::sleep(wait.min(STEP));
            wait = self.owe(0.0, Instant::now());
        }
    }

    /// Takes `count` and tells how long it takes until nothing is owed.
    fn owe(&self, count: f64, now: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(state.1).as_secs_f64();
        *state = ((state.0 + passed * self.rate).min(self.rate / 4.0) - count, now);
        // A day is as good as any longer time.
        Duration::from_secs_f64((-state.0 / self.rate).clamp(0.0, 86_400.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_beyond_the_rate_is_paid_for_in_time() {
        let bucket = Bucket::new(100);
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let owed = |count: f64, milliseconds| bucket.owe(count, at(milliseconds)).as_millis();
        assert_eq!(owed(25.0, 0), 0, "a quarter of a second's worth is there");
        assert!((90..=100).contains(&owed(10.0, 0)));
        assert_eq!(owed(0.0, 200), 0);
        assert_eq!(owed(25.0, 60_000), 0, "and never more");
        assert_eq!(owed(1.0, 60_000), 10);
        assert_eq!(owed(1e18, 60_000), 86_400_000);
        bucket.take(u64::MAX, || true);
    }
}
