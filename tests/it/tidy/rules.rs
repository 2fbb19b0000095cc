//! The rules themselves: plain functions over text.

/// One file of the project.
pub struct Source {
    pub name: String,
    pub text: String,
}

/// The folders in order, and which others each may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("text", &["base"]),
    ("facts", &["base"]),
    ("syntax", &["base", "text", "facts"]),
    ("embed", &["base", "facts"]),
    ("store", &["base", "facts"]),
    ("index", &["base", "facts", "store"]),
    ("features", &["base", "text", "facts", "syntax", "embed", "index"]),
    ("workspace", &["base", "text", "facts", "syntax", "embed", "store", "index"]),
    ("server", &["base", "text", "facts", "syntax", "embed", "store", "index", "features", "workspace"]),
    ("cli", &["base", "text", "facts", "syntax", "embed", "store", "index", "features", "workspace", "server"]),
];

/// Which folders may name a dependency (matched at its start, so `tree_sitter` stands for every grammar).
const HOMES: &[(&str, &[&str])] = &[
    ("tower_lsp", &["server"]),
    ("tower", &["server"]),
    ("tokio", &["server", "cli"]),
    ("futures", &["server", "cli"]),
    ("ort", &["embed"]),
    ("tokenizers", &["embed"]),
    ("half", &["embed"]),
    ("moka", &["workspace"]),
    ("foldhash", &["index"]),
    ("lz4_flex", &["store"]),
    ("zstd", &["store"]),
    ("memmap2", &["store"]),
    ("tree_sitter", &["syntax"]),
    ("streaming_iterator", &["syntax"]),
    ("ropey", &["text", "syntax"]),
    ("ignore", &["workspace"]),
    ("aho_corasick", &["workspace"]),
    ("dashmap", &["workspace"]),
    ("fastcdc", &["workspace"]),
    ("notify", &["workspace"]),
    ("rayon", &["workspace", "index", "features"]),
    ("frizbee", &["index"]),
    ("blake3", &["base"]),
    ("rustix", &["base"]),
    ("toml", &["base"]),
    ("serde_json", &["server", "cli", "embed", "base"]),
    ("serde", &["server", "cli", "embed", "base"]),
    ("tracing_subscriber", &["cli"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("anstream", &["cli"]),
    ("unicode_width", &["cli"]),
    ("anstyle", &["cli"]),
    ("anyhow", &["server", "cli"]),
];

const MAX_LINES: usize = 800;
const WANTED_LINES: usize = 400;
const MAX_FUNCTION: usize = 70;

/// All faults of one file.
pub fn faults(source: &Source) -> Vec<String> {
    let mut out = Vec::new();
    if !source.text.starts_with("//!") {
        out.push(format!("{}:1: does not open with `//!`", source.name));
    }
    layers(source, &mut out);
    homes(source, &mut out);
    lines(source, &mut out);
    functions(source, &mut out);
    out
}

/// The folder of a file under src/, or none.
fn folder(source: &Source) -> Option<&str> {
    source.name.strip_prefix("src/")?.split_once('/').map(|(folder, _)| folder)
}

/// Lines without comments and the contents of string literals, numbered from 1.
fn code(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().map(|(at, line)| {
        let mut out = String::new();
        let mut quoted = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if quoted => drop(chars.next()),
                '"' => quoted = !quoted,
                '\'' if !quoted && chars.peek() == Some(&'"') => drop(chars.next()),
                '/' if !quoted && chars.peek() == Some(&'/') => break,
                _ if !quoted => out.push(c),
                _ => {}
            }
        }
        (at + 1, out)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `line` names the path `name::` as a word of its own.
fn names_path(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let rest = &line[at + name.len()..];
        let rest = rest.trim_start_matches(is_word);
        let whole = rest.len() == line.len() - at - name.len() || name.starts_with("tree_sitter");
        let before = line[..at].chars().next_back();
        whole && rest.starts_with("::") && !before.is_some_and(|c| is_word(c) || c == ':')
    })
}

fn layers(source: &Source, out: &mut Vec<String>) {
    let Some(own) = folder(source) else { return };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == own) else {
        return out.push(format!("{}: {own} is not a layer", source.name));
    };
    // A test may build what its subject is given: a snapshot needs packs.
    let is_test = source.name.ends_with("/tests.rs");
    for (number, line) in code(&source.text) {
        for (other, _) in LAYERS.iter().filter(|_| !is_test) {
            let named = line.contains(&format!("crate::{other}::"))
                || line.contains(&format!("crate::{other};"))
                || line.contains("use crate::{") && line.contains(&format!("{other}::"));
            if named && *other != own && !allowed.contains(other) {
                out.push(format!("{}:{number}: {own} may not name {other}", source.name));
            }
        }
        if line.contains("use crate::{") && !line.contains('}') {
            out.push(format!("{}:{number}: name one layer a `use` (a list over lines hides it)", source.name));
        }
        let is_async = line.contains("async fn") || line.contains("async move") || line.contains(".await");
        if is_async && !["server", "cli"].contains(&own) {
            out.push(format!("{}:{number}: async has its home in server and cli", source.name));
        }
        if line.contains("println!") && !line.contains("eprintln!") && own != "cli" {
            out.push(format!("{}:{number}: stdout is the protocol", source.name));
        }
    }
}

