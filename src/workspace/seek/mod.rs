//! The question before the index: files that a waiting question needs are found by a scan for its words and indexed before
//! all others, by the ordinary pass. Invariants: one scan serves all questions that wait; it ends by its budget; whoever
//! asks is answered once, whatever happens. Must not know features.

mod choose;
mod declares;
mod scan;
mod turn;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use self::choose::Wish;
use self::scan::Needles;
use super::crawl::walk::{self, Sight};
use super::crawl::{self, Pass};
use super::progress::{Counters, Stage};
use super::roots::Root;
use super::state::{Lane, Shared};
use super::worker::Pool;
use crate::base::cancel::Cancel;
use crate::base::ids::RootId;
use crate::base::paths::RelPath;
use crate::index::wants::{Sought, Wants};
use crate::syntax::languages::{self, Lang};

pub use turn::Turn;

/// Longest time for one walk and scan of a root: a question does not wait for more.
const BUDGET: Duration = Duration::from_secs(3);
/// How long a scan waits for further questions of a burst: a small part of what it takes.
const LINGER: Duration = Duration::from_millis(10);
/// Questions that one scan serves.
const MOST_ASKED: usize = 64;
/// Wants of a root that are remembered, so that none is looked for twice.
const MOST_REMEMBERED: usize = 4_096;

/// A question that waits; `done` hears whether more is indexed now.
pub struct Asked {
    pub wants: Wants,
    pub cancel: Cancel,
    pub done: Box<dyn FnOnce(bool) + Send>,
}

/// What is known of a root that is not indexed yet.
#[derive(Default)]
struct Known {
    /// Files of a language with names; empty until the walk.
    files: Vec<RelPath>,
    sought: HashSet<(Sought, String)>,
}

/// Serves questions until their queue is closed.
pub fn run(shared: &Arc<Shared>, pool: &Pool, queue: &Receiver<Asked>) {
    let mut known: HashMap<RootId, Known> = HashMap::new();
    while let Ok(first) = queue.recv() {
        let asked = with_company(first, queue);
        let roots = shared.roots();
        known.retain(|id, _| roots.iter().any(|root| root.id == *id && is_waited_for(root)));
        let mut found = false;
        if !shared.cancel.is_cancelled() && !shared.options.read_only {
            let wants: Vec<&Wants> = asked.iter().filter(|it| !it.cancel.is_cancelled()).map(|it| &it.wants).collect();
            let _first = shared.questions.begin();
            for root in roots.iter().filter(|it| is_waited_for(it)) {
                found |= seek(shared, pool, root, known.entry(root.id).or_default(), &wants);
            }
        }
        for it in asked {
            (it.done)(found);
        }
    }
}

/// What comes almost together is looked for together.
fn with_company(first: Asked, queue: &Receiver<Asked>) -> Vec<Asked> {
    let (mut all, end) = (vec![first], Instant::now() + LINGER);
    while all.len() < MOST_ASKED {
        let Ok(next) = queue.recv_deadline(end) else { break };
        all.push(next);
    }
    all
}

/// Whether a question may find more in a root before its pass has ended.
pub fn is_waited_for(root: &Root) -> bool {
    root.stage() < Stage::Indexed && root.store.is_writer() && !root.was_indexed
}

/// Finds and indexes what the wants name in one root; false where that is nothing new.
fn seek(shared: &Arc<Shared>, pool: &Pool, root: &Arc<Root>, known: &mut Known, wants: &[&Wants]) -> bool {
    let (texts, wishes) = fresh(known, wants);
    let Some(needles) = Needles::new(&texts) else { return false };
    let cancel = shared.cancel.within(BUDGET);
    if known.files.is_empty() {
        known.files = list(shared, root, &cancel);
    }
    let snapshot = shared.snapshot();
    let files: Vec<RelPath> =
        known.files.iter().filter(|path| snapshot.file(root.id, path).is_none()).cloned().collect();
    let hits = scan::scan(&root.dir, &files, &needles, shared.walkers(), &cancel);
    let paths: Vec<RelPath> =
        choose::choose(&hits, &files, &wishes).into_iter().filter_map(|it| files.get(it).cloned()).collect();
    tracing::debug!(needles = texts.len(), files = files.len(), hits = hits.len(), chosen = paths.len(), "sought");
    if paths.is_empty() {
        return false;
    }
    let counters = Counters::default();
    let (counters, cancel) = (&counters, &root.cancel);
    let (lane, waited) = (Lane::Near, AtomicU64::default());
    let pass = Pass { shared, root, paths, snapshot, pool, counters, cancel, lane, asked: true, again: false, waited };
    crawl::run(&pass);
    true
}

/// Texts that nobody has looked for in this root, and who wants which.
fn fresh(known: &mut Known, wants: &[&Wants]) -> (Vec<String>, Vec<Wish>) {
    let mut texts: Vec<String> = Vec::new();
    let mut wishes = Vec::new();
    if known.sought.len() > MOST_REMEMBERED {
        known.sought.clear();
    }
    for want in wants {
        // Each is noted, whether or not one before it was new.
        let new = want.needles.iter().filter(|it| known.sought.insert((want.sought, (*it).clone()))).count();
        if new == 0 {
            continue;
        }
        let mut number = |text: &String| match texts.iter().position(|it| it == text) {
            Some(number) => number,
            None => {
                texts.push(text.clone());
                texts.len() - 1
            }
        };
        // Words count together: those known from another question as well.
        wishes.push(Wish { needles: want.needles.iter().map(&mut number).collect(), sought: want.sought });
    }
    (texts, wishes)
}

/// All files of a root whose language has names.
fn list(shared: &Arc<Shared>, root: &Root, cancel: &Cancel) -> Vec<RelPath> {
    let Ok(pool) = shared.walk_pool() else { return Vec::new() };
    let named = |sight| match sight {
        Sight::File { path, .. } if languages::detect(&path, b"") != Lang::TEXT => Some(path),
        Sight::File { .. } | Sight::Left { .. } => None,
    };
    let mut files: Vec<RelPath> =
        walk::all(&pool, &root.dir, &root.rules, cancel).into_iter().filter_map(named).collect();
    files.sort_unstable();
    files
}
