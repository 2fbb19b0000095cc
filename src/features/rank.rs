//! From evidence to one order: words, names and meaning fused on one scale, what is asked for seldom held back, files
//! spread. Invariant: pure arithmetic over what it is given; equal evidence goes by path and position. Must not know how
//! candidates were found.

use crate::index::lexical::Weights;
use crate::index::traits::Traits;

/// What speaks for one passage.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// BM25 over all fields; 0: none of the words.
    pub words: f32,
    /// The part of it that declared names alone would give.
    pub names: f32,
    /// The part of it that the path alone would give.
    pub path: f32,
    /// Share of the question's weight in words that occur, 0 to 1.
    pub covered: f32,
    /// Cosine to the question, where the passage was among the nearest.
    pub meaning: Option<f32>,
    pub traits: Traits,
    /// Mostly comment or documentation text.
    pub prose: bool,
    /// Number of terms, repetitions counted.
    pub length: u32,
    /// It declares a name that the question gives, 0 to 1 by the kind of declaration.
    pub declared: f32,
    /// Its file is called as the name that is asked for.
    pub called: bool,
}

/// How much each kind of evidence counts. The defaults are chosen by
/// the mean over all development questions (`cargo bench --bench meaning`), never by one repository.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// Share of meaning in the score of a description, of a question about architecture, of a name.
    pub meaning_described: f32,
    pub meaning_architecture: f32,
    pub meaning_named: f32,
    /// How the fields of words count.
    pub words: Weights,
    /// Added for names, coverage, path, each relative to the best of the candidates.
    pub names: f32,
    pub covered: f32,
    pub path: f32,
    /// Added for the declaration of a given name: where the name is the question, and where it stands in one.
    pub declared_named: f32,
    pub declared: f32,
    /// Added where the file is called as the name.
    pub called: f32,
    /// Factors for what is asked for seldom.
    pub test: f32,
    pub docs: f32,
    /// Beside that of documentation.
    pub notes: f32,
    pub sample: f32,
    pub vendored: f32,
    pub generated: f32,
    pub prose: f32,
    pub short: f32,
    /// Passages of fewer terms are short.
    pub short_terms: u32,
    /// Share of the best of its file's other passages that a passage gets.
    pub file: f32,
    /// Added to the score of a declaration, in the end, where its name is the question.
    pub declared_first: f32,
    /// What all but the best declaration of a file are held back by in the end: where a name or several places are asked
    /// for, and where something is described.
    pub further: f32,
    pub further_described: f32,
    /// What all but the best of a name in a file are held back by, beside that.
    pub again: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            meaning_described: 0.5,
            meaning_architecture: 0.6,
            meaning_named: 0.2,
            words: Weights::default(),
            names: 0.2,
            covered: 0.2,
            path: 0.3,
            declared_named: 1.0,
            declared: 0.3,
            called: 0.3,
            test: 0.5,
            docs: 0.5,
            notes: 0.6,
            sample: 0.7,
            vendored: 0.6,
            generated: 0.6,
            prose: 0.8,
            short: 0.9,
            short_terms: 40,
            file: 0.2,
            declared_first: 6.0,
            further: 3.0,
            further_described: 1.5,
            again: 1.5,
        }
    }
}

/// What the question is, as far as ranking cares.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Share of meaning.
    pub meaning: f32,
    /// Kinds of files that it asks for by name (tests, documentation ...): these are not held back.
    pub traits: Traits,
    /// It is a name and nothing else.
    pub named: bool,
}

/// The scores of all candidates, in their order; `files` says which of them share a file.
pub fn fuse(candidates: &[Evidence], files: &[u32], question: &Asked, tuning: &Tuning) -> Vec<f32> {
    let most = |f: fn(&Evidence) -> f32| candidates.iter().map(f).fold(0.0f32, f32::max).max(1e-6);
    let (words, names, path) = (most(|it| it.words), most(|it| it.names), most(|it| it.path));
    let near = candidates.iter().filter_map(|it| it.meaning);
    let (low, high) = near.fold((f32::MAX, f32::MIN), |(low, high), it| (low.min(it), high.max(it)));
    let meaning = if high > f32::MIN { question.meaning } else { 0.0 };
    let mut scores: Vec<f32> = candidates
        .iter()
        .map(|it| {
            let near = it.meaning.map_or(0.0, |it| (it - low) / (high - low).max(1e-3));
            let base = (1.0 - meaning) * it.words / words + meaning * near;
            // Names count where names are the larger part of what was found by words.
            let extra = tuning.names * it.names / names.max(0.5 * words)
                + tuning.covered * it.covered
                + tuning.path * it.path / path.max(0.5 * words)
                + if question.named { tuning.declared_named } else { tuning.declared } * it.declared
                + if it.called { tuning.called } else { 0.0 };
            (base + extra) * held_back(it, question.traits, tuning)
        })
        .collect();
    share_within_files(&mut scores, files, tuning.file);
    scores
}

