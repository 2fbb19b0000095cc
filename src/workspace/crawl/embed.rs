//! Vectors for what has none yet: after a crash between two commits, another model, an embedder that was missing.
//! Invariant: a vector is made of the text whose facts the index holds, or not at all. Must not know ranking.

use std::collections::HashSet;
use std::time::Instant;

use super::record::{self, Run};
use super::{Pass, read};
use crate::base::ids::{FileId, RootId};
use crate::index::build::SegmentRecord;
use crate::index::snapshot::{Reading, Snapshot};
use crate::workspace::progress::Counters;
use crate::workspace::shelf::Lot;

/// Segments taken from the index at once.
const ROUND: usize = 2_000;

/// The files of the next round: no more than it has segments for, but one file whole.
fn next(snapshot: &Snapshot, root: RootId, tried: &HashSet<FileId>) -> HashSet<FileId> {
    let mut files = HashSet::new();
    let mut segments = 0;
    // What was tried in vain comes again.
    for it in snapshot.without_vectors(ROUND + tried.len() * 4) {
        let here = snapshot.path(it.file).is_some_and(|found| found.0 == root);
        if here && !tried.contains(&it.file) && !snapshot.is_open(it.file) {
            if segments >= ROUND && !files.contains(&it.file) {
                break;
            }
            files.insert(it.file);
            segments += 1;
        }
    }
    files
}

/// Embeds until nothing is missing, or what is missing cannot be made.
pub fn missing(pass: &Pass<'_>) {
    let Some(embedder) = pass.shared.options.embedder.clone() else { return };
    let mut tried: HashSet<FileId> = HashSet::new();
    loop {
        let snapshot = pass.shared.snapshot();
        let files = next(&snapshot, pass.root.id, &tried);
        if files.is_empty() || pass.cancel.is_cancelled() {
            return;
        }
        let (mut runs, mut since): (Vec<Run>, _) = (Vec::new(), Instant::now());
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
                    if since.elapsed() >= pass.shared.options.commit_interval {
                        commit(pass, &mut runs);
                        since = Instant::now();
                    }
                }
                Err(error) => {
                    commit(pass, &mut runs);
                    return pass.shared.notice(&error.to_string());
                }
            }
        }
        commit(pass, &mut runs);
    }
}

fn commit(pass: &Pass<'_>, runs: &mut Vec<Run>) {
    if !runs.is_empty() {
        let runs = std::mem::take(runs);
        pass.shared.commit(pass.root, || Lot { runs, ..Lot::default() });
        pass.shared.tell_progress();
    }
}

#[cfg(test)]
mod tests {
    use super::{ROUND, next};
    use crate::base::ids::RootId;
    use crate::index::apply::{Builder, PackId};
    use crate::index::build::build_facts_pack;
    use crate::index::fixture::file;
    use crate::index::snapshot::FewFacts;
    use crate::index::view::PackView;
    use std::collections::HashSet;
    use std::sync::Arc;

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
}
