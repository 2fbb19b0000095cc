//! The tokenizer against the library's ids, the evaluator against ONNX Runtime, the reader against damage.
use std::path::PathBuf;

use super::*;

fn builtin() -> builtin::Builtin {
    builtin::Builtin::new(MODEL, TOKENIZER).unwrap()
}

fn vectors(embedder: &dyn Embedder, texts: &[&str]) -> Vec<f32> {
    let mut out = Vec::new();
    embedder.embed(texts, &mut out).unwrap();
    assert_eq!(out.len(), texts.len() * embedder.dimensions());
    out
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Texts and ids, made by the `tokenizers` library from our tokenizer.json.
fn fixture() -> Vec<(String, Vec<u32>)> {
    serde_json::from_str(include_str!("tests/tokens.json")).unwrap()
}

#[test]
fn ids_are_those_of_the_library() {
    let tokenizer = tokenizer::Tokenizer::from_json(TOKENIZER).unwrap();
    let mut ids = Vec::new();
    for (text, mut want) in fixture() {
        want.truncate(tokenizer::MOST_TOKENS);
        tokenizer.encode(&text, &mut ids);
        assert_eq!(ids, want, "{text:?}");
    }
}

proptest::proptest! {
    /// Words at and across the borders of the scanner's blocks, humps, digits, and letters whose lower case is ASCII.
    #[test]
    fn ids_are_those_of_the_library_for_any_text(text in "([a-zA-Z]{1,12}|[aA]{14,18}|[0-9]{1,3}|[ _.]{1,9}|[kK\u{212A}\u{130}\u{E9}\u{17F}]|[aA]{62,66}|[a0]{120,130}){0,60}") {
        static BOTH: std::sync::LazyLock<(tokenizer::Tokenizer, tokenizers::Tokenizer)> = std::sync::LazyLock::new(|| {
            (tokenizer::Tokenizer::from_json(TOKENIZER).unwrap(), tokenizers::Tokenizer::from_bytes(TOKENIZER).unwrap())
        });
        let (mut ids, library) = (Vec::new(), BOTH.1.encode(text.as_str(), false).unwrap());
        BOTH.0.encode(&text, &mut ids);
        let want = library.get_ids();
        proptest::prop_assert_eq!(ids, &want[..want.len().min(tokenizer::MOST_TOKENS)]);
    }
}

#[test]
fn vectors_are_of_unit_length_and_near_by_meaning() {
    let it = builtin();
    let texts = [
        "where do we retry with backoff",
        "fn retry_with_backoff(delay: Duration) { sleep(delay * 2); }",
        "struct Color { red: u8, green: u8, blue: u8 }",
        "",
        "?!",
    ];
    let all = vectors(&it, &texts);
    let row = |ix: usize| &all[ix * 256..][..256];
    for ix in 0..3 {
        assert!((dot(row(ix), row(ix)) - 1.0).abs() < 1e-5);
    }
    assert!(row(3).iter().chain(row(4)).all(|&x| x == 0.0), "no token, no vector");
    assert!(dot(row(0), row(1)) > dot(row(0), row(2)) + 0.1);
    // A text's vector does not depend on its neighbours in the batch.
    assert_eq!(vectors(&it, &texts[1..2]), row(1));
}

#[test]
fn the_first_numbers_are_those_of_the_model_file() {
    // ONNX Runtime 1.31.1 on model.onnx, computed apart from this program.
    let got = vectors(&builtin(), &["parse json config file"]);
    for (got, want) in got.iter().zip(REFERENCE) {
        assert!((got - want).abs() < 1e-5, "{got} {want}");
    }
}

const REFERENCE: [f32; 6] = [0.0512430, -0.0919154, -0.0363210, -0.0410677, 0.0350013, -0.0042307];

/// The default model through ONNX Runtime, in this process; the library is set by tests/run.
struct InProcess(std::sync::Mutex<batches::Batcher<onnx::OnnxEngine>>, tokens::Tokens);

impl InProcess {
    fn new() -> Option<Self> {
        let library = onnx::library::find(Some(&PathBuf::from(std::env::var_os(onnx::library::VARIABLE)?))).unwrap();
        let engine = onnx::OnnxEngine::new(onnx::Making {
            library: &library,
            named: std::path::Path::new("the default model"),
            model: MODEL,
            device: Device::Cpu,
            threads: 1,
            feeding: folder::Feeding::default(),
            padding: 0,
        });
        let bounds = batches::Bounds { rows: 32, most_rows: 32, tokens: 2_048, time: Duration::from_secs(60) };
        let tokens = tokens::Tokens::Own(tokenizer::Tokenizer::from_json(TOKENIZER).unwrap());
        let probe = tokens.encode(Purpose::Passage, "fn main() {}").unwrap();
        let (batcher, _) = batches::Batcher::open(engine.unwrap(), bounds, probe).unwrap();
        Some(Self(std::sync::Mutex::new(batcher), tokens))
    }

    fn vectors(&self, texts: &[&str]) -> Vec<f32> {
        let encode =
            |(place, text): (u32, &&str)| batches::Encoded { place, ..self.1.encode(Purpose::Passage, text).unwrap() };
        let mut waiting: Vec<batches::Encoded> = (0..).zip(texts).map(encode).collect();
        batches::sort(&mut waiting);
        let mut out = vec![0f32; texts.len() * 256];
        while !waiting.is_empty() {
            for (place, word) in self.0.lock().unwrap().step(&mut waiting).unwrap() {
                let vector = word.unwrap();
                out[place as usize * 256..][..vector.len()].copy_from_slice(&vector);
            }
        }
        out
    }
}

#[test]
fn the_evaluator_equals_onnx_runtime() {
    let Some(onnx) = InProcess::new() else {
        assert!(std::env::var_os("CI").is_none(), "{} is not set", onnx::library::VARIABLE);
        return;
    };
    let built_in = builtin();
    let texts: Vec<String> = fixture().into_iter().map(|(text, _)| text).chain(["long ".repeat(2_000)]).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (ours, theirs) = (vectors(&built_in, &texts), onnx.vectors(&texts));
    let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-5, "differ by {worst}");
    // Equal rankings: for each text all others by nearness, ties closer than the tolerance aside.
    let rank = |all: &[f32], ix: usize| -> Vec<(f32, usize)> {
        let row = |n: usize| &all[n * 256..][..256];
        let mut out: Vec<(f32, usize)> = (0..texts.len()).map(|n| (dot(row(ix), row(n)), n)).collect();
        out.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        out
    };
    for (ix, text) in texts.iter().enumerate() {
        for (ours, theirs) in rank(&ours, ix).iter().zip(rank(&theirs, ix)).take(10) {
            assert!(ours.1 == theirs.1 || (ours.0 - theirs.0).abs() < 1e-5, "{text:?}");
        }
    }
}

