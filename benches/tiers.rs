//! What each tier of the cache is worth: 10,000 requests of a modelled user, recorded once (seed below), replayed with
//! budgets of 25, 100 and 400 MB, and with each tier taken away in turn and its share given to the others. Prints hit
//! rates, bytes by our count and by the allocator's, times by tier and by kind of request, CPU of each replay. All
//! replays of a budget run side by side, some requests of each in turn: a machine whose speed changes is fair to all.
//! `portolan index FOLDER --set cache.directory=CACHE`, then `cargo bench --bench tiers -- CACHE FOLDER [MEGABYTES] [REQUESTS]`
//! (all three budgets where none is named; the first so many requests).
//!
//! The model: a user works in a folder for some forty requests, opens files there (or where a definition led, or one that
//! was open before), then goes elsewhere, sometimes back. Of the requests 15 % are outlines, 30 % definitions, 20 % hovers
//! (a definition and the text of its target), 17 % previews of files among the last answers, 5 % references (to names that
//! at most 300 files use), 8 % searches, the rest opens another file; opening reads ahead what lies around it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unsafe_code,
    reason = "a bench prints its figures, ends on a fault, and counts what the allocator hands out"
)]

use portolan::base::cancel::Cancel;
use portolan::base::ids::FileId;
use portolan::base::settings::Settings;
use portolan::features::answer::line_column;
use portolan::features::definition::definition;
use portolan::features::neighbours::neighbours;
use portolan::features::references::references;
use portolan::features::semantic_search::{Means, Question, semantic_search};
use portolan::index::snapshot::{Reading, Snapshot};
use portolan::store::tiers::{TierOptions, TierStatistics};
use portolan::text::Encoding;
use portolan::workspace::{Options, Workspace};
use std::alloc::{GlobalAlloc, Layout};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

const REQUESTS: usize = 10_000;
/// So many requests of each replay, then it is the next one's turn.
const TURN: usize = 50;
const SEED: u64 = 20_260_101;
/// References are asked to names that at most so many files use.
const USERS: usize = 300;

/// The allocator of the binary, with a count of what it has handed out.
struct Counting(mimalloc::MiMalloc);

static LIVE: AtomicI64 = AtomicI64::new(0);

unsafe extern "C" {
    fn mi_usable_size(block: *const std::ffi::c_void) -> usize;
}

// SAFETY: every call goes to mimalloc unchanged; `mi_usable_size` is asked of blocks that it has handed out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = unsafe { self.0.alloc(layout) };
        LIVE.fetch_add(unsafe { mi_usable_size(block.cast()) } as i64, Ordering::Relaxed);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(unsafe { mi_usable_size(block.cast()) } as i64, Ordering::Relaxed);
        unsafe { self.0.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting(mimalloc::MiMalloc);

/// One request of the trace.
#[derive(Clone)]
enum Request {
    Open(FileId, Vec<FileId>),
    Outline(FileId),
    Definition(FileId, u32),
    Hover(FileId, u32),
    Preview(FileId),
    References(FileId, u32),
    Search(String),
}

const KINDS: [&str; 7] = ["open", "outline", "definition", "hover", "preview", "references", "search"];

impl Request {
    fn kind(&self) -> usize {
        match self {
            Self::Open(..) => 0,
            Self::Outline(_) => 1,
            Self::Definition(..) => 2,
            Self::Hover(..) => 3,
            Self::Preview(_) => 4,
            Self::References(..) => 5,
            Self::Search(_) => 6,
        }
    }
}

/// Repeatable numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn main() {
    let places: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let [cache, folder, numbers @ ..] = places.as_slice() else {
        return println!("cargo bench --bench tiers -- CACHE FOLDER (see the head of benches/tiers.rs)");
    };
    let open = |tiers: TierOptions| open(cache, folder, tiers);
    let big = TierOptions { budget: 2_000 << 20, ..TierOptions::default() };
    let mut trace = record(&open(big));
    let number = |at: usize| numbers.get(at).and_then(|it| it.parse::<usize>().ok());
    trace.truncate(number(1).unwrap_or(REQUESTS));
    let mut counts = [0; KINDS.len()];
    trace.iter().for_each(|it| counts[it.kind()] += 1);
    println!("{} requests: {:?}", trace.len(), KINDS.iter().zip(counts).collect::<Vec<_>>());
    let plain = TierOptions::default();
    for megabytes in [25_u64, 100, 400].into_iter().filter(|&it| number(0).is_none_or(|only| only as u64 == it)) {
        let mut all = vec![("all tiers", plain.clone())];
        for (at, name) in ["no hot", "no warm", "no cold", "no frozen"].into_iter().enumerate() {
            let mut ratios = plain.ratios;
            ratios[at] = 0.0;
            all.push((name, TierOptions { ratios, ..plain.clone() }));
        }
        let others = [
            ("cold at once", TierOptions { cold_after: 0, ..plain.clone() }),
            ("no compression", TierOptions { compression: false, ..plain.clone() }),
            ("read-heavy", TierOptions { ratios: [0.3, 0.3, 0.2, 0.2], ..plain.clone() }),
            ("nothing kept", TierOptions { ratios: [0.0, 1e-9, 0.0, 0.0], ..plain.clone() }),
        ];
        all.extend(others);
        all.push((WITHOUT_AHEAD, plain.clone()));
        let with = |tiers: TierOptions| TierOptions { budget: megabytes << 20, ..tiers };
        let replays = all.into_iter().map(|(name, tiers)| Replay::new(name, open(with(tiers)))).collect();
        let outcomes = side_by_side(replays, &trace);
        println!("\n== {megabytes} MB");
        head();
        outcomes.iter().for_each(|(name, it)| row(name, it, &outcomes[0].1));
        tiers_of(&outcomes[0].1);
        kinds_of(&outcomes[0].1);
    }
}

