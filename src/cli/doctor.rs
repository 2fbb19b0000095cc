//! `portolan doctor`: looks at everything that Portolan needs of this machine and says what is wrong and how to mend it.
//! Invariant: changes nothing but a probe file in the cache directory, which it removes. Exit code 1 where something is
//! broken; what is merely missing is only told.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::setup;
use crate::base::os;
use crate::base::settings::{Settings, table};
use crate::embed::device::Device;
use crate::embed::{self, Embedder};
use crate::store::directory::cache_directory;

/// Below so many MiB, memory.limit_mb is exceeded while a workspace of some size is indexed.
const COMFORT_MB: i64 = 256;

/// Passages that a model is timed by.
const SAMPLE: usize = 64;
const SAMPLE_TEXT: &str = "fn retry(request: &Request, limit: u32) -> Result<Response, Error> {\n    for attempt in 0..limit {\n        \
                           match send(request) {\n            Ok(it) => return Ok(it),\n            Err(_) => \
                           sleep(backoff(attempt)),\n        }\n    }\n    Err(Error::TooOften)\n}\n";

/// How a thing stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// Works, but less well than it could; or has not run on this system.
    Note,
    Broken,
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    state: State,
    text: String,
}

fn good(what: &'static str, text: String) -> Finding {
    Finding { what, state: State::Good, text }
}

fn note(what: &'static str, text: String) -> Finding {
    Finding { what, state: State::Note, text }
}

fn broken(what: &'static str, text: String) -> Finding {
    Finding { what, state: State::Broken, text }
}

/// Looks, prints, and says with the exit code whether something is broken.
pub fn run(settings: &Settings, as_json: bool) -> Result<ExitCode> {
    let findings =
        [system(), configuration(settings), cache(settings), memory(settings), watches(settings), model(settings)];
    if as_json {
        let rows: Vec<_> =
            findings.iter().map(|it| json!({"what": it.what, "state": word(it.state), "text": it.text})).collect();
        anstream::println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        for it in &findings {
            anstream::println!("{:<7} {:<12} {}", word(it.state), it.what, it.text);
        }
    }
    let is_broken = findings.iter().any(|it| it.state == State::Broken);
    Ok(if is_broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn word(state: State) -> &'static str {
    match state {
        State::Good => "good",
        State::Note => "note",
        State::Broken => "broken",
    }
}

fn system() -> Finding {
    let text = format!("portolan {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        good("system", text)
    } else {
        note("system", format!("{text}: not tested there yet"))
    }
}

fn configuration(settings: &Settings) -> Finding {
    let file = setup::user_file().map_or_else(|| "no home directory".to_owned(), |path| path.display().to_string());
    if settings.notices.is_empty() { good("settings", file) } else { broken("settings", settings.notices.join("; ")) }
}

fn cache(settings: &Settings) -> Finding {
    let named = settings.text(&table::CACHE_DIRECTORY);
    let (directory, notice) = cache_directory((!named.is_empty()).then(|| Path::new(named)));
    let Some(directory) = directory else { return broken("cache", notice.unwrap_or_default()) };
    if let Err(error) = probe(&directory) {
        let why = format!(
            "{}: {error}; the index stays in memory: set cache.directory to one that can be written",
            directory.display()
        );
        return broken("cache", why);
    }
    let free = os::directories::free_bytes(&directory).unwrap_or(0) >> 20;
    let text = format!("{} ({free} MiB free)", directory.display());
    if let Some(notice) = notice {
        note("cache", format!("{text}: {notice}"))
    } else if free < 1024 {
        note("cache", format!("{text}: an index takes about three quarters of the size of the code"))
    } else {
        good("cache", text)
    }
}

/// Makes and removes a file in the directory.
fn probe(directory: &Path) -> std::io::Result<()> {
    let private = os::PrivateDir::create(directory)?;
    let name = format!("probe-{}", std::process::id());
    private.create_new(&name)?;
    private.remove(&name)
}

fn memory(settings: &Settings) -> Finding {
    let limit = settings.int(&table::MEMORY_LIMIT_MB);
    let cache = settings.int(&table::CACHE_MEMORY_BUDGET_MB);
    if cache > limit {
        return broken(
            "memory",
            format!("cache.memory_budget_mb ({cache}) is more than memory.limit_mb ({limit}): lower it"),
        );
    }
    if limit < COMFORT_MB {
        return note(
            "memory",
            format!(
                "limit {limit} MiB: indexing slows down to stay near it, but parser, model and index need about \
                 {COMFORT_MB} MiB on a large workspace; set memory.limit_mb to that or more"
            ),
        );
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    good("memory", format!("limit {limit} MiB for all processes, {cache} MiB of it for the cache; {cores} cores"))
}

fn watches(settings: &Settings) -> Finding {
    if !settings.bool(&table::WATCH_ENABLED) {
        return note("watching", "switched off by watch.enabled: changes are seen at rescans".into());
    }
    match os::directories::watch_limit() {
        Some(limit) if limit < 8192 => note(
            "watching",
            format!(
                "the system allows {limit} watches, we take a quarter: raise fs.inotify.max_user_watches for large workspaces"
            ),
        ),
        Some(limit) => good("watching", format!("up to {} directories (a quarter of the system's {limit})", limit / 4)),
        None => note("watching", "the system's limit is not known: directories beyond it are rescanned".into()),
    }
}

fn model(settings: &Settings) -> Finding {
    if !settings.bool(&table::EMBEDDINGS_ENABLED) {
        return note("embeddings", "switched off by embeddings.enabled: search goes by words and names".into());
    }
    match embed::from_settings(settings) {
        (_, Some(problem)) => broken("embeddings", problem),
        (None, None) => note("embeddings", "there is none: search goes by words and names".into()),
        (Some(embedder), None) => run_model(&*embedder, settings.text(&table::EMBEDDINGS_DEVICE)),
    }
}

/// Has the model run, and says where and how fast.
fn run_model(embedder: &dyn Embedder, device: &str) -> Finding {
    let begun = std::time::Instant::now();
    let texts: Vec<String> = (0..SAMPLE).map(|it| SAMPLE_TEXT.repeat(1 + it % 3)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let ran = embedder.start().and_then(|()| embedder.embed(&texts, &mut Vec::new()));
    if let Err(error) = ran {
        return broken("embeddings", format!("{error}; until then search goes by words and names"));
    }
    let runs_on = embedder.runs_on();
    let mut text = runs_on.clone();
    if !runs_on.contains("passages/s") {
        let speed = SAMPLE as f64 / begun.elapsed().as_secs_f64().max(1e-6);
        text = format!("default model, {runs_on}, {speed:.0} passages/s");
    }
    text.push_str(&format!("; embeddings.device = {device}"));
    for (device, why) in embedder.refusals() {
        text.push_str(&format!("; not {device}: {why}"));
    }
    let untried: Vec<&str> = Device::ALL.into_iter().filter(|it| !it.has_been_run()).map(Device::name).collect();
    text.push_str(&format!("; built, not yet run here: {}", untried.join(", ")));
    let notices = embedder.notices();
    if notices.is_empty() {
        good("embeddings", text)
    } else {
        note("embeddings", format!("{}; {text}", notices.join("; ")))
    }
}
