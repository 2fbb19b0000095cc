//! What the model is given for a passage. Invariant: bounded; depends on its arguments alone, which are in the vector's
//! key. Must not know how vectors are made.

use crate::base::chars::floor;
use crate::facts::{Facts, Passage};

/// Most bytes of a passage's input; the model reads at most 512 tokens of it.
pub const LONGEST_INPUT: usize = 2_000;

/// Most bytes of path and containers in front of the text.
const LONGEST_CONTEXT: usize = 400;

/// The part of a path that the model sees: its last three components, without the extension.
pub fn path_tail(path: &[u8]) -> String {
    let start = path.iter().enumerate().rev().filter(|(_, b)| **b == b'/').nth(2).map_or(0, |(at, _)| at + 1);
    let tail = &path[start..];
    let name = tail.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
    let end = tail.iter().rposition(|&b| b == b'.').filter(|&at| at > name).unwrap_or(tail.len());
    String::from_utf8_lossy(&tail[..end]).into_owned()
}

/// The model's input for a passage: path tail (see [`path_tail`]), the names that contain it, outermost first, its text.
pub fn passage_text(path_tail: &str, containers: &[&str], text: &str) -> String {
    let mut out = String::with_capacity(LONGEST_INPUT.min(text.len() + 128));
    out.push_str(prefix(path_tail, LONGEST_CONTEXT));
    for name in containers {
        if out.len() + name.len() >= LONGEST_CONTEXT {
            break;
        }
        out.push(' ');
        out.push_str(name);
    }
    out.push('\n');
    let room = LONGEST_INPUT - out.len();
    out.push_str(prefix(text, room));
    out
}

/// The inputs of all passages of a segment with `text` and `facts`, in order, for the file at `path`.
pub fn inputs(path: &[u8], text: &str, facts: &Facts) -> Vec<String> {
    let tail = path_tail(path);
    let input = |passage: &Passage| {
        let mut names = Vec::new();
        if let Some(symbol) = passage.symbol.filter(|it| (it.0 as usize) < facts.symbols.len()) {
            names = facts.containers(symbol);
            names.push(facts.text(facts.symbol(symbol).name));
        }
        passage_text(&tail, &names, text.get(passage.span.range()).unwrap_or(""))
    };
    facts.passages.iter().map(input).collect()
}

/// The longest prefix of at most `len` bytes that ends on a character's border.
fn prefix(text: &str, len: usize) -> &str {
    &text[..floor(text, len)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_path() {
        assert_eq!(path_tail(b"a/b/c/d/main.test.rs"), "c/d/main.test");
        assert_eq!(path_tail(b"x.py"), "x");
        assert_eq!(path_tail(b".bashrc"), ".bashrc");
        assert_eq!(path_tail(b"v1.2/Makefile"), "v1.2/Makefile");
        assert_eq!(path_tail(b""), "");
    }

    #[test]
    fn inputs_are_bounded() {
        let long = "ü".repeat(5_000);
        let names = [long.as_str(), "B"];
        assert_eq!(passage_text("a/b", &["A", "B"], "text"), "a/b A B\ntext");
        assert!(passage_text(&long, &names, &long).len() <= LONGEST_INPUT);
    }
}
