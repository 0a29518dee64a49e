//! Texts on paper: differences word by word, documents to print and sign, annexes.

use serde_json::Value;

use crate::support::{Outcome, Pair, World, detente, list, text, workspace};

fn vector(name: &str) -> String {
    workspace().join("vectors/accord").join(name).display().to_string()
}

fn paper(args: &[&str]) -> Outcome {
    Outcome::of(detente().arg("accord").args(args))
}

/// A text goes to the other side as a document, comes back as the same bytes, and is signed from
/// it.
#[test]
fn a_text_is_read_as_a_document_and_signed_from_it() {
    let pair = Pair::met(false, true);
    let serving = pair.b.serve();
    let first = pair.draft("first.toml", |text| text);
    let second =
        pair.draft("second.toml", |text| text.replace("lapses = \"P10D\"", "lapses = \"P5D\""));
    for file in [&first, &second] {
        pair.a.run(&["accord", "propose", file]).exits(0);
    }
    let status = pair.b.json(&["accord", "status", "alba-borea"]);
    let texts: Vec<&str> = list(&status[0], "texts").iter().map(|t| text(t, "digest")).collect();
    assert_eq!(texts.len(), 2, "{status:#}");

    // B has both from the record alone: by their digests, or against a file of its own.
    let digest = |file: &str| text(&pair.a.json(&["accord", "check", file]), "text").to_owned();
    let texts = [digest(&first), digest(&second)];
    let (old, new) = (&texts[0][..8], &texts[1][..12]);
    pair.b.run(&["accord", "redline", old, new]).exits(0).says("lapses: [-P10D-] {+P5D+}");
    let redline = pair.b.json(&["accord", "redline", &first, new, "--accord", "alba-borea"]);
    assert_eq!(text(&redline, "new"), texts[1]);
    let unit = &list(&redline, "units")[0];
    assert_eq!((text(unit, "unit"), text(unit, "change")), ("emergency", "changed"));
    let words = &unit["fields"][0]["words"];
    assert_eq!(
        (words[0]["removed"].as_str(), words[1]["added"].as_str()),
        (Some("P10D"), Some("P5D"))
    );
    pair.b.fails(2, "unknown_text", &["accord", "redline", "00000000", new]);

    for format in ["html", "markdown"] {
        let document = pair.world.path(&format!("second.{format}")).display().to_string();
        let to = ["accord", "export", new, "--format", format, "--out", &document];
        pair.b.run(&to).exits(0);
        let back = pair.world.path("back.toml").display().to_string();
        let imported = pair.a.json(&["accord", "import", &document, "--out", &back]);
        assert_eq!(text(&imported, "text"), texts[1]);
        assert_eq!(std::fs::read(&back).unwrap(), std::fs::read(&second).unwrap());
        let printed = pair.a.run(&["accord", "import", &document]).exits(0);
        assert_eq!(printed.out, std::fs::read_to_string(&second).unwrap());

        // Somebody reads five days and would sign ten.
        let page = std::fs::read_to_string(&document).unwrap();
        assert!(page.contains("5 days"), "{page}");
        let forged = pair.world.write("forged", page.replacen("5 days", "9 days", 1));
        let failed = pair.a.fails(1, "document_edited", &["accord", "import", &forged]);
        assert!(text(&failed, "error").contains("9 days"), "{failed:#}");
        let forged = pair.world.write("forged", page.replace("P5D", "P9D"));
        pair.a.fails(1, "document_digest", &["accord", "import", &forged]);
    }
    let back = pair.world.path("back.toml").display().to_string();
    pair.a.run(&["accord", "sign", &back]).exits(0);
    pair.b.run(&["accord", "sign", &back]).exits(0);
    let status = pair.a.json(&["accord", "status", "alba-borea"]);
    assert_eq!(
        (status[0]["in_force"].as_bool(), text(&status[0], "text")),
        (Some(true), texts[1].as_str())
    );
    // The text in force, by the accord's name.
    let exported = pair.a.run(&["accord", "export", "alba-borea", "--format", "toml"]).exits(0);
    assert_eq!(exported.out, std::fs::read_to_string(&second).unwrap());
    drop(serving);
}

