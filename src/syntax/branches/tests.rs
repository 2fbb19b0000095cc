//! What is left out and what stays.

use super::left_out;
use crate::syntax::languages::Lang;

/// Lines of `text` that are left out lose what they hold but their first word; directives stay.
fn check(id: &str, text: &str, want: &[&str]) {
    let lang = Lang::from_id(id).expect("row");
    let out: Vec<&str> =
        left_out(lang, text).into_iter().flat_map(|span| text[span.range()].split_whitespace()).collect();
    assert_eq!(out, want, "{text}");
}

/// A condition before `no;`, with `yes;` outside: whether `no;` is left out.
fn is_out(condition: &str) -> bool {
    let text = format!("yes;\n{condition}\nno;\n#endif\n");
    !left_out(Lang::from_id("c").expect("row"), &text).is_empty()
}

#[test]
fn what_is_certain_is_left_out() {
    check("c", "a;\n#if 0\nb;\n#else\nc;\n#endif\n", &["b;"]);
    check("c", "a;\n#if 1\nb;\n#else\nc;\n#endif\nd;", &["c;"]);
    check("c", "a;\n#ifdef __cplusplus\nb;\n#endif\n", &["b;"]);
    check("cpp", "a;\n#ifndef __cplusplus\nb;\n#else\nc;\n#endif\n", &["b;"]);
}

#[cfg(target_os = "linux")]
#[test]
fn other_systems_are_left_out() {
    check("c", "a;\n#ifdef _WIN32\nb;\n#elif defined(__linux__)\nc;\n#else\nd;\n#endif\n", &["b;", "d;"]);
    check("c", "a;\n#  if defined(_MSC_VER) && _MSC_VER >= 1900\nb;\n#  endif\n", &["b;"]);
    check("c", "a;\n#ifdef __INTEL_COMPILER\nb;\n#endif\n", &["b;"]);
}

#[test]
fn what_is_doubtful_stays() {
    for condition in [
        "#ifdef CONFIG_SMP",
        "#ifndef CONFIG_SMP",
        "#if HAVE_IT > 3",
        "#if __GNUC__ >= 4",
        "#ifdef __clang__",
        "#ifdef __arm__",
        "#if FEATURE(x) || 0",
        "#if __has_include(<a.h>)",
        "#if 1 +",
        "#if",
        "#if 1 / 0",
        "#if (((((1",
    ] {
        assert!(!is_out(condition), "{condition}");
    }
}

#[test]
fn conditions_are_counted() {
    for condition in [
        "#if !1",
        "#if defined(A) && 0",
        "#if 0 && FEATURE(x, (y))",
        "#if (2 + 3 * 4 == 15)",
        "#if 0x10 != 16L",
        "#if 1 ? 0 : 2",
        "#if 1 << 2 & 3",
        "#if 0 /* why */ // so",
        "#if 1 && \\\n  0",
        "#if !(1 || UNKNOWN)",
    ] {
        assert!(is_out(condition), "{condition}");
    }
}

#[test]
fn own_macros_count_from_where_they_stand() {
    check("c", "#define A 1\na;\n#if A\nb;\n#else\nc;\n#endif\n", &["c;"]);
    check("c", "#if A\nb;\n#else\nc;\n#endif\n#define A 1\na;", &[]);
    check("c", "#define A B\n#define B 0\na;\n#if A\nb;\n#endif\n#undef A\n#ifdef A\nc;\n#endif\n", &["b;", "c;"]);
    // Either definition may be the one in force.
    check("c", "#ifdef X\n#define A 1\n#else\n#define A 0\n#endif\na;\n#if A\nb;\n#endif\n", &[]);
    // In a branch its own definitions count, as below an include guard.
    check("c", "#ifndef G\n#define G\n#define A 0\na;\n#if A\nb;\n#endif\n#endif\n#if A\nc;\n#endif\n", &["b;"]);
    check("c", "#define A (A)\na;\n#if A\nb;\n#endif\n", &[]);
}

#[test]
fn groups_nest() {
    let text = "a;\n#ifdef X\n#if 0\nb;\n#ifdef Y\nc;\n#else\nd;\n#endif\n#else\ne;\n#endif\n#endif\n";
    check("c", text, &["b;", "#ifdef", "Y", "c;", "#else", "d;", "#endif"]);
    // A group that has no end, an end that has no group.
    check("c", "a;\n#if 0\nb;\n", &[]);
    check("c", "a;\n#endif\n#else\n#if 0\nb;\n#endif\n", &["b;"]);
    let deep = "#if 1\n".repeat(500) + "#if 0\nb;\n" + &"#endif\n".repeat(501) + "a;\n#if 0\nc;\n#endif\n";
    check("c", &deep, &["c;"]);
}

#[test]
fn comments_and_strings_hold_no_directives() {
    check("c", "a;\n/*\n#if 0\n*/\nb;\n// \"\n#if 0\nc;\n#endif\n", &["c;"]);
    check("c", "char a = '\"';\n#if 0\nc;\n#endif\n", &["c;"]);
    check("c", "char *a = \"\\\"/*\";\n#if 0\nc;\n#endif\n", &["c;"]);
    check("cpp", "auto a = R\"x(\n#if 0\n)x\";\nb;\n#if 0\nc;\n#endif\n", &["c;"]);
    check("c", "a;\n#if 0\nit's don't \" *\n#endif\nb;\n", &["it's", "don't", "\"", "*"]);
}

#[test]
fn a_file_for_another_platform_stays_whole() {
    check("c", "#include <a.h>\n#if 0 // never\nint b;\n#endif\n/* a; */\n", &[]);
    check("python", "a;\n#if 0\nb\n#endif\n", &[]);
}
