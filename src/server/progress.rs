//! What the workspace does, shown by the client. Invariant: a progress is begun, reported and ended in that order, and only
//! where the client can show it. Must not know how indexing works.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use serde_json::json;
use tower_lsp::ls_types::{MessageType, ProgressToken};

use super::session::Session;
use crate::base::threads::{self, Intent};
use crate::workspace::{Event, Progress, Stage, Workspace};

/// A pass that is shorter than this is not shown.
const QUIET: Duration = Duration::from_millis(400);

/// Forwards events until the workspace ends.
pub(crate) fn follow(session: &Arc<Session>, workspace: &Arc<Workspace>) {
    let events = workspace.events();
    let (session, workspace) = (Arc::downgrade(session), Arc::downgrade(workspace));
    let forward = move || {
        let mut shown = Shown::default();
        let mut told: HashSet<String> = HashSet::new();
        loop {
            // Some were noticed before anybody listened, and an event may be lost where too many wait.
            if let (Some(session), Some(workspace)) = (session.upgrade(), workspace.upgrade()) {
                let kept = workspace.notices();
                // What is kept no more is told when it comes again.
                told.retain(|it| kept.contains(it));
                for notice in kept.into_iter().filter(|it| told.insert(it.clone())) {
                    session.tell(MessageType::WARNING, format!("Portolan: {notice}"));
                }
            }
            let event = next(&events);
            let (Some(session), Some(workspace)) = (session.upgrade(), workspace.upgrade()) else { return };
            match event {
                Some(Event::Progress(progress)) => shown.report(&session, &progress),
                Some(Event::Finished { .. }) => shown.finish(&session, &workspace),
                Some(Event::Notice(_) | Event::Started { .. } | Event::Published { .. }) => {}
                Some(Event::Closed) | None => return,
            }
        }
    };
    if let Err(error) = threads::spawn("progress", Intent::Background, forward) {
        tracing::warn!(%error, "progress is not shown");
    }
}

/// The next event; none where the workspace is gone.
fn next(events: &Receiver<Event>) -> Option<Event> {
    loop {
        match events.recv_timeout(Duration::from_secs(3600)) {
            Ok(event) => return Some(event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

/// The one progress that is on the screen.
#[derive(Default)]
struct Shown {
    token: Option<String>,
    count: u32,
    since: Option<std::time::Instant>,
}

impl Shown {
    fn report(&mut self, session: &Arc<Session>, progress: &Progress) {
        if !session.facts().shows_progress || session.is_shut_down() {
            return;
        }
        let since = *self.since.get_or_insert_with(std::time::Instant::now);
        if self.token.is_none() && (since.elapsed() < QUIET || !self.begin(session)) {
            return;
        }
        // One large file is not done as soon as a small one: the share is that of the bytes.
        let (message, done, all) = if progress.files_done < progress.files_found {
            let message = format!("{}/{} files", progress.files_done, progress.files_found);
            (message, progress.bytes_done, progress.bytes_found)
        } else {
            let (done, all) = (progress.passages_done, progress.passages_found);
            (format!("{done}/{all} passages"), done, all)
        };
        let percentage = (u128::from(done.min(all)) * 100).checked_div(u128::from(all)).unwrap_or(0) as u32;
        self.send(session, json!({ "kind": "report", "message": message, "percentage": percentage }));
    }

    /// Asks the client for a place on its screen.
    fn begin(&mut self, session: &Arc<Session>) -> bool {
        self.count += 1;
        let token = format!("portolan/indexing/{}", self.count);
        let asked = session.client.create_work_done_progress(ProgressToken::String(token.clone()));
        let answer = session.runtime.block_on(async move { tokio::time::timeout(Duration::from_secs(5), asked).await });
        if !matches!(answer, Ok(Ok(()))) {
            return false;
        }
        self.token = Some(token);
        self.send(session, json!({ "kind": "begin", "title": "Portolan: indexing", "percentage": 0 }));
        true
    }

    fn finish(&mut self, session: &Arc<Session>, workspace: &Workspace) {
        if workspace.status().stage < Stage::Embedded {
            return;
        }
        self.send(session, json!({ "kind": "end" }));
        (self.token, self.since) = (None, None);
    }

    fn send(&self, session: &Session, value: serde_json::Value) {
        if let Some(token) = &self.token {
            session.notify("$/progress", json!({ "token": token, "value": value }));
        }
    }
}
