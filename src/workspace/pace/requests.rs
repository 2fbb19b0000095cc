//! The requests that are being answered. Invariant: work that waits for them waits at most two seconds of every four, however
//! many come. Must not know what they ask.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where requests come without a pause, they and the work take turns of this length.
const TURN: Duration = Duration::from_secs(2);

/// How many there are.
#[derive(Debug, Default)]
pub struct Requests {
    count: AtomicUsize,
    /// When the first of them came.
    since: Mutex<Option<Instant>>,
    /// The last one is answered, or something else has changed.
    changed: Condvar,
}

/// A request is being answered as long as this lives.
#[derive(Debug)]
pub struct Answering(std::sync::Arc<Requests>);

impl Requests {
    /// One more.
    pub fn begin(self: &std::sync::Arc<Self>) -> Answering {
        if self.count.fetch_add(1, Ordering::AcqRel) == 0 {
            *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        Answering(self.clone())
    }

    /// Whether work has to wait for them now.
    pub fn are_waited_for(&self) -> bool {
        if self.count.load(Ordering::Acquire) == 0 {
            return false;
        }
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| is_their_turn(since.elapsed()))
    }

    /// Waits for a change, at most so long.
    pub fn wait(&self, longest: Duration) {
        let guard = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_timeout(guard, longest).unwrap_or_else(PoisonError::into_inner));
    }

    /// Wakes those who wait.
    pub fn tell(&self) {
        let _guard = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed.notify_all();
    }
}

fn is_their_turn(since_the_first: Duration) -> bool {
    (since_the_first.as_millis() / TURN.as_millis()).is_multiple_of(2)
}

impl Drop for Answering {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.tell();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn requests_go_first_and_in_turn() {
        let requests = Arc::new(Requests::default());
        assert!(!requests.are_waited_for());
        let (one, two) = (requests.begin(), requests.begin());
        drop(one);
        assert!(requests.are_waited_for());
        drop(two);
        assert!(!requests.are_waited_for());
        let turns = [0, 1_900, 2_100, 3_900, 4_100].map(|it| is_their_turn(Duration::from_millis(it)));
        assert_eq!(turns, [true, true, false, false, true]);
    }
}
