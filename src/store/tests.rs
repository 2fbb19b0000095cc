//! The store over the twin: crashes at every operation, power cuts, full and failing disks, followers, removed files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::disk::{Disk, Fault, TwinDisk};
use super::manifest::MANIFEST;
use super::*;

/// Contents of a state, comparable: kind and the bytes of section 1 of each pack, and the note.
type Contents = (Vec<(u32, Vec<u8>)>, Vec<u8>);

fn contents(state: &StoreState) -> Result<Contents, StoreError> {
    let packs = state.packs.iter().map(|it| Ok((it.kind(), it.section(1)?.to_vec())));
    Ok((packs.collect::<Result<_, StoreError>>()?, state.extra.to_vec()))
}

fn draft(kind: u32, text: &str, copies: usize) -> NewPack {
    PackDraft::new(kind).section(1, Encoding::Raw, text.repeat(copies).into_bytes()).into()
}

fn store(disk: &TwinDisk) -> Store {
    Store::on(Arc::new(disk.clone()), b"/root")
}

/// The `step`-th commit of a small history: packs come, go and are merged; some are larger than a block.
fn commit(store: &Store, step: usize) -> Result<Arc<StoreState>, StoreError> {
    let packs: Vec<PackId> = store.state().packs.iter().map(|it| it.id()).collect();
    let note = Some(format!("note {step}").into_bytes());
    match step % 4 {
        0 => store.commit(vec![draft(1, &format!("facts {step} "), 20)], &[], note),
        1 => store.commit(
            vec![draft(1, &format!("more {step} "), 12_000), draft(2, &format!("vectors {step} "), 30)],
            &[],
            None,
        ),
        2 => store.commit(vec![draft(1, &format!("merged {step} "), 3000)], &packs, note),
        _ => {
            let mut writer = store.stage(3)?;
            writer.writer.begin(1)?;
            for _ in 0..50 {
                writer.writer.append(format!("piece {step} ").repeat(100).as_bytes())?;
            }
            store.commit(vec![writer.finish()?.into()], &packs[..packs.len().min(1)], None)
        }
    }
}

#[test]
fn what_is_committed_is_there_at_the_next_start() {
    let disk = TwinDisk::new();
    let mut last = None;
    for step in 0..9 {
        let first = store(&disk);
        assert!(first.is_writer() && first.notices().is_empty());
        if let Some(last) = last {
            assert_eq!(contents(&first.state()).unwrap(), last, "{step}");
        }
        commit(&first, step).unwrap();
        assert!(first.is_saved());
        assert_eq!(first.state().generation, step as u64 + 1);
        last = Some(contents(&first.state()).unwrap());
    }
    let files: Vec<_> = disk.list().unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(files.len(), store(&disk).state().packs.len() + 1, "{files:?}");
}

/// Kills the process or cuts the power at every operation of a history of commits, several times each. The next start
/// must find exactly the last commit that was confirmed, or the one in flight.
#[test]
fn no_crash_leaves_a_wrong_or_unopenable_index() {
    crash_at_every_operation(5_000);
}

#[test]
#[ignore = "minutes; tests/long twin runs it"]
fn long() {
    let states = std::env::var("PORTOLAN_TEST_STATES").ok().and_then(|it| it.parse().ok());
    crash_at_every_operation(states.unwrap_or(100_000));
}

/// At least `wanted` states, evenly over all operations.
fn crash_at_every_operation(wanted: u64) {
    let whole = TwinDisk::new();
    for step in 0..8 {
        commit(&store(&whole), step).unwrap();
    }
    let operations = whole.operations();
    let cuts_each = wanted.div_ceil(operations);
    let mut states = 0;
    for at in 0..operations {
        let disk = TwinDisk::new();
        disk.fail(at, u64::MAX, Fault::Dead);
        let (mut before, mut after) = (None, None);
        for step in 0..8 {
            let it = store(&disk);
            if it.is_saved() {
                before = Some(contents(&it.state()).unwrap());
            }
            // What is confirmed in memory alone is what the commit would have brought to disk.
            let _ = commit(&it, step);
            after = Some(contents(&it.state()).unwrap());
            if !it.is_saved() {
                break;
            }
            before = after.clone();
        }
        let cuts = (0..cuts_each).map(|seed| disk.after_power_cut(at * 1_000_000 + seed));
        for found in cuts.chain([disk.after_kill()]) {
            states += 1;
            let again = store(&found);
            let notices = again.notices();
            assert!(notices.is_empty(), "operation {at}: {notices:?}");
            let now = Some(contents(&again.state()).unwrap());
            let is_empty =
                now.as_ref().is_some_and(|it| it.0.is_empty()) && before.as_ref().is_none_or(|it| it.0.is_empty());
            assert!(is_empty || now == before || now == after, "operation {at}: {now:?}");
            commit(&again, 1).unwrap();
            assert!(again.is_saved());
            assert_eq!(contents(&store(&found.after_kill()).state()).unwrap(), contents(&again.state()).unwrap());
        }
    }
    assert!(states >= wanted && operations > 100, "{states} states from {operations} operations");
}

