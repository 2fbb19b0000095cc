//! Collects finished files and commits them, facts and vectors together, by size and by time. Invariants: what a crash
//! costs is bounded by the commit interval; memory is bounded by two batches; a file that a newer look has already
//! committed is not overwritten by an older one. Must not know how a file was read.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::extract::{self, Arrival};
use super::read;
use super::record::{self, Finished, Pending};
use super::{Stopwatch, Work};
use crate::base::paths::RelPath;
use crate::base::threads::{self, Intent};
use crate::index::build::{FileState, SegmentRecord};
use crate::index::stamps::Stamp;
use crate::workspace::progress::Counters;
use crate::workspace::roots::Moment;
use crate::workspace::shelf::Lot;
use crate::workspace::skip::Skip;
use crate::workspace::state::Lane;
use crate::workspace::worker::Outcome;

/// Files decoded and embedded at once.
const GROUP: usize = 64;
/// Bytes of text of such a group.
const GROUP_BYTES: u64 = 2 << 20;

/// Bytes of text that are worth a pack of their own, however short memory is.
const LEAST_COMMIT: u64 = 2 << 20;

/// Files to be looked at again one by one; for more of them everything is looked at.
const MOST_AGAIN: usize = 64;

/// What is written together.
#[derive(Default)]
struct Batch {
    files: Vec<Finished>,
    /// Files that are what the index has of them, and when they were read.
    same: Vec<(Stamp, Moment)>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.same.is_empty()
    }
}

/// One file between its parser and its record.
enum Raw {
    Left(Finished),
    Known(Pending, Vec<SegmentRecord>),
    Parsed(Pending, Outcome),
}

/// The collecting end of a pass.
pub struct Committer<'a> {
    work: &'a Work<'a>,
    group: Vec<Raw>,
    group_bytes: u64,
    batch: Batch,
    batch_bytes: u64,
    since: Instant,
}

impl<'a> Committer<'a> {
    pub fn new(work: &'a Work<'a>) -> Self {
        Self { work, group: Vec::new(), group_bytes: 0, batch: Batch::default(), batch_bytes: 0, since: Instant::now() }
    }

    /// Takes everything until all who send are gone; commits the rest.
    pub fn run(mut self, arrivals: &Receiver<Arrival>, outcomes: &Receiver<(u64, Outcome)>) {
        let (batches_in, batches) = bounded::<Batch>(0);
        let work = self.work;
        std::thread::scope(|scope| {
            let committer = threads::scoped(scope, "commit", Intent::Background, move || {
                for batch in batches {
                    commit(work, batch);
                }
            });
            if committer.is_none() {
                work.refused.store(true, Ordering::Relaxed);
            }
            self.collect(arrivals, outcomes, &batches_in);
            // The writing thread ends with its queue.
            drop(batches_in);
        });
    }

    fn collect(&mut self, arrivals: &Receiver<Arrival>, outcomes: &Receiver<(u64, Outcome)>, out: &Sender<Batch>) {
        let (mut more_arrivals, mut more_outcomes) = (true, true);
        let never = crossbeam_channel::never();
        let never_parsed = crossbeam_channel::never();
        while more_arrivals || more_outcomes {
            let arrivals = if more_arrivals { arrivals } else { &never };
            let outcomes = if more_outcomes { outcomes } else { &never_parsed };
            select! {
                recv(arrivals) -> it => match it {
                    Ok(arrival) => self.arrive(arrival),
                    Err(_) => more_arrivals = false,
                },
                recv(outcomes) -> it => match it {
                    Ok((token, outcome)) => self.parsed(token, outcome),
                    Err(_) => more_outcomes = false,
                },
                default(Duration::from_millis(100)) => self.finish_group(),
            }
            if self.group.len() >= GROUP || self.group_bytes >= GROUP_BYTES {
                self.finish_group();
            }
            self.hand_over(out, false);
        }
        self.finish_group();
        self.hand_over(out, true);
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Same(stamp, read_at) => {
                self.begin_batch();
                self.batch.same.push((stamp, read_at));
            }
            Arrival::Record(record, read_at) => {
                self.group.push(Raw::Left(Finished { record, runs: Vec::new(), read_at, bytes: 0, permit: None }))
            }
            Arrival::Known(pending, segments) => {
                if pending.permit.is_some() {
                    self.group_bytes += GROUP_BYTES;
                }
                self.group.push(Raw::Known(pending, segments));
            }
        }
    }

    fn parsed(&mut self, token: u64, outcome: Outcome) {
        let mut waiting = self.work.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Outcome::Suspect = outcome {
            let noted = waiting.get_mut(&token).map(suspect);
            noted.iter().for_each(|it| self.work.pass.root.suspect(&it.record.path));
            self.group.extend(noted.map(Raw::Left));
            return;
        }
        let pending = waiting.remove(&token);
        drop(waiting);
        if let Some(pending) = pending {
            let pass = self.work.pass;
            if let Outcome::Later = outcome
                && pass.shared.look_later(pass.root.id, &pending.path, Lane::Slow)
            {
                return;
            }
            self.group_bytes += pending.content.meta.size.min(super::read::MOST_READ);
            self.group.push(Raw::Parsed(pending, outcome));
        }
    }

    /// Decodes and embeds what has arrived, in parallel.
    fn finish_group(&mut self) {
        if self.group.is_empty() {
            return;
        }
        self.work.pass.wait();
        let begun = Instant::now();
        self.group_bytes = 0;
        let group = std::mem::take(&mut self.group);
        let work = self.work;
        let finished: Vec<Finished> =
            work.pass.shared.compute.install(|| group.into_par_iter().filter_map(|raw| finish(work, raw)).collect());
        self.begin_batch();
        self.batch_bytes += finished.iter().map(|it| it.bytes).sum::<u64>();
        self.batch.files.extend(finished);
        Stopwatch::add(&work.watch.finish, begun);
    }

    /// What comes next may be the first of its batch, by whose age it is handed over.
    fn begin_batch(&mut self) {
        if self.batch.is_empty() {
            self.since = Instant::now();
        }
    }

    /// Passes the batch on when it is large or old enough; waits while the one before is being written.
    fn hand_over(&mut self, out: &Sender<Batch>, rest: bool) {
        let options = &self.work.pass.shared.options;
        let limit = options.memory_limit;
        let enough = if self.work.pass.shared.governor.room.is_tight() { limit / 128 } else { limit / 32 };
        // The next large file waits for the one in the batch; a suspected one is not to be lost.
        let is_waited_for = self.batch.files.iter().any(|it| it.permit.is_some());
        let large = self.batch_bytes >= enough.max(LEAST_COMMIT) || is_waited_for;
        let old = self.since.elapsed() >= options.commit_interval;
        if self.batch.is_empty() || !(rest || large || old) {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        if !large && !rest {
            // Only age asks for it: if the writer is busy, there is no use in waiting for it.
            if let Err(crossbeam_channel::TrySendError::Full(batch)) = out.try_send(batch) {
                self.batch = batch;
                return;
            }
        } else {
            let _ = out.send(batch);
        }
        self.batch_bytes = 0;
        self.since = Instant::now();
    }
}