const WITHOUT_AHEAD: &str = "no read-ahead";

/// The index as it is on disk, with these tiers.
fn open(cache: &str, folder: &str, tiers: TierOptions) -> Arc<Workspace> {
    let options = Options {
        cache_dir: Some(cache.into()),
        read_only: true,
        follow: false,
        index_shape: Settings::default().index_shape(),
        cache: tiers,
        ..Options::default()
    };
    Workspace::open(vec![folder.into()], options).unwrap()
}

/// The user. All choices depend on the seed and on right answers alone, not on what is cached.
fn record(workspace: &Workspace) -> Vec<Request> {
    let snapshot = workspace.snapshot();
    let root = workspace.status().roots[0].id;
    let mut files: Vec<FileId> = snapshot.files(root);
    files.retain(|&it| matches!(snapshot.lang(it), "go" | "python" | "bash") && snapshot.facts(it).is_some());
    files.sort_by_key(|&it| snapshot.path(it).unwrap());
    assert!(!files.is_empty(), "no index of that folder: make one first");
    let (mut dice, mut out) = (Dice(SEED), Vec::new());
    let mut homes: VecDeque<FileId> = VecDeque::new();
    let mut recent: VecDeque<FileId> = VecDeque::new();
    let mut answers: VecDeque<FileId> = VecDeque::new();
    let cancel = Cancel::new();
    let mut here = files[dice.below(files.len())];
    let mut left = 0;
    while out.len() < REQUESTS {
        if left == 0 {
            // Elsewhere: half of the time to where work was done before.
            left = 20 + dice.below(40);
            let back = !homes.is_empty() && dice.below(2) == 0;
            here = if back { homes[dice.below(homes.len())] } else { files[dice.below(files.len())] };
            homes.push_back(here);
            if homes.len() > 12 {
                homes.pop_front();
            }
            out.push(Request::Open(here, recent.iter().copied().collect()));
        }
        left -= 1;
        let throw = dice.below(100);
        match throw {
            0..15 => out.push(Request::Outline(here)),
            15..65 => {
                let Some(offset) = some_use(&snapshot, here, &mut dice, false) else { continue };
                if let Some(target) = definition(&snapshot, here, offset, &cancel).value.first() {
                    remember(&mut answers, target.file, 20);
                }
                out.push(if throw < 45 { Request::Definition(here, offset) } else { Request::Hover(here, offset) });
            }
            65..82 => {
                if !answers.is_empty() {
                    out.push(Request::Preview(answers[dice.below(answers.len())]));
                }
            }
            82..87 => {
                let Some(offset) = some_use(&snapshot, here, &mut dice, true) else { continue };
                out.push(Request::References(here, offset));
            }
            87..95 => out.extend(question(&snapshot, here, &mut dice).map(Request::Search)),
            _ => {
                remember(&mut recent, here, 4);
                let beside = snapshot.beside(here, 30);
                here = match dice.below(4) {
                    0 if !answers.is_empty() => answers[dice.below(answers.len())],
                    1 => recent[dice.below(recent.len())],
                    _ if !beside.is_empty() => beside[dice.below(beside.len())],
                    _ => here,
                };
                out.push(Request::Open(here, recent.iter().copied().collect()));
            }
        }
    }
    out.truncate(REQUESTS);
    out
}

