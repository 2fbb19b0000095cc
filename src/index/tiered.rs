//! Decoded facts through the store's tiers. Invariant: equal key, equal facts, whichever tier they come from. Must not know
//! packs.

use super::snapshot::FactsCache;
use crate::base::hash::Key;
use crate::facts::{Facts, codec};
use crate::store::tiers::{Stored, TierOptions, Tiers};
use std::mem::size_of;
use std::sync::Arc;

impl Stored for Facts {
    fn weight(&self) -> usize {
        use crate::facts::{Import, Passage, Reference, Scope, Symbol, TypeUse};
        let tables = self.symbols.len() * size_of::<Symbol>()
            + self.references.len() * size_of::<Reference>()
            + self.scopes.len() * size_of::<Scope>()
            + self.imports.len() * size_of::<Import>()
            + self.types.len() * size_of::<TypeUse>()
            + self.passages.len() * size_of::<Passage>();
        // A name: its text (about 12 bytes), its end, its place in the lookup.
        size_of::<Self>() + tables + self.names.len() * 28 + self.lines.starts.len() * 4 + self.lines.wide.len() * 8
    }

    fn encode(&self, out: &mut Vec<u8>) {
        codec::encode(self, out);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        codec::decode(bytes).ok()
    }
}

/// Facts kept in tiers.
pub struct TieredFacts(Tiers<Facts>);

impl TieredFacts {
    pub fn new(options: &TierOptions) -> Self {
        Self(Tiers::new(options))
    }

    /// The tiers, for statistics and for relief under memory pressure.
    pub fn tiers(&self) -> &Tiers<Facts> {
        &self.0
    }
}

impl FactsCache for TieredFacts {
    fn facts(&self, key: Key, load: &mut dyn FnMut() -> Option<Facts>) -> Option<Arc<Facts>> {
        self.0.get_or_load(&key, || load().ok_or(())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::fixture::facts;

    #[test]
    fn facts_come_through_the_tiers() {
        let cache = TieredFacts::new(&TierOptions::default());
        let mut loads = 0;
        for _ in 0..2 {
            let found = cache.facts(Key([1; 16]), &mut || {
                loads += 1;
                Some(facts("open_file parse\n"))
            });
            assert_eq!(*found.unwrap(), facts("open_file parse\n"));
        }
        assert_eq!((loads, cache.facts(Key([2; 16]), &mut || None)), (1, None));
    }
}
