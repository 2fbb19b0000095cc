//! What the filters and the order of names leave out is what the alignment would have refused.

use super::*;
use crate::base::ids::RootId;
use crate::index::apply::Builder;
use crate::index::build::build_facts_pack;
use crate::index::fixture::{file, path};
use crate::index::snapshot::FewFacts;
use crate::store::pack::PackId;
use proptest::prelude::*;
use std::sync::Arc;

const ROOT: RootId = RootId(0);

/// A snapshot with one pack per list of names; those of the last are dead.
fn snapshot(packs: &[&[String]]) -> Snapshot {
    let mut builder = Builder::new(Arc::new(FewFacts::default()));
    for (number, names) in packs.iter().enumerate() {
        let name = format!("{number}.rs");
        let text: String = names.iter().map(|it| format!("{it}\n")).collect();
        let view = PackView::in_memory(build_facts_pack(&[file(&name, &text)])).unwrap();
        builder.apply_facts(ROOT, PackId([number as u8 + 1; 16]), Arc::new(view));
        if number + 1 == packs.len() && number > 0 {
            builder.remove_files(ROOT, &[path(&name)]);
        }
    }
    builder.publish()
}

fn names_of(snapshot: &Snapshot, query: &str, limit: usize) -> Vec<String> {
    snapshot.fuzzy(query, limit, &Cancel::new()).into_iter().map(|it| it.name).collect()
}

#[test]
fn what_is_called_just_so_needs_no_guesses() {
    let names = ["open_file", "OpenFiles", "open_tile", "reopen_file"].map(str::to_owned);
    let found = snapshot(&[&names]);
    assert_eq!(names_of(&found, "open_file", 10), ["open_file", "reopen_file"]);
    assert!(names_of(&found, "open_fyle", 10).contains(&"open_file".to_owned()));
}

#[test]
fn modules_are_found_by_the_last_part_of_their_names() {
    let names = ["Web.Mail.Outbox", "Outbox", "outbox_of", "A.Inbox", "Mail"].map(str::to_owned);
    let found = snapshot(&[&names]);
    let named = |name: &str| found.symbols_named(name).into_iter().map(|it| it.name).collect::<Vec<_>>();
    assert_eq!(named("Outbox"), ["Web.Mail.Outbox", "Outbox"]);
    assert_eq!(named("Inbox"), ["A.Inbox"]);
    assert_eq!(
        (named("Mail"), named("Web.Mail.Outbox").len(), named("Mail.Outbox").len()),
        (vec!["Mail".into()], 1, 0)
    );
    assert_eq!(names_of(&found, "inbox", 1), ["Inbox"]);
    assert_eq!(found.symbols_of_file(found.files(ROOT)[0]).len(), 5, "none twice");
}

#[test]
fn the_last_part_of_a_name_is_a_modules_or_a_types() {
    use crate::facts::SymbolKind::{Class, Function, Implementation, Interface, Key, Module, Namespace};
    use crate::facts::last_part;
    for (kind, name, last) in [
        (Module, "Hexpm.Emails.Outbox", Some("Outbox")),
        (Interface, "A.B", Some("B")),
        (Class, "App\\Mail", Some("Mail")),
        (Class, "a::B", Some("B")),
        (Module, "Outbox", None),
        (Module, ".hidden", None),
        (Module, "A.", None),
        (Module, "setup.cfg[x]", None),
        (Namespace, "A.B", None),
        (Implementation, "A.B", None),
        (Function, "a.b", None),
        (Key, "a.b", None),
    ] {
        assert_eq!(last_part(kind, name), last, "{kind:?} {name}");
    }
}

proptest! {
    #[test]
    fn filters_change_nothing(
        all in proptest::collection::vec("[abA_B1ä]{1,7}", 1..60), query in "[abA_B1ä]{1,9}", limit in 1usize..12, third in 0usize..3,
    ) {
        let cut = all.len() * third / 3;
        let found = snapshot(&[&all[..cut], &all[cut..], &["abab".to_owned(), query.clone()]]);
        let cancel = Cancel::new();
        let answer = found.fuzzy(&query, limit, &cancel);
        prop_assert_eq!(&answer, &found.fuzzy_with(&query, limit, false, &cancel));
        let begins = |it: &String| it.get(..query.len()).is_some_and(|it| it.eq_ignore_ascii_case(&query));
        let mut wanted: Vec<String> = all.iter().filter(|it| begins(it)).cloned().collect();
        wanted.sort();
        wanted.dedup();
        let mut seen: Vec<String> = answer.into_iter().filter(|it| it.class > 0).map(|it| it.name).collect();
        prop_assert_eq!(seen.len(), wanted.len().min(limit));
        seen.sort();
        prop_assert!(seen.iter().all(|it| wanted.contains(it)));
    }
}
