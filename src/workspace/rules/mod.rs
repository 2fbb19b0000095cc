//! Which files belong to the workspace: one rule set for the walker and the watcher.
//! Must not open a path except through the door in `base/os`.

/// Folders of `directory_filtering.skip_large_directories` by default: dependencies and outputs.
pub const LARGE_DIRECTORIES: [&str; 6] = ["node_modules", ".git", "venv", "__pycache__", "dist", "build"];
