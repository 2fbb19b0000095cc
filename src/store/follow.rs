//! Keeping up with the disk: followers read new manifests and take over from a dead writer; the writer notices that its
//! files were removed, sets damaged packs aside and tries a refusing disk again. Invariant: never waits, never fails.
//! Must not know what packs hold.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::manifest::MANIFEST;
use super::open::{ASIDE, Inner, LOCK, Role, Store, StoreState, TEMPORARY};
use super::pack::PackId;

/// A disk that has refused is asked again after this.
pub const RETRY: Duration = Duration::from_secs(60);
/// How long a reader leaves it to the writer to make a removed directory anew.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many files that could not be read are kept for a person to look at.
const KEPT_ASIDE: usize = 4;

impl Store {
    /// Does what is due; to be called every few seconds and before the first answer. Returns the state where it changed.
    pub fn refresh(&self) -> Option<Arc<StoreState>> {
        self.refresh_at(Instant::now())
    }

    /// `refresh` at a given time: for tests.
    pub fn refresh_at(&self, now: Instant) -> Option<Arc<StoreState>> {
        let mut inner = self.locked();
        match inner.role {
            Role::Reader => inner.follow(now),
            Role::Onlooker => inner.look_on(now),
            Role::Alone if inner.is_due(now) => inner.join(now),
            Role::Alone => {}
            Role::Writer(_) => inner.look_after(now),
        }
        // Also what a commit has found that was refused.
        let is_news = !inner.is_told();
        inner.told = inner.state.clone();
        is_news.then(|| self.show(&inner))
    }

    /// Sets packs aside that were marked as damaged. Returns the new state where there were any: what they held is to be
    /// built again.
    pub fn heal(&self) -> Option<Arc<StoreState>> {
        let mut inner = self.locked();
        let is_told = inner.is_told();
        let healed = inner.drop_damaged(Instant::now());
        if is_told {
            inner.told = inner.state.clone();
        }
        healed.then(|| self.show(&inner))
    }
}

impl Inner {
    /// Whether whoever uses the store knows its state.
    pub fn is_told(&self) -> bool {
        Arc::ptr_eq(&self.told, &self.state)
    }

    /// Another process writes: what this one still had to do is no concern of that one's index.
    fn give_way(&mut self) {
        self.role = Role::Reader;
        self.unsaved.clear();
        self.obsolete.clear();
        self.dirty = false;
        self.load_as_reader();
    }

    fn is_due(&self, now: Instant) -> bool {
        self.refused_at.is_none_or(|it| now.saturating_duration_since(it) >= RETRY)
    }

    /// A reader's turn: become the writer where there is none, else read what is new.
    fn follow(&mut self, now: Instant) {
        if !self.is_found(now) {
            return;
        }
        match self.disk.lock(LOCK) {
            Ok(Some(lock)) => self.become_writer(lock, now),
            Ok(None) => self.read_news(now),
            // What is open stays readable.
            Err(_) => {}
        }
    }

    /// Whether the directory is there. Where somebody has removed it under a reader, its writer makes it anew and writes the
    /// index again; where nobody does for a while, the reader makes it and will be the writer.
    fn is_found(&mut self, now: Instant) -> bool {
        if self.disk.is_in_place() {
            self.missing_since = None;
            return true;
        }
        let since = *self.missing_since.get_or_insert(now);
        let is_late = now.saturating_duration_since(since) >= PATIENCE;
        if self.disk.reopen().is_err() && !(is_late && self.disk.revive().is_ok()) {
            return false;
        }
        (self.missing_since, self.manifest_mark) = (None, None);
        true
    }

    /// One who changes nothing reads what is new, in the directory that stands there now.
    fn look_on(&mut self, now: Instant) {
        if !self.disk.is_in_place() && self.disk.reopen().is_ok() {
            self.manifest_mark = None;
        }
        self.read_news(now);
    }

    /// Reads the manifest where it is a new one.
    fn read_news(&mut self, now: Instant) {
        let mark = self.disk.mark(MANIFEST).ok();
        if mark.is_some() && mark != self.manifest_mark {
            self.load_as_reader();
        }
        self.drop_damaged(now);
    }

    /// An index in memory asks for its place on disk again.
    fn join(&mut self, now: Instant) {
        match self.disk.lock(LOCK) {
            Ok(Some(lock)) if self.state.generation == 0 => {
                self.refused_at = None;
                self.become_writer(lock, now);
            }
            Ok(Some(lock)) => {
                self.role = Role::Writer(lock);
                self.rewrite(now);
            }
            Ok(None) => {
                self.refused_at = None;
                self.give_way();
            }
            Err(it) => self.refuse(&it.into(), now),
        }
    }