/// Every operation once answered by each fault: the state in memory goes on, and after the fault all is on disk.
#[test]
fn a_refusing_disk_loses_nothing() {
    let whole = TwinDisk::new();
    for step in 0..6 {
        commit(&store(&whole), step).unwrap();
    }
    let start = Instant::now();
    for fault in [Fault::NoSpace, Fault::ReadOnly, Fault::Io] {
        for at in 0..whole.operations() {
            let disk = TwinDisk::new();
            disk.fail(at, 3 + at % 5, fault);
            let it = store(&disk);
            let mut wanted = Vec::new();
            for step in [0, 1, 2, 4, 5, 6] {
                let state = commit(&it, step).unwrap();
                let text = |text: &str, copies| text.repeat(copies).into_bytes();
                match step % 4 {
                    0 => wanted.push((1, text(&format!("facts {step} "), 20))),
                    1 => {
                        wanted.push((1, text(&format!("more {step} "), 12_000)));
                        wanted.push((2, text(&format!("vectors {step} "), 30)));
                    }
                    _ => wanted = vec![(1, text(&format!("merged {step} "), 3000))],
                }
                assert_eq!(contents(&state).unwrap().0, wanted, "{fault:?} at {at}, step {step}");
            }
            disk.heal();
            it.refresh_at(start + Duration::from_secs(3600));
            assert!(it.is_saved(), "{fault:?} at {at}: {:?}", it.notices());
            let said = it.notices();
            assert!(said.len() <= 3, "{said:?}");
            assert_eq!(contents(&store(&disk.after_power_cut(at)).state()).unwrap().0, wanted, "{fault:?} at {at}");
        }
    }
}

#[test]
fn a_full_disk_keeps_the_old_index_and_is_tried_again_each_minute() {
    let disk = TwinDisk::new();
    let it = store(&disk);
    commit(&it, 0).unwrap();
    let good = contents(&it.state()).unwrap();
    disk.limit(1000);
    commit(&it, 2).unwrap();
    assert!(!it.is_saved());
    let notices = it.notices();
    assert!(notices.len() == 1 && notices[0].contains("free some space"), "{notices:?}");
    assert_eq!(contents(&store(&disk.after_kill()).state()).unwrap(), good);
    let now = Instant::now();
    assert!(it.refresh_at(now + Duration::from_secs(30)).is_none());
    assert!(!it.is_saved() && it.notices().is_empty());
    it.refresh_at(now + Duration::from_secs(61));
    assert!(!it.is_saved() && it.notices().is_empty());
    disk.heal();
    it.refresh_at(now + Duration::from_secs(130));
    assert!(it.is_saved());
    assert_eq!(it.notices(), ["the index is on disk again in twin"]);
    assert_eq!(contents(&store(&disk.after_kill()).state()).unwrap(), contents(&it.state()).unwrap());
}

#[test]
fn a_disk_that_cannot_be_used_at_all_means_an_index_in_memory() {
    let disk = TwinDisk::new();
    disk.fail(0, u64::MAX, Fault::ReadOnly);
    let it = store(&disk);
    assert!(it.is_writer() && !it.is_saved());
    commit(&it, 1).unwrap();
    assert_eq!(it.notices().len(), 1);
    disk.heal();
    let state = it.refresh_at(Instant::now() + Duration::from_secs(61)).unwrap();
    assert!(it.is_saved());
    assert_eq!(contents(&store(&disk.after_kill()).state()).unwrap(), contents(&state).unwrap());
}

