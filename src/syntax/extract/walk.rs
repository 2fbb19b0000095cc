//! The one walk over a tree: each node is looked up by its kind, patterns are tried where one is rooted, leaves become
//! references by their ancestors. Invariant: no recursion on tree depth; time, depth and range are bounded. Must not know
//! how the collected things are ordered and related (`finish` does).

use tree_sitter::{Node, Tree, TreeCursor};

use super::Limits;
use super::allowance::Allowance;
use super::raw::{Local, Raw};
use super::text::{begins_line, is_tight};
use crate::base::span::Span;
use crate::facts::{Facts, Problem, Receiver, Reference, Role, ScopeIx};
use crate::syntax::languages::Row;
use crate::syntax::queries::matcher::{Matcher, text_holds};
use crate::syntax::queries::{Before, Chain, Tables};

/// What is wanted of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Everything of a segment: nodes that lie in the range or reach into it.
    Segment,
    /// Declarations that touch the range, and those around them.
    Outline,
    /// Items of a macro call: declarations without errors, no references.
    Macro,
}

/// Comments and attributes directly before a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lead {
    pub doc: Option<Span>,
    pub attributes: Option<u32>,
    /// The documentation came with a node of its own: a comment behind that is a remark.
    pub told: bool,
}

/// A node around an item that belongs to it: `export`, decorators, `template<>`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrapper {
    pub span: Span,
    pub public: bool,
    pub constant: bool,
}

/// An ancestor of the node at hand.
pub(super) struct Frame<'tree> {
    pub node: Node<'tree>,
    pub kind: u16,
    /// What stands before the next child.
    pub lead: Lead,
    /// What stood before this node, until its first child takes it.
    pub inherited: Lead,
    pub wrapper: Option<Wrapper>,
    pub broken: bool,
}

/// A pattern of names whose leaves declare (or, with nothing, do not).
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'tree> {
    pub span: Span,
    pub of: Option<Local<'tree>>,
}

/// The state of a walk.
pub(super) struct Walk<'a, 'tree> {
    pub row: &'static Row,
    pub tables: &'static Tables,
    pub text: &'a str,
    pub range: Span,
    pub want: Want,
    pub facts: Facts,
    pub raw: Raw,
    pub matcher: Matcher<'tree>,
    pub frames: Vec<Frame<'tree>>,
    pub bindings: Vec<Binding<'tree>>,
    /// End of the import statement that the walk is in.
    pub import_end: u32,
    /// Set by a pattern for the frame of the node at hand.
    pub wrapper: Option<Wrapper>,
    /// Set by a pattern: the node at hand and what stands before it belong to the item behind it.
    pub head: Option<Lead>,
    pub allowance: Allowance,
    pub depth: u32,
}

/// Problems beyond this many say nothing more.
const PROBLEMS: usize = 200;
/// Among this many children the first one in the range is looked for; fewer are gone through.
const SEEK: u32 = 12;
/// Patterns of names are looked for this deep.
const BINDINGS: usize = 64;

pub(super) fn span_of(node: Node<'_>) -> Span {
    Span::new(node.start_byte() as u32, node.end_byte() as u32)
}

impl<'a, 'tree> Walk<'a, 'tree> {
    pub fn new(
        row: &'static Row,
        tables: &'static Tables,
        text: &'a str,
        range: Span,
        want: Want,
        limits: &Limits,
    ) -> Self {
        Self {
            row,
            tables,
            text,
            range,
            want,
            facts: Facts::default(),
            raw: Raw::new(range),
            matcher: Matcher::new(),
            frames: Vec::with_capacity(64),
            bindings: Vec::new(),
            import_end: 0,
            wrapper: None,
            head: None,
            allowance: Allowance::new(limits.time),
            depth: limits.depth,
        }
    }

    /// Walks the nodes of `tree` that touch the range; false where time ran out.
    pub fn run(&mut self, tree: &'tree Tree) -> bool {
        let mut cursor = tree.walk();
        let mut count = 0u32;
        loop {
            count = count.wrapping_add(1);
            if count & 0xFFF == 0 && self.allowance.is_spent() {
                return false;
            }
            let node = cursor.node();
            let span = span_of(node);
            if self.is_behind(span) {
                return true;
            }
            let descend = self.visit(&cursor, node, span);
            if descend && self.enter(&mut cursor, node) {
                continue;
            }
            if descend {
                self.frames.pop();
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() || self.frames.pop().is_none() {
                    return true;
                }
            }
        }
    }

