//! Documents that were closed as they are on disk: they answer until their files have been looked at, so that no answer falls
//! back to what the file was before. Invariant: a document that is open again is never closed by what was asked before. Must
//! not know how files are looked at.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::ids::RootId;
use crate::base::paths::RelPath;

/// Those that wait, and whether their files were left to a crawl that looks later.
type Waiting = HashMap<(RootId, RelPath), bool>;

#[derive(Default)]
pub(super) struct Closing(Mutex<Waiting>);

impl Closing {
    /// To be closed when its file has been looked at.
    pub fn wait(&self, root: RootId, path: RelPath) {
        self.all().insert((root, path), false);
    }

    /// Runs `open` for a document that is open (again).
    pub fn open<T>(&self, root: RootId, path: &RelPath, open: impl FnOnce() -> T) -> T {
        let mut all = self.all();
        if !all.is_empty() {
            all.remove(&(root, path.clone()));
        }
        // Held until it is done: a look that ends now must not close it behind that.
        open()
    }

    /// Those of `paths` that wait: what a look that begins now will have seen.
    pub fn among<'p>(&self, root: RootId, paths: impl Iterator<Item = &'p RelPath>) -> Vec<RelPath> {
        let all = self.all();
        if all.is_empty() {
            return Vec::new();
        }
        paths.filter(|it| all.contains_key(&(root, (*it).clone()))).cloned().collect()
    }

    /// A file is left to another crawl: the look at hand does not count for it.
    pub fn left(&self, root: RootId, path: &RelPath) {
        let mut all = self.all();
        if !all.is_empty()
            && let Some(left) = all.get_mut(&(root, path.clone()))
        {
            *left = true;
        }
    }

    /// Their files have been looked at: `close` is run for those that still wait and were not left to another crawl.
    pub fn seen(&self, root: RootId, paths: Vec<RelPath>, close: impl Fn(RelPath)) {
        if paths.is_empty() {
            return;
        }
        let mut all = self.all();
        for path in paths {
            let it = (root, path);
            match all.get_mut(&it) {
                Some(left) if *left => *left = false,
                Some(_) => {
                    all.remove(&it);
                    close(it.1);
                }
                None => {}
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn path(text: &str) -> RelPath {
        RelPath::from_bytes(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_waited_when_the_look_began_is_closed_by_it() {
        let (it, root) = (Closing::default(), RootId(0));
        let paths = [path("a"), path("b"), path("c")];
        it.wait(root, path("a"));
        it.wait(root, path("b"));
        let seen = it.among(root, paths.iter());
        it.wait(root, path("c"));
        it.open(root, &path("b"), || ());
        let closed = RefCell::new(Vec::new());
        it.seen(root, seen, |path| closed.borrow_mut().push(path));
        assert_eq!(*closed.borrow(), [path("a")]);
        assert_eq!(it.among(root, paths.iter()), [path("c")], "its file has not been looked at since");
        assert!(it.among(RootId(1), paths.iter()).is_empty());
        // A long file is left to a crawl of its own, which may be done before or after the one that left it.
        let seen = it.among(root, paths.iter());
        it.left(root, &path("c"));
        it.seen(root, seen.clone(), |_| panic!("it was not looked at"));
        it.seen(root, seen, |path| closed.borrow_mut().push(path));
        assert_eq!(*closed.borrow(), [path("a"), path("c")]);
    }
}
