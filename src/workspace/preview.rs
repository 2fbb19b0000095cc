//! Lines of a file for a reader's eyes: read at the moment they are shown. Invariant: shown only where the file is still
//! what was indexed; bounded; control characters never reach a terminal. Must not know who shows them.

use std::path::Path;

use crate::base::hash::ContentHash;
use crate::base::os::RootDir;
use crate::base::paths::RelPath;
use crate::text::decode::{Decoded, decode};

/// Larger files have no preview.
const LARGEST: u64 = 16 << 20;
/// Longest line of a preview in characters.
const LONGEST_LINE: usize = 400;

/// The lines `lines.0..=lines.1` (zero-based) of the file at `path` beneath `root`; `None` where it cannot be read or is not
/// the file that had the hash `indexed`.
pub fn preview(root: &Path, path: &RelPath, indexed: Option<ContentHash>, lines: (u32, u32)) -> Option<Vec<String>> {
    let (bytes, _) = RootDir::open(root).ok()?.read(path, LARGEST).ok()?;
    if indexed.is_some_and(|hash| hash != ContentHash::of(&bytes)) {
        return None;
    }
    let Decoded::Text { text, .. } = decode(bytes) else { return None };
    Some(lines_of(&text, lines))
}

/// The same out of a text that is at hand (an open document).
pub fn lines_of(text: &str, lines: (u32, u32)) -> Vec<String> {
    let index = crate::facts::LineIndex::new(text);
    let last = lines.1.min(index.starts.len().saturating_sub(1) as u32);
    (lines.0..=last)
        .map(|line| {
            let range = index.line_start(line) as usize..index.line_start(line + 1) as usize;
            shown(text.get(range).unwrap_or("").trim_end_matches(['\n', '\r']))
        })
        .collect()
}

/// A line as a terminal may have it: tabs as four spaces, other control characters replaced.
fn shown(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars().take(LONGEST_LINE) {
        match c {
            '\t' => out.push_str("    "),
            c if c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') => {
                out.push('\u{FFFD}')
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_protocol_and_harmless() {
        let text = "a\r\nb\tc\rd\u{1b}[31m\n";
        assert_eq!(lines_of(text, (0, 1)), ["a", "b    c"]);
        assert_eq!(lines_of(text, (2, 99)), ["d\u{FFFD}[31m", ""]);
        assert!(lines_of("", (5, 9)).is_empty());
    }

    #[test]
    fn a_changed_file_has_no_preview() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.txt"), "one\ntwo\n").unwrap();
        let path = RelPath::from_bytes(b"a.txt").unwrap();
        let same = ContentHash::of(b"one\ntwo\n");
        assert_eq!(preview(folder.path(), &path, Some(same), (1, 1)), Some(vec!["two".to_owned()]));
        assert_eq!(preview(folder.path(), &path, Some(ContentHash::of(b"other")), (1, 1)), None);
    }
}
