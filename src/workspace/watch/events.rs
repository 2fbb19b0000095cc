//! From what the system tells to requests for the near crawl. Invariants: a burst becomes one request a path; what the
//! rules leave out, and neither the index nor a pass under way can know, wakes nobody; after a loss everything is looked at once. Must not know how
//! folders come to be watched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::Told;
use crate::base::paths::RelPath;
use crate::workspace::lanes::Request;
use crate::workspace::roots::Root;
use crate::workspace::rules::Rules;
use crate::workspace::state::Shared;

/// A burst ends when nothing came for so long ...
const QUIET: Duration = Duration::from_millis(100);
/// ... or when it has gone on for so long.
const LONGEST: Duration = Duration::from_millis(500);
/// More paths than this in one burst: a walk over everything is cheaper.
const MANY: usize = 4_096;

/// Gathers and hands on until the watcher is gone.
pub(super) fn run(shared: &Arc<Shared>, requests: &Sender<Request>, told: &Receiver<Told>) {
    while let Ok(first) = told.recv() {
        let mut changed = BTreeMap::from([(first.path, first.turned)]);
        let (begun, mut heard) = (Instant::now(), 1);
        while begun.elapsed() < LONGEST {
            let next = told.recv_timeout(QUIET);
            heard += u64::from(next.is_ok());
            match next {
                Ok(it) if changed.len() < MANY => *changed.entry(it.path).or_insert(false) |= it.turned,
                Ok(_) => shared.watch.lost.store(true, Ordering::Release),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if shared.cancel.is_cancelled() {
            return;
        }
        hand_on(shared, requests, &changed);
        shared.behind.heeded(heard);
    }
}

fn hand_on(shared: &Shared, requests: &Sender<Request>, changed: &BTreeMap<PathBuf, bool>) {
    let mut wanted: Vec<(Arc<Root>, RelPath)> = Vec::new();
    // A folder that came or went may be another one under the same name: the walk watches it anew.
    let turned = changed.iter().filter(|(path, turned)| **turned && !is_root(shared, path)).map(|it| &**it.0);
    let left = shared.watch.leave_all(turned);
    for (path, turned) in changed {
        let was_folder = left.contains(&**path);
        for root in shared.roots() {
            let Some(inside) = root.relative(path).filter(|it| !it.as_bytes().is_empty()) else { continue };
            shared.watch.stamps.forget(root.id, &inside);
            if *turned {
                root.rules.forget_beneath(&inside);
            }
            if concerns(shared, &root, &inside, was_folder) {
                wanted.push((root, inside));
            }
        }
    }
    if shared.watch.lost.swap(false, Ordering::AcqRel) {
        shared.watch.stamps.forget_all();
        // Any folder may be another one by now, under the same name.
        let roots = shared.roots();
        shared.watch.leave_all(roots.iter().map(|it| it.path()));
        wanted = roots.into_iter().map(|root| (root, RelPath::default())).collect();
        wanted.iter().for_each(|(root, _)| root.rules.forget());
    }
    for (root, path) in wanted {
        shared.behind.ask();
        let _ = requests.send(Request::Near(root, path));
    }
}

fn is_root(shared: &Shared, path: &Path) -> bool {
    shared.roots().iter().any(|it| it.path() == path)
}

/// Whether a change of `path` can change the index.
fn concerns(shared: &Shared, root: &Root, path: &RelPath, was_folder: bool) -> bool {
    if Rules::is_rule_file(path) {
        return true;
    }
    if was_folder {
        root.rules.forget();
        return true;
    }
    if shared.snapshot().file(root.id, path).is_some() {
        return true;
    }
    if root.dir.stat(path).is_ok_and(|(_, kind)| root.rules.judge(&root.dir, path, kind).is_none()) {
        return true;
    }
    let is_gone = root.dir.stat(path).is_err();
    // Asked after the disk and before the index: what a pass that has ended found there is known, and one that begins now
    // finds nothing.
    let is_under_way = shared.governor.passes() > 0;
    let snapshot = shared.snapshot();
    let is_known = || snapshot.file(root.id, path).is_some() || !snapshot.stored_beneath(root.id, path).is_empty();
    // Else something that nobody knew came and went; or a folder that is not watched.
    is_gone && (is_under_way || !shared.watch.is_complete() || is_known())
}

#[cfg(test)]
mod tests;
