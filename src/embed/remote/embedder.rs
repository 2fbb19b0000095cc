//! The worker as an embedder among others. Invariant: where the worker cannot work and the model runs elsewhere, too, that
//! takes over, with a notice. Must not know processes.

use std::sync::atomic::Ordering;

use super::gate::Wait;
use super::{Remote, State, lock};
use crate::base::chars::floor;
use crate::base::hash::Key;
use crate::embed::batch::LONGEST_INPUT;
use crate::embed::{EmbedError, Embedder, Purpose};

impl Embedder for Remote {
    fn model_id(&self) -> Key {
        self.0.id
    }

    fn dimensions(&self) -> usize {
        match (&self.0.instead, self.0.dimensions.load(Ordering::Acquire)) {
            (Some(same), 0) => same.dimensions(),
            (_, known) => known,
        }
    }

    fn runs_on(&self) -> String {
        if let Ok(state) = self.0.state.try_lock()
            && let State::Failed(why) = &*state
        {
            let name = self.0.name.as_deref().unwrap_or("default model");
            return match &self.0.instead {
                Some(same) => same.runs_on(),
                None => format!("{name}: not running: {why}"),
            };
        }
        let text = lock(&self.0.runs_on).clone();
        match self.0.counts.speed() {
            Some(speed) => format!("{text}, {speed:.0} passages/s"),
            None => text,
        }
    }

    fn embed(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        self.embed_while(texts, &|| true, out)
    }

    fn embed_while(&self, texts: &[&str], goes_on: &dyn Fn() -> bool, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        let wait = Wait { until: None, goes_on };
        match (self.0.embed_all(Purpose::Passage, texts, &wait, out), &self.0.instead) {
            (Err(error), Some(same)) if goes_on() => {
                self.0.notice(format!("{error}; the built-in evaluator runs the model instead"));
                same.embed(texts, out)
            }
            (res, _) => res,
        }
    }

    fn embed_question(&self, text: &str, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        let text = &text[..floor(text, LONGEST_INPUT)];
        match (self.0.embed_question(text, out), &self.0.instead) {
            (Err(_), Some(same)) => same.embed_question(text, out),
            (res, _) => res,
        }
    }

    fn is_slow(&self) -> bool {
        self.0.folder.is_some()
    }

    fn start_while(&self, goes_on: &dyn Fn() -> bool) -> Result<(), EmbedError> {
        self.0.link(&Wait { until: None, goes_on }).map(drop)
    }

    fn refusals(&self) -> Vec<(String, String)> {
        let Ok(state) = self.0.state.try_lock() else { return Vec::new() };
        let State::Running(link) = &*state else { return Vec::new() };
        link.ready.refused.iter().map(|it| (it.device.name().to_owned(), it.why.clone())).collect()
    }

    fn made(&self) -> Option<u64> {
        Some(self.0.counts.passages.load(Ordering::Relaxed))
    }

    fn notices(&self) -> Vec<String> {
        lock(&self.0.notices).clone()
    }

    fn own_process(&self) -> Option<u32> {
        let pid = self.0.pid.load(Ordering::Acquire);
        self.0.folder.as_ref().and_then(|_| u32::try_from(pid).ok()).filter(|&it| it > 0)
    }
}
