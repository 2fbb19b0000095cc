//! Decides what a file costs: nothing (unchanged), a look into the index (its content is known) or a parse. Invariant: a
//! file is parsed only if neither its stamp nor its content is known to this version. Must not know packs.

use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;

use super::Work;
use super::large::{self, Found};
use super::read::{self, Content};
use super::record::{self, Pending};
use crate::base::hash::ContentHash;
use crate::base::ids::FileId;
use crate::base::os::{FileStamp, OpenError};
use crate::base::paths::RelPath;
use crate::index::build::{FileRecord, FileState, SegmentRecord};
use crate::index::snapshot::KnownFile;
use crate::index::stamps::Stamp;
use crate::index::view::Stored;
use crate::syntax::languages::Lang;
use crate::workspace::progress::Counters;
use crate::workspace::roots::Moment;
use crate::workspace::skip::Skip;
use crate::workspace::state::Lane;
use crate::workspace::worker::{Job, LARGE, Outcome, Task};

/// Files that the index is asked about together, and their bytes.
const CANDIDATES: usize = 1_024;
const CANDIDATE_BYTES: u64 = 8 << 20;

/// A file that needs no worker (any more).
pub enum Arrival {
    /// It was read and is what the index has of it; when.
    Same(Stamp, Moment),
    /// A record without segments: left out.
    Record(FileRecord, Moment),
    /// Its content was known: segments from the index.
    Known(Pending, Vec<SegmentRecord>),
}

/// Texts that wait until a batch is full.
pub struct Batch<'a> {
    work: &'a Work<'a>,
    tasks: Vec<Task>,
    bytes: usize,
    /// Files whose content the index seems to hold. They are asked for together, since an answer walks over all words of
    /// a pack.
    candidates: Vec<(Pending, KnownFile)>,
    candidate_bytes: u64,
    arrivals: Sender<Arrival>,
    outcomes: Sender<(u64, Outcome)>,
    /// Where long files go, if somebody else takes them.
    later: Option<Sender<Found>>,
}

impl<'a> Batch<'a> {
    pub fn new(work: &'a Work<'a>, arrivals: Sender<Arrival>, outcomes: Sender<(u64, Outcome)>) -> Self {
        let (tasks, candidates) = (Vec::new(), Vec::new());
        Self { work, tasks, bytes: 0, candidates, candidate_bytes: 0, arrivals, outcomes, later: None }
    }

    /// The same; long files go elsewhere.
    pub fn with_later(self, later: Sender<Found>) -> Self {
        Self { later: Some(later), ..self }
    }

    /// The pass that it belongs to.
    pub fn work(&self) -> &'a Work<'a> {
        self.work
    }

    /// Where long files go.
    pub fn later(&self) -> Option<&Sender<Found>> {
        self.later.as_ref()
    }

    fn add_candidate(&mut self, pending: Pending, known: KnownFile) {
        self.candidate_bytes += pending.content.meta.size;
        self.candidates.push((pending, known));
        if self.candidates.len() >= CANDIDATES || self.candidate_bytes >= CANDIDATE_BYTES {
            self.resolve();
        }
    }

    /// Asks the index for the facts of all candidates; what it does not hold after all is parsed.
    fn resolve(&mut self) {
        self.candidate_bytes = 0;
        if self.candidates.is_empty() {
            return;
        }
        let (candidates, known): (Vec<_>, Vec<_>) = std::mem::take(&mut self.candidates).into_iter().unzip();
        let found = self.work.pass.snapshot.segments_of_known(&known);
        for (pending, segments) in candidates.into_iter().zip(found) {
            match segments {
                Some(segments) => {
                    Counters::add(&self.work.pass.counters.files_reused, 1);
                    let _ = self.arrivals.send(Arrival::Known(pending, segments));
                }
                None => self.add(Pending { recipe: None, ..pending }),
            }
        }
    }

