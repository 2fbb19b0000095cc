//! Every system call that the standard library does not make for us, through rustix. Invariants: a workspace path is
//! opened in one function (`beneath`), without links, non-blocking, regular, within a size; nothing here starts a
//! process. Must not know: what the bytes mean, the index, the protocol.

pub mod allocator;
pub mod beneath;
pub mod directories;
pub mod ends;
pub mod lock;
pub mod machine;
pub mod memory;
pub mod private;
pub mod process;
pub mod stamp;
pub mod terminal;

pub use beneath::{Entry, EntryKind, OpenError, RootDir};
pub use lock::FileLock;
pub use private::PrivateDir;
pub use stamp::FileStamp;
