//! The bytes of a pack: a map of the file, or a copy. Invariants: they start at an address divisible by 64, and never
//! change. The one place of `unsafe` in the store. Must not know the format.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::sync::Arc;

/// Alignment of the first byte.
pub const ALIGNMENT: usize = 64;

/// A file's content for reading in place.
#[derive(Debug)]
pub struct DiskBytes(Repr);

#[derive(Debug)]
enum Repr {
    Mapped(memmap2::Mmap),
    /// A vector with some bytes in front, so that the content starts aligned.
    Held {
        buffer: Vec<u8>,
        start: usize,
    },
    Shared(Arc<DiskBytes>),
}

impl DiskBytes {
    /// A copy of `content`.
    pub fn copied(content: &[u8]) -> Self {
        let (mut buffer, start) = aligned(content.len());
        buffer.extend_from_slice(content);
        Self(Repr::Held { buffer, start })
    }

    /// The same bytes for one more user.
    pub fn shared(of: Arc<DiskBytes>) -> Self {
        Self(Repr::Shared(of))
    }

    /// Reads all of `file`, which is `size` bytes long; shorter or longer is an error.
    pub fn read(file: &mut File, size: u64) -> io::Result<Self> {
        let size = usize::try_from(size).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let (mut buffer, start) = aligned(size);
        let end = start + size;
        buffer.resize(end, 0);
        file.read_exact(&mut buffer[start..end])?;
        if file.read(&mut [0])? != 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "grew while it was read"));
        }
        Ok(Self(Repr::Held { buffer, start }))
    }

    /// Maps `file`, an immutable file of a private directory. An empty file is held, since it cannot be mapped.
    #[allow(unsafe_code)]
    pub fn map(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self::copied(&[]));
        }
        // SAFETY: the file lies in a directory that only this user may enter, was complete and synced before it got its
        // name, and is never written again by us (a change makes a new file; a removal leaves the map alive). Another
        // program of the same user could still cut it short: the process would then end with SIGBUS, and start again
        // with a rebuilt index; `StoreOptions::use_mmap` unset reads instead.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self(Repr::Mapped(map)))
    }

    /// Whether the bytes are a map (and thus cost no memory of their own).
    pub fn is_mapped(&self) -> bool {
        matches!(self.0, Repr::Mapped(_))
    }

    /// Gives the pages of a map back to the system; they return from the file at the next use.
    #[allow(unsafe_code)]
    pub fn release_pages(&self) {
        if let Repr::Mapped(map) = &self.0 {
            // SAFETY: for a read-only map of a file, dropped pages are read again from the same, unchanged file.
            // A refusal only means that the memory stays in use.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

/// An empty vector with room for `size` bytes, filled up to the first aligned place.
fn aligned(size: usize) -> (Vec<u8>, usize) {
    let mut buffer: Vec<u8> = Vec::with_capacity(size + ALIGNMENT);
    let start = buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
    buffer.resize(start, 0);
    (buffer, start)
}

impl Deref for DiskBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Mapped(map) => map,
            Repr::Held { buffer, start } => &buffer[*start..],
            Repr::Shared(it) => it,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn all_forms_hold_the_content_aligned() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"content").unwrap();
        let forms = [DiskBytes::copied(b"content"), DiskBytes::map(&file).unwrap()];
        for form in forms {
            assert_eq!(&*form, b"content");
            assert_eq!(form.as_ptr().align_offset(ALIGNMENT), 0);
            form.release_pages();
            assert_eq!(&*form, b"content");
        }
        assert_eq!(&*DiskBytes::map(&tempfile::tempfile().unwrap()).unwrap(), b"");
    }

    #[test]
    fn a_file_of_another_size_is_an_error() {
        use std::io::{Seek, SeekFrom};
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"content").unwrap();
        for (size, fits) in [(6, false), (7, true), (8, false)] {
            file.seek(SeekFrom::Start(0)).unwrap();
            assert_eq!(DiskBytes::read(&mut file, size).is_ok(), fits, "{size}");
        }
    }
}
