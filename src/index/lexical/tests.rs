//! The best few are the first of all, although most passages are left out on the way to them.

use super::*;
use crate::base::ids::RootId;
use crate::index::apply::Builder;
use crate::index::build::build_facts_pack;
use crate::index::fixture;
use crate::index::snapshot::FewFacts;
use crate::store::pack::PackId;
use std::sync::Arc;

/// Passages that hold words as code does: one in nearly all of them, others in fewer and fewer.
fn snapshot() -> Snapshot {
    let mut state = 11u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let words = ["common", "usual", "frequent", "rare", "single"];
    let files: Vec<_> = (0..300)
        .map(|at| {
            let line = |_| {
                let held = words.iter().enumerate().filter(|it| next(4u64.pow(it.0 as u32)) == 0);
                let held: Vec<&str> = held.map(|it| *it.1).collect();
                format!("other {}\n", held.join(" "))
            };
            let text: String = (0..6).map(line).collect();
            let folder = if at % 7 == 0 { "common/rare" } else { "src" };
            fixture::file(&format!("{folder}/file{at}.rs"), &text)
        })
        .collect();
    let mut it = Builder::new(Arc::new(FewFacts::default()));
    it.apply_facts(RootId(0), PackId([1; 16]), Arc::new(PackView::in_memory(build_facts_pack(&files)).unwrap()));
    it.publish()
}

#[test]
fn the_best_are_the_first_of_all() {
    let (snapshot, cancel) = (snapshot(), Cancel::new());
    for question in ["common rare", "common usual frequent rare single", "usual common", "single"] {
        let terms = crate::facts::words::analyse_query(question).terms;
        let all = snapshot.lexical(&terms, 10_000, &cancel);
        for limit in [1, 5, 40] {
            let some = snapshot.lexical(&terms, limit, &cancel);
            assert_eq!(some, all[..limit.min(all.len())], "{question}, {limit}");
        }
    }
}

#[test]
fn passages_are_left_out_for_frequent_words() {
    let snapshot = snapshot();
    let (slot, state) = snapshot.packs().next().unwrap();
    let none = BitSet::default();
    let mut walk = Walk::new(slot as u32, state, state.view().unwrap(), (&none, &none));
    let terms = crate::facts::words::analyse_query("common rare single").terms;
    let factors: Vec<f32> = terms.iter().map(|it| if it.text == "common" { 0.01 } else { 3.0 }).collect();
    walk.terms(&terms, &factors, &Weights::default(), 10.0, 5);
    let left = walk.open.as_ref().map(|it| it.count(10_000));
    assert!(left.is_some_and(|it| (5..300).contains(&it)), "{left:?}");
}
