//! The ground floor: ids, hashes, paths beneath a root, cancellation, threads, settings, metrics and every system call.
//! Invariant: names no other folder of the crate. Must not know: files' contents, languages, the protocol.

pub mod cancel;
pub mod chars;
pub mod edits;
pub mod failpoint;
pub mod frames;
pub mod hash;
pub mod ids;
pub mod metrics;
pub mod os;
pub mod paths;
pub mod settings;
pub mod span;
pub mod threads;
pub mod version;
