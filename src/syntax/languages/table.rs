//! The table of languages. Invariant: the first row is text; ids are unique; a row names only files that exist below
//! `queries/`. To add a language see `queries/README.md`. Must hold no code but the rows.

use super::{FirstAssignment, QueryFile, Row, VisibilityRule};
use crate::facts::{SymbolKind, Visibility};

macro_rules! queries {
    ($($path:literal),*) => {
        &[$(QueryFile { path: $path, text: include_str!(concat!("../../../queries/", $path)) }),*]
    };
}

const KIB: usize = 1 << 10;

/// What a row says unless it says otherwise.
const PLAIN: Row = Row {
    id: "text",
    title: "Text",
    grammar: None,
    grammar_version: "",
    queries: &[],
    extensions: &[],
    filenames: &[],
    interpreters: &[],
    comments: &["comment"],
    attributes: &[],
    segment_size: 256 * KIB,
    diagnostics: true,
    in_process: true,
    visibility: VisibilityRule::Modifiers(Visibility::Unknown),
    self_names: &[],
    super_names: &[],
    first_assignment: FirstAssignment::None,
    item_words: &[],
    blank_macros: false,
    outline_hides: &[],
    test_prefixes: &[],
};

/// All languages; text first.
pub static ROWS: &[Row] = &[
    Row {
        extensions: &["txt", "rst", "adoc", "log"],
        filenames: &["LICENSE", "README", "CHANGELOG"],
        comments: &[],
        diagnostics: false,
        ..PLAIN
    },
    Row {
        id: "rust",
        title: "Rust",
        grammar: Some(tree_sitter_rust::LANGUAGE),
        grammar_version: "rust 0.24.2",
        queries: queries!["rust/facts.scm"],
        extensions: &["rs"],
        interpreters: &["rust-script"],
        comments: &["line_comment", "block_comment"],
        attributes: &["attribute_item", "inner_attribute_item"],
        visibility: VisibilityRule::Modifiers(Visibility::Private),
        self_names: &["self", "Self"],
        super_names: &["super"],
        item_words: &["fn ", "struct ", "enum ", "trait ", "impl ", "impl<", "mod ", "const ", "static ", "type "],
        ..PLAIN
    },
    Row {
        id: "python",
        title: "Python",
        grammar: Some(tree_sitter_python::LANGUAGE),
        grammar_version: "python 0.25.0",
        queries: queries!["python/facts.scm"],
        extensions: &["py", "pyi", "pyw"],
        filenames: &["SConstruct", "SConscript"],
        interpreters: &["python", "pypy"],
        attributes: &["decorator"],
        visibility: VisibilityRule::Underscore,
        self_names: &["self", "cls"],
        super_names: &["super"],
        first_assignment: FirstAssignment::All,
        test_prefixes: &["test_"],
        ..PLAIN
    },
    Row {
        id: "javascript",
        title: "JavaScript",
        grammar: Some(tree_sitter_javascript::LANGUAGE),
        grammar_version: "javascript 0.25.0",
        queries: queries!["ecma/facts.scm", "javascript/facts.scm"],
        extensions: &["js", "jsx", "mjs", "cjs"],
        interpreters: &["node", "bun"],
        attributes: &["decorator"],
        self_names: &["this"],
        super_names: &["super"],
        ..PLAIN
    },
    Row {
        id: "typescript",
        title: "TypeScript",
        grammar: Some(tree_sitter_typescript::LANGUAGE_TYPESCRIPT),
        grammar_version: "typescript 0.23.2",
        queries: queries!["ecma/facts.scm", "typescript/facts.scm"],
        extensions: &["ts", "mts", "cts"],
        interpreters: &["deno", "ts-node"],
        attributes: &["decorator"],
        self_names: &["this"],
        super_names: &["super"],
        ..PLAIN
    },
    Row {
        id: "tsx",
        title: "TSX",
        grammar: Some(tree_sitter_typescript::LANGUAGE_TSX),
        grammar_version: "typescript 0.23.2",
        queries: queries!["ecma/facts.scm", "typescript/facts.scm", "jsx/facts.scm"],
        extensions: &["tsx"],
        attributes: &["decorator"],
        self_names: &["this"],
        super_names: &["super"],
        ..PLAIN
    },
    Row {
        id: "go",
        title: "Go",
        grammar: Some(tree_sitter_go::LANGUAGE),
        grammar_version: "go 0.25.0",
        queries: queries!["go/facts.scm"],
        extensions: &["go"],
        visibility: VisibilityRule::Capital,
        test_prefixes: &["Test", "Benchmark", "Fuzz", "Example"],
        first_assignment: FirstAssignment::Locals,
        ..PLAIN
    },
    Row {
        id: "c",
        title: "C",
        grammar: Some(tree_sitter_c::LANGUAGE),
        grammar_version: "c 0.24.2",
        queries: queries!["c/facts.scm"],
        extensions: &["c", "h"],
        diagnostics: false,
        blank_macros: true,
        outline_hides: &[SymbolKind::Macro],
        ..PLAIN
    },
    Row {
        id: "cpp",
        title: "C++",
        grammar: Some(tree_sitter_cpp::LANGUAGE),
        grammar_version: "cpp 0.23.4",
        queries: queries!["cpp/facts.scm", "c/facts.scm"],
        extensions: &["cc", "cpp", "cxx", "hpp", "hh", "hxx", "c++", "inl", "ipp", "tcc", "cu"],
        diagnostics: false,
        self_names: &["this"],
        blank_macros: true,
        outline_hides: &[SymbolKind::Macro],
        ..PLAIN
    },
    Row {
        id: "java",
        title: "Java",
        grammar: Some(tree_sitter_java::LANGUAGE),
        grammar_version: "java 0.23.5",
        queries: queries!["java/facts.scm"],
        extensions: &["java"],
        comments: &["line_comment", "block_comment"],
        visibility: VisibilityRule::Modifiers(Visibility::Restricted),
        self_names: &["this"],
        super_names: &["super"],
        ..PLAIN
    },
    Row {
        id: "csharp",
        title: "C#",
        grammar: Some(tree_sitter_c_sharp::LANGUAGE),
        grammar_version: "c-sharp 0.23.5",
        queries: queries!["csharp/facts.scm"],
        extensions: &["cs", "csx"],
        visibility: VisibilityRule::Modifiers(Visibility::Private),
        self_names: &["this"],
        super_names: &["base"],
        ..PLAIN
    },
    Row {
        id: "ruby",
        title: "Ruby",
        grammar: Some(tree_sitter_ruby::LANGUAGE),
        grammar_version: "ruby 0.23.1",
        queries: queries!["ruby/facts.scm"],
        extensions: &["rb", "rake", "gemspec", "ru"],
        filenames: &["Rakefile", "Gemfile", "Vagrantfile", "Guardfile", "Podfile", "Fastfile"],
        interpreters: &["ruby", "jruby"],
        visibility: VisibilityRule::Modifiers(Visibility::Public),
        self_names: &["self"],
        super_names: &["super"],
        first_assignment: FirstAssignment::All,
        test_prefixes: &["test_"],
        ..PLAIN
    },
    Row {
        id: "php",
        title: "PHP",
        grammar: Some(tree_sitter_php::LANGUAGE_PHP),
        grammar_version: "php 0.25.1",
        queries: queries!["php/facts.scm"],
        extensions: &["php", "phtml", "php5", "php7", "inc"],
        interpreters: &["php"],
        attributes: &["attribute_list"],
        visibility: VisibilityRule::Modifiers(Visibility::Public),
        self_names: &["this", "$this", "self", "static"],
        super_names: &["parent"],
        first_assignment: FirstAssignment::All,
        test_prefixes: &["test"],
        ..PLAIN
    },
    Row {
        id: "kotlin",
        title: "Kotlin",
        grammar: Some(tree_sitter_kotlin_ng::LANGUAGE),
        grammar_version: "kotlin-ng 1.1.0",
        queries: queries!["kotlin/facts.scm"],
        extensions: &["kt", "kts"],
        interpreters: &["kotlin"],
        comments: &["line_comment", "block_comment"],
        diagnostics: false,
        visibility: VisibilityRule::Modifiers(Visibility::Public),
        self_names: &["this"],
        super_names: &["super"],
        ..PLAIN
    },
    Row {
        id: "swift",
        title: "Swift",
        grammar: Some(tree_sitter_swift::LANGUAGE),
        grammar_version: "swift 0.7.4",
        queries: queries!["swift/facts.scm"],
        extensions: &["swift"],
        interpreters: &["swift"],
        comments: &["comment", "multiline_comment"],
        diagnostics: false,
        visibility: VisibilityRule::Modifiers(Visibility::Restricted),
        self_names: &["self", "Self"],
        super_names: &["super"],
        test_prefixes: &["test"],
        ..PLAIN
    },
    Row {
        id: "scala",
        title: "Scala",
        grammar: Some(tree_sitter_scala::LANGUAGE),
        grammar_version: "scala 0.26.4",
        queries: queries!["scala/facts.scm"],
        extensions: &["scala", "sc", "sbt"],
        interpreters: &["scala", "amm"],
        comments: &["comment", "block_comment"],
        diagnostics: false,
        visibility: VisibilityRule::Modifiers(Visibility::Public),
        self_names: &["this"],
        super_names: &["super"],
        ..PLAIN
    },
    Row {
        id: "haskell",
        title: "Haskell",
        grammar: Some(tree_sitter_haskell::LANGUAGE),
        grammar_version: "haskell 0.24.1",
        queries: queries!["haskell/facts.scm"],
        extensions: &["hs"],
        interpreters: &["runhaskell", "runghc"],
        comments: &["comment", "haddock"],
        diagnostics: false,
        ..PLAIN
    },
    Row {
        id: "elixir",
        title: "Elixir",
        grammar: Some(tree_sitter_elixir::LANGUAGE),
        grammar_version: "elixir 0.3.5",
        queries: queries!["elixir/facts.scm"],
        extensions: &["ex", "exs"],
        interpreters: &["elixir"],
        self_names: &["__MODULE__"],
        ..PLAIN
    },
    Row {
        id: "lua",
        title: "Lua",
        grammar: Some(tree_sitter_lua::LANGUAGE),
        grammar_version: "lua 0.5.0",
        queries: queries!["lua/facts.scm"],
        extensions: &["lua"],
        interpreters: &["lua", "luajit", "texlua"],
        visibility: VisibilityRule::Underscore,
        self_names: &["self"],
        first_assignment: FirstAssignment::All,
        ..PLAIN
    },
    Row {
        id: "bash",
        title: "Bash",
        grammar: Some(tree_sitter_bash::LANGUAGE),
        grammar_version: "bash 0.25.1",
        queries: queries!["bash/facts.scm"],
        extensions: &["sh", "bash", "bats", "ebuild"],
        filenames: &[".bashrc", ".bash_profile", ".profile", ".bash_aliases", "PKGBUILD"],
        interpreters: &["sh", "bash", "dash", "ash", "ksh", "zsh"],
        diagnostics: false,
        first_assignment: FirstAssignment::All,
        ..PLAIN
    },
    Row {
        id: "zig",
        title: "Zig",
        grammar: Some(tree_sitter_zig::LANGUAGE),
        grammar_version: "zig 1.1.2",
        queries: queries!["zig/facts.scm"],
        extensions: &["zig", "zon"],
        visibility: VisibilityRule::Modifiers(Visibility::Private),
        ..PLAIN
    },
    Row {
        id: "markdown",
        title: "Markdown",
        grammar: Some(tree_sitter_md::LANGUAGE),
        grammar_version: "md 0.5.4",
        extensions: &["md", "markdown", "mdx"],
        comments: &[],
        diagnostics: false,
        in_process: false,
        ..PLAIN
    },
    Row {
        id: "html",
        title: "HTML",
        grammar: Some(tree_sitter_html::LANGUAGE),
        grammar_version: "html 0.23.2",
        extensions: &["html", "htm", "xhtml"],
        diagnostics: false,
        ..PLAIN
    },
    Row {
        id: "css",
        title: "CSS",
        grammar: Some(tree_sitter_css::LANGUAGE),
        grammar_version: "css 0.25.0",
        extensions: &["css"],
        diagnostics: false,
        ..PLAIN
    },
    Row {
        id: "json",
        title: "JSON",
        grammar: Some(tree_sitter_json::LANGUAGE),
        grammar_version: "json 0.24.8",
        extensions: &["json", "jsonc", "webmanifest"],
        filenames: &[".babelrc", ".eslintrc", "composer.lock"],
        diagnostics: false,
        ..PLAIN
    },
    Row {
        id: "yaml",
        title: "YAML",
        grammar: Some(tree_sitter_yaml::LANGUAGE),
        grammar_version: "yaml 0.7.2",
        extensions: &["yaml", "yml"],
        filenames: &[".clang-format", ".clang-tidy"],
        diagnostics: false,
        ..PLAIN
    },
    Row {
        id: "toml",
        title: "TOML",
        grammar: Some(tree_sitter_toml_ng::LANGUAGE),
        grammar_version: "toml-ng 0.7.0",
        extensions: &["toml"],
        filenames: &["Cargo.lock", "poetry.lock", "uv.lock", "Pipfile"],
        ..PLAIN
    },
];
