//! Which language an open document is in: the client's word where we know it, else its name, else its first lines.
//! Invariant: a document that is no file is named by its URI's path.

use super::Opening;
use crate::base::paths::RelPath;
use crate::syntax::languages::{Lang, detect};

/// Bytes of the text that detection may look at.
const HEAD: usize = 4096;

/// The language of a document.
pub(super) fn of(opening: &Opening) -> Lang {
    let ours = match opening.language_id.as_str() {
        "javascriptreact" | "javascript.jsx" | "jsx" => "javascript",
        "typescriptreact" | "typescript.tsx" => "tsx",
        "shellscript" | "sh" | "zsh" => "bash",
        "c++" | "cuda-cpp" => "cpp",
        "cs" | "c#" => "csharp",
        "jsonc" | "json5" => "json",
        "xhtml" => "html",
        // Not a language: says that the client knows none.
        "plaintext" | "text" | "" => "",
        other => other,
    };
    if let Some(lang) = Lang::from_id(ours).filter(|lang| lang.has_grammar()) {
        return lang;
    }
    let name = match &opening.path {
        Some(path) => path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default(),
        None => opening.uri.rsplit(['/', ':']).next().unwrap_or_default().as_bytes().to_vec(),
    };
    let head = &opening.text.as_bytes()[..opening.text.len().min(HEAD)];
    RelPath::from_bytes(&name).map_or(Lang::TEXT, |name| detect(&name, head))
}
