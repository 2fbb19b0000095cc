//! The outline of a language where assignment declares: which of several is the first, and which declarations a later one
//! hides, only the whole text tells. So the draft holds them all, kept by parts as any outline, and what is shown is picked
//! from it. Invariant: what is picked equals what `extract::outline_in` keeps of the whole text.

use std::collections::HashSet;

use tree_sitter::Tree;

use super::{items_of, update};
use crate::base::span::Span;
use crate::facts::{SymbolFlags, SymbolKind};
use crate::syntax::extract::draft_in;
use crate::syntax::languages::{FirstAssignment, Lang};
use crate::syntax::parsing::{Difference, Item, View};
use crate::text::ByteEdit;

/// All items that an outline is picked from.
#[derive(Debug, Default)]
pub struct Draft {
    items: Vec<Item>,
    hides_overloads: bool,
}

impl Draft {
    /// None for a language whose outline needs none.
    pub fn of(lang: Lang) -> Option<Self> {
        let row = lang.row();
        let needed = row.first_assignment == FirstAssignment::All;
        needed.then(|| Self { items: Vec::new(), hides_overloads: row.outline_hides_overloads })
    }

    /// Moves everything as `edit` moves the text.
    pub fn shift(&mut self, edit: &ByteEdit) {
        self.items.iter_mut().for_each(|item| item.shift(edit));
    }

    /// Brings the draft up to date with `tree`, where only `dirty` spans (of `text`) have changed since it was last so.
    pub fn refresh(&mut self, lang: Lang, tree: &Tree, text: &str, dirty: &[Span]) {
        update(&mut self.items, tree, text.len() as u32, dirty, |range| read(lang, tree, text, range));
    }

    /// Everything anew.
    pub fn rebuild(&mut self, lang: Lang, tree: &Tree, text: &str) {
        self.items = read(lang, tree, text, Span::new(0, text.len() as u32));
    }

    /// Picks what is shown, and brings `view` up to date with it.
    pub fn publish(&self, view: &mut View) -> Vec<Difference> {
        let picked = self.picked();
        let same = |(at, depth): &(usize, u16), old: &Item| is_shown_as(&self.items[*at], *depth, old);
        let head = picked.iter().zip(&view.items).take_while(|(new, old)| same(new, old)).count();
        let (new, old) = (&picked[head..], &view.items[head..]);
        let tail = new.iter().rev().zip(old.iter().rev()).take_while(|(new, old)| same(new, old)).count();
        if new.len() == tail && old.len() == tail {
            return Vec::new();
        }
        let shown = |&(at, depth): &(usize, u16)| Item { depth, scope: None, ..self.items[at].clone() };
        let difference = Difference {
            renewed: Vec::new(),
            from: head as u32,
            removed: (old.len() - tail) as u32,
            items: new[..new.len() - tail].iter().map(shown).collect(),
        };
        view.apply(&difference);
        vec![difference]
    }

    /// Indices of what is shown, and the depths that are left when the others are gone.
    fn picked(&self) -> Vec<(usize, u16)> {
        let hidden = self.hidden();
        let mut out = Vec::with_capacity(self.items.len());
        // The items around the one at hand: whether each is hidden.
        let mut around: Vec<bool> = Vec::new();
        let mut gone = 0u16;
        for (at, item) in self.items.iter().enumerate() {
            while around.len() > usize::from(item.depth) {
                gone -= u16::from(around.pop() == Some(true));
            }
            if !hidden[at] {
                out.push((at, item.depth.saturating_sub(gone)));
            }
            // A depth may skip levels that hold nothing.
            while around.len() < usize::from(item.depth) {
                around.push(false);
            }
            around.push(hidden[at]);
            gone += u16::from(hidden[at]);
        }
        out
    }

    fn hidden(&self) -> Vec<bool> {
        let items = &self.items;
        let mut hidden = vec![false; items.len()];
        let mut by_name: Vec<usize> = (0..items.len()).filter(|&at| is_assigned(&items[at])).collect();
        by_name.sort_by_key(|&at| items[at].name_range.start);
        let mut seen = HashSet::with_capacity(by_name.len());
        for at in by_name {
            hidden[at] = !seen.insert((items[at].scope.map(|(kind, start)| (kind as u8, start)), &items[at].name));
        }
        if self.hides_overloads {
            self.hide_overloads(&mut hidden);
        }
        hidden
    }

    /// Hides declarations behind which the same parent has the same name again.
    fn hide_overloads(&self, hidden: &mut [bool]) {
        if !self.items.iter().any(|item| item.flags.has(SymbolFlags::DECLARATION)) {
            return;
        }
        let mut parents = Vec::with_capacity(self.items.len());
        let mut around: Vec<usize> = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            around.truncate(usize::from(item.depth));
            parents.push(around.last().copied());
            around.push(at);
        }
        let mut seen = HashSet::with_capacity(self.items.len());
        for (at, item) in self.items.iter().enumerate().rev().filter(|(at, _)| !hidden[*at]).collect::<Vec<_>>() {
            let again = !seen.insert((parents[at], &item.name));
            hidden[at] = again && item.flags.has(SymbolFlags::DECLARATION);
        }
    }
}

fn is_assigned(item: &Item) -> bool {
    matches!(item.kind, SymbolKind::Variable | SymbolKind::Field | SymbolKind::Constant)
}

fn is_shown_as(new: &Item, depth: u16, old: &Item) -> bool {
    new.range == old.range
        && new.name_range == old.name_range
        && depth == old.depth
        && new.kind == old.kind
        && new.flags == old.flags
        && new.name == old.name
        && new.detail == old.detail
}

fn read(lang: Lang, tree: &Tree, text: &str, range: Span) -> Vec<Item> {
    let (facts, scopes) = draft_in(lang, tree, text, range);
    let mut items = items_of(&facts, text);
    for (item, scope) in items.iter_mut().zip(scopes) {
        item.scope = is_assigned(item).then_some(scope);
    }
    items
}
