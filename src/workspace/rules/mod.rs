//! Which files belong to the workspace: one rule set for the walker, the watcher and `status --files`.
//! Invariants: a verdict depends on the path, its kind and the ignore files above it, never on who asks; secrets and
//! repository data stay out whatever an include list says. Must not know what is done with a file.
//!
//! Order of precedence, as git and ripgrep have it: exclude settings, include settings, `.portolanignore`, `.ignore`,
//! `.gitignore`, `.git/info/exclude`; within one kind the file nearest to the path decides, within a file its last line.

mod glob;
mod known;
mod needs;
pub(super) mod patterns;
mod reader;
mod secrets;

use std::path::Path;
use std::sync::Arc;

use self::known::Known;
use self::patterns::{Patterns, Verdict};
use super::options::RuleOptions;
use super::skip::Skip;
use crate::base::os::beneath::Directory;
use crate::base::os::{EntryKind, OpenError, RootDir};
use crate::base::paths::RelPath;

/// Folders of `directory_filtering.skip_large_directories` by default: dependencies and outputs.
pub const LARGE_DIRECTORIES: [&str; 6] = ["node_modules", ".git", "venv", "__pycache__", "dist", "build"];
/// Of those, the names that sources bear as well: where git governs, its ignore files tell outputs from sources.
const LEFT_TO_GIT: [&str; 2] = ["dist", "build"];
/// Data of version control systems.
const REPOSITORY: [&[u8]; 5] = [b".git", b".hg", b".svn", b".jj", b".bzr"];
/// Kinds of ignore files, strongest first.
const IGNORE_FILES: [&[u8]; 3] = [b".portolanignore", b".ignore", b".gitignore"];
/// The rules of a clone that are not committed.
const GIT_INFO_EXCLUDE: &[u8] = b".git/info/exclude";
/// The folder that these lie in.
const GIT_INFO: &[u8] = b".git/info";
const GIT_IGNORE: usize = 2;
const GIT_EXCLUDE: usize = 3;
/// How far above a root its repository's top is looked for.
const MAX_PARENTS: usize = 64;

/// The rules of one root.
pub struct Rules {
    options: RuleOptions,
    exclude: Patterns,
    include: Patterns,
    /// Folders on the way to what an include pattern names.
    include_ways: Vec<RelPath>,
    skip_directories: Vec<Vec<u8>>,
    top: Arc<FolderRules>,
    /// Rules of folders that the watcher asked for, dropped when an ignore file changes.
    known: Known,
}

/// What holds in one folder: its own ignore files and a link to those of the folders above.
pub struct FolderRules {
    above: Option<Arc<FolderRules>>,
    /// The folder that the patterns are relative to; for folders above the root, the root's path from there.
    base: Base,
    /// One place for each kind of ignore file and one for `.git/info/exclude`.
    files: [Option<Patterns>; 4],
    /// A repository's top: git rules above do not count here.
    repository: bool,
    /// An ignored folder that is entered only for what an include pattern names in it.
    only_included: bool,
}

enum Base {
    Beneath(RelPath),
    Above(Vec<u8>),
}

impl Rules {
    /// The rules of `root`, with the ignore files of the repository that it lies in.
    pub fn new(root: &RootDir, options: &RuleOptions) -> Self {
        let lines = |list: &[String]| Patterns::from_text(list.join("\n").as_bytes()).unwrap_or_default();
        let skip_directories = options
            .skip_directories
            .iter()
            .map(|name| {
                name.trim_start_matches("**/").trim_end_matches("/**").trim_end_matches('/').as_bytes().to_vec()
            })
            .collect();
        Self {
            exclude: lines(&options.exclude),
            include: lines(&options.include),
            include_ways: options.include.iter().filter_map(|it| literal_way(it)).collect(),
            skip_directories,
            top: rules_above(root.path(), options.git_ignore),
            known: Known::new(options.remembered),
            options: options.clone(),
        }
    }

