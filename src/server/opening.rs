//! The workspace of a session: opened with the folders that `initialize` names, changed with them. Invariant: a folder that
//! cannot be opened is told with its remedy and costs nothing else. Must not know what is asked about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tower_lsp::ls_types::{InitializeParams, MessageType, WorkspaceFolder};

use super::roots;
use super::session::Session;
use crate::base::ids::RootId;
use crate::workspace::{Options, Workspace, WorkspaceError};

/// The folders that a client opens, in its order: workspace folders, else its root, in one of three fields.
pub(crate) fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let named = params.workspace_folders.as_deref().unwrap_or(&[]);
    if !named.is_empty() {
        return paths(named);
    }
    #[expect(deprecated, reason = "clients without workspace folders name their root so")]
    let (uri, path) = (params.root_uri.as_ref(), params.root_path.as_deref());
    match (uri, path) {
        (Some(uri), _) => roots::folder(uri.as_str()).into_iter().collect(),
        (None, Some(path)) if path.starts_with('/') => vec![PathBuf::from(path)],
        _ => Vec::new(),
    }
}

/// The paths of those folders that are paths.
pub(crate) fn paths(folders: &[WorkspaceFolder]) -> Vec<PathBuf> {
    folders.iter().filter_map(|it| roots::folder(it.uri.as_str())).collect()
}

/// Opens the workspace. Folders that are too broad are returned: the client is asked about them.
pub(crate) fn open(session: &Session, folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut broad = Vec::new();
    let mut settings = session.settings();
    let options = (session.choices.workspace)(&mut settings, &folders);
    let options = Options { requests: session.pool.requests(), ..options };
    session.set_settings(settings.clone());
    session.set_base_settings(settings);
    let workspace = match Workspace::open(Vec::new(), options) {
        Ok(workspace) => workspace,
        Err(error) => {
            session.tell(MessageType::ERROR, format!("Portolan: {error}"));
            return broad;
        }
    };
    for folder in folders {
        if add(session, &workspace, &folder) == Added::TooBroad {
            broad.push(folder);
        }
    }
    session.set_workspace(workspace);
    broad
}

/// What became of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    Open,
    /// Not opened; the user was told why.
    Refused,
    /// Not opened; the user must be asked.
    TooBroad,
}

/// One more folder.
pub(crate) fn add(session: &Session, workspace: &Arc<Workspace>, folder: &Path) -> Added {
    match workspace.add_root(folder) {
        Ok(id) => {
            opened(session, id, folder);
            Added::Open
        }
        Err(WorkspaceError::TooBroad(_)) => Added::TooBroad,
        Err(error) => {
            session.tell(MessageType::WARNING, format!("Portolan: {error}"));
            Added::Refused
        }
    }
}

/// Documents that were open in the folder before it was one belong to it now.
fn opened(session: &Session, id: RootId, folder: &Path) {
    session.roots.add(id, folder.to_path_buf());
    session.typing.offer_again(folder);
}

/// One folder less.
pub(crate) fn remove(session: &Session, workspace: &Arc<Workspace>, folder: &Path) {
    workspace.remove_root(folder);
    session.roots.remove(folder);
}

/// Asks whether folders that hold far more than one project are meant, and opens those that are.
pub(crate) async fn ask_about(session: Arc<Session>, broad: Vec<PathBuf>) {
    use tower_lsp::ls_types::MessageActionItem;
    for folder in broad {
        let yes = "Index it all";
        let question = format!(
            "Portolan: {} holds far more than one project, so it is not indexed. Open a project's folder instead.",
            folder.display()
        );
        let action = |title: &str| MessageActionItem { title: title.to_owned(), properties: Default::default() };
        let choices = Some(vec![action("Leave it"), action(yes)]);
        let answer = session.client.show_message_request(MessageType::WARNING, question, choices).await;
        if answer.is_ok_and(|it| it.is_some_and(|it| it.title == yes)) {
            tracing::info!(folder = %folder.display(), "indexed by the user's wish");
            let outcome = session.workspace().map(|it| it.add_root_anyway(&folder));
            match outcome {
                Some(Ok(id)) => opened(&session, id, &folder),
                Some(Err(error)) => session.tell(MessageType::WARNING, format!("Portolan: {error}")),
                None => {}
            }
        }
    }
}
