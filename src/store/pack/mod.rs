//! The pack: an immutable file of numbered sections, every byte of which is under a checksum. Invariants: a section is
//! handed out only after the blocks it lies in were checked; a pack's name is the hash of its table and its block
//! checksums, so that a manifest pins its content. Must not know what sections mean.

mod layout;
mod read;
mod write;

pub use layout::{BLOCK, FORMAT, MAX_SECTIONS, PackId};
pub use read::{LazySection, Pack, SectionBytes, SectionInfo};
pub use write::{Encoding, PackDraft, PackWriter, WrittenPack};

#[cfg(test)]
mod tests;
