//! A client over an in-memory pipe, with the server in a thread of this process. Invariant: every message of the server is
//! read by the test: what is left unread at the end fails it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::base::settings::Settings;
use portolan::server::{End, Ended, ServeOptions, serve};
use portolan::workspace::Options;
use serde_json::{Value, json};

/// A test that waits longer hangs: it fails instead.
const PATIENCE: Duration = Duration::from_secs(60);

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Null where there is none.
    pub data: Value,
    pub code: i64,
    pub message: String,
}

/// Where the server runs.
enum Server {
    Thread(JoinHandle<Ended>),
    Process(Child),
}

/// One client with its own server.
pub struct Client {
    /// None once we hung up.
    to_server: Option<Box<dyn Write + Send>>,
    from_server: Receiver<Value>,
    /// Read from the pipe, not yet asked for.
    unread: VecDeque<Value>,
    server: Option<Server>,
    next_id: i64,
    /// Notifications that this test does not look at.
    ignored: Vec<&'static str>,
    /// Requests of the server that were answered by themselves, in order.
    pub asked: Vec<Value>,
    /// What `workspace/configuration` answers for each item.
    pub configuration: Value,
    pub capabilities: Value,
}

impl Client {
    /// A server that has heard nothing yet, in a thread of this process.
    pub fn start(options: ServeOptions) -> Self {
        let (to_server, input) = UnixStream::pair().expect("a pipe");
        let (output, from_server) = UnixStream::pair().expect("a pipe");
        let server = std::thread::spawn(move || serve(input, output, options).expect("the server starts"));
        Self::over(to_server, from_server, Server::Thread(server))
    }

    /// A server that has heard nothing yet, as a process of its own.
    pub fn spawn(mut command: Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let to_server = process.stdin.take().expect("a pipe");
        let from_server = process.stdout.take().expect("a pipe");
        Self::over(to_server, from_server, Server::Process(process))
    }

    fn over(to_server: impl Write + Send + 'static, from_server: impl Read + Send + 'static, server: Server) -> Self {
        let (heard, messages) = channel();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(from_server);
            while let Some(message) = read_frame(&mut pipe) {
                if heard.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            to_server: Some(Box::new(to_server)),
            from_server: messages,
            unread: VecDeque::new(),
            server: Some(server),
            next_id: 0,
            ignored: vec!["$/progress", "window/logMessage"],
            asked: Vec::new(),
            configuration: Value::Null,
            capabilities: Value::Null,
        }
    }

    /// The process's number, where the server is one.
    pub fn process(&self) -> Option<u32> {
        match &self.server {
            Some(Server::Process(child)) => Some(child.id()),
            _ => None,
        }
    }

    /// A server that was initialized on `roots` by a client that can do everything.
    pub fn open(roots: &[&Path]) -> Self {
        Self::open_with(roots, options(), able())
    }

    /// The same with options of the server and capabilities of the client.
    pub fn open_with(roots: &[&Path], options: ServeOptions, able: Value) -> Self {
        let mut it = Self::start(options);
        it.initialize(roots, able);
        it
    }

    /// initialize and initialized.
    pub fn initialize(&mut self, roots: &[&Path], able: Value) {
        let folders: Vec<Value> = roots.iter().map(|it| json!({ "uri": uri(it), "name": "root" })).collect();
        let root = roots.first().map(|it| uri(it));
        let params = json!({
            "processId": std::process::id(), "rootUri": root, "workspaceFolders": folders, "capabilities": able,
        });
        let answer = self.request("initialize", params).expect("initialize succeeds");
        self.capabilities = answer["capabilities"].clone();
        self.notify("initialized", json!({}));
    }

    /// Asks and waits for the answer.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Value, Refusal> {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// Asks; [`Self::answer`] takes the answer.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Waits for the answer to a request.
    pub fn answer(&mut self, id: i64) -> Result<Value, Refusal> {
        let message = self.wait_for("an answer", |it| it.get("method").is_none() && it["id"] == json!(id));
        result_of(message)
    }

