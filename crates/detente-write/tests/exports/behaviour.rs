//! What exports promise beside their content.

use std::collections::BTreeSet;

use detente_core::{Kind, Tlp};
use detente_write::{Export, Format, Options, Outcome, Policy, Reason, WriteFault};
use proptest::prelude::*;

use crate::support::{export, indicators, meta, open, plain};

#[test]
fn nothing_disappears() {
    let all = [
        plain(Kind::Domain, "evil.com", &["tlp:green"]),
        plain(Kind::Domain, "evil.com", &["tlp:amber"]),
        plain(Kind::Domain, "red.com", &["tlp:red"]),
        plain(Kind::Domain, "bare.com", &[]),
        plain(Kind::Asn, "64496", &["tlp:green"]),
    ];
    let (text, outcomes, summary) = export(Options::new(Format::Hosts, Tlp::Amber), &all);
    assert!(text.ends_with("0.0.0.0 evil.com # TLP:GREEN\n"), "{text}");
    let passed = Outcome::PassedOver;
    assert_eq!(
        outcomes,
        [
            Outcome::Written,
            passed(Reason::Duplicate),
            passed(Reason::AboveCeiling),
            passed(Reason::MarkingMissing),
            passed(Reason::KindNotInFormat),
        ]
    );
    assert_eq!((summary.seen, summary.written, summary.passed_over_total()), (5, 1, 4));
}

#[test]
fn a_name_of_the_zone_itself_is_no_entry() {
    for name in ["24.0.0.0.10.rpz-ip", "x.rpz-nsdname", "x.rpz-client-ip"] {
        let all = [plain(Kind::Domain, name, &["tlp:green"])];
        let (_, outcomes, _) = export(Options::new(Format::Rpz, Tlp::Green), &all);
        assert_eq!(outcomes, [Outcome::PassedOver(Reason::NameReserved)], "{name}");
    }
}

#[test]
fn names_fit_under_the_origin() {
    // 253 bytes with the origin `a.com` are 247 without it and its dot.
    for (bytes, wildcards, fits) in [(247, false, true), (248, false, false), (246, true, false)] {
        let tail = "a.".repeat((bytes - 3) / 2 - 1);
        let head = "b".repeat(bytes - tail.len() - 3);
        let name = format!("{head}.{}com", tail.get(..tail.len()).unwrap_or(""));
        let name = &name[name.len() - bytes..];
        let mut options = Options::new(Format::Rpz, Tlp::Green);
        options.rpz.origin = "a.com".to_owned();
        options.rpz.wildcards = wildcards;
        let (_, outcomes, _) = export(options, &[plain(Kind::Domain, name, &["tlp:green"])]);
        assert_eq!(outcomes == [Outcome::Written], fits, "{name}");
    }
}

#[test]
fn policies_are_as_the_draft_says() {
    for (policy, target) in [
        (Policy::Drop, "rpz-drop."),
        (Policy::LocalCname("Garden.Example".to_owned()), "garden.example."),
        (Policy::Nodata, "*."),
        (Policy::Nxdomain, "."),
        (Policy::Passthru, "rpz-passthru."),
    ] {
        let mut options = Options::new(Format::Rpz, Tlp::Green);
        options.rpz.policy = policy;
        let (text, ..) = export(options, &[plain(Kind::Domain, "evil.com", &["tlp:green"])]);
        let record = format!("evil.com IN CNAME {target} ; TLP:GREEN\n");
        assert!(text.ends_with(&record), "{text}");
    }
}

#[test]
fn options_that_cannot_be_followed_are_refused() {
    let changes: [fn(&mut Options); 9] = [
        |o| (o.format, o.rpz.origin) = (Format::Rpz, "no zone".to_owned()),
        |o| (o.format, o.rpz.policy) = (Format::Rpz, Policy::LocalCname("x; y".to_owned())),
        |o| (o.format, o.rpz.ttl_seconds) = (Format::Rpz, u32::MAX),
        |o| (o.format, o.suricata.first_sid) = (Format::Suricata, 0),
        |o| (o.format, o.suricata.last_sid) = (Format::Suricata, 5),
        |o| (o.format, o.suricata.last_sid) = (Format::Suricata, u32::MAX),
        |o| (o.format, o.suricata.rev) = (Format::Suricata, 0),
        |o| (o.format, o.misp.attributes_per_event) = (Format::Misp, 0),
        |o| (o.format, o.misp.attributes_per_event) = (Format::Misp, 100_001),
    ];
    for change in changes {
        let mut options = Options::new(Format::Csv, Tlp::Green);
        change(&mut options);
        let mut out = Vec::new();
        let fault = Export::begin(meta(), options, &mut out).err();
        assert_eq!(fault.as_ref().map(WriteFault::code), Some("option"), "{fault:?}");
        assert!(out.is_empty());
    }
}