    fn add(&mut self, pending: Pending) {
        if pending.permit.is_some() {
            return large::words(self.work, &self.arrivals, pending);
        }
        let Ok(text) = pending.content.text.clone() else { return };
        // A large text goes by itself: it may have to wait for its turn.
        let is_large = text.len() > LARGE;
        let plan = &self.work.plan;
        let most = plan.batch_bytes(self.work.pass.shared.governor.room.is_tight());
        if self.bytes + text.len() > most || is_large {
            self.submit();
        }
        let token = self.work.next_token.fetch_add(1, Ordering::Relaxed);
        self.bytes += text.len();
        self.tasks.push(Task { token, lang: pending.content.lang, text });
        self.work.pending.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(token, pending);
        if self.tasks.len() >= plan.batch_files() || self.bytes >= most || is_large {
            self.submit();
        }
    }

    /// Hands on all that waits.
    pub fn flush(&mut self) {
        self.resolve();
        self.submit();
    }

    /// Hands what is to be parsed to the pool; waits while its queue is full.
    fn submit(&mut self) {
        if self.tasks.is_empty() {
            return;
        }
        self.bytes = 0;
        let pass = self.work.pass;
        let tasks = std::mem::take(&mut self.tasks);
        let urgent = pass.lane == Lane::Near;
        if !urgent {
            pass.shared.questions.pause(|| pass.cancel.is_cancelled());
        }
        pass.wait();
        pass.pool.submit(Job { tasks, urgent, done: self.outcomes.clone() });
    }
}

/// Takes one file that the walk has found.
pub fn take(work: &Work<'_>, batch: &mut Batch<'_>, path: RelPath, stamp: &FileStamp) {
    let pass = work.pass;
    let known = pass.snapshot.file(pass.root.id, &path);
    let stored = known.and_then(|id| pass.snapshot.stored(id));
    if let (Some(id), Some(stored)) = (known, &stored) {
        work.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(id);
        if pass.shared.options.trust_stamps
            && stored.meta == read::meta_of(stamp, true)
            && is_last_word(work, &path, stored)
        {
            return unchanged(work, stored, stamp.size);
        }
    }
    if stamp.size > read::MOST_READ {
        return large::take(work, batch, Found { path, stamp: *stamp, known });
    }
    pass.wait_for_file(stamp.size);
    let read_at = pass.root.now();
    match read::read(&pass.root.dir, &path) {
        Ok(content) => {
            let pending = Pending { path, content, recipe: None, read_at, permit: None, suspected: false };
            keep(work, batch, known, pending);
        }
        Err(skip) => unreadable(work, batch, path, stamp, &skip, read_at),
    }
}

/// Takes a file that was read; `known` is what the index knows under its path.
pub fn keep(work: &Work<'_>, batch: &mut Batch<'_>, known: Option<FileId>, pending: Pending) {
    let pass = work.pass;
    let Pending { path, content, read_at, permit, .. } = &pending;
    let stored = known.and_then(|id| pass.snapshot.stored(id));
    if let Some(stored) = stored.as_ref().filter(|it| is_same(it, content) && is_last_word(work, path, it)) {
        unchanged(work, stored, if permit.is_some() { 0 } else { content.meta.size });
        let stamp = Stamp { path: path.clone(), hash: content.hash, meta: content.meta };
        let _ = batch.arrivals.send(Arrival::Same(stamp, *read_at));
        return;
    }
    let suspected =
        stored.filter(|it| it.hash == content.hash && is_last_word(work, path, it)).and_then(|it| skip_of(&it));
    let suspected = suspected.filter(Skip::is_suspicion);
    if let Some(skip) = content.text.as_ref().err().or(suspected.as_ref()) {
        pass.counters.leave_out();
        let _ = batch.arrivals.send(Arrival::Record(record::left_out(path.clone(), content, skip), *read_at));
        return;
    }
    match known_content(work, content) {
        Some((known, None)) => {
            let recipe = Some(known.stored().recipe);
            batch.add_candidate(Pending { recipe, ..pending }, known);
        }
        Some((_, Some(skip))) => {
            pass.counters.leave_out();
            let record = record::left_out(path.clone(), content, &skip);
            let _ = batch.arrivals.send(Arrival::Record(record, *read_at));
        }
        None => batch.add(pending),
    }
}

