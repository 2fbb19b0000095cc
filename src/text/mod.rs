//! The text of open documents: rope, versions, edits, positions in three encodings, decoding of bytes.
//! Invariant: lines end as the LSP says (`\n`, `\r\n`, lone `\r`); every offset handed out is a character boundary.
//! Must not know syntax, the index or the protocol's types.

pub mod decode;
pub mod document;
pub mod edit;
pub mod position;

pub use decode::{Decoded, decode};
pub use document::Document;
pub use edit::{ByteEdit, Change};
pub use position::{Encoding, Position, Range};
