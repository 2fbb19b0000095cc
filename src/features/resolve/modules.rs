//! Modules and the files they are: Rust's paths, relative modules of JavaScript and TypeScript, Python's packages.
//! Invariant: only files of the snapshot are named; re-exports are followed a bounded way.

use super::scopes::visible_name;
use super::*;
use crate::base::paths::RelPath;
use crate::facts::{ImportKind, ScopeKind};

/// A module: a file, or modules inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub file: FileId,
    /// Names of the modules inside the file, outermost first.
    pub inline: Vec<String>,
}

impl Resolver<'_> {
    /// What an import brings.
    pub(super) fn import(&self, here: &Here, at: usize, depth: u32) -> Found {
        let facts = here.facts();
        let it = facts.imports[at];
        let path = facts.text(it.path);
        if depth == 0 {
            return Found::Nothing;
        }
        match it.name {
            Some(name) if it.kind == ImportKind::Name => {
                let wanted = facts.text(name);
                // `import Foo from "./foo"`: a declaration of that name, else the first that is exported.
                if wanted == "default" && self.is_script(here.file) {
                    return self.default_export(here, path, visible_name(facts, at), depth - 1);
                }
                self.in_path(here, it.scope, path, wanted, depth - 1)
            }
            _ => match self.walk(here, it.scope, path, depth - 1) {
                Walked::Module(module) => Found::Targets(vec![self.file_target(module.file, Evidence::Import)]),
                Walked::Items(items) => Found::of(items),
                Walked::Outside => Found::Outside,
                Walked::Nothing => Found::Nothing,
            },
        }
    }

    /// `name` in the module or type that a path as written leads to.
    pub(super) fn in_path(&self, here: &Here, scope: ScopeIx, path: &str, name: &str, depth: u32) -> Found {
        match self.walk(here, scope, path, depth) {
            Walked::Module(module) => self.in_module(&module, name, depth),
            Walked::Items(items) => {
                let owner = items
                    .iter()
                    .find_map(|it| self.symbol_of(it, |facts, it| (it.kind, facts.text(it.name).to_owned(), it.ty)));
                match owner {
                    Some((SymbolKind::TypeAlias, name_of, _)) => Found::of(self.members(&name_of, name, here.file, 4)),
                    Some((_, owner, _)) => {
                        let home = items.first().map_or(here.file, |it| it.file);
                        Found::of(self.members(&owner, name, home, 4))
                    }
                    None => Found::Nothing,
                }
            }
            Walked::Outside => Found::Outside,
            Walked::Nothing => {
                // A type that nobody imports here may still be the only one of its name.
                let owner = path.rsplit([':', '.', '/']).next().unwrap_or(path);
                Found::of(if owner.starts_with(char::is_uppercase) {
                    self.members(owner, name, here.file, 4)
                } else {
                    Vec::new()
                })
            }
        }
    }

    /// The head of a path by itself: a crate or a module.
    pub(super) fn path_head(&self, here: &Here, scope: ScopeIx, name: &str) -> Found {
        match self.walk(here, scope, name, 3) {
            Walked::Module(module) => Found::Targets(vec![self.module_target(&module)]),
            Walked::Items(items) => Found::of(items),
            Walked::Outside => Found::Outside,
            Walked::Nothing => Found::Nothing,
        }
    }

    fn module_target(&self, module: &Module) -> Target {
        let whole = self.file_target(module.file, Evidence::Qualifier);
        let Some((last, outer)) = module.inline.split_last() else { return whole };
        let Some(facts) = self.read(module.file) else { return whole };
        for segment in 0..facts.segments.len() {
            let here = Here { file: module.file, facts: facts.clone(), segment };
            let facts = here.facts();
            let at = facts
                .symbols
                .iter()
                .position(|it| facts.text(it.name) == *last && inline_modules(facts, it).as_deref() == Some(outer));
            if let Some(at) = at {
                return self.target(&here, at, Evidence::Qualifier);
            }
        }
        whole
    }

    /// An item of a module by name: declared there, or brought there by an import.
    pub(super) fn in_module(&self, module: &Module, name: &str, depth: u32) -> Found {
        let Some(file) = self.read(module.file) else { return Found::Nothing };
        let mut all = Vec::new();
        for segment in 0..file.segments.len() {
            let here = Here { file: module.file, facts: file.clone(), segment };
            let facts = here.facts();
            for (at, it) in facts.symbols.iter().enumerate() {
                if facts.text(it.name) == name
                    && is_item(it)
                    && inline_modules(facts, it).is_some_and(|it| it == module.inline)
                {
                    let is_module = it.flags.has(SymbolFlags::DECLARATION) && it.kind == SymbolKind::Module;
                    match self.child(module, name).filter(|_| is_module) {
                        Some(child) => all.push(self.module_target(&child)),
                        None => all.push(self.target(&here, at, Evidence::Import)),
                    }
                }
            }
        }
        if !all.is_empty() || depth == 0 {
            return Found::of(all);
        }
        self.brought(module, &file, name, depth - 1)
    }

    /// Re-exports and other imports of a module, by name first, then all names of others.
    fn brought(&self, module: &Module, file: &Arc<FileFacts>, name: &str, depth: u32) -> Found {
        let mut wildcards = Vec::new();
        for segment in 0..file.segments.len() {
            let here = Here { file: module.file, facts: file.clone(), segment };
            let facts = here.facts();
            for (at, it) in facts.imports.iter().enumerate() {
                if self.module_of(&here, it.scope).inline != module.inline {
                    continue;
                }
                if it.kind == ImportKind::Wildcard {
                    wildcards.push((here.clone(), at));
                } else if visible_name(facts, at) == name {
                    return self.import(&here, at, depth);
                }
            }
        }
        let mut outside = false;
        for (here, at) in wildcards.into_iter().filter(|_| depth > 0) {
            let it = here.facts().imports[at];
            match self.walk(&here, it.scope, here.facts().text(it.path), depth - 1) {
                Walked::Module(other) if other != *module => match self.in_module(&other, name, depth - 1) {
                    Found::Targets(found) => return Found::Targets(found),
                    found => outside |= found == Found::Outside,
                },
                Walked::Items(items) => {
                    let owner =
                        items.iter().find_map(|it| self.symbol_of(it, |facts, it| facts.text(it.name).to_owned()));
                    let found = owner.map(|it| self.members(&it, name, here.file, 1)).unwrap_or_default();
                    if !found.is_empty() {
                        return Found::Targets(found);
                    }
                }
                Walked::Outside => outside = true,
                _ => {}
            }
        }
        if outside { Found::Outside } else { Found::Nothing }
    }

    /// The module that a scope lies in.
    pub(super) fn module_of(&self, here: &Here, scope: ScopeIx) -> Module {
        let facts = here.facts();
        let (mut inline, mut at) = (Vec::new(), Some(scope));
        while let Some(scope) = at.and_then(|it| facts.scopes.get(it.0 as usize)) {
            if scope.kind == ScopeKind::Module
                && let Some(symbol) = scope.symbol
            {
                inline.push(facts.text(facts.symbol(symbol).name).to_owned());
            }
            at = scope.parent;
        }
        inline.reverse();
        Module { file: here.file, inline }
    }

    /// Where a path as written leads, seen from a scope.
    fn walk(&self, here: &Here, scope: ScopeIx, path: &str, depth: u32) -> Walked {
        if self.is_script(here.file) && (path.starts_with('.') || path.contains('/')) {
            return match self.script(here.file, path) {
                Some(file) => Walked::Module(Module { file, inline: Vec::new() }),
                None => Walked::Outside,
            };
        }
        if self.snapshot.lang(here.file) == "python" && path.starts_with('.') {
            return self.python(here.file, path).map_or(Walked::Nothing, Walked::Module);
        }
        let mut parts = path.split([':', '.']).filter(|it| !it.is_empty());
        let Some(first) = parts.next() else { return Walked::Nothing };
        let mut now = self.first(here, scope, first, depth);
        for part in parts {
            now = match now {
                Walked::Module(module) => self.step(&module, part, depth),
                Walked::Items(items) => {
                    let owner =
                        items.iter().find_map(|it| self.symbol_of(it, |facts, it| facts.text(it.name).to_owned()));
                    let found = owner.map(|it| self.members(&it, part, here.file, 2)).unwrap_or_default();
                    if found.is_empty() { Walked::Nothing } else { Walked::Items(found) }
                }
                other => return other,
            };
        }
        now
    }

    fn first(&self, here: &Here, scope: ScopeIx, first: &str, depth: u32) -> Walked {
        let module = self.module_of(here, scope);
        match first {
            "crate" | "$crate" => return self.crate_root(here.file).map_or(Walked::Nothing, Walked::Module),
            "self" => return Walked::Module(module),
            "super" => return self.parent(&module).map_or(Walked::Nothing, Walked::Module),
            "Self" => {
                let owner = self.enclosing_type(here, scope);
                let found = owner.map(|it| self.lexical(here, scope, u32::MAX, &it, depth.min(4)).targets());
                return Walked::items(found.unwrap_or_default());
            }
            "std" | "core" | "alloc" if self.snapshot.lang(here.file) == "rust" => return Walked::Outside,
            _ => {}
        }
        if let Some(child) = self.child(&module, first) {
            return Walked::Module(child);
        }
        if depth > 0 {
            match self.lexical(here, scope, u32::MAX, first, depth - 1) {
                Found::Targets(found) => return self.as_module(found),
                Found::Outside => return Walked::Outside,
                Found::Nothing => {}
            }
        }
        if let Some(found) = self.package(here.file, first) {
            return Walked::Module(found);
        }
        // In Rust a lower-case head that is neither module nor import is a crate from elsewhere.
        let is_crate = self.snapshot.lang(here.file) == "rust" && !first.starts_with(char::is_uppercase);
        if is_crate || self.is_script(here.file) && self.is_bare(here, first) {
            Walked::Outside
        } else {
            Walked::Nothing
        }
    }

    /// A file or a module symbol as a module, anything else as items.
    fn as_module(&self, found: Vec<Target>) -> Walked {
        let Some(target) = found.first().copied() else { return Walked::Nothing };
        if target.symbol.is_none() {
            return Walked::Module(Module { file: target.file, inline: Vec::new() });
        }
        let Some(file) = self.read(target.file) else { return Walked::Nothing };
        let Some(facts) = file.segments.get(target.segment as usize).map(|it| it.facts.clone()) else {
            return Walked::Nothing;
        };
        let Some(symbol) = target.symbol.and_then(|it| facts.symbols.get(it as usize)) else { return Walked::Nothing };
        if matches!(symbol.kind, SymbolKind::Module | SymbolKind::Namespace)
            && let Some(mut inline) = inline_modules(&facts, symbol)
        {
            let name = facts.text(symbol.name);
            let outer = Module { file: target.file, inline: inline.clone() };
            if symbol.flags.has(SymbolFlags::DECLARATION)
                && let Some(child) = self.child(&outer, name)
            {
                return Walked::Module(child);
            }
            inline.push(name.to_owned());
            return Walked::Module(Module { file: target.file, inline });
        }
        Walked::Items(found)
    }

    fn step(&self, module: &Module, part: &str, depth: u32) -> Walked {
        match part {
            "self" => return Walked::Module(module.clone()),
            "super" => return self.parent(module).map_or(Walked::Nothing, Walked::Module),
            _ => {}
        }
        if let Some(child) = self.child(module, part) {
            return Walked::Module(child);
        }
        match self.in_module(module, part, depth) {
            Found::Targets(found) => self.as_module(found),
            Found::Outside => Walked::Outside,
            Found::Nothing => Walked::Nothing,
        }
    }

    /// A module inside another, in the file or in a file of its own.
    pub(super) fn child(&self, module: &Module, name: &str) -> Option<Module> {
        let (root, path) = self.snapshot.path(module.file)?;
        if self.snapshot.lang(module.file) == "rust" {
            let mut folder = rust_folder(&path);
            for it in &module.inline {
                folder = folder.join(it.as_bytes());
            }
            let own = self.at(root, &folder, &format!("{name}.rs"));
            if let Some(file) = own.or_else(|| self.at(root, &folder, &format!("{name}/mod.rs"))) {
                return Some(Module { file, inline: Vec::new() });
            }
        } else if self.snapshot.lang(module.file) == "python" && path.file_name() == b"__init__.py" {
            let folder = path.parent()?;
            let own = self.at(root, &folder, &format!("{name}.py"));
            if let Some(file) = own.or_else(|| self.at(root, &folder, &format!("{name}/__init__.py"))) {
                return Some(Module { file, inline: Vec::new() });
            }
        }
        let file = self.read(module.file)?;
        let inside = file.segments.iter().any(|segment| {
            let facts = &segment.facts;
            facts.symbols.iter().any(|it| {
                matches!(it.kind, SymbolKind::Module | SymbolKind::Namespace)
                    && !it.flags.has(SymbolFlags::DECLARATION)
                    && facts.text(it.name) == name
                    && inline_modules(facts, it).is_some_and(|it| it == module.inline)
            })
        });
        let mut inline = module.inline.clone();
        inline.push(name.to_owned());
        inside.then_some(Module { file: module.file, inline })
    }

    fn parent(&self, module: &Module) -> Option<Module> {
        if let Some((_, outer)) = module.inline.split_last() {
            return Some(Module { file: module.file, inline: outer.to_vec() });
        }
        let (root, path) = self.snapshot.path(module.file)?;
        let folder = if path.file_name() == b"mod.rs" { path.parent()?.parent()? } else { path.parent()? };
        let named = |name: &str| self.at(root, &folder, name).filter(|it| *it != module.file);
        let beside = || {
            let name = String::from_utf8_lossy(folder.file_name()).into_owned();
            self.at(root, &folder.parent()?, &format!("{name}.rs"))
        };
        let file = named("mod.rs").or_else(beside).or_else(|| named("lib.rs")).or_else(|| named("main.rs"))?;
        Some(Module { file, inline: Vec::new() })
    }

    fn default_export(&self, here: &Here, path: &str, name: &str, depth: u32) -> Found {
        let Walked::Module(module) = self.walk(here, ScopeIx(0), path, depth) else { return Found::Outside };
        self.in_module(&module, name, depth).or_else(|| {
            let Some(facts) = self.read(module.file) else { return Found::Nothing };
            let exported = |facts: &Facts| {
                let fits = |it: &Symbol| {
                    it.parent.is_none() && is_item(it) && it.visibility == crate::facts::Visibility::Public
                };
                facts.symbols.iter().position(fits)
            };
            for segment in 0..facts.segments.len() {
                let there = Here { file: module.file, facts: facts.clone(), segment };
                if let Some(at) = exported(there.facts()) {
                    return Found::Targets(vec![self.target(&there, at, Evidence::Import)]);
                }
            }
            Found::Targets(vec![self.file_target(module.file, Evidence::Import)])
        })
    }
}

/// Where a path led.
enum Walked {
    Module(Module),
    Items(Vec<Target>),
    Outside,
    Nothing,
}

impl Walked {
    fn items(found: Vec<Target>) -> Self {
        if found.is_empty() { Self::Nothing } else { Self::Items(found) }
    }
}

/// The folder of the modules inside a file of Rust.
fn rust_folder(path: &RelPath) -> RelPath {
    let folder = path.parent().unwrap_or_else(|| path.clone());
    match path.file_name() {
        b"mod.rs" | b"lib.rs" | b"main.rs" => folder,
        name => folder.join(name.strip_suffix(b".rs").unwrap_or(name)),
    }
}
