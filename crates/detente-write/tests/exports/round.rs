//! Our own readers read the exports back: the same observables, the same or narrower markings.

use std::collections::{BTreeMap, BTreeSet};

use detente_core::{Kind, Tlp};
use detente_intel::{Indicator, Markings, Observable};
use detente_read::{Format as ReadFormat, Options as ReadOptions, Refusal, Sink, SinkFault};
use detente_write::{Format, Options, Outcome, StixObjects};
use proptest::prelude::*;

use crate::support::{export, indicators, open};

#[derive(Default)]
struct Taken {
    indicators: Vec<Indicator>,
    refusals: Vec<Refusal>,
}

impl Sink for Taken {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        self.indicators.push(indicator);
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }

    fn progress(&mut self, _: u64) {}
}

fn read_back(text: &str, format: ReadFormat) -> Taken {
    let mut taken = Taken::default();
    let options = ReadOptions { format, ..ReadOptions::default() };
    let summary = detente_read::read(text.as_bytes(), &options, &mut taken);
    let summary = summary.expect("memory can be read");
    assert!(summary.broken.is_none() && summary.is_balanced(), "{summary:?}");
    taken
}

/// Whether `after` allows nothing that `before` does not.
fn is_as_narrow(before: &Markings, after: &Markings, default: Tlp) -> bool {
    if after.is_closed() {
        return true;
    }
    let (was, is) = (before.stated(), after.stated());
    let releasable = match (&was.releasable, &is.releasable) {
        (Some(few), Some(now)) => now.iter().all(|name| few.contains(name)),
        (was, _) => was.is_none(),
    };
    !before.is_closed()
        && after.tlp() >= Some(before.effective(default))
        && (after.is_source_hidden() || !before.is_source_hidden())
        && was.pap.is_some() == is.pap.is_some()
        && is.pap >= was.pap
        && releasable
        && (was.originator.is_none() || was.originator == is.originator)
        && (is.category.is_none() || was.category == is.category)
        && (is.threat.is_none() || was.threat == is.threat)
        && (is.purpose.is_none() || was.purpose == is.purpose)
}

/// The first of each observable.
fn distinct(indicators: Vec<Indicator>) -> Vec<Indicator> {
    let mut seen = BTreeSet::new();
    indicators.into_iter().filter(|one| seen.insert(one.observable.clone())).collect()
}

/// Exports, reads back and compares.
fn round(
    (format, read_as): (Format, ReadFormat),
    objects: StixObjects,
    indicators: &[Indicator],
) -> Result<(), TestCaseError> {
    let mut options = open(format);
    options.stix = objects;
    let default = options.default_tlp.expect("set above");
    let (text, outcomes, _) = export(options.clone(), indicators);
    let (again, ..) = export(options, indicators);
    prop_assert_eq!(&text, &again, "the same export twice");
    if !outcomes.contains(&Outcome::Written) {
        return Ok(());
    }
    let taken = read_back(&text, read_as);
    prop_assert_eq!(&taken.refusals, &[]);
    let written: Vec<&Indicator> = indicators
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| *outcome == Outcome::Written)
        .map(|(one, _)| one)
        .collect();
    let found: BTreeMap<&Observable, &Markings> =
        taken.indicators.iter().map(|one| (&one.observable, &one.context.markings)).collect();
    prop_assert_eq!(taken.indicators.len(), written.len());
    for one in written {
        let after = found.get(&one.observable);
        prop_assert!(after.is_some(), "{:?} is gone", one.observable);
        if let Some(after) = after.filter(|_| format != Format::Hosts) {
            let before = &one.context.markings;
            prop_assert!(is_as_narrow(before, after, default), "{:?} -> {:?}", before, after);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn stix(indicators in indicators()) {
        let indicators = distinct(indicators);
        round((Format::Stix, ReadFormat::Auto), StixObjects::Indicators, &indicators)?;
    }

    #[test]
    fn stix_observables(indicators in indicators()) {
        let indicators = distinct(indicators);
        round((Format::Stix, ReadFormat::Auto), StixObjects::Observables, &indicators)?;
    }

    #[test]
    fn misp(indicators in indicators()) {
        let indicators = distinct(indicators);
        round((Format::Misp, ReadFormat::Auto), StixObjects::Indicators, &indicators)?;
    }

    #[test]
    fn csv(indicators in indicators()) {
        let indicators = distinct(indicators);
        round((Format::Csv, ReadFormat::Csv), StixObjects::Indicators, &indicators)?;
    }

    #[test]
    fn hosts(indicators in indicators()) {
        // What a hosts file has anyway is passed over by the reader.
        let plain = |one: &Indicator| {
            one.observable.kind() != Kind::Domain || !one.observable.value().starts_with("ip6-")
        };
        let indicators: Vec<Indicator> = distinct(indicators).into_iter().filter(plain).collect();
        round((Format::Hosts, ReadFormat::List), StixObjects::Indicators, &indicators)?;
    }

    /// Nothing is lost but a source that must not be named.
    #[test]
    fn ndjson(indicators in indicators()) {
        let (text, outcomes, _) = export(open(Format::Ndjson), &indicators);
        prop_assert!(outcomes.iter().all(|one| *one == Outcome::Written));
        let read: Vec<Indicator> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("our own form"))
            .collect();
        prop_assert_eq!(read.len(), indicators.len());
        for (mut before, after) in indicators.into_iter().zip(read) {
            if before.context.markings.is_unmarked() {
                before.context.markings.add_tlp(Tlp::Green);
            }
            if before.context.markings.is_source_hidden() {
                prop_assert!(after.context.source.is_empty() && after.context.origin.is_none());
                prop_assert_eq!(after.context.markings, before.context.markings);
                prop_assert_eq!(after.observable, before.observable);
            } else {
                prop_assert_eq!(after, before);
            }
        }
    }
}

