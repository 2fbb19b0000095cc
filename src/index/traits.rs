//! What a path alone tells about a file: test, vendored, generated, documentation, sample, release notes. Invariant: depends on
//! the path's bytes only; part of every recipe, since packs keep the answer. Must not know contents.

/// A set of traits, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits(pub u8);

impl Traits {
    /// By path or by what the text declares.
    pub const TEST: Self = Self(1);
    pub const VENDORED: Self = Self(2);
    /// By path or by the header of its text.
    pub const GENERATED: Self = Self(4);
    pub const DOCS: Self = Self(8);
    pub const SAMPLE: Self = Self(16);
    /// What has changed, version by version; documentation, too.
    pub const NOTES: Self = Self(32);

    /// What people call each that is in it.
    pub fn names(self) -> Vec<&'static str> {
        let all = [
            (Self::TEST, "test"),
            (Self::SAMPLE, "sample"),
            (Self::DOCS, "documentation"),
            (Self::NOTES, "release notes"),
            (Self::GENERATED, "generated"),
            (Self::VENDORED, "vendored"),
        ];
        all.into_iter().filter(|it| self.has(it.0)).map(|it| it.1).collect()
    }

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Folders of just this name, in lower case.
const FOLDERS: &[(Traits, &[&[u8]])] = &[
    (
        Traits::TEST,
        &[
            b"spec",
            b"specs",
            b"e2e",
            b"__mocks__",
            b"__snapshots__",
            b"mocks",
            b"fixture",
            b"fixtures",
            b"selftests",
            b"cypress",
        ],
    ),
    (
        Traits::VENDORED,
        &[
            b"vendor",
            b"vendored",
            b"_vendor",
            b"_vendored",
            b"node_modules",
            b"third_party",
            b"third-party",
            b"thirdparty",
            b"third_parties",
            b"3rdparty",
            b"3rd-party",
            b"3rd_party",
            b"extern",
            b"external",
            b"externals",
            b"bower_components",
            b"site-packages",
            b"godeps",
            b"contrib_libs",
            b"subprojects",
        ],
    ),
    (Traits::GENERATED, &[b"gen", b"dist", b"autogen"]),
    (Traits::DOCS, &[b"doc", b"docs", b"documentation", b"man", b"website", b"wiki", b"rfcs", b"adr"]),
    (
        Traits::SAMPLE,
        &[b"playground", b"playgrounds", b"benches", b"tutorial", b"tutorials", b"quickstart", b"cookbook"],
    ),
    (
        Traits::NOTES,
        &[
            b"releases",
            b"release-notes",
            b"release_notes",
            b"releasenotes",
            b"release-note",
            b"relnotes",
            b"changelogs",
            b"changelog",
            b"changelog.d",
            b".changelog",
            b"changes",
            b"changes.d",
            b".changes",
            b".changeset",
            b".chronus",
            b"newsfragments",
            b"news.d",
            b"whatsnew",
        ],
    ),
];
/// Those of them in which data is notes, too: no code keeps its data in a folder called so.
const FRAGMENT_FOLDERS: &[&[u8]] = &[
    b"release-notes",
    b"releasenotes",
    b"changelogs",
    b"changelog.d",
    b".changelog",
    b"changes.d",
    b".changes",
    b".changeset",
    b"newsfragments",
    b"news.d",
];
/// What a note tells of, as the ending of its name (`newsfragments/128.bugfix`, `news/4.removal.rst`).
const FRAGMENT_ENDINGS: &[&[u8]] = &[
    b"add",
    b"added",
    b"breaking",
    b"bug",
    b"bugfix",
    b"change",
    b"changed",
    b"deprecated",
    b"deprecation",
    b"doc",
    b"enhancement",
    b"feat",
    b"feature",
    b"fix",
    b"fixed",
    b"improvement",
    b"misc",
    b"removal",
    b"removed",
    b"security",
    b"trivial",
];
/// Files without an ending that are no prose, beside all whose name ends in `file`.
const BARE_CODE: &[&[u8]] = &[b"build", b"workspace", b"owners", b"codeowners"];

/// Folders that have one of these among their words (`jvmTest`, `android-test`, `NLog.UnitTests`, `test_data`).
const FOLDER_WORDS: &[(Traits, &[&[u8]])] = &[
    (
        Traits::TEST,
        &[
            b"test",
            b"tests",
            b"testing",
            b"testdata",
            b"testutil",
            b"testutils",
            b"testcase",
            b"testcases",
            b"testsuite",
            b"testsuites",
            b"testlib",
            b"testkit",
            b"testhelper",
            b"testhelpers",
            b"unittest",
            b"unittests",
        ],
    ),
    (Traits::GENERATED, &[b"generated"]),
    (Traits::SAMPLE, &[b"example", b"examples", b"sample", b"samples", b"demo", b"demos", b"benchmark", b"benchmarks"]),
];

