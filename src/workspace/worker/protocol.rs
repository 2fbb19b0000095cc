//! Frames between us and a worker. Invariants: a frame is a length (u32, little endian) and that many bytes; every length
//! is bounded before it allocates; both ends are the same build (the handshake says so). Must not know processes.

use std::io::Read;

pub use crate::base::frames::write as write_frame;

use crate::base::frames;
use crate::base::hash::Key;
use crate::base::span::Span;
use crate::facts::codec;
use crate::syntax::extract::{Degraded, Segment};
use crate::syntax::languages::{Lang, recipe};

/// The longest frame that is believed.
pub const MAX_FRAME: usize = 192 << 20;
const MAGIC: &[u8; 4] = b"PTW1";

/// One file in a request.
#[derive(Debug)]
pub struct Request<'a> {
    pub lang: Lang,
    pub text: &'a str,
}

/// One segment in an answer: its span in the text and its facts as bytes of the codec.
#[derive(Clone, Debug, PartialEq)]
pub struct RawSegment {
    pub span: Span,
    pub facts: Vec<u8>,
}

/// One answer: the segments of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub segments: Vec<RawSegment>,
    pub degraded: Option<Degraded>,
}

/// Identifies what this executable makes of a text.
pub fn build_id() -> Key {
    let mut parts: Vec<Vec<u8>> = vec![env!("CARGO_PKG_VERSION").into(), vec![codec::VERSION]];
    parts.extend(Lang::all().map(|lang| recipe(lang).0.to_vec()));
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Key::of("build", &parts)
}

/// What a worker says first.
pub fn hello() -> Vec<u8> {
    [MAGIC.as_slice(), &build_id().0].concat()
}

/// Reads one frame; `None` at the end of the stream.
pub fn read_frame(input: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    frames::read(input, MAX_FRAME)
}

/// A batch of files as one frame's body.
pub fn put_batch<'a>(files: impl Iterator<Item = Request<'a>>) -> Vec<u8> {
    let mut out = Vec::new();
    for file in files {
        out.push(file.lang.0);
        out.extend_from_slice(&(file.text.len() as u32).to_le_bytes());
        out.extend_from_slice(file.text.as_bytes());
    }
    out
}

/// The next file of a batch's body, which is shortened by it; `None` where it ends or is malformed.
pub fn take_request<'a>(body: &mut &'a [u8]) -> Option<Request<'a>> {
    let (&lang, rest) = body.split_first()?;
    let length = take_u32(rest)? as usize;
    let text = rest.get(4..4usize.checked_add(length)?)?;
    *body = &rest[4 + length..];
    Some(Request { lang: Lang(lang), text: std::str::from_utf8(text).ok()? })
}

/// One answer as a frame's body.
pub fn put_answer(segments: &[Segment], degraded: Option<Degraded>) -> Vec<u8> {
    let mut out = vec![match degraded {
        None => 0,
        Some(Degraded::TooLarge) => 1,
        Some(Degraded::LongLine) => 2,
        Some(Degraded::TooSlow) => 3,
        Some(Degraded::ManyKeys) => 4,
    }];
    let mut facts = Vec::new();
    for segment in segments {
        facts.clear();
        codec::encode(&segment.facts, &mut facts);
        for number in [segment.span.start, segment.span.end, facts.len() as u32] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&facts);
    }
    out
}

/// The answer in a frame's body; `None` where it is malformed. The facts themselves are checked by who decodes them.
pub fn take_answer(body: &[u8]) -> Option<Answer> {
    let (&code, mut rest) = body.split_first()?;
    let degraded = match code {
        0 => None,
        1 => Some(Degraded::TooLarge),
        2 => Some(Degraded::LongLine),
        3 => Some(Degraded::TooSlow),
        4 => Some(Degraded::ManyKeys),
        _ => return None,
    };
    let mut segments = Vec::new();
    let mut end = 0;
    while !rest.is_empty() {
        let span = Span { start: take_u32(rest)?, end: take_u32(rest.get(4..)?)? };
        let length = take_u32(rest.get(8..)?)? as usize;
        let facts = rest.get(12..12usize.checked_add(length)?)?.to_vec();
        // Segments tile the text in order.
        if span.start != end || span.end < span.start {
            return None;
        }
        end = span.end;
        segments.push(RawSegment { span, facts });
        rest = &rest[12 + length..];
    }
    Some(Answer { segments, degraded })
}

fn take_u32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?))
}
