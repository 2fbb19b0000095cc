//! Frames between the server and a document's process, and what is in them. Invariant: a frame is a length (u32, little
//! endian) and that many bytes; every length is bounded before it allocates; whatever does not read as written is refused.
//! Both ends are the same build. Must not know pipes' owners.

use std::io::{self, Read};
use std::sync::Arc;

pub use crate::base::frames::write as write_frame;

use crate::base::frames;
use crate::base::span::Span;
use crate::facts::codec::{self, Reader, put_varint};
use crate::facts::{Facts, SymbolFlags, SymbolKind};
use crate::syntax::languages::Lang;
use crate::syntax::parsing::{Difference, Fold, FoldKind, Item, SyntaxError};
use crate::text::ByteEdit;

/// The longest frame that is believed.
const MAX_FRAME: usize = 256 << 20;

/// What a document's process is told or asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// The document from here on; no answer.
    Open {
        lang: Lang,
        text: String,
    },
    /// No answer.
    Edit(Vec<ByteEdit>),
    /// Answered by `Parsed`.
    Parse,
    /// Answered by `Parsed`.
    Heal,
    Folds,
    Selections(Vec<u32>),
    Errors(u32),
    Facts,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Parsed { differences: Vec<Difference>, doubtful: bool },
    Folds(Vec<Fold>),
    Selections(Vec<Vec<Span>>),
    Errors(Vec<SyntaxError>),
    Facts(Vec<(Span, Sent)>),
}

/// Facts of a segment: new ones, or those that stood at that place in the last answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    New(Arc<Facts>),
    Kept(u32),
}

/// Reads one frame; none where the pipe ended between two.
///
/// # Errors
/// The pipe broke inside a frame, or promises too long a one.
pub fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    frames::read(from, MAX_FRAME)
}

/// A request as a frame's body.
pub fn put_request(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    match request {
        Request::Open { lang, text } => {
            out.push(0);
            put_text(&mut out, lang.id());
            put_text(&mut out, text);
        }
        Request::Edit(edits) => {
            out.push(1);
            put_list(&mut out, edits, |out, edit| {
                put_varint(out, u64::from(edit.start));
                put_varint(out, u64::from(edit.old_end));
                out.push(u8::from(edit.whole));
                put_text(out, &edit.text);
            });
        }
        Request::Parse => out.push(2),
        Request::Heal => out.push(3),
        Request::Folds => out.push(4),
        Request::Selections(offsets) => {
            out.push(5);
            put_list(&mut out, offsets, |out, &offset| put_varint(out, u64::from(offset)));
        }
        Request::Errors(limit) => {
            out.push(6);
            put_varint(&mut out, u64::from(*limit));
        }
        Request::Facts => out.push(7),
    }
    out
}

/// A request out of a frame's body.
pub fn request(body: &[u8]) -> Option<Request> {
    let mut input = Reader::new(body);
    let it = &mut input;
    let request = match it.byte().ok()? {
        0 => Request::Open { lang: Lang::from_id(text(it)?)?, text: text(it)?.to_owned() },
        1 => Request::Edit(list(it, |it| {
            let (start, old_end, whole) = (small(it)?, small(it)?, it.byte().ok()? == 1);
            (start <= old_end).then_some(())?;
            Some(ByteEdit { start, old_end, whole, text: text(it)?.to_owned() })
        })?),
        2 => Request::Parse,
        3 => Request::Heal,
        4 => Request::Folds,
        5 => Request::Selections(list(it, small)?),
        6 => Request::Errors(small(it)?),
        7 => Request::Facts,
        _ => return None,
    };
    (input.left() == 0).then_some(request)
}

/// An answer as a frame's body.
pub fn put_answer(answer: &Answer) -> Vec<u8> {
    let mut out = Vec::new();
    match answer {
        Answer::Parsed { differences, doubtful } => {
            out.extend([0, u8::from(*doubtful)]);
            put_list(&mut out, differences, put_difference);
        }
        Answer::Folds(folds) => {
            out.push(1);
            put_list(&mut out, folds, |out, fold| {
                put_varint(out, u64::from(fold.start_line));
                put_varint(out, u64::from(fold.end_line));
                out.push(fold.kind as u8);
            });
        }
        Answer::Selections(all) => {
            out.push(2);
            put_list(&mut out, all, |out, spans| put_list(out, spans, |out, &span| put_span(out, span)));
        }
        Answer::Errors(errors) => {
            out.push(3);
            put_list(&mut out, errors, |out, error| {
                put_span(out, error.span);
                out.push(u8::from(error.missing.is_some()));
                put_text(out, error.missing.as_deref().unwrap_or_default());
            });
        }
        Answer::Facts(segments) => {
            out.push(4);
            put_list(&mut out, segments, |out, (span, sent)| {
                put_span(out, *span);
                match sent {
                    Sent::Kept(at) => {
                        out.push(0);
                        put_varint(out, u64::from(*at));
                    }
                    Sent::New(facts) => {
                        let mut bytes = Vec::new();
                        codec::encode(facts, &mut bytes);
                        out.push(1);
                        put_varint(out, bytes.len() as u64);
                        out.extend(bytes);
                    }
                }
            });
        }
    }
    out
}

