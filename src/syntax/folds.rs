//! Foldable regions by one cursor walk that enters only nodes of several lines. Invariant: each fold hides at least one
//! line, and no two start on the same line. Works for any grammar: a region ends with a closing token (`}`, `end`, `fi`),
//! or its kind is in a short list. Must not know the protocol.

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use tree_sitter::{Node, Tree};

use super::languages::Lang;
use super::parsing::{Fold, FoldKind};
use crate::facts::LineIndex;

/// What a node kind means for folding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Nothing,
    Comment,
    Import,
    /// The last child of a region: its line stays visible.
    Closer,
    /// A region that ends without a closing token.
    Block,
    /// As `Block`; what stays visible is the first line of its parent.
    Suite,
    RegionStart,
    RegionEnd,
}

/// Closing tokens, and named nodes that close.
const CLOSERS: &[&str] = &[
    "}",
    "]",
    ")",
    "end",
    "done",
    "fi",
    "esac",
    "#endif",
    "endif",
    "endforeach",
    "endwhile",
    "endfor",
    "endswitch",
    "end_tag",
];
const IMPORTS: &[&str] = &[
    "import_statement",
    "import_from_statement",
    "future_import_statement",
    "import_declaration",
    "use_declaration",
    "extern_crate_declaration",
    "preproc_include",
    "using_directive",
    "import_header",
    "import",
    "imports",
    "import_list",
    "namespace_use_declaration",
    "import_specification",
];

fn blocks(lang: Lang) -> (&'static [&'static str], &'static [&'static str]) {
    match lang.id() {
        "python" => (&[], &["block"]),
        "markdown" => (&["section", "fenced_code_block"], &[]),
        "yaml" => (&["block_mapping_pair", "block_sequence_item"], &[]),
        "toml" => (&["table", "table_array_element"], &[]),
        "haskell" => (&["function", "bind", "class", "instance", "data_type"], &[]),
        "scala" => (&["indented_block", "indented_cases"], &[]),
        _ => (&[], &[]),
    }
}

/// The parts by node kind of a language, made once.
fn parts(lang: Lang) -> &'static [Part] {
    static PARTS: [OnceLock<Vec<Part>>; 256] = [const { OnceLock::new() }; 256];
    PARTS[lang.0 as usize].get_or_init(|| {
        let Some(grammar) = lang.grammar() else { return Vec::new() };
        let (own, suites) = blocks(lang);
        let part = |kind: &str, named: bool| match kind {
            _ if CLOSERS.contains(&kind) => Part::Closer,
            _ if !named => Part::Nothing,
            "preproc_region" => Part::RegionStart,
            "preproc_endregion" => Part::RegionEnd,
            _ if lang.row().comments.contains(&kind) => Part::Comment,
            _ if IMPORTS.contains(&kind) => Part::Import,
            _ if own.contains(&kind) => Part::Block,
            _ if suites.contains(&kind) => Part::Suite,
            _ => Part::Nothing,
        };
        let of = |id: u16| part(grammar.node_kind_for_id(id).unwrap_or(""), grammar.node_kind_is_named(id));
        (0..grammar.node_kind_count() as u16).map(of).collect()
    })
}

/// The folds of a whole text.
pub(super) fn folds(lang: Lang, tree: &Tree, text: &str, lines: &LineIndex) -> Vec<Fold> {
    let rows = Rows { lines, same: lines.starts.len() == tree.root_node().end_position().row + 1 };
    let mut walk =
        Walk { parts: parts(lang), text, rows, out: Vec::new(), comment: None, imports: None, regions: Vec::new() };
    walk.run(tree);
    walk.finish()
}

/// Lines of a node. Tree-sitter counts rows by `\n` alone: the same, unless the text has lone `\r`.
struct Rows<'a> {
    lines: &'a LineIndex,
    same: bool,
}

impl Rows<'_> {
    /// First and last line; a node that ends with its line's break ends on that line.
    fn of(&self, node: Node<'_>) -> (u32, u32) {
        let (start, end) = (node.start_position(), node.end_position());
        if self.same {
            let last = if end.column == 0 && end.row > start.row { end.row - 1 } else { end.row };
            return (start.row as u32, last as u32);
        }
        let first = self.lines.line_of(node.start_byte() as u32);
        let last = self.lines.line_of((node.end_byte() as u32).saturating_sub(1).max(node.start_byte() as u32));
        (first, last)
    }
}

