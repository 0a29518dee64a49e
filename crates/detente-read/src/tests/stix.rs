//! STIX bundles.

use detente_core::Tlp;
use serde_json::{Value, json};

use super::super::{Format, MAX_OBJECT};
use super::{Kept, dripped, run};

const GREEN: &str = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const OWN: &str = "marking-definition--11111111-1111-4111-8111-111111111111";

fn indicator(pattern: &str) -> Value {
    json!({"type": "indicator", "spec_version": "2.1", "id": "indicator--1", "pattern": pattern,
           "pattern_type": "stix", "valid_from": "2020-01-01T00:00:00Z"})
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

fn bundle(objects: &[Value]) -> String {
    json!({"type": "bundle", "id": "bundle--1", "objects": objects}).to_string()
}

fn stix(objects: &[Value]) -> Kept {
    run(Format::Auto, bundle(objects)).0
}

#[test]
fn indicators_and_observables() {
    let object = json!({"type": "indicator", "id": "indicator--7", "name": "C2", "description": "d",
        "pattern": "[domain-name:value = 'EVIL.com']", "labels": ["l"], "confidence": 70,
        "indicator_types": ["malicious-activity"], "valid_from": "2020-01-01T00:00:00.5Z",
        "valid_until": "never"});
    let kept = stix(&[
        object,
        json!({"type": "ipv4-addr", "id": "a", "value": "1.2.3.4/24"}),
        json!({"type": "ipv6-addr", "id": "a", "value": "2001:DB8::1"}),
        json!({"type": "url", "id": "a", "value": "http://evil.com/x#y"}),
        json!({"type": "email-addr", "id": "a", "value": "Bob@Evil.com"}),
        json!({"type": "autonomous-system", "id": "a", "number": 64496}),
        json!({"type": "file", "id": "a", "hashes": {"MD5": "d41d8cd98f00b204e9800998ecf8427e", "SSDEEP": "3:x"}}),
        json!({"type": "x509-certificate", "id": "a", "hashes": {"SHA-1": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}}),
        json!({"type": "malware", "id": "m", "name": "x"}),
        json!({"type": "x-custom", "id": "m", "value": {"a": 1}}),
        json!({"type": "file", "id": "a", "name": "x.exe"}),
    ]);
    assert_eq!(
        kept.values(),
        [
            "domain:evil.com",
            "ipv4-cidr:1.2.3.0/24",
            "ipv6:2001:db8::1",
            "url:http://evil.com/x",
            "email:bob@evil.com",
            "asn:64496",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "cert-sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        ]
    );
    let context = &kept.taken[0].context;
    assert_eq!(context.origin.as_deref(), Some("indicator--7"));
    assert_eq!(context.labels, ["l", "malicious-activity"]);
    assert_eq!((context.confidence, context.valid_from), (Some(70), Some(1_577_836_800)));
    assert_eq!((&*context.extra["name"], &*context.extra["valid_until"]), ("C2", "never"));
    assert_eq!(kept.codes(), [("objects[6] (line 1)".to_owned(), "pattern_path")]);
}

#[test]
fn every_part_of_a_pattern_is_taken_or_refused() {
    let (kept, summary) = run(
        Format::Stix,
        bundle(&[
            indicator(
                "[domain-name:value = 'a.com' OR ipv4-addr:value IN ('1.1.1.1', '2.2.2.2', 'x')]",
            ),
            indicator(
                "[file:name = 'x.exe' AND file:hashes.'SHA-1' = 'da39a3ee5e6b4b0d3255bfef95601890afd80709']",
            ),
            indicator(
                "[domain-name:value LIKE '%.evil.com' OR domain-name:value != 'b.com' OR NOT domain-name:value = 'c.com']",
            ),
            indicator("[ipv4-addr:value ISSUBSET '10.1.2.3/8']"),
            indicator("domain-name:value = 'd.com'"),
            with(indicator("alert tcp any"), "pattern_type", json!("snort")),
            with(indicator("[domain-name:value = 'e.com']"), "revoked", json!(true)),
            json!({"type": "indicator", "id": "i"}),
            json!({"id": "i"}),
            json!([1]),
        ]),
    );
    assert_eq!(
        kept.values(),
        [
            "domain:a.com",
            "ipv4:1.1.1.1",
            "ipv4:2.2.2.2",
            "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "ipv4-cidr:10.0.0.0/8",
        ]
    );
    let codes: Vec<&str> = kept.codes().into_iter().map(|(_, code)| code).collect();
    assert_eq!(
        codes,
        [
            "address",
            "pattern_path",
            "pattern_operator",
            "pattern_operator",
            "pattern_negated",
            "pattern_syntax",
            "unsupported_pattern",
            "object_shape",
            "object_shape",
            "object_shape",
        ]
    );
    assert_eq!(summary.skipped["revoked"], 1);
    // Part of a conjunction says more than the conjunction did: it is labelled and the whole kept.
    let part = &kept.taken[3].context;
    assert_eq!(part.labels, ["stix:part-of-conjunction"]);
    assert!(part.extra["stix_pattern"].contains("x.exe"));
}

#[test]
fn constants_of_every_sort_are_values() {
    let kept = stix(&[
        indicator("[file:hashes.MD5 = h'D41D8CD98F00B204E9800998ECF8427E']"),
        indicator("[file:hashes.MD5 = b'1B2M2Y8AsgTpgAmY7PhCfg==']"),
        indicator("[autonomous-system:number = +64496]"),
        indicator("[autonomous-system:number IN (64497, '64498')]"),
        indicator("[domain-name:value IN ()]"),
        indicator("[domain-name:value = true]"),
    ]);
    assert_eq!(
        kept.values(),
        [
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "asn:64496",
            "asn:64497",
            "asn:64498"
        ]
    );
    let codes: Vec<&str> = kept.codes().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["pattern_operator", "domain_one_label"]);
}

/// A pattern is never defanged: a bracket in it is a bracket.
#[test]
fn values_of_patterns_are_taken_as_written() {
    let kept = stix(&[
        indicator("[url:value = 'http://a.com/x[.]y?q=(dot)']"),
        indicator("[domain-name:value = 'evil[.]com']"),
        indicator("[domain-name:value = 'evil\\\\.com']"),
        indicator("[url:value = 'hxxp://a.com/']"),
        indicator("[email-addr:value = 'bob[at]evil.com']"),
        indicator("[url:value MATCHES '^http://evil[.]com/' OR url:value LIKE 'hxxp://%[.]com']"),
        indicator("[domain-name:value = 'EVIL.com.']"),
    ]);
    assert_eq!(kept.values(), ["url:http://a.com/x[.]y?q=(dot)", "domain:evil.com"]);
    let codes: Vec<&str> = kept.codes().into_iter().map(|(_, code)| code).collect();
    assert_eq!(
        codes,
        [
            "character",
            "character",
            "url_scheme",
            "mail_no_at",
            "pattern_operator",
            "pattern_operator"
        ]
    );
}

fn colour(kept: &Kept, at: usize) -> (Tlp, bool) {
    let markings = &kept.taken[at].context.markings;
    (markings.effective(Tlp::Clear), markings.is_closed())
}

#[test]
fn object_and_granular_markings_most_restrictive() {
    let plain = || indicator("[domain-name:value = 'a.com']");
    let granular = json!([{"selectors": ["description"], "marking_ref": RED}, {"selectors": ["name"], "lang": "en"}]);
    let kept = stix(&[
        plain(),
        with(plain(), "object_marking_refs", json!([GREEN])),
        with(plain(), "object_marking_refs", json!([RED, GREEN])),
        with(with(plain(), "object_marking_refs", json!([GREEN])), "granular_markings", granular),
        with(plain(), "object_marking_refs", json!("not a list")),
        with(plain(), "granular_markings", json!([{"selectors": ["x"]}])),
        with(plain(), "object_marking_refs", json!([7])),
    ]);
    let colours: Vec<_> = (0..7).map(|at| colour(&kept, at)).collect();
    assert_eq!(
        colours,
        [
            (Tlp::Clear, false),
            (Tlp::Green, false),
            (Tlp::Red, false),
            (Tlp::Red, false),
            (Tlp::Red, true),
            (Tlp::Red, true),
            (Tlp::Red, true),
        ]
    );
    assert!(kept.taken[0].context.markings.is_unmarked());
}

#[test]
fn definitions_in_the_bundle_count_wherever_they_stand() {
    let marked =
        || with(indicator("[domain-name:value = 'a.com']"), "object_marking_refs", json!([OWN]));
    let definition = |body: Value| {
        let mut object = json!({"type": "marking-definition", "id": OWN});
        for (key, value) in body.as_object().expect("an object") {
            object[key] = value.clone();
        }
        object
    };
    let old = json!({"definition_type": "tlp", "definition": {"tlp": "amber"}});
    let new = json!({"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":
        {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}}});
    let statement =
        json!({"definition_type": "statement", "definition": {"statement": "Copyright"}});
    let green = json!({"definition_type": "tlp", "definition": {"tlp": "green"}});
    for (definitions, want) in [
        (vec![old.clone()], (Tlp::Amber, false)),
        (vec![new], (Tlp::AmberStrict, false)),
        (vec![statement], (Tlp::Red, true)),
        (vec![json!({})], (Tlp::Red, true)),
        (vec![], (Tlp::Red, true)),
        // The same id twice: contradicting definitions close, equal ones do not.
        (vec![green.clone(), old], (Tlp::Red, true)),
        (vec![green.clone(), green], (Tlp::Green, false)),
    ] {
        for before in [true, false] {
            let mut objects: Vec<Value> = definitions.iter().cloned().map(definition).collect();
            objects.insert(if before { objects.len() } else { 0 }, marked());
            let kept = stix(&objects);
            assert_eq!(colour(&kept, 0), want, "{definitions:?} {before}");
        }
    }
}

