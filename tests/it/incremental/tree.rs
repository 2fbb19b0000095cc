//! A tree of files and what a user does to it. Each deed tells which paths it changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::chance::Chance;
use super::texts;

/// Text of a path; a saved tree is a branch.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A root on disk.
pub struct Tree {
    pub root: PathBuf,
    branches: Vec<Files>,
}

impl Tree {
    /// Some files to begin with.
    pub fn new(root: PathBuf, chance: &mut Chance) -> Self {
        std::fs::create_dir(&root).unwrap();
        let it = Self { root, branches: Vec::new() };
        for _ in 0..5 + chance.below(20) {
            it.create(chance);
        }
        it
    }

    /// One random deed: what it was, and the paths that it changed.
    pub fn deed(&mut self, chance: &mut Chance) -> (String, Vec<PathBuf>) {
        match chance.below(40) {
            0..=6 => ("create", self.create(chance)),
            7..=14 => ("edit", self.edit(chance)),
            15 | 16 => ("copy", self.copy(chance)),
            17..=19 => ("rename file", self.rename(chance, false)),
            20..=22 => ("rename folder", self.rename(chance, true)),
            23..=26 => ("delete", self.delete(chance, false)),
            27 => ("delete folder", self.delete(chance, true)),
            28..=30 => ("ignore", self.ignore(chance)),
            31 => ("ignore no more", self.ignore_no_more(chance)),
            32 => ("folder for file", self.folder_for_file(chance)),
            33 => ("file for folder", self.file_for_folder(chance)),
            34 | 35 => ("save branch", self.save()),
            36 | 37 => ("switch branch", self.switch(chance)),
            38 => ("repository", self.repository(chance)),
            _ => ("away and back", self.away_and_back(chance)),
        }
        .named()
    }

