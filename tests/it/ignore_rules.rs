//! Our verdicts against those of git itself, on a generated tree: `git check-ignore` has the last word.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portolan::base::cancel::Cancel;
use portolan::workspace::{Options, RuleOptions, Skip, Workspace};

const NAMES: [&str; 22] = [
    "a.log",
    "b.rs",
    "keep.log",
    "out",
    "sp ace.txt",
    "#hash",
    "!bang",
    "x.tmp",
    "größe.md",
    "{a,b}",
    "a",
    "b",
    "tail ",
    "back\\slash",
    "star*",
    "a-b_c.9",
    "[a",
    "a1",
    "]",
    "^",
    "-",
    "b\t",
];
const PATTERNS: [&str; 95] = [
    "*.log",
    "!keep.log",
    "out/",
    "/out",
    "b.*",
    "**/x.tmp",
    "d1/**",
    "!d1/b.rs",
    "d?/a.log",
    "[ab].rs",
    "\\#hash",
    "\\!bang",
    "sp\\ ace.txt",
    "d2/d1/",
    "*.tmp",
    "!*.rs",
    "/d1/*",
    "d1/*/b.rs",
    "**/d2/**/a.log",
    "x.tmp ",
    "# comment",
    "",
    "d[1-2]",
    "!d2/",
    // Nasty ones: braces, classes, escapes, stars in odd places, Unicode, spaces at the end.
    "{a,b}",
    "*.{log,rs}",
    "[!a]",
    "[^a].*",
    "[a-c]",
    "[]a]",
    "[a",
    "[z-a]",
    "a[",
    "*[0-9]",
    "[*]",
    "star\\*",
    "back\\\\slash",
    "tail\\ ",
    "tail ",
    "größe.*",
    "gr??e.md",
    "gr*e.md",
    "[ö]*",
    "*ö*",
    "**",
    "***",
    "d1/**/",
    "**/",
    "/**/a.log",
    "d1**",
    "**log",
    "d1/***/b.rs",
    "a/",
    "/",
    "//",
    "d1//b.rs",
    "./a.log",
    "d1/../a.log",
    "!",
    "!!bang",
    "\\",
    "?",
    "*",
    "d*/d?/*.log",
    "!/d1/",
    "!d1/*.rs",
    "a-b_c.[0-9]",
    "*/*/x.tmp",
    // Classes, and what is not a space at the end.
    "build/\t",
    "b\t",
    "b\\\t",
    "d1[!x]b.rs",
    "d1[.-0]b.rs",
    "d1[/]b.rs",
    "a[[:digit:]]",
    "a[![:digit:]]",
    "[[:alpha:][:punct:]]*",
    "[[:digit:]",
    "[[:foo:]a]",
    "[\\]a]",
    "[!]a]",
    "[^\\^]",
    "[{b]*",
    "x[",
    "[a-c-9]",
    "[--0]*",
    "[!!]",
    "[!-]",
    "[\\^]",
    "[!a]/",
    "/[!d]*",
    "d1/[!a]*",
    "[a-\\c]*",
    "[ -b]*",
    "tail\\  ",
];

/// Small, fast, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn grow(dir: &Path, depth: usize, dice: &mut Dice) {
    for name in NAMES {
        if dice.roll(3) > 0 && !(name == "out" && dice.roll(2) == 0) {
            std::fs::write(dir.join(name), "text\n").unwrap();
        }
    }
    if dice.roll(2) == 0 || depth == 0 {
        let most = [4, 40][dice.roll(2)];
        let lines: Vec<&str> = (0..1 + dice.roll(most)).map(|_| PATTERNS[dice.roll(PATTERNS.len())]).collect();
        std::fs::write(dir.join(".gitignore"), lines.join("\n")).unwrap();
    }
    if depth < 3 {
        for name in ["d1", "d2", "out.d"] {
            let inner = dir.join(name);
            std::fs::create_dir(&inner).unwrap();
            grow(&inner, depth + 1, dice);
        }
    }
}

/// Every file beneath `root` that git does not ignore.
fn kept_by_git(root: &Path) -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["-c", "core.excludesFile=", "ls-files", "-z", "--others", "--exclude-standard"])
        .current_dir(root)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert!(listed.status.success());
    listed
        .stdout
        .split(|&b| b == 0)
        .filter(|it| !it.is_empty())
        .map(|it| String::from_utf8(it.to_vec()).unwrap())
        .collect()
}

fn kept_by_us(root: &Path, cache: &Path) -> BTreeSet<String> {
    let rules = RuleOptions { skip_directories: Vec::new(), ..RuleOptions::default() };
    let options =
        Options { read_only: true, follow: false, cache_dir: Some(cache.to_path_buf()), rules, ..Options::default() };
    let workspace = Workspace::open(vec![root.to_path_buf()], options).unwrap();
    let lines = workspace.file_lines(&Cancel::new());
    lines.iter().filter(|it| it.skip == Some(Skip::Pending)).map(|it| it.path.display()).collect()
}

