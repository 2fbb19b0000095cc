//! Bytes of a file to text. Invariant: the result is UTF-8 without a byte order mark; any bytes give an answer.
//! A NUL byte in the first 8 KiB of what is not UTF-16 means binary. Must not know where the bytes come from.

/// What the bytes of a file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    Text {
        text: String,
        source: Source,
    },
    /// Not text: neither parsed nor searched.
    Binary,
}

/// The encoding that the bytes were in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Utf8,
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    /// Not valid UTF-8: every byte taken as the character of its number, which keeps ASCII and shows Western text.
    Latin1,
}

const SNIFFED: usize = 8 * 1024;

/// Decodes `bytes`. Malformed UTF-16 gives replacement characters; other bytes that are no UTF-8 are read as Latin-1.
pub fn decode(bytes: Vec<u8>) -> Decoded {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Decoded::Text { text: utf16(rest, u16::from_le_bytes), source: Source::Utf16Le };
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Decoded::Text { text: utf16(rest, u16::from_be_bytes), source: Source::Utf16Be };
    }
    if is_binary(&bytes) {
        return Decoded::Binary;
    }
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return match std::str::from_utf8(rest) {
            Ok(text) => Decoded::Text { text: text.to_owned(), source: Source::Utf8Bom },
            Err(_) => Decoded::Text { text: latin1(rest), source: Source::Latin1 },
        };
    }
    match String::from_utf8(bytes) {
        Ok(text) => Decoded::Text { text, source: Source::Utf8 },
        Err(error) => Decoded::Text { text: latin1(error.as_bytes()), source: Source::Latin1 },
    }
}

/// Whether the head of a file says that it is not text. Bytes with a UTF-16 mark are text.
pub fn is_binary(head: &[u8]) -> bool {
    let marked = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    !marked && memchr::memchr(0, &head[..head.len().min(SNIFFED)]).is_some()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        // An odd byte at the end is half a character: a lone surrogate stands for it and becomes U+FFFD.
        _ => 0xD800,
    });
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| char::from(b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], want: &str, source: Source) {
        assert_eq!(decode(bytes.to_vec()), Decoded::Text { text: want.to_owned(), source });
    }

    #[test]
    fn every_source() {
        check("né🧭".as_bytes(), "né🧭", Source::Utf8);
        check(b"\xef\xbb\xbfabc", "abc", Source::Utf8Bom);
        check(b"\xff\xfea\0b\0", "ab", Source::Utf16Le);
        check(b"\xfe\xff\0a\0b", "ab", Source::Utf16Be);
        check(b"caf\xe9", "café", Source::Latin1);
        check(b"\xff\xfea\0b", "a\u{fffd}", Source::Utf16Le);
        check(b"\xff\xfe\x3e\xd8", "\u{fffd}", Source::Utf16Le);
        check(b"", "", Source::Utf8);
    }

    #[test]
    fn nul_means_binary() {
        assert_eq!(decode(b"ELF\0\0".to_vec()), Decoded::Binary);
        assert!(matches!(decode([vec![b'a'; SNIFFED], vec![0]].concat()), Decoded::Text { .. }));
    }
}
