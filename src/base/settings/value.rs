//! Values of settings: read from text, JSON and TOML, checked against their row.
//! Invariant: a `Value` that left here fits its row's type and bounds.

use serde_json::Value as Json;

use super::table::{Kind, PerLanguage, Row};

/// A checked value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<String>),
    /// Bytes.
    Size(u64),
}

impl Value {
    /// The row's default.
    pub fn default_of(row: &Row) -> Value {
        match row.kind {
            Kind::Bool(it) => Value::Bool(it),
            Kind::Int(it, ..) => Value::Int(it),
            Kind::Float(it, ..) => Value::Float(it),
            Kind::Path(it) => Value::Text(it.to_owned()),
            Kind::Choice(all) => Value::Text(all[0].to_owned()),
            Kind::List(all) => Value::List(all.iter().map(|&s| s.to_owned()).collect()),
            Kind::Size(it) | Kind::SizeIn(it, ..) => Value::Size(it),
            Kind::PerLanguage(_) => Value::List(Vec::new()),
        }
    }

    /// Reads text as typed on a command line or in an environment variable.
    ///
    /// # Errors
    /// The remedy: what the setting wants instead.
    pub fn from_text(row: &Row, text: &str) -> Result<Value, String> {
        let json = match row.kind {
            Kind::Bool(_) => match text {
                "true" | "1" | "on" | "yes" => Json::Bool(true),
                "false" | "0" | "off" | "no" => Json::Bool(false),
                _ => Json::String(text.to_owned()),
            },
            Kind::Int(..) | Kind::Float(..) => {
                serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
            }
            Kind::List(_) | Kind::PerLanguage(_) if text.starts_with('[') => {
                serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
            }
            Kind::List(_) | Kind::PerLanguage(_) => Json::Array(
                text.split(',').filter(|s| !s.is_empty()).map(|s| Json::String(s.trim().to_owned())).collect(),
            ),
            Kind::Path(_) | Kind::Choice(_) | Kind::Size(_) | Kind::SizeIn(..) => Json::String(text.to_owned()),
        };
        Self::from_json(row, &json)
    }

    /// Reads a JSON value (TOML is turned into JSON first).
    ///
    /// # Errors
    /// The remedy: what the setting wants instead.
    pub fn from_json(row: &Row, json: &Json) -> Result<Value, String> {
        let it = match (row.kind, json) {
            (Kind::Bool(_), Json::Bool(it)) => Some(Value::Bool(*it)),
            (Kind::Int(_, low, high), it) => it.as_i64().filter(|n| (low..=high).contains(n)).map(Value::Int),
            (Kind::Float(_, low, high), it) => it.as_f64().filter(|n| (low..=high).contains(n)).map(Value::Float),
            (Kind::Path(_), Json::String(it)) => is_path(it).then(|| Value::Text(it.clone())),
            (Kind::Choice(all), Json::String(it)) => all.contains(&it.as_str()).then(|| Value::Text(it.clone())),
            (Kind::List(_), Json::Array(all)) => {
                all.iter().map(|it| it.as_str().map(str::to_owned)).collect::<Option<_>>().map(Value::List)
            }
            (Kind::Size(_), it) => size_of(it).map(Value::Size),
            (Kind::SizeIn(_, low, high), it) => size_of(it).filter(|n| (low..=high).contains(n)).map(Value::Size),
            (Kind::PerLanguage(of), Json::Array(all)) => all
                .iter()
                .map(|it| entry(of, it.as_str()?))
                .collect::<Option<_>>()
                .map(|it| Value::List(by_language(it))),
            _ => None,
        };
        it.ok_or_else(|| format!("{} wants {}, not {json}", row.name, wanted(row)))
    }

    /// As JSON, for `config show --json` and for the schema.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Bool(it) => Json::from(*it),
            Value::Int(it) => Json::from(*it),
            Value::Float(it) => Json::from(*it),
            Value::Text(it) => Json::from(it.as_str()),
            Value::List(all) => Json::from(all.clone()),
            Value::Size(it) => Json::from(*it),
        }
    }
}

/// What a row accepts, in words.
pub fn wanted(row: &Row) -> String {
    match row.kind {
        Kind::Bool(_) => "true or false".into(),
        Kind::Int(_, low, high) => format!("a whole number from {low} to {high}"),
        Kind::Float(_, low, high) => format!("a number from {low} to {high}"),
        Kind::Path(_) => "an absolute path, or an empty text".into(),
        Kind::Choice(all) => format!("one of {}", all.join(", ")),
        Kind::List(_) => "a list of texts".into(),
        Kind::PerLanguage(PerLanguage::Size(low, high)) => {
            format!("a list such as rust=64KB, python=128KB, sizes from {low} to {high}")
        }
        Kind::PerLanguage(PerLanguage::Float(low, high)) => {
            format!("a list such as rust=0.15, python=0.08, numbers from {low} to {high}")
        }
        Kind::Size(_) => "a size such as 256KB, 10MB or 1GB, or a number of bytes".into(),
        Kind::SizeIn(_, low, high) => format!("a size from {low} to {high} bytes, such as 256KB"),
    }
}

/// One relative to the current directory would lie in a workspace.
fn is_path(text: &str) -> bool {
    text.is_empty() || text.starts_with('/') && !text.contains('\0')
}

fn size_of(json: &Json) -> Option<u64> {
    json.as_str().map_or_else(|| json.as_u64(), parse_size)
}

/// `rust=64KB`, checked, with the value as a plain number.
fn entry(of: PerLanguage, text: &str) -> Option<String> {
    let (language, value) = text.split_once('=')?;
    let (language, value) = (language.trim(), value.trim());
    let named = !language.is_empty() && language.bytes().all(|b| b.is_ascii_alphanumeric());
    match of {
        PerLanguage::Size(low, high) => {
            let size = parse_size(value).filter(|it| named && (low..=high).contains(it))?;
            Some(format!("{language}={size}"))
        }
        PerLanguage::Float(low, high) => {
            let number: f64 = value.parse().ok().filter(|it| named && (low..=high).contains(it))?;
            Some(format!("{language}={number}"))
        }
    }
}

/// In the order of the languages, each once: the last one counts.
fn by_language(mut entries: Vec<String>) -> Vec<String> {
    entries.reverse();
    let language = |it: &String| it.split_once('=').map_or_else(String::new, |it| it.0.to_owned());
    entries.sort_by_key(language);
    entries.dedup_by_key(|it| language(it));
    entries
}

/// Bytes in "256KB", "10 MB", "1GiB", "4096" or "100MB/s"; units are powers of 1024.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = text.strip_suffix("/s").unwrap_or(text);
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let shift = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}