/// A repository in `dir`.
fn repository(dir: &Path) -> PathBuf {
    let root = dir.join("root");
    std::fs::create_dir(&root).unwrap();
    let made = Command::new("git").args(["init", "-q"]).current_dir(&root).status().unwrap();
    assert!(made.success());
    root
}

#[test]
fn every_pattern_alone_means_what_it_means_to_git() {
    let dir = tempfile::tempdir().unwrap();
    let root = repository(dir.path());
    for (at, pattern) in PATTERNS.iter().enumerate() {
        let top = root.join(format!("p{at}"));
        for folder in ["", "d1", "d1/d2", "d2", "d2/d1", "a", "out.d"] {
            std::fs::create_dir_all(top.join(folder)).unwrap();
            for name in NAMES.iter().filter(|it| !top.join(folder).join(it).is_dir()) {
                std::fs::write(top.join(folder).join(name), "text\n").unwrap();
            }
            let _ = std::fs::remove_file(top.join("a"));
        }
        // What is taken back has to be ignored first.
        let before = if pattern.starts_with('!') { "*.*\n[a-d]*\n" } else { "" };
        std::fs::write(top.join(".gitignore"), format!("{before}{pattern}\n")).unwrap();
    }
    let (theirs, ours) = (kept_by_git(&root), kept_by_us(&root, &dir.path().join("cache")));
    let mut wrong: Vec<String> = theirs.symmetric_difference(&ours).cloned().collect();
    wrong.truncate(2_000);
    let told = wrong.iter().map(|path| {
        let number: usize = path[1..].split('/').next().unwrap().parse().unwrap();
        let who = if theirs.contains(path) { "git" } else { "we" };
        format!("{:?}: {who} keep {path:?}", PATTERNS[number])
    });
    assert!(wrong.is_empty(), "{}", told.collect::<Vec<_>>().join("\n"));
}

#[test]
fn we_ignore_what_git_ignores() {
    for seed in 0..24 {
        let dir = tempfile::tempdir().unwrap();
        let root = repository(dir.path());
        std::fs::write(root.join(".git/info/exclude"), "d2/keep.log\n").unwrap();
        grow(&root, 0, &mut Dice(seed));
        let (theirs, ours) = (kept_by_git(&root), kept_by_us(&root, &dir.path().join("cache")));
        let only_theirs: Vec<_> = theirs.difference(&ours).collect();
        let only_ours: Vec<_> = ours.difference(&theirs).collect();
        assert!(
            only_theirs.is_empty() && only_ours.is_empty(),
            "seed {seed}: git keeps {only_theirs:?}, we keep {only_ours:?}"
        );
    }
}

/// The same on real repositories: the folders in `PORTOLAN_TEST_REPOSITORIES` (checkouts or unpacked archives), separated
/// by colons. A folder without `.git` becomes a repository without commits, so that git tells of every file.
#[test]
#[ignore = "needs repositories; tests/long ignore runs it"]
fn long() {
    let folders = std::env::var("PORTOLAN_TEST_REPOSITORIES").unwrap();
    for root in folders.split(':').map(Path::new) {
        if !root.join(".git").exists() {
            assert!(Command::new("git").args(["init", "-q"]).current_dir(root).status().unwrap().success());
        }
        let dir = tempfile::tempdir().unwrap();
        let rules = RuleOptions { skip_directories: Vec::new(), ..RuleOptions::default() };
        let cache_dir = Some(dir.path().to_path_buf());
        let options = Options { read_only: true, follow: false, cache_dir, rules, ..Options::default() };
        let workspace = Workspace::open(vec![root.to_path_buf()], options).unwrap();
        let lines = workspace.file_lines(&Cancel::new());
        let ours: BTreeSet<&[u8]> =
            lines.iter().filter(|it| matches!(it.skip, Some(Skip::Ignored(_)))).map(|it| it.path.as_bytes()).collect();
        // A folder that is left out is one line.
        let is_ours = |path: &[u8]| {
            let ends = path.iter().enumerate().filter(|it| *it.1 == b'/').map(|it| it.0).chain([path.len()]);
            ends.map(|end| &path[..end]).any(|path| ours.contains(path))
        };
        let list = |also: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-c", "core.excludesFile=", "ls-files", "-z", "--others", "--exclude-standard"]).args(also);
            git.current_dir(root).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
            let listed = git.output().unwrap();
            assert!(listed.status.success());
            listed.stdout.split(|&b| b == 0).filter(|it| !it.is_empty()).map(<[u8]>::to_vec).collect::<Vec<_>>()
        };
        let (kept, ignored) = (list(&[]), list(&["--ignored"]));
        let wrong = kept.iter().filter(|it| is_ours(it)).chain(ignored.iter().filter(|it| !is_ours(it)));
        let wrong: Vec<String> = wrong.map(|it| String::from_utf8_lossy(it).into_owned()).collect();
        println!("{}: git keeps {}, ignores {}; {} differ", root.display(), kept.len(), ignored.len(), wrong.len());
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