    /// All files, links left out, and all folders but the root.
    pub fn entries(&self, folders: bool) -> Vec<PathBuf> {
        let (mut out, mut open) = (Vec::new(), vec![self.root.clone()]);
        while let Some(folder) = open.pop() {
            let mut all: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap()).collect();
            all.sort_by_key(|it| it.file_name());
            for entry in all {
                if entry.file_name() == ".git" {
                    continue;
                }
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    open.push(entry.path());
                }
                if kind.is_dir() == folders && !kind.is_symlink() {
                    out.push(entry.path());
                }
            }
        }
        out
    }

    fn any(&self, chance: &mut Chance, folders: bool) -> Option<PathBuf> {
        let all = self.entries(folders);
        (!all.is_empty()).then(|| chance.of(&all).clone())
    }

    /// Writes, also where a file stands in the place of a folder on the way; tells what came into being or changed.
    fn write(&self, path: &Path, text: &[u8]) -> Vec<PathBuf> {
        let mut told = Vec::new();
        let above: Vec<&Path> = path.parent().unwrap().ancestors().take_while(|it| *it != self.root).collect();
        for folder in above.into_iter().rev() {
            if folder.symlink_metadata().is_ok_and(|it| !it.is_dir()) {
                std::fs::remove_file(folder).unwrap();
                told.push(folder.to_path_buf());
            }
            if !folder.exists() {
                std::fs::create_dir(folder).unwrap();
                told.push(folder.to_path_buf());
            }
        }
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        }
        std::fs::write(path, text).unwrap();
        told.push(path.to_path_buf());
        told
    }

    fn create(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let path = texts::path(chance);
        let kind = path.rsplit('.').next().unwrap().to_owned();
        let text = texts::text(chance, &kind);
        self.write(&self.root.join(path), &text)
    }

    fn edit(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let Some(path) = self.any(chance, false) else { return Vec::new() };
        let kind = path.extension().map_or(String::new(), |it| it.to_string_lossy().into_owned());
        let mut text = std::fs::read(&path).unwrap();
        match chance.below(6) {
            // Saved as it was.
            0 => {}
            1 => text = texts::text(chance, &kind),
            2 => text.extend(texts::item(chance, &kind).into_bytes()),
            3 => text = [texts::item(chance, &kind).into_bytes(), text].concat(),
            4 => text.truncate(text.len() / 2),
            _ => {
                let (old, new) = (*chance.of(&texts::NAMES), *chance.of(&texts::NAMES));
                text = String::from_utf8_lossy(&text).replace(old, new).into_bytes();
            }
        }
        if chance.once_in(3) {
            // As editors save: beside it, then over it.
            let beside = path.with_extension("tmp~");
            std::fs::write(&beside, text).unwrap();
            std::fs::rename(&beside, &path).unwrap();
            return vec![beside, path];
        }
        std::fs::write(&path, text).unwrap();
        vec![path]
    }

    fn copy(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let Some(from) = self.any(chance, false) else { return Vec::new() };
        let text = std::fs::read(from).unwrap();
        self.write(&self.root.join(texts::path(chance)), &text)
    }

    fn rename(&self, chance: &mut Chance, folders: bool) -> Vec<PathBuf> {
        let Some(from) = self.any(chance, folders) else { return Vec::new() };
        let to = match chance.below(3) {
            0 => from.with_file_name(if folders { "moved" } else { "moved.rs" }),
            1 => self.any(chance, folders).unwrap_or_else(|| from.clone()),
            _ => self.root.join(if folders { "moved" } else { *chance.of(&["moved.py", "alpha.rs", ".gitignore"]) }),
        };
        if to.starts_with(&from) || from.starts_with(&to) {
            return Vec::new();
        }
        if to.is_dir() {
            std::fs::remove_dir_all(&to).unwrap();
        } else if folders && to.exists() {
            std::fs::remove_file(&to).unwrap();
        }
        std::fs::rename(&from, &to).unwrap();
        vec![from, to]
    }

    fn delete(&self, chance: &mut Chance, folders: bool) -> Vec<PathBuf> {
        let Some(path) = self.any(chance, folders) else { return Vec::new() };
        if folders { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) }.unwrap();
        vec![path]
    }

    fn folder(&self, chance: &mut Chance) -> PathBuf {
        if chance.once_in(2) { self.root.clone() } else { self.any(chance, true).unwrap_or_else(|| self.root.clone()) }
    }

    fn ignore(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let name = *chance.of(&[".gitignore", ".gitignore", ".portolanignore", ".ignore"]);
        let path = self.folder(chance).join(name);
        self.write(&path, texts::patterns(chance).as_bytes())
    }

    fn ignore_no_more(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let is_rule = |it: &PathBuf| it.file_name().is_some_and(|it| it.to_string_lossy().ends_with("ignore"));
        let all: Vec<PathBuf> = self.entries(false).into_iter().filter(is_rule).collect();
        if all.is_empty() {
            return Vec::new();
        }
        let path = chance.of(&all).clone();
        std::fs::remove_file(&path).unwrap();
        vec![path]
    }

    fn folder_for_file(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let Some(path) = self.any(chance, false) else { return Vec::new() };
        let text = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("inside.rs"), text).unwrap();
        vec![path]
    }

    fn file_for_folder(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let Some(path) = self.any(chance, true) else { return Vec::new() };
        std::fs::remove_dir_all(&path).unwrap();
        std::fs::write(&path, texts::text(chance, "rs")).unwrap();
        vec![path]
    }

    fn save(&mut self) -> Vec<PathBuf> {
        let all = self.entries(false).into_iter();
        self.branches.push(all.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect());
        Vec::new()
    }

    /// Many files at once become those of a saved tree.
    fn switch(&self, chance: &mut Chance) -> Vec<PathBuf> {
        if self.branches.is_empty() {
            return Vec::new();
        }
        let branch = chance.of(&self.branches);
        let mut told = Vec::new();
        for path in self.entries(false) {
            if !branch.contains_key(&path) {
                std::fs::remove_file(&path).unwrap();
                told.push(path);
            }
        }
        for (path, text) in branch {
            if std::fs::read(path).ok().as_ref() != Some(text) {
                told.extend(self.write(path, text));
            }
        }
        told
    }

    /// The root becomes a repository, or is one no more, or its own rules change.
    fn repository(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let git = self.root.join(".git");
        if git.exists() && chance.once_in(2) {
            std::fs::remove_dir_all(&git).unwrap();
            return vec![git];
        }
        std::fs::create_dir_all(git.join("info")).unwrap();
        let exclude = git.join("info/exclude");
        std::fs::write(&exclude, texts::patterns(chance)).unwrap();
        vec![git, exclude]
    }

    /// A file goes and comes back as it was, its stamp but for the time of change included.
    fn away_and_back(&self, chance: &mut Chance) -> Vec<PathBuf> {
        let Some(path) = self.any(chance, false) else { return Vec::new() };
        let away = self.root.with_file_name("away");
        std::fs::rename(&path, &away).unwrap();
        std::fs::rename(&away, &path).unwrap();
        vec![path]
    }
}

trait Named {
    fn named(self) -> (String, Vec<PathBuf>);
}

impl Named for (&str, Vec<PathBuf>) {
    fn named(self) -> (String, Vec<PathBuf>) {
        (self.0.to_owned(), self.1)
    }
}
