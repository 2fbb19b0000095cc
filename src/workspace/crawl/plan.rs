//! How a pass cuts its work: by the sizes of the files that its walk has met so far. Invariant: a batch is never larger than
//! what a worker can take at once, and smaller where memory is short. Must not know what is in the files.

use std::sync::atomic::{AtomicU64, Ordering};

/// Files up to this many bytes are small.
const SMALL: u64 = 64 << 10;
/// Average sizes below which batches have 128 and 64 files; above they have 32.
const TINY: u64 = 10 << 10;
const MIDDLING: u64 = 100 << 10;
/// Bytes of one batch for a worker; where memory is short, a quarter.
const BATCH_BYTES: usize = 1 << 20;

/// What a pass has to do, by its files' sizes. The counters grow while the walk goes on.
#[derive(Debug, Default)]
pub struct Plan {
    small: Group,
    large: Group,
    /// Files of a batch as the settings have it; 0: by the average size.
    fixed: usize,
}

#[derive(Debug, Default)]
struct Group {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Group {
    fn add(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn read(&self) -> (u64, u64) {
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// The three kinds of trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ManySmall,
    FewLarge,
    Mixed,
}

impl Plan {
    /// One for batches of `fixed` files, or (0) as the sizes want it.
    pub fn new(fixed: usize) -> Self {
        Self { fixed, ..Self::default() }
    }

    /// The walk has met a file.
    pub fn add(&self, bytes: u64) {
        if bytes <= SMALL { self.small.add(bytes) } else { self.large.add(bytes) }
    }

    /// Files of the next batch.
    pub fn batch_files(&self) -> usize {
        if self.fixed > 0 {
            return self.fixed;
        }
        let ((small, small_bytes), (large, large_bytes)) = (self.small.read(), self.large.read());
        match small_bytes.saturating_add(large_bytes).checked_div(small + large).unwrap_or(0) {
            average if average < TINY => 128,
            average if average < MIDDLING => 64,
            _ => 32,
        }
    }

    /// Bytes of the next batch.
    pub fn batch_bytes(&self, memory_is_short: bool) -> usize {
        if memory_is_short { BATCH_BYTES / 4 } else { BATCH_BYTES }
    }

    /// Where most of the bytes are.
    pub fn kind(&self) -> Kind {
        let (small, large) = (self.small.read().1, self.large.read().1);
        let fifth = small.saturating_add(large) / 5;
        match (small, large) {
            (_, large) if large <= fifth => Kind::ManySmall,
            (small, _) if small <= fifth => Kind::FewLarge,
            _ => Kind::Mixed,
        }
    }

    /// The plan as a line of the profile.
    pub fn line(&self) -> String {
        let (small, large) = (self.small.read(), self.large.read());
        let kind = match self.kind() {
            Kind::ManySmall => "many small files",
            Kind::FewLarge => "few large files",
            Kind::Mixed => "small and large files",
        };
        let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        format!(
            "plan        {kind}: {} up to 64 KB ({:.1} MB), {} larger ({:.1} MB); batches of {} files or 1 MB",
            small.0,
            megabytes(small.1),
            large.0,
            megabytes(large.1),
            self.batch_files()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plan after files of these sizes, so many of each.
    fn plan(sizes: &[(u64, u64)]) -> (Kind, usize) {
        let plan = Plan::new(0);
        sizes.iter().for_each(|&(bytes, count)| (0..count).for_each(|_| plan.add(bytes)));
        (plan.kind(), plan.batch_files())
    }

    #[test]
    fn sizes_make_the_plan() {
        assert_eq!(plan(&[]), (Kind::ManySmall, 128));
        assert_eq!(plan(&[(4_000, 1_000)]), (Kind::ManySmall, 128));
        assert_eq!(plan(&[(4_000, 1_000), (100_000, 5)]), (Kind::ManySmall, 128));
        assert_eq!(plan(&[(20_000, 100)]), (Kind::ManySmall, 64));
        assert_eq!(plan(&[(20_000, 100), (2_000_000, 1)]), (Kind::Mixed, 64));
        assert_eq!(plan(&[(20_000, 1), (2_000_000, 3)]), (Kind::FewLarge, 32));
        assert_eq!(plan(&[(65_536, 1)]).0, Kind::ManySmall);
        assert_eq!(plan(&[(65_537, 1)]).0, Kind::FewLarge);
        assert_eq!(plan(&[(u64::MAX, 2)]).1, 32);
        assert_eq!(Plan::new(7).batch_files(), 7);
        assert!(Plan::new(0).batch_bytes(true) < Plan::new(0).batch_bytes(false));
    }

    #[test]
    fn the_plan_is_told() {
        let plan = Plan::new(0);
        plan.add(2 << 20);
        plan.add(1 << 10);
        let line =
            "plan        few large files: 1 up to 64 KB (0.0 MB), 1 larger (2.0 MB); batches of 32 files or 1 MB";
        assert_eq!(plan.line(), line);
    }
}
