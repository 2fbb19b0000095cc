//! What people are told of filters that leave nothing. Invariant: one sentence for each filter that fits no file, or one for
//! all where only together they leave none. Must not know the protocol.

use std::collections::BTreeMap;

use super::langs::distance;
use super::paths::Pattern;
use super::{By, Filters};
use crate::index::snapshot::Snapshot;
use crate::index::within::Within;
use crate::syntax::languages::Lang;

/// Languages that are told.
const TOLD: usize = 6;

impl Filters {
    /// `met`: whether a path filter fits any file.
    pub(super) fn notes(&self, snapshot: &Snapshot, within: &Within, met: &[bool]) -> Vec<String> {
        let so_far = if snapshot.completeness().is_indexed() { "" } else { " so far" };
        let counts = snapshot.files_by_lang();
        let mut notes = Vec::new();
        for (at, it) in self.all.iter().enumerate() {
            match it.by {
                By::Path if !met[at] && !fits_any(snapshot, &it.value) => {
                    let near = nearest(snapshot, &it.value);
                    let near = near.map_or(String::new(), |near| format!("; there is {near}"));
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
        notes
    }
}

/// Whether a path filter fits a file in whatever language.
fn fits_any(snapshot: &Snapshot, value: &str) -> bool {
    let (pattern, mut fits) = (Pattern::new(value), false);
    snapshot.each_indexed_path(&mut |path| fits = fits || pattern.fits(path));
    fits
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

/// The component of a path that is written most like the last one of a filter.
fn nearest(snapshot: &Snapshot, value: &str) -> Option<String> {
    let wanted = value.trim_end_matches('/').rsplit('/').next()?.to_lowercase();
    if wanted.contains(['*', '?']) || wanted.chars().count() < 3 {
        return None;
    }
    let allowed = if wanted.chars().count() < 6 { 1 } else { 2 };
    let mut best: Option<(usize, String)> = None;
    let mut look = |part: &[u8], is_folder: bool| {
        if part.len().abs_diff(wanted.len()) > allowed || best.as_ref().is_some_and(|it| it.0 == 0) {
            return;
        }
        let part = String::from_utf8_lossy(part);
        let far = distance(&part.to_lowercase(), &wanted);
        if far <= allowed && best.as_ref().is_none_or(|it| far < it.0) {
            best = Some((far, format!("{part}{}", if is_folder { "/" } else { "" })));
        }
    };
    let mut last: Vec<u8> = Vec::new();
    snapshot.each_indexed_path(&mut |path| {
        // Paths come in order: a folder that the one before had, too, has been looked at.
        let shared = path.iter().zip(&last).take_while(|(a, b)| a == b).count();
        let from = path[..shared].iter().rposition(|it| *it == b'/').map_or(0, |it| it + 1);
        let mut parts = path[from..].split(|it| *it == b'/').peekable();
        while let Some(part) = parts.next() {
            look(part, parts.peek().is_some());
        }
        last.clear();
        last.extend_from_slice(path);
    });
    best.map(|it| it.1)
}
