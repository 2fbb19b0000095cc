//! Reads what `write` wrote, from bytes that nobody vouches for. Invariant: whatever comes back has indices in range,
//! parents before children and ascending lines; else an error.

use super::bytes::Reader;
use super::{CodecError, MAX_ITEMS};
use crate::base::span::Span;
use crate::facts::lines::{LineIndex, WideChar};
use crate::facts::*;

type Read<T> = Result<T, CodecError>;

/// All tables but the names.
pub fn body(input: &mut Reader<'_>, names: Names, terms: bool) -> Read<Facts> {
    let head = input.byte()?;
    if head >> 1 > Marks::ALL.0 || (head & 1 != 0) != terms {
        return Err(CodecError::Invalid("head"));
    }
    let count = names.len() as u32;
    let mut facts = Facts { names, marks: Marks(head >> 1), ..Facts::default() };
    facts.package = optional_name(input, count)?;
    facts.symbols = symbols(input, &facts.names)?;
    facts.references = references(input, &facts.names)?;
    facts.scopes = scopes(input, facts.symbols.len())?;
    let scopes = facts.scopes.len() as u32;
    let in_range = |scope: ScopeIx| scope.0 < scopes || scopes == 0 && scope.0 == 0;
    if !facts.symbols.iter().all(|it| in_range(it.scope)) || !facts.references.iter().all(|it| in_range(it.scope)) {
        return Err(CodecError::Invalid("scopes"));
    }
    facts.imports = imports(input, count)?;
    if !facts.imports.iter().all(|it| in_range(it.scope)) {
        return Err(CodecError::Invalid("imports"));
    }
    let symbols = facts.symbols.len() as u32;
    for span in spans(input)? {
        let symbol = SymbolIx(below(input, symbols, "types")?);
        let relation = relation(input.byte()?)?;
        facts.types.push(TypeUse { symbol, relation, name: name(input, count)?, span });
    }
    for span in spans(input)? {
        facts.problems.push(Problem { span, missing: optional_name(input, count)? });
    }
    facts.passages = passages(input, count, symbols, terms)?;
    facts.lines = lines(input)?;
    if input.left() != 0 {
        return Err(CodecError::Invalid("end"));
    }
    Ok(facts)
}

fn below(input: &mut Reader<'_>, limit: u32, table: &'static str) -> Read<u32> {
    let value = input.small()?;
    if value < limit { Ok(value) } else { Err(CodecError::Invalid(table)) }
}

fn name(input: &mut Reader<'_>, count: u32) -> Read<NameIx> {
    Ok(NameIx(below(input, count, "names")?))
}

fn optional(input: &mut Reader<'_>, limit: u32, table: &'static str) -> Read<Option<u32>> {
    match input.varint()? {
        0 => Ok(None),
        value if value <= u64::from(limit) => Ok(Some(value as u32 - 1)),
        _ => Err(CodecError::Invalid(table)),
    }
}

fn optional_name(input: &mut Reader<'_>, count: u32) -> Read<Option<NameIx>> {
    Ok(optional(input, count, "names")?.map(NameIx))
}

/// A 32-bit number `base + delta`, where `delta` is the next signed number.
fn moved(input: &mut Reader<'_>, base: i64) -> Read<u32> {
    let value = base.checked_add(input.signed()?).ok_or(CodecError::Invalid("number"))?;
    u32::try_from(value).map_err(|_| CodecError::Invalid("number"))
}

fn sized(start: u32, length: u64) -> Read<Span> {
    let end = u64::from(start) + length.min(u64::from(u32::MAX) + 1);
    Ok(Span { start, end: u32::try_from(end).map_err(|_| CodecError::Invalid("span"))? })
}

fn spans(input: &mut Reader<'_>) -> Read<Vec<Span>> {
    let count = input.count()?;
    let mut all = Vec::with_capacity(count);
    let mut last = 0;
    for _ in 0..count {
        last = moved(input, i64::from(last))?;
        all.push(Span { start: last, end: last });
    }
    for span in &mut all {
        *span = sized(span.start, input.varint()?)?;
    }
    Ok(all)
}

fn inner(input: &mut Reader<'_>, base: u32) -> Read<Span> {
    let start = moved(input, i64::from(base))?;
    sized(start, input.varint()?)
}

