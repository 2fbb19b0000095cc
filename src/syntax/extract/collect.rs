//! From the captures of a pattern to raw symbols, scopes, types and imports. Invariant: spans are offsets in the whole text;
//! order and relations are left to `finish`. Must not know how patterns are matched.

use tree_sitter::Node;

use super::declarators::follow;
use super::imports;
use super::raw::{MACROS, RawScope, RawType};
use super::text::{self, simple_name, unquoted};
use super::walk::{Lead, Walk, Want, Wrapper, span_of};
use crate::base::span::Span;
use crate::facts::{NameIx, Relation, ScopeIx, ScopeKind, Symbol, SymbolFlags, SymbolKind, Visibility};
use crate::syntax::languages::VisibilityRule;
use crate::syntax::queries::captures::Capture;
use crate::syntax::queries::{Pattern, Sets};

/// Names longer than this are cut (a heading, a key).
const NAME: usize = 200;
/// Texts above this many bytes name the upper keys of their data alone.
const LARGE_DATA: usize = 64 << 10;

/// One declaration of a pattern.
struct Draft<'tree> {
    kind: SymbolKind,
    node: Node<'tree>,
    name: Option<Node<'tree>>,
}

/// Captures that all declarations of a pattern share.
#[derive(Default)]
pub(super) struct Shared<'tree> {
    body: Option<Node<'tree>>,
    parameters: Option<Node<'tree>>,
    pub ty: Option<Node<'tree>>,
    container: Option<Node<'tree>>,
    visibility: Option<Visibility>,
    doc: Option<Span>,
    flags: SymbolFlags,
    related: Vec<(Relation, Node<'tree>)>,
}

