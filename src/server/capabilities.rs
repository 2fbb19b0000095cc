//! What the client can do, and what we therefore say that we can. Invariant: nothing is advertised that is not answered;
//! diagnostics are pulled or pushed, never both. Must not know how answers are made.

use tower_lsp::ls_types::{
    DiagnosticOptions, DiagnosticServerCapabilities, ExecuteCommandOptions, FoldingRangeProviderCapability,
    InitializeParams, OneOf, PositionEncodingKind, SaveOptions, SelectionRangeProviderCapability, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

use super::handlers::commands;
use crate::base::settings::{Settings, table};
use crate::text::position::Encoding;

/// The client's abilities that change what we do.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientFacts {
    pub(crate) encoding: Encoding,
    /// Takes outlines as trees.
    pub(crate) hierarchical: bool,
    /// Asks for diagnostics; else they are published.
    pub(crate) pulls_diagnostics: bool,
    pub(crate) refreshes_diagnostics: bool,
    /// Can be asked to report changed files.
    pub(crate) watches_files: bool,
    /// Can be asked for settings.
    pub(crate) has_configuration: bool,
    pub(crate) notifies_configuration: bool,
    /// Shows progress that we begin.
    pub(crate) shows_progress: bool,
    /// The most folding ranges that it takes of a document.
    pub(crate) fold_limit: usize,
}

impl ClientFacts {
    pub(crate) fn of(params: &InitializeParams) -> Self {
        let document = params.capabilities.text_document.as_ref();
        let workspace = params.capabilities.workspace.as_ref();
        let window = params.capabilities.window.as_ref();
        let dynamic = |registration: Option<bool>| registration == Some(true);
        // Helix declares flat outlines but lists nested ones as well.
        let helix = params.client_info.as_ref().is_some_and(|it| it.name == "helix");
        Self {
            encoding: encoding(params),
            hierarchical: helix
                || document
                    .and_then(|it| it.document_symbol.as_ref())
                    .is_some_and(|it| it.hierarchical_document_symbol_support == Some(true)),
            pulls_diagnostics: document.is_some_and(|it| it.diagnostic.is_some()),
            refreshes_diagnostics: workspace
                .and_then(|it| it.diagnostics.as_ref())
                .is_some_and(|it| it.refresh_support == Some(true)),
            watches_files: workspace
                .and_then(|it| it.did_change_watched_files.as_ref())
                .is_some_and(|it| dynamic(it.dynamic_registration)),
            has_configuration: workspace.is_some_and(|it| it.configuration == Some(true)),
            notifies_configuration: workspace
                .and_then(|it| it.did_change_configuration.as_ref())
                .is_some_and(|it| dynamic(it.dynamic_registration)),
            shows_progress: window.is_some_and(|it| it.work_done_progress == Some(true)),
            fold_limit: document
                .and_then(|it| it.folding_range.as_ref()?.range_limit)
                .map_or(usize::MAX, |limit| limit as usize),
        }
    }
}

/// The unit of columns: bytes where the client can, since texts are bytes here; else what it likes best; else UTF-16.
fn encoding(params: &InitializeParams) -> Encoding {
    let offered = params.capabilities.general.as_ref().and_then(|it| it.position_encodings.as_deref()).unwrap_or(&[]);
    if offered.contains(&PositionEncodingKind::UTF8) {
        return Encoding::Utf8;
    }
    let first = offered.iter().find_map(|it| match it.as_str() {
        "utf-16" => Some(Encoding::Utf16),
        "utf-32" => Some(Encoding::Utf32),
        _ => None,
    });
    first.unwrap_or_default()
}

/// What we tell the client that we do.
pub(crate) fn server(facts: &ClientFacts, settings: &Settings) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(match facts.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: commands::ALL.iter().map(|&it| it.to_owned()).collect(),
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        definition_provider: settings.bool(&table::NAVIGATION_ENABLED).then_some(OneOf::Left(true)),
        references_provider: settings.bool(&table::NAVIGATION_ENABLED).then_some(OneOf::Left(true)),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        selection_range_provider: Some(SelectionRangeProviderCapability::Simple(true)),
        diagnostic_provider: facts.pulls_diagnostics.then(|| {
            DiagnosticServerCapabilities::Options(DiagnosticOptions {
                identifier: Some("portolan".into()),
                ..DiagnosticOptions::default()
            })
        }),
        ..ServerCapabilities::default()
    }
}