/// What is noted of a text that its parser does not get done with: if this process ends before the parser, the next one
/// does not try it again. Its last outcome replaces the note.
fn suspect(pending: &mut Pending) -> Finished {
    pending.suspected = true;
    let record = record::left_out(pending.path.clone(), &pending.content, &Skip::suspected());
    // Committed at once: nobody knows how long this process has.
    let permit = Some(crossbeam_channel::bounded(0).0);
    Finished { record, runs: Vec::new(), read_at: pending.read_at, bytes: 0, permit }
}

/// What is left to say of a file that nothing came of: a suspicion against it is taken back.
fn undecided(pending: Pending) -> Option<Finished> {
    let Pending { path, content, read_at, suspected, .. } = pending;
    let record = record::left_out(path, &content, &Skip::Pending);
    suspected.then_some(Finished { record, runs: Vec::new(), read_at, bytes: 0, permit: None })
}

/// One file's record and vectors; `None` where it has to be looked at again later.
fn finish(work: &Work<'_>, raw: Raw) -> Option<Finished> {
    let counters = work.pass.counters;
    let (pending, segments) = match raw {
        Raw::Left(finished) => return Some(finished),
        // What is to be done later was left to a crawl of its own; there is none while the workspace closes.
        Raw::Parsed(pending, Outcome::Suspect | Outcome::Later) => return undecided(pending),
        Raw::Known(pending, segments) => (pending, Ok(segments)),
        Raw::Parsed(pending, Outcome::Unavailable(why)) => {
            work.missing.fetch_add(1, Ordering::Relaxed);
            if !work.pass.cancel.is_cancelled() {
                work.pass.shared.notice(&format!("{}: not indexed now: {why}", pending.path.display()));
            }
            return undecided(pending);
        }
        Raw::Parsed(pending, Outcome::Poison(why)) => (pending, Err(Skip::Quarantined(why))),
        Raw::Parsed(pending, Outcome::Parsed(answer)) => {
            Counters::add(&counters.files_parsed, 1);
            if let Some(why) = answer.degraded {
                tracing::info!("{}: {}", pending.path.display(), why.says());
            }
            let text = pending.content.text.as_ref().map_or("", |it| it);
            let segments = record::segments_of(pending.content.lang, text, &answer.segments);
            (pending, segments)
        }
    };
    let Pending { path, content, recipe, read_at, permit, .. } = pending;
    let segments = match segments {
        Ok(segments) => segments,
        Err(skip) => {
            counters.leave_out();
            let record = record::left_out(path, &content, &skip);
            return Some(Finished { record, runs: Vec::new(), read_at, bytes: 0, permit: None });
        }
    };
    let text = content.text.as_ref().map_or("", |it| it);
    let passages: usize = segments.iter().map(|it| it.facts.passages.len()).sum();
    Counters::add(&counters.passages_found, passages as u64);
    let mut runs = Vec::new();
    if let Some(embedder) = work.pass.shared.options.embedder.as_ref().filter(|it| it.is_slow()) {
        // Facts do not wait for it: what is not known is left to `embed::missing`.
        let all = record::lacking(&**embedder, &work.pass.snapshot, &path, text, &segments);
        runs.extend(all.into_iter().filter_map(Result::ok));
        let known: usize = runs.iter().map(|it| it.vectors.len()).sum();
        Counters::add(&counters.passages_done, known as u64);
    } else if let Some(embedder) = &work.pass.shared.options.embedder {
        match record::embed(&**embedder, work.pass.cancel, &work.pass.snapshot, &path, text, &segments) {
            Ok(made) => {
                runs = made;
                let made: usize = runs.iter().map(|it| it.vectors.len()).sum();
                Counters::add(&counters.passages_done, made as u64);
            }
            Err(_) if work.pass.cancel.is_cancelled() => {}
            Err(error) => work.pass.shared.notice(&error.to_string()),
        }
    }
    let bytes = text.len() as u64;
    Some(Finished { record: record::indexed(path, &content, recipe, segments), runs, read_at, bytes, permit })
}

