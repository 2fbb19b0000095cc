//! From the captures of a pattern to raw symbols, scopes, types and imports. Invariant: spans are offsets in the whole text;
//! order and relations are left to `finish`. Must not know how patterns are matched.

use tree_sitter::Node;

use super::declarators::follow;
use super::heads::{is_marked_test, set_flags};
use super::imports;
use super::raw::{MACROS, RawScope};
use super::text;
use super::walk::{Lead, Walk, Want, Wrapper, span_of};
use crate::base::chars::floor;
use crate::base::span::Span;
use crate::facts::{NameIx, Relation, ScopeIx, ScopeKind, Symbol, SymbolFlags, SymbolKind, Visibility, last_part};
use crate::syntax::queries::captures::Capture;
use crate::syntax::queries::{Pattern, Sets};

/// Names longer than this are cut (a heading, a key).
pub(super) const NAME: usize = 200;

/// Containers around a segment beyond this many have no members in it.
const AROUND: usize = 64;

/// One declaration of a pattern.
pub(super) struct Draft<'tree> {
    pub kind: SymbolKind,
    pub node: Node<'tree>,
    name: Option<Node<'tree>>,
}

/// What a declaration is, as it stands in its wrapper.
struct Extent {
    kind: SymbolKind,
    span: Span,
    public: bool,
}

/// Captures that all declarations of a pattern share.
#[derive(Default)]
pub(super) struct Shared<'tree> {
    pub body: Option<Node<'tree>>,
    pub parameters: Option<Node<'tree>>,
    pub ty: Option<Node<'tree>>,
    container: Option<Node<'tree>>,
    visibility: Option<Visibility>,
    doc: Option<Span>,
    flags: SymbolFlags,
    related: Vec<(Relation, Node<'tree>)>,
}

impl<'tree> Shared<'tree> {
    /// Takes a capture in that says something of all declarations of its pattern.
    fn take(&mut self, capture: Capture, node: Node<'tree>) {
        match capture {
            Capture::Body => self.body = self.body.or(Some(node)),
            Capture::Parameters => self.parameters = self.parameters.or(Some(node)),
            Capture::Type => self.ty = self.ty.or(Some(node)),
            Capture::Container => self.container = self.container.or(Some(node)),
            Capture::Extends => self.related.push((Relation::Extends, node)),
            Capture::Implements => self.related.push((Relation::Implements, node)),
            Capture::Alias => self.related.push((Relation::Alias, node)),
            Capture::Doc => self.doc = Some(span_of(node)),
            Capture::Static => self.flags = self.flags.with(SymbolFlags::STATIC),
            Capture::Deprecated => self.flags = self.flags.with(SymbolFlags::DEPRECATED),
            Capture::Test => self.flags = self.flags.with(SymbolFlags::TEST),
            _ => {}
        }
    }
}

