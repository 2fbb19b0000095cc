//! JSON-RPC messages out of bodies. Invariant: every body becomes exactly one [`Incoming`]; what is malformed carries the id
//! it can be answered with. Must not know which methods exist.

use memchr::{memchr2, memmem};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Response};

/// JSON nested deeper than this is refused (serde_json itself stops at 128).
const DEPTH_CAP: usize = 127;

/// One message of the client.
#[derive(Debug)]
pub(crate) enum Incoming {
    Request {
        id: Id,
        method: String,
        params: Params,
    },
    Notification {
        method: String,
        params: Params,
    },
    /// An answer to a request of ours.
    Answer(Response),
    /// An answer that nobody can use.
    Useless,
    /// To be answered with this error.
    Bad(Id, Error),
}

/// Parameters as they came: text of JSON, or none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Option<Box<RawValue>>);

impl Params {
    /// The parameters as a type. Errors are InvalidParams, with serde's reason.
    pub(crate) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        let text = self.0.as_ref().map_or("null", |raw| raw.get());
        serde_json::from_str(text).map_err(|e| Error::invalid_params(e.to_string()))
    }

    /// The parameters as a value; none where there are none.
    pub(crate) fn value(&self) -> Result<Option<serde_json::Value>, Error> {
        self.0.as_ref().map(|_| self.parse()).transpose()
    }
}

impl Params {
    /// The URI of the document that is asked about, if the parameters name one.
    pub(crate) fn document(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Named {
            uri: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct OfDocument {
            text_document: Named,
        }
        self.parse::<OfDocument>().ok().map(|it| it.text_document.uri)
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// A field that is there, be it `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads one body.
pub(crate) fn parse(body: &[u8]) -> Incoming {
    let bad = |id, code, message: String| Incoming::Bad(id, Error { code, message: message.into(), data: None });
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(e) => return bad(Id::Null, ErrorCode::ParseError, format!("the body is not UTF-8: {e}")),
    };
    if too_deep(body) {
        return bad(Id::Null, ErrorCode::InvalidRequest, format!("JSON is nested deeper than {DEPTH_CAP}"));
    }
    let mended;
    let text = match mend_surrogates(text) {
        None => text,
        Some(text) => {
            mended = text;
            &mended
        }
    };
    // A list would pass for the fields of a message in order.
    if !text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return bad(Id::Null, ErrorCode::InvalidRequest, "a message is an object (batches are not taken)".to_owned());
    }
    match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => envelope.open(),
        Err(e) if e.is_data() => bad(Id::Null, ErrorCode::InvalidRequest, format!("no JSON-RPC message: {e}")),
        Err(e) => bad(Id::Null, ErrorCode::ParseError, format!("no JSON: {e}")),
    }
}

impl Envelope<'_> {
    fn open(self) -> Incoming {
        let id = self.id.map(|raw| serde_json::from_str::<Id>(raw.get()));
        let answerable = match &id {
            Some(Ok(id)) => id.clone(),
            _ => Id::Null,
        };
        let bad = |why: &'static str| {
            let error = Error { code: ErrorCode::InvalidRequest, message: why.into(), data: None };
            Incoming::Bad(answerable.clone(), error)
        };
        if self.jsonrpc.is_none_or(|version| version.get() != "\"2.0\"") {
            return bad("jsonrpc is not \"2.0\"");
        }
        let Some(method) = self.method else {
            if self.result.is_none() && self.error.is_none() {
                return bad("neither a method nor a result");
            }
            return match id {
                Some(Ok(id)) => answer(id, self.result, self.error),
                _ => Incoming::Useless,
            };
        };
        let Ok(method) = serde_json::from_str::<String>(method.get()) else { return bad("method is no string") };
        let params = Params(self.params.map(RawValue::to_owned));
        match id {
            None => Incoming::Notification { method, params },
            Some(Ok(Id::Null)) => bad("id is null"),
            Some(Ok(id)) => Incoming::Request { id, method, params },
            Some(Err(_)) => bad("id is neither an integer nor a string"),
        }
    }
}

fn answer(id: Id, result: Option<&RawValue>, error: Option<&RawValue>) -> Incoming {
    let outcome = match (result, error) {
        (_, Some(error)) if error.get() != "null" => match serde_json::from_str::<Error>(error.get()) {
            Ok(error) => Err(error),
            Err(_) => Err(Error::internal_error()),
        },
        (result, _) => match serde_json::from_str(result.map_or("null", RawValue::get)) {
            Ok(value) => Ok(value),
            Err(_) => return Incoming::Useless,
        },
    };
    Incoming::Answer(Response::from_parts(id, outcome))
}

/// Whether brackets outside of strings nest deeper than the cap.
fn too_deep(body: &[u8]) -> bool {
    let (mut at, mut depth) = (0, 0usize);
    while at < body.len() {
        match body[at] {
            b'"' => at = string_end(body, at),
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_CAP {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where the string that opens at `quote` closes (or the text's end).
fn string_end(body: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(found) = body.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if body[at] == b'"' {
            return at;
        }
        at += 2;
    }
    body.len()
}

/// Some clients cut an emoji in two and send one half as `\ud83e`, which is no Unicode text. Each half becomes U+FFFD;
/// none where there is nothing to mend.
fn mend_surrogates(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    memmem::find(bytes, b"\\ud").or_else(|| memmem::find(bytes, b"\\uD"))?;
    let mut out: Option<String> = None;
    let (mut at, mut kept) = (0, 0);
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found;
        let Some(unit) = escape(bytes, at) else {
            at = (at + 2).min(bytes.len());
            continue;
        };
        let pair = (0xD800..0xDC00).contains(&unit)
            && escape(bytes, at + 6).is_some_and(|second| (0xDC00..0xE000).contains(&second));
        if (0xD800..0xE000).contains(&unit) && !pair {
            let out = out.get_or_insert_with(String::new);
            out.push_str(&text[kept..at]);
            out.push_str("\\ufffd");
            kept = at + 6;
        }
        at += if pair { 12 } else { 6 };
    }
    out.map(|mut out| {
        out.push_str(&text[kept..]);
        out
    })
}

/// The unit of a `\uXXXX` at `at`.
fn escape(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    if &escape[..2] != b"\\u" || !escape[2..].iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
}

#[cfg(test)]
mod tests;
