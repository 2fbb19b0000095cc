//! Whether a name seems to be declared where it stands, told from its line alone, for all languages at once. Invariant:
//! looks at one line; a wrong guess costs a parse, never an answer. Must not know grammars.

/// Words after which a name is declared.
const KEYWORDS: &[&[u8]] = &[
    b"fn",
    b"func",
    b"fun",
    b"function",
    b"def",
    b"defp",
    b"defmodule",
    b"defmacro",
    b"class",
    b"struct",
    b"enum",
    b"trait",
    b"interface",
    b"type",
    b"typedef",
    b"union",
    b"mod",
    b"module",
    b"namespace",
    b"const",
    b"let",
    b"var",
    b"val",
    b"static",
    b"object",
    b"protocol",
    b"extension",
    b"record",
    b"define",
    b"macro_rules",
    b"package",
    b"data",
    b"newtype",
    b"instance",
    b"impl",
    b"sub",
    b"local",
    b"actor",
    b"constructor",
    b"typealias",
    b"delegate",
];
/// Bytes of a line before and after the name that are looked at.
const REACH: usize = 200;

/// A byte of an identifier, any non-ASCII one included.
pub fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// 0: a use, as it seems. 1: the line begins like a declaration. 2: the name follows a word that declares it.
pub fn points(text: &[u8], start: usize, end: usize) -> u8 {
    let floor = start.saturating_sub(REACH);
    let line = text[floor..start].iter().rposition(|&it| it == b'\n').map_or(floor, |it| floor + it + 1);
    let before = &text[line..start];
    let ceiling = text.len().min(end + REACH);
    let after = &text[end..ceiling];
    let after = &after[..after.iter().position(|&it| it == b'\n').unwrap_or(after.len())];
    if KEYWORDS.contains(&last_word(before)) || is_method_with_receiver(before) {
        return 2;
    }
    let next = after.iter().find(|it| !it.is_ascii_whitespace());
    let ends_open = !after.trim_ascii_end().ends_with(b";");
    let indented = before.first().is_some_and(u8::is_ascii_whitespace);
    let is_called = before.trim_ascii_end().last().is_some_and(|it| matches!(it, b'.' | b'=' | b'(' | b',' | b'!'));
    match next {
        // `static int name(struct x *y)` at the margin, `public void name() {` within a class.
        Some(b'(') if ends_open && !is_called && (!indented || after.trim_ascii_end().ends_with(b"{")) => 1,
        // `NAME = 1` at the margin.
        Some(b'=' | b':') if before.is_empty() => 1,
        _ if first_word(before).is_some_and(|it| KEYWORDS.contains(&it)) && !is_called => 1,
        _ => 0,
    }
}

/// The word that ends just before the name, signs of a pointer or an attribute between them left out.
fn last_word(before: &[u8]) -> &[u8] {
    let before = before.trim_ascii_end();
    let before = before.strip_suffix(b"!").unwrap_or(before);
    let start = before.iter().rposition(|&it| !is_word_byte(it)).map_or(0, |it| it + 1);
    &before[start..]
}

fn first_word(before: &[u8]) -> Option<&[u8]> {
    let mut words = before.split(|&it| !is_word_byte(it)).filter(|it| !it.is_empty());
    let modifiers: &[&[u8]] =
        &[b"pub", b"export", b"default", b"public", b"private", b"protected", b"async", b"inline"];
    words.find(|it| !modifiers.contains(it))
}

/// `func (r *Type) name`.
fn is_method_with_receiver(before: &[u8]) -> bool {
    before.starts_with(b"func (") && before.trim_ascii_end().ends_with(b")")
}

#[cfg(test)]
mod tests {
    use super::points;

    fn check(line: &str, wanted: u8) {
        let start = line.find("name").unwrap();
        assert_eq!(points(line.as_bytes(), start, start + 4), wanted, "{line}");
    }

    #[test]
    fn words_that_declare_are_known() {
        check("pub(crate) fn name<T>(x: T) {", 2);
        check("func (s *Server) name() error {", 2);
        check("export class name {", 2);
        check("#define name 1", 2);
        check("macro_rules! name {", 2);
    }

    #[test]
    fn lines_that_begin_like_declarations_are_known() {
        check("static int name(struct rq *rq)", 1);
        check("    public void name() {", 1);
        check("name = 3", 1);
        check("typedef struct thing name;", 1);
    }

    #[test]
    fn uses_are_not() {
        check("    name(1, 2);", 0);
        check("    let x = name(1)", 0);
        check("    self.name()", 0);
        check("import name", 0);
        check("  // a name", 0);
    }
}
