//! Vectors for what has none yet: after a crash between two commits, another model, an embedder that was missing.
//! Invariant: a vector is made of the text whose facts the index holds, or not at all. Must not know ranking.

use std::collections::HashSet;

use super::record::{self, Run};
use super::{Pass, read};
use crate::base::ids::FileId;
use crate::index::build::SegmentRecord;
use crate::index::snapshot::Reading;
use crate::workspace::progress::Counters;

/// Segments taken from the index at once.
const ROUND: usize = 2_000;

/// Embeds until nothing is missing, or what is missing cannot be made.
pub fn missing(pass: &Pass<'_>) {
    let Some(embedder) = pass.shared.options.embedder.clone() else { return };
    let mut tried: HashSet<FileId> = HashSet::new();
    loop {
        let snapshot = pass.shared.snapshot();
        let mut files: HashSet<FileId> = HashSet::new();
        for it in snapshot.without_vectors(ROUND + tried.len() * 4) {
            let here = snapshot.path(it.file).is_some_and(|(root, _)| root == pass.root.id);
            if here && !tried.contains(&it.file) && !snapshot.is_open(it.file) {
                files.insert(it.file);
            }
        }
        if files.is_empty() || pass.cancel.is_cancelled() {
            return;
        }
        let mut runs: Vec<Run> = Vec::new();
        for file in files {
            tried.insert(file);
            if pass.cancel.is_cancelled() {
                break;
            }
            let (Some(stored), Some(facts)) = (snapshot.stored(file), snapshot.reading(Reading::Once).facts(file))
            else {
                continue;
            };
            // Long texts have no vectors.
            if stored.meta.size > read::MOST_READ {
                continue;
            }
            let Some((_, path)) = snapshot.path(file) else { continue };
            pass.wait_for_file(stored.meta.size);
            let Ok(content) = read::read(&pass.root.dir, &path) else { continue };
            let Ok(text) = &content.text else { continue };
            if content.hash != stored.hash {
                continue;
            }
            let segments: Vec<SegmentRecord> = facts
                .segments
                .iter()
                .map(|it| SegmentRecord { span: it.span, key: it.key, facts: it.facts.clone() })
                .collect();
            match record::embed(&*embedder, &snapshot, &path, text, &segments) {
                Ok(made) => {
                    let count: usize = made.iter().map(|it| it.vectors.len()).sum();
                    Counters::add(&pass.counters.passages_done, count as u64);
                    runs.extend(made);
                }
                Err(error) => return pass.shared.notice(&error.to_string()),
            }
        }
        if !runs.is_empty() {
            pass.shared.commit(pass.root, || (Vec::new(), runs));
            pass.shared.tell_progress();
        }
    }
}
