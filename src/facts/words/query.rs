//! Terms of a question. Invariant: every term could have been emitted by `analyse`, so that it can be found. Bounded: at
//! most [`MOST_TERMS`] terms whatever the text. Must not know how the index scores them.

use super::analyse;

/// Most terms that a question is asked with; the rest of a long text is ignored.
pub const MOST_TERMS: usize = 24;

/// One distinct term of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryTerm {
    pub text: String,
    /// 1 for a word of the question, less for words that only hold a sentence together and for guesses.
    pub weight: f32,
}

/// A question, analysed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Distinct terms, in order of their first use.
    pub terms: Vec<QueryTerm>,
    /// Words that look like names in code, as written, qualifiers cut off (`HttpClient` of `net::HttpClient.get`).
    pub identifiers: Vec<String>,
}

/// Words that hold an English question together. In code they are rare, so rarity alone would overrate them.
const GLUE: &[&str] = &[
    "a",
    "about",
    "after",
    "all",
    "also",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "being",
    "between",
    "but",
    "by",
    "can",
    "code",
    "could",
    "did",
    "do",
    "does",
    "done",
    "during",
    "each",
    "find",
    "for",
    "from",
    "function",
    "get",
    "gets",
    "given",
    "had",
    "has",
    "have",
    "how",
    "i",
    "if",
    "implementation",
    "implemented",
    "implements",
    "in",
    "into",
    "is",
    "it",
    "its",
    "like",
    "logic",
    "made",
    "make",
    "makes",
    "me",
    "my",
    "of",
    "on",
    "onto",
    "or",
    "our",
    "out",
    "over",
    "place",
    "should",
    "show",
    "so",
    "some",
    "such",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "up",
    "use",
    "used",
    "uses",
    "using",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "within",
    "work",
    "works",
    "would",
    "you",
    "your",
];

/// Weight of a word of [`GLUE`]; such words decide only between passages that are alike in all else.
const GLUE_WEIGHT: f32 = 0.1;
/// Weight of two neighbouring words written as one (`read file` asks for `readfile` too).
const JOINED_WEIGHT: f32 = 0.5;

/// The terms of `text`, weighted, and the names of code in it.
pub fn analyse_query(text: &str) -> Query {
    let mut query = Query::default();
    let mut previous: Option<&str> = None;
    for word in words(text) {
        let glue = is_glue(word);
        analyse(word, &mut |term| add(&mut query.terms, term, if glue { GLUE_WEIGHT } else { 1.0 }));
        if looks_like_code(word) && !query.identifiers.iter().any(|known| known == word) {
            query.identifiers.push(word.to_owned());
        }
        if let Some(before) = previous.filter(|b| !glue && b.is_ascii() && word.is_ascii()) {
            let joined = format!("{before}{word}").to_ascii_lowercase();
            if joined.len() <= super::LONGEST_TERM && !joined.contains('_') {
                add(&mut query.terms, &joined, JOINED_WEIGHT);
            }
        }
        previous = if glue { None } else { Some(word) };
        if query.terms.len() >= MOST_TERMS {
            query.terms.truncate(MOST_TERMS);
            break;
        }
    }
    // A question of glue alone is asked as it stands.
    if query.terms.iter().all(|term| term.weight <= GLUE_WEIGHT) {
        for term in &mut query.terms {
            term.weight = 1.0;
        }
    }
    query
}

/// Of each term the first word of `text` that has it; the term itself where none does.
pub fn written(text: &str, terms: &[QueryTerm]) -> Vec<String> {
    let mut out: Vec<Option<&str>> = vec![None; terms.len()];
    for word in words(text) {
        analyse(word, &mut |term| {
            if let Some(at) = terms.iter().position(|it| it.text == term) {
                out[at].get_or_insert(word);
            }
        });
    }
    terms.iter().zip(out).map(|(term, word)| word.unwrap_or(&term.text).to_owned()).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

fn add(terms: &mut Vec<QueryTerm>, text: &str, weight: f32) {
    match terms.iter_mut().find(|known| known.text == text) {
        Some(known) => known.weight = known.weight.max(weight),
        None => terms.push(QueryTerm { text: text.to_owned(), weight }),
    }
}

fn is_glue(word: &str) -> bool {
    word.len() <= 14 && GLUE.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

/// A joiner inside, a capital behind a small letter, a digit behind a letter, or capitals alone.
fn looks_like_code(word: &str) -> bool {
    let bytes = word.as_bytes();
    let inner_joiner = word.trim_matches('_').contains('_');
    let camel = bytes.windows(2).any(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase());
    inner_joiner || camel || (word.starts_with('_') && word.len() > 1)
}
