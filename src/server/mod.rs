//! The language server: our own transport around tower-lsp's service. Invariant: LSP and JSON types live here alone; only
//! frames reach the output. Must not know: how facts are made or kept.

pub mod asked;
mod backend;
mod capabilities;
mod dispatch;
mod documents;
mod extensions;
pub mod frame;
mod handlers;
mod in_flight;
mod json;
mod message;
mod opening;
mod outbox;
mod pool;
mod progress;
mod publish;
mod roots;
mod session;
mod to_lsp;
mod transport;
pub mod uri;
mod watch;
mod wished;

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt;
use tower_lsp::LspService;

pub use dispatch::Stale;
pub use extensions::{Answer, Extension};
pub use pool::Lane;
pub use session::Session;
pub use watch::End;

use crate::base::settings::Settings;
use crate::base::threads::{self, Intent};
use crate::workspace;
use crate::workspace::typing::{Typing, TypingOptions};
use crate::workspace::worker::document;
use backend::Backend;
use session::{Choices, Wires};

/// Makes the options of a workspace from the settings in force and the folders that are opened; what is wrong with the
/// folders' own settings goes to the notices of the settings.
pub type WorkspaceOptions = dyn Fn(&mut Settings, &[PathBuf]) -> workspace::Options + Send + Sync;

/// Changes the level of the process's log, by name (off, error, warn, info, debug, trace); by default does nothing.
#[derive(Clone, Default)]
pub struct LogLevel(pub Option<SetLevel>);

/// Sets the level of a log by its name.
pub type SetLevel = Arc<dyn Fn(&str) + Send + Sync>;

impl LogLevel {
    pub(crate) fn set(&self, level: &str) {
        if let Some(switch) = &self.0 {
            switch(level);
        }
    }
}

/// What a program that embeds the server may choose.
pub struct ServeOptions {
    /// The settings that hold before the client says anything.
    pub settings: Settings,
    pub workspace: Arc<WorkspaceOptions>,
    /// Changes the level of the log as `log.level` or `$/setTrace` ask.
    pub log_level: LogLevel,
    /// Requests of its own, beside Portolan's.
    pub extensions: Vec<Extension>,
    /// Threads that compute answers; as many as the processor has, and at least 3, where none are named.
    pub threads: Option<usize>,
    /// The program that documents parsed apart are given to; none: the one that runs now.
    pub executable: Option<PathBuf>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            workspace: Arc::new(|settings, _| workspace::Options::from_settings(settings)),
            log_level: LogLevel::default(),
            extensions: Vec::new(),
            threads: None,
            executable: None,
        }
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub why: End,
    /// The client had sent `shutdown`.
    pub in_order: bool,
}

impl Ended {
    /// The process's exit code: 0 after `shutdown`, else 1.
    pub fn code(self) -> u8 {
        u8::from(!self.in_order)
    }
}

/// Serves one client over this process's standard input and output until it leaves.
pub fn serve_stdio(options: ServeOptions) -> anyhow::Result<Ended> {
    let output = crate::base::os::process::take_stdout().context("standard output cannot be set aside")?;
    let pipe = output.try_clone().ok();
    serve_with(std::io::stdin(), output, pipe, options)
}

/// Serves one client over any pair of pipes until it leaves. Errors: threads cannot be started.
pub fn serve(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    options: ServeOptions,
) -> anyhow::Result<Ended> {
    serve_with(input, output, None, options)
}

fn serve_with(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    pipe: Option<File>,
    options: ServeOptions,
) -> anyhow::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("requests")
        .enable_all()
        .build()
        .context("the server's threads cannot be started")?;
    let (watch, ends) = watch::Watch::new(pipe);
    let outbox = Arc::new(outbox::Outbox::default());
    let threads = options.threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(3);
    let pool = pool::Pool::start(threads, outbox.clone()).context("the answering threads cannot be started")?;
    let publisher = Arc::new(publish::Publisher::default());
    let spawn = document::spawn(options.executable.clone());
    let typing =
        Typing::start(Box::new(publisher.clone()), TypingOptions { spawn: Some(spawn), ..TypingOptions::default() });
    let typing = typing.context("the typing thread cannot be started")?;
    let wires = Wires {
        in_flight: in_flight::InFlight::new(outbox.clone()),
        outbox,
        pool: Arc::new(pool),
        watch: Arc::new(watch),
        runtime: runtime.handle().clone(),
        typing,
    };
    let session = start(input, output, wires, options, &publisher)?;

    let why = ends.recv().unwrap_or(End::InputClosed);
    let in_order = session.is_shut_down();
    session.in_flight.abandon();
    session.pool.close();
    handlers::lifecycle::ended(&session);
    session.outbox.flush(Duration::from_millis(200));
    session.outbox.close();
    runtime.shutdown_background();
    tracing::info!(?why, in_order, "the server ends");
    Ok(Ended { why, in_order })
}

/// Builds the router and starts the threads that read, write and watch.
fn start(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    wires: Wires,
    options: ServeOptions,
    publisher: &publish::Publisher,
) -> anyhow::Result<Arc<Session>> {
    let mut extensions = extensions::own();
    extensions.extend(options.extensions);
    let table = dispatch::Table::with(&extensions);
    let choices = Choices { settings: options.settings, workspace: options.workspace, log_level: options.log_level };
    let mut building = LspService::build(|client| Backend { session: Arc::new(Session::new(client, wires, choices)) });
    for extension in extensions {
        let method = extension.method;
        building = building.custom_method(method, Backend::extended(extension));
    }
    let (service, socket) = building.finish();
    let (mut requests, answers) = socket.split();
    let session = service.inner().session.clone();
    publisher.serve(&session);

    let (writer, watch) = (session.outbox.clone(), session.watch.clone());
    threads::spawn("writer", Intent::Latency, move || {
        if let Err(error) = writer.write_to(output) {
            tracing::warn!(%error, "the client does not read any more");
            watch.end(End::OutputClosed);
        }
    })?;
    let to_client = session.outbox.clone();
    session.runtime.spawn(async move {
        while let Some(request) = requests.next().await {
            to_client.put_json(&request);
        }
    });
    session.runtime.spawn(signals(session.watch.clone()));
    let transport = transport::Transport::new(service, Box::new(answers), table, session.runtime.clone());
    let watch = session.watch.clone();
    threads::spawn("transport", Intent::Latency, move || {
        let end = transport.run(input);
        watch.end(end);
    })?;
    Ok(session)
}

/// Waits for a signal that asks us to end.
async fn signals(watch: Arc<watch::Watch>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return tracing::warn!("signals are not watched");
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    watch.end(End::Signal);
}
