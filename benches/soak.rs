//! A day of typing in minutes: 100,000 ranged edits to one document with requests of every advertised method between them,
//! against the server as a process, that never waits for an answer before it types on. Prints errors, growth of memory in
//! bytes an edit, and whether the outline at the end equals that of a fresh copy of the text.
//! `cargo bench --bench soak -- [EDITS] [FILE] [wild]`
//!
//! Edits come as they do from a person: runs of them beside one another at places all over the file, each of which may
//! break the text (brackets, names cut in two), and all of which are taken back some time later, so that the text
//! stays a program that is broken in up to 40 places. `wild`: none is taken back; after 20,000 edits the text is noise.
//!
//! Memory is the proportional size of the server and its children, taken when everything asked is answered and the
//! document has been quiet for a second: after each tenth. The first tenth is warm-up; growth is the slope of the line
//! through what was seen after it and all later ones (allocators give back late, so that two points say little).
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program of its own and may stop on any error"
)]

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use portolan::base::os::memory;
use portolan::text::position::{Position, Range};
use portolan::text::{Change, Document, Encoding};
use serde_json::{Value, json};

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/client.rs"]
mod client;

use client::{Client, Refusal};

/// Most requests that are not answered yet.
const IN_FLIGHT: usize = 4;
/// One request for so many edits.
const EDITS_A_REQUEST: usize = 5;
/// Most edits that are not taken back.
const WOUNDS: usize = 40;
const PIECES: &[&str] =
    &["", "", "", "x", " ", "\n", "(", ")", "{", "}", "fn added() {}\n", "\u{1f9ed}", "é", "// note\n", "s"];

/// A small generator of numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let edits: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let file = arguments.next().map_or_else(|| PathBuf::from("src/server/transport.rs"), PathBuf::from);
    let wild = arguments.next().is_some_and(|it| it == "wild");
    let text = std::fs::read_to_string(&file).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir(root.join("w")).unwrap();
    let path = root.join("w").join(file.file_name().unwrap());
    std::fs::write(&path, &text).unwrap();
    let language = portolan::syntax::languages::detect(
        &portolan::base::paths::RelPath::from_path(file.file_name().unwrap().as_ref()).unwrap(),
        text.as_bytes(),
    );

    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command.args(["serve", "--cache-dir"]).arg(root.join("cache"));
    let mut client = Client::spawn(command);
    client.initialize(&[&root.join("w")], client::able());
    let uri = client::uri(&path);
    client.did_open(&uri, language.id(), &text);
    while client.request("portolan/status", json!({})).unwrap()["stage"] != json!("embedded") {
        std::thread::sleep(Duration::from_millis(20));
    }

    let mut soak = Soak::new(client, uri, Document::new(&text, 1, language.id()), wild.then_some(text.len()));
    let began = Instant::now();
    let mut memory = Vec::new();
    for n in 1..=edits {
        soak.edit(n as i32 + 1);
        if n % EDITS_A_REQUEST == 0 {
            soak.ask();
        }
        if n % (edits / 10).max(1) == 0 {
            memory.push(soak.memory());
        }
    }
    soak.finish();
    let seconds = began.elapsed().as_secs_f64() - memory.len() as f64;
    let growth = slope(&memory) / (edits as f64 / 10.0);
    let equal = soak.equals_a_fresh_copy(language.id());
    let failed: usize = soak.errors.values().sum();
    let methods: Vec<&str> = soak.methods.iter().map(|it| it.0).collect();
    println!("{edits} edits, {} requests in {seconds:.1} s; methods: {methods:?}", soak.asked);
    println!("errors {failed} = {:.2} %: {:?}", 100.0 * failed as f64 / soak.asked.max(1) as f64, soak.errors);
    let shown: Vec<String> = memory.iter().map(|it| format!("{:.1}", *it as f64 / f64::from(1 << 20))).collect();
    println!("slowest answers (ms): {:?}", soak.slowest);
    println!("memory at each tenth (MiB): {}", shown.join(" "));
    println!("growth {growth:.1} bytes an edit; final outline equal: {equal}");
}

/// By how much a value grows from each to the next (least squares).
fn slope(values: &[u64]) -> f64 {
    let count = values.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = values.iter().sum::<u64>() as f64 / count;
    let (mut over, mut under) = (0.0, 0.0);
    for (at, &value) in values.iter().enumerate() {
        over += (at as f64 - middle) * (value as f64 - mean);
        under += (at as f64 - middle).powi(2);
    }
    over / under
}