#[test]
fn a_read_only_disk_gives_what_it_has() {
    let disk = TwinDisk::new();
    commit(&store(&disk), 1).unwrap();
    let found = disk.after_kill();
    found.fail(0, u64::MAX, Fault::ReadOnly);
    let it = store(&found);
    assert_eq!((it.state().packs.len(), it.notices().len()), (2, 1));
    commit(&it, 0).unwrap();
    assert_eq!(it.state().packs.len(), 3);
    found.heal();
    it.refresh_at(Instant::now() + RETRY);
    assert!(it.is_saved());
    assert_eq!(contents(&store(&found.after_kill()).state()).unwrap(), contents(&it.state()).unwrap());
}

#[test]
fn followers_read_what_the_writer_commits_and_one_takes_over() {
    let disk = TwinDisk::new();
    let writer = store(&disk);
    commit(&writer, 0).unwrap();
    let (one, two) = (store(&disk), store(&disk));
    assert!(!one.is_writer() && !two.is_writer());
    assert_eq!(contents(&one.state()).unwrap(), contents(&writer.state()).unwrap());
    assert!(matches!(commit(&one, 1), Err(StoreError::NotWriter)));
    assert!(one.refresh().is_none());
    for step in 1..6 {
        commit(&writer, step).unwrap();
        let state = one.refresh().unwrap();
        assert_eq!(contents(&state).unwrap(), contents(&writer.state()).unwrap());
    }
    let last = contents(&writer.state()).unwrap();
    drop(writer);
    one.refresh();
    two.refresh();
    assert!(one.is_writer() && !two.is_writer());
    assert_eq!(contents(&one.state()).unwrap(), last);
    assert_eq!(contents(&two.state()).unwrap(), last);
    commit(&one, 6).unwrap();
    two.refresh().unwrap();
    assert_eq!(contents(&two.state()).unwrap(), contents(&one.state()).unwrap());
}

#[test]
fn what_cannot_be_read_is_set_aside_with_one_notice_each() {
    let disk = TwinDisk::new();
    let it = store(&disk);
    commit(&it, 0).unwrap();
    commit(&it, 1).unwrap();
    let (old, vectors) = (it.state().packs[0].id(), it.state().packs[2].clone());
    drop(it);
    // The newest pack of kind 1 goes, the older one with it; kind 2 stays.
    let spoilt = store(&disk).state().packs[1].id();
    disk.spoil(&spoilt.file_name(), |it| it.truncate(500));
    let it = store(&disk);
    assert_eq!(it.notices().len(), 1);
    let kept: Vec<_> = it.state().packs.iter().map(|it| it.id()).collect();
    assert_eq!(kept, [vectors.id()]);
    let names: Vec<_> = disk.list().unwrap().into_iter().map(|it| it.name).collect();
    assert!(names.contains(&format!("bad-{}", spoilt.file_name())) && !names.contains(&old.file_name()), "{names:?}");
    drop(it);
    assert!(store(&disk).notices().is_empty());
    disk.spoil(MANIFEST, |it| it[30] ^= 1);
    let it = store(&disk);
    assert_eq!((it.notices().len(), it.state().packs.len()), (1, 0));
    commit(&it, 0).unwrap();
    drop(it);
    assert_eq!(store(&disk).state().packs.len(), 1);
}

#[test]
fn damage_found_in_use_is_healed() {
    let disk = TwinDisk::new();
    commit(&store(&disk), 1).unwrap();
    let id = store(&disk).state().packs[0].id();
    disk.spoil(&id.file_name(), |it| it[70_000] ^= 8);
    let it = store(&disk);
    assert_eq!(it.state().packs.len(), 2);
    assert!(it.heal().is_none());
    assert!(it.state().packs[0].section(1).is_err());
    assert_eq!(it.heal().unwrap().packs.len(), 1);
    assert_eq!(it.notices().len(), 1);
    assert!(it.is_saved() && it.heal().is_none());
    drop(it);
    assert_eq!(store(&disk).state().packs.len(), 1);
}

