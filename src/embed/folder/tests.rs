//! Folders of models as exporters write them, and as they should not be.

use expect_test::{Expect, expect};

use super::feeding::{MOST_TOKENS, USUAL_TOKENS};
use super::*;

/// A folder with these files; the model's content is of no concern here.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

const BARE: [(&str, &str); 2] = [("model.onnx", "m"), ("tokenizer.json", "{}")];

fn look(files: &[(&str, &str)]) -> Result<Feeding, EmbedError> {
    let all: Vec<(&str, &str)> = BARE.iter().chain(files).copied().collect();
    ModelFolder::look(folder(&all).path(), Precision::AsItIs).map(|it| it.feeding)
}

/// What is said of a folder, its own path left out.
fn says(files: &[(&str, &str)], expected: Expect) {
    let dir = folder(files);
    let error = ModelFolder::look(dir.path(), Precision::AsItIs).unwrap_err().to_string();
    expected.assert_eq(&error.replace(&dir.path().display().to_string(), "DIR"));
}

#[test]
fn a_sentence_transformers_folder_is_read() {
    let feeding = look(&[
        (
            "modules.json",
            r#"[{"type": "sentence_transformers.models.Transformer", "path": ""},
            {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
            {"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"}]"#,
        ),
        (
            "1_Pooling/config.json",
            r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false, "include_prompt": false}"#,
        ),
        ("sentence_bert_config.json", r#"{"max_seq_length": 256, "do_lower_case": true}"#),
        ("tokenizer_config.json", r#"{"model_max_length": 1e30}"#),
        ("config.json", r#"{"model_type": "xlm-roberta", "max_position_embeddings": 514}"#),
        ("config_sentence_transformers.json", r#"{"prompts": {"query": "query: ", "passage": "passage: "}}"#),
    ])
    .unwrap();
    let expected = Feeding {
        pooling: Pooling::First,
        question: "query: ".into(),
        passage: "passage: ".into(),
        pools_prefix: false,
        most_tokens: 256,
        lower_case: true,
        first_position: 2,
        wants_finished: None,
        other_task: None,
    };
    assert_eq!(feeding, expected);
}

#[test]
fn a_bare_folder_has_what_is_usual() {
    let feeding = look(&[]).unwrap();
    let usual = Feeding { pools_prefix: true, most_tokens: USUAL_TOKENS, ..Feeding::default() };
    assert_eq!(feeding, usual);
    assert_eq!(
        look(&[("config.json", r#"{"model_type": "roberta", "max_position_embeddings": 514}"#)]).unwrap().most_tokens,
        512
    );
}

#[test]
fn each_pooling_is_told_by_its_name() {
    let of = |json: &str| look(&[("1_Pooling/config.json", json)]).map(|it| it.pooling);
    for (name, pooling) in [
        ("cls_token", Pooling::First),
        ("mean_tokens", Pooling::Mean),
        ("mean_sqrt_len_tokens", Pooling::Mean),
        ("max_tokens", Pooling::Max),
        ("weightedmean_tokens", Pooling::Weighted),
        ("lasttoken", Pooling::Last),
    ] {
        assert_eq!(of(&format!(r#"{{"pooling_mode_{name}": true, "other": 1}}"#)).unwrap(), pooling);
    }
    assert_eq!(of(r#"{"pooling_mode": "cls"}"#).unwrap(), Pooling::First);
    let error = of(r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#).unwrap_err().to_string();
    assert!(error.contains("joins several poolings"), "{error}");
    assert!(of(r#"{"pooling_mode": "attention"}"#).unwrap_err().to_string().contains("pools by 'attention'"));
    assert!(of("{}").unwrap_err().to_string().contains("names no pooling"));
}

#[test]
fn a_pooling_without_a_folder_is_the_models_own() {
    for module in [r#"{"type": "x.Pooling", "path": ""}"#, r#"{"type": "x.Pooling"}"#] {
        let modules = format!("[{module}]");
        let of = |config| look(&[("modules.json", &modules), ("config.json", config)]).map(|it| it.pooling);
        assert_eq!(of(r#"{"pooling_mode_cls_token": true}"#).unwrap(), Pooling::First);
        assert!(of("{}").unwrap_err().to_string().contains("config.json names no pooling"));
    }
}

#[test]
fn a_model_for_another_task_is_told_by_its_name() {
    let of = |name: &str| look(&[("config.json", &format!(r#"{{"architectures": ["{name}"]}}"#))]).unwrap().other_task;
    assert_eq!(of("BertForSequenceClassification").as_deref(), Some("BertForSequenceClassification"));
    assert_eq!((of("BertModel"), of("")), (None, None));
}

#[test]
fn numbers_from_files_are_bounded() {
    let of = |json: &str| look(&[("config.json", json)]).unwrap().most_tokens;
    assert_eq!(of(r#"{"hidden_size": -1, "max_position_embeddings": 99999999999}"#), MOST_TOKENS);
    assert_eq!(of(r#"{"max_position_embeddings": -5}"#), USUAL_TOKENS);
    assert_eq!(of(r#"{"max_position_embeddings": "many"}"#), USUAL_TOKENS);
    assert_eq!(of(r#"{"max_position_embeddings": 1}"#), 8);
    let long = format!(r#"{{"prompts": {{"query": "{}"}}}}"#, "x".repeat(2_000));
    assert!(look(&[("config_sentence_transformers.json", &long)]).unwrap_err().to_string().contains("shorten it"));
}

#[test]
fn the_model_is_found_where_exporters_put_it() {
    let of = |files: &[(&str, &str)], precision| {
        let dir = folder(files);
        let it = ModelFolder::look(dir.path(), precision).unwrap();
        it.model.strip_prefix(dir.path()).unwrap().display().to_string()
    };
    let tokenizer = ("tokenizer.json", "{}");
    assert_eq!(of(&[("onnx/model.onnx", "m"), tokenizer], Precision::AsItIs), "onnx/model.onnx");
    let both = [("model.onnx", "m"), ("model_fp16.onnx", "h"), ("model_quantized.onnx", "q"), tokenizer];
    assert_eq!(of(&both, Precision::AsItIs), "model.onnx");
    assert_eq!(of(&both, Precision::Half), "model_fp16.onnx");
    assert_eq!(of(&both[2..], Precision::Half), "model_quantized.onnx");
    // The file itself may be named; what it comes with lies above `onnx/`.
    let dir =
        folder(&[("onnx/model_int8.onnx", "m"), tokenizer, ("sentence_bert_config.json", r#"{"max_seq_length": 99}"#)]);
    let it = ModelFolder::look(&dir.path().join("onnx/model_int8.onnx"), Precision::AsItIs).unwrap();
    assert_eq!(it.feeding.most_tokens, 99);
    assert!(it.name.ends_with("(model_int8.onnx)"), "{}", it.name);
}

#[test]
fn what_is_missing_or_wrong_is_named_with_its_remedy() {
    says(
        &[],
        expect![
            "embeddings.model: DIR/model.onnx is missing, also under onnx/; export the model to ONNX (optimum-cli export onnx --task feature-extraction writes it)"
        ],
    );
    says(
        &[BARE[0]],
        expect![
            "embeddings.model: DIR/tokenizer.json is missing; save the tokenizer in this form (AutoTokenizer.from_pretrained(...).save_pretrained(...) writes it)"
        ],
    );
    says(
        &[BARE[0], BARE[1], ("modules.json", "[")],
        expect![
            "embeddings.model: DIR/modules.json is no readable JSON (EOF while parsing a list at line 1 column 1); get the model again"
        ],
    );
    says(
        &[BARE[0], BARE[1], ("modules.json", r#"[{"type": "x.Pooling", "path": "../../other"}]"#)],
        expect![
            "embeddings.model: DIR/modules.json names the folder '../../other', which is not inside the model's; get the model again"
        ],
    );
    let at = |path: &str| ModelFolder::look(Path::new(path), Precision::AsItIs).unwrap_err().to_string();
    assert!(at("models/mine").contains("no absolute path"));
    assert!(at("/nowhere/at/all").contains("give a folder with model.onnx"));
    let dir = folder(&BARE);
    let file = dir.path().join("tokenizer.json");
    assert!(at(file.to_str().unwrap()).contains("is no ONNX file"));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(at(dir.path().to_str().unwrap()).contains("is not a regular file"));
}

#[test]
fn equal_models_have_one_id_and_others_another() {
    let id = |files: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = BARE.iter().chain(files).copied().collect();
        ModelFolder::look(folder(&all).path(), Precision::AsItIs).unwrap().id
    };
    let bare = id(&[]);
    assert_eq!(bare, id(&[("README.md", "words")]));
    let others = [
        id(&[("model.onnx", "n")]),
        id(&[("tokenizer.json", "[]")]),
        id(&[("sentence_bert_config.json", r#"{"max_seq_length": 64}"#)]),
        id(&[("config_sentence_transformers.json", r#"{"prompts": {"query": "q: "}}"#)]),
    ];
    assert!(others.iter().all(|it| *it != bare));
}

#[test]
fn a_model_that_was_replaced_is_not_read() {
    let dir = folder(&BARE);
    let it = ModelFolder::look(dir.path(), Precision::AsItIs).unwrap();
    assert_eq!(it.read().unwrap(), (b"m".to_vec(), b"{}".to_vec()));
    let stamp = it.stamp();
    std::fs::write(dir.path().join("model.onnx"), "another").unwrap();
    assert!(it.read().unwrap_err().to_string().contains("has been replaced"));
    assert_ne!(it.stamp(), stamp);
    let written = serde_json::to_vec(&it).unwrap();
    assert_eq!(serde_json::from_slice::<ModelFolder>(&written).unwrap(), it, "as it goes to the worker");
}
