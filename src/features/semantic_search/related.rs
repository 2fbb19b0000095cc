//! Code like this: what is nearest to a declaration by vector and shares its words. Invariant: the declaration itself, what
//! holds it and what it holds are never among the answers, nor is the same place in another root. Must not know the protocol.

use std::collections::HashMap;

use super::candidates::Search;
use super::filters::Filters;
use super::look::{Look, Looked};
use super::place::{self, Place, answers, holds_members, whole};
use super::question::{Kind, Question};
use super::signals::Signal;
use super::{Answers, MOST_ANSWERS, Means, add, distinct};
use crate::base::cancel::Cancel;
use crate::base::chars::floor;
use crate::base::ids::{FileId, RootId};
use crate::base::paths::RelPath;
use crate::base::span::Span;
use crate::embed::batch;
use crate::facts::words::{Query, QueryTerm, analyse};
use crate::facts::{Passage, SymbolFlags, SymbolIx};
use crate::features::rank::Tuning;
use crate::index::snapshot::{FileFacts, Snapshot};

/// Bytes of a declaration whose words are taken.
const LONGEST: usize = 16 << 10;
/// Words that are looked up, and those that are asked with: the ones that say most.
const LOOKED_UP: usize = 160;
const TERMS: usize = 20;
/// What counts beside the cosine: words in common, the same kind of thing, what nobody asked for (prose, twice: it is no code).
const WORDS: f32 = 0.3;
const ALIKE: f32 = 0.04;
const UNASKED: f32 = 0.08;
/// What has less than this share of the nearest one's likeness is not like it.
const UNLIKE: f32 = 0.4;

/// Why there is nothing to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSubject {
    #[error("it is not in the index; see `portolan status --files` for the reason")]
    NotIndexed,
    #[error("its text cannot be had: it has changed since it was indexed, or is gone")]
    NoText,
    #[error("the line is blank: name one of a declaration or of a paragraph")]
    Blank,
    /// With the number of its last line, from one.
    #[error("the file ends with line {0}: name a line of a declaration or of a paragraph")]
    Beyond(u32),
    #[error("neither a declaration nor a paragraph stands there, as where a file imports: name a line of one")]
    Undeclared,
}

/// What is like the declaration at a byte offset of a file, nearest first, and that declaration's place.
///
/// # Errors
/// There is nothing at that place, or it is not known.
pub fn related(
    snapshot: &Snapshot,
    means: Means<'_>,
    (file, offset): (FileId, u32),
    filters: &Filters,
    limit: usize,
    cancel: &Cancel,
) -> Result<(Place, Answers), NoSubject> {
    let limit = limit.clamp(1, MOST_ANSWERS);
    let subject = Subject::at(snapshot, means, file, offset)?;
    let tuning = Tuning::default();
    let question = subject.question(snapshot, filters.clone());
    let mut search = Search::new(snapshot, &question, limit, cancel, &tuning);
    search.gather(means.embedder);
    let paths = search.paths();
    let ranked = search.ranked(&paths);
    let looked = Look::new(&search, &paths, means).at(&ranked);
    let others: Vec<Looked<'_>> = looked
        .into_iter()
        .filter(|it| {
            let at = paths.get(&it.candidate.info.file);
            at.is_some_and(|(root, path)| !subject.is_at(it.candidate.info.file, *root, path, &it.place()))
        })
        .collect();
    let (shown, scores) = distinct(&others, others.iter().map(|it| subject.likeness(it)).collect());
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    // A share of less than nothing would be more than the best.
    let least = order.first().map_or(0.0, |&at| if scores[at] > 0.0 { scores[at] * UNLIKE } else { scores[at] });
    order.retain(|&at| scores[at] >= least);
    let mut items = Vec::new();
    for at in order.into_iter().take(limit) {
        let (it, place) = &shown[at];
        add(&search, &paths, it.reasoned(), place.clone(), scores[at].clamp(0.0, 1.0), &mut items);
    }
    let answers = Answers {
        items,
        generation: snapshot.generation(),
        completeness: snapshot.completeness(),
        by_meaning: search.by_meaning,
        cut_short: cancel.is_cancelled(),
        notes: search.narrowed.take().map(|it| it.notes).unwrap_or_default(),
        wants: None,
    };
    Ok((subject.place, answers))
}

