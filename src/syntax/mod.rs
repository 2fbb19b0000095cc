//! Syntax: languages as data, their queries, parsing, segments, extraction of facts. Invariant: trees stay inside this
//! folder; text goes in, facts come out. Must not know files, paths on disk or the index.

pub mod blank;
pub mod branches;
mod errors;
pub mod extract;
mod folds;
pub mod in_process;
pub mod languages;
mod marks;
pub mod outlines;
pub mod paint;
mod parse;
mod parsers;
pub mod parsing;
pub mod passages;
pub mod queries;
pub mod remote;
pub mod segments;
mod selections;

pub use in_process::InProcess;
pub use remote::Remote;
