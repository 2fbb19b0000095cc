//! What the head of a declaration says: its name, type, parameters, flags and visibility. Invariant: readings of the head
//! alone, nothing is recorded but the types that it names. Must not know scopes.

use tree_sitter::Node;

use super::collect::{Draft, NAME, Shared, is_callable, scope_of};
use super::raw::RawType;
use super::text::{self, simple_name, unquoted};
use super::walk::{Lead, Walk, Want, span_of};
use crate::base::chars::floor;
use crate::base::span::Span;
use crate::facts::{NameIx, Relation, SymbolFlags, SymbolKind, Visibility};
use crate::syntax::languages::VisibilityRule;
use crate::syntax::queries::Sets;

impl<'a, 'tree> Walk<'a, 'tree> {
    /// Where the name of a declaration stands in the node that was captured for it.
    pub(super) fn name_span(&self, kind: SymbolKind, node: Node<'tree>) -> Span {
        let whole = span_of(node);
        let text = self.slice(whole);
        let sub =
            |(offset, len): (usize, usize)| Span::new(whole.start + offset as u32, whole.start + (offset + len) as u32);
        match kind {
            SymbolKind::Test if text.starts_with('(') && text.ends_with(')') && text.len() > 2 => {
                sub((1, text.len() - 2))
            }
            SymbolKind::Heading => sub(text::heading(&text[..floor(text, NAME)])),
            SymbolKind::Key | SymbolKind::Test => {
                let (offset, len) = unquoted(text);
                let line = text[offset..offset + len].lines().next().unwrap_or("");
                sub((offset, floor(line, NAME)))
            }
            _ if text.starts_with("operator") && node.kind() == "operator_cast" => {
                sub((0, text.find('(').unwrap_or(text.len()).min(NAME)))
            }
            _ if node.named_child_count() == 0 || text.starts_with("operator") || text.starts_with('~') => {
                match text.strip_prefix(':') {
                    Some(symbol) => sub((1, symbol.len())),
                    None if text.starts_with(['"', '\'', '`']) => sub(unquoted(text)),
                    None => whole,
                }
            }
            _ if text.starts_with(['"', '\'', '`']) => sub(unquoted(text)),
            _ => simple_name(text).map_or(whole, sub),
        }
    }

    /// Whether a key of data lies too deep to be named, counted from the segment: what is around that says nothing.
    pub(super) fn is_deep_key(&self, kind: SymbolKind) -> bool {
        if kind != SymbolKind::Key {
            return false;
        }
        let from = if self.want == Want::Segment { self.range.start as usize } else { 0 };
        let around = self.frames.partition_point(|frame| frame.node.start_byte() < from);
        (self.frames.len() - around) as u32 > self.row.key_depth
    }

    /// Type, arity and end of the signature.
    pub(super) fn head(
        &mut self,
        node: Node<'tree>,
        kind: SymbolKind,
        function: Option<Node<'tree>>,
        shared: &Shared<'tree>,
        symbol: u32,
        span: Span,
    ) -> (Option<NameIx>, Option<u8>, u32) {
        let fields = self.tables.fields;
        let child = |field: Option<u16>| field.and_then(|field| node.child_by_field_id(field));
        let of_function = |field: Option<u16>| field.and_then(|field| function?.child_by_field_id(field));
        let callable = is_callable(kind);
        let body = shared.body.or_else(|| if scope_of(kind).is_some() { child(fields.body) } else { None });
        let parameters = shared.parameters.or_else(|| {
            if callable { of_function(fields.parameters).or_else(|| child(fields.parameters)) } else { None }
        });
        let ty_node = shared.ty.or_else(|| {
            if callable {
                let returned = child(fields.return_type).or_else(|| child(fields.result));
                returned.or_else(|| if function.is_some() { child(fields.ty) } else { None })
            } else if matches!(kind, SymbolKind::Implementation | SymbolKind::TypeAlias) {
                None
            } else {
                child(fields.ty)
            }
        });
        let ty = ty_node
            .and_then(|node| self.relate(symbol, if callable { Relation::Returns } else { Relation::Has }, node));
        let arity = parameters.map(|node| self.arity(node));
        let end = body.map_or(span.end, |body| {
            let start = (body.start_byte() as u32).max(span.start);
            let head = self.slice(Span::new(span.start, start)).trim_end().trim_end_matches(['{', ':', '=']).trim_end();
            span.start + head.len() as u32
        });
        (ty, arity, end)
    }

