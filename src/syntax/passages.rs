//! Passages: the units of search, about 900 to 1,500 bytes along the declarations. Invariant: they do not overlap and
//! together cover all that is not blank; small neighbours share one, a large declaration gives several. Depends on text and
//! symbols of one segment alone; must not know trees or paths.

use super::languages::Lang;
use crate::base::chars::floor;
use crate::base::span::Span;
use crate::facts::words::analyse;
use crate::facts::{Facts, Passage, Symbol, SymbolFlags, SymbolIx, Term};

/// A passage that has so many bytes takes no neighbour in.
const ENOUGH: u32 = 900;
/// A passage has at most so many bytes.
const MOST: u32 = 1_500;
/// No line is cut before so many bytes of a long declaration have passed.
const LEAST: u32 = 700;

/// Tiles a segment and writes its passages, terms included, into `facts`.
pub fn tile(lang: Lang, text: &str, facts: &mut Facts) {
    let leaves = leaves(text, facts);
    let spans = pack(text, &leaves);
    let mut counter = Counter::default();
    let mut symbols = Symbols::default();
    let mut passages = Vec::with_capacity(spans.len());
    for span in spans {
        let (cover, declared) = symbols.of(text, &facts.symbols, span);
        let body = text.get(span.range()).unwrap_or("");
        let (terms, length) = counter.count(facts, body, &declared);
        let prose = declared.is_empty() && is_prose(lang, body);
        passages.push(Passage { span, symbol: cover, terms, length, prose });
    }
    facts.passages = passages;
}

/// Pieces of the segment in order and without gaps, none longer than [`MOST`] unless a character is: declarations that fit,
/// parts of those that do not, what stands between.
fn leaves(text: &str, facts: &Facts) -> Vec<Span> {
    let children = Children::new(facts);
    let mut out = Vec::new();
    let mut work = vec![(Span::new(0, text.len() as u32), children.top())];
    while let Some((span, first_child)) = work.pop() {
        if span.is_empty() {
            continue;
        }
        let Some(first_child) = first_child.filter(|_| span.len() > MOST) else {
            by_lines(text, span, &mut out);
            continue;
        };
        let mut parts = Vec::new();
        let mut at = span.start;
        let mut next = Some(first_child);
        while let Some(ix) = next {
            next = children.next[ix as usize];
            let item = whole_lines(text, &facts.symbols[ix as usize], Span::new(at, span.end));
            if item.end <= at || item.start < at {
                continue;
            }
            parts.push((Span::new(at, item.start), None));
            parts.push((item, children.first[ix as usize]));
            at = item.end;
        }
        if parts.is_empty() {
            by_lines(text, span, &mut out);
            continue;
        }
        parts.push((Span::new(at, span.end), None));
        work.extend(parts.into_iter().rev());
    }
    out
}

/// Children of each symbol, locals left out.
struct Children {
    first: Vec<Option<u32>>,
    next: Vec<Option<u32>>,
    top: Option<u32>,
}

impl Children {
    fn new(facts: &Facts) -> Self {
        let count = facts.symbols.len();
        let mut it = Self { first: vec![None; count], next: vec![None; count], top: None };
        for (ix, symbol) in facts.symbols.iter().enumerate().rev() {
            if symbol.flags.has(SymbolFlags::LOCAL) {
                continue;
            }
            let slot = match symbol.parent.map(|it| it.0 as usize).filter(|&it| it < ix) {
                Some(parent) => &mut it.first[parent],
                None => &mut it.top,
            };
            it.next[ix] = slot.replace(ix as u32);
        }
        it
    }

    fn top(&self) -> Option<u32> {
        self.top
    }
}

/// A declaration with its documentation, widened to whole lines where nothing else stands on them, within `room`.
fn whole_lines(text: &str, symbol: &Symbol, room: Span) -> Span {
    let bytes = text.as_bytes();
    let start = symbol.doc.map_or(symbol.range.start, |doc| doc.start.min(symbol.range.start));
    let mut start = start.clamp(room.start, room.end) as usize;
    let mut end = symbol.range.end.clamp(room.start, room.end) as usize;
    let line = memchr::memrchr(b'\n', &bytes[room.start as usize..start])
        .map_or(room.start as usize, |at| room.start as usize + at + 1);
    if bytes[line..start].iter().all(|b| b.is_ascii_whitespace()) {
        start = line;
    }
    let rest = memchr::memchr(b'\n', &bytes[end..room.end as usize]).map_or(room.end as usize, |at| end + at + 1);
    if bytes[end..rest].iter().all(|b| b.is_ascii_whitespace() || matches!(b, b';' | b',' | b')' | b'}')) {
        end = rest;
    }
    Span::new(start as u32, end as u32)
}

