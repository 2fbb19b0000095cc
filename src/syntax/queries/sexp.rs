//! Reads query files: the part of tree-sitter's query syntax that the engine understands (`queries/README.md`). Invariant:
//! what is not understood is an error with its line, never skipped. Must not know grammars or captures' meanings.

/// How often a child stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// The first child that matches; there must be one.
    One,
    /// The first child that matches, if any.
    Optional,
    /// All children that match, at least one.
    Some,
    /// All children that match.
    Any,
}

/// What a node must be.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// `_`: any node; `(_)`: any named node.
    Wildcard { named: bool },
    /// `(kind ...)` or `"token"`.
    Kind { name: String, named: bool },
    /// `[a b]`.
    Either(Vec<Node>),
}

/// A node pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub what: What,
    pub field: Option<String>,
    pub quantifier: Quantifier,
    pub captures: Vec<String>,
    pub children: Vec<Node>,
    /// `!field`: these fields must be absent.
    pub absent: Vec<String>,
    /// `.` before it: nothing named (comments aside) stands before it.
    pub first: bool,
    pub line: u32,
}

/// An argument of a predicate.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    Capture(String),
    Text(String),
}

/// `(#name arguments...)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Directive {
    pub name: String,
    pub arguments: Vec<Argument>,
}

/// One pattern of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub node: Node,
    pub directives: Vec<Directive>,
}

/// All patterns of a query file, or the line and the fault.
pub fn read(text: &str) -> Result<Vec<Pattern>, String> {
    let mut it = Reader { text, at: 0, directives: Vec::new() };
    let mut out = Vec::new();
    loop {
        it.blank();
        if it.at == text.len() {
            return Ok(out);
        }
        let node = it.node(0)?;
        out.push(Pattern { node, directives: std::mem::take(&mut it.directives) });
    }
}

/// Patterns deeper than this are refused: reading them is recursive.
const DEPTH: u32 = 24;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    directives: Vec<Directive>,
}

impl<'a> Reader<'a> {
    fn blank(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with(';') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn line(&self) -> u32 {
        self.text[..self.at].bytes().filter(|&b| b == b'\n').count() as u32 + 1
    }

    fn fault<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("line {}: {what}", self.line()))
    }

    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-.!?#".contains(c))).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn quoted(&mut self) -> Result<String, String> {
        let mut out = String::new();
        self.at += 1;
        let mut chars = self.text[self.at..].char_indices();
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += offset + 1;
                    return Ok(out);
                }
                '\\' => out.push(match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, 't')) => '\t',
                    Some((_, c)) => c,
                    None => break,
                }),
                c => out.push(c),
            }
        }
        self.fault("a string without end")
    }

    fn node(&mut self, depth: u32) -> Result<Node, String> {
        if depth > DEPTH {
            return self.fault("patterns nest too deep");
        }
        let line = self.line();
        let mut node = Node {
            what: What::Wildcard { named: true },
            field: None,
            quantifier: Quantifier::One,
            captures: Vec::new(),
            children: Vec::new(),
            absent: Vec::new(),
            first: false,
            line,
        };
        match self.peek() {
            b'(' => {
                self.at += 1;
                self.blank();
                if matches!(self.peek(), b'(' | b'[' | b'"') {
                    node = self.node(depth + 1)?;
                } else {
                    let name = self.word();
                    node.what = match name {
                        "" => return self.fault("a node kind is wanted"),
                        "_" => What::Wildcard { named: true },
                        _ => What::Kind { name: name.to_owned(), named: true },
                    };
                }
                self.inside(&mut node, depth)?;
            }
            b'[' => {
                self.at += 1;
                let mut either = Vec::new();
                loop {
                    self.blank();
                    if self.eat(b']') {
                        break;
                    }
                    either.push(self.node(depth + 1)?);
                }
                node.what = What::Either(either);
            }
            b'"' => node.what = What::Kind { name: self.quoted()?, named: false },
            b'_' => {
                self.at += 1;
                node.what = What::Wildcard { named: false };
            }
            _ => return self.fault("a pattern is wanted"),
        }
        self.suffix(&mut node)?;
        Ok(node)
    }

    /// Children, absent fields and directives up to the closing parenthesis.
    fn inside(&mut self, node: &mut Node, depth: u32) -> Result<(), String> {
        let mut first = false;
        loop {
            self.blank();
            match self.peek() {
                b')' => {
                    self.at += 1;
                    return if first { self.fault("an anchor stands before a child") } else { Ok(()) };
                }
                0 => return self.fault("a pattern without end"),
                b'.' => {
                    self.at += 1;
                    if !node.children.is_empty() {
                        return self.fault("an anchor stands before the first child only");
                    }
                    first = true;
                }
                b'!' => {
                    self.at += 1;
                    node.absent.push(self.word().to_owned());
                }
                b'(' if self.text[self.at..].starts_with("(#") => {
                    self.at += 1;
                    let directive = self.directive()?;
                    self.directives.push(directive);
                }
                byte => {
                    let mut field = None;
                    if byte.is_ascii_alphabetic() {
                        let name = self.word().to_owned();
                        if !self.eat(b':') {
                            return self.fault("a field is followed by a colon");
                        }
                        self.blank();
                        field = Some(name);
                    }
                    let mut child = self.node(depth + 1)?;
                    child.field = field;
                    child.first = std::mem::take(&mut first);
                    node.children.push(child);
                }
            }
        }
    }

    fn suffix(&mut self, node: &mut Node) -> Result<(), String> {
        loop {
            match self.peek() {
                b'?' => node.quantifier = Quantifier::Optional,
                b'+' => node.quantifier = Quantifier::Some,
                b'*' => node.quantifier = Quantifier::Any,
                _ => break,
            }
            self.at += 1;
        }
        loop {
            let before = self.at;
            self.blank();
            if !self.eat(b'@') {
                self.at = before;
                return Ok(());
            }
            let name = self.word();
            if name.is_empty() {
                return self.fault("a capture has a name");
            }
            node.captures.push(name.to_owned());
        }
    }

    fn directive(&mut self) -> Result<Directive, String> {
        let name = self.word().trim_start_matches('#').to_owned();
        let mut arguments = Vec::new();
        loop {
            self.blank();
            match self.peek() {
                b')' => {
                    self.at += 1;
                    return Ok(Directive { name, arguments });
                }
                b'@' => {
                    self.at += 1;
                    arguments.push(Argument::Capture(self.word().to_owned()));
                }
                b'"' => arguments.push(Argument::Text(self.quoted()?)),
                _ => {
                    let word = self.word();
                    if word.is_empty() {
                        return self.fault("a directive without end");
                    }
                    arguments.push(Argument::Text(word.to_owned()));
                }
            }
        }
    }
}
