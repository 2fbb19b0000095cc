//! The embedding worker itself: texts in, vectors out. Invariants: it limits itself before it reads a byte, writes no file
//! on the CPU, and ends when its input ends; a question goes before every batch of passages that has not begun. Must not
//! know paths of a workspace, nor an index.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};

use super::wire::{self, Ready, Request, Said, Setup};
use crate::base::os::process::{ProcessLimits, die_with_parent, limit_this_process, take_stdout};
use crate::base::threads::{self, Intent};
use crate::embed::batches::{self, Batcher, Bounds, Broken, Encoded, Engine};
use crate::embed::device::{self, Device, Wanted};
use crate::embed::folder::Feeding;
use crate::embed::onnx::{Making, OnnxEngine};
use crate::embed::tokens::{Tokens, guarded};
use crate::embed::{EmbedError, MODEL, Purpose, TOKENIZER, model_file};

/// What every model is tried on before it counts as running.
const PROBE: &str = "fn main() { println!(\"hello\"); }";
/// A vector of fewer numbers is a score, or some classes.
const LEAST_DIMENSIONS: usize = 8;
/// Times as many tokens at once on a GPU as on a CPU.
const GPU: usize = 32;
/// A runtime and a driver open several files each.
const OPEN_FILES: u64 = 512;

/// Tokenised texts of one request.
struct Group {
    number: u64,
    waiting: Vec<Encoded>,
    refused: Vec<(u32, String)>,
    fault: Option<Fault>,
}

impl Group {
    fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.refused.is_empty()
    }
}

/// Runs until the input ends. `false`: it could not work, and has said why where it could.
pub fn main(parent: u32) -> bool {
    if !die_with_parent(parent) {
        return false;
    }
    // The thread that starts it is a background one: so it is nice already.
    limit_this_process(&ProcessLimits { open_files: Some(OPEN_FILES), core: Some(0), ..ProcessLimits::default() });
    // What a C library prints must not come between the frames.
    let Ok(mut output) = take_stdout() else { return false };
    let Ok(Some(setup)) = wire::read_frame(&mut std::io::stdin().lock()) else { return false };
    let Ok(setup) = serde_json::from_slice::<Setup>(&setup) else { return false };
    if setup.build != wire::build() {
        say(&mut output, &Said::Failed("the worker is another build".into()));
        return false;
    }
    match Model::open(&setup, &mut output) {
        Ok(model) => serve(model, &setup, output),
        Err(EmbedError(why)) => {
            say(&mut output, &Said::Failed(why));
            false
        }
    }
}

/// False where nobody listens any more.
fn say(output: &mut impl Write, said: &Said) -> bool {
    wire::write_frame(output, &wire::put(said)).is_ok()
}

/// A model that runs.
struct Model {
    tokens: Tokens,
    batcher: Batcher<OnnxEngine>,
    ready: Ready,
}

