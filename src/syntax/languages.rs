//! Languages as data: one row each in `languages/table.rs`. Invariant: an id, once shipped, keeps its meaning; `Lang` is
//! an index into the table of this process and is never written to disk (its id is). Must not know how facts are made.

mod table;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;
use std::sync::OnceLock;

use tree_sitter_language::LanguageFn;

use crate::base::hash::Key;
use crate::base::paths::RelPath;
use crate::base::version;

/// A language of the table; [`Lang::TEXT`] is any text without a grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lang(pub u8);

/// One query file of a language, with its path below `queries/` for messages.
pub struct QueryFile {
    pub path: &'static str,
    pub text: &'static str,
}

/// How visibility is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisibilityRule {
    /// By modifiers (`@visibility` captures); the given value where there is none.
    Modifiers(crate::facts::Visibility),
    /// A capital first letter exports (Go).
    Capital,
    /// A leading underscore hides (Python, Lua).
    Underscore,
}

/// Whether a name's first assignment in a scope declares it, and later ones write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstAssignment {
    /// Every declaration declares.
    None,
    /// So it is with locals (`:=` in Go).
    Locals,
    /// So it is with all variables (Python).
    All,
}

/// One language. All that the engine knows of it beside its queries.
pub struct Row {
    /// Stable id, as in `status --files`.
    pub id: &'static str,
    /// The name that people use.
    pub title: &'static str,
    pub grammar: Option<LanguageFn>,
    /// Name and version of the grammar crate; part of the recipe.
    pub grammar_version: &'static str,
    pub queries: &'static [QueryFile],
    /// Without the dot, lower case.
    pub extensions: &'static [&'static str],
    /// Whole file names.
    pub filenames: &'static [&'static str],
    /// Interpreters of a `#!` line, without version digits.
    pub interpreters: &'static [&'static str],
    /// Node kinds that are comments.
    pub comments: &'static [&'static str],
    /// Node kinds that stand before an item and belong to its head (attributes, decorators): documentation is looked for
    /// before them.
    pub attributes: &'static [&'static str],
    /// Files above this size are cut between top-level items. Bytes.
    pub segment_size: usize,
    /// Whether ERROR nodes of this grammar can be shown to people.
    pub diagnostics: bool,
    /// Whether an open document may be parsed in the server's own process.
    pub in_process: bool,
    pub visibility: VisibilityRule,
    /// Names that mean the instance or the class at hand when they stand before a dot.
    pub self_names: &'static [&'static str],
    pub super_names: &'static [&'static str],
    pub first_assignment: FirstAssignment,
    /// Words one of which stands in a macro call's tokens that hold items.
    pub item_words: &'static [&'static str],
    /// Macros among specifiers are read as blanks (C, C++).
    pub blank_macros: bool,
    /// Lines that begin with `#` are directives of the C preprocessor.
    pub preprocessor: bool,
    /// Words that are no names, whatever a parser makes of broken text.
    pub reserved: &'static [&'static str],
    /// Kinds that are found by name but not shown in the outline.
    pub outline_hides: &'static [crate::facts::SymbolKind],
    /// A declaration behind which the same parent has the same name again is not shown in the outline (Python's overloads).
    pub outline_hides_overloads: bool,
    /// Consecutive functions of one name are equations of one function.
    pub equations: bool,
    /// Prefixes of function names that make a test in files that hold tests (`test_`, `Test`).
    pub test_prefixes: &'static [&'static str],
    /// Keys of data below so many nodes are not named; still fewer where a segment holds very many.
    pub key_depth: u32,
    /// Headings are lines; each heads what follows, to the next one of its level.
    pub sections: bool,
}

impl Lang {
    /// Any text without a grammar: passages by lines, no symbols.
    pub const TEXT: Lang = Lang(0);

    /// The language of that id.
    pub fn from_id(id: &str) -> Option<Lang> {
        table::ROWS.iter().position(|row| row.id == id).map(|at| Lang(at as u8))
    }

    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// Its row. A number outside the table (never made here) reads as text.
    pub fn row(self) -> &'static Row {
        table::ROWS.get(self.0 as usize).unwrap_or(&table::ROWS[0])
    }

    /// All languages, text first.
    pub fn all() -> impl Iterator<Item = Lang> {
        (0..table::ROWS.len() as u8).map(Lang)
    }

    pub fn has_grammar(self) -> bool {
        self.row().grammar.is_some()
    }

    /// The grammar for a parser. `None` for text.
    pub fn grammar(self) -> Option<tree_sitter::Language> {
        self.row().grammar.map(tree_sitter::Language::from)
    }
}