/// Adds to each candidate a share of the best other candidate of its file: a file that answers twice is the right one.
fn share_within_files(scores: &mut [f32], files: &[u32], share: f32) {
    let mut best: std::collections::HashMap<u32, (f32, f32)> = std::collections::HashMap::new();
    for (&score, &file) in scores.iter().zip(files) {
        let entry = best.entry(file).or_default();
        if score > entry.0 {
            *entry = (score, entry.0);
        } else if score > entry.1 {
            entry.1 = score;
        }
    }
    for (score, file) in scores.iter_mut().zip(files) {
        let (first, second) = best[file];
        *score += share * if *score >= first { second } else { first };
    }
}

fn held_back(it: &Evidence, asked: Traits, tuning: &Tuning) -> f32 {
    let mut factor = 1.0;
    for (one, by) in [
        (Traits::TEST, tuning.test),
        (Traits::DOCS, tuning.docs),
        (Traits::NOTES, tuning.notes),
        (Traits::SAMPLE, tuning.sample),
        (Traits::VENDORED, tuning.vendored),
        (Traits::GENERATED, tuning.generated),
    ] {
        if it.traits.has(one) && !asked.has(one) {
            factor *= by;
        }
    }
    if it.prose && !asked.has(Traits::DOCS) {
        factor *= tuning.prose;
    }
    if it.length < tuning.short_terms {
        factor *= tuning.short;
    }
    factor
}

/// Positions of the candidates with what they count, best first, where all but the best of a file count `further` less, and all
/// but the best of a name in it (clauses, overloads, a class that is opened again) `again` less than that. `scores` are in the
/// order that ties go by; `of` tells the file and the name of each, if it has one.
pub fn spread(scores: &[f32], of: &[(u32, Option<&str>)], (further, again): (f32, f32)) -> Vec<(usize, f32)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    let (mut files, mut names) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    let held_back = |at: usize| {
        let is_further = !files.insert(of[at].0);
        let is_again = of[at].1.is_some() && !names.insert(of[at]);
        (at, scores[at] - if is_further { further } else { 0.0 } - if is_again { again } else { 0.0 })
    };
    let mut ranked: Vec<(usize, f32)> = order.into_iter().map(held_back).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(words: f32, meaning: f32) -> Evidence {
        Evidence { words, meaning: Some(meaning), length: 100, ..Evidence::default() }
    }

    #[test]
    fn meaning_and_words_share_one_scale() {
        let tuning = Tuning { file: 0.0, ..Tuning::default() };
        let all = [near(10.0, 0.2), near(1.0, 0.9), near(0.0, 0.1)];
        let by = |meaning| fuse(&all, &[1, 2, 3], &Asked { meaning, ..Asked::default() }, &tuning);
        assert!(by(0.1)[0] > by(0.1)[1], "words win where meaning counts little");
        assert!(by(0.9)[1] > by(0.9)[0], "and the other way round");
        let without: Vec<Evidence> = all.iter().map(|it| Evidence { meaning: None, ..*it }).collect();
        let scores = fuse(&without, &[1, 2, 3], &Asked { meaning: 0.6, ..Asked::default() }, &tuning);
        assert!(scores[0] > scores[1] && scores[1] > scores[2], "no vectors yet: words alone");
    }

    #[test]
    fn tests_are_held_back_unless_asked_for() {
        let code = near(5.0, 0.5);
        let test = Evidence { words: 6.0, traits: Traits::TEST, ..near(6.0, 0.55) };
        let all = [code, test, near(0.0, 0.0)];
        let by = |traits| {
            let question = Asked { meaning: 0.6, traits, named: false };
            fuse(&all, &[1, 2, 3], &question, &Tuning::default())
        };
        let plain = by(Traits::default());
        assert!(plain[0] > plain[1]);
        let asked = by(Traits::TEST);
        assert!(asked[1] > asked[0]);
    }

    #[test]
    fn the_declaration_of_a_name_comes_before_its_uses() {
        let uses = near(9.0, 0.8);
        let declares = Evidence { declared: 1.0, ..near(4.0, 0.5) };
        let question = Asked { meaning: 0.2, named: true, ..Asked::default() };
        let scores = fuse(&[uses, declares], &[1, 2], &question, &Tuning::default());
        assert!(scores[1] > scores[0]);
    }

    #[test]
    fn further_declarations_of_a_file_are_held_back() {
        let scores = [5.0, 4.9, 4.0, 3.0, 1.0];
        let of = [(0, Some("a")), (0, Some("b")), (0, Some("b")), (1, Some("b")), (2, None)];
        let spread = |further, again| -> Vec<usize> {
            let all = spread(&scores, &of, (further, again));
            assert!(all.is_sorted_by(|a, b| a.1 >= b.1), "what each counts follows the order: {all:?}");
            all.into_iter().map(|it| it.0).collect()
        };
        assert_eq!(spread(0.0, 0.0), [0, 1, 2, 3, 4]);
        assert_eq!(spread(1.5, 0.0), [0, 1, 3, 2, 4]);
        assert_eq!(spread(9.0, 0.0), [0, 3, 4, 1, 2]);
        assert_eq!(spread(0.0, 2.0), [0, 1, 3, 2, 4], "the second `b` of a file; another file's `b` is another");
    }
}
