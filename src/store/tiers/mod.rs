//! Decoded things in memory, in four tiers: hot (decoded, asked for again and again), warm (decoded), cold (lz4), frozen
//! (chunks of the packs, opened: the stored form of some thirty neighbours); below them the packs on disk. Invariants: each
//! tier weighs at most its share, all together at most the budget; compression happens off the caller's thread; equal keys
//! have equal values. Must not know what the values are.

mod demote;
mod shelf;
mod state;
mod statistics;

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::compress;
use crate::base::hash::Key;
use crate::base::os::allocator::allocated;
use demote::Demoter;
use state::{Looked, Source, State};
pub use statistics::{TierStatistics, TierTimes};

/// What can lie in the tiers. Clones are cheap: they share what is large.
pub trait Stored: Clone + Send + Sync + 'static {
    /// Bytes of memory it takes when decoded, as the allocator counts them.
    fn weight(&self) -> usize;
    /// Appends its bytes; false where what it was made from is as near as its compressed bytes would be.
    fn encode(&self, out: &mut Vec<u8>) -> bool;
    /// From its bytes; `None` where they are none of ours.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// How much of what.
#[derive(Clone, Debug, PartialEq)]
pub struct TierOptions {
    /// Bytes of all tiers: `cache.memory_budget_mb`.
    pub budget: u64,
    /// Shares of hot, warm, cold and frozen; scaled so that all shares sum to 1.
    pub ratios: [f64; 4],
    /// `cache.compression`: without it the cold tier holds the encoded bytes as they are.
    pub compression: bool,
    /// Groups of values (languages) with a hot shelf of their own, and its share.
    pub groups: Vec<(String, f64)>,
    /// So often a value must have been asked for again before it is worth compressing.
    pub cold_after: u32,
}

impl Default for TierOptions {
    fn default() -> Self {
        let groups = Vec::new();
        Self { budget: 100 << 20, ratios: [0.1, 0.2, 0.3, 0.4], compression: true, groups, cold_after: 1 }
    }
}

impl TierOptions {
    /// Bytes of each tier, then of each group's hot shelf. Ratios that make no sense become those of the default.
    fn shares(&self) -> ([u64; 4], Vec<u64>) {
        let sound = |it: &f64| it.is_finite() && *it >= 0.0;
        let groups = self.groups.iter().map(|it| if sound(&it.1) { it.1 } else { 0.0 });
        let own: f64 = self.ratios.iter().sum();
        let ratios = if self.ratios.iter().all(sound) && own > 0.0 { self.ratios } else { Self::default().ratios };
        let sum = ratios.iter().sum::<f64>() + groups.clone().sum::<f64>();
        let bytes = |it: f64| (self.budget as f64 * it / sum) as u64;
        (ratios.map(bytes), groups.map(bytes).collect())
    }
}

/// The tiers, from the fastest to the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    Hot,
    Warm,
    Cold,
    Frozen,
}

/// Why a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Somebody asks.
    Asked,
    /// Somebody may ask soon.
    Ahead,
    /// By who reads everything once: nothing is kept for it, nothing counts.
    Once,
}

/// Which values share a hot shelf; see [`Tiers::group`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group(usize);

/// Encoded bytes, and their length before compression.
#[derive(Clone)]
struct Packed {
    bytes: Arc<[u8]>,
    plain: usize,
}

/// What an entry costs besides its content: its slot and its place in the table.
const ENTRY_COST: usize = 176;
/// Of so many hits on decoded values one is timed.
const TIMED: u64 = 16;

/// What a value in memory costs: its weight, and a little more, since a weight is a count of its parts.
fn cost(weight: usize) -> u64 {
    weight.saturating_add(weight / 24).saturating_add(ENTRY_COST) as u64
}

/// What so many bytes cost, with the head of an `Arc`.
fn cost_of_bytes(bytes: usize) -> u64 {
    allocated(bytes.saturating_add(16)).saturating_add(ENTRY_COST) as u64
}

struct Inner<V> {
    state: Mutex<State<V>>,
    compression: bool,
    asked: AtomicU64,
}

impl<V> Inner<V> {
    fn lock(&self) -> MutexGuard<'_, State<V>> {
        // Whoever panicked here has left whole shelves behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cache.
pub struct Tiers<V: Stored> {
    inner: Arc<Inner<V>>,
    demoter: Demoter<V>,
    groups: Vec<String>,
}

/// The frozen tier, while a value is read through it.
pub struct Opened<'a, V: Stored> {
    tiers: &'a Tiers<V>,
    keep: bool,
    /// Chunks that were there, and that were not.
    found: Cell<u32>,
    missed: Cell<u32>,
    /// The last one.
    chunk: Cell<Option<Key>>,
}

impl<V: Stored> Opened<'_, V> {
    /// A chunk of a pack, opened: from the frozen tier, or as `open` brings it.
    pub fn chunk(&self, key: Key, open: &mut dyn FnMut() -> Option<Vec<u8>>) -> Option<Arc<Vec<u8>>> {
        self.chunk.set(Some(key));
        if let Some(found) = self.tiers.inner.lock().frozen.get(&key) {
            self.found.set(self.found.get() + 1);
            return Some(found.clone());
        }
        self.missed.set(self.missed.get() + 1);
        let chunk = Arc::new(open()?);
        if self.keep {
            self.tiers.inner.lock().freeze(key, chunk.clone());
        }
        Some(chunk)
    }
}

