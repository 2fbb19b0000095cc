//! What paths tell, and what only looks like it.

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

fn all(paths: &[&str], wanted: Traits) {
    for path in paths {
        assert_eq!(of(path.as_bytes()), wanted, "{path}");
    }
}

#[test]
fn names_are_read_word_by_word() {
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
}

#[test]
fn notes_are_told_from_code_beside_them() {
    all(
        &[
            "CHANGELOG.md",
            "docs/releases/1.2.txt",
            "NEWS",
            "ChangeLog",
            "HISTORY.rst",
            "RELEASE_NOTES.md",
            "changelog.d/7.md",
            "changelog/0.11.0_2020-11-05/issue-2834",
            "changelogs/unreleased/hanging-upload.yml",
            ".changes/unreleased/Added-20240101.yaml",
            ".changeset/brave-cats-sing.md",
            "changes.d/12.fix.rst",
            "newsfragments/128.bugfix",
            "news/4.removal.rst",
            "release-notes/VERSION",
            "CHANGES/17.misc",
        ],
        Traits::NOTES.with(Traits::DOCS),
    );
    all(&["changes/README.md", "news/2024.md"], Traits::DOCS);
    let code = [
        "src/changelog/parser.rs",
        "src/changelog/config.yml",
        "changelog/Makefile",
        "changelog/add.sh",
        "src/changes/apply.py",
        "news/models.py",
        "news/latest",
        "releases/1.2/run",
    ];
    all(&code, Traits::default());
}