/// The language of a file, by its name, else by the first line of its `head` (the first few KiB, as far as known).
pub fn detect(path: &RelPath, head: &[u8]) -> Lang {
    let name = path.file_name();
    let by = lookup();
    if let Some(&lang) = std::str::from_utf8(name).ok().and_then(|name| by.filenames.get(name)) {
        return lang;
    }
    if let Some(dot) = name.iter().rposition(|&b| b == b'.').filter(|&dot| dot > 0) {
        let extension = name[dot + 1..].to_ascii_lowercase();
        if extension == b"h" && looks_like_cpp(head) {
            return Lang::from_id("cpp").unwrap_or(Lang::TEXT);
        }
        if let Some(&lang) = std::str::from_utf8(&extension).ok().and_then(|ext| by.extensions.get(ext)) {
            return lang;
        }
    }
    interpreter(head).and_then(|name| by.interpreters.get(name).copied()).unwrap_or(Lang::TEXT)
}

/// What made the facts of a language: format, grammar, queries, extractor and analyser. Another recipe, another key.
pub fn recipe(lang: Lang) -> Key {
    static RECIPES: OnceLock<Vec<Key>> = OnceLock::new();
    let all = RECIPES.get_or_init(|| {
        let pretended: Vec<u8> = version::pretended().map_or_else(Vec::new, |it| it.0.map(u16::to_le_bytes).concat());
        Lang::all()
            .map(|lang| {
                let row = lang.row();
                let mut parts: Vec<&[u8]> = vec![row.id.as_bytes(), row.grammar_version.as_bytes()];
                parts.extend(row.reserved.iter().map(|word| word.as_bytes()));
                if row.preprocessor {
                    parts.push(std::env::consts::OS.as_bytes());
                }
                let size = row.segment_size.to_le_bytes();
                parts.push(&size);
                parts.extend(row.queries.iter().map(|file| file.text.as_bytes()));
                parts.extend(super::extract::SOURCES.iter().map(|source| source.as_bytes()));
                parts.push(&pretended);
                Key::of("recipe", &parts)
            })
            .collect()
    });
    all.get(lang.0 as usize).copied().unwrap_or(all[0])
}

struct Lookup {
    extensions: HashMap<&'static str, Lang>,
    filenames: HashMap<&'static str, Lang>,
    interpreters: HashMap<&'static str, Lang>,
}

fn lookup() -> &'static Lookup {
    static LOOKUP: OnceLock<Lookup> = OnceLock::new();
    LOOKUP.get_or_init(|| {
        let mut it = Lookup { extensions: HashMap::new(), filenames: HashMap::new(), interpreters: HashMap::new() };
        for lang in Lang::all() {
            let row = lang.row();
            it.extensions.extend(row.extensions.iter().map(|&name| (name, lang)));
            it.filenames.extend(row.filenames.iter().map(|&name| (name, lang)));
            it.interpreters.extend(row.interpreters.iter().map(|&name| (name, lang)));
        }
        it
    })
}

/// The program of a `#!` line, without directory, `env` and version: `python` of `#!/usr/bin/env -S python3.11 -u`.
fn interpreter(head: &[u8]) -> Option<&str> {
    let line = head.strip_prefix(b"#!")?;
    let line = &line[..line.iter().position(|&b| b == b'\n').unwrap_or(line.len()).min(256)];
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let mut program = words.next()?;
    if program.ends_with("/env") {
        program = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
    }
    let name = program.rsplit('/').next()?;
    Some(name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
}

/// A header that only C++ reads.
fn looks_like_cpp(head: &[u8]) -> bool {
    let head = &head[..head.len().min(64 << 10)];
    head.split(|&b| b == b'\n').any(|line| {
        let line = line.trim_ascii_start();
        [
            b"namespace ".as_slice(),
            b"class ",
            b"enum class ",
            b"constexpr ",
            b"inline constexpr ",
            b"static constexpr ",
            b"template <",
            b"template<",
            b"using ",
            b"public:",
            b"private:",
            b"protected:",
        ]
        .iter()
        .any(|word| line.starts_with(word))
            || is_cpp_include(line)
    })
}

/// `#include <vector>`: a header without extension.
fn is_cpp_include(line: &[u8]) -> bool {
    line.strip_prefix(b"#")
        .map(|rest| rest.trim_ascii_start())
        .and_then(|rest| rest.strip_prefix(b"include"))
        .map(|rest| rest.trim_ascii_start())
        .and_then(|rest| rest.strip_prefix(b"<"))
        .and_then(|rest| rest.iter().position(|&b| b == b'>').map(|end| &rest[..end]))
        .is_some_and(|name| !name.is_empty() && name.iter().all(|b| b.is_ascii_lowercase() || *b == b'_'))
}