#[test]
fn events_have_one_colour_and_a_bounded_length() {
    let mut all = Vec::new();
    for number in 0..25 {
        let tag = if number % 5 == 0 { "tlp:amber" } else { "tlp:clear" };
        all.push(plain(Kind::Domain, &format!("d{number}.com"), &[tag]));
    }
    let mut options = Options::new(Format::Misp, Tlp::Red);
    options.misp.attributes_per_event = 8;
    let (text, ..) = export(options, &all);
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let events = json["response"].as_array().expect("events");
    let sizes: Vec<(usize, &str)> = events
        .iter()
        .map(|event| {
            let event = &event["Event"];
            let attributes = event["Attribute"].as_array().expect("attributes").len();
            (attributes, event["distribution"].as_str().expect("a level"))
        })
        .collect();
    assert_eq!(sizes, [(8, "3"), (8, "3"), (4, "3"), (5, "0")]);
    let ids: BTreeSet<&str> = events.iter().filter_map(|e| e["Event"]["uuid"].as_str()).collect();
    assert_eq!(ids.len(), events.len());
}

#[test]
fn a_rule_range_that_is_too_small_says_so() {
    let mut options = Options::new(Format::Suricata, Tlp::Red);
    (options.suricata.first_sid, options.suricata.last_sid) = (7, 10);
    let all: Vec<_> =
        (0..3).map(|n| plain(Kind::Domain, &format!("d{n}.com"), &["tlp:green"])).collect();
    let (text, outcomes, _) = export(options, &all);
    assert_eq!(outcomes[2], Outcome::PassedOver(Reason::SidRangeFull));
    for sid in 7..=10 {
        assert_eq!(text.matches(&format!("; sid:{sid};")).count(), 1, "{text}");
    }
}

#[test]
fn stix_ends_after_it_begins() {
    let mut one = plain(Kind::Domain, "evil.com", &["tlp:green"]);
    (one.context.valid_from, one.context.valid_until) = (Some(5), Some(5));
    let options = || Options::new(Format::Stix, Tlp::Red);
    let (_, outcomes, _) = export(options(), &[one.clone()]);
    assert_eq!(outcomes, [Outcome::PassedOver(Reason::ValidityContradiction)]);
    one.context.valid_from = None;
    let (text, ..) = export(options(), &[one.clone()]);
    assert!(text.contains("\"valid_from\":\"1970-01-01T00:00:04.000Z\""), "{text}");
    one.context.valid_until = Some(i64::MAX);
    let (_, outcomes, _) = export(options(), &[one]);
    assert_eq!(outcomes, [Outcome::PassedOver(Reason::TimeOutOfRange)]);
}

/// How each line of a format may begin.
fn is_line_of(format: Format, line: &str) -> bool {
    match format {
        Format::Hosts => line.starts_with("# ") || line.starts_with("0.0.0.0 "),
        Format::Rpz => {
            line.starts_with(['$', '@'])
                || line.starts_with("; ")
                || line.split(" IN CNAME . ; TLP:").count() == 2
        }
        Format::Suricata => {
            line.starts_with("# ") || (line.starts_with("alert ") && line.ends_with(";)"))
        }
        Format::Zeek => line.starts_with('#') || line.split('\t').count() == 5,
        Format::StixNdjson | Format::Ndjson => {
            serde_json::from_str::<serde_json::Value>(line).is_ok_and(|value| value.is_object())
        }
        _ => true,
    }
}

proptest! {
    // Each case is an export in every format.
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// No text of an indicator begins a line of its own, and no outcome is forgotten.
    #[test]
    fn no_text_breaks_out(indicators in indicators()) {
        for format in Format::ALL {
            let (text, ..) = export(open(format), &indicators);
            let strange = text.lines().find(|line| !is_line_of(format, line));
            prop_assert_eq!(strange, None, "{:?}", format);
            let breaks = text.contains(['\u{0}', '\u{85}', '\u{2028}']);
            prop_assert!(!breaks || !format.is_acting());
        }
    }

    /// Whatever the options, nothing above the ceiling and nothing closed leaves by itself.
    #[test]
    fn the_ceiling_holds(indicators in indicators(), ceiling in 0..5_usize) {
        let ceiling = Tlp::ALL[ceiling];
        for format in Format::ALL {
            let (_, outcomes, _) = export(Options::new(format, ceiling), &indicators);
            for (one, outcome) in indicators.iter().zip(outcomes) {
                let markings = &one.context.markings;
                let may = !markings.is_closed()
                    && !markings.is_conflicting()
                    && markings.tlp().is_some_and(|tlp| tlp <= ceiling);
                prop_assert!(may || outcome != Outcome::Written, "{:?} {:?}", format, one);
            }
        }
    }
}
