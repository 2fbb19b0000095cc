//! `portolan search "question" [FOLDER]`: answers as declarations with `path:line`, readable in a terminal, or as JSON.
//! Invariant: the list is that of `features::semantic_search`, in its order. Must not know how it is made.

use std::path::PathBuf;
use std::process::ExitCode;

use super::answers::{self, Show};
use super::args::{Common, FilterFlags, ShowFlags};
use super::{UsageError, index_cmd};
use crate::base::cancel::Cancel;
use crate::base::paths::RelPath;
use crate::base::settings::{Settings, table};
use crate::features::semantic_search::{By, Filters, Means, Question, semantic_search};
use crate::workspace::{Options, Stage};

/// What the command line asked for.
pub struct Wish {
    pub question: String,
    pub path: Option<PathBuf>,
    pub limit: Option<usize>,
    pub filters: FilterFlags,
    pub show: ShowFlags,
    pub no_wait: bool,
}

/// What the flags restrict a question to.
///
/// # Errors
/// One of them names what is not known (exit code 2).
pub fn filters(flags: &FilterFlags) -> Result<Filters, UsageError> {
    let mut out = Filters::default();
    for (by, values, not) in [
        (By::Lang, &flags.langs, false),
        (By::Path, &flags.paths, false),
        (By::Kind, &flags.kinds, false),
        (By::Lang, &flags.not_langs, true),
        (By::Path, &flags.not_paths, true),
        (By::Kind, &flags.not_kinds, true),
    ] {
        values.iter().try_for_each(|it| out.add(by, it, not)).map_err(|why| UsageError(why.to_string()))?;
    }
    Ok(out)
}

/// Runs the command: 0 with answers, 1 without.
///
/// # Errors
/// A question that cannot be asked or a path that cannot be a root (exit code 2).
pub fn run(settings: Settings, common: &Common, wish: &Wish) -> anyhow::Result<ExitCode> {
    let asked = Question::restricted(&wish.question, &filters(&wish.filters)?);
    let question = asked.map_err(|why| UsageError(why.to_string()))?;
    answers::choose_color(wish.show.color);
    let limit = wish.limit.unwrap_or_else(|| usize::try_from(settings.int(&table::SEARCH_LIMIT)).unwrap_or(10));
    let options = Options { follow: false, ..Options::default() };
    let workspace = index_cmd::open(settings, wish.path.as_deref(), options)?;
    let target = if wish.no_wait { Stage::Opened } else { Stage::Embedded };
    index_cmd::wait(&workspace, target, common.json);
    let (snapshot, embedder) = (workspace.snapshot(), workspace.embedder());
    let cancel = Cancel::new();
    let texts = |file, root, path: &RelPath| workspace.text_of(&snapshot, file, root, path);
    let means = Means { embedder: embedder.as_deref(), texts: Some(&texts), near: None };
    let ask = |limit| anyhow::Ok(semantic_search(&snapshot, means, &question, limit, &cancel, None));
    let found = answers::enough(limit, &wish.show, ask)?;
    let show = Show { flags: &wish.show, json: common.json };
    answers::print(&found, &snapshot, &workspace, &show, None)?;
    workspace.shutdown();
    Ok(if found.items.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
