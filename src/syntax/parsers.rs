//! The parsers that a thread keeps, one a language. Invariant: no more than it may; the one that was used longest ago goes
//! first. What is made of a text does not hang on how many there are. Must not know texts.

use tree_sitter::Parser;

use super::languages::Lang;

/// The parsers of one thread, the last one used first.
#[derive(Default)]
pub struct Parsers(Vec<(Lang, Parser)>);

impl Parsers {
    /// The parser of a language, beside which at most `most` - 1 others are kept; none where it has no grammar.
    pub fn of(&mut self, lang: Lang, most: usize) -> Option<&mut Parser> {
        match self.0.iter().position(|it| it.0 == lang) {
            Some(0) => {}
            Some(at) => self.0[..=at].rotate_right(1),
            None => {
                let mut parser = Parser::new();
                parser.set_language(&lang.grammar()?).ok()?;
                self.0.truncate(most.saturating_sub(1));
                self.0.insert(0, (lang, parser));
            }
        }
        self.0.first_mut().map(|it| &mut it.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_used_longest_ago_goes_first() {
        let mut parsers = Parsers::default();
        let mut ask = |id: &str, most| {
            assert_eq!(parsers.of(Lang::from_id(id).unwrap(), most).is_some(), id != "text");
            parsers.0.iter().map(|it| it.0.id()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ask("rust", 2), "rust");
        assert_eq!(ask("go", 2), "go rust");
        assert_eq!(ask("text", 2), "go rust");
        assert_eq!(ask("rust", 2), "rust go");
        assert_eq!(ask("python", 2), "python rust");
        assert_eq!(ask("go", usize::MAX), "go python rust");
        assert_eq!(ask("c", 1), "c");
    }
}
