//! What one path costs under ignore files of 10, 1,000 and 5,000 patterns of every kind, and that it hardly depends on
//! their number: a folder like those of real projects, walked through the same rules as a workspace.
//!
//!     cargo bench --bench ignore

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench reports on the terminal")]

use std::hint::black_box;
use std::time::Instant;

use portolan::base::os::process::thread_time;
use portolan::base::os::{EntryKind, RootDir};
use portolan::base::paths::RelPath;
use portolan::workspace::RuleOptions;
use portolan::workspace::rules::Rules;

/// Lines of an ignore file: names, endings, folders, anchored paths, wildcards inside, classes, exceptions.
fn lines(count: usize) -> String {
    let line = |at: usize| match at % 10 {
        0 => format!("*.ext{at}"),
        1 => format!("generated_{at}.txt"),
        2 => format!("out{at}/"),
        3 => format!("/vendor/part{at}"),
        4 => format!("docs/**/draft{at}.md"),
        5 => format!("cache-*-{at}.bin"),
        6 => format!("**/tmp{at}/**"),
        7 => format!("report[0-9]_{at}.log"),
        8 => format!("!kept_{at}.txt"),
        _ => format!("src/*/old{at}.rs"),
    };
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

/// Paths as of a project: most match nothing.
fn paths() -> Vec<RelPath> {
    let folders = ["src/server/handlers", "src/store", "docs/decisions", "vendor/part13/src", "tests/it"];
    let names =
        ["mod.rs", "status.rs", "README.md", "index.ext10", "report3_7.log", "text_sync_for_documents.rs", "a.log"];
    let path = |at: usize| format!("{}/{}_{}", folders[at % folders.len()], at / 35, names[at % names.len()]);
    (0..3_500).map(|at| RelPath::from_bytes(path(at).as_bytes()).unwrap()).collect()
}

fn main() {
    let paths = paths();
    let mut first = None;
    for count in [10, 1_000, 5_000] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".gitignore"), lines(count)).unwrap();
        for path in &paths {
            std::fs::create_dir_all(path.under(dir.path()).parent().unwrap()).unwrap();
        }
        let root = RootDir::open(dir.path()).unwrap();
        let begun = Instant::now();
        let rules = Rules::new(&root, &RuleOptions::default());
        let folder = rules.folder(&root, &RelPath::default()).unwrap();
        let build = begun.elapsed();
        let mut rounds: Vec<f64> = (0..31)
            .map(|_| {
                let begun = thread_time();
                for path in &paths {
                    black_box(rules.verdict(&folder, black_box(path), EntryKind::File));
                }
                (thread_time() - begun).as_secs_f64() / paths.len() as f64
            })
            .collect();
        rounds.sort_by(f64::total_cmp);
        let ignored = paths.iter().filter(|it| rules.verdict(&folder, it, EntryKind::File).is_some()).count();
        let nanoseconds = rounds[rounds.len() / 2] * 1e9;
        let first = *first.get_or_insert(nanoseconds);
        println!(
            "{count:>5} patterns: {nanoseconds:7.0} ns a path ({:.2} x), {ignored} of {} ignored, compiled in {:.1} ms",
            nanoseconds / first,
            paths.len(),
            build.as_secs_f64() * 1e3
        );
    }
}
