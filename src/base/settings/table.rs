//! The one table of settings: name, type, default, scope and meaning of each. The schema, the manual, `portolan config
//! show` and the extension's package.json are made from it. Invariant: a row here changes what Portolan does (a test of
//! the part concerned shows it). Must not know where values come from.

mod limits;

pub use limits::*;

/// The type of a value, with its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Bool(bool),
    /// Default, smallest, largest.
    Int(i64, i64, i64),
    /// Default, smallest, largest.
    Float(f64, f64, f64),
    /// An absolute path; an empty text means "not set".
    Path(&'static str),
    /// The default comes first.
    Choice(&'static [&'static str]),
    /// A list of texts.
    List(&'static [&'static str]),
    /// Bytes, written as a number or as "10MB"; default in bytes.
    Size(u64),
    /// The same with a smallest and a largest.
    SizeIn(u64, u64, u64),
    /// `[languages.<name>]`: a value for some languages; as a list, `rust=64KB`.
    PerLanguage(PerLanguage),
}

/// What a setting of a language is; smallest and largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PerLanguage {
    Size(u64, u64),
    Float(f64, f64),
}

/// Who may set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Command line, environment, the user's file, initializationOptions. Paths, models, devices, the cache.
    Machine,
    /// Also the client's live configuration.
    User,
    /// Also a `portolan.toml` in a root, which may only narrow: exclude more, limit lower, switch off.
    Narrowing,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    pub kind: Kind,
    pub scope: Scope,
    /// Takes effect without a restart of the server.
    pub live: bool,
    /// Part of the index directory's name: another value is another index.
    pub shapes_index: bool,
    pub help: &'static str,
}

const fn row(name: &'static str, kind: Kind, scope: Scope, help: &'static str) -> Row {
    Row { name, kind, scope, live: false, shapes_index: false, help }
}

const fn live(mut it: Row) -> Row {
    it.live = true;
    it
}

const fn shaping(mut it: Row) -> Row {
    it.shapes_index = true;
    it
}

use Kind::{Bool, Choice, Float, Int, List, Path, Size, SizeIn};
use Scope::{Machine, Narrowing, User};

/// Directories that are skipped whole unless an include pattern names them.
const LARGE_DIRECTORIES: &[&str] = &[
    "**/node_modules/**",
    "**/.git/**",
    "**/.hg/**",
    "**/.svn/**",
    "**/.jj/**",
    "**/venv/**",
    "**/.venv/**",
    "**/__pycache__/**",
    "**/.mypy_cache/**",
    "**/.tox/**",
    "**/.gradle/**",
    "**/.next/**",
    "**/dist/**",
    "**/build/**",
];

pub const TRACKING_INCLUDE: Row = row(
    "tracking.patterns.include",
    List(&[]),
    User,
    "Globs, as in .gitignore, of ignored files and folders that are to be indexed all the same.",
);
pub const TRACKING_EXCLUDE: Row =
    row("tracking.patterns.exclude", List(&[]), Narrowing, "Globs of what to leave out, on top of the ignore files.");
pub const TRACKING_SIZE_LIMIT: Row =
    row("tracking.size_limit", Size(1 << 40), Narrowing, "Files larger than this are not read at all.");