struct Walk<'a> {
    parts: &'static [Part],
    text: &'a str,
    rows: Rows<'a>,
    out: Vec<Fold>,
    /// The run of comment lines, of imports that is being gathered: first and last line.
    comment: Option<(u32, u32)>,
    imports: Option<(u32, u32)>,
    regions: Vec<u32>,
}

impl Walk<'_> {
    fn run(&mut self, tree: &Tree) {
        let mut cursor = tree.walk();
        // First lines of the nodes that the cursor is in.
        let mut above: Vec<u32> = Vec::new();
        loop {
            let node = cursor.node();
            let (first, last) = self.rows.of(node);
            let part = self.parts.get(node.kind_id() as usize).copied().unwrap_or(Part::Nothing);
            self.visit(node, part, first, last, &above);
            if last > first && part != Part::Comment && cursor.goto_first_child() {
                above.push(first);
                continue;
            }
            let mut closing = (part == Part::Closer).then_some(first);
            while !cursor.goto_next_sibling() {
                // The last child has been seen: a closing token ends its parent's region on the line above.
                let Some(first) = above.pop() else { return };
                if let Some(line) = closing.take() {
                    self.fold(first, line.saturating_sub(1), FoldKind::Code);
                }
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    fn visit(&mut self, node: Node<'_>, part: Part, first: u32, last: u32, above: &[u32]) {
        match part {
            Part::Comment => self.comment(node, first, last),
            Part::Import => match &mut self.imports {
                // One blank line between groups of imports does not part them.
                Some(run) if first <= run.1 + 2 => run.1 = run.1.max(last),
                _ => {
                    self.end_imports();
                    self.imports = Some((first, last));
                }
            },
            Part::Block => self.fold(first, last, FoldKind::Code),
            Part::Suite => self.fold(above.last().copied().unwrap_or(first), last, FoldKind::Code),
            Part::RegionStart => self.regions.push(first),
            Part::RegionEnd => self.end_region(first),
            Part::Nothing | Part::Closer => {}
        }
    }

    fn comment(&mut self, node: Node<'_>, first: u32, last: u32) {
        let text = self.text.get(node.byte_range()).unwrap_or_default();
        let word = text.trim_start_matches(|c: char| !c.is_alphanumeric()).split_whitespace().next();
        match word {
            Some("region") => return self.regions.push(first),
            Some("endregion") => return self.end_region(first),
            _ => {}
        }
        let alone = self.starts_its_line(node.start_byte());
        match &mut self.comment {
            Some(run) if alone && first == run.1 + 1 => run.1 = last,
            _ => {
                self.end_comment();
                self.comment = (alone || last > first).then_some((first, last));
            }
        }
    }

    fn starts_its_line(&self, at: usize) -> bool {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let blank = before.iter().rev().take(200).take_while(|b| matches!(b, b' ' | b'\t')).count();
        before.len() == blank || matches!(before[before.len() - blank - 1], b'\n' | b'\r')
    }

    fn end_comment(&mut self) {
        if let Some((first, last)) = self.comment.take() {
            self.fold(first, last, FoldKind::Comment);
        }
    }

    fn end_imports(&mut self) {
        if let Some((first, last)) = self.imports.take() {
            self.fold(first, last, FoldKind::Imports);
        }
    }

    fn end_region(&mut self, line: u32) {
        if let Some(start) = self.regions.pop() {
            self.fold(start, line, FoldKind::Region);
        }
    }

    fn fold(&mut self, start_line: u32, end_line: u32, kind: FoldKind) {
        if end_line > start_line {
            self.out.push(Fold { start_line, end_line, kind });
        }
    }

    /// In order; of those that start on one line the longest.
    fn finish(mut self) -> Vec<Fold> {
        self.end_comment();
        self.end_imports();
        self.out.sort_unstable_by_key(|fold| (fold.start_line, std::cmp::Reverse(fold.end_line), fold.kind));
        self.out.dedup_by_key(|fold| fold.start_line);
        self.out
    }
}
