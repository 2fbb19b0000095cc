//! Bytes that nobody would write, given to every reader of foreign bytes: nothing may panic, hang or take memory without
//! bound, and what is read back must agree with itself. Inputs are seeds that are changed at random, always the same for
//! one `PORTOLAN_TEST_SEED`; those that once broke something lie in tests/fuzz and are read first.
//!
//! `PORTOLAN_FUZZ_SECONDS=15` gives each target so long instead of a few hundred inputs; `tests/long fuzz` ten minutes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use portolan::base::hash::{ContentHash, Key};
use portolan::base::os::{EntryKind, RootDir};
use portolan::base::paths::RelPath;
use portolan::facts::codec;
use portolan::index::build::{FileMeta, FileRecord, FileState, SegmentRecord, build_facts_pack};
use portolan::index::source::Section;
use portolan::index::view::PackView;
use portolan::server::{frame, uri};
use portolan::store::disk::DiskBytes;
use portolan::store::manifest::Manifest;
use portolan::store::pack::Pack;
use portolan::syntax::extract::{Limits, extract};
use portolan::syntax::languages::{Lang, recipe};
use portolan::text::{Change, Decoded, Document, Encoding, Position, Range, decode};
use portolan::workspace::RuleOptions;
use portolan::workspace::rules::Rules;
use portolan::workspace::worker::{Job, Outcome, Pool, PoolOptions, Task, protocol};

/// Inputs of a target where nobody asks for time.
const FEW: usize = 300;
/// Longest input.
const LONGEST: usize = 64 << 10;
/// Texts that go to a parser process together.
const TOGETHER: usize = 16;

/// Small, fast, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides.max(1)
    }

    /// A few changes to one of the seeds.
    fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut it = seeds[self.roll(seeds.len())].clone();
        for _ in 0..1 + self.roll(6) {
            let at = self.roll(it.len() + 1);
            let most = [4, 64, 1_024][self.roll(3)];
            let length = self.roll(1 + most).min(it.len() - at);
            match self.roll(7) {
                0 if at < it.len() => it[at] ^= 1 << self.roll(8),
                1 => drop(it.drain(at..at + length)),
                2 => {
                    let again = it[at..at + length].to_vec();
                    let times = 1 + self.roll(64);
                    it.splice(at..at, again.repeat(times));
                }
                3 => {
                    let other = &seeds[self.roll(seeds.len())];
                    let from = self.roll(other.len() + 1);
                    it.splice(at..at + length, other[from..].iter().copied().take(length.max(8)));
                }
                4 => {
                    let number = [0u32, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x0100_0000, it.len() as u32][self.roll(6)];
                    it.splice(at..at + length.min(4), number.to_le_bytes());
                }
                5 => {
                    let odd: [&[u8]; 12] = [
                        b"\0",
                        b"\xff\xfe",
                        b"\r",
                        b"\n\n",
                        b"(((((((((",
                        b"{",
                        b"*/",
                        b"\"",
                        b"\xe2\x80\xa8",
                        b"**/",
                        b"%2e",
                        b"\xf0\x9f",
                    ];
                    it.splice(at..at, odd[self.roll(odd.len())].iter().copied());
                }
                _ => it.truncate(at),
            }
        }
        it.truncate(LONGEST);
        it
    }
}

/// Gives `target` what once broke it, then its seeds, then changes of them. An input that breaks it is kept.
fn run(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&[u8])) {
    let seed = std::env::var("PORTOLAN_TEST_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(1u64);
    let time = std::env::var("PORTOLAN_FUZZ_SECONDS").ok().and_then(|it| it.parse().ok()).map(Duration::from_secs);
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(name);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(kept).into_iter().flatten().flatten().map(|it| it.path()).collect();
    paths.sort();
    let corpus = paths.iter().map(|path| std::fs::read(path).unwrap());
    let begun = Instant::now();
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut count = 0;
    let changed = std::iter::from_fn(|| {
        count += 1;
        time.map_or(count <= FEW, |time| begun.elapsed() < time).then(|| dice.input(seeds))
    });
    let mut done = 0u64;
    for input in corpus.chain(seeds.iter().cloned()).chain(changed) {
        done += 1;
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
            std::fs::write(&path, &input).unwrap();
            panic!("{name}: input {done} of seed {seed} breaks it; it lies in {}", path.display());
        }
    }
    println!("{name}: {done} inputs of seed {seed} in {:.0} s", begun.elapsed().as_secs_f64());
}

