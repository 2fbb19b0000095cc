//! Portolan, a language server for every language: this file is the map.
//!
//! # Layers
//! A folder may name only those above it in this list (`tests/it/tidy.rs` holds that, and which folder may name which
//! dependency):
//!
//! | folder | what it is | may name |
//! |---|---|---|
//! | `base` | ids, hashes, paths beneath a root, system calls, cancellation, threads, settings, metrics | - |
//! | `text` | documents, edits, positions, lines, decoding | base |
//! | `facts` | what one segment says by itself, and its bytes | base |
//! | `syntax` | languages, queries, parsing, segments, extraction | base text facts |
//! | `embed` | the embedder door, tokenizer, built-in evaluator, ONNX Runtime | base facts |
//! | `store` | packs, manifest, tiers, the disk door and its twin | base facts |
//! | `index` | snapshots, names, references, words, vectors, overlay | base facts store |
//! | `features` | one file per answer: plain data and byte ranges | base text facts syntax embed index |
//! | `workspace` | the one writer: files, crawl, typing, seek, watching, worker processes | base text facts syntax embed store index |
//! | `server` | the LSP: transport, dispatch, conversion, handlers | all above |
//! | `cli` | one file per command | all above |
//!
//! `features` and `workspace` do not know each other: an answer needs only a snapshot.
//!
//! # Three paths
//! 1. **Keystroke**: `server/transport` -> `workspace/typing::edit` -> typing worker -> incremental parse -> facts of the
//!    changed items -> overlay -> new generation -> diagnostics.
//! 2. **File on disk**: `workspace/crawl`: walk -> stat -> read and hash -> reuse by key, or parse and extract in a worker
//!    process -> commit -> apply -> publish -> embed -> commit vectors.
//! 3. **Question**: `server/dispatch` -> snapshot -> candidates -> rank -> plain answer in an envelope -> `server/to_lsp`.
//!
//! # Invariants
//! - Opening a workspace executes nothing, dials nothing and writes nothing in it.
//! - State changes happen on one thread, in order; reads use immutable snapshots.
//! - Facts of a segment depend on its text and its language alone, never on its path or on another file.
//! - Whatever is on disk may vanish or be corrupt at any moment: it is rebuilt, never believed.

pub mod base;
pub mod cli;
pub mod embed;
pub mod facts;
pub mod features;
pub mod index;
pub mod server;
pub mod store;
pub mod syntax;
pub mod text;
pub mod workspace;
