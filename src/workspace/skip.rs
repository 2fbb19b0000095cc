//! Why a file or folder is not indexed. Invariant: every path that the walk meets and leaves out has exactly one reason, and
//! a reason has one code on disk for ever. Must not know how a reason was found.

/// Why something is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    /// An ignore file or an exclude setting says so; the text names which.
    Ignored(String),
    /// The name is on the list of secrets.
    Secret,
    /// A symbolic link: links are not followed.
    Link,
    /// A FIFO, socket or device.
    Special,
    /// A folder on `directory_filtering.skip_large_directories`.
    LargeDirectory,
    /// The repository's own data (`.git`).
    Repository,
    /// A folder whose ignore file cannot be believed (not a regular file, too long, too many patterns).
    IgnoreFile(String),
    /// Deeper than the walk goes.
    TooDeep,
    /// Longer than `tracking.size_limit`.
    TooLarge,
    /// A NUL byte in the first 8 KiB.
    Binary,
    /// The system refused: the message names the error.
    Unreadable(String),
    /// Its parser did not end in time, or died; tried again when its content or our version changes, when somebody asks for
    /// everything to be looked at again, and, where it took too much memory, when it may take more.
    Quarantined(String),
    /// Not reached yet by the running pass.
    Pending,
    /// Not of a language that the settings name.
    Language,
}

const SUSPECTED: &str = "its parser had not ended when indexing did";
const TOO_MUCH: &str = "its parser took more than ";
const MEGABYTES: &str = " MB";

impl Skip {
    /// The number on disk.
    pub fn code(&self) -> u8 {
        match self {
            Self::Ignored(_) => 1,
            Self::Secret => 2,
            Self::Link => 3,
            Self::Special => 4,
            Self::LargeDirectory => 5,
            Self::Repository => 6,
            Self::IgnoreFile(_) => 7,
            Self::TooDeep => 8,
            Self::TooLarge => 9,
            Self::Binary => 10,
            Self::Unreadable(_) => 11,
            Self::Quarantined(_) => 12,
            Self::Pending => 13,
            Self::Language => 14,
        }
    }

    /// From the number on disk and its detail; unknown numbers are `Pending`, so that the file is looked at again.
    pub fn from_code(code: u8, detail: &str) -> Self {
        match code {
            1 => Self::Ignored(detail.to_owned()),
            2 => Self::Secret,
            3 => Self::Link,
            4 => Self::Special,
            5 => Self::LargeDirectory,
            6 => Self::Repository,
            7 => Self::IgnoreFile(detail.to_owned()),
            8 => Self::TooDeep,
            9 => Self::TooLarge,
            10 => Self::Binary,
            11 => Self::Unreadable(detail.to_owned()),
            12 => Self::Quarantined(detail.to_owned()),
            14 => Self::Language,
            _ => Self::Pending,
        }
    }

    /// What is noted of a text while its parser does not get done with it: its last outcome replaces the note.
    pub fn suspected() -> Self {
        Self::Quarantined(SUSPECTED.to_owned())
    }

    /// Whether it is that note. It speaks of one file at one time: the same text may be good.
    pub fn is_suspicion(&self) -> bool {
        matches!(self, Self::Quarantined(why) if why == SUSPECTED)
    }

    /// Why a text is quarantined whose parser took more than `limit` bytes.
    pub fn too_much_memory(limit: u64) -> String {
        format!("{TOO_MUCH}{}{MEGABYTES}", limit >> 20)
    }

    /// Whether it is that, and the limit was lower than this one.
    pub fn fits_into(&self, limit: u64) -> bool {
        let Self::Quarantined(why) = self else { return false };
        let number = why.strip_prefix(TOO_MUCH).and_then(|it| it.strip_suffix(MEGABYTES));
        number.and_then(|it| it.parse::<u64>().ok()).is_some_and(|it| it < limit >> 20)
    }

    /// What stands behind the code, where it has a detail.
    pub fn detail(&self) -> &str {
        match self {
            Self::Ignored(text) | Self::IgnoreFile(text) | Self::Unreadable(text) | Self::Quarantined(text) => text,
            _ => "",
        }
    }
}

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ignored(by) => write!(f, "ignored: {by}"),
            Self::Secret => f.write_str("secret: its name is on the list of files that are never indexed"),
            Self::Link => f.write_str("link: symbolic links are not followed"),
            Self::Special => f.write_str("special: not a regular file"),
            Self::LargeDirectory => f.write_str("large folder: listed in directory_filtering.skip_large_directories"),
            Self::Repository => f.write_str("repository data"),
            Self::IgnoreFile(why) => write!(f, "folder not indexed: {why}"),
            Self::TooDeep => f.write_str("too deep: the walk ends at this depth"),
            Self::TooLarge => f.write_str("too large: beyond tracking.size_limit"),
            Self::Binary => f.write_str("binary: a NUL byte in the first 8 KiB"),
            Self::Unreadable(why) => write!(f, "unreadable: {why}"),
            Self::Quarantined(why) => write!(f, "quarantined: {why}"),
            Self::Pending => f.write_str("not indexed yet"),
            Self::Language => f.write_str("language switched off in the settings"),
        }
    }
}
