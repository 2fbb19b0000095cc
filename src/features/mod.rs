//! Answers, one file each, as plain data in byte ranges or editor positions. Invariant: an answer needs a snapshot, or an
//! open document's view, and nothing else. Must not know the workspace or the protocol.

pub mod answer;
pub mod definition;
pub mod diagnostics;
pub mod folding;
pub mod neighbours;
pub mod outline;
pub mod positions;
pub mod rank;
pub mod references;
pub mod resolve;
pub mod semantic_search;
pub mod workspace_symbols;