#[test]
fn removed_files_are_written_again() {
    let disk = TwinDisk::new();
    let it = store(&disk);
    commit(&it, 1).unwrap();
    let want = contents(&it.state()).unwrap();
    for name in [MANIFEST.to_owned(), it.state().packs[0].id().file_name()] {
        disk.remove(&name).unwrap();
        it.refresh();
        assert_eq!(it.notices().len(), 1);
        assert!(it.is_saved());
        assert_eq!(contents(&store(&disk.after_kill()).state()).unwrap(), want);
        assert!(it.refresh().is_none());
    }
}

#[test]
fn bits_flipped_anywhere_in_a_directory_are_never_believed() {
    let disk = TwinDisk::new();
    for step in 0..2 {
        commit(&store(&disk), step).unwrap();
    }
    let full = contents(&store(&disk).state()).unwrap();
    let mut seed = 7_u64;
    let mut unharmed = 0;
    for number in 0..3000 {
        let spoilt = disk.after_kill();
        let files = spoilt.list().unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let file = &files[(seed >> 40) as usize % files.len()];
        let at = (seed >> 20) as usize % file.size.max(1) as usize;
        spoilt.spoil(&file.name, |it| {
            if number % 5 == 0 {
                it.truncate(at);
            } else if let Some(byte) = it.get_mut(at) {
                *byte ^= 1 << (number % 8);
            }
        });
        let it = store(&spoilt);
        let found = contents(&it.state()).or_else(|_| contents(&it.heal().expect("damage was marked")));
        let (packs, note) = found.expect("healed");
        assert!(packs.iter().all(|it| full.0.contains(it)), "flip {number} in {}", file.name);
        assert!(note == full.1 || note.is_empty());
        unharmed += usize::from(packs == full.0);
    }
    assert!(unharmed < 600, "{unharmed}: the flips hit nothing");
}

/// The keystroke's thread asks these: it must not stand while a pack is synced.
#[test]
fn who_asks_does_not_wait_for_who_writes() {
    let store = Arc::new(store(&TwinDisk::new()));
    let (done, answer) = std::sync::mpsc::channel();
    let held = store.locked();
    let asking = store.clone();
    std::thread::spawn(move || {
        let it = (asking.is_writer(), asking.is_saved(), asking.place(), asking.notices(), asking.state().packs.len());
        let _ = done.send(it);
    });
    let said = answer.recv_timeout(Duration::from_secs(20));
    drop(held);
    assert_eq!(said, Ok((true, true, "twin".to_owned(), Vec::new(), 0)));
}

#[test]
fn a_staged_pack_that_is_given_up_leaves_no_file() {
    let disk = TwinDisk::new();
    let it = store(&disk);
    let left = || disk.list().unwrap().into_iter().filter(|it| it.name.ends_with(".tmp")).count();
    disk.limit(600_000);
    let mut staged = it.stage(1).unwrap();
    staged.writer.begin(1).unwrap();
    let refused = (0..100).find_map(|_| staged.writer.append(&[7; 20_000]).err());
    assert!(refused.is_some() && left() == 1);
    drop(staged);
    assert_eq!(left(), 0);
    let mut staged = it.stage(1).unwrap();
    staged.writer.begin(1).unwrap();
    staged.writer.append(&[7; 1_000]).unwrap();
    let staged = staged.finish().unwrap();
    assert_eq!(left(), 1);
    drop(staged);
    assert_eq!((left(), it.is_saved()), (0, true));
}

#[test]
fn who_loses_the_lock_in_a_commit_is_told_and_leaves_the_others_files_alone() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("index");
    let open = || Store::on(Arc::new(super::disk::RealDisk::new(&directory, None)), b"/root");
    let one = open();
    commit(&one, 0).unwrap();
    assert!(one.refresh().is_none(), "what one has committed oneself is no news");
    std::fs::remove_dir_all(&directory).unwrap();
    let two = open();
    commit(&two, 1).unwrap();
    one.locked().obsolete = two.state().packs.iter().map(|it| it.id()).collect();
    assert!(commit(&one, 4).is_err() && !one.is_writer());
    assert!(one.locked().obsolete.is_empty());
    let news = one.refresh().expect("the other's packs are news");
    assert_eq!(contents(&news).unwrap(), contents(&two.state()).unwrap());
    assert!(one.refresh().is_none());
}
