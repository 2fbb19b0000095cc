//! Paths beneath a root, as bytes. Invariant: a `RelPath` is relative, `/`-separated, without empty, `.` or `..`
//! components, so joining it to a root never leaves the root by its text. Must not touch the file system (`os` does).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A path relative to a root; file names are bytes and need not be UTF-8. The empty path is the root itself.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Arc<[u8]>);

impl RelPath {
    /// From bytes. `None` where they are absolute, or hold NUL, an empty, `.` or `..` component.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !bytes.is_empty() {
            for part in bytes.split(|&b| b == b'/') {
                if part.is_empty() || part == b"." || part == b".." || part.contains(&0) {
                    return None;
                }
            }
        }
        Some(Self(bytes.into()))
    }

    /// From a path that is relative already (`./` is dropped). `None` where it is absolute or climbs.
    pub fn from_path(path: &Path) -> Option<Self> {
        let mut out = Vec::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::Normal(name) => {
                    if !out.is_empty() {
                        out.push(b'/');
                    }
                    out.extend_from_slice(name.as_bytes());
                }
                _ => return None,
            }
        }
        Some(Self(out.into()))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The last component (empty for the root).
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|&b| b == b'/').next().unwrap_or(&[])
    }

    /// The containing directory; the root's own is `None`.
    pub fn parent(&self) -> Option<RelPath> {
        if self.0.is_empty() {
            return None;
        }
        let cut = self.0.iter().rposition(|&b| b == b'/').unwrap_or(0);
        Some(Self(self.0[..cut].into()))
    }

    /// This directory's entry `name` (one component).
    pub fn join(&self, name: &[u8]) -> RelPath {
        let mut out = Vec::with_capacity(self.0.len() + 1 + name.len());
        out.extend_from_slice(&self.0);
        if !out.is_empty() {
            out.push(b'/');
        }
        out.extend_from_slice(name);
        Self(out.into())
    }

    /// As a relative `Path`, for joining to a root.
    pub fn to_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// The absolute path beneath `root`.
    pub fn under(&self, root: &Path) -> PathBuf {
        if self.0.is_empty() { root.to_path_buf() } else { root.join(self.to_path()) }
    }

    /// Lossy text for messages and for search by path.
    pub fn display(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl std::fmt::Debug for RelPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}
