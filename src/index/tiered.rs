//! Decoded facts, and texts of closed files, through the store's tiers. Invariant: equal key, equal value, whichever tier it
//! comes from. Must not know packs, nor files.

use super::snapshot::{Chunks, FactsCache, Load};
use crate::base::hash::Key;
use crate::base::os::allocator::allocated;
use crate::facts::{Facts, codec};
use crate::store::tiers::{Opened, Reading, Stored, TierOptions, Tiers};
use std::sync::Arc;

/// What the tiers hold.
#[derive(Clone, Debug)]
pub enum Kept {
    Facts(Arc<Facts>),
    /// Of a whole file. Its file is as near as its compressed bytes would be: it goes from warm straight to the disk.
    Text(Arc<str>),
}

impl Stored for Kept {
    fn weight(&self) -> usize {
        match self {
            Self::Facts(it) => it.heap_size(),
            Self::Text(it) => allocated(it.len() + 16),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Facts(it) => codec::encode(it, out),
            Self::Text(_) => return false,
        }
        true
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        codec::decode(bytes).ok().map(|it| Self::Facts(Arc::new(it)))
    }
}

impl Chunks for Opened<'_, Kept> {
    fn chunk(&self, key: Key, open: &mut dyn FnMut() -> Option<Vec<u8>>) -> Option<Arc<Vec<u8>>> {
        Opened::chunk(self, key, open)
    }
}

/// Facts and texts kept in tiers.
pub struct TieredFacts(Tiers<Kept>);

impl TieredFacts {
    pub fn new(options: &TierOptions) -> Self {
        Self(Tiers::new(options))
    }

    /// The tiers, for statistics and for relief under memory pressure.
    pub fn tiers(&self) -> &Tiers<Kept> {
        &self.0
    }

    /// The text of `key`, which must name one state of one file, from the tiers or else from `load`.
    pub fn text(&self, key: Key, lang: &str, load: &mut dyn FnMut() -> Option<Arc<str>>) -> Option<Arc<str>> {
        let group = self.0.group(lang);
        let load = |_: &Opened<'_, Kept>| load().map(Kept::Text).ok_or(());
        match self.0.read(&key, group, Reading::Asked, load).ok()? {
            Kept::Text(text) => Some(text),
            Kept::Facts(_) => None,
        }
    }
}

impl FactsCache for TieredFacts {
    fn facts(&self, key: Key, lang: &str, reading: Reading, load: Load<'_>) -> Option<Arc<Facts>> {
        let group = self.0.group(lang);
        let load = |opened: &Opened<'_, Kept>| load(opened).map(|it| Kept::Facts(Arc::new(it))).ok_or(());
        match self.0.read(&key, group, reading, load).ok()? {
            Kept::Facts(facts) => Some(facts),
            Kept::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::fixture::facts;

    #[test]
    fn facts_and_texts_come_through_the_tiers() {
        let cache = TieredFacts::new(&TierOptions::default());
        let mut loads = 0;
        for _ in 0..2 {
            let found = cache.facts(Key([1; 16]), "rust", Reading::Asked, &mut |_| {
                loads += 1;
                Some(facts("open_file parse\n"))
            });
            assert_eq!(*found.unwrap(), facts("open_file parse\n"));
            let text = cache.text(Key([3; 16]), "rust", &mut || {
                loads += 1;
                Some("a text".into())
            });
            assert_eq!(text.as_deref(), Some("a text"));
        }
        assert_eq!((loads, cache.facts(Key([2; 16]), "go", Reading::Asked, &mut |_| None)), (2, None));
    }

    #[test]
    fn facts_survive_the_cold_tier_and_texts_skip_it() {
        let ratios = [0.0, 0.1, 0.9, 0.0];
        let cache = TieredFacts::new(&TierOptions { budget: 1 << 20, ratios, cold_after: 0, ..TierOptions::default() });
        let one = facts("open_file parse\n");
        cache.facts(Key([1; 16]), "rust", Reading::Asked, &mut |_| Some(one.clone())).unwrap();
        cache.text(Key([2; 16]), "rust", &mut || Some("a text".into())).unwrap();
        cache.tiers().relieve(0);
        cache.tiers().settle();
        let again = cache.facts(Key([1; 16]), "rust", Reading::Asked, &mut |_| panic!("the cold tier has it"));
        assert_eq!(*again.unwrap(), one);
        assert_eq!(cache.text(Key([2; 16]), "rust", &mut || None), None);
    }
}
