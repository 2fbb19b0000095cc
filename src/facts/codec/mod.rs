//! Facts as bytes: between processes (`encode`, whole) and in packs (`encode_stored`: without the text of names, which the
//! pack's dictionary has, and without terms, which its postings have). Tables are written column by column as varints, so
//! that they compress well. Invariant: `decode(encode(f)) == f`, and decoding foreign bytes ends in facts whose indices
//! are in range and whose parents precede their children, or in an error. Must not know packs or paths.

mod bytes;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use bytes::{Reader, put_signed, put_varint};

use super::{Facts, NameIx, Names};

/// Version of this format; part of the recipe. Raise it with every change here or in `facts/kinds.rs`.
pub const VERSION: u8 = 2;

/// No table of a segment is longer: a segment has at most 4 MiB of text.
const MAX_ITEMS: u64 = 1 << 23;

/// Why bytes are no facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// They end too early, or a count promises more than there is.
    Truncated,
    /// They were written by another version of the codec.
    Version(u8),
    /// A number is out of its range; names the table.
    Invalid(&'static str),
}

impl std::fmt::Display for CodecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truncated => write!(f, "facts end too early"),
            Self::Version(found) => write!(f, "facts of codec version {found}, not {VERSION}"),
            Self::Invalid(table) => write!(f, "facts hold a bad value in {table}"),
        }
    }
}

impl std::error::Error for CodecError {}

/// Appends all of `facts` to `out`.
pub fn encode(facts: &Facts, out: &mut Vec<u8>) {
    out.push(VERSION);
    put_varint(out, facts.names.len() as u64);
    for (_, name) in facts.names.iter() {
        put_varint(out, name.len() as u64);
    }
    for (_, name) in facts.names.iter() {
        out.extend_from_slice(name.as_bytes());
    }
    write::body(facts, &|name| name.0, true, out);
}

/// The facts that `encode` wrote; the whole of `bytes` must be theirs.
pub fn decode(bytes: &[u8]) -> Result<Facts, CodecError> {
    let mut input = Reader::new(bytes);
    version(&mut input)?;
    let count = input.count()?;
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        lengths.push(input.varint()?);
    }
    let mut names = Names::default();
    for (at, length) in lengths.into_iter().enumerate() {
        let text = std::str::from_utf8(input.take(length)?).map_err(|_| CodecError::Invalid("names"))?;
        if names.intern(text) != NameIx(at as u32) {
            return Err(CodecError::Invalid("names"));
        }
    }
    read::body(&mut input, names, true)
}

/// Appends `facts` without the text of names and without terms. Returns the names that it needs, sorted by their bytes:
/// the caller keeps them and gives them back, in this order, to `decode_stored`.
pub fn encode_stored(facts: &Facts, out: &mut Vec<u8>) -> Vec<NameIx> {
    let used = write::used_names(facts);
    let mut kept: Vec<NameIx> = (0..facts.names.len() as u32).map(NameIx).filter(|n| used[n.0 as usize]).collect();
    kept.sort_unstable_by_key(|&name| facts.text(name));
    let mut renumbered = vec![0u32; facts.names.len()];
    for (at, name) in kept.iter().enumerate() {
        renumbered[name.0 as usize] = at as u32;
    }
    out.push(VERSION);
    write::body(facts, &|name| renumbered.get(name.0 as usize).copied().unwrap_or(0), false, out);
    kept
}

/// The facts that `encode_stored` wrote, over its names. Passages have no terms.
pub fn decode_stored(bytes: &[u8], names: Names) -> Result<Facts, CodecError> {
    let mut input = Reader::new(bytes);
    version(&mut input)?;
    read::body(&mut input, names, false)
}

fn version(input: &mut Reader<'_>) -> Result<(), CodecError> {
    match input.byte()? {
        VERSION => Ok(()),
        other => Err(CodecError::Version(other)),
    }
}
