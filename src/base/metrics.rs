//! Counts and times that the status and the log tell. Invariant: recording takes nanoseconds and never allocates. Must not
//! know what is counted.

use std::time::Duration;

/// What the log tells regularly, under the name `portolan::metrics` (the setting `metrics`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// The tiers: each minute in which they were asked, and at the end.
    pub cache: bool,
    /// What the parser processes did in a pass.
    pub parse: bool,
    /// What walking, reading and committing took in a pass.
    pub io: bool,
}

impl Switches {
    /// What the setting may name; the last one stands for all.
    pub const NAMES: [&str; 4] = ["cache", "parse", "io", "detailed"];

    /// From such names; others say nothing.
    pub fn named(list: &[String]) -> Self {
        let has = |name: &str| list.iter().any(|it| it == name || it == "detailed");
        Self { cache: has("cache"), parse: has("parse"), io: has("io") }
    }
}

/// Steps within one doubling: a quantile is exact to a fifth.
const STEPS: u32 = 4;
/// Doublings of a nanosecond: up to 68 s.
const DOUBLINGS: u32 = 36;
const BUCKETS: usize = (STEPS * DOUBLINGS) as usize;

/// How often something took how long.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Box<[u32; BUCKETS]>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: Box::new([0; BUCKETS]) }
    }
}

impl Histogram {
    /// Notes one time.
    pub fn record(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(4);
        let doubling = nanoseconds.ilog2();
        let step = (nanoseconds >> (doubling - 2)) as u32 & (STEPS - 1);
        let at = ((doubling * STEPS + step) as usize).min(BUCKETS - 1);
        self.buckets[at] = self.buckets[at].saturating_add(1);
    }

    /// The time that the share `part` (0 to 1) of all did not exceed; zero where nothing was noted.
    pub fn quantile(&self, part: f64) -> Duration {
        let all: u64 = self.buckets.iter().map(|&it| u64::from(it)).sum();
        let wanted = ((all as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        for (at, &count) in self.buckets.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted {
                let (doubling, step) = (at as u32 / STEPS, at as u64 % u64::from(STEPS));
                // The upper end of the bucket.
                return Duration::from_nanos((u64::from(STEPS) + step + 1) << doubling.saturating_sub(2));
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_named() {
        let named = |list: &str| Switches::named(&list.split(',').map(str::to_owned).collect::<Vec<_>>());
        let (none, all) = (Switches::default(), Switches { cache: true, parse: true, io: true });
        assert_eq!((named(""), named("other"), named("detailed")), (none, none, all));
        assert_eq!(named("cache,io"), Switches { parse: false, ..all });
    }

    #[test]
    fn quantiles_are_right_to_a_quarter() {
        let mut times = Histogram::default();
        assert_eq!(times.quantile(0.5), Duration::ZERO);
        for micros in 1..=1000 {
            times.record(Duration::from_micros(micros));
        }
        for (part, micros) in [(0.5, 500.0), (0.95, 950.0), (0.01, 10.0)] {
            let found = times.quantile(part).as_secs_f64() * 1e6;
            assert!((micros..micros * 1.25).contains(&found), "{part}: {found}");
        }
        times.record(Duration::ZERO);
        times.record(Duration::from_secs(10_000));
        assert!(times.quantile(1.0) > Duration::from_secs(60));
    }
}
