//! Vectors for what has none yet: after a crash between two commits, another model, an embedder that was missing.
//! Invariant: a vector is made of the text whose facts the index holds, or not at all. Must not know ranking.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::record::{self, Lack, Run};
use super::{Pass, read};
use crate::base::cancel::Cancel;
use crate::base::ids::{FileId, RootId};
use crate::base::threads::{self, Intent};
use crate::embed::{EmbedError, Embedder};
use crate::index::build::SegmentRecord;
use crate::index::snapshot::{Reading, Snapshot};
use crate::index::vectors::quantise;
use crate::workspace::progress::Counters;
use crate::workspace::shelf::Lot;

/// Segments taken from the index at once.
const ROUND: usize = 2_000;

/// The files of the next round, in the order of the index: no more than it has segments for, but each file whole.
fn next(snapshot: &Snapshot, root: RootId, tried: &HashSet<FileId>) -> Vec<FileId> {
    let mut files: Vec<FileId> = Vec::new();
    let is_wanted = |it| !tried.contains(&it) && !snapshot.is_open(it);
    for it in snapshot.without_vectors(root, ROUND, &is_wanted) {
        // Segments of one file follow each other.
        if files.last() != Some(&it.file) {
            files.push(it.file);
        }
    }
    files
}

/// Texts that an embedder is given at once, which sorts them by length: at first, at least and at most. What is in hand when
/// the process is killed is lost, so it is to take a second or so.
const PORTION: usize = 32;
const LEAST: usize = 8;
const MOST: usize = 512;
/// Portions in hand at once: while one runs, the next is cut into tokens.
const AT_ONCE: usize = 2;

/// Embeds until nothing is missing, or what is missing cannot be made.
pub fn missing(pass: &Pass<'_>) {
    let Some(embedder) = pass.shared.options.embedder.clone() else { return };
    let _one = pass.shared.filling.lock().unwrap_or_else(PoisonError::into_inner);
    let mut tried: HashSet<FileId> = HashSet::new();
    loop {
        let snapshot = pass.shared.snapshot();
        let files = next(&snapshot, pass.root.id, &tried);
        if files.is_empty() || pass.cancel.is_cancelled() {
            return;
        }
        tried.extend(files.iter().copied());
        let whole = snapshot.completeness();
        // What an earlier process has done counts.
        Counters::set(&pass.counters.passages_found, whole.passages);
        Counters::set(&pass.counters.passages_done, whole.vectors);
        let failed = round(pass, &*embedder, &snapshot, &files);
        embedder.notices().iter().for_each(|it| pass.shared.notice(it));
        if let Some(error) = failed {
            if pass.cancel.is_cancelled() {
                return;
            }
            return pass.shared.notice(&error.to_string());
        }
    }
}

/// Texts of the next portion after one of `size` took so long.
fn next_portion(size: usize, took: Duration) -> usize {
    match took {
        quick if quick < Duration::from_millis(500) => (size * 2).min(MOST),
        slow if slow > Duration::from_secs(2) => (size / 2).max(LEAST),
        _ => size,
    }
}

/// Segments that are embedded together.
#[derive(Default)]
struct Portion {
    known: Vec<Run>,
    lacks: Vec<Lack>,
    texts: usize,
}

