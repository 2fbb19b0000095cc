//! Starting the worker, and losing it. Invariants: one thread starts it, and whoever needs it waits no longer than he wants to;
//! every loss counts once, whoever notices it. Must not know texts.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::gate::Wait;
use super::link::{Link, Outcome, StartError};
use super::wire::Setup;
use super::{Inner, State, lock};
use crate::base::threads::{self, Intent};
use crate::embed::EmbedError;
use crate::embed::device::Device;

/// Starts in a row that may fail.
const STARTS: u32 = 3;
/// Times that a process may die on a device other than the CPU before the CPU takes over.
const DEATHS_ON_A_DEVICE: u64 = 2;

impl Inner {
    /// The running worker; it is started where there is none.
    pub(super) fn link(self: &Arc<Self>, wait: &Wait<'_>) -> Result<Arc<Link>, EmbedError> {
        let mut state = lock(&self.state);
        loop {
            match &*state {
                State::Running(link) if link.is_alive() => return Ok(link.clone()),
                State::Running(link) => {
                    // Nobody waited for it any more when it ended.
                    let link = link.clone();
                    self.count_loss(&mut state, &link, &link.why(), false)?;
                }
                State::Failed(why) => return Err(EmbedError(why.clone())),
                State::Starting if wait.is_over() => {
                    return Err(EmbedError("the model is still being opened".into()));
                }
                State::Starting => state = wait.on(&self.changed, state),
                State::Idle => {
                    let of = Arc::downgrade(self);
                    // It is as nice as who asks, and the process with it.
                    threads::spawn("embed-open", Intent::Latency, move || open(&of))
                        .map_err(|error| EmbedError(self.does_not_start(&StartError::System(error))))?;
                    *state = State::Starting;
                }
            }
        }
    }

    /// What came of a start. False: it is worth another one. A model that was given up meanwhile stays given up.
    fn opened(&self, setup: &Setup, res: Result<Link, StartError>, failed: &mut u32) -> bool {
        let mut now = lock(&self.state);
        if matches!(*now, State::Failed(_)) {
            return true;
        }
        *now = match res {
            Ok(link) => {
                self.dimensions.store(link.ready.dimensions, Ordering::Release);
                self.pid.store(u64::from(link.pid()), Ordering::Release);
                self.tell_ready(setup, &link);
                self.counts.is_answering();
                State::Running(Arc::new(link))
            }
            Err(StartError::Said(why)) => State::Failed(why),
            Err(StartError::Died(Some(device))) if device != Device::Cpu => {
                lock(&self.setup).wanted.without.push(device);
                tracing::warn!("the embedding worker died while it opened the model on {}", device.name());
                return false;
            }
            Err(error) => {
                *failed += 1;
                if *failed < STARTS {
                    return false;
                }
                State::Failed(self.does_not_start(&error))
            }
        };
        drop(now);
        self.changed.notify_all();
        true
    }

    fn does_not_start(&self, error: &StartError) -> String {
        let what = self.folder.as_ref().map_or("the default model".to_owned(), |it| it.model.display().to_string());
        let library = lock(&self.setup).library.display().to_string();
        let why = match error {
            StartError::System(error) => format!("no process can be started: {error}"),
            _ => format!("its process dies or hangs while {library} opens it, or takes too much memory"),
        };
        format!("{what} cannot be run: {why}; try another library (embeddings.library) or another model")
    }

    /// A worker is lost. Errors: it was one too many.
    pub(super) fn lose(&self, link: &Arc<Link>, outcome: &Outcome, suspected: bool) -> Result<(), EmbedError> {
        let mut state = lock(&self.state);
        match &*state {
            State::Running(running) if Arc::ptr_eq(running, link) => {
                self.count_loss(&mut state, link, outcome, suspected)
            }
            _ => Ok(()),
        }
    }

    /// The worker of this state is lost; what it has learnt of its memory is kept.
    fn count_loss(&self, state: &mut State, link: &Link, outcome: &Outcome, suspected: bool) -> Result<(), EmbedError> {
        let mut setup = lock(&self.setup);
        if let Some(tokens) = link.bound() {
            setup.tokens = tokens;
        }
        // Once for each request: while its texts are tried in halves, one of them may be to blame, and not their number.
        if matches!(outcome, Outcome::Memory(_)) && !suspected {
            setup.tokens = (setup.tokens / 2).max(1);
        }
        let device = link.ready.device;
        if device != Device::Cpu
            && matches!(outcome, Outcome::Died(_))
            && self.counts.lost_on_device.fetch_add(1, Ordering::Relaxed) + 1 >= DEATHS_ON_A_DEVICE
        {
            self.counts.lost_on_device.store(0, Ordering::Relaxed);
            setup.wanted.without.push(device);
            let (name, why) = (device.name(), why(outcome));
            self.notice(format!(
                "the model's process was lost on {name} ({why}): it goes on without it; start Portolan again to try {name} \
                 anew"
            ));
        }
        drop(setup);
        *state = State::Idle;
        let lost = self.counts.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if lost > self.counts.allowed() {
            let why =
                format!("the embedding worker was lost {lost} times ({}): no more vectors are made", why(outcome));
            *state = State::Failed(why.clone());
            return Err(EmbedError(why));
        }
        Ok(())
    }
}

/// Starts the worker, as long as anybody has the model.
fn open(of: &Weak<Inner>) {
    let mut failed = 0;
    while let Some((launch, setup)) = of.upgrade().map(|it| (it.launch.clone(), lock(&it.setup).clone())) {
        let res = Link::open(&launch, &setup, &|| of.strong_count() > 0);
        if of.upgrade().is_none_or(|it| it.opened(&setup, res, &mut failed)) {
            return;
        }
    }
}

/// Why a worker is gone, for people.
pub(super) fn why(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Memory(bound) => format!("it held more than {} MiB", bound >> 20),
        Outcome::Died(why) => why.clone(),
        Outcome::Done | Outcome::Late => "it was late".to_owned(),
    }
}
