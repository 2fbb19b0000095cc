//! A text to the tokens of the model in hand: our own scanner for the default model, the `tokenizers` library for those of
//! users. Invariant: no more tokens than the model takes. Must not know vectors.

use std::panic::{AssertUnwindSafe, catch_unwind};

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

/// A user's tokenizer, as the library has it.
type Library = tokenizers::Tokenizer;

/// Whatever the library makes of a user's file or text, a panic of its own costs no more than an error.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.unwrap_or_else(|_| Err("the model's tokenizer panics on it".to_owned()))
}

impl Tokens {
    /// From the bytes of a user's tokenizer.json.
    ///
    /// # Errors
    /// It is not such a file, or one that the library does not take.
    pub fn of_user(json: &[u8], feeding: &Feeding) -> Result<Self, EmbedError> {
        let wrong = |why: String| {
            let why: String = why.chars().take(300).collect();
            EmbedError(format!("the tokenizer cannot be used ({why}): get the model again or choose another"))
        };
        guarded(|| Self::read(json, feeding).map_err(|e| e.to_string())).map_err(wrong)
    }

    fn read(json: &[u8], feeding: &Feeding) -> tokenizers::Result<Self> {
        let mut tokenizer = Library::from_bytes(json)?;
        let truncation =
            tokenizers::TruncationParams { max_length: feeding.most_tokens, ..tokenizers::TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation))?;
        let padding = tokenizer.get_padding().map_or_else(
            || ["[PAD]", "<pad>", "<|endoftext|>"].iter().find_map(|it| tokenizer.token_to_id(it)).unwrap_or(0),
            |it| it.pad_id,
        );
        tokenizer.with_padding(None);
        let mut skipped = [0; 2];
        if !feeding.pools_prefix {
            let count = |prefix| prefix_length(&tokenizer, feeding, prefix);
            skipped = [count(&feeding.passage)?, count(&feeding.question)?];
        }
        Ok(Self::User { tokenizer: Box::new(tokenizer), feeding: feeding.clone(), padding, skipped })
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
    /// The library refuses the text, or panics on it.
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
                let whole = as_fed(feeding, format!("{prefix}{text}"));
                let made = guarded(|| {
                    tokenizer.encode_fast(whole, true).map_err(|e| format!("the model's tokenizer refuses it: {e}"))
                })?;
                // Truncation is the library's work; the bound is ours.
                let most = feeding.most_tokens.min(made.get_ids().len());
                let (ids, types) = (made.get_ids()[..most].to_vec(), made.get_type_ids()[..most].to_vec());
                Ok(Encoded { ids, types, skipped, ..Encoded::default() })
            }
        }
    }
}

fn as_fed(feeding: &Feeding, text: String) -> String {
    if feeding.lower_case { text.to_lowercase() } else { text }
}

/// Tokens at the beginning of a text that stand for what is put before it, as Sentence Transformers counts them: what opens
/// every text is among them, what closes every text is not.
fn prefix_length(tokenizer: &Library, feeding: &Feeding, prefix: &str) -> tokenizers::Result<usize> {
    if prefix.is_empty() {
        return Ok(0);
    }
    let made = tokenizer.encode(as_fed(feeding, prefix.to_owned()), true)?;
    let closes = made.get_special_tokens_mask().last() == Some(&1);
    Ok(made.get_ids().len().saturating_sub(usize::from(closes)))
}

#[cfg(test)]
mod tests;
