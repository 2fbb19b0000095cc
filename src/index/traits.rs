//! What a path alone tells about a file: test, vendored, generated, documentation, sample. Invariant: depends on the path's
//! bytes only. Must not know contents.

/// A set of traits, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits(pub u8);

impl Traits {
    pub const TEST: Self = Self(1);
    pub const VENDORED: Self = Self(2);
    /// By path or by the header of its text.
    pub const GENERATED: Self = Self(4);
    pub const DOCS: Self = Self(8);
    pub const SAMPLE: Self = Self(16);

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

const TEST_FOLDERS: &[&[u8]] = &[
    b"test",
    b"tests",
    b"testing",
    b"__tests__",
    b"spec",
    b"specs",
    b"testdata",
    b"fixtures",
    b"__mocks__",
    b"e2e",
    b"selftests",
];
const VENDORED_FOLDERS: &[&[u8]] = &[
    b"vendor",
    b"node_modules",
    b"third_party",
    b"third-party",
    b"thirdparty",
    b"3rdparty",
    b"external",
    b"externals",
    b"bower_components",
    b"site-packages",
    b"godeps",
    b"_vendor",
    b"contrib_libs",
];
const GENERATED_FOLDERS: &[&[u8]] = &[b"generated", b"__generated__", b"gen", b"dist", b"autogen"];
const DOC_FOLDERS: &[&[u8]] = &[b"doc", b"docs", b"documentation", b"man", b"website"];
const SAMPLE_FOLDERS: &[&[u8]] = &[
    b"example",
    b"examples",
    b"sample",
    b"samples",
    b"demo",
    b"demos",
    b"playground",
    b"benches",
    b"benchmark",
    b"benchmarks",
];

/// The traits of a path.
pub fn of(path: &[u8]) -> Traits {
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.split(|&b| b == b'/').rev();
    let name = parts.next().unwrap_or(&[]);
    let mut it = Traits::default();
    for part in parts {
        for (folders, flag) in [
            (TEST_FOLDERS, Traits::TEST),
            (VENDORED_FOLDERS, Traits::VENDORED),
            (GENERATED_FOLDERS, Traits::GENERATED),
            (DOC_FOLDERS, Traits::DOCS),
            (SAMPLE_FOLDERS, Traits::SAMPLE),
        ] {
            if folders.contains(&part) {
                it = it.with(flag);
            }
        }
    }
    // Steps of a database's history (`migrations/0001_initial.py`, `db/migrate/20240101_x.rb`): made once, mostly by a tool.
    let folder = lower.split(|&b| b == b'/').rev().nth(1).unwrap_or(&[]);
    let in_history = matches!(folder, b"migrations" | b"migrate");
    let digits = name.iter().take_while(|b| b.is_ascii_digit()).count();
    if in_history && digits >= 3 {
        it = it.with(Traits::GENERATED);
    }
    it.with(of_name(name))
}

fn of_name(name: &[u8]) -> Traits {
    let mut it = Traits::default();
    let stem = name.split(|&b| b == b'.').next().unwrap_or(name);
    let has = |needle: &[u8]| name.windows(needle.len()).any(|part| part == needle);
    let tested = [&b"_test"[..], b"_tests", b"_spec", b"-test", b"_unittest"].iter().any(|end| stem.ends_with(end));
    if tested
        || stem.starts_with(b"test_")
        || matches!(stem, b"test" | b"tests" | b"conftest")
        || has(b".test.")
        || has(b".spec.")
    {
        it = it.with(Traits::TEST);
    }
    let generated: [&[u8]; 9] = [
        b".pb.",
        b"_pb2.",
        b".generated.",
        b"zz_generated",
        b".g.dart",
        b"_generated.",
        b".min.js",
        b".min.css",
        b".designer.cs",
    ];
    if generated.iter().any(|part| has(part)) || has(b"-lock.") || name.ends_with(b".lock") || name == b"go.sum" {
        it = it.with(Traits::GENERATED);
    }
    if [&b".md"[..], b".rst", b".adoc", b".txt"].iter().any(|end| name.ends_with(end)) {
        it = it.with(Traits::DOCS);
    }
    it
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
}