impl Model {
    /// Opens it on the best device that there is, and has it run once.
    fn open(setup: &Setup, output: &mut impl Write) -> Result<Self, EmbedError> {
        let (bytes, tokens, feeding);
        let (model, named): (&[u8], _) = match &setup.model {
            Some(folder) => {
                let (read, tokenizer) = folder.read()?;
                feeding = folder.feeding.clone();
                tokens = Tokens::of_user(&tokenizer, &feeding).map_err(|it| it.of(&folder.tokenizer))?;
                bytes = read;
                (&bytes, folder.model.as_path())
            }
            None => {
                feeding = Feeding::default();
                tokens = Tokens::Own(crate::embed::tokenizer::Tokenizer::from_json(TOKENIZER)?);
                (MODEL, Path::new("the default model"))
            }
        };
        // Refuses models that keep data in other files: no runtime before 1.25 does so itself.
        model_file::initialisers(model).map_err(|it| it.of(named))?;
        let probe = tokens.encode(Purpose::Passage, PROBE).map_err(|why| {
            let remedy = "get the model again or choose another";
            let error = EmbedError(format!("the tokenizer cannot be used ({why}): {remedy}"));
            setup.model.as_ref().map_or(error.clone(), |it| error.of(&it.tokenizer))
        })?;
        // No batch holds texts of two requests.
        let (rows, at_once) = (setup.rows.clamp(1, wire::MOST_TEXTS), setup.tokens.max(1));
        let time = std::time::Duration::from_millis(setup.time);
        // A GPU has memory and speed for far more; where not, that shows.
        let bounds = |device: Device| match device.is_gpu() {
            true => Bounds { rows, most_rows: wire::MOST_TEXTS, tokens: at_once * GPU, time },
            false => Bounds { rows, most_rows: rows, tokens: at_once, time },
        };
        let wanted: &Wanted = &setup.wanted;
        let chosen = device::choose(wanted, |device| {
            say(output, &Said::Trying(device));
            let engine = OnnxEngine::new(Making {
                library: &setup.library,
                named,
                model,
                device,
                threads: setup.threads,
                feeding: feeding.clone(),
                padding: tokens.padding(),
            })?;
            tried(engine, bounds(device), probe.clone()).map_err(|it| it.of(named))
        })?;
        if chosen.device == Device::Cpu {
            // Drivers of other devices write their caches.
            limit_this_process(&ProcessLimits { file_size: Some(0), ..ProcessLimits::default() });
        }
        let (batcher, dimensions) = chosen.engine;
        Ok(Self { tokens, batcher, ready: Ready { device: chosen.device, dimensions, refused: chosen.refused } })
    }
}

/// The engine after its first runs, and the length of its vectors.
fn tried<E: Engine>(engine: E, bounds: Bounds, probe: Encoded) -> Result<(Batcher<E>, usize), EmbedError> {
    let opened = Batcher::open(engine, bounds, probe);
    let (batcher, vector) =
        opened.map_err(|why| EmbedError(format!("the model cannot be run: {why}; choose another model")))?;
    let (least, most) = (LEAST_DIMENSIONS, wire::MOST_DIMENSIONS);
    if !(least..=most).contains(&vector.len()) {
        let length = vector.len();
        return Err(EmbedError(format!(
            "the model's vectors have {length} numbers, not {least} to {most}: choose a sentence-embedding model"
        )));
    }
    Ok((batcher, vector.len()))
}

/// Answers until nobody asks any more.
fn serve(model: Model, setup: &Setup, mut output: std::fs::File) -> bool {
    let Model { tokens, batcher, ready } = model;
    let dimensions = ready.dimensions;
    let unit = if ready.device.is_gpu() { GPU } else { 1 };
    if !say(&mut output, &Said::Ready(ready)) {
        return false;
    }
    let (ask, questions) = unbounded::<Request>();
    let (bring, requests) = unbounded::<Request>();
    // Texts are cut into tokens while others are run.
    let (hand_over, groups) = bounded::<Group>(2);
    let tokens = Arc::new(tokens);
    let (cutting, faults) = (tokens.clone(), setup.faults);
    let cut = move || requests.iter().all(|it| hand_over.send(group(&cutting, it, faults)).is_ok());
    let reading = threads::spawn("embed-in", Intent::Latency, move || read(&ask, &bring));
    let cutting = threads::spawn("embed-tokens", Intent::Latency, cut);
    if reading.is_err() || cutting.is_err() {
        return false;
    }
    let mut it = Serving { tokens, faults, unit, tokens_at_once: batcher.bounds().tokens, batcher, dimensions, output };
    while it.turn(&questions, &groups).is_some() {}
    true
}

/// Sorts requests into their queues until the input ends.
fn read(ask: &Sender<Request>, bring: &Sender<Request>) {
    let mut input = std::io::stdin().lock();
    while let Ok(Some(frame)) = wire::read_frame(&mut input) {
        let Some(request) = wire::take_request(&frame) else { return };
        let queue = if request.purpose == Purpose::Question { ask } else { bring };
        if queue.send(request).is_err() {
            return;
        }
    }
}

