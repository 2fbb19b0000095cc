//! What background work may take, and that it stands still when it is told to.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use portolan::base::cancel::Cancel;
use portolan::base::settings::{Settings, Trust, table};
use portolan::embed::fake::Fake;
use portolan::features::workspace_symbols::workspace_symbols;
use portolan::index::wants::Wants;
use portolan::syntax::languages::Lang;
use portolan::workspace::options::unknown_names;
use portolan::workspace::worker::{Job, Pool, PoolOptions, Task};
use portolan::workspace::{Options, Pace, PaceOptions, PackOptions, Stage, Workspace};
use serde_json::json;

use crate::client::{Client, able, at, uri};
use crate::until;

/// A folder with a root of `count` files, each with one function, and options to open it.
fn place(count: usize, lines: usize) -> (tempfile::TempDir, Options) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    for number in 0..count {
        let text = format!("pub fn name_{number}() {{}}\n{}", "// a line of words\n".repeat(lines));
        std::fs::write(root.join(format!("{number}.rs")), text).unwrap();
    }
    let options = Options {
        cache_dir: Some(folder.path().join("cache")),
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        follow: false,
        ..Options::default()
    };
    (folder, options)
}

fn within(milliseconds: u64) -> Cancel {
    Cancel::new().within(Duration::from_millis(milliseconds))
}

/// How long indexing takes.
fn time(folder: &Path, options: Options) -> Duration {
    let begun = Instant::now();
    let workspace = Workspace::open(vec![folder.join("root")], options).unwrap();
    assert!(workspace.wait_indexed(Stage::Embedded, &within(60_000)));
    assert_eq!(workspace.status_progress().files_done, workspace.status_progress().files_found);
    begun.elapsed()
}

fn knows(workspace: &Workspace, name: &str) -> bool {
    let answer = workspace_symbols(&workspace.snapshot(), name, None, 10, &Cancel::new());
    answer.value.iter().any(|it| it.hit.name == name)
}

#[test]
fn while_paused_only_what_is_asked_for_is_indexed() {
    let (folder, options) = place(100, 0);
    let workspace = Workspace::open(Vec::new(), options.clone()).unwrap();
    workspace.pause(true);
    workspace.add_root(&folder.path().join("root")).unwrap();
    let (done, found) = unbounded();
    workspace.seek(Wants::declared("name_77").unwrap(), Cancel::new(), move |it| done.send(it).unwrap());
    assert!(found.recv_timeout(Duration::from_secs(60)).unwrap());
    assert!(knows(&workspace, "name_77") && !knows(&workspace, "name_5"));
    assert!(!workspace.wait_indexed(Stage::Indexed, &within(200)), "nobody let it go on");
    assert!(workspace.status().paused);
    workspace.pause(false);
    assert!(workspace.wait_indexed(Stage::Embedded, &within(60_000)));
    assert!(knows(&workspace, "name_5") && !workspace.status().paused);
    // It ends while paused, with work at hand, and the next one is not paused.
    workspace.pause(true);
    std::fs::write(folder.path().join("root/new.rs"), "fn quite_new() {}\n").unwrap();
    workspace.rescan(Vec::new());
    drop(workspace);
    let next = Workspace::open(vec![folder.path().join("root")], options).unwrap();
    assert!(next.wait_indexed(Stage::Embedded, &within(60_000)) && knows(&next, "quite_new"));
}

#[test]
fn a_question_that_needs_a_large_text_is_answered_while_paused() {
    let (folder, options) = place(3, 0);
    let large = format!("pub fn name_in_a_large_text() {{}}\n{}", "// a line of words\n".repeat(32_000));
    std::fs::write(folder.path().join("root/large.rs"), large).unwrap();
    let workspace = Workspace::open(Vec::new(), options).unwrap();
    workspace.pause(true);
    workspace.add_root(&folder.path().join("root")).unwrap();
    for name in ["name_in_a_large_text", "name_1"] {
        let (done, found) = unbounded();
        workspace.seek(Wants::declared(name).unwrap(), Cancel::new(), move |it| done.send(it).unwrap());
        assert!(found.recv_timeout(Duration::from_secs(60)).unwrap() && knows(&workspace, name));
    }
}

