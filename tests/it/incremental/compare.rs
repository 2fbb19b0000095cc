//! Everything that an index says, as lines: what it knows of each file, and its answers to a fixed list of questions with
//! scores and order. Two indexes of one tree must say the same.

use portolan::base::cancel::Cancel;
use portolan::base::ids::FileId;
use portolan::embed::Embedder;
use portolan::facts::words::analyse_query;
use portolan::features::answer::Target;
use portolan::features::definition::definition;
use portolan::features::references::references;
use portolan::features::semantic_search::{Means, Question, semantic_search};
use portolan::features::workspace_symbols::workspace_symbols;
use portolan::index::export;
use portolan::index::snapshot::{PassageId, Snapshot};
use portolan::workspace::Workspace;

use super::texts::NAMES;

const QUERIES: [&str; 9] = ["", "al", "rety", "Client", "prs", "net/retry", "Ledger::balance", "moved", "tota_price"];
const QUESTIONS: [&str; 6] = [
    "calls again after a failure",
    "retry_with_backoff",
    "where are prices of the basket summed",
    "Parser",
    "how does the connection wait",
    "docs tests vendor src",
];
/// Few and all: what is cut off must not depend on packs either.
const LIMITS: [usize; 2] = [4, 1_000];

/// All of it, in one order.
pub fn says(workspace: &Workspace, embedder: &dyn Embedder) -> Vec<String> {
    let (snapshot, root) = (workspace.snapshot(), workspace.status().roots[0].id);
    let mut out = Vec::new();
    let mut files = Vec::new();
    for (path, text) in export::files(&snapshot, root) {
        let path = portolan::base::paths::RelPath::from_bytes(&path).unwrap();
        files.extend(snapshot.file(root, &path));
        out.extend(text.lines().map(|line| format!("{} | {line}", path.display())));
    }
    out.push(format!("{:?}", snapshot.completeness()));
    let it = Asker { snapshot: &snapshot, cancel: &Cancel::new(), out };
    it.names().words(embedder).places(&files).out
}

struct Asker<'a> {
    snapshot: &'a Snapshot,
    cancel: &'a Cancel,
    out: Vec<String>,
}

impl Asker<'_> {
    fn path(&self, file: FileId) -> String {
        self.snapshot.path(file).map_or_else(|| "?".into(), |it| it.1.display().to_string())
    }

    fn say(&mut self, question: &str, answers: impl IntoIterator<Item = String>) {
        let answers = answers.into_iter().enumerate().map(|(rank, it)| format!("{question} -> {rank}: {it}"));
        self.out.extend(answers);
    }

    fn names(mut self) -> Self {
        for name in NAMES.iter().copied().chain(["mod.txt", "smørrebrød"]) {
            let hits = self.snapshot.symbols_named(name);
            let hits: Vec<_> =
                hits.iter().map(|it| format!("{}:{}:{}", self.path(it.file), it.line, it.column)).collect();
            self.say(&format!("named {name}"), hits);
            let using: Vec<_> = self.snapshot.files_using(name, 100, self.cancel);
            let using: Vec<_> = using.into_iter().map(|it| self.path(it)).collect();
            self.say(&format!("using {name}"), using);
        }
        for query in QUERIES {
            for limit in LIMITS {
                let found = workspace_symbols(self.snapshot, query, None, limit, self.cancel).value;
                let line = |it: &portolan::features::workspace_symbols::Ranked| {
                    format!("{} {:?} {}:{}", it.hit.name, it.score, self.path(it.hit.file), it.hit.line)
                };
                let found: Vec<_> = found.iter().map(line).collect();
                self.say(&format!("symbols {query:?} {limit}"), found);
                let fuzzy = self.snapshot.fuzzy(query, limit, self.cancel);
                self.say(&format!("fuzzy {query:?} {limit}"), fuzzy.iter().map(|it| format!("{it:?}")));
            }
        }
        for limit in LIMITS {
            let used = self.snapshot.most_used(limit, self.cancel);
            self.say(&format!("most used {limit}"), used.iter().map(|it| format!("{it:?}")));
        }
        self
    }

    fn passage(&self, id: PassageId) -> String {
        let it = self.snapshot.passage(id).unwrap();
        format!("{} {:?} {:?} {} {:?}", self.path(it.file), it.span, it.lines, it.terms, it.traits)
    }

    fn words(mut self, embedder: &dyn Embedder) -> Self {
        for question in QUESTIONS {
            let mut vector = Vec::new();
            embedder.embed(&[question], &mut vector).unwrap();
            for limit in LIMITS {
                let hits = self.snapshot.lexical(&analyse_query(question).terms, limit, self.cancel);
                let line = |it: &portolan::index::lexical::LexicalHit| {
                    format!("{:?} {:?} {:?} {:b} {}", it.score, it.name, it.path, it.terms, self.passage(it.passage))
                };
                let hits: Vec<_> = hits.iter().map(line).collect();
                self.say(&format!("words {question:?} {limit}"), hits);
                let near = self.snapshot.nearest(&vector, limit, self.cancel);
                let near: Vec<_> =
                    near.iter().map(|it| format!("{:?} {}", it.score, self.passage(it.passage))).collect();
                self.say(&format!("near {question:?} {limit}"), near);
                let means = Means { embedder: Some(embedder), texts: None, near: None };
                let asked = Question::new(question).unwrap();
                let found = semantic_search(self.snapshot, means, &asked, limit, self.cancel, None).items;
                let found = found
                    .iter()
                    .map(|it| format!("{:?} {} {:?} {:?}", it.score, it.path.display(), it.place, it.reason));
                self.say(&format!("search {question:?} {limit}"), found.collect::<Vec<_>>());
            }
        }
        self
    }

    /// Definitions and uses of what some references of each file name.
    fn places(mut self, files: &[FileId]) -> Self {
        for &file in files {
            let Some(facts) = self.snapshot.facts(file) else { continue };
            let mut offsets = Vec::new();
            for segment in &facts.segments {
                let uses = segment.facts.references.iter().map(|it| it.span);
                let names = segment.facts.symbols.iter().map(|it| it.name_range);
                offsets.extend(uses.take(3).chain(names.take(2)).map(|it| it.start + segment.span.start));
            }
            for (turn, offset) in offsets.into_iter().take(6).enumerate() {
                let found = definition(self.snapshot, file, offset, self.cancel).value;
                let line =
                    |it: &Target| format!("{} {:?} {:?} {:?}", self.path(it.file), it.name, it.full, it.evidence);
                let found: Vec<_> = found.iter().map(line).collect();
                let question = format!("{}:{offset}", self.path(file));
                self.say(&format!("definition {question}"), found);
                if turn == 0 {
                    let uses = references(self.snapshot, file, offset, true, self.cancel).value;
                    let uses: Vec<_> =
                        uses.iter().map(|it| format!("{} {:?} {:?}", self.path(it.file), it.span, it.role)).collect();
                    self.say(&format!("references {question}"), uses);
                }
            }
        }
        self
    }
}

/// The first lines in which two differ.
pub fn difference(kept: &[String], clean: &[String]) -> Option<String> {
    if kept == clean {
        return None;
    }
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let those: std::collections::HashSet<&String> = those.iter().collect();
        these.iter().filter(|it| !those.contains(it)).take(12).map(|it| it.chars().take(400).collect()).collect()
    };
    let (more, less) = (only(kept, clean), only(clean, kept));
    Some(format!(
        "only in the one kept up to date:\n  {}\nonly in the new one:\n  {}",
        more.join("\n  "),
        less.join("\n  ")
    ))
}
