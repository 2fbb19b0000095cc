//! What becomes of events, without a system that tells of any.

use crossbeam_channel::unbounded;

use super::super::Watch;
use super::*;
use crate::index::fixture::file;
use crate::workspace::tests::Rig;

/// The requests that follow from changes of these paths; each of them has come, gone or been renamed.
fn requests(rig: &Rig, root: &Root, turned: &[&str]) -> Vec<String> {
    let (sender, asked) = unbounded();
    let changed = turned.iter().map(|it| (root.path().join(it), true)).collect();
    hand_on(&rig.shared, &sender, &changed);
    let path = |it| match it {
        Request::Near(_, path) => path.display().to_string(),
        Request::Whole(_) | Request::Settled(_) => "?".into(),
    };
    asked.try_iter().map(path).collect()
}

/// Everything is watched, so that what nobody has told of is not there.
fn watching() -> (Rig, Arc<Root>) {
    let rig = Rig::new();
    rig.shared.watch.incomplete.store(false, Ordering::Release);
    let root = rig.root();
    (rig, root)
}

#[test]
fn what_came_and_went_wakes_nobody_unless_a_pass_may_have_met_it() {
    let (rig, root) = watching();
    assert_eq!(requests(&rig, &root, &["passing.rs"]), [""; 0]);
    let pass = rig.shared.governor.begin();
    assert_eq!(requests(&rig, &root, &["passing.rs"]), ["passing.rs"]);
    drop(pass);
    assert_eq!(requests(&rig, &root, &["passing.rs"]), [""; 0]);
}

#[test]
fn a_folder_that_goes_is_looked_at_where_files_in_it_are_known_whether_or_not_it_was_watched() {
    let (rig, root) = watching();
    rig.shared.commit(&root, || vec![file("folder/deep/a.rs", "name x\n")].into());
    assert_eq!(requests(&rig, &root, &["fold", "folder", "folder/deep"]), ["folder", "folder/deep"]);
}

#[test]
fn a_folder_that_took_the_place_of_one_that_was_left_out_is_looked_at() {
    let (rig, root) = watching();
    let (old, new) = (root.path().join("folder"), root.path().join("other"));
    std::fs::create_dir(&old).unwrap();
    std::fs::create_dir(&new).unwrap();
    std::fs::write(old.join(".gitignore"), "x\n".repeat(20_001)).unwrap();
    assert_eq!(requests(&rig, &root, &["folder"]), [""; 0]);
    std::fs::remove_dir_all(&old).unwrap();
    std::fs::rename(&new, &old).unwrap();
    assert_eq!(requests(&rig, &root, &["folder"]), ["folder"]);
}

#[test]
fn after_a_loss_no_watch_is_believed() {
    let (rig, root) = watching();
    let (sender, _asked) = unbounded();
    Watch::start(&rig.shared, sender);
    std::fs::create_dir(root.path().join("folder")).unwrap();
    let folder = RelPath::from_bytes(b"folder").unwrap();
    for it in [RelPath::default(), folder] {
        assert!(rig.shared.watch.enter(&root, &it, &rig.shared));
    }
    rig.shared.watch.lost.store(true, Ordering::Release);
    assert_eq!(requests(&rig, &root, &[]), [""]);
    assert_eq!(rig.shared.watch.folders(), Vec::<PathBuf>::new());
    rig.shared.watch.stop();
}
