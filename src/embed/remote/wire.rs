//! Frames between us and the embedding worker. Invariants: a frame is a length (u32, little endian) and that many bytes;
//! every length is bounded before it allocates; what the worker says is checked, for it runs foreign code. Must not know
//! processes.

use std::io::Read;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use crate::base::frames::write as write_frame;

use crate::base::frames;
use crate::base::hash::Key;
use crate::embed::Purpose;
use crate::embed::device::{Device, Refusal, Wanted};
use crate::embed::folder::ModelFolder;

/// Largest frame: a request of 256 texts, or as many vectors of the largest dimension, with room to spare.
const MOST_FRAME: usize = 32 << 20;
/// Most texts of one request.
pub const MOST_TEXTS: usize = 256;
/// Largest dimension of a vector.
pub const MOST_DIMENSIONS: usize = 8_192;

/// The first frame to a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    /// What both ends are a build of.
    pub build: String,
    /// A user's model; none: the default one.
    pub model: Option<ModelFolder>,
    pub library: PathBuf,
    pub wanted: Wanted,
    pub rows: usize,
    pub tokens: usize,
    /// Milliseconds that a batch may take.
    pub time: u64,
    pub threads: usize,
    /// Obey the fault marks in texts (tests).
    pub faults: bool,
}

/// What a worker says of itself once it can work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    pub device: Device,
    pub dimensions: usize,
    pub refused: Vec<Refusal>,
}

/// One frame of a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It opens the model on this device: should it die, that is to blame.
    Trying(Device),
    Ready(Ready),
    /// It cannot work, and says why.
    Failed(String),
    /// Vectors of texts of one request, by their place in it; an empty one of a text that has no token.
    Vectors(u64, Vec<(u32, Vec<f32>)>),
    /// Why a text of a request has no vector.
    Refused(u64, u32, String),
    /// Memory ran out: so many tokens at once from now on.
    Bound(usize),
}

/// A request: texts that are embedded for one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub number: u64,
    pub purpose: Purpose,
    pub texts: Vec<String>,
}

/// Identifies the build: a worker of another one is not talked to.
pub fn build() -> String {
    let parts = [crate::embed::MODEL, crate::embed::TOKENIZER, env!("CARGO_PKG_VERSION").as_bytes()];
    Key::of("embedding worker 1", &parts).0.iter().map(|it| format!("{it:02x}")).collect()
}

/// Reads one frame; `None` at the end of the stream.
pub fn read_frame(input: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    frames::read(input, MOST_FRAME)
}

/// A request as a frame's body.
pub fn put_request(purpose: Purpose, number: u64, texts: &[&str]) -> Vec<u8> {
    let mut out = vec![u8::from(purpose == Purpose::Question)];
    out.extend_from_slice(&number.to_le_bytes());
    for text in texts {
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

/// The request in a frame's body; `None` where it is malformed.
pub fn take_request(body: &[u8]) -> Option<Request> {
    let (&purpose, rest) = body.split_first()?;
    let purpose = if purpose == 1 { Purpose::Question } else { Purpose::Passage };
    let (number, mut rest) = rest.split_at_checked(8)?;
    let number = u64::from_le_bytes(number.try_into().ok()?);
    let mut texts = Vec::new();
    while !rest.is_empty() && texts.len() < MOST_TEXTS {
        let length = take_u32(&mut rest)? as usize;
        let (text, tail) = rest.split_at_checked(length)?;
        texts.push(std::str::from_utf8(text).ok()?.to_owned());
        rest = tail;
    }
    rest.is_empty().then_some(Request { number, purpose, texts })
}

/// What a worker says, as a frame's body.
pub fn put(said: &Said) -> Vec<u8> {
    let json = |kind: u8, value: serde_json::Result<Vec<u8>>| [vec![kind], value.unwrap_or_default()].concat();
    match said {
        Said::Trying(device) => json(b'T', serde_json::to_vec(device)),
        Said::Ready(ready) => json(b'R', serde_json::to_vec(ready)),
        Said::Failed(why) => [b"F", why.as_bytes()].concat(),
        Said::Bound(tokens) => [b"M".as_slice(), &(*tokens as u64).to_le_bytes()].concat(),
        Said::Refused(number, place, why) => {
            [b"B".as_slice(), &number.to_le_bytes(), &place.to_le_bytes(), why.as_bytes()].concat()
        }
        Said::Vectors(number, rows) => {
            let mut out = [b"V".as_slice(), &number.to_le_bytes()].concat();
            for (place, vector) in rows {
                out.extend_from_slice(&place.to_le_bytes());
                out.extend_from_slice(&(vector.len() as u32).to_le_bytes());
                vector.iter().for_each(|it| out.extend_from_slice(&it.to_le_bytes()));
            }
            out
        }
    }
}

/// What stands in a worker's frame; `None` where it makes no sense.
pub fn take(body: &[u8]) -> Option<Said> {
    let (&kind, mut rest) = body.split_first()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(2_000).collect::<String>();
    Some(match kind {
        b'T' => Said::Trying(serde_json::from_slice(rest).ok()?),
        b'R' => {
            let ready: Ready = serde_json::from_slice(rest).ok()?;
            (1..=MOST_DIMENSIONS).contains(&ready.dimensions).then_some(Said::Ready(ready))?
        }
        b'F' => Said::Failed(text(rest)),
        b'M' => Said::Bound(usize::try_from(take_u64(&mut rest)?).ok()?),
        b'B' => {
            let (number, place) = (take_u64(&mut rest)?, take_u32(&mut rest)?);
            Said::Refused(number, place, text(rest))
        }
        b'V' => {
            let number = take_u64(&mut rest)?;
            let mut rows = Vec::new();
            while !rest.is_empty() {
                let (place, length) = (take_u32(&mut rest)?, take_u32(&mut rest)? as usize);
                let (bytes, tail) = rest.split_at_checked(length.checked_mul(4)?)?;
                rows.push((place, bytes.as_chunks::<4>().0.iter().map(|it| f32::from_le_bytes(*it)).collect()));
                rest = tail;
            }
            Said::Vectors(number, rows)
        }
        _ => return None,
    })
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    let (taken, rest) = bytes.split_at_checked(4)?;
    *bytes = rest;
    Some(u32::from_le_bytes(taken.try_into().ok()?))
}

fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let (taken, rest) = bytes.split_at_checked(8)?;
    *bytes = rest;
    Some(u64::from_le_bytes(taken.try_into().ok()?))
}
