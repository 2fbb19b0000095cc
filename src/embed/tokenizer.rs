//! Text to token ids, as tokenizer.json means it: camel case split, lower case, all but `[a-z0-9]` separates, letters and
//! digits apart, greedy longest match. Invariant: equal ids to the `tokenizers` library. Must not know vectors.

use std::collections::HashMap;

use serde::Deserialize;

use super::EmbedError;
use super::trie::{ALPHABET, Trie};

/// Tokens beyond this many are cut off; the model was trained on shorter texts.
pub const MOST_TOKENS: usize = 512;

/// A vocabulary larger than this is refused.
const LARGEST_VOCABULARY: usize = 1 << 20;

/// The scanner and its vocabulary.
pub struct Tokenizer {
    trie: Trie,
    longest_word: usize,
    unknown: u32,
    size: usize,
}

#[derive(Deserialize)]
struct TokenizerFile {
    model: WordPiece,
}

#[derive(Deserialize)]
struct WordPiece {
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
    vocab: HashMap<String, u32>,
}

/// How a character takes part in the cutting of words.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    None,
    Lower,
    Upper,
    Digit,
    /// Becomes an ASCII letter when lower-cased (the Kelvin sign, I with a dot); camel case does not see it.
    Caseless,
}

/// For each byte its class and its number in the trie's alphabet.
const BYTES: [(Class, u8); 256] = {
    let mut table = [(Class::None, 0); 256];
    let mut n = 0;
    while n < 26 {
        table[b'a' as usize + n] = (Class::Lower, n as u8);
        table[b'A' as usize + n] = (Class::Upper, n as u8);
        n += 1;
    }
    n = 0;
    while n < 10 {
        table[b'0' as usize + n] = (Class::Digit, 26 + n as u8);
        n += 1;
    }
    table
};

const _: () = assert!(ALPHABET == 36);

impl Tokenizer {
    /// From the bytes of a tokenizer.json of our kind (`WordPiece`, no continuation prefix).
    ///
    /// # Errors
    /// Not such a file.
    pub fn from_json(json: &[u8]) -> Result<Self, EmbedError> {
        let file: TokenizerFile = serde_json::from_slice(json)
            .map_err(|e| EmbedError(format!("tokenizer.json is not a WordPiece tokenizer of this kind: {e}")))?;
        let model = file.model;
        if !model.continuing_subword_prefix.is_empty() || model.vocab.len() > LARGEST_VOCABULARY {
            return Err(EmbedError("tokenizer.json: continuation prefixes and huge vocabularies are not read".into()));
        }
        let unknown = model.vocab.get(&model.unk_token).copied().unwrap_or(0);
        let size = model.vocab.values().copied().max().map_or(0, |id| id as usize + 1);
        let mut pieces: Vec<(Vec<u8>, u32)> = model
            .vocab
            .iter()
            .filter(|(piece, _)| {
                !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            })
            .map(|(piece, &id)| (piece.bytes().map(|b| BYTES[b as usize].1).collect(), id))
            .collect();
        pieces.sort();
        Ok(Self { trie: Trie::new(&pieces), longest_word: model.max_input_chars_per_word.min(256), unknown, size })
    }

    /// One more than the largest id.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether a word is one piece, and none that stands for what is not known.
    pub fn is_piece(&self, word: &str) -> bool {
        let mut ids = Vec::new();
        self.encode(word, &mut ids);
        ids.len() == 1 && ids[0] != self.unknown
    }

    /// The ids of `text` into `ids` (cleared first), at most [`MOST_TOKENS`].
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        ids.clear();
        let bytes = text.as_bytes();
        let mut word = [0u8; 256];
        let mut len = 0;
        let mut previous = Class::None;
        let mut at = 0;
        while at < bytes.len() {
            let (mut this, mut code) = BYTES[bytes[at] as usize];
            let mut width = 1;
            if bytes[at] >= 0x80 {
                (this, code, width) = folded(&bytes[at..]);
            }
            let cut = match (previous, this) {
                (_, Class::None) => true,
                (Class::Lower, Class::Upper) => true,
                (Class::Upper, Class::Upper) => bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase),
                (Class::Digit, other) => other != Class::Digit,
                (_, Class::Digit) => true,
                _ => false,
            };
            if cut && len > 0 {
                self.word(&word[..len.min(256)], len, ids);
                len = 0;
                if ids.len() >= MOST_TOKENS {
                    break;
                }
            }
            if this != Class::None {
                if let Some(slot) = word.get_mut(len) {
                    *slot = code;
                }
                len += 1;
            }
            previous = this;
            if this == Class::Caseless && width == 2 {
                // The dot of the I becomes a combining character of its own, which separates.
                self.word(&word[..len.min(256)], len, ids);
                (len, previous) = (0, Class::None);
            }
            at += width;
        }
        if len > 0 {
            self.word(&word[..len.min(256)], len, ids);
        }
        ids.truncate(MOST_TOKENS);
    }

    /// One word of `len` letters or digits: the longest piece, then the longest of the rest.
    fn word(&self, word: &[u8], len: usize, ids: &mut Vec<u32>) {
        let before = ids.len();
        if len > self.longest_word {
            ids.push(self.unknown);
            return;
        }
        let mut at = 0;
        while at < word.len() {
            match self.trie.longest(&word[at..]) {
                Some((id, taken)) => {
                    ids.push(id);
                    at += taken;
                }
                None => {
                    // As the library does: one unknown piece makes the whole word unknown.
                    ids.truncate(before);
                    ids.push(self.unknown);
                    return;
                }
            }
        }
    }
}

/// The two characters outside ASCII whose lower case begins with an ASCII letter; all others separate.
fn folded(bytes: &[u8]) -> (Class, u8, usize) {
    match *bytes {
        [0xE2, 0x84, 0xAA, ..] => (Class::Caseless, b'k' - b'a', 3),
        [0xC4, 0xB0, ..] => (Class::Caseless, b'i' - b'a', 2),
        _ => (Class::None, 0, 1),
    }
}
