//! Files that are never held whole: their content is known by a streamed hash, their words are those of the first 16 MiB.
//! Invariants: no other file waits behind a long one; at most one such text with its words is between reading and commit; a
//! piece of text whose words the index holds is not looked at again. Must not know packs.

use std::io::{self, Seek, SeekFrom};
use std::sync::{Arc, PoisonError};

use crossbeam_channel::{Sender, bounded};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::chunks::{self, Stopped};
use super::extract::{self, Arrival, Batch};
use super::read::{self, Content, MOST_READ};
use super::record::Pending;
use super::{Stopwatch, Work};
use crate::base::hash::Key;
use crate::base::ids::FileId;
use crate::base::os::FileStamp;
use crate::base::os::stamp::now_ns;
use crate::base::paths::RelPath;
use crate::base::span::Span;
use crate::index::build::SegmentRecord;
use crate::syntax::extract::words_of;
use crate::syntax::languages;
use crate::text::decode::{self, Decoded};
use crate::workspace::large::Seen;
use crate::workspace::progress::Counters;
use crate::workspace::skip::Skip;
use crate::workspace::state::Lane;

/// Window of a stream on a reader's own thread.
const SMALL_WINDOW: usize = 1 << 20;

/// A file that the walk found and the index did not know by its stamp.
pub struct Found {
    pub path: RelPath,
    pub stamp: FileStamp,
    pub known: Option<FileId>,
}

/// Takes a file above 16 MiB: now, or where it is long behind those that are not. Where the workspace stays open no pass
/// waits for a long one.
pub fn take(work: &Work<'_>, batch: &mut Batch<'_>, found: Found) {
    let pass = work.pass;
    let is_long = found.stamp.size > pass.shared.options.large_files.threshold;
    let leaves_it = match pass.lane {
        Lane::Whole => pass.shared.options.follow,
        Lane::Near | Lane::Slow => true,
        Lane::Large => false,
    };
    if is_long && leaves_it && pass.shared.look_later(pass.root.id, &found.path, Lane::Large) {
        // It is not of this pass any more.
        Counters::take(&pass.counters.files_found, 1);
        Counters::take(&pass.counters.bytes_found, found.stamp.size);
        return;
    }
    match batch.later() {
        Some(later) if is_long && pass.streams_beside() => drop(later.send(found)),
        _ => stream(batch, found),
    }
}

/// Reads one file to its end and hands it on.
pub fn stream(batch: &mut Batch<'_>, found: Found) {
    let work = batch.work();
    work.pass.wait_for_file(0);
    let (pass, begun, read_at) = (work.pass, std::time::Instant::now(), work.pass.root.now());
    let res = content_of(work, &found);
    Stopwatch::add(&work.watch.read, begun);
    match res {
        Ok(content) => {
            let (permit, _) = bounded(0);
            let permit = content.text.is_ok().then_some(permit);
            extract::keep(
                work,
                batch,
                found.known,
                Pending { path: found.path, content, recipe: None, read_at, permit, suspected: false },
            );
        }
        // Nobody knows more than before; a later pass looks again.
        Err(None) => {}
        Err(Some(skip)) => extract::unreadable(work, batch, found.path, &found.stamp, &skip, read_at),
    }
    pass.shared.tell_progress();
}

