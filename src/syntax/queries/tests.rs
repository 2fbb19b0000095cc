//! Queries: every file compiles.

use super::*;

#[test]
fn every_language_compiles() {
    for lang in Lang::all() {
        if let Err(fault) = check(lang) {
            panic!("{fault}");
        }
    }
}
