//! The rows that bound what Portolan takes of a machine: threads, processor, disk, mapped memory, what is kept. Invariant: as
//! in the table. Must not know where values come from.

use super::Kind::{Bool, Choice, Int, List, Size};
use super::Scope::{Machine, Narrowing, User};
use super::{Row, row};

/// The names of the profiles; the first one measures this machine.
pub const PROFILES: &[&str] =
    &["auto", "small", "medium", "large", "huge", "dev", "prod", "ci", "read_heavy", "write_heavy"];

pub const PROFILE: Row = row(
    "profile",
    Choice(PROFILES),
    User,
    "A named set of settings; each of them that you set yourself goes before. auto measures the processor and the memory.",
);
pub const METRICS: Row =
    row("metrics", List(&[]), User, "What the log tells regularly: cache, parse, io, or detailed for all three.");
pub const PARALLEL_TRACKING: Row = row(
    "performance.parallel_tracking",
    Bool(true),
    User,
    "false does one thing at a time: one walking and reading thread, one parser process.",
);
pub const MAX_WORKERS: Row = row(
    "performance.max_workers",
    Int(0, 0, 64),
    Narrowing,
    "Most threads or processes of any one stage, on top of the stage's own limit; 0 means no other limit.",
);
pub const PARSER_POOL_SIZE: Row = row(
    "performance.parser_pool_size",
    Int(0, 0, 1024),
    User,
    "Parsers (one a language) that a parser process keeps, least recently used out first; 0 keeps all.",
);
pub const USE_MMAP: Row = row(
    "performance.use_mmap",
    Bool(true),
    Machine,
    "Map the index's own files into memory; false reads them. A workspace's files are never mapped.",
);
pub const MMAP_THRESHOLD: Row = row(
    "performance.mmap_threshold",
    Size(0),
    Machine,
    "Smaller files of the index are read instead of mapped; 0 maps all.",
);
pub const MAX_MEMORY: Row = row(
    "performance.limits.max_memory",
    Size(0),
    User,
    "As memory.limit_mb, as a size; the lower of both holds, at least 128MB; 0 leaves it to memory.limit_mb.",
);
pub const MAX_CPU: Row = row(
    "performance.limits.max_cpu_percent",
    Int(100, 5, 100),
    Narrowing,
    "Share of all cores that indexing may take, with its parser processes; answers count and are never held back.",
);
pub const MAX_DISK_IO: Row = row(
    "performance.limits.max_disk_io",
    Size(0),
    User,
    "Bytes a second that indexing reads of a workspace, such as 100MB/s; less than 64KB counts as 64KB; 0 means no limit.",
);
pub const THROTTLING_ENABLED: Row = row(
    "performance.throttling.enabled",
    Bool(false),
    User,
    "Hold indexing back to performance.throttling.rate_limit files a second.",
);
pub const THROTTLING_RATE: Row = row(
    "performance.throttling.rate_limit",
    Int(1_000, 10, 1_000_000),
    User,
    "Files a second that are read where throttling is on.",
);
pub const QUIET_ON_BATTERY: Row = row(
    "performance.quiet_on_battery",
    Bool(true),
    User,
    "While the machine runs on its battery, the server indexes with one parser process less; the only one works half of the time.",
);
pub const PATTERN_TRIE_ENABLED: Row = row(
    "performance.pattern_trie.enabled",
    Bool(true),
    User,
    "Remember the compiled ignore rules of folders; false reads and compiles them for each question about a path.",
);
pub const PATTERN_TRIE_SIZE: Row = row(
    "performance.pattern_trie.cache_size",
    Int(1_000, 0, 10_000_000),
    User,
    "Folders whose compiled ignore rules are remembered.",
);
pub const CACHE_KEPT: Row = row(
    "performance.cache.enabled",
    Bool(true),
    Machine,
    "Keep the index on disk; false is the same as performance.cache.type = memory.",
);
pub const CACHE_TYPE: Row = row(
    "performance.cache.type",
    Choice(&["filesystem", "memory"]),
    Machine,
    "Where the index is kept: in cache.directory, or in memory alone, so that each start makes it again.",
);
pub const CACHE_SIZE_LIMIT: Row = row(
    "performance.cache.size_limit",
    Size(2 << 30),
    Machine,
    "Bytes of all indexes together that `portolan gc` leaves, the most recently used first.",
);
pub const CACHE_TTL: Row = row(
    "performance.cache.ttl",
    Int(5_184_000, 0, 3_153_600_000),
    Machine,
    "Seconds after its last use when `portolan gc` removes an index.",
);
