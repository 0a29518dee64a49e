//! Indicators to export, and one call for an export.

use detente_core::{Kind, Tlp, UnixSeconds};
use detente_intel::{Context, Indicator, Observable, refang};
use detente_write::{Entered, Export, Format, Meta, Options, Outcome, Summary};
use proptest::prelude::*;

/// When everything was entered.
pub const ENTERED: Entered =
    Entered { first: UnixSeconds::new(1_700_000_000), last: UnixSeconds::new(1_750_000_000) };

pub fn meta() -> Meta {
    Meta {
        producer: "Example CERT".to_owned(),
        title: "Example export".to_owned(),
        at: UnixSeconds::new(1_800_000_000),
    }
}

/// Everything that any option lets through.
pub fn open(format: Format) -> Options {
    let mut options = Options::new(format, Tlp::Red);
    options.default_tlp = Some(Tlp::Green);
    options.write_closed = true;
    options.write_conflicting = true;
    options.detection_only = false;
    options.own_use = true;
    options
}

/// What an export wrote, what it says of each indicator, and its account.
pub fn export(options: Options, indicators: &[Indicator]) -> (String, Vec<Outcome>, Summary) {
    let mut out = Vec::new();
    let mut export = Export::begin(meta(), options, &mut out).expect("good options");
    let outcomes = indicators.iter().map(|one| export.put(one, ENTERED).expect("memory takes all"));
    let outcomes: Vec<Outcome> = outcomes.collect();
    let summary = export.end().expect("memory takes all");
    assert!(summary.is_balanced());
    let written = outcomes.iter().filter(|one| **one == Outcome::Written).count();
    assert_eq!((summary.written, summary.bytes), (written as u64, out.len() as u64));
    (String::from_utf8(out).expect("text"), outcomes, summary)
}

/// One plain indicator.
pub fn plain(kind: Kind, value: &str, tags: &[&str]) -> Indicator {
    let observable = Observable::normalise(kind, value).expect("a good example");
    let mut context = Context::from_source("Example feed");
    tags.iter().for_each(|tag| context.markings.add_text(tag));
    Indicator { observable, context }
}

const TAGS: [&str; 24] = [
    "tlp:clear",
    "TLP:GREEN",
    "tlp:amber",
    "TLP:AMBER+STRICT",
    "tlp:red",
    "PAP:CLEAR",
    "PAP:GREEN",
    "pap:amber",
    "PAP:RED",
    "REL TO A, B",
    "rel to B;C",
    "ORCON",
    "detente:originator=\"A\"",
    "detente:releasable-to=\"B\"",
    "detente:category=\"power\"",
    "detente:category=\"water\"",
    "detente:purpose=\"intelligence\"",
    "tlp:ex:chr",
    "iep:permitted-actions=\"NONE\"",
    "iep:unmodified-resale=\"MUST NOT\"",
    "iep:unmodified-resale=\"MAY\"",
    "iep:attribution=\"MUST NOT\"",
    "iep:tlp=\"AMBER\"",
    "for friends only",
];

fn matching(pattern: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(pattern).expect("a pattern")
}

fn observable() -> impl Strategy<Value = Observable> {
    let domain = "[a-z0-9_-]{1,10}(\\.[a-z0-9]{1,8}){0,2}\\.(com|net|ru)";
    let text = prop_oneof![
        domain.prop_map(|text| (Kind::Domain, text)),
        any::<std::net::Ipv4Addr>().prop_map(|ip| (Kind::Ipv4, ip.to_string())),
        any::<std::net::Ipv6Addr>().prop_map(|ip| (Kind::Ipv6, ip.to_string())),
        (any::<std::net::Ipv4Addr>(), 0..=32_u8)
            .prop_map(|(ip, length)| (Kind::Ipv4Cidr, format!("{ip}/{length}"))),
        (any::<std::net::Ipv6Addr>(), 0..=128_u8)
            .prop_map(|(ip, length)| (Kind::Ipv6Cidr, format!("{ip}/{length}"))),
        matching(&format!("(https?|ftp|tcp)://{domain}(:[1-9][0-9]{{0,3}})?(/[ -~é]{{0,30}})?"))
            .prop_map(|text| (Kind::Url, text)),
        "[0-9a-f]{32}".prop_map(|text| (Kind::Md5, text)),
        "[0-9a-f]{40}".prop_map(|text| (Kind::Sha1, text)),
        "[0-9a-f]{64}".prop_map(|text| (Kind::Sha256, text)),
        "[0-9a-f]{128}".prop_map(|text| (Kind::Sha512, text)),
        matching(&format!("[a-z0-9#!$%&'*+/=?^_`{{|}}~-]{{1,8}}@{domain}"))
            .prop_map(|text| (Kind::Email, text)),
        any::<u32>().prop_map(|number| (Kind::Asn, number.to_string())),
        "[0-9a-f]{40}".prop_map(|text| (Kind::CertSha1, text)),
        "[0-9a-f]{64}".prop_map(|text| (Kind::CertSha256, text)),
    ];
    // Our readers refang every value, also where a URL has such brackets of its own.
    text.prop_filter_map("no observable", |(kind, text)| {
        Observable::normalise(kind, &text).ok().filter(|one| refang(one.value()) == one.value())
    })
}

fn context() -> impl Strategy<Value = Context> {
    let tag = prop::sample::select(TAGS.as_slice());
    let label = prop_oneof![
        prop::sample::select(TAGS.as_slice()).prop_map(str::to_owned),
        Just("misp:to_ids".to_owned()),
        Just("benign".to_owned()),
        ".{0,20}",
    ];
    let time = prop::option::of(1_600_000_000..2_000_000_000_i64);
    let extra = prop::collection::btree_map(
        prop::sample::select(vec!["filename", "port", "misp_type", "stix_pattern", "reference"])
            .prop_map(str::to_owned),
        prop_oneof![Just("80".to_owned()), Just("hostname".to_owned()), ".{0,20}"],
        0..3,
    );
    (
        (".{0,20}", prop::option::of(".{0,20}"), prop::option::of("(\\PC|\n|\t|\r){0,60}")),
        prop::collection::vec(tag, 0..4),
        prop::collection::vec(label, 0..4),
        (prop::option::of(0..=100_u8), time.clone(), time.clone(), time.clone(), time),
        extra,
    )
        .prop_map(|((source, origin, description), tags, labels, numbers, extra)| {
            let mut context = Context { source, origin, description, extra, ..Context::default() };
            tags.into_iter().for_each(|tag| context.markings.add_text(tag));
            labels.iter().for_each(|label| context.add_label(label));
            (context.confidence, context.valid_from, context.valid_until, ..) = numbers;
            (_, _, _, context.first_seen, context.last_seen) = numbers;
            context
        })
}

/// Indicators with hostile texts and every kind of marking.
pub fn indicators() -> impl Strategy<Value = Vec<Indicator>> {
    let one = (observable(), context())
        .prop_map(|(observable, context)| Indicator { observable, context });
    prop::collection::vec(one, 0..12)
}
