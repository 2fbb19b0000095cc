//! Path 2 of the map: walk -> stat -> read and hash -> reuse by key, or parse and extract in a worker process -> commit ->
//! apply -> publish -> embed -> commit vectors. Invariant: every stage is bounded in memory and ends when cancelled.
//! Must not know who asked for the pass.

pub mod walk;
