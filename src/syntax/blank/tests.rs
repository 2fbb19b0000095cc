//! What becomes of lines, and that edits leave what a fresh start gives.

use super::*;
use proptest::prelude::*;

fn check_in(lang: &str, text: &str, want: &str) {
    let lang = Lang::from_id(lang).expect("row");
    assert_eq!(String::from_utf8_lossy(&parse_input(lang, text)), want);
}

fn check(text: &str, want: &str) {
    check_in("cpp", text, want);
}

#[test]
fn macros_among_specifiers_are_blank() {
    check("FOO_API void f();", "        void f();");
    check("class FOO_API shape {", "class         shape {");
    check("FOO_CONST inline auto f() -> int {", "          inline auto f() -> int {");
    check("int FOO_CAPI f(int);", "int          f(int);");
}

#[test]
fn macros_alone_on_a_line_are_blank() {
    check("#include <a>\nFOO_BEGIN_NAMESPACE\nint a;", "#include <a>\n                   \nint a;");
    check("{\n  FOO_NON_NULL(2)\n  int f();", "{\n                 \n  int f();");
    check("{\n  FOO_NON_NULL(x)\n  int f();", "{\n  FOO_NON_NULL(x)\n  int f();");
}

#[test]
fn types_names_and_calls_stay() {
    for text in [
        "LARGE_INTEGER li;",
        "enum color {\n  RED_ONE,\n  RED_TWO\n};",
        "  FOO_CALL(a, b);",
        "#define FOO_API extern int",
        "return FOO_MAX;",
    ] {
        check(text, text);
    }
}

#[test]
fn attributes_beside_a_type_are_blank() {
    check_in("c", "static int __init f(void)", "static int        f(void)");
    check_in("c", "long f(const char __user *p, int n)", "long f(const char        *p, int n)");
    check_in("c", "static __always_inline void f(void);", "static                 void f(void);");
    check_in("c", "static __always_inline u64 f(void);", "static                 u64 f(void);");
    check_in("c", "unsigned int limit __read_mostly;", "unsigned int limit              ;");
    check_in("c", "static struct a b[] __initdata = {", "static struct a b[]            = {");
    check_in("c", "struct a __mask __read_mostly;", "struct a __mask              ;");
    check_in("c", "static __read_mostly u64 __offset;", "static               u64 __offset;");
    check_in("c", "static int __init __f(void)", "static int        __f(void)");
    check_in("c", "} nohz ____cacheline_aligned;", "} nohz                      ;");
    check_in("c", "const_debug unsigned int x = 1;", "            unsigned int x = 1;");
}

#[test]
fn types_and_names_with_underscores_stay() {
    for text in [
        "__u32 x;",
        "static __u32 x = 1;",
        "const __be16 port;",
        "struct __pool pool;",
        "unsigned int __x;",
        "unsigned long long __x = 1;",
        "struct a __x;",
        "  return __x * y;",
        "void f(int a, __u32 b);",
        "typedef __u32 le;",
        "typedef struct a __b;",
        "static __be32\nf(void)",
        "  __x = __y;",
        "  a == __x;",
        "} __packed;",
        "unsigned __x;",
    ] {
        check_in("c", text, text);
    }
}

#[test]
fn types_as_arguments_are_one_word() {
    check_in("c", "\tx = min_t(unsigned int, a, 8);", "\tx = min_t(         int, a, 8);");
    check_in("c", "\tx = entry(a, struct b, c);", "\tx = entry(a,        b, c);");
    check_in("c", "\tx = va_arg(a, struct b);", "\tx = va_arg(a,        b);");
    for text in
        ["\tx = sizeof(struct b);", "\tvoid (*f)(struct b *, int);", "int f(struct b, int);", "\tint a, struct b c);"]
    {
        check_in("c", text, text);
    }
}

#[test]
fn a_macro_that_heads_a_block_ends() {
    check_in("c", "{\n\tfor_each(a, b(c)) {\n", "{\n\tfor_each(a, b(c));{\n");
    check_in("c", "{\n\tfor_each(a, b)\n\t\tf();\n", "{\n\tfor_each(a, b)\n\t;f();\n");
    check_in("c", "{\n\tfor_each(a, b)\n\t{\n", "{\n\tfor_each(a, b)\n;{\n");
    check("{\n  SECTION(\"a)\") {\n", "{\n  SECTION(\"a)\");{\n");
    for text in [
        "\tif (a) {",
        "\tx = f(a) {",
        "int f(int a) {",
        "f(a)\nint a;\n{",
        "\tf(a)\n\t\t+ 1;",
        "\tf(a,\n\t  b) {",
        "\tif (a)\n\t\tf();",
        "\tint f(a) {",
    ] {
        check_in("c", text, text);
    }
    check("  shape(int a) {", "  shape(int a) {");
}

const PIECES: &[&str] = &[
    "\n",
    "\n",
    " ",
    "\t",
    "FOO_API ",
    "void f();",
    "__init ",
    "int ",
    "for_each(a, b)",
    " {",
    "}",
    ";",
    "#define",
    "\\",
    "//",
    "é",
    "struct b, ",
    "(",
    ")",
    "static ",
    "\"",
    "FOO_NON_NULL(2)",
    "\r\n",
];

proptest! {
    #[test]
    fn edits_equal_a_fresh_start(
        start in prop::collection::vec(0..PIECES.len(), 0..40),
        edits in prop::collection::vec((0usize..200, 0usize..30, 0..PIECES.len()), 1..8),
    ) {
        let lang = Lang::from_id("c").expect("row");
        let mut text: String = start.iter().map(|&at| PIECES[at]).collect();
        let mut blanked = Blanked::of(lang, &text).expect("C is blanked");
        for (at, len, piece) in edits {
            let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            let (from, to) = (boundary(at), boundary(at + len));
            let edit = ByteEdit { start: from as u32, old_end: to as u32, text: PIECES[piece].to_owned(), whole: false };
            let before = blanked.bytes().to_vec();
            edit.apply_to(&mut text);
            let told = blanked.edit(&edit, &text);
            let fresh = Blanked::of(lang, &text).expect("C is blanked");
            prop_assert_eq!(String::from_utf8_lossy(blanked.bytes()), String::from_utf8_lossy(fresh.bytes()));
            // Whatever else is read otherwise has been told.
            let new_end = edit.new_end() as usize;
            for (at, byte) in fresh.bytes().iter().enumerate() {
                let old = if at < from { at } else if at >= new_end { at - new_end + to } else { continue };
                let within = told.is_some_and(|span| (span.start as usize) <= at && at < span.end as usize);
                prop_assert!(before[old] == *byte || within, "byte {} in {:?}", at, text);
            }
        }
    }
}
