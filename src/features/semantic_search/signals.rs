//! What speaks for a declaration, as numbers: its name, documentation, signature and body against the question, the passage
//! it lies in, its kind. Invariant: every number is finite, most are 0 to 1; the same input gives the same numbers. Must not
//! know how they are weighed, nor where texts come from.

use crate::facts::{Symbol, SymbolFlags, SymbolKind, Visibility};
use crate::index::traits::Traits;

macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident $text:literal),* $(,)?) => {
        /// One number, by its place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Signal { $($(#[$doc])* $name),* }

        /// The names of the numbers in files, in their order.
        pub const NAMES: &[&str] = &[$($text),*];
    };
}

signals! {
    // Of the passage: what the index says without reading it.
    /// Its fused score, the best passage's being 1.
    Passage "passage",
    /// BM25 over all fields, by names alone, by the path alone, each relative to the most.
    Words "words",
    Names "names",
    Path "path",
    /// Share of the question's weight in words that occur.
    Covered "covered",
    /// Its cosine, and the same from the least to the most; whether it was among the nearest.
    Meaning "meaning",
    Near "near",
    IsNear "is_near",
    /// It declares a name that the question gives; its file is called as that name.
    Declared "declared",
    Called "called",
    /// No other declaration of its passage is nearer.
    NearestInPassage "nearest_in_passage",

    // Of the declaration itself, from its text.
    /// BM25 of its text, relative to the most.
    Text "text",
    /// Share of the question's weight in words of its name; share of its name's words that are asked for.
    InName "in_name",
    NameAsked "name_asked",
    InDoc "in_doc",
    InSignature "in_signature",
    InBody "in_body",
    /// In what contains it; in the folder and the name of its file; in all of that with its own name.
    InContainer "in_container",
    InFolder "in_folder",
    InStem "in_stem",
    StemAsked "stem_asked",
    InContext "in_context",
    InAny "in_any",
    /// Words that begin like the question's: around its name, in its text.
    AlikeInContext "alike_in_context",
    AlikeInBody "alike_in_body",
    /// How close together the question's words stand; pairs of them that follow each other there too.
    Close "close",
    Pairs "pairs",
    /// It holds the question's rarest word, in its text and around its name.
    Rarest "rarest",
    RarestInContext "rarest_in_context",
    /// Its own cosine, the same from the least to the most, and the larger of its own and its passage's.
    Cosine "cosine",
    Nearer "nearer",
    Nearest "nearest",

    // What it is.
    Callable "callable",
    Type "type",
    Table "table",
    /// A part of a type or file: an implementation block, a module, or a passage that is no declaration.
    Part "part",
    TestItem "test_item",
    Prototype "prototype",
    Documented "documented",
    Public "public",
    Private "private",
    /// Logarithm of its length in words; fewer than 25.
    Long "long",
    Short "short",
    Test "test",
    Docs "docs",
    Sample "sample",
    Vendored "vendored",
    Generated "generated",
    Prose "prose",

    // What the question is.
    AsksName "asks_name",
    AsksNearName "asks_near_name",
    AsksArchitecture "asks_architecture",
    Terms "terms",
}

/// How many there are.
pub const COUNT: usize = NAMES.len();

/// The numbers of one declaration, by [`Signal`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signals(pub [f32; COUNT]);

impl Default for Signals {
    fn default() -> Self {
        Self([0.0; COUNT])
    }
}

impl Signals {
    pub fn set(&mut self, signal: Signal, value: f32) {
        self.0[signal as usize] = value;
    }

    pub fn mark(&mut self, signal: Signal, holds: bool) {
        self.set(signal, f32::from(u8::from(holds)));
    }

    pub fn get(&self, signal: Signal) -> f32 {
        self.0[signal as usize]
    }

    /// What it is; no symbol: a passage as it stands.
    pub fn kind(&mut self, symbol: Option<&Symbol>) {
        use SymbolKind::{
            Class, Constant, Constructor, Enum, Field, Function, Implementation, Interface, Macro, Method, Module,
            Object, Operator, Property, Struct, Test, Trait, TypeAlias, Union, Variable,
        };
        let Some(it) = symbol else { return self.set(Signal::Part, 1.0) };
        match it.kind {
            Function | Method | Constructor | Macro | Operator => self.set(Signal::Callable, 1.0),
            Class | Struct | Enum | Union | Interface | Trait | Object | TypeAlias => self.set(Signal::Type, 1.0),
            Constant | Variable | Field | Property => self.set(Signal::Table, 1.0),
            Implementation | Module => self.set(Signal::Part, 1.0),
            _ => {}
        }
        self.mark(Signal::TestItem, it.kind == Test || it.flags.has(SymbolFlags::TEST));
        self.mark(Signal::Prototype, it.flags.has(SymbolFlags::DECLARATION));
        self.mark(Signal::Documented, it.doc.is_some());
        self.mark(Signal::Public, it.visibility == Visibility::Public);
        self.mark(Signal::Private, it.visibility == Visibility::Private);
    }

    /// What its file is for, where the question does not ask for that.
    pub fn purpose(&mut self, traits: Traits, asked: Traits) {
        for (one, signal) in [
            (Traits::TEST, Signal::Test),
            (Traits::DOCS, Signal::Docs),
            (Traits::SAMPLE, Signal::Sample),
            (Traits::VENDORED, Signal::Vendored),
            (Traits::GENERATED, Signal::Generated),
        ] {
            self.mark(signal, traits.has(one) && !asked.has(one));
        }
    }
}
