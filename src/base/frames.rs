//! Frames between us and a worker: a length (u32, little endian) and that many bytes. Invariant: a length is bounded, and
//! what it promises allocated as it comes. Must not know what frames hold.

use std::io::{Error, ErrorKind, Read, Result, Write};

/// Writes one frame.
///
/// # Errors
/// Those of `out`; a body of 4 GiB or more.
pub fn write(out: &mut impl Write, body: &[u8]) -> Result<()> {
    let length = u32::try_from(body.len()).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(body)?;
    out.flush()
}

/// Reads one frame; `None` at the end of the stream.
///
/// # Errors
/// Those of `input`; a frame that is cut, or longer than `most` bytes.
pub fn read(input: &mut impl Read, most: usize) -> Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > most {
        return Err(Error::new(ErrorKind::InvalidData, format!("a frame of {length} bytes")));
    }
    // What is promised is not allocated before it comes.
    let mut body = Vec::with_capacity(length.min(1 << 20));
    input.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(Some(body)) }
}