impl<V: Stored> Tiers<V> {
    /// Empty tiers.
    pub fn new(options: &TierOptions) -> Self {
        let (shares, groups) = options.shares();
        let state = Mutex::new(State::new(shares, &groups, options.cold_after));
        let inner = Arc::new(Inner { state, compression: options.compression, asked: AtomicU64::new(0) });
        let demoter = Demoter::start(shares[Tier::Warm as usize].max(shares[Tier::Hot as usize]) / 4, &inner);
        Self { inner, demoter, groups: options.groups.iter().map(|it| it.0.clone()).collect() }
    }

    /// The group of that name; the common one where the options name none.
    pub fn group(&self, name: &str) -> Group {
        Group(self.groups.iter().position(|it| it == name).map_or(0, |at| at + 1))
    }

    /// The value of `key`, from whichever tier has it, or as `load` brings it.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn read<E>(
        &self,
        key: &Key,
        group: Group,
        reading: Reading,
        load: impl FnOnce(&Opened<'_, V>) -> Result<V, E>,
    ) -> Result<V, E> {
        let timed = self.inner.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(TIMED).then(Instant::now);
        let mut state = self.inner.lock();
        let looked = state.look(key, group.0, reading);
        if let (Looked::Decoded(_, tier), Some(begun), Reading::Asked) = (&looked, timed, reading) {
            state.counts.times[*tier as usize].record(begun.elapsed());
        }
        let pushed = state.pushed();
        drop(state);
        self.demoter.send_all(pushed);
        let packed = match looked {
            Looked::Decoded(value, _) => return Ok(value),
            Looked::Packed(packed) => Some(packed),
            Looked::Nothing => None,
        };
        let begun = Instant::now();
        // Bytes that we have made ourselves decode; if not, they are as good as gone.
        let unpacked = packed.and_then(|it| V::decode(&self.unpack(&it)?));
        let (value, from) = match unpacked {
            Some(value) => (value, Source { tier: Some(Tier::Cold), chunk: None }),
            None => {
                let keep = reading != Reading::Once;
                let (found, missed, chunk) = Default::default();
                let opened = Opened { tiers: self, keep, found, missed, chunk };
                let loaded = load(&opened);
                let frozen = opened.found.get() > 0 && opened.missed.get() == 0;
                let from = Source { tier: frozen.then_some(Tier::Frozen), chunk: opened.chunk.get() };
                if loaded.is_err() && reading == Reading::Asked {
                    self.inner.lock().counts.misses += 1;
                }
                (loaded?, from)
            }
        };
        let bytes = cost(value.weight());
        let mut state = self.inner.lock();
        state.came(key, group.0, reading, from, value.clone(), bytes);
        if reading == Reading::Asked {
            state.counts.times[from.tier.map_or(4, |it| it as usize)].record(begun.elapsed());
        }
        let pushed = state.pushed();
        drop(state);
        self.demoter.send_all(pushed);
        Ok(value)
    }

    /// The value of `key`, if a tier has it.
    pub fn get(&self, key: &Key) -> Option<V> {
        self.read(key, Group::default(), Reading::Asked, |_| Err(())).ok()
    }

    /// Keeps a value, as warm.
    pub fn insert(&self, key: Key, value: V) {
        let bytes = cost(value.weight());
        let mut state = self.inner.lock();
        state.keep(&key, 0, value, bytes, Source::default(), false);
        let pushed = state.pushed();
        drop(state);
        self.demoter.send_all(pushed);
    }

    /// Whether a decoded value is there; this counts as no use.
    pub fn is_decoded(&self, key: &Key) -> bool {
        matches!(self.tier_of(key), Some(Tier::Hot | Tier::Warm))
    }

    /// Forgets a value.
    pub fn remove(&self, key: &Key) {
        self.inner.lock().remove(key);
    }

    /// Under memory pressure: closes the opened chunks, and moves decoded values down until hot and warm hold at most
    /// `bytes` together. The cold tier stays within its share.
    pub fn relieve(&self, bytes: u64) {
        let pushed = {
            let mut state = self.inner.lock();
            state.relieve(bytes);
            state.pushed()
        };
        self.demoter.send_all(pushed);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        for tier in [Tier::Hot, Tier::Warm, Tier::Cold, Tier::Frozen] {
            self.clear_tier(tier);
        }
    }

    /// Forgets what one tier holds.
    pub fn clear_tier(&self, tier: Tier) {
        self.inner.lock().clear(tier);
    }

    /// Where `key` lies now (the highest tier that has it), without counting as a use.
    pub fn tier_of(&self, key: &Key) -> Option<Tier> {
        self.inner.lock().tier_of(key)
    }

    /// Counts and sizes.
    pub fn statistics(&self) -> TierStatistics {
        statistics::of(&self.inner.lock())
    }

    /// Waits until all that is on its way down has arrived.
    pub fn settle(&self) {
        self.demoter.wait();
    }

    fn unpack(&self, packed: &Packed) -> Option<Vec<u8>> {
        if self.inner.compression {
            compress::unlz4(&packed.bytes, packed.plain).ok()
        } else {
            Some(packed.bytes.to_vec())
        }
    }
}

#[cfg(test)]
mod tests;
