//! One file for each group of methods, named like it. Invariant: a handler is `from_lsp -> feature -> to_lsp` and keeps
//! nothing between calls. Must not know frames, threads or the router.

pub(crate) mod commands;
pub(crate) mod configuration;
pub(crate) mod diagnostic;
pub(crate) mod document_symbol;
pub(crate) mod folders;
pub(crate) mod folding_range;
pub(crate) mod lifecycle;
pub(crate) mod navigation;
pub(crate) mod prefetch;
pub(crate) mod related;
pub(crate) mod selection_range;
pub(crate) mod semantic_search;
pub(crate) mod status;
pub(crate) mod text_sync;
pub(crate) mod workspace_symbol;
