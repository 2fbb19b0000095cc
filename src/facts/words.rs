//! The one analyser of text, for the index and for queries: identifiers split and kept whole, lower case, light stems.
//! Invariant: [`VERSION`] grows with every change of what is emitted; equal text gives equal terms everywhere. Must not
//! know passages, postings or ranking.

mod query;
mod stem;
#[cfg(test)]
mod tests;

pub use query::{Query, QueryTerm, analyse_query, written};
pub use stem::stem;

/// What the analyser emits; part of every recipe.
pub const VERSION: u32 = 1;

/// Longest term in bytes; longer identifiers give their parts alone.
pub const LONGEST_TERM: usize = 64;

/// Longest run of ASCII letters and digits that is looked at; longer ones are data (base64, hashes), not words.
const LONGEST_WORD: usize = 160;

/// What a byte is to the scanner.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Separator,
    Lower,
    Upper,
    Digit,
    /// Joins the parts of an identifier.
    Joiner,
    /// Part of a character outside ASCII.
    Wide,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Separator; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            b'0'..=b'9' => Class::Digit,
            b'_' => Class::Joiner,
            0x80..=0xFF => Class::Wide,
            _ => Class::Separator,
        };
        byte += 1;
    }
    table
};

fn class(byte: u8) -> Class {
    CLASSES[byte as usize]
}

/// Emits every term of `text`, in order, repetitions included: for an identifier its parts (stemmed), then, where it has
/// more than one, the whole without its joiners (`read_fileAt` gives `read`, `file`, `at`, `readfileat`). Parts of one
/// ASCII character are left out. Words of other scripts are kept whole, Chinese and Japanese text as pairs of characters.
pub fn analyse(text: &str, emit: &mut dyn FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if class(bytes[at]) == Class::Separator {
            at += 1;
            continue;
        }
        let start = at;
        let mut wide = false;
        while at < bytes.len() {
            match class(bytes[at]) {
                Class::Separator => break,
                Class::Wide => wide = true,
                _ => {}
            }
            at += 1;
        }
        if wide {
            // Both ends lie beside an ASCII byte, hence on character borders.
            wide_run(&text[start..at], emit);
        } else {
            identifier(&bytes[start..at], emit);
        }
    }
}

/// A run of ASCII letters, digits and joiners.
fn identifier(word: &[u8], emit: &mut dyn FnMut(&str)) {
    if word.len() < 2 || word.len() > LONGEST_WORD {
        return;
    }
    if class(word[0]) == Class::Digit {
        return number(word, emit);
    }
    let mut whole = [0u8; LONGEST_WORD];
    let mut len = 0;
    let mut parts = 0;
    let mut part_start = 0;
    let mut previous = Class::Joiner;
    for (ix, &byte) in word.iter().enumerate() {
        let this = class(byte);
        let next_lower = || word.get(ix + 1).is_some_and(|&b| class(b) == Class::Lower);
        let cut = match (previous, this) {
            (Class::Joiner, _) => false,
            (_, Class::Joiner) | (Class::Lower, Class::Upper) => true,
            (Class::Upper, Class::Upper) => next_lower(),
            (Class::Digit, other) | (other, Class::Digit) => other != Class::Digit,
            _ => false,
        };
        if cut {
            parts += 1;
            part(&whole[part_start..len], emit);
            part_start = len;
        }
        if this != Class::Joiner {
            whole[len] = byte.to_ascii_lowercase();
            len += 1;
        }
        previous = this;
    }
    if part_start < len {
        parts += 1;
        part(&whole[part_start..len], emit);
    }
    if parts > 1 && len <= LONGEST_TERM {
        emit_ascii(&whole[..len], emit);
    }
}

/// A word that begins with a digit (`404`, `0xFF`, `2fa`) stays whole.
fn number(word: &[u8], emit: &mut dyn FnMut(&str)) {
    if word.len() <= LONGEST_TERM {
        let mut lower = [0u8; LONGEST_TERM];
        lower[..word.len()].copy_from_slice(word);
        lower[..word.len()].make_ascii_lowercase();
        emit_ascii(&lower[..word.len()], emit);
    }
}

/// One lower-case part of an identifier.
fn part(text: &[u8], emit: &mut dyn FnMut(&str)) {
    if text.len() < 2 || text.len() > LONGEST_TERM {
        return;
    }
    let mut buffer = [0u8; LONGEST_TERM];
    buffer[..text.len()].copy_from_slice(text);
    let len = stem(&mut buffer[..text.len()]);
    emit_ascii(&buffer[..len], emit);
}

fn emit_ascii(text: &[u8], emit: &mut dyn FnMut(&str)) {
    // Only ASCII was copied there, so this never fails.
    if let Ok(text) = std::str::from_utf8(text) {
        emit(text);
    }
}

/// A run with characters outside ASCII: cut at what is neither letter nor digit, then by script.
fn wide_run(run: &str, emit: &mut dyn FnMut(&str)) {
    for word in run.split(|c: char| !(c.is_alphanumeric() || c == '_' || is_mark(c))) {
        if word.is_ascii() {
            identifier(word.as_bytes(), emit);
            continue;
        }
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let paired = is_paired(first);
            let end = rest.find(|c: char| is_paired(c) != paired).unwrap_or(rest.len());
            let (piece, tail) = rest.split_at(end);
            rest = tail;
            if paired {
                pairs(piece, emit);
            } else if piece.is_ascii() {
                identifier(piece.as_bytes(), emit);
            } else if piece.len() <= LONGEST_TERM {
                let lower: String = piece.chars().filter(|&c| c != '_').flat_map(char::to_lowercase).collect();
                if !lower.is_empty() && lower.len() <= LONGEST_TERM {
                    emit(&lower);
                }
            }
        }
    }
}

/// Marks that combine with the letter before them (accents, vowel signs of Indic scripts).
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{900}'..='\u{DFF}' | '\u{E31}'..='\u{E4E}' | '\u{200C}'..='\u{200D}')
}

/// Scripts that write without spaces: Han, Hiragana, Katakana.
fn is_paired(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Every two neighbouring characters; a lone one by itself.
fn pairs(run: &str, emit: &mut dyn FnMut(&str)) {
    let mut starts = run.char_indices().map(|(at, _)| at).chain(std::iter::once(run.len()));
    let (Some(mut first), Some(mut second)) = (starts.next(), starts.next()) else { return };
    let mut emitted = false;
    for end in starts {
        emit(&run[first..end]);
        emitted = true;
        first = second;
        second = end;
    }
    if !emitted {
        emit(run);
    }
}
