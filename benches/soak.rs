//! A day of typing in minutes: 100,000 ranged edits to one document with requests of every advertised method between them,
//! against the server as a process. Prints errors, growth of resident memory in bytes an edit (after the first tenth),
//! and whether the outline at the end equals that of a fresh copy of the text.
//! `cargo bench --bench soak -- [EDITS] [FILE]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program of its own and may stop on any error"
)]

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use portolan::base::os::memory;
use portolan::text::position::Position;
use portolan::text::{Change, Document, Encoding};
use serde_json::{Value, json};

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/client.rs"]
mod client;

use client::{Client, Refusal};

/// An edit follows each request's answer after at most so many others.
const IN_FLIGHT: usize = 4;
/// One request for so many edits.
const EDITS_A_REQUEST: usize = 5;
const PIECES: &[&str] =
    &["", "", "", "x", " ", "\n", "(", ")", "{", "}", "fn added() {}\n", "\u{1f9ed}", "é", "// note\n"];

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

    let mut soak = Soak::new(client, uri, Document::new(&text, 1, language.id()));
    let began = Instant::now();
    let mut warm = 0;
    for n in 1..=edits {
        soak.edit(n as i32 + 1, text.len());
        if n % EDITS_A_REQUEST == 0 {
            soak.ask();
        }
        if n == edits / 10 {
            soak.finish();
            warm = soak.resident();
        }
    }
    soak.finish();
    let growth = (soak.resident() as f64 - warm as f64) / (edits as f64 * 0.9);
    let seconds = began.elapsed().as_secs_f64();
    let equal = soak.equals_a_fresh_copy(language.id());
    let failed: usize = soak.errors.values().sum();
    println!("{edits} edits, {} requests in {seconds:.1} s; methods: {:?}", soak.asked, soak.methods());
    println!("errors {failed} = {:.2} %: {:?}", 100.0 * failed as f64 / soak.asked.max(1) as f64, soak.errors);
    println!("resident {} MiB, growth {growth:.1} bytes an edit; final outline equal: {equal}", soak.resident() >> 20);
}

struct Soak {
    client: Client,
    uri: String,
    model: Document,
    numbers: Numbers,
    waiting: VecDeque<(i64, &'static str)>,
    errors: BTreeMap<String, usize>,
    asked: usize,
}

impl Soak {
    fn new(client: Client, uri: String, model: Document) -> Self {
        let (waiting, errors) = (VecDeque::new(), BTreeMap::new());
        Self { client, uri, model, numbers: Numbers(3), waiting, errors, asked: 0 }
    }

    /// The advertised methods that this bench knows.
    fn methods(&self) -> Vec<&'static str> {
        let known = [
            ("documentSymbolProvider", "textDocument/documentSymbol"),
            ("foldingRangeProvider", "textDocument/foldingRange"),
            ("selectionRangeProvider", "textDocument/selectionRange"),
            ("diagnosticProvider", "textDocument/diagnostic"),
            ("workspaceSymbolProvider", "workspace/symbol"),
            ("definitionProvider", "textDocument/definition"),
            ("referencesProvider", "textDocument/references"),
            ("executeCommandProvider", "portolan/status"),
        ];
        known.iter().filter(|(name, _)| !self.client.capabilities[name].is_null()).map(|(_, it)| *it).collect()
    }

    /// Replaces up to three characters anywhere; the text keeps about its length.
    fn edit(&mut self, version: i32, length: usize) {
        let long = self.model.len_bytes() > length;
        let from = self.numbers.below(self.model.len_bytes() + 1);
        let to = from + if long { 4 + self.numbers.below(8) } else { self.numbers.below(3) };
        let piece = PIECES[self.numbers.below(PIECES.len())];
        let at = |it: &Document, byte: usize| it.position_of(byte.min(it.len_bytes()), Encoding::Utf16);
        let (start, end) = (at(&self.model, from), at(&self.model, to));
        let wire = |it: Position| (it.line, it.character);
        let range = Some(portolan::text::position::Range { start, end });
        self.model.apply(version, vec![Change { range, text: piece.to_owned() }], Encoding::Utf16);
        self.client.did_change(&self.uri, version, json!([client::edit(wire(start), wire(end), piece)]));
    }

    fn ask(&mut self) {
        while self.waiting.len() >= IN_FLIGHT {
            self.take();
        }
        let methods = self.methods();
        let method = methods[self.numbers.below(methods.len())];
        let line = self.numbers.below(200);
        let query = ["par", "Tran", "answer", "?where are edits applied"][line % 4];
        let position = json!({ "line": line, "character": self.numbers.below(30) });
        let params = json!({
            "textDocument": { "uri": self.uri }, "position": position, "positions": [position],
            "context": { "includeDeclaration": true }, "query": query,
        });
        let id = self.client.ask(method, params);
        self.waiting.push_back((id, method));
        self.asked += 1;
    }

    fn take(&mut self) {
        let Some((id, method)) = self.waiting.pop_front() else { return };
        if let Err(Refusal { code, .. }) = self.client.answer(id) {
            *self.errors.entry(format!("{method} {code}")).or_insert(0) += 1;
        }
    }

    fn finish(&mut self) {
        while !self.waiting.is_empty() {
            self.take();
        }
    }

    fn resident(&self) -> u64 {
        self.client.process().and_then(memory::resident_of).unwrap_or(0)
    }

    fn outline(&mut self, uri: &str) -> Value {
        self.client
            .request("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }))
            .unwrap_or_default()
    }

    /// After a quiet moment the outline is that of the text as it stands.
    fn equals_a_fresh_copy(&mut self, language: &str) -> bool {
        std::thread::sleep(std::time::Duration::from_secs(1));
        let uri = self.uri.clone();
        let edited = self.outline(&uri);
        let text = self.model.text();
        self.client.did_close(&uri);
        self.client.did_open(&uri, language, &text);
        edited == self.outline(&uri)
    }
}
