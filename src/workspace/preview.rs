//! Lines of a text for a reader's eyes. Invariant: bounded; control characters never reach a terminal. Must not know where
//! the text comes from.

/// Longest line of a preview in characters.
const LONGEST_LINE: usize = 400;

/// The lines `lines.0..=lines.1` (zero-based) of a text, as far as it has them.
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
}
