//! Broken and hostile JSON, for both readers.

use super::super::Format;
use super::run;

#[test]
fn what_breaks_off_says_so_and_keeps_what_came_before() {
    let good = r#"{"type":"indicator","pattern":"[domain-name:value='a.com']"}"#;
    for (text, code, taken) in [
        ("", "json_cut", 0),
        ("{", "json_cut", 0),
        ("{\"objects\":[", "json_cut", 0),
        (&format!("{{\"objects\":[{good}"), "json_cut", 1),
        (&format!("{{\"objects\":[{good},"), "json_cut", 1),
        (&format!("{{\"objects\":[{good},{{\"type\":\"indi"), "json_cut", 1),
        (&format!("{{\"objects\":[{good} {good}]}}"), "json_syntax", 1),
        (&format!("{{\"objects\":[{good},]}}"), "json_syntax", 1),
        (&format!("{{\"objects\":[{good}]}} x"), "json_syntax", 1),
        (&format!("{{\"objects\":[{good}],}}"), "json_syntax", 1),
        ("{objects:[]}", "json_syntax", 0),
        ("{\"objects\" []}", "json_syntax", 0),
        ("17", "json_syntax", 0),
        ("{\"other\":1}", "unknown_json", 0),
        ("{\"objects\":{}}", "unknown_json", 0),
        (&format!("{{\"{}\":1}}", "k".repeat(1000)), "json_syntax", 0),
    ] {
        let (kept, summary) = run(Format::Stix, text);
        assert_eq!(kept.taken.len(), taken, "{text}");
        assert_eq!(summary.broken.as_ref().map(|b| b.code()), Some(code), "{text}");
        assert_eq!(kept.codes().last().map(|(_, code)| *code), Some(code), "{text}");
    }
}

#[test]
fn a_million_levels_are_passed_over() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    for format in [Format::Stix, Format::Misp] {
        for text in [
            deep(1_000_000),
            "[".repeat(1_000_000),
            format!("{{\"objects\":{}}}", deep(1_000_000)),
            format!("{{\"Event\":{{\"Attribute\":{}}}}}", deep(1_000_000)),
            format!("{{\"response\":{}}}", deep(1_000_000)),
            "{\"response\":".repeat(100_000),
            "{\"Event\":".repeat(100_000),
        ] {
            let (kept, _) = run(format, text);
            assert!(kept.taken.is_empty() && !kept.refused.is_empty());
        }
    }
}

#[test]
fn lines_are_counted_for_the_report() {
    let text = "{\n\"objects\": [\n  {\"type\":\n \"indicator\",\n \"pattern\": \"x\"\n}\n]\n}\n";
    let (kept, summary) = run(Format::Stix, text);
    assert_eq!(kept.codes(), [("objects[0] (line 6)".to_owned(), "pattern_syntax")]);
    assert_eq!(summary.bytes, text.len() as u64);
}
