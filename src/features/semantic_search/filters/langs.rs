//! What a language is called in a filter: its id, its name, an extension of its files, what people say. Invariant: what a name
//! means comes from the table of languages but for a few sayings. Must not know the index.

use crate::base::edits::{LONGEST, edits};
use crate::syntax::languages::Lang;

/// What people say beside ids, names and extensions.
const SAYINGS: &[(&str, &str)] = &[
    ("c++", "cpp"),
    ("cxx", "cpp"),
    ("c#", "csharp"),
    ("golang", "go"),
    ("shell", "bash"),
    ("zsh", "bash"),
    ("node", "javascript"),
    ("jsx", "javascript"),
    ("plain", "text"),
    ("plaintext", "text"),
    ("txt", "text"),
];
/// What people call text of an ending.
const ENDINGS: &[(&str, &str)] = &[("restructuredtext", "rst"), ("asciidoc", "adoc")];
/// Languages that another's name includes.
const INCLUDED: &[(&str, &str)] = &[("typescript", "tsx")];

/// The ids that a name means.
pub fn of(name: &str) -> Option<Vec<&'static str>> {
    let name = name.to_lowercase();
    let name = name.strip_prefix('.').unwrap_or(&name);
    let said = SAYINGS.iter().find(|it| it.0 == name).map_or(name, |it| it.1);
    let by_id = Lang::from_id(said);
    let by_title = || Lang::all().find(|it| it.row().title.eq_ignore_ascii_case(said));
    // Endings of plain text are no languages, see [`ending`].
    let by_extension = || Lang::all().find(|it| *it != Lang::TEXT && it.row().extensions.contains(&said));
    let id = by_id.or_else(by_title).or_else(by_extension)?.id();
    Some(std::iter::once(id).chain(INCLUDED.iter().filter(|it| it.0 == id).map(|it| it.1)).collect())
}

/// The ending of plain text that a name means: `rst`.
pub fn ending(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let name = name.strip_prefix('.').unwrap_or(&name);
    let name = ENDINGS.iter().find(|it| it.0 == name).map_or(name, |it| it.1);
    Lang::TEXT.row().extensions.iter().copied().find(|it| *it == name)
}

/// Up to three languages that are called alike, the nearest first.
pub fn near(name: &str) -> Vec<&'static str> {
    let name = name.to_lowercase();
    let mut all: Vec<(usize, &'static str)> = Vec::new();
    for lang in Lang::all() {
        let id = lang.id();
        let title = lang.row().title.to_lowercase();
        let begins = !name.is_empty() && (id.starts_with(&name) || title.starts_with(&name));
        let distance = if begins { 0 } else { distance(&name, id).min(distance(&name, &title)) };
        all.push((distance, id));
    }
    all.sort_unstable();
    all.into_iter().filter(|it| it.0 <= 2.max(name.chars().count() / 3)).map(|it| it.1).take(3).collect()
}

/// [`edits`] of letters.
pub fn distance(a: &str, b: &str) -> usize {
    let letters = |it: &str| it.chars().take(LONGEST).collect::<Vec<char>>();
    edits(&letters(a), &letters(b))
}