    /// What holds above the root's own ignore files; give it to `enter` for the root.
    pub fn top(&self) -> Arc<FolderRules> {
        self.top.clone()
    }

    /// The options that it was made from.
    pub fn options(&self) -> &RuleOptions {
        &self.options
    }

    /// The rules inside the open folder `path`, reading its ignore files. `has` tells whether an entry of that name is
    /// there (a walker knows, others may say yes).
    ///
    /// # Errors
    /// `Skip::IgnoreFile` where an ignore file is too long or has too many patterns: then nothing in the folder can be
    /// told apart, and it is left out.
    pub fn enter(
        &self,
        above: &Arc<FolderRules>,
        path: &RelPath,
        folder: &Directory,
        has: impl Fn(&[u8]) -> bool,
    ) -> Result<Arc<FolderRules>, Skip> {
        let mut files: [Option<Patterns>; 4] = Default::default();
        for (place, name) in IGNORE_FILES.iter().enumerate() {
            if (place != GIT_IGNORE || self.options.git_ignore) && has(name) {
                files[place] = reader::read(folder, name)?;
            }
        }
        let repository = has(b".git");
        if repository
            && self.options.git_ignore
            && let Ok(info) = folder.directory(b".git").and_then(|git| git.directory(b"info"))
        {
            files[GIT_EXCLUDE] = reader::read(&info, b"exclude")?;
        }
        let only_included = self.ignored(above, path, true).is_some();
        if !repository && files.iter().all(Option::is_none) && only_included == above.only_included {
            return Ok(above.clone());
        }
        let base = Base::Beneath(path.clone());
        Ok(Arc::new(FolderRules { above: Some(above.clone()), base, files, repository, only_included }))
    }

    /// Why the entry `path`, directly in the folder whose rules are `folder`, is left out; none: it belongs.
    pub fn verdict(&self, folder: &Arc<FolderRules>, path: &RelPath, kind: EntryKind) -> Option<Skip> {
        let name = path.file_name();
        if REPOSITORY.contains(&name) && kind != EntryKind::Special {
            return Some(Skip::Repository);
        }
        match kind {
            EntryKind::Link => return Some(Skip::Link),
            EntryKind::Special => return Some(Skip::Special),
            EntryKind::Directory => {
                if self.is_way(path) {
                    return None;
                }
            }
            EntryKind::File => {
                if secrets::is_secret(path) {
                    return Some(Skip::Secret);
                }
            }
        }
        self.ignored(folder, path, kind == EntryKind::Directory)
    }

    fn ignored(&self, folder: &Arc<FolderRules>, path: &RelPath, is_dir: bool) -> Option<Skip> {
        if path.as_bytes().is_empty() {
            return None;
        }
        if let Verdict::Ignore(by) = self.exclude.matched(path.as_bytes(), is_dir) {
            return Some(Skip::Ignored(format!("exclude setting {by}")));
        }
        if self.include.matched_with_parents(path.as_bytes(), is_dir) {
            return None;
        }
        if folder.only_included {
            return Some(Skip::Ignored("its folder is ignored".into()));
        }
        if is_dir && self.is_large(folder, path.file_name()) {
            return Some(Skip::LargeDirectory);
        }
        folder.matched(path, is_dir)
    }

    fn is_large(&self, folder: &Arc<FolderRules>, name: &[u8]) -> bool {
        self.skip_directories.iter().any(|it| it == name)
            && !(self.options.git_ignore
                && LEFT_TO_GIT.iter().any(|it| it.as_bytes() == name)
                && folder.lineage().any(|it| it.repository))
    }

    /// Whether an include pattern names something beneath `path`.
    fn is_way(&self, path: &RelPath) -> bool {
        let path = path.as_bytes();
        self.include_ways.iter().any(|way| {
            let way = way.as_bytes();
            way.len() >= path.len() && way.starts_with(path) && way.get(path.len()).is_none_or(|&b| b == b'/')
        })
    }

