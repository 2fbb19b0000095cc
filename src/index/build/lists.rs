//! Posting lists: ascending documents with counts, as varints. Invariant: `PostingReader` gives back what `put_posting` was
//! given; foreign bytes end the list. Must not know what documents are.

use super::intern::Interner;
use crate::facts::codec::{Reader, put_varint};
use crate::index::bits::put_column;
use crate::index::source::Section;
use crate::index::strings::put_front_coded;

/// Appends one posting; `last` is the document before it (0 at first), and becomes `doc`.
#[inline]
pub fn put_posting(out: &mut Vec<u8>, last: &mut u32, doc: u32, body: u8, name: u8) {
    let class = match (body, name) {
        (1, 0) => 0,
        (2, 0) => 1,
        (_, 0) => 2,
        _ => 3,
    };
    put_varint(out, u64::from(doc.wrapping_sub(*last)) << 2 | class);
    *last = doc;
    if class >= 2 {
        out.push(body);
    }
    if class == 3 {
        out.push(name);
    }
}

/// A list that grows by ascending documents.
#[derive(Default)]
pub struct PostingList {
    pub bytes: Vec<u8>,
    pub count: u32,
    last: u32,
}

impl PostingList {
    #[inline]
    pub fn push(&mut self, doc: u32, body: u8, name: u8) {
        put_posting(&mut self.bytes, &mut self.last, doc, body, name);
        self.count += 1;
    }
}

/// Walks a list.
pub struct PostingReader<'a> {
    input: Reader<'a>,
    doc: u32,
}

impl<'a> PostingReader<'a> {
    /// The list in `bytes`, which begin with its number of postings.
    pub fn counted(bytes: &'a [u8]) -> (u64, Self) {
        let mut input = Reader::new(bytes);
        let count = input.varint().unwrap_or(0);
        (count, Self { input, doc: 0 })
    }
}

impl Iterator for PostingReader<'_> {
    /// Document, count in the body, count in names.
    type Item = (u32, u8, u8);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.input.left() == 0 {
            return None;
        }
        let head = self.input.varint().ok()?;
        self.doc = self.doc.wrapping_add((head >> 2) as u32);
        let (body, name) = match head & 3 {
            0 => (1, 0),
            1 => (2, 0),
            2 => (self.input.byte().ok()?, 0),
            _ => (self.input.byte().ok()?, self.input.byte().ok()?),
        };
        Some((self.doc, body, name))
    }
}

/// Adds a posting to the list of a term, which is made if need be.
#[inline]
pub fn push_posting(lists: &mut Vec<PostingList>, term: u32, doc: u32, body: u8, name: u8) {
    if lists.len() <= term as usize {
        lists.resize_with(term as usize + 1, PostingList::default);
    }
    lists[term as usize].push(doc, body, name);
}

/// A term dictionary with its lists: strings; starts; per term its number of postings, then these.
pub fn put_terms(terms: Interner, mut lists: Vec<PostingList>, ids: [u32; 3], out: &mut Vec<Section>) {
    let (texts, ranks) = terms.sorted();
    lists.resize_with(texts.len(), PostingList::default);
    let mut order = vec![0; ranks.len()];
    for (number, &rank) in ranks.iter().enumerate() {
        order[rank as usize] = number;
    }
    let (mut all, mut starts) = (Vec::new(), vec![0]);
    for number in order {
        put_varint(&mut all, u64::from(lists[number].count));
        all.extend_from_slice(&lists[number].bytes);
        starts.push(all.len() as u64);
    }
    let mut bytes = Vec::new();
    put_front_coded(&mut bytes, texts.iter().map(|it| it.as_bytes()));
    out.push(Section { id: ids[0], bytes });
    let mut bytes = Vec::new();
    put_column(&mut bytes, starts.into_iter());
    out.push(Section { id: ids[1], bytes });
    out.push(Section { id: ids[2], bytes: all });
}
