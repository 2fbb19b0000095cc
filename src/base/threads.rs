//! Named threads with an intent. Invariant: no thread is started elsewhere without a name; background threads run niced.

use std::thread::JoinHandle;

/// What a thread is for; there is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Somebody waits for the result (typing, answers).
    Latency,
    /// Nobody waits (crawl, embedding, merges): lower priority.
    Background,
}

/// Starts a thread called `name` (at most 15 bytes show in process lists).
pub fn spawn<T: Send + 'static>(
    name: &str,
    intent: Intent,
    job: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        if intent == Intent::Background {
            // A failure only means that the work runs at normal priority.
            let _ = rustix::process::nice(5);
        }
        job()
    })
}

/// As [`spawn`], within a scope; `None` where the system gives no thread.
pub fn scoped<'scope, T: Send + 'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    name: &str,
    intent: Intent,
    job: impl FnOnce() -> T + Send + 'scope,
) -> Option<std::thread::ScopedJoinHandle<'scope, T>> {
    let job = move || {
        if intent == Intent::Background {
            let _ = rustix::process::nice(5);
        }
        job()
    };
    std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, job).ok()
}
