//! What can go wrong with the index on disk. Invariant: every error names the file and says what follows from it; none
//! of them is a reason to stop answering.

use std::io;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Bytes on disk are not what was written: the file is set aside and rebuilt.
    #[error("{file} is damaged ({what}); it will be rebuilt")]
    Damaged { file: String, what: &'static str },
    /// A pack has no section of this number.
    #[error("{file} has no section {id}")]
    NoSection { file: String, id: u32 },
    /// Written by another version of the format.
    #[error("{file} has format {found}, this version reads format {wanted}; it will be rebuilt")]
    Format { file: String, found: u32, wanted: u32 },
    /// Another process writes this index; this one only reads it.
    #[error("another process writes this index; this one follows it")]
    NotWriter,
    /// More than the format can hold.
    #[error("{what} is beyond what one pack can hold")]
    TooLarge { what: &'static str },
    /// The system refused; the message holds the path.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl StoreError {
    pub(crate) fn damaged(file: &str, what: &'static str) -> Self {
        Self::Damaged { file: file.to_owned(), what }
    }

    /// Whether the file itself is at fault (and not the moment): it is to be set aside.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Format { .. } | Self::NoSection { .. } => true,
            Self::Io(it) => it.kind() == io::ErrorKind::InvalidData,
            Self::NotWriter | Self::TooLarge { .. } => false,
        }
    }
}
