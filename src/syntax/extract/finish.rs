//! Puts what a walk collected in order and relates it: parents, scopes, containers, first assignments. Invariant: all tables
//! ascend as `Facts` says, every index is valid, spans count from the segment's start. Must not know trees.

use std::collections::{HashMap, HashSet};

use super::keys;
use super::raw::{Raw, RawScope};
use crate::base::span::Span;
use crate::facts::{
    Facts, NameIx, Receiver, Reference, Role, Scope, ScopeIx, ScopeKind, Symbol, SymbolFlags, SymbolIx, SymbolKind,
    TypeUse,
};
use crate::syntax::languages::{FirstAssignment, Row};

/// Relates the collected things and writes them into `facts`; false where keys of data have been left out, being too many.
pub(super) fn finish(facts: &mut Facts, raw: Raw, segment: Span, row: &Row, first_assignment: FirstAssignment) -> bool {
    let Raw { mut symbols, scopes, types, macros, around, .. } = raw;
    if !macros.is_empty() {
        // Items found in macro calls have been met before as loose names.
        let names: HashSet<u32> = symbols.iter().map(|symbol| symbol.name_range.start).collect();
        facts.references.retain(|reference| !names.contains(&reference.span.start));
    }
    let (order, place) = order_of(&symbols);
    symbols = order.iter().map(|&ix| symbols[ix as usize]).collect();
    facts.scopes = scopes_of(scopes, &place, segment);
    facts.types = types
        .iter()
        .map(|ty| TypeUse {
            symbol: SymbolIx(place[ty.symbol as usize]),
            relation: ty.relation,
            name: ty.name,
            span: ty.span,
        })
        .collect();
    facts.types.sort_by_key(|ty| (ty.span.start, ty.symbol));
    facts.references.sort_by_key(|reference| reference.span.start);
    facts.imports.sort_by_key(|import| import.span.start);
    assign_scopes(facts, &mut symbols);
    make_locals(facts, &mut symbols, row.first_assignment);
    if row.preprocessor {
        make_c_locals(facts, &mut symbols);
    }
    facts.symbols = symbols;
    if first_assignment != FirstAssignment::None {
        keep_first_assignments(facts, first_assignment);
    }
    if row.equations {
        join_equations(facts);
    }
    let kept = keys::kept(&facts.symbols, segment);
    if let Some(keep) = &kept {
        let into: Vec<u32> = (0..keep.len() as u32).collect();
        remove(facts, keep, &into);
    }
    for symbol in &mut facts.symbols {
        symbol.range.end = symbol.range.end.min(segment.end);
        symbol.signature.end = symbol.signature.end.min(segment.end);
    }
    assign_parents(facts);
    for symbol in facts.symbols.iter_mut().filter(|it| it.parent.is_none() && !it.flags.has(SymbolFlags::LOCAL)) {
        if let Some(&(name, kind, _)) = around.iter().rev().find(|it| it.2.covers(symbol.range)) {
            become_method(symbol, name, kind);
            symbol.container.get_or_insert(name);
        }
    }
    kept.is_none()
}

/// The symbols in document order (longer first), and where each went.
fn order_of(symbols: &[Symbol]) -> (Vec<u32>, Vec<u32>) {
    let mut order: Vec<u32> = (0..symbols.len() as u32).collect();
    order.sort_by_key(|&ix| {
        let symbol = &symbols[ix as usize];
        (symbol.range.start, std::cmp::Reverse(symbol.range.end), symbol.name_range.start)
    });
    let mut place = vec![0; symbols.len()];
    for (to, &from) in order.iter().enumerate() {
        place[from as usize] = to as u32;
    }
    (order, place)
}

fn scopes_of(mut raw: Vec<RawScope>, place: &[u32], segment: Span) -> Vec<Scope> {
    raw.sort_by_key(|scope| (scope.span.start, std::cmp::Reverse(scope.span.end), scope.symbol.is_none()));
    let mut out = vec![Scope { span: segment, parent: None, kind: ScopeKind::File, symbol: None }];
    let mut open = vec![0u32];
    for scope in raw {
        let span = Span::new(scope.span.start.max(segment.start), scope.span.end.min(segment.end));
        while open.len() > 1 && open.last().is_some_and(|&ix| out[ix as usize].span.end < span.end) {
            open.pop();
        }
        while open.len() > 1 && open.last().is_some_and(|&ix| out[ix as usize].span.end <= span.start) {
            open.pop();
        }
        let parent = open.last().copied().unwrap_or(0);
        open.push(out.len() as u32);
        let symbol = scope.symbol.map(|ix| SymbolIx(place[ix as usize]));
        // The braces of a module are no block of statements.
        let around = &out[parent as usize];
        let braces = scope.kind == ScopeKind::Block && around.kind == ScopeKind::Module && around.span.end == span.end;
        let kind = if braces { ScopeKind::Module } else { scope.kind };
        out.push(Scope { span, parent: Some(ScopeIx(parent)), kind, symbol });
    }
    out
}