/// Whether the index has what was read, up to the stamp.
fn is_same(stored: &Stored, content: &Content) -> bool {
    stored.hash == content.hash
        && stored.lang == content.lang.id()
        && skip_of(stored).as_ref() == content.text.as_ref().err()
}

/// Whether what is stored of a file stands, as long as its content does. A suspicion that this process has noted does not:
/// the outcome may have been overtaken by another look at the file.
fn is_last_word(work: &Work<'_>, path: &RelPath, stored: &Stored) -> bool {
    let is_ours = |it: Skip| it.is_suspicion() && work.pass.root.has_suspected(path);
    is_current(work, stored) && !skip_of(stored).is_some_and(is_ours)
}

/// Whether this version would make the same of the same content. What a newer one has made is left as it is: two versions
/// that are used in turn must not make everything anew each time.
fn is_current(work: &Work<'_>, stored: &Stored) -> bool {
    let skip = skip_of(stored);
    if skip == Some(Skip::Pending) {
        return false;
    }
    if let Some(it @ Skip::Quarantined(_)) = &skip
        && (work.pass.again || it.fits_into(work.pass.pool.resident_limit()))
    {
        return false;
    }
    let Some(lang) = Lang::from_id(&stored.lang) else { return work.by_newer };
    work.by_newer || stored.recipe == record::recipe_of(lang, skip.as_ref())
}

/// Why a stored file is left out; none: it is indexed.
pub fn skip_of(stored: &Stored) -> Option<Skip> {
    match &stored.state {
        FileState::Indexed => None,
        FileState::Skipped { code, detail } => Some(Skip::from_code(*code, detail)),
        FileState::Deleted => Some(Skip::Pending),
    }
}

/// What the index holds of a content, whichever file has it or had it: a file with facts, or one that was left out because
/// its text is poisonous, as it is under every name.
fn known_content(work: &Work<'_>, content: &Content) -> Option<(KnownFile, Option<Skip>)> {
    let known = |of_use: &dyn Fn(Option<Skip>) -> bool| {
        let fits = |it: &Stored| of_use(skip_of(it)) && it.lang == content.lang.id() && is_current(work, it);
        work.pass.snapshot.known(content.hash, fits)
    };
    // Facts come first: what was poison once, or only suspected, may have come to a good end since.
    let poison = |skip: Option<Skip>| skip.is_some_and(|it| matches!(it, Skip::Quarantined(_)) && !it.is_suspicion());
    let known = known(&|skip| skip.is_none()).or_else(|| known(&poison))?;
    let skip = skip_of(&known.stored());
    Some((known, skip))
}

/// A file that cannot be read now: said with its reason, tried again by the next pass. One that is gone since the walk has
/// met it is as if that had not.
pub fn unreadable(work: &Work<'_>, batch: &Batch<'_>, path: RelPath, stamp: &FileStamp, skip: &Skip, read_at: Moment) {
    let pass = work.pass;
    if matches!(pass.root.dir.stat(&path), Err(OpenError::NotFound)) {
        Counters::take(&pass.counters.files_found, 1);
        Counters::take(&pass.counters.bytes_found, stamp.size);
        if let Some(id) = pass.snapshot.file(pass.root.id, &path) {
            work.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&id);
        }
        return;
    }
    pass.counters.leave_out();
    let content = Content {
        meta: read::meta_of(stamp, false),
        hash: ContentHash([0; 32]),
        lang: Lang::TEXT,
        text: Err(skip.clone()),
    };
    let _ = batch.arrivals.send(Arrival::Record(record::left_out(path, &content, skip), read_at));
}

/// Counts a file of which the index knows all: as done, or as left out again.
fn unchanged(work: &Work<'_>, stored: &Stored, bytes: u64) {
    let counters = work.pass.counters;
    if stored.state != FileState::Indexed {
        return counters.leave_out();
    }
    Counters::add(&counters.files_unchanged, 1);
    done(work, bytes);
}

/// Counts a file as done.
pub fn done(work: &Work<'_>, bytes: u64) {
    Counters::add(&work.pass.counters.files_done, 1);
    Counters::add(&work.pass.counters.bytes_done, bytes);
}
