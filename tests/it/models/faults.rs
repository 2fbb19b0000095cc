//! A worker that dies, hangs, grows or does not come to life: the text that does it is found, and nobody waits for ever.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use portolan::embed::device::Wanted;
use portolan::embed::{self, Embedder, Options};

use super::tiny::Kind;
use super::{expected, is_near, is_zero, tiny, vectors};
use crate::until;

/// Many texts of which one misbehaves; it alone has no vector.
fn spoilt_by(mark: &str, change: impl FnOnce(&mut Options)) -> Option<Arc<dyn Embedder>> {
    let (_dir, mut options) = tiny(Kind::Float)?;
    change(&mut options);
    let it = embed::open(&options).unwrap();
    let bad = format!("red {mark}");
    let texts: Vec<&str> = (0..40).map(|at| if at == 17 { bad.as_str() } else { "open file" }).collect();
    let all = vectors(&*it, &texts);
    let good = expected(&["open", "file"], 1.0);
    for (at, vector) in all.iter().enumerate() {
        if at == 17 {
            assert!(is_zero(vector), "{vector:?}");
        } else {
            assert!(is_near(vector, &good, 1e-6), "{at}: {vector:?}");
        }
    }
    let said = it.notices().join("\n");
    assert!(said.contains("has no vector") && said.contains("red"), "{said}");
    // It goes on as if nothing had been.
    assert!(is_near(&vectors(&*it, &["one"])[0], &expected(&["one"], 1.0), 1e-6));
    Some(it)
}

#[test]
fn a_text_that_kills_the_worker_is_found_and_left_out() {
    let Some(it) = spoilt_by("portolan-embed-fault:abort", |_| {}) else { return };
    assert!(it.notices()[0].contains("its process died"), "{:?}", it.notices());
}

#[test]
fn a_text_that_the_worker_does_not_end_with_is_left_out() {
    let Some(it) = spoilt_by("portolan-embed-fault:hang", |it| it.patience = Some(Duration::from_millis(700))) else {
        return;
    };
    assert!(it.notices()[0].contains("did not end in time"), "{:?}", it.notices());
}

#[test]
fn a_text_that_takes_memory_without_end_is_left_out() {
    let Some(it) = spoilt_by("portolan-embed-fault:allocate", |it| it.resident = Some(400 << 20)) else { return };
    assert!(it.notices()[0].contains("more than 400 MiB"), "{:?}", it.notices());
}

#[test]
fn a_worker_on_the_cpu_may_hold_no_more_because_others_were_tried() {
    let wanted = |it: &mut Options| (it.resident, it.wanted) = (Some(400 << 20), Wanted::default());
    let Some(it) = spoilt_by("portolan-embed-fault:allocate", wanted) else { return };
    assert!(it.notices()[0].contains("more than 400 MiB"), "{:?}", it.notices());
}

/// Our own executable, started by a shell that does something before.
fn script(dir: &Path, before: &str) -> PathBuf {
    let path = dir.join("worker.sh");
    std::fs::write(&path, format!("#!/bin/bash\n{before}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn one_text_that_takes_memory_does_not_slow_all_others() {
    let dir = tempfile::tempdir().unwrap();
    let (heard, own) = (dir.path().join("heard"), env!("CARGO_BIN_EXE_portolan"));
    let program = script(dir.path(), &format!("exec {own} \"$@\" < <(tee -a {})", heard.display()));
    let change = |it: &mut Options| (it.resident, it.executable) = (Some(400 << 20), Some(program));
    if spoilt_by("portolan-embed-fault:allocate", change).is_none() {
        return;
    }
    let heard = String::from_utf8_lossy(&std::fs::read(&heard).unwrap()).into_owned();
    let tokens = heard.split("\"tokens\":").skip(1);
    let tokens: Vec<usize> = tokens.map(|it| it.split(',').next().unwrap().parse().unwrap()).collect();
    assert!(tokens.len() > 3 && tokens[0] == 2_048 && tokens[1..].iter().all(|&it| it == 1_024), "{tokens:?}");
}

#[test]
fn a_device_on_which_the_process_dies_twice_is_left_and_no_text_is_blamed() {
    let dir = tempfile::tempdir().unwrap();
    let (starts, own) = (dir.path().join("starts"), env!("CARGO_BIN_EXE_portolan"));
    let ready = r#"R{"device":"Cuda","dimensions":8,"refused":[]}"#;
    // Twice it says that it runs on CUDA, and dies of its first request.
    let cuda = format!(
        "echo >> {at}\nif [ $(wc -l < {at}) -gt 2 ]; then exec {own} \"$@\"; fi\n\
         head -c $(head -c 4 | od -An -tu4) > /dev/null\nprintf '\\x{length:02x}\\x00\\x00\\x00%s' '{ready}'\n\
         head -c 1 > /dev/null",
        at = starts.display(),
        length = ready.len(),
    );
    let Some((_dir, mut options)) = tiny(Kind::Float) else { return };
    options.wanted = Wanted::default();
    options.executable = Some(script(dir.path(), &cuda));
    let it = embed::open(&options).unwrap();
    assert!(is_near(&vectors(&*it, &["one"])[0], &expected(&["one"], 1.0), 1e-6), "{:?}", it.notices());
    assert!(it.notices().len() == 1 && it.notices()[0].contains("lost on CUDA"), "{:?}", it.notices());
    assert!(it.refusals().iter().any(|it| it.0 == "CUDA" && it.1.contains("died")), "{:?}", it.refusals());
}

#[test]
fn a_worker_that_hangs_is_ended_however_often_it_is_asked() {
    let Some((_dir, mut options)) = tiny(Kind::Float) else { return };
    options.patience = Some(Duration::from_millis(700));
    let it = embed::open(&options).unwrap();
    it.start().unwrap();
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| vectors(&*it, &["portolan-embed-fault:hang", "one"]));
        while !hanging.is_finished() {
            scope.spawn(|| it.embed_question("one", &mut Vec::new()));
            // The pace of somebody who types: each is asked before the worker would have been silent for too long.
            std::thread::sleep(Duration::from_millis(100));
        }
        let all = hanging.join().unwrap();
        assert!(is_zero(&all[0]) && is_near(&all[1], &expected(&["one"], 1.0), 1e-6));
    });
}

