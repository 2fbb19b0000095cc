//! Small readings of source text that hold for all languages. Invariant: each looks at a bounded piece; offsets it gives are
//! character borders. Must not know trees.

use crate::facts::Visibility;

/// Whether a byte can be part of an identifier (all of non-ASCII can).
#[inline]
pub fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Words that stand before a type and are not it.
const BEFORE_TYPES: &[&str] = &[
    "mut", "const", "dyn", "impl", "ref", "readonly", "keyof", "typeof", "struct", "enum", "union", "class",
    "volatile", "unsigned", "signed", "static", "inout", "some", "any", "await", "async", "new",
];

/// The simple name in a type, path or qualified name as written: offset and length. `&'a mut io::Result<T>` gives `Result`,
/// `*pkg.T` gives `T`, `[]string` gives `string`. `None` where there is no name.
pub fn simple_name(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut found: Option<(usize, usize)> = None;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'\'' {
            at += 1;
            while at < bytes.len() && is_name_byte(bytes[at]) {
                at += 1;
            }
            continue;
        }
        if is_name_byte(byte) {
            let start = at;
            while at < bytes.len() && is_name_byte(bytes[at]) {
                at += 1;
            }
            if found.is_none() && BEFORE_TYPES.contains(&&text[start..at]) {
                continue;
            }
            found = Some((start, at - start));
            // A path goes on after `::`, `.`, `\` or `->`; anything else ends the name.
            let mut next = at;
            while next < bytes.len() && bytes[next] == b' ' {
                next += 1;
            }
            let rest = &bytes[next..];
            let step = if rest.starts_with(b"::") {
                2
            } else if rest.first().is_some_and(|b| matches!(b, b'.' | b'\\')) && !rest.starts_with(b"..") {
                1
            } else {
                0
            };
            let next_is_name = rest.get(step).is_some_and(|&b| is_name_byte(b));
            if step == 0 || !next_is_name {
                return found;
            }
            at = next + step;
            continue;
        }
        at += 1;
    }
    found
}

/// What a modifier says; unknown words say nothing.
pub fn visibility(modifier: &str) -> Option<Visibility> {
    let word = modifier.trim();
    Some(match word {
        "pub" | "public" | "export" | "open" => Visibility::Public,
        "private" | "fileprivate" | "local" => Visibility::Private,
        "protected" | "internal" | "package" => Visibility::Restricted,
        _ if word.starts_with("pub(") || word.starts_with("pub (") || word.starts_with("protected") => {
            Visibility::Restricted
        }
        _ if word.starts_with("private") => Visibility::Private,
        _ if word.split_ascii_whitespace().any(|w| w == "public") => Visibility::Public,
        _ if word.split_ascii_whitespace().any(|w| w == "private") => Visibility::Private,
        _ if word.split_ascii_whitespace().any(|w| w == "protected" || w == "internal") => Visibility::Restricted,
        _ => return None,
    })
}

/// Whether nothing but blanks stands between the line's start and `at`.
pub fn begins_line(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    bytes[..at.min(bytes.len())]
        .iter()
        .rev()
        .take_while(|&&b| b != b'\n' && b != b'\r')
        .all(|b| matches!(b, b' ' | b'\t'))
}

/// Whether `gap` is blank and holds at most one line end.
pub fn is_tight(gap: &str) -> bool {
    gap.len() < 4096 && gap.bytes().all(|b| b.is_ascii_whitespace()) && gap.bytes().filter(|&b| b == b'\n').count() <= 1
}

/// The text without the quotes around it, as offset and length.
pub fn unquoted(text: &str) -> (usize, usize) {
    let trimmed = text.trim();
    let start = text.len() - text.trim_start().len();
    let bytes = trimmed.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(b'"' | b'\'' | b'`'), Some(last)) if bytes.len() >= 2 && bytes[0] == *last => {
            (start + 1, trimmed.len() - 2)
        }
        (Some(b'<'), Some(b'>')) => (start + 1, trimmed.len() - 2),
        _ => (start, trimmed.len()),
    }
}

/// What is read as a heading's name, as offset and length: the first line without the marks that close it (`##`, `,`, `{`)
/// and without quotes around all of it.
pub fn heading(text: &str) -> (usize, usize) {
    let start = text.len() - text.trim_start().len();
    let line = text[start..].lines().next().unwrap_or("");
    let mut name = line.trim_end().trim_end_matches([',', '{']).trim_end();
    let open = name.trim_end_matches('#');
    if open.ends_with([' ', '\t']) {
        name = open.trim_end();
    }
    let (offset, len) = unquoted(name);
    let inner = &name[offset..offset + len];
    if inner.is_empty() || inner.contains(['`', '"', '\'', '<']) {
        return (start, name.len());
    }
    (start + offset, len)
}

/// The name of the function called last in an expression that ends with a call: `f` of `a.f(x)`.
pub fn called_name(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let from = bytes.len().saturating_sub(400);
    let mut depth = 0;
    let mut at = bytes.len();
    while at > from {
        at -= 1;
        match bytes[at] {
            b')' | b']' | b'}' | b'>' => depth += 1,
            b'(' | b'[' | b'{' | b'<' => {
                depth -= 1;
                if depth == 0 && bytes[at] == b'(' {
                    return name_before(text, at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The identifier that ends at `at`.
pub fn name_before(text: &str, at: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let start = bytes[..at].iter().rposition(|&b| !is_name_byte(b)).map_or(0, |p| p + 1);
    (start < at).then(|| text.get(start..at)).flatten()
}

/// Whether `text` is a name or names joined by `.`, `::`, `->` or `\`.
pub fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 80
        && !text.as_bytes()[0].is_ascii_digit()
        && text.bytes().all(|b| is_name_byte(b) || matches!(b, b'.' | b':' | b'\\' | b'-' | b'>' | b'@' | b'?' | b'!'))
}