/// Vectors for some files: they are read, embedded and committed at the same time.
fn round(pass: &Pass<'_>, embedder: &dyn Embedder, snapshot: &Snapshot, files: &[FileId]) -> Option<EmbedError> {
    let failed: Mutex<Option<EmbedError>> = Mutex::new(None);
    let size = &AtomicUsize::new(PORTION);
    let (read, portions) = bounded::<Portion>(1);
    let (made, runs) = bounded::<Vec<Run>>(2);
    std::thread::scope(|scope| {
        // They inherit the niceness of the crawl, and hand it on to a process that they start: once is enough.
        let as_crawl = Intent::Latency;
        let reading =
            threads::scoped(scope, "embed-files", as_crawl, || read_all(pass, embedder, snapshot, (files, size), read));
        let mut embedding = 0;
        for _ in 0..AT_ONCE {
            let (portions, made, failed) = (portions.clone(), made.clone(), &failed);
            let work = move || {
                // Whoever reads stops when nobody takes any more.
                for portion in portions {
                    pass.wait();
                    let (begun, texts) = (Instant::now(), portion.texts);
                    match embed(embedder, pass.cancel, portion) {
                        Ok(runs) => {
                            if texts >= size.load(Ordering::Relaxed).min(PORTION) {
                                size.store(next_portion(texts, begun.elapsed()), Ordering::Relaxed);
                            }
                            let _ = made.send(runs);
                        }
                        Err(error) => {
                            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            return;
                        }
                    }
                    if pass.cancel.is_cancelled() {
                        return;
                    }
                }
            };
            embedding += usize::from(threads::scoped(scope, "embed", as_crawl, work).is_some());
        }
        drop((portions, made));
        if reading.is_none() || embedding == 0 {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(EmbedError(
                "passages get no vectors, because the system gives no more threads: raise the limit (ulimit -u)".into(),
            ));
        }
        let (mut ready, mut since): (Vec<Run>, _) = (Vec::new(), Instant::now());
        loop {
            // What is made is kept in time, also where the next takes long.
            match runs.recv_timeout(pass.shared.options.commit_interval) {
                Ok(runs) => {
                    let count: usize = runs.iter().map(|it| it.vectors.len()).sum();
                    Counters::add(&pass.counters.passages_done, count as u64);
                    ready.extend(runs);
                    pass.shared.tell_progress();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if since.elapsed() >= pass.shared.options.commit_interval {
                commit(pass, &mut ready);
                since = Instant::now();
            }
        }
        commit(pass, &mut ready);
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The vectors of a portion, by segment.
fn embed(embedder: &dyn Embedder, cancel: &Cancel, portion: Portion) -> Result<Vec<Run>, EmbedError> {
    let mut runs = portion.known;
    if portion.lacks.is_empty() {
        return Ok(runs);
    }
    let texts: Vec<&str> = portion.lacks.iter().flat_map(|it| &it.inputs).map(String::as_str).collect();
    let mut vectors = Vec::new();
    embedder.embed_while(&texts, &|| !cancel.is_cancelled(), &mut vectors)?;
    let dims = vectors.len() / texts.len().max(1);
    let mut rest = vectors.as_slice();
    for Lack { key, inputs } in &portion.lacks {
        let (of_this, tail) = rest.split_at((inputs.len() * dims).min(rest.len()));
        rest = tail;
        runs.push(Run { key: *key, vectors: of_this.chunks_exact(dims.max(1)).map(quantise).collect() });
    }
    Ok(runs)
}

/// Hands on what lacks vectors in these files, a portion at a time.
fn read_all(
    pass: &Pass<'_>,
    embedder: &dyn Embedder,
    snapshot: &Snapshot,
    (files, size): (&[FileId], &AtomicUsize),
    out: Sender<Portion>,
) {
    let mut portion = Portion::default();
    for &file in files {
        for it in read_one(pass, embedder, snapshot, file).unwrap_or_default() {
            match it {
                Ok(known) => portion.known.push(known),
                Err(lack) => {
                    portion.texts += lack.inputs.len();
                    portion.lacks.push(lack);
                }
            }
            if portion.texts >= size.load(Ordering::Relaxed) && out.send(std::mem::take(&mut portion)).is_err() {
                return;
            }
        }
        if pass.cancel.is_cancelled() {
            return;
        }
    }
    let _ = out.send(portion);
}

/// What a file's segments lack; nothing where it is not what the index has any more.
fn read_one(
    pass: &Pass<'_>,
    embedder: &dyn Embedder,
    snapshot: &Snapshot,
    file: FileId,
) -> Option<Vec<Result<Run, Lack>>> {
    let (stored, facts) = (snapshot.stored(file)?, snapshot.reading(Reading::Once).facts(file)?);
    // Long texts have no vectors.
    if stored.meta.size > read::MOST_READ {
        return None;
    }
    let (_, path) = snapshot.path(file)?;
    pass.wait_for_file(stored.meta.size);
    let content = read::read(&pass.root.dir, &path).ok()?;
    let text = content.text.as_ref().ok()?;
    if content.hash != stored.hash {
        return None;
    }
    let segments: Vec<SegmentRecord> =
        facts.segments.iter().map(|it| SegmentRecord { span: it.span, key: it.key, facts: it.facts.clone() }).collect();
    Some(record::lacking(embedder, snapshot, &path, text, &segments))
}

fn commit(pass: &Pass<'_>, runs: &mut Vec<Run>) {
    if !runs.is_empty() {
        let runs = std::mem::take(runs);
        pass.shared.commit(pass.root, || Lot { runs, ..Lot::default() });
    }
}

#[cfg(test)]
mod tests {
    use super::{LEAST, MOST, ROUND, next, next_portion};
    use crate::base::ids::RootId;
    use crate::index::apply::{Builder, PackId};
    use crate::index::build::build_facts_pack;
    use crate::index::fixture::file;
    use crate::index::snapshot::FewFacts;
    use crate::index::view::PackView;
    use std::collections::HashSet;
    use std::sync::Arc;

    #[test]
    fn portions_take_about_a_second() {
        let grown = |from, milliseconds| {
            let next = |it: &usize| Some(next_portion(*it, std::time::Duration::from_millis(milliseconds)));
            std::iter::successors(Some(from), next).nth(20).unwrap()
        };
        assert_eq!((grown(32, 100), grown(32, 1_000), grown(32, 9_000)), (MOST, 32, LEAST));
    }

    #[test]
    fn rounds_do_not_grow() {
        let records: Vec<_> = (0..5_000).map(|it| file(&format!("file_{it}.rs"), "one two\n")).collect();
        let view = Arc::new(PackView::in_memory(build_facts_pack(&records)).unwrap());
        let mut builder = Builder::new(Arc::new(FewFacts::default()));
        builder.apply_facts(RootId(0), PackId([1; 16]), view);
        let snapshot = builder.publish();
        let mut tried = HashSet::new();
        let rounds = std::iter::from_fn(|| {
            let files = next(&snapshot, RootId(0), &tried);
            tried.extend(files.iter().copied());
            (!files.is_empty()).then_some(files.len())
        });
        assert_eq!(rounds.collect::<Vec<_>>(), [ROUND, ROUND, 5_000 - 2 * ROUND]);
        assert!(next(&snapshot, RootId(7), &HashSet::new()).is_empty());
    }

    /// An index of several roots, each with files that hold so many segments without vectors.
    fn roots(all: &[&[usize]]) -> crate::index::snapshot::Snapshot {
        let mut builder = Builder::new(Arc::new(FewFacts::default()));
        for (root, files) in (0u16..).zip(all) {
            let with = |(at, segments): (usize, &usize)| {
                let mut it = file(&format!("file_{at:05}.rs"), &format!("of {root}\n"));
                it.segments = vec![it.segments[0].clone(); *segments];
                it
            };
            let records: Vec<_> = files.iter().enumerate().map(with).collect();
            let view = Arc::new(PackView::in_memory(build_facts_pack(&records)).unwrap());
            builder.apply_facts(RootId(root), PackId([root as u8 + 1; 16]), view);
        }
        builder.publish()
    }

    #[test]
    fn what_another_root_lacks_hides_nothing() {
        let snapshot = roots(&[&[1; 2_500], &[1; 3]]);
        assert_eq!(next(&snapshot, RootId(1), &HashSet::new()).len(), 3);
    }

    #[test]
    fn a_long_file_that_is_tried_in_vain_hides_nothing() {
        let snapshot = roots(&[&[2_500, 1, 1]]);
        let first = next(&snapshot, RootId(0), &HashSet::new());
        assert_eq!(first.len(), 1);
        assert_eq!(next(&snapshot, RootId(0), &first.into_iter().collect()).len(), 2);
    }
}