fn homes(source: &Source, out: &mut Vec<String>) {
    let Some(own) = folder(source) else { return };
    for (number, line) in code(&source.text) {
        for (name, homes) in HOMES {
            if names_path(&line, name) && !homes.contains(&own) {
                out.push(format!("{}:{number}: {name} has its home in {}", source.name, homes.join(", ")));
            }
        }
    }
}

fn lines(source: &Source, out: &mut Vec<String>) {
    let count = source.text.lines().count();
    if count > MAX_LINES {
        out.push(format!("{}: {count} lines, at most {MAX_LINES}", source.name));
    }
    let is_test = source.name.starts_with("tests/") || source.name.ends_with("/tests.rs");
    let mut in_tests = is_test;
    for (number, line) in code(&source.text) {
        in_tests |= line.contains("mod tests {");
        let timed = line.contains("assert") && (line.contains("elapsed()") || line.contains("as_millis()"));
        if in_tests && timed {
            out.push(format!("{}:{number}: no wall-clock assertion in tests", source.name));
        }
        if !in_tests
            && source.name.starts_with("src/")
            && (line.contains("todo!(") || line.contains("unimplemented!(") || line.contains("dbg!("))
        {
            out.push(format!("{}:{number}: unfinished", source.name));
        }
    }
    for (number, line) in source.text.lines().enumerate() {
        if ["/work", "/home/", "/root"]
            .iter()
            .any(|d| line.contains(&format!("{d}{}", if d.ends_with('/') { "a/" } else { "/" })))
            && !source.name.contains("/tidy/")
        {
            out.push(format!("{}:{}: names a path of a machine", source.name, number + 1));
        }
    }
}

/// Functions longer than the limit, told by indentation: rustfmt closes a function at the column where it opened.
fn functions(source: &Source, out: &mut Vec<String>) {
    let lines: Vec<&str> = source.text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let head = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "async fn ",
            "pub async fn ",
            "unsafe fn ",
            "const fn ",
            "pub const fn ",
        ]
        .iter()
        .any(|start| head.starts_with(start));
        if !is_function {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let end = lines[at..].iter().position(|l| *l == close || l.ends_with(';') && l.starts_with(line)).unwrap_or(0);
        if end + 1 > MAX_FUNCTION {
            out.push(format!("{}:{}: a function of {} lines, at most {MAX_FUNCTION}", source.name, at + 1, end + 1));
        }
    }
}

/// Nine in ten files stay under the wanted size.
pub fn sizes_as_a_whole(sources: &[Source]) -> Option<String> {
    let long: Vec<&str> =
        sources.iter().filter(|s| s.text.lines().count() > WANTED_LINES).map(|s| s.name.as_str()).collect();
    (long.len() * 10 > sources.len())
        .then(|| format!("{} files over {WANTED_LINES} lines: {}", long.len(), long.join(", ")))
}
