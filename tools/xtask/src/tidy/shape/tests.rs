use super::super::sample::{assert_caught, assert_clean};

const LIB: &str = "crates/detente-intel/src/lib.rs";
const MANIFEST: &str = "crates/detente-intel/Cargo.toml";

fn lines(count: usize) -> String {
    format!("//! A room.\n{}", "const A: u8 = 1;\n".repeat(count - 1))
}

#[test]
fn a_long_file_is_caught() {
    assert_clean(&[(LIB, &lines(800))]);
    assert_caught(&[(LIB, &lines(801))], "length", LIB, 0);
    let tested = lines(790) + "#[cfg(test)]\nmod tests {\n" + &"    fn f() {}\n".repeat(50) + "}\n";
    assert_clean(&[(LIB, &tested)]);
    assert_clean(&[
        (LIB, &(lines(1) + "#[cfg(test)]\nmod tests;\n")),
        ("crates/detente-intel/src/tests.rs", &lines(900)),
    ]);
}

#[test]
fn a_big_crate_is_caught() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let mut files: Vec<(String, String)> =
        names.map(|name| (format!("crates/detente-intel/src/{name}.rs"), lines(750))).to_vec();
    let mods: String = names.map(|name| format!("mod {name};\n")).concat();
    files.push((LIB.to_owned(), format!("//! A room.\n{mods}")));
    let planted: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    assert_caught(&planted, "length", MANIFEST, 0);
}

#[test]
fn a_headless_module_is_caught() {
    for text in ["", "use std::fmt;\n", "/// A thing.\nstruct A;\n", "// A room.\n"] {
        assert_caught(&[(LIB, text)], "head", LIB, 1);
    }
    assert_clean(&[(LIB, "#![no_std]\n\n//! A room.\n")]);
}

#[test]
fn unsafe_is_caught_outside_the_kernels() {
    let text = "//! A room.\n\n// unsafe is a word\nfn f() { unsafe { g() } }\n";
    assert_caught(&[(LIB, text)], "unsafe", LIB, 4);
    let test = "//! A room.\n\n#[cfg(test)]\nmod tests { unsafe fn f() {} }\n";
    assert_caught(&[(LIB, test)], "unsafe", LIB, 4);
    assert_clean(&[
        ("crates/detente-vole/src/lib.rs", "//! A room.\n\nmod simd;\n"),
        ("crates/detente-vole/src/simd/mod.rs", text),
    ]);
}

#[test]
fn a_wild_import_is_caught_outside_tests() {
    assert_caught(&[(LIB, "//! A room.\n\nuse super::*;\n")], "glob", LIB, 3);
    assert_clean(&[(LIB, "//! A room.\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n")]);
}

#[test]
fn unwraps_are_counted_outside_tests() {
    let one = "//! A room.\n\nfn f() { a.unwrap(); }\n";
    assert_clean(&[(LIB, one)]);
    for second in ["b.unwrap()", "b.expect(\"why\")"] {
        let two = format!("{one}fn g() {{ {second}; }}\n");
        assert_caught(&[(LIB, &two)], "proof", MANIFEST, 0);
        let tested = format!("{one}#[cfg(test)]\nmod tests {{ fn g() {{ {second}; }} }}\n");
        assert_clean(&[(LIB, &tested)]);
    }
    assert_clean(&[(LIB, &format!("{one}fn g() {{ b.unwrap_or(1); c.expect_err(2); }}\n"))]);
}

#[test]
fn a_dead_file_is_caught() {
    let path = "crates/detente-intel/src/read/csv.rs";
    assert_caught(&[(path, "//! A reader.\n")], "dead", path, 0);
    let lib = (LIB, "//! A room.\n\nmod read;\n");
    for parent in ["crates/detente-intel/src/read.rs", "crates/detente-intel/src/read/mod.rs"] {
        assert_clean(&[lib, (parent, "//! Readers.\n\npub mod csv;\n"), (path, "//! A reader.\n")]);
        let comment = (parent, "//! Readers.\n\n// mod csv;\n");
        assert_caught(&[lib, comment, (path, "//! A reader.\n")], "dead", path, 0);
    }
    assert_clean(&[
        ("crates/detente-intel/src/bin/x.rs", "//! A program.\n"),
        ("crates/detente-intel/src/bin/y/main.rs", "//! A program.\n"),
        ("crates/detente-intel/tests/w.rs", "//! A test.\n"),
        ("crates/detente-intel/tests/v/main.rs", "//! A test.\n"),
        ("crates/detente-intel/examples/z.rs", "//! A program.\n"),
    ]);
}
