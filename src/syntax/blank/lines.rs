//! How one line of C or C++ is spelled for the parser. Invariant: a place is changed only where no reading without a
//! preprocessor is right, or where the line reads the same without it. Must not know more of the text than the line and
//! the one before it.

/// What the rules hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    C,
    Cpp,
}

/// Words that begin or qualify a type but are none.
const QUALIFIERS: &[&[u8]] =
    &[b"static", b"extern", b"inline", b"const", b"volatile", b"register", b"virtual", b"constexpr", b"friend"];
/// Words that are types, or begin one.
const TYPES: &[&[u8]] = &[
    b"void",
    b"int",
    b"char",
    b"long",
    b"short",
    b"unsigned",
    b"signed",
    b"float",
    b"double",
    b"struct",
    b"union",
    b"enum",
];
const TAGS: &[&[u8]] = &[b"struct", b"union", b"enum", b"class"];
/// Words that no declaration has before its name, and no call as its name.
const KEYWORDS: &[&[u8]] = &[
    b"if",
    b"else",
    b"for",
    b"while",
    b"do",
    b"switch",
    b"case",
    b"return",
    b"goto",
    b"sizeof",
    b"typedef",
    b"break",
    b"continue",
    b"default",
    b"class",
    b"typename",
    b"template",
    b"using",
    b"namespace",
    b"new",
    b"delete",
    b"throw",
    b"operator",
    b"public",
    b"private",
    b"protected",
    b"explicit",
    b"mutable",
    b"catch",
    b"try",
    b"requires",
    b"concept",
    b"export",
    b"co_return",
    b"co_yield",
    b"co_await",
    b"and",
    b"or",
    b"not",
    b"typeof",
    b"asm",
    b"defined",
    b"alignas",
    b"alignof",
    b"decltype",
    b"noexcept",
    b"static_assert",
    b"auto",
    b"restrict",
];
/// Words that the grammars know themselves.
const KNOWN: &[&[u8]] = &[
    b"__inline",
    b"__forceinline",
    b"__thread",
    b"__restrict",
    b"__const",
    b"__asm",
    b"__cdecl",
    b"__clrcall",
    b"__stdcall",
    b"__fastcall",
    b"__thiscall",
    b"__vectorcall",
    b"__int128",
    b"__signed",
    b"__volatile",
    b"__try",
    b"__except",
    b"__finally",
    b"__leave",
    b"__unaligned",
    b"__uptr",
    b"__sptr",
    b"__alignof",
];

fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

/// The word that `text` begins with.
fn first_word(text: &[u8]) -> &[u8] {
    let len = text.iter().take_while(|b| is_word_byte(**b)).count();
    if text.first().is_some_and(u8::is_ascii_digit) { b"" } else { &text[..len] }
}

/// The word that `text` ends with.
fn last_word(text: &[u8]) -> &[u8] {
    let len = text.iter().rev().take_while(|b| is_word_byte(**b)).count();
    &text[text.len() - len..]
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| !is_word_byte(*b)).filter(|word| !word.is_empty())
}

/// Tells which bytes of `line` are read as another one; `before` is the last line before it that holds anything.
pub(super) fn spell(dialect: Dialect, line: &[u8], before: &[u8], mut set: impl FnMut(usize, usize, u8)) {
    let trimmed = line.trim_ascii();
    if trimmed.is_empty() || trimmed.starts_with(b"#") || trimmed.starts_with(b"//") || before.ends_with(b"\\") {
        return;
    }
    let mut at = 0;
    while at < line.len() {
        if !is_word_byte(line[at]) {
            at += 1;
            continue;
        }
        let from = at;
        at += line[from..].iter().take_while(|b| is_word_byte(**b)).count();
        let word = Word { line, from, to: at };
        let blank = match line[from] {
            b'A'..=b'Z' => is_macro(word.text()) && word.is_macro_among_specifiers(before.trim_ascii_start()),
            b'_' => word.is_attribute(),
            _ => dialect == Dialect::C && (word.is_qualifier_macro() || word.is_half_of_type_argument()),
        };
        if blank {
            set(from, at, b' ');
        }
    }
    if is_attribute_call(trimmed, before) {
        set(0, line.len(), b' ');
    } else if let Some(at) = block_of_macro(dialect, line, before) {
        set(at, at + 1, b';');
    }
}

/// A word in its line.
struct Word<'a> {
    line: &'a [u8],
    from: usize,
    to: usize,
}

