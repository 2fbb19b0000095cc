//! How wide the text is that we print. Invariant: a terminal's lines fit into it as it counts columns; what goes anywhere else
//! is never cut. Must not know what is printed.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::base::os;

/// Columns where nothing says how many there are, and the fewest that answers can be read in.
const USUAL: usize = 80;
const FEWEST: usize = 40;

/// What is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where lines are broken that can be.
    pub columns: usize,
    /// What is longer is cut.
    cuts: bool,
}

impl Page {
    /// Standard output: as wide as COLUMNS in the environment says, else as the terminal that it is.
    pub fn of_standard_output() -> Self {
        Self::new(std::env::var("COLUMNS").ok().as_deref(), os::terminal::columns())
    }

    /// `terminal` has its columns, 0 where it does not say.
    fn new(wished: Option<&str>, terminal: Option<u16>) -> Self {
        let wished = wished.and_then(|it| it.trim().parse::<u16>().ok()).filter(|it| *it > 0);
        let columns = wished.or(terminal.filter(|it| *it > 0)).map_or(USUAL, usize::from);
        Self { columns: columns.max(FEWEST), cuts: terminal.is_some() }
    }

    #[cfg(test)]
    pub fn terminal(columns: u16) -> Self {
        Self::new(None, Some(columns))
    }

    #[cfg(test)]
    pub fn pipe() -> Self {
        Self::new(None, None)
    }

    /// Columns behind `indent`; `None` where nothing is cut.
    pub fn room(&self, indent: usize) -> Option<usize> {
        self.cuts.then(|| self.columns.saturating_sub(indent).max(1))
    }

    /// The longest beginning of a text that fits behind `indent`, with a mark where something is left out.
    pub fn cut(&self, text: &str, indent: usize) -> String {
        self.room(indent).map_or_else(|| text.to_owned(), |room| cut(text, room))
    }
}

/// Columns that a terminal gives a text.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        let wide = UnicodeWidthChar::width(c).unwrap_or(0);
        if width(&out) + wide >= room {
            break;
        }
        out.push(c);
    }
    out + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_cuts_and_a_pipe_does_not() {
        let page = |wished, terminal| {
            let it = Page::new(wished, terminal);
            (it.columns, it.cuts)
        };
        assert_eq!(page(None, Some(200)), (200, true));
        assert_eq!(page(None, Some(0)), (80, true), "a terminal that does not say");
        assert_eq!(page(None, None), (80, false));
        assert_eq!(page(Some("120"), Some(200)), (120, true));
        assert_eq!(page(Some("120"), None), (120, false));
        assert_eq!(page(Some("wide"), Some(200)), (200, true));
        assert_eq!(page(Some("0"), Some(3)), (40, true), "nothing can be read in three columns");
    }

    #[test]
    fn texts_are_cut_by_columns() {
        assert_eq!((cut("abcdef", 4), cut("検索検索", 5), cut("ab", 2)), ("abc…".into(), "検索…".into(), "ab".into()));
        let page = |terminal| Page::new(None, terminal).cut(&"a".repeat(50), 8);
        assert_eq!(page(Some(48)), "a".repeat(39) + "…");
        assert_eq!(page(None), "a".repeat(50));
    }
}
