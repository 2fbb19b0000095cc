//! The query files of the languages, compiled to tables by node kind. Invariant: a language whose files do not compile has
//! no tables (a test holds that none is so); compiling happens once a process. Must not know what is made of a capture.

pub mod captures;
mod compile;
pub mod matcher;
pub mod sexp;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use tree_sitter::Language;

use super::languages::Lang;
use crate::facts::Role;
use captures::Capture;
use sexp::Quantifier;

/// Which nodes a pattern takes.
#[derive(Clone, Debug)]
pub enum Kinds {
    Any,
    Named,
    Ids(Box<[u16]>),
}

impl Kinds {
    /// Whether it takes this kind.
    #[inline]
    pub fn takes(&self, kind: u16, named: bool) -> bool {
        match self {
            Kinds::Any => true,
            Kinds::Named => named,
            Kinds::Ids(ids) => ids.contains(&kind),
        }
    }
}

/// A node pattern with its alternatives resolved.
#[derive(Clone, Debug)]
pub struct Pat {
    pub kinds: Kinds,
    pub captures: Box<[Capture]>,
    /// Ids of helper captures, for predicates.
    pub helpers: Box<[u8]>,
    pub children: Box<[Child]>,
    pub absent: Box<[u16]>,
}

/// A child of a pattern.
#[derive(Clone, Debug)]
pub struct Child {
    pub field: Option<u16>,
    pub either: Box<[Pat]>,
    pub quantifier: Quantifier,
    pub first: bool,
}

/// A condition on captured text.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// Index into the pattern's list of helper captures.
    pub helper: u8,
    pub texts: Box<[String]>,
    pub negated: bool,
    /// The text begins with one of `texts`, rather than equals one.
    pub prefix: bool,
}

/// What `#set!` says of a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    pub declaration: bool,
    pub test: bool,
    pub deprecated: bool,
    pub is_static: bool,
    pub ordered: bool,
    pub reexport: bool,
    pub public: bool,
    pub private: bool,
    /// Variables in this wrapper are constants.
    pub constant: bool,
    /// No scope of its own for this definition.
    pub no_scope: bool,
    /// It declares nothing here: it only keeps the patterns below it from this node.
    pub nothing: bool,
}

/// A pattern that is tried at each node of its root kinds.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub root: Pat,
    pub predicates: Box<[Predicate]>,
    pub sets: Sets,
    /// `#parent?`: the root's parent is of one of these kinds; any where there is none.
    pub parents: Box<[u16]>,
    /// It declares an item: the first such pattern that holds at a node is the only one.
    pub defines: bool,
    /// What it finds may belong to the item behind it.
    pub heads: bool,
}

/// One step from a leaf to its ancestors.
#[derive(Clone, Debug)]
pub struct Step {
    /// Field of the node below in this one; any where none.
    pub field: Option<u16>,
    pub kinds: Kinds,
}

/// Which child of a leaf's parent is its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    Field(u16),
    /// The first named child, for grammars without a field there; the leaf itself is then another child.
    First,
}

/// What a leaf is by its ancestors: a pattern with one `@reference` or `@ignore` capture, read from the leaf upwards.
#[derive(Clone, Debug)]
pub struct Chain {
    /// `None`: no use of a name.
    pub role: Option<Role>,
    /// Parent first.
    pub steps: Box<[Step]>,
    /// What of the leaf's parent is the receiver.
    pub receiver: Option<Before>,
    pub predicates: Box<[Predicate]>,
}

/// The tables of one language.
pub struct Tables {
    pub language: Language,
    pub patterns: Vec<Pattern>,
    /// By node kind: range in `pattern_ixs`.
    pub roots: Vec<(u32, u32)>,
    pub pattern_ixs: Vec<u32>,
    pub chains: Vec<Chain>,
    /// By node kind: range in `chain_ixs`, of chains that begin at such a leaf.
    pub leaves: Vec<(u32, u32)>,
    pub chain_ixs: Vec<u32>,
    /// By node kind.
    pub comments: Vec<bool>,
    pub attributes: Vec<bool>,
    pub shapes: Vec<Shape>,
    pub fields: Fields,
}

/// Fields that are looked at unless a pattern captures something else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields {
    pub body: Option<u16>,
    pub parameters: Option<u16>,
    pub return_type: Option<u16>,
    pub ty: Option<u16>,
    pub result: Option<u16>,
    pub declarator: Option<u16>,
    pub name: Option<u16>,
    pub scope: Option<u16>,
}

/// How a node that was captured as a name leads to the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// It is the name.
    #[default]
    Plain,
    /// `f(...)`: the name below is a function's.
    Function,
    /// `*a`, `a[]`, `&a`, `a = 1`.
    Declarator,
    /// `(a)` and the like: says nothing of the name.
    Around,
    /// `A::b`, `a<T>`: the name is in the field `name`, an owner in `scope`.
    Qualified,
}

impl Pattern {
    /// Whether it may stand below a node of this kind.
    #[inline]
    pub fn fits_below(&self, parent: u16) -> bool {
        self.parents.is_empty() || self.parents.contains(&parent)
    }
}

impl Tables {
    /// Patterns rooted at a kind.
    #[inline]
    pub fn rooted(&self, kind: u16) -> &[u32] {
        self.roots.get(kind as usize).map_or(&[], |&(from, to)| &self.pattern_ixs[from as usize..to as usize])
    }

    /// Chains that begin at a kind.
    #[inline]
    pub fn leaf(&self, kind: u16) -> &[u32] {
        self.leaves.get(kind as usize).map_or(&[], |&(from, to)| &self.chain_ixs[from as usize..to as usize])
    }

    #[inline]
    pub fn is_comment(&self, kind: u16) -> bool {
        self.comments.get(kind as usize).copied().unwrap_or(false)
    }

    /// How a kind leads to a name.
    pub fn shape(&self, kind: u16) -> Shape {
        self.shapes.get(kind as usize).copied().unwrap_or_default()
    }

    /// Whether nodes of a kind may belong to the item behind them.
    pub fn is_head(&self, kind: u16) -> bool {
        self.rooted(kind).iter().any(|&ix| self.patterns[ix as usize].heads)
    }

    #[inline]
    pub fn is_attribute(&self, kind: u16) -> bool {
        self.attributes.get(kind as usize).copied().unwrap_or(false)
    }
}

/// The tables of a language; `None` for text and for a language without queries.
pub fn tables(lang: Lang) -> Option<&'static Tables> {
    static ALL: OnceLock<Vec<OnceLock<Option<Tables>>>> = OnceLock::new();
    let all = ALL.get_or_init(|| Lang::all().map(|_| OnceLock::new()).collect());
    all.get(lang.0 as usize)?.get_or_init(|| compile::language(lang).ok().flatten()).as_ref()
}

/// Compiles the files of a language anew and tells the fault, for tests.
pub fn check(lang: Lang) -> Result<(), String> {
    compile::language(lang).map(|_| ())
}
