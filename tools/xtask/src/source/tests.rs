use proptest::prelude::*;

use super::{Source, is_test_path, line_of, lines_with_word, mark_test_modules};

fn code(text: &str) -> String {
    Source::new("crates/x/src/a.rs", text).code
}

#[test]
fn comments_and_literals_are_blank() {
    for text in [
        "let a = 1; // unsafe",
        "/* unsafe /* unsafe */ unsafe */ let a = 1;",
        "let a = \"unsafe \\\" unsafe\";",
        "let a = r\"unsafe\\\"; let b = 1;",
        "let a = br##\"unsafe \"# unsafe\"##;",
        "let a = b\"unsafe\";",
        "let a = '\"'; // unsafe",
        "let a = '\\''; // unsafe",
        "let a = '\\u{1F600}'; // unsafe",
        "/// unsafe\nfn f() {}",
    ] {
        assert!(!code(text).contains("unsafe"), "{text}");
    }
}

#[test]
fn code_stays() {
    for text in [
        "fn f<'a>(x: &'a str) { unsafe { g(x) } }",
        "let a = \"x\\\\\"; unsafe {}",
        "let r = 1; unsafe {}",
        "let r#type = 1; unsafe {}",
        "let a = ['a', 'b']; unsafe {}",
        "let a = br\"x\"; unsafe {}",
        "/* a */ unsafe {}",
        "// a\nunsafe {}",
    ] {
        assert_eq!(lines_with_word(&code(text), "unsafe").len(), 1, "{text}");
    }
}

#[test]
fn test_items_are_no_product() {
    let text = "fn a() { x.unwrap(); }\n#[cfg(test)]\nmod tests {\n  fn b() { y.unwrap(); }\n}\n\
                #[cfg(test)]\nmod more;\n\
                #[cfg(test)]\n#[must_use]\nfn c() -> [u8; 2] { z.unwrap() }\n\
                fn d() { w.unwrap(); }\n";
    let source = Source::new("crates/x/src/a.rs", text);
    assert_eq!(lines_with_word(&source.product, ".unwrap()"), [1, 11]);
    assert_eq!(lines_with_word(&source.code, ".unwrap()"), [1, 4, 10, 11]);
    assert!(Source::new("crates/x/src/a/tests.rs", text).product.is_empty());
}

#[test]
fn a_module_declared_for_tests_is_a_test() {
    let mut sources = [
        ("crates/x/src/lib.rs", "#[cfg(test)]\nmod testing;\nmod testing_room;\nmod a;\n"),
        ("crates/x/src/testing.rs", "fn f() {}\n"),
        ("crates/x/src/testing/more.rs", "fn f() {}\n"),
        ("crates/x/src/testing_room.rs", "fn f() {}\n"),
        ("crates/x/src/a.rs", "#[cfg(test)]\npub(crate) mod ideal;\n#[cfg(test)]\nmod tests {}\n"),
        ("crates/x/src/a/ideal.rs", "fn f() {}\n"),
        ("crates/x/src/ideal.rs", "fn f() {}\n"),
    ]
    .map(|(path, text)| Source::new(path, text));
    mark_test_modules(&mut sources);
    let tests = sources.each_ref().map(|source| source.is_test);
    assert_eq!(tests, [false, true, true, false, false, true, false]);
}

#[test]
fn words_are_whole() {
    assert_eq!(lines_with_word("unsafe_code\nunsafe {\nnot_unsafe", "unsafe"), [2]);
    assert_eq!(lines_with_word("a.unwrap()\nb.unwrap_or(1)", ".unwrap()"), [1]);
    assert_eq!(line_of("a\nb\nc", 4), 3);
}

#[test]
fn test_paths() {
    for path in ["tests/it/main.rs", "crates/a/src/b/tests.rs", "crates/a/src/b/tests/c.rs"] {
        assert!(is_test_path(path), "{path}");
    }
    for path in ["crates/a/src/tests_of.rs", "tools/testkit/src/lib.rs", "crates/a/src/b.rs"] {
        assert!(!is_test_path(path), "{path}");
    }
}

proptest! {
    /// Whatever the text: no panic, and the lines stay where they are.
    #[test]
    fn any_text_keeps_its_lines(text in "[a-z'\"\\\\/*#\\[\\](){}; \nré]{0,200}") {
        let source = Source::new("crates/x/src/a.rs", &text);
        let breaks = |s: &str| s.matches('\n').count();
        prop_assert_eq!(breaks(&source.code), breaks(&text));
        prop_assert_eq!(breaks(&source.product), breaks(&text));
        prop_assert_eq!(source.code.chars().count(), text.chars().count());
    }
}
