//! One open document: its text, which edits change at once, and its syntax, which follows when somebody looks.
//! Invariant: the locks are taken in the order publishing, syntax, text; edits take the text's lock alone, so that they never wait for
//! a parse; edits reach the door in the order in which they came.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Opening, Published, Shared, TypingOptions};
use crate::base::cancel::Cancel;
use crate::syntax::languages::Lang;
use crate::syntax::parsing::{Lost, Parsed, Parsing};
use crate::syntax::remote::RemoteOptions;
use crate::syntax::{InProcess, Remote};
use crate::text::{ByteEdit, Change, Document, Encoding};

/// Why a document gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    NotOpen,
    Cancelled,
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
    syntax: Mutex<Syntax>,
    /// Held while facts are handed over, so that two who do so cannot overtake one another.
    publishing: Mutex<()>,
    /// Counts notifications; what has been published is the state after that many.
    edits: AtomicU64,
    published: AtomicU64,
}

struct Text {
    document: Document,
    /// Edits that the door has not seen.
    waiting: Vec<ByteEdit>,
    edits: u64,
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

impl OpenDocument {
    pub(super) fn new(uri: Arc<str>, lang: Lang, opening: Opening, options: &TypingOptions) -> Self {
        let document = Document::new(&opening.text, opening.version, &opening.language_id);
        let door = door(lang, opening.text, options);
        Self {
            uri,
            path: opening.path,
            lang,
            closed: AtomicBool::new(false),
            text: Mutex::new(Text { document, waiting: Vec::new(), edits: 1 }),
            syntax: Mutex::new(Syntax { door, version: opening.version, edits: 0 }),
            publishing: Mutex::new(()),
            edits: AtomicU64::new(1),
            published: AtomicU64::new(0),
        }
    }

    fn text(&self) -> MutexGuard<'_, Text> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn whole_text(&self) -> String {
        self.text().document.text()
    }

    pub(super) fn change(&self, version: i32, changes: Vec<Change>, encoding: Encoding) {
        let mut text = self.text();
        let edits = text.document.apply(version, changes, encoding);
        text.waiting.extend(edits);
        text.edits += 1;
        self.edits.store(text.edits, Ordering::Release);
    }

    /// How many notifications have changed it.
    pub(super) fn edits(&self) -> u64 {
        self.edits.load(Ordering::Acquire)
    }

    pub(super) fn is_unpublished(&self) -> bool {
        self.published.load(Ordering::Acquire) != self.edits()
    }

    pub(super) fn read<R>(
        &self,
        options: &TypingOptions,
        cancel: &Cancel,
        look: impl FnOnce(&mut Current<'_>) -> R,
    ) -> Result<R, Unanswered> {
        let mut syntax = self.syntax.lock().unwrap_or_else(PoisonError::into_inner);
        self.catch_up(&mut syntax, options.slice, cancel)?;
        let Syntax { door, version, .. } = &mut *syntax;
        Ok(look(&mut Current { door: door.as_mut(), version: *version, lang: self.lang }))
    }

    /// Gives the door all edits that wait and parses until outline and text agree.
    fn catch_up(&self, syntax: &mut Syntax, slice: Duration, cancel: &Cancel) -> Result<(), Unanswered> {
        loop {
            let (waiting, version, edits) = {
                let mut text = self.text();
                (std::mem::take(&mut text.waiting), text.document.version(), text.edits)
            };
            syntax.door.edit(&waiting);
            (syntax.version, syntax.edits) = (version, edits);
            match syntax.door.parse(slice) {
                Ok(Parsed::Done(_)) => return Ok(()),
                Ok(Parsed::Unfinished) if cancel.is_cancelled() => return Err(Unanswered::Cancelled),
                Ok(Parsed::Unfinished) => {}
                Err(Lost(why)) => return Err(Unanswered::Lost(why)),
            }
        }
    }

    /// Replaces a doubtful tree by a fresh one, unless an edit comes; true where the outline may be another now.
    pub(super) fn heal(&self, options: &TypingOptions) -> bool {
        let mut syntax = self.syntax.lock().unwrap_or_else(PoisonError::into_inner);
        if self.catch_up(&mut syntax, options.slice, &Cancel::new()).is_err() {
            return false;
        }
        while syntax.door.wants_healing() && self.edits() == syntax.edits {
            match syntax.door.heal(options.slice) {
                Ok(Parsed::Done(_)) => return true,
                Ok(Parsed::Unfinished) => {}
                Err(Lost(_)) => return false,
            }
        }
        false
    }

    /// Hands the facts to the sink, if they are not what it has.
    pub(super) fn publish(&self, shared: &Shared, cancel: &Cancel) {
        let _one = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut syntax = self.syntax.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_unpublished() {
            return;
        }
        if self.catch_up(&mut syntax, shared.options.slice, cancel).is_err() || self.closed.load(Ordering::Acquire) {
            return;
        }
        let Ok(segments) = syntax.door.facts() else { return };
        let (text, version, edits) = (syntax.door.text().to_owned(), syntax.version, syntax.edits);
        drop(syntax);
        let (uri, path) = (self.uri.clone(), self.path.clone());
        if shared.sink.publish(Published { uri, path, lang: self.lang, version, text, segments }) {
            self.published.store(edits, Ordering::Release);
        }
    }

    /// What the sink has no longer holds, though no edit came (the tree was replaced).
    pub(super) fn mark_unpublished(&self) {
        self.published.store(0, Ordering::Release);
    }
}
