//! Directives of a text, found without a preprocessor: comments, strings and raw strings are passed over. Invariant: one
//! walk forwards, every loop bounded by the text. Must not know what a directive means.

use std::borrow::Cow;

use crate::base::span::Span;

/// One `#...` line with those that continue it.
pub(super) struct Directive<'a> {
    /// Of its `#`.
    pub start: u32,
    /// Behind its last line.
    pub end: u32,
    /// What follows the `#` on its lines; comments and continuations as they stand.
    pub text: &'a str,
}

/// All directives in order.
pub(super) fn directives(text: &str) -> impl Iterator<Item = Directive<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = memchr::memchr3(b'#', b'"', b'/', bytes.get(at..)?).map(|it| at + it) {
            match bytes[found] {
                b'#' if begins_line(bytes, found) => {
                    at = line_end(bytes, found);
                    let text = text.get(found + 1..at).unwrap_or("");
                    return Some(Directive { start: found as u32, end: at as u32, text });
                }
                b'"' => at = string_end(bytes, found),
                b'/' => at = comment_end(bytes, found),
                _ => at = found + 1,
            }
        }
        None
    })
}

/// The text of a directive on one line, without comments.
pub(super) fn joined(text: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\\', b'/', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut rest = text.as_str();
    while let Some(at) = rest.find('/') {
        let behind = &rest[at..];
        let Some(comment) = behind.strip_prefix("/*") else {
            if behind.starts_with("//") {
                rest = &rest[..at];
                break;
            }
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        };
        out.push_str(&rest[..at]);
        out.push(' ');
        rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether anything but blanks, comments and directives ends with a `;` outside of the spans.
pub(super) fn declares_outside(text: &str, spans: &[Span]) -> bool {
    let bytes = text.as_bytes();
    let mut spans = spans.iter();
    let mut next = spans.next();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| {
        let plain = memchr::memchr3(b'#', b'"', b'/', rest);
        let end = memchr::memchr(b';', &rest[..plain.unwrap_or(rest.len())]);
        end.or(plain).map(|it| at + it)
    }) {
        if let Some(span) = next.filter(|span| found as u32 >= span.start) {
            at = (span.end as usize).max(at);
            next = spans.next();
            continue;
        }
        at = match bytes[found] {
            b';' => return true,
            b'#' if begins_line(bytes, found) => line_end(bytes, found),
            b'"' => string_end(bytes, found),
            b'/' => comment_end(bytes, found),
            _ => found + 1,
        };
    }
    false
}

fn begins_line(bytes: &[u8], at: usize) -> bool {
    let blank = bytes[..at].iter().rposition(|b| !matches!(b, b' ' | b'\t'));
    blank.is_none_or(|before| matches!(bytes[before], b'\n' | b'\r'))
}

/// The end of the line of `at` and of those that a backslash, or a comment, joins to it.
fn line_end(bytes: &[u8], at: usize) -> usize {
    let mut from = at;
    while let Some(found) = memchr::memchr2(b'\n', b'/', &bytes[from..]).map(|it| from + it) {
        if bytes[found] == b'/' {
            from = if bytes.get(found + 1) == Some(&b'*') { comment_end(bytes, found) } else { found + 1 };
            continue;
        }
        let line = bytes[..found].strip_suffix(b"\r").unwrap_or(&bytes[..found]);
        if !line.ends_with(b"\\") {
            return found;
        }
        from = found + 1;
    }
    bytes.len()
}

/// Behind the comment that may begin at a slash.
fn comment_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'/') => memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |it| at + it),
        Some(b'*') => memchr::memmem::find(&bytes[at + 2..], b"*/").map_or(bytes.len(), |it| at + 2 + it + 2),
        _ => at + 1,
    }
}

/// Behind the string that begins at a quote; a string does not go on behind its line, a raw one does.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let quoted = bytes[..at].ends_with(b"'") && bytes.get(at + 1) == Some(&b'\'') || bytes[..at].ends_with(b"'\\");
    if quoted {
        return at + 1;
    }
    if bytes[..at].ends_with(b"R") {
        // At most sixteen characters stand between quote and parenthesis.
        let head = &bytes[at + 1..bytes.len().min(at + 18)];
        if let Some(paren) = head.iter().position(|b| *b == b'(') {
            let close = [b")".as_slice(), &head[..paren], b"\""].concat();
            let body = at + 1 + paren;
            return memchr::memmem::find(&bytes[body..], &close).map_or(bytes.len(), |it| body + it + close.len());
        }
    }
    let mut from = at + 1;
    while let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &bytes[from..]).map(|it| from + it) {
        match bytes[found] {
            b'\\' => from = (found + 2).min(bytes.len()),
            _ => return found + 1,
        }
    }
    bytes.len()
}
