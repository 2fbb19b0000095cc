//! A running embedding worker: its process, its pipes and who waits for which answer. Invariants: dropping a link ends the
//! process; nobody who asks ever blocks on a pipe; a process that has something to do and is silent for too long, or too
//! large, is ended, whoever still waits for it; when it is gone, all who wait know. Must not know what the texts are for.

use std::collections::HashMap;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::gate::Wait;
use super::launch::Launch;
use super::lock;
use super::wire::{self, Ready, Said, Setup};
use crate::base::os::memory::resident_of;
use crate::base::threads::{self, Intent};
use crate::embed::device::Device;

/// How often a process that has something to do is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Why a worker did not come to work.
#[derive(Debug)]
pub enum StartError {
    /// It said why it cannot.
    Said(String),
    /// It died, hung or grew, while it tried this device.
    Died(Option<Device>),
    /// Nobody wants it any more.
    Stopped,
    System(std::io::Error),
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The process is gone; the reason is for people.
    Died(String),
    /// It was ended because it held more than so many bytes.
    Memory(u64),
    /// Whoever asked has waited long enough.
    Late,
}

/// One running process.
pub struct Link {
    out: Sender<Vec<u8>>,
    shared: Arc<Shared>,
    pid: u32,
    pub ready: Ready,
}

/// A request that is not answered yet, though nobody may wait for it any more.
struct Asked {
    /// Texts without an answer.
    left: usize,
    answers: Sender<Said>,
}

struct Shared {
    /// What the process has to do, by the requests' numbers; none once it is gone.
    asked: Mutex<Option<HashMap<u64, Asked>>>,
    changed: Condvar,
    process: OnceLock<Mutex<Child>>,
    began: Instant,
    /// Milliseconds after that, when it last said something, or got something to do after it had nothing.
    heard: AtomicU64,
    /// Tokens at once, as it last told; 0: never.
    bound: AtomicU64,
    /// Why it ended, where that is known.
    why: OnceLock<Outcome>,
}

impl Shared {
    fn asked(&self) -> MutexGuard<'_, Option<HashMap<u64, Asked>>> {
        lock(&self.asked)
    }

    fn hear(&self) {
        self.heard.store(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    fn silence(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.heard.load(Ordering::Relaxed)))
    }

    /// Kills the process, which may have ended by itself; either way it is waited for, so that no zombie stays.
    fn end(&self) {
        let Some(process) = self.process.get() else { return };
        let mut process = lock(process);
        let _ = process.kill();
        let _ = process.wait();
    }

    /// The process is gone: whoever waits is told by this.
    fn close(&self) {
        drop(self.asked().take());
        self.changed.notify_all();
    }

    /// Some texts of a request are answered.
    fn answer(&self, number: u64, count: usize, said: Said) {
        let mut asked = self.asked();
        let Some(all) = asked.as_mut() else { return };
        let Some(it) = all.get_mut(&number) else { return };
        let _ = it.answers.send(said);
        it.left = it.left.saturating_sub(count);
        if it.left == 0 {
            all.remove(&number);
            self.changed.notify_all();
        }
    }
}

impl Link {
    /// Starts a worker and waits until it has the model, as long as somebody wants it.
    ///
    /// # Errors
    /// It does not come to work.
    pub fn open(launch: &Launch, setup: &Setup, is_wanted: &dyn Fn() -> bool) -> Result<Self, StartError> {
        let (out, outgoing) = unbounded::<Vec<u8>>();
        let (begun, started) = bounded(1);
        let (tell, told) = unbounded();
        let shared = Arc::new(Shared {
            asked: Mutex::new(Some(HashMap::new())),
            changed: Condvar::new(),
            process: OnceLock::new(),
            began: Instant::now(),
            heard: AtomicU64::new(0),
            bound: AtomicU64::new(0),
            why: OnceLock::new(),
        });
        let (of, launched, library) = (shared.clone(), launch.clone(), setup.library.clone());
        // The signal that ends a child with its parent follows the thread that started it: so the thread that reads from
        // the child, and lives as long as it, starts it.
        threads::spawn("embed-read", Intent::Latency, move || {
            let mut child = match launched.spawn(&library) {
                Ok(child) => child,
                Err(error) => return drop(begun.send(Err(error))),
            };
            let (Some(mut to), Some(mut from)) = (child.stdin.take(), child.stdout.take()) else { return };
            let writing = threads::spawn("embed-write", Intent::Latency, move || {
                outgoing.iter().all(|it| wire::write_frame(&mut to, &it).is_ok());
            });
            if begun.send(writing.map(|_| child)).is_err() {
                return;
            }
            listen(&mut from, &of, &tell);
            // Gone, or not to be talked to: nobody may ask for a long time, and it must not stay until then.
            of.end();
            of.close();
        })
        .map_err(StartError::System)?;
        let child = started.recv().map_err(|_| StartError::Died(None))?.map_err(StartError::System)?;
        let pid = child.id();
        let _ = shared.process.set(Mutex::new(child));
        let mut it = Self { out, shared, pid, ready: nothing_yet() };
        let _ = it.out.send(serde_json::to_vec(setup).unwrap_or_default());
        it.ready = it.wait_until_ready(launch, &told, is_wanted)?;
        let (of, patience, most) = (it.shared.clone(), launch.patience, launch.most_resident(it.ready.device));
        threads::spawn("embed-watch", Intent::Latency, move || watch(&of, pid, patience, most))
            .map_err(StartError::System)?;
        Ok(it)
    }

