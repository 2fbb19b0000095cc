//! A question as it comes in JSON: its words and its filters. Invariant: a field of a filter means what it means in the
//! question; what is no text is refused by its name. Must not know how a question is answered.

use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, ErrorCode};

use crate::features::semantic_search::{BadQuestion, By, Filters, Question};

/// The question `text`, restricted by the fields `lang`, `path`, `kind` (`notLang` or `not_lang` ... leave out) of `fields`,
/// each a text or a list of texts.
///
/// # Errors
/// It cannot be asked, or a field is wrong.
pub fn question(text: &str, fields: &Value) -> Result<Question, Refused> {
    Ok(Question::restricted(text, &filters(fields)?)?)
}

/// The filters among the fields of a request.
///
/// # Errors
/// One of them is wrong.
pub fn filters(fields: &Value) -> Result<Filters, Refused> {
    let mut filters = Filters::default();
    for by in By::ALL {
        for (name, not) in names(by) {
            let Some(value) = fields.get(&name).filter(|it| !it.is_null()) else { continue };
            for value in texts(value).ok_or(Refused::Field(name))? {
                filters.add(by, value, not).map_err(BadQuestion::Filter)?;
            }
        }
    }
    Ok(filters)
}

/// The fields of filters.
pub fn names_of_filters() -> impl Iterator<Item = String> {
    By::ALL.into_iter().flat_map(names).map(|it| it.0)
}

/// What a filter's fields are called, and whether they leave out.
fn names(by: By) -> [(String, bool); 3] {
    let (first, rest) = by.name().split_at(1);
    [
        (by.name().to_owned(), false),
        (format!("not_{}", by.name()), true),
        (format!("not{}{rest}", first.to_uppercase()), true),
    ]
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(all) => all.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Why a question is not asked.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Question(#[from] BadQuestion),
    #[error("'{0}' is a text or a list of texts, such as \"src/\" or [\"src/\", \"lib/\"]")]
    Field(String),
}

impl Refused {
    /// With the filter that is meant and what could stand in its place, for programs.
    pub(crate) fn error(&self) -> Error {
        let data = match self {
            Self::Question(BadQuestion::Filter(why)) => why.remedy(),
            _ => None,
        };
        let data = data.map(|(filter, known)| json!({ "filter": filter.to_string(), "known": known }));
        Error { code: ErrorCode::InvalidParams, message: self.to_string().into(), data }
    }
}
