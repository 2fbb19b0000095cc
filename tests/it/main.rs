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
mod processes;
mod search;
mod seek;
mod tiers;
mod watch;
mod workers;

/// A number from the environment, by which `tests/long` sets how long an ignored test is.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(default)
}