/// What stands for the file and the text of its head. No reason: cancelled.
fn content_of(work: &Work<'_>, found: &Found) -> Result<Content, Option<Skip>> {
    let (pass, read_ns) = (work.pass, now_ns());
    let unreadable = |why: String| Some(Skip::Unreadable(why));
    let (mut file, stamp) =
        pass.root.dir.open_file(&found.path).map_err(|error| Some(crate::workspace::rules::skip_of(&error)))?;
    let io = |error: io::Error| unreadable(error.to_string());
    let head = read::head_of(&mut file).map_err(io)?;
    let lang = languages::detect(&found.path, &head[..head.len().min(read::HEAD)]);
    if decode::is_binary(&head) {
        let (meta, hash) = (read::meta_of(&stamp, stamp.is_settled(read_ns)), read::hash_of_large(&head, &stamp));
        return Ok(Content { meta, hash, lang, text: Err(Skip::Binary) });
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    // As long as it will be: one that grows is held twice whenever it does.
    let mut head: Vec<u8> = Vec::with_capacity(stamp.size.min(MOST_READ) as usize);
    let seen = Seen::begin(&pass.shared.large, pass.root.id, &found.path, stamp.size);
    let window = match pass.lane {
        Lane::Near => SMALL_WINDOW,
        _ if stamp.size <= pass.shared.options.large_files.threshold => SMALL_WINDOW,
        _ => pass.shared.options.large_files.window,
    };
    let mut see = |chunk: &[u8]| {
        let room = (MOST_READ as usize).saturating_sub(head.len()).min(chunk.len());
        head.extend_from_slice(&chunk[..room]);
        Counters::add(&pass.counters.bytes_done, chunk.len() as u64);
        seen.add(chunk.len() as u64);
        pass.wait_for_bytes(chunk.len() as u64);
        pass.shared.tell_progress();
    };
    let streamed = chunks::stream(&mut file, stamp.size, window, pass.cancel, &mut see).map_err(|stopped| {
        Counters::take(&pass.counters.bytes_done, seen.bytes());
        match stopped {
            Stopped::Cancelled => None,
            Stopped::Shrunk => unreadable("it became shorter while it was read".into()),
            Stopped::Io(error) => io(error),
        }
    })?;
    // What was written to it meanwhile: the stamp of the beginning stays, so that the next look finds it changed.
    let now = pass.root.dir.stat(&found.path).ok().map(|it| it.0);
    let meta = read::meta_of(&stamp, now == Some(stamp) && stamp.is_settled(read_ns));
    seen.end(&streamed);
    let text = match decode::decode(read::without_half_character(head)) {
        Decoded::Binary => Err(Skip::Binary),
        Decoded::Text { text, .. } => Ok(Arc::from(text)),
    };
    Ok(Content { meta, hash: streamed.root, lang, text })
}

/// Hands a text on with its words, piece by piece: those that the index holds, and those that are made here.
pub fn words(work: &Work<'_>, arrivals: &Sender<Arrival>, mut pending: Pending) {
    let pass = work.pass;
    let Ok(text) = pending.content.text.clone() else { return };
    let mut held = work.large.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(gone) = held.take() {
        // The text before this one is on its way to the disk: only one at a time.
        let _ = gone.recv();
    }
    let (permit, gone) = bounded(0);
    (pending.permit, *held) = (Some(permit), Some(gone));
    let recipe = languages::recipe(pending.content.lang);
    // Pieces are no segments of a parsed file, though their bytes may be equal.
    let key = |part: &str| Key::of("words", &[&recipe.0, part.as_bytes()]);
    let places: Vec<(Span, Key)> =
        chunks::pieces(&text).into_iter().map(|span| (span, key(text.get(span.range()).unwrap_or("")))).collect();
    let keys: Vec<Key> = places.iter().map(|it| it.1).collect();
    let known = pass.snapshot.reuse(&keys);
    let lang = pending.content.lang;
    let segment = |(span, key): (Span, Key)| {
        if pass.cancel.is_cancelled() {
            return None;
        }
        let make = || Arc::new(words_of(lang, text.get(span.range()).unwrap_or("")));
        let facts = known.get(&key).cloned().unwrap_or_else(make);
        Some(SegmentRecord { span, key, facts })
    };
    let segments: Option<Vec<_>> = pass.shared.compute.install(|| places.into_par_iter().map(segment).collect());
    if let Some(segments) = segments {
        let _ = arrivals.send(Arrival::Known(pending, segments));
    }
}
