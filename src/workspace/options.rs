//! What a workspace is opened with. Invariant: every field has an effect; defaults are those of the settings table.
//! Must not know where a value came from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::pace::{PaceOptions, Requests};
use crate::base::failpoint;
use crate::base::metrics::Switches;
use crate::base::settings::{Settings, table};
use crate::embed::Embedder;
use crate::store::tiers::TierOptions;
use crate::syntax::languages::Lang;

/// Less memory than this is no limit that work could keep, in bytes.
const LEAST_MEMORY: u64 = 128 << 20;
/// Fewer bytes a second from the disk are no pace at all.
const LEAST_DISK: u64 = 64 << 10;

/// Plain options; `Default` is what the settings table calls `auto`.
#[derive(Clone)]
pub struct Options {
    /// Directory of the index; none: `portolan/` in the user's cache directory.
    pub cache_dir: Option<PathBuf>,
    /// Which files belong to the workspace.
    pub rules: RuleOptions,
    /// Parser processes; 0: one a core, at most four.
    pub workers: usize,
    /// Files in one batch for a parser process (or 1 MiB, whichever comes first); 0: by the average size of the files.
    pub batch_files: usize,
    /// Threads that walk; 0: one a core, at most four.
    pub walkers: usize,
    /// A walk that takes longer ends with what it has.
    pub walk_timeout: Duration,
    /// Trust size, times and inode of a file that was indexed before.
    pub trust_stamps: bool,
    /// Bytes that the whole process tree may take (sum of PSS).
    pub memory_limit: u64,
    /// Look for changes after the first pass; off for commands that run once.
    pub follow: bool,
    /// Where `follow`: watch folders; else changes are found by the timer alone.
    pub watch: bool,
    /// Most folders that are watched; none: a quarter of the system's limit.
    pub most_watched: Option<usize>,
    /// Turns passages into vectors; none: names and words only.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// Answer from the stored index and change nothing: no pass, no lock.
    pub read_only: bool,
    /// Open `/` or the home directory as a root without being asked about it.
    pub allow_broad_root: bool,
    /// Our own executable, for worker processes; none: `/proc/self/exe`.
    pub executable: Option<PathBuf>,
    /// Longest time between two commits of a running pass: what a crash may cost.
    pub commit_interval: Duration,
    /// When packs are merged.
    pub merge: MergeOptions,
    /// Longest time between two full rescans of what is not watched.
    pub rescan_interval: Duration,
    /// Bytes above which a file is cut into segments; 0: the language's own.
    pub segment_size: u64,
    /// The same for some languages, by id.
    pub segment_sizes: Vec<(String, u64)>,
    /// The settings that make another index of the same files; part of its directory's name.
    pub index_shape: String,
    /// The tiers that hold decoded facts.
    pub cache: TierOptions,
    /// `performance.file_stat_cache`.
    pub stat_cache: StatCacheOptions,
    /// What work that nobody waits for may take.
    pub pace: PaceOptions,
    /// The requests that such work lets go first.
    pub requests: Arc<Requests>,
    /// Parsers that a worker keeps; 0: all.
    pub parsers: usize,
    /// How packs are kept.
    pub packs: PackOptions,
    /// `performance.large_file_*`.
    pub large_files: LargeFileOptions,
    /// What the log tells regularly.
    pub metrics: Switches,
    /// Let workers obey fault marks in texts (tests).
    pub faults: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_dir: None,
            rules: RuleOptions::default(),
            workers: 0,
            batch_files: 0,
            walkers: 0,
            walk_timeout: Duration::from_secs(300),
            trust_stamps: true,
            memory_limit: 512 << 20,
            follow: true,
            watch: true,
            most_watched: None,
            embedder: None,
            read_only: false,
            allow_broad_root: false,
            executable: None,
            commit_interval: Duration::from_secs(2),
            merge: MergeOptions::default(),
            rescan_interval: Duration::from_secs(30),
            segment_size: 0,
            segment_sizes: Vec::new(),
            index_shape: String::new(),
            cache: TierOptions::default(),
            stat_cache: StatCacheOptions::default(),
            pace: PaceOptions::default(),
            requests: Arc::default(),
            parsers: 0,
            packs: PackOptions::default(),
            large_files: LargeFileOptions::default(),
            metrics: Switches::default(),
            faults: false,
        }
    }
}

impl Options {
    /// What work may take. Somebody waits for what runs once: it is not quiet on a battery.
    pub fn pace_in_force(&self) -> PaceOptions {
        let power_supplies = self.pace.power_supplies.clone().filter(|_| self.follow);
        PaceOptions { power_supplies, ..self.pace.clone() }
    }