impl<'a> Word<'a> {
    fn text(&self) -> &'a [u8] {
        &self.line[self.from..self.to]
    }

    fn head(&self) -> &'a [u8] {
        self.line[..self.from].trim_ascii()
    }

    fn rest(&self) -> &'a [u8] {
        self.line[self.to..].trim_ascii()
    }

    fn is_spaced(&self) -> bool {
        self.line.get(self.to).is_some_and(|b| is_blank(*b))
    }

    /// Whether a macro in capitals is no type, name or call.
    fn is_macro_among_specifiers(&self, before: &[u8]) -> bool {
        let (head, rest) = (self.head(), self.rest());
        if rest.is_empty() || rest.starts_with(b"//") {
            let ends = |marks: &[u8]| before.last().is_none_or(|last| marks.contains(last));
            let opens = before.ends_with(b"{") && !words(before).any(|word| word == b"enum");
            let after_macro = is_macro(before) || before.starts_with(b"#") || before.ends_with(b"*/");
            return head.is_empty() && (ends(b";}") || opens || after_macro || before.starts_with(b"//"));
        }
        let next = rest.iter().take_while(|b| is_word_byte(**b)).count();
        if !self.is_spaced() || next == 0 || rest[0].is_ascii_digit() {
            return false;
        }
        let joined = head.last().is_none_or(|b| is_word_byte(*b) || matches!(b, b'*' | b'&' | b'>' | b'{' | b';'));
        let follows = rest[next..].trim_ascii_start();
        let single =
            !follows.first().is_some_and(|b| is_word_byte(*b) || matches!(b, b'(' | b'*' | b'&' | b'<' | b':' | b'['));
        let of_type = words(head).any(|word| TAGS.contains(&word));
        let specifiers = head.iter().all(|b| b.is_ascii_lowercase() || *b == b' ') && !of_type;
        joined && !(single && specifiers)
    }

    /// Whether a word like `__init` stands where only an attribute can: behind a whole type, or before one.
    fn is_attribute(&self) -> bool {
        let word = self.text();
        let plain = word.len() > 2 && word.starts_with(b"__") && !word.ends_with(b"__");
        if !plain || word.iter().any(u8::is_ascii_uppercase) || KNOWN.contains(&word) {
            return false;
        }
        let (head, rest) = (self.head(), self.rest());
        let last = last_word(head);
        let is_type =
            !last.is_empty() && !QUALIFIERS.contains(&last) && !KEYWORDS.contains(&last) && !TAGS.contains(&last);
        let next = first_word(rest);
        let follows = rest[next.len()..].trim_ascii_start();
        match rest.first() {
            Some(b'*') => is_type && self.is_spaced() && !matches!(last, b"unsigned" | b"signed"),
            Some(b';' | b'=') if !rest.starts_with(b"==") => head.ends_with(b"]") || declares(head),
            Some(_) if next.is_empty() || !self.is_spaced() => false,
            Some(_) if is_type || head.ends_with(b"*") && words(head).count() > 0 && !head.contains(&b'=') => {
                // Of two such words the first is the name, but for a function's.
                !KEYWORDS.contains(&next) && (!next.starts_with(b"__") || follows.starts_with(b"("))
            }
            Some(_) if head.is_empty() || QUALIFIERS.contains(&last) => {
                let declared = follows.first().is_some_and(|b| is_word_byte(*b) || *b == b'*');
                TYPES.contains(&next) || (declared && !next.starts_with(b"__") && !KEYWORDS.contains(&next))
            }
            _ => false,
        }
    }

    /// Whether a word that is no keyword stands before one that begins a type, as in `const_debug unsigned int x`.
    fn is_qualifier_macro(&self) -> bool {
        let word = self.text();
        let known = QUALIFIERS.contains(&word) || TYPES.contains(&word) || KEYWORDS.contains(&word);
        !known
            && self.is_spaced()
            && TYPES.contains(&first_word(self.rest()))
            && words(self.head()).all(|word| QUALIFIERS.contains(&word))
            && self.head().iter().all(|b| is_word_byte(*b) || is_blank(*b))
    }

    /// Whether the word is of a type of several words that is the argument of a call, and not its last: one word is
    /// read as a name, more are not read at all.
    fn is_half_of_type_argument(&self) -> bool {
        if !TYPES.contains(&self.text()) || !self.is_spaced() || !self.line.first().is_some_and(|b| is_blank(*b)) {
            return false;
        }
        let mut head = self.head();
        while TYPES.contains(&last_word(head)) {
            head = head[..head.len() - last_word(head).len()].trim_ascii_end();
        }
        let mut rest = self.rest();
        let mut last = first_word(rest);
        while TYPES.contains(&last) && !first_word(rest[last.len()..].trim_ascii_start()).is_empty() {
            rest = rest[last.len()..].trim_ascii_start();
            last = first_word(rest);
        }
        let follows = rest[last.len()..].trim_ascii_start();
        let (opened, closed) = (head.last(), follows.first());
        !last.is_empty() && matches!((opened, closed), (Some(b'(' | b','), Some(b',')) | (Some(b','), Some(b')')))
    }
}