/// The tokens of a request's texts.
fn group(tokens: &Tokens, request: Request, faults: bool) -> Group {
    let mut out = Group { number: request.number, waiting: Vec::new(), refused: Vec::new(), fault: None };
    for (place, text) in (0u32..).zip(&request.texts) {
        if faults {
            out.fault = out.fault.or(Fault::of(text));
        }
        let made = guarded(|| {
            assert!(!faults || !text.contains("portolan-embed-fault:panic"), "asked for");
            tokens.encode(request.purpose, text)
        });
        match made {
            Ok(encoded) => out.waiting.push(Encoded { place, ..encoded }),
            Err(why) => out.refused.push((place, why)),
        }
    }
    batches::sort(&mut out.waiting);
    out
}

/// The tests' stand-in for a runtime that misbehaves.
#[derive(Clone, Copy)]
enum Fault {
    Abort,
    Hang,
    Allocate,
    /// It takes a second for each batch.
    Slow,
}

impl Fault {
    fn of(text: &str) -> Option<Self> {
        let marks = [("abort", Self::Abort), ("hang", Self::Hang), ("allocate", Self::Allocate), ("slow", Self::Slow)];
        marks.into_iter().find(|it| text.contains(&format!("portolan-embed-fault:{}", it.0))).map(|it| it.1)
    }

    fn obey(self) {
        let mut kept = Vec::new();
        loop {
            match self {
                Self::Abort => std::process::abort(),
                Self::Slow => return std::thread::sleep(std::time::Duration::from_secs(1)),
                Self::Hang => std::thread::sleep(std::time::Duration::from_secs(1)),
                Self::Allocate => {
                    kept.push(vec![1u8; 1 << 20]);
                    std::hint::black_box(&kept);
                }
            }
        }
    }
}

/// Everything that answers take.
struct Serving<E> {
    tokens: Arc<Tokens>,
    faults: bool,
    batcher: Batcher<E>,
    dimensions: usize,
    /// As it was last told.
    tokens_at_once: usize,
    /// What the setup's bound is multiplied by on this device.
    unit: usize,
    output: std::fs::File,
}

impl<E: Engine> Serving<E> {
    /// One group of passages, questions before each of its batches; `None` at the end.
    fn turn(&mut self, questions: &Receiver<Request>, groups: &Receiver<Group>) -> Option<()> {
        let mut group = select! {
            recv(questions) -> it => return self.question(it.ok()?),
            recv(groups) -> it => it.ok()?,
        };
        while !group.is_done() {
            while let Ok(question) = questions.try_recv() {
                self.question(question)?;
            }
            self.step(&mut group)?;
        }
        Some(())
    }

    fn question(&mut self, request: Request) -> Option<()> {
        let mut group = group(&self.tokens, request, self.faults);
        while !group.is_done() {
            self.step(&mut group)?;
        }
        Some(())
    }

    /// One batch; `None` where nobody listens any more.
    fn step(&mut self, group: &mut Group) -> Option<()> {
        if let Some(fault) = group.fault {
            fault.obey();
        }
        let number = group.number;
        for (place, why) in group.refused.drain(..) {
            say(&mut self.output, &Said::Refused(number, place, why)).then_some(())?;
        }
        let mut vectors = Vec::new();
        let words = match self.batcher.step(&mut group.waiting) {
            Ok(words) => words,
            // Another process, or another device, has to do what is left.
            Err(Broken(why)) => {
                say(&mut self.output, &Said::Failed(why));
                return None;
            }
        };
        for (place, word) in words {
            match word {
                Ok(vector) if vector.is_empty() || vector.len() == self.dimensions => vectors.push((place, vector)),
                Ok(_) => {
                    let why = "the model gives vectors of several lengths".to_owned();
                    say(&mut self.output, &Said::Refused(number, place, why)).then_some(())?;
                }
                Err(why) => say(&mut self.output, &Said::Refused(number, place, why)).then_some(())?,
            }
        }
        let tokens = self.batcher.bounds().tokens;
        if tokens != self.tokens_at_once {
            self.tokens_at_once = tokens;
            say(&mut self.output, &Said::Bound((tokens / self.unit).max(1))).then_some(())?;
        }
        (vectors.is_empty() || say(&mut self.output, &Said::Vectors(number, vectors))).then_some(())
    }
}
