//! Looks for texts in files that are not indexed yet. Invariants: a file is read once for all texts that are sought, at
//! most 4 MiB of it, through the one door; nothing is parsed. Must not know why a text is sought.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, Span, packed};

use super::declares::{self, is_word_byte};
use crate::base::cancel::Cancel;
use crate::base::os::RootDir;
use crate::base::paths::RelPath;
use crate::base::threads::{self, Intent};

/// Longer files are left to the pass.
const MOST_READ: u64 = 4 << 20;
/// Places of one file that are looked at.
const MOST_PLACES: usize = 4_096;
/// Files that a thread takes at once.
const CHUNK: usize = 64;

/// The texts of one scan.
pub struct Needles {
    machine: Machine,
    texts: Vec<Vec<u8>>,
}

/// Finds the next of several texts. Which of two that begin at the same place is told does not matter here.
enum Machine {
    /// Compares several bytes of all texts at once: several times as fast, for up to some sixty texts.
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

impl Machine {
    fn new(texts: &[Vec<u8>]) -> Option<Self> {
        if let Some(packed) = packed::Searcher::new(texts) {
            return Some(Self::Packed(packed));
        }
        AhoCorasick::new(texts).ok().map(Self::Automaton)
    }

    #[inline]
    fn find(&self, text: &[u8], from: usize) -> Option<aho_corasick::Match> {
        match self {
            Self::Packed(it) => it.find_in(text, Span::from(from..text.len())),
            Self::Automaton(it) => it.find(aho_corasick::Input::new(text).range(from..)),
        }
    }
}

/// How well one file fits one text; higher is better, 0 is nothing.
pub type Fit = u8;
/// The text begins an identifier.
const PREFIX: Fit = 1;
/// The text is a whole identifier.
const WHOLE: Fit = 2;
/// The text begins an identifier that seems to be declared here.
const PREFIX_DECLARED: Fit = 3;
/// The text is an identifier that seems to be declared here, at least.
pub const DECLARED: Fit = 4;

/// One file and its fit for each text that it holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Hit {
    /// The file's place in the list.
    pub file: usize,
    /// Length in bytes.
    pub bytes: u64,
    /// The text's number, and how well it fits.
    pub fits: Vec<(usize, Fit)>,
}

impl Needles {
    /// Texts, looked for with a large and a small first letter; none where there is nothing to look for.
    pub fn new(texts: &[String]) -> Option<Self> {
        let texts: Vec<Vec<u8>> = texts.iter().filter(|it| !it.is_empty()).map(|it| it.clone().into_bytes()).collect();
        let mut spellings: Vec<Vec<u8>> = Vec::new();
        for text in &texts {
            let mut other = text.clone();
            other[0] = if other[0].is_ascii_lowercase() {
                other[0].to_ascii_uppercase()
            } else {
                other[0].to_ascii_lowercase()
            };
            spellings.extend([text.clone(), other]);
        }
        let machine = Machine::new(&spellings)?;
        (!texts.is_empty()).then_some(Self { machine, texts })
    }

    /// How well `text` fits each needle that it holds.
    pub fn fits(&self, text: &[u8]) -> Vec<(usize, Fit)> {
        let mut best = vec![0; self.texts.len()];
        let mut at = 0;
        for _ in 0..MOST_PLACES {
            let Some(found) = self.machine.find(text, at) else { break };
            let start = found.start();
            let end = start + text[start..].iter().position(|&it| !is_word_byte(it)).unwrap_or(text.len() - start);
            at = end.max(found.end());
            if start > 0 && is_word_byte(text[start - 1]) {
                // In the midst of an identifier only a word of it counts.
                if text[start].is_ascii_uppercase() || text[start - 1] == b'_' {
                    let number = found.pattern().as_usize() / 2;
                    best[number] = best[number].max(PREFIX);
                }
                at = found.end();
                continue;
            }
            let word = &text[start..end];
            let mut declared = None;
            for (number, needle) in self.texts.iter().enumerate() {
                if !begins(word, needle) {
                    continue;
                }
                let whole = word.len() == needle.len();
                let points = *declared.get_or_insert_with(|| declares::points(text, start, end));
                let fit = match (whole, points) {
                    (false, 0) => PREFIX,
                    (true, 0) => WHOLE,
                    (false, _) => PREFIX_DECLARED,
                    (true, points) => DECLARED + points,
                };
                best[number] = best[number].max(fit);
            }
        }
        best.into_iter().enumerate().filter(|it| it.1 > 0).collect()
    }
}

/// Whether `word` begins with `needle`, whatever the size of its first letter.
fn begins(word: &[u8], needle: &[u8]) -> bool {
    word.len() >= needle.len() && word[0].eq_ignore_ascii_case(&needle[0]) && word[1..needle.len()] == needle[1..]
}

/// Reads `files` on `threads` threads and tells which hold a needle, in the order of the list.
pub fn scan(dir: &RootDir, files: &[RelPath], needles: &Needles, threads: usize, cancel: &Cancel) -> Vec<Hit> {
    let next = AtomicUsize::new(0);
    let hits = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..threads.max(1) {
            let (next, hits) = (&next, &hits);
            let job = move || {
                let mut own = Vec::new();
                loop {
                    let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if from >= files.len() || cancel.is_cancelled() {
                        break;
                    }
                    for (place, path) in files.iter().enumerate().skip(from).take(CHUNK) {
                        let Ok((bytes, _)) = dir.read(path, MOST_READ) else { continue };
                        let fits = needles.fits(&bytes);
                        if !fits.is_empty() {
                            own.push(Hit { file: place, bytes: bytes.len() as u64, fits });
                        }
                    }
                }
                hits.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
            };
            // Without a thread the others read its share.
            threads::scoped(scope, &format!("seek-{number}"), Intent::Latency, job);
        }
    });
    let mut hits = hits.into_inner().unwrap_or_else(PoisonError::into_inner);
    hits.sort_unstable_by_key(|it| it.file);
    hits
}