fn defined_by(body: &Value) -> detente_intel::Markings {
    let mut object = json!({"type": "marking-definition", "id": OWN});
    for (key, value) in body.as_object().expect("an object") {
        object[key] = value.clone();
    }
    let marked =
        with(indicator("[domain-name:value = 'a.com']"), "object_marking_refs", json!([OWN]));
    stix(&[object, marked]).taken[0].context.markings.clone()
}

/// A policy with every statement of the STIX extension for IEP 2.0 but an end.
fn iep_2() -> Value {
    json!({"extension_type": "property-extension", "encrypt_in_transit": "may",
        "permitted_actions": "externally-visible-indirect-actions",
        "affected_party_notifications": "may", "tlp": "amber", "provider_attribution": "must-not",
        "unmodified_resale": "must-not", "iep_id": "0224bfdf-ea3a-49c3-96f6-66d908bb1845",
        "iep_version": 2.0, "description": "d".repeat(2000), "start_date": "2022-10-01T00:00:00Z"})
}

fn by_extension(policy: Value) -> detente_intel::Markings {
    let name = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a";
    defined_by(&json!({"extensions": {name: policy}}))
}

#[test]
fn a_whole_iep_policy_is_read() {
    let oasis = by_extension(iep_2());
    let first = defined_by(&json!({"definition_type": "iep", "definition": {
        "id": "01bc4353-4829-4d55-8d52-0ab7e0790df9", "name": "n".repeat(300), "version": "2.0",
        "description": "x", "start_date": "2017-01-01T00:00:00Z", "end_date": null,
        "encrypt_in_transit": "may", "permitted_actions": "externally-visible-indirect-actions",
        "affected_party_notifications": "may", "tlp": "amber", "attribution": "must-not",
        "unmodified_resale": "must-not", "external_references": ["https://www.example.org/iep"]}}));
    let old = defined_by(&json!({"definition_type": "iep", "definition": {
        "id": "1", "name": "n", "version": 1.0, "reference": "https://www.example.org/iep",
        "start-date": "2017-01-01", "encrypt-in-transit": "MUST", "encrypt-at-rest": "MAY",
        "permitted-actions": "EXTERNALLY VISIBLE INDIRECT ACTIONS",
        "affected-party-notifications": "MUST NOT", "traffic-light-protocol": "AMBER",
        "provider-attribution": "MUST NOT", "obfuscate-affected-parties": "MAY",
        "unmodified-resale": "MUST NOT"}}));
    for markings in [oasis, first, old] {
        assert!(!markings.is_closed() && markings.is_source_hidden(), "{markings:?}");
        assert_eq!(markings.tlp(), Some(Tlp::Amber));
        assert_eq!(markings.stated().pap, Some(detente_core::Pap::Amber));
    }
    // Our own exports name no colour there.
    let own = json!({"extension_type": "property-extension", "permitted_actions": "none"});
    let own = defined_by(&json!({"extensions": {"extension-definition--x": own}}));
    assert_eq!((own.is_closed(), own.stated().pap), (false, Some(detente_core::Pap::Red)));
}

