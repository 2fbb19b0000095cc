//! Parsing in processes of our own that may die. Invariants: a worker has no descriptors but two pipes, little memory and
//! time, and ends with its parent; what it sends back is bounded and checked; the file it had in hand when it died is
//! named. Must not know files, paths or the index.

pub mod child;
pub mod document;
pub mod pool;
pub mod protocol;
mod supervisor;
#[cfg(test)]
mod tests;

pub use pool::{Job, LARGE, Outcome, Pool, PoolOptions, Task};
