//! MISP events.

use detente_core::Tlp;
use serde_json::{Value, json};

use super::super::Format;
use super::{Kept, dripped, run};

fn attribute(kind: &str, value: &str) -> Value {
    json!({"type": kind, "value": value, "uuid": "u-1", "category": "Network activity", "to_ids": true,
           "comment": "c", "distribution": "5", "first_seen": "2020-01-01T00:00:00.000000+00:00"})
}

fn event(attributes: &[Value], tags: &[&str]) -> Value {
    let tags: Vec<Value> = tags.iter().map(|name| json!({"name": name})).collect();
    json!({"Event": {"uuid": "e-1", "info": "an event", "distribution": "3", "Attribute": attributes, "Tag": tags}})
}

fn misp(document: &Value) -> Kept {
    run(Format::Auto, document.to_string()).0
}

#[test]
fn types_simple_and_composite() {
    let md5 = "D41D8CD98F00B204E9800998ECF8427E";
    let attributes: Vec<Value> = [
        ("domain", "EVIL[.]com"),
        ("hostname", "a.evil.com"),
        ("domain|ip", "evil.com|1.2.3.4"),
        ("hostname|port", "evil.com|443"),
        ("ip-dst", "1.2.3.0/24"),
        ("ip-src|port", "1.2.3.4|80"),
        ("url", "hxxp://evil.com/x"),
        ("url", "evil.com/x"),
        ("md5", md5),
        ("filename|md5", &format!("a|b.exe|{md5}")),
        ("malware-sample", &format!("x.exe|{md5}")),
        ("email-src", "Bob@evil.com"),
        ("AS", "AS64496"),
        ("x509-fingerprint-sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("mutex", "Global\\x"),
        ("target-email", "victim@example.com"),
        ("domain|ip", "evil.com|nonsense"),
        ("sha256", "abc"),
    ]
    .iter()
    .map(|(kind, value)| attribute(kind, value))
    .collect();
    let kept = misp(&event(&attributes, &[]));
    assert_eq!(
        kept.values(),
        [
            "domain:evil.com",
            "domain:a.evil.com",
            "domain:evil.com",
            "ipv4:1.2.3.4",
            "domain:evil.com",
            "ipv4-cidr:1.2.3.0/24",
            "ipv4:1.2.3.4",
            "url:http://evil.com/x",
            "url:http://evil.com/x",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "email:bob@evil.com",
            "asn:64496",
            "cert-sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "domain:evil.com",
        ]
    );
    let codes: Vec<&str> = kept.codes().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["unsupported_type", "unsupported_type", "address", "digest_length"]);
    assert_eq!(kept.codes()[0].0, "Event.Attribute[14] (line 1)");
    assert_eq!(kept.taken[4].context.extra["port"], "443");
    assert_eq!(kept.taken[10].context.extra["filename"], "a|b.exe");
    let context = &kept.taken[0].context;
    assert_eq!(context.origin.as_deref(), Some("u-1"));
    assert_eq!(context.labels, ["misp:to_ids"]);
    assert_eq!(context.first_seen, Some(1_577_836_800));
    assert_eq!((&*context.extra["misp_event"], &*context.extra["misp_info"]), ("e-1", "an event"));
}

#[test]
fn tags_after_the_attributes_count() {
    let text = r#"{"Event":{"Attribute":[{"type":"domain","value":"a.com","Tag":[{"name":"tlp:green"}]},
        {"type":"domain","value":"b.com","Tag":[{"name":"tlp:red"},{"name":"x"}]}],
        "Tag":[{"name":"tlp:amber"},{"name":"PAP:RED"},{"name":"misp-galaxy:threat-actor=\"Sofacy\""}]}}"#;
    let (kept, summary) = run(Format::Auto, text);
    let markings: Vec<_> = kept.taken.iter().map(|i| i.context.markings.tlp()).collect();
    assert_eq!(markings, [Some(Tlp::Amber), Some(Tlp::Red)]);
    assert_eq!(kept.taken[1].context.labels, ["x", "misp-galaxy:threat-actor=\"Sofacy\""]);
    assert!(kept.taken[0].context.markings.texts().contains(&"PAP:RED".to_owned()));
    assert_eq!(summary.conflicting, 2);
}