/// The byte offset of what is meant at a place in a zero-based line of a file: `place` in that line, but before the first
/// character that is not blank that one.
///
/// # Errors
/// The file has no such line.
pub fn meant_in_line(facts: &FileFacts, text: &str, line: u32, place: u32) -> Result<u32, NoSubject> {
    let at = facts.segments.partition_point(|it| it.line <= line).checked_sub(1).ok_or(NoSubject::Beyond(0))?;
    let segment = &facts.segments[at];
    let lines = &segment.facts.lines;
    let within = line - segment.line;
    // What stands behind the last line's end is no line.
    let last = (lines.starts.len() as u32).saturating_sub(1);
    let count = last + u32::from(lines.line_start(last) < segment.span.len());
    if within >= count {
        return Err(NoSubject::Beyond(segment.line + count));
    }
    let start = segment.span.start + lines.line_start(within);
    let end = segment.span.start + lines.line_start(within + 1);
    let shown = text.get(start as usize..end as usize).unwrap_or("");
    let blank = shown.len() - shown.trim_start().len();
    Ok(place.max(if blank == shown.len() { start } else { start + blank as u32 }))
}

/// What others are compared with.
struct Subject {
    file: FileId,
    root: RootId,
    path: RelPath,
    place: Place,
    text: String,
    input: String,
    traits: crate::index::traits::Traits,
}

impl Subject {
    fn at(snapshot: &Snapshot, means: Means<'_>, file: FileId, offset: u32) -> Result<Self, NoSubject> {
        let (root, path) = snapshot.path(file).ok_or(NoSubject::NotIndexed)?;
        let facts = snapshot.facts(file).ok_or(NoSubject::NotIndexed)?;
        let text = means.texts.and_then(|texts| texts(file, root, &path)).ok_or(NoSubject::NoText)?;
        let (place, names) = declared_at(&facts, offset).ok_or_else(|| nothing_at(&text, offset))?;
        let text = text.get(place.span.range()).ok_or(NoSubject::NoText)?;
        if text.trim().is_empty() {
            return Err(NoSubject::Blank);
        }
        let text = text[..floor(text, LONGEST)].to_owned();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let input = batch::passage_text(&batch::path_tail(path.as_bytes()), &names, &text);
        Ok(Self { file, root, path, place, text, input, traits: snapshot.traits(file) })
    }

    /// The words that say most, and the text as passages are embedded.
    fn question(&self, snapshot: &Snapshot, filters: Filters) -> Question {
        let mut counts: HashMap<String, u32> = HashMap::new();
        let mut order: Vec<String> = Vec::new();
        analyse(&self.text, &mut |term| {
            if let Some(count) = counts.get_mut(term) {
                *count += 1;
            } else if order.len() < LOOKED_UP {
                order.push(term.to_owned());
                counts.insert(term.to_owned(), 1);
            }
        });
        let passages = snapshot.completeness().passages.max(1) as f32;
        let mut terms: Vec<(f32, QueryTerm)> = Vec::new();
        for text in order {
            let often = 1.0 + (counts[&text] as f32).ln();
            let rare = (1.0 + passages / (1.0 + snapshot.passages_with(&text) as f32)).ln();
            terms.push((often * rare, QueryTerm { text, weight: often.min(2.0) }));
        }
        terms.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.text.cmp(&b.1.text)));
        let terms = terms.into_iter().take(TERMS).map(|it| it.1).collect();
        Question {
            text: self.input.clone(),
            kind: Kind::Description,
            query: Query { terms, identifiers: Vec::new() },
            names: Vec::new(),
            asked: self.traits,
            filters,
        }
    }

    /// Whether a place is the subject's own, holds it or lies in it; also where another root has the same file.
    fn is_at(&self, file: FileId, root: RootId, path: &RelPath, place: &Place) -> bool {
        let same = file == self.file || root != self.root && *path == self.path;
        same && place.span.start < self.place.span.end && self.place.span.start < place.span.end
    }

    fn likeness(&self, it: &Looked<'_>) -> f32 {
        let get = |signal| it.signals.get(signal);
        let here = self.place.kind.map(holds_members);
        let there = it.place().kind.map(holds_members);
        let unasked = [Signal::Test, Signal::Sample, Signal::Vendored, Signal::Generated];
        let unasked = unasked.into_iter().map(get).fold(2.0 * get(Signal::Docs), f32::max);
        let near = if get(Signal::Cosine) > 0.0 { get(Signal::Cosine) } else { get(Signal::Meaning) };
        let alike = if here == there { ALIKE } else { 0.0 };
        (near + WORDS * get(Signal::Text) + alike - UNASKED * unasked) / (1.0 + WORDS + ALIKE)
    }
}