fn remember(list: &mut VecDeque<FileId>, file: FileId, most: usize) {
    list.push_back(file);
    if list.len() > most {
        list.pop_front();
    }
}

/// Where a name is used in a file; one that not too many files use, if wanted.
fn some_use(snapshot: &Snapshot, file: FileId, dice: &mut Dice, rare: bool) -> Option<u32> {
    let facts = snapshot.facts(file)?;
    for _ in 0..20 {
        let segment = facts.segments.get(dice.below(facts.segments.len()))?;
        let uses = &segment.facts.references;
        let Some(it) = uses.get(dice.below(uses.len())) else { continue };
        let name = segment.facts.text(it.name);
        if !rare || snapshot.files_using(name, USERS + 1, &Cancel::new()).len() <= USERS {
            return Some(segment.span.start + it.span.start);
        }
    }
    None
}

/// Two words of names in the file.
fn question(snapshot: &Snapshot, file: FileId, dice: &mut Dice) -> Option<String> {
    let facts = snapshot.facts(file)?;
    let symbols = &facts.segments.first()?.facts.symbols;
    let names: Vec<&str> = (0..2)
        .filter_map(|_| Some(facts.segments[0].facts.text(symbols.get(dice.below(symbols.len()))?.name)))
        .collect();
    Some(names.join(" ")).filter(|it| Question::new(it).is_ok())
}

/// What a replay showed.
struct Outcome {
    cpu: f64,
    wall: f64,
    /// Sorted, per kind of request.
    times: Vec<Vec<Duration>>,
    seen: TierStatistics,
    /// By the allocator's count.
    allocated: [i64; 4],
}

fn cpu() -> f64 {
    let it = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    it.tv_sec as f64 + it.tv_nsec as f64 / 1e9
}

/// A replay under way.
struct Replay {
    name: &'static str,
    workspace: Arc<Workspace>,
    snapshot: Snapshot,
    reading_ahead: Snapshot,
    times: Vec<Vec<Duration>>,
    cpu: f64,
    wall: f64,
}

impl Replay {
    fn new(name: &'static str, workspace: Arc<Workspace>) -> Self {
        let snapshot = workspace.snapshot();
        let (reading_ahead, times) = (snapshot.reading(Reading::Ahead), vec![Vec::new(); KINDS.len()]);
        Self { name, workspace, snapshot, reading_ahead, times, cpu: 0.0, wall: 0.0 }
    }

    fn go_on(&mut self, trace: &[Request]) {
        let cancel = Cancel::new();
        let (begun, before) = (Instant::now(), cpu());
        for request in trace {
            let started = Instant::now();
            answer(&self.workspace, &self.snapshot, request);
            self.times[request.kind()].push(started.elapsed());
            if let (Request::Open(file, together), true) = (request, self.name != WITHOUT_AHEAD) {
                for near in neighbours(&self.reading_ahead, *file, together, &cancel) {
                    std::hint::black_box(self.reading_ahead.facts(near));
                }
            }
        }
        self.workspace.cache().settle();
        self.cpu += cpu() - before;
        self.wall += begun.elapsed().as_secs_f64();
    }

    fn end(mut self) -> Outcome {
        let seen = self.workspace.status().tiers;
        use portolan::store::tiers::Tier::{Cold, Frozen, Hot, Warm};
        let allocated = [Hot, Warm, Cold, Frozen].map(|tier| {
            let before = LIVE.load(Ordering::Relaxed);
            self.workspace.cache().clear_tier(tier);
            before - LIVE.load(Ordering::Relaxed)
        });
        self.times.iter_mut().for_each(|it| it.sort());
        Outcome { cpu: self.cpu, wall: self.wall, times: self.times, seen, allocated }
    }
}

/// Each in turn some requests; who is first changes.
fn side_by_side(mut replays: Vec<Replay>, trace: &[Request]) -> Vec<(&'static str, Outcome)> {
    for (round, part) in trace.chunks(TURN).enumerate() {
        let first = round % replays.len();
        let (before, rest) = replays.split_at_mut(first);
        rest.iter_mut().chain(before).for_each(|it| it.go_on(part));
    }
    replays.into_iter().map(|it| (it.name, it.end())).collect()
}