impl<'a, 'tree> Walk<'a, 'tree> {
    /// Takes in what a pattern found at `root`.
    pub(super) fn record(&mut self, pattern: &Pattern, root: Node<'tree>, lead: Lead) {
        let found = std::mem::take(&mut self.matcher.found);
        let mut drafts: Vec<Draft<'tree>> = Vec::new();
        let mut shared = Shared::default();
        let mut locals: Vec<(SymbolKind, Node<'tree>)> = Vec::new();
        let mut values: Vec<Node<'tree>> = Vec::new();
        for &(capture, node) in &found {
            match capture {
                Capture::Definition(kind) => drafts.push(Draft { kind, node, name: None }),
                Capture::Name => name_draft(&mut drafts, node),
                Capture::Local(kind) => locals.push((kind, node)),
                Capture::Value => values.push(node),
                Capture::Scope(kind) => {
                    self.raw.scopes.push(RawScope { span: span_of(node), kind, symbol: None });
                }
                Capture::Package => {
                    let name = self.slice(span_of(node)).trim();
                    self.facts.package = Some(self.facts.names.intern(&name[..floor(name, NAME)]));
                }
                // An item that stands among the head of the next takes nothing of it.
                Capture::Head if pattern.defines && !lead.told => {}
                Capture::Head => drop(self.head.get_or_insert(lead)),
                Capture::Wrapper => self.wrap(node, pattern.sets),
                Capture::Macro if self.raw.macros.len() < MACROS => self.raw.macros.push(span_of(node)),
                Capture::Import => self.import_end = self.import_end.max(node.end_byte() as u32),
                Capture::Visibility => {
                    let seen = text::visibility(self.slice(span_of(node)));
                    shared.visibility = shared.visibility.or(seen);
                }
                _ => shared.take(capture, node),
            }
        }
        if let Some(head) = &mut self.head {
            head.doc = shared.doc.or(head.doc);
            head.told = head.doc.is_some();
        }
        let import = found.iter().any(|it| matches!(it.0, Capture::Import | Capture::ImportPath));
        if import && self.want != Want::Outline {
            imports::record(self, &found, pattern.sets.reexport);
        }
        if !(self.want == Want::Macro && root.has_error() || pattern.sets.nothing) {
            let is_head = self.head.is_some() && found.iter().any(|it| it.0 == Capture::Head);
            let lead = if is_head { Lead::default() } else { lead };
            for draft in &drafts {
                self.declare(draft, &shared, pattern.sets, lead);
            }
            if self.want != Want::Outline {
                self.bind(root, &locals, &values, &shared, pattern.sets);
            }
        }
        self.matcher.found = found;
    }

    /// A node around items, which belongs to those in it.
    fn wrap(&mut self, node: Node<'tree>, sets: Sets) {
        let mut it = Wrapper { span: span_of(node), public: sets.public, constant: sets.constant };
        if let Some(outer) = self.frames.last().and_then(|frame| frame.wrapper) {
            it.public |= outer.public;
            it.span = self.wrapped(it.span, outer.span, node);
        }
        self.wrapper = Some(it);
    }

    /// The text of a span.
    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or("")
    }

    fn declare(&mut self, draft: &Draft<'tree>, shared: &Shared<'tree>, sets: Sets, lead: Lead) {
        let node = draft.node;
        let declared = follow(self.tables, draft.name.unwrap_or(node));
        let name_range = self.name_span(draft.kind, declared.name);
        let name = self.slice(name_range);
        if name.is_empty() || name == "_" || name.len() > 4096 || self.row.reserved.contains(&name) {
            return;
        }
        let Some(Extent { kind, mut span, public }) = self.extent(draft, sets, declared.function.is_some()) else {
            return;
        };
        let signature_start = span.start;
        span.start = span.start.min(lead.attributes.unwrap_or(span.start));
        let outside = match self.want {
            Want::Outline => span.end < self.range.start,
            _ => name_range.start < self.range.start || name_range.start >= self.range.end,
        };
        if outside {
            if name_range.start < self.range.start && span.end > self.range.start {
                self.enclose(kind, name, span);
            }
            return;
        }
        let name = self.declared_name(kind, name);
        self.raw.declare(name_range.start);
        let symbol_ix = self.raw.symbols.len() as u32;
        let (ty, arity, signature_end) = self.head(node, kind, declared.function, shared, symbol_ix, span);
        let doc = shared.doc.or(lead.doc);
        let mut flags =
            shared.flags.with(set_flags(sets)).with(self.found_flags(draft, lead, span_of(node), doc, name));
        if is_callable(kind) && is_marked_test(self.slice(Span::new(span.start, name_range.start))) {
            flags = flags.with(SymbolFlags::TEST);
        }
        if self.want == Want::Macro {
            flags = flags.with(SymbolFlags::IN_MACRO);
        }
        if kind != draft.kind && kind == SymbolKind::Function {
            flags = flags.with(SymbolFlags::DECLARATION);
        }
        let container =
            shared.container.or(declared.container).and_then(|node| self.simple(node)).map(|(name, _)| name);
        let visibility = match shared.visibility {
            Some(seen) => seen,
            None if public => Visibility::Public,
            None if sets.private => Visibility::Private,
            None => self.visibility_of(name),
        };
        for &(relation, node) in &shared.related {
            self.relate(symbol_ix, relation, node);
        }
        self.raw.symbols.push(Symbol {
            name,
            kind,
            range: span,
            name_range,
            parent: None,
            scope: ScopeIx(0),
            container,
            signature: Span::new(signature_start, signature_end.max(name_range.end)),
            doc: doc.filter(|doc| !doc.is_empty()),
            ty,
            visibility,
            arity,
            flags,
        });
        if let Some(kind) = scope_of(kind).filter(|_| !sets.no_scope) {
            self.raw.scopes.push(RawScope { span, kind, symbol: Some(symbol_ix) });
        }
    }

