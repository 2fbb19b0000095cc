//! What people are told of filters that leave nothing. Invariant: one sentence for each filter that fits no file, or one for
//! all where only together they leave none. Must not know the protocol.

use std::collections::BTreeMap;

use super::langs::distance;
use super::paths::Pattern;
use super::{By, Filters};
use crate::base::cancel::Cancel;
use crate::index::snapshot::Snapshot;
use crate::index::within::Within;
use crate::syntax::languages::Lang;

/// Languages that are told.
const TOLD: usize = 6;
/// Filters that fit nothing for which the component most like them is looked for.
const COMPARED: usize = 3;

impl Filters {
    /// `met`: whether a path filter fits any file. None once it is cancelled.
    pub(super) fn notes(&self, snapshot: &Snapshot, within: &Within, met: &[bool], cancel: &Cancel) -> Vec<String> {
        let so_far = if snapshot.completeness().is_indexed() { "" } else { " so far" };
        let counts = snapshot.files_by_lang();
        let unmet = self.unmet(snapshot, met, cancel);
        let compared: Vec<Near> = unmet.iter().take(COMPARED).map(|&at| Near::to(&self.all[at].value)).collect();
        let mut near = nearest(snapshot, compared, cancel).into_iter();
        let mut notes = Vec::new();
        for (at, it) in self.all.iter().enumerate() {
            match it.by {
                By::Path if unmet.contains(&at) => {
                    let near = near.next().flatten().map_or(String::new(), |near| format!("; there is {near}"));
                    notes.push(format!("{it}: no indexed path fits it{so_far}{near}"));
                }
                By::Lang => {
                    let ids = super::langs::of(&it.value).unwrap_or_default();
                    if !ids.iter().any(|id| counts.contains_key(*id)) {
                        notes.push(format!(
                            "{it}: no file in this language is indexed{so_far}; there are {}",
                            told(&counts)
                        ));
                    }
                }
                _ => {}
            }
        }
        if notes.is_empty() && within.files() == 0 && self.all.iter().any(|it| it.by != By::Kind) {
            let all: Vec<String> = self.all.iter().filter(|it| it.by != By::Kind).map(ToString::to_string).collect();
            notes.push(format!("no indexed file fits all of {}{so_far}", all.join(" ")));
        } else if notes.is_empty() && within.passages() == 0 {
            let all: Vec<String> = self.all.iter().map(ToString::to_string).collect();
            notes.push(format!("nothing indexed fits {}{so_far}", all.join(" ")));
        }
        if cancel.is_cancelled() { Vec::new() } else { notes }
    }

    /// The path filters that fit no file in whatever language, by their positions.
    fn unmet(&self, snapshot: &Snapshot, met: &[bool], cancel: &Cancel) -> Vec<usize> {
        let all = self.all.iter().enumerate().filter(|(at, it)| it.by == By::Path && !met[*at]);
        let mut open: Vec<(usize, Pattern)> = all.map(|(at, it)| (at, Pattern::new(&it.value))).collect();
        if !open.is_empty() {
            snapshot.each_indexed_path(cancel, &mut |path| open.retain(|it| !it.1.fits(path)));
        }
        open.into_iter().map(|it| it.0).collect()
    }
}

/// The languages with the most files.
fn told(counts: &BTreeMap<String, u64>) -> String {
    let mut all: Vec<(&String, &u64)> = counts.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let title = |id: &str| Lang::from_id(id).map_or("?", |it| it.row().title);
    let mut names: Vec<String> = all.iter().take(TOLD).map(|(id, count)| format!("{} ({count})", title(id))).collect();
    if all.len() > TOLD {
        names.push(format!("{} more", all.len() - TOLD));
    }
    if names.is_empty() { "no files at all".to_owned() } else { names.join(", ") }
}

/// The run of a path's components that is written most like a filter.
struct Near {
    /// Lower case, without those before a star.
    wanted: Vec<String>,
    /// How many of its last components are alike, how far apart they are, and the run.
    best: Option<(usize, usize, String)>,
}

impl Near {
    fn to(value: &str) -> Self {
        let value = value.replace('\\', "/").to_lowercase();
        let parts = value.split('/').filter(|it| !it.is_empty() && *it != ".").map(str::to_owned);
        let mut wanted: Vec<String> = parts.collect();
        let stars = wanted.iter().rposition(|it| it.contains(['*', '?'])).map_or(0, |it| it + 1);
        wanted.drain(..stars);
        // A short name is like every other.
        if wanted.len() == 1 && allowed(&wanted[0]) == 0 {
            wanted.clear();
        }
        Self { wanted, best: None }
    }

    /// Looks at the run that ends with the last of `parts`.
    fn look(&mut self, parts: &[&[u8]], is_folder: bool) {
        let (mut alike, mut far) = (0, 0);
        for (wanted, part) in self.wanted.iter().rev().zip(parts.iter().rev()) {
            let allowed = allowed(wanted);
            if part.len().abs_diff(wanted.len()) > allowed {
                break;
            }
            let apart = distance(&String::from_utf8_lossy(part).to_lowercase(), wanted);
            if apart > allowed {
                break;
            }
            (alike, far) = (alike + 1, far + apart);
        }
        let is_better = |best: &(usize, usize, String)| alike > best.0 || alike == best.0 && far < best.1;
        if alike > 0 && self.best.as_ref().is_none_or(is_better) {
            let run = String::from_utf8_lossy(&parts[parts.len() - alike..].join(&b'/')).into_owned();
            self.best = Some((alike, far, format!("{run}{}", if is_folder { "/" } else { "" })));
        }
    }
}

/// How far a component may be from what is written.
fn allowed(wanted: &str) -> usize {
    match wanted.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

/// What is nearest to each, in one walk over all paths.
fn nearest(snapshot: &Snapshot, mut all: Vec<Near>, cancel: &Cancel) -> Vec<Option<String>> {
    if all.iter().all(|it| it.wanted.is_empty()) {
        return Vec::new();
    }
    let mut last: Vec<u8> = Vec::new();
    let mut look = |path: &[u8]| {
        // Paths come in order: a folder that the one before had, too, has been looked at.
        let shared = path.iter().zip(&last).take_while(|(a, b)| a == b).count();
        let known = path[..shared].iter().filter(|it| **it == b'/').count();
        let parts: Vec<&[u8]> = path.split(|it| *it == b'/').collect();
        for end in known + 1..=parts.len() {
            all.iter_mut().for_each(|it| it.look(&parts[..end], end < parts.len()));
        }
        last.clear();
        last.extend_from_slice(path);
    };
    snapshot.each_indexed_path(cancel, &mut look);
    all.into_iter().map(|it| Some(it.best?.2)).collect()
}
