//! Hears from the system which files changed. Invariants: folders only, each by itself, added by the walk just before it
//! lists them, so that nothing falls between a listing and its watch; never more than a quarter of what the system gives a
//! user; what is not watched is found by the timer, and one notice says so. Must not know what is done about a change.

mod events;
mod stat_cache;

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, TrySendError, bounded};
use notify::event::{AccessKind, AccessMode, Event, EventKind};
use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

pub(super) use self::stat_cache::BesidePass;
use self::stat_cache::StatCache;
pub use self::stat_cache::StatCacheStatistics;
use super::behind::Behind;
use super::lanes::Request;
use super::options::StatCacheOptions;
use super::roots::Root;
use super::rules::Rules;
use super::state::Shared;
use crate::base::os::directories;
use crate::base::paths::RelPath;
use crate::base::threads::{self, Intent};

/// Share of the system's limit that we take, as a divisor.
const SHARE: usize = 4;
/// Share of ours that is kept for folders of open documents and of recent changes, as a divisor.
const RESERVE: usize = 8;
/// Where the system does not say how many folders may be watched.
const UNKNOWN_LIMIT: usize = 8_192;
/// Events that wait for us; beyond them everything is looked at.
const WAITING: usize = 8_192;

/// One path that changed, and whether what it names came, went or was renamed.
struct Told {
    path: PathBuf,
    turned: bool,
}

/// The watched folders of all roots.
pub(super) struct Watch {
    allowed: usize,
    pub stamps: StatCache,
    state: Mutex<State>,
    /// Some folder that should be watched is not.
    incomplete: AtomicBool,
    /// Events were lost: only a look at everything helps.
    lost: AtomicBool,
}

#[derive(Default)]
struct State {
    watcher: Option<RecommendedWatcher>,
    thread: Option<JoinHandle<()>>,
    /// Absolute paths; those beneath a folder follow it.
    watched: BTreeSet<PathBuf>,
    /// Of those, the ones in the reserve, oldest first.
    preferred: VecDeque<PathBuf>,
    /// The system gave no more when so many were watched.
    most: Option<usize>,
}

impl Watch {
    /// Nothing is watched until `start`. At most `most` folders; none: a quarter of the system's limit.
    pub fn new(most: Option<usize>, stamps: &StatCacheOptions) -> Self {
        let allowed = most.unwrap_or_else(|| directories::watch_limit().unwrap_or(UNKNOWN_LIMIT) / SHARE);
        Self {
            allowed,
            stamps: StatCache::new(stamps),
            state: Mutex::default(),
            incomplete: AtomicBool::new(true),
            lost: AtomicBool::new(false),
        }
    }

    /// Starts to hear; changes become requests. Where the system refuses, the timer remains, with a notice.
    pub fn start(shared: &Arc<Shared>, requests: Sender<Request>) {
        let (sender, told) = bounded(WAITING);
        let of = shared.clone();
        let heard = move |event: notify::Result<Event>| of.watch.hear(event, &of.behind, &sender);
        let config = Config::default().with_follow_symlinks(false);
        let watcher = match RecommendedWatcher::new(heard, config) {
            Ok(watcher) => watcher,
            Err(error) => return shared.notice(&refused(&error, shared)),
        };
        let of = shared.clone();
        let run = move || events::run(&of, &requests, &told);
        match threads::spawn("watch", Intent::Background, run) {
            Ok(thread) => {
                let mut state = shared.watch.lock();
                (state.watcher, state.thread) = (Some(watcher), Some(thread));
                shared.watch.incomplete.store(false, Ordering::Release);
            }
            Err(error) => shared.notice(&format!("changes are found by rescans only: {error}")),
        }
    }

