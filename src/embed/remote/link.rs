//! A running embedding worker: its process, its pipes and who waits for which answer. Invariants: dropping a link ends the
//! process; nobody who asks ever blocks on a pipe; when the process is gone, all who wait know. Must not know what the
//! texts are for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::wire::{self, Ready, Said, Setup};
use crate::base::os::memory::resident_of;
use crate::base::threads::{self, Intent};
use crate::base::version;
use crate::embed::device::Device;

/// What a runtime or a driver needs of our environment; nothing else is handed on.
const ENVIRONMENT: [&str; 14] = [
    "HOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PATH",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "CUDA_PATH",
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "ROCM_PATH",
    "INTEL_OPENVINO_DIR",
];

/// How often who waits looks at the process.
const LOOK: Duration = Duration::from_millis(50);

/// How a worker is started and watched.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Our own executable; none: `/proc/self/exe`.
    pub executable: Option<PathBuf>,
    /// A worker that says nothing for so long while it has something to do is killed.
    pub patience: Duration,
    /// The same while it opens the model.
    pub patience_at_start: Duration,
    /// A worker that holds more bytes is killed.
    pub resident: u64,
}

/// Why a worker did not come to work.
#[derive(Debug)]
pub enum StartError {
    /// It said why it cannot.
    Said(String),
    /// It died or hung, while it tried this device.
    Died(Option<Device>),
    System(std::io::Error),
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The process is gone; the reason is for people.
    Died(&'static str),
    /// It was killed for its memory.
    Memory,
    /// Whoever asked has waited long enough.
    Late,
}

/// One running process.
pub struct Link {
    out: Sender<Vec<u8>>,
    shared: Arc<Shared>,
    process: Mutex<Child>,
    pid: u32,
    pub ready: Ready,
}

struct Shared {
    /// Who waits for the answer to which request; none once the process is gone.
    waiting: Mutex<Option<HashMap<u64, Sender<Said>>>>,
    began: Instant,
    /// Milliseconds after that, when it last said something or was last asked for something.
    heard: AtomicU64,
    /// Tokens at once, as it last told; 0: never.
    bound: AtomicU64,
    /// It was killed for its memory.
    grew: AtomicBool,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Option<HashMap<u64, Sender<Said>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self) {
        self.heard.store(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    fn silence(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.heard.load(Ordering::Relaxed)))
    }
}

