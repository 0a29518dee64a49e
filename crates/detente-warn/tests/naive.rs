//! The index finds what a scan of every entry of every list finds.

#![expect(clippy::expect_used, reason = "these functions are of tests alone")]

use std::net::Ipv4Addr;

use detente_core::Kind;
use detente_intel::Observable;
use detente_warn::{Index, List, MatchType, Setting, Verdict};
use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;
use serde_json::json;

/// A list as it is generated: every entry in normal form already, but for letter case.
#[derive(Clone, Debug)]
struct Plan {
    match_type: MatchType,
    entries: Vec<String>,
    attributes: Vec<&'static str>,
    setting: Setting,
}

/// So few names and addresses that entries and values meet.
fn domain() -> impl Strategy<Value = String> {
    let label = prop::sample::select(vec!["a1", "b", "cd", "evil", "x-y"]);
    let top = prop::sample::select(vec!["com", "co.uk", "example"]);
    (prop::collection::vec(label, 1..4), top)
        .prop_map(|(labels, top)| format!("{}.{top}", labels.join(".")))
}

fn prefix() -> impl Strategy<Value = String> {
    let v4 = (0..4_u8, 0..3_u8, 0..8_u8, 0..=32_u8).prop_map(|(b, c, d, length)| {
        let address = Ipv4Addr::new(198, b, c, d);
        Ipv4Net::new(address, length).expect("a length of IPv4").trunc().to_string()
    });
    let v6 = (0..3_u16, 0..5_u16, prop::sample::select(vec![0_u8, 31, 32, 48, 126, 127, 128]))
        .prop_map(|(group, last, length)| {
            let net: IpNet = format!("2001:db8:{group}::{last:x}/{length}").parse().expect("IPv6");
            net.trunc().to_string()
        });
    prop_oneof![3 => v4, 1 => v6]
}

