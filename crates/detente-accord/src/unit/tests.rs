use proptest::prelude::*;

use super::{Unit, UnitKey, split};
use crate::tests::SOUND;

fn keys(text: &str) -> Vec<String> {
    split(text).unwrap().iter().map(|unit| unit.key.to_string()).collect()
}

#[track_caller]
fn refused(text: &str, code: &str, says: &str) {
    let faults = split(text).unwrap_err().0;
    let hit = faults.iter().any(|fault| fault.code == code && fault.to_string().contains(says));
    assert!(hit, "no {code} {says} in {faults:#?}");
}

#[test]
fn a_text_has_its_units() {
    assert_eq!(
        keys(SOUND),
        [
            "head",
            "accord",
            "party A",
            "party B",
            "authority A minister",
            "definition indicator",
            "clause 1",
            "clause 2",
            "clause 3",
            "clause 4",
            "emergency",
            "exit"
        ]
    );
    let units = split(SOUND).unwrap();
    let whole: String = units.iter().map(|unit| unit.text).collect();
    assert_eq!(whole, SOUND);
    for Unit { key, text, line } in &units {
        assert_eq!(split(text).unwrap()[0].key, *key);
        let before: usize = SOUND.lines().take(line - 1).map(|line| line.len() + 1).sum();
        assert!(SOUND[before..].starts_with(text), "{key} at {line}");
        assert_eq!(key.to_string().parse::<UnitKey>().unwrap(), *key);
    }
}

#[test]
fn what_stands_before_a_table_is_of_it() {
    let text = "# of the text\nformat = 1 # here\n\n# on exit\n[exit] # there\na = 1\n# end\n";
    let units = split(text).unwrap();
    assert_eq!(units[0].text, "# of the text\nformat = 1 # here\n");
    assert_eq!(units[1].text, "\n# on exit\n[exit] # there\na = 1\n# end\n");
    let text = "# alone\n[exit]\n";
    assert_eq!(split(text).unwrap()[0].text, text);
    assert_eq!(split("# nothing\n").unwrap(), []);
}

#[test]
fn a_header_within_a_string_is_none() {
    let text =
        "[[clause]]\nid = \"1\"\nprose.en = \"\"\"\n[[clause]]\nid = 2\n# no\n\"\"\"\n[exit]\n";
    assert_eq!(keys(text), ["clause 1", "exit"]);
    let text = "[a]\nx = '''\n# within'''\n# before b\n[b]\n";
    assert_eq!(split(text).unwrap()[1].text, "# before b\n[b]\n");
    let text = "[a]\nx = [\n[1],\n[2]\n]\n[b]\n";
    assert_eq!(keys(text), ["a", "b"]);
}

#[test]
fn sub_tables_stand_with_their_table() {
    let clause = "[[clause]]\nid = \"1\"\n[clause.permit]\na = 1\n[clause.permit.cap]\nb = 1\n";
    assert_eq!(keys(clause), ["clause 1"]);
    assert_eq!(keys("[a.b]\nx = 1\n[a]\ny = 1\n"), ["a"]);
    refused(&format!("{clause}[exit]\n[clause.forbid]\n"), "unit", "part of table clause");
    refused("[a]\n[b]\n[a.c]\n", "unit", "part of table a");
    refused("[head]\na = 1\n", "unit", "head");
    refused("[\"a\"]\na = 1\n", "unit", "part of table");
}

#[test]
fn units_are_told_apart() {
    let two = "[[clause]]\nid = \"1\"\n[[clause]]\nid = \"1\"\n";
    refused(two, "repeated", "clause 1 twice");
    refused("[[clause]]\nname = 1\n", "unit", "nothing that tells it");
    refused("[[clause]]\nid = 1\n", "unit", "nothing that tells it");
    refused(&format!("[[clause]]\nid = \"{}\"\n", "x".repeat(700)), "unit", "too long");
    let office = "[[authority]]\nparty = \"A\"\nrole = \"minister\"\n";
    assert_eq!(keys(office), ["authority A minister"]);
    refused(&office.repeat(2), "repeated", "authority A minister twice");
}

#[test]
fn hidden_characters_are_named() {
    refused("[exit]\n# a \u{202e}b\n", "hidden_character", "U+202E (right-to-left override)");
    refused("\u{feff}[exit]\n", "hidden_character", "byte order mark");
    refused("[exit]\na = [{ b = \"\\u200b\" }]\n", "unit", "U+200B (zero width space)");
}

#[test]
fn what_is_too_much_is_refused() {
    let many: String = (0..2_001).map(|n| format!("[a{n}]\n")).collect();
    refused(&many, "too_many", "2001 tables");
    refused(&"#".repeat(300_000), "too_long", "300000");
    refused(&"[".repeat(100_000), "not_toml", "");
    refused(&format!("a = {}", "[".repeat(100_000)), "not_toml", "");
}

#[test]
fn keys_have_one_spelling() {
    for bad in ["", " ", "clause ", "Clause 1", "a\nb", "clause \u{202e}", &"x".repeat(601)] {
        assert!(bad.parse::<UnitKey>().is_err(), "{bad:?}");
    }
    let key: UnitKey = "authority A head".parse().unwrap();
    assert_eq!((key.table(), key.name()), ("authority", Some("A head")));
    assert_eq!(UnitKey::clause("3.1").to_string(), "clause 3.1");
}

proptest! {
    #[test]
    fn the_units_are_the_text(
        text in "(\\[{1,2}[abc]{1,2}(\\.b)?\\]{1,2}|id = \"[xy]\"|#c|k = '''|\n){0,20}",
    ) {
        if let Ok(units) = split(&text) {
            let whole: String = units.iter().map(|unit| unit.text).collect();
            prop_assert!(whole == text || units.is_empty());
        }
    }

    #[test]
    fn any_bytes_are_taken_or_refused(text in "\\PC{0,200}") {
        let _ = split(&text);
    }
}
