//! Words that a path must hold to be matched by a line of an ignore file, and the lines that a path is worth asking about.
//! Invariant: a line that is not among the candidates does not match; nothing is said of those that are. Must not know what
//! a line means beyond its plain characters.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Words of more bytes are as rare as any.
const RARE: usize = 8;

/// What stands in every path that a line matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    pub word: Vec<u8>,
    pub place: Place,
}

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// In the path's last component.
    pub in_name: bool,
    /// At the beginning of a component.
    pub begins: bool,
    /// At the end of a component.
    pub ends: bool,
}

/// All runs of plain characters within one component of the line. None where the line is all wildcards.
pub fn needs(line: &str) -> Vec<Need> {
    let line = line.strip_prefix('!').unwrap_or(line);
    let line = line.trim_end_matches(' ');
    let inner = line.strip_suffix('/').unwrap_or(line).as_bytes();
    let last = inner.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
    let mut out = Vec::new();
    let mut run = Vec::new();
    let (mut at, mut begins) = (0, true);
    let mut close = |run: &mut Vec<u8>, at: usize, begins: bool, ends: bool| {
        if !run.is_empty() {
            let place = Place { in_name: at > last, begins, ends };
            out.push(Need { word: std::mem::take(run), place });
        }
    };
    while let Some(&byte) = inner.get(at) {
        let next = inner.get(at + 1).copied();
        match byte {
            b'\\' if next.is_some_and(|it| it != b'/') => {
                run.extend(next);
                at += 2;
                continue;
            }
            b'[' => match class(&inner[at..]) {
                Some(length) => {
                    close(&mut run, at, begins, false);
                    begins = false;
                    at += length;
                    continue;
                }
                // What such a class holds, and where it ends, is not looked into; nor is what comes after it.
                None => break,
            },
            // A space at the end of the line that was cut off above, or an escaped slash.
            b'\\' => break,
            b'/' => {
                close(&mut run, at, begins, true);
                begins = true;
            }
            b'*' | b'?' | b'{' | b'}' | b',' => {
                close(&mut run, at, begins, false);
                begins = false;
            }
            plain => run.push(plain),
        }
        at += 1;
    }
    close(&mut run, at, begins, at == inner.len());
    out
}