impl Link {
    /// Starts a worker and waits until it has the model.
    ///
    /// # Errors
    /// It does not come to work.
    pub fn open(launch: &Launch, setup: &Setup) -> Result<Self, StartError> {
        let (out, outgoing) = unbounded::<Vec<u8>>();
        let (begun, started) = bounded(1);
        let (tell, told) = unbounded();
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Some(HashMap::new())),
            began: Instant::now(),
            heard: AtomicU64::new(0),
            bound: AtomicU64::new(0),
            grew: AtomicBool::new(false),
        });
        let (of, launched, library) = (shared.clone(), launch.clone(), setup.library.clone());
        // The signal that ends a child with its parent follows the thread that started it: so the thread that reads from
        // the child, and lives as long as it, starts it.
        threads::spawn("embed-read", Intent::Latency, move || {
            let mut child = match spawn(&launched, &library) {
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
            // Whoever waits is told by this.
            drop(of.waiting().take());
        })
        .map_err(StartError::System)?;
        let child = started.recv().map_err(|_| StartError::Died(None))?.map_err(StartError::System)?;
        let pid = child.id();
        let mut it = Self { out, shared, process: Mutex::new(child), pid, ready: nothing_yet() };
        let _ = it.out.send(serde_json::to_vec(setup).unwrap_or_default());
        it.ready = it.wait_until_ready(launch, &told)?;
        Ok(it)
    }

    fn wait_until_ready(&self, launch: &Launch, told: &Receiver<Said>) -> Result<Ready, StartError> {
        let mut trying = None;
        loop {
            match told.recv_timeout(LOOK) {
                Ok(Said::Trying(device)) => trying = Some(device),
                Ok(Said::Ready(ready)) => return Ok(ready),
                Ok(Said::Failed(why)) => return Err(StartError::Said(why)),
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(StartError::Died(trying)),
                Err(RecvTimeoutError::Timeout) => {
                    let too_large = self.resident() > launch.resident;
                    if too_large || self.shared.silence() > launch.patience_at_start {
                        return Err(StartError::Died(trying));
                    }
                }
            }
        }
    }

    /// Sends a request; each of its texts is told to `take` once, unless the outcome is another than done.
    pub fn ask(
        &self,
        launch: &Launch,
        number: u64,
        (body, count): (Vec<u8>, usize),
        until: Option<Instant>,
        take: &mut dyn FnMut(u32, Result<Vec<f32>, String>),
    ) -> Outcome {
        let (sender, answers) = unbounded();
        match self.shared.waiting().as_mut() {
            Some(waiting) => drop(waiting.insert(number, sender)),
            None => return self.died(),
        }
        self.shared.hear();
        let _ = self.out.send(body);
        let res = self.collect(launch, &answers, count, until, take);
        if let Some(waiting) = self.shared.waiting().as_mut() {
            waiting.remove(&number);
        }
        res
    }

    fn collect(
        &self,
        launch: &Launch,
        answers: &Receiver<Said>,
        mut left: usize,
        until: Option<Instant>,
        take: &mut dyn FnMut(u32, Result<Vec<f32>, String>),
    ) -> Outcome {
        while left > 0 {
            match answers.recv_timeout(LOOK) {
                Ok(Said::Vectors(_, rows)) => {
                    left = left.saturating_sub(rows.len());
                    rows.into_iter().for_each(|(place, vector)| take(place, Ok(vector)));
                }
                Ok(Said::Refused(_, place, why)) => {
                    left -= 1;
                    take(place, Err(why));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.died(),
                Err(RecvTimeoutError::Timeout) => {
                    if until.is_some_and(|it| Instant::now() >= it) {
                        return Outcome::Late;
                    }
                    if self.resident() > launch.resident {
                        self.shared.grew.store(true, Ordering::Release);
                        self.end();
                        return Outcome::Memory;
                    }
                    if self.shared.silence() > launch.patience {
                        self.end();
                        return Outcome::Died("it did not end in time");
                    }
                }
            }
        }
        Outcome::Done
    }

    fn died(&self) -> Outcome {
        if self.shared.grew.load(Ordering::Acquire) { Outcome::Memory } else { Outcome::Died("its process died") }
    }

    pub fn is_alive(&self) -> bool {
        self.shared.waiting().is_some()
    }

    /// Tokens at once since memory has run out.
    pub fn bound(&self) -> Option<usize> {
        usize::try_from(self.shared.bound.load(Ordering::Relaxed)).ok().filter(|&it| it > 0)
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    fn resident(&self) -> u64 {
        resident_of(self.pid).unwrap_or(0)
    }

    /// Kills the process, which may have ended by itself; either way it is waited for, so that no zombie stays.
    fn end(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end();
    }
}

fn nothing_yet() -> Ready {
    Ready { device: Device::Cpu, dimensions: 0, refused: Vec::new() }
}

/// Hands on what the worker says until it is gone or talks nonsense.
fn listen(from: &mut impl std::io::Read, shared: &Shared, tell: &Sender<Said>) {
    while let Ok(Some(frame)) = wire::read_frame(from) {
        let Some(said) = wire::take(&frame) else { return };
        shared.hear();
        match &said {
            Said::Vectors(number, _) | Said::Refused(number, ..) => {
                if let Some(waiting) = shared.waiting().as_ref().and_then(|it| it.get(number)) {
                    let _ = waiting.send(said);
                }
            }
            Said::Bound(tokens) => shared.bound.store(*tokens as u64, Ordering::Relaxed),
            Said::Trying(_) | Said::Ready(_) | Said::Failed(_) => drop(tell.send(said)),
        }
    }
}

fn spawn(launch: &Launch, library: &Path) -> std::io::Result<Child> {
    let program = launch.executable.clone().unwrap_or_else(|| "/proc/self/exe".into());
    let mut command = Command::new(program);
    command.args(["worker", "--embed", "--parent", &std::process::id().to_string()]);
    command.env_clear().envs(version::environment()).current_dir("/");
    command.envs(ENVIRONMENT.iter().filter_map(|it| Some((*it, std::env::var_os(it)?))));
    // Python packages of a GPU vendor lie beside the runtime's, where no loader looks by itself.
    let beside = crate::embed::onnx::library::companions(library);
    if !beside.is_empty() {
        let own = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let all = std::env::split_paths(&own).filter(|it| !it.as_os_str().is_empty()).chain(beside);
        if let Ok(joined) = std::env::join_paths(all) {
            command.env("LD_LIBRARY_PATH", joined);
        }
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}
