//! Batches on a stub of a device: what it has of memory, which texts it cannot stand, how fast it is.

use std::time::Duration;

use super::*;

/// A device with memory for so many tokens, which fails of token 13 and gives odd vectors for some others.
struct Stub {
    memory: usize,
    granularity: usize,
    most_tokens: usize,
    sees_padding: bool,
    /// It runs so many batches, and fails of all that comes after.
    runs: usize,
    ran: Vec<(usize, usize)>,
}

impl Engine for Stub {
    fn run(&mut self, batch: &Batch) -> Result<Vec<Vec<f32>>, RunError> {
        self.ran.push((batch.rows, batch.width));
        if self.ran.len() > self.runs {
            return Err(RunError::of("CUDA failure 700: an illegal memory access was encountered".into()));
        }
        if batch.rows * batch.width > self.memory {
            return Err(RunError::of("CUDA failure 2: out of memory; GPU=0".into()));
        }
        if batch.ids.contains(&13) {
            return Err(RunError::of("Non-zero status code: index out of range".into()));
        }
        let vector = |row: &[i64]| match row[0] {
            14 => vec![f32::NAN, 1.0],
            15 => vec![0.0, 0.0],
            first => vec![first as f32, 0.0],
        };
        Ok(batch.ids.chunks(batch.width).map(vector).collect())
    }

    fn granularity(&self) -> usize {
        self.granularity
    }

    fn most_tokens(&self) -> usize {
        self.most_tokens
    }

    fn sees_padding(&self) -> bool {
        self.sees_padding
    }
}

fn texts(lengths: &[usize]) -> Vec<Encoded> {
    let text =
        |(place, &length): (usize, &usize)| Encoded { place: place as u32, ids: vec![1; length], ..Encoded::default() };
    let mut out: Vec<Encoded> = lengths.iter().enumerate().map(text).collect();
    sort(&mut out);
    out
}

fn batcher(memory: usize, rows: usize, tokens: usize) -> Batcher<Stub> {
    let bounds = Bounds { rows, most_rows: rows, tokens, time: Duration::from_secs(3600) };
    let (granularity, most_tokens, runs) = (1, usize::MAX, usize::MAX);
    let stub = Stub { memory, granularity, most_tokens, sees_padding: true, runs, ran: Vec::new() };
    let probe = Encoded { ids: vec![1, 1], ..Encoded::default() };
    let (mut it, vector) = Batcher::open(stub, bounds, probe).unwrap();
    assert_eq!((vector, it.engine.ran.as_slice()), (vec![1.0, 0.0], [(1, 2), (1, 2)].as_slice()));
    it.engine.ran.clear();
    it.speed = Some(1e9);
    it
}

/// Everything that is waiting; each text gets one word.
fn run(batcher: &mut Batcher<Stub>, mut waiting: Vec<Encoded>) -> Vec<Word> {
    let (mut out, all) = (Vec::new(), waiting.len());
    for _ in 0..1_000 {
        if waiting.is_empty() {
            break;
        }
        out.extend(batcher.step(&mut waiting).unwrap());
    }
    out.sort_by_key(|it| it.0);
    assert_eq!(out.iter().map(|it| it.0 as usize).collect::<Vec<_>>(), (0..all).collect::<Vec<_>>());
    out
}

#[test]
fn alike_lengths_run_together_within_the_bounds() {
    let mut it = batcher(usize::MAX, 3, 40);
    let words = run(&mut it, texts(&[10, 2, 20, 10, 2, 2, 2, 50]));
    assert!(words.iter().all(|it| it.1.as_ref().unwrap() == &[1.0, 0.0]));
    assert_eq!(it.engine.ran, [(1, 50), (2, 20), (3, 10), (2, 2)]);
}

#[test]
fn memory_that_runs_out_halves_the_batch_for_good() {
    let mut it = batcher(100, 32, 2_048);
    assert!(run(&mut it, texts(&[10; 40])).iter().all(|it| it.1.is_ok()));
    // 320 tokens, 160, 80; then 80 to the end.
    assert_eq!(it.engine.ran, [(32, 10), (16, 10), (8, 10), (8, 10), (8, 10), (8, 10), (8, 10)]);
    assert_eq!(it.bounds().tokens, 80);
    it.engine.ran.clear();
    run(&mut it, texts(&[10; 10]));
    assert_eq!(it.engine.ran, [(8, 10), (2, 10)], "it is remembered");
    // One that does not even run alone is refused; the others go on.
    let words = run(&mut it, texts(&[200, 5, 5]));
    assert!(words[0].1.as_ref().unwrap_err().contains("out of memory"));
    assert!(words[1].1.is_ok() && words[2].1.is_ok());
    assert_eq!(it.bounds().tokens, 80, "a text that is too long by itself lowers nothing");
}

