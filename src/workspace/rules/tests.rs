//! Verdicts on small trees. The comparison with git itself is in tests/it/ignore_rules.rs.

use expect_test::{Expect, expect};

use super::*;
use crate::base::cancel::Cancel;
use crate::workspace::crawl::walk::{self, Sight};

/// Makes the tree (`path` or `path: content`, one a line; a path that ends in `/` is a folder) and lists what the walk says
/// of it; also asks `judge` about each path and compares.
fn check(tree: &str, options: &RuleOptions, expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    for line in tree.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (path, content) = line.split_once(": ").unwrap_or((line, ""));
        let at = dir.path().join(path);
        if path.ends_with('/') {
            std::fs::create_dir_all(at).unwrap();
        } else {
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, content.replace("\\n", "\n")).unwrap();
        }
    }
    let root = RootDir::open(dir.path()).unwrap();
    let rules = Rules::new(&root, options);
    let mut lines = Vec::new();
    for sight in sights(&root, &rules) {
        let (path, skip) = match sight {
            Sight::File { path, .. } => (path, None),
            Sight::Left { path, skip } => (path, Some(skip)),
        };
        let kind = root.stat(&path).unwrap().1;
        let judged = rules.judge(&root, &path, kind);
        assert_eq!(judged, skip, "walker and watcher differ on {path:?}");
        lines.push(format!("{} -> {}\n", path.display(), skip.map_or("indexed".into(), |skip| skip.to_string())));
    }
    lines.sort();
    expected.assert_eq(&lines.concat());
}

fn sights(root: &RootDir, rules: &Rules) -> Vec<Sight> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    walk::all(&pool, root, rules, &Cancel::new())
}

