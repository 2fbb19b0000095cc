//! `portolan languages`: what is known of each language. Invariant: made from the table alone.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use crate::syntax::languages::Lang;

/// Prints one line a language, or JSON.
pub fn run(as_json: bool) -> Result<ExitCode> {
    if as_json {
        let rows: Vec<_> = Lang::all()
            .map(|lang| {
                let row = lang.row();
                json!({"id": row.id, "title": row.title, "extensions": row.extensions, "filenames": row.filenames,
                       "grammar": row.grammar_version, "diagnostics": lang.has_grammar() && row.diagnostics})
            })
            .collect();
        anstream::println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    for lang in Lang::all() {
        let row = lang.row();
        let files: Vec<String> = row
            .extensions
            .iter()
            .map(|e| format!("*.{e}"))
            .chain(row.filenames.iter().map(|&f| f.to_owned()))
            .collect();
        let what = if lang.has_grammar() { "syntax" } else { "words" };
        anstream::println!("{:<12} {:<7} {}", row.id, what, files.join(" "));
    }
    Ok(ExitCode::SUCCESS)
}
