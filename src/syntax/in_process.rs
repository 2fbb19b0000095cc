//! The parsing door inside this process: one parser, its trees, the text beside them. Invariant: `text` is what all edits
//! left; `trees`, once edited, have its shape. A parse never holds the caller much longer than its budget, and recovery
//! from errors not even that: the outline then stays what it was, shifted, until a quiet moment.

#[cfg(test)]
mod tests;
mod trees;

use std::sync::Arc;
use std::time::Duration;

use tree_sitter::Tree;

use super::blank::Blanked;
use super::extract::{self, Limits};
use super::languages::Lang;
use super::parse::{Outcome, Patience, TreeParser, input_edit, respelled};
use super::parsing::{Difference, Fold, Lost, Parsed, Parsing, Placed, SyntaxError, View, shifted};
use super::{errors, folds, outlines, segments, selections};
use crate::base::span::Span;
use crate::text::ByteEdit;
use outlines::Draft;
use trees::{Taken, Trees};

/// A document parsed here.
pub struct InProcess {
    lang: Lang,
    limits: Limits,
    text: String,
    view: View,
    /// None where there is no grammar, or the text is beyond the limits.
    parser: Option<TreeParser>,
    trees: Trees,
    /// What the parser reads, where that is not the text.
    blanked: Option<Blanked>,
    /// Edits have come since the last finished parse.
    stale: bool,
    /// What the outline is made of, where an item hangs on others far away.
    draft: Option<Draft>,
    /// The last parse was given up: the outline is the one before, shifted.
    behind: bool,
    /// Where the outline may differ from that of the tree that parses start from, in the text as it is now.
    dirty: Vec<Span>,
    stored: Stored,
}

/// The facts as last asked for, and where they no longer hold.
#[derive(Default)]
struct Stored {
    segments: Vec<Placed>,
    dirty: Vec<Span>,
    valid: bool,
}

impl InProcess {
    /// A document with its whole text; the first `parse` makes the tree.
    pub fn open(lang: Lang, text: String, limits: Limits) -> Self {
        let mut it = Self {
            lang,
            limits,
            view: View::new(&text),
            blanked: Blanked::of(lang, &text),
            text,
            parser: None,
            trees: Trees::default(),
            stale: true,
            draft: Draft::of(lang),
            behind: false,
            dirty: Vec::new(),
            stored: Stored::default(),
        };
        it.choose_parser();
        it
    }

    /// A parser where the text is within the limits.
    fn choose_parser(&mut self) {
        let parsable = self.text.len() <= self.limits.bytes && longest_line(&self.view) <= self.limits.line;
        if !parsable {
            self.parser = None;
            self.trees = Trees::default();
        } else if self.parser.is_none() {
            self.parser = TreeParser::new(self.lang);
        }
    }

    fn note(&mut self, edit: &ByteEdit) {
        if edit.whole {
            self.trees = Trees::default();
        } else if self.trees.base().is_some() {
            self.trees.edit(&input_edit(&self.text, edit));
            let removed = self.text.get(edit.start as usize..edit.old_end as usize);
            self.trees.weigh(removed.unwrap_or_default(), &edit.text);
        }
        edit.apply_to(&mut self.text);
        self.view.shift(edit, &self.text);
        if let Some(draft) = &mut self.draft {
            draft.shift(edit);
        }
        let changed = Span::new(edit.start, edit.new_end());
        for spans in [&mut self.dirty, &mut self.stored.dirty] {
            spans.iter_mut().for_each(|span| *span = hull(shifted(*span, edit), span.start, edit));
            spans.push(changed);
        }
        if let Some(span) = self.blanked.as_mut().and_then(|it| it.edit(edit, &self.text)) {
            self.trees.edit(&respelled(&self.text, span));
            self.dirty.push(span);
            self.stored.dirty.push(span);
        }
        if edit.whole {
            self.stored = Stored::default();
        } else {
            self.stored.shift(edit);
        }
    }

