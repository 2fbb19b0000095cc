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
            b"changelogs",
            b"changelog",
            b"changelog.d",
            b"newsfragments",
            b"whatsnew",
        ],
    ),
];

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
    // A folder of releases holds code, too, where it is no documentation.
    let is_prose = of_name(name, &lower).has(Traits::DOCS);
    if it.has(Traits::NOTES) && !is_prose { Traits(it.0 & !Traits::NOTES.0) } else { it }
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
mod tests {
    use super::*;

    #[test]
    fn paths_tell_their_traits() {
        let check = |path: &str, wanted: Traits| assert_eq!(of(path.as_bytes()), wanted, "{path}");
        check("src/router.rs", Traits::default());
        check("axum/src/routing/tests/nest.rs", Traits::TEST);
        check("pkg/api/v1/zz_generated.deepcopy.go", Traits::GENERATED);
        check("vendor/k8s.io/api_test.go", Traits::VENDORED.with(Traits::TEST));
        check("src/contest.rs", Traits::default());
        check("packages/vue/__tests__/a.spec.ts", Traits::TEST);
        check("shop/migrations/0001_initial.py", Traits::GENERATED);
        check("db/migrations/loader.py", Traits::default());
        check("README.md", Traits::DOCS);
        check("examples/chat/main.rs", Traits::SAMPLE);
    }

    #[test]
    fn names_are_read_word_by_word() {
        let all = |paths: &[&str], wanted: Traits| {
            for path in paths {
                assert_eq!(of(path.as_bytes()), wanted, "{path}");
            }
        };
        all(
            &[
                "okio/src/jvmTest/kotlin/okio/Buffer.kt",
                "tests/NLog.UnitTests/Config/Init.cs",
                "crates/parser/test_data/ok/a.rs",
                "okio-testing-support/src/a.kt",
                "src/FooTest.java",
                "src/TestFoo.cs",
                "run-tests.ps1",
                "lib/TypeSpec.scala",
                "web/store.test.ts",
                "lib/store_spec.rb",
                "spec/models/a.rb",
            ],
            Traits::TEST,
        );
        all(
            &[
                "src/latest/protest.py",
                "java/MethodSpec.java",
                "src/attestation/a.go",
                "src/resample/sampler.rs",
                "lib/deps/graph.ts",
                "src/generator/code.rs",
                "CMakeLists.txt",
                "requirements-dev.txt",
                "src/history.rs",
                "hack/openapi-spec.sh",
                "src/changes/apply.py",
                "app/releases/list.ts",
            ],
            Traits::default(),
        );
        all(&["deps/oniguruma/regcomp.c", "extern/fmt/format.h", "src/pip/_vendor/six.py"], Traits::VENDORED);
        all(&["api/client.gen.ts", "src/generated-sources/A.java", "web/app.bundle.js"], Traits::GENERATED);
        all(&["code-samples/a.go", "pkg/example_store.py", "StoreBenchmark.java"], Traits::SAMPLE);
        all(
            &[
                "CHANGELOG.md",
                "docs/releases/1.2.txt",
                "NEWS",
                "ChangeLog",
                "HISTORY.rst",
                "RELEASE_NOTES.md",
                "changelog.d/7.md",
            ],
            Traits::NOTES.with(Traits::DOCS),
        );
    }
}
