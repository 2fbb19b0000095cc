//! `portolan index [PATH]`: indexes a folder and shows how far it is. Invariant: however it ends, what was committed
//! stays usable.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::args::Common;
use super::{UsageError, setup};
use crate::base::cancel::Cancel;
use crate::base::settings::Settings;
use crate::workspace::{Event, Options, Progress, Stage, Workspace, WorkspaceError};

/// What the command line asked for.
pub struct Wish {
    pub path: Option<PathBuf>,
    pub no_wait: bool,
    pub force: bool,
    pub profile: bool,
    /// Patterns of the files that are read for whoever comes next.
    pub warm: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A path that cannot be a root or patterns that say nothing (exit code 2), or an index that cannot be made.
pub fn run(settings: Settings, common: &Common, wish: &Wish) -> anyhow::Result<ExitCode> {
    if !wish.warm.is_empty() && !Workspace::are_patterns(&wish.warm) {
        let all = wish.warm.join(", ");
        let why = format!("--warm {all}: no pattern; write one as in .gitignore, such as 'src/**'");
        return Err(UsageError(why).into());
    }
    let options = Options { follow: false, allow_broad_root: wish.force, ..Options::default() };
    let workspace = open(settings, wish.path.as_deref(), options)?;
    let target = if wish.no_wait { Stage::Opened } else { Stage::Embedded };
    let done = wait(&workspace, target, common.json);
    let warmed = (!wish.warm.is_empty()).then(|| warm(&workspace, &wish.warm));
    let status = workspace.status();
    workspace.shutdown();
    if common.json {
        println_json(&json!({
            "complete": done,
            "files": status.progress.files_done,
            "bytes": status.progress.bytes_done,
            "skipped": status.progress.files_skipped,
            "parsed": status.progress.files_parsed,
            "reused": status.progress.files_reused,
            "unchanged": status.progress.files_unchanged,
            "passages": status.progress.passages_found,
            "embedded": status.progress.passages_done,
            "embedded_by_runtime": status.passages_made,
            "embedder": status.embedder,
            "worker_restarts": status.progress.worker_restarts,
            "warmed": warmed.map(|(files, bytes)| json!({ "files": files, "bytes": bytes })),
        }))?;
    } else {
        anstream::println!("{}", sentence(&status.progress));
        if let Some((files, bytes)) = warmed {
            anstream::println!("{files} files were read ahead ({} KB of text)", bytes.div_ceil(1_000));
        }
        if wish.profile {
            for line in &status.profile {
                anstream::println!("{line}");
            }
        }
    }
    for notice in &status.notices {
        anstream::eprintln!("portolan: {notice}");
    }
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads files that `patterns` name, with what the index holds of them; says how many, and how many bytes of text.
fn warm(workspace: &Workspace, patterns: &[String]) -> (usize, usize) {
    let snapshot = workspace.snapshot();
    let found = workspace.matching(&snapshot, patterns, &Cancel::new()).unwrap_or_default();
    let (mut files, mut bytes) = (0, 0);
    for file in found {
        let Some((root, path)) = snapshot.path(file) else { continue };
        if snapshot.facts(file).is_some() {
            files += 1;
            bytes += workspace.text_of(&snapshot, file, root, &path).map_or(0, |it| it.len());
        }
    }
    (files, bytes)
}

/// Opens the workspace at `path` with the settings in force; `base` carries what the command decides.
///
/// # Errors
/// The path cannot be a root: exit code 2.
pub fn open(mut settings: Settings, path: Option<&Path>, base: Options) -> anyhow::Result<Arc<Workspace>> {
    let path = path.unwrap_or(Path::new("."));
    setup::narrow_by_root(&mut settings, path);
    setup::tell(&settings);
    let mut options = setup::workspace_options(&settings)?;
    options.follow &= base.follow;
    options.read_only = base.read_only;
    options.allow_broad_root = base.allow_broad_root;
    Workspace::open(vec![path.to_path_buf()], options).map_err(|error| match error {
        WorkspaceError::System(_) => anyhow::Error::new(error),
        mistake => UsageError(mistake.to_string()).into(),
    })
}

/// Waits for `stage` and shows progress: a bar on a terminal, a line every few seconds elsewhere (none with `quiet`).
pub fn wait(workspace: &Workspace, stage: Stage, quiet: bool) -> bool {
    let events = workspace.events();
    let bar = (!quiet).then(bar);
    let begun = std::time::Instant::now();
    let mut last_line = begun;
    let step = Cancel::new();
    loop {
        if workspace.wait_indexed(stage, &step.within(Duration::from_millis(100))) {
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            return true;
        }
        let mut closed = false;
        for event in events.try_iter() {
            closed |= matches!(event, Event::Closed);
        }
        if closed {
            return false;
        }
        let progress = workspace.status_progress();
        if let Some(bar) = &bar {
            if bar.is_hidden() {
                if last_line.elapsed() >= Duration::from_secs(5) {
                    last_line = std::time::Instant::now();
                    anstream::eprintln!("portolan: {}", sentence(&progress));
                }
            } else if is_worth_a_bar(&progress, begun.elapsed()) {
                show(bar, &progress);
            }
        }
    }
}

/// Whether there is more to do than to see that nothing has changed, or that takes long.
fn is_worth_a_bar(progress: &Progress, taken: Duration) -> bool {
    let is_read = progress.files_parsed + progress.files_reused > 0;
    is_read || progress.passages_done < progress.passages_found || taken >= Duration::from_secs(1)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(1);
    restyle(&bar, "{spinner} {bar:30} {bytes}/{total_bytes} {msg} {elapsed}");
    bar
}

fn restyle(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// Files first; a model that takes long is still at their passages then.
fn show(bar: &ProgressBar, progress: &Progress) {
    if progress.files_done >= progress.files_found && progress.passages_done < progress.passages_found {
        restyle(bar, "{spinner} {bar:30} {pos}/{len} passages have vectors {elapsed}, {eta} left");
        bar.set_length(progress.passages_found);
        bar.set_position(progress.passages_done);
    } else {
        bar.set_length(progress.bytes_found.max(1));
        bar.set_position(progress.bytes_done);
        bar.set_message(format!("{} of {} files", progress.files_done, progress.files_found));
    }
}

/// `1,234 files indexed, 3 skipped ...`
fn sentence(progress: &Progress) -> String {
    format!(
        "{} of {} files indexed ({} parsed, {} unchanged, {} known), {} left out; {} of {} passages have vectors",
        progress.files_done,
        progress.files_found,
        progress.files_parsed,
        progress.files_unchanged,
        progress.files_reused,
        progress.files_skipped,
        progress.passages_done,
        progress.passages_found,
    )
}

/// One JSON value as a line.
///
/// # Errors
/// Standard output is closed.
pub fn println_json(value: &serde_json::Value) -> anyhow::Result<()> {
    anstream::println!("{}", serde_json::to_string(value)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_shown_where_something_is_done() {
        let worth = |progress, tenths: u64| is_worth_a_bar(&progress, Duration::from_millis(tenths * 100));
        let unchanged = Progress { files_found: 900, files_unchanged: 20, bytes_found: 1 << 23, ..Progress::default() };
        assert!(!worth(Progress::default(), 1) && !worth(unchanged, 3));
        assert!(worth(Progress { files_parsed: 1, ..unchanged }, 1));
        assert!(worth(Progress { files_reused: 1, ..unchanged }, 1));
        assert!(worth(Progress { passages_found: 5, passages_done: 4, ..unchanged }, 1));
        assert!(worth(unchanged, 10), "a large folder, or a slow disk");
    }
}