/// Gives scopes to ascending positions.
struct Sweep<'a> {
    scopes: &'a [Scope],
    next: usize,
    open: Vec<u32>,
}

impl<'a> Sweep<'a> {
    fn new(scopes: &'a [Scope]) -> Self {
        Self { scopes, next: 1, open: vec![0] }
    }

    /// The innermost scope at `offset`; offsets ascend from call to call.
    fn at(&mut self, offset: u32) -> ScopeIx {
        while let Some(scope) = self.scopes.get(self.next).filter(|scope| scope.span.start <= offset) {
            let start = scope.span.start;
            self.close(start);
            self.open.push(self.next as u32);
            self.next += 1;
        }
        self.close(offset);
        ScopeIx(self.open.last().copied().unwrap_or(0))
    }

    fn close(&mut self, offset: u32) {
        while self.open.len() > 1 && self.open.last().is_some_and(|&ix| self.scopes[ix as usize].span.end <= offset) {
            self.open.pop();
        }
    }
}

fn assign_scopes(facts: &mut Facts, symbols: &mut [Symbol]) {
    let mut sweep = Sweep::new(&facts.scopes);
    for reference in &mut facts.references {
        reference.scope = sweep.at(reference.span.start);
    }
    let mut sweep = Sweep::new(&facts.scopes);
    for import in &mut facts.imports {
        import.scope = sweep.at(import.span.start);
    }
    let mut by_name: Vec<u32> = (0..symbols.len() as u32).collect();
    by_name.sort_unstable_by_key(|&ix| symbols[ix as usize].name_range.start);
    let mut sweep = Sweep::new(&facts.scopes);
    for ix in by_name {
        let symbol = &mut symbols[ix as usize];
        let mut scope = sweep.at(symbol.name_range.start);
        // A declaration's name is seen around its own scope, not in it.
        if facts.scopes[scope.0 as usize].symbol == Some(SymbolIx(ix)) {
            scope = facts.scopes[scope.0 as usize].parent.unwrap_or(ScopeIx(0));
        }
        symbol.scope = scope;
    }
}

/// Variables inside functions and blocks are locals; those of a type are its fields.
fn make_locals(facts: &Facts, symbols: &mut [Symbol], which: FirstAssignment) {
    for symbol in symbols {
        // Go writes types without a name in place: their fields are nobody's members.
        let in_place = which == FirstAssignment::Locals && symbol.kind == SymbolKind::Field;
        let data = in_place || matches!(symbol.kind, SymbolKind::Variable | SymbolKind::Constant);
        if !data || symbol.flags.has(SymbolFlags::LOCAL) {
            continue;
        }
        match facts.scopes[symbol.scope.0 as usize].kind {
            ScopeKind::Function | ScopeKind::Block => symbol.flags = symbol.flags.with(SymbolFlags::LOCAL),
            ScopeKind::Type if symbol.kind == SymbolKind::Variable => symbol.kind = SymbolKind::Field,
            _ => {}
        }
    }
}

/// What looks like an item in the body of a C or C++ function: `T x(a);` is a variable nearly always, a function without a
/// type is a macro call, an alias serves the function alone.
fn make_c_locals(facts: &Facts, symbols: &mut [Symbol]) {
    for symbol in symbols {
        let inside = matches!(facts.scopes[symbol.scope.0 as usize].kind, ScopeKind::Function | ScopeKind::Block);
        let call = symbol.kind == SymbolKind::Function && symbol.ty.is_none();
        let prototype = symbol.kind == SymbolKind::Function && symbol.flags.has(SymbolFlags::DECLARATION);
        if inside && (call || prototype || symbol.kind == SymbolKind::TypeAlias) {
            symbol.flags = symbol.flags.with(SymbolFlags::LOCAL);
        }
        if inside && prototype {
            (symbol.kind, symbol.arity) = (SymbolKind::Variable, None);
        }
    }
}