#[test]
fn what_an_iep_policy_says_beyond_the_standard_closes() {
    for (key, value) in [
        ("end_date", json!("2030-01-01T00:00:00Z")),
        ("end_date", json!(7)),
        ("encrypt_at_rest", json!("must")),
        ("encrypt_in_transit", json!("always")),
        ("external_references", json!(["as we agreed"])),
        ("iep_version", json!(3.0)),
        ("obfuscate_affected_parties", json!("must")),
        ("permitted_actions", json!(["none"])),
        ("permitted_actions", json!(null)),
        ("start_date", json!("soon")),
        ("tlp", json!("purple")),
        ("unmodified_resale", json!("must")),
        ("x_more", json!("may")),
    ] {
        assert!(by_extension(with(iep_2(), key, value.clone())).is_closed(), "{key} {value}");
    }
    let beside = json!({"extensions": {"extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a":
        iep_2(), "extension-definition--x": {"extension_type": "property-extension"}}});
    assert!(defined_by(&beside).is_closed());
}

#[test]
fn a_lie_about_a_fixed_id_is_reported() {
    let lie = json!({"type": "marking-definition", "id": RED, "definition_type": "tlp", "definition": {"tlp": "white"}});
    let marked =
        with(indicator("[domain-name:value = 'a.com']"), "object_marking_refs", json!([RED]));
    let kept = stix(&[lie, marked]);
    assert_eq!(kept.codes(), [("objects[0] (line 1)".to_owned(), "marking_contradiction")]);
    assert_eq!(colour(&kept, 0), (Tlp::Red, false));
}

