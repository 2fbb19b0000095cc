//! `portolan search-server`: questions and answers as JSON lines on standard input and output, for programs. Invariant: one
//! answer for each line, with its id; a bad line is answered with an error and the next one is read; nothing in a line is passed
//! over. Lists are those of `portolan search`.

use std::collections::HashMap;
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{answers, index_cmd};
use crate::base::cancel::Cancel;
use crate::base::paths::RelPath;
use crate::base::settings::{Settings, table};
use crate::features::semantic_search::{Means, semantic_search};
use crate::server::asked;
use crate::workspace::{Options, Stage, Workspace};

/// Longest line that is read, in bytes; the rest of a longer one is skipped.
const LONGEST_LINE: u64 = 1 << 20;
/// Most workspaces that are open at once.
const MOST_ROOTS: usize = 64;

/// Serves until standard input ends.
///
/// # Errors
/// Standard input or output fails.
pub fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut server = Server { settings, open: HashMap::new() };
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    while let Some(line) = read_line(&mut input)? {
        let answer = match line {
            Ok(line) if line.iter().all(u8::is_ascii_whitespace) => continue,
            Ok(line) => server.answer(&line),
            Err(TooLong) => json!({"id": null, "error": format!("a line is longer than {LONGEST_LINE} bytes")}),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    for workspace in server.open.into_values() {
        workspace.shutdown();
    }
    Ok(ExitCode::SUCCESS)
}

struct TooLong;

/// The next line without its end; `None` at the end of input.
fn read_line(input: &mut impl BufRead) -> std::io::Result<Option<Result<Vec<u8>, TooLong>>> {
    let mut line = Vec::new();
    input.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() as u64 <= LONGEST_LINE || line.ends_with(b"\n") {
        return Ok(Some(Ok(line)));
    }
    loop {
        let buffer = input.fill_buf()?;
        let (skip, done) = match buffer.iter().position(|&b| b == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(skip);
        if done {
            return Ok(Some(Err(TooLong)));
        }
    }
}

struct Server<'a> {
    settings: &'a Settings,
    open: HashMap<PathBuf, Arc<Workspace>>,
}

impl Server<'_> {
    fn answer(&mut self, line: &[u8]) -> Value {
        let message: Value = match serde_json::from_slice(line) {
            Ok(message @ Value::Object(_)) => message,
            Ok(_) => {
                return json!({"id": null, "error": "a message is a JSON object, such as {\"id\":1,\"root\":\"/dir\",\"query\":\"...\"}"});
            }
            Err(error) => return json!({"id": null, "error": format!("not JSON: {error}")}),
        };
        let id = message.get("id").cloned().unwrap_or(Value::Null);
        let mut answer = self.act(&message).unwrap_or_else(|error| json!({"error": error}));
        if let Some(object) = answer.as_object_mut() {
            object.shift_insert(0, "id".into(), id);
        }
        answer
    }

    fn act(&mut self, message: &Value) -> Result<Value, String> {
        let text = |key: &str| message.get(key).and_then(Value::as_str);
        let operation = match message.get("op") {
            None | Some(Value::Null) => "search",
            Some(it) => it.as_str().ok_or("'op' is a text: index, search or forget")?,
        };
        refuse_unknown(operation, message)?;
        let root = PathBuf::from(text("root").ok_or("'root' is missing: the folder to search, as an absolute path")?);
        match operation {
            "index" => {
                let workspace = self.workspace(&root)?;
                let status = workspace.status();
                let whole = workspace.snapshot().completeness();
                Ok(json!({"ok": true, "files": status.progress.files_done, "chunks": whole.passages,
                          "vectors": whole.vectors}))
            }
            "forget" => {
                if let Some(workspace) = self.open.remove(&root) {
                    workspace.shutdown();
                }
                Ok(json!({"ok": true}))
            }
            "search" => {
                let question = text("query").ok_or("'query' is missing: the question, as text")?;
                let question = asked::question(question, message).map_err(|e| e.to_string())?;
                let default = usize::try_from(self.settings.int(&table::SEARCH_LIMIT)).unwrap_or(10);
                let limit = match message.get("limit") {
                    None | Some(Value::Null) => default,
                    Some(it) => it.as_u64().ok_or("'limit' is a whole number: answers at most, such as 10")? as usize,
                };
                let workspace = self.workspace(&root)?;
                let (snapshot, embedder) = (workspace.snapshot(), workspace.embedder());
                let cancel = Cancel::new().within(Duration::from_secs(10));
                let texts = |file, root, path: &RelPath| workspace.text_of(&snapshot, file, root, path);
                let means = Means { embedder: embedder.as_deref(), texts: Some(&texts), near: None };
                let found = semantic_search(&snapshot, means, &question, limit, &cancel, None);
                let all: Vec<Value> = found.items.iter().map(|it| answers::result(it, &snapshot, None)).collect();
                Ok(json!({"results": all, "complete": found.completeness.is_whole(), "notes": found.notes}))
            }
            other => Err(format!("'{other}' is no operation: use index, search or forget")),
        }
    }

    /// The workspace at `root`, indexed as it was when it was first named, and followed since.
    fn workspace(&mut self, root: &Path) -> Result<Arc<Workspace>, String> {
        if let Some(workspace) = self.open.get(root) {
            return Ok(workspace.clone());
        }
        if self.open.len() >= MOST_ROOTS {
            return Err(format!("{MOST_ROOTS} folders are open: forget one first"));
        }
        let workspace = index_cmd::open(self.settings.clone(), Some(root), Options::default())
            .map_err(|error| format!("{error:#}"))?;
        index_cmd::wait(&workspace, Stage::Embedded, true);
        self.open.insert(root.to_path_buf(), workspace.clone());
        Ok(workspace)
    }
}

