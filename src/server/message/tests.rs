//! Bodies good and bad.

use super::*;
use expect_test::{Expect, expect};

fn check(body: &str, expect: Expect) {
    let shown = match parse(body.as_bytes()) {
        Incoming::Request { id, method, params } => format!("request {id} {method} {:?}", params.value()),
        Incoming::Notification { method, params } => format!("notification {method} {:?}", params.value()),
        Incoming::Answer(response) => format!("{response:?}"),
        Incoming::Useless => "useless".to_owned(),
        Incoming::Bad(id, error) => format!("bad {id}: {} {}", error.code, error.message),
    };
    expect.assert_eq(&shown);
}

#[test]
fn messages() {
    check(r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#, expect!["request 1 a Ok(Some(Array [Number(1)]))"]);
    check(r#"{"jsonrpc":"2.0","id":"x","method":"a"}"#, expect![[r#"request "x" a Ok(None)"#]]);
    check(r#"{"jsonrpc":"2.0","method":"a","params":null}"#, expect!["notification a Ok(Some(Null))"]);
    check(
        r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
        expect![[r#"Response { jsonrpc: Version, result: Null, id: Number(1) }"#]],
    );
    check(
        r#"{"jsonrpc":"2.0","id":null,"result":1}"#,
        expect!["Response { jsonrpc: Version, result: Number(1), id: Null }"],
    );
}

#[test]
fn malformed_messages_keep_their_id() {
    check(r#"{"id":7,"method":"x"}"#, expect![[r#"bad 7: -32600 jsonrpc is not "2.0""#]]);
    check(r#"{"jsonrpc":"2.0","id":7}"#, expect!["bad 7: -32600 neither a method nor a result"]);
    check(r#"{"jsonrpc":"2.0","id":7,"method":5}"#, expect!["bad 7: -32600 method is no string"]);
    check(
        r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#,
        expect!["bad null: -32600 id is neither an integer nor a string"],
    );
    check(r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#, expect!["bad null: -32600 id is null"]);
    check("[]", expect!["bad null: -32600 a message is an object (batches are not taken)"]);
    check("hello", expect!["bad null: -32700 no JSON: expected value at line 1 column 1"]);
}

#[test]
fn depth_is_capped_outside_of_strings() {
    let nested = |n: usize, fill: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"x","params":{}{fill}{}}}"#, "[".repeat(n), "]".repeat(n))
    };
    assert!(matches!(parse(nested(120, "").as_bytes()), Incoming::Request { .. }));
    assert!(matches!(parse(nested(127, "").as_bytes()), Incoming::Bad(..)));
    assert!(matches!(parse(nested(200_000, "").as_bytes()), Incoming::Bad(..)));
    let text = format!(r#""\"{}""#, "[".repeat(1000));
    assert!(matches!(parse(nested(1, &text).as_bytes()), Incoming::Request { .. }));
}

#[test]
fn half_an_emoji_is_mended() {
    let of = |text: &str| {
        let body = format!(r#"{{"jsonrpc":"2.0","method":"x","params":["{text}"]}}"#);
        match parse(body.as_bytes()) {
            Incoming::Notification { params, .. } => params.parse::<Vec<String>>().unwrap().remove(0),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of(r"a\ud83eb"), "a\u{fffd}b");
    assert_eq!(of(r"\udded"), "\u{fffd}");
    assert_eq!(of(r"\ud83e\udded"), "\u{1f9ed}");
    assert_eq!(of(r"\ud83e\ud83e\udded"), "\u{fffd}\u{1f9ed}");
    assert_eq!(of(r"\\ud83e"), r"\ud83e");
}