#[test]
fn a_property_twice_is_refused() {
    let text = format!(
        "{{\"objects\":[{{\"type\":\"indicator\",\"object_marking_refs\":[\"{RED}\"],\
         \"pattern\":\"[domain-name:value='a.com']\",\"object_marking_refs\":[\"{GREEN}\"]}}]}}"
    );
    let (kept, _) = run(Format::Stix, text);
    assert!(kept.taken.is_empty());
    assert_eq!(kept.codes()[0].1, "object_shape");
}

#[test]
fn stix_2_0_observed_data() {
    let kept = stix(&[json!({"type": "observed-data", "id": "observed-data--1",
        "first_observed": "2020-01-01T00:00:00Z", "object_marking_refs": [GREEN],
        "objects": {"0": {"type": "domain-name", "value": "evil.com"}, "1": {"type": "file", "name": "x"}}})]);
    assert_eq!(kept.values(), ["domain:evil.com"]);
    assert_eq!(kept.taken[0].context.markings.tlp(), Some(Tlp::Green));
    assert_eq!(kept.taken[0].context.first_seen, Some(1_577_836_800));
}

#[test]
fn one_bad_object_does_not_cost_the_others() {
    let good = indicator("[domain-name:value = 'a.com']").to_string();
    let huge = json!({"type": "malware", "description": "x".repeat(MAX_OBJECT)}).to_string();
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let text = format!("{{\"objects\":[{good},{{\"type\": bad}},{huge},{deep},{good}]}}");
    let (kept, summary) = run(Format::Stix, text);
    assert_eq!(kept.values().len(), 2);
    let codes: Vec<&str> = kept.codes().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["object_shape", "object_too_large", "object_too_deep"]);
    assert_eq!(summary.broken, None);
}

#[test]
fn byte_by_byte_gives_the_same() {
    let text = format!("\u{feff} {}\n", bundle(&[indicator("[domain-name:value = '\u{fc}.com']")]));
    let (whole, one) = run(Format::Stix, &text);
    let (drip, two) = dripped(Format::Stix, text.as_bytes());
    assert_eq!(whole.values(), ["domain:xn--tda.com"]);
    assert_eq!((whole.taken, one), (drip.taken, two));
}

/// Whoever can only label says there how to handle it.
#[test]
fn tags_among_labels_count() {
    let mut one = indicator("[domain-name:value = 'a.com']");
    one["object_marking_refs"] = json!([GREEN]);
    one["labels"] = json!(["TLP:AMBER", "PAP:RED", "c2"]);
    let kept = stix(&[one]);
    let context = &kept.taken[0].context;
    assert_eq!(context.markings.tlp(), Some(Tlp::Amber));
    assert!(context.markings.texts().iter().any(|text| text == "PAP:RED"));
    assert_eq!(context.labels, ["c2"]);
}

/// The closest part counts for the whole, and contradicts nothing.
#[test]
fn parts_may_be_closer_than_the_whole() {
    let part = |id: &str| json!([{"marking_ref": id, "selectors": ["name"]}]);
    let mut one = indicator("[domain-name:value = 'a.com']");
    one["object_marking_refs"] = json!([GREEN]);
    one["granular_markings"] = part(RED);
    let markings = |one: &Value| stix(std::slice::from_ref(one)).taken[0].context.markings.clone();
    assert_eq!((markings(&one).tlp(), markings(&one).is_conflicting()), (Some(Tlp::Red), false));
    one["object_marking_refs"] = json!([RED]);
    one["granular_markings"] = part(GREEN);
    assert_eq!((markings(&one).tlp(), markings(&one).is_conflicting()), (Some(Tlp::Red), false));
    // A part says nothing of the rest: what is unmarked stays so.
    one.as_object_mut().expect("an object").remove("object_marking_refs");
    assert!(markings(&one).is_unmarked());
    let options = crate::Options { default_tlp: Some(Tlp::Clear), ..crate::Options::default() };
    let (kept, _) = super::run_with(&options, bundle(&[one]));
    assert_eq!(kept.taken[0].context.markings.tlp(), Some(Tlp::Green));
}
