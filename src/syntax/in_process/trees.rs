//! The trees of an open document: the one that parses start from (`base`) and the one that is shown. They differ while the
//! text is broken: what recovery makes of a text that is being typed may be wild, and a tree made from it takes long to
//! come by and is the wrong start for the next; so parses start from the last tree that was whole until the text is whole
//! again. Invariant: `base` has seen all edits. Must not know what is read from a tree.

use tree_sitter::{InputEdit, Tree};

use crate::base::span::Span;
use crate::syntax::parse::Patience;

/// Steps after which the parse of a text out of balance is put off to a quiet moment.
const STEPS: u32 = 60;
/// The same where the text held errors before.
const STEPS_BROKEN: u32 = 120;
/// An outline that a new error changes in more bytes than this is not worth reading.
const WILD: u32 = 8 << 10;
/// In a text of so many bytes recovery is never so dear that it is put off.
const SMALL: usize = 96 << 10;
/// A base that has seen more edits than this makes room for a broken tree: what is left of it is not worth starting from.
const EDITS: u32 = 200;

/// See the module.
#[derive(Default)]
pub(super) struct Trees {
    base: Option<Tree>,
    /// How many errors `base` held when it was made.
    errors: usize,
    /// `base` was made from one that held errors, at whatever remove.
    inherited: bool,
    /// What those edits have done to the balance of brackets and quotes.
    balance: Balance,
    /// How many edits `base` has seen since it was made.
    edits: u32,
    /// The tree of the text as it is, where `base` is not.
    shown: Option<Tree>,
    /// What is shown may differ from what a fresh parse gives.
    doubtful: bool,
}

/// What taking over a tree means.
pub(super) struct Taken {
    /// Where it differs from the tree that it was made from.
    pub changed: Vec<Span>,
    /// It is the base of the next parse.
    pub is_base: bool,
}

impl Trees {
    /// The tree to read: of the text as it is, or (parses were given up) as near as can be had.
    pub fn current(&self) -> Option<&Tree> {
        self.shown.as_ref().or(self.base.as_ref())
    }

    /// The tree to parse from.
    pub fn base(&self) -> Option<&Tree> {
        self.base.as_ref()
    }

    /// What is shown may differ from what a fresh parse gives.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// How long to wait for a parse of `bytes` bytes from `base`.
    pub fn patience(&self, bytes: usize) -> Patience {
        match &self.base {
            _ if bytes <= SMALL => None,
            Some(_) if self.edits > EDITS => None,
            Some(_) if self.errors > 0 => Some(STEPS_BROKEN),
            Some(_) if !self.balance.is_even() => Some(STEPS),
            _ => None,
        }
    }

    /// Notes what an edit takes and brings.
    pub fn weigh(&mut self, removed: &str, added: &str) {
        self.balance.count(removed, -1);
        self.balance.count(added, 1);
    }

    pub fn edit(&mut self, edit: &InputEdit) {
        self.shown = None;
        self.edits += 1;
        if let Some(base) = &mut self.base {
            base.edit(edit);
        }
    }

    /// A parse from `base` was given up.
    pub fn give_up(&mut self) {
        self.doubtful = true;
    }

    /// Takes over a tree that was made from `base`; none where recovery in a large text has changed so much more than the
    /// edits (of `edited` bytes) that it is put off as if it had been given up.
    pub fn take(&mut self, new: Tree, edited: u32) -> Option<Taken> {
        let changed = self.changed(&new);
        let worn = self.edits > EDITS;
        let counted = worn || self.errors > 0 || !new.root_node().has_error();
        let errors = if counted { count_errors(&new) } else { usize::MAX };
        let bytes = changed.iter().fold(0u32, |sum, span| sum.saturating_add(span.len()));
        let large = new.root_node().end_byte() > SMALL;
        if large && !worn && errors > self.errors && bytes > edited.saturating_mul(4).saturating_add(WILD) {
            self.give_up();
            return None;
        }
        self.doubtful = self.inherited || self.errors > 0 || errors > 0;
        let is_base = worn || errors <= self.errors;
        if is_base {
            self.inherited = self.doubtful;
            self.rest_on(new, errors);
        } else {
            self.shown = Some(new);
        }
        Some(Taken { changed, is_base })
    }

    /// Takes over a tree that was made from the text alone.
    pub fn take_fresh(&mut self, new: Tree) -> Taken {
        self.doubtful = false;
        let keep = self.base.is_some() && self.errors == 0 && !self.inherited && self.edits <= EDITS;
        if keep && new.root_node().has_error() {
            let changed = self.changed(&new);
            self.shown = Some(new);
            return Taken { changed, is_base: false };
        }
        self.inherited = false;
        let errors = count_errors(&new);
        self.rest_on(new, errors);
        Taken { changed: Vec::new(), is_base: true }
    }

    fn rest_on(&mut self, tree: Tree, errors: usize) {
        self.base = Some(tree);
        self.shown = None;
        self.errors = errors;
        self.edits = 0;
        self.balance = Balance::default();
    }

    fn changed(&self, new: &Tree) -> Vec<Span> {
        let Some(base) = &self.base else { return Vec::new() };
        base.changed_ranges(new).map(|it| Span::new(it.start_byte as u32, it.end_byte as u32)).collect()
    }
}

/// How many more brackets and quotes were opened than closed. A whole text that an edit has thrown out of balance is most
/// likely broken, and that is when recovery is dear.
#[derive(Debug, Default)]
struct Balance {
    brackets: [i64; 3],
    quotes: [i64; 3],
}

impl Balance {
    fn count(&mut self, text: &str, by: i64) {
        for byte in text.bytes() {
            match byte {
                b'(' => self.brackets[0] += by,
                b')' => self.brackets[0] -= by,
                b'[' => self.brackets[1] += by,
                b']' => self.brackets[1] -= by,
                b'{' => self.brackets[2] += by,
                b'}' => self.brackets[2] -= by,
                b'"' => self.quotes[0] += by,
                b'\'' => self.quotes[1] += by,
                b'`' => self.quotes[2] += by,
                _ => {}
            }
        }
    }

    fn is_even(&self) -> bool {
        self.brackets == [0; 3] && self.quotes.iter().all(|count| count % 2 == 0)
    }
}

/// Errors and missing tokens of a tree.
fn count_errors(tree: &Tree) -> usize {
    let mut cursor = tree.walk();
    let mut count = 0;
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            count += 1;
        } else if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return count;
            }
        }
    }
}