pub const TRACK_IF_MODIFIED: Row = row(
    "tracking.track_if_modified",
    Bool(true),
    User,
    "Trust size, times and inode of a file that was indexed before; false hashes every file again.",
);
pub const SKIP_LARGE_DIRECTORIES: Row = row(
    "directory_filtering.skip_large_directories",
    List(LARGE_DIRECTORIES),
    Narrowing,
    "Globs of directories that are not entered; dist and build are left to the ignore files inside a git repository.",
);
pub const MEMORY_LIMIT_MB: Row = row(
    "memory.limit_mb",
    Int(512, 128, 1 << 20),
    Narrowing,
    "Memory of all of Portolan's processes together, in MiB; indexing slows down before it is exceeded; below 256 a large workspace still exceeds it.",
);
pub const CACHE_MEMORY_BUDGET_MB: Row = row(
    "cache.memory_budget_mb",
    Int(100, 1, 1 << 20),
    Narrowing,
    "Memory of the segment cache (its four tiers), in MiB; at most a quarter of memory.limit_mb.",
);
pub const CACHE_HOT_RATIO: Row = row(
    "cache.hot_tier_ratio",
    Float(0.1, 0.0, 1.0),
    User,
    "Share of the cache for decoded facts that are asked for again and again.",
);
pub const CACHE_WARM_RATIO: Row = row(
    "cache.warm_tier_ratio",
    Float(0.2, 0.0, 1.0),
    User,
    "Share of the cache for decoded facts and texts that were asked for of late; what the cold tier leaves free comes on top.",
);
pub const CACHE_COLD_RATIO: Row = row(
    "cache.cold_tier_ratio",
    Float(0.3, 0.0, 1.0),
    User,
    "Most that the cache may have of facts compressed with lz4, which no opened chunk holds; the rest is the warm tier's.",
);
pub const CACHE_FROZEN_RATIO: Row = row(
    "cache.frozen_tier_ratio",
    Float(0.4, 0.0, 1.0),
    User,
    "Share of the cache for opened chunks of the index, of some thirty neighbouring files each.",
);
pub const CACHE_COMPRESSION: Row = row(
    "cache.compression",
    Bool(true),
    User,
    "Compress what the cold tier holds (lz4); false holds less and spends less CPU.",
);
pub const CACHE_PREFETCH: Row = live(row(
    "cache.prefetch",
    Bool(true),
    Narrowing,
    "When a document is opened, read ahead what it imports, what was open with it and what lies beside it.",
));
pub const LANGUAGE_SEGMENT_SIZE: Row = shaping(row(
    "languages.segment_size",
    Kind::PerLanguage(PerLanguage::Size(4 << 10, 4 << 20)),
    Machine,
    "cache.segment_size for some languages; in portolan.toml also as segment_size in [languages.<name>].",
));
pub const LANGUAGE_HOT_RATIO: Row = row(
    "languages.hot_tier_ratio",
    Kind::PerLanguage(PerLanguage::Float(0.0, 1.0)),
    User,
    "A part of the hot tier for a language alone, as a share of the cache (all shares are scaled to sum to 1); also in [languages.<name>].",
);
pub const CACHE_DIRECTORY: Row =
    row("cache.directory", Path(""), Machine, "Directory of the index; empty means portolan/ in the user's cache.");
pub const SEGMENT_SIZE: Row = shaping(row(
    "cache.segment_size",
    SizeIn(256 << 10, 4 << 10, 4 << 20),
    Machine,
    "Files above this size are indexed in segments of about this size, cut between top-level items.",
));
pub const PROCESSOR_WORKERS: Row = row(
    "performance.parallel_processor.max_workers",
    Int(0, 0, 64),
    Narrowing,
    "Parser processes; 0 means one a core, at most 4.",
);
pub const PROCESSOR_BATCH: Row = row(
    "performance.parallel_processor.batch_size",
    Int(0, 0, 4096),
    User,
    "Files handed to a parser process at once (or 1 MiB, whichever comes first); 0 plans 128, 64 or 32 by their average size.",
);
pub const SCANNER_WORKERS: Row = row(
    "performance.parallel_scanner.max_workers",
    Int(0, 0, 64),
    Narrowing,
    "Threads that walk directories; 0 means one a core, at most 4.",
);
pub const SCANNER_TIMEOUT: Row = row(
    "performance.parallel_scanner.timeout_seconds",
    Int(300, 1, 86_400),
    User,
    "A walk that takes longer ends with what it has, and the status says so.",
);
pub const LARGE_FILE_THRESHOLD: Row = row(
    "performance.large_file_threshold",
    Size(100 << 20),
    User,
    "Files above this size, and 16 MiB at least, are read on a thread of their own, so that no other file waits for them.",
);
pub const LARGE_FILE_CHUNK_SIZE: Row = row(
    "performance.large_file_chunk_size",
    Size(10 << 20),
    User,
    "Bytes of such a file that are held at a time: half are read while the other half is hashed; 512 KiB to 64 MiB.",
);
pub const STAT_CACHE_ENABLED: Row =
    row("performance.file_stat_cache.enabled", Bool(true), User, "Remember what stat said of a file for a while.");
