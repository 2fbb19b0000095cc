//! The pool of parser processes, with the real executable and faults on demand.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::unbounded;
use portolan::base::os::memory::descendants;
use portolan::syntax::languages::Lang;
use portolan::workspace::worker::{Job, Outcome, Pool, PoolOptions, Task};

use crate::until;

fn pool(patience: Duration, resident_limit: u64) -> Pool {
    Pool::new(PoolOptions {
        workers: 1,
        executable: Some(env!("CARGO_BIN_EXE_portolan").into()),
        patience,
        resident_limit,
        faults: true,
        ..PoolOptions::default()
    })
    .unwrap()
}

/// The outcomes of these texts in one job, in order: number of segments, or the reason.
fn parse(pool: &Pool, texts: &[&str]) -> Vec<Result<usize, String>> {
    let (done, outcomes) = unbounded();
    let task = |(token, text): (usize, &&str)| Task {
        token: token as u64,
        lang: Lang::from_id("rust").unwrap(),
        text: Arc::from(*text),
    };
    pool.submit(Job { tasks: texts.iter().enumerate().map(task).collect(), urgent: false, done });
    let told: Vec<(u64, Outcome)> = outcomes.iter().filter(|it| !matches!(it.1, Outcome::Suspect)).collect();
    let order: Vec<u64> = told.iter().map(|it| it.0).collect();
    assert_eq!(order, (0..texts.len() as u64).collect::<Vec<_>>(), "one outcome each, in order");
    told.into_iter()
        .map(|(_, outcome)| match outcome {
            Outcome::Parsed(answer) => Ok(answer.segments.len()),
            Outcome::Poison(why) | Outcome::Unavailable(why) => Err(why),
            Outcome::Suspect | Outcome::Later => Err("not the last word".into()),
        })
        .collect()
}

#[test]
fn only_the_text_in_hand_is_blamed_when_a_worker_aborts() {
    let pool = pool(Duration::from_secs(5), 1 << 30);
    let res = parse(&pool, &["fn a() {}", "// portolan-fault:abort", "fn b() {}", "fn c() {}"]);
    assert_eq!(res, [Ok(1), Err("its parser died".into()), Ok(1), Ok(1)]);
    assert_eq!((pool.lost(), pool.started()), (1, 2));
}

#[test]
fn a_long_text_is_cut_into_segments_of_the_size_asked_for() {
    let text = "fn a() {}\n".repeat(4_000);
    let pool_of = |segment_size| {
        let executable = Some(env!("CARGO_BIN_EXE_portolan").into());
        Pool::new(PoolOptions { workers: 1, executable, segment_size, ..PoolOptions::default() }).unwrap()
    };
    assert_eq!(parse(&pool_of(0), &[&text]), [Ok(1)]);
    assert_eq!(parse(&pool_of(8 << 10), &[&text]), [Ok(5)]);
}

#[test]
fn a_worker_that_hangs_is_killed() {
    let pool = pool(Duration::from_secs(1), 1 << 30);
    let res = parse(&pool, &["// portolan-fault:hang", "fn b() {}"]);
    assert_eq!(res, [Err("its parser did not end within 1 s".into()), Ok(1)]);
}

#[test]
fn a_text_that_takes_long_is_suspected_before_it_is_blamed() {
    let pool = pool(Duration::from_secs(1), 1 << 30);
    let (done, outcomes) = unbounded();
    let task = Task { token: 7, lang: Lang::TEXT, text: Arc::from("portolan-fault:hang") };
    pool.submit(Job { tasks: vec![task], urgent: false, done });
    assert!(matches!(outcomes.recv().unwrap(), (7, Outcome::Suspect)));
    assert!(matches!(outcomes.recv().unwrap(), (7, Outcome::Poison(_))));
    assert!(outcomes.recv().is_err(), "once each");
}

