//! The one integration binary: everything that is tested from outside the library is a module here.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "in tests a panic is how a failure is told")]

mod crash;
mod extremes;
mod flips;
mod gc;
mod settings;
mod store;
mod tidy;

mod asking;
#[allow(dead_code, reason = "the benches drive a process with it, the tests mostly a thread")]
mod client;
mod documents;
mod observed;
mod opening;
mod queries;
mod runtimes;
mod typing;
mod wire;

mod crawl;
mod fuzz;
mod hostile;
mod ignore_rules;
mod incremental;
mod large;
mod life;
mod limits;
mod models;
mod processes;
mod search;
mod seek;
mod tiers;
mod watch;
mod workers;

/// Waits for what others do; a test that waits longer than a minute fails.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = portolan::base::cancel::Cancel::new().within(std::time::Duration::from_secs(60));
    while !is_so() {
        assert!(!patience.is_cancelled(), "waited too long: {what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// A number from the environment, by which `tests/long` sets how long an ignored test is.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(default)
}

/// The packs of all indexes in a cache directory.
fn packs_in(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let of = |it: std::path::PathBuf| match it.extension() {
        _ if it.is_dir() => packs_in(&it),
        Some(end) if end == "pack" => vec![it],
        _ => Vec::new(),
    };
    entries.flat_map(of).collect()
}
