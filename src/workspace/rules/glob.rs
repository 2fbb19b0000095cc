//! A line of an ignore file as git reads it, in the words of the `ignore` crate. Invariant: where the two read a line alike it
//! stays as it is; a line that matches nothing for git is none. Must not know paths.

use std::borrow::Cow;

/// The members that a class has a name for.
type Named = (&'static str, fn(&u8) -> bool);

const NAMED: [Named; 12] = [
    ("alnum", u8::is_ascii_alphanumeric),
    ("alpha", u8::is_ascii_alphabetic),
    ("blank", |it| matches!(it, b' ' | b'\t')),
    ("cntrl", u8::is_ascii_control),
    ("digit", u8::is_ascii_digit),
    ("graph", u8::is_ascii_graphic),
    ("lower", u8::is_ascii_lowercase),
    ("print", |it| matches!(it, b' '..=b'~')),
    ("punct", u8::is_ascii_punctuation),
    // The vertical tab is one to git, not to Rust.
    ("space", |it| it.is_ascii_whitespace() || *it == 0x0B),
    ("upper", u8::is_ascii_uppercase),
    ("xdigit", u8::is_ascii_hexdigit),
];

/// The line in the crate's words; none where it can match nothing. To git braces are characters like others, where the crate
/// takes what stands between them for alternatives; three stars are as good as two; of the white space at the end spaces alone
/// do not count; a class has escapes and named members, never matches a slash, and is nothing where it does not end.
pub fn as_git_reads_it(line: &str) -> Option<Cow<'_, str>> {
    let line = without_spaces_at_the_end(line);
    if !line.contains(['{', '}', '[']) && !line.contains("***") && !line.ends_with(char::is_whitespace) {
        return Some(line.into());
    }
    let (sign, pattern) = line.strip_prefix('!').map_or(("", line), |rest| ("!", rest));
    let mut out = String::with_capacity(line.len() + 8);
    let (mut rest, mut stars) = (pattern, 0);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        stars = if c == '*' { stars + 1 } else { 0 };
        match c {
            '[' => rest = put_class(rest, &mut out)?,
            '{' | '}' => out.extend(['\\', c]),
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = &rest[escaped.len_utf8()..];
                put_escaped(escaped, rest.is_empty(), &mut out);
            }
            _ if rest.is_empty() && c.is_whitespace() => out.extend(['{', c, '}']),
            _ if stars > 2 => {}
            _ => out.push(c),
        }
    }
    // A slash that is not the last sign ties a pattern to the folder of its file: the classes had others than they have now.
    let is_tied = |it: &str| it.strip_suffix('/').unwrap_or(it).contains('/');
    let head = match (is_tied(pattern), is_tied(&out)) {
        (false, true) => "**/",
        (true, false) => "/",
        _ => "",
    };
    Some(format!("{sign}{head}{out}").into())
}

/// Git does not count spaces at the end, but those behind a backslash.
fn without_spaces_at_the_end(line: &str) -> &str {
    let (mut end, mut escaped) = (0, false);
    for (at, c) in line.char_indices() {
        if c != ' ' || escaped {
            end = at + c.len_utf8();
        }
        escaped = !escaped && c == '\\';
    }
    &line[..end]
}

fn put_escaped(c: char, is_last: bool, out: &mut String) {
    if is_last && c.is_whitespace() && c != ' ' {
        // The crate would cut it off.
        return out.extend(['{', c, '}']);
    }
    out.extend(['\\', c]);
}

/// The members of a class.
struct Class {
    ascii: [bool; 128],
    /// Of others the crate makes bytes, as git does.
    others: Vec<(char, char)>,
}

impl Class {
    fn add(&mut self, low: char, high: char) {
        // Git has looked at the first one before it sees that it begins a range.
        if low > high {
            return self.add(low, low);
        }
        for member in (low..=high).take_while(char::is_ascii) {
            self.ascii[member as usize] = true;
        }
        if !high.is_ascii() {
            self.others.push((low.max('\x7f'), high));
        }
    }

    /// Runs of neighbours among the members that mean nothing else in a class.
    fn runs(&self) -> Vec<(char, char)> {
        let mut out: Vec<(char, char)> = Vec::new();
        for member in (0..128u8).filter(|&it| self.ascii[usize::from(it)]).map(char::from) {
            if matches!(member, ']' | '-' | '!' | '^' | '/') {
                continue;
            }
            match out.last_mut() {
                Some(run) if run.1 as u32 + 1 == member as u32 => run.1 = member,
                _ => out.push((member, member)),
            }
        }
        out
    }