/// The texts that the tests of the queries read, with their languages.
fn sources() -> Vec<(Lang, String)> {
    let all = Lang::all().filter(|lang| lang.grammar().is_some());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries");
    all.flat_map(|lang| {
        let files = std::fs::read_dir(folder.join(lang.id())).into_iter().flatten().flatten();
        files.filter_map(move |file| Some((lang, std::fs::read_to_string(file.path()).ok()?))).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn frames() {
    let seeds: [&[u8]; 4] = [
        b"\x05Content-Length: 2\r\n\r\n{}Content-Length: 4\r\n\r\nnull",
        b"\x01content-length:0\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"\x40junk Content-Length: 99999999999\r\n\r\n{}",
        b"\x03Content-Length: 3\n\n\"\xc3\xbc",
    ];
    run("frames", &seeds.map(<[u8]>::to_vec), |input| {
        let step = usize::from(*input.first().unwrap_or(&1)).max(1);
        let mut decoder = frame::Decoder::default();
        let mut bodies = 0;
        for part in input.get(1..).unwrap_or(&[]).chunks(step) {
            decoder.push(part);
            while let Some(piece) = decoder.next_piece() {
                if let frame::Piece::Body(body) = piece {
                    bodies += body.len();
                }
            }
        }
        assert!(bodies <= input.len(), "no byte is given twice");
    });
}

#[test]
fn messages_between_processes() {
    let rust = Lang::from_id("rust").unwrap();
    let text = "fn a() {}\nstruct B { c: u8 }\n";
    let made = extract(rust, text, &Limits::default());
    let mut facts = Vec::new();
    codec::encode(&made[0].facts, &mut facts);
    let batch = protocol::put_batch([protocol::Request { lang: rust, text }].into_iter());
    let mut framed = Vec::new();
    protocol::write_frame(&mut framed, &batch).unwrap();
    let seeds = [protocol::put_answer(&made, None), facts, batch, framed];
    run("messages", &seeds, |input| {
        let _ = protocol::read_frame(&mut &*input);
        let _ = protocol::take_answer(input);
        let mut rest = input;
        while protocol::take_request(&mut rest).is_some() {}
        let _ = portolan::syntax::remote::wire::request(input);
        let _ = portolan::syntax::remote::wire::answer(input);
        if let Ok(facts) = codec::decode(input) {
            let mut again = Vec::new();
            codec::encode(&facts, &mut again);
            assert!(codec::decode(&again).is_ok_and(|it| it == facts), "what was read can be written");
        }
    });
}

/// The sections of a pack of a few real files.
fn sections() -> Vec<Section> {
    let record = |(at, (lang, text)): (usize, &(Lang, String))| {
        let segments = extract(*lang, text, &Limits::default());
        let segments = segments.into_iter().map(|it| SegmentRecord {
            span: it.span,
            key: Key::of("fuzz", &[&[at as u8]]),
            facts: Arc::new(it.facts),
        });
        FileRecord {
            path: RelPath::from_bytes(format!("src/file{at}.x").as_bytes()).unwrap(),
            meta: FileMeta::default(),
            hash: ContentHash::of(text.as_bytes()),
            lang: lang.id().into(),
            recipe: recipe(*lang),
            state: FileState::Indexed,
            segments: segments.collect(),
        }
    };
    let records: Vec<FileRecord> = sources().iter().take(6).enumerate().map(record).collect();
    build_facts_pack(&records)
}

#[test]
fn packs() {
    let sections = sections();
    // A number of a section, then its bytes.
    let seed = |at: usize| [&[at as u8], sections[at].bytes.as_slice()].concat();
    let seeds: Vec<Vec<u8>> = (0..sections.len()).map(seed).collect();
    run("packs", &seeds, |input| {
        let _ = Pack::open(DiskBytes::copied(input), "fuzz").map(|it| it.check_all());
        let Some((&at, bytes)) = input.split_first() else { return };
        let mut sections = sections.clone();
        let at = usize::from(at) % sections.len();
        sections[at].bytes = bytes.to_vec();
        let Ok(view) = PackView::in_memory(sections) else { return };
        let files = view.files();
        for file in 0..files.len().min(100) {
            let _ = (files.path(file), files.stored(file), files.lang(file), files.traits(file), files.weight(file));
            for segment in files.segments_of(file).take(100) {
                let _ = (files.key(segment), files.segment_place(segment), view.name_list(segment));
                let _ = (
                    files.file_of_segment(segment),
                    view.facts(segment, &portolan::index::snapshot::LastChunk::default()),
                );
                for passage in files.passages_of(segment).take(100) {
                    std::hint::black_box(files.file_of_passage(passage));
                }
            }
            let _ = view.facts_with_terms(&[0]);
        }
    });
}

#[test]
fn manifests() {
    let manifest =
        Manifest { generation: 3, written_ns: 5, root: b"/a/b".to_vec(), packs: Vec::new(), extra: vec![1, 2] };
    let seeds = [manifest.encode().unwrap(), Manifest::default().encode().unwrap()];
    run("manifests", &seeds, |input| {
        let _ = Manifest::decode(input, "fuzz");
        // The same with a sum that fits, so that what lies behind it is read.
        let body = &input[..input.len().saturating_sub(32)];
        let whole = [body, ContentHash::of(body).0.as_slice()].concat();
        if let Ok(read) = Manifest::decode(&whole, "fuzz") {
            assert!(Manifest::decode(&read.encode().unwrap(), "fuzz").is_ok_and(|it| it == read));
        }
    });
}

#[test]
fn patterns_paths_and_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let root = RootDir::open(dir.path()).unwrap();
    let seeds: [&[u8]; 4] = [
        b"*.log\n!keep.log\n/out/\n[a-c]?\\*\n\nsrc/a.log",
        b"**/x/**\na/{b,c}/**/d\n***\n!\n\na/b/x/d",
        b"file:///home/a%20b/c.rs?q#f\n\nfile://localhost/%C3%BC",
        b"[[:alpha:]]\n[!a\n\\\n\n../a/./b\0c",
    ];
    run("paths", &seeds.map(<[u8]>::to_vec), |input| {
        let text = String::from_utf8_lossy(input);
        let (lines, last) = text.rsplit_once('\n').unwrap_or((&text, &text));
        let exclude: Vec<String> = lines.split('\n').take(200).map(str::to_owned).collect();
        let options =
            RuleOptions { include: exclude.iter().take(2).cloned().collect(), exclude, ..RuleOptions::default() };
        let rules = Rules::new(&root, &options);
        if let Some(path) = RelPath::from_bytes(last.as_bytes()) {
            assert!(!path.as_bytes().split(|&b| b == b'/').any(|part| part == b".."));
            for kind in [EntryKind::File, EntryKind::Directory] {
                let _ = rules.verdict(&rules.top(), &path, kind);
            }
        }
        if let Some(path) = uri::to_path(&text) {
            assert!(path.is_absolute());
            assert_eq!(uri::to_path(&uri::of_path(&path)), Some(path), "there and back");
        }
    });
}

#[test]
fn texts_and_positions() {
    let seeds: [&[u8]; 4] = [
        b"\x01\x02\x03\x04ab\r\nc\xc3\xbc\xf0\x9f\xa7\xad\n",
        b"\xff\xfea\0\x3e\xd8",
        b"\xef\xbb\xbfx\ry",
        b"\xfe\xff\0a\n",
    ];
    run("texts", &seeds.map(<[u8]>::to_vec), |input| {
        let Decoded::Text { text, .. } = decode(input.to_vec()) else { return };
        let number = |at: usize| u32::from(*input.get(at % input.len().max(1)).unwrap_or(&0)) % 40;
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let mut document = Document::new(&text, 1, "text");
            let mut mirror = text.clone();
            for at in 0..4 {
                let start = Position::new(number(at), number(at + 1));
                let end = Position::new(number(at + 2), number(at + 3));
                let range = (at != 3).then_some(Range { start, end });
                let change = Change { range, text: text.chars().take(at * 3).collect() };
                for edit in document.apply(at as i32 + 2, vec![change], encoding) {
                    edit.apply_to(&mut mirror);
                }
                assert_eq!(document.text(), mirror);
                let byte = document.byte_of(start, encoding);
                assert!(mirror.is_char_boundary(byte));
                assert_eq!(document.byte_of(document.position_of(byte, encoding), encoding), byte);
            }
        }
    });
}

#[test]
fn grammars() {
    let sources = sources();
    let langs: Vec<Lang> = Lang::all().collect();
    let place = |lang: Lang| langs.iter().position(|it| *it == lang).unwrap() as u8;
    let seeds: Vec<Vec<u8>> = sources.iter().map(|(lang, text)| [&[place(*lang)], text.as_bytes()].concat()).collect();
    let pool = Pool::new(PoolOptions {
        workers: 1,
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        patience: Duration::from_secs(20),
        ..PoolOptions::default()
    })
    .unwrap();
    let mut waiting: Vec<Vec<u8>> = Vec::new();
    run("grammars", &seeds, |input| {
        waiting.push(input.to_vec());
        if waiting.len() < TOGETHER {
            return;
        }
        let (done, outcomes) = unbounded();
        let task = |(token, input): (usize, &Vec<u8>)| {
            let lang = langs[usize::from(*input.first().unwrap_or(&0)) % langs.len()];
            let text = String::from_utf8_lossy(input.get(1..).unwrap_or(&[]));
            Task { token: token as u64, lang, text: Arc::from(text) }
        };
        pool.submit(Job { tasks: waiting.iter().enumerate().map(task).collect(), urgent: false, done });
        for (token, outcome) in outcomes {
            if let Outcome::Poison(why) = outcome {
                let input = &waiting[token as usize];
                let lang = langs[usize::from(input[0]) % langs.len()];
                let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-grammars");
                std::fs::write(&path, input).unwrap();
                panic!("{}: {why}; the text lies in {}", lang.id(), path.display());
            }
        }
        waiting.clear();
    });
}