/// Bytes of the class that `text` begins with, where it is one that everybody reads alike.
fn class(text: &[u8]) -> Option<usize> {
    let inner = text.get(1..)?;
    let inner = inner.strip_prefix(b"!").or_else(|| inner.strip_prefix(b"^")).unwrap_or(inner);
    let length = inner.iter().position(|&b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_' | b'.'))?;
    (length > 0 && inner[length] == b']').then(|| text.len() - inner.len() + length + 1)
}

/// Of the words of each line the one that the fewest paths are likely to hold: a short one, or one that many lines share,
/// is found often. None for a line that needs no word.
pub fn rarest(lines: &[&str]) -> Vec<Option<Need>> {
    let all: Vec<Vec<Need>> = lines.iter().map(|line| needs(line)).collect();
    let mut shared: HashMap<&Need, u64> = HashMap::new();
    for need in all.iter().flatten() {
        *shared.entry(need).or_default() += 1;
    }
    let often = |need: &Need| shared.get(need).copied().unwrap_or(1) << (2 * (RARE - need.word.len().min(RARE)));
    let rank = |need: &&Need| (often(need), !need.place.in_name, std::cmp::Reverse(need.word.len()));
    all.iter().map(|needs| needs.iter().min_by_key(rank).cloned()).collect()
}

/// Finds candidates; they are numbers that the caller gave.
#[derive(Default)]
pub struct Finder {
    /// None: there are no words.
    words: Option<AhoCorasick>,
    /// For each word, where it has to stand, and whose it is.
    owners: Vec<Vec<(Place, u32)>>,
    /// Those that need no word, ascending.
    always: Vec<u32>,
}

impl Finder {
    /// Of needs in the order of their numbers.
    pub fn new(needs: impl ExactSizeIterator<Item = Option<Need>>) -> Self {
        let count = needs.len() as u32;
        let (mut words, mut owners) = (Vec::new(), Vec::<Vec<(Place, u32)>>::new());
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut always = Vec::new();
        for (number, need) in (0..count).zip(needs) {
            let Some(need) = need else {
                always.push(number);
                continue;
            };
            let at = *known.entry(need.word).or_insert_with_key(|word| {
                words.push(word.clone());
                owners.push(Vec::new());
                words.len() - 1
            });
            owners[at].push((need.place, number));
        }
        if words.is_empty() {
            return Self { words: None, owners, always };
        }
        // The other kinds are faster with few words and need far more memory with many.
        match AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&words) {
            Ok(words) => Self { words: Some(words), owners, always },
            Err(_) => Self { words: None, owners: Vec::new(), always: (0..count).collect() },
        }
    }

    /// The numbers to ask about `path`, the highest first, each once.
    pub fn candidates(&self, path: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        let name = path.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
        for hit in self.words.iter().flat_map(|it| it.find_overlapping_iter(path)) {
            let begins = hit.start() == 0 || path[hit.start() - 1] == b'/';
            let ends = path.get(hit.end()).is_none_or(|&b| b == b'/');
            let fits = |it: Place| (begins || !it.begins) && (ends || !it.ends) && (hit.start() >= name || !it.in_name);
            let owners = self.owners.get(hit.pattern().as_usize()).into_iter().flatten();
            found.extend(owners.filter(|it| fits(it.0)).map(|it| it.1));
        }
        found.extend_from_slice(&self.always);
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(lines: &str, expected: Expect) {
        let lines: Vec<&str> = lines.lines().map(str::trim_start).filter(|it| !it.is_empty()).collect();
        let told = lines.iter().map(|line| {
            let words = needs(line).into_iter().map(|Need { word, place }| {
                let (begins, ends) = (if place.begins { "|" } else { "" }, if place.ends { "|" } else { "" });
                format!(" {begins}{}{ends}{}", String::from_utf8(word).unwrap(), if place.in_name { "" } else { "/" })
            });
            format!("{line} ->{}\n", words.collect::<String>())
        });
        expected.assert_eq(&told.collect::<String>());
    }

    #[test]
    fn runs_of_plain_characters() {
        check(
            r"
            *.log
            /vendor/part/
            docs/**/draft*.md
            report[0-9]_7.log
            !a[!a-z]b
            a[[:alpha:]]b
            a[]b
            a/[x/y]b
            \#hash
            a\*b?c
            a\/b
            tail\
            a{b,c}d
            d1**
            a//
            /
            *
            ",
            expect![[r#"
                *.log -> .log|
                /vendor/part/ -> |vendor|/ |part|
                docs/**/draft*.md -> |docs|/ |draft .md|
                report[0-9]_7.log -> |report _7.log|
                !a[!a-z]b -> |a b|
                a[[:alpha:]]b -> |a
                a[]b -> |a
                a/[x/y]b -> |a|/
                \#hash -> |#hash|
                a\*b?c -> |a*b c|
                a\/b -> |a/
                tail\ -> |tail
                a{b,c}d -> |a b c d|
                d1** -> |d1
                a// -> |a|/
                / ->
                * ->
            "#]],
        );
    }

    #[test]
    fn the_word_that_is_shared_least_is_looked_for() {
        let lines = ["cache-*-1.bin", "cache-*-2.bin", "report[0-9]_3.log", "*", "a*longer"];
        let words = rarest(&lines).into_iter().map(|it| it.map(|it| String::from_utf8(it.word).unwrap()));
        let words: Vec<Option<String>> = words.collect();
        let expected = [Some("-1.bin"), Some("-2.bin"), Some("report"), None, Some("longer")];
        assert_eq!(words, expected.map(|it| it.map(str::to_owned)));
    }

    #[test]
    fn only_lines_whose_word_stands_in_its_place_are_candidates() {
        let lines = ["*.ext1", "*.ext10", "*", "src/", "/a/src", "old*", "*old"];
        let finder = Finder::new(rarest(&lines).into_iter());
        let check = |path: &str, expected: &[u32]| assert_eq!(finder.candidates(path.as_bytes()), expected, "{path}");
        check("x.ext10", &[2, 1]);
        check("x.ext1", &[2, 0]);
        check("x.ext1/y", &[2]);
        check("b/src", &[4, 3, 2]);
        check("b/srcs", &[2]);
        check("olds", &[5, 2]);
        check("olds/told", &[6, 2]);
    }
}
