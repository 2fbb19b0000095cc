//! Who passes the gate, and when.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::base::cancel::Cancel;
use crate::base::os::process;

#[test]
fn nothing_passes_while_paused() {
    let pace = Pace::default();
    pace.wait(Whose::Near, || panic!("nothing to wait for"));
    pace.pause(true);
    assert!(pace.is_paused() && !pace.is_open(Whose::Near));
    pace.wait(Whose::Near, || true);
    let passed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pace.wait(Whose::Near, || false);
            passed.store(true, Ordering::Release);
        });
        while pace.held() < 2 {
            std::thread::yield_now();
        }
        assert!(!passed.load(Ordering::Acquire));
        pace.pause(false);
    });
    assert!(passed.load(Ordering::Acquire) && pace.is_open(Whose::Near));
}

#[test]
fn only_what_nobody_waits_for_lets_a_request_go_first() {
    let requests = Arc::new(Requests::default());
    let pace = Pace::new(&PaceOptions::default(), requests.clone());
    let answering = requests.begin();
    assert!(!pace.is_open(Whose::Idle) && pace.is_open(Whose::Near));
    pace.wait(Whose::Near, || panic!("nothing to wait for"));
    drop(answering);
    assert!(pace.is_open(Whose::Idle));
}

#[test]
fn a_spent_share_holds_who_saves_for_a_moment_only() {
    let pace = Pace::new(&PaceOptions { cpu_percent: 5, ..PaceOptions::default() }, Arc::default());
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    let (begun, much) = (process::tree_time(), Duration::from_secs(1) * cores);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| while process::tree_time() - begun < much {});
        }
    });
    let patience = Cancel::new().within(Duration::from_secs(10));
    pace.wait(Whose::Near, || patience.is_cancelled());
    assert!(!patience.is_cancelled() && !pace.is_open(Whose::Idle), "the pass pays for it");
}

#[test]
fn a_laptop_is_quiet_on_its_battery() {
    let dir = tempfile::tempdir().unwrap();
    let supply = dir.path().join("BAT0");
    std::fs::create_dir(&supply).unwrap();
    std::fs::write(supply.join("type"), "Battery\n").unwrap();
    std::fs::write(supply.join("status"), "Discharging\n").unwrap();
    let with = |power_supplies| Pace::new(&PaceOptions { power_supplies, ..PaceOptions::default() }, Arc::default());
    assert!(with(Some(dir.path().to_path_buf())).is_quiet());
    assert!(!with(None).is_quiet());
    std::fs::write(supply.join("status"), "Full\n").unwrap();
    assert!(!with(Some(dir.path().to_path_buf())).is_quiet());
}
