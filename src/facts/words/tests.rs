//! The analyser: which words a text gives, whole and in parts.

use super::*;

fn terms(text: &str) -> String {
    let mut out = Vec::new();
    analyse(text, &mut |term| out.push(term.to_owned()));
    out.join(" ")
}

fn check(text: &str, expected: &str) {
    assert_eq!(terms(text), expected, "{text}");
}

#[test]
fn identifiers_are_split_and_kept_whole() {
    check("readFileAt", "read fil at readfileat");
    check("read_file_at", "read fil at readfileat");
    check("HTTPServer", "http serv httpserver");
    check("XMLHttpRequest2", "xml http request xmlhttprequest2");
    check("__init__", "init");
    check("MAX_RETRIES", "max retri maxretries");
    check("sha256sum", "sha 256 sum sha256sum");
    check("0x1fE2 404 2fa 7", "0x1fe2 404 2fa");
}

#[test]
fn short_parts_and_blobs_are_left_out() {
    check("i x_y a", "xy");
    check(&"A".repeat(LONGEST_WORD + 1), "");
    check("", "");
    check("+-*/(){}", "");
}

#[test]
fn other_scripts_are_words() {
    check("Größe der Datei", "größe der datei");
    check("naïve Привет_мир", "naïve приветмир");
    check("読み込み file", "読み み込 込み fil");
    check("文", "文");
    check("x→y, don’t “read”", "don read");
}

#[test]
fn forms_of_a_word_meet() {
    for group in [
        &["retry", "retries", "retried", "retrying"][..],
        &["cache", "caches", "cached", "caching"],
        &["parse", "parses", "parser", "parsing", "parsed"],
        &["validate", "validation", "validator", "validating"],
        &["connect", "connection", "connections", "connected"],
        &["stop", "stopped", "stopping", "stops"],
        &["class", "classes"],
        &["compress", "compression", "compressed"],
    ] {
        let stems: Vec<String> = group.iter().map(|word| terms(word)).collect();
        assert!(stems.iter().all(|s| *s == stems[0]), "{group:?} -> {stems:?}");
    }
    for word in ["status", "this", "process", "bus", "string", "error", "red", "user", "thing"] {
        assert_eq!(terms(word), word, "left as it is");
    }
}

#[test]
fn questions_weigh_their_words() {
    let query = analyse_query("where do we retry with getBackoff()?");
    let weight = |text: &str| query.terms.iter().find(|t| t.text == text).map(|t| t.weight);
    assert_eq!(weight("do"), Some(0.1));
    assert_eq!(weight("retri"), Some(1.0));
    assert_eq!(weight("getbackoff"), Some(1.0));
    assert!(weight("wher").is_some_and(|w| w < 0.5));
    assert_eq!(query.identifiers, ["getBackoff"]);
    let joined = analyse_query("read file");
    assert!(joined.terms.iter().any(|t| t.text == "readfile" && t.weight < 1.0));
    assert!(analyse_query("how does it").terms.iter().all(|t| t.weight == 1.0));
}

#[test]
fn terms_are_told_in_the_words_that_were_written() {
    let text = "why Retries retry_later, and reads files after pauses?";
    let told = |terms: &[&str]| {
        let term = |text: &&str| QueryTerm { text: (*text).to_owned(), weight: 1.0 };
        written(text, &terms.iter().map(term).collect::<Vec<_>>()).join(" ")
    };
    assert_eq!(told(&["retri", "paus", "retrylater", "later"]), "Retries pauses retry_later retry_later");
    assert_eq!(told(&["readfil", "walru"]), "readfil walru", "terms that no word has");
}

#[test]
fn questions_are_bounded() {
    let long = "word1x ".repeat(20_000) + &(0..5_000).map(|n| format!("n{n}q ")).collect::<String>();
    assert!(analyse_query(&long).terms.len() <= query::MOST_TERMS);
}

proptest::proptest! {
    #[test]
    fn terms_are_bounded_and_lower_case(text in "\\PC{0,200}") {
        analyse(&text, &mut |term| {
            assert!(!term.is_empty() && term.len() <= LONGEST_TERM);
            assert!(!term.bytes().any(|b| b.is_ascii_uppercase()));
        });
    }

    #[test]
    fn terms_of_a_query_can_be_found(text in "[a-zA-Z0-9_ ]{0,60}") {
        let mut known = std::collections::HashSet::new();
        analyse(&text, &mut |term| { known.insert(term.to_owned()); });
        for term in analyse_query(&text).terms.iter().filter(|t| t.weight == 1.0) {
            assert!(known.contains(&term.text), "{}", term.text);
        }
    }
}
