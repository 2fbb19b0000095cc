//! Lists what lies beneath a folder, in parallel over folders. Invariants: no link is followed, nothing is opened but
//! folders and ignore files; every entry is emitted once, as a file or with the reason why it is left out. Must not know
//! what is done with a file.

use std::sync::{Arc, Mutex, PoisonError};

use crate::base::cancel::Cancel;
use crate::base::os::beneath::{Directory, Entry};
use crate::base::os::{EntryKind, FileStamp, RootDir};
use crate::base::paths::RelPath;
use crate::workspace::rules::{self, FolderRules, Rules};
use crate::workspace::skip::Skip;

/// One entry that the walk met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A regular file that belongs to the workspace.
    File { path: RelPath, stamp: FileStamp },
    /// A file, or a folder with all that is in it, that does not.
    Left { path: RelPath, skip: Skip },
}

/// What goes along with a walk.
pub trait Beside: Sync {
    /// Hears of each folder before it is listed; true where changes in it will be told.
    fn entering(&self, folder: &RelPath) -> bool;

    /// The stamp of a file in such a folder: one kept, or what `ask` says now.
    fn stamp(&self, path: &RelPath, ask: &mut dyn FnMut() -> Option<FileStamp>) -> Option<FileStamp>;
}

/// Nothing goes along.
struct Alone;

impl Beside for Alone {
    fn entering(&self, _: &RelPath) -> bool {
        false
    }

    fn stamp(&self, _: &RelPath, ask: &mut dyn FnMut() -> Option<FileStamp>) -> Option<FileStamp> {
        ask()
    }
}

/// Walks `start` (a folder; the root is the empty path) and hands the entries of one folder after the other to `emit`,
/// which may be called from several threads of `pool` at once and may block. `beside` goes along.
pub fn walk(
    pool: &rayon::ThreadPool,
    root: &RootDir,
    rules: &Rules,
    start: &RelPath,
    cancel: &Cancel,
    beside: &dyn Beside,
    emit: &(dyn Fn(Vec<Sight>) + Sync),
) {
    let above = match start.parent() {
        None => Ok(rules.top()),
        Some(parent) => match rules.folder(root, &parent) {
            Ok(folder) => rules.verdict(&folder, start, EntryKind::Directory).map_or(Ok(folder), Err),
            Err(skip) => Err(skip),
        },
    };
    let above = match above {
        Ok(above) => above,
        Err(skip) => return emit(vec![Sight::Left { path: start.clone(), skip }]),
    };
    let walk = Walk { root, rules, cancel, beside, emit };
    pool.scope(|scope| walk.visit(scope, start.clone(), above));
}

/// All that lies beneath a root, in no order.
pub fn all(pool: &rayon::ThreadPool, root: &RootDir, rules: &Rules, cancel: &Cancel) -> Vec<Sight> {
    let all = Mutex::new(Vec::new());
    let emit = |some: Vec<Sight>| all.lock().unwrap_or_else(PoisonError::into_inner).extend(some);
    walk(pool, root, rules, &RelPath::default(), cancel, &Alone, &emit);
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

struct Walk<'a> {
    root: &'a RootDir,
    rules: &'a Rules,
    cancel: &'a Cancel,
    beside: &'a dyn Beside,
    emit: &'a (dyn Fn(Vec<Sight>) + Sync),
}

impl<'a> Walk<'a> {
    /// Lists one folder and leaves its folders to the pool: the depth of the tree costs no stack.
    fn visit<'s>(&'s self, scope: &rayon::Scope<'s>, path: RelPath, above: Arc<FolderRules>) {
        if self.cancel.is_cancelled() {
            return;
        }
        let left = |skip| (self.emit)(vec![Sight::Left { path: path.clone(), skip }]);
        if depth(&path) > self.rules.options().max_depth {
            return left(Skip::TooDeep);
        }
        let folder = match self.root.directory(&path) {
            Ok(folder) => folder,
            Err(error) => return left(rules::skip_of(&error)),
        };
        let watched = self.beside.entering(&path);
        let (mut entries, truncated) = match folder.entries() {
            Ok(res) => res,
            Err(error) => return left(rules::skip_of(&error)),
        };
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let has = |name: &[u8]| entries.binary_search_by(|it| it.name.as_slice().cmp(name)).is_ok();
        if has(b".git") {
            self.watch_git_rules(&path);
        }
        let inside = match self.rules.enter(&above, &path, &folder, has) {
            Ok(inside) => inside,
            Err(skip) => return left(skip),
        };
        let mut sights = Vec::with_capacity(entries.len());
        if truncated {
            let skip = Skip::Unreadable("the folder has more entries than are read".into());
            sights.push(Sight::Left { path: path.clone(), skip });
        }
        for entry in &entries {
            let path = path.join(&entry.name);
            match self.rules.verdict(&inside, &path, entry.kind) {
                Some(skip) => sights.push(Sight::Left { path, skip }),
                None if entry.kind == EntryKind::Directory => {
                    let inside = inside.clone();
                    scope.spawn(move |scope| self.visit(scope, path, inside));
                }
                None => sights.push(self.file(&folder, entry, path, watched)),
            }
        }
        (self.emit)(sights);
    }

    /// A repository's own rules lie in a folder that the walk does not enter.
    fn watch_git_rules(&self, repository: &RelPath) {
        if !self.rules.options().git_ignore {
            return;
        }
        let git = repository.join(b".git");
        let info = git.join(b"info");
        let is_there = |it: &RelPath| self.root.directory(it).is_ok();
        if !is_there(&info) && is_there(&git) {
            // A repository that is only being made: the folder comes later.
            self.beside.entering(&git);
        }
        if is_there(&info) {
            self.beside.entering(&info);
        }
    }

    fn file(&self, folder: &Directory, entry: &Entry, path: RelPath, watched: bool) -> Sight {
        let mut said = None;
        if watched && entry.kind == EntryKind::File {
            let stamp = self.beside.stamp(&path, &mut || match said.insert(folder.stat(&entry.name)) {
                Ok((stamp, EntryKind::File)) => Some(*stamp),
                _ => None,
            });
            if let Some(stamp) = stamp {
                said = Some(Ok((stamp, EntryKind::File)));
            }
        }
        match said.unwrap_or_else(|| folder.stat(&entry.name)) {
            Ok((stamp, EntryKind::File)) if stamp.size <= self.rules.options().size_limit => {
                Sight::File { path, stamp }
            }
            Ok((_, EntryKind::File)) => Sight::Left { path, skip: Skip::TooLarge },
            Ok((_, EntryKind::Link)) => Sight::Left { path, skip: Skip::Link },
            // It has become something else since the folder was listed.
            Ok(_) => Sight::Left { path, skip: Skip::Special },
            Err(error) => Sight::Left { path, skip: rules::skip_of(&error) },
        }
    }
}

fn depth(path: &RelPath) -> usize {
    if path.as_bytes().is_empty() { 0 } else { 1 + path.as_bytes().iter().filter(|&&b| b == b'/').count() }
}
