//! Local names: single ones at once, patterns of names leaf by leaf as the walk meets them. Invariant: a leaf is declared
//! once. Must not know scopes.

use tree_sitter::Node;

use super::collect::Shared;
use super::declarators::follow;
use super::raw::Local;
use super::walk::{Binding, Walk, Want, span_of};
use crate::base::span::Span;
use crate::facts::{ScopeIx, Symbol, SymbolFlags, SymbolKind, Visibility};
use crate::syntax::queries::Sets;

impl<'a, 'tree> Walk<'a, 'tree> {
    /// Patterns of names become locals now (a single name) or leaf by leaf as the walk meets them.
    pub(super) fn bind(
        &mut self,
        root: Node<'tree>,
        locals: &[(SymbolKind, Node<'tree>)],
        values: &[Node<'tree>],
        shared: &Shared<'tree>,
        sets: Sets,
    ) {
        let mut bindings: Vec<Binding<'tree>> = Vec::new();
        for &(kind, node) in locals {
            let ty = shared.ty.and_then(|node| self.simple(node)).map(|(name, _)| name);
            let local = Local { kind, item: root, ty, ordered: sets.ordered };
            let node = follow(self.tables, node).name;
            if node.child_count() == 0 {
                self.declare_local(node, local);
            } else {
                bindings.push(Binding { span: span_of(node), of: Some(local) });
            }
        }
        bindings.extend(values.iter().map(|&node| Binding { span: span_of(node), of: None }));
        bindings.sort_by_key(|binding| std::cmp::Reverse(binding.span.start));
        self.bindings.append(&mut bindings);
    }

    /// One local name.
    pub(super) fn declare_local(&mut self, leaf: Node<'tree>, local: Local<'tree>) {
        let name_range = span_of(leaf);
        let text = self.slice(name_range);
        let instance = self.row.self_names.contains(&text);
        if self.raw.is_declared(name_range.start) || instance || text == "_" || text.is_empty() {
            return;
        }
        if name_range.start < self.range.start || name_range.start >= self.range.end {
            return;
        }
        self.raw.declare(name_range.start);
        let name = self.facts.names.intern(text);
        let item = span_of(local.item);
        // A function without braces is the item of its only parameter: the name alone is the parameter then.
        let range = if item.len() > 4096 || local.item.child_count() == 0 { name_range } else { item };
        let mut flags = SymbolFlags::LOCAL;
        if local.ordered {
            flags = flags.with(SymbolFlags::ORDERED);
        }
        if self.want == Want::Macro {
            flags = flags.with(SymbolFlags::IN_MACRO);
        }
        self.raw.symbols.push(Symbol {
            name,
            kind: local.kind,
            range,
            name_range,
            parent: None,
            scope: ScopeIx(0),
            container: None,
            signature: Span::new(range.start, range.end.min(range.start + 400)),
            doc: None,
            ty: local.ty,
            visibility: Visibility::Private,
            arity: None,
            flags,
        });
    }
}
