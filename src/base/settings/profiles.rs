//! Named sets of settings. Invariant: each value fits its row and counts less than anything that was set by itself. Must
//! not know what a setting does.

use super::table;
use crate::base::os::machine::Machine;

/// Settings and their values, written as on a command line.
pub type Values = &'static [(&'static str, &'static str)];

const STAT_CACHE: &str = table::STAT_CACHE_SIZE.name;
const SCANNER: &str = table::SCANNER_WORKERS.name;
const PROCESSOR: &str = table::PROCESSOR_WORKERS.name;
const EMBEDDING: &str = table::EMBEDDINGS_BATCH.name;
const MEMORY: &str = table::MEMORY_LIMIT_MB.name;
const BUDGET: &str = table::CACHE_MEMORY_BUDGET_MB.name;
const HOT: &str = table::CACHE_HOT_RATIO.name;
const WARM: &str = table::CACHE_WARM_RATIO.name;
const COLD: &str = table::CACHE_COLD_RATIO.name;
const FROZEN: &str = table::CACHE_FROZEN_RATIO.name;
const COMPRESSION: &str = table::CACHE_COMPRESSION.name;
const SEGMENT: &str = table::SEGMENT_SIZE.name;

/// Fewer than 10,000 files, on a laptop.
const SMALL: Values = &[(STAT_CACHE, "5000"), (SCANNER, "2"), (PROCESSOR, "2"), (EMBEDDING, "16")];
/// Up to 50,000 files, on a desktop.
const MEDIUM: Values = &[(STAT_CACHE, "10000"), (SCANNER, "4"), (PROCESSOR, "4"), (EMBEDDING, "32")];
/// Up to 100,000 files, on a workstation.
const LARGE: Values = &[(STAT_CACHE, "50000"), (SCANNER, "8"), (PROCESSOR, "8"), (EMBEDDING, "64"), (MEMORY, "1024")];
/// More, on a server.
const HUGE: Values = &[
    (STAT_CACHE, "100000"),
    (table::STAT_CACHE_TTL.name, "600"),
    (SCANNER, "16"),
    (table::SCANNER_TIMEOUT.name, "600"),
    (PROCESSOR, "16"),
    (table::PROCESSOR_BATCH.name, "200"),
    (EMBEDDING, "128"),
    (MEMORY, "2048"),
];
/// Somebody edits all day: trees and facts at hand, little memory, much told.
const DEV: Values =
    &[(BUDGET, "50"), (HOT, "0.4"), (SEGMENT, "64000"), (COMPRESSION, "false"), (table::LOG_LEVEL.name, "debug")];
/// Runs for long and for many.
const PROD: Values = &[(BUDGET, "500"), (MEMORY, "2048"), (HOT, "0.1"), (SEGMENT, "256000"), (COMPRESSION, "true")];
/// Runs once, as fast as it can.
const CI: Values = &[
    (BUDGET, "200"),
    (MEMORY, "1024"),
    (HOT, "0.3"),
    (SEGMENT, "128000"),
    (COMPRESSION, "false"),
    (PROCESSOR, "4"),
    (SCANNER, "4"),
];
const READ_HEAVY: Values = &[(HOT, "0.3"), (WARM, "0.3"), (COLD, "0.2"), (FROZEN, "0.2")];
const WRITE_HEAVY: Values = &[(HOT, "0.1"), (WARM, "0.2"), (COLD, "0.3"), (FROZEN, "0.4")];

/// The values of a profile; none for `auto`, which measures.
pub fn values(name: &str) -> Option<Values> {
    Some(match name {
        "small" => SMALL,
        "medium" => MEDIUM,
        "large" => LARGE,
        "huge" => HUGE,
        "dev" => DEV,
        "prod" => PROD,
        "ci" => CI,
        "read_heavy" => READ_HEAVY,
        "write_heavy" => WRITE_HEAVY,
        _ => return None,
    })
}

/// One worker a core, at most four; a quarter of a memory that is smaller than four times the default.
pub fn measured(machine: &Machine) -> Vec<(&'static str, String)> {
    let workers = machine.cores.clamp(1, 4).to_string();
    let mut out = vec![(SCANNER, workers.clone()), (PROCESSOR, workers)];
    let quarter = (machine.memory / 4) >> 20;
    if quarter > 0 && quarter < 512 {
        out.push((MEMORY, quarter.max(128).to_string()));
    }
    out
}