    /// The same verdict for a path told from outside (watcher, editor): its folders are judged from the root down.
    /// The rules of folders are remembered until `forget`.
    pub fn judge(&self, root: &RootDir, path: &RelPath, kind: EntryKind) -> Option<Skip> {
        match path.parent() {
            None => None,
            Some(parent) => match self.folder(root, &parent) {
                Ok(folder) => self.verdict(&folder, path, kind).or_else(|| {
                    let inside = kind == EntryKind::Directory;
                    if inside { self.folder(root, path).err() } else { None }
                }),
                Err(skip) => Some(skip),
            },
        }
    }

    /// The rules inside the folder `path`, or why it is left out.
    ///
    /// # Errors
    /// The reason of the outermost folder on the way that is left out.
    pub fn folder(&self, root: &RootDir, path: &RelPath) -> Result<Arc<FolderRules>, Skip> {
        let since = self.known.now();
        if let Some(known) = self.known.get(path) {
            return known;
        }
        // From the nearest known folder downwards, without recursion: paths may be very deep.
        let mut missing = vec![path.clone()];
        let mut above = None;
        while let Some(parent) = missing.last().and_then(RelPath::parent) {
            if let Some(known) = self.known.get(&parent) {
                above = Some(known);
                break;
            }
            missing.push(parent);
        }
        let mut rules = above.unwrap_or_else(|| Ok(self.top()));
        for folder in missing.into_iter().rev() {
            rules = match rules {
                Ok(above) => self.enter_by_path(root, &above, &folder),
                Err(skip) => Err(skip),
            };
            self.known.keep(folder, &rules, since);
        }
        rules
    }

    fn enter_by_path(
        &self,
        root: &RootDir,
        above: &Arc<FolderRules>,
        path: &RelPath,
    ) -> Result<Arc<FolderRules>, Skip> {
        if !path.as_bytes().is_empty()
            && let Some(skip) = self.verdict(above, path, EntryKind::Directory)
        {
            return Err(skip);
        }
        let folder = root.directory(path).map_err(|error| skip_of(&error))?;
        self.enter(above, path, &folder, |name| folder.stat(name).is_ok())
    }

    /// Forgets the rules of all folders: an ignore file has changed.
    pub fn forget(&self) {
        self.known.forget();
    }

    /// Forgets the rules of what was a folder at `path`, and beneath it: it may be another one now.
    pub fn forget_beneath(&self, path: &RelPath) {
        self.known.forget_beneath(path);
    }

    /// The folder that a rule file speaks about.
    pub fn governed(rule_file: &RelPath) -> Option<RelPath> {
        let folder = rule_file.parent()?;
        match rule_file.as_bytes() {
            it if is_git_own(it, GIT_INFO_EXCLUDE) => folder.parent()?.parent(),
            it if is_git_own(it, GIT_INFO) => folder.parent(),
            _ => Some(folder),
        }
    }

    /// Whether a change of this path changes rules. A repository's data, coming or going, makes its folder a top or none.
    pub fn is_rule_file(path: &RelPath) -> bool {
        let name = path.file_name();
        let is_own = [GIT_INFO, GIT_INFO_EXCLUDE].iter().any(|it| is_git_own(path.as_bytes(), it));
        name == b".git" || IGNORE_FILES.contains(&name) || is_own
    }
}

impl FolderRules {
    fn lineage(&self) -> impl Iterator<Item = &FolderRules> {
        std::iter::successors(Some(self), |it| it.above.as_deref())
    }

    /// The nearest word of the strongest kind of ignore file.
    fn matched(&self, path: &RelPath, is_dir: bool) -> Option<Skip> {
        for place in 0..self.files.len() {
            for folder in self.lineage() {
                if let Some(patterns) = &folder.files[place] {
                    let candidate = folder.base.candidate(path);
                    match patterns.matched(&candidate, is_dir) {
                        Verdict::Ignore(by) => return Some(Skip::Ignored(folder.name_of(place, &by))),
                        Verdict::Keep => return None,
                        Verdict::None => {}
                    }
                }
                if folder.repository && place >= GIT_IGNORE {
                    break;
                }
            }
        }
        None
    }

