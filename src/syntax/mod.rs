//! Syntax: languages as data, their queries, parsing, segments, extraction of facts. Invariant: trees stay inside this
//! folder; text goes in, facts come out. Must not know files, paths on disk or the index.

pub mod extract;
pub mod languages;
pub mod passages;
pub mod queries;
pub mod segments;
