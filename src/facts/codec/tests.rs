//! Round trips of arbitrary facts, and arbitrary bytes that must end in an error or in sound facts.

use super::*;
use crate::base::span::Span;
use crate::facts::lines::LineIndex;
use crate::facts::*;
use proptest::prelude::*;

fn span() -> impl Strategy<Value = Span> {
    (0u32..50_000, 0u32..900).prop_map(|(start, len)| Span { start, end: start + len })
}

fn symbol(at: usize) -> impl Strategy<Value = Symbol> {
    let head = (0u32..8, 0u8..30, span(), span(), proptest::option::of(0..at.max(1) as u32), 0u32..3);
    let tail = (proptest::option::of(0u32..8), span(), proptest::option::of(span()), proptest::option::of(0u32..8));
    let last = (0u8..4, proptest::option::of(any::<u8>()), any::<u8>());
    (head, tail, last).prop_map(
        move |(
            (name, kind, range, name_range, parent, scope),
            (container, signature, doc, ty),
            (vis, arity, flags),
        )| Symbol {
            name: NameIx(name),
            kind: SymbolKind::from_number(kind).unwrap(),
            range,
            name_range,
            parent: if at == 0 { None } else { parent.map(SymbolIx) },
            scope: ScopeIx(scope),
            container: container.map(NameIx),
            signature,
            doc,
            ty: ty.map(NameIx),
            visibility: [Visibility::Unknown, Visibility::Public, Visibility::Restricted, Visibility::Private]
                [vis as usize],
            arity,
            flags: SymbolFlags(flags),
        },
    )
}

fn reference() -> impl Strategy<Value = Reference> {
    (0u32..8, span(), 0u8..10, 0u32..3, 0u8..6, 0u32..8).prop_map(|(name, span, role, scope, receiver, other)| {
        Reference {
            name: NameIx(name),
            span,
            role: Role::from_number(role).unwrap(),
            scope: ScopeIx(scope),
            receiver: match receiver {
                0 => Receiver::None,
                1 => Receiver::SelfType,
                2 => Receiver::Super,
                3 => Receiver::Name(NameIx(other)),
                4 => Receiver::Call(NameIx(other)),
                _ => Receiver::Other,
            },
        }
    })
}

fn passage() -> impl Strategy<Value = Passage> {
    let term = (0u32..8, any::<u8>(), 0u8..3).prop_map(|(text, body, name)| Term { text: NameIx(text), body, name });
    (span(), any::<bool>(), proptest::collection::vec(term, 0..6), any::<u32>(), any::<bool>()).prop_map(
        |(span, symbol, terms, length, prose)| Passage {
            span,
            symbol: symbol.then_some(SymbolIx(0)),
            terms,
            length,
            prose,
        },
    )
}

fn facts() -> impl Strategy<Value = Facts> {
    let symbols = (symbol(0), symbol(1), symbol(2));
    let references = proptest::collection::vec(reference(), 0..20);
    let passages = proptest::collection::vec(passage(), 0..4);
    (symbols, references, passages, "[a-zé😀\r\n]{0,40}", 0u8..16, (0u8..4, 0u8..5, span(), any::<bool>())).prop_map(
        |(symbols, references, passages, text, marks, (import, relation, at, flag))| {
            let mut facts =
                Facts { marks: Marks(marks), references, passages, lines: LineIndex::new(&text), ..Facts::default() };
            facts.symbols = vec![symbols.0, symbols.1, symbols.2];
            for name in ["zeta", "alpha", "a::b", "é", "Router", "x", "./util", "term"] {
                facts.names.intern(name);
            }
            facts.scopes = vec![
                Scope { span: at, parent: None, kind: ScopeKind::File, symbol: None },
                Scope { span: at, parent: Some(ScopeIx(0)), kind: ScopeKind::Type, symbol: Some(SymbolIx(1)) },
                Scope { span: at, parent: flag.then_some(ScopeIx(1)), kind: ScopeKind::Block, symbol: None },
            ];
            let kind = [ImportKind::Name, ImportKind::Module, ImportKind::Wildcard, ImportKind::File][import as usize];
            facts.imports = vec![Import {
                kind,
                path: NameIx(6),
                name: Some(NameIx(1)),
                alias: None,
                span: at,
                scope: ScopeIx(0),
                reexport: flag,
            }];
            let relation = [Relation::Extends, Relation::Implements, Relation::Has, Relation::Returns, Relation::Alias]
                [relation as usize];
            facts.types = vec![TypeUse { symbol: SymbolIx(2), relation, name: NameIx(4), span: at }];
            facts.problems = vec![Problem { span: at, missing: flag.then_some(NameIx(3)) }];
            facts.package = flag.then_some(NameIx(2));
            facts
        },
    )
}

/// Facts as stored: names sorted and only those needed, no terms.
fn stored(facts: &Facts) -> (Vec<u8>, Names) {
    let mut bytes = Vec::new();
    let mut names = Names::default();
    for name in encode_stored(facts, &mut bytes) {
        names.intern(facts.text(name));
    }
    (bytes, names)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whole_facts_come_back(facts in facts()) {
        let mut bytes = Vec::new();
        encode(&facts, &mut bytes);
        prop_assert_eq!(decode(&bytes).unwrap(), facts);
    }

    #[test]
    fn stored_facts_come_back_without_terms(facts in facts()) {
        let (bytes, names) = stored(&facts);
        let back = decode_stored(&bytes, names).unwrap();
        prop_assert!(back.passages.iter().all(|it| it.terms.is_empty()));
        prop_assert_eq!(back.symbols.len(), 3);
        for (old, new) in facts.symbols.iter().zip(&back.symbols) {
            prop_assert_eq!(facts.text(old.name), back.text(new.name));
            prop_assert_eq!((old.range, old.name_range, old.parent, old.doc), (new.range, new.name_range, new.parent, new.doc));
        }
        for (old, new) in facts.references.iter().zip(&back.references) {
            prop_assert_eq!(facts.text(old.name), back.text(new.name));
            prop_assert_eq!((old.span, old.scope, old.role), (new.span, new.scope, new.role));
        }
        // What was stored once is stored the same again.
        prop_assert_eq!(stored(&back).0, bytes);
    }

    #[test]
    fn foreign_bytes_are_sound_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn damaged_facts_are_sound_or_refused(facts in facts(), at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = Vec::new();
        encode(&facts, &mut bytes);
        let at = at.index(bytes.len());
        bytes[at] = value;
        if cut {
            bytes.truncate(at);
        }
        if let Ok(facts) = decode(&bytes) {
            for at in 0..facts.symbols.len() as u32 {
                facts.containers(SymbolIx(at));
            }
        }
    }
}

#[test]
fn another_version_is_named() {
    assert_eq!(decode(&[99]), Err(CodecError::Version(99)));
    assert_eq!(decode(&[]), Err(CodecError::Truncated));
}