    /// Without a tree there is no outline.
    fn without_tree(&mut self) -> Vec<Difference> {
        self.stale = false;
        self.dirty.clear();
        self.draft = Draft::of(self.lang);
        if self.view.items.is_empty() {
            return Vec::new();
        }
        let gone = Difference { removed: self.view.items.len() as u32, ..Difference::default() };
        self.view.apply(&gone);
        vec![gone]
    }

    /// Takes over a tree that was made from the one that parses start from.
    fn accept(&mut self, new: Tree) -> Vec<Difference> {
        let edited = self.dirty.iter().fold(0u32, |sum, span| sum.saturating_add(span.len()));
        let Some(taken) = self.trees.take(new, edited) else {
            (self.stale, self.behind) = (false, true);
            return Vec::new();
        };
        self.mark(&taken.changed);
        let Some(tree) = self.trees.current() else { return Vec::new() };
        let differences = match &mut self.draft {
            Some(draft) => {
                draft.refresh(self.lang, tree, &self.text, &self.dirty);
                draft.publish(&mut self.view)
            }
            None => outlines::refresh(&mut self.view, self.lang, tree, &self.text, &self.dirty),
        };
        self.settle(&taken);
        differences
    }

    /// Takes over a tree that was made from the text alone.
    fn accept_fresh(&mut self, new: Tree) -> Vec<Difference> {
        let differences = match &mut self.draft {
            Some(draft) => {
                draft.rebuild(self.lang, &new, &self.text);
                draft.publish(&mut self.view)
            }
            None => vec![outlines::rebuild(&mut self.view, self.lang, &new, &self.text)],
        };
        let taken = self.trees.take_fresh(new);
        self.stored.valid = false;
        self.mark(&taken.changed);
        self.settle(&taken);
        differences
    }

    fn mark(&mut self, changed: &[Span]) {
        self.dirty.extend(changed);
        // Where the outline differed from that of the tree parses start from, the facts may differ too.
        self.stored.dirty.extend(&self.dirty);
    }

    fn settle(&mut self, taken: &Taken) {
        self.stale = false;
        self.behind = false;
        if taken.is_base {
            self.dirty.clear();
        } else {
            self.dirty = outlines::regions(&self.dirty);
        }
        self.stored.dirty = outlines::regions(&self.stored.dirty);
    }

    /// One parse from the tree before, or of the text alone.
    fn run(&mut self, fresh: bool, budget: Duration, patience: Patience) -> Outcome {
        let Some(parser) = &mut self.parser else { return Outcome::GivenUp };
        let bytes = self.blanked.as_ref().map_or(self.text.as_bytes(), Blanked::bytes);
        let old = if fresh { None } else { self.trees.base() };
        parser.parse(bytes, old, budget, patience)
    }

    /// Makes good for a parse that was given up: who asks for more than the outline waits for it.
    fn catch_up(&mut self) {
        if !std::mem::take(&mut self.behind) {
            return;
        }
        if let Outcome::Done(new) = self.run(false, self.limits.time, None) {
            self.accept(new);
        } else if let Some(parser) = &mut self.parser {
            parser.forget();
        }
    }
}

impl Parsing for InProcess {
    fn edit(&mut self, edits: &[ByteEdit]) {
        if edits.is_empty() {
            return;
        }
        if let Some(parser) = &mut self.parser {
            parser.forget();
        }
        edits.iter().for_each(|edit| self.note(edit));
        self.stale = true;
        self.choose_parser();
    }

    fn parse(&mut self, budget: Duration) -> Result<Parsed, Lost> {
        if !self.stale {
            return Ok(Parsed::Done(Vec::new()));
        }
        if self.parser.is_none() {
            return Ok(Parsed::Done(self.without_tree()));
        }
        Ok(match self.run(false, budget, self.trees.patience(self.text.len())) {
            Outcome::Done(new) if self.trees.base().is_some() => Parsed::Done(self.accept(new)),
            Outcome::Done(new) => Parsed::Done(self.accept_fresh(new)),
            Outcome::Halted => Parsed::Unfinished,
            Outcome::GivenUp => {
                self.trees.give_up();
                (self.stale, self.behind) = (false, true);
                Parsed::Done(Vec::new())
            }
        })
    }

