//! Workspace folders, added and removed while the server runs, and files that the client saw change.

use std::sync::Arc;

use tower_lsp::ls_types::{DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams};

use crate::server::session::Session;
use crate::server::{opening, uri};

/// So many changed files are looked at one by one; more are a reason to look at everything.
const SINGLE: usize = 1000;

/// workspace/didChangeWorkspaceFolders: removals first, so that a folder can be replaced by one inside it.
pub(crate) fn changed(session: &Arc<Session>, params: &DidChangeWorkspaceFoldersParams) {
    let Some(workspace) = session.workspace() else { return };
    for folder in opening::paths(&params.event.removed) {
        opening::remove(session, workspace, &folder);
    }
    let mut broad = Vec::new();
    for folder in opening::paths(&params.event.added) {
        if opening::add(session, workspace, &folder) == opening::Added::TooBroad {
            broad.push(folder);
        }
    }
    if !broad.is_empty() {
        session.runtime.spawn(opening::ask_about(session.clone(), broad));
    }
}

/// workspace/didChangeWatchedFiles: whatever changed is looked at again.
pub(crate) fn files_changed(session: &Session, params: &DidChangeWatchedFilesParams) {
    let Some(workspace) = session.workspace() else { return };
    let mut paths: Vec<_> = params.changes.iter().filter_map(|it| uri::to_path(it.uri.as_str())).collect();
    if paths.is_empty() {
        return;
    }
    if paths.len() > SINGLE {
        paths.clear();
    }
    workspace.rescan(paths);
}