#[test]
fn libraries_that_cannot_be_loaded_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libonnxruntime.so");
    let refusal = |path: &std::path::Path| {
        let options = Options { runtime: Runtime::Onnx, library: Some(path.to_path_buf()), ..Options::default() };
        open(&options).err().map(|e| e.to_string()).unwrap()
    };
    assert!(refusal(&file).contains("cannot be opened"), "{}", refusal(&file));
    assert!(refusal(folder.path()).contains("not a regular file"));
    std::fs::write(&file, b"hello").unwrap();
    assert!(refusal(&file).contains("too short"));
    std::fs::write(&file, vec![b'x'; 4096]).unwrap();
    assert!(refusal(&file).contains("not a 64-bit shared library"));
    // A real ELF file (this test), cut off: the loader would die of it.
    let whole = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 3]).unwrap();
    assert!(refusal(&file).contains("cut off"), "{}", refusal(&file));
    assert!(onnx::library::check(&std::env::current_exe().unwrap()).is_ok());
}

#[test]
fn models_with_data_elsewhere_or_damaged_are_refused() {
    // ModelProto { graph (7) { initializer (5) { name (8) "w", external_data (13) {}, data_location (14) EXTERNAL } } }
    let nested = |field: u8, body: &[u8]| {
        let mut out = vec![field << 3 | 2, body.len() as u8];
        out.extend_from_slice(body);
        out
    };
    let outside = [nested(8, b"w"), nested(13, b"")].concat();
    for tensor in [outside, vec![14 << 3, 1]] {
        let in_graph = nested(7, &nested(5, &tensor));
        // graph.node (1).attribute (5).t (5), and graph.node.attribute.g (6).initializer (5)
        let in_node = nested(7, &nested(1, &nested(5, &nested(5, &tensor))));
        let in_branch = nested(7, &nested(1, &nested(5, &nested(6, &nested(5, &tensor)))));
        for model in [in_graph, in_node, in_branch] {
            let error = model_file::initialisers(&model).unwrap_err().to_string();
            assert!(error.contains("another file"), "{error}");
        }
    }
    assert!(model_file::initialisers(&MODEL[..MODEL.len() / 2]).is_err());
    assert!(builtin::Builtin::new(b"", TOKENIZER).is_err());
    assert!(builtin::Builtin::new(MODEL, b"{}").is_err());
    let deep = (0..12).fold(Vec::new(), |inner, _| nested(1, &nested(5, &nested(6, &inner))));
    assert!(model_file::initialisers(&nested(7, &deep)).is_err(), "nested too deeply");
}

