//! The protocol's tests; those with real processes are in tests/it/workers.rs, which has an executable to start.

use super::protocol::*;
use crate::syntax::languages::Lang;

#[test]
fn a_batch_is_read_back_as_written() {
    let rust = Lang::from_id("rust").unwrap();
    let files = [(rust, "fn a() {}\n"), (Lang::TEXT, ""), (Lang::TEXT, "größe")];
    let body = put_batch(files.iter().map(|&(lang, text)| Request { lang, text }));
    let mut rest = body.as_slice();
    for (lang, text) in files {
        let request = take_request(&mut rest).unwrap();
        assert_eq!((request.lang, request.text), (lang, text));
    }
    assert!(rest.is_empty());
}

#[test]
fn malformed_bytes_are_refused_not_believed() {
    for length in 0..64 {
        let bytes: Vec<u8> = (0..length).map(|it| (it * 37 + 11) as u8).collect();
        assert!(take_answer(&bytes).is_none(), "{bytes:?}");
        let _ = take_request(&mut bytes.as_slice());
    }
    let mut huge: &[u8] = &[0xff, 0xff, 0xff, 0xff, 1, 2, 3];
    assert!(read_frame(&mut huge).is_err());
    let mut cut: &[u8] = &[10, 0, 0, 0, 1, 2, 3];
    assert!(read_frame(&mut cut).is_err());
    let mut ended: &[u8] = &[];
    assert!(matches!(read_frame(&mut ended), Ok(None)));
}

#[test]
fn answers_must_tile_the_text() {
    let gap = [0u8, 5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
    assert!(take_answer(&gap).is_none());
    let whole = [0u8, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(take_answer(&whole).unwrap().segments.len(), 1);
}
