//! Vectors behind the crawls: the end of a pass over a root, what an embedder that takes long is asked for after a change, and
//! the opening of a model. Invariant: facts, words and names of no root ever wait for vectors that take long. Must not know
//! how a vector is made.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crossbeam_channel::Receiver;

use crate::base::threads::{self, Intent};
use crate::workspace::crawl::{self, Pass};
use crate::workspace::merging::{self, Occasion};
use crate::workspace::progress::{Counters, Event, Progress, Stage};
use crate::workspace::roots::Root;
use crate::workspace::seeding::Seeds;
use crate::workspace::shelf;
use crate::workspace::state::{Lacking, Lane, Shared};
use crate::workspace::worker::Pool;

/// A pass over a root that lacks nothing but vectors.
pub(super) struct Ending {
    pub(super) root: Arc<Root>,
    pub(super) seeds: Option<Seeds>,
    /// What the pass has done.
    pub(super) counted: Progress,
}

/// What lacks vectors, then merging.
pub(super) fn end(shared: &Arc<Shared>, pool: &Pool, ending: Ending) {
    let Ending { root, seeds, mut counted } = ending;
    if root.cancel.is_cancelled() {
        return;
    }
    let _running = shared.governor.watch_over();
    embed_missing(shared, &root, pool, &shared.counters);
    drop(seeds);
    if root.cancel.is_cancelled() {
        return;
    }
    merging::tidy_up(shared, &root, Occasion::Whole);
    // Another root's pass may count already.
    let now = shared.counters.read();
    (counted.passages_found, counted.passages_done) = (now.passages_found, now.passages_done);
    shelf::note_stage(&root, Stage::Embedded, &counted);
    shared.drain_store(&root);
    shared.reach(&root, Stage::Embedded);
    shared.events.send(&Event::Finished { root: root.id });
}

/// Vectors for what has none.
fn embed_missing(shared: &Shared, root: &Root, pool: &Pool, counters: &Counters) {
    // The snapshot goes with the pass: while it lives, packs that are merged away keep their pages.
    crawl::embed::missing(&Pass {
        shared,
        root,
        paths: Vec::new(),
        snapshot: shared.snapshot(),
        pool,
        counters,
        cancel: &root.cancel,
        lane: Lane::Whole,
        asked: false,
        again: false,
        waited: AtomicU64::default(),
    });
}

/// Where questions will come, a model is opened beside all else; what is wrong with it is told now. Nobody waits for it.
pub(super) fn warm(shared: &Arc<Shared>) {
    let Some(embedder) = shared.options.embedder.clone().filter(|_| shared.options.follow) else { return };
    let of = Arc::downgrade(shared);
    let _ = threads::spawn("embed-start", Intent::Background, move || {
        let goes_on = || of.upgrade().is_some_and(|it| !it.cancel.is_cancelled());
        let failed = embedder.start_while(&goes_on).err().map(|it| it.to_string());
        if let Some(shared) = of.upgrade().filter(|it| !it.cancel.is_cancelled()) {
            embedder.notices().iter().chain(&failed).for_each(|it| shared.notice(it));
        }
    });
}

/// What an embedder that takes long is asked for after a change, until the workspace closes.
pub(super) fn fill(shared: &Arc<Shared>, pool: &Pool, lacks: &Receiver<Lacking>) {
    while let Ok(first) = lacks.recv() {
        let (mut documents, mut roots): (bool, Vec<Arc<Root>>) = (false, Vec::new());
        for it in std::iter::once(first).chain(lacks.try_iter()) {
            match it {
                Lacking::Documents => documents = true,
                Lacking::Files(root) if roots.iter().any(|it| it.id == root.id) => {}
                Lacking::Files(root) => roots.push(root),
            }
        }
        if shared.cancel.is_cancelled() {
            return;
        }
        if documents {
            shared.embed_documents(&shared.cancel);
        }
        for root in roots {
            if root.store.is_writer() && root.stage() >= Stage::Indexed && !root.cancel.is_cancelled() {
                embed_missing(shared, &root, pool, &shared.near_counters);
            }
        }
    }
}
