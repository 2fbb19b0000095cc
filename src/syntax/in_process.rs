//! The parsing door inside this process: one parser, one tree, the text beside it. Invariant: `text` is what all edits
//! left; `tree`, once edited, has its shape. A parse never holds the caller much longer than its budget.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tree_sitter::Tree;

use super::extract::{self, Limits};
use super::languages::Lang;
use super::parse::{TreeParser, input_edit};
use super::parsing::{Difference, Fold, Lost, Parsed, Parsing, Placed, SyntaxError, View, shifted};
use super::{errors, folds, outlines, segments, selections};
use crate::base::span::Span;
use crate::text::ByteEdit;

/// A document parsed here.
pub struct InProcess {
    lang: Lang,
    limits: Limits,
    text: String,
    view: View,
    /// None where there is no grammar, or the text is beyond the limits.
    parser: Option<TreeParser>,
    tree: Option<Tree>,
    /// Edits have come since the last finished parse.
    stale: bool,
    /// What has changed since the outline last fitted, in the text as it is now.
    dirty: Vec<Span>,
    /// `tree` holds errors.
    broken: bool,
    /// `tree` was made from one that held errors, at whatever remove: it may differ from a fresh one.
    doubtful: bool,
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
            text,
            parser: None,
            tree: None,
            stale: true,
            dirty: Vec::new(),
            broken: false,
            doubtful: false,
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
            self.tree = None;
        } else if self.parser.is_none() {
            self.parser = TreeParser::new(self.lang);
        }
    }

    fn note(&mut self, edit: &ByteEdit) {
        if edit.whole {
            self.tree = None;
        } else if let Some(tree) = &mut self.tree {
            tree.edit(&input_edit(&self.text, edit));
        }
        edit.apply_to(&mut self.text);
        self.view.shift(edit, &self.text);
        let changed = Span::new(edit.start, edit.new_end());
        for spans in [&mut self.dirty, &mut self.stored.dirty] {
            spans.iter_mut().for_each(|span| *span = hull(shifted(*span, edit), span.start, edit));
            spans.push(changed);
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
        if self.view.items.is_empty() {
            return Vec::new();
        }
        let gone = Difference { removed: self.view.items.len() as u32, ..Difference::default() };
        self.view.apply(&gone);
        vec![gone]
    }

    /// Takes over a tree that was made from the one before.
    fn accept(&mut self, old: Tree, new: Tree) -> Vec<Difference> {
        let changed = old.changed_ranges(&new).map(|it| Span::new(it.start_byte as u32, it.end_byte as u32));
        let changed: Vec<Span> = changed.collect();
        self.stored.dirty.extend(&changed);
        self.dirty.extend(changed);
        let differences = outlines::refresh(&mut self.view, self.lang, &new, &self.text, &self.dirty);
        self.doubtful |= self.broken || new.root_node().has_error();
        self.install(new);
        differences
    }

    /// Takes over a tree that was made from the text alone.
    fn accept_fresh(&mut self, new: Tree) -> Vec<Difference> {
        self.stored.valid = false;
        let difference = outlines::rebuild(&mut self.view, self.lang, &new, &self.text);
        self.doubtful = false;
        self.install(new);
        vec![difference]
    }

    fn install(&mut self, tree: Tree) {
        self.broken = tree.root_node().has_error();
        self.tree = Some(tree);
        self.stale = false;
        self.dirty.clear();
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
        let Some(parser) = &mut self.parser else { return Ok(Parsed::Done(self.without_tree())) };
        let Some(new) = parser.parse(&self.text, self.tree.as_ref(), budget) else { return Ok(Parsed::Unfinished) };
        Ok(Parsed::Done(match self.tree.take() {
            Some(old) => self.accept(old, new),
            None => self.accept_fresh(new),
        }))
    }

    fn wants_healing(&self) -> bool {
        self.doubtful && !self.stale && self.parser.is_some()
    }

    fn heal(&mut self, budget: Duration) -> Result<Parsed, Lost> {
        if !self.wants_healing() {
            return Ok(Parsed::Done(Vec::new()));
        }
        let Some(parser) = &mut self.parser else { return Ok(Parsed::Done(Vec::new())) };
        let Some(new) = parser.parse(&self.text, None, budget) else { return Ok(Parsed::Unfinished) };
        Ok(Parsed::Done(self.accept_fresh(new)))
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn view(&self) -> &View {
        &self.view
    }

    fn folds(&mut self) -> Result<Vec<Fold>, Lost> {
        Ok(self.tree.as_ref().map_or_else(Vec::new, |tree| folds::folds(self.lang, tree, &self.text, &self.view.lines)))
    }

    fn selections(&mut self, offsets: &[u32]) -> Result<Vec<Vec<Span>>, Lost> {
        let len = self.text.len() as u32;
        Ok(match &self.tree {
            Some(tree) => selections::around(tree, len, offsets),
            None => offsets.iter().map(|_| vec![Span::new(0, len)]).collect(),
        })
    }

    fn errors(&mut self, limit: usize) -> Result<Vec<SyntaxError>, Lost> {
        let shown = self.lang.row().diagnostics;
        Ok(self.tree.as_ref().filter(|_| shown).map_or_else(Vec::new, |tree| errors::errors(tree, &self.text, limit)))
    }

    fn facts(&mut self) -> Result<Vec<Placed>, Lost> {
        self.stored.segments = match &self.tree {
            Some(tree) => self.stored.renew(self.lang, tree, &self.text, &self.limits),
            None => {
                let segments = extract::extract(self.lang, &self.text, &self.limits);
                segments.into_iter().map(|it| Placed { span: it.span, facts: Arc::new(it.facts) }).collect()
            }
        };
        self.stored.dirty.clear();
        self.stored.valid = self.tree.is_some();
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
