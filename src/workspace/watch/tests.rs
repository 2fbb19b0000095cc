//! Folders that come to be watched, and what was read in them before.

use super::*;
use crate::base::os::EntryKind;
use crate::workspace::crawl::walk::Beside;
use crate::workspace::state::Lane;
use crate::workspace::tests::Rig;

/// A root with one folder, which nobody watches yet, and a file in it.
fn watching() -> (Rig, Arc<Root>, RelPath, RelPath) {
    let rig = Rig::new();
    let (sender, _) = crossbeam_channel::unbounded();
    Watch::start(&rig.shared, sender);
    let root = rig.root();
    std::fs::create_dir(root.path().join("folder")).unwrap();
    std::fs::write(root.path().join("folder/file.rs"), "fn name() {}\n").unwrap();
    let [folder, file] = ["folder", "folder/file.rs"].map(|it| RelPath::from_bytes(it.as_bytes()).unwrap());
    (rig, root, folder, file)
}

#[test]
fn rules_from_before_a_folder_was_watched_are_forgotten_whoever_has_it_watched() {
    for is_entered in [true, false] {
        let (rig, root, folder, file) = watching();
        let is_left_out = || root.rules.judge(&root.dir, &file, EntryKind::File).is_some();
        assert!(!is_left_out());
        std::fs::write(root.path().join("folder/.ignore"), "file.rs\n").unwrap();
        assert!(!is_left_out(), "nobody has told of it");
        if is_entered {
            assert!(rig.shared.watch.enter(&root, &folder, &rig.shared));
        } else {
            rig.shared.watch.prefer(&root, &folder, &rig.shared);
        }
        assert_eq!(rig.shared.watch.folders(), [root.path().join("folder")]);
        assert!(is_left_out());
        rig.shared.watch.stop();
    }
}

#[test]
fn what_another_pass_has_read_in_a_folder_before_the_near_lane_had_it_watched_is_overtaken() {
    let (rig, root, folder, file) = watching();
    let enter = |lane| {
        let read_at = root.now();
        BesidePass { shared: &rig.shared, root: &root, lane }.entering(&folder);
        assert!(!root.is_newer(&file, root.now()));
        root.is_newer(&file, read_at)
    };
    let near = rig.shared.governor.begin();
    assert!(!enter(Lane::Near), "there is no other");
    let other = rig.shared.governor.begin();
    assert_eq!((enter(Lane::Near), enter(Lane::Whole)), (true, false));
    drop((near, other));
    rig.shared.watch.stop();
}