    fn wait_until_ready(
        &self,
        launch: &Launch,
        told: &Receiver<Said>,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Ready, StartError> {
        let mut trying = None;
        loop {
            match told.recv_timeout(LOOK) {
                Ok(Said::Trying(device)) => trying = Some(device),
                Ok(Said::Ready(ready)) => return Ok(ready),
                Ok(Said::Failed(why)) => return Err(StartError::Said(why)),
                Err(RecvTimeoutError::Disconnected) => return Err(StartError::Died(trying)),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
            if !is_wanted() {
                return Err(StartError::Stopped);
            }
            let too_large = resident(self.pid) > launch.most_resident(trying.unwrap_or(Device::Cpu));
            if too_large || self.shared.silence() > launch.patience_at_start {
                return Err(StartError::Died(trying));
            }
        }
    }

    /// Sends a request; each of its texts is told to `take` once, unless the outcome is another than done.
    pub fn ask(
        &self,
        number: u64,
        (body, count): (Vec<u8>, usize),
        wait: &Wait<'_>,
        take: &mut dyn FnMut(u32, Result<Vec<f32>, String>),
    ) -> Outcome {
        let (answers, given) = unbounded();
        match self.shared.asked().as_mut() {
            Some(asked) => {
                // However often it is asked for more meanwhile: silence counts from when it got something to do.
                if asked.is_empty() {
                    self.shared.hear();
                }
                asked.insert(number, Asked { left: count, answers });
            }
            None => return self.why(),
        }
        self.shared.changed.notify_all();
        let _ = self.out.send(body);
        self.collect(&given, count, wait, take)
    }

    fn collect(
        &self,
        given: &Receiver<Said>,
        mut left: usize,
        wait: &Wait<'_>,
        take: &mut dyn FnMut(u32, Result<Vec<f32>, String>),
    ) -> Outcome {
        while left > 0 {
            match given.recv_timeout(wait.look()) {
                Ok(Said::Vectors(_, rows)) => {
                    left = left.saturating_sub(rows.len());
                    rows.into_iter().for_each(|(place, vector)| take(place, Ok(vector)));
                }
                Ok(Said::Refused(_, place, why)) => {
                    left -= 1;
                    take(place, Err(why));
                }
                Err(RecvTimeoutError::Disconnected) => return self.why(),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
            if left > 0 && wait.is_over() {
                return Outcome::Late;
            }
        }
        Outcome::Done
    }

    /// Waits until it has nothing to do, also of what nobody waits for any more. False: it is gone, or still at it.
    pub fn is_free(&self, wait: &Wait<'_>) -> bool {
        let mut asked = self.shared.asked();
        loop {
            match &*asked {
                Some(it) if it.is_empty() => return true,
                Some(_) if !wait.is_over() => asked = wait.on(&self.shared.changed, asked),
                _ => return false,
            }
        }
    }

    /// Why it is gone.
    pub fn why(&self) -> Outcome {
        self.shared.why.get().cloned().unwrap_or_else(|| Outcome::Died("its process died".to_owned()))
    }

    pub fn is_alive(&self) -> bool {
        self.shared.asked().is_some()
    }

    /// Tokens at once since memory has run out.
    pub fn bound(&self) -> Option<usize> {
        usize::try_from(self.shared.bound.load(Ordering::Relaxed)).ok().filter(|&it| it > 0)
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.end();
    }
}

/// Where the system does not tell, nothing is bounded.
fn resident(pid: u32) -> u64 {
    resident_of(pid).unwrap_or(0)
}

fn nothing_yet() -> Ready {
    Ready { device: Device::Cpu, dimensions: 0, refused: Vec::new() }
}

/// Ends a process that is silent for too long, or too large, while it has something to do; returns when it is gone.
fn watch(shared: &Shared, pid: u32, patience: Duration, most_resident: u64) {
    loop {
        let asked = shared.asked();
        let idle = |it: &mut Option<HashMap<u64, Asked>>| it.as_ref().is_some_and(HashMap::is_empty);
        let asked = shared.changed.wait_while(asked, idle).unwrap_or_else(PoisonError::into_inner);
        // Whoever asks meanwhile does not make it look more often.
        let there = |it: &mut Option<HashMap<u64, Asked>>| it.is_some();
        let waited = shared.changed.wait_timeout_while(asked, LOOK, there);
        let (asked, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let Some(all) = &*asked else { return };
        // What comes to it only now ends the silence before this is looked at.
        let hangs = !all.is_empty() && shared.silence() > patience;
        drop(asked);
        let why = if hangs {
            Outcome::Died("it did not end in time".to_owned())
        } else if resident(pid) > most_resident {
            Outcome::Memory(most_resident)
        } else {
            continue;
        };
        let _ = shared.why.set(why);
        return shared.end();
    }
}

/// Hands on what the worker says until it is gone or talks nonsense.
fn listen(from: &mut impl std::io::Read, shared: &Shared, tell: &Sender<Said>) {
    while let Ok(Some(frame)) = wire::read_frame(from) {
        let Some(said) = wire::take(&frame) else { return };
        shared.hear();
        match &said {
            Said::Vectors(number, rows) => shared.answer(*number, rows.len(), said),
            Said::Refused(number, ..) => shared.answer(*number, 1, said),
            Said::Bound(tokens) => shared.bound.store(*tokens as u64, Ordering::Relaxed),
            Said::Failed(why) => {
                let _ = shared.why.set(Outcome::Died(format!("it says: {why}")));
                drop(tell.send(said));
            }
            Said::Trying(_) | Said::Ready(_) => drop(tell.send(said)),
        }
    }
}
