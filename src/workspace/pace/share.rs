//! A share of the processor, held by the time that this process and its children have really spent on one. Invariant: over
//! any time the work that asks first takes no more than its share and a fifth of a second of it, beside the piece that is
//! in hand; what others have taken holds it for half a minute at most. Must not know what the work is.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::os::process;

/// How often the time spent is asked for.
const LOOK: Duration = Duration::from_millis(20);
/// Seconds of the share that may be saved up.
const SAVED: f64 = 0.2;
/// And that may be owed: more than a piece of work takes. Answers count, and they ask nobody.
const OWED: f64 = 30.0;

/// What is left of the share, in seconds on a processor.
#[derive(Debug)]
pub struct Share {
    /// Processors, as a number with a fraction.
    rate: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    left: f64,
    spent: Duration,
    asked: Instant,
}

impl Share {
    /// So many percent of all processors.
    pub fn new(percent: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let rate = f64::from(percent) / 100.0 * cores as f64;
        let state = State { left: rate * SAVED, spent: process::tree_time(), asked: Instant::now() };
        Self { rate, state: Mutex::new(state) }
    }

    /// Whether nothing is left at the moment.
    pub fn is_spent(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.asked.elapsed() >= LOOK {
            let spent = process::tree_time();
            state.look(self.rate, spent, Instant::now());
        }
        state.left <= 0.0
    }
}

impl State {
    fn look(&mut self, rate: f64, spent: Duration, now: Instant) {
        let passed = now.saturating_duration_since(self.asked).as_secs_f64();
        // A child that ends is counted by the system a moment later: time never runs backwards for it.
        let taken = spent.saturating_sub(self.spent).as_secs_f64();
        self.left = (self.left + passed * rate - taken).clamp(-rate * OWED, rate * SAVED);
        self.spent = self.spent.max(spent);
        self.asked = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spent_beyond_the_share_is_paid_back() {
        let begun = Instant::now();
        let mut state = State { left: 0.1, spent: Duration::ZERO, asked: begun };
        let at = |seconds| begun + Duration::from_secs(seconds);
        // Half a processor: in 10 s it has earned 5 s and taken 7.
        state.look(0.5, Duration::from_secs(7), at(10));
        assert!((state.left + 1.9).abs() < 1e-9, "{}", state.left);
        state.look(0.5, Duration::from_secs(7), at(14));
        assert!((state.left - 0.1).abs() < 1e-9, "no more is saved up than a fifth of a second: {}", state.left);
        state.look(0.5, Duration::from_secs(6), at(14));
        assert_eq!(state.spent, Duration::from_secs(7));
        // Others have had both processors for ten minutes.
        state.look(0.5, Duration::from_secs(1_207), at(614));
        state.look(0.5, Duration::from_secs(1_207), at(645));
        assert!(state.left > 0.0, "it is forgiven: {}", state.left);
    }
}