/// An answer out of a frame's body.
pub fn answer(body: &[u8]) -> Option<Answer> {
    let mut input = Reader::new(body);
    let it = &mut input;
    let answer = match it.byte().ok()? {
        0 => Answer::Parsed { doubtful: it.byte().ok()? == 1, differences: list(it, difference)? },
        1 => Answer::Folds(list(it, |it| {
            let (start_line, end_line) = (small(it)?, small(it)?);
            let kinds = [FoldKind::Code, FoldKind::Comment, FoldKind::Imports, FoldKind::Region];
            Some(Fold { start_line, end_line, kind: *kinds.get(usize::from(it.byte().ok()?))? })
        })?),
        2 => Answer::Selections(list(it, |it| list(it, span))?),
        3 => Answer::Errors(list(it, |it| {
            let (span, is_missing, missing) = (span(it)?, it.byte().ok()? == 1, text(it)?);
            Some(SyntaxError { span, missing: is_missing.then(|| missing.into()) })
        })?),
        4 => Answer::Facts(list(it, |it| {
            let span = span(it)?;
            let sent = match it.byte().ok()? {
                0 => Sent::Kept(small(it)?),
                _ => {
                    let length = it.varint().ok()?;
                    Sent::New(Arc::new(codec::decode(it.take(length).ok()?).ok()?))
                }
            };
            Some((span, sent))
        })?),
        _ => return None,
    };
    (input.left() == 0).then_some(answer)
}

fn put_difference(out: &mut Vec<u8>, difference: &Difference) {
    put_list(out, &difference.renewed, |out, (at, item)| {
        put_varint(out, u64::from(*at));
        put_item(out, item);
    });
    put_varint(out, u64::from(difference.from));
    put_varint(out, u64::from(difference.removed));
    put_list(out, &difference.items, put_item);
}

fn difference(it: &mut Reader<'_>) -> Option<Difference> {
    let renewed = list(it, |it| Some((small(it)?, item(it)?)))?;
    Some(Difference { renewed, from: small(it)?, removed: small(it)?, items: list(it, item)? })
}

fn put_item(out: &mut Vec<u8>, item: &Item) {
    put_text(out, &item.name);
    put_text(out, &item.detail);
    out.extend([item.kind as u8, item.flags.0]);
    put_span(out, item.range);
    put_span(out, item.name_range);
    put_varint(out, u64::from(item.depth));
}

fn item(it: &mut Reader<'_>) -> Option<Item> {
    let (name, detail) = (text(it)?.into(), text(it)?.into());
    let (kind, flags) = (SymbolKind::from_number(it.byte().ok()?)?, SymbolFlags(it.byte().ok()?));
    let (range, name_range) = (span(it)?, span(it)?);
    Some(Item { name, detail, kind, flags, range, name_range, depth: u16::try_from(small(it)?).ok()?, scope: None })
}

fn put_list<T>(out: &mut Vec<u8>, items: &[T], put: impl Fn(&mut Vec<u8>, &T)) {
    put_varint(out, items.len() as u64);
    items.iter().for_each(|item| put(out, item));
}

fn list<T>(it: &mut Reader<'_>, take: impl Fn(&mut Reader<'_>) -> Option<T>) -> Option<Vec<T>> {
    // Every item takes a byte at least, so that `count` bounds what is allocated.
    (0..it.count().ok()?).map(|_| take(it)).collect()
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn text<'a>(it: &mut Reader<'a>) -> Option<&'a str> {
    let length = it.varint().ok()?;
    std::str::from_utf8(it.take(length).ok()?).ok()
}

fn put_span(out: &mut Vec<u8>, span: Span) {
    put_varint(out, u64::from(span.start));
    put_varint(out, u64::from(span.len()));
}

fn span(it: &mut Reader<'_>) -> Option<Span> {
    let (start, len) = (small(it)?, small(it)?);
    Some(Span { start, end: start.checked_add(len)? })
}

fn small(it: &mut Reader<'_>) -> Option<u32> {
    it.small().ok()
}
