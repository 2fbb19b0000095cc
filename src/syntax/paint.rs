//! What the tokens of a snippet are, for eyes on a terminal. Invariant: bounded in time and in nodes; spans ascend and do not
//! overlap; without a grammar, or where it takes too long, there are none. Must not know colours.

use std::time::Duration;

use super::languages::Lang;
use super::parse::{Outcome, TreeParser};
use crate::base::span::Span;

/// Longest snippet, time for it, nodes of it.
const LONGEST: usize = 64 << 10;
const BUDGET: Duration = Duration::from_millis(50);
const NODES: usize = 50_000;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Comment,
    Text,
    /// Numbers, truth values, nothing.
    Value,
    Keyword,
    Type,
}

/// The tokens of a snippet that have a meaning of their own. A part of a file parses well enough for them.
pub fn paint(lang: Lang, snippet: &str) -> Vec<(Span, Token)> {
    let mut out = Vec::new();
    if snippet.len() > LONGEST || !lang.row().in_process {
        return out;
    }
    let Some(mut parser) = TreeParser::new(lang) else { return out };
    let Outcome::Done(tree) = parser.parse(snippet.as_bytes(), None, BUDGET, None) else { return out };
    let mut cursor = tree.walk();
    for _ in 0..NODES {
        let node = cursor.node();
        let span = Span::new(node.start_byte() as u32, node.end_byte() as u32);
        let token = token(lang, node.kind(), node.is_named(), node.child_count() == 0);
        if let Some(token) = token.filter(|_| !span.is_empty()) {
            out.push((span, token));
        }
        if token.is_none() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return out;
            }
        }
    }
    out
}

fn token(lang: Lang, kind: &str, named: bool, leaf: bool) -> Option<Token> {
    if lang.row().comments.contains(&kind) {
        return Some(Token::Comment);
    }
    if !named {
        let is_word = leaf && kind.len() > 1 && kind.bytes().all(|it| it.is_ascii_alphabetic() || it == b'_');
        return is_word.then_some(Token::Keyword);
    }
    let ends = |all: &[&str]| all.iter().any(|it| kind.ends_with(it));
    match kind {
        "self" | "this" | "super" | "mutable_specifier" | "visibility_modifier" if leaf => Some(Token::Keyword),
        "true" | "false" | "nil" | "null" | "none" | "None" | "undefined" => Some(Token::Value),
        _ if ends(&["string", "string_literal", "char_literal", "character_literal", "regex", "heredoc_body"]) => {
            Some(Token::Text)
        }
        _ if leaf && ends(&["number", "integer", "float", "int_literal", "_literal"]) => Some(Token::Value),
        _ if leaf && ends(&["type_identifier", "primitive_type", "predefined_type", "builtin_type"]) => {
            Some(Token::Type)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(lang: &str, text: &str) -> String {
        let all = paint(Lang::from_id(lang).unwrap(), text);
        let show = |it: &(Span, Token)| format!("{:?} {}", it.1, &text[it.0.range()]);
        all.iter().map(show).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn tokens_are_told_apart_also_in_parts_of_a_file() {
        assert_eq!(
            painted("rust", "// one\nfn a(x: u32) -> Kind { \"s\"; 7 }"),
            "Comment // one, Keyword fn, Type u32, Type Kind, Text \"s\", Value 7"
        );
        assert_eq!(
            painted("python", "    def a(self):\n        # why\n        return 'x' + str(None)\n"),
            "Keyword def, Comment # why, Keyword return, Text 'x', Value None"
        );
        assert_eq!(
            painted("go", "func (it *A) b() error { return nil }"),
            "Keyword func, Type A, Type error, Keyword return, Value nil"
        );
        assert_eq!(painted("text", "if this is code"), "");
    }
}