#[test]
fn a_difference_is_shown_in_each_form() {
    let world = World::new();
    let sound = std::fs::read_to_string(vector("sound.toml")).unwrap();
    let new = world.write("new.toml", sound.replace("sends receipts", "sends <b>receipts</b>"));
    let old = vector("sound.toml");
    let plain = paper(&["redline", &old, &new]).exits(0);
    assert!(plain.out.contains("clause 4: changed") && !plain.out.contains('\u{1b}'), "{plain}");
    let html = paper(&["redline", &old, &new, "--format", "html"]).exits(0);
    assert!(html.out.starts_with("<!doctype html>") && html.out.contains("<ins>&lt;b&gt;</ins>"));
    let markdown = paper(&["redline", &old, &new, "--format", "markdown"]).exits(0);
    assert!(markdown.out.contains("<ins>\\<b\\></ins>"), "{markdown}");
    paper(&["redline", &old, &old]).exits(0).says("12 units are the same");
    let report = paper(&["redline", &old, &vector("bad_not_toml.toml"), "--json"]).exits(1).json();
    assert_eq!(report["faults"][0]["code"], "not_toml", "{report:#}");
}

#[test]
fn every_sound_text_comes_back_from_its_document() {
    let world = World::new();
    for name in ["sound", "sound_amendment", "sound_annex", "sound_divergent"] {
        let file = vector(&format!("{name}.toml"));
        let text = std::fs::read(&file).unwrap();
        for format in ["html", "markdown", "toml"] {
            let document = paper(&["export", &file, "--format", format]).exits(0).out;
            let document = world.write(&format!("{name}.{format}"), document);
            assert_eq!(paper(&["import", &document]).exits(0).out.as_bytes(), text, "{document}");
        }
    }
    // What is not sound is not printed to be signed, and not taken.
    paper(&["export", &vector("bad_value_cap.toml")]).exits(1).says("remedy");
    paper(&["import", &vector("bad_value_cap.toml")]).exits(1).says("remedy");
    let none = world.write("none.html", "<p>hello</p>");
    let report = paper(&["import", &none, "--json"]).exits(1).json();
    assert_eq!(report["code"], "no_document");
}

#[test]
fn a_file_is_compared_with_its_annex() {
    let world = World::new();
    let accord = vector("sound_annex.toml");
    paper(&["annex", "list", &accord]).exits(0).says("What is off limits").says("ba7816bf");
    let listed = paper(&["annex", "list", &accord, "--json"]).exits(0).json();
    assert_eq!(listed[0]["bytes"], 3, "{listed:#}");
    let check = |id: &str, content: &str, exit: i32| -> Value {
        let file = world.write("file", content);
        paper(&["annex", "check", &accord, id, &file, "--json"]).exits(exit).json()
    };
    assert_eq!(text(&check("objects", "abc", 0), "annex"), "objects");
    assert_eq!(text(&check("objects", "abd", 1), "code"), "annex_content");
    assert_eq!(text(&check("objects", "abcd", 1), "code"), "annex_length");
    assert_eq!(text(&check("others", "abc", 2), "code"), "unknown_annex");
    paper(&["annex", "list", &vector("sound.toml")]).exits(0).says("no annex");
}

/// Look-alikes are shown with their code points; what hides is refused and named.
#[test]
fn what_looks_like_something_else_is_shown_as_what_it_is() {
    let world = World::new();
    let sound = std::fs::read_to_string(vector("sound.toml")).unwrap();
    let alike = sound.replace("sends receipts", "sends re\u{441}eipts");
    let file = world.write("alike.toml", alike);
    paper(&["check", &file])
        .exits(0)
        .says("look closely: clause 4 (prose.en): \"re\u{441}eipts\" mixes letters of two scripts")
        .says("\u{441} U+0441");
    let report = paper(&["check", &file, "--json"]).exits(0).json();
    assert_eq!(report["confusables"][0]["letters"][0], "\u{441} U+0441", "{report:#}");
    for (from, to) in [
        ("sends receipts", "sends \u{202e}receipts"),
        ("CERT Beta", "CERT \u{202e}Beta"),
        ("[exit]", "# \u{202e}\n[exit]"),
        ("sends receipts", "sends \\u202Ereceipts"),
    ] {
        let file = world.write("hidden.toml", sound.replace(from, to));
        paper(&["check", &file]).exits(1).says("U+202E (right-to-left override)");
    }
}