#[test]
fn distribution_narrows_and_never_widens() {
    for (level, want, closed) in [
        (json!("0"), Tlp::AmberStrict, false),
        (json!(0), Tlp::AmberStrict, false),
        (json!("1"), Tlp::Green, false),
        (json!(2), Tlp::Green, false),
        (json!("3"), Tlp::Clear, false),
        (json!("5"), Tlp::Clear, false),
        (json!("4"), Tlp::Red, true),
        (json!("9"), Tlp::Red, true),
        (json!([]), Tlp::Red, true),
    ] {
        let mut document = event(&[attribute("domain", "a.com")], &["tlp:clear"]);
        document["Event"]["distribution"] = level.clone();
        let kept = misp(&document);
        let markings = &kept.taken[0].context.markings;
        assert_eq!(
            (markings.effective(Tlp::Clear), markings.is_closed()),
            (want, closed),
            "{level}"
        );
        let mut one = attribute("domain", "a.com");
        one["distribution"] = level.clone();
        let kept = misp(&event(&[one], &["tlp:clear"]));
        assert_eq!(kept.taken[0].context.markings.effective(Tlp::Clear), want, "{level}");
    }
}

/// A community is no colour of what is unmarked: whoever imports says how close that is.
#[test]
fn a_community_opens_nothing() {
    let mut document = event(&[attribute("domain", "a.com")], &[]);
    document["Event"]["distribution"] = json!("1");
    let kept = misp(&document);
    assert!(kept.taken[0].context.markings.is_unmarked());
    let mut document = event(&[attribute("domain", "a.com")], &["tlp:amber"]);
    document["Event"]["distribution"] = json!("1");
    let kept = misp(&document);
    let markings = &kept.taken[0].context.markings;
    assert_eq!((markings.tlp(), markings.is_conflicting()), (Some(Tlp::Amber), false));
}