    /// `src/.gitignore: *.log`
    fn name_of(&self, place: usize, line: &str) -> String {
        let file = IGNORE_FILES.get(place).map_or(".git/info/exclude".into(), |it| String::from_utf8_lossy(it));
        match &self.base {
            Base::Beneath(base) if !base.as_bytes().is_empty() => format!("{}/{file}: {line}", base.display()),
            Base::Beneath(_) => format!("{file}: {line}"),
            Base::Above(_) => format!("{file} above the root: {line}"),
        }
    }
}

impl Base {
    /// `path` as seen from the folder of the ignore file.
    fn candidate<'a>(&self, path: &'a RelPath) -> std::borrow::Cow<'a, [u8]> {
        match self {
            Self::Beneath(base) if base.as_bytes().is_empty() => path.as_bytes().into(),
            Self::Beneath(base) => path.as_bytes().get(base.as_bytes().len() + 1..).unwrap_or_default().into(),
            Self::Above(prefix) => [prefix.as_slice(), b"/", path.as_bytes()].concat().into(),
        }
    }
}

/// Whether `path` is `own` of some repository.
fn is_git_own(path: &[u8], own: &[u8]) -> bool {
    path.strip_suffix(own).is_some_and(|above| above.is_empty() || above.ends_with(b"/"))
}

/// The reason that stands for an error of the door.
pub fn skip_of(error: &OpenError) -> Skip {
    match error {
        OpenError::Link => Skip::Link,
        OpenError::NotRegular(_) => Skip::Special,
        OpenError::TooLarge { .. } => Skip::TooLarge,
        other => Skip::Unreadable(other.to_string()),
    }
}

/// Ignore files between the root and the top of the repository that holds it.
fn rules_above(root: &Path, git_ignore: bool) -> Arc<FolderRules> {
    let nothing = FolderRules {
        above: None,
        base: Base::Beneath(RelPath::default()),
        files: Default::default(),
        repository: false,
        only_included: false,
    };
    let is_top = |path: &Path| path.join(".git").symlink_metadata().is_ok();
    if !git_ignore || is_top(root) {
        return Arc::new(nothing);
    }
    let above: Vec<&Path> = root.ancestors().skip(1).take(MAX_PARENTS).collect();
    let Some(top) = above.iter().position(|path| is_top(path)) else { return Arc::new(nothing) };
    let mut rules = Arc::new(nothing);
    for folder in above[..=top].iter().rev() {
        let Ok(open) = RootDir::open(folder).and_then(|it| it.directory(&RelPath::default())) else { continue };
        let mut files: [Option<Patterns>; 4] = Default::default();
        // One that cannot be believed counts as absent here: the folder that it governs was opened by name.
        files[GIT_IGNORE] = reader::read(&open, IGNORE_FILES[GIT_IGNORE]).ok().flatten();
        let repository = is_top(folder);
        if repository && let Ok(info) = open.directory(b".git").and_then(|git| git.directory(b"info")) {
            files[GIT_EXCLUDE] = reader::read(&info, b"exclude").ok().flatten();
        }
        let prefix = root.strip_prefix(folder).ok().and_then(RelPath::from_path).unwrap_or_default();
        let base = Base::Above(prefix.as_bytes().to_vec());
        rules = Arc::new(FolderRules { above: Some(rules), base, files, repository, only_included: false });
    }
    rules
}

/// The folders that an include pattern names before its first wildcard.
fn literal_way(pattern: &str) -> Option<RelPath> {
    let pattern = pattern.trim().trim_start_matches('/').trim_end_matches('/');
    let literal: Vec<&str> = pattern.split('/').take_while(|part| !part.contains(['*', '?', '[', '\\', '!'])).collect();
    let way = RelPath::from_bytes(literal.join("/").as_bytes())?;
    (!way.as_bytes().is_empty()).then_some(way)
}

#[cfg(test)]
mod tests;
