//! The outline of an open document, kept by replacing the items around a change. Invariant: after `refresh` the items
//! equal those of a fresh extraction from the same tree. Must not know how a tree came about.
//!
//! A change touches a region. The region is widened to the gap between the nearest items that end before it and start
//! behind it, then until no item, old or new, crosses its border: an item either holds the region (it is renewed in
//! place), lies in it (it is replaced) or does not touch it (it stays, shifted already).

mod draft;

pub(super) use draft::Draft;
use tree_sitter::Tree;

use super::branches;
use super::extract::{marked, needs_all, outline_in};
use super::languages::Lang;
use super::parsing::{Difference, Item, View};
use crate::base::chars::floor;
use crate::base::span::Span;
use crate::facts::{Facts, Symbol, SymbolKind};

/// Bytes of a head that are read, and that are shown.
const HEAD_READ: usize = 400;
const HEAD_SHOWN: usize = 120;
/// Regions closer than this are one; more regions than that are taken as one.
const NEAR: u32 = 64;
const MANY: usize = 16;
/// How often a region may be widened before everything is read again.
const WIDENINGS: usize = 8;

/// Brings `view.items` up to date with `tree`, where only `dirty` spans (of `text`) have changed since it was last so.
pub(super) fn refresh(view: &mut View, lang: Lang, tree: &Tree, text: &str, dirty: &[Span]) -> Vec<Difference> {
    if needs_all(lang, text) {
        return vec![rebuild(view, lang, tree, text)];
    }
    let left_out = branches::left_out(lang, text);
    let read = |range| read(lang, tree, text, range, &left_out);
    let mut differences = update(&mut view.items, tree, text.len() as u32, dirty, read);
    // A change of one directive may turn a branch far away.
    let turned = turned(&view.items, &left_out);
    if !turned.is_empty() {
        let difference = Difference { renewed: turned, ..Difference::default() };
        view.apply(&difference);
        differences.push(difference);
    }
    differences
}

/// Brings `items` up to date with what `read` finds in `tree`.
fn update(
    items: &mut Vec<Item>,
    tree: &Tree,
    len: u32,
    dirty: &[Span],
    read: impl Fn(Span) -> Vec<Item>,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for region in regions(dirty) {
        let difference = replace(items, with_macro(tree, region), len, &read);
        difference.apply_to(items);
        differences.push(difference);
    }
    differences
}

/// The items that have come into a branch which is left out, or out of one.
fn turned(items: &[Item], left_out: &[Span]) -> Vec<(u32, Item)> {
    let marked = |item: &Item| {
        let flags = marked(item.flags, branches::holds_offset(left_out, item.name_range.start));
        (flags != item.flags).then(|| Item { flags, ..item.clone() })
    };
    items.iter().enumerate().filter_map(|(at, item)| Some((at as u32, marked(item)?))).collect()
}

/// Everything anew.
pub(super) fn rebuild(view: &mut View, lang: Lang, tree: &Tree, text: &str) -> Difference {
    let items = read(lang, tree, text, Span::new(0, text.len() as u32), &branches::left_out(lang, text));
    let difference = Difference { renewed: Vec::new(), from: 0, removed: view.items.len() as u32, items };
    view.apply(&difference);
    difference
}