/// Cuts a piece without inner declarations: before the least indented line in reach, blank lines first.
fn by_lines(text: &str, span: Span, out: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut start = span.start;
    while span.end - start > MOST {
        let (from, to) = ((start + LEAST) as usize, (start + MOST) as usize);
        let mut best: Option<(usize, usize)> = None;
        let mut line = memchr::memchr(b'\n', &bytes[from..to]).map(|at| from + at + 1);
        while let Some(at) = line.filter(|&at| at < to) {
            let end = memchr::memchr(b'\n', &bytes[at..to]).map(|found| at + found);
            let blank_before = at >= 2 && matches!(bytes[at - 2], b'\n' | b'\r') && bytes[at - 1] == b'\n';
            let indent = bytes[at..to].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            let cost = 2 * indent + usize::from(!blank_before);
            if best.is_none_or(|(known, _)| cost <= known) {
                best = Some((cost, at));
            }
            line = end.map(|end| end + 1);
        }
        let cut = floor(text, best.map_or(to, |(_, at)| at));
        out.push(Span::new(start, cut as u32));
        start = cut as u32;
    }
    out.push(Span::new(start, span.end));
}

/// Joins small neighbours and drops blank edges.
fn pack(text: &str, leaves: &[Span]) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    let mut open: Option<Span> = None;
    for &leaf in leaves {
        open = match open {
            Some(it) if it.len() < ENOUGH && it.len() + leaf.len() <= MOST => Some(Span::new(it.start, leaf.end)),
            Some(it) => {
                out.extend(trimmed(text, it));
                Some(leaf)
            }
            None => Some(leaf),
        };
    }
    out.extend(open.and_then(|it| trimmed(text, it)));
    out
}

