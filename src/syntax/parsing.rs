//! The door behind which trees live: edits go in; outline, folds, selections, problems and facts come out.
//! Invariant: no tree, node or cursor leaves the implementations; all that comes out is plain data in byte offsets of the
//! text that the last edit left. Must not know the protocol, files or who asks.

use std::sync::Arc;
use std::time::Duration;

use crate::base::span::Span;
use crate::facts::{Facts, LineIndex, ScopeKind, SymbolFlags, SymbolKind};
use crate::text::ByteEdit;

/// One entry of the outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub name: Box<str>,
    /// The declaration's head on one line; empty where it says no more than the name.
    pub detail: Box<str>,
    pub kind: SymbolKind,
    pub flags: SymbolFlags,
    /// The whole item.
    pub range: Span,
    /// Exactly the identifier.
    pub name_range: Span,
    /// 0 for items of the top level; an item's children follow it with one more.
    pub depth: u16,
    /// The scope in which its name competes with others: known while an outline is put together, none in a view.
    pub scope: Option<(ScopeKind, u32)>,
}

/// What is shown of a document, kept up to date with its text by every implementation of the door.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The outline: document order, parents before children.
    pub items: Vec<Item>,
    pub lines: LineIndex,
}

/// What a parse has changed in the outline. Apply it to a view that has seen the same edits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Items that stay in their place but have new contents (those around the change), by index before the splice.
    pub renewed: Vec<(u32, Item)>,
    /// First index of the items that go.
    pub from: u32,
    /// How many go.
    pub removed: u32,
    /// What comes in their place.
    pub items: Vec<Item>,
}

/// How far a parse got within its budget.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// Outline and text agree. The differences have been applied to the view already.
    Done(Vec<Difference>),
    /// The budget is spent; call again to go on.
    Unfinished,
}

/// A region that an editor can fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fold {
    /// Zero-based first line, which stays visible.
    pub start_line: u32,
    /// Zero-based last line, hidden.
    pub end_line: u32,
    pub kind: FoldKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum FoldKind {
    Code,
    Comment,
    Imports,
    Region,
}

/// A syntax error as the grammar sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    /// What is missing there; none: the text is unexpected.
    pub missing: Option<Box<str>>,
}

/// A segment of an open document. Its facts count from the segment's start, so that an edit before it moves the span alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// In the document's text.
    pub span: Span,
    pub facts: Arc<Facts>,
}

/// The implementation is gone or does not answer (a worker process that died or was killed); a new one must be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost(pub String);

/// One document's syntax. Methods that ask for something answer for the last finished parse.
pub trait Parsing: Send {
    /// Notes edits, in order. Cheap; nothing is parsed yet.
    fn edit(&mut self, edits: &[ByteEdit]);

    /// Parses what waits, for about `budget`.
    fn parse(&mut self, budget: Duration) -> Result<Parsed, Lost>;

    /// Whether a quiet moment should be used to replace the tree: it has held errors since its last full parse.
    fn wants_healing(&self) -> bool;

    /// Replaces the tree by a fresh one within `budget`; as `parse`.
    fn heal(&mut self, budget: Duration) -> Result<Parsed, Lost>;

    /// The text that all edits left, as far as the last parse has seen them.
    fn text(&self) -> &str;

    /// Outline and line index; they fit the text after a `parse` that said `Done`.
    fn view(&self) -> &View;

    /// Foldable regions by start line.
    fn folds(&mut self) -> Result<Vec<Fold>, Lost>;

    /// For each byte offset the spans around it, from the smallest to the whole text.
    fn selections(&mut self, offsets: &[u32]) -> Result<Vec<Vec<Span>>, Lost>;

    /// Syntax errors in order, at most `limit`; none for languages whose grammars fail on valid text.
    fn errors(&mut self, limit: usize) -> Result<Vec<SyntaxError>, Lost>;

    /// Facts of the whole text by segments; what an edit has not touched is not extracted again.
    fn facts(&mut self) -> Result<Vec<Placed>, Lost>;
}

impl View {
    /// The view of a text that nothing is known of yet.
    pub fn new(text: &str) -> Self {
        Self { items: Vec::new(), lines: LineIndex::new(text) }
    }

    /// Moves everything as `edit` moves the text; `after` is the whole text behind it.
    pub fn shift(&mut self, edit: &ByteEdit, after: &str) {
        let new_len = edit.text.len() as u32;
        if edit.whole {
            *self = Self { items: std::mem::take(&mut self.items), lines: LineIndex::new(after) };
        } else {
            self.lines.edit(edit.start, edit.old_end, new_len, after);
        }
        for item in &mut self.items {
            item.shift(edit);
        }
    }

    /// Whether all items lie in a text of `len` bytes: what came from another process is looked at before it is used.
    pub fn is_sound(&self, len: u32) -> bool {
        self.items.iter().all(|item| item.range.end <= len && item.name_range.end <= len)
    }

    /// Applies what a parse has changed.
    pub fn apply(&mut self, difference: &Difference) {
        difference.apply_to(&mut self.items);
    }
}

impl Difference {
    /// Makes of the items before those after.
    pub fn apply_to(&self, items: &mut Vec<Item>) {
        for (at, item) in &self.renewed {
            if let Some(place) = items.get_mut(*at as usize) {
                *place = item.clone();
            }
        }
        let from = (self.from as usize).min(items.len());
        let to = (from + self.removed as usize).min(items.len());
        items.splice(from..to, self.items.iter().cloned());
    }
}

impl Item {
    /// Moves it as `edit` moves the text.
    pub fn shift(&mut self, edit: &ByteEdit) {
        self.range = shifted(self.range, edit);
        self.name_range = shifted(self.name_range, edit);
        if let Some((kind, start)) = &mut self.scope
            && *kind != ScopeKind::File
        {
            *start = shifted(Span::new(*start, *start), edit).start;
        }
    }
}

/// Where a span lies after an edit. What was inserted at its border does not belong to it.
pub fn shifted(span: Span, edit: &ByteEdit) -> Span {
    let moved = |at: u32| at - edit.old_end + edit.new_end();
    let start = match span.start {
        at if at >= edit.old_end => moved(at),
        at if at <= edit.start => at,
        _ => edit.new_end(),
    };
    let end = match span.end {
        at if at <= edit.start => at,
        at if at >= edit.old_end => moved(at),
        _ => edit.start,
    };
    Span::new(start, end)
}