#[test]
fn nested_ignore_files_and_their_precedence() {
    check(
        "
        .gitignore: *.log\\n/out/\\n!keep.log
        a.log
        keep.log
        out/x.rs
        src/out/x.rs
        src/.gitignore: !a.log\\n*.tmp
        src/a.log
        src/b.tmp
        src/deep/c.tmp
        src/.ignore: special.rs
        src/special.rs
        src/.portolanignore: !special.rs
        ",
        &RuleOptions::default(),
        expect![[r#"
            .gitignore -> indexed
            a.log -> ignored: .gitignore: *.log
            keep.log -> indexed
            out -> ignored: .gitignore: /out/
            src/.gitignore -> indexed
            src/.ignore -> indexed
            src/.portolanignore -> indexed
            src/a.log -> indexed
            src/b.tmp -> ignored: src/.gitignore: *.tmp
            src/deep/c.tmp -> ignored: src/.gitignore: *.tmp
            src/out/x.rs -> indexed
            src/special.rs -> indexed
        "#]],
    );
}

#[test]
fn secrets_repositories_and_large_folders() {
    check(
        "
        .env
        .env.example
        config/id_rsa
        config/id_rsa.pub
        config/server.KEY
        .aws/credentials
        .git/config
        node_modules/x/index.js
        sub/node_modules: a file
        build/tracked.rs
        dist/tracked.js
        ",
        &RuleOptions::default(),
        expect![[r#"
            .aws/credentials -> secret: its name is on the list of files that are never indexed
            .env -> secret: its name is on the list of files that are never indexed
            .env.example -> indexed
            .git -> repository data
            build/tracked.rs -> indexed
            config/id_rsa -> secret: its name is on the list of files that are never indexed
            config/id_rsa.pub -> indexed
            config/server.KEY -> secret: its name is on the list of files that are never indexed
            dist/tracked.js -> indexed
            node_modules -> large folder: listed in directory_filtering.skip_large_directories
            sub/node_modules -> indexed
        "#]],
    );
    check(
        "build/out.rs\n venv/lib.py",
        &RuleOptions::default(),
        expect![[r#"
        build -> large folder: listed in directory_filtering.skip_large_directories
        venv -> large folder: listed in directory_filtering.skip_large_directories
    "#]],
    );
}

#[test]
fn settings_exclude_and_bring_back() {
    let options = RuleOptions {
        exclude: vec!["*.gen.rs".into(), "/docs/".into()],
        include: vec!["/vendor/mine/**".into(), "node_modules/kept".into()],
        ..RuleOptions::default()
    };
    check(
        "
        .gitignore: vendor/
        a.gen.rs
        docs/a.md
        vendor/mine/a.rs
        vendor/mine/b.gen.rs
        vendor/other/a.rs
        node_modules/kept/index.js
        node_modules/lost/index.js
        ",
        &options,
        expect![[r#"
            .gitignore -> indexed
            a.gen.rs -> ignored: exclude setting *.gen.rs
            docs -> ignored: exclude setting /docs/
            node_modules/kept/index.js -> indexed
            node_modules/lost -> ignored: its folder is ignored
            vendor/mine/a.rs -> indexed
            vendor/mine/b.gen.rs -> ignored: exclude setting *.gen.rs
            vendor/other -> ignored: its folder is ignored
        "#]],
    );
}

#[test]
fn a_nested_repository_has_its_own_rules() {
    check(
        "
        .git/HEAD
        .gitignore: *.rs
        .git/info/exclude: excluded.py
        excluded.py
        a.rs
        sub/.git/HEAD
        sub/a.rs
        sub/excluded.py
        ",
        &RuleOptions::default(),
        expect![[r#"
            .git -> repository data
            .gitignore -> indexed
            a.rs -> ignored: .gitignore: *.rs
            excluded.py -> ignored: .git/info/exclude: excluded.py
            sub/.git -> repository data
            sub/a.rs -> indexed
            sub/excluded.py -> indexed
        "#]],
    );
}

#[test]
fn an_ignore_file_beyond_the_limits_closes_its_folder() {
    let many = "x\\n".repeat(20_001);
    check(
        &format!("a/.gitignore: {many}\n a/b.rs\n c.rs"),
        &RuleOptions::default(),
        expect![[r#"
        a -> folder not indexed: .gitignore has 20001 lines, more than 20000
        c.rs -> indexed
    "#]],
    );
}

#[test]
fn an_ignore_file_that_is_no_file_counts_as_absent() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("a/.gitignore/x")).unwrap();
    std::fs::write(dir.path().join("a/b.rs"), "").unwrap();
    std::fs::create_dir(dir.path().join("c")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("c/.gitignore")).unwrap();
    std::fs::write(dir.path().join("c/d.rs"), "").unwrap();
    let root = RootDir::open(dir.path()).unwrap();
    let rules = Rules::new(&root, &RuleOptions::default());
    let files = sights(&root, &rules).into_iter().filter(|it| matches!(it, Sight::File { .. })).count();
    assert_eq!(files, 2);
}

#[test]
fn rules_of_a_replaced_folder_are_forgotten_however_few_are_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(dir.path().join(path), text).unwrap();
    };
    write("a/b/x.log", "");
    write("other/b/x.log", "");
    write("other/b/.gitignore", "*.log\n");
    let root = RootDir::open(dir.path()).unwrap();
    let rules = Rules::new(&root, &RuleOptions { remembered: 1, ..RuleOptions::default() });
    let path = |it: &str| RelPath::from_bytes(it.as_bytes()).unwrap();
    let judged = || rules.judge(&root, &path("a/b/x.log"), EntryKind::File);
    assert_eq!(judged(), None);
    std::fs::rename(dir.path().join("a"), dir.path().join("gone")).unwrap();
    std::fs::rename(dir.path().join("other"), dir.path().join("a")).unwrap();
    rules.forget_beneath(&path("a"));
    assert_eq!(judged(), Some(Skip::Ignored("a/b/.gitignore: *.log".into())));
}

#[test]
fn what_the_disk_refused_is_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let root = RootDir::open(dir.path()).unwrap();
    let rules = Rules::new(&root, &RuleOptions::default());
    let path = RelPath::from_bytes(b"a/b.rs").unwrap();
    let judged = || rules.judge(&root, &path, EntryKind::File);
    assert_eq!(judged(), Some(Skip::Unreadable("not found".into())));
    std::fs::create_dir(dir.path().join("a")).unwrap();
    assert_eq!(judged(), None);
}

#[test]
fn what_was_worked_out_before_rules_were_forgotten_is_not_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let root = RootDir::open(dir.path()).unwrap();
    let rules = Rules::new(&root, &RuleOptions::default());
    let [a, b] = [b"a", b"b"].map(|it| RelPath::from_bytes(it).unwrap());
    let since = rules.known.now();
    rules.known.keep(a.clone(), &Ok(rules.top()), since);
    assert!(rules.known.get(&a).is_some());
    rules.forget_beneath(&b);
    rules.known.keep(b.clone(), &Ok(rules.top()), since);
    assert!(rules.known.get(&a).is_some() && rules.known.get(&b).is_none());
    rules.forget();
    rules.known.keep(b.clone(), &Ok(rules.top()), since);
    assert!(rules.known.get(&a).is_none() && rules.known.get(&b).is_none());
}