pub const STAT_CACHE_SIZE: Row =
    row("performance.file_stat_cache.max_size", Int(10_000, 0, 10_000_000), User, "Entries of that memory.");
pub const STAT_CACHE_TTL: Row =
    row("performance.file_stat_cache.ttl_seconds", Int(300, 0, 86_400), User, "How long an entry is believed.");
pub const EMBEDDINGS_ENABLED: Row = row(
    "embeddings.enabled",
    Bool(true),
    Narrowing,
    "Make vectors, for search by meaning; false leaves search by words and names.",
);
pub const EMBEDDINGS_RUNTIME: Row = row(
    "embeddings.runtime",
    Choice(&["built-in", "onnx"]),
    Machine,
    "What runs the default model: our own evaluator, or ONNX Runtime from embeddings.library.",
);
pub const EMBEDDINGS_MODEL: Row = row(
    "embeddings.model",
    Path(""),
    Machine,
    "A sentence-embedding model of your own, run by ONNX Runtime in a process of its own, whose memory comes on top of memory.limit_mb: the absolute path of its folder (model.onnx, tokenizer.json and what they come with) or of the ONNX file; empty is the default model.",
);
pub const EMBEDDINGS_LIBRARY: Row = row(
    "embeddings.library",
    Path(""),
    Machine,
    "Absolute path of the ONNX Runtime library (libonnxruntime.so, 1.20 or newer); empty looks at PORTOLAN_ONNXRUNTIME and ORT_DYLIB_PATH, beside the binary, and into your Python and Node packages.",
);
pub const EMBEDDINGS_DEVICE: Row = row(
    "embeddings.device",
    Choice(&["auto", "cuda", "tensorrt", "migraphx", "rocm", "coreml", "mps", "directml", "openvino", "cpu"]),
    Machine,
    "Where ONNX Runtime runs the model: auto takes the first of these that there is, the CPU last (rocm is migraphx, mps is coreml); one that is asked for and missing is said, and the CPU goes on.",
);
pub const EMBEDDINGS_GPU: Row =
    row("embeddings.enable_gpu", Bool(true), Machine, "Whether embeddings.device = auto may take a GPU.");
pub const EMBEDDINGS_HALF: Row = row(
    "embeddings.fp16",
    Bool(true),
    Machine,
    "Of a model that comes in two precisions take the half one (model_fp16.onnx) where embeddings.device names a GPU.",
);
pub const EMBEDDINGS_BATCH: Row = row(
    "embeddings.batch_size",
    Int(32, 1, 4096),
    Machine,
    "Most passages given to ONNX Runtime at once, 256 whatever is set; fewer where they are long, where they would take longer than a question may wait, and where memory has run out; the built-in evaluator takes one after the other.",
);
pub const EMBEDDINGS_THREADS: Row = row(
    "embeddings.threads",
    Int(0, 0, 256),
    Machine,
    "Threads that ONNX Runtime runs the model on; 0 means one a core for your own model, one for the default model.",
);
pub const DIAGNOSTICS_ENABLED: Row =
    live(row("diagnostics.enabled", Bool(true), Narrowing, "Report syntax errors of open documents."));
pub const OUTLINE_INACTIVE: Row = live(row(
    "outline.inactive_branches",
    Bool(false),
    User,
    "List in the outline what stands in #if branches that the C and C++ compilers of this platform certainly leave out.",
));
pub const NAVIGATION_ENABLED: Row = row(
    "navigation.enabled",
    Bool(true),
    Narrowing,
    "Answer definition and references; switch it off where another server of the same editor does.",
);
pub const SEARCH_LIMIT: Row = live(row("search.limit", Int(10, 1, 100), User, "Answers to a question."));
pub const SYMBOLS_LIMIT: Row =
    live(row("search.symbol_limit", Int(128, 1, 10_000), User, "Answers to a symbol query."));
pub const WATCH_ENABLED: Row =
    row("watch.enabled", Bool(true), Narrowing, "Watch directories for changes; false relies on rescans.");
pub const WATCH_RESCAN_SECONDS: Row =
    row("watch.rescan_seconds", Int(30, 1, 86_400), User, "Unwatched directories are looked at this often.");
