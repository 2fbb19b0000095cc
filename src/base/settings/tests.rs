//! Every source of settings, right and wrong.

use expect_test::{Expect, expect};

use super::table::{self, ROWS};
use super::value::wanted;
use super::{Settings, Trust, Value, profiles};
use crate::base::os::machine::Machine;

fn check(toml: &str, trust: Trust, expected: Expect) {
    let mut settings = Settings::default();
    settings.add_toml(toml, "f.toml", trust);
    let mut out = String::new();
    for row in ROWS {
        let (value, origin) = settings.get(row);
        if origin != "default" {
            out += &format!("{} = {} ({origin})\n", row.name, value.to_json());
        }
    }
    for notice in &settings.notices {
        out += &format!("! {notice}\n");
    }
    expected.assert_eq(&out);
}

#[test]
fn users_file_sets_everything() {
    check(
        "[memory]\nlimit_mb = 256\n[cache]\nsegment_size = \"64KB\"\n[tracking.patterns]\nexclude = [\"*.log\"]\n\
         [performance.embeddings]\nbatch_size = 8",
        Trust::User,
        expect![[r#"
            tracking.patterns.exclude = ["*.log"] (f.toml)
            memory.limit_mb = 256 (f.toml)
            cache.segment_size = 65536 (f.toml)
            embeddings.batch_size = 8 (f.toml)
        "#]],
    );
}

#[test]
fn a_workspace_only_narrows() {
    check(
        "[memory]\nlimit_mb = 256\n[cache]\ndirectory = \"/x\"\n[tracking]\nsize_limit = \"9TB\"\n[watch]\nenabled = false",
        Trust::Workspace,
        expect![[r#"
            memory.limit_mb = 256 (f.toml)
            watch.enabled = false (f.toml)
            ! f.toml: cache.directory cannot be set by a workspace: set it in your own portolan.toml
            ! f.toml: tracking.size_limit may only be narrowed by a workspace
        "#]],
    );
}

#[test]
fn a_client_sets_no_machine_setting() {
    check(
        "[embeddings]\nlibrary = \"/x.so\"\n[search]\nlimit = 20",
        Trust::Client,
        expect![[r#"
            search.limit = 20 (f.toml)
            ! f.toml: embeddings.library is a machine setting: set it in your own portolan.toml
        "#]],
    );
}

#[test]
fn mistakes_are_named() {
    check(
        "[memory]\nlimit_mb = -3\nlimitmb = 1\n[nonsense]\ndeep.er = 1\n[log]\nlevel = \"loud\"",
        Trust::User,
        expect![[r#"
            ! f.toml: log.level wants one of warn, error, info, debug, trace, off, not "loud"; it stays as it was
            ! f.toml: memory.limit_mb wants a whole number from 128 to 1048576, not -3; it stays as it was
            ! f.toml: no setting is called memory.limitmb; did you mean memory.limit_mb?
            ! f.toml: no setting is called nonsense.deep.er; `portolan config show` lists them
        "#]],
    );
    check(
        "[memory\nlimit_mb = 3",
        Trust::User,
        expect![[r#"
        ! f.toml:1: unclosed table, expected `]`; mend it, until then none of it is used
    "#]],
    );
}

#[test]
fn every_row_refuses_nonsense_and_takes_its_default_back() {
    let nonsense = ["-1", "99999999999999999999", "{}", "[1]", "\u{0}", "nonsense", ""];
    for row in ROWS {
        let default = Value::default_of(row);
        assert_eq!(Value::from_json(row, &default.to_json()), Ok(default), "{}", row.name);
        for text in nonsense {
            if let Err(why) = Value::from_text(row, text) {
                assert!(why.contains(row.name) && why.contains(&wanted(row)), "{why}");
            }
        }
        assert!(row.help.ends_with('.') && row.help.len() > 20, "{} needs a sentence of help", row.name);
    }
}

#[test]
fn environment_and_command_line() {
    let mut settings = Settings::default();
    let environment = [("PORTOLAN_MEMORY_LIMIT_MB", "300"), ("PORTOLAN_LOG_LEVEL", "loud"), ("OTHER", "1")];
    settings.add_environment(environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    assert_eq!(settings.int(&table::MEMORY_LIMIT_MB), 300);
    assert_eq!(settings.notices.len(), 1);
    settings.add_assignment("tracking.patterns.exclude=a,b/**", "--set").unwrap();
    assert_eq!(settings.list(&table::TRACKING_EXCLUDE), ["a", "b/**"]);
    expect![[r#"Err("--set: no setting is called memory.limit; did you mean memory.limit_mb?")"#]]
        .assert_eq(&format!("{:?}", settings.add_assignment("memory.limit=1", "--set")));
}

fn in_force(settings: &Settings) -> String {
    let all = ROWS.iter().map(|row| (row, settings.get(row))).filter(|(_, (_, origin))| *origin != "default");
    all.map(|(row, (value, origin))| format!("{} = {} ({origin})\n", row.name, value.to_json())).collect()
}

#[test]
fn a_profile_counts_less_than_what_is_set_by_itself() {
    let mut settings = Settings::default();
    settings.add_toml("profile = \"dev\"\n[cache]\nmemory_budget_mb = 70", "f.toml", Trust::User);
    expect![[r#"
        profile = "dev" (f.toml)
        cache.memory_budget_mb = 70 (f.toml)
        cache.hot_tier_ratio = 0.4 (profile dev)
        cache.compression = false (profile dev)
        cache.segment_size = 64000 (profile dev)
        log.level = "debug" (profile dev)
    "#]]
    .assert_eq(&in_force(&settings));
    // Named later, it takes the place of the other profile and of nothing else.
    settings.add_toml("profile = \"read_heavy\"", "g.toml", Trust::User);
    expect![[r#"
        profile = "read_heavy" (g.toml)
        cache.memory_budget_mb = 70 (f.toml)
        cache.hot_tier_ratio = 0.3 (profile read_heavy)
        cache.warm_tier_ratio = 0.3 (profile read_heavy)
        cache.cold_tier_ratio = 0.2 (profile read_heavy)
        cache.frozen_tier_ratio = 0.2 (profile read_heavy)
    "#]]
    .assert_eq(&in_force(&settings));
    settings.add_toml("profile = \"huge\"", "workspace", Trust::Workspace);
    assert_eq!(settings.text(&table::PROFILE), "read_heavy");
    settings.add_toml("profile = \"prod\"", "client", Trust::Client);
    assert_eq!(settings.get(&table::CACHE_HOT_RATIO).1, "profile prod");
    assert_eq!(settings.get(&table::SEGMENT_SIZE).1, "default", "a machine setting");
}

#[test]
fn the_command_line_and_what_a_root_narrows_hold_against_a_client() {
    let mut settings = Settings::default();
    settings.add_assignment("search.limit=1", "--set").unwrap();
    settings.add_assignment("memory.limit_mb=1024", "--set").unwrap();
    settings.add_toml("[search]\nlimit = 5\nsymbol_limit = 7", "initializationOptions", Trust::User);
    let root = "[memory]\nlimit_mb = 256\n[cache]\nprefetch = false\n[tracking.patterns]\nexclude = [\"*.log\"]\n";
    settings.add_toml(root, "root", Trust::Workspace);
    let client = "[search]\nlimit = 9\n[memory]\nlimit_mb = 4096\n[cache]\nprefetch = true\nmemory_budget_mb = 60\n\
                  [tracking.patterns]\nexclude = [\"*.tmp\"]";
    settings.add_toml(client, "client", Trust::Client);
    expect![[r#"
        tracking.patterns.exclude = ["*.tmp","*.log"] (root)
        memory.limit_mb = 256 (root)
        cache.memory_budget_mb = 60 (client)
        cache.prefetch = false (root)
        search.limit = 1 (--set)
        search.symbol_limit = 7 (initializationOptions)
    "#]]
    .assert_eq(&in_force(&settings));
    assert!(settings.notices.is_empty(), "{:?}", settings.notices);
}

#[test]
fn what_is_read_at_the_start_only_is_told() {
    let mut before = Settings::default();
    before.add_toml("[watch]\nenabled = false", "f.toml", Trust::User);
    let mut settings = before.clone();
    let client = "profile = \"dev\"\n[search]\nlimit = 20\n[watch]\nenabled = false\n[tracking]\nsize_limit = \"1MB\"";
    settings.add_toml(client, "client", Trust::Client);
    settings.keep_what_is_not_live(&before);
    expect![[r#"
        search.limit = 20 (client)
        watch.enabled = false (client)
    "#]]
    .assert_eq(&in_force(&settings));
    expect![[r#"
        client: profile is read at the start only, from your portolan.toml or from what your editor sends then (initializationOptions); it stays as it was
        client: tracking.size_limit is read at the start only, from your portolan.toml or from what your editor sends then (initializationOptions); it stays as it was
    "#]]
    .assert_eq(&settings.notices.iter().map(|it| format!("{it}\n")).collect::<String>());
}

#[test]
fn the_order_of_languages_makes_no_difference() {
    let shape = |list: &str| {
        let mut settings = Settings::default();
        settings.add_assignment(&format!("languages.segment_size={list}"), "--set").unwrap();
        settings.index_shape()
    };
    assert_eq!(shape("rust=8KB,python=16KB"), shape("python=16KB,rust=4KB,rust=8KB"));
}

#[test]
fn every_profile_fits_the_table() {
    for name in table::PROFILES {
        for (row, text) in profiles::values(name).unwrap_or_default() {
            let row = table::find(row).unwrap_or_else(|| panic!("{name}: no row {row}"));
            assert_eq!(Value::from_text(row, text).err(), None, "{name}");
        }
        assert_eq!(profiles::values(name).is_none(), *name == "auto");
    }
}

#[test]
fn auto_goes_by_the_machine() {
    let mut settings = Settings::default();
    settings.measure(Machine { cores: 8, memory: 64 << 30 });
    let workers = "performance.parallel_processor.max_workers = 4 (profile auto)\n\
                   performance.parallel_scanner.max_workers = 4 (profile auto)\n";
    assert_eq!(in_force(&settings), workers);
    settings.measure(Machine { cores: 1, memory: 1 << 30 });
    expect![[r#"
        memory.limit_mb = 256 (profile auto)
        performance.parallel_processor.max_workers = 1 (profile auto)
        performance.parallel_scanner.max_workers = 1 (profile auto)
    "#]]
    .assert_eq(&in_force(&settings));
    settings.measure(Machine { cores: 1, memory: 256 << 20 });
    assert_eq!(settings.int(&table::MEMORY_LIMIT_MB), 128);
    settings.measure(Machine { cores: 0, memory: 0 });
    assert_eq!(settings.int(&table::MEMORY_LIMIT_MB), 512);
    settings.add_assignment("profile=small", "--set").unwrap();
    assert_eq!(settings.get(&table::PROCESSOR_WORKERS), (&Value::Int(2), "profile small"));
}

#[test]
fn other_spellings_and_rates_are_read() {
    check(
        "[performance]\nchunk_size = 100\nlimits.max_disk_io = \"100MB/s\"\nthrottling.operations_per_second = 500\n\
         [cache]\nhot_tier_ratio = nan\nwarm_tier_ratio = inf\nsegment_size = \"1KB\"",
        Trust::User,
        expect![[r#"
            performance.parallel_processor.batch_size = 100 (f.toml)
            performance.limits.max_disk_io = 104857600 (f.toml)
            performance.throttling.rate_limit = 500 (f.toml)
            ! f.toml: cache.hot_tier_ratio wants a number from 0 to 1, not "NaN"; it stays as it was
            ! f.toml: cache.segment_size wants a size from 4096 to 4194304 bytes, such as 256KB, not "1KB"; it stays as it was
            ! f.toml: cache.warm_tier_ratio wants a number from 0 to 1, not "inf"; it stays as it was
        "#]],
    );
}

#[test]
fn settings_of_a_language_are_read_from_its_table() {
    let mut it = Settings::default();
    let shape = it.index_shape();
    it.add_toml("[languages.rust]\nsegment_size = 256_000\nhot_tier_ratio = 0.15\n", "a.toml", Trust::User);
    it.add_toml("[languages.python]\nsegment_size = '128KB'\n", "b.toml", Trust::User);
    it.add_assignment("languages.rust.segment_size=64KB", "--set").unwrap();
    assert_eq!(it.list(&table::LANGUAGE_SEGMENT_SIZE), ["python=131072", "rust=65536"]);
    assert_eq!(it.languages(&table::LANGUAGE_HOT_RATIO), [("rust".to_owned(), 0.15)]);
    assert!(it.notices.is_empty(), "{:?}", it.notices);
    assert_ne!(it.index_shape(), shape);
    it.add_toml("[languages.go]\nsegment_size = 1\nhot_tier_ratio = -1\ncolour = 1\n", "c.toml", Trust::User);
    it.add_json(&serde_json::json!({"languages.hot_tier_ratio": ["go 1"]}), "d", Trust::User);
    assert_eq!((it.notices.len(), it.languages(&table::LANGUAGE_HOT_RATIO).len()), (4, 1), "{:?}", it.notices);
    assert!(it.add_assignment("languages.go.hot_tier_ratio=x", "--set").is_err());
}