fn parent(input: &mut Reader<'_>, at: usize) -> Read<Option<u32>> {
    match input.varint()? {
        0 => Ok(None),
        back if back <= at as u64 => Ok(Some((at as u64 - back) as u32)),
        _ => Err(CodecError::Invalid("parents")),
    }
}

fn symbols(input: &mut Reader<'_>, names: &Names) -> Read<Vec<Symbol>> {
    let count = names.len() as u32;
    let mut all = Vec::new();
    let ranges = spans(input)?;
    all.reserve(ranges.len());
    for range in ranges {
        let name = name(input, count)?;
        all.push(Symbol {
            name,
            kind: SymbolKind::File,
            range,
            name_range: range,
            parent: None,
            scope: ScopeIx(0),
            container: None,
            signature: range,
            doc: None,
            ty: None,
            visibility: Visibility::Unknown,
            arity: None,
            flags: SymbolFlags(0),
        });
    }
    for it in &mut all {
        it.kind = SymbolKind::from_number(input.byte()?).ok_or(CodecError::Invalid("kinds"))?;
    }
    for it in &mut all {
        it.flags = SymbolFlags(input.byte()?);
    }
    for it in &mut all {
        let start = moved(input, i64::from(it.range.start))?;
        let length = moved(input, names.get(it.name).len() as i64)?;
        it.name_range = sized(start, u64::from(length))?;
    }
    for (at, it) in all.iter_mut().enumerate() {
        it.parent = parent(input, at)?.map(SymbolIx);
    }
    symbol_details(input, count, &mut all)?;
    Ok(all)
}

fn symbol_details(input: &mut Reader<'_>, count: u32, all: &mut [Symbol]) -> Read<()> {
    for it in all.iter_mut() {
        it.scope = ScopeIx(input.small()?);
    }
    for it in all.iter_mut() {
        it.container = optional_name(input, count)?;
    }
    for it in all.iter_mut() {
        it.ty = optional_name(input, count)?;
    }
    for it in all.iter_mut() {
        it.signature = inner(input, it.range.start)?;
    }
    for it in all.iter_mut() {
        let bits = input.byte()?;
        it.visibility = match bits & 3 {
            0 => Visibility::Unknown,
            1 => Visibility::Public,
            2 => Visibility::Restricted,
            _ => Visibility::Private,
        };
        it.doc = (bits & 4 != 0).then_some(it.range);
        it.arity = (bits & 8 != 0).then_some(0);
        if bits > 15 {
            return Err(CodecError::Invalid("symbols"));
        }
    }
    for arity in all.iter_mut().filter_map(|it| it.arity.as_mut()) {
        *arity = input.byte()?;
    }
    for it in all.iter_mut() {
        if it.doc.is_some() {
            it.doc = Some(inner(input, it.range.start)?);
        }
    }
    Ok(())
}

fn references(input: &mut Reader<'_>, names: &Names) -> Read<Vec<Reference>> {
    let count = input.count()?;
    let mut starts = Vec::with_capacity(count);
    for _ in 0..count {
        starts.push(input.signed()?);
    }
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let name = name(input, names.len() as u32)?;
        all.push(Reference {
            name,
            span: Span::default(),
            role: Role::Mention,
            scope: ScopeIx(0),
            receiver: Receiver::None,
        });
    }
    let mut tags = Vec::with_capacity(count);
    for it in &mut all {
        let tag = input.byte()?;
        it.role = Role::from_number(tag & 15).ok_or(CodecError::Invalid("roles"))?;
        tags.push(tag);
    }
    let (mut scope, mut last) = (0, 0i64);
    for ((it, tag), start) in all.iter_mut().zip(tags).zip(starts) {
        let mut length = names.get(it.name).len() as i64;
        if tag & 0x80 != 0 {
            scope = moved(input, i64::from(scope))?;
            length = i64::from(moved(input, length)?);
        }
        it.scope = ScopeIx(scope);
        it.receiver = match tag >> 4 & 7 {
            0 => Receiver::None,
            1 => Receiver::SelfType,
            2 => Receiver::Super,
            3 => Receiver::Name(name(input, names.len() as u32)?),
            4 => Receiver::Call(name(input, names.len() as u32)?),
            5 => Receiver::Other,
            _ => return Err(CodecError::Invalid("receivers")),
        };
        let start =
            last.checked_add(start).and_then(|it| u32::try_from(it).ok()).ok_or(CodecError::Invalid("references"))?;
        it.span = sized(start, length as u64)?;
        last = i64::from(it.span.end);
    }
    Ok(all)
}

