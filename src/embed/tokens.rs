//! A text to the tokens of the model in hand: our own scanner for the default model, the `tokenizers` library for those of
//! users. Invariant: no more tokens than the model takes. Must not know vectors.

use std::panic::catch_unwind;

use super::batches::Encoded;
use super::folder::Feeding;
use super::tokenizer::Tokenizer;
use super::{EmbedError, Purpose};
use crate::base::chars::floor;

/// Most bytes of a text that are looked at; our passages have 2,000.
const LONGEST_TEXT: usize = 16_000;

/// See the module.
pub enum Tokens {
    Own(Tokenizer),
    User { tokenizer: Box<tokenizers::Tokenizer>, feeding: Feeding, padding: u32, skipped: [usize; 2] },
}

impl Tokens {
    /// From the bytes of a user's tokenizer.json.
    ///
    /// # Errors
    /// It is not such a file, or one that the library does not take.
    pub fn of_user(json: &[u8], feeding: &Feeding) -> Result<Self, EmbedError> {
        let wrong = |why: &str| {
            let why: String = why.chars().take(300).collect();
            EmbedError(format!(
                "tokenizer.json of the model cannot be used ({why}): get the model again or choose another"
            ))
        };
        let made = catch_unwind(|| tokenizers::Tokenizer::from_bytes(json))
            .map_err(|_| wrong("it makes the library panic"))?;
        let mut tokenizer = made.map_err(|e| wrong(&e.to_string()))?;
        let truncation =
            tokenizers::TruncationParams { max_length: feeding.most_tokens, ..tokenizers::TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|e| wrong(&e.to_string()))?;
        let padding = tokenizer.get_padding().map_or_else(
            || ["[PAD]", "<pad>", "<|endoftext|>"].iter().find_map(|it| tokenizer.token_to_id(it)).unwrap_or(0),
            |it| it.pad_id,
        );
        tokenizer.with_padding(None);
        let mut out = Self::User { tokenizer: Box::new(tokenizer), feeding: feeding.clone(), padding, skipped: [0; 2] };
        if !feeding.pools_prefix {
            // All tokens of what is put before but the one that closes every text.
            let count = |purpose| out.encode(purpose, "").map_or(0, |it| it.ids.len().saturating_sub(1));
            let counts = [count(Purpose::Passage), count(Purpose::Question)];
            if let Self::User { skipped, .. } = &mut out {
                *skipped = counts;
            }
        }
        Ok(out)
    }

    /// What rows are filled up with.
    pub fn padding(&self) -> u32 {
        match self {
            Self::Own(_) => 0,
            Self::User { padding, .. } => *padding,
        }
    }

    /// The tokens of a text; none is no error.
    ///
    /// # Errors
    /// The library refuses the text.
    ///
    /// # Panics
    /// Where the library does: who calls this has to expect it.
    pub fn encode(&self, purpose: Purpose, text: &str) -> Result<Encoded, String> {
        let text = &text[..floor(text, LONGEST_TEXT)];
        match self {
            Self::Own(tokenizer) => {
                let mut ids = Vec::new();
                tokenizer.encode(text, &mut ids);
                Ok(Encoded { ids, ..Encoded::default() })
            }
            Self::User { tokenizer, feeding, skipped, .. } => {
                let (prefix, skipped) = match purpose {
                    Purpose::Passage => (&feeding.passage, skipped[0]),
                    Purpose::Question => (&feeding.question, skipped[1]),
                };
                let mut whole = format!("{prefix}{text}");
                if feeding.lower_case {
                    whole = whole.to_lowercase();
                }
                let made = tokenizer.encode_fast(whole, true);
                let made = made.map_err(|e| format!("the model's tokenizer refuses it: {e}"))?;
                // Truncation is the library's work; the bound is ours.
                let most = feeding.most_tokens.min(made.get_ids().len());
                let (ids, types) = (made.get_ids()[..most].to_vec(), made.get_type_ids()[..most].to_vec());
                Ok(Encoded { ids, types, skipped, ..Encoded::default() })
            }
        }
    }
}

#[cfg(test)]
mod tests;