/// What stands at an offset where nothing is declared.
fn nothing_at(text: &str, offset: u32) -> NoSubject {
    let (before, behind) = text.split_at(floor(text, offset as usize));
    let ends = |c: char| matches!(c, '\n' | '\r');
    let line = [before.rsplit(ends).next(), behind.split(ends).next()];
    let is_blank = line.into_iter().flatten().all(|it| it.trim().is_empty());
    if is_blank { NoSubject::Blank } else { NoSubject::Undeclared }
}

/// The innermost declaration around an offset with its containers' names and its own; else the passage there.
fn declared_at(facts: &FileFacts, offset: u32) -> Option<(Place, Vec<String>)> {
    let at = facts.segments.iter().position(|it| it.span.start <= offset && offset <= it.span.end)?;
    // At a border the segment that begins there counts.
    let begins = |it: &crate::index::snapshot::FileSegment| it.span.start == offset;
    let at = if facts.segments.get(at + 1).is_some_and(begins) { at + 1 } else { at };
    let segment = &facts.segments[at];
    let within = offset - segment.span.start;
    let own = &*segment.facts;
    let holds = |span: Span| span.start <= within && within < span.end;
    // What ends there counts, too, but not in the next line (a macro has its line break), nor where another begins.
    let ends_line = own.lines.line_start(own.lines.line_of(within)) == within;
    let ends = |span: Span| span.end == within && !span.is_empty() && !ends_line;
    let can = |ix: SymbolIx| {
        let (it, span) = (own.symbol(ix), whole(own, ix));
        let wanted = (answers(it.kind) || holds_members(it.kind)) && !it.flags.has(SymbolFlags::LOCAL);
        (wanted && (holds(span) || ends(span))).then_some((ix, span))
    };
    let all: Vec<(SymbolIx, Span)> = (0..own.symbols.len() as u32).map(SymbolIx).filter_map(can).collect();
    let begins = all.iter().any(|it| it.1.start == within);
    let counts = all.into_iter().filter(|it| !begins || holds(it.1));
    if let Some((ix, _)) = counts.min_by_key(|it| (it.1.len(), it.0.0)) {
        let mut names: Vec<String> = own.containers(ix).into_iter().map(str::to_owned).collect();
        names.push(own.text(own.symbol(ix).name).to_owned());
        return Some((place::of_symbol(segment, ix), names));
    }
    // Between the declarations that share a passage there is nothing; one without any is a paragraph.
    let declares =
        |it: &Span| own.symbols.iter().any(|symbol| it.start <= symbol.range.start && symbol.range.start < it.end);
    let is_prose = |it: &&Passage| it.prose || !declares(&it.span);
    let mut passages = own.passages.iter().filter(is_prose);
    let passage = passages.clone().find(|it| holds(it.span)).or_else(|| passages.find(|it| ends(it.span)))?;
    let span = passage.span.shifted(segment.span.start);
    let start = Span::new(span.start, span.start);
    let lines = place::lines_of(segment, span);
    Some((Place { span, lines, jump: start, name: None, kind: None, container: None }, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{builder, listed, text_of};
    use super::*;
    use crate::embed::fake::Fake;

    const FIXTURE: &str = "\
//- src/net.rs
/// Sends a packet again after a pause.
pub fn send_packet_again(packet: &Packet, pause: u32) -> bool {
    sleep(pause);
    packet.send()
}

pub struct Codec;

impl Codec {
    pub fn encode(&self, text: &str) -> Vec<u8> {
        text.bytes().collect()
    }
}

//- src/mail.rs
use crate::mail::Mail;

/// Sends a mail again after a pause.
pub fn send_mail_again(mail: &Mail, pause: u32) -> bool {
    sleep(pause);
    mail.send()
}

pub fn colour() -> u32 {
    0xff00ff
}
//- docs/a.md
# Packets

A packet is sent again after a pause.
";

    fn ask(place: (&str, &str), filters: &str) -> Result<(String, Vec<String>), NoSubject> {
        let snapshot = builder(FIXTURE).publish();
        let path = RelPath::from_bytes(place.0.as_bytes()).unwrap();
        let texts = |_: FileId, _: RootId, path: &RelPath| text_of(FIXTURE, path);
        let means = Means { embedder: Some(&Fake), texts: Some(&texts), near: None };
        let offset = text_of(FIXTURE, &path).unwrap().find(place.1).unwrap() as u32;
        let file = snapshot.file(RootId(0), &path).unwrap();
        let (_, filters) = Filters::split(filters).unwrap();
        let (subject, found) = related(&snapshot, means, (file, offset), &filters, 10, &Cancel::new())?;
        Ok((subject.name.unwrap_or_default(), listed(&found.items)))
    }

    #[test]
    fn the_nearest_comes_first_and_the_subject_is_left_out() {
        let (subject, found) = ask(("src/net.rs", "packet.send()"), "").unwrap();
        assert_eq!((&*subject, &*found[0]), ("send_packet_again", "src/mail.rs:3-7 send_mail_again"));
        assert!(!found.iter().any(|it| it.ends_with("send_packet_again")), "{found:?}");
        let (subject, found) = ask(("src/mail.rs", "/// Sends"), "lang:rust").unwrap();
        assert_eq!((&*subject, &*found[0]), ("send_mail_again", "src/net.rs:1-5 send_packet_again"));
        assert!(found.iter().all(|it| it.starts_with("src/")), "{found:?}");
        let (_, found) = ask(("src/net.rs", "text.bytes"), "").unwrap();
        // Neither itself nor the block that holds it; the type is something else.
        assert!(!found.iter().any(|it| it == "src/net.rs:9-13 Codec" || it.ends_with("encode")), "{found:?}");
    }

    #[test]
    fn prose_and_blank_places() {
        let (subject, found) = ask(("docs/a.md", "A packet"), "").unwrap();
        assert_eq!(subject, "Packets");
        assert!(found.iter().any(|it| it.ends_with("send_packet_again")), "{found:?}");
        assert_eq!(ask(("src/net.rs", "\npub struct Codec"), ""), Err(NoSubject::Blank));
        assert_eq!(ask(("src/mail.rs", "use crate::mail"), ""), Err(NoSubject::Undeclared));
    }

    #[test]
    fn the_end_of_a_file_is_told() {
        let text = "fn a() {}\n\n  fn b() {}\n";
        let snapshot = builder(&format!("//- a.rs\n{text}")).publish();
        let file = snapshot.file(RootId(0), &RelPath::from_bytes(b"a.rs").unwrap()).unwrap();
        let meant = |line| meant_in_line(&snapshot.facts(file).unwrap(), text, line, 0);
        assert_eq!((meant(1), meant(2)), (Ok(10), Ok(13)));
        assert_eq!((meant(3), meant(u32::MAX)), (Err(NoSubject::Beyond(3)), Err(NoSubject::Beyond(3))));
    }

    /// The name of the declaration at the place marked `$0`.
    fn subject_at(path: &str, marked: &str) -> String {
        let offset = marked.find("$0").unwrap() as u32;
        let text = marked.replace("$0", "");
        let fixture = format!("//- {path}\n{text}");
        let snapshot = builder(&fixture).publish();
        let file = snapshot.file(RootId(0), &RelPath::from_bytes(path.as_bytes()).unwrap()).unwrap();
        let facts = snapshot.facts(file).unwrap();
        declared_at(&facts, offset).map_or("-".to_owned(), |it| it.1.join("."))
    }

    #[test]
    fn at_a_border_what_begins_there_counts() {
        let check = |path: &str, marked: &str, name: &str| assert_eq!(subject_at(path, marked), name, "{marked}");
        check("a.c", "#define MAX 10\n$0int f(void) {\n  return 1;\n}\n", "f");
        check("a.c", "#define MAX 10\n$0#define LEAST_OF_ALL 1\nint x;\n", "LEAST_OF_ALL");
        check("a.c", "#define MAX(a) a\n$0\nint x;\n", "-");
        check("a.c", "#define M$0AX 10\nint f(void);\n", "MAX");
        check("a.js", "class A { f(){}$0g(){ return f } }\n", "A.g");
        // At its end where nothing else begins.
        check("a.js", "class A {\n  f(){}$0\n}\n", "A.f");
        check("a.rs", "fn f() {}$0", "f");
    }

    #[test]
    fn the_best_stays_where_nothing_speaks_for_it() {
        let fixture = "//- src/a.rs\npub fn walrus() {}\n//- docs/b.md\n# Walrus\n\nA walrus.\n";
        let snapshot = builder(fixture).publish();
        let path = RelPath::from_bytes(b"src/a.rs").unwrap();
        let texts = |_: FileId, _: RootId, it: &RelPath| if *it == path { text_of(fixture, it) } else { None };
        let means = Means { embedder: None, texts: Some(&texts), near: None };
        let at = (snapshot.file(RootId(0), &path).unwrap(), 0);
        let (_, found) = related(&snapshot, means, at, &Filters::default(), 10, &Cancel::new()).unwrap();
        assert_eq!(listed(&found.items), ["docs/b.md:1-3 Walrus"]);
    }
}