fn scopes(input: &mut Reader<'_>, symbols: usize) -> Read<Vec<Scope>> {
    let mut all: Vec<Scope> = Vec::new();
    for (at, span) in spans(input)?.into_iter().enumerate() {
        all.push(Scope { span, parent: parent(input, at)?.map(ScopeIx), kind: ScopeKind::File, symbol: None });
    }
    for it in &mut all {
        it.kind = match input.byte()? {
            0 => ScopeKind::File,
            1 => ScopeKind::Module,
            2 => ScopeKind::Type,
            3 => ScopeKind::Function,
            4 => ScopeKind::Block,
            _ => return Err(CodecError::Invalid("scopes")),
        };
    }
    for it in &mut all {
        it.symbol = optional(input, symbols as u32, "scopes")?.map(SymbolIx);
    }
    Ok(all)
}

fn imports(input: &mut Reader<'_>, count: u32) -> Read<Vec<Import>> {
    let mut all = Vec::new();
    for span in spans(input)? {
        let bits = input.byte()?;
        let kind = match bits & 15 {
            0 => ImportKind::Name,
            1 => ImportKind::Module,
            2 => ImportKind::Wildcard,
            3 => ImportKind::File,
            _ => return Err(CodecError::Invalid("imports")),
        };
        all.push(Import {
            kind,
            path: name(input, count)?,
            name: optional_name(input, count)?,
            alias: optional_name(input, count)?,
            span,
            scope: ScopeIx(input.small()?),
            reexport: bits & 16 != 0,
        });
    }
    Ok(all)
}

fn relation(number: u8) -> Read<Relation> {
    Ok(match number {
        0 => Relation::Extends,
        1 => Relation::Implements,
        2 => Relation::Has,
        3 => Relation::Returns,
        4 => Relation::Alias,
        _ => return Err(CodecError::Invalid("types")),
    })
}

fn passages(input: &mut Reader<'_>, count: u32, symbols: u32, terms: bool) -> Read<Vec<Passage>> {
    let mut all = Vec::new();
    for span in spans(input)? {
        let head = input.varint()?;
        let symbol = match head >> 1 {
            0 => None,
            it if it <= u64::from(symbols) => Some(SymbolIx(it as u32 - 1)),
            _ => return Err(CodecError::Invalid("passages")),
        };
        all.push(Passage { span, symbol, terms: Vec::new(), length: input.small()?, prose: head & 1 != 0 });
    }
    if terms {
        for it in &mut all {
            let length = input.count()?;
            it.terms.reserve(length);
            for _ in 0..length {
                let head = input.varint()?;
                if head >> 1 >= u64::from(count) {
                    return Err(CodecError::Invalid("terms"));
                }
                let (body, name) = if head & 1 != 0 { (input.byte()?, input.byte()?) } else { (1, 0) };
                it.terms.push(Term { text: NameIx((head >> 1) as u32), body, name });
            }
        }
    }
    Ok(all)
}

fn lines(input: &mut Reader<'_>) -> Read<LineIndex> {
    let len = input.small()?;
    let count = input.count()?;
    let mut lines = LineIndex { starts: Vec::with_capacity(count), wide: Vec::new(), len };
    let mut last = 0u64;
    for _ in 0..count {
        last += input.varint()?.min(MAX_ITEMS * 1024);
        lines.starts.push(u32::try_from(last).map_err(|_| CodecError::Invalid("lines"))?);
    }
    let count = input.count()?;
    last = 0;
    for _ in 0..count {
        let value = input.varint()?;
        last += (value >> 2).min(MAX_ITEMS * 1024);
        let offset = u32::try_from(last).map_err(|_| CodecError::Invalid("lines"))?;
        if value & 3 == 3 {
            return Err(CodecError::Invalid("lines"));
        }
        lines.wide.push(WideChar { offset, utf8_len: (value & 3) as u8 + 2 });
    }
    Ok(lines)
}