/// Keeps the first assignment of a name in a scope; the others write it.
fn keep_first_assignments(facts: &mut Facts, which: FirstAssignment) {
    let mut seen = HashSet::new();
    let mut by_name: Vec<u32> = (0..facts.symbols.len() as u32).collect();
    by_name.sort_by_key(|&ix| facts.symbols[ix as usize].name_range.start);
    let mut keep = vec![true; facts.symbols.len()];
    for ix in by_name {
        let symbol = &facts.symbols[ix as usize];
        let assigned = matches!(symbol.kind, SymbolKind::Variable | SymbolKind::Field | SymbolKind::Constant)
            && (which == FirstAssignment::All || symbol.flags.has(SymbolFlags::LOCAL));
        let parameter = symbol.kind == SymbolKind::Parameter;
        if assigned || parameter && symbol.flags.has(SymbolFlags::LOCAL) {
            let first = seen.insert((symbol.scope, symbol.name));
            keep[ix as usize] = first || parameter;
        }
    }
    for (ix, symbol) in facts.symbols.iter().enumerate() {
        if !keep[ix] {
            facts.references.push(Reference {
                name: symbol.name,
                span: symbol.name_range,
                role: Role::Write,
                scope: symbol.scope,
                receiver: Receiver::None,
            });
        }
    }
    facts.types.retain(|ty| keep[ty.symbol.0 as usize]);
    facts.references.sort_by_key(|reference| reference.span.start);
    let into: Vec<u32> = (0..keep.len() as u32).collect();
    remove(facts, &keep, &into);
}

/// Consecutive equations of one function are one symbol, which reaches from the first to the last.
fn join_equations(facts: &mut Facts) {
    let mut keep = vec![true; facts.symbols.len()];
    let mut into: Vec<u32> = (0..keep.len() as u32).collect();
    // By scope the symbol that stood there last.
    let mut last: HashMap<ScopeIx, usize> = HashMap::new();
    for ix in 0..facts.symbols.len() {
        let symbol = facts.symbols[ix];
        let equation = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method);
        if symbol.flags.has(SymbolFlags::LOCAL) && !equation {
            continue;
        }
        let before = last.get(&symbol.scope).copied().filter(|&at| equation && facts.symbols[at].name == symbol.name);
        let Some(before) = before.filter(|&at| facts.symbols[at].kind == symbol.kind) else {
            last.insert(symbol.scope, ix);
            continue;
        };
        facts.symbols[before].range.end = facts.symbols[before].range.end.max(symbol.range.end);
        (keep[ix], into[ix]) = (false, before as u32);
    }
    remove(facts, &keep, &into);
}

/// Takes symbols away; what was told of one is told of the symbol in `into` then.
fn remove(facts: &mut Facts, keep: &[bool], into: &[u32]) {
    if keep.iter().all(|keep| *keep) {
        return;
    }
    let mut kept = Vec::with_capacity(facts.symbols.len());
    let mut place = vec![0; keep.len()];
    for (ix, symbol) in facts.symbols.iter().enumerate() {
        place[ix] = if keep[ix] { kept.len() as u32 } else { place[into[ix] as usize] };
        if keep[ix] {
            kept.push(*symbol);
        }
    }
    for ty in &mut facts.types {
        ty.symbol = SymbolIx(place[ty.symbol.0 as usize]);
    }
    for scope in &mut facts.scopes {
        scope.symbol = scope.symbol.map(|ix| SymbolIx(place[ix.0 as usize]));
    }
    facts.symbols = kept;
}

/// Innermost enclosing declarations as parents; members of an `impl` get its type as container.
fn assign_parents(facts: &mut Facts) {
    let mut open: Vec<u32> = Vec::new();
    for ix in 0..facts.symbols.len() {
        let range = facts.symbols[ix].range;
        while open.last().is_some_and(|&at| {
            let around = facts.symbols[at as usize].range;
            !around.covers(range) || around == range
        }) {
            open.pop();
        }
        if let Some(&parent) = open.last() {
            let around = facts.symbols[parent as usize];
            facts.symbols[ix].parent = Some(SymbolIx(parent));
            become_method(&mut facts.symbols[ix], around.name, around.kind);
            if around.kind == SymbolKind::Implementation && !facts.symbols[ix].flags.has(SymbolFlags::LOCAL) {
                facts.symbols[ix].container.get_or_insert(around.name);
            }
        }
        if !facts.symbols[ix].flags.has(SymbolFlags::LOCAL) {
            open.push(ix as u32);
        }
    }
}

