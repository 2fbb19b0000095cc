//! What a compiler certainly leaves out: branches of `#if` whose condition is false on this platform, whatever headers and
//! build flags say (C, C++). Invariant: depends on the text and its language alone (and on the platform that this binary is
//! made for); where anything is doubtful the branch stays. Must not know trees.

mod condition;
mod macros;
mod scan;
#[cfg(test)]
mod tests;

use super::languages::Lang;
use crate::base::span::Span;
use condition::Truth;
use macros::Macros;
use scan::{Directive, directives};

/// Conditionals nested deeper are taken as doubtful.
const DEPTH: usize = 200;

/// One open `#if`.
struct Group<'a> {
    /// Whether the code around it is compiled.
    around: Truth,
    /// Whether a branch before the one at hand is the one.
    taken: Truth,
    /// Whether the branch at hand is the one.
    here: Truth,
    /// Where the branch at hand begins.
    from: u32,
    /// Names that the branches define.
    touched: Vec<&'a str>,
    /// How many of them are settled.
    settled: usize,
}

impl Group<'_> {
    fn now(&self) -> Truth {
        self.around.and(self.here)
    }
}

/// The parts of `text` that are certainly left out, in order, apart. Empty where nothing else declares anything: a file for
/// another platform is shown whole.
pub fn left_out(lang: Lang, text: &str) -> Vec<Span> {
    if !lang.row().preprocessor || memchr::memmem::find(text.as_bytes(), b"if").is_none() {
        return Vec::new();
    }
    let mut macros = Macros::new(lang);
    let mut open: Vec<Group<'_>> = Vec::new();
    let mut beyond = 0usize;
    let mut out: Vec<Span> = Vec::new();
    for directive in directives(text) {
        let (word, rest) = split(directive.text);
        match word {
            "if" | "ifdef" | "ifndef" if open.len() >= DEPTH => beyond += 1,
            "endif" if beyond > 0 => beyond -= 1,
            _ if beyond > 0 => {}
            "if" | "ifdef" | "ifndef" => {
                let around = open.last().map_or(Truth::True, Group::now);
                let here = if around == Truth::False { Truth::False } else { holds(word, rest, &macros) };
                open.push(Group { around, taken: here, here, from: directive.end, touched: Vec::new(), settled: 0 });
            }
            "elif" | "else" | "elifdef" | "elifndef" => {
                let Some(group) = open.last_mut() else { continue };
                close(group, &directive, &mut macros, &mut out);
                let holds = if word == "else" { Truth::True } else { holds(&word[2..], rest, &macros) };
                group.here = group.taken.not().and(holds);
                group.taken = group.taken.or(holds);
                group.from = directive.end;
            }
            "endif" => {
                let Some(mut group) = open.pop() else { continue };
                close(&mut group, &directive, &mut macros, &mut out);
                if let Some(around) = open.last_mut() {
                    around.touched.extend(group.touched);
                }
            }
            "define" | "undef" if open.last().is_none_or(|group| group.now() != Truth::False) => {
                let name = macros.take(word, rest);
                open.last_mut().into_iter().for_each(|group| group.touched.push(name));
            }
            _ => {}
        }
    }
    out.sort_unstable();
    if !out.is_empty() && !scan::declares_outside(text, &out) { Vec::new() } else { out }
}

/// Whether `offset` lies in one of the spans that [`left_out`] gave.
pub fn holds_offset(left_out: &[Span], offset: u32) -> bool {
    let next = left_out.partition_point(|span| span.end <= offset);
    left_out.get(next).is_some_and(|span| span.start <= offset)
}

/// A branch ends: noted where it is certainly left out; what it defines is doubtful behind it where it is doubtful itself.
fn close<'a>(group: &mut Group<'a>, at: &Directive<'_>, macros: &mut Macros<'a>, out: &mut Vec<Span>) {
    if group.here == Truth::False && group.around != Truth::False && at.start > group.from {
        out.push(Span::new(group.from, at.start));
    }
    if group.here == Truth::Unknown {
        macros.forget(&group.touched[group.settled..]);
    }
    group.settled = group.touched.len();
}

fn holds(word: &str, rest: &str, macros: &Macros<'_>) -> Truth {
    match word {
        "ifdef" => macros.is_defined(first_name(rest)),
        "ifndef" => macros.is_defined(first_name(rest)).not(),
        _ => condition::eval(rest, macros),
    }
}

/// The directive's word and what follows.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'_').unwrap_or(text.len());
    (&text[..end], &text[end..])
}

fn first_name(text: &str) -> &str {
    split(text).0
}
