//! What every indexed byte passes: the analyser, the tokenizer, the model. Prints megabytes for each second of this
//! thread's processor time, the best and the median of the rounds.
//! `cargo bench --bench text -- FOLDER [ROUNDS]` reads up to 32 MB of the files beneath FOLDER.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program of its own and may stop on any error"
)]

use std::path::{Path, PathBuf};

use portolan::embed::Embedder;

const MOST_BYTES: usize = 32 << 20;
/// Length of the pieces that are embedded, in bytes.
const PIECE: usize = 1_200;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "src".to_owned()));
    let rounds = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(3);
    let texts = texts_of(&folder);
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} texts, {:.1} MB of {}", texts.len(), bytes as f64 / 1e6, folder.display());
    let model = portolan::embed::builtin::Builtin::new(portolan::embed::MODEL, portolan::embed::TOKENIZER).unwrap();

    measure("analyse", bytes, rounds, || {
        let mut count = 0usize;
        for text in &texts {
            portolan::facts::words::analyse(text, &mut |term| count += term.len());
        }
        count
    });
    let mut ids = Vec::new();
    measure("tokenize", bytes, rounds, || {
        texts
            .iter()
            .map(|text| {
                model.tokenizer().encode(text, &mut ids);
                ids.len()
            })
            .sum()
    });
    let mut out = Vec::new();
    measure("embed", bytes, rounds, || {
        let mut count = 0;
        for batch in texts.chunks(32) {
            let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
            model.embed(&batch, &mut out).unwrap();
            count += out.len();
        }
        count
    });
    let options = portolan::embed::Options {
        runtime: portolan::embed::Runtime::Onnx,
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        ..portolan::embed::Options::default()
    };
    if let Ok(onnx) = portolan::embed::open(&options) {
        measure(&onnx.runs_on(), bytes, rounds.min(1), || {
            for batch in texts.chunks(32) {
                let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
                onnx.embed(&batch, &mut out).unwrap();
            }
            out.len()
        });
    }
}

/// Pieces of [`PIECE`] bytes of the readable files beneath `folder`.
fn texts_of(folder: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut total = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::path);
        for entry in entries {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && total < MOST_BYTES && entry.metadata().unwrap().len() < 1 << 20 {
                let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
                let mut rest = text.as_str();
                while !rest.is_empty() {
                    let end = (PIECE.min(rest.len())..=rest.len()).find(|&at| rest.is_char_boundary(at)).unwrap();
                    out.push(rest[..end].to_owned());
                    rest = &rest[end..];
                }
                total += text.len();
            }
        }
    }
    out
}

fn measure(what: &str, bytes: usize, rounds: usize, mut work: impl FnMut() -> usize) {
    let mut rates: Vec<f64> = (0..rounds.max(1))
        .map(|_| {
            let before = processor_seconds();
            std::hint::black_box(work());
            bytes as f64 / 1e6 / (processor_seconds() - before).max(1e-9)
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    println!("{what}: {:.1} MB/s (median {:.1})", rates[rates.len() - 1], rates[rates.len() / 2]);
}

/// Processor time of this thread.
fn processor_seconds() -> f64 {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    line.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