/// A function in a type is its method; one of the type's name its constructor.
fn become_method(symbol: &mut Symbol, name: NameIx, kind: SymbolKind) {
    if kind.has_members() && matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method) {
        symbol.kind = if symbol.name == name { SymbolKind::Constructor } else { SymbolKind::Method };
    }
}

/// Moves all spans from text to segment offsets.
pub(super) fn rebase(facts: &mut Facts, by: u32) {
    let shift = |span: &mut Span| {
        span.start = span.start.saturating_sub(by);
        span.end = span.end.saturating_sub(by);
    };
    if by == 0 {
        return;
    }
    for symbol in &mut facts.symbols {
        shift(&mut symbol.range);
        shift(&mut symbol.name_range);
        shift(&mut symbol.signature);
        if let Some(doc) = &mut symbol.doc {
            shift(doc);
        }
    }
    facts.references.iter_mut().for_each(|it| shift(&mut it.span));
    facts.scopes.iter_mut().for_each(|it| shift(&mut it.span));
    facts.imports.iter_mut().for_each(|it| shift(&mut it.span));
    facts.types.iter_mut().for_each(|it| shift(&mut it.span));
    facts.problems.iter_mut().for_each(|it| shift(&mut it.span));
}

/// Keeps the declarations that touch `range`, and those around them; locals and everything else go, and so do declarations
/// of a name that another one behind them defines, where the row says so.
pub(super) fn keep_outline(facts: &mut Facts, range: Span, row: &Row) {
    let superseded = if row.outline_hides_overloads { superseded(&facts.symbols) } else { HashSet::new() };
    keep_touching(facts, range, |ix, symbol| !row.outline_hides.contains(&symbol.kind) && !superseded.contains(&ix));
}

/// As `keep_outline`, but nothing is hidden; for each symbol that stays its scope's kind and start.
pub(super) fn keep_draft(facts: &mut Facts, range: Span) -> Vec<(ScopeKind, u32)> {
    let scopes: Vec<_> = facts.scopes.iter().map(|scope| (scope.kind, scope.span.start)).collect();
    let kept = keep_touching(facts, range, |_, _| true);
    kept.into_iter().map(|scope| scopes.get(scope.0 as usize).copied().unwrap_or((ScopeKind::File, 0))).collect()
}

/// Keeps the wanted declarations that touch `range` and nothing else; the scopes in which they were.
fn keep_touching(facts: &mut Facts, range: Span, wanted: impl Fn(usize, &Symbol) -> bool) -> Vec<ScopeIx> {
    let mut place: Vec<Option<SymbolIx>> = Vec::with_capacity(facts.symbols.len());
    let mut kept: Vec<Symbol> = Vec::new();
    let mut scopes = Vec::new();
    for (ix, symbol) in facts.symbols.iter().enumerate() {
        let touches = symbol.range.start <= range.end && range.start <= symbol.range.end;
        if symbol.flags.has(SymbolFlags::LOCAL) || !touches || !wanted(ix, symbol) {
            place.push(None);
            continue;
        }
        place.push(Some(SymbolIx(kept.len() as u32)));
        let parent = symbol.parent.and_then(|ix| place[ix.0 as usize]);
        scopes.push(symbol.scope);
        kept.push(Symbol { parent, scope: ScopeIx(0), ..*symbol });
    }
    facts.symbols = kept;
    facts.scopes.clear();
    facts.references.clear();
    facts.imports.clear();
    facts.types.clear();
    facts.problems.clear();
    scopes
}

/// Declarations behind which the same parent has the same name again.
fn superseded(symbols: &[Symbol]) -> HashSet<usize> {
    let mut out = HashSet::new();
    let mut seen = HashSet::new();
    for (ix, symbol) in symbols.iter().enumerate().rev() {
        let again = !seen.insert((symbol.parent, symbol.name));
        if again && symbol.flags.has(SymbolFlags::DECLARATION) {
            out.insert(ix);
        }
    }
    out
}