/// Whether `head` is a type and the name of a variable: two words at least where a type of several counts as one.
fn declares(head: &[u8]) -> bool {
    if !head.iter().all(|b| is_word_byte(*b) || is_blank(*b) || matches!(b, b'*' | b'}')) {
        return false;
    }
    let after_body = head.contains(&b'}');
    let mut count = usize::from(after_body);
    let mut tagged = false;
    let mut builtin = false;
    for word in words(head) {
        if KEYWORDS.contains(&word) && word != b"typedef" {
            return false;
        }
        if QUALIFIERS.contains(&word) || word == b"typedef" {
            continue;
        }
        if TAGS.contains(&word) {
            tagged = true;
            continue;
        }
        let is_type = TYPES.contains(&word);
        let attribute = word.starts_with(b"__") && !tagged && word != last_word(head);
        count += usize::from(!(attribute || is_type && builtin));
        builtin = is_type && !tagged;
        tagged = false;
    }
    count >= 2 && !tagged && !builtin
}

/// Capitals, digits and at least one underscore inside.
fn is_macro(word: &[u8]) -> bool {
    word.len() >= 4
        && word[0].is_ascii_uppercase()
        && word[1..word.len() - 1].contains(&b'_')
        && word.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
}

/// Whether a line is a call in capitals with nothing but numbers: `FOO_NON_NULL(2)`.
fn is_attribute_call(line: &[u8], before: &[u8]) -> bool {
    let name = first_word(line);
    let Some(arguments) = line[name.len()..].strip_prefix(b"(").and_then(|rest| rest.strip_suffix(b")")) else {
        return false;
    };
    let numbers = arguments.iter().all(|b| b.is_ascii_digit() || matches!(b, b',' | b' '));
    let begins = before.last().is_none_or(|last| matches!(last, b';' | b'}' | b'{' | b':' | b'/' | b'>'));
    is_macro(name) && numbers && !arguments.is_empty() && begins
}

/// Where the blank stands that ends a macro's call which no semicolon ends: before the block or the statement behind it.
fn block_of_macro(dialect: Dialect, line: &[u8], before: &[u8]) -> Option<usize> {
    let indent = line.iter().take_while(|b| is_blank(**b)).count();
    if indent == 0 {
        return None;
    }
    let trimmed = line.trim_ascii();
    if let Some(call) = trimmed.strip_suffix(b"{")
        && call.last().is_some_and(|b| is_blank(*b))
        && is_call(dialect, call.trim_ascii_end())
        && before.last().is_none_or(|last| matches!(last, b';' | b'{' | b'}' | b':' | b'/' | b')'))
    {
        return Some(line.trim_ascii_end().len() - 2);
    }
    let first = first_word(trimmed);
    let statement = dialect == Dialect::C && !first.is_empty() && !first.starts_with(b"__");
    let begins = statement || trimmed == b"{";
    let indented = before.first().is_some_and(|b| is_blank(*b));
    (begins && indented && is_call(dialect, before.trim_ascii())).then(|| indent - 1)
}

/// Whether `text` is one whole call that can head a block: in C of a name in small letters (those in capitals may stand
/// anywhere), in C++ of anything with a string first (others may be constructors).
fn is_call(dialect: Dialect, text: &[u8]) -> bool {
    let name = first_word(text);
    let arguments = &text[name.len()..];
    if !arguments.starts_with(b"(") || !arguments.ends_with(b")") || KEYWORDS.contains(&name) {
        return false;
    }
    let fits = match dialect {
        Dialect::C => name.first().is_some_and(u8::is_ascii_lowercase),
        Dialect::Cpp => !name.is_empty() && arguments.get(1) == Some(&b'"'),
    };
    fits && closes_at_end(arguments)
}

/// Whether the bracket that opens `text` is closed by its last byte.
fn closes_at_end(text: &[u8]) -> bool {
    let mut depth = 0u32;
    let mut quote: Option<u8> = None;
    let mut escaped = false;
    for (at, &b) in text.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if let Some(mark) = quote {
            escaped = b == b'\\';
            quote = quote.filter(|_| b != mark);
        } else {
            match b {
                b'"' | b'\'' => quote = Some(b),
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return at + 1 == text.len();
            }
        }
    }
    false
}