#[test]
fn objects_deleted_ones_and_proposals() {
    let mut deleted = attribute("domain", "gone.com");
    deleted["deleted"] = json!("1");
    let mut proposed = attribute("domain", "a.com");
    proposed["ShadowAttribute"] = json!([{"value": "b.com"}]);
    let mut inner = attribute("sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    inner["object_relation"] = json!("sha1");
    let document = json!({"response": [{"Event": {
        "Object": [{"name": "file", "comment": "o", "Attribute": [inner]}, {"name": "gone", "deleted": true, "Attribute": [attribute("domain", "x.com")]}, {"name": "empty"}],
        "Attribute": [deleted, proposed],
        "ShadowAttribute": [{"value": "c.com"}],
        "RelatedEvent": [{"Event": {"Attribute": [attribute("domain", "other.com")]}}],
    }}, {"Event": {}}]});
    let (kept, summary) = run(Format::Auto, document.to_string());
    assert_eq!(kept.values().len(), 2);
    assert_eq!(summary.skipped["deleted"], 2);
    let gone: Vec<_> = kept.revoked.iter().map(|one| one.observable.value()).collect();
    assert_eq!(gone, ["x.com", "gone.com"]);
    assert_eq!(summary.skipped["proposal"], 2);
    assert_eq!(summary.skipped["no_observable"], 1);
    let sha1 = kept.taken.iter().find(|i| i.context.extra.contains_key("misp_object"));
    let context = &sha1.expect("the object's attribute").context;
    assert_eq!(
        (&*context.extra["misp_object"], &*context.extra["misp_relation"]),
        ("file", "sha1")
    );
    assert_eq!(context.description.as_deref(), Some("c; o"));
}

#[test]
fn wrappings() {
    let one = attribute("domain", "a.com");
    for document in [
        event(std::slice::from_ref(&one), &[]),
        json!([event(std::slice::from_ref(&one), &[])]),
        json!({"response": [event(std::slice::from_ref(&one), &[])]}),
        json!({"response": event(std::slice::from_ref(&one), &[])}),
        json!({"response": {"Attribute": [one.clone()]}}),
        json!({"Attribute": [one]}),
    ] {
        assert_eq!(misp(&document).values(), ["domain:a.com"], "{document}");
    }
    let (kept, summary) = run(Format::Misp, "{\"something\": [1, 2]}");
    assert_eq!(kept.codes().len(), 1);
    assert_eq!(summary.broken.map(|b| b.code()), Some("unknown_json"));
}

#[test]
fn an_answer_without_events_is_an_empty_file() {
    for (format, text) in [
        (Format::Misp, "[]"),
        (Format::Misp, " [ ]\n"),
        (Format::Misp, "{\"response\": []}"),
        (Format::Auto, "{\"response\": []}"),
        (Format::Auto, "{\"response\": {\"Attribute\": []}}"),
    ] {
        let (kept, summary) = run(format, text);
        assert_eq!((summary.format, summary.seen), (Format::Misp, 0), "{text}");
        assert_eq!((summary.broken, kept.refused.len()), (None, 0), "{text}");
    }
    for text in ["{}", "[1]", "{\"response\": 7}", "{\"response\": [\"x\"]}"] {
        let (_, summary) = run(Format::Misp, text);
        assert_eq!(summary.broken.map(|b| b.code()), Some("unknown_json"), "{text}");
    }
}

#[test]
fn what_cannot_be_read_of_the_tags_closes_the_event() {
    let head = r#"{"Event":{"Attribute":[{"type":"domain","value":"a.com"}],"Tag":"#;
    for (tail, code) in [
        ("[{\"name\":\"tlp:clear\"},]}}", Some("json_syntax")),
        ("[{\"name\":\"tlp:clear\"}", Some("json_cut")),
        ("[{\"colour\":1}]}}", None),
        ("7}}", None),
    ] {
        let (kept, _) = run(Format::Misp, format!("{head}{tail}"));
        assert!(kept.taken[0].context.markings.is_closed(), "{tail}");
        assert_eq!(kept.codes().first().map(|(_, code)| *code), code, "{tail}");
    }
}

#[test]
fn an_event_without_its_wrapping_keeps_its_tags() {
    let text = r#"{"Attribute":[{"type":"domain","value":"a.com"}],"Tag":[{"name":"tlp:red"}]}"#;
    let (kept, _) = run(Format::Misp, text);
    assert_eq!(kept.taken[0].context.markings.tlp(), Some(Tlp::Red));
    // Found by fuzzing: what was held was lost when such an event broke off.
    let (kept, summary) = run(Format::Misp, text.replace("Tag\"", "Tag"));
    assert!(kept.taken[0].context.markings.is_closed());
    assert!(summary.broken.is_some());
}

#[test]
fn odd_shapes_are_refused() {
    let document = json!({"Event": {"Attribute": [1, {"type": "domain"}, {"value": "x"},
        {"type": 5, "value": "a.com"}, attribute("domain", "ok.com")], "Object": {"a": 1}}});
    let kept = misp(&document);
    assert_eq!(kept.values(), ["domain:ok.com"]);
    assert_eq!(kept.codes().len(), 5);
    let twice = r#"{"Event":{"Attribute":[{"type":"domain","value":"a.com","value":"b.com"}]}}"#;
    let (kept, _) = run(Format::Misp, twice);
    assert_eq!(kept.codes()[0].1, "object_shape");
}

#[test]
fn byte_by_byte_gives_the_same() {
    let text = event(&[attribute("domain", "a.com")], &["tlp:green"]).to_string();
    let (whole, one) = run(Format::Misp, &text);
    let (drip, two) = dripped(Format::Misp, text.as_bytes());
    assert_eq!((whole.taken, one), (drip.taken, two));
}

#[test]
fn sightings_and_galaxies_stand_beside_the_attribute() {
    let mut one = attribute("domain", "a.com");
    one["Sighting"] = json!([
        {"type": "0", "date_sighting": "1600000000"},
        {"type": 0, "date_sighting": 1_500_000_000},
        {"type": "2", "date_sighting": "1700000000"},
        {"type": "9", "date_sighting": "1"}, "no sighting", {"type": "0"},
    ]);
    one["Galaxy"] = json!([{"GalaxyCluster": [{"tag_name": "misp-galaxy:tool=\"X\""}, {}]}]);
    let mut other = attribute("domain", "b.com");
    other["Sighting"] = json!([{"type": "1"}]);
    let mut document = event(&[one, other], &[]);
    document["Event"]["Galaxy"] =
        json!([{"GalaxyCluster": [{"tag_name": "misp-galaxy:threat-actor=\"Y\""}]}, {}, 7]);
    let kept = misp(&document);
    let context = |at: usize| &kept.taken[at].context;
    let times = (context(0).first_seen, context(0).last_seen, context(0).valid_until);
    assert_eq!(times, (Some(1_500_000_000), Some(1_600_000_000), Some(1_700_000_000)));
    let has = |at: usize, label: &str| context(at).labels.iter().any(|had| had == label);
    assert!(has(0, "misp-galaxy:tool=\"X\"") && has(0, "misp-galaxy:threat-actor=\"Y\""));
    assert!(has(1, "misp:false-positive") && has(1, "misp-galaxy:threat-actor=\"Y\""));
    assert!(!has(0, "misp:false-positive"));
}

#[test]
fn what_is_no_time_is_told() {
    let mut one = attribute("domain", "a.com");
    one["timestamp"] = json!(1e308);
    one["first_seen"] = json!("99999-01-01");
    let mut other = attribute("domain", "b.com");
    other["timestamp"] = json!("-5");
    let mut none = attribute("domain", "c.com");
    none["timestamp"] = json!("0");
    none["last_seen"] = json!("");
    let (_, summary) = run(Format::Misp, event(&[one, other, none], &[]).to_string());
    let told: Vec<_> = summary.unread.into_iter().collect();
    assert_eq!(told, [("first_seen", 1), ("timestamp", 2)]);
}