    /// Goes to the first child that matters; false where there is none.
    fn enter(&self, cursor: &mut TreeCursor<'tree>, node: Node<'tree>) -> bool {
        let from = self.range.start.saturating_sub(1) as usize;
        let wrapped = self.frames.last().is_some_and(|frame| frame.wrapper.is_some());
        if self.want != Want::Outline || wrapped || node.start_byte() >= from || node.child_count() < SEEK {
            return cursor.goto_first_child();
        }
        // It finds none where a nameless group ends with what is not shown.
        if cursor.goto_first_child_for_byte(from).is_none() {
            return cursor.goto_first_child();
        }
        // What stands directly before it belongs to it.
        while cursor.goto_previous_sibling() {
            let kind = cursor.node().kind_id();
            if !self.tables.is_comment(kind) && !self.tables.is_attribute(kind) {
                cursor.goto_next_sibling();
                break;
            }
        }
        true
    }

    /// Whether everything from here on lies behind the range.
    fn is_behind(&self, span: Span) -> bool {
        match self.want {
            Want::Outline => span.start > self.range.end,
            _ => span.start >= self.range.end && self.range.end > 0,
        }
    }

    fn touches(&self, span: Span) -> bool {
        match self.want {
            Want::Outline => span.end >= self.range.start,
            _ => span.end > self.range.start,
        }
    }

    /// Looks at one node; true where its children are to be walked (then its frame has been pushed).
    fn visit(&mut self, cursor: &TreeCursor<'tree>, node: Node<'tree>, span: Span) -> bool {
        let kind = node.kind_id();
        if self.tables.is_comment(kind) {
            self.comment(span);
            return false;
        }
        let attribute = self.tables.is_attribute(kind);
        if attribute && let Some(frame) = self.frames.last_mut() {
            frame.lead.attributes.get_or_insert(span.start);
        }
        if !self.touches(span) {
            if !attribute && let Some(frame) = self.frames.last_mut() {
                frame.lead = Lead::default();
            }
            return false;
        }
        let patterns = self.tables.rooted(kind);
        let mut lead = if attribute { Lead::default() } else { self.lead(span, node) };
        if !patterns.is_empty() {
            self.patterns(patterns, node, lead);
        }
        if let Some(head) = self.head.take()
            && let Some(frame) = self.frames.last_mut()
        {
            (frame.lead, lead) = (head, Lead::default());
        }
        if self.want == Want::Segment && !self.tables.leaf(kind).is_empty() {
            self.leaf(cursor, node, kind, span);
        }
        let broken = self.frames.last().is_none_or(|frame| frame.broken) && node.has_error();
        if broken && (kind == u16::MAX || node.is_missing()) {
            self.problem(node, span);
        }
        if node.child_count() == 0 || self.frames.len() as u32 >= self.depth {
            self.wrapper = None;
            return false;
        }
        let wrapper = self.wrapper.take();
        self.frames.push(Frame { node, kind, lead: Lead::default(), inherited: lead, wrapper, broken });
        true
    }

    fn comment(&mut self, span: Span) {
        let text = self.text;
        let Some(frame) = self.frames.last_mut() else { return };
        let trimmed = text.get(span.range()).map_or(0, |comment| comment.trim_end().len() as u32);
        let span = Span::new(span.start, span.start + trimmed);
        if !begins_line(text, span.start as usize) || frame.lead.told {
            return;
        }
        let joined =
            frame.lead.doc.filter(|doc| is_tight(text.get(doc.end as usize..span.start as usize).unwrap_or("x")));
        frame.lead.doc = Some(Span::new(joined.map_or(span.start, |doc| doc.start), span.end));
    }

