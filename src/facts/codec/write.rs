//! Writes the tables of `Facts` column by column. Invariant: `read` takes exactly what this gives, in the same order.

use super::bytes::{put_signed, put_varint};
use crate::base::span::Span;
use crate::facts::{Facts, NameIx, Receiver, SymbolFlags, last_part};

type Number<'a> = &'a dyn Fn(NameIx) -> u32;

/// Which names anything but terms uses, by index.
pub fn used_names(facts: &Facts) -> Vec<bool> {
    let mut used = vec![false; facts.names.len()];
    let mut mark = |name: NameIx| {
        if let Some(it) = used.get_mut(name.0 as usize) {
            *it = true;
        }
    };
    for symbol in &facts.symbols {
        mark(symbol.name);
        symbol.container.map(&mut mark);
        symbol.ty.map(&mut mark);
        if !symbol.flags.has(SymbolFlags::LOCAL) {
            let last = last_part(symbol.kind, facts.text(symbol.name));
            last.and_then(|it| facts.names.lookup(it)).map(&mut mark);
        }
    }
    for reference in &facts.references {
        mark(reference.name);
        if let Receiver::Name(name) | Receiver::Call(name) = reference.receiver {
            mark(name);
        }
    }
    for import in &facts.imports {
        mark(import.path);
        import.name.map(&mut mark);
        import.alias.map(&mut mark);
    }
    facts.types.iter().for_each(|it| mark(it.name));
    facts.problems.iter().filter_map(|it| it.missing).for_each(&mut mark);
    facts.package.map(&mut mark);
    used
}

/// All tables but the names; `number` renumbers names.
pub fn body(facts: &Facts, number: Number<'_>, terms: bool, out: &mut Vec<u8>) {
    out.push(u8::from(terms) | facts.marks.0 << 1);
    optional(out, facts.package.map(number));
    symbols(facts, number, out);
    references(facts, number, out);
    scopes(facts, out);
    imports(facts, number, out);
    spans(out, facts.types.iter().map(|it| it.span));
    for it in &facts.types {
        put_varint(out, u64::from(it.symbol.0));
        out.push(it.relation as u8);
        put_varint(out, u64::from(number(it.name)));
    }
    spans(out, facts.problems.iter().map(|it| it.span));
    facts.problems.iter().for_each(|it| optional(out, it.missing.map(number)));
    passages(facts, number, terms, out);
    lines(facts, out);
}

fn optional(out: &mut Vec<u8>, value: Option<u32>) {
    put_varint(out, value.map_or(0, |it| u64::from(it) + 1));
}

/// A counted column of spans: starts against the one before, then lengths.
fn spans(out: &mut Vec<u8>, all: impl ExactSizeIterator<Item = Span> + Clone) {
    put_varint(out, all.len() as u64);
    let mut last = 0;
    for span in all.clone() {
        put_signed(out, i64::from(span.start) - last);
        last = i64::from(span.start);
    }
    all.for_each(|span| put_varint(out, u64::from(span.len())));
}

/// A span inside another thing, against that thing's start.
fn inner(out: &mut Vec<u8>, span: Span, base: u32) {
    put_signed(out, i64::from(span.start) - i64::from(base));
    put_varint(out, u64::from(span.len()));
}

fn symbols(facts: &Facts, number: Number<'_>, out: &mut Vec<u8>) {
    let all = &facts.symbols;
    spans(out, all.iter().map(|it| it.range));
    all.iter().for_each(|it| put_varint(out, u64::from(number(it.name))));
    all.iter().for_each(|it| out.push(it.kind as u8));
    all.iter().for_each(|it| out.push(it.flags.0));
    for it in all {
        put_signed(out, i64::from(it.name_range.start) - i64::from(it.range.start));
        put_signed(out, i64::from(it.name_range.len()) - facts.text(it.name).len() as i64);
    }
    for (at, it) in all.iter().enumerate() {
        put_varint(out, it.parent.map_or(0, |parent| (at as u64).saturating_sub(u64::from(parent.0))));
    }
    all.iter().for_each(|it| put_varint(out, u64::from(it.scope.0)));
    all.iter().for_each(|it| optional(out, it.container.map(number)));
    all.iter().for_each(|it| optional(out, it.ty.map(number)));
    all.iter().for_each(|it| inner(out, it.signature, it.range.start));
    all.iter().for_each(|it| {
        out.push(it.visibility as u8 | u8::from(it.doc.is_some()) << 2 | u8::from(it.arity.is_some()) << 3)
    });
    all.iter().filter_map(|it| it.arity).for_each(|arity| out.push(arity));
    all.iter().for_each(|it| {
        if let Some(doc) = it.doc {
            inner(out, doc, it.range.start);
        }
    });
}

