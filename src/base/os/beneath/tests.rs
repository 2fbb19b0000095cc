//! The door over a tree with links into, out of and around it.

use super::*;
use std::os::unix::fs::symlink;

fn rel(path: &str) -> RelPath {
    RelPath::from_bytes(path.as_bytes()).unwrap()
}

/// A root with a secret beside it and links of every kind into, out of and around it.
fn place() -> (tempfile::TempDir, RootDir) {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("secret"), "canary").unwrap();
    let root = place.path().join("root");
    std::fs::create_dir_all(root.join("a/b")).unwrap();
    std::fs::write(root.join("a/b/file"), "text").unwrap();
    symlink("../secret", root.join("out")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("a", root.join("in")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    let fifo = rustix::fs::mknodat(rustix::fs::CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0);
    fifo.unwrap();
    let dir = RootDir::open(&root).unwrap();
    (place, dir)
}

/// How a path answers: by its text, or by the error's words.
fn say(res: Result<(Vec<u8>, FileStamp), OpenError>) -> String {
    match res {
        Ok((bytes, _)) => String::from_utf8(bytes).unwrap(),
        Err(it) => format!("! {it}"),
    }
}

#[test]
fn files_are_read_and_links_are_not_followed() {
    let (_place, root) = place();
    let cases = [
        ("a/b/file", "text"),
        ("out", "! behind a link"),
        ("up/secret", "! behind a link"),
        ("in/b/file", "! behind a link"),
        ("loop", "! behind a link"),
        ("magic/etc/passwd", "! behind a link"),
        ("fifo", "! not a regular file"),
        ("a", "! a directory"),
        ("missing", "! not found"),
        ("a/b/file/x", "! not found"),
    ];
    for (path, want) in cases {
        assert_eq!(say(root.read(&rel(path), 100)), want, "{path}");
    }
}

#[test]
fn the_way_by_components_answers_as_the_kernel_does() {
    let (_place, root) = place();
    for path in ["out", "up/secret", "in/b/file", "loop", "magic/etc/passwd", "missing", "a/b/file/x"] {
        let long =
            open_by_components(root.fd.as_fd(), path.as_bytes(), OPEN_FILE).map(|_| ()).map_err(|it| it.to_string());
        let short = root.open_at(&rel(path), OPEN_FILE).map(|_| ()).map_err(|it| it.to_string());
        // A file in the middle is "no directory" here and "not found" there: both are refused.
        assert!(long.is_err() && short.is_err(), "{path}");
        if !path.contains("file/x") {
            assert_eq!(long, short, "{path}");
        }
    }
    assert!(open_by_components(root.fd.as_fd(), b"a/b/file", OPEN_FILE).is_ok());
}

#[test]
fn a_file_above_the_cap_is_not_read_and_its_head_can_be() {
    let (_place, root) = place();
    assert_eq!(say(root.read(&rel("a/b/file"), 3)), "! too large (4 bytes)");
    assert_eq!(say(root.read_head(&rel("a/b/file"), 3)), "tex");
    let sparse = std::fs::File::create(root.path().join("sparse")).unwrap();
    sparse.set_len(10 << 30).unwrap();
    assert_eq!(say(root.read(&rel("sparse"), 1 << 20)), "! too large (10737418240 bytes)");
}

#[test]
fn entries_have_their_kinds() {
    let (_place, root) = place();
    let (mut entries, truncated) = root.directory(&rel("")).unwrap().entries().unwrap();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let shown: Vec<_> =
        entries.iter().map(|it| format!("{} {:?}", String::from_utf8_lossy(&it.name), it.kind)).collect();
    assert!(!truncated);
    assert_eq!(shown, ["a Directory", "fifo Special", "in Link", "loop Link", "magic Link", "out Link", "up Link"]);
    assert!(matches!(root.directory(&rel("in")), Err(OpenError::Link | OpenError::NotFound)));
    let dir = root.directory(&rel("a")).unwrap().directory(b"b").unwrap();
    assert_eq!(say(dir.read(b"file", 100)), "text");
    assert!(matches!(root.directory(&rel("")).unwrap().directory(b"in"), Err(OpenError::Link)));
    assert!(root.directory(&rel("")).unwrap().directory(b"..").is_err());
}

#[test]
fn a_stamp_changes_with_the_content() {
    let (_place, root) = place();
    let (before, kind) = root.stat(&rel("a/b/file")).unwrap();
    assert_eq!((before.size, kind), (4, EntryKind::File));
    assert_eq!(root.stat(&rel("out")).unwrap().1, EntryKind::Link);
    assert!(matches!(root.stat(&rel("in/b")), Err(OpenError::Link | OpenError::NotFound)));
    std::fs::write(root.path().join("a/b/file"), "longer").unwrap();
    assert_ne!(root.stat(&rel("a/b/file")).unwrap().0, before);
    assert!(!before.is_settled(before.mtime_ns));
    assert!(before.is_settled(before.ctime_ns + 3_000_000_000));
}

#[test]
fn a_path_longer_than_the_system_takes_is_opened_in_pieces() {
    let place = tempfile::tempdir().unwrap();
    let root = RootDir::open(place.path()).unwrap();
    let name = "d".repeat(200);
    let mut dir = rustix::fs::openat(&*root.fd, c".", OPEN_DIR, Mode::empty()).unwrap();
    let mut path = Vec::new();
    for _ in 0..25 {
        rustix::fs::mkdirat(&dir, &*name, Mode::RWXU).unwrap();
        dir = rustix::fs::openat(&dir, &*name, OPEN_DIR, Mode::empty()).unwrap();
        path.extend_from_slice(name.as_bytes());
        path.push(b'/');
    }
    path.extend_from_slice(b"file");
    let fd = rustix::fs::openat(&dir, c"file", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR).unwrap();
    rustix::io::write(&fd, b"deep").unwrap();
    assert_eq!(say(root.read(&RelPath::from_bytes(&path).unwrap(), 100)), "deep");
}

#[test]
fn a_root_must_be_a_directory_and_may_be_a_link() {
    let (place, root) = place();
    assert!(matches!(RootDir::open(&root.path().join("a/b/file")), Err(OpenError::NotRegular(EntryKind::File))));
    assert!(matches!(RootDir::open(&place.path().join("nowhere")), Err(OpenError::NotFound)));
    symlink("root", place.path().join("alias")).unwrap();
    let alias = RootDir::open(&place.path().join("alias")).unwrap();
    assert_eq!(say(alias.read(&rel("a/b/file"), 100)), "text");
}