fn answer(workspace: &Workspace, snapshot: &Snapshot, request: &Request) {
    let cancel = Cancel::new();
    let text = |file: FileId| {
        let (root, path) = snapshot.path(file)?;
        workspace.text_of(snapshot, file, root, &path)
    };
    match request {
        Request::Open(file, _) | Request::Outline(file) => {
            let Some(facts) = snapshot.facts(*file) else { return };
            for segment in &facts.segments {
                for symbol in &segment.facts.symbols {
                    let at = segment.span.start + symbol.name_range.start;
                    std::hint::black_box(line_column(&facts, at, Encoding::Utf16));
                }
            }
        }
        Request::Definition(file, offset) => {
            std::hint::black_box(definition(snapshot, *file, *offset, &cancel));
        }
        Request::Hover(file, offset) => {
            let found = definition(snapshot, *file, *offset, &cancel).value;
            std::hint::black_box(found.first().and_then(|it| text(it.file)));
        }
        Request::Preview(file) => {
            std::hint::black_box(text(*file));
        }
        Request::References(file, offset) => {
            std::hint::black_box(references(snapshot, *file, *offset, true, &cancel));
        }
        Request::Search(question) => {
            let texts = |file, root, path: &_| workspace.text_of(snapshot, file, root, path);
            let means = Means { embedder: None, texts: Some(&texts), near: None };
            let question = Question::new(question).unwrap();
            for found in semantic_search(snapshot, means, &question, 10, &cancel, None).items {
                std::hint::black_box((snapshot.facts(found.file), text(found.file)));
            }
        }
    }
}

fn head() {
    println!(
        "{:16} {:>7} {:>7} {:>7} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6}  latency of requests: p50 us, p95 us, sum s",
        "", "CPU s", "wall s", "gain %", "hit %", "hot %", "warm %", "cold %", "frz %", "disk"
    );
}

/// One line; the gain is what the full set saves of this one's CPU.
fn row(name: &str, it: &Outcome, base: &Outcome) {
    let asked = (it.seen.hits.iter().sum::<u64>() + it.seen.misses).max(1) as f64;
    let share = |n: u64| 100.0 * n as f64 / asked;
    let mut all: Vec<Duration> = it.times.iter().flatten().copied().collect();
    all.sort();
    let sum: f64 = all.iter().map(Duration::as_secs_f64).sum();
    let [hot, warm, cold, frozen] = it.seen.hits.map(share);
    println!(
        "{name:16} {:7.2} {:7.2} {:7.1} {:6.1} {hot:6.1} {warm:6.1} {cold:6.1} {frozen:6.1} {:6}  {:.0}, {:.0}, {sum:.2}",
        it.cpu,
        it.wall,
        100.0 * (1.0 - base.cpu / it.cpu),
        100.0 * it.seen.hit_rate(),
        it.seen.misses,
        quantile(&all, 0.5),
        quantile(&all, 0.95),
    );
}

fn quantile(sorted: &[Duration], part: f64) -> f64 {
    sorted.get(((sorted.len().max(1) - 1) as f64 * part) as usize).map_or(0.0, |it| it.as_secs_f64() * 1e6)
}

fn tiers_of(it: &Outcome) {
    let seen = &it.seen;
    println!("tier: hits, entries, share MB, our count MB, allocator's MB, time of a hit p50 us, p95 us");
    let mega = |bytes: f64| bytes / f64::from(1 << 20);
    for (at, name) in ["hot", "warm", "cold", "frozen"].into_iter().enumerate() {
        println!(
            "{name:8} {:8} {:6} {:6.2} {:6.2} {:6.2} {:8.2} {:8.2}",
            seen.hits[at],
            seen.entries[at],
            mega(seen.shares[at] as f64),
            mega(seen.bytes[at] as f64),
            mega(it.allocated[at] as f64),
            seen.times[at].p50.as_secs_f64() * 1e6,
            seen.times[at].p95.as_secs_f64() * 1e6
        );
    }
    let disk = seen.times[4];
    println!(
        "disk     {:8} {:38} {:8.2} {:8.2}\npromotions {}, demotions {}, dropped {}, read ahead {}: used {}, left unused {}",
        seen.misses,
        "",
        disk.p50.as_secs_f64() * 1e6,
        disk.p95.as_secs_f64() * 1e6,
        seen.promotions,
        seen.demotions,
        seen.dropped,
        seen.ahead,
        seen.ahead_used,
        seen.ahead_unused
    );
}

fn kinds_of(it: &Outcome) {
    for (kind, times) in KINDS.iter().zip(&it.times) {
        let (half, most) = (quantile(times, 0.5), quantile(times, 0.95));
        println!("{kind:11} {:6} p50 {half:9.1} us, p95 {most:9.1} us", times.len());
    }
}