#[test]
fn a_client_pauses_indexing_and_works_on() {
    let (folder, _options) = place(3, 0);
    let root = folder.path().join("root");
    let mut client = Client::open_with(&[&root], crate::client::options(), able());
    client.wait_embedded();
    let command =
        |client: &mut Client, id: &str| client.request("workspace/executeCommand", json!({ "command": id })).unwrap();
    assert_eq!(client.request("portolan/pause", json!({ "paused": true })).unwrap(), json!({ "paused": true }));
    let status = client.request("portolan/status", json!({})).unwrap();
    assert_eq!(status["paused"], json!(true));
    assert!(status["summary"].as_str().unwrap().starts_with("paused; "), "{status}");
    // What is typed is known at once; a file that somebody else makes is not.
    let open = root.join("0.rs");
    client.did_open(&uri(&open), "rust", "fn typed_while_paused() {}\n");
    std::fs::write(root.join("made.rs"), "fn made_while_paused() {}\n").unwrap();
    command(&mut client, "portolan.server.rescan");
    let named = |client: &mut Client, name: &str| {
        let found = client.request("workspace/symbol", json!({ "query": name })).unwrap();
        found.as_array().is_some_and(|it| it.iter().any(|it| it["name"] == json!(name)))
    };
    assert!(named(&mut client, "typed_while_paused") && !named(&mut client, "made_while_paused"));
    let outline = json!({ "textDocument": { "uri": uri(&open) } });
    assert_eq!(client.request("textDocument/documentSymbol", outline).unwrap()[0]["name"], json!("typed_while_paused"));
    let there = json!({ "textDocument": { "uri": uri(&open) }, "position": at(0, 5) });
    assert!(!client.request("textDocument/definition", there).unwrap().is_null());
    assert_eq!(command(&mut client, "portolan.server.resume"), json!({ "paused": false }));
    until("it goes on", || named(&mut client, "made_while_paused"));
    assert_eq!(command(&mut client, "portolan.server.pause"), json!({ "paused": true }));
    let refused = client.request("portolan/pause", json!({ "paused": "yes" })).unwrap_err();
    assert_eq!(refused.code, -32602);
    assert_eq!(client.request("portolan/pause", json!([true])).unwrap_err().code, -32602);
}

#[test]
fn files_and_bytes_come_no_faster_than_they_may() {
    let pace = |pace: PaceOptions| {
        let (folder, options) = place(20, 200);
        time(folder.path(), Options { pace, ..options })
    };
    // A quarter of a second's worth is free.
    assert!(pace(PaceOptions { files_per_second: 20, ..PaceOptions::default() }) >= Duration::from_millis(700));
    assert!(pace(PaceOptions { bytes_per_second: 64 << 10, ..PaceOptions::default() }) >= Duration::from_millis(800));
    // Nor where they are read again, for vectors alone.
    let (folder, options) = place(20, 200);
    time(folder.path(), options.clone());
    let pace = PaceOptions { bytes_per_second: 64 << 10, ..PaceOptions::default() };
    let later = Options { pace, embedder: Some(Arc::new(Fake)), ..options };
    assert!(time(folder.path(), later) >= Duration::from_millis(800));
}

#[test]
fn what_runs_once_is_not_quiet_on_a_battery() {
    let served = Options::default();
    assert!(served.pace_in_force().power_supplies.is_some());
    let once = Options { follow: false, ..served };
    assert_eq!(once.pace_in_force(), PaceOptions { power_supplies: None, ..once.pace.clone() });
}

