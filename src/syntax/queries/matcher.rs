//! Tries a compiled pattern at a node. Invariant: recursion goes as deep as the pattern, never as deep as the tree; the
//! captures come in the pattern's order. Must not know what captures mean.

use tree_sitter::{Node, TreeCursor};

use super::captures::Capture;
use super::sexp::Quantifier;
use super::{Pat, Pattern, Predicate};

/// Scratch space that is kept from node to node.
pub struct Matcher<'tree> {
    /// One cursor a level of pattern, so that children are walked without allocating.
    cursors: Vec<TreeCursor<'tree>>,
    /// What the last pattern captured.
    pub found: Vec<(Capture, Node<'tree>)>,
    helpers: Vec<(u8, Node<'tree>)>,
}

/// The predicates that a needed child has to hold itself, so that the next one is tried where it does not; what is optional
/// is judged when the whole pattern has been found.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    predicates: &'a [Predicate],
    text: &'a str,
}

/// A child list longer than this is not searched to its end by one pattern.
const CHILDREN: usize = 100_000;

impl<'tree> Default for Matcher<'tree> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'tree> Matcher<'tree> {
    pub fn new() -> Self {
        Self { cursors: Vec::new(), found: Vec::new(), helpers: Vec::new() }
    }

    /// Whether the pattern holds at `node`, whose kind its root takes; its captures are in `found`.
    pub fn holds(&mut self, pattern: &Pattern, node: Node<'tree>, text: &str) -> bool {
        self.found.clear();
        self.helpers.clear();
        let wanted = Wanted { predicates: &pattern.predicates, text };
        self.inner(&pattern.root, node, 0, Some(wanted))
            && pattern.predicates.iter().all(|predicate| predicate_holds(predicate, &self.helpers, text))
    }

    fn inner(&mut self, pat: &Pat, node: Node<'tree>, level: usize, wanted: Option<Wanted<'_>>) -> bool {
        if let Some(it) = wanted {
            let text = it.text.get(node.byte_range()).unwrap_or("");
            let fits = |predicate: &Predicate| !pat.helpers.contains(&predicate.helper) || text_holds(predicate, text);
            if !pat.helpers.is_empty() && !it.predicates.iter().all(fits) {
                return false;
            }
        }
        let (found, helpers) = (self.found.len(), self.helpers.len());
        self.found.extend(pat.captures.iter().map(|&capture| (capture, node)));
        self.helpers.extend(pat.helpers.iter().map(|&helper| (helper, node)));
        let holds = pat.absent.iter().all(|&field| node.child_by_field_id(field).is_none())
            && self.children(pat, node, level, wanted);
        if !holds {
            self.found.truncate(found);
            self.helpers.truncate(helpers);
        }
        holds
    }

    fn children(&mut self, pat: &Pat, node: Node<'tree>, level: usize, outer: Option<Wanted<'_>>) -> bool {
        for child in &pat.children {
            let many = matches!(child.quantifier, Quantifier::Some | Quantifier::Any);
            let needed = matches!(child.quantifier, Quantifier::One | Quantifier::Some);
            let wanted = outer.filter(|_| needed);
            let mut found = false;
            if let (Some(field), false) = (child.field, many) {
                if let Some(at) = node.child_by_field_id(field) {
                    found = self.either(&child.either, at, level, wanted);
                }
            } else {
                found = self.search(child, node, many, level, wanted);
            }
            if needed && !found {
                return false;
            }
        }
        true
    }

    /// Walks the children of `node` for those that match.
    fn search(
        &mut self,
        child: &super::Child,
        node: Node<'tree>,
        many: bool,
        level: usize,
        wanted: Option<Wanted<'_>>,
    ) -> bool {
        while self.cursors.len() <= level {
            self.cursors.push(node.walk());
        }
        self.cursors[level].reset(node);
        let mut more = self.cursors[level].goto_first_child();
        let mut found = false;
        for _ in 0..CHILDREN {
            if !more {
                break;
            }
            let at = self.cursors[level].node();
            let field_fits =
                child.field.is_none_or(|field| self.cursors[level].field_id().is_some_and(|id| id.get() == field));
            if field_fits && self.either(&child.either, at, level + 1, wanted) {
                found = true;
                if !many {
                    break;
                }
            }
            if child.first && at.is_named() && !at.is_extra() {
                break;
            }
            more = self.cursors[level].goto_next_sibling();
        }
        found
    }

    fn either(&mut self, either: &[Pat], node: Node<'tree>, level: usize, wanted: Option<Wanted<'_>>) -> bool {
        let (kind, named) = (node.kind_id(), node.is_named());
        either.iter().any(|pat| pat.kinds.takes(kind, named) && self.inner(pat, node, level + 1, wanted))
    }
}

/// Whether a predicate holds; one whose capture is absent does.
fn predicate_holds(predicate: &Predicate, helpers: &[(u8, Node<'_>)], text: &str) -> bool {
    let Some((_, node)) = helpers.iter().find(|helper| helper.0 == predicate.helper) else { return true };
    text_holds(predicate, text.get(node.byte_range()).unwrap_or(""))
}

/// Whether a predicate holds for that text.
pub fn text_holds(predicate: &Predicate, text: &str) -> bool {
    let any = if predicate.prefix {
        predicate.texts.iter().any(|want| text.starts_with(want.as_str()))
    } else {
        predicate.texts.iter().any(|want| text == want)
    };
    any != predicate.negated
}
