//! So many things a second. Invariants: over any time no more are taken than the rate allows and a quarter of a second's
//! worth; one take may be larger than that, and is paid for by who comes next; who comes for somebody that waits pays for
//! what its like have taken, and the others for all. Must not know what the things are.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Whose;

/// Longest sleep before who waits looks whether it is over.
const STEP: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct Bucket {
    rate: f64,
    state: Mutex<State>,
}

/// What is left, and when that was true; less than nothing is owed.
#[derive(Debug)]
struct State {
    /// For everybody.
    all: f64,
    /// For those that somebody waits for, as if there were no others.
    near: f64,
    at: Instant,
}

impl Bucket {
    /// Of this many a second.
    pub fn new(rate: u64) -> Self {
        let rate = rate.max(1) as f64;
        Self { rate, state: Mutex::new(State { all: rate / 4.0, near: rate / 4.0, at: Instant::now() }) }
    }

    /// Takes `count`, and waits until nothing is owed, or the cause is over.
    pub fn take(&self, whose: Whose, count: u64, is_over: impl Fn() -> bool) {
        let mut wait = self.owe(whose, count as f64, Instant::now());
        while wait > Duration::ZERO && !is_over() {
            std::thread::sleep(wait.min(STEP));
            wait = self.owe(whose, 0.0, Instant::now());
        }
    }

    /// Takes `count` and tells how long it takes until nothing is owed.
    fn owe(&self, whose: Whose, count: f64, now: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let earned = now.saturating_duration_since(state.at).as_secs_f64() * self.rate;
        let after = |left: f64, taken: f64| (left + earned).min(self.rate / 4.0) - taken;
        let by_near = if whose == Whose::Near { count } else { 0.0 };
        *state = State { all: after(state.all, count), near: after(state.near, by_near), at: now };
        let left = if whose == Whose::Near { state.near } else { state.all };
        // A day is as good as any longer time.
        Duration::from_secs_f64((-left / self.rate).clamp(0.0, 86_400.0))
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
        let owed = |count: f64, milliseconds| bucket.owe(Whose::Idle, count, at(milliseconds)).as_millis();
        assert_eq!(owed(25.0, 0), 0, "a quarter of a second's worth is there");
        assert!((90..=100).contains(&owed(10.0, 0)));
        assert_eq!(owed(0.0, 200), 0);
        assert_eq!(owed(25.0, 60_000), 0, "and never more");
        assert_eq!(owed(1.0, 60_000), 10);
        assert_eq!(owed(1e18, 60_000), 86_400_000);
        bucket.take(Whose::Idle, u64::MAX, || true);
    }

    #[test]
    fn who_saves_does_not_pay_for_the_whole_pass() {
        let bucket = Bucket::new(100);
        let begun = Instant::now();
        let owed =
            |whose, count: f64, seconds| bucket.owe(whose, count, begun + Duration::from_secs(seconds)).as_millis();
        assert_eq!(owed(Whose::Idle, 1_025.0, 0), 10_000);
        assert_eq!(owed(Whose::Near, 25.0, 0), 0);
        assert_eq!(owed(Whose::Near, 1.0, 0), 10, "its own alone");
        assert_eq!(owed(Whose::Idle, 0.0, 0), 10_260, "which the pass pays for as well");
        assert_eq!(owed(Whose::Near, 225.0, 1), 2_000, "many saves keep to the rate");
        assert_eq!(owed(Whose::Near, 0.0, 20), 0);
    }
}
