//! Text to token ids, as tokenizer.json means it: camel case split, lower case, all but `[a-z0-9]` separates, letters and
//! digits apart, greedy longest match. Invariant: equal ids to the `tokenizers` library. Must not know vectors.

mod pieces;
mod scan;

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::EmbedError;
use super::trie::{ALPHABET, Trie};
use pieces::Pieces;

/// Tokens beyond this many are cut off; the model was trained on shorter texts.
pub const MOST_TOKENS: usize = 512;

/// A vocabulary larger than this is refused.
const LARGEST_VOCABULARY: usize = 1 << 20;
/// No word is longer, whatever the file says.
const LONGEST_WORD: usize = 256;

/// The scanner and its vocabulary.
pub struct Tokenizer {
    /// Words that are one piece: most are.
    whole: Pieces,
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

/// The number of a lower-case letter or a digit in the trie's alphabet.
fn code(byte: u8) -> u8 {
    if byte.is_ascii_digit() { byte - b'0' + 26 } else { byte.wrapping_sub(b'a') }
}

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
        let longest_word = model.max_input_chars_per_word.min(LONGEST_WORD);
        let is_plain = |piece: &str| piece.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let plain = model.vocab.iter().filter(|(piece, _)| !piece.is_empty() && is_plain(piece));
        let mut plain: Vec<(&[u8], u32)> = plain.map(|(piece, &id)| (piece.as_bytes(), id)).collect();
        // Frequent pieces have the lower ids.
        plain.sort_by_key(|it| it.1);
        let whole = Pieces::new(plain.iter().copied().filter(|(piece, _)| piece.len() <= longest_word));
        let coded = |(piece, id): (&[u8], u32)| (piece.iter().copied().map(code).collect(), id);
        let mut pieces: Vec<(Vec<u8>, u32)> = plain.into_iter().map(coded).collect();
        pieces.sort();
        Ok(Self { whole, trie: Trie::new(&pieces), longest_word, unknown, size })
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
        let text = plain(text);
        scan::words(text.as_bytes(), |word| {
            self.word(word, ids);
            ids.len() < MOST_TOKENS
        });
        ids.truncate(MOST_TOKENS);
    }

    /// One word of letters or digits: the longest piece, then the longest of the rest.
    #[inline]
    fn word(&self, word: scan::Word<'_>, ids: &mut Vec<u32>) {
        match word.key().and_then(|key| self.whole.find(key)) {
            Some(id) => ids.push(id),
            None => self.split(word.bytes(), ids),
        }
    }

    fn split(&self, word: &[u8], ids: &mut Vec<u32>) {
        let before = ids.len();
        if word.len() > self.longest_word {
            ids.push(self.unknown);
            return;
        }
        let mut codes = [0; LONGEST_WORD];
        codes.iter_mut().zip(word).for_each(|(it, byte)| *it = code(byte.to_ascii_lowercase()));
        let codes = &codes[..word.len()];
        let mut at = 0;
        while at < codes.len() {
            let Some((id, taken)) = self.trie.longest(&codes[at..]) else {
                // As the library does: one unknown piece makes the whole word unknown.
                ids.truncate(before);
                ids.push(self.unknown);
                return;
            };
            ids.push(id);
            at += taken;
        }
    }
}

/// The two characters outside ASCII whose lower case begins with an ASCII letter, with that: the Kelvin sign, and I with a
/// dot, which becomes a character of its own that separates. All others outside ASCII separate.
const FOLDED: [(char, &str); 2] = [('\u{212A}', "k"), ('\u{130}', "i ")];

/// The text, where it holds one of [`FOLDED`] cut and in lower case already: camel case does not see these.
fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !FOLDED.iter().any(|it| text.contains(it.0)) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        let (before, after) = (at.checked_sub(1).map_or(0, |it| bytes[it]), bytes.get(at + 1));
        let ends = before.is_ascii_uppercase() && after.is_some_and(u8::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || ends) {
            out.push(' ');
        }
        match FOLDED.iter().find(|it| it.0 == c) {
            Some((_, folded)) => out.push_str(folded),
            None => out.push(c.to_ascii_lowercase()),
        }
    }
    Cow::Owned(out)
}
