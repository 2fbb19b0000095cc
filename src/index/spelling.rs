//! Words of the index that are like one which it does not hold. Invariant: what is found occurs in a live passage; the answer
//! depends on the live files alone. Must not know what a question is.

use super::snapshot::Snapshot;
use super::view::PackView;
use crate::base::cancel::Cancel;
use crate::base::edits::{edits, letters, may_be_near};
use rayon::prelude::*;

/// Words that are looked at more closely, of each distance in each pack: far more than there are, but in foreign data.
const MOST: usize = 1_024;
/// Words walked between two looks at the clock.
const STEP: usize = 4_096;

impl Snapshot {
    /// The word (as the analyser cuts words) that is at most `most` edits from `word`: one letter more, less or another, or two
    /// neighbours exchanged. Nearest first, then those that begin alike, then the most frequent.
    pub fn word_like(&self, word: &str, most: usize, cancel: &Cancel) -> Option<String> {
        let views: Vec<&PackView> = self.packs().filter_map(|(_, it)| it.view().map(|it| &**it)).collect();
        let mut found: Vec<(usize, String)> =
            views.into_par_iter().flat_map_iter(|view| like(view, word, most, cancel)).collect();
        found.sort();
        found.dedup();
        let begins = |it: &str| it.as_bytes().first() == word.as_bytes().first();
        let mut best: Option<((usize, bool, u64), String)> = None;
        for (edits, it) in found {
            let held = self.passages_with(&it);
            let key = (edits, !begins(&it), u64::MAX - held);
            if held > 0 && best.as_ref().is_none_or(|best| key < best.0) {
                best = Some((key, it));
            }
        }
        best.map(|it| it.1)
    }
}

/// Such words of one pack.
fn like(view: &PackView, word: &str, most: usize, cancel: &Cancel) -> Vec<(usize, String)> {
    let (Some(words), Some(asked)) = (view.words(), letters(word.as_bytes())) else { return Vec::new() };
    let (mut out, mut cursor, mut turn) = (Vec::new(), words.body.terms.cursor(), 0usize);
    let mut counts = vec![0; most + 1];
    while cursor.advance() {
        turn += 1;
        if turn.is_multiple_of(STEP) && cancel.is_cancelled() {
            return Vec::new();
        }
        let it = cursor.text();
        let of_near = |it: &[u8]| letters(it).is_some_and(|it| may_be_near(it, asked, most));
        if it.len().abs_diff(word.len()) > most || !of_near(it) {
            continue;
        }
        let edits = edits(it, word.as_bytes());
        if edits <= most && counts[edits] < MOST {
            counts[edits] += 1;
            out.extend(std::str::from_utf8(it).ok().map(|it| (edits, it.to_owned())));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::RootId;
    use crate::index::apply::Builder;
    use crate::index::build::build_facts_pack;
    use crate::index::fixture;
    use crate::index::snapshot::FewFacts;
    use crate::store::pack::PackId;
    use std::sync::Arc;

    #[test]
    fn the_nearest_then_the_most_frequent_word_is_found() {
        let files =
            [fixture::file("a.rs", "build other\nbuild more\nbuilt more\n"), fixture::file("b.rs", "guild build\n")];
        let mut it = Builder::new(Arc::new(FewFacts::default()));
        let view = Arc::new(PackView::in_memory(build_facts_pack(&files)).unwrap());
        it.apply_facts(RootId(0), PackId([1; 16]), view);
        let (snapshot, cancel) = (it.publish(), Cancel::new());
        let like = |word, most| snapshot.word_like(word, most, &cancel);
        assert_eq!(like("bulid", 1).as_deref(), Some("build"));
        assert_eq!(like("guilt", 1).as_deref(), Some("guild"), "what begins alike");
        assert_eq!(like("zulid", 1), None);
        cancel.cancel();
    }
}
