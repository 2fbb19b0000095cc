//! The closed sets that facts are made of. Invariant: the number of a variant is written to disk; add at the end only and
//! raise the codec's version. Must not know the protocol's numbers (server/to_lsp does).

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SymbolKind {
    File,
    Module,
    Namespace,
    Package,
    Class,
    Struct,
    Enum,
    EnumMember,
    Union,
    Interface,
    Trait,
    /// An `impl` block, an extension, a category: adds to a type that is declared elsewhere.
    Implementation,
    Object,
    Function,
    Method,
    Constructor,
    Property,
    Field,
    Constant,
    Variable,
    Parameter,
    TypeParameter,
    TypeAlias,
    Macro,
    Event,
    Operator,
    Test,
    /// A heading of a document, a selector of a style sheet, an element of a page.
    Heading,
    /// A key of a data file.
    Key,
    Label,
}

/// Who may use a declaration, as far as the syntax tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Visibility {
    #[default]
    Unknown,
    Public,
    /// Package, crate, internal, protected.
    Restricted,
    Private,
}

/// How a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    Read,
    Write,
    Call,
    Type,
    Field,
    /// Key of a struct or object literal, name of a keyword argument.
    Label,
    Macro,
    /// A component of a path or of an import.
    Path,
    Attribute,
    /// Nothing is known of the use but the name.
    Mention,
}

/// What stands before a used name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receiver {
    #[default]
    None,
    /// `self.`, `this.`, `Self::`.
    SelfType,
    /// `super.`, `base.`.
    Super,
    /// A name or a path of names, joined as written: `x`, `a::b`, `pkg`.
    Name(super::NameIx),
    /// The result of a call of that name: `f().`.
    Call(super::NameIx),
    /// Something more complicated.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ScopeKind {
    File,
    Module,
    Type,
    Function,
    Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ImportKind {
    /// One name out of a module.
    Name,
    /// The module itself, under its last component or an alias.
    Module,
    /// All names of a module.
    Wildcard,
    /// Text inclusion (`#include`, `require`, `source`): all names, by file path.
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Relation {
    Extends,
    Implements,
    /// Declared type of a variable, field or parameter.
    Has,
    Returns,
    /// Target of an alias.
    Alias,
}

impl SymbolKind {
    const ALL: [Self; 30] = [
        Self::File,
        Self::Module,
        Self::Namespace,
        Self::Package,
        Self::Class,
        Self::Struct,
        Self::Enum,
        Self::EnumMember,
        Self::Union,
        Self::Interface,
        Self::Trait,
        Self::Implementation,
        Self::Object,
        Self::Function,
        Self::Method,
        Self::Constructor,
        Self::Property,
        Self::Field,
        Self::Constant,
        Self::Variable,
        Self::Parameter,
        Self::TypeParameter,
        Self::TypeAlias,
        Self::Macro,
        Self::Event,
        Self::Operator,
        Self::Test,
        Self::Heading,
        Self::Key,
        Self::Label,
    ];

    /// Whether functions in it are its methods: a type, or a block that adds to one. An alias of a type is none.
    pub fn has_members(self) -> bool {
        matches!(
            self,
            Self::Class
                | Self::Struct
                | Self::Enum
                | Self::Union
                | Self::Interface
                | Self::Trait
                | Self::Implementation
                | Self::Object
        )
    }

    /// The kind whose number on disk this is.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A set of kinds of declarations; tests, whatever their kind, are told from the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KindSet(pub u64);

impl KindSet {
    /// Every declaration, and what declares nothing.
    pub const ALL: Self = Self(u64::MAX);
    /// What declares nothing: a passage of prose, of statements.
    pub const PLAIN: Self = Self(1 << 63);
    /// Every test.
    pub const TESTS: Self = Self(!Self::PLAIN.0 & !(u32::MAX as u64));

    /// A kind, as a test or not: in both.
    pub fn of(kind: SymbolKind) -> Self {
        Self(1 << kind as u8 | 1 << (32 + kind as u8))
    }

    /// What a symbol of this kind is; in one place of the set.
    pub fn of_symbol(kind: SymbolKind, flags: super::SymbolFlags) -> Self {
        let is_test = kind == SymbolKind::Test || flags.has(super::SymbolFlags::TEST);
        Self(1 << (kind as u8 + if is_test { 32 } else { 0 }))
    }

    /// What is in either.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is here and not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the two have anything in common.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Role {
    const ALL: [Self; 10] = [
        Self::Read,
        Self::Write,
        Self::Call,
        Self::Type,
        Self::Field,
        Self::Label,
        Self::Macro,
        Self::Path,
        Self::Attribute,
        Self::Mention,
    ];

    /// The role whose number on disk this is.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}
