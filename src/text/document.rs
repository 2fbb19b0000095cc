//! An open document's text: rope, version, language id as the client named it. Invariant: edits apply in the order in
//! which they come; none is refused, none panics. Must not know the tree (that lives behind the parsing door).

use super::edit::{ByteEdit, Change, apply};
use super::position::{Encoding, Position, from_byte, to_byte};
use ropey::Rope;

/// The text of one open document; a clone is cheap and keeps its state.
#[derive(Clone, Debug)]
pub struct Document {
    rope: Rope,
    version: i32,
    language_id: String,
}

impl Document {
    /// A document as the client opened it. `language_id` is the client's word, not ours.
    pub fn new(text: &str, version: i32, language_id: &str) -> Self {
        // A byte order mark that a client passes on is no part of the text's lines or columns for the client either,
        // since it counts it as a character; so it stays.
        Self { rope: Rope::from_str(text), version, language_id: language_id.to_owned() }
    }

    pub fn version(&self) -> i32 {
        self.version
    }

    pub fn language_id(&self) -> &str {
        &self.language_id
    }

    pub fn rope(&self) -> &Rope {
        &self.rope
    }

    pub fn len_bytes(&self) -> usize {
        self.rope.len_bytes()
    }

    /// Applies the changes of one notification in order; the same in bytes, for the tree.
    pub fn apply(&mut self, version: i32, changes: Vec<Change>, encoding: Encoding) -> Vec<ByteEdit> {
        self.version = version;
        changes.into_iter().map(|change| apply(&mut self.rope, change, encoding)).collect()
    }

    pub fn byte_of(&self, position: Position, encoding: Encoding) -> usize {
        to_byte(&self.rope, position, encoding)
    }

    pub fn position_of(&self, byte: usize, encoding: Encoding) -> Position {
        from_byte(&self.rope, byte, encoding)
    }

    /// The whole text in one piece.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(self.rope.len_bytes());
        for chunk in self.rope.chunks() {
            out.push_str(chunk);
        }
        out
    }
}
