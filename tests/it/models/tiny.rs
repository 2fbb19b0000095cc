//! Small models of our own making: an ONNX file and the files that come with it, so that what a model says is known.

use std::path::Path;

/// Numbers of a vector.
pub const DIMENSIONS: usize = 8;
/// Words that the tokenizer knows, from id 4 on; before them padding, unknown, beginning and end.
pub const WORDS: [&str; 12] =
    ["fn", "open", "file", "retry", "backoff", "colour", "red", "one", "two", "query", "nan", "zero"];

/// The numbers that the model's table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Float,
    Half,
    Int8,
}

/// A field of a message of protocol buffers: a number, or bytes.
pub fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

pub fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number > 127 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

fn tensor(name: &str, kind: u64, shape: &[u64], raw: &[u8]) -> Vec<u8> {
    let dims: Vec<u8> = shape.iter().flat_map(|&it| number(1, it)).collect();
    [dims, number(2, kind), bytes(8, name.as_bytes()), bytes(9, raw)].concat()
}

fn value(name: &str, kind: u64, shape: &[&str]) -> Vec<u8> {
    let dim = |it: &&str| bytes(1, &it.parse().map_or_else(|_| bytes(2, it.as_bytes()), |fixed| number(1, fixed)));
    let dims: Vec<u8> = shape.iter().flat_map(dim).collect();
    let tensor = [number(1, kind), bytes(2, &dims)].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}

/// The table's row of a token.
pub fn row(id: usize, scale: f32) -> [f32; DIMENSIONS] {
    let is = |word: &str| id >= 4 && WORDS.get(id - 4) == Some(&word);
    let mut out = [0.0; DIMENSIONS];
    for (at, it) in out.iter_mut().enumerate() {
        // Some pattern of ones and minus ones that no two words share.
        *it = if (id * 7 + at * 3 + id * at) % 5 < 2 { scale } else { -scale / 2.0 };
        if is("nan") {
            *it = f32::NAN;
        } else if is("zero") || id < 4 {
            *it = 0.0;
        }
    }
    out
}

/// A 16-bit number; small ones alone, which is all that the table has.
fn half(number: f32) -> u16 {
    if number.is_nan() {
        return 0x7e00;
    }
    if number == 0.0 {
        return 0;
    }
    let bits = number.to_bits();
    let exponent = (bits >> 23 & 255) as i32 - 127 + 15;
    (bits >> 16 & 0x8000) as u16 | (exponent as u16) << 10 | (bits >> 13 & 1023) as u16
}

/// An ONNX file that looks tokens up in a table; `output` is `last_hidden_state` where it is a model that we take.
pub fn model(kind: Kind, input: &str, output: &str, scale: f32) -> Vec<u8> {
    let tokens = WORDS.len() + 4;
    let rows: Vec<f32> = (0..tokens).flat_map(|it| row(it, scale)).collect();
    let (code, raw): (u64, Vec<u8>) = match kind {
        Kind::Float => (1, rows.iter().flat_map(|it| it.to_le_bytes()).collect()),
        Kind::Half => (10, rows.iter().flat_map(|it| half(*it).to_le_bytes()).collect()),
        Kind::Int8 => (3, rows.iter().map(|it| (it * 100.0) as i8 as u8).collect()),
    };
    let axis = [bytes(1, b"axis"), number(3, 0), number(20, 2)].concat();
    let gather = [
        bytes(1, b"table"),
        bytes(1, input.as_bytes()),
        bytes(2, output.as_bytes()),
        bytes(4, b"Gather"),
        bytes(5, &axis),
    ]
    .concat();
    let graph = [
        bytes(1, &gather),
        bytes(2, b"tiny"),
        bytes(5, &tensor("table", code, &[tokens as u64, DIMENSIONS as u64], &raw)),
        bytes(11, &value(input, 7, &["batch", "length"])),
        bytes(11, &value("attention_mask", 7, &["batch", "length"])),
        bytes(12, &value(output, code, &["batch", "length", &DIMENSIONS.to_string()])),
    ]
    .concat();
    [number(1, 8), bytes(8, &[bytes(1, b""), number(2, 17)].concat()), bytes(7, &graph)].concat()
}

