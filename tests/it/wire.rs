//! The wire: malformed messages, life cycle, load, order. Handlers that are slow or panic on demand are extensions of the
//! server under test.

use std::sync::{Arc, Condvar, Mutex};

use portolan::server::{End, Extension, Lane, ServeOptions};
use serde_json::{Value, json};

use crate::client::{Client, Refusal, able, options};

/// A gate that keeps handlers from going on until the test opens it.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    open: bool,
    entered: usize,
}

impl Gate {
    /// An extension whose requests wait at the gate (or for their cancellation).
    fn extension(&self, method: &'static str, lane: Lane) -> Extension {
        let gate = self.clone();
        Extension::new(method, lane, move |_, params, _| {
            gate.pass();
            Ok(params)
        })
    }

    fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.entered += 1;
        changed.notify_all();
        while !state.open {
            state = changed.wait(state).unwrap();
        }
    }

    fn wait_until_entered(&self, n: usize) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        while state.entered < n {
            state = changed.wait(state).unwrap();
        }
    }

    fn open(&self) {
        let (state, changed) = &*self.0;
        state.lock().unwrap().open = true;
        changed.notify_all();
    }
}

fn with(extensions: Vec<Extension>) -> Client {
    let options = ServeOptions { extensions, ..options() };
    Client::open_with(&[], options, able())
}

fn echo() -> Extension {
    Extension::new("test/echo", Lane::Answer, |_, params, _| Ok(params))
}

#[track_caller]
fn refused(outcome: Result<Value, Refusal>, code: i64) {
    assert_eq!(outcome.expect_err("a refusal was due").code, code);
}

#[test]
fn life_cycle() {
    let mut client = Client::start(options());
    refused(client.request("textDocument/hover", json!({})), -32002);
    client.notify("textDocument/didOpen", json!({}));
    client.initialize(&[], able());
    refused(client.request("initialize", json!({ "capabilities": {} })), -32600);
    refused(client.request("no/such", json!({})), -32601);
    refused(client.request("$/nope", json!({})), -32601);
    client.request("shutdown", Value::Null).unwrap();
    refused(client.request("no/such", json!({})), -32600);
    client.notify("exit", Value::Null);
    let ended = client.hang_up();
    assert_eq!((ended.why, ended.code()), (End::Exit, 0));
}

#[test]
fn exits_without_shutdown_tell_so() {
    let ended = Client::open(&[]).run_away();
    assert_eq!((ended.why, ended.code()), (End::Exit, 1));
    let ended = Client::open(&[]).hang_up();
    assert_eq!((ended.why, ended.code()), (End::InputClosed, 1));
}

#[test]
fn requests_in_flight_do_not_hold_up_the_exit() {
    let gate = Gate::default();
    let mut client = with(vec![gate.extension("test/wait", Lane::Slow)]);
    client.ask("test/wait", json!(1));
    gate.wait_until_entered(1);
    assert_eq!(client.run_away().why, End::Exit);
    gate.open();
}

#[test]
fn bad_bodies_get_one_error_and_the_next_request_its_answer() {
    let mut client = with(vec![echo()]);
    for (body, code) in [
        (&b"{"[..], -32700),
        (b"", -32700),
        (b"[]", -32600),
        (b"{}", -32600),
        (b"\xff\xfe", -32700),
        (br#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#, -32600),
    ] {
        client.raw_body(body);
        let answer = client.wait_for("an error", |it| it["id"].is_null());
        assert_eq!(answer["error"]["code"], json!(code), "{body:?}");
        assert_eq!(client.request("test/echo", json!({"a": 1})), Ok(json!({"a": 1})));
    }
}

#[test]
fn ids_are_answered_once_and_can_be_used_again() {
    let gate = Gate::default();
    let mut client = with(vec![gate.extension("test/wait", Lane::Answer), echo()]);
    let ask = |method: &str| json!({ "jsonrpc": "2.0", "id": "same", "method": method, "params": [1] });
    client.send(&ask("test/wait"));
    gate.wait_until_entered(1);
    client.send(&ask("test/echo"));
    let first = client.wait_for("a refusal", |it| it["id"] == "same");
    assert_eq!(first["error"]["code"], json!(-32600));
    gate.open();
    client.wait_for("the answer", |it| it["id"] == "same" && it.get("result").is_some());
    client.send(&ask("test/echo"));
    client.wait_for("the answer", |it| it["id"] == "same" && it.get("result").is_some());
}

#[test]
fn a_panic_costs_one_answer_and_its_id_is_free_again() {
    let panics = Extension::new("test/panic", Lane::Answer, |_, _, _| panic!("on demand"));
    let mut client = with(vec![panics, echo()]);
    let id = client.ask("test/panic", json!({}));
    refused(client.answer(id), -32603);
    client.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "test/echo", "params": { "still": "here" } }));
    assert_eq!(client.answer(id), Ok(json!({ "still": "here" })));
}

#[test]
fn cancelled_requests_are_answered_at_once_and_their_work_is_dropped() {
    let gate = Gate::default();
    let mut client = with(vec![gate.extension("test/wait", Lane::Slow), echo()]);
    let ids: Vec<i64> = (0..300).map(|n| client.ask("test/wait", json!(n))).collect();
    for &id in &ids {
        client.notify("$/cancelRequest", json!({ "id": id }));
    }
    client.notify("$/cancelRequest", json!({ "id": "unknown" }));
    client.notify("$/cancelRequest", json!([]));
    for id in ids {
        refused(client.answer(id), -32800);
    }
    gate.open();
    assert_eq!(client.request("test/echo", json!([])), Ok(json!([])));
}

#[test]
fn slow_requests_hold_up_neither_edits_nor_short_answers() {
    let gate = Gate::default();
    let mut client = with(vec![gate.extension("test/wait", Lane::Slow), echo()]);
    let slow: Vec<i64> = (0..64).map(|n| client.ask("test/wait", json!(n))).collect();
    gate.wait_until_entered(1);
    client.did_open("untitled:a", "rust", "fn a() {}\n");
    client.did_change("untitled:a", 2, json!([{ "text": "fn b() {}\n" }]));
    // The gate is shut: had any of these to wait for the slow ones, the test would hang.
    assert_eq!(client.request("test/echo", json!(7)), Ok(json!(7)));
    refused(client.request("no/such", json!({})), -32601);
    assert!(slow.iter().all(|&id| !client.is_answered(id)));
    gate.open();
    for (n, id) in slow.into_iter().enumerate() {
        assert_eq!(client.answer(id), Ok(json!(n)));
    }
}

#[test]
fn more_requests_than_can_wait_are_refused_until_some_are_answered() {
    let gate = Gate::default();
    let mut client = with(vec![gate.extension("test/wait", Lane::Slow), echo()]);
    let waiting: Vec<i64> = (0..512).map(|n| client.ask("test/wait", json!(n))).collect();
    let beyond = client.ask("test/wait", json!({}));
    refused(client.answer(beyond), -32803);
    gate.open();
    for id in waiting {
        client.answer(id).unwrap();
    }
    assert_eq!(client.request("test/echo", json!(7)), Ok(json!(7)));
}
