//! Texts made to be costly to read. The other side proposes texts, and every fold reads them.

use super::SOUND;
use crate::Accord;
use detente_core::act::MAX_TEXT;

/// The sound text with clause 3's labels and prose replaced.
fn labelled(labels: &[String], prose: &str) -> String {
    let list: Vec<String> = labels.iter().map(|label| format!("{label:?}")).collect();
    let text = SOUND.replace("labels = [\"victim\"]", &format!("labels = [{}]", list.join(", ")));
    let from = text.find("prose.en = \"Nothing").unwrap();
    let to = text.find("forbid = {").unwrap();
    let prose = format!("{{from}} {{to}} {prose}");
    format!("{}prose.en = \"{prose}\"\nprose.de = \"{prose}\"\n{}", &text[..from], &text[to..])
}

fn codes(text: &str) -> Vec<&'static str> {
    assert!(text.len() <= MAX_TEXT, "{}", text.len());
    match Accord::parse(text.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0.iter().map(|fault| fault.code).collect(),
    }
}

#[test]
fn prose_does_not_grow_without_bound() {
    let labels: Vec<String> = (0..1_000).map(|n| format!("{n:0>90}")).collect();
    let prose = "{labels}".repeat(2_400);
    assert!(codes(&labelled(&labels, &prose)).contains(&"bad_prose"));
    let few = codes(&labelled(&labels[..20], "{labels} and {labels}"));
    assert_eq!(few, [""; 0]);
}

#[test]
fn many_numbers_in_prose_are_checked_in_time() {
    let labels: Vec<String> = (0..800).map(|n| format!("{n} {n:0>80}")).collect();
    let prose: Vec<String> = (5_000..8_900).map(|n| n.to_string()).collect();
    let codes = codes(&labelled(&labels, &format!("{{labels}} {}", prose.join(" "))));
    assert_eq!(codes.len(), 100, "no more are noted");
    let text = SOUND.replace(
        "[[clause]]\nid = \"4\"\n",
        &format!(
            "[[clause]]\nid = \"4\"\n{}",
            (0..12_000).map(|n| format!("params.p{n} = {n}\n")).collect::<String>()
        ),
    );
    assert!(Accord::parse(text.as_bytes()).is_err());
}

#[test]
fn deep_nesting_is_refused() {
    for deep in [
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a=".repeat(60_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("{}1{}", "a = [".to_owned(), "]".repeat(9)),
    ] {
        let faults = Accord::parse(deep.as_bytes()).unwrap_err();
        assert!(!faults.0.is_empty());
    }
}

/// The exposure table has a row for each direction and label: a text must not make it endless.
#[test]
fn the_exposure_table_stays_bounded() {
    let labels: Vec<String> = (0..1_999).map(|n| format!("l{n}")).collect();
    assert_eq!(codes(&labelled(&labels, "{labels}")), [""; 0]);
    let mut text = SOUND.to_owned();
    for party in 0..30 {
        let table = format!(
            "[[party]]\nid = \"P{party}\"\nname = \"P{party}\"\nroot = \"{party:0>64}\"\n\n"
        );
        text = text.replacen("[[authority]]", &format!("{table}[[authority]]"), 1);
    }
    assert_eq!(codes(&text), [""; 0], "32 parties and one label");
    let text = text.replace(
        "\"victim\"",
        &labels[..20].iter().map(|l| format!("{l:?}")).collect::<Vec<_>>().join(", "),
    );
    assert_eq!(codes(&text), ["too_many"]);
}

#[test]
fn one_clause_has_one_number() {
    for id in ["04", "4.01", "0", "00"] {
        let text = SOUND.replace("id = \"4\"", &format!("id = {id:?}"));
        assert_eq!(codes(&text), ["bad_value"], "{id}");
    }
    assert_eq!(codes(&SOUND.replace("id = \"4\"", "id = \"4.10.1\"")), [""; 0]);
}
