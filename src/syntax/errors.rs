//! Syntax errors of a tree as spans. Invariant: only subtrees that hold an error are entered. Must not know which
//! languages show them.

use tree_sitter::Tree;

use super::parsing::SyntaxError;
use crate::base::span::Span;

/// An error that covers more than this is shown at its first line only.
const SHOWN: usize = 400;

/// The errors in order, at most `limit`; an error inside an error is not told.
pub(super) fn errors(tree: &Tree, text: &str, limit: usize) -> Vec<SyntaxError> {
    let mut out = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_missing() {
            let at = node.start_byte() as u32;
            out.push(SyntaxError { span: Span::new(at, at), missing: Some(node.kind().into()) });
        } else if node.is_error() {
            out.push(SyntaxError { span: shown(node.byte_range(), text), missing: None });
        } else if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        if out.len() >= limit {
            return out;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return out;
            }
        }
    }
}

/// The span without surrounding blanks; where it is long, its first line.
fn shown(range: std::ops::Range<usize>, text: &str) -> Span {
    let part = text.get(range.clone()).unwrap_or_default();
    let start = range.start + part.len() - part.trim_start().len();
    let trimmed = part.trim();
    let end = if trimmed.len() > SHOWN { trimmed.find(['\n', '\r']).unwrap_or(trimmed.len()) } else { trimmed.len() };
    Span::new(start as u32, (start + end) as u32)
}
