//! Asking the worker for vectors. Invariants: a text that kills it is found and left out, and the others get their vectors; a
//! question is asked once, and waits for no longer than it may, whatever else goes on. Must not know how a worker is started.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::gate::Wait;
use super::link::Outcome;
use super::opening::why;
use super::wire::{self, MOST_TEXTS};
use super::{Inner, State, lock};
use crate::embed::device::Device;
use crate::embed::{EmbedError, Purpose};

/// How long a question waits for its vector before words alone answer; how long where the one before waited in vain, or
/// while a text is looked for that kills the worker.
const QUESTION: Duration = Duration::from_secs(10);
const QUESTION_IN_VAIN: Duration = Duration::from_secs(1);
/// Texts in a row that may be refused: more, and it is the model.
const IN_A_ROW: u64 = 64;

impl Inner {
    pub(super) fn embed_question(self: &Arc<Self>, text: &str, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        let began = Instant::now();
        let is_in_vain = || self.counts.is_in_vain() || self.gate.is_for_one();
        let goes_on = || began.elapsed() < QUESTION_IN_VAIN || !is_in_vain();
        let wait = Wait { until: Some(began + QUESTION), goes_on: &goes_on };
        let res = self.embed_all(Purpose::Question, &[text], &wait, out);
        if res.is_err() && began.elapsed() >= QUESTION {
            self.counts.waited_in_vain();
        }
        res
    }

    pub(super) fn embed_all(
        self: &Arc<Self>,
        purpose: Purpose,
        texts: &[&str],
        wait: &Wait<'_>,
        out: &mut Vec<f32>,
    ) -> Result<(), EmbedError> {
        let mut vectors: Vec<Option<Vec<f32>>> = vec![None; texts.len()];
        let all: Vec<usize> = (0..texts.len()).collect();
        // What is still to be asked for, and whether it is suspected.
        let mut pieces: Vec<(Vec<usize>, bool)> = all.chunks(MOST_TEXTS).rev().map(|it| (it.to_vec(), false)).collect();
        while let Some((piece, suspected)) = pieces.pop() {
            let (outcome, device) = self.ask(purpose, texts, (&piece, suspected), wait, &mut vectors)?;
            if outcome == Outcome::Late {
                return Err(EmbedError("the model did not answer in time".into()));
            }
            let left: Vec<usize> = piece.into_iter().filter(|&it| vectors[it].is_none()).collect();
            match left.as_slice() {
                [] => {}
                // Words answer meanwhile, and nobody knows whether it is to blame.
                _ if purpose == Purpose::Question => {
                    let why = why(&outcome);
                    return Err(EmbedError(format!("the model's process was lost while it was asked: {why}")));
                }
                // It was alone with the worker, and nobody else is to blame. A device may be: then the next one is asked.
                [one] if suspected && (device == Device::Cpu || !matches!(outcome, Outcome::Died(_))) => {
                    self.leave_out(texts[*one], &format!("the model's process is lost over it: {}", why(&outcome)))?;
                    vectors[*one] = Some(Vec::new());
                }
                several => {
                    let (first, second) = several.split_at(several.len() / 2);
                    pieces
                        .extend([second, first].into_iter().filter(|it| !it.is_empty()).map(|it| (it.to_vec(), true)));
                }
            }
        }
        let dimensions = self.dimensions.load(Ordering::Acquire);
        out.clear();
        out.resize(texts.len() * dimensions, 0.0);
        for (row, vector) in out.chunks_exact_mut(dimensions.max(1)).zip(vectors) {
            if let Some(vector) = vector.filter(|it| it.len() == dimensions) {
                row.copy_from_slice(&vector);
            }
        }
        Ok(())
    }

    /// Asks for the vectors of some texts, which may be suspected; on which device the outcome came about.
    fn ask(
        self: &Arc<Self>,
        purpose: Purpose,
        texts: &[&str],
        (piece, suspected): (&[usize], bool),
        wait: &Wait<'_>,
        vectors: &mut [Option<Vec<f32>>],
    ) -> Result<(Outcome, Device), EmbedError> {
        let late = (Outcome::Late, Device::Cpu);
        let Some(_entered) = self.gate.enter(suspected, wait) else { return Ok(late) };
        let mut link = self.link(wait)?;
        // What others do not wait for any more may kill it, too.
        while suspected && !link.is_free(wait) {
            if wait.is_over() {
                return Ok(late);
            }
            link = self.link(wait)?;
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let chosen: Vec<&str> = piece.iter().map(|&it| texts[it]).collect();
        let body = wire::put_request(purpose, number, &chosen);
        let mut refused = Vec::new();
        let dimensions = link.ready.dimensions;
        let mut take = |place: u32, word: Result<Vec<f32>, String>| {
            let Some(&at) = piece.get(place as usize) else { return };
            match word {
                // What foreign code gives is believed no further than it can be checked.
                Ok(vector)
                    if vector.is_empty() || vector.len() == dimensions && vector.iter().all(|it| it.is_finite()) =>
                {
                    vectors[at] = Some(vector);
                }
                Ok(_) => refused.push((at, "the worker gives what is no vector".to_owned())),
                Err(why) => refused.push((at, why)),
            }
        };
        let _busy = (purpose == Purpose::Passage).then(|| self.counts.begin());
        let outcome = link.ask(number, (body, piece.len()), wait, &mut take);
        self.counts
            .went_well(piece.iter().filter(|&&it| vectors[it].as_ref().is_some_and(|it| !it.is_empty())).count());
        for (at, why) in refused {
            self.leave_out(texts[at], &why)?;
            vectors[at] = Some(Vec::new());
        }
        if purpose == Purpose::Passage {
            let answered = piece.iter().filter(|&&it| vectors[it].is_some()).count() as u64;
            self.counts.passages.fetch_add(answered, Ordering::Relaxed);
            self.look_for_another();
        }
        if matches!(outcome, Outcome::Died(_) | Outcome::Memory(_)) {
            self.lose(&link, &outcome, suspected)?;
        }
        Ok((outcome, link.ready.device))
    }

    /// A text stays without a vector; where that befalls too many, the model is to blame.
    fn leave_out(&self, text: &str, why: &str) -> Result<(), EmbedError> {
        let refused = self.counts.refused.fetch_add(1, Ordering::Relaxed) + 1;
        let in_a_row = self.counts.refused_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        if refused > self.counts.allowed() || in_a_row > IN_A_ROW {
            let why = format!("{refused} texts got no vector ({why}): the model is not used any more; choose another");
            *lock(&self.state) = State::Failed(why.clone());
            self.changed.notify_all();
            return Err(EmbedError(why));
        }
        let begin: String = text.chars().filter(|it| !it.is_control()).take(60).collect();
        self.notice_text(format!("a text has no vector and is found by its words alone: {why} ({begin} ...)"));
        Ok(())
    }
}
