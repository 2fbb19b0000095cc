//! All shelves together: who moves where. Invariant: what a hot shelf pushes out becomes warm, what the warm one pushes out
//! becomes cold if it was asked for again and the chunk that it came from is closed, or is forgotten: the opened chunk has
//! it, or the packs. Must not know threads.

use std::sync::Arc;

use super::shelf::Shelf;
use super::statistics::Counts;
use super::{Packed, Reading, Stored, Tier, cost_of_bytes};
use crate::base::hash::Key;

/// Asked for again so often, a warm value becomes hot.
const HOT_AFTER: u32 = 2;
/// One question reads the same value many times: only after so many others have come, it was asked for again.
const APART: u64 = 8;

/// A decoded value.
pub(super) struct Held<V> {
    pub value: V,
    pub bytes: u64,
    /// How often it was asked for again.
    uses: u32,
    /// When that was counted last.
    counted: u64,
    /// Read ahead, and not asked for since.
    ahead: bool,
    /// The chunk that it was read from.
    chunk: Option<Key>,
}

/// Where a value has come from.
#[derive(Clone, Copy, Default)]
pub(super) struct Source {
    /// The tier; none: the disk.
    pub tier: Option<Tier>,
    pub chunk: Option<Key>,
}

/// What a look into memory has found.
pub(super) enum Looked<V> {
    Decoded(V, Tier),
    Packed(Packed),
    Nothing,
}

pub(super) struct State<V> {
    /// The common one, then one for each group.
    pub hot: Vec<Shelf<Held<V>>>,
    /// Has what the cold one leaves free, too.
    pub warm: Shelf<Held<V>>,
    warm_share: u64,
    pub cold: Shelf<Packed>,
    pub frozen: Shelf<Arc<Vec<u8>>>,
    pub counts: Counts,
    /// Values that have come so far.
    clock: u64,
    cold_after: u32,
    /// Pushed out, and not sent on yet: to be compressed, and to be dropped without the lock.
    waiting: Vec<(Key, V)>,
    dropped: Vec<V>,
}

/// What is to be compressed, and what only to be dropped.
pub(super) type Pushed<V> = (Vec<(Key, V)>, Vec<V>);

impl<V: Stored> State<V> {
    pub fn new([hot, warm, cold, frozen]: [u64; 4], groups: &[u64], cold_after: u32) -> Self {
        let mut state = Self {
            hot: std::iter::once(&hot).chain(groups).map(|&share| Shelf::new(share)).collect(),
            warm: Shelf::new(warm),
            warm_share: warm,
            cold: Shelf::new(cold),
            frozen: Shelf::new(frozen),
            counts: Counts::default(),
            clock: 0,
            cold_after,
            waiting: Vec::new(),
            dropped: Vec::new(),
        };
        state.lend();
        state
    }

    /// Few values are worth being cold: until they come, the room is for warm ones. Where there is no warm tier, none is
    /// lent.
    fn lend(&mut self) {
        if self.warm_share > 0 {
            let mut out = Vec::new();
            self.warm.resize(self.warm_share + self.cold.capacity() - self.cold.bytes(), &mut out);
            out.into_iter().for_each(|(key, held)| self.push_down(key, held));
        }
    }

    /// What each tier may hold now: hot, warm, cold, frozen.
    pub fn shares(&self) -> [u64; 4] {
        let lent = self.warm.capacity() - self.warm_share;
        let hot = self.hot.iter().map(Shelf::capacity).sum();
        [hot, self.warm.capacity(), self.cold.capacity() - lent, self.frozen.capacity()]
    }

    /// Looks into hot, warm and cold.
    pub fn look(&mut self, key: &Key, group: usize, reading: Reading) -> Looked<V> {
        if reading == Reading::Once {
            return self.peek(key, group);
        }
        let asked = reading == Reading::Asked;
        if let Some(held) = self.hot[group].get(key) {
            self.counts.hits[Tier::Hot as usize] += u64::from(asked);
            return Looked::Decoded(held.value.clone(), Tier::Hot);
        }
        if let Some(held) = self.warm.get(key) {
            let value = held.value.clone();
            if asked {
                self.counts.hits[Tier::Warm as usize] += 1;
                if std::mem::take(&mut held.ahead) {
                    self.counts.ahead_used += 1;
                }
                if self.clock >= held.counted + APART {
                    held.counted = self.clock;
                    held.uses += 1;
                    if held.uses >= HOT_AFTER {
                        self.promote(key, group);
                    }
                }
            }
            return Looked::Decoded(value, Tier::Warm);
        }
        match self.cold.get(key) {
            Some(packed) => Looked::Packed(packed.clone()),
            None => Looked::Nothing,
        }
    }

    /// Looks without leaving a trace.
    fn peek(&self, key: &Key, group: usize) -> Looked<V> {
        let held = |shelf: &Shelf<Held<V>>, tier| Some(Looked::Decoded(shelf.peek(key)?.value.clone(), tier));
        held(&self.hot[group], Tier::Hot)
            .or_else(|| held(&self.warm, Tier::Warm))
            .or_else(|| Some(Looked::Packed(self.cold.peek(key)?.clone())))
            .unwrap_or(Looked::Nothing)
    }

