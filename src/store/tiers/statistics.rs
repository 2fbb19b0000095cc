//! What the tiers have done and hold. Invariant: counts only grow. Must not know how values move.

use std::time::Duration;

use super::shelf::Shelf;
use super::state::State;
use crate::base::metrics::Histogram;

/// Counts since the start.
#[derive(Default)]
pub(super) struct Counts {
    pub hits: [u64; 4],
    pub misses: u64,
    pub promotions: u64,
    pub demotions: u64,
    pub dropped: u64,
    pub ahead: u64,
    pub ahead_used: u64,
    pub ahead_unused: u64,
    /// Of each tier, and of the disk.
    pub times: [Histogram; 5],
}

/// How long an answer took: half of them, and nineteen of twenty, at most so long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierTimes {
    pub p50: Duration,
    pub p95: Duration,
}

/// Counts since the start, and what is held now. Tiers stand in their order: hot, warm, cold, frozen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierStatistics {
    /// Values asked for that the tier had.
    pub hits: [u64; 4],
    /// Values asked for that the disk had to give.
    pub misses: u64,
    /// Moves up, from any tier.
    pub promotions: u64,
    /// Moves down by one tier.
    pub demotions: u64,
    /// Values that left the tiers; the disk has them.
    pub dropped: u64,
    /// Entries held in each tier; of the frozen one, opened chunks.
    pub entries: [u64; 4],
    /// Bytes held in each tier, and how many it may hold.
    pub bytes: [u64; 4],
    pub shares: [u64; 4],
    /// Of a hit in each tier; last, of what the disk had to give.
    pub times: [TierTimes; 5],
    /// Values read ahead, how many of them were asked for then, and how many left before that.
    pub ahead: u64,
    pub ahead_used: u64,
    pub ahead_unused: u64,
}

impl TierStatistics {
    /// Hits among all that was asked for; 0 where nothing was.
    pub fn hit_rate(&self) -> f64 {
        let hits: u64 = self.hits.iter().sum();
        hits as f64 / (hits + self.misses).max(1) as f64
    }
}

pub(super) fn of<V: super::Stored>(state: &State<V>) -> TierStatistics {
    let counts = &state.counts;
    let hot = |of: fn(&Shelf<super::state::Held<V>>) -> u64| state.hot.iter().map(of).sum::<u64>();
    TierStatistics {
        hits: counts.hits,
        misses: counts.misses,
        promotions: counts.promotions,
        demotions: counts.demotions,
        dropped: counts.dropped,
        entries: [
            hot(|it| it.len() as u64),
            state.warm.len() as u64,
            state.cold.len() as u64,
            state.frozen.len() as u64,
        ],
        bytes: [hot(Shelf::bytes), state.warm.bytes(), state.cold.bytes(), state.frozen.bytes()],
        shares: state.shares(),
        times: [0, 1, 2, 3, 4].map(|at| {
            let it: &Histogram = &counts.times[at];
            TierTimes { p50: it.quantile(0.5), p95: it.quantile(0.95) }
        }),
        ahead: counts.ahead,
        ahead_used: counts.ahead_used,
        ahead_unused: counts.ahead_unused,
    }
}