struct Soak {
    client: Client,
    uri: String,
    model: Document,
    numbers: Numbers,
    /// What to put back where, the last edit last.
    undo: Vec<Change>,
    /// Edits are taken back until so few are left; none while more are made.
    until: Option<usize>,
    cursor: usize,
    /// Nothing is taken back; the text keeps about this length.
    wild: Option<usize>,
    methods: Vec<(&'static str, &'static str)>,
    waiting: VecDeque<(i64, &'static str, Instant)>,
    errors: BTreeMap<String, usize>,
    slowest: BTreeMap<&'static str, u128>,
    asked: usize,
}

/// Capabilities with their methods; own requests are there always.
const KNOWN: &[(&str, &str)] = &[
    ("textDocument/documentSymbol", "documentSymbolProvider"),
    ("textDocument/foldingRange", "foldingRangeProvider"),
    ("textDocument/selectionRange", "selectionRangeProvider"),
    ("textDocument/diagnostic", "diagnosticProvider"),
    ("workspace/symbol", "workspaceSymbolProvider"),
    ("textDocument/definition", "definitionProvider"),
    ("textDocument/references", "referencesProvider"),
    ("workspace/executeCommand", "executeCommandProvider"),
    ("portolan/status", ""),
    ("portolan/semanticSearch", ""),
];

impl Soak {
    fn new(client: Client, uri: String, model: Document, wild: Option<usize>) -> Self {
        let known = KNOWN.iter().copied();
        let methods = known.filter(|(_, it)| it.is_empty() || !client.capabilities[it].is_null()).collect();
        Self {
            client,
            uri,
            model,
            numbers: Numbers(3),
            undo: Vec::new(),
            until: None,
            cursor: 0,
            wild,
            methods,
            waiting: VecDeque::new(),
            errors: BTreeMap::new(),
            slowest: BTreeMap::new(),
            asked: 0,
        }
    }

    fn edit(&mut self, version: i32) {
        if self.wild.is_none() {
            match self.until {
                None if self.undo.len() >= WOUNDS => self.until = Some(self.numbers.below(WOUNDS)),
                Some(left) if self.undo.len() <= left => self.until = None,
                _ => {}
            }
            if self.until.is_some()
                && let Some(back) = self.undo.pop()
            {
                self.send(version, back);
                return;
            }
        }
        let change = self.next_change();
        self.send(version, change);
    }

    /// Replaces up to three characters at the cursor, which now and then jumps anywhere.
    fn next_change(&mut self) -> Change {
        let length = self.model.len_bytes();
        if self.wild.is_some() || self.numbers.below(8) == 0 {
            self.cursor = self.numbers.below(length + 1);
        }
        let from = self.cursor.min(length);
        let long = self.wild.is_some_and(|it| length > it);
        let to = from + if long { 4 + self.numbers.below(8) } else { self.numbers.below(3) };
        let piece = PIECES[self.numbers.below(PIECES.len())];
        let at = |byte: usize| self.model.position_of(byte.min(length), Encoding::Utf16);
        let (start, end) = (at(from), at(to));
        if self.wild.is_none() {
            let (start_byte, end_byte) = (self.byte(start), self.byte(end));
            let text = self.model.text()[start_byte..end_byte].to_owned();
            // Where it ends is known only when it is there: `send` fills it in.
            self.undo.push(Change { range: Some(Range { start, end: start }), text });
        }
        self.cursor = from + piece.len();
        Change { range: Some(Range { start, end }), text: piece.to_owned() }
    }

    fn byte(&self, at: Position) -> usize {
        self.model.byte_of(at, Encoding::Utf16)
    }

    fn send(&mut self, version: i32, change: Change) {
        let Some(Range { start, end }) = change.range else { return };
        let wire = |it: Position| (it.line, it.character);
        self.client.did_change(&self.uri, version, json!([client::edit(wire(start), wire(end), &change.text)]));
        let (from, inserted) = (self.byte(start), change.text.len());
        self.model.apply(version, vec![change], Encoding::Utf16);
        if self.until.is_none()
            && let Some(back) = self.undo.last_mut()
        {
            let end = self.model.position_of(from + inserted, Encoding::Utf16);
            let start = self.model.position_of(from, Encoding::Utf16);
            back.range = Some(Range { start, end });
        }
    }

    fn ask(&mut self) {
        while self.waiting.len() >= IN_FLIGHT {
            self.take();
        }
        let (method, _) = self.methods[self.numbers.below(self.methods.len())];
        let line = self.numbers.below(200);
        let name = ["par", "Tran", "answer", "?where are edits applied"][line % 4];
        let query = if method == "portolan/semanticSearch" { "where are edits applied" } else { name };
        let position = json!({ "line": line, "character": self.numbers.below(30) });
        let params = json!({
            "textDocument": { "uri": self.uri }, "position": position, "positions": [position],
            "context": { "includeDeclaration": true }, "query": query, "command": "portolan.server.status",
        });
        let id = self.client.ask(method, params);
        self.waiting.push_back((id, method, Instant::now()));
        self.asked += 1;
    }

    fn take(&mut self) {
        let Some((id, method, asked)) = self.waiting.pop_front() else { return };
        if let Err(Refusal { code, .. }) = self.client.answer(id) {
            *self.errors.entry(format!("{method} {code}")).or_insert(0) += 1;
        }
        let slowest = self.slowest.entry(method).or_default();
        *slowest = (*slowest).max(asked.elapsed().as_millis());
    }

    fn finish(&mut self) {
        while !self.waiting.is_empty() {
            self.take();
        }
    }

    /// Bytes of the server and its children, at rest.
    fn memory(&mut self) -> u64 {
        self.finish();
        std::thread::sleep(Duration::from_secs(1));
        self.client.process().map_or(0, memory::pss_of_tree)
    }

    fn outline(&mut self, uri: &str) -> Value {
        self.client
            .request("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }))
            .unwrap_or_default()
    }

    /// After a quiet moment the outline is that of the text as it stands.
    fn equals_a_fresh_copy(&mut self, language: &str) -> bool {
        std::thread::sleep(Duration::from_secs(1));
        let uri = self.uri.clone();
        let edited = self.outline(&uri);
        let text = self.model.text();
        self.client.did_close(&uri);
        self.client.did_open(&uri, language, &text);
        edited == self.outline(&uri)
    }
}
