//! Frames good and bad, whole and byte by byte.

use super::*;

/// What a decoder finds in `input`, given whole and given byte by byte (which must be the same).
fn check(input: &[u8], expect: &[&str]) {
    let show = |piece| match piece {
        Piece::Body(body) => format!("body {}", String::from_utf8_lossy(&body)),
        Piece::Bad(reason) => format!("bad {reason}"),
    };
    let (mut whole, mut found) = (Decoder::default(), Vec::new());
    whole.push(input);
    while let Some(piece) = whole.next_piece() {
        found.push(show(piece));
    }
    assert_eq!(found, expect);
    let (mut slow, mut found) = (Decoder::default(), Vec::new());
    for byte in input {
        slow.push(&[*byte]);
        while let Some(piece) = slow.next_piece() {
            found.push(show(piece));
        }
    }
    assert_eq!(found, expect, "byte by byte");
}

#[test]
fn headers_in_every_legal_dress() {
    check(b"Content-Length: 2\r\n\r\nabContent-Length: 1\r\n\r\nc", &["body ab", "body c"]);
    check(b"content-length:2\r\n\r\nab", &["body ab"]);
    check(b"Content-Length: 2\n\nab", &["body ab"]);
    check(b"X-A: 1\r\nX-B: 2\r\nX-C: 3\r\nContent-Length: 2\r\n\r\nab", &["body ab"]);
    check(b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", &["body ab"]);
    check(b"Content-Length: 2\r\nContent-Type: application/json\r\n\r\nab", &["body ab"]);
    check(b"Content-Type: a/b; charset=UTF8\r\nContent-Length: 2\r\n\r\nab", &["body ab"]);
    check(b"Content-Length: 0\r\n\r\nContent-Length: 1\r\n\r\na", &["body ", "body a"]);
}

#[test]
fn junk_costs_one_error_and_no_later_frame() {
    let good = "Content-Length: 2\r\n\r\nok";
    for (junk, reason) in [
        ("debug print\n", "a header line has no name"),
        ("no header\r\n\r\n", "a header line has no name"),
        ("\0\0\r\n\r\n", "a header line has no name"),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "a header line has no name"),
        ("Content-Type: x/y\r\n\r\n", "a header has no Content-Length"),
        ("Content-Length: abc\r\n\r\n", "Content-Length is no number"),
        ("Content-Length: 99999999999999999999\r\n\r\n", "Content-Length is no number"),
        ("Content-Length: 68719476736\r\n\r\n", "a frame is larger than 64 MiB"),
        ("Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "two different Content-Length"),
    ] {
        check(format!("{junk}{good}").as_bytes(), &[&format!("bad {reason}"), "body ok"]);
    }
}

#[test]
fn a_body_without_its_header_is_skipped_up_to_the_next_one() {
    check(
        b"Content-Length: -5\r\n\r\n{}Content-Length: 2\r\n\r\nok",
        &["bad Content-Length is no number", "bad there is something else before Content-Length", "body ok"],
    );
}

#[test]
fn endless_lines_are_dropped_as_they_come() {
    let mut input = b"X: ".to_vec();
    input.extend(std::iter::repeat_n(b'a', 1 << 17));
    let mut decoder = Decoder::default();
    for chunk in input.chunks(1000) {
        decoder.push(chunk);
        while decoder.next_piece().is_some() {}
        assert!(decoder.buffer.len() - decoder.start <= HEADER_CAP + 1000);
    }
    decoder.push(b"Content-Length: 2\r\n\r\nok");
    assert_eq!(decoder.next_piece(), Some(Piece::Body(b"ok".to_vec())));
}

#[test]
fn foreign_charsets_are_refused_with_their_body() {
    check(
        b"Content-Length: 2\r\nContent-Type: a/b; charset=utf-16\r\n\r\nxxContent-Length: 2\r\n\r\nok",
        &["bad the body's charset is not utf-8", "body ok"],
    );
}

#[test]
fn a_length_that_lied_is_found_out() {
    let mut decoder = Decoder::default();
    decoder.push(b"Content-Length: 30\r\n\r\n{\"cut\":Content-Length: 2\r\n\r\nok");
    let Some(Piece::Body(body)) = decoder.next_piece() else { panic!("a body was due") };
    decoder.resume_within(&body);
    assert_eq!(decoder.next_piece(), Some(Piece::Body(b"ok".to_vec())));
}

proptest::proptest! {
    /// Random bytes never stop the decoder: two newlines later a frame is found again.
    #[test]
    fn any_junk_is_survived(junk in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut decoder = Decoder::default();
        decoder.push(&junk);
        decoder.push(b"\n\n");
        decoder.push(b"Content-Length: 2\r\n\r\nok");
        let mut last = None;
        while let Some(piece) = decoder.next_piece() {
            last = Some(piece);
        }
        // Junk that says by chance that a body follows may swallow the frame; nothing else may.
        if find_length(&junk).is_none() {
            proptest::prop_assert_eq!(last, Some(Piece::Body(b"ok".to_vec())));
        }
    }
}