#[test]
fn indexing_takes_its_share_of_the_processor_and_no_more() {
    let (folder, _options) = place(200, 500);
    let cores = std::thread::available_parallelism().unwrap().get() as f64;
    let output = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(["index", "--profile", "--set", "performance.limits.max_cpu_percent=10", "--cache-dir"])
        .args([folder.path().join("cache"), folder.path().join("root")])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let figure = |name: &str| -> f64 {
        let line = said.lines().find(|it| it.starts_with(name)).unwrap_or_else(|| panic!("{said}"));
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let (taken, all) = (figure("processor"), figure("total"));
    // What is saved up, and what each worker needs to start and for the batch in hand.
    assert!(
        taken <= 0.1 * cores * (all + 0.2) + 0.3 * (cores.min(4.0) + 1.0),
        "{taken} s of {all} s on {cores} cores:\n{said}"
    );
    assert!(taken > 0.1, "too little to tell: {said}");
}

#[test]
fn on_its_battery_a_machine_works_with_one_process_less() {
    let supplies = tempfile::tempdir().unwrap();
    let battery = supplies.path().join("BAT0");
    std::fs::create_dir(&battery).unwrap();
    std::fs::write(battery.join("type"), "Battery\n").unwrap();
    let started = |state: &str| {
        std::fs::write(battery.join("status"), state).unwrap();
        let pace = PaceOptions { power_supplies: Some(supplies.path().into()), ..PaceOptions::default() };
        let pool = Pool::new(PoolOptions {
            workers: 2,
            executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
            pace: Arc::new(Pace::new(&pace, Arc::default())),
            ..PoolOptions::default()
        });
        let (pool, (done, outcomes)) = (pool.unwrap(), unbounded());
        let text: Arc<str> = "fn a() {}\n".repeat(4_000).into();
        for token in 0..12 {
            let tasks = vec![Task { token, lang: Lang::from_id("rust").unwrap(), text: text.clone() }];
            pool.submit(Job { tasks, urgent: false, done: done.clone() });
        }
        drop(done);
        assert_eq!(outcomes.iter().count(), 12);
        pool.started()
    };
    assert_eq!(started("Discharging\n"), 1);
    // Whether the other one gets hold of a text in time is chance: of so many it does.
    until("both work", || started("Charging\n") == 2);
}

#[test]
fn an_index_in_memory_leaves_nothing_behind() {
    let (folder, options) = place(3, 0);
    let packs = PackOptions { in_memory: true, ..PackOptions::default() };
    time(folder.path(), Options { packs, ..options.clone() });
    assert!(!folder.path().join("cache").exists());
    // Read instead of mapped, the index answers the same.
    for (mapped, least_mapped) in [(true, 0), (false, 0), (true, 1 << 40)] {
        let packs = PackOptions { mapped, least_mapped, ..PackOptions::default() };
        let workspace =
            Workspace::open(vec![folder.path().join("root")], Options { packs, ..options.clone() }).unwrap();
        assert!(workspace.wait_indexed(Stage::Embedded, &within(60_000)) && knows(&workspace, "name_1"));
    }
}

#[test]
fn the_limits_reach_the_options() {
    let options = |assignments: &[&str]| {
        let mut settings = Settings::default();
        assignments.iter().for_each(|it| settings.add_assignment(it, "--set").unwrap());
        Options::from_settings(&settings)
    };
    assert_eq!(options(&["performance.parallel_tracking=false"]).workers, 1);
    let few = options(&["performance.max_workers=1", "performance.parallel_processor.max_workers=8"]);
    assert_eq!((few.workers, few.walkers), (1, 1));
    assert_eq!(options(&["performance.limits.max_memory=200MB"]).memory_limit, 200 << 20);
    assert_eq!(options(&["performance.limits.max_memory=4GB"]).memory_limit, 512 << 20);
    assert_eq!(options(&["performance.limits.max_memory=1"]).memory_limit, 128 << 20);
    assert_eq!(options(&["performance.limits.max_disk_io=100MB/s"]).pace.bytes_per_second, 100 << 20);
    assert_eq!(options(&["performance.throttling.rate_limit=50"]).pace.files_per_second, 0, "it is off");
    let throttled = options(&["performance.throttling.rate_limit=50", "performance.throttling.enabled=true"]);
    assert_eq!(throttled.pace.files_per_second, 50);
    assert_eq!(options(&["performance.quiet_on_battery=false"]).pace.power_supplies, None);
    assert_eq!(options(&["performance.pattern_trie.enabled=false"]).rules.remembered, 0);
    assert!(options(&["performance.cache.enabled=false"]).packs.in_memory);
    assert!(options(&["performance.cache.type=memory"]).packs.in_memory);
    assert_eq!(options(&["performance.mmap_threshold=1GB"]).packs.least_mapped, 1 << 30);
    assert_eq!(table::find("performance.cache.path").map(|it| it.name), Some("cache.directory"));
}

#[test]
fn a_profile_gets_what_it_says() {
    for name in table::PROFILES {
        let mut settings = Settings::default();
        settings.add_assignment(&format!("profile={name}"), "--set").unwrap();
        let budget = settings.int(&table::CACHE_MEMORY_BUDGET_MB) as u64;
        assert_eq!(Options::from_settings(&settings).cache.budget, budget << 20, "{name}");
    }
}

#[test]
fn a_language_that_there_is_none_of_is_told() {
    let mut settings = Settings::default();
    settings.add_toml(
        "[languages.pyhton]\nsegment_size = '8KB'\n[languages.rust]\nhot_tier_ratio = 0.2",
        "f",
        Trust::User,
    );
    let told = unknown_names(&settings);
    assert_eq!(told, ["f: languages.segment_size names pyhton, which is no language; `portolan languages` lists them"]);
}

#[test]
fn the_log_tells_the_metrics_that_are_asked_for() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("root")).unwrap();
    std::fs::write(place.path().join("root/a.rs"), "fn alpha() {}\n").unwrap();
    let said = |arguments: &[&str], variable: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
        command.arg("index").arg(place.path().join("root")).arg("--cache-dir").arg(place.path().join("cache"));
        command.env("XDG_CONFIG_HOME", place.path()).env_remove("PORTOLAN_METRICS");
        if !variable.is_empty() {
            command.env("PORTOLAN_METRICS", variable);
        }
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        ["walking", "extraction", "cache: hits", "metrics names"].map(|it| said.contains(it))
    };
    assert_eq!(said(&[], ""), [false; 4]);
    assert_eq!(said(&["--set", "metrics=io"], ""), [true, false, false, false]);
    assert_eq!(said(&[], "parse,io"), [true, true, false, false]);
    assert_eq!(said(&["--set", "metrics=detailed,pasre"], "io"), [true, true, false, true]);
}

#[test]
fn the_origin_of_a_value_is_told() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("portolan")).unwrap();
    std::fs::write(home.path().join("portolan/portolan.toml"), "profile = \"small\"\n[embeddings]\nbatch_size = 8\n")
        .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(["config", "show", "--origin"])
        .env("XDG_CONFIG_HOME", home.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let has = |line: &str| assert!(said.lines().any(|it| it == line), "{line} is not in\n{said}");
    has("performance.parallel_processor.max_workers = 2  # profile small");
    has("performance.file_stat_cache.max_size = 5000  # profile small");
    has(&format!("embeddings.batch_size = 8  # {}", home.path().join("portolan/portolan.toml").display()));
    has("search.limit = 10  # default");
}