#[test]
fn a_text_that_takes_long_gives_way_in_an_urgent_job() {
    let pool = pool(Duration::from_secs(60), 1 << 30);
    let (done, outcomes) = unbounded();
    let texts = ["fn a() {}", "// portolan-fault:hang", "fn b() {}"];
    let task = |(token, text): (u64, &str)| Task { token, lang: Lang::TEXT, text: Arc::from(text) };
    pool.submit(Job { tasks: (0..).zip(texts).map(task).collect(), urgent: true, done });
    assert!(matches!(outcomes.recv().unwrap(), (0, Outcome::Parsed(_))));
    assert!(matches!(outcomes.recv().unwrap(), (1, Outcome::Later)));
    assert!(matches!(outcomes.recv().unwrap(), (2, Outcome::Parsed(_))));
    assert!(outcomes.recv().is_err(), "one outcome each");
}

#[test]
fn a_large_text_gives_way_as_well() {
    let pool = pool(Duration::from_secs(60), 1 << 30);
    let (done, outcomes) = unbounded();
    let large = format!("// portolan-fault:hang\n{}", "// a line of words\n".repeat(32_000));
    let task = |token, text: &str| Task { token, lang: Lang::TEXT, text: Arc::from(text) };
    pool.submit(Job { tasks: vec![task(0, &large)], urgent: true, done: done.clone() });
    assert!(matches!(outcomes.recv_timeout(Duration::from_secs(40)).unwrap(), (0, Outcome::Later)));
    pool.submit(Job { tasks: vec![task(1, "fn b() {}")], urgent: true, done });
    assert!(matches!(outcomes.recv().unwrap(), (1, Outcome::Parsed(_))));
}

#[test]
fn a_worker_is_kept_however_small_its_share_of_the_memory_is() {
    let executable = Some(env!("CARGO_BIN_EXE_portolan").into());
    let options = PoolOptions { workers: 1, executable, resident_idle: 8 << 20, ..PoolOptions::default() };
    let pool = Pool::new(options).unwrap();
    for _ in 0..5 {
        assert_eq!(parse(&pool, &["fn a() {}"]), [Ok(1)]);
    }
    assert_eq!(pool.started(), 1);
}

/// What `portolan status --files` says of a file.
fn state_of(root: &std::path::Path, cache: &std::path::Path, name: &str) -> String {
    let out = portolan(root, cache, "status").arg("--files").stdout(std::process::Stdio::piped()).output().unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    out.lines().find(|it| it.starts_with(name)).and_then(|it| it.split('\t').nth(2)).unwrap_or("").to_owned()
}

fn portolan(root: &std::path::Path, cache: &std::path::Path, command: &str) -> std::process::Command {
    let mut it = std::process::Command::new(env!("CARGO_BIN_EXE_portolan"));
    it.arg(command).arg(root).arg("--cache-dir").arg(cache).args(["--set", "embeddings.enabled=false"]);
    it.env("PORTOLAN_FAULTS", "1").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    it
}

/// Indexes, and is killed as soon as the index suspects the file: its parser has it in hand.
fn killed_at(root: &std::path::Path, cache: &std::path::Path, name: &str) {
    let mut killed = portolan(root, cache, "index").spawn().unwrap();
    until("it is suspected", || {
        assert!(killed.try_wait().unwrap().is_none(), "it is still at it");
        state_of(root, cache, name).starts_with("quarantined: its parser had not ended")
    });
    killed.kill().unwrap();
    killed.wait().unwrap();
}

#[test]
fn a_text_in_hand_when_the_process_was_killed_is_not_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("root"), dir.path().join("cache"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("bad.rs"), "// portolan-fault:hang\n").unwrap();
    std::fs::write(root.join("good.rs"), "fn good() {}\n").unwrap();
    killed_at(&root, &cache, "bad.rs");
    let again = portolan(&root, &cache, "index").status().unwrap();
    assert!(again.success());
    // Had it been tried again, its parser would have been killed for that, and the reason would say so.
    assert_eq!(state_of(&root, &cache, "bad.rs"), "quarantined: its parser had not ended when indexing did");
    assert_eq!(state_of(&root, &cache, "good.rs"), "indexed");
    std::fs::write(root.join("bad.rs"), "fn better() {}\n").unwrap();
    assert!(portolan(&root, &cache, "index").status().unwrap().success());
    assert_eq!(state_of(&root, &cache, "bad.rs"), "indexed");
}

