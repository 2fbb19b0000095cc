//! Varints (LEB128) and a reader that never runs past its end. Invariant: what is put can be read back; a count is
//! bounded by the bytes that are left before anything is allocated. Must not know what the numbers mean.

use super::{CodecError, MAX_ITEMS};

/// Appends `value` in groups of seven bits, lowest first.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed value, small magnitudes short.
#[inline]
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// A cursor over foreign bytes.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes not read yet.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[inline]
    pub fn byte(&mut self) -> Result<u8, CodecError> {
        let byte = *self.bytes.get(self.at).ok_or(CodecError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    /// A varint of at most 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut value = u64::from(first & 0x7F);
        for group in 1..10 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << (7 * group);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecError::Invalid("varint"))
    }

    /// A varint that must fit 32 bits.
    #[inline]
    pub fn small(&mut self) -> Result<u32, CodecError> {
        u32::try_from(self.varint()?).map_err(|_| CodecError::Invalid("number"))
    }

    /// A value of `put_signed`.
    #[inline]
    pub fn signed(&mut self) -> Result<i64, CodecError> {
        let raw = self.varint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// The length of a table whose items take at least one byte each.
    pub fn count(&mut self) -> Result<usize, CodecError> {
        let count = self.varint()?;
        if count > self.left() as u64 || count > MAX_ITEMS { Err(CodecError::Truncated) } else { Ok(count as usize) }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: u64) -> Result<&'a [u8], CodecError> {
        if length > self.left() as u64 {
            return Err(CodecError::Truncated);
        }
        let start = self.at;
        self.at += length as usize;
        Ok(&self.bytes[start..self.at])
    }
}
