//! Spans around an offset, for growing a selection. Invariant: each span lies in the next, the last is the whole text.
//! Must not know the protocol.

use tree_sitter::{Tree, TreeCursor};

use crate::base::span::Span;

/// Nodes below this depth are not looked at.
const DEPTH: usize = 2_000;

/// For each offset the spans of the nodes around it, smallest first, equal ones once.
pub(super) fn around(tree: &Tree, len: u32, offsets: &[u32]) -> Vec<Vec<Span>> {
    let mut cursor = tree.walk();
    offsets.iter().map(|&offset| spans(&mut cursor, tree, len, offset.min(len))).collect()
}

fn spans<'tree>(cursor: &mut TreeCursor<'tree>, tree: &'tree Tree, len: u32, offset: u32) -> Vec<Span> {
    cursor.reset(tree.root_node());
    let mut spans = vec![Span::new(0, len)];
    for _ in 0..DEPTH {
        let node = cursor.node();
        let span = Span::new(node.start_byte() as u32, (node.end_byte() as u32).min(len));
        if spans.last() != Some(&span) && span.touches(offset) && spans.last().is_some_and(|last| last.covers(span)) {
            spans.push(span);
        }
        if !enter(cursor, offset) {
            break;
        }
    }
    spans.reverse();
    spans
}

/// Goes to the child around `offset`; between two children that both touch it, to the named one, else the later one.
fn enter(cursor: &mut TreeCursor<'_>, offset: u32) -> bool {
    // The first child that ends at or behind the offset: asked for the byte before, so that one that ends there counts.
    let found = cursor.goto_first_child_for_byte(offset.saturating_sub(1) as usize).is_some();
    if !found {
        return false;
    }
    let touches = |cursor: &TreeCursor<'_>| {
        let node = cursor.node();
        Span::new(node.start_byte() as u32, node.end_byte() as u32).touches(offset)
    };
    if !touches(cursor) {
        if !(cursor.goto_next_sibling() && touches(cursor)) {
            return false;
        }
        return true;
    }
    let first = cursor.node();
    if first.end_byte() as u32 == offset && cursor.goto_next_sibling() {
        let next = cursor.node();
        let better = next.start_byte() as u32 == offset && (next.is_named() || !first.is_named());
        if !better {
            cursor.goto_previous_sibling();
        }
    }
    true
}
