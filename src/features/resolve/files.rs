//! Which file a module is: crates and packages around a file, specifiers of scripts. Invariant: only files of the snapshot
//! are named. Must not know what is in them.

use super::modules::Module;
use super::*;
use crate::base::ids::RootId;
use crate::base::paths::RelPath;

const SCRIPTS: &[&str] = &["ts", "tsx", "d.ts", "mts", "cts", "js", "jsx", "mjs", "cjs", "vue", "svelte"];

impl Resolver<'_> {
    pub(super) fn crate_root(&self, file: FileId) -> Option<Module> {
        let (root, path) = self.snapshot.path(file)?;
        let mut folder = path.parent();
        while let Some(at) = folder {
            let found = self.at(root, &at, "lib.rs").or_else(|| self.at(root, &at, "main.rs"));
            if let Some(file) = found {
                return Some(Module { file, inline: Vec::new() });
            }
            folder = at.parent();
        }
        Some(Module { file, inline: Vec::new() })
    }

    /// A crate or package of the workspace by name, in a folder around the file.
    pub(super) fn package(&self, from: FileId, name: &str) -> Option<Module> {
        let (root, path) = self.snapshot.path(from)?;
        let lang = self.snapshot.lang(from);
        let dashed = name.replace('_', "-");
        let mut folder = path.parent();
        while let Some(at) = folder {
            let places: Vec<String> = match lang {
                "rust" => [name, &dashed]
                    .iter()
                    .flat_map(|it| [format!("{it}/src/lib.rs"), format!("crates/{it}/src/lib.rs")])
                    .collect(),
                "python" => ["", "src/", "lib/"]
                    .iter()
                    .flat_map(|it| [format!("{it}{name}/__init__.py"), format!("{it}{name}.py")])
                    .collect(),
                _ => return None,
            };
            if let Some(file) = places.iter().find_map(|it| self.at(root, &at, it)) {
                return Some(Module { file, inline: Vec::new() });
            }
            // The crate's own name, from its tests and examples.
            let is_own = at.file_name() == dashed.as_bytes() || at.file_name() == name.as_bytes();
            if lang == "rust"
                && is_own
                && let Some(file) = self.at(root, &at, "src/lib.rs")
            {
                return Some(Module { file, inline: Vec::new() });
            }
            folder = at.parent();
        }
        None
    }

    pub(super) fn python(&self, from: FileId, path: &str) -> Option<Module> {
        let (root, own) = self.snapshot.path(from)?;
        let rest = path.trim_start_matches('.');
        let mut folder = own.parent()?;
        for _ in 1..path.len() - rest.len() {
            folder = folder.parent()?;
        }
        let rest = rest.replace('.', "/");
        let places = if rest.is_empty() {
            vec!["__init__.py".to_owned()]
        } else {
            vec![format!("{rest}.py"), format!("{rest}/__init__.py")]
        };
        let file = places.iter().find_map(|it| self.at(root, &folder, it))?;
        Some(Module { file, inline: Vec::new() })
    }

    pub(super) fn is_script(&self, file: FileId) -> bool {
        matches!(self.snapshot.lang(file), "typescript" | "tsx" | "javascript" | "jsx")
    }

    /// Whether a head is the specifier of an import here, such as `"react"`.
    pub(super) fn is_bare(&self, here: &Here, first: &str) -> bool {
        let facts = here.facts();
        facts.imports.iter().any(|it| facts.text(it.path) == first)
    }

    /// The file of a module specifier: relative, or a package of this workspace.
    pub(super) fn script(&self, from: FileId, specifier: &str) -> Option<FileId> {
        let (root, path) = self.snapshot.path(from)?;
        if specifier.starts_with('.') {
            let mut folder = path.parent()?;
            for part in specifier.split('/') {
                folder = match part {
                    "" | "." => folder,
                    ".." => folder.parent()?,
                    name => folder.join(name.as_bytes()),
                };
            }
            return self.script_at(root, &folder);
        }
        let mut parts = specifier.split('/');
        let scope = parts.next().filter(|it| it.starts_with('@'));
        let name = if scope.is_some() { parts.next()? } else { specifier.split('/').next()? };
        let rest: Vec<&str> = specifier.split('/').skip(if scope.is_some() { 2 } else { 1 }).collect();
        let mut folder = path.parent();
        while let Some(at) = folder {
            for holder in ["packages/", "packages-private/", "libs/", "apps/", ""] {
                let Some(base) = RelPath::from_bytes(join(&at, &format!("{holder}{name}")).as_slice()) else {
                    continue;
                };
                let inner = |sub: &str| RelPath::from_bytes(&join(&base, sub));
                let found = if rest.is_empty() {
                    inner("src/index")
                        .and_then(|it| self.script_at(root, &it))
                        .or_else(|| self.script_at(root, &inner("index")?))
                } else {
                    let sub = rest.join("/");
                    inner(&sub)
                        .and_then(|it| self.script_at(root, &it))
                        .or_else(|| self.script_at(root, &inner(&format!("src/{sub}"))?))
                };
                if found.is_some() && (scope.is_some() || !holder.is_empty()) {
                    return found;
                }
            }
            folder = at.parent();
        }
        None
    }

    fn script_at(&self, root: RootId, path: &RelPath) -> Option<FileId> {
        let text = path.as_bytes();
        let with = |ending: &str| {
            RelPath::from_bytes(&[text, ending.as_bytes()].concat()).and_then(|it| self.snapshot.file(root, &it))
        };
        if let Some(file) = self.snapshot.file(root, path) {
            return Some(file);
        }
        if let Some(file) = SCRIPTS.iter().find_map(|it| with(&format!(".{it}"))) {
            return Some(file);
        }
        // `./a.js` written for what is `./a.ts` here.
        if let Some(stem) = text.strip_suffix(b".js").or(text.strip_suffix(b".mjs")) {
            let sibling = |it: &&str| {
                RelPath::from_bytes(&[stem, b".", it.as_bytes()].concat()).and_then(|it| self.snapshot.file(root, &it))
            };
            if let Some(file) = SCRIPTS.iter().find_map(sibling) {
                return Some(file);
            }
        }
        SCRIPTS.iter().find_map(|it| with(&format!("/index.{it}")))
    }

    pub(super) fn at(&self, root: RootId, folder: &RelPath, rest: &str) -> Option<FileId> {
        self.snapshot.file(root, &RelPath::from_bytes(&join(folder, rest))?)
    }
}

fn join(folder: &RelPath, rest: &str) -> Vec<u8> {
    let base = folder.as_bytes();
    if base.is_empty() { rest.as_bytes().to_vec() } else { [base, b"/", rest.as_bytes()].concat() }
}
