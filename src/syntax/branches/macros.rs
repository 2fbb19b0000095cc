//! What is known of macros: those of the platform's compilers, and those that the text defines itself. Invariant: unknown
//! means unknown, since headers and build flags define more. Must not know expressions.

use std::collections::HashMap;

use super::condition::Truth;
use super::first_name;
use super::scan::joined;
use crate::syntax::languages::Lang;

/// What is known of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Undefined,
    /// Defined, by a body that is an expression, perhaps.
    Body(Box<str>),
    /// Defined; nothing is known of its value.
    Defined,
    Unknown,
}

/// Macros that no compiler for another system than their own defines.
const SYSTEMS: &[(&str, &[&str])] = &[
    (
        "windows",
        &["_WIN32", "_WIN64", "WIN32", "__MINGW32__", "__MINGW64__", "__CYGWIN__", "_MSC_VER", "_MSC_FULL_VER"],
    ),
    ("macos", &["__APPLE__", "__MACH__"]),
    ("linux", &["__linux__", "__linux", "__gnu_linux__"]),
    ("freebsd", &["__FreeBSD__"]),
    ("openbsd", &["__OpenBSD__"]),
    ("netbsd", &["__NetBSD__"]),
    ("dragonfly", &["__DragonFly__"]),
    ("android", &["__ANDROID__"]),
    ("emscripten", &["__EMSCRIPTEN__", "__wasm__", "__wasi__"]),
    ("solaris", &["__sun", "__sun__"]),
    (
        "other",
        &["_AIX", "__hpux", "__sgi", "__HAIKU__", "__QNX__", "__OS2__", "__VMS", "__DJGPP__", "MSDOS", "__MSDOS__"],
    ),
];

/// Compilers that are neither gcc nor clang.
const COMPILERS: &[&str] = &[
    "__BORLANDC__",
    "__CC_ARM",
    "__CODEGEARC__",
    "__DMC__",
    "__HP_aCC",
    "__HP_cc",
    "__IAR_SYSTEMS_ICC__",
    "__ICC",
    "__ICL",
    "__INTEL_COMPILER",
    "__SUNPRO_C",
    "__SUNPRO_CC",
    "__TINYC__",
    "__TURBOC__",
    "__WATCOMC__",
    "__xlC__",
];

/// The macros of a text as far as it has been read.
pub(super) struct Macros<'a> {
    cplusplus: bool,
    own: HashMap<&'a str, Meaning>,
}

impl<'a> Macros<'a> {
    pub fn new(lang: Lang) -> Self {
        Self { cplusplus: lang.id() == "cpp", own: HashMap::new() }
    }

    /// What a name means here.
    pub fn meaning(&self, name: &str) -> Meaning {
        self.own.get(name).cloned().unwrap_or_else(|| self.of_platform(name))
    }

    pub fn is_defined(&self, name: &str) -> Truth {
        match self.meaning(name) {
            Meaning::Undefined => Truth::False,
            Meaning::Body(_) | Meaning::Defined => Truth::True,
            Meaning::Unknown => Truth::Unknown,
        }
    }

    /// Takes in a definition, `define X ...` or `undef X`, and gives its name.
    pub fn take(&mut self, word: &str, rest: &'a str) -> &'a str {
        let name = first_name(rest);
        let body = rest.trim_start().get(name.len()..).unwrap_or("");
        let meaning = match word {
            "undef" => Meaning::Undefined,
            // With parameters, or too long for a number and its condition.
            _ if body.starts_with('(') || body.len() > 400 => Meaning::Defined,
            _ => Meaning::Body(joined(body).trim().into()),
        };
        self.own.insert(name, meaning);
        name
    }

    /// Nothing is known of these names any more.
    pub fn forget(&mut self, names: &[&'a str]) {
        self.own.extend(names.iter().map(|&name| (name, Meaning::Unknown)));
    }

    fn of_platform(&self, name: &str) -> Meaning {
        if name == "__cplusplus" {
            return if self.cplusplus { Meaning::Defined } else { Meaning::Undefined };
        }
        // With these systems' own compilers nothing below is known.
        if !cfg!(any(target_os = "linux", target_os = "macos")) {
            return Meaning::Unknown;
        }
        let system = SYSTEMS.iter().find(|(_, names)| names.contains(&name));
        match system {
            Some(&(system, _)) if system == std::env::consts::OS => Meaning::Defined,
            // The same compilers serve both: what is built on Linux may be for a telephone.
            Some(&("android", _)) => Meaning::Unknown,
            Some(_) => Meaning::Undefined,
            None if COMPILERS.contains(&name) || name.starts_with("_MSVC_") => Meaning::Undefined,
            None if matches!(name, "__GNUC__" | "__STDC__" | "__unix__" | "__unix") => {
                if name.starts_with("__unix") && cfg!(target_os = "macos") {
                    Meaning::Unknown
                } else {
                    Meaning::Defined
                }
            }
            None => Meaning::Unknown,
        }
    }
}