#[test]
fn a_question_that_the_worker_does_not_end_with_is_asked_once() {
    for fault in ["hang", "abort"] {
        let Some((_dir, mut options)) = tiny(Kind::Float) else { return };
        options.patience = Some(Duration::from_millis(700));
        let it = embed::open(&options).unwrap();
        let bad = format!("portolan-embed-fault:{fault}");
        let error = it.embed_question(&bad, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("was lost while it was asked"), "{error}");
        let mut out = Vec::new();
        it.embed_question("one", &mut out).unwrap();
        assert!(is_near(&out, &expected(&["one"], 1.0), 1e-6));
        assert_eq!(it.notices(), [""; 0], "it is no passage that is left without a vector");
    }
}

#[test]
fn nobody_waits_for_a_model_that_does_not_open() {
    let Some((dir, mut options)) = tiny(Kind::Float) else { return };
    let pid = dir.path().join("pid");
    options.executable = Some(script(dir.path(), &format!("echo $$ > {}; exec sleep 1000", pid.display())));
    let it = embed::open(&options).unwrap();
    let error = it.embed_question("one", &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("still being opened"), "{error}");
    assert!(it.embed_while(&["one"], &|| false, &mut Vec::new()).is_err());
    let pid = std::fs::read_to_string(pid).unwrap();
    let process = PathBuf::from(format!("/proc/{}", pid.trim()));
    assert!(process.exists());
    drop(it);
    until("its process is ended", || !process.exists());
}

#[test]
fn who_does_not_want_an_answer_any_more_does_not_wait_for_it() {
    let Some((_dir, mut options)) = tiny(Kind::Float) else { return };
    options.patience = Some(Duration::from_millis(700));
    let it = embed::open(&options).unwrap();
    it.start().unwrap();
    let left = AtomicU32::new(3);
    let goes_on = || left.fetch_update(Relaxed, Relaxed, |it| it.checked_sub(1)).is_ok();
    let error = it.embed_while(&["portolan-embed-fault:hang"], &goes_on, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("did not answer in time"), "{error}");
    // What nobody waits for any more is still at it, is ended, and is laid to no other text's account.
    let worker = PathBuf::from(format!("/proc/{}", it.own_process().unwrap()));
    assert!(worker.exists());
    until("the worker is ended", || !worker.exists());
    assert!(is_near(&vectors(&*it, &["one"])[0], &expected(&["one"], 1.0), 1e-6));
    assert_eq!(it.notices(), [""; 0]);
}

#[test]
fn a_tokenizer_that_panics_costs_its_text_alone() {
    let Some(it) = spoilt_by("portolan-embed-fault:panic", |_| {}) else { return };
    assert!(it.notices()[0].contains("tokenizer panics"), "{:?}", it.notices());
}

#[test]
fn what_is_no_number_is_refused() {
    let Some(it) = spoilt_by("nan", |_| {}) else { return };
    assert!(it.notices()[0].contains("NaN"), "{:?}", it.notices());
    assert!(is_zero(&vectors(&*it, &["zero"])[0]));
    assert!(it.notices()[1].contains("vector of zeros"), "{:?}", it.notices());
}

#[test]
fn a_model_that_gives_nothing_but_nonsense_is_given_up() {
    let Some((_dir, options)) = tiny(Kind::Float) else { return };
    let it = embed::open(&options).unwrap();
    let all = vec!["nan"; 100];
    let error = it.embed(&all, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("not used any more"), "{error}");
    assert!(it.runs_on().contains("not running"), "{}", it.runs_on());
    // However much went well before.
    let Some((_dir, options)) = tiny(Kind::Float) else { return };
    let it = embed::open(&options).unwrap();
    vectors(&*it, &["one"; 3_000]);
    vectors(&*it, &["nan"; 60]);
    vectors(&*it, &["one"]);
    vectors(&*it, &["nan"; 60]);
    let error = it.embed(&["nan"; 5], &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("not used any more"), "{error}");
}

#[test]
fn a_worker_that_does_not_come_to_life_is_given_up() {
    let Some((_dir, mut options)) = tiny(Kind::Float) else { return };
    options.executable = Some("/bin/false".into());
    let it = embed::open(&options).unwrap();
    for _ in 0..2 {
        let error = it.embed(&["one"], &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("dies or hangs") && error.contains("another library"), "{error}");
    }
    options.executable = Some("/nowhere/at/all".into());
    assert!(embed::open(&options).unwrap().start().unwrap_err().to_string().contains("no process can be started"));
}