    /// The options that the settings in force ask for. The embedder is not among them: its maker is `embed`.
    pub fn from_settings(settings: &Settings) -> Self {
        let whole = |row| u64::try_from(settings.int(row)).unwrap_or(0);
        let directory = settings.text(&table::CACHE_DIRECTORY);
        let memory_limit = memory_limit(settings);
        Self {
            cache_dir: (!directory.is_empty()).then(|| PathBuf::from(directory)),
            rules: RuleOptions {
                remembered: if settings.bool(&table::PATTERN_TRIE_ENABLED) {
                    whole(&table::PATTERN_TRIE_SIZE) as usize
                } else {
                    0
                },
                exclude: settings.list(&table::TRACKING_EXCLUDE).to_vec(),
                include: settings.list(&table::TRACKING_INCLUDE).to_vec(),
                skip_directories: settings.list(&table::SKIP_LARGE_DIRECTORIES).to_vec(),
                size_limit: settings.size(&table::TRACKING_SIZE_LIMIT),
                ..RuleOptions::default()
            },
            workers: at_most(settings, whole(&table::PROCESSOR_WORKERS)),
            batch_files: whole(&table::PROCESSOR_BATCH) as usize,
            walkers: at_most(settings, whole(&table::SCANNER_WORKERS)),
            walk_timeout: Duration::from_secs(whole(&table::SCANNER_TIMEOUT)),
            trust_stamps: settings.bool(&table::TRACK_IF_MODIFIED),
            memory_limit,
            watch: settings.bool(&table::WATCH_ENABLED),
            rescan_interval: Duration::from_secs(whole(&table::WATCH_RESCAN_SECONDS)),
            segment_size: settings.size(&table::SEGMENT_SIZE),
            segment_sizes: (settings.languages(&table::LANGUAGE_SEGMENT_SIZE).into_iter())
                .map(|(language, size)| (language, size as u64))
                .collect(),
            index_shape: settings.index_shape(),
            cache: TierOptions {
                // Where all together get little, the cache does not get most of it.
                budget: (whole(&table::CACHE_MEMORY_BUDGET_MB) << 20).min(memory_limit / 4),
                ratios: [
                    &table::CACHE_HOT_RATIO,
                    &table::CACHE_WARM_RATIO,
                    &table::CACHE_COLD_RATIO,
                    &table::CACHE_FROZEN_RATIO,
                ]
                .map(|row| settings.float(row)),
                compression: settings.bool(&table::CACHE_COMPRESSION),
                groups: settings.languages(&table::LANGUAGE_HOT_RATIO),
                ..TierOptions::default()
            },
            stat_cache: StatCacheOptions {
                enabled: settings.bool(&table::STAT_CACHE_ENABLED),
                max_entries: whole(&table::STAT_CACHE_SIZE),
                ttl: Duration::from_secs(whole(&table::STAT_CACHE_TTL)),
            },
            pace: pace(settings),
            parsers: whole(&table::PARSER_POOL_SIZE) as usize,
            packs: PackOptions {
                in_memory: !settings.bool(&table::CACHE_KEPT) || settings.text(&table::CACHE_TYPE) == "memory",
                mapped: settings.bool(&table::USE_MMAP),
                least_mapped: settings.size(&table::MMAP_THRESHOLD),
            },
            large_files: LargeFileOptions {
                threshold: settings.size(&table::LARGE_FILE_THRESHOLD),
                window: usize::try_from(settings.size(&table::LARGE_FILE_CHUNK_SIZE).min(MOST_WINDOW)).unwrap_or(0),
            },
            metrics: Switches::named(settings.list(&table::METRICS)),
            faults: failpoint::are_faults_obeyed(),
            ..Self::default()
        }
    }
}

/// One sentence for each language or metric in the settings that there is none of.
pub fn unknown_names(settings: &Settings) -> Vec<String> {
    let origin = settings.get(&table::METRICS).1;
    let unknown = settings.list(&table::METRICS).iter().filter(|it| !Switches::NAMES.contains(&it.as_str()));
    let sentence = |it: &String| format!("{origin}: metrics names {it}; there are {}", Switches::NAMES.join(", "));
    let mut out: Vec<String> = unknown.map(sentence).collect();
    for row in [&table::LANGUAGE_SEGMENT_SIZE, &table::LANGUAGE_HOT_RATIO] {
        let unknown = settings.languages(row).into_iter().filter(|it| Lang::from_id(&it.0).is_none());
        let origin = settings.get(row).1;
        out.extend(unknown.map(|(language, _)| {
            format!("{origin}: {} names {language}, which is no language; `portolan languages` lists them", row.name)
        }));
    }
    out
}

