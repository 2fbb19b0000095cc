//! The two compressors. Invariant: decompression never allocates more than the caller allows, whatever the bytes say.
//! Must not know what is compressed.

use std::io::Read;

use super::error::StoreError;

/// zstd's level where nothing else is asked for: 3 is its own default, at about 400 MB/s.
pub const ZSTD_LEVEL: i32 = 3;
/// Memory taken before any byte has proved that it is there.
const FIRST_ALLOCATION: usize = 1 << 20;

/// `bytes` by lz4, with their length in front.
pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    lz4_flex::block::compress_prepend_size(bytes)
}

/// What `lz4` has made; at most `most` bytes.
pub fn unlz4(bytes: &[u8], most: usize) -> Result<Vec<u8>, StoreError> {
    let (size, rest) = lz4_flex::block::uncompressed_size(bytes).map_err(|_| bad("lz4 header"))?;
    // lz4 cannot grow more than 255-fold: a larger claim is a lie.
    if size > most || size / 256 > rest.len() {
        return Err(bad("lz4 length"));
    }
    lz4_flex::block::decompress(rest, size).map_err(|_| bad("lz4 content"))
}

/// `bytes` by zstd at `level` (1 to 19).
pub fn zstd(bytes: &[u8], level: i32) -> Result<Vec<u8>, StoreError> {
    Ok(::zstd::bulk::compress(bytes, level)?)
}

/// What `zstd` has made of exactly `size` bytes.
pub fn unzstd(bytes: &[u8], size: usize) -> Result<Vec<u8>, StoreError> {
    let decoder = ::zstd::stream::read::Decoder::with_buffer(bytes).map_err(|_| bad("zstd header"))?;
    let mut out = Vec::with_capacity(size.min(FIRST_ALLOCATION));
    decoder.take(size as u64 + 1).read_to_end(&mut out).map_err(|_| bad("zstd content"))?;
    if out.len() != size {
        return Err(bad("zstd length"));
    }
    Ok(out)
}

fn bad(what: &'static str) -> StoreError {
    StoreError::damaged("compressed data", what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(0..4_u8, 0..5000)) {
            prop_assert_eq!(&unlz4(&lz4(&bytes), 5000).unwrap(), &bytes);
            prop_assert_eq!(&unzstd(&zstd(&bytes, 3).unwrap(), bytes.len()).unwrap(), &bytes);
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_bounded(bytes in any::<Vec<u8>>(), size in 0..100_000_usize) {
            prop_assert!(unlz4(&bytes, size).map_or(0, |it| it.len()) <= size);
            prop_assert!(unzstd(&bytes, size).map_or(size, |it| it.len()) == size);
        }
    }

    #[test]
    fn lying_lengths_are_refused() {
        let packed = zstd(&[0; 1 << 20], 3).unwrap();
        assert!(unzstd(&packed, (1 << 20) - 1).is_err());
        assert!(unzstd(&packed, (1 << 20) + 1).is_err());
        assert!(unlz4(&lz4(&[0; 1 << 20]), (1 << 20) - 1).is_err());
        assert!(unlz4(&[255, 255, 255, 127, 0, 0], usize::MAX).is_err());
    }
}
