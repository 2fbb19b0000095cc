//! The rules of the house, held by a test: layers, dependency homes, sizes, module docs, async only at the doors, no
//! wall-clock assertion in tests, no name of a machine. Each rule is a function from a file to its faults, and
//! `planted.rs` proves that each catches what it is for.

mod planted;
mod rules;

use std::path::{Path, PathBuf};

use rules::Source;

/// All Rust sources of the project: (path relative to the package, text).
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    let mut pending: Vec<PathBuf> = ["src", "tests", "benches"].iter().map(|d| root.join(d)).collect();
    while let Some(directory) = pending.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                out.push(Source { name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

#[test]
fn the_house_is_tidy() {
    let sources = sources();
    assert!(sources.len() > 20, "the walk found only {} files", sources.len());
    let mut faults: Vec<String> = sources.iter().flat_map(rules::faults).collect();
    faults.extend(rules::sizes_as_a_whole(&sources));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
