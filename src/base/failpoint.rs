//! Named places where a test may end the process as a power cut would. Invariant: without the environment variable
//! `PORTOLAN_FAILPOINT` (`name`, or `name:N` for the N-th pass) a point does nothing but one atomic load. The names of
//! all points stand in `NAMES`, so that a crash test can visit each. Must not know what happens around a point.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// All fail points, in the order in which a commit passes them.
pub const NAMES: [&str; 10] = [
    "pack.created",
    "pack.half_written",
    "pack.written",
    "pack.synced",
    "pack.renamed",
    "pack.directory_synced",
    "manifest.written",
    "manifest.synced",
    "manifest.renamed",
    "manifest.directory_synced",
];

struct Armed {
    name: String,
    /// Passes left until the process ends.
    left: AtomicU64,
}

/// Ends this process by SIGKILL if the environment asked for it here.
pub fn hit(name: &str) {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| parse(&std::env::var("PORTOLAN_FAILPOINT").ok()?));
    let Some(armed) = armed else { return };
    if armed.name == name && armed.left.fetch_sub(1, Ordering::Relaxed) == 1 {
        // Nothing may run after this: no destructor, no flush.
        let _ = super::os::process::kill(std::process::id());
        std::process::abort();
    }
}

/// Whether parsers are to obey the fault marks in texts, as `PORTOLAN_FAULTS=1` asks for: the stand-in of tests and benches
/// for a grammar that hangs, dies or takes memory without end.
pub fn are_faults_obeyed() -> bool {
    std::env::var_os("PORTOLAN_FAULTS").is_some_and(|it| it == "1")
}

fn parse(text: &str) -> Option<Armed> {
    let (name, count) = text.split_once(':').unwrap_or((text, "1"));
    let left: u64 = count.parse().ok().filter(|&it| it > 0)?;
    Some(Armed { name: name.to_owned(), left: AtomicU64::new(left) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_told_by_name_and_count() {
        let it = parse("pack.synced:3").unwrap();
        assert_eq!((it.name.as_str(), it.left.load(Ordering::Relaxed)), ("pack.synced", 3));
        assert_eq!(parse("pack.synced").unwrap().left.load(Ordering::Relaxed), 1);
        assert!(parse("x:0").is_none() && parse("x:y").is_none());
        // Not armed: the test goes on.
        hit("pack.synced");
    }
}
