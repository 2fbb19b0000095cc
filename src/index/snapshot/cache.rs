//! The door through which decoded facts come. Invariant: equal key, equal facts. Must not know packs.

use crate::base::hash::Key;
use crate::facts::Facts;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Keeps decoded facts by key.
pub trait FactsCache: Send + Sync {
    /// The facts of `key`, from the cache or else from `load`.
    fn facts(&self, key: Key, load: &mut dyn FnMut() -> Option<Facts>) -> Option<Arc<Facts>>;
}

/// Keeps the last few: for tests and for commands that read once.
#[derive(Default)]
pub struct FewFacts(Mutex<VecDeque<(Key, Arc<Facts>)>>);

const FEW: usize = 64;

impl FactsCache for FewFacts {
    fn facts(&self, key: Key, load: &mut dyn FnMut() -> Option<Facts>) -> Option<Arc<Facts>> {
        if let Ok(kept) = self.0.lock()
            && let Some((_, facts)) = kept.iter().find(|it| it.0 == key)
        {
            return Some(facts.clone());
        }
        let facts = Arc::new(load()?);
        if let Ok(mut kept) = self.0.lock() {
            kept.push_back((key, facts.clone()));
            if kept.len() > FEW {
                kept.pop_front();
            }
        }
        Some(facts)
    }
}
