//! The capture vocabulary, told in `queries/README.md`. Invariant: a name that is not here is an error. Must not know how a
//! capture is used.

use crate::facts::{Role, ScopeKind, SymbolKind};

/// What a captured node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// The whole item that declares something.
    Definition(SymbolKind),
    /// A name (or a pattern of names) that can be used in the enclosing scope only.
    Local(SymbolKind),
    Name,
    Body,
    Parameters,
    Type,
    Container,
    Extends,
    Implements,
    Alias,
    Visibility,
    Doc,
    Static,
    Deprecated,
    Test,
    Scope(ScopeKind),
    Import,
    ImportPath,
    ImportName,
    ImportAlias,
    ImportWildcard,
    ImportFile,
    ImportModule,
    ImportTree,
    /// Local name of a module's default export.
    ImportDefault,
    /// Local name of a whole module.
    ImportNamespace,
    Package,
    Wrapper,
    /// Belongs to the item behind it, as comments before that do.
    Head,
    /// An expression inside a pattern of names.
    Value,
    /// Tokens of a macro call that may hold items.
    Macro,
    Reference(Role),
    Receiver,
    /// A leaf that is no use of a name.
    Ignore,
    /// `@_x`: for predicates alone.
    Helper,
}

/// Kinds after `definition.` and `local.`.
pub const KINDS: &[(&str, SymbolKind)] = &[
    ("module", SymbolKind::Module),
    ("namespace", SymbolKind::Namespace),
    ("package", SymbolKind::Package),
    ("class", SymbolKind::Class),
    ("struct", SymbolKind::Struct),
    ("enum", SymbolKind::Enum),
    ("enum_member", SymbolKind::EnumMember),
    ("union", SymbolKind::Union),
    ("interface", SymbolKind::Interface),
    ("trait", SymbolKind::Trait),
    ("implementation", SymbolKind::Implementation),
    ("object", SymbolKind::Object),
    ("function", SymbolKind::Function),
    ("method", SymbolKind::Method),
    ("constructor", SymbolKind::Constructor),
    ("property", SymbolKind::Property),
    ("field", SymbolKind::Field),
    ("constant", SymbolKind::Constant),
    ("variable", SymbolKind::Variable),
    ("parameter", SymbolKind::Parameter),
    ("type_parameter", SymbolKind::TypeParameter),
    ("type_alias", SymbolKind::TypeAlias),
    ("macro", SymbolKind::Macro),
    ("event", SymbolKind::Event),
    ("operator", SymbolKind::Operator),
    ("test", SymbolKind::Test),
    ("heading", SymbolKind::Heading),
    ("key", SymbolKind::Key),
    ("label", SymbolKind::Label),
];

/// Roles after `reference.`; `reference` alone reads.
const ROLES: &[(&str, Role)] = &[
    ("read", Role::Read),
    ("write", Role::Write),
    ("call", Role::Call),
    ("type", Role::Type),
    ("field", Role::Field),
    ("label", Role::Label),
    ("macro", Role::Macro),
    ("path", Role::Path),
    ("attribute", Role::Attribute),
    ("mention", Role::Mention),
];

const SCOPES: &[(&str, ScopeKind)] = &[
    ("file", ScopeKind::File),
    ("module", ScopeKind::Module),
    ("type", ScopeKind::Type),
    ("function", ScopeKind::Function),
    ("block", ScopeKind::Block),
];

const PLAIN: &[(&str, Capture)] = &[
    ("name", Capture::Name),
    ("body", Capture::Body),
    ("parameters", Capture::Parameters),
    ("type", Capture::Type),
    ("container", Capture::Container),
    ("extends", Capture::Extends),
    ("implements", Capture::Implements),
    ("alias", Capture::Alias),
    ("visibility", Capture::Visibility),
    ("doc", Capture::Doc),
    ("static", Capture::Static),
    ("deprecated", Capture::Deprecated),
    ("test", Capture::Test),
    ("import", Capture::Import),
    ("import.path", Capture::ImportPath),
    ("import.name", Capture::ImportName),
    ("import.alias", Capture::ImportAlias),
    ("import.wildcard", Capture::ImportWildcard),
    ("import.file", Capture::ImportFile),
    ("import.module", Capture::ImportModule),
    ("import.tree", Capture::ImportTree),
    ("import.default", Capture::ImportDefault),
    ("import.namespace", Capture::ImportNamespace),
    ("package", Capture::Package),
    ("wrapper", Capture::Wrapper),
    ("head", Capture::Head),
    ("value", Capture::Value),
    ("macro", Capture::Macro),
    ("reference", Capture::Reference(Role::Read)),
    ("receiver", Capture::Receiver),
    ("ignore", Capture::Ignore),
];

impl Capture {
    /// By its name without `@`.
    pub fn from_name(name: &str) -> Option<Self> {
        fn of<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
            table.iter().find(|row| row.0 == name).map(|row| row.1)
        }
        if name.starts_with('_') {
            return Some(Self::Helper);
        }
        if let Some(kind) = name.strip_prefix("definition.") {
            return of(KINDS, kind).map(Self::Definition);
        }
        if let Some(kind) = name.strip_prefix("local.") {
            return of(KINDS, kind).map(Self::Local);
        }
        if let Some(role) = name.strip_prefix("reference.") {
            return of(ROLES, role).map(Self::Reference);
        }
        if let Some(kind) = name.strip_prefix("scope.") {
            return of(SCOPES, kind).map(Self::Scope);
        }
        of(PLAIN, name)
    }
}