pub const LOG_LEVEL: Row = live(row(
    "log.level",
    Choice(&["warn", "error", "info", "debug", "trace", "off"]),
    User,
    "How much is written to stderr and to --log-file. Source text is never written.",
));

/// Every setting, in the order of the manual.
pub const ROWS: &[Row] = &[
    PROFILE,
    METRICS,
    TRACKING_INCLUDE,
    TRACKING_EXCLUDE,
    TRACKING_SIZE_LIMIT,
    TRACK_IF_MODIFIED,
    SKIP_LARGE_DIRECTORIES,
    MEMORY_LIMIT_MB,
    CACHE_MEMORY_BUDGET_MB,
    CACHE_HOT_RATIO,
    CACHE_WARM_RATIO,
    CACHE_COLD_RATIO,
    CACHE_FROZEN_RATIO,
    CACHE_COMPRESSION,
    CACHE_PREFETCH,
    CACHE_DIRECTORY,
    SEGMENT_SIZE,
    LANGUAGE_SEGMENT_SIZE,
    LANGUAGE_HOT_RATIO,
    PARALLEL_TRACKING,
    MAX_WORKERS,
    PROCESSOR_WORKERS,
    PROCESSOR_BATCH,
    PARSER_POOL_SIZE,
    SCANNER_WORKERS,
    SCANNER_TIMEOUT,
    LARGE_FILE_THRESHOLD,
    LARGE_FILE_CHUNK_SIZE,
    STAT_CACHE_ENABLED,
    STAT_CACHE_SIZE,
    STAT_CACHE_TTL,
    PATTERN_TRIE_ENABLED,
    PATTERN_TRIE_SIZE,
    USE_MMAP,
    MMAP_THRESHOLD,
    CACHE_KEPT,
    CACHE_TYPE,
    CACHE_SIZE_LIMIT,
    CACHE_TTL,
    MAX_MEMORY,
    MAX_CPU,
    MAX_DISK_IO,
    THROTTLING_ENABLED,
    THROTTLING_RATE,
    QUIET_ON_BATTERY,
    EMBEDDINGS_ENABLED,
    EMBEDDINGS_RUNTIME,
    EMBEDDINGS_MODEL,
    EMBEDDINGS_LIBRARY,
    EMBEDDINGS_DEVICE,
    EMBEDDINGS_GPU,
    EMBEDDINGS_HALF,
    EMBEDDINGS_BATCH,
    EMBEDDINGS_THREADS,
    DIAGNOSTICS_ENABLED,
    OUTLINE_INACTIVE,
    NAVIGATION_ENABLED,
    SEARCH_LIMIT,
    SYMBOLS_LIMIT,
    WATCH_ENABLED,
    WATCH_RESCAN_SECONDS,
    LOG_LEVEL,
];

/// Other spellings of settings, as older guides have them.
const SPELLINGS: &[(&str, &Row)] = &[
    ("performance.chunk_size", &PROCESSOR_BATCH),
    ("performance.cache.path", &CACHE_DIRECTORY),
    ("performance.throttling.operations_per_second", &THROTTLING_RATE),
];

/// The row called `name`, in any of its spellings; `performance.embeddings.x` is one of `embeddings.x`.
pub fn find(name: &str) -> Option<&'static Row> {
    let name = name.strip_prefix("performance.").filter(|n| n.starts_with("embeddings.")).unwrap_or(name);
    let name = SPELLINGS.iter().find(|(other, _)| *other == name).map_or(name, |(_, row)| row.name);
    ROWS.iter().find(|row| row.name == name)
}

/// The row and the language that `languages.<name>.<setting>` names.
pub fn find_of_language(name: &str) -> Option<(&'static Row, &str)> {
    let (language, setting) = name.strip_prefix("languages.")?.rsplit_once('.')?;
    let mut rows = ROWS.iter().filter(|row| matches!(row.kind, Kind::PerLanguage(_)));
    let found = rows.find(|row| row.name.strip_prefix("languages.") == Some(setting))?;
    Some((found, language))
}

impl Row {
    /// The environment variable that sets it: `PORTOLAN_MEMORY_LIMIT_MB`.
    pub fn variable(&self) -> String {
        format!("PORTOLAN_{}", self.name.replace('.', "_").to_uppercase())
    }
}