    fn wants_healing(&self) -> bool {
        self.trees.is_doubtful() && !self.stale && self.parser.is_some()
    }

    fn heal(&mut self, budget: Duration) -> Result<Parsed, Lost> {
        if !self.wants_healing() {
            return Ok(Parsed::Done(Vec::new()));
        }
        Ok(match self.run(true, budget, None) {
            Outcome::Done(new) => Parsed::Done(self.accept_fresh(new)),
            Outcome::Halted => Parsed::Unfinished,
            Outcome::GivenUp => Parsed::Done(Vec::new()),
        })
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn view(&self) -> &View {
        &self.view
    }

    fn folds(&mut self) -> Result<Vec<Fold>, Lost> {
        Ok(self
            .trees
            .current()
            .map_or_else(Vec::new, |tree| folds::folds(self.lang, tree, &self.text, &self.view.lines)))
    }

    fn selections(&mut self, offsets: &[u32]) -> Result<Vec<Vec<Span>>, Lost> {
        let len = self.text.len() as u32;
        Ok(match self.trees.current() {
            Some(tree) => selections::around(tree, len, offsets),
            None => offsets.iter().map(|_| vec![Span::new(0, len)]).collect(),
        })
    }

    fn errors(&mut self, limit: usize) -> Result<Vec<SyntaxError>, Lost> {
        self.catch_up();
        let shown = self.lang.row().diagnostics;
        Ok(self.trees.current().filter(|_| shown).map_or_else(Vec::new, |tree| errors::errors(tree, &self.text, limit)))
    }

    fn facts(&mut self) -> Result<Vec<Placed>, Lost> {
        self.catch_up();
        self.stored.segments = match self.trees.current() {
            Some(tree) => self.stored.renew(self.lang, tree, &self.text, &self.limits),
            None => {
                let segments = extract::extract(self.lang, &self.text, &self.limits);
                segments.into_iter().map(|it| Placed { span: it.span, facts: Arc::new(it.facts) }).collect()
            }
        };
        self.stored.dirty.clear();
        self.stored.valid = self.trees.current().is_some();
        Ok(self.stored.segments.clone())
    }
}

impl Stored {
    fn shift(&mut self, edit: &ByteEdit) {
        // Only those behind the edit move whole; the others are either untouched or dirty.
        for segment in self.segments.iter_mut().filter(|it| it.span.start >= edit.old_end) {
            segment.span = shifted(segment.span, edit);
        }
    }

    /// The segments of the text as it is now; those that nothing has touched are taken over.
    fn renew(&self, lang: Lang, tree: &Tree, text: &str, limits: &Limits) -> Vec<Placed> {
        let clean = |span: Span| !self.dirty.iter().any(|it| it.start <= span.end && it.end >= span.start);
        let kept = |span: Span| self.segments.iter().find(|it| self.valid && it.span == span && clean(span)).cloned();
        let fresh = |span: Span| {
            let segment = extract::extract_segment(lang, tree, text, span, limits);
            Placed { span: segment.span, facts: Arc::new(segment.facts) }
        };
        segments::cut(lang, tree, text, limits.segment_size)
            .into_iter()
            .map(|span| kept(span).unwrap_or_else(|| fresh(span)))
            .collect()
    }
}

/// A dirty span after an edit that may reach into it: it covers the new text too.
fn hull(moved: Span, start_before: u32, edit: &ByteEdit) -> Span {
    let start = if edit.start <= start_before && start_before <= edit.old_end { edit.start } else { moved.start };
    Span::new(start.min(moved.start), moved.end.max(start))
}

fn longest_line(view: &View) -> usize {
    let starts = view.lines.starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    let last = view.lines.len - view.lines.starts.last().copied().unwrap_or(0);
    starts.max(last) as usize
}