/// Disjoint regions in order, few of them, that hold all of `dirty`.
pub(super) fn regions(dirty: &[Span]) -> Vec<Span> {
    let mut sorted = dirty.to_vec();
    sorted.sort_unstable();
    let mut out: Vec<Span> = Vec::new();
    for span in sorted {
        match out.last_mut() {
            Some(last) if span.start <= last.end.saturating_add(NEAR) => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    if out.len() > MANY {
        let hull = Span::new(out[0].start, out[out.len() - 1].end);
        out = vec![hull];
    }
    out
}

/// Nodes whose insides are parsed by themselves, as a whole, to find items in them.
const MACROS: &[&str] = &["macro_invocation", "macro_definition", "token_tree"];
/// Nodes below this depth are not looked at.
const DEPTH: usize = 2_000;

/// `region`, or the outermost macro call around it: a change anywhere in it may change what all of it holds.
fn with_macro(tree: &Tree, region: Span) -> Span {
    let mut cursor = tree.walk();
    for _ in 0..DEPTH {
        let node = cursor.node();
        let span = Span::new(node.start_byte() as u32, node.end_byte() as u32);
        if MACROS.contains(&node.kind()) {
            return Span::new(span.start.min(region.start), span.end.max(region.end));
        }
        if !span.covers(region) || cursor.goto_first_child_for_byte(region.start.saturating_sub(1) as usize).is_none() {
            break;
        }
        // The child that ends where the region starts may not be the one that holds it.
        if (cursor.node().end_byte() as u32) < region.end {
            cursor.goto_next_sibling();
        }
    }
    region
}

fn replace(old: &[Item], dirty: Span, len: u32, read: impl Fn(Span) -> Vec<Item>) -> Difference {
    let whole = Span::new(0, len);
    let mut region = gap(old, dirty, len);
    for _ in 0..WIDENINGS {
        region = settle(region, old);
        if region == whole {
            break;
        }
        let new = read(region);
        let wider = settle(with_neighbours(region, old, &new), &new);
        if wider != region {
            region = wider;
            continue;
        }
        if let Some(difference) = splice(old, new, region) {
            return difference;
        }
        break;
    }
    Difference { renewed: Vec::new(), from: 0, removed: old.len() as u32, items: read(whole) }
}

/// From the end of the last item that ends before `dirty` to the start of the first that starts behind it.
fn gap(items: &[Item], dirty: Span, len: u32) -> Span {
    let start = items.iter().map(|it| it.range.end).filter(|&end| end < dirty.start).max().unwrap_or(0);
    let behind = items.partition_point(|it| it.range.start <= dirty.end);
    Span::new(start, items.get(behind).map_or(len, |it| it.range.start).max(start))
}

fn holds(outer: Span, region: Span) -> bool {
    outer.covers(region) && outer != region
}

/// `region`, widened until no item crosses its border.
fn settle(mut region: Span, items: &[Item]) -> Span {
    loop {
        let before = region;
        for item in items {
            let it = item.range;
            let apart = it.end <= region.start || it.start >= region.end;
            if !apart && !holds(it, region) && !region.covers(it) {
                region = Span::new(region.start.min(it.start), region.end.max(it.end));
            }
        }
        if region == before {
            return region;
        }
    }
}

/// `region`, widened by items that only touch it and are not what they were: what they are may hang on it.
fn with_neighbours(mut region: Span, old: &[Item], new: &[Item]) -> Span {
    let border = region;
    let touches = |item: &Item| {
        let beside = item.range.end == border.start || item.range.start == border.end;
        beside && !holds(item.range, border) && !border.covers(item.range)
    };
    let appeared = new.iter().filter(|item| touches(item) && !old.contains(item));
    let vanished = old.iter().filter(|item| touches(item) && !new.contains(item));
    for item in appeared.chain(vanished) {
        region = Span::new(region.start.min(item.range.start), region.end.max(item.range.end));
    }
    region
}

/// The difference, where the items around the region are the same ones in `old` and `new`.
fn splice(old: &[Item], new: Vec<Item>, region: Span) -> Option<Difference> {
    let around: Vec<usize> = (0..old.len()).filter(|&at| holds(old[at].range, region)).collect();
    let inside = |item: &Item| region.covers(item.range);
    let removed = old.iter().filter(|item| inside(item)).count();
    // An empty item at the border lies in the region and starts where the one before it ends: sorted all the same.
    let from = old
        .iter()
        .position(inside)
        .unwrap_or_else(|| old.partition_point(|item| item.range.start < region.start || holds(item.range, region)));
    if old.iter().skip(from).take(removed).any(|item| !inside(item)) {
        return None;
    }
    let (mut renewed, mut items) = (Vec::new(), Vec::new());
    let mut outer = around.iter();
    for item in new {
        if inside(&item) {
            items.push(item);
        } else if holds(item.range, region) {
            let at = *outer.next()?;
            if old[at].kind != item.kind || old[at].depth != item.depth {
                return None;
            }
            if old[at] != item {
                renewed.push((at as u32, item));
            }
        }
    }
    outer.next().is_none().then_some(Difference { renewed, from: from as u32, removed: removed as u32, items })
}

/// The items that touch `range`, and those around them.
fn read(lang: Lang, tree: &Tree, text: &str, range: Span, left_out: &[Span]) -> Vec<Item> {
    let facts = outline_in(lang, tree, text, range);
    let mut items = items_of(&facts, text);
    for item in &mut items {
        item.flags = marked(item.flags, branches::holds_offset(left_out, item.name_range.start));
    }
    items
}

/// Facts with spans in `text` as outline items.
pub fn items_of(facts: &Facts, text: &str) -> Vec<Item> {
    let mut depths: Vec<u16> = Vec::with_capacity(facts.symbols.len());
    let mut items = Vec::with_capacity(facts.symbols.len());
    for symbol in &facts.symbols {
        let above = symbol.parent.and_then(|parent| depths.get(parent.0 as usize));
        let depth = above.map_or(0, |depth| depth.saturating_add(1));
        depths.push(depth);
        let name = facts.text(symbol.name);
        items.push(Item {
            name: name.into(),
            detail: detail(symbol, name, text).into(),
            kind: symbol.kind,
            flags: symbol.flags,
            range: symbol.range,
            name_range: symbol.name_range,
            depth,
            scope: None,
        });
    }
    items
}

/// The head of a declaration on one line, without what opens its body.
fn detail(symbol: &Symbol, name: &str, text: &str) -> String {
    if matches!(symbol.kind, SymbolKind::Heading | SymbolKind::Key | SymbolKind::File) {
        return String::new();
    }
    let start = symbol.signature.start as usize;
    let end = floor(text, (symbol.signature.end as usize).min(start + HEAD_READ));
    let head = text.get(start..end).unwrap_or_default();
    let mut out = String::with_capacity(HEAD_SHOWN + 4);
    for word in head.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() >= HEAD_SHOWN {
            break;
        }
    }
    out.truncate(out.trim_end_matches(['{', ':', '=', ';', ',', ' ']).len());
    if out.len() > HEAD_SHOWN {
        out.truncate(floor(&out, HEAD_SHOWN));
        out.push('…');
    }
    if out == name { String::new() } else { out }
}