/// Writes one batch, makes it visible, counts it.
fn commit(work: &Work<'_>, batch: Batch) {
    let begun = Instant::now();
    let pass = work.pass;
    let Batch { files: mut batch, mut same } = batch;
    if pass.lane != Lane::Whole {
        batch.iter().for_each(|it| note_change(work, it));
        same.iter().for_each(|(it, read_at)| pass.root.touch(&it.path, *read_at));
    }
    // The next large file waits until these are on the disk.
    let permits: Vec<_> = batch.iter_mut().filter_map(|it| Some((it.record.path.clone(), it.permit.take()?))).collect();
    // The bytes of a file that was streamed are counted already.
    let is_counted = |it: &Finished| permits.iter().any(|(path, _)| *path == it.record.path);
    let (mut done, mut again): (Vec<u64>, Vec<RelPath>) = (Vec::new(), Vec::new());
    let is_published = pass.shared.commit(pass.root, || {
        batch.retain(|it| {
            let stands = !pass.root.is_newer(&it.record.path, it.read_at) || is_counted(it) && still_grows(work, it);
            stands && !is_left_out(work, &it.record.path)
        });
        same.retain(|(it, read_at)| !pass.root.is_newer(&it.path, *read_at) && !is_left_out(work, &it.path));
        let indexed = batch.iter().filter(|it| it.record.state == FileState::Indexed);
        done.extend(indexed.map(|it| if is_counted(it) { 0 } else { it.record.meta.size }));
        let (records, runs): (Vec<_>, Vec<_>) = batch.into_iter().map(|it| (it.record, it.runs)).unzip();
        let stamps = stamps_of(work, same, &mut again);
        Lot { records, runs: runs.into_iter().flatten().collect(), stamps }
    });
    work.commits.fetch_add(u64::from(is_published), Ordering::Relaxed);
    if again.len() > MOST_AGAIN {
        let root = pass.shared.roots().into_iter().find(|it| it.id == pass.root.id);
        root.iter().for_each(|it| pass.shared.look_at_whole(it));
    } else {
        for path in &again {
            pass.shared.look_later(pass.root.id, path, Lane::Slow);
        }
    }
    drop(permits);
    done.into_iter().for_each(|bytes| extract::done(work, bytes));
    pass.shared.tell_progress();
    Stopwatch::add(&work.watch.commit, begun);
}

/// The stamps that are worth being kept. Of some files the index may have come to hold another content since this pass
/// began: they are to be looked at again.
fn stamps_of(work: &Work<'_>, same: Vec<(Stamp, Moment)>, again: &mut Vec<RelPath>) -> Vec<Stamp> {
    let (pass, mut out) = (work.pass, Vec::new());
    let now = pass.shared.snapshot();
    for (it, _) in same {
        let stored = now.file(pass.root.id, &it.path).and_then(|id| now.stored(id));
        match stored.filter(|stored| stored.hash == it.hash) {
            Some(stored) if stored.meta != it.meta && read::is_settled(&it.meta) => out.push(it),
            // One that is too young proves nothing.
            Some(_) => {}
            None => again.push(it.path),
        }
    }
    out
}

/// A file that is written to all the time is overtaken whenever its stream ends; while it is the same file, what was read
/// of it is better than nothing.
fn still_grows(work: &Work<'_>, it: &Finished) -> bool {
    work.pass.root.dir.stat(&it.record.path).is_ok_and(|(stamp, _)| stamp.inode == it.record.meta.inode)
}

/// Whether the rules have changed since this pass took the file for one that belongs, and the near lane, which has taken the
/// others away, could not know of it.
fn is_left_out(work: &Work<'_>, path: &RelPath) -> bool {
    let pass = work.pass;
    let is_near = pass.lane == Lane::Near && !pass.asked;
    !is_near && pass.root.is_left_out_since(path, work.began)
}

/// The near lane has found a file changed: whoever changed it may go on beside it.
fn note_change(work: &Work<'_>, it: &Finished) {
    let pass = work.pass;
    pass.root.touch(&it.record.path, it.read_at);
    if let Some(folder) = it.record.path.parent() {
        pass.shared.watch.prefer(pass.root, &folder, pass.shared);
    }
}
