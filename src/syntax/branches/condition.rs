//! Conditions of `#if`, in three values. Invariant: what depends on an unknown name is unknown, unless the other side of
//! `&&` or `||` decides; nesting and expansion are bounded. Must not know where names come from.

use super::macros::{Macros, Meaning};
use super::scan::joined;

/// What is known of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    pub fn not(self) -> Self {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }

    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, Truth::True) => Truth::True,
            _ => Truth::Unknown,
        }
    }

    pub fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// A number, where it is known.
type Value = Option<i64>;

/// Parentheses, signs and macros in macros beyond this are unknown.
const DEPTH: u32 = 40;
/// Steps that one condition may take, all its macros included.
const STEPS: u32 = 4_000;

/// The truth of what follows `#if`.
pub(super) fn eval(text: &str, macros: &Macros<'_>) -> Truth {
    let mut steps = 0;
    truth(value_of(&joined(text), macros, 0, &mut steps))
}

fn truth(value: Value) -> Truth {
    match value {
        Some(0) => Truth::False,
        Some(_) => Truth::True,
        None => Truth::Unknown,
    }
}

fn value_of(text: &str, macros: &Macros<'_>, depth: u32, steps: &mut u32) -> Value {
    let mut reader = Reader { rest: text, macros, depth, steps };
    let value = reader.ternary();
    if reader.rest.trim().is_empty() { value } else { None }
}

struct Reader<'a, 's> {
    rest: &'a str,
    macros: &'a Macros<'a>,
    depth: u32,
    steps: &'s mut u32,
}

/// Binary operators, those that bind loosest first; longer ones before their beginnings.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl<'a> Reader<'a, '_> {
    fn ternary(&mut self) -> Value {
        let condition = self.binary(0);
        if !self.takes("?") {
            return condition;
        }
        let (yes, no) = if self.deeper() {
            let yes = self.ternary();
            let no = if self.takes(":") { self.ternary() } else { None };
            self.depth -= 1;
            (yes, no)
        } else {
            (None, None)
        };
        match truth(condition) {
            Truth::True => yes,
            Truth::False => no,
            Truth::Unknown => None,
        }
    }

    fn binary(&mut self, level: usize) -> Value {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1);
        while let Some(operator) = self.operator(operators) {
            let right = self.binary(level + 1);
            left = apply(operator, left, right);
        }
        left
    }

    /// Takes one of the operators, unless it is the beginning of another.
    fn operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        *self.steps += 1;
        if *self.steps > STEPS {
            return None;
        }
        let rest = self.rest.trim_start();
        let found = operators.iter().find(|operator| rest.starts_with(**operator)).copied()?;
        let next = rest.as_bytes().get(found.len()).copied();
        let longer = matches!(
            (found, next),
            ("|", Some(b'|'))
                | ("&", Some(b'&'))
                | ("<", Some(b'<'))
                | (">", Some(b'>'))
                | ("^" | "/" | "%", Some(b'='))
        );
        if longer {
            return None;
        }
        self.rest = &rest[found.len()..];
        Some(found)
    }

    fn takes(&mut self, mark: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some(behind) = rest.strip_prefix(mark) else { return false };
        self.rest = behind;
        true
    }

    fn deeper(&mut self) -> bool {
        let fits = self.depth < DEPTH;
        self.depth += u32::from(fits);
        fits
    }

    fn unary(&mut self) -> Value {
        if !self.deeper() {
            return None;
        }
        let value = self.operand();
        self.depth -= 1;
        value
    }

    fn operand(&mut self) -> Value {
        if self.takes("!") {
            return self.unary().map(|value| i64::from(value == 0));
        }
        if self.takes("-") {
            return self.unary().and_then(i64::checked_neg);
        }
        if self.takes("+") {
            return self.unary();
        }
        if self.takes("~") {
            return self.unary().map(|value| !value);
        }
        if self.takes("(") {
            let value = self.ternary();
            return if self.takes(")") { value } else { None };
        }
        let word = self.word();
        match word.as_bytes().first() {
            Some(first) if first.is_ascii_digit() => number(word),
            Some(_) if word == "defined" => self.defined(),
            Some(_) => self.name(word),
            None => None,
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let end = rest.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'_' && b != b'\'');
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = behind;
        word
    }

    fn defined(&mut self) -> Value {
        let paren = self.takes("(");
        let macros = self.macros;
        let known = macros.is_defined(self.word());
        if paren && !self.takes(")") {
            return None;
        }
        match known {
            Truth::True => Some(1),
            Truth::False => Some(0),
            Truth::Unknown => None,
        }
    }

    /// The value of a name; of one with arguments nothing is known.
    fn name(&mut self, word: &str) -> Value {
        if self.rest.trim_start().starts_with('(') {
            self.rest = behind_arguments(self.rest);
            return None;
        }
        match self.macros.meaning(word) {
            _ if word == "true" => Some(1),
            Meaning::Undefined => Some(0),
            Meaning::Body(body) if *self.steps < STEPS && self.deeper() => {
                let value = value_of(&body, self.macros, self.depth, self.steps);
                self.depth -= 1;
                value
            }
            _ if word == "false" => Some(0),
            _ => None,
        }
    }
}

/// What follows a list of arguments, nested ones included.
fn behind_arguments(text: &str) -> &str {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth <= 1 => return &text[at + 1..],
            b')' => depth -= 1,
            _ => {}
        }
    }
    ""
}

fn apply(operator: &str, left: Value, right: Value) -> Value {
    let known = |truth: Truth| match truth {
        Truth::True => Some(1),
        Truth::False => Some(0),
        Truth::Unknown => None,
    };
    match operator {
        "||" => return known(truth(left).or(truth(right))),
        "&&" => return known(truth(left).and(truth(right))),
        _ => {}
    }
    let (left, right) = (left?, right?);
    match operator {
        "|" => Some(left | right),
        "^" => Some(left ^ right),
        "&" => Some(left & right),
        "==" => Some(i64::from(left == right)),
        "!=" => Some(i64::from(left != right)),
        "<=" => Some(i64::from(left <= right)),
        ">=" => Some(i64::from(left >= right)),
        "<" => Some(i64::from(left < right)),
        ">" => Some(i64::from(left > right)),
        "<<" => u32::try_from(right).ok().and_then(|by| left.checked_shl(by)),
        ">>" => u32::try_from(right).ok().and_then(|by| left.checked_shr(by)),
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" => left.checked_div(right),
        "%" => left.checked_rem(right),
        _ => None,
    }
}

/// An integer as C writes it, suffix and all.
fn number(word: &str) -> Value {
    let digits: String = word.chars().filter(|c| *c != '\'').collect();
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    i64::from_str_radix(body.trim_end_matches(['u', 'l', 'z']), radix).ok()
}
