//! Decoded things in memory, in four tiers: hot (used again and again, decoded), warm (decoded), cold (lz4), frozen
//! (zstd); below them the disk. Invariants: the tiers together weigh at most the budget, each at most its share; what a
//! tier evicts moves one down, off the caller's thread; a value is in one tier at a time, and equal keys have equal
//! values. Must not know what the values are.

mod demote;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::notification::RemovalCause;
use moka::sync::Cache;

use crate::base::hash::Key;
use demote::{Demoter, Job};

/// What can lie in the tiers.
pub trait Stored: Sized + Send + Sync + 'static {
    /// Bytes of memory it takes when decoded.
    fn weight(&self) -> usize;
    /// Its bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// From its bytes; `None` where they are none of ours.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// How much of what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TierOptions {
    /// Bytes of all tiers: `cache.memory_budget_mb`.
    pub budget: u64,
    /// Shares of hot, warm, cold and frozen; scaled so that they sum to 1.
    pub ratios: [f64; 4],
    /// `cache.compression`: without it cold and frozen hold the encoded bytes as they are.
    pub compression: bool,
}

impl Default for TierOptions {
    fn default() -> Self {
        Self { budget: 100 << 20, ratios: [0.1, 0.2, 0.3, 0.4], compression: true }
    }
}

impl TierOptions {
    /// Bytes of each tier. Ratios that make no sense become those of the default.
    fn shares(&self) -> [u64; 4] {
        let sum: f64 = self.ratios.iter().sum();
        let sound = self.ratios.iter().all(|it| it.is_finite() && *it >= 0.0) && sum > 0.0;
        let (ratios, sum) = if sound { (self.ratios, sum) } else { (Self::default().ratios, 1.0) };
        ratios.map(|it| (self.budget as f64 * it / sum) as u64)
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

/// Counts since the start, and what is held now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierStatistics {
    /// Answers from hot, warm, cold and frozen.
    pub hits: [u64; 4],
    pub misses: u64,
    /// Moves up, from any tier.
    pub promotions: u64,
    /// Moves down by one tier.
    pub demotions: u64,
    /// Values that left the lowest tier, or found no place on their way down.
    pub dropped: u64,
    /// Entries held in each tier.
    pub entries: [u64; 4],
    /// Bytes held in each tier.
    pub bytes: [u64; 4],
}

#[derive(Debug, Default)]
struct Counters {
    hits: [AtomicU64; 4],
    misses: AtomicU64,
    promotions: AtomicU64,
    demotions: AtomicU64,
    dropped: AtomicU64,
}

impl Counters {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// A decoded value and how often it was asked for since it came.
struct Warm<V> {
    value: Arc<V>,
    uses: AtomicU64,
}

/// Encoded bytes, and their length before compression.
#[derive(Clone)]
struct Packed {
    bytes: Arc<[u8]>,
    plain: usize,
}

/// Asked for so often, a warm value becomes hot.
const HOT_AFTER: u64 = 2;
/// What an entry costs besides its content.
const ENTRY_COST: usize = 128;

struct Shelves<V> {
    hot: Cache<Key, Arc<V>>,
    warm: Cache<Key, Arc<Warm<V>>>,
    cold: Cache<Key, Packed>,
    frozen: Cache<Key, Packed>,
    counters: Arc<Counters>,
    compression: bool,
}

/// The cache.
pub struct Tiers<V: Stored> {
    shelves: Arc<Shelves<V>>,
    demoter: Arc<Demoter<V>>,
}

fn cost(size: usize) -> u32 {
    u32::try_from(size.saturating_add(ENTRY_COST)).unwrap_or(u32::MAX)
}

impl<V: Stored> Tiers<V> {
    /// Empty tiers.
    pub fn new(options: &TierOptions) -> Self {
        let [hot, warm, cold, frozen] = options.shares();
        let counters = Arc::new(Counters::default());
        let demoter = Arc::new(Demoter::new(warm / 4, counters.clone()));
        let (from_hot, from_warm, from_cold) = (demoter.clone(), demoter.clone(), demoter.clone());
        let lost = counters.clone();
        let shelves = Shelves {
            hot: Cache::builder()
                .max_capacity(hot)
                .weigher(|_, it: &Arc<V>| cost(it.weight()))
                .eviction_listener(move |key, it, cause| {
                    if cause == RemovalCause::Size {
                        from_hot.send(Job::Cool(*key, it));
                    }
                })
                .build(),
            warm: Cache::builder()
                .max_capacity(warm)
                .weigher(|_, it: &Arc<Warm<V>>| cost(it.value.weight()))
                .eviction_listener(move |key, it: Arc<Warm<V>>, cause| {
                    if cause == RemovalCause::Size {
                        from_warm.send(Job::Compress(*key, it.value.clone()));
                    }
                })
                .build(),
            cold: Cache::builder()
                .max_capacity(cold)
                .weigher(|_, it: &Packed| cost(it.bytes.len()))
                .eviction_listener(move |key, it, cause| {
                    if cause == RemovalCause::Size {
                        from_cold.send(Job::Freeze(*key, it));
                    }
                })
                .build(),
            frozen: Cache::builder()
                .max_capacity(frozen)
                .weigher(|_, it: &Packed| cost(it.bytes.len()))
                .eviction_listener(move |_, _, cause| {
                    if cause == RemovalCause::Size {
                        Counters::add(&lost.dropped);
                    }
                })
                .build(),
            counters,
            compression: options.compression,
        };
        let shelves = Arc::new(shelves);
        demoter.start(&shelves);
        Self { shelves, demoter }
    }