/// Files whose name, up to its first dot, has one of these as its first or its last word.
const NAME_WORDS: &[(Traits, &[&[u8]])] = &[
    (Traits::TEST, &[b"test", b"tests", b"conftest", b"unittest", b"unittests", b"testcase", b"testcases"]),
    (Traits::SAMPLE, &[b"example", b"examples", b"demo", b"benchmark", b"benchmarks"]),
];
/// Parts of a file's name.
const NAME_PARTS: &[(Traits, &[&[u8]])] = &[
    (Traits::TEST, &[b".test.", b".tests.", b".spec.", b".snap"]),
    (
        Traits::GENERATED,
        &[
            b".pb.",
            b"_pb2.",
            b"_pb2_grpc.",
            b".generated.",
            b"_generated.",
            b"zz_generated",
            b".gen.",
            b"_gen.go",
            b".g.dart",
            b".g.cs",
            b".freezed.dart",
            b".min.js",
            b".min.mjs",
            b".min.css",
            b"-min.js",
            b".bundle.js",
            b".designer.cs",
            b".designer.vb",
            b"-lock.",
        ],
    ),
];
/// Endings of languages in which `foo_spec` and `foo-spec` are tests.
const TESTED_BY_SPECS: &[&[u8]] =
    &[b"rb", b"js", b"jsx", b"mjs", b"ts", b"tsx", b"lua", b"ex", b"exs", b"coffee", b"dart", b"cr"];
/// Endings of languages in which `FooSpec` is a test: in others it is a specification.
const SPEC_LANGUAGES: &[&[u8]] = &[b"scala", b"groovy", b"hs", b"kt"];
const DOC_ENDINGS: &[&[u8]] =
    &[b"md", b"mdx", b"rst", b"adoc", b"asciidoc", b"txt", b"org", b"texi", b"textile", b"pod"];
/// Words with which the names of release notes begin.
const NOTES_WORDS: &[&[u8]] =
    &[b"changelog", b"changes", b"history", b"news", b"releases", b"releasenotes", b"relnotes", b"whatsnew"];

/// The traits of a path.
pub fn of(path: &[u8]) -> Traits {
    let mut parts = path.rsplit(|&b| b == b'/');
    let name = parts.next().unwrap_or(&[]);
    let mut it = Traits::default();
    for part in parts {
        it = it.with(of_folder(part));
    }
    // `deps` is a folder of code as often as one of copies, but at the root.
    if path.get(..5).is_some_and(|it| it.eq_ignore_ascii_case(b"deps/")) {
        it = it.with(Traits::VENDORED);
    }
    let lower = name.to_ascii_lowercase();
    // Steps of a database's history (`migrations/0001_initial.py`, `db/migrate/20240101_x.rb`): made once, mostly by a tool.
    let folder = path.rsplit(|&b| b == b'/').nth(1).unwrap_or(&[]).to_ascii_lowercase();
    let in_history = matches!(&*folder, b"migrations" | b"migrate");
    let digits = lower.iter().take_while(|b| b.is_ascii_digit()).count();
    if in_history && digits >= 3 {
        it = it.with(Traits::GENERATED);
    }
    it = it.with(of_name(name, &lower));
    of_note(path, name, &lower, it)
}

/// The same for what lies in a folder of release notes, where it is a note: such folders hold code, too.
fn of_note(path: &[u8], name: &[u8], lower: &[u8], it: Traits) -> Traits {
    let in_folder = |all: &[&[u8]]| {
        let mut folders = path.rsplit(|&b| b == b'/').skip(1);
        folders.any(|part| all.contains(&&*part.to_ascii_lowercase()))
    };
    let mut endings = lower.rsplit(|&b| b == b'.');
    let (last, before) = (endings.next().unwrap_or(&[]), endings.next());
    let is_prose = of_name(name, lower).has(Traits::DOCS);
    let tells = FRAGMENT_ENDINGS.contains(&last) || is_prose && before.is_some_and(|it| FRAGMENT_ENDINGS.contains(&it));
    // `changelog/0.9.0/issue-2834`; in `releases` lies what is released, too.
    let is_bare = before.is_none() && !lower.ends_with(b"file") && !BARE_CODE.contains(&lower);
    let is_note = match () {
        () if !it.has(Traits::NOTES) => tells && before.is_some() && in_folder(&[b"news"]),
        () if lower.starts_with(b"readme") => false,
        () if is_prose => true,
        // `releases/create.feature` is a test in words: only a number or an issue has such endings elsewhere.
        () if tells && before.is_some() => in_folder(FRAGMENT_FOLDERS) || lower.iter().any(u8::is_ascii_digit),
        () if is_bare => !in_folder(&[b"releases"]) || in_folder(FRAGMENT_FOLDERS),
        () => matches!(last, b"yml" | b"yaml" | b"toml" | b"json") && in_folder(FRAGMENT_FOLDERS),
    };
    match is_note {
        true => it.with(Traits::NOTES).with(Traits::DOCS),
        false => Traits(it.0 & !Traits::NOTES.0),
    }
}

