//! URIs of clients and of attackers.

use super::*;

fn check(uri: &str, path: Option<&str>) {
    assert_eq!(to_path(uri).as_deref(), path.map(Path::new), "{uri}");
}

#[test]
fn uris_of_clients() {
    check("file:///a/b.rs", Some("/a/b.rs"));
    check("FILE:///a", Some("/a"));
    check("file:/a", Some("/a"));
    check("file://localhost/a", Some("/a"));
    check("file:///a%20b/%C3%A9.rs", Some("/a b/é.rs"));
    check("file:///c%3A/x.py", Some("/c:/x.py"));
    check("file:///a//b/./c", Some("/a/b/c"));
    check("file:///a b.py", Some("/a b.py"));
    check("file:///", Some("/"));
}

#[test]
fn uris_that_name_no_path() {
    for uri in [
        "",
        "x",
        "file:",
        "file://",
        "file:///%00",
        "file:///%2e%2e/etc/passwd",
        "file:///a/../b",
        "file:///bad%zz",
        "untitled:Untitled-1",
        "http://127.0.0.1:1/x.py",
        "git:/a?%7B%7D",
        "file://host/share/x",
        "\u{202e}file:///x",
        "vscode-notebook-cell:/x#1",
        "file:relative",
    ] {
        check(uri, None);
    }
}

proptest::proptest! {
    #[test]
    fn round_trip(bytes in proptest::collection::vec(1u8..=255, 1..40)) {
        let mut path = b"/r".to_vec();
        path.extend(bytes);
        let path = PathBuf::from(OsStr::from_bytes(&path));
        if let Some(back) = to_path(&of_path(&path)) {
            proptest::prop_assert_eq!(of_path(&back), of_path(&path.components().collect::<PathBuf>()));
        }
    }

    #[test]
    fn nothing_panics(text in ".{0,60}") {
        let _ = to_path(&text);
        let _ = to_path(&format!("file://{text}"));
    }
}
