//! What slow requests cost the quick ones: with 64 requests of 4 seconds in flight, how long an edit takes until its effect
//! is seen, and how long an unknown method takes to be refused. Medians and worst of 200.
//! `cargo bench --bench wire`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program of its own and may stop on any error"
)]

use std::time::{Duration, Instant};

use portolan::server::{Extension, Lane, ServeOptions};
use serde_json::json;

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/client.rs"]
mod client;

use client::Client;

fn main() {
    let slow = Extension::new("bench/slow", Lane::Slow, |_, params, cancel| {
        let end = Instant::now() + Duration::from_secs(4);
        while Instant::now() < end && !cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(params)
    });
    let options = ServeOptions { extensions: vec![slow], ..client::options() };
    let mut client = Client::open_with(&[], options, client::able());
    let uri = "untitled:bench.rs";
    client.did_open(uri, "rust", "fn first() {}\n");
    measure("idle", &mut client, uri, 0);
    let waiting: Vec<i64> = (0..64).map(|n| client.ask("bench/slow", json!(n))).collect();
    measure("64 slow", &mut client, uri, 1000);
    for id in &waiting {
        client.notify("$/cancelRequest", json!({ "id": id }));
    }
    for id in waiting {
        let _ = client.answer(id);
    }
}

fn measure(what: &str, client: &mut Client, uri: &str, from: i32) {
    let (mut edits, mut pings) = (Vec::new(), Vec::new());
    for n in from..from + 200 {
        let began = Instant::now();
        client.did_change(uri, n + 2, json!([{ "text": format!("fn version_{n}() {{}}\n") }]));
        let outline = client.request("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }));
        edits.push(began.elapsed());
        if let Ok(outline) = outline {
            assert!(outline.to_string().contains(&format!("version_{n}")), "{outline}");
        }
        let began = Instant::now();
        client.request("no/such", json!({})).unwrap_err();
        pings.push(began.elapsed());
    }
    for (name, mut times) in [("edit and its outline", edits), ("ping", pings)] {
        times.sort();
        println!("{what}: {name}: median {:?}, worst {:?}", times[times.len() / 2], times[times.len() - 1]);
    }
}
