//! What stat said of files in watched folders, so that a rescan asks only for the others. Invariants: a stamp is believed
//! only while its folder is watched and nothing was heard of the file; one too young to prove anything is not kept; a file
//! that somebody names is always asked for anew. Must not know what a stamp is compared with.

use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use crate::base::ids::RootId;
use crate::base::os::FileStamp;
use crate::base::os::stamp::now_ns;
use crate::base::paths::RelPath;
use crate::workspace::crawl::walk::Beside;
use crate::workspace::options::StatCacheOptions;
use crate::workspace::roots::Root;
use crate::workspace::state::{Lane, Shared};

/// How the cache does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatCacheStatistics {
    /// Files of which a rescan wanted to know, and of how many the cache knew.
    pub asked: u64,
    pub hits: u64,
    pub entries: u64,
}

/// Stamps by root and path.
pub struct StatCache {
    kept: Option<Cache<(RootId, RelPath), FileStamp>>,
    asked: AtomicU64,
    hits: AtomicU64,
    /// Counts what was heard: a stamp taken while this moves is not kept.
    heard: AtomicU64,
}

impl StatCache {
    /// An empty one; where it is switched off it knows nothing.
    pub fn new(options: &StatCacheOptions) -> Self {
        let wanted = options.enabled && options.max_entries > 0 && !options.ttl.is_zero();
        let kept = wanted.then(|| Cache::builder().max_capacity(options.max_entries).time_to_live(options.ttl).build());
        Self { kept, asked: AtomicU64::new(0), hits: AtomicU64::new(0), heard: AtomicU64::new(0) }
    }

    /// Something changed; `forget` or `forget_all` follows for what it was.
    pub fn hear(&self) {
        self.heard.fetch_add(1, Ordering::AcqRel);
    }

    /// A file has changed.
    pub fn forget(&self, root: RootId, path: &RelPath) {
        if let Some(kept) = &self.kept {
            kept.invalidate(&(root, path.clone()));
        }
    }

    /// Folders came, went, or are no longer watched; or events were lost.
    pub fn forget_all(&self) {
        self.hear();
        if let Some(kept) = &self.kept {
            kept.invalidate_all();
        }
    }

    /// Counts since the start.
    pub fn statistics(&self) -> StatCacheStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let entries = self.kept.as_ref().map_or(0, Cache::entry_count);
        StatCacheStatistics { asked: read(&self.asked), hits: read(&self.hits), entries }
    }
}

/// What stands beside the walk of a pass: the watcher and this cache.
pub struct BesidePass<'a> {
    pub shared: &'a Shared,
    pub root: &'a Root,
    pub lane: Lane,
}

impl Beside for BesidePass<'_> {
    fn entering(&self, folder: &RelPath) -> bool {
        let is_watched = self.shared.watch.enter(self.root, folder, self.shared);
        if self.lane == Lane::Near && self.shared.governor.passes() > 1 {
            // What another pass had read there before it was watched may be gone, and nobody has told so.
            self.root.touch(folder, self.root.now());
        }
        is_watched
    }

    fn stamp(&self, path: &RelPath, ask: &mut dyn FnMut() -> Option<FileStamp>) -> Option<FileStamp> {
        let cache = &self.shared.watch.stamps;
        let Some(kept) = &cache.kept else { return ask() };
        let key = (self.root.id, path.clone());
        // A whole pass believes nothing that was kept, and keeps what it sees.
        if self.lane == Lane::Near {
            cache.asked.fetch_add(1, Ordering::Relaxed);
            if let Some(stamp) = kept.get(&key) {
                cache.hits.fetch_add(1, Ordering::Relaxed);
                return Some(stamp);
            }
        }
        let heard = cache.heard.load(Ordering::Acquire);
        let stamp = ask()?;
        if stamp.is_settled(now_ns()) {
            kept.insert(key.clone(), stamp);
            if cache.heard.load(Ordering::Acquire) != heard {
                kept.invalidate(&key);
            }
        }
        Some(stamp)
    }
}