impl<'a, 'tree> Walk<'a, 'tree> {
    /// Takes in what a pattern found at `root`.
    pub(super) fn record(&mut self, pattern: &Pattern, root: Node<'tree>, lead: Lead) {
        let found = std::mem::take(&mut self.matcher.found);
        let mut drafts: Vec<Draft<'tree>> = Vec::new();
        let mut shared = Shared::default();
        let mut locals: Vec<(SymbolKind, Node<'tree>)> = Vec::new();
        let mut values: Vec<Node<'tree>> = Vec::new();
        let mut import = false;
        for &(capture, node) in &found {
            match capture {
                Capture::Definition(kind) => drafts.push(Draft { kind, node, name: None }),
                Capture::Name => name_draft(&mut drafts, node),
                Capture::Local(kind) => locals.push((kind, node)),
                Capture::Value => values.push(node),
                Capture::Body => shared.body = shared.body.or(Some(node)),
                Capture::Parameters => shared.parameters = shared.parameters.or(Some(node)),
                Capture::Type => shared.ty = shared.ty.or(Some(node)),
                Capture::Container => shared.container = shared.container.or(Some(node)),
                Capture::Extends => shared.related.push((Relation::Extends, node)),
                Capture::Implements => shared.related.push((Relation::Implements, node)),
                Capture::Alias => shared.related.push((Relation::Alias, node)),
                Capture::Visibility => {
                    let seen = text::visibility(self.slice(span_of(node)));
                    shared.visibility = shared.visibility.or(seen);
                }
                Capture::Doc => shared.doc = Some(span_of(node)),
                Capture::Static => shared.flags = shared.flags.with(SymbolFlags::STATIC),
                Capture::Deprecated => shared.flags = shared.flags.with(SymbolFlags::DEPRECATED),
                Capture::Test => shared.flags = shared.flags.with(SymbolFlags::TEST),
                Capture::Scope(kind) => {
                    self.raw.scopes.push(RawScope { span: span_of(node), kind, symbol: None });
                }
                Capture::Package => {
                    let name = self.slice(span_of(node)).trim();
                    self.facts.package = Some(self.facts.names.intern(&name[..floor(name, NAME)]));
                }
                Capture::Wrapper => {
                    let mut it =
                        Wrapper { span: span_of(node), public: pattern.sets.public, constant: pattern.sets.constant };
                    if let Some(outer) = self.frames.last().and_then(|frame| frame.wrapper) {
                        it.public |= outer.public;
                        it.span = wrapped(it.span, outer.span, self.first_in_wrapper(node));
                    }
                    self.wrapper = Some(it);
                }
                Capture::Macro if self.raw.macros.len() < MACROS => self.raw.macros.push(span_of(node)),
                Capture::ImportPath => import = true,
                Capture::Import => {
                    import = true;
                    self.import_end = self.import_end.max(node.end_byte() as u32);
                }
                _ => {}
            }
        }
        if import && self.want != Want::Outline {
            imports::record(self, &found, pattern.sets.reexport);
        }
        if !(self.want == Want::Macro && root.has_error()) {
            for draft in &drafts {
                self.declare(draft, &shared, pattern.sets, lead);
            }
            if self.want != Want::Outline {
                self.bind(root, &locals, &values, &shared, pattern.sets);
            }
        }
        self.matcher.found = found;
    }

    /// The text of a span.
    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// Where the name of a declaration stands in the node that was captured for it.
    fn name_span(&self, kind: SymbolKind, node: Node<'tree>) -> Span {
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

    fn declare(&mut self, draft: &Draft<'tree>, shared: &Shared<'tree>, sets: Sets, lead: Lead) {
        let node = draft.node;
        let declared = follow(self.tables, draft.name.unwrap_or(node));
        let name_node = declared.name;
        let name_range = self.name_span(draft.kind, name_node);
        let name = self.slice(name_range);
        let mut declaration = sets.declaration;
        if name.is_empty() || name == "_" || name.len() > 4096 {
            return;
        }
        let mut span = span_of(node);
        let mut public = sets.public;
        let mut kind = draft.kind;
        if matches!(kind, SymbolKind::Heading | SymbolKind::Key) {
            if self.is_deep_key(kind) || self.row.sections && !text::begins_line(self.text, span.start as usize) {
                return;
            }
            // Sections and tables reach to the start of the next one.
            span.end = span.start + self.slice(span).trim_end().len() as u32;
        }
        if declared.function.is_some() && matches!(kind, SymbolKind::Variable | SymbolKind::Field) {
            kind = SymbolKind::Function;
            declaration = true;
        }
        if let Some(wrapper) = self.frames.last().and_then(|frame| frame.wrapper) {
            public |= wrapper.public;
            if wrapper.constant && kind == SymbolKind::Variable {
                kind = SymbolKind::Constant;
            }
            span = wrapped(span, wrapper.span, self.first_in_wrapper(node));
        }
        let signature_start = span.start;
        if let Some(start) = lead.attributes {
            span.start = span.start.min(start);
        }
        let outside = match self.want {
            Want::Outline => span.end < self.range.start,
            _ => name_range.start < self.range.start || name_range.start >= self.range.end,
        };
        if outside {
            return;
        }
        let name = self.facts.names.intern(name);
        self.raw.declare(name_range.start);
        let symbol_ix = self.raw.symbols.len() as u32;
        let (ty, arity, signature_end) = self.head(node, kind, declared.function, shared, symbol_ix, span);
        let doc = shared.doc.or(lead.doc);
        let mut flags =
            shared.flags.with(set_flags(sets)).with(self.found_flags(draft, lead, span_of(node), doc, name));
        if self.want == Want::Macro {
            flags = flags.with(SymbolFlags::IN_MACRO);
        }
        if declaration {
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

    /// Whether a key of data lies too deep to be named.
    fn is_deep_key(&self, kind: SymbolKind) -> bool {
        let most = if self.text.len() > LARGE_DATA { self.row.key_depth / 2 } else { self.row.key_depth };
        kind == SymbolKind::Key && self.frames.len() as u32 > most
    }

    /// Type, arity and end of the signature.
    fn head(
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

    fn relate(&mut self, symbol: u32, relation: Relation, node: Node<'tree>) -> Option<NameIx> {
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

    fn visibility_of(&self, name: NameIx) -> Visibility {
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
    fn found_flags(
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

    /// Whether nothing that declares stands between the wrapper's start and the node.
    fn first_in_wrapper(&self, node: Node<'tree>) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        let between = self.slice(Span::new(frame.node.start_byte() as u32, node.start_byte() as u32));
        !between.contains([',', ';'])
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

/// The span of an item in its wrapper: from the wrapper's start for the first item, to its end where only a mark follows.
fn wrapped(item: Span, wrapper: Span, first: bool) -> Span {
    let start = if first { wrapper.start } else { item.start };
    let end = if wrapper.end.saturating_sub(item.end) <= 2 { wrapper.end } else { item.end };
    Span::new(start.min(item.start), end.max(item.end))
}

fn set_flags(sets: Sets) -> SymbolFlags {
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

/// Whether it takes parameters.
pub(in crate::syntax) fn is_callable(kind: SymbolKind) -> bool {
    matches!(
        kind,
        SymbolKind::Function | SymbolKind::Method | SymbolKind::Constructor | SymbolKind::Operator | SymbolKind::Macro
    )
}

/// The scope that a declaration opens.
fn scope_of(kind: SymbolKind) -> Option<ScopeKind> {
    Some(match kind {
        SymbolKind::Module | SymbolKind::Namespace | SymbolKind::Package => ScopeKind::Module,
        SymbolKind::Class
        | SymbolKind::Struct
        | SymbolKind::Enum
        | SymbolKind::Union
        | SymbolKind::Interface
        | SymbolKind::Trait
        | SymbolKind::Implementation
        | SymbolKind::TypeAlias
        | SymbolKind::Object => ScopeKind::Type,
        _ if is_callable(kind) => ScopeKind::Function,
        _ => return None,
    })
}

/// The largest character border at or before `at`.
pub(in crate::syntax) fn floor(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