/// A model that is not told what of a row is padding, and gives the greatest of all its numbers: padding's zeros among them.
pub fn model_without_mask() -> Vec<u8> {
    let tokens = WORDS.len() + 4;
    let raw: Vec<u8> = (0..tokens).flat_map(|it| row(it, 1.0)).flat_map(f32::to_le_bytes).collect();
    let operator = |inputs: &[&str], output: &str, name: &str, attributes: &[Vec<u8>]| {
        let inputs: Vec<u8> = inputs.iter().flat_map(|it| bytes(1, it.as_bytes())).collect();
        let attributes: Vec<u8> = attributes.iter().flat_map(|it| bytes(5, it)).collect();
        [inputs, bytes(2, output.as_bytes()), bytes(4, name.as_bytes()), attributes].concat()
    };
    let attribute =
        |name: &str, field, kind, value| [bytes(1, name.as_bytes()), number(field, value), number(20, kind)].concat();
    let gather = operator(&["table", "input_ids"], "hidden", "Gather", &[attribute("axis", 3, 2, 0)]);
    let greatest = [attribute("axes", 8, 7, 1), attribute("keepdims", 3, 2, 0)];
    let greatest = operator(&["hidden"], "sentence_embedding", "ReduceMax", &greatest);
    let graph = [
        bytes(1, &gather),
        bytes(1, &greatest),
        bytes(2, b"tiny"),
        bytes(5, &tensor("table", 1, &[tokens as u64, DIMENSIONS as u64], &raw)),
        bytes(11, &value("input_ids", 7, &["batch", "length"])),
        bytes(12, &value("sentence_embedding", 1, &["batch", &DIMENSIONS.to_string()])),
    ]
    .concat();
    [number(1, 8), bytes(8, &[bytes(1, b""), number(2, 17)].concat()), bytes(7, &graph)].concat()
}

/// A model that keeps its numbers in a file of this name.
pub fn model_elsewhere(location: &str) -> Vec<u8> {
    let pair = |key: &str, value: &str| bytes(13, &[bytes(1, key.as_bytes()), bytes(2, value.as_bytes())].concat());
    let outside = [
        number(1, 4),
        number(2, 1),
        bytes(8, b"w"),
        pair("location", location),
        pair("offset", "0"),
        pair("length", "16"),
        number(14, 1),
    ]
    .concat();
    let identity = [bytes(1, b"w"), bytes(2, b"y"), bytes(4, b"Identity")].concat();
    let graph = [bytes(1, &identity), bytes(2, b"g"), bytes(5, &outside), bytes(12, &value("y", 1, &["4"]))].concat();
    [number(1, 8), bytes(8, &[bytes(1, b""), number(2, 17)].concat()), bytes(7, &graph)].concat()
}

/// What cuts a text into words.
pub fn tokenizer() -> String {
    let words: Vec<String> = WORDS.iter().enumerate().map(|(at, it)| format!("\"{it}\": {}", at + 4)).collect();
    format!(
        r#"{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": {{"type": "Whitespace"}}, "post_processor": null, "decoder": null,
            "model": {{"type": "WordLevel", "unk_token": "[UNK]",
                "vocab": {{"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, {}}}}}}}"#,
        words.join(", ")
    )
}

/// A folder with such a model in it.
pub fn write(folder: &Path, kind: Kind) {
    write_model(folder, &model(kind, "input_ids", "last_hidden_state", 1.0));
}

pub fn write_model(folder: &Path, model: &[u8]) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("model.onnx"), model).unwrap();
    std::fs::write(folder.join("tokenizer.json"), tokenizer()).unwrap();
    std::fs::write(folder.join("sentence_bert_config.json"), r#"{"max_seq_length": 64}"#).unwrap();
}
