//! Worktrees: which other roots are checkouts of the same repository. Invariants: what git keeps is read as data, bounded,
//! through the one door, and nothing of it is run; no path that a workspace names is touched unless it lies in this root or
//! in one whose index this user has made; a linked worktree counts only where its repository names it back. Must not know
//! packs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::base::os::{EntryKind, RootDir};
use crate::base::paths::RelPath;

/// Git's own pointers are one path long.
const MOST_READ: u64 = 4 << 10;
/// Worktrees of one repository that are looked at.
const MOST_LINKED: usize = 256;

/// The repository that a root is a checkout of.
#[derive(Debug, PartialEq, Eq)]
struct Checkout {
    /// The root that holds the repository itself, in `.git`.
    home: PathBuf,
    /// The name of a linked worktree; none: the root is the home.
    linked: Option<Vec<u8>>,
}

/// The other checkouts of the repository that `root` is one of, those that `is_known` says to have an index: the
/// repository's home first.
pub fn relatives(root: &RootDir, is_known: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let Some(own) = checkout(root) else { return Vec::new() };
    // Only here may the repository be looked at: it lies in this root, or in one that was opened before.
    if own.home != root.path() && !is_known(&own.home) {
        return Vec::new();
    }
    let Ok(home) = RootDir::open(&own.home) else { return Vec::new() };
    if own.linked.as_ref().is_some_and(|name| linked_at(&home, name).as_deref() != Some(root.path())) {
        return Vec::new();
    }
    let linked = names(&home).into_iter().filter_map(|name| Some((linked_at(&home, &name)?, Some(name))));
    let all = std::iter::once((own.home.clone(), None)).chain(linked);
    let is_relative = |(path, linked): &(PathBuf, Option<Vec<u8>>)| {
        let theirs = || RootDir::open(path).ok().and_then(|it| checkout(&it));
        path != root.path() && is_known(path) && theirs().is_some_and(|it| it.home == own.home && it.linked == *linked)
    };
    all.filter(is_relative).map(|it| it.0).collect()
}

/// What the `.git` of a root says.
fn checkout(root: &RootDir) -> Option<Checkout> {
    let name = RelPath::from_bytes(b".git")?;
    match root.stat(&name).ok()?.1 {
        EntryKind::Directory => Some(Checkout { home: root.path().to_path_buf(), linked: None }),
        EntryKind::File => {
            let (bytes, _) = root.read(&name, MOST_READ).ok()?;
            // `<home>/.git/worktrees/<name>`; a submodule's `.git` points elsewhere.
            let place = pointed(bytes.strip_prefix(b"gitdir: ")?, root.path())?;
            let repository = place.parent().filter(|it| it.ends_with("worktrees"))?.parent()?;
            let home = repository.parent().filter(|_| repository.ends_with(".git"))?.to_path_buf();
            Some(Checkout { home, linked: Some(place.file_name()?.as_bytes().to_vec()) })
        }
        _ => None,
    }
}

/// The names of the linked worktrees of a repository, in their order.
fn names(home: &RootDir) -> Vec<Vec<u8>> {
    let Some(place) = RelPath::from_bytes(b".git/worktrees") else { return Vec::new() };
    let Ok((entries, _)) = home.directory(&place).and_then(|it| it.entries()) else { return Vec::new() };
    let folders = entries.into_iter().filter(|it| it.kind == EntryKind::Directory);
    let mut out: Vec<Vec<u8>> = folders.map(|it| it.name.to_vec()).collect();
    out.sort();
    out.truncate(MOST_LINKED);
    out
}

/// Where a repository says that one of its linked worktrees is.
fn linked_at(home: &RootDir, name: &[u8]) -> Option<PathBuf> {
    let folder = RelPath::from_bytes(b".git/worktrees")?.join(name);
    let (bytes, _) = home.read(&folder.join(b"gitdir"), MOST_READ).ok()?;
    let file = pointed(&bytes, &folder.under(home.path()))?;
    file.parent().filter(|_| file.ends_with(".git")).map(Path::to_path_buf)
}

/// The path that a file of git's holds, relative ones beneath `from`; by its text alone.
fn pointed(bytes: &[u8], from: &Path) -> Option<PathBuf> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if text.is_empty() || text.contains(&0) || text.contains(&b'\n') {
        return None;
    }
    let mut out = PathBuf::new();
    for part in from.join(OsStr::from_bytes(text)).components() {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out.is_absolute().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with two linked worktrees, as git makes them.
    struct Place {
        dir: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let it = Self { dir: tempfile::tempdir().unwrap() };
            for name in ["one", "two"] {
                it.write(&format!("main/.git/worktrees/{name}/gitdir"), &format!("{}/.git\n", it.path(name).display()));
                let back = it.path("main").join(".git/worktrees").join(name);
                it.write(&format!("{name}/.git"), &format!("gitdir: {}\n", back.display()));
            }
            it
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().canonicalize().unwrap().join(name)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        /// The relatives of a root where these are known.
        fn relatives(&self, root: &str, known: &[&str]) -> Vec<String> {
            let root = RootDir::open(&self.path(root)).unwrap();
            let is_known = |path: &Path| known.iter().any(|it| self.path(it) == path);
            let name = |it: PathBuf| it.file_name().unwrap().to_str().unwrap().to_owned();
            relatives(&root, is_known).into_iter().map(name).collect()
        }
    }

    #[test]
    fn checkouts_of_one_repository_find_each_other() {
        let place = Place::new();
        assert_eq!(place.relatives("one", &["main", "two"]), ["main", "two"]);
        assert_eq!(place.relatives("two", &["main"]), ["main"]);
        assert_eq!(place.relatives("main", &["one", "two", "main"]), ["one", "two"]);
        assert_eq!(place.relatives("main", &[]), [""; 0]);
        assert_eq!(place.relatives("one", &["two"]), [""; 0], "the repository itself is nobody's root");
        place.write("one/.git", "gitdir: ../main/.git/worktrees/one\n");
        place.write("main/.git/worktrees/one/gitdir", "../../../../one/.git\n");
        assert_eq!(
            place.relatives("one", &["main", "two"]),
            ["main", "two"],
            "relative paths, as newer gits write them"
        );
    }

    #[test]
    fn a_root_that_its_repository_does_not_name_has_no_relatives() {
        let place = Place::new();
        let stolen = format!("gitdir: {}\n", place.path("main/.git/worktrees/one").display());
        place.write("hostile/.git", &stolen);
        assert_eq!(place.relatives("hostile", &["main", "one", "two"]), [""; 0]);
        let long = format!("gitdir: {}{}\n", "./".repeat(3_000), place.path("main/.git/worktrees/one").display());
        for text in ["", "gitdir: ", "gitdir: /", "gitdir: ../../..\n", "gitdir: a\0b", "gitdir: a\nb\n", &long] {
            place.write("hostile/.git", text);
            assert_eq!(place.relatives("hostile", &["main", "one", "two"]), [""; 0], "{text:.40}");
        }
        std::fs::remove_file(place.path("hostile/.git")).unwrap();
        std::os::unix::fs::symlink(place.path("one/.git"), place.path("hostile/.git")).unwrap();
        assert_eq!(place.relatives("hostile", &["main", "one", "two"]), [""; 0]);
        // A worktree that was taken away, and its name given to another repository's.
        place.write("one/.git", "gitdir: /elsewhere/.git/worktrees/one\n");
        assert_eq!(place.relatives("two", &["main", "one"]), ["main"]);
    }
}
