//! The door through which decoded facts come. Invariant: equal key, equal facts. Must not know packs.

use crate::base::hash::Key;
use crate::facts::Facts;
pub use crate::store::tiers::Reading;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Keeps opened chunks of packs for those who load facts.
pub trait Chunks {
    /// The chunk `key`, as it was kept or as `open` brings it.
    fn chunk(&self, key: Key, open: &mut dyn FnMut() -> Option<Vec<u8>>) -> Option<Arc<Vec<u8>>>;
}

/// Loads facts, given chunks.
pub type Load<'a> = &'a mut dyn FnMut(&dyn Chunks) -> Option<Facts>;

/// Keeps decoded facts by key.
pub trait FactsCache: Send + Sync {
    /// The facts of `key`, which are of a file in `lang`, from the cache or else from `load`.
    fn facts(&self, key: Key, lang: &str, reading: Reading, load: Load<'_>) -> Option<Arc<Facts>>;
}

/// The chunk that was opened last: for those who read in the order of a pack.
#[derive(Default)]
pub struct LastChunk(RefCell<Option<(Key, Arc<Vec<u8>>)>>);

impl Chunks for LastChunk {
    fn chunk(&self, key: Key, open: &mut dyn FnMut() -> Option<Vec<u8>>) -> Option<Arc<Vec<u8>>> {
        let mut last = self.0.borrow_mut();
        if last.as_ref().is_none_or(|it| it.0 != key) {
            *last = Some((key, Arc::new(open()?)));
        }
        last.as_ref().map(|it| it.1.clone())
    }
}

/// Keeps the last few: for tests and for commands that read once.
#[derive(Default)]
pub struct FewFacts(Mutex<VecDeque<(Key, Arc<Facts>)>>);

const FEW: usize = 64;

impl FactsCache for FewFacts {
    fn facts(&self, key: Key, _: &str, _: Reading, load: Load<'_>) -> Option<Arc<Facts>> {
        if let Ok(kept) = self.0.lock()
            && let Some((_, facts)) = kept.iter().find(|it| it.0 == key)
        {
            return Some(facts.clone());
        }
        let facts = Arc::new(load(&LastChunk::default())?);
        if let Ok(mut kept) = self.0.lock() {
            kept.push_back((key, facts.clone()));
            if kept.len() > FEW {
                kept.pop_front();
            }
        }
        Some(facts)
    }
}
