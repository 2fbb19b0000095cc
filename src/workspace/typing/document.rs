//! One open document: its text, which edits change at once, and its syntax, which follows when somebody looks.
//! Invariant: the locks are taken in the order publishing, syntax, text; edits take the text's lock alone, so that they never wait for
//! a parse; edits reach the door in the order in which they came, and never one that a pinned state has not seen.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pins::Pins;
use super::{Opening, Published, Shared, TypingOptions};
use crate::base::cancel::Cancel;
use crate::index::snapshot::Snapshot;
use crate::syntax::languages::Lang;
use crate::syntax::parsing::{Lost, Parsed, Parsing};
use crate::syntax::remote::RemoteOptions;
use crate::syntax::{InProcess, Remote};
use crate::text::{ByteEdit, Change, Document, Encoding};

/// How often somebody who waits looks whether his request was cancelled.
const NUDGE: Duration = Duration::from_millis(20);

/// Why a document gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    NotOpen,
    Cancelled,
    /// The state that was asked about is gone.
    Overtaken,
    /// Its parser process died or was killed twice; what it said.
    Lost(String),
}

/// An open document.
pub(crate) struct OpenDocument {
    pub(super) uri: Arc<str>,
    pub(super) path: Option<PathBuf>,
    pub(super) lang: Lang,
    pub(super) closed: AtomicBool,
    text: Mutex<Text>,
    /// Signalled when a look at a pinned state is done.
    pub(super) turn: Condvar,
    syntax: Mutex<Syntax>,
    /// Held while facts are handed over, so that two who do so cannot overtake one another.
    publishing: Mutex<()>,
    /// Counts notifications; what has been published is the state after that many.
    edits: AtomicU64,
    published: AtomicU64,
}

pub(super) struct Text {
    document: Document,
    /// Edits that the door has not seen.
    waiting: VecDeque<Noted>,
    edits: u64,
    pub(super) pins: Pins,
}

/// The edits of one notification.
struct Noted {
    number: u64,
    version: i32,
    edits: Vec<ByteEdit>,
}

struct Syntax {
    door: Box<dyn Parsing>,
    /// What the door has seen.
    version: i32,
    edits: u64,
}

/// A document whose outline and text agree.
pub struct Current<'a> {
    door: &'a mut dyn Parsing,
    pub version: i32,
    pub lang: Lang,
}

impl Current<'_> {
    pub fn parsing(&mut self) -> &mut dyn Parsing {
        self.door
    }
}

/// The implementation of the door that fits a document.
pub(super) fn door(lang: Lang, text: String, options: &TypingOptions) -> Box<dyn Parsing> {
    let apart = lang.has_grammar() && (!lang.row().in_process || text.len() > options.apart);
    match options.spawn.clone().filter(|_| apart) {
        Some(spawn) => {
            let options = RemoteOptions { limits: options.limits.clone(), patience: options.patience, spawn };
            Box::new(Remote::open(lang, text, options))
        }
        None => Box::new(InProcess::open(lang, text, options.limits.clone())),
    }
}

impl Text {
    /// How many notifications have changed it.
    pub(super) fn edits(&self) -> u64 {
        self.edits
    }
}

impl OpenDocument {
    pub(super) fn new(uri: Arc<str>, lang: Lang, opening: Opening, options: &TypingOptions) -> Self {
        let document = Document::new(&opening.text, opening.version, &opening.language_id);
        let door = door(lang, opening.text, options);
        Self {
            uri,
            path: opening.path,
            lang,
            closed: AtomicBool::new(false),
            text: Mutex::new(Text { document, waiting: VecDeque::new(), edits: 1, pins: Pins::default() }),
            turn: Condvar::new(),
            syntax: Mutex::new(Syntax { door, version: opening.version, edits: 1 }),
            publishing: Mutex::new(()),
            edits: AtomicU64::new(1),
            published: AtomicU64::new(0),
        }
    }

