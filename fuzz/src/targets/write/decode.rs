//! Indicators out of bytes: records parted by U+001E, fields by U+001F, so that every other
//! character, line breaks too, can stand in a text.

use detente_core::Kind;
use detente_intel::{Context, Indicator, Observable};

/// Parts records.
const RECORD: char = '\u{1e}';
/// Parts fields.
const FIELD: char = '\u{1f}';

/// What is to be exported and how.
pub(super) struct Input<'a> {
    /// Letters, one for each option.
    pub(super) flags: &'a str,
    /// Who exports.
    pub(super) producer: &'a str,
    /// What is exported.
    pub(super) title: &'a str,
    /// The zone's name; empty for the usual one.
    pub(super) origin: &'a str,
    /// What is exported.
    pub(super) indicators: Vec<Indicator>,
}

/// Reads an input. A record whose value is no observable is left out.
pub(super) fn input(text: &str) -> Input<'_> {
    let mut records = text.split(RECORD);
    let mut head = records.next().unwrap_or("").split(FIELD);
    let mut next = || head.next().unwrap_or("");
    let (flags, producer, title, origin) = (next(), next(), next(), next());
    Input { flags, producer, title, origin, indicators: records.filter_map(indicator).collect() }
}

fn indicator(record: &str) -> Option<Indicator> {
    let mut fields = record.split(FIELD);
    let mut next = || fields.next().unwrap_or("");
    let (kind, value) = (next(), next());
    let observable = match kind.parse::<Kind>() {
        Ok(kind) => Observable::normalise(kind, value).ok()?,
        Err(_) => Observable::detect(value).ok()?,
    };
    let mut context = Context { source: next().to_owned(), ..Context::default() };
    context.origin = Some(next().to_owned()).filter(|text| !text.is_empty());
    context.description = Some(next().to_owned()).filter(|text| !text.is_empty());
    let listed = |text: &str| -> Vec<String> {
        text.split('|').filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    listed(next()).iter().for_each(|tag| context.markings.add_text(tag));
    context.labels = listed(next());
    for pair in listed(next()) {
        let (key, value) = pair.split_once('=').unwrap_or((&pair, ""));
        context.extra.insert(key.to_owned(), value.to_owned());
    }
    let mut numbers = next().split('|').map(str::parse::<i64>);
    let mut number = || numbers.next().and_then(Result::ok);
    context.confidence = number().and_then(|number| u8::try_from(number).ok());
    (context.valid_from, context.valid_until) = (number(), number());
    (context.first_seen, context.last_seen) = (number(), number());
    Some(Indicator { observable, context })
}

/// Every kind with every sort of text beside it, under several options.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let records = [
        "domain/evil.example.com/a feed/o-1/a; \"b\"\\ c/tlp:green|PAP:GREEN/c2|=1+1/port=80",
        "ipv4/192.0.2.1/=cmd()/o/-1+1/tlp:amber/@x/misp_type=ip-src|port=443",
        "ipv6/2001:db8::1/s/+1/two\nlines\r\nhere/tlp:clear/misp:to_ids/misp_type=ip-dst",
        "ipv4-cidr/198.51.100.0\u{2044}24/\t#x/o/d/tlp:green/l/reference=http:\u{2044}\u{2044}a.b",
        "ipv6-cidr/2001:db8::\u{2044}32/s/o/it's # no comment/tlp:red/l/a=b",
        "url/http:\u{2044}\u{2044}u:p@evil.example.com:8080\u{2044}a?b=*;'\"\\c/s/o/d/tlp:green//",
        "url/https:\u{2044}\u{2044}evil.example.net\u{2044}/s/o/- x/tlp:green//stix_pattern=[a]",
        "md5/d41d8cd98f00b204e9800998ecf8427e/s/o/d/tlp:green//filename=a|b.exe",
        "sha1/da39a3ee5e6b4b0d3255bfef95601890afd80709/s/o/d/tlp:amber+strict//filename=..",
        "email/-bob#x@evil.example.com/s/o/d/tlp:green|tlp:ex:chr//misp_type=email-dst",
        "asn/64496/s/o/d/tlp:green|REL TO A, B/tlp:clear/",
        "cert-sha1/da39a3ee5e6b4b0d3255bfef95601890afd80709/s/o/d/tlp:green|ORCON//",
        "domain/two.example.com/s/o/d/tlp:green|tlp:red//",
        "domain/closed.example.com/s/o/d/for friends only//",
        "domain/none.example.com/s/o/d///",
    ];
    let times = ["50|1700000000|1900000000|1600000000|1650000000", "100||1750000000||", "", "0"];
    let times = times.iter().cycle();
    let body: Vec<String> = records
        .iter()
        .zip(times)
        .map(|(record, times)| format!("{record}/{times}").replace('/', &FIELD.to_string()))
        .map(|record| record.replace('\u{2044}', "/"))
        .collect();
    ["cxnoDw6s", "Dw", "GD1O", "Axcrdp"]
        .map(|flags| {
            let head = format!("{flags}{FIELD}Example CERT{FIELD}An export{FIELD}rpz.example.org");
            format!("{head}{RECORD}{}", body.join(&RECORD.to_string())).into_bytes()
        })
        .to_vec()
}