    /// What stands before a node that is neither comment nor attribute; it is used up by the node.
    fn lead(&mut self, span: Span, node: Node<'tree>) -> Lead {
        let Some(frame) = self.frames.last_mut() else { return Lead::default() };
        let mut lead = std::mem::take(&mut frame.lead);
        if node.is_named() && (frame.wrapper.is_some() || frame.node.start_byte() == span.start as usize) {
            let inherited = std::mem::take(&mut frame.inherited);
            (lead.doc, lead.told) = (lead.doc.or(inherited.doc), lead.told || inherited.told);
            lead.attributes = inherited.attributes.or(lead.attributes);
        }
        lead
    }

    fn patterns(&mut self, patterns: &'static [u32], node: Node<'tree>, lead: Lead) {
        let mut defined = false;
        for &ix in patterns {
            let pattern = &self.tables.patterns[ix as usize];
            if defined && pattern.defines {
                continue;
            }
            let parent = self.frames.last().map_or(0, |frame| frame.kind);
            if !pattern.fits_below(parent) {
                continue;
            }
            if self.matcher.holds(pattern, node, self.text) {
                defined |= pattern.defines;
                self.record(pattern, node, lead);
            }
        }
    }

    fn problem(&mut self, node: Node<'tree>, span: Span) {
        if self.want != Want::Segment || self.facts.problems.len() >= PROBLEMS {
            return;
        }
        let missing = node.is_missing().then(|| self.facts.names.intern(node.kind()));
        self.facts.problems.push(Problem { span, missing });
    }

    fn leaf(&mut self, cursor: &TreeCursor<'tree>, node: Node<'tree>, kind: u16, span: Span) {
        if self.raw.is_declared(span.start) || span.is_empty() {
            return;
        }
        while self.bindings.last().is_some_and(|binding| binding.span.end <= span.start) {
            self.bindings.pop();
        }
        let around = |binding: &&Binding<'tree>| binding.span.start <= span.start && span.start < binding.span.end;
        let binding = self.bindings.iter().rev().take(BINDINGS).find(around).and_then(|binding| binding.of);
        let text = self.text.get(span.range()).unwrap_or("");
        let Some(chain) = self.chain(cursor, kind, text) else { return };
        let Some(mut role) = chain.role else { return };
        if let Some(local) = binding.filter(|_| chain.steps.is_empty()) {
            self.declare_local(node, local);
            return;
        }
        if self.row.self_names.contains(&text) || self.row.super_names.contains(&text) {
            return;
        }
        let mut receiver = Receiver::None;
        if let Some(which) = chain.receiver {
            let before = self.frames.last().and_then(|frame| match which {
                Before::Field(field) => frame.node.child_by_field_id(field),
                Before::First => frame.node.named_child(0),
            });
            receiver = before.map_or(Receiver::None, |before| self.receiver(span_of(before)));
        }
        if role == Role::Mention {
            (role, receiver) = self.mention(span);
        }
        if span.start < self.import_end {
            role = Role::Path;
        }
        let name = self.facts.names.intern(text);
        self.facts.references.push(Reference { name, span, role, scope: ScopeIx(0), receiver });
    }

    /// The first chain that fits the leaf and its ancestors.
    fn chain(&self, cursor: &TreeCursor<'tree>, kind: u16, text: &str) -> Option<&'static Chain> {
        let mut field = None;
        'chains: for &ix in self.tables.leaf(kind) {
            let chain = &self.tables.chains[ix as usize];
            if chain.receiver == Some(Before::First) {
                let first = self.frames.last().and_then(|frame| frame.node.named_child(0));
                if first.is_none_or(|first| first.start_byte() == cursor.node().start_byte()) {
                    continue;
                }
            }
            for (up, step) in chain.steps.iter().enumerate() {
                let Some(at) = self.frames.len().checked_sub(up + 1) else { continue 'chains };
                let frame = &self.frames[at];
                if !step.kinds.takes(frame.kind, true) {
                    continue 'chains;
                }
                let Some(wanted) = step.field else { continue };
                let fits = if up == 0 {
                    *field.get_or_insert_with(|| cursor.field_id().map_or(0, |id| id.get())) == wanted
                } else {
                    let below = self.frames[at + 1].node;
                    frame.node.child_by_field_id(wanted).is_some_and(|child| child.id() == below.id())
                };
                if !fits {
                    continue 'chains;
                }
            }
            if chain.predicates.iter().all(|predicate| text_holds(predicate, text)) {
                return Some(chain);
            }
        }
        None
    }
}