    pub(super) fn text(&self) -> MutexGuard<'_, Text> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, version: i32, changes: Vec<Change>, encoding: Encoding) {
        let mut text = self.text();
        let edits = text.document.apply(version, changes, encoding);
        text.edits += 1;
        let number = text.edits;
        text.waiting.push_back(Noted { number, version, edits });
        self.edits.store(text.edits, Ordering::Release);
    }

    /// How many notifications have changed it.
    pub(super) fn edits(&self) -> u64 {
        self.edits.load(Ordering::Acquire)
    }

    pub(super) fn is_unpublished(&self) -> bool {
        self.published.load(Ordering::Acquire) != self.edits()
    }

    /// Brings the syntax up to the state after `number` notifications (further, where it is there already) and shows it.
    pub(super) fn read<R>(
        &self,
        shared: &Shared,
        number: u64,
        cancel: &Cancel,
        look: impl FnOnce(&mut Current<'_>) -> R,
    ) -> Result<R, Unanswered> {
        let mut syntax = self.advance(shared, number, cancel)?;
        let Syntax { door, version, .. } = &mut *syntax;
        Ok(look(&mut Current { door: door.as_mut(), version: *version, lang: self.lang }))
    }

    /// As [`Self::read`], in exactly that state: somebody holds it, so that nobody goes past it.
    pub(super) fn read_exactly<R>(
        &self,
        shared: &Shared,
        number: u64,
        cancel: &Cancel,
        look: impl FnOnce(&mut Current<'_>) -> R,
    ) -> Result<R, Unanswered> {
        let mut syntax = self.advance(shared, number, cancel)?;
        let Syntax { door, version, edits } = &mut *syntax;
        if *edits != number {
            return Err(Unanswered::Overtaken);
        }
        Ok(look(&mut Current { door: door.as_mut(), version: *version, lang: self.lang }))
    }

    /// The syntax after at least `number` notifications, when those who want an earlier one have had it.
    fn advance(&self, shared: &Shared, number: u64, cancel: &Cancel) -> Result<MutexGuard<'_, Syntax>, Unanswered> {
        self.let_others_first(shared, number, cancel)?;
        let mut syntax = self.syntax.lock().unwrap_or_else(PoisonError::into_inner);
        self.catch_up(&mut syntax, number, shared.options.slice, cancel)?;
        Ok(syntax)
    }

    /// Waits until nobody has to look at a state before `number`: states that come later are not before it.
    fn wait_for_turn(&self, number: u64, cancel: &Cancel) -> Result<(), Unanswered> {
        let mut text = self.text();
        while text.pins.looked_at_before(number) {
            if cancel.is_cancelled() {
                return Err(Unanswered::Cancelled);
            }
            text = self.turn.wait_timeout(text, NUDGE).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Gives the door the edits of all notifications up to `number` and parses until outline and text agree.
    fn catch_up(&self, syntax: &mut Syntax, number: u64, slice: Duration, cancel: &Cancel) -> Result<(), Unanswered> {
        let mut edits = Vec::new();
        let mut text = self.text();
        while text.waiting.front().is_some_and(|it| it.number <= number)
            && let Some(noted) = text.waiting.pop_front()
        {
            edits.extend(noted.edits);
            (syntax.version, syntax.edits) = (noted.version, noted.number);
        }
        drop(text);
        syntax.door.edit(&edits);
        loop {
            match syntax.door.parse(slice) {
                Ok(Parsed::Done(_)) => return Ok(()),
                Ok(Parsed::Unfinished) if cancel.is_cancelled() => return Err(Unanswered::Cancelled),
                Ok(Parsed::Unfinished) => {}
                Err(Lost(why)) => return Err(Unanswered::Lost(why)),
            }
        }
    }

    /// Replaces a doubtful tree by a fresh one, unless an edit comes; true where the outline may be another now.
    pub(super) fn heal(&self, shared: &Shared) -> bool {
        let Ok(mut syntax) = self.advance(shared, self.edits(), &Cancel::new()) else { return false };
        while syntax.door.wants_healing() && self.edits() == syntax.edits {
            match syntax.door.heal(shared.options.slice) {
                Ok(Parsed::Done(_)) => return true,
                Ok(Parsed::Unfinished) => {}
                Err(Lost(_)) => return false,
            }
        }
        false
    }

    /// Hands the facts of the last state to the sink, if they are not what it has.
    pub(super) fn publish(&self, shared: &Shared, cancel: &Cancel) {
        let number = self.edits();
        // What cannot be published now is offered again with the next question.
        if self.advance(shared, number, cancel).is_ok() {
            let _ = self.publish_state(shared, number, cancel);
        }
    }

    /// As [`Self::publish_state`], of a state that the caller holds.
    pub(super) fn publish_pinned(&self, shared: &Shared, number: u64, cancel: &Cancel) -> Result<Snapshot, Unanswered> {
        self.let_others_first(shared, number, cancel)?;
        self.publish_state(shared, number, cancel)
    }

    /// Those who look at states before `number` look, and those that somebody asks about are published.
    fn let_others_first(&self, shared: &Shared, number: u64, cancel: &Cancel) -> Result<(), Unanswered> {
        self.wait_for_turn(number, cancel)?;
        let asked = self.text().pins.asked_before(number);
        for state in asked {
            let published = self.publish_state(shared, state, cancel);
            if matches!(published, Err(Unanswered::Cancelled)) {
                return Err(Unanswered::Cancelled);
            }
            // Another error: nobody can answer those who asked any more, and they are told so.
        }
        Ok(())
    }

    /// Hands the facts of the state after `number` notifications to the sink (of a later one, where nobody holds that one),
    /// and keeps the snapshot that has them for those who ask about it.
    fn publish_state(&self, shared: &Shared, number: u64, cancel: &Cancel) -> Result<Snapshot, Unanswered> {
        let _one = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.text().pins.answer(number);
        if let Some(snapshot) = kept.as_ref().and_then(|it| it.get()) {
            return Ok(snapshot.clone());
        }
        let mut syntax = self.syntax.lock().unwrap_or_else(PoisonError::into_inner);
        self.catch_up(&mut syntax, number, shared.options.slice, cancel)?;
        if kept.is_some() && syntax.edits != number {
            return Err(Unanswered::Overtaken);
        }
        let edits = syntax.edits;
        let snapshot = if self.published.load(Ordering::Acquire) == edits {
            drop(syntax);
            shared.sink.snapshot()
        } else {
            if self.closed.load(Ordering::Acquire) {
                return Err(Unanswered::NotOpen);
            }
            let segments = syntax.door.facts().map_err(|Lost(why)| Unanswered::Lost(why))?;
            let (text, version) = (Arc::from(syntax.door.text()), syntax.version);
            drop(syntax);
            let (uri, path) = (self.uri.clone(), self.path.clone());
            let document = Published { uri, path, lang: self.lang, version, text, segments };
            let snapshot = shared.sink.publish(document).ok_or(Unanswered::Overtaken)?;
            self.published.store(edits, Ordering::Release);
            snapshot
        };
        if let Some(kept) = kept {
            // Only whoever publishes sets it.
            let _ = kept.set(snapshot.clone());
        }
        Ok(snapshot)
    }

    /// What the sink has no longer holds, though no edit came (the tree was replaced).
    pub(super) fn mark_unpublished(&self) {
        self.published.store(0, Ordering::Release);
    }
}
