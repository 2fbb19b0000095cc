//! What a parser reads instead of a text: in C and C++, macros that stand among specifiers (`FOO_API void f();`) or alone on a
//! line (`FOO_BEGIN_NAMESPACE`) are read as blanks, since a grammar without a preprocessor takes them for types and loses
//! what follows. Invariant: the length and all line ends stay; what a line becomes depends on it and on the line before
//! alone. Must not know trees.

use std::borrow::Cow;

use super::languages::Lang;

/// The bytes to parse for `text`.
pub fn parse_input(lang: Lang, text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if !lang.row().blank_macros || memchr::memchr(b'_', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut out: Option<Vec<u8>> = None;
    let mut before: &[u8] = b"";
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let line = &bytes[start..end];
        let trimmed = line.trim_ascii();
        if !trimmed.starts_with(b"#") && !before.ends_with(b"\\") && memchr::memchr(b'_', line).is_some() {
            macros(line, before, |from, to| {
                out.get_or_insert_with(|| bytes.to_vec())[start + from..start + to].fill(b' ');
            });
        }
        if !trimmed.is_empty() {
            before = trimmed;
        }
        start = end + 1;
    }
    out.map_or(Cow::Borrowed(bytes), Cow::Owned)
}

/// Tells the ranges of a line's macros that are no types, names or calls.
fn macros(line: &[u8], before: &[u8], mut blank: impl FnMut(usize, usize)) {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let mut at = 0;
    while at < line.len() {
        if !is_word(&line[at]) {
            at += 1;
            continue;
        }
        let from = at;
        at += line[from..].iter().take_while(|b| is_word(b)).count();
        if !is_macro(&line[from..at]) {
            continue;
        }
        let head = line[..from].trim_ascii();
        let rest = line[at..].trim_ascii();
        if rest.is_empty() || rest.starts_with(b"//") {
            let ends = |marks: &[u8]| before.last().is_none_or(|last| marks.contains(last));
            let opens = before.ends_with(b"{") && !contains_word(before, b"enum");
            let after_macro = is_macro(before) || before.starts_with(b"#") || before.ends_with(b"*/");
            if head.is_empty() && (ends(b";}") || opens || after_macro || before.starts_with(b"//")) {
                blank(from, at);
            }
            continue;
        }
        let spaced = line.get(at).is_some_and(|b| *b == b' ' || *b == b'\t');
        let next_word = rest.iter().take_while(|b| is_word(b)).count();
        if !spaced || next_word == 0 || rest[0].is_ascii_digit() {
            continue;
        }
        let joined = head.last().is_none_or(|b| is_word(b) || matches!(b, b'*' | b'&' | b'>' | b'{' | b';'));
        let follows = rest[next_word..].trim_ascii_start();
        let single =
            !follows.first().is_some_and(|b| is_word(b) || matches!(b, b'(' | b'*' | b'&' | b'<' | b':' | b'['));
        let of_type = [b"class".as_slice(), b"struct", b"union", b"enum"].iter().any(|word| contains_word(head, word));
        let specifiers = head.iter().all(|b| b.is_ascii_lowercase() || *b == b' ') && !of_type;
        if joined && !(single && specifiers) {
            blank(from, at);
        }
    }
}

/// Capitals, digits and at least one underscore inside.
fn is_macro(word: &[u8]) -> bool {
    word.len() >= 4
        && word[0].is_ascii_uppercase()
        && word[1..word.len() - 1].contains(&b'_')
        && word.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
}

fn contains_word(text: &[u8], word: &[u8]) -> bool {
    text.split(|b| !b.is_ascii_alphanumeric() && *b != b'_').any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        let cpp = Lang::from_id("cpp").expect("row");
        assert_eq!(String::from_utf8_lossy(&parse_input(cpp, text)), want);
    }

    #[test]
    fn macros_among_specifiers_are_blank() {
        check("FOO_API void f();", "        void f();");
        check("class FOO_API shape {", "class         shape {");
        check("FOO_CONST inline auto f() -> int {", "          inline auto f() -> int {");
        check("int FOO_CAPI f(int);", "int          f(int);");
    }

    #[test]
    fn macros_alone_on_a_line_are_blank() {
        check("#include <a>\nFOO_BEGIN_NAMESPACE\nint a;", "#include <a>\n                   \nint a;");
    }

    #[test]
    fn types_names_and_calls_stay() {
        check("LARGE_INTEGER li;", "LARGE_INTEGER li;");
        check("enum color {\n  RED_ONE,\n  RED_TWO\n};", "enum color {\n  RED_ONE,\n  RED_TWO\n};");
        check("  FOO_CALL(a, b);", "  FOO_CALL(a, b);");
        check("#define FOO_API extern int", "#define FOO_API extern int");
        check("return FOO_MAX;", "return FOO_MAX;");
    }
}
