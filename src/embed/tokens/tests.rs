//! Users' tokenizers: a small one of our own, and files that are none.

use super::*;

/// `WordPiece` with a beginning, an end and a handful of words.
pub const WORDS: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
    "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "decoder": null,
    "post_processor": {"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "@@", "max_input_chars_per_word": 100,
        "vocab": {"[PAD]": 9, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "one": 4, "two": 5, "query": 6, "@@s": 7, ":": 8}}}"#;

fn ids(feeding: &Feeding, purpose: Purpose, text: &str) -> (Vec<u32>, usize) {
    let it = Tokens::of_user(WORDS.as_bytes(), feeding).unwrap();
    assert_eq!(it.padding(), 9);
    let encoded = it.encode(purpose, text).unwrap();
    assert_eq!(encoded.ids.len(), encoded.types.len());
    (encoded.ids, encoded.skipped)
}

#[test]
fn a_users_tokenizer_is_fed_as_its_files_say() {
    let plain = Feeding { most_tokens: 5, pools_prefix: true, ..Feeding::default() };
    assert_eq!(ids(&plain, Purpose::Passage, "one twos three"), (vec![2, 4, 5, 7, 3], 0));
    assert_eq!(
        ids(&plain, Purpose::Passage, "one ones one one one"),
        (vec![2, 4, 4, 7, 3], 0),
        "cut before the end's token"
    );
    assert_eq!(ids(&plain, Purpose::Passage, ""), (vec![2, 3], 0));
    let prefixed = Feeding { question: "query: ".into(), most_tokens: 9, pools_prefix: true, ..Feeding::default() };
    assert_eq!(ids(&prefixed, Purpose::Question, "one"), (vec![2, 6, 8, 4, 3], 0));
    assert_eq!(ids(&prefixed, Purpose::Passage, "one"), (vec![2, 4, 3], 0));
    let unpooled = Feeding { pools_prefix: false, ..prefixed };
    assert_eq!(ids(&unpooled, Purpose::Question, "one"), (vec![2, 6, 8, 4, 3], 3));
    assert_eq!(ids(&unpooled, Purpose::Passage, "one"), (vec![2, 4, 3], 0), "nothing is put before it");
    // A tokenizer that closes no text.
    let closing = r#", {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]"#;
    let open = Tokens::of_user(WORDS.replacen(closing, "]", 1).as_bytes(), &unpooled).unwrap();
    let encoded = open.encode(Purpose::Question, "one").unwrap();
    assert_eq!((encoded.ids, encoded.skipped), (vec![2, 6, 8, 4], 3));
    let lower = Feeding { lower_case: true, most_tokens: 9, pools_prefix: true, ..Feeding::default() };
    assert_eq!(ids(&lower, Purpose::Passage, "ONE"), (vec![2, 4, 3], 0));
}

#[test]
fn the_longest_texts_are_cut() {
    let feeding = Feeding { most_tokens: 16, pools_prefix: true, ..Feeding::default() };
    assert_eq!(ids(&feeding, Purpose::Question, &"one ".repeat(100_000)).0.len(), 16);
    assert_eq!(ids(&feeding, Purpose::Question, &"ü".repeat(100_000)).0, [2, 1, 3]);
}

#[test]
fn what_is_no_tokenizer_is_refused() {
    let feeding = Feeding { most_tokens: 16, ..Feeding::default() };
    let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let merges = r#"{"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["ab", "ab"]]}}"#;
    for json in ["", "{}", "[]", "hello", deep.as_str(), merges, &WORDS.replace("\"[UNK]\": 1, ", "")[..400]] {
        let error = Tokens::of_user(json.as_bytes(), &feeding).err().map(|it| it.to_string());
        assert!(error.as_ref().is_some_and(|it| it.contains("tokenizer cannot be used")), "{:.60}: {error:?}", json);
    }
    // Without the token for unknown words those are an error of their text alone.
    let lacking = Tokens::of_user(WORDS.replace("\"[UNK]\": 1, ", "").as_bytes(), &feeding).unwrap();
    assert!(lacking.encode(Purpose::Passage, "three").unwrap_err().contains("refuses it"));
    assert!(lacking.encode(Purpose::Passage, "one").is_ok());
}

#[test]
fn a_library_that_panics_costs_an_error() {
    let words: Vec<u8> = Vec::new();
    assert_eq!(guarded(|| Ok(words[3])).unwrap_err(), "the model's tokenizer panics on it");
    assert_eq!(guarded(|| Err::<(), _>("no".into())).unwrap_err(), "no");
}