    /// Whether an answer to the request has come already.
    pub fn is_answered(&mut self, id: i64) -> bool {
        while let Ok(message) = self.from_server.try_recv() {
            self.hear(message);
        }
        self.unread.iter().any(|it| it.get("method").is_none() && it["id"] == json!(id))
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Waits for a notification and gives its parameters.
    pub fn notification(&mut self, method: &str) -> Value {
        self.wait_for(method, |it| it["method"] == method)["params"].take()
    }

    /// Waits for any message that `wanted` accepts.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.unread.iter().position(&wanted) {
                return self.unread.remove(at).expect("it is there");
            }
            match self.from_server.recv_timeout(PATIENCE) {
                Ok(message) => self.hear(message),
                Err(RecvTimeoutError::Timeout) => panic!("waited too long for {what}; unread: {:?}", self.unread),
                Err(RecvTimeoutError::Disconnected) => panic!("the server left before {what} came"),
            }
        }
    }

    /// Waits until the workspace is indexed, vectors included.
    pub fn wait_embedded(&mut self) {
        let patience = Cancel::new().within(PATIENCE);
        while self.request("portolan/status", json!({})).expect("a status")["stage"] != "embedded" {
            assert!(!patience.is_cancelled(), "the workspace is never indexed");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Notifications of this kind may stay unread.
    pub fn ignore(&mut self, method: &'static str) {
        self.ignored.push(method);
    }

    /// Opens a document with a text of its own.
    pub fn did_open(&mut self, uri: &str, language: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Changes a document; each change as in the protocol.
    pub fn did_change(&mut self, uri: &str, version: i32, changes: Value) {
        let document = json!({ "uri": uri, "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    pub fn did_close(&mut self, uri: &str) {
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    pub fn send(&mut self, message: &Value) {
        self.raw_body(message.to_string().as_bytes());
    }

    /// Sends a body as it is.
    pub fn raw_body(&mut self, body: &[u8]) {
        self.raw(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        self.raw(body);
    }

    /// Sends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        let pipe = self.to_server.as_mut().expect("we did not hang up");
        pipe.write_all(bytes).and_then(|()| pipe.flush()).expect("the server reads");
    }

    /// Says nothing more: the server sees the end of its input.
    pub fn hang_up(mut self) -> Ended {
        self.end()
    }

    /// shutdown and exit.
    pub fn leave(mut self) -> Ended {
        self.request("shutdown", Value::Null).expect("shutdown succeeds");
        self.notify("exit", Value::Null);
        self.end()
    }

    /// exit without shutdown.
    pub fn run_away(mut self) -> Ended {
        self.notify("exit", Value::Null);
        self.end()
    }

    fn end(&mut self) -> Ended {
        self.to_server = None;
        let ended = match self.server.take().expect("the server runs") {
            Server::Thread(server) => server.join().expect("the server does not panic"),
            Server::Process(mut child) => {
                let in_order = child.wait().expect("the server ends").success();
                Ended { why: End::Exit, in_order }
            }
        };
        while let Ok(message) = self.from_server.recv() {
            self.hear(message);
        }
        ended
    }

    fn hear(&mut self, message: Value) {
        let method = message["method"].as_str().unwrap_or_default();
        if message.get("id").is_some() && !method.is_empty() {
            let result = match method {
                "workspace/configuration" => {
                    let n = message["params"]["items"].as_array().map_or(0, Vec::len);
                    json!(vec![self.configuration.clone(); n])
                }
                _ => Value::Null,
            };
            let id = message["id"].clone();
            self.asked.push(message);
            if self.server.is_some() {
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
            }
        } else if !self.ignored.contains(&method) {
            self.unread.push_back(message);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if self.server.is_some() {
            self.request("shutdown", Value::Null).expect("shutdown succeeds");
            self.notify("exit", Value::Null);
            self.end();
        }
        assert!(self.unread.is_empty(), "messages that the test did not read: {:#?}", self.unread);
    }
}

/// Options of a server under test: an index directory of its own, our binary as worker, nothing else shared.
pub fn options() -> ServeOptions {
    static CACHE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a directory"));
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let cache = CACHE.path().join(NUMBER.fetch_add(1, Ordering::Relaxed).to_string());
    let workspace = move |_: &mut Settings, _: &[PathBuf]| Options {
        cache_dir: Some(cache.clone()),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        workers: 1,
        ..Options::default()
    };
    let executable = Some(env!("CARGO_BIN_EXE_portolan").into());
    ServeOptions { workspace: Arc::new(workspace), executable, ..ServeOptions::default() }
}

/// Capabilities of a client that can do everything (UTF-16, pulled diagnostics).
pub fn able() -> Value {
    json!({
        "general": { "positionEncodings": ["utf-16"] },
        "textDocument": {
            "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
            "diagnostic": { "dynamicRegistration": false },
        },
        "workspace": { "workspaceFolders": true, "configuration": true },
        "window": { "workDoneProgress": true },
    })
}

/// The `file:` URI of a path without odd characters.
pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A position of the protocol.
pub fn at(line: u32, character: u32) -> Value {
    json!({ "line": line, "character": character })
}

/// A change of a range.
pub fn edit(from: (u32, u32), to: (u32, u32), text: &str) -> Value {
    json!({ "range": { "start": at(from.0, from.1), "end": at(to.0, to.1) }, "text": text })
}

fn result_of(mut message: Value) -> Result<Value, Refusal> {
    match message.get("error") {
        None => Ok(message["result"].take()),
        Some(error) => Err(Refusal {
            code: error["code"].as_i64().expect("an error has a code"),
            message: error["message"].as_str().expect("an error has a message").to_owned(),
            data: error["data"].clone(),
        }),
    }
}

fn read_frame(pipe: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if pipe.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            header => {
                let value = header.strip_prefix("Content-Length: ").expect("nothing but frames on the output");
                length = Some(value.parse().expect("a length"));
            }
        }
    }
    let mut body = vec![0; length.expect("a length")];
    pipe.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("the server writes JSON"))
}