    /// The writer's turn.
    fn look_after(&mut self, now: Instant) {
        self.drop_damaged(now);
        self.keep_lock(now);
        if matches!(self.role, Role::Writer(_)) {
            if !self.dirty && self.refused_at.is_none() {
                self.find_removed_files(now);
            }
            if (self.dirty || !self.unsaved.is_empty()) && self.is_due(now) {
                self.save(now);
            }
        }
    }

    /// Sees whether the lock still guards the directory; where somebody has removed it, makes it anew and writes the
    /// index again from what is open.
    pub fn keep_lock(&mut self, now: Instant) {
        let Role::Writer(lock) = &self.role else { return };
        if self.disk.holds(lock, LOCK) {
            return;
        }
        self.notices.push(format!("the index in {} was removed; it is written again", self.disk.place()));
        self.role = Role::Alone;
        match self.disk.revive().and_then(|()| self.disk.lock(LOCK)) {
            Ok(Some(lock)) => {
                self.role = Role::Writer(lock);
                self.rewrite(now);
            }
            Ok(None) => self.give_way(),
            Err(it) => self.refuse(&it.into(), now),
        }
    }

    /// Writes the whole state again, as a generation newer than any on disk.
    pub fn rewrite(&mut self, now: Instant) {
        let there = self.read_manifest().ok().flatten().map_or(0, |it| it.generation);
        self.disk_generation = self.disk_generation.max(there);
        self.unsaved = self.state.packs.iter().map(|it| it.id()).collect();
        self.dirty = true;
        self.renumber(self.state.generation + 1);
        self.save(now);
    }

    /// Single files that somebody has removed are written again.
    fn find_removed_files(&mut self, now: Instant) {
        if self.state.generation == 0 {
            return;
        }
        let Ok(files) = self.disk.list() else { return };
        let names: HashSet<&str> = files.iter().map(|it| it.name.as_str()).collect();
        let ids = self.state.packs.iter().map(|it| it.id());
        let gone: HashSet<PackId> = ids.filter(|it| !names.contains(it.file_name().as_str())).collect();
        if gone.is_empty() && names.contains(MANIFEST) {
            return;
        }
        self.notices.push(format!("files of the index in {} were removed; they are written again", self.disk.place()));
        self.unsaved.extend(gone);
        self.dirty = true;
        self.renumber(self.state.generation + 1);
        self.save(now);
    }

    /// Leaves damaged packs out, and with each the older ones of its kind (see `load`). A writer sets their files aside.
    fn drop_damaged(&mut self, now: Instant) -> bool {
        let damaged: Vec<_> = self.state.packs.iter().filter(|it| it.is_damaged()).cloned().collect();
        if damaged.is_empty() {
            return false;
        }
        let mut remove = Vec::new();
        for pack in &damaged {
            let upto = self.state.packs.iter().position(|it| it.id() == pack.id()).unwrap_or(0);
            let older = &self.state.packs[..upto];
            remove.extend(older.iter().filter(|it| it.kind() == pack.kind()).map(|it| it.id()));
            remove.push(pack.id());
            if self.may_write() {
                let name = pack.id().file_name();
                self.set_aside(&name, &StoreError::damaged(&name, "content"));
            }
        }
        self.replace(Vec::new(), &remove, None);
        if self.may_write() {
            self.dirty = true;
            self.save(now);
        } else {
            self.obsolete.clear();
        }
        true
    }

    /// Removes what no generation needs: temporary files, packs that no manifest names, old files set aside. Only the
    /// writer may, and only after it has read the manifest.
    pub fn sweep(&mut self) {
        let Ok(files) = self.disk.list() else { return };
        let mut aside: Vec<_> = files.iter().filter(|it| it.name.starts_with(ASIDE)).collect();
        aside.sort_by_key(|it| std::cmp::Reverse(it.mtime_ns));
        let old = aside.into_iter().skip(KEPT_ASIDE);
        let kept: HashSet<String> = self.state.packs.iter().map(|it| it.id().file_name()).collect();
        let is_pack = |name: &str| name.starts_with("p-") && name.ends_with(".pack");
        let needless =
            files.iter().filter(|it| it.name.ends_with(TEMPORARY) || is_pack(&it.name) && !kept.contains(&it.name));
        for file in needless.chain(old) {
            // What cannot be removed today is swept another day.
            let _ = self.disk.remove(&file.name);
        }
    }
}
