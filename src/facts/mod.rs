//! What one segment of text says by itself. Invariant: facts depend on text and language alone; every span counts bytes
//! from the segment's start; every index points into a table of the same `Facts`. Must not know paths or other files.

pub mod codec;
pub mod kinds;
pub mod lines;
pub mod names;
pub mod purpose;
mod weight;
pub mod words;

pub use kinds::{ImportKind, KindSet, Receiver, Relation, Role, ScopeKind, SymbolKind, Visibility};
pub use lines::LineIndex;
pub use names::{NameIx, Names, last_part};
pub use purpose::Marks;

use crate::base::span::Span;

/// Index into [`Facts::symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolIx(pub u32);

/// Index into [`Facts::scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeIx(pub u32);

/// All that a segment says. Tables are in document order (by start, then longer first).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Every string below, interned once.
    pub names: Names,
    /// Declarations, parents before children; locals and parameters too (flag `LOCAL`).
    pub symbols: Vec<Symbol>,
    /// Uses of names, declarations' own names excluded.
    pub references: Vec<Reference>,
    /// Scopes, parents before children; the first is the segment itself.
    pub scopes: Vec<Scope>,
    pub imports: Vec<Import>,
    /// Types as written: supertypes, declared and returned types, aliases' targets.
    pub types: Vec<TypeUse>,
    pub problems: Vec<Problem>,
    /// The units of search; they do not overlap and together cover all that is not blank.
    pub passages: Vec<Passage>,
    pub lines: LineIndex,
    /// Package, module or namespace that the file declares for itself (`package a.b;`), as written.
    pub package: Option<NameIx>,
    /// What the text says of its file; of the first segment's head, mostly.
    pub marks: Marks,
}

/// One declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    pub name: NameIx,
    pub kind: SymbolKind,
    /// The whole item with its attributes, without its documentation.
    pub range: Span,
    /// Exactly the identifier.
    pub name_range: Span,
    pub parent: Option<SymbolIx>,
    /// The scope in which the name can be used (of its parent's body, of the block, of the file).
    pub scope: ScopeIx,
    /// Owner that the syntax names without containing the item (Go receiver, Rust `impl` type, C++ `A::f`), simple name.
    pub container: Option<NameIx>,
    /// From the item's start to where its body starts; the whole item where it has none.
    pub signature: Span,
    /// Its documentation: comments directly before it, or the docstring inside.
    pub doc: Option<Span>,
    /// Simple name of the type that it is declared with or returns.
    pub ty: Option<NameIx>,
    pub visibility: Visibility,
    /// Number of parameters where it takes any list of them (self, this excluded).
    pub arity: Option<u8>,
    pub flags: SymbolFlags,
}

/// A set of properties of a symbol, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SymbolFlags(pub u8);

impl SymbolFlags {
    /// Parameter, local variable, type parameter: not part of the outline, not in workspace symbols.
    pub const LOCAL: Self = Self(1);
    /// A declaration whose definition is elsewhere (C prototype, abstract member without a body is not one).
    pub const DECLARATION: Self = Self(2);
    /// A test function or suite, by syntax (`#[test]`, `func TestX`, `def test_x`, `it(...)`).
    pub const TEST: Self = Self(4);
    pub const DEPRECATED: Self = Self(8);
    pub const STATIC: Self = Self(16);
    /// Found inside a macro call's token tree.
    pub const IN_MACRO: Self = Self(32);
    /// Usable only after its own position (`let` in Rust, not a function in JavaScript).
    pub const ORDERED: Self = Self(64);
    /// In a branch of `#if` that the compilers of this platform certainly leave out.
    pub const LEFT_OUT: Self = Self(128);

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// One use of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    pub name: NameIx,
    pub span: Span,
    pub role: Role,
    pub scope: ScopeIx,
    /// What stands before it: `x.` in `x.name`, `a::b::` in `a::b::name`.
    pub receiver: Receiver,
}

/// A region in which declared names can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    pub span: Span,
    pub parent: Option<ScopeIx>,
    pub kind: ScopeKind,
    /// The symbol whose body it is.
    pub symbol: Option<SymbolIx>,
}

/// One imported name, or one import of all names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    pub kind: ImportKind,
    /// Where it comes from, as written, without quotes and without the imported name: `std::collections`, `./util`, `a.b`.
    pub path: NameIx,
    /// The name taken from there; none where the module itself or all its names are imported.
    pub name: Option<NameIx>,
    /// The name it gets here where that is another one.
    pub alias: Option<NameIx>,
    /// The imported identifier (or the path, where there is no name).
    pub span: Span,
    pub scope: ScopeIx,
    /// It is visible to those who import this file (`pub use`, `export ... from`).
    pub reexport: bool,
}

/// A type as written in a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeUse {
    pub symbol: SymbolIx,
    pub relation: Relation,
    /// Simple name, without path and arguments.
    pub name: NameIx,
    pub span: Span,
}

/// A syntax error as the grammar sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    pub span: Span,
    /// What is missing there (`;`, `identifier`); none: the text is unexpected.
    pub missing: Option<NameIx>,
}

/// The unit of embedding and search: about 900 to 1,500 characters along the syntax.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    pub span: Span,
    /// The innermost symbol (never a local) that covers it all; it is the answer that is shown.
    pub symbol: Option<SymbolIx>,
    /// Distinct terms of the analyser (`facts/words`), by name index, with counts.
    pub terms: Vec<Term>,
    /// Number of terms counted with repetition: the length that ranking normalises by.
    pub length: u32,
    /// Mostly comment or documentation text, no declaration in it.
    pub prose: bool,
}

/// One term of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    pub text: NameIx,
    /// Occurrences in the passage, names included (saturating).
    pub body: u8,
    /// Occurrences in the names declared in it (saturating).
    pub name: u8,
}

impl Facts {
    /// The text of an interned name.
    pub fn text(&self, name: NameIx) -> &str {
        self.names.get(name)
    }

    /// The symbol at `ix`; out of range is a defect of the maker, so it panics in tests and never leaves the worker.
    pub fn symbol(&self, ix: SymbolIx) -> &Symbol {
        &self.symbols[ix.0 as usize]
    }

    /// Names of the symbols that contain `ix`, outermost first.
    pub fn containers(&self, ix: SymbolIx) -> Vec<&str> {
        let mut out = Vec::new();
        let mut at = self.symbol(ix).parent;
        while let Some(parent) = at {
            out.push(self.text(self.symbol(parent).name));
            at = self.symbol(parent).parent;
        }
        out.reverse();
        out
    }
}