fn of_folder(part: &[u8]) -> Traits {
    let lower = part.to_ascii_lowercase();
    let exact = FOLDERS.iter().filter(|(_, names)| names.contains(&&*lower)).map(|it| it.0);
    let mut it = exact.fold(Traits::default(), Traits::with);
    each_word(part, &mut |word| {
        let found = FOLDER_WORDS.iter().filter(|(_, names)| names.contains(&word)).map(|it| it.0);
        it = found.fold(it, Traits::with);
    });
    it
}

fn of_name(name: &[u8], lower: &[u8]) -> Traits {
    let has = |needle: &[u8]| lower.windows(needle.len()).any(|part| part == needle);
    let stem = &name[..name.iter().position(|&b| b == b'.').unwrap_or(name.len())];
    let ending = lower.rsplit(|&b| b == b'.').next().filter(|it| it.len() < lower.len()).unwrap_or(&[]);
    let (mut first, mut last): (Option<Vec<u8>>, Vec<u8>) = (None, Vec::new());
    each_word(stem, &mut |word| {
        first.get_or_insert_with(|| word.to_vec());
        last = word.to_vec();
    });
    let first = first.unwrap_or_default();
    let words = NAME_WORDS.iter().filter(|(_, names)| names.contains(&&*first) || names.contains(&&*last));
    let parts = NAME_PARTS.iter().filter(|(_, all)| all.iter().any(|part| has(part)));
    let mut it = words.map(|it| it.0).chain(parts.map(|it| it.0)).fold(Traits::default(), Traits::with);
    if &*last == b"spec" && TESTED_BY_SPECS.contains(&ending) && (has(b"_spec.") || has(b"-spec.")) {
        it = it.with(Traits::TEST);
    }
    if &*last == b"spec" && first != last && SPEC_LANGUAGES.contains(&ending) {
        it = it.with(Traits::TEST);
    }
    if lower.ends_with(b".lock") || lower == b"go.sum" {
        it = it.with(Traits::GENERATED);
    }
    let is_build =
        lower == b"cmakelists.txt" || lower.starts_with(b"requirements") || lower.starts_with(b"constraints");
    let bare = ending.is_empty() && lower == stem.to_ascii_lowercase();
    if DOC_ENDINGS.contains(&ending) && !is_build {
        it = it.with(Traits::DOCS);
    }
    let notes = NOTES_WORDS.contains(&&*first)
        || &*first == b"release" && &*last == b"notes"
        || lower.starts_with(b"changelog");
    if notes && (bare || it.has(Traits::DOCS)) {
        it = it.with(Traits::NOTES).with(Traits::DOCS);
    }
    it
}

/// The words of a name in lower case: cut at what is no letter or digit, at humps, before and after digits.
fn each_word(name: &[u8], word: &mut dyn FnMut(&[u8])) {
    let mut buffer: Vec<u8> = Vec::with_capacity(name.len());
    for (at, &byte) in name.iter().enumerate() {
        let before = at.checked_sub(1).map_or(0, |it| name[it]);
        let next_is_lower = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let hump =
            byte.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_uppercase() && next_is_lower);
        let border = before.is_ascii_digit() != byte.is_ascii_digit();
        if (hump || border || !byte.is_ascii_alphanumeric() && byte < 0x80) && !buffer.is_empty() {
            word(&buffer);
            buffer.clear();
        }
        if byte.is_ascii_alphanumeric() || byte >= 0x80 {
            buffer.push(byte.to_ascii_lowercase());
        }
    }
    if !buffer.is_empty() {
        word(&buffer);
    }
}

#[cfg(test)]
mod tests;
