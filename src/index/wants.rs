//! What an answer still lacks while files wait to be indexed: texts that stand in the files it needs. Invariant: plain data,
//! bounded; a feature says it, and does not know who fulfils it. Must not know files.

/// Most texts of one answer that are looked for.
pub const MOST_NEEDLES: usize = 16;
/// Texts shorter than this stand everywhere, longer ones nowhere; in bytes.
pub const NEEDLE_BYTES: std::ops::RangeInclusive<usize> = 3..=200;

/// How the texts tell which files are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sought {
    /// Files that seem to declare one of the texts, a name.
    Declared,
    /// Files in which most of the texts, words, stand together.
    Together,
}

/// Files that an answer lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wants {
    pub needles: Vec<String>,
    pub sought: Sought,
}

impl Wants {
    /// The files that declare `name`; none where the name is too short, too long or no single name.
    pub fn declared(name: &str) -> Option<Self> {
        is_needle(name).then(|| Self { needles: vec![name.to_owned()], sought: Sought::Declared })
    }

    /// The files that hold most of `words`; none where no word says anything.
    pub fn together(words: impl IntoIterator<Item = String>) -> Option<Self> {
        let mut needles: Vec<String> = words.into_iter().filter(|it| is_needle(it)).collect();
        needles.sort_unstable();
        needles.dedup();
        // The longest words are the rarest.
        needles.sort_by_key(|it| std::cmp::Reverse(it.len()));
        needles.truncate(MOST_NEEDLES);
        (!needles.is_empty()).then_some(Self { needles, sought: Sought::Together })
    }
}

fn is_needle(text: &str) -> bool {
    NEEDLE_BYTES.contains(&text.len()) && text.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '$' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_names_of_some_length_are_sought() {
        assert!(Wants::declared("parse").is_some());
        assert!(Wants::declared("ab").is_none());
        assert!(Wants::declared("two words").is_none());
        assert!(Wants::declared(&"x".repeat(201)).is_none());
    }

    #[test]
    fn words_are_sought_once_longest_first() {
        let words = ["we", "retry", "backoff", "retry"].map(str::to_owned);
        let wants = Wants::together(words).unwrap();
        assert_eq!(wants.needles, ["backoff", "retry"]);
    }
}