fn trimmed(text: &str, span: Span) -> Option<Span> {
    let body = text.get(span.range())?;
    // Blank lines go; the first line keeps its indentation.
    let start = body.len() - body.trim_start().len();
    let start = body[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = body.trim_end().len();
    (start < end).then(|| Span::new(span.start + start as u32, span.start + end as u32))
}

/// Which symbols a passage lies in and holds, asked in the order of passages.
#[derive(Default)]
struct Symbols {
    /// Non-local symbols that the passages so far have reached, innermost last.
    open: Vec<u32>,
    next: usize,
}

impl Symbols {
    /// The innermost symbol that covers `span`, and those whose names stand in it.
    fn of(&mut self, text: &str, symbols: &[Symbol], span: Span) -> (Option<SymbolIx>, Vec<SymbolIx>) {
        let mut declared = Vec::new();
        let named = |it: &Symbol| span.start <= it.name_range.start && it.name_range.end <= span.end;
        self.open.retain(|&ix| symbols[ix as usize].range.end > span.start);
        for &ix in &self.open {
            if named(&symbols[ix as usize]) {
                declared.push(SymbolIx(ix));
            }
        }
        while let Some(symbol) = symbols.get(self.next).filter(|it| it.range.start < span.end) {
            if !symbol.flags.has(SymbolFlags::LOCAL) {
                self.open.push(self.next as u32);
                if named(symbol) {
                    declared.push(SymbolIx(self.next as u32));
                }
            }
            self.next += 1;
        }
        let covers = |ix: &&u32| {
            let it = &symbols[**ix as usize];
            let start = it.doc.map_or(it.range.start, |doc| doc.start.min(it.range.start));
            // A passage begins with its line, a symbol behind the line's indentation; and the rest of the last line (a
            // bracket, a semicolon) belongs to the symbol.
            let before = text.get(span.start as usize..start.max(span.start) as usize).unwrap_or("x");
            before.trim().is_empty() && span.end <= it.range.end.saturating_add(2)
        };
        let cover = self.open.iter().rev().find(covers).map(|&ix| SymbolIx(ix));
        (cover, declared)
    }
}

/// Counts terms of one passage after another without a map: each name remembers its place in the current passage.
#[derive(Default)]
struct Counter {
    /// By name index: passage number and place in its terms.
    seen: Vec<(u32, u32)>,
    passage: u32,
    found: Vec<(crate::facts::NameIx, u32, u32)>,
}

impl Counter {
    fn count(&mut self, facts: &mut Facts, body: &str, declared: &[SymbolIx]) -> (Vec<Term>, u32) {
        self.passage += 1;
        self.found.clear();
        let mut length = 0u32;
        analyse(body, &mut |term| {
            length += 1;
            self.at(facts, term).1 += 1;
        });
        for ix in declared {
            let name = facts.text(facts.symbol(*ix).name).to_owned();
            analyse(&name, &mut |term| self.at(facts, term).2 += 1);
        }
        let byte = |count: u32| count.min(255) as u8;
        let terms = self.found.iter().map(|&(text, body, name)| Term { text, body: byte(body), name: byte(name) });
        (terms.collect(), length)
    }

    fn at(&mut self, facts: &mut Facts, term: &str) -> &mut (crate::facts::NameIx, u32, u32) {
        let ix = facts.names.intern(term);
        let at = ix.0 as usize;
        if at >= self.seen.len() {
            self.seen.resize(at + 1, (0, 0));
        }
        if self.seen[at].0 != self.passage {
            self.seen[at] = (self.passage, self.found.len() as u32);
            self.found.push((ix, 0, 0));
        }
        &mut self.found[self.seen[at].1 as usize]
    }
}

/// Whether most of its lines are comment, by how they begin.
fn is_prose(lang: Lang, body: &str) -> bool {
    let hash_comments = !matches!(lang.id(), "c" | "cpp" | "csharp" | "css" | "html" | "markdown" | "text");
    let lines = body.lines().map(str::trim_start).filter(|line| !line.is_empty());
    let (mut comments, mut all) = (0, 0);
    for line in lines {
        all += 1;
        let marked = ["//", "/*", "* ", "*/", "--", ";;", "\"\"\"", "<!--"].iter().any(|mark| line.starts_with(mark));
        comments += usize::from(marked || line == "*" || hash_comments && line.starts_with('#'));
    }
    comments * 10 > all * 6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{LineIndex, ScopeIx, SymbolKind};

    /// Facts with a function for each `(start, end, parent)`.
    fn facts(text: &str, items: &[(usize, usize, Option<u32>)]) -> Facts {
        let mut facts = Facts { lines: LineIndex::new(text), ..Facts::default() };
        for &(start, end, parent) in items {
            let range = Span::new(start as u32, end as u32);
            facts.symbols.push(Symbol {
                name: facts.names.intern("readFile"),
                kind: SymbolKind::Function,
                range,
                name_range: Span::new(range.start, range.start + 1),
                parent: parent.map(SymbolIx),
                scope: ScopeIx(0),
                container: None,
                signature: range,
                doc: None,
                ty: None,
                visibility: crate::facts::Visibility::Unknown,
                arity: None,
                flags: SymbolFlags(0),
            });
        }
        facts
    }

    fn tiled(text: &str, items: &[(usize, usize, Option<u32>)]) -> Vec<Passage> {
        let mut facts = facts(text, items);
        tile(Lang::TEXT, text, &mut facts);
        check(text, &facts.passages);
        facts.passages
    }

    /// In order, apart, bounded, and nothing but blanks left out.
    fn check(text: &str, passages: &[Passage]) {
        let mut at = 0;
        for it in passages {
            assert!(it.span.start >= at && it.span.len() <= MOST && !it.span.is_empty());
            assert!(text[at as usize..it.span.start as usize].trim().is_empty());
            at = it.span.end;
        }
        assert!(text[at as usize..].trim().is_empty());
    }

    #[test]
    fn small_neighbours_share_a_passage_and_large_items_give_several() {
        let small = "fn a() {\n    one\n}\n";
        let large = format!("fn big() {{\n{}}}\n", "    let word = call();\n".repeat(200));
        let text = format!("{small}{small}{large}{small}");
        let (one, two) = (small.len(), small.len() * 2);
        let end = two + large.len();
        let items = [(0, one - 1, None), (one, two - 1, None), (two, end - 1, None), (end, text.len() - 1, None)];
        let passages = tiled(&text, &items);
        assert!(passages.len() >= 4, "{}", passages.len());
        assert_eq!(passages[0].symbol, None, "two functions, none covers it");
        assert_eq!(passages[1].symbol, Some(SymbolIx(2)));
        assert_eq!(passages[2].symbol, Some(SymbolIx(2)));
    }

    #[test]
    fn terms_are_counted_with_those_of_declared_names() {
        let text = "readFile readFile other";
        let mut facts = facts(text, &[(0, text.len(), None)]);
        tile(Lang::TEXT, text, &mut facts);
        let terms: Vec<_> =
            facts.passages[0].terms.iter().map(|t| (facts.text(t.text).to_owned(), t.body, t.name)).collect();
        let want = [("read", 2, 1), ("fil", 2, 1), ("readfile", 2, 1), ("other", 1, 0)];
        assert_eq!(terms, want.map(|(text, body, name)| (text.to_owned(), body, name)));
        assert_eq!(facts.passages[0].length, 7);
        assert_eq!(facts.passages[0].symbol, Some(SymbolIx(0)));
    }

    #[test]
    fn any_text_is_tiled() {
        for text in ["", " \n\n ", "x", &"é".repeat(4_000), &"a b\n".repeat(3_000), &"word ".repeat(2_000)] {
            tiled(text, &[]);
        }
        // Symbols that overlap or lie outside the order of lines do not break the tiling.
        let text = "abc def\n".repeat(400);
        tiled(
            &text,
            &[(0, 3_000, None), (10, 2_000, Some(0)), (20, 40, Some(1)), (30, 2_500, Some(0)), (2_990, 3_100, None)],
        );
    }
}