#[test]
fn a_worker_that_takes_memory_without_end_is_killed() {
    let pool = pool(Duration::from_secs(60), 200 << 20);
    let res = parse(&pool, &["fn a() {}", "// portolan-fault:allocate", "fn b() {}"]);
    assert_eq!(res, [Ok(1), Err("its parser took more than 200 MB".into()), Ok(1)]);
}

/// The workers of the pool with this memory limit: other tests of this process have workers, too.
fn workers_of(resident_limit: u64) -> Vec<u32> {
    let mark = (resident_limit * 8).to_string();
    let is_one = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|&b| b == 0).any(|part| part == mark.as_bytes())
    };
    descendants(std::process::id()).into_iter().filter(is_one).collect()
}

#[test]
fn a_worker_killed_from_outside_costs_its_text_alone_and_a_dropped_pool_leaves_none() {
    let limit = (1 << 30) + 4096;
    let pool = pool(Duration::from_secs(30), limit);
    assert_eq!(parse(&pool, &["fn a() {}"]), [Ok(1)]);
    let [worker] = workers_of(limit)[..] else { panic!("one worker") };
    let (done, outcomes) = unbounded();
    let task = |(token, text): (u64, &str)| Task { token, lang: Lang::TEXT, text: Arc::from(text) };
    let tasks = [(0, "one"), (1, "portolan-fault:hang"), (2, "two")].map(task);
    pool.submit(Job { tasks: tasks.into(), urgent: false, done });
    // Its first answer says that it has the text in hand that hangs.
    assert!(matches!(outcomes.recv().unwrap(), (0, Outcome::Parsed(_))));
    portolan::base::os::process::kill(worker).unwrap();
    assert!(matches!(outcomes.recv().unwrap(), (1, Outcome::Poison(why)) if why == "its parser died"));
    assert!(matches!(outcomes.recv().unwrap(), (2, Outcome::Parsed(_))));
    drop(pool);
    assert_eq!(workers_of(limit), [0; 0]);
}

#[test]
fn a_text_whose_worker_gets_no_processor_is_not_blamed() {
    let limit = (1 << 30) + 8192;
    let pool = pool(Duration::from_secs(2), limit);
    assert_eq!(parse(&pool, &["fn a() {}"]), [Ok(1)]);
    let [worker] = workers_of(limit)[..] else { panic!("one worker") };
    let stopped = std::process::Command::new("kill").args(["-STOP", &worker.to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(parse(&pool, &["fn b() {}", "fn c() {}"]), [Err("its parser hardly got a processor".into()), Ok(1)]);
}

#[test]
fn another_executable_is_not_believed() {
    let options = PoolOptions { workers: 1, executable: Some("/bin/true".into()), ..PoolOptions::default() };
    let pool = Pool::new(options).unwrap();
    let res = parse(&pool, &["fn a() {}"]);
    assert!(matches!(&res[..], [Err(why)] if why.starts_with("no worker process can be started")), "{res:?}");
}

#[test]
fn a_suspicion_speaks_of_one_file_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("root"), dir.path().join("cache"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("bad.rs"), "fn slow() {} // portolan-fault:hang\n").unwrap();
    killed_at(&root, &cache, "bad.rs");
    // This time the text does no harm; the copy and, once it has another name, the file itself are tried.
    std::fs::copy(root.join("bad.rs"), root.join("copy.rs")).unwrap();
    let well = || portolan(&root, &cache, "index").env_remove("PORTOLAN_FAULTS").status().unwrap();
    assert!(well().success());
    assert_eq!(state_of(&root, &cache, "copy.rs"), "indexed");
    std::fs::rename(root.join("bad.rs"), root.join("moved.rs")).unwrap();
    assert!(well().success());
    assert_eq!(state_of(&root, &cache, "moved.rs"), "indexed");
}