#[test]
fn rows_that_are_filled_up_count_as_such() {
    let mut it = batcher(10_000, 256, 65_536);
    it.engine.granularity = 64;
    assert!(run(&mut it, texts(&[10; 256])).iter().all(|it| it.1.is_ok()));
    assert_eq!(it.engine.ran, [(256, 64), (128, 64), (128, 64)]);
    // 640 tokens in the time of a batch are ten rows of 64.
    it.bounds.time = Duration::from_millis(100);
    it.speed = Some(6_400.0);
    assert_eq!((it.rows(10), it.rows(64), it.rows(65)), (10, 10, 5));
    // Nothing is filled up beyond the model's last position.
    it.engine.most_tokens = 77;
    it.engine.ran.clear();
    run(&mut it, texts(&[70, 77, 3]));
    assert_eq!(it.engine.ran, [(3, 77)]);
}

#[test]
fn what_does_not_see_padding_is_given_none() {
    let mut it = batcher(usize::MAX, 8, 2_048);
    it.engine.sees_padding = false;
    assert!(run(&mut it, texts(&[10, 2, 10, 3, 2, 2])).iter().all(|it| it.1.is_ok()));
    assert_eq!(it.engine.ran, [(2, 10), (1, 3), (3, 2)]);
}

#[test]
fn a_device_that_breaks_down_blames_no_text() {
    let mut it = batcher(usize::MAX, 2, 2_048);
    it.engine.runs = 3;
    let mut waiting = texts(&[5; 10]);
    let mut told = Vec::new();
    let broken = (0..100).find_map(|_| it.step(&mut waiting).map(|words| told.extend(words)).err());
    assert!(broken.unwrap().0.contains("illegal memory access"));
    assert!(told.len() == 6 && told.iter().all(|it| it.1.is_ok()), "{told:?}");
}

#[test]
fn one_bad_text_spoils_no_other() {
    let mut it = batcher(usize::MAX, 4, 2_048);
    let mut waiting = texts(&[3, 3, 3, 3, 3, 3]);
    for (at, first) in [(1, 13), (2, 14), (3, 15)] {
        waiting[at].ids[0] = first;
    }
    waiting[5].ids.clear();
    sort(&mut waiting);
    let words = run(&mut it, waiting);
    let says = |at: usize| words[at].1.as_ref().unwrap_err().as_str();
    assert!(says(1).contains("out of range") && says(2).contains("NaN") && says(3).contains("zeros"));
    assert!(words[0].1.is_ok() && words[4].1.is_ok());
    assert_eq!(words[5].1.as_deref(), Ok(&[][..]), "without a token there is no vector");
}

#[test]
fn a_batch_takes_no_longer_than_it_may() {
    let mut it = batcher(usize::MAX, 32, 2_048);
    it.bounds.time = Duration::from_millis(100);
    assert_eq!(it.rows(100), 20);
    it.speed = None;
    assert_eq!(it.rows(1), 1, "nothing is known yet");
    // 2,000 tokens a second: 200 in the time of a batch.
    it.note(2_000, Duration::from_secs(1));
    assert_eq!((it.rows(100), it.rows(50), it.rows(1_000), it.rows(1)), (2, 4, 1, 32));
    // One slow batch counts a quarter.
    it.note(200, Duration::from_secs(1));
    assert_eq!(it.rows(50), 3);
    it.speed = Some(1e9);
    assert_eq!((it.rows(100), it.rows(10)), (20, 32));
}

#[test]
fn batches_are_padded_at_the_end() {
    let texts = [
        Encoded { ids: vec![5, 6], types: vec![0, 1], ..Encoded::default() },
        Encoded { ids: vec![7], skipped: 1, ..Encoded::default() },
    ];
    let batch = Batch::of(&texts, &Padded(1));
    assert_eq!((batch.rows, batch.width), (2, 2));
    assert_eq!((batch.ids, batch.mask, batch.types), (vec![5, 6, 7, 9], vec![1, 1, 1, 0], vec![0, 1, 0, 0]));
    assert_eq!(batch.skipped, [0, 1]);
    let batch = Batch::of(&texts, &Padded(64));
    assert_eq!((batch.width, batch.ids.len(), batch.mask.iter().sum::<i64>()), (64, 128, 3));
}

/// A device that wants rows of a multiple of so many tokens.
struct Padded(usize);

impl Engine for Padded {
    fn run(&mut self, _: &Batch) -> Result<Vec<Vec<f32>>, RunError> {
        Err(RunError::of("never run".into()))
    }

    fn padding(&self) -> u32 {
        9
    }

    fn granularity(&self) -> usize {
        self.0
    }
}

#[test]
fn a_quick_device_gets_more_at_once_until_its_memory_runs_out() {
    let mut it = batcher(640, 8, 2_048);
    it.bounds.most_rows = 512;
    assert!(run(&mut it, texts(&[10; 300])).iter().all(|it| it.1.is_ok()));
    let rows: Vec<usize> = it.engine.ran.iter().map(|it| it.0).collect();
    assert_eq!(rows[..6], [8, 16, 32, 64, 128, 64], "doubled, then too much, then half of that for good");
    assert!(rows[6..].iter().all(|&it| it <= 64) && it.bounds().tokens == 640);
    // What is not full, or took its time, is no sign of room.
    let mut slow = batcher(usize::MAX, 8, 2_048);
    slow.bounds.most_rows = 512;
    slow.grow(8, slow.bounds.time / 2);
    slow.grow(7, Duration::ZERO);
    assert_eq!(slow.bounds().rows, 8);
}