/// A field that is misspelt would change nothing, without a word.
fn refuse_unknown(operation: &str, message: &Value) -> Result<(), String> {
    let mut known: Vec<String> = ["id", "op", "root"].map(str::to_owned).into();
    match operation {
        "index" | "forget" => {}
        "search" => {
            known.extend(["query", "limit"].map(str::to_owned));
            known.extend(asked::names_of_filters());
        }
        // That is what is told.
        _ => return Ok(()),
    }
    let mut fields = message.as_object().into_iter().flat_map(|it| it.keys());
    match fields.find(|it| !known.contains(it)) {
        Some(unknown) => Err(format!("'{unknown}' is no field of {operation}: there are {}", known.join(", "))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded() {
        let long = "x".repeat(LONGEST_LINE as usize + 10);
        let text = format!("one\n{long}\ntwo");
        let mut input = text.as_bytes();
        assert!(matches!(read_line(&mut input), Ok(Some(Ok(line))) if line == b"one\n"));
        assert!(matches!(read_line(&mut input), Ok(Some(Err(TooLong)))));
        assert!(matches!(read_line(&mut input), Ok(Some(Ok(line))) if line == b"two"));
        assert!(matches!(read_line(&mut input), Ok(None)));
    }

    #[test]
    fn bad_messages_are_answered() {
        let settings = Settings::default();
        let mut server = Server { settings: &settings, open: HashMap::new() };
        let mut error = |line: &str| server.answer(line.as_bytes())["error"].as_str().unwrap_or("none").to_owned();
        assert!(error("{").starts_with("not JSON"));
        assert!(error("[1]").contains("JSON object"));
        assert!(error(r#"{"id":1}"#).contains("'root' is missing"));
        assert!(error(r#"{"id":1,"root":"/"}"#).contains("'query' is missing"));
        assert!(error(r#"{"id":1,"root":"/","query":" "}"#).contains("empty"));
        assert!(error(r#"{"id":1,"root":"/no/such/folder","query":"x"}"#).contains("no such directory"));
        assert!(error(r#"{"id":1,"root":"/","op":"dance","query":"x"}"#).contains("'dance' is no operation"));
        assert!(error(r#"{"id":1,"root":"/","op":7}"#).contains("'op' is a text"));
        let said = error(r#"{"id":1,"root":"/","query":"x","limt":1}"#);
        assert!(
            said.starts_with("'limt' is no field of search: there are id, op, root, query, limit, lang, "),
            "{said}"
        );
        assert!(error(r#"{"id":1,"root":"/","query":"x","limit":"1"}"#).contains("'limit' is a whole number"));
        assert!(error(r#"{"id":1,"root":"/","query":"x","limit":-1}"#).contains("'limit' is a whole number"));
        assert!(error(r#"{"op":"forget","root":"/","limit":1}"#).contains("'limit' is no field of forget"));
        assert_eq!(error(r#"{"id":null,"op":"forget","root":"/"}"#), "none");
    }
}
