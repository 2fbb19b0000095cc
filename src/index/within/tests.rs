//! Parts of an index: what is left is what was wished, in words, vectors and names alike.

use super::*;
use crate::base::ids::RootId;
use crate::facts::SymbolKind;
use crate::facts::words::analyse_query;
use crate::index::apply::Builder;
use crate::index::build::build_facts_pack;
use crate::index::fixture;
use crate::index::lexical::Weights;
use crate::index::snapshot::FewFacts;
use crate::store::pack::PackId;

fn snapshot() -> Snapshot {
    let files = [
        fixture::file("a/one.rs", "alpha beta\ngamma beta\n"),
        fixture::file("b/two.rs", "delta beta\n"),
        fixture::file("c.rs", "alpha beta\n"),
    ];
    let mut it = Builder::new(Arc::new(FewFacts::default()));
    let view = Arc::new(PackView::in_memory(build_facts_pack(&files)).unwrap());
    it.apply_facts(RootId(0), PackId([1; 16]), view);
    it.publish()
}

fn check(wish: &Wish<'_>, want: &[&str]) {
    let (snapshot, cancel) = (snapshot(), Cancel::new());
    let within = snapshot.within(wish, &cancel);
    let terms = analyse_query("beta").terms;
    let frequencies: Vec<u64> = terms.iter().map(|it| snapshot.passages_with(&it.text)).collect();
    let hits = snapshot.lexical_with((&terms, &frequencies), &Weights::default(), Some(&within), 10, &cancel);
    let mut paths: Vec<String> =
        hits.iter().map(|it| snapshot.path(it.file).unwrap().1.display().to_string()).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths, want);
    assert!(hits.iter().all(|it| within.has(it.passage) && snapshot.is_within(it.file, &within)));
    assert_eq!(within.passages() == 0, want.is_empty());
}

#[test]
fn parts_are_chosen_by_language_path_and_kind() {
    let all = Wish { lang: None, path: None, kinds: KindSet::ALL };
    check(&all, &["a/one.rs", "b/two.rs", "c.rs"]);
    check(&Wish { lang: Some(&|it| it == "go"), ..all }, &[]);
    check(&Wish { path: Some(&|it| it.starts_with(b"b/")), ..all }, &["b/two.rs"]);
    check(&Wish { kinds: KindSet::of(SymbolKind::Function), ..all }, &["a/one.rs", "b/two.rs", "c.rs"]);
    check(&Wish { kinds: KindSet::of(SymbolKind::Class), ..all }, &[]);
    check(&Wish { kinds: KindSet::ALL.without(KindSet::of(SymbolKind::Function)), ..all }, &[]);
}

#[test]
fn rarity_counts_on_the_whole() {
    let (snapshot, cancel) = (snapshot(), Cancel::new());
    let wish = Wish { lang: None, path: Some(&|it| it == b"c.rs"), kinds: KindSet::ALL };
    let within = snapshot.within(&wish, &cancel);
    let terms = analyse_query("alpha").terms;
    let frequencies: Vec<u64> = terms.iter().map(|it| snapshot.passages_with(&it.text)).collect();
    let of = |within| {
        let hits = snapshot.lexical_with((&terms, &frequencies), &Weights::default(), within, 10, &cancel);
        hits.iter().find(|it| snapshot.path(it.file).unwrap().1.as_bytes() == b"c.rs").unwrap().score
    };
    assert_eq!(of(Some(&within)), of(None));
    assert_eq!((within.files(), within.passages()), (1, 1));
}
