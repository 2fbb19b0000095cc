//! JSON written straight to bytes, for answers that are made with each keystroke. Invariant: what is written is valid
//! JSON. Knows the protocol's smallest shapes, and nothing of what they are for.

use crate::text::{Position, Range};

/// A string with its quotes.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut kept = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[kept..at]);
        kept = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[kept..]);
    out.push(b'"');
}

/// A whole number.
pub(crate) fn number(out: &mut Vec<u8>, mut value: u32) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// `{"line":..,"character":..}`.
pub(crate) fn position(out: &mut Vec<u8>, position: Position) {
    out.extend_from_slice(b"{\"line\":");
    number(out, position.line);
    out.extend_from_slice(b",\"character\":");
    number(out, position.character);
    out.push(b'}');
}

/// `{"start":..,"end":..}`.
pub(crate) fn range(out: &mut Vec<u8>, range: Range) {
    out.extend_from_slice(b"{\"start\":");
    position(out, range.start);
    out.extend_from_slice(b",\"end\":");
    position(out, range.end);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strings_and_numbers_read_back(text in ".{0,40}|[\u{0}-\u{20}\"\\\\]{0,9}", value: u32) {
            let mut out = Vec::new();
            string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).expect("JSON"), text);
            out.clear();
            number(&mut out, value);
            prop_assert_eq!(serde_json::from_slice::<u32>(&out).expect("JSON"), value);
        }
    }
}