    /// Warm becomes hot, where there is such a shelf and the value fits.
    fn promote(&mut self, key: &Key, group: usize) {
        let fits = |it: &Held<V>, capacity: u64| it.bytes <= capacity;
        let capacity = self.hot[group].capacity();
        let Some(held) = self.warm.get(key).filter(|it| fits(it, capacity)) else { return };
        let bytes = held.bytes;
        let Some(held) = self.warm.remove(key) else { return };
        self.counts.promotions += 1;
        let mut out = Vec::new();
        self.hot[group].insert(*key, held, bytes, &mut out);
        for (key, held) in out {
            // It has to show anew that it is asked for again and again.
            self.counts.demotions += 1;
            self.keep_held(&key, Held { uses: 1, counted: self.clock, ..held });
        }
    }

    /// A value has come from below.
    pub fn came(&mut self, key: &Key, group: usize, reading: Reading, from: Source, value: V, bytes: u64) {
        if reading == Reading::Once {
            return;
        }
        let ahead = reading == Reading::Ahead;
        if ahead {
            self.counts.ahead += 1;
        } else {
            match from.tier {
                Some(tier) => {
                    self.counts.hits[tier as usize] += 1;
                    self.counts.promotions += 1;
                }
                None => self.counts.misses += 1,
            }
        }
        self.keep(key, group, value, bytes, from, ahead);
    }

    /// Keeps a decoded value: as warm, or as hot where no value may be warm.
    pub fn keep(&mut self, key: &Key, group: usize, value: V, bytes: u64, from: Source, ahead: bool) {
        self.clock += 1;
        let uses = u32::from(from.tier == Some(Tier::Cold));
        let held = Held { value, bytes, uses, counted: self.clock, ahead, chunk: from.chunk };
        if self.warm.capacity() > 0 {
            return self.keep_held(key, held);
        }
        let mut out = Vec::new();
        self.hot[group].insert(*key, held, bytes, &mut out);
        out.into_iter().for_each(|(key, held)| self.push_down(key, held));
    }

    fn keep_held(&mut self, key: &Key, held: Held<V>) {
        let (bytes, mut out) = (held.bytes, Vec::new());
        self.warm.insert(*key, held, bytes, &mut out);
        out.into_iter().for_each(|(key, held)| self.push_down(key, held));
    }

    fn push_down(&mut self, key: Key, held: Held<V>) {
        self.counts.ahead_unused += u64::from(held.ahead);
        let is_open = |chunk: &Key| self.frozen.has(chunk);
        let is_near = held.chunk.as_ref().is_some_and(is_open);
        if self.cold.get(&key).is_some() {
            // Its bytes are there still.
            self.counts.demotions += 1;
            self.dropped.push(held.value);
        } else if held.uses >= self.cold_after && self.cold.capacity() > 0 && !is_near {
            self.waiting.push((key, held.value));
        } else {
            self.counts.dropped += 1;
            self.dropped.push(held.value);
        }
    }

    /// What was pushed out since the last call.
    pub fn pushed(&mut self) -> Pushed<V> {
        (std::mem::take(&mut self.waiting), std::mem::take(&mut self.dropped))
    }

    /// Compressed bytes have arrived; what they push out is among what was pushed out since.
    pub fn chill(&mut self, key: Key, packed: Packed) {
        self.counts.demotions += 1;
        let (bytes, mut out) = (cost_of_bytes(packed.bytes.len()), Vec::new());
        self.cold.insert(key, packed, bytes, &mut out);
        self.counts.dropped += out.len() as u64;
        self.lend();
    }

    /// An opened chunk is kept.
    pub fn freeze(&mut self, key: Key, chunk: Arc<Vec<u8>>) {
        let mut out = Vec::new();
        let bytes = cost_of_bytes(chunk.capacity());
        self.frozen.insert(key, chunk, bytes, &mut out);
    }

    pub fn relieve(&mut self, bytes: u64) {
        self.frozen.clear();
        while self.decoded_bytes() > bytes {
            let oldest = self.warm.pop().or_else(|| self.hot.iter_mut().find_map(Shelf::pop));
            let Some((key, held)) = oldest else { return };
            self.push_down(key, held);
        }
    }

    fn decoded_bytes(&self) -> u64 {
        self.warm.bytes() + self.hot.iter().map(Shelf::bytes).sum::<u64>()
    }

    pub fn remove(&mut self, key: &Key) {
        let hot = self.hot.iter_mut().find_map(|it| it.remove(key));
        self.dropped.extend(hot.or_else(|| self.warm.remove(key)).map(|it| it.value));
        self.cold.remove(key);
        self.lend();
    }

    pub fn clear(&mut self, tier: Tier) {
        match tier {
            Tier::Hot => self.hot.iter_mut().for_each(Shelf::clear),
            Tier::Warm => self.warm.clear(),
            Tier::Cold => self.cold.clear(),
            Tier::Frozen => self.frozen.clear(),
        }
        self.lend();
    }

    pub fn tier_of(&self, key: &Key) -> Option<Tier> {
        let hot = self.hot.iter().any(|it| it.has(key));
        let places = [(hot, Tier::Hot), (self.warm.has(key), Tier::Warm), (self.cold.has(key), Tier::Cold)];
        places.into_iter().find(|it| it.0).map(|it| it.1)
    }
}