    /// The value of `key`, from whichever tier has it.
    pub fn get(&self, key: &Key) -> Option<Arc<V>> {
        let it = &*self.shelves;
        if let Some(value) = it.hot.get(key) {
            Counters::add(&it.counters.hits[Tier::Hot as usize]);
            return Some(value);
        }
        if let Some(warm) = it.warm.get(key) {
            Counters::add(&it.counters.hits[Tier::Warm as usize]);
            if warm.uses.fetch_add(1, Ordering::Relaxed) + 1 == HOT_AFTER {
                Counters::add(&it.counters.promotions);
                it.hot.insert(*key, warm.value.clone());
                it.warm.invalidate(key);
            }
            return Some(warm.value.clone());
        }
        for (tier, shelf) in [(Tier::Cold, &it.cold), (Tier::Frozen, &it.frozen)] {
            let Some(packed) = shelf.get(key) else { continue };
            shelf.invalidate(key);
            // Bytes that we have made ourselves decode; if not, they are as good as gone.
            let value = Arc::new(V::decode(&it.unpack(&packed, tier)?)?);
            Counters::add(&it.counters.hits[tier as usize]);
            Counters::add(&it.counters.promotions);
            it.keep_warm(*key, value.clone());
            return Some(value);
        }
        Counters::add(&it.counters.misses);
        None
    }

    /// The value of `key`, or what `load` brings (which is then kept).
    pub fn get_or_load<E>(&self, key: &Key, load: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        if let Some(it) = self.get(key) {
            return Ok(it);
        }
        let value = Arc::new(load()?);
        self.shelves.keep_warm(*key, value.clone());
        Ok(value)
    }

    /// Keeps a value, as warm.
    pub fn insert(&self, key: Key, value: Arc<V>) {
        self.shelves.keep_warm(key, value);
    }

    /// Forgets a value in every tier.
    pub fn remove(&self, key: &Key) {
        let it = &*self.shelves;
        it.hot.invalidate(key);
        it.warm.invalidate(key);
        it.cold.invalidate(key);
        it.frozen.invalidate(key);
    }

    /// Under memory pressure: moves decoded values down until hot and warm hold at most `bytes` together. The compressed
    /// tiers stay within their shares.
    pub fn relieve(&self, bytes: u64) {
        let it = &*self.shelves;
        it.settle();
        let mut held = it.hot.weighted_size() + it.warm.weighted_size();
        for (key, warm) in &it.warm {
            if held <= bytes {
                return;
            }
            held = held.saturating_sub(u64::from(cost(warm.value.weight())));
            it.warm.invalidate(&*key);
            self.demoter.send(Job::Compress(*key, warm.value.clone()));
        }
        for (key, value) in &it.hot {
            if held <= bytes {
                return;
            }
            held = held.saturating_sub(u64::from(cost(value.weight())));
            it.hot.invalidate(&*key);
            self.demoter.send(Job::Compress(*key, value));
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let it = &*self.shelves;
        it.hot.invalidate_all();
        it.warm.invalidate_all();
        it.cold.invalidate_all();
        it.frozen.invalidate_all();
    }

    /// Where `key` lies now, without counting as a use.
    pub fn tier_of(&self, key: &Key) -> Option<Tier> {
        let it = &*self.shelves;
        let places = [
            (it.hot.contains_key(key), Tier::Hot),
            (it.warm.contains_key(key), Tier::Warm),
            (it.cold.contains_key(key), Tier::Cold),
            (it.frozen.contains_key(key), Tier::Frozen),
        ];
        places.into_iter().find(|it| it.0).map(|it| it.1)
    }

    /// Counts and sizes.
    pub fn statistics(&self) -> TierStatistics {
        let it = &*self.shelves;
        it.settle();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &it.counters;
        TierStatistics {
            hits: [0, 1, 2, 3].map(|tier| read(&counters.hits[tier])),
            misses: read(&counters.misses),
            promotions: read(&counters.promotions),
            demotions: read(&counters.demotions),
            dropped: read(&counters.dropped),
            entries: [it.hot.entry_count(), it.warm.entry_count(), it.cold.entry_count(), it.frozen.entry_count()],
            bytes: [
                it.hot.weighted_size(),
                it.warm.weighted_size(),
                it.cold.weighted_size(),
                it.frozen.weighted_size(),
            ],
        }
    }

    /// Waits until all that is on its way down has arrived.
    pub fn settle(&self) {
        // Each round moves what the one before has pushed out, at most to the lowest tier.
        for _ in 0..4 {
            self.shelves.settle();
            self.demoter.wait();
        }
    }
}

impl<V: Stored> Shelves<V> {
    fn keep_warm(&self, key: Key, value: Arc<V>) {
        self.warm.insert(key, Arc::new(Warm { value, uses: AtomicU64::new(0) }));
    }

    fn unpack(&self, packed: &Packed, tier: Tier) -> Option<Vec<u8>> {
        match tier {
            _ if !self.compression => Some(packed.bytes.to_vec()),
            Tier::Frozen => super::compress::unzstd(&packed.bytes, packed.plain).ok(),
            _ => super::compress::unlz4(&packed.bytes, packed.plain).ok(),
        }
    }

    /// Lets moka do what it has put off.
    fn settle(&self) {
        self.hot.run_pending_tasks();
        self.warm.run_pending_tasks();
        self.cold.run_pending_tasks();
        self.frozen.run_pending_tasks();
    }
}

#[cfg(test)]
mod tests;