    /// Number of parameters, without the instance.
    fn arity(&mut self, parameters: Node<'tree>) -> u8 {
        let mut cursor = parameters.walk();
        let mut count = 0u8;
        let children = parameters.named_children(&mut cursor).take(300);
        for (at, child) in children.enumerate() {
            if self.tables.is_comment(child.kind_id()) || self.tables.is_attribute(child.kind_id()) {
                continue;
            }
            let text = self.slice(span_of(child));
            let instance = at == 0
                && (child.kind().contains("self")
                    || self.row.self_names.iter().any(|name| {
                        text == *name || text.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
                    }));
            if !instance {
                count = count.saturating_add(1);
            }
        }
        count
    }

    pub(super) fn relate(&mut self, symbol: u32, relation: Relation, node: Node<'tree>) -> Option<NameIx> {
        let (name, span) = self.simple(node)?;
        self.raw.types.push(RawType { symbol, relation, name, span });
        Some(name)
    }

    /// The simple name in a node.
    pub(super) fn simple(&mut self, node: Node<'tree>) -> Option<(NameIx, Span)> {
        let whole = span_of(node);
        let text = self.slice(whole);
        let text = &text[..floor(text, 400)];
        let (offset, len) = simple_name(text)?;
        let start = whole.start + offset as u32;
        Some((self.facts.names.intern(&text[offset..offset + len]), Span::new(start, start + len as u32)))
    }

    pub(super) fn visibility_of(&self, name: NameIx) -> Visibility {
        let name = self.facts.names.get(name);
        match self.row.visibility {
            VisibilityRule::Modifiers(unmarked) => unmarked,
            VisibilityRule::Capital if name.chars().next().is_some_and(char::is_uppercase) => Visibility::Public,
            VisibilityRule::Capital => Visibility::Restricted,
            VisibilityRule::Underscore if name.starts_with("__") && name.ends_with("__") => Visibility::Public,
            VisibilityRule::Underscore if name.starts_with('_') => Visibility::Private,
            VisibilityRule::Underscore => Visibility::Public,
        }
    }

    /// Flags by attributes, documentation and name.
    pub(super) fn found_flags(
        &self,
        draft: &Draft<'tree>,
        lead: Lead,
        node: Span,
        doc: Option<Span>,
        name: NameIx,
    ) -> SymbolFlags {
        let mut flags = SymbolFlags::default();
        if let Some(start) = lead.attributes {
            let text = self.slice(Span::new(start, node.start));
            if text.contains("test") && (is_callable(draft.kind) || text.contains("cfg(test)")) {
                flags = flags.with(SymbolFlags::TEST);
            }
            if text.contains("deprecated") || text.contains("Deprecated") {
                flags = flags.with(SymbolFlags::DEPRECATED);
            }
            if text.contains("@overload") || text.contains(".overload") {
                flags = flags.with(SymbolFlags::DECLARATION);
            }
            if text.contains("staticmethod") || text.contains("classmethod") {
                flags = flags.with(SymbolFlags::STATIC);
            }
        }
        if let Some(doc) = doc {
            let text = self.slice(doc);
            if text.contains("@deprecated") || text.contains("Deprecated:") {
                flags = flags.with(SymbolFlags::DEPRECATED);
            }
        }
        if is_callable(draft.kind) {
            let name = self.facts.names.get(name);
            let after = |prefix: &&str| {
                name.strip_prefix(*prefix)
                    .is_some_and(|rest| prefix.ends_with('_') || rest.chars().next().is_none_or(|c| !c.is_lowercase()))
            };
            if self.row.test_prefixes.iter().any(after) {
                flags = flags.with(SymbolFlags::TEST);
            }
        }
        flags
    }
}

/// Whether an annotation among the words before a function's name makes it a test (`@Test`, `[Fact]`).
pub(super) fn is_marked_test(head: &str) -> bool {
    const MARKS: &[&str] = &[
        "Test",
        "ParameterizedTest",
        "RepeatedTest",
        "TestFactory",
        "TestTemplate",
        "TestMethod",
        "TestCase",
        "DataTestMethod",
        "Fact",
        "Theory",
    ];
    head.match_indices(['@', '[']).any(|(at, _)| {
        let rest = &head[at + 1..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
        rest[..end].rsplit('.').next().is_some_and(|it| MARKS.contains(&it))
    })
}

/// The flags that a pattern sets.
pub(super) fn set_flags(sets: Sets) -> SymbolFlags {
    let mut flags = SymbolFlags::default();
    for (set, flag) in [
        (sets.declaration, SymbolFlags::DECLARATION),
        (sets.test, SymbolFlags::TEST),
        (sets.deprecated, SymbolFlags::DEPRECATED),
        (sets.is_static, SymbolFlags::STATIC),
        (sets.ordered, SymbolFlags::ORDERED),
    ] {
        if set {
            flags = flags.with(flag);
        }
    }
    flags
}
