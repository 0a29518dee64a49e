use proptest::prelude::*;

use super::{ChangeKind, Edit, Redline, redline};
use crate::SOUND;
use detente_accord::split;

fn shown(redline: &Redline) -> Vec<String> {
    let mut lines = Vec::new();
    for unit in &redline.units {
        let moved = if unit.moved { ", moved" } else { "" };
        lines.push(format!("{} {}{moved}", unit.unit, unit.kind.name()));
        for field in &unit.fields {
            let edits = field.edits.iter().map(|edit| match edit {
                Edit::Same(words) => words.clone(),
                Edit::Added(words) => format!("+{words}+"),
                Edit::Removed(words) => format!("-{words}-"),
            });
            let edits: Vec<String> = edits.collect();
            lines.push(format!("  {}: {}", field.path, edits.join(" ")));
        }
    }
    lines
}

#[test]
fn words_are_compared_unit_by_unit() {
    let new = SOUND
        .replace("sends receipts", "shall send receipts at once")
        .replace("count = 200", "count = 300")
        .replace("notice = \"P90D\"", "notice = \"P30D\"");
    let redline = redline(SOUND, &new).unwrap();
    assert_eq!(
        shown(&redline),
        [
            "clause 2 changed",
            "  permit.cap.count: -200- +300+",
            "clause 4 changed",
            "  prose.en: {actor} -sends- +shall send+ receipts +at once+ within {within} from \
             {clock}.",
            "exit changed",
            "  notice: -P90D- +P30D+",
        ]
    );
    assert_eq!(redline.same, 9);
    assert_eq!(super::redline(SOUND, SOUND).unwrap().units, []);
}

#[test]
fn units_are_added_removed_and_moved() {
    let units = split(SOUND).unwrap();
    let mut parts: Vec<&str> = units.iter().map(|unit| unit.text).collect();
    let three = parts.remove(8);
    parts.insert(6, three);
    parts.remove(9);
    let five = "\n[[clause]]\nid = \"5\"\nprose.en = \"x\"\n";
    parts.insert(9, five);
    let redline = redline(SOUND, &parts.concat()).unwrap();
    let lines = shown(&redline);
    assert_eq!(lines[0], "clause 3 moved, moved");
    assert_eq!(lines[1], "clause 4 removed", "it stood behind clause 3");
    assert!(lines.contains(&"clause 5 added".to_owned()), "{lines:?}");
    assert!(lines.contains(&"  prose.en: +x+".to_owned()), "{lines:?}");
    assert_eq!(redline.units.iter().filter(|unit| unit.kind == ChangeKind::Removed).count(), 1);
}

#[test]
fn layout_alone_is_shown_as_written() {
    let new = SOUND.replace("[exit]\n", "# leave\n[exit]\n");
    let lines = shown(&redline(SOUND, &new).unwrap());
    assert_eq!(lines[0], "exit changed");
    assert!(lines[1].starts_with("  as written: +# leave+ ["), "{}", lines[1]);
    let blank = SOUND.replace("[exit]\n", "\n\n[exit]\n");
    let lines = shown(&redline(SOUND, &blank).unwrap());
    assert!(lines[1].starts_with("  as written: -\n[exit]"), "{}", lines[1]);
}

#[test]
fn the_text_at_fault_is_named() {
    assert_eq!(redline("[", SOUND).unwrap_err().code(), "old_text_faulty");
    let fault = redline(SOUND, "[exit]\n# \u{202e}").unwrap_err();
    assert_eq!(fault.code(), "new_text_faulty");
    assert!(fault.faults().to_string().contains("U+202E"), "{fault:?}");
}

#[test]
fn hostile_texts_are_compared_in_time() {
    let clause = |word: &str| {
        let prose = format!("{word} ").repeat(120_000 / (word.len() + 1));
        format!("[[clause]]\nid = \"1\"\nprose.en = \"{prose}\"\nprose.de = \"{prose}\"\n")
    };
    let redline = redline(&clause("a"), &clause("a b")).unwrap();
    assert_eq!(redline.units.len(), 1);
    let many: String = (0..2_000).map(|n| format!("[[clause]]\nid = \"{n}\"\n")).collect();
    let turned: String = (0..2_000).rev().map(|n| format!("[[clause]]\nid = \"{n}\"\n")).collect();
    assert_eq!(super::redline(&many, &turned).unwrap().units.len(), 1_999);
    let names: String = (0..15_000).map(|n| format!("n{n} = {n}\n")).collect();
    let _ =
        super::redline(&format!("[a]\n{names}"), &format!("[a]\n{}", names.replace("= ", "= 1")));
}

proptest! {
    /// What is removed and what is the same is the old wording, what is added and the same the new.
    #[test]
    fn both_wordings_can_be_read_off(
        old in "[ab]( [abc]{1,2}){0,9}",
        new in "[ab]( [abc]{1,2}){0,9}",
    ) {
        let text = |prose: &str| format!("[[clause]]\nid = \"1\"\nprose.en = \"{prose}\"\n");
        let redline = redline(&text(&old), &text(&new)).unwrap();
        prop_assert_eq!(redline.units.is_empty(), old == new);
        for field in redline.units.iter().flat_map(|unit| &unit.fields) {
            let (mut was, mut is): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
            for edit in &field.edits {
                match edit {
                    Edit::Added(words) => is.push(words),
                    Edit::Removed(words) => was.push(words),
                    Edit::Same(words) => {
                        was.push(words);
                        is.push(words);
                    }
                }
            }
            prop_assert_eq!(was.join(" "), old.as_str());
            prop_assert_eq!(is.join(" "), new.as_str());
        }
    }
}
