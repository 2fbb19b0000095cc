//! What is largest in a pack, written as it is made: postings of words, and stored facts. Must not know names.

use super::rows::{GONE, Rows};
use super::{Sink, put};
use crate::facts::codec::put_varint;
use crate::index::bits::put_column;
use crate::index::build::PostingList;
use crate::index::sections::*;
use crate::index::source::Section;
use crate::index::strings::FrontCoder;
use crate::index::view::BlobCursor;
use crate::store::compress::{ZSTD_LEVEL, zstd};

/// Bytes that are gathered before they go out.
const GATHER: usize = 256 << 10;

/// Term by term in order: the lists of all packs, renumbered and sorted.
pub fn put_words(job: &Rows<'_>, out: &mut dyn Sink) -> Option<()> {
    let mut cursors = Vec::new();
    for (view, _) in job.packs {
        let body = &view.words()?.body;
        let mut cursor = body.terms.cursor();
        let has = cursor.advance();
        cursors.push((body, cursor, has, 0));
    }
    out.begin(POSTINGS)?;
    let (mut coder, mut waiting, mut written, mut starts) = (FrontCoder::default(), Vec::new(), 0u64, vec![0u64]);
    let mut all: Vec<(u32, u8, u8)> = Vec::new();
    let mut term: Vec<u8> = Vec::new();
    while let Some(least) = cursors.iter().filter(|it| it.2).map(|it| it.1.text()).min() {
        term.clear();
        term.extend_from_slice(least);
        all.clear();
        for (pack, (body, cursor, has, at)) in cursors.iter_mut().enumerate() {
            if !*has || cursor.text() != term {
                continue;
            }
            let Some((_, list)) = body.sound_list(*at) else {
                job.packs[pack].0.note(format!("the postings of term {at} cannot be read"));
                return None;
            };
            for (doc, count, name) in list {
                let doc = *job.passages[pack].get(doc as usize)?;
                if doc != GONE {
                    all.push((doc, count, name));
                }
            }
            *at += 1;
            *has = cursor.advance();
        }
        if all.is_empty() {
            continue;
        }
        all.sort_unstable();
        std::str::from_utf8(&term).ok()?;
        coder.push(&term);
        let mut list = PostingList::default();
        all.iter().for_each(|it| list.push(it.0, it.1, it.2));
        put_varint(&mut waiting, u64::from(list.count));
        waiting.extend_from_slice(&list.bytes);
        starts.push(written + waiting.len() as u64);
        if waiting.len() >= GATHER {
            written += waiting.len() as u64;
            out.append(&waiting)?;
            waiting.clear();
        }
    }
    out.append(&waiting)?;
    let mut bytes = Vec::new();
    coder.finish(&mut bytes);
    put(out, &Section { id: TERMS, bytes })?;
    let mut bytes = Vec::new();
    put_column(&mut bytes, starts.into_iter());
    put(out, &Section { id: TERM_STARTS, bytes })
}

/// The stored facts, in chunks of the new order.
pub fn put_blobs(job: &Rows<'_>, out: &mut dyn Sink) -> Option<()> {
    let mut cursors: Vec<BlobCursor<'_>> = job.packs.iter().map(|it| BlobCursor::new(it.0)).collect();
    out.begin(BLOBS)?;
    let (mut open, mut chunk): (Vec<u8>, u32) = (Vec::new(), 0);
    let (mut ends, mut sizes, mut end) = (vec![0u64], Vec::new(), 0u64);
    let mut close = |open: &mut Vec<u8>, out: &mut dyn Sink| {
        let frame = zstd(open, ZSTD_LEVEL).ok()?;
        end += frame.len() as u64;
        ends.push(end);
        sizes.push(open.len() as u64);
        open.clear();
        out.append(&frame)
    };
    for (at, row) in job.rows.iter().enumerate().filter(|it| job.written[it.0]) {
        if job.chunk(at) != chunk {
            close(&mut open, out)?;
            chunk = job.chunk(at);
        }
        open.extend_from_slice(cursors[row.pack as usize].get(row.old as usize)?);
    }
    if !open.is_empty() {
        close(&mut open, out)?;
    }
    let mut bytes = Vec::new();
    put_column(&mut bytes, ends.into_iter());
    put_column(&mut bytes, sizes.into_iter());
    put(out, &Section { id: CHUNKS, bytes })
}
