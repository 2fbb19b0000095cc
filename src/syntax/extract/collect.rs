//! From the captures of a pattern to raw symbols, scopes, types and imports. Invariant: spans are offsets in the whole text;
//! order and relations are left to `finish`. Must not know how patterns are matched.

use tree_sitter::Node;

use super::imports;
use super::text::{self, called_name, is_path, name_before, simple_name, unquoted};
use super::walk::{Binding, Lead, Walk, Want, Wrapper, span_of};
use crate::base::span::Span;
use crate::facts::{NameIx, Receiver, Relation, Role, ScopeIx, ScopeKind, Symbol, SymbolFlags, SymbolKind, Visibility};
use crate::syntax::languages::VisibilityRule;
use crate::syntax::queries::captures::Capture;
use crate::syntax::queries::{Pattern, Sets};

/// What names in a pattern of names become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local<'tree> {
    pub kind: SymbolKind,
    /// The declaration around the pattern.
    pub item: Node<'tree>,
    pub ty: Option<NameIx>,
    pub ordered: bool,
}

/// A type relation of a raw symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawType {
    /// Index into the raw symbols.
    pub symbol: u32,
    pub relation: Relation,
    pub name: NameIx,
    pub span: Span,
}

/// A scope before scopes are ordered.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawScope {
    pub span: Span,
    pub kind: ScopeKind,
    /// Index into the raw symbols.
    pub symbol: Option<u32>,
}

/// All that a walk has collected.
pub(super) struct Raw {
    pub symbols: Vec<Symbol>,
    pub scopes: Vec<RawScope>,
    pub types: Vec<RawType>,
    /// Insides of macro calls.
    pub macros: Vec<Span>,
    range: Span,
    declared: Vec<u64>,
}

/// Token trees beyond this many are not parsed again.
const MACROS: usize = 10_000;
/// Names longer than this are cut (a heading, a key).
const NAME: usize = 200;

impl Raw {
    pub fn new(range: Span) -> Self {
        Self {
            symbols: Vec::new(),
            scopes: Vec::new(),
            types: Vec::new(),
            macros: Vec::new(),
            range,
            declared: vec![0; range.len() as usize / 64 + 1],
        }
    }

    /// Notes that the leaf at `offset` is a declared name.
    pub fn declare(&mut self, offset: u32) {
        if let Some(at) = offset.checked_sub(self.range.start)
            && let Some(word) = self.declared.get_mut(at as usize / 64)
        {
            *word |= 1 << (at % 64);
        }
    }

    pub fn is_declared(&self, offset: u32) -> bool {
        offset
            .checked_sub(self.range.start)
            .and_then(|at| self.declared.get(at as usize / 64).map(|word| word >> (at % 64) & 1 == 1))
            .unwrap_or(false)
    }
}

/// One declaration of a pattern.
struct Draft<'tree> {
    kind: SymbolKind,
    node: Node<'tree>,
    name: Option<Node<'tree>>,
}

/// Captures that all declarations of a pattern share.
#[derive(Default)]
struct Shared<'tree> {
    body: Option<Node<'tree>>,
    parameters: Option<Node<'tree>>,
    ty: Option<Node<'tree>>,
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
            SymbolKind::Heading | SymbolKind::Key | SymbolKind::Test => {
                let (offset, len) = unquoted(text);
                let line = text[offset..offset + len].lines().next().unwrap_or("");
                sub((offset, floor(line, NAME)))
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
        let name_node = draft.name.unwrap_or(node);
        let name_range = self.name_span(draft.kind, name_node);
        let name = self.slice(name_range);
        if name.is_empty() || name.len() > 4096 {
            return;
        }
        let is_unnamed_scope = name == "_";
        if is_unnamed_scope {
            return;
        }
        let mut span = span_of(node);
        let mut public = sets.public;
        let mut kind = draft.kind;
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
        let (ty, arity, signature_end) = self.head(draft, shared, symbol_ix, span);
        let doc = shared.doc.or(lead.doc);
        let mut flags =
            shared.flags.with(set_flags(sets)).with(self.found_flags(draft, lead, span_of(node), doc, name));
        if self.want == Want::Macro {
            flags = flags.with(SymbolFlags::IN_MACRO);
        }
        let container = shared.container.and_then(|node| self.simple(node)).map(|(name, _)| name);
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
        if let Some(kind) = scope_of(draft.kind).filter(|_| !sets.no_scope) {
            self.raw.scopes.push(RawScope { span, kind, symbol: Some(symbol_ix) });
        }
    }

    /// Type, arity and end of the signature.
    fn head(
        &mut self,
        draft: &Draft<'tree>,
        shared: &Shared<'tree>,
        symbol: u32,
        span: Span,
    ) -> (Option<NameIx>, Option<u8>, u32) {
        let fields = self.tables.fields;
        let child = |field: Option<u16>| field.and_then(|field| draft.node.child_by_field_id(field));
        let callable = is_callable(draft.kind);
        let body = shared.body.or_else(|| if scope_of(draft.kind).is_some() { child(fields.body) } else { None });
        let parameters = shared.parameters.or_else(|| if callable { child(fields.parameters) } else { None });
        let ty_node = shared.ty.or_else(|| {
            if callable {
                child(fields.return_type).or_else(|| child(fields.result))
            } else if matches!(draft.kind, SymbolKind::Implementation | SymbolKind::TypeAlias) {
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
    fn simple(&mut self, node: Node<'tree>) -> Option<(NameIx, Span)> {
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
            if self.row.test_prefixes.iter().any(|prefix| after(prefix)) {
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

    /// Patterns of names become locals now (a single name) or leaf by leaf as the walk meets them.
    fn bind(
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

    /// What stands before a name, by its text.
    pub(super) fn receiver(&mut self, span: Span) -> Receiver {
        let text = self.slice(span);
        if self.row.self_names.contains(&text) {
            return Receiver::SelfType;
        }
        if self
            .row
            .super_names
            .iter()
            .any(|name| text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest == "()"))
        {
            return Receiver::Super;
        }
        if is_path(text) {
            return Receiver::Name(self.facts.names.intern(text));
        }
        if text.ends_with(')')
            && let Some(name) = called_name(text)
        {
            return Receiver::Call(self.facts.names.intern(name));
        }
        Receiver::Other
    }

    /// Role and receiver of a name among loose tokens, by the characters around it.
    pub(super) fn mention(&mut self, span: Span) -> (Role, Receiver) {
        let bytes = self.text.as_bytes();
        let before = &bytes[..span.start as usize];
        let after = bytes.get(span.end as usize..).unwrap_or(&[]);
        let mut receiver = Receiver::None;
        let mut role = Role::Mention;
        let step = if before.ends_with(b".") && !before.ends_with(b"..") {
            role = Role::Field;
            1
        } else if before.ends_with(b"::") {
            role = Role::Read;
            2
        } else {
            0
        };
        if step > 0 {
            let end = span.start as usize - step;
            receiver = match name_before(self.text, end) {
                Some(name) if self.row.self_names.contains(&name) => Receiver::SelfType,
                Some(name) => Receiver::Name(self.facts.names.intern(name)),
                None => Receiver::Other,
            };
        }
        match after.first() {
            Some(b'(') => role = Role::Call,
            Some(b'!') if after.get(1).is_some_and(|b| matches!(b, b'(' | b'[' | b'{')) => role = Role::Macro,
            Some(b':') if after.starts_with(b"::") => role = Role::Path,
            _ => {}
        }
        (role, receiver)
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
pub(super) fn is_callable(kind: SymbolKind) -> bool {
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
