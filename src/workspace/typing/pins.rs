//! States of documents that requests are about: an answer is made in the text that the client had when it asked, whatever
//! it has typed since. Invariant: a state that somebody looks at is not left before he has; one that somebody asks the
//! index about is published before it is left. Must not know what is asked.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::document::OpenDocument;
use crate::index::snapshot::Snapshot;

/// A request that has waited so long, while its document changed, is left behind: the client has gone on, and who is late
/// must not do all that nobody reads any more.
const BEHIND: Duration = Duration::from_secs(1);

/// What a request will do with its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Look at its syntax, soon and briefly: whoever wants a later state waits for it.
    Look,
    /// Ask the index, perhaps later: whoever wants a later state publishes this one first.
    Ask,
}

/// A state of a document, held until this is dropped.
pub struct Pin {
    pub(super) document: Arc<OpenDocument>,
    pub(super) number: u64,
    purpose: Purpose,
    since: Instant,
}

/// All states of one document that are held.
#[derive(Default)]
pub(super) struct Pins(BTreeMap<u64, State>);

#[derive(Default)]
struct State {
    looks: usize,
    asks: usize,
    /// When the first of them was asked.
    since: Option<Instant>,
    /// The snapshot that has it, once there is one.
    answer: Arc<OnceLock<Snapshot>>,
}

impl Pins {
    pub(super) fn looked_at_before(&self, number: u64) -> bool {
        self.0.range(..number).any(|(_, it)| it.looks > 0)
    }

    /// States before `number` that are asked about and not published yet, in order; without those left behind.
    pub(super) fn asked_before(&self, number: u64) -> Vec<u64> {
        let late = |it: &State| it.since.is_some_and(|it| it.elapsed() > BEHIND);
        let open = |it: &State| it.asks > 0 && it.answer.get().is_none() && !late(it);
        self.0.range(..number).filter(|(_, it)| open(it)).map(|(number, _)| *number).collect()
    }

    /// Where the snapshot of a state is kept for those who ask about it; none where nobody does.
    pub(super) fn answer(&self, number: u64) -> Option<Arc<OnceLock<Snapshot>>> {
        self.0.get(&number).filter(|it| it.asks > 0).map(|it| it.answer.clone())
    }
}

impl Pin {
    /// Holds the state that a document has now.
    pub(super) fn hold(document: Arc<OpenDocument>, purpose: Purpose) -> Self {
        let mut text = document.text();
        let number = text.edits();
        let since = Instant::now();
        let state = text.pins.0.entry(number).or_default();
        state.since.get_or_insert(since);
        match purpose {
            Purpose::Look => state.looks += 1,
            Purpose::Ask => state.asks += 1,
        }
        drop(text);
        Self { document, number, purpose, since }
    }

    /// Whether the document has changed since.
    pub fn is_overtaken(&self) -> bool {
        self.document.edits() != self.number || self.document.closed.load(Ordering::Acquire)
    }

    /// Whether that was so long ago that nobody should make an answer any more.
    pub fn is_left_behind(&self) -> bool {
        self.since.elapsed() > BEHIND && self.is_overtaken()
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut text = self.document.text();
        let Some(state) = text.pins.0.get_mut(&self.number) else { return };
        match self.purpose {
            Purpose::Look => state.looks -= 1,
            Purpose::Ask => state.asks -= 1,
        }
        if state.looks == 0 && state.asks == 0 {
            text.pins.0.remove(&self.number);
        }
        drop(text);
        self.document.turn.notify_all();
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pin").field("number", &self.number).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}