fn references(facts: &Facts, number: Number<'_>, out: &mut Vec<u8>) {
    let all = &facts.references;
    put_varint(out, all.len() as u64);
    let mut last = 0;
    for it in all {
        put_signed(out, i64::from(it.span.start) - last);
        last = i64::from(it.span.end);
    }
    all.iter().for_each(|it| put_varint(out, u64::from(number(it.name))));
    // One byte holds role, receiver and whether anything else has to be said.
    let mut scope = 0;
    for it in all {
        let plain = it.span.len() as usize == facts.text(it.name).len();
        let receiver = match it.receiver {
            Receiver::None => 0,
            Receiver::SelfType => 1,
            Receiver::Super => 2,
            Receiver::Name(_) => 3,
            Receiver::Call(_) => 4,
            Receiver::Other => 5,
        };
        out.push(it.role as u8 | receiver << 4 | u8::from(it.scope.0 != scope || !plain) << 7);
        scope = it.scope.0;
    }
    scope = 0;
    for it in all {
        let length = facts.text(it.name).len() as i64;
        if it.scope.0 != scope || i64::from(it.span.len()) != length {
            put_signed(out, i64::from(it.scope.0) - i64::from(scope));
            put_signed(out, i64::from(it.span.len()) - length);
        }
        scope = it.scope.0;
        if let Receiver::Name(name) | Receiver::Call(name) = it.receiver {
            put_varint(out, u64::from(number(name)));
        }
    }
}

fn scopes(facts: &Facts, out: &mut Vec<u8>) {
    spans(out, facts.scopes.iter().map(|it| it.span));
    for (at, it) in facts.scopes.iter().enumerate() {
        put_varint(out, it.parent.map_or(0, |parent| (at as u64).saturating_sub(u64::from(parent.0))));
    }
    facts.scopes.iter().for_each(|it| out.push(it.kind as u8));
    facts.scopes.iter().for_each(|it| optional(out, it.symbol.map(|symbol| symbol.0)));
}

fn imports(facts: &Facts, number: Number<'_>, out: &mut Vec<u8>) {
    spans(out, facts.imports.iter().map(|it| it.span));
    for it in &facts.imports {
        out.push(it.kind as u8 | u8::from(it.reexport) << 4);
        put_varint(out, u64::from(number(it.path)));
        optional(out, it.name.map(number));
        optional(out, it.alias.map(number));
        put_varint(out, u64::from(it.scope.0));
    }
}

fn passages(facts: &Facts, number: Number<'_>, terms: bool, out: &mut Vec<u8>) {
    let all = &facts.passages;
    spans(out, all.iter().map(|it| it.span));
    for it in all {
        put_varint(out, it.symbol.map_or(0, |symbol| u64::from(symbol.0) + 1) << 1 | u64::from(it.prose));
        put_varint(out, u64::from(it.length));
    }
    if !terms {
        return;
    }
    for it in all {
        put_varint(out, it.terms.len() as u64);
        for term in &it.terms {
            put_varint(out, u64::from(number(term.text)) << 1 | u64::from(term.body != 1 || term.name != 0));
            if term.body != 1 || term.name != 0 {
                out.extend([term.body, term.name]);
            }
        }
    }
}

fn lines(facts: &Facts, out: &mut Vec<u8>) {
    let lines = &facts.lines;
    put_varint(out, u64::from(lines.len));
    put_varint(out, lines.starts.len() as u64);
    let mut last = 0;
    for &start in &lines.starts {
        put_varint(out, u64::from(start.saturating_sub(last)));
        last = start;
    }
    put_varint(out, lines.wide.len() as u64);
    last = 0;
    for wide in &lines.wide {
        // Two low bits: the length less two.
        put_varint(
            out,
            u64::from(wide.offset.saturating_sub(last)) << 2 | u64::from(wide.utf8_len.saturating_sub(2) & 3),
        );
        last = wide.offset;
    }
}