/// The fields through which onnx.proto can reach a tensor, and the tensor that keeps its data elsewhere.
#[test]
fn data_elsewhere_is_found_wherever_a_tensor_can_be() {
    let varint = |mut number: u64| {
        let mut out = Vec::new();
        while number > 127 {
            out.push(number as u8 | 128);
            number >>= 7;
        }
        out.push(number as u8);
        out
    };
    let nested = |field: u64, body: &[u8]| [varint(field << 3 | 2), varint(body.len() as u64), body.to_vec()].concat();
    let tensor = nested(13, b"x");
    // From the outermost message to the tensor: graphs, nodes, attributes, functions, training, sparse tensors.
    for path in [
        &[7, 5][..],
        &[7, 15, 1],
        &[7, 15, 2],
        &[7, 1, 5, 5],
        &[7, 1, 5, 10],
        &[7, 1, 5, 22, 1],
        &[7, 1, 5, 23, 2],
        &[7, 1, 5, 6, 5],
        &[7, 1, 5, 11, 15, 1],
        &[7, 1, 5, 6, 1, 5, 6, 1, 5, 5],
        &[25, 7, 5, 5],
        &[25, 11, 5],
        &[25, 11, 6, 5],
        &[20, 1, 5],
        &[20, 2, 1, 5, 5],
    ] {
        let model = path.iter().rev().fold(tensor.clone(), |inner, &field| nested(field, &inner));
        let error = model_file::initialisers(&model).unwrap_err().to_string();
        assert!(error.contains("another file"), "{path:?}: {error}");
        // The same behind something harmless, and in the second of two messages that a reader joins to one.
        let twice = [nested(path[0], b""), model].concat();
        assert!(model_file::initialisers(&twice).is_err(), "{path:?}");
    }
    // A key beyond 32 bits is another field to a reader that cuts it off.
    let wide = |field: u64| {
        let body = [varint((field << 3 | 2) + (1 << 32)), varint(1), vec![0]].concat();
        nested(7, &nested(5, &body))
    };
    for model in [wide(13), nested(7, &[0, 0]), b"\x12\x08xxORTMxx".to_vec()] {
        assert!(model_file::initialisers(&model).is_err(), "{model:?}");
    }
    assert!(model_file::initialisers(b"\x12\x0aab").is_err(), "cut off");
    assert!(model_file::initialisers(b"1234ORTM5678").unwrap_err().to_string().contains("own format"));
    let context = nested(7, &nested(1, &nested(4, b"EPContext")));
    assert!(model_file::initialisers(&context).unwrap_err().to_string().contains("EPContext"));
}

proptest::proptest! {
    #[test]
    fn damaged_models_never_panic(at in 0usize..20_000, byte in 0u8..=255, len in 0usize..4_000) {
        let mut model = MODEL[..len.max(64)].to_vec();
        let ix = at % model.len();
        model[ix] = byte;
        let _ = model_file::initialisers(&model);
    }
}

/// What settings make of the way to embed.
#[test]
fn each_setting_counts() {
    let of = |assignments: &[&str]| {
        let mut settings = Settings::default();
        assignments.iter().for_each(|it| settings.add_assignment(it, "test").unwrap());
        Options::from_settings(&settings)
    };
    let usual = of(&[]).unwrap();
    assert_eq!((usual.runtime, usual.batch, usual.threads, usual.half), (Runtime::Builtin, 32, 0, true));
    assert_eq!((usual.model, usual.library, usual.wanted), (None, None, Wanted::default()));
    assert!(of(&["embeddings.enabled=false"]).is_none());
    let all = of(&[
        "embeddings.model=/models/mine",
        "embeddings.library=/lib/libonnxruntime.so",
        "embeddings.device=rocm",
        "embeddings.enable_gpu=false",
        "embeddings.fp16=false",
        "embeddings.batch_size=7",
        "embeddings.threads=3",
    ])
    .unwrap();
    assert_eq!(all.model, Some("/models/mine".into()));
    assert_eq!(all.library, Some("/lib/libonnxruntime.so".into()));
    assert_eq!(all.wanted, Wanted { device: Some(Device::MiGraphX), no_gpu: true, without: Vec::new() });
    assert_eq!((all.batch, all.threads, all.precision()), (7, 3, Precision::AsItIs));
    // Half precision is for a GPU that is asked for, never for what `auto` happens to find.
    let precision = |device: &str| of(&[&format!("embeddings.device={device}")]).unwrap().precision();
    assert_eq!(["auto", "cpu", "openvino", "cuda", "mps"].map(precision), {
        let (whole, half) = (Precision::AsItIs, Precision::Half);
        [whole, whole, whole, half, half]
    });
    // A workspace names neither a model nor a library.
    let mut settings = Settings::default();
    let toml = "[embeddings]\nmodel = \"/evil\"\nlibrary = \"/evil.so\"\ndevice = \"cuda\"";
    settings.add_toml(toml, "portolan.toml", crate::base::settings::Trust::Workspace);
    let narrowed = Options::from_settings(&settings).unwrap();
    assert_eq!((narrowed.model, narrowed.library, narrowed.wanted.device), (None, None, None));
}
