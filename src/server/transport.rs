//! The ordered loop: one thread that reads frames, keeps the life cycle, applies what changes documents, and hands requests
//! to the pool. Invariant: nothing in it waits for a request's work; messages take effect in the order in which they came.
//! Must not know what any method answers.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::{FutureExt, Sink, SinkExt};
use tokio::runtime::Handle;
use tower::Service;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_lsp::ls_types::MessageType;
use tower_lsp::{ExitedError, LspService};

use super::backend::Backend;
use super::dispatch::{self, CONTEXT, Context, Row, Table};
use super::frame::{Decoder, Piece};
use super::in_flight::Ticket;
use super::message::{self, Incoming, Params};
use super::pool::Lane;
use super::session::Session;
use super::watch::End;

/// Where the client is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Fresh,
    Running,
    ShutDown,
}

/// Where the client's answers to our requests go.
pub(crate) type Answers = Box<dyn Sink<Response, Error = ExitedError> + Send + Unpin>;

/// The loop's state.
pub(crate) struct Transport {
    service: LspService<Backend>,
    session: Arc<Session>,
    answers: Answers,
    table: Table,
    runtime: Handle,
    phase: Phase,
}

impl Transport {
    pub(crate) fn new(service: LspService<Backend>, answers: Answers, table: Table, runtime: Handle) -> Self {
        let session = service.inner().session.clone();
        Self { service, session, answers, table, runtime, phase: Phase::Fresh }
    }

    /// Reads until the input ends or the client says `exit`.
    pub(crate) fn run(mut self, mut input: impl Read) -> End {
        let mut decoder = Decoder::default();
        let mut bytes = vec![0; 64 << 10];
        loop {
            while let Some(piece) = decoder.next_piece() {
                // A client that sends but does not read is not read from either.
                self.session.outbox.wait_for_room();
                let body = match piece {
                    Piece::Body(body) => body,
                    Piece::Bad(reason) => {
                        self.refuse(Id::Null, ErrorCode::ParseError, reason.into());
                        continue;
                    }
                };
                let message = message::parse(&body);
                if matches!(&message, Incoming::Bad(_, error) if error.code == ErrorCode::ParseError) {
                    decoder.resume_within(&body);
                }
                drop(body);
                if let Some(end) = self.take(message) {
                    return end;
                }
            }
            match input.read(&mut bytes) {
                Ok(0) => return End::InputClosed,
                Ok(n) => decoder.push(&bytes[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::warn!(%error, "the client's messages cannot be read");
                    return End::InputClosed;
                }
            }
        }
    }

    fn refuse(&self, id: Id, code: ErrorCode, message: std::borrow::Cow<'static, str>) {
        self.session.outbox.put_json(&Response::from_error(id, Error { code, message, data: None }));
    }

    fn take(&mut self, message: Incoming) -> Option<End> {
        match message {
            Incoming::Request { id, method, params } => self.request(id, method, params),
            Incoming::Notification { method, params } => return self.notification(method, &params),
            Incoming::Answer(response) => {
                // The sink only hands the answer to whoever waits for it.
                let _ = self.answers.send(response).now_or_never();
            }
            Incoming::Useless => tracing::debug!("an answer without a usable id"),
            Incoming::Bad(id, error) => self.session.outbox.put_json(&Response::from_error(id, error)),
        }
        None
    }

    fn request(&mut self, id: Id, method: String, params: Params) {
        match (self.phase, method.as_str()) {
            (Phase::Fresh, "initialize") | (Phase::Running, "shutdown") => return self.life_cycle(id, method, &params),
            (Phase::Fresh, _) => {
                return self.refuse(id, ErrorCode::ServerError(-32002), "the server is not initialized".into());
            }
            (Phase::Running, "initialize") => {
                return self.refuse(id, ErrorCode::InvalidRequest, "initialize comes once".into());
            }
            (Phase::ShutDown, _) => {
                return self.refuse(id, ErrorCode::InvalidRequest, "the server is shut down".into());
            }
            (Phase::Running, _) => {}
        }
        let Some(row) = self.table.get(&method) else {
            let error = Error { data: Some(method.into()), ..Error::method_not_found() };
            return self.session.outbox.put_json(&Response::from_error(id, error));
        };
        match self.session.in_flight.admit(&id) {
            Err(error) => self.session.outbox.put_json(&Response::from_error(id, error)),
            Ok(ticket) => match row.hot {
                Some(hot) => self.past_the_router(row, hot, ticket, params),
                None => self.through_the_router(row, ticket, id, method, &params),
            },
        }
    }

    fn past_the_router(&self, row: Row, hot: dispatch::Hot, ticket: Ticket, params: Params) {
        let context = self.context(row, &ticket, &params);
        let job = Job { session: self.session.clone(), lane: row.lane, context, hot, params, ticket };
        self.session.pool.submit(row.lane, move || job.run(true));
    }

    fn through_the_router(&mut self, row: Row, ticket: Ticket, id: Id, method: String, params: &Params) {
        let context = self.context(row, &ticket, params);
        let params = match params.value() {
            Ok(params) => params,
            Err(error) => return ticket.answer(Err(error)),
        };
        let answer = self.service.call(build(method, Some(id), params));
        self.runtime.spawn(CONTEXT.scope(context, async move {
            // Handlers guard themselves; what panics here is a defect of the router, and the ticket answers when dropped.
            match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(Ok(Some(response))) => ticket.respond(&response),
                Ok(Ok(None) | Err(_)) | Err(_) => drop(ticket),
            }
        }));
    }