fn entry(match_type: MatchType) -> BoxedStrategy<String> {
    match match_type {
        MatchType::Cidr => prefix().boxed(),
        MatchType::Hostname => prop_oneof![
            domain(),
            Just("com".to_owned()),
            Just("co.uk".to_owned()),
            Just("198.1.1.1".to_owned())
        ]
        .boxed(),
        MatchType::Regex => prop_oneof![
            domain().prop_map(|name| format!("/^{}$/i", name.replace('.', r"\."))),
            prop::sample::select(vec!["/evil/", "/b+\\.com/", "#^http://[a-z0-9]+/#", "/\\.1\\./"])
                .prop_map(str::to_owned)
        ]
        .boxed(),
        MatchType::String => prop_oneof![domain(), domain().prop_map(|n| n.to_uppercase())].boxed(),
        MatchType::Substring => prop::sample::select(vec![
            "evil", "EVIL.", ".c", "x-y", "a1.b", "a1", "://", "/b", "198.", "zz",
        ])
        .prop_map(str::to_owned)
        .boxed(),
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let attributes = prop::sample::subsequence(vec!["domain", "ip-src", "url", "email-src"], 0..4);
    let setting = prop::sample::select(Setting::ALL.to_vec());
    (prop::sample::select(MatchType::ALL.to_vec()), attributes, setting).prop_flat_map(
        |(match_type, attributes, setting)| {
            prop::collection::vec(entry(match_type), 1..8).prop_map(move |entries| Plan {
                match_type,
                entries,
                attributes: attributes.clone(),
                setting,
            })
        },
    )
}

fn value() -> impl Strategy<Value = Observable> {
    let normal = |kind, text: String| Observable::normalise(kind, &text).expect("a good value");
    let url = (domain(), prop::sample::select(vec!["", ":81", "/evil.com", "/B?x=1"]));
    prop_oneof![
        domain().prop_map(move |text| normal(Kind::Domain, text)),
        prefix().prop_map(|text| Observable::normalise_address(&text).expect("a prefix")),
        url.prop_map(move |(host, rest)| normal(Kind::Url, format!("http://{host}{rest}"))),
        Just(normal(Kind::Url, "http://198.1.1.1/".to_owned())),
        domain().prop_map(move |host| normal(Kind::Email, format!("bob@{host}"))),
    ]
}

fn speaks_of(plan: &Plan, kind: Kind) -> bool {
    let name = match kind {
        Kind::Domain => "domain",
        Kind::Email => "email-src",
        Kind::Url => "url",
        _ => "ip-src",
    };
    plan.attributes.is_empty() || plan.attributes.contains(&name)
}

/// The host that a list of host names is asked for, found with the parser of URLs.
fn host(plan: &Plan, observable: &Observable) -> Option<String> {
    let value = observable.value();
    match observable.kind() {
        Kind::Domain | Kind::Ipv4 | Kind::Ipv6 => Some(value.to_owned()),
        Kind::Email if plan.attributes.contains(&"email-src") => {
            Some(value.rsplit('@').next().expect("a host").to_owned())
        }
        Kind::Url => {
            let start = value.find("://").expect("a scheme") + 3;
            let end = value[start..].find([':', '/']).expect("a path");
            Some(value[start..start + end].to_owned())
        }
        _ => None,
    }
}

/// Every entry that matches, as the index is to tell it.
fn scan(plan: &Plan, observable: &Observable) -> Vec<String> {
    let value = observable.value();
    let matches = |entry: &String| match plan.match_type {
        MatchType::Cidr => {
            let whole: Option<IpNet> = match observable.kind() {
                Kind::Ipv4 => Some(format!("{value}/32").parse().expect("an address")),
                Kind::Ipv6 => Some(format!("{value}/128").parse().expect("an address")),
                Kind::Ipv4Cidr | Kind::Ipv6Cidr => Some(value.parse().expect("a prefix")),
                _ => None,
            };
            whole.is_some_and(|net| entry.parse::<IpNet>().expect("a prefix").contains(&net))
        }
        MatchType::Hostname => host(plan, observable)
            .is_some_and(|host| host == *entry || host.ends_with(&format!(".{entry}"))),
        MatchType::Regex => {
            let (body, flags) = entry[1..].rsplit_once(['/', '#']).expect("delimiters");
            let prefix = if flags == "i" { "(?i)" } else { "" };
            regex::Regex::new(&format!("{prefix}{body}")).expect("a regex").is_match(value)
        }
        MatchType::String => entry.to_lowercase() == value,
        MatchType::Substring => value.to_lowercase().contains(&entry.to_lowercase()),
    };
    let told = |entry: &String| match plan.match_type {
        MatchType::String | MatchType::Substring => entry.to_lowercase(),
        _ => entry.clone(),
    };
    plan.entries.iter().filter(|entry| matches(entry)).map(told).collect()
}

/// The entry that is to be told of those that match.
fn most_specific(plan: &Plan, mut matching: Vec<String>) -> Option<String> {
    match plan.match_type {
        MatchType::Regex => matching.into_iter().next(),
        MatchType::Cidr => matching
            .into_iter()
            .max_by_key(|entry| entry.parse::<IpNet>().expect("a prefix").prefix_len()),
        _ => {
            matching.sort_by_key(|entry| (std::cmp::Reverse(entry.len()), entry.clone()));
            matching.into_iter().next()
        }
    }
}

fn read(number: usize, plan: &Plan) -> List {
    let text = json!({
        "name": format!("list {number}"),
        "description": "generated",
        "version": 1,
        "type": plan.match_type.name(),
        "matching_attributes": plan.attributes,
        "list": plan.entries,
    });
    let list = List::read(text.to_string().as_bytes()).expect("a good list");
    assert_eq!((list.refused_total(), list.entries()), (0, plan.entries.len()), "{list:?}");
    list
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_index_agrees_with_a_scan(
        plans in prop::collection::vec(plan(), 0..12),
        values in prop::collection::vec(value(), 1..20),
    ) {
        let lists = plans.iter().enumerate().map(|(at, plan)| (read(at, plan), plan.setting));
        let index = Index::build(lists).expect("a small index");
        for observable in &values {
            let mut expected = Vec::new();
            for (number, plan) in plans.iter().enumerate() {
                if plan.setting != Setting::Off
                    && speaks_of(plan, observable.kind())
                    && let Some(entry) = most_specific(plan, scan(plan, observable))
                {
                    expected.push((format!("list {number}"), plan.setting, entry));
                }
            }
            let verdict = if expected.iter().any(|(_, setting, _)| *setting == Setting::Block) {
                Verdict::Block
            } else if expected.is_empty() {
                Verdict::Clear
            } else {
                Verdict::Inform
            };
            let finding = index.check(observable);
            let found: Vec<_> = finding
                .hits
                .iter()
                .map(|hit| (hit.list.name.clone(), hit.list.setting, hit.entry.to_string()))
                .collect();
            prop_assert_eq!(found, expected, "{:?}", observable);
            prop_assert_eq!(finding.verdict(), verdict);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(fault) = List::read(&bytes) {
            prop_assert!(!fault.code().is_empty());
        }
    }

    #[test]
    fn any_entries_are_taken_or_told(
        entries in prop::collection::vec(".{0,40}", 0..20),
        match_type in prop::sample::select(MatchType::ALL.to_vec()),
    ) {
        let text = json!({"name": "any", "type": match_type.name(), "list": entries}).to_string();
        let list = List::read(text.as_bytes()).expect("texts alone make a list");
        prop_assert_eq!(list.entries() + list.refused_total(), entries.len());
        prop_assert_eq!(list.refusals().len(), list.refused_total());
        prop_assert!(Index::build([(list, Setting::Block)]).is_ok());
    }
}
