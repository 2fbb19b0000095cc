//! The workspace's folders as the client names them. Invariant: a path belongs to the innermost root that contains it; a
//! path outside of every root has no place. Touches no file.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use super::uri;
use crate::base::ids::RootId;
use crate::base::paths::RelPath;

/// What a URI means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A path beneath a root.
    Inside(RootId, RelPath),
    /// A path outside of every root: known only while it is open, never read.
    Outside(PathBuf),
    /// Another scheme, or a URI that names no path: known only while it is open.
    Virtual,
}

/// The folders that are open now.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    list: RwLock<Vec<(RootId, PathBuf)>>,
}

impl Roots {
    fn change(&self, change: impl FnOnce(&mut Vec<(RootId, PathBuf)>)) {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut list);
        // Innermost first: a longer path cannot contain a shorter one.
        list.sort_by_key(|(_, path)| std::cmp::Reverse(path.components().count()));
    }

    /// A folder, by its path as the client writes it.
    pub(crate) fn add(&self, id: RootId, folder: PathBuf) {
        self.change(|list| {
            list.retain(|(_, path)| *path != folder);
            list.push((id, folder));
        });
    }

    pub(crate) fn remove(&self, folder: &Path) {
        self.change(|list| list.retain(|(_, path)| path != folder));
    }

    pub(crate) fn list(&self) -> Vec<(RootId, PathBuf)> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where a document of the client lies.
    pub(crate) fn place(&self, uri: &str) -> Place {
        let Some(path) = uri::to_path(uri) else { return Place::Virtual };
        for (id, root) in self.list.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Ok(rest) = path.strip_prefix(root)
                && let Some(rest) = RelPath::from_path(rest)
            {
                return Place::Inside(*id, rest);
            }
        }
        Place::Outside(path)
    }

    /// A path beneath a root, given as URI, as absolute path, or relative to the first root that was opened.
    pub(crate) fn locate(&self, text: &str) -> Option<PathBuf> {
        let first = || self.list().into_iter().min_by_key(|(id, _)| *id).map(|(_, path)| path);
        let uri = match text {
            _ if text.contains(':') => text.to_owned(),
            _ if text.starts_with('/') => uri::of_path(Path::new(text)),
            _ => uri::of_path(&first()?.join(text)),
        };
        match self.place(&uri) {
            Place::Inside(root, file) => self.path(root, &file),
            Place::Outside(_) | Place::Virtual => None,
        }
    }

    /// The absolute path of a file beneath a root; none where the root was removed meanwhile.
    pub(crate) fn path(&self, root: RootId, file: &RelPath) -> Option<PathBuf> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.iter().find(|(id, _)| *id == root).map(|(_, path)| file.under(path))
    }

    /// The URI of a file beneath a root.
    pub(crate) fn uri(&self, root: RootId, file: &RelPath) -> Option<String> {
        self.path(root, file).as_deref().map(uri::of_path)
    }
}

/// A folder's path as its client wrote it, without a closing slash.
pub(crate) fn folder(uri: &str) -> Option<PathBuf> {
    let path = uri::to_path(uri)?;
    Some(Path::components(&path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_root_owns_a_file() {
        let roots = Roots::default();
        roots.add(RootId(0), "/a".into());
        roots.add(RootId(1), "/a/b".into());
        let place = |uri: &str| roots.place(uri);
        let inside = |id, path: &str| Place::Inside(RootId(id), RelPath::from_bytes(path.as_bytes()).unwrap());
        assert_eq!(place("file:///a/x.rs"), inside(0, "x.rs"));
        assert_eq!(place("file:///a/b/x.rs"), inside(1, "x.rs"));
        assert_eq!(place("file:///a/bc/x.rs"), inside(0, "bc/x.rs"));
        assert_eq!(place("file:///ab/x.rs"), Place::Outside("/ab/x.rs".into()));
        assert_eq!(place("file:///a/../etc/passwd"), Place::Virtual);
        assert_eq!(place("untitled:1"), Place::Virtual);
        assert_eq!(roots.uri(RootId(1), &RelPath::from_bytes(b"c d").unwrap()).unwrap(), "file:///a/b/c%20d");
    }
}
