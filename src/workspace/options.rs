//! What a workspace is opened with. Invariant: every field has an effect; defaults are those of the settings table.
//! Must not know where a value came from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::embed::Embedder;

/// Plain options; `Default` is what the settings table calls `auto`.
#[derive(Clone)]
pub struct Options {
    /// Directory of the index; none: `portolan/` in the user's cache directory.
    pub cache_dir: Option<PathBuf>,
    /// Which files belong to the workspace.
    pub rules: RuleOptions,
    /// Parser processes; 0: one a core, at most four.
    pub workers: usize,
    /// Bytes that the whole process tree may take (sum of PSS).
    pub memory_limit: u64,
    /// Watch for changes and rescan by timer; off for commands that run once.
    pub follow: bool,
    /// Turns passages into vectors; none: names and words only.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// Open `/` or the home directory as a root without being asked about it.
    pub allow_broad_root: bool,
    /// Our own executable, for worker processes; none: `/proc/self/exe`.
    pub executable: Option<PathBuf>,
    /// Longest time between two commits of a running pass: what a crash may cost.
    pub commit_interval: Duration,
    /// Longest time between two full rescans of what is not watched.
    pub rescan_interval: Duration,
    /// `performance.file_stat_cache`.
    pub stat_cache: StatCacheOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_dir: None,
            rules: RuleOptions::default(),
            workers: 0,
            memory_limit: 512 << 20,
            follow: true,
            embedder: None,
            allow_broad_root: false,
            executable: None,
            commit_interval: Duration::from_secs(2),
            rescan_interval: Duration::from_secs(30),
            stat_cache: StatCacheOptions::default(),
        }
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
}

impl Default for RuleOptions {
    fn default() -> Self {
        Self {
            exclude: Vec::new(),
            include: Vec::new(),
            skip_directories: super::rules::LARGE_DIRECTORIES.iter().map(|&name| name.to_owned()).collect(),
            git_ignore: true,
            size_limit: 1 << 30,
            max_depth: 2_000,
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