    /// The number of a name; the last part that it is found by gets one, too.
    fn declared_name(&mut self, kind: SymbolKind, name: &str) -> NameIx {
        if let Some(last) = last_part(kind, name) {
            self.facts.names.intern(last);
        }
        self.facts.names.intern(name)
    }

    /// A declaration that began in a segment before this one and reaches into it.
    fn enclose(&mut self, kind: SymbolKind, name: &str, span: Span) {
        let name = self.facts.names.intern(name);
        if self.want == Want::Segment && self.raw.around.len() < AROUND {
            self.raw.around.push((name, kind, span));
        }
        if let Some(kind) = scope_of(kind) {
            self.raw.scopes.push(RawScope { span, kind, symbol: None });
        }
    }

    /// What a declaration is and covers in its wrapper; `None` where it gets no name.
    fn extent(&self, draft: &Draft<'tree>, sets: Sets, function: bool) -> Option<Extent> {
        let mut it = Extent { kind: draft.kind, span: span_of(draft.node), public: sets.public };
        if matches!(it.kind, SymbolKind::Heading | SymbolKind::Key) {
            let quoted = self.row.sections && !text::begins_line(self.text, it.span.start as usize);
            if quoted || self.is_deep_key(it.kind) {
                return None;
            }
            // Sections and tables reach to the start of the next one.
            it.span.end = it.span.start + self.slice(it.span).trim_end().len() as u32;
        }
        if function && matches!(it.kind, SymbolKind::Variable | SymbolKind::Field) {
            it.kind = SymbolKind::Function;
        }
        if let Some(wrapper) = self.frames.last().and_then(|frame| frame.wrapper) {
            it.public |= wrapper.public;
            if wrapper.constant && it.kind == SymbolKind::Variable {
                it.kind = SymbolKind::Constant;
            }
            it.span = self.wrapped(it.span, wrapper.span, draft.node);
        }
        Some(it)
    }

    /// The span of an item in its wrapper: from the wrapper's start for the first item, to its end where only a mark follows. Where
    /// the items stand in brackets, as in Go's `const (...)`, it is the item's own.
    fn wrapped(&self, item: Span, wrapper: Span, node: Node<'tree>) -> Span {
        let Some(frame) = self.frames.last() else { return item };
        let (mut cursor, mut first) = (frame.node.walk(), true);
        // There may be thousands of items: only what stands before the first of them is gone through.
        for it in frame.node.children(&mut cursor).take_while(|it| it.end_byte() <= node.start_byte()) {
            if it.kind() == "(" {
                return item;
            }
            if it.kind_id() == node.kind_id() {
                first = false;
                break;
            }
        }
        let start = if first { wrapper.start } else { item.start };
        let end = if wrapper.end.saturating_sub(item.end) <= 2 { wrapper.end } else { item.end };
        Span::new(start.min(item.start), end.max(item.end))
    }
}

/// Fills the last draft's name, or starts another draft of the same item.
fn name_draft<'tree>(drafts: &mut Vec<Draft<'tree>>, node: Node<'tree>) {
    let Some(last) = drafts.last_mut() else { return };
    if last.name.is_none() {
        last.name = Some(node);
    } else {
        let (kind, item) = (last.kind, last.node);
        drafts.push(Draft { kind, node: item, name: Some(node) });
    }
}

/// Whether it takes parameters.
pub(in crate::syntax) fn is_callable(kind: SymbolKind) -> bool {
    matches!(
        kind,
        SymbolKind::Function | SymbolKind::Method | SymbolKind::Constructor | SymbolKind::Operator | SymbolKind::Macro
    )
}

/// The scope that a declaration opens.
pub(super) fn scope_of(kind: SymbolKind) -> Option<ScopeKind> {
    Some(match kind {
        SymbolKind::Module | SymbolKind::Namespace | SymbolKind::Package => ScopeKind::Module,
        _ if kind.has_members() || kind == SymbolKind::TypeAlias => ScopeKind::Type,
        _ if is_callable(kind) => ScopeKind::Function,
        _ => return None,
    })
}
