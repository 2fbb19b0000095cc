//! The index: sections of packs, read in place; snapshots over packs and open documents; names, references, words and
//! vectors. Invariant: an answer over many packs and an overlay equals the answer over one pack built from the live files
//! alone. Must not know how files are found or parsed, nor the protocol.

pub mod apply;
pub mod bits;
pub mod build;
pub mod export;
pub mod lexical;
pub mod merge;
pub mod names;
pub mod overlay;
pub mod references;
pub mod sections;
pub mod snapshot;
pub mod source;
mod spelling;
pub mod stamps;
pub mod strings;
pub mod tiered;
pub mod traits;
pub mod vectors;
pub mod view;
pub mod wants;
pub mod within;

#[cfg(test)]
pub(crate) mod fixture;
