//! The index on disk: packs, the manifest that orders them, the tiers above them, the door to the disk and its twin.
//! Invariants: files are immutable and checksummed; a commit is pack first, then manifest, each under a temporary name,
//! synced, renamed, the directory synced; what cannot be read is set aside and rebuilt, never believed; nothing here is
//! needed to answer. Must not know what sections hold.

pub mod collect;
mod commit;
pub mod compress;
pub mod directory;
pub mod disk;
mod error;
mod follow;
pub mod manifest;
mod open;
pub mod pack;
pub mod tiers;

pub use commit::{NewPack, StagedPack, StagedWriter};
pub use directory::StoreOptions;
pub use error::StoreError;
pub use follow::RETRY;
pub use open::{Store, StoreState};
#[cfg(test)]
mod tests;

pub use pack::{Encoding, Pack, PackDraft, PackId, SectionBytes};
