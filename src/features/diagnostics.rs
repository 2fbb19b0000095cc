//! Syntax errors in words. Invariant: a message names what is missing in the language's own tokens. Must not know the
//! protocol.

use crate::syntax::parsing::SyntaxError;

/// More errors than that in one document say nothing more.
pub const MOST: usize = 100;

/// What is said of an error.
pub fn message(error: &SyntaxError) -> String {
    match &error.missing {
        None => "syntax error: unexpected text here".to_owned(),
        Some(kind) if kind.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            format!("syntax error: missing {}", kind.replace('_', " "))
        }
        Some(token) => format!("syntax error: missing `{token}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::span::Span;

    #[test]
    fn tokens_are_quoted_and_kinds_spelled() {
        let say =
            |missing: Option<&str>| message(&SyntaxError { span: Span::default(), missing: missing.map(Into::into) });
        assert_eq!(say(Some(";")), "syntax error: missing `;`");
        assert_eq!(say(Some("type_identifier")), "syntax error: missing type identifier");
        assert_eq!(say(None), "syntax error: unexpected text here");
    }
}