    fn context(&self, row: Row, ticket: &Ticket, params: &Params) -> Context {
        Context::new(&self.session, row, ticket.cancel().clone(), || params.document())
    }

    /// `initialize` and `shutdown`: everything behind them waits until they are answered.
    fn life_cycle(&mut self, id: Id, method: String, params: &Params) {
        let next = if method == "initialize" { Phase::Running } else { Phase::ShutDown };
        let params = match params.value() {
            Ok(params) => params,
            Err(error) => return self.session.outbox.put_json(&Response::from_error(id, error)),
        };
        match self.route(build(method, Some(id.clone()), params)) {
            Some(response) => {
                if response.is_ok() {
                    self.phase = next;
                }
                self.session.outbox.put_json(&response);
            }
            None => self.refuse(id, ErrorCode::InternalError, "the handler failed".into()),
        }
    }

    fn notification(&mut self, method: String, params: &Params) -> Option<End> {
        match method.as_str() {
            "exit" => return Some(End::Exit),
            _ if self.phase != Phase::Running => return None,
            "$/cancelRequest" => self.cancel(params),
            _ => {
                if let Some(notice) = dispatch::notice(&method) {
                    self.notice(&method, notice, params);
                } else if let Ok(params) = params.value() {
                    self.route(build(method, None, params));
                }
            }
        }
        None
    }

    /// Applies what changes a document. One whose change failed half-way is closed here: no answer beats wrong ones.
    fn notice(&self, method: &str, notice: dispatch::Notice, params: &Params) {
        let session = &self.session;
        let uri = params.document();
        session.in_flight.hold_up_a_flood();
        match catch_unwind(AssertUnwindSafe(|| notice(session, params))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(method, %error, "a notification cannot be used"),
            Err(_) => {
                tracing::error!(method, "a notification's handler failed");
                let Some(uri) = uri else { return };
                session.documents.close(&uri);
                let closed = catch_unwind(AssertUnwindSafe(|| session.typing.close(&uri)));
                tracing::warn!(closed = closed.is_ok(), "its document is no longer followed");
                let remedy = format!("Portolan lost track of {uri}; close the file and open it again.");
                session.tell(MessageType::ERROR, remedy);
            }
        }
    }

    /// Answers the cancelled request at once, stops its work, and frees its id in the router too.
    fn cancel(&mut self, params: &Params) {
        #[derive(serde::Deserialize)]
        struct CancelParams {
            id: Id,
        }
        let Ok(CancelParams { id }) = params.parse() else { return };
        self.session.in_flight.cancel(&id);
        if let Ok(Some(params)) = params.value() {
            self.route(build("$/cancelRequest".to_owned(), None, Some(params)));
        }
    }

    /// Drives the router to the end of one message, here and now.
    fn route(&mut self, request: Request) -> Option<Response> {
        let answer = self.service.call(request);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(answer)));
        match outcome {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                tracing::error!(%error, "the router refuses");
                None
            }
            Err(_) => {
                tracing::error!("a handler panicked");
                None
            }
        }
    }
}

fn build(method: String, id: Option<Id>, params: Option<serde_json::Value>) -> Request {
    let mut request = Request::build(method);
    if let Some(id) = id {
        request = request.id(id);
    }
    if let Some(params) = params {
        request = request.params(params);
    }
    request.finish()
}

/// A request past the router.
struct Job {
    session: Arc<Session>,
    lane: Lane,
    context: Context,
    hot: dispatch::Hot,
    params: Params,
    ticket: Ticket,
}

impl Job {
    /// Makes the answer; where it may lack something, once more when that is indexed.
    fn run(self, first: bool) {
        let mut body = self.ticket.open();
        let make = || (self.hot)(&self.session, &self.params, &self.context, &mut body);
        let outcome = dispatch::guarded(&self.context, make);
        let wants = dispatch::wanted().filter(|_| first && outcome.is_ok());
        let (Some(wants), Some(workspace)) = (wants, self.session.workspace().cloned()) else {
            // Whoever waits for the text to go on need not wait for the answer to be written.
            drop(self.context);
            return self.ticket.answer(outcome.map(|()| body));
        };
        let cancel = self.context.cancel.clone();
        workspace.seek(wants, cancel, move |found| {
            if found {
                let (pool, lane) = (self.session.pool.clone(), self.lane);
                pool.submit(lane, move || self.run(false));
            } else {
                self.ticket.answer(Ok(body));
            }
        });
    }
}
