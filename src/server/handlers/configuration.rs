//! Settings of the client: pulled where it can be asked, else as it sends them. Invariant: they mix what the user and the
//! workspace say, so machine settings in them do not count; nor does what is read at the start only.

use std::sync::Arc;

use serde_json::Value;
use tower_lsp::ls_types::{ConfigurationItem, DidChangeConfigurationParams};

use crate::base::settings::{Settings, Trust, table};
use crate::server::session::Session;

/// workspace/didChangeConfiguration.
pub(crate) fn changed(session: &Arc<Session>, params: DidChangeConfigurationParams) {
    if session.facts().has_configuration {
        let session = session.clone();
        session.runtime.clone().spawn(async move { pull(&session).await });
    } else if let Some(ours) = params.settings.get("portolan") {
        take(session, ours);
    }
}

/// Asks the client for our section, if it can be asked.
pub(crate) async fn pull(session: &Arc<Session>) {
    if !session.facts().has_configuration {
        return;
    }
    let item = ConfigurationItem { scope_uri: None, section: Some("portolan".to_owned()) };
    match session.client.configuration(vec![item]).await {
        Ok(sections) => sections.first().into_iter().for_each(|ours| take(session, ours)),
        Err(error) => tracing::warn!(%error, "the client does not tell its settings"),
    }
}

fn take(session: &Arc<Session>, section: &Value) {
    // Each time from the ground, so that a setting that was removed falls back, the last one too.
    let base = session.base_settings();
    let mut settings = base.clone();
    if section.as_object().is_some_and(|it| !it.is_empty()) {
        settings.add_json(section, "the editor's settings", Trust::Client);
        settings.keep_what_is_not_live(&base);
    }
    let shown = |it: &Settings| it.bool(&table::DIAGNOSTICS_ENABLED);
    let other = shown(&settings) != shown(&session.settings());
    session.set_settings(settings);
    // Published diagnostics follow with the next edit; pulled ones only if the client is asked to pull.
    if other && session.facts().refreshes_diagnostics {
        let session = session.clone();
        session.runtime.clone().spawn(async move {
            if let Err(error) = session.client.workspace_diagnostic_refresh().await {
                tracing::debug!(%error, "the client does not pull again");
            }
        });
    }
}