/// The lower of the two settings that bound memory, in bytes.
fn memory_limit(settings: &Settings) -> u64 {
    let megabytes = u64::try_from(settings.int(&table::MEMORY_LIMIT_MB)).unwrap_or(0);
    match settings.size(&table::MAX_MEMORY) {
        0 => megabytes << 20,
        bytes => bytes.max(LEAST_MEMORY).min(megabytes << 20),
    }
}

/// A stage's own number of threads or processes (0: one a core), within what holds for every stage.
fn at_most(settings: &Settings, own: u64) -> usize {
    if !settings.bool(&table::PARALLEL_TRACKING) {
        return 1;
    }
    let all = usize::try_from(settings.int(&table::MAX_WORKERS)).unwrap_or(0);
    let own = usize::try_from(own).unwrap_or(0);
    if all == 0 { own } else { super::state::cores(own).min(all) }
}

fn pace(settings: &Settings) -> PaceOptions {
    let disk = settings.size(&table::MAX_DISK_IO);
    let throttled = settings.bool(&table::THROTTLING_ENABLED);
    let rate = u64::try_from(settings.int(&table::THROTTLING_RATE)).unwrap_or(0);
    PaceOptions {
        cpu_percent: u32::try_from(settings.int(&table::MAX_CPU)).unwrap_or(100),
        bytes_per_second: if disk == 0 { 0 } else { disk.max(LEAST_DISK) },
        files_per_second: if throttled { rate } else { 0 },
        power_supplies: PaceOptions::default().power_supplies.filter(|_| settings.bool(&table::QUIET_ON_BATTERY)),
    }
}

/// How packs are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackOptions {
    /// `performance.cache.type`: in memory alone, and nothing is read from the disk.
    pub in_memory: bool,
    /// `performance.use_mmap`.
    pub mapped: bool,
    /// `performance.mmap_threshold`: smaller packs are read, in bytes.
    pub least_mapped: u64,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self { in_memory: false, mapped: true, least_mapped: 0 }
    }
}

/// When packs of the index are merged, and how many at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeOptions {
    /// Packs that may stand, of all kinds together; each kind has its share, and what is more is merged.
    pub packs: usize,
    /// Bytes that the packs of one merge may have together; none: a share of the memory limit.
    pub bytes: Option<u64>,
}

impl Default for MergeOptions {
    fn default() -> Self {
        Self { packs: 30, bytes: None }
    }
}

/// A longer window saves nothing.
const MOST_WINDOW: u64 = 64 << 20;

/// How files that are not held whole are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargeFileOptions {
    /// Files of more bytes are read on a thread of their own, one after the other.
    pub threshold: u64,
    /// Bytes that are read at once while those before them are hashed.
    pub window: usize,
}

impl Default for LargeFileOptions {
    fn default() -> Self {
        Self { threshold: 100 << 20, window: 10 << 20 }
    }
}

/// Which files belong to the workspace. Patterns are written as in `.gitignore`, relative to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleOptions {
    /// `tracking.exclude` and the client's exclude settings.
    pub exclude: Vec<String>,
    /// `tracking.include`: brings ignored files and folders back.
    pub include: Vec<String>,
    /// `directory_filtering.skip_large_directories`: names of folders.
    pub skip_directories: Vec<String>,
    /// Honour `.gitignore` and `.git/info/exclude`.
    pub git_ignore: bool,
    /// `tracking.size_limit` in bytes: longer files are not read at all.
    pub size_limit: u64,
    /// Folders deeper than this are not entered.
    pub max_depth: usize,
    /// `performance.pattern_trie`: folders whose compiled rules are remembered.
    pub remembered: usize,
}

impl Default for RuleOptions {
    fn default() -> Self {
        Self {
            exclude: Vec::new(),
            include: Vec::new(),
            skip_directories: super::rules::LARGE_DIRECTORIES.iter().map(|&name| name.to_owned()).collect(),
            git_ignore: true,
            size_limit: 1 << 40,
            max_depth: 2_000,
            remembered: 1_000,
        }
    }
}

/// `performance.file_stat_cache`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatCacheOptions {
    pub enabled: bool,
    /// Entries kept, least recently used first out.
    pub max_entries: u64,
    pub ttl: Duration,
}

impl Default for StatCacheOptions {
    fn default() -> Self {
        Self { enabled: true, max_entries: 10_000, ttl: Duration::from_secs(300) }
    }
}
