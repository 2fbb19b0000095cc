//! The kinds of declarations that a filter can name. Invariant: every kind that can answer has a name here; a name that is wider
//! than its kind says so in the documentation. Must not know languages.

use crate::facts::{KindSet, SymbolKind};

/// Names, first the ones that are listed, with what they mean.
const KINDS: &[(&[&str], &[SymbolKind])] = {
    use SymbolKind::{
        Class, Constant, Constructor, Enum, EnumMember, Event, Field, Function, Heading, Implementation, Interface,
        Key, Label, Macro, Method, Module, Namespace, Object, Operator, Package, Property, Struct, Trait, TypeAlias,
        Union, Variable,
    };
    &[
        (&["function", "fn", "func", "def"], &[Function, Method, Constructor, Operator]),
        (&["method"], &[Method, Constructor]),
        (&["constructor"], &[Constructor]),
        (&["type"], &[Class, Struct, Enum, Union, Interface, Trait, Object, TypeAlias]),
        (&["class"], &[Class, Struct, Object]),
        (&["struct", "record"], &[Struct, Union]),
        (&["interface", "protocol"], &[Interface, Trait]),
        (&["trait"], &[Trait, Interface]),
        (&["enum"], &[Enum]),
        (&["member", "enummember", "variant"], &[EnumMember]),
        (&["union"], &[Union]),
        (&["object"], &[Object]),
        (&["alias", "typealias", "typedef"], &[TypeAlias]),
        (&["impl", "implementation", "extension"], &[Implementation]),
        (&["module", "mod"], &[Module, Namespace, Package]),
        (&["namespace"], &[Namespace]),
        (&["package"], &[Package]),
        (&["variable", "var"], &[Variable]),
        (&["constant", "const"], &[Constant]),
        (&["field", "property"], &[Field, Property]),
        (&["macro"], &[Macro]),
        (&["operator"], &[Operator]),
        (&["event"], &[Event]),
        (&["heading", "section"], &[Heading]),
        (&["key"], &[Key]),
        (&["label"], &[Label]),
    ]
};

/// What a name means; `test` is every declaration that is one.
pub fn of(name: &str) -> Option<KindSet> {
    let name = name.to_lowercase();
    let said = |name: &str| KINDS.iter().find(|it| it.0.contains(&name)).map(|it| it.1);
    // `tests`, `properties`, `classes`: only where it is no name as it is (`alias`).
    let one = name.strip_suffix('s').unwrap_or(&name);
    if name == "test" || one == "test" {
        return Some(KindSet::TESTS);
    }
    let many = || {
        said(one).or_else(|| said(one.strip_suffix('e')?)).or_else(|| said(&format!("{}y", one.strip_suffix("ie")?)))
    };
    let kinds = said(&name).or_else(many)?;
    Some(kinds.iter().fold(KindSet::default(), |all, &it| all.with(KindSet::of(it))))
}

/// The names that are told.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = KINDS.iter().map(|it| it.0[0]).collect();
    names.insert(3, "test");
    names
}