    /// Stops hearing and waits for the thread.
    pub fn stop(&self) {
        let mut state = self.lock();
        let (watcher, thread) = (state.watcher.take(), state.thread.take());
        drop(state);
        // The thread ends when the watcher, which holds the other end of its queue, is gone.
        drop(watcher);
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// A walk is about to list this folder; whether it is watched from now on.
    pub fn enter(&self, root: &Root, folder: &RelPath, shared: &Shared) -> bool {
        let mut state = self.lock();
        let inside = folder;
        let folder = &folder.under(root.path());
        if state.watcher.is_none() || state.watched.contains(folder) {
            return state.watcher.is_some();
        }
        if root.remote {
            self.incomplete.store(true, Ordering::Release);
            shared.notice(&format!(
                "{}: its file system does not tell of changes; they are seen within {} s (watch.rescan_seconds)",
                root.path().display(),
                shared.options.rescan_interval.as_secs()
            ));
            return false;
        }
        let ordinary = state.watched.len() - state.preferred.len();
        if ordinary < self.most(&state) - self.reserve() {
            self.add(&mut state, root, inside, shared)
        } else {
            self.fall_short(shared);
            false
        }
    }

    /// Somebody works in this folder: watch it, in the place of one where nobody has for longer.
    pub fn prefer(&self, root: &Root, folder: &RelPath, shared: &Shared) {
        let mut state = self.lock();
        let inside = folder;
        let folder = &folder.under(root.path());
        if state.watcher.is_none() || root.remote || state.watched.contains(folder) {
            return;
        }
        if state.preferred.len() >= self.reserve()
            && let Some(oldest) = state.preferred.pop_front()
        {
            state.drop_watch(&oldest);
            self.stamps.forget_all();
        }
        if state.watched.len() < self.most(&state) && self.add(&mut state, root, inside, shared) {
            state.preferred.push_back(folder.to_path_buf());
        }
    }

    /// Forgets a folder and all beneath it.
    pub fn leave(&self, folder: &Path) {
        self.leave_all(std::iter::once(folder));
    }

    /// Forgets folders and all beneath them; those of them of which any was watched. All at once: a folder that was renamed
    /// has one watch under two names, which the old one must not take away after the new one is believed to be watched.
    pub fn leave_all<'a>(&self, folders: impl Iterator<Item = &'a Path>) -> BTreeSet<&'a Path> {
        let mut state = self.lock();
        let left: BTreeSet<&Path> = folders.filter(|it| state.leave(it)).collect();
        if !left.is_empty() {
            self.stamps.forget_all();
        }
        left
    }

    /// Every folder that belongs is watched.
    pub fn is_complete(&self) -> bool {
        !self.incomplete.load(Ordering::Acquire)
    }

    /// The watched folders, in the order of paths.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.lock().watched.iter().cloned().collect()
    }

    /// Watches one more folder; whether it is watched from now on.
    fn add(&self, state: &mut State, root: &Root, folder: &RelPath, shared: &Shared) -> bool {
        let is_watched = self.hear_of(state, &folder.under(root.path()), shared);
        // Of what was read there before nobody has told whether it has changed.
        let governed = Rules::governed(folder).filter(|_| Rules::is_rule_file(folder));
        root.rules.forget_beneath(&governed.unwrap_or_else(|| folder.clone()));
        is_watched
    }

    fn hear_of(&self, state: &mut State, folder: &Path, shared: &Shared) -> bool {
        let Some(watcher) = state.watcher.as_mut() else { return false };
        match watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => return state.watched.insert(folder.to_path_buf()),
            // It went between the listing of its parent and now.
            Err(error) if is_gone(&error.kind) => {}
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                state.most = Some(state.watched.len());
                self.fall_short(shared);
            }
            Err(error) => self.refuse(&error, shared),
        }
        false
    }

    fn most(&self, state: &State) -> usize {
        state.most.map_or(self.allowed, |it| it.min(self.allowed)).max(self.reserve())
    }

    fn reserve(&self) -> usize {
        self.allowed.div_ceil(RESERVE)
    }

    /// Not everything is watched. `Shared::notice` tells the same only once.
    fn fall_short(&self, shared: &Shared) {
        self.incomplete.store(true, Ordering::Release);
        shared.notice(&format!(
            "only some folders are watched (at most {}, a quarter of fs.inotify.max_user_watches); changes in the others \
             are seen within {} s (watch.rescan_seconds)",
            self.allowed,
            shared.options.rescan_interval.as_secs()
        ));
    }

    /// A folder that the system cannot watch: its path is too long, or it may not be read.
    fn refuse(&self, error: &notify::Error, shared: &Shared) {
        self.incomplete.store(true, Ordering::Release);
        let why = match &error.kind {
            ErrorKind::Io(error) => error.to_string(),
            ErrorKind::Generic(text) => text.clone(),
            other => format!("{other:?}"),
        };
        shared.notice(&format!(
            "some folders cannot be watched: {why}; changes in them are seen within {} s (watch.rescan_seconds)",
            shared.options.rescan_interval.as_secs()
        ));
    }

    /// Called by the watcher's own thread: must not wait, nor ask the watcher anything.
    fn hear(&self, event: notify::Result<Event>, behind: &Behind, out: &Sender<Told>) {
        let lost = event.as_ref().map_or(true, Event::need_rescan);
        let event = event.unwrap_or_default();
        if lost {
            self.stamps.hear();
            self.lost.store(true, Ordering::Release);
        }
        let turned = match event.kind {
            EventKind::Create(_) | EventKind::Remove(_) => true,
            EventKind::Modify(notify::event::ModifyKind::Name(_)) => true,
            EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Modify(_) => false,
            // The empty path wakes the thread that looks after losses.
            _ if lost => {
                behind.hear();
                if out.try_send(Told { path: PathBuf::new(), turned: false }).is_err() {
                    behind.heeded(1);
                }
                return;
            }
            _ => return,
        };
        self.stamps.hear();
        for path in event.paths {
            behind.hear();
            if let Err(error) = out.try_send(Told { path, turned }) {
                behind.heeded(1);
                // The thread that gathers still has some, and finds the loss behind them.
                self.lost.fetch_or(matches!(error, TrySendError::Full(_)), Ordering::AcqRel);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a folder was not there, or something else was in its place.
fn is_gone(kind: &ErrorKind) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => matches!(error.kind(), NotFound | NotADirectory),
        _ => false,
    }
}

impl State {
    /// Whether anything at or beneath `folder` was watched.
    fn leave(&mut self, folder: &Path) -> bool {
        let beneath: Vec<PathBuf> = self
            .watched
            .range::<Path, _>((std::ops::Bound::Included(folder), std::ops::Bound::Unbounded))
            .take_while(|it| it.starts_with(folder))
            .cloned()
            .collect();
        for path in &beneath {
            self.drop_watch(path);
        }
        self.preferred.retain(|it| !it.starts_with(folder));
        !beneath.is_empty()
    }

    fn drop_watch(&mut self, folder: &Path) {
        if self.watched.remove(folder)
            && let Some(watcher) = self.watcher.as_mut()
        {
            // Of a folder that is gone the system has dropped the watch already.
            let _ = watcher.unwatch(folder);
        }
    }
}

fn refused(error: &notify::Error, shared: &Shared) -> String {
    format!(
        "folders cannot be watched ({error}); changes are seen within {} s (watch.rescan_seconds)",
        shared.options.rescan_interval.as_secs()
    )
}

#[cfg(test)]
mod tests;