    /// Writes the class as the crate reads it: a closing bracket comes first, a minus last, the marks of negation in between.
    fn put(&self, negated: bool, out: &mut String) -> Option<()> {
        let has = |c: char| self.ascii[c as usize];
        let ranges: Vec<(char, char)> = self.runs().into_iter().chain(self.others.iter().copied()).collect();
        let mut inner = String::new();
        inner.extend(has(']').then_some(']'));
        for (low, high) in ranges {
            inner.push(low);
            inner.extend((low != high).then_some(['-', high]).into_iter().flatten());
        }
        inner.extend(negated.then_some('/'));
        let marks: Vec<char> = ['!', '^'].into_iter().filter(|&it| has(it)).collect();
        if inner.is_empty() && !has('-') {
            // Nothing stands before the mark that it is not taken for a negation.
            match marks.as_slice() {
                [] => return None,
                [mark] => out.extend(['\\', *mark]),
                _ => out.push_str("{!,^}"),
            }
            return Some(());
        }
        let minus_first = inner.is_empty();
        inner.extend(minus_first.then_some('-'));
        inner.extend(marks);
        inner.extend((has('-') && !minus_first).then_some('-'));
        out.push_str(if negated { "[!" } else { "[" });
        out.push_str(&inner);
        out.push(']');
        Some(())
    }
}

/// Reads the class behind its bracket as git does, writes it, and gives what comes after it. None where it does not end, or
/// can match nothing.
fn put_class<'a>(text: &'a str, out: &mut String) -> Option<&'a str> {
    let inner = text.strip_prefix(['!', '^']);
    let (negated, mut rest) = (inner.is_some(), inner.unwrap_or(text));
    let (mut class, mut before, mut first) = (Class { ascii: [false; 128], others: Vec::new() }, None, true);
    loop {
        let c = take(&mut rest)?;
        if c == ']' && !first {
            break;
        }
        first = false;
        match c {
            '\\' => {
                let escaped = take(&mut rest)?;
                class.add(escaped, escaped);
                before = Some(escaped);
            }
            '-' if before.is_some() && !rest.is_empty() && !rest.starts_with(']') => {
                let mut high = take(&mut rest)?;
                if high == '\\' {
                    high = take(&mut rest)?;
                }
                class.add(before.take()?, high);
            }
            '[' if rest.starts_with(':') => {
                // It ends at the next bracket, whatever stands between.
                let end = rest.find(']')?;
                let Some(name) = rest[1..end].strip_suffix(':') else {
                    class.add(c, c);
                    before = Some(c);
                    continue;
                };
                let (_, is_member) = NAMED.iter().find(|it| it.0 == name)?;
                let members = (0..128u8).filter(is_member).map(char::from);
                members.for_each(|it| class.add(it, it));
                rest = &rest[end + 1..];
                before = None;
            }
            _ => {
                class.add(c, c);
                before = Some(c);
            }
        }
    }
    class.put(negated, out)?;
    Some(rest)
}

fn take(rest: &mut &str) -> Option<char> {
    let c = rest.chars().next()?;
    *rest = &rest[c.len_utf8()..];
    Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_in_the_crates_words() {
        let check =
            |line: &str, expected: Option<&str>| assert_eq!(as_git_reads_it(line).as_deref(), expected, "{line}");
        check("*.log", Some("*.log"));
        check("a b  ", Some("a b"));
        check("tail\\  ", Some("tail\\ "));
        check("back\\\\ ", Some("back\\\\"));
        check("build/\t", Some("build/{\t}"));
        check("{a}***", Some("\\{a\\}**"));
        check("!a[b-d9]", Some("!a[9b-d]"));
        check("[!a].rs", Some("**/[!a/].rs"));
        check("d1/[!a-]", Some("d1/[!a/-]"));
        check("d1[/x]", Some("/d1[x]"));
        check("a[/]b", None);
        check("[.-0]", Some("[.0]"));
        check("[\\]a]", Some("[]a]"));
        check("[[:digit:][:foo:]]", None);
        check("[[:digit:]_]", Some("[0-9_]"));
        check("[[:digit]", Some("[:[dgit]"));
        check("[a", None);
        check("[z-a]", Some("[z]"));
        check("[\\!]", Some("\\!"));
        check("[\\^!]", Some("{!,^}"));
        check("[-!]", Some("[-!]"));
        check("[!!]", Some("**/[!/!]"));
    }
}
