//! The gate of background work: whoever indexes without anybody waiting for it asks here first. Invariants: while paused
//! nothing passes; a request in flight is waited for, but never for long; what somebody waits for does not come here at
//! all. Must not know what the work is.

mod bucket;
mod requests;
mod share;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::bucket::Bucket;
use self::share::Share;
use crate::base::os::machine;

pub use self::requests::{Answering, Requests};

/// How often who waits looks whether it is over.
const STEP: Duration = Duration::from_millis(20);
/// Longest time that work which somebody may wait for is held because the share of the processor is spent: mostly it was
/// others that spent it.
const LONGEST_NEAR: Duration = Duration::from_secs(1);
/// How long an answer about the battery is believed.
const POWER: Duration = Duration::from_secs(10);

/// What background work may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceOptions {
    /// `performance.limits.max_cpu_percent`, of all cores; 100: no limit.
    pub cpu_percent: u32,
    /// `performance.limits.max_disk_io`, bytes a second; 0: no limit.
    pub bytes_per_second: u64,
    /// `performance.throttling.rate_limit`; 0: no limit.
    pub files_per_second: u64,
    /// `performance.quiet_on_battery`: where the system lists its power supplies; none: the battery is not asked about.
    pub power_supplies: Option<PathBuf>,
}

impl Default for PaceOptions {
    fn default() -> Self {
        let power_supplies = Some(PathBuf::from(machine::POWER_SUPPLIES));
        Self { cpu_percent: 100, bytes_per_second: 0, files_per_second: 0, power_supplies }
    }
}

/// The gate.
#[derive(Debug)]
pub struct Pace {
    paused: AtomicBool,
    requests: Arc<Requests>,
    share: Option<Share>,
    bytes: Option<Bucket>,
    files: Option<Bucket>,
    power_supplies: Option<PathBuf>,
    /// Whether the machine runs on its battery, and when that was asked.
    power: Mutex<(bool, Option<Instant>)>,
    held: AtomicU64,
}

/// Whose work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nobody's: a pass over everything.
    Idle,
    /// Of somebody who has just saved or changed a file: requests are not waited for.
    Near,
}

impl Pace {
    pub fn new(options: &PaceOptions, requests: Arc<Requests>) -> Self {
        let bucket = |rate: u64| (rate > 0).then(|| Bucket::new(rate));
        Self {
            paused: AtomicBool::new(false),
            requests,
            share: (options.cpu_percent < 100).then(|| Share::new(options.cpu_percent)),
            bytes: bucket(options.bytes_per_second),
            files: bucket(options.files_per_second),
            power_supplies: options.power_supplies.clone(),
            power: Mutex::default(),
            held: AtomicU64::new(0),
        }
    }

    /// Stops or lets go all work that nobody waits for.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
        self.requests.tell();
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// How often work had to wait here.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether work may go on at this moment.
    pub fn is_open(&self, whose: Whose) -> bool {
        let others_first = whose == Whose::Idle && self.requests.are_waited_for();
        !self.is_paused() && !others_first && !self.share.as_ref().is_some_and(Share::is_spent)
    }

    /// Waits until work is not paused any more, or its cause is over.
    pub fn wait_paused(&self, is_over: impl Fn() -> bool) {
        while self.is_paused() && !is_over() {
            self.requests.wait(STEP);
        }
    }

    /// Waits until work may go on, or its cause is over.
    pub fn wait(&self, whose: Whose, is_over: impl Fn() -> bool) {
        if self.is_open(whose) {
            return;
        }
        self.held.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let share_is_waived = || whose == Whose::Near && begun.elapsed() >= LONGEST_NEAR && !self.is_paused();
        while !is_over() && !self.is_open(whose) && !share_is_waived() {
            self.requests.wait(STEP);
        }
    }

    /// Waits for the turn of one file of so many bytes.
    pub fn file(&self, whose: Whose, bytes: u64, is_over: impl Fn() -> bool) {
        self.wait(whose, &is_over);
        if let Some(files) = &self.files {
            files.take(whose, 1, &is_over);
        }
        self.bytes(whose, bytes, is_over);
    }

    /// Waits until so many more bytes may be read.
    pub fn bytes(&self, whose: Whose, bytes: u64, is_over: impl Fn() -> bool) {
        if let Some(bucket) = &self.bytes {
            bucket.take(whose, bytes, is_over);
        }
    }

    /// Whether the machine runs on its battery, and work is to be quieter for it.
    pub fn is_quiet(&self) -> bool {
        let Some(supplies) = &self.power_supplies else { return false };
        let mut power = self.power.lock().unwrap_or_else(PoisonError::into_inner);
        if power.1.is_none_or(|asked| asked.elapsed() >= POWER) {
            *power = (machine::on_battery(supplies), Some(Instant::now()));
        }
        power.0
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(&PaceOptions::default(), Arc::default())
    }
}

#[cfg(test)]
mod tests;