/// What MISP does not offer for detection is not offered by whoever read it as STIX either.
#[test]
fn what_is_not_for_detection_stays_so() {
    let mut one = Indicator {
        observable: Observable::from_normal(Kind::Domain, "evil.example").expect("a domain"),
        context: detente_intel::Context::from_source("x"),
    };
    one.context.markings = Markings::of(Tlp::Green);
    one.context.add_extra("misp_type", "domain");
    let (stix, _, _) = export(open(Format::Stix), std::slice::from_ref(&one));
    assert!(stix.contains("\"indicator_types\":[\"unknown\"]"), "{stix}");
    let again = read_back(&stix, ReadFormat::Stix).indicators;
    assert_eq!(again.len(), 1);
    for format in [Format::Rpz, Format::Suricata, Format::Zeek, Format::Hosts, Format::Sigma] {
        for all in [std::slice::from_ref(&one), &again[..]] {
            let (written, outcomes, _) = export(Options::new(format, Tlp::Red), all);
            assert!(!written.contains("evil.example"), "{format:?} {outcomes:?} {written}");
        }
    }
}

/// What came as one MISP object leaves as one, with the end of its parts' use, and is read again.
#[test]
fn objects_of_misp_stay_together() {
    let part = |kind: &str, relation: &str, value: &str| {
        serde_json::json!({"type": kind, "object_relation": relation, "value": value,
            "to_ids": true, "Sighting": [{"type": "2", "date_sighting": "1900000000"}]})
    };
    let event = serde_json::json!({"response": [{"Event": {
        "Tag": [{"name": "tlp:green"}],
        "Attribute": [{"type": "domain", "value": "alone.example", "to_ids": true}],
        "Object": [{"name": "domain-ip", "meta-category": "network", "template_version": "12",
            "template_uuid": "43b3b146-77eb-4931-b4cc-b66c60f28734",
            "uuid": "11111111-1111-4111-8111-111111111111",
            "Attribute": [part("domain", "domain", "a.example"), part("ip-dst", "ip", "192.0.2.1")]}],
    }}]});
    let read = read_back(&event.to_string(), ReadFormat::Misp);
    assert_eq!(read.indicators.len(), 3);
    let (text, _, _) = export(open(Format::Misp), &read.indicators);
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let event = &json["response"][0]["Event"];
    assert_eq!(event["Attribute"].as_array().map(Vec::len), Some(1), "{event:#}");
    let object = &event["Object"][0];
    assert_eq!(
        (&object["name"], &object["meta-category"]),
        (&"domain-ip".into(), &"network".into())
    );
    assert_eq!(object["template_uuid"], "43b3b146-77eb-4931-b4cc-b66c60f28734");
    let parts = object["Attribute"].as_array().expect("parts");
    let relations: Vec<_> =
        parts.iter().filter_map(|one| one["object_relation"].as_str()).collect();
    assert_eq!(relations, ["domain", "ip"]);
    let again = read_back(&text, ReadFormat::Misp);
    let seen = |all: &[Indicator]| -> BTreeMap<Observable, (Option<i64>, Option<String>)> {
        let of = |one: &Indicator| {
            let relation = one.context.extra.get("misp_relation").cloned();
            (one.observable.clone(), (one.context.valid_until, relation))
        };
        all.iter().map(of).collect()
    };
    assert_eq!(seen(&again.indicators), seen(&read.indicators));
}
