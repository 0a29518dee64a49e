//! Targets of detente-intel: files from anywhere, and the single values in them.

use detente_core::Kind;
use detente_intel::{Indicator, Observable, defang, refang};
use detente_read::{Format, Options, ReadFault, Refusal, Sink, SinkFault, Summary};

use crate::Target;

/// The table of this crate. Seeds of the files are files.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "intel_csv", run: csv, seeds: Vec::new },
    Target { name: "intel_detect", run: detect, seeds: values },
    Target { name: "intel_hosts", run: hosts, seeds: Vec::new },
    Target { name: "intel_list", run: list, seeds: Vec::new },
    Target { name: "intel_misp", run: misp, seeds: Vec::new },
    Target { name: "intel_ndjson", run: ndjson, seeds: Vec::new },
    Target { name: "intel_normalise", run: normalise, seeds: Vec::new },
    Target { name: "intel_openioc", run: openioc, seeds: Vec::new },
    Target { name: "intel_pattern", run: pattern, seeds: Vec::new },
    Target { name: "intel_refang", run: refanged, seeds: values },
    Target { name: "intel_stix", run: stix, seeds: Vec::new },
];

/// Counts what a reader hands over, and checks each indicator's value.
#[derive(Default)]
struct Counter {
    taken: u64,
}

impl Sink for Counter {
    fn take(&mut self, indicator: Indicator) -> Result<(), SinkFault> {
        check_normal(&indicator.observable);
        assert_eq!(indicator.context.check(), Ok(()), "a context beyond its bounds");
        self.taken += 1;
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal) {
        let control = refusal.excerpt.chars().any(char::is_control);
        assert!(!control, "a terminal would obey this report");
    }

    fn progress(&mut self, _: u64) {}
}

/// What was taken is in normal form, and both sides of a match would write it alike.
fn check_normal(observable: &Observable) {
    let again = Observable::from_match_key(&observable.match_key());
    assert_eq!(again.as_ref(), Ok(observable), "a value is not in its own normal form");
}

/// Reads a whole file; whether an indicator was found. Every item must be accounted for.
fn read(format: Format, bytes: &[u8]) -> bool {
    let options = Options { format, source: "fuzz".into(), ..Options::default() };
    let mut sink = Counter::default();
    let outcome: Result<Summary, ReadFault> = detente_read::read(bytes, &options, &mut sink);
    if let Ok(summary) = outcome {
        assert!(summary.is_balanced(), "an item was lost in silence: {summary:?}");
    }
    sink.taken > 0
}

fn csv(bytes: &[u8]) -> bool {
    read(Format::Csv, bytes)
}

fn hosts(bytes: &[u8]) -> bool {
    read(Format::Hosts, bytes)
}

fn ndjson(bytes: &[u8]) -> bool {
    read(Format::Ndjson, bytes)
}

fn list(bytes: &[u8]) -> bool {
    // The format is guessed, as it is for most files.
    read(Format::List, bytes) | read(Format::Auto, bytes)
}

fn misp(bytes: &[u8]) -> bool {
    read(Format::Misp, bytes)
}

fn openioc(bytes: &[u8]) -> bool {
    read(Format::OpenIoc, bytes)
}

fn stix(bytes: &[u8]) -> bool {
    read(Format::Stix, bytes)
}

/// One value of unknown kind.
fn detect(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let found = Observable::detect(text);
    if let Ok(observable) = &found {
        check_normal(observable);
    }
    found.is_ok()
}

/// One value of a known kind; the first byte chooses it.
fn normalise(bytes: &[u8]) -> bool {
    let Some((&code, rest)) = bytes.split_first() else {
        return false;
    };
    let kind = Kind::ALL[usize::from(code) % Kind::ALL.len()];
    let Ok(text) = std::str::from_utf8(rest) else {
        return false;
    };
    let found = Observable::normalise(kind, text);
    if let Ok(observable) = &found {
        check_normal(observable);
    }
    found.is_ok()
}

/// A STIX pattern.
fn pattern(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| detente_read::parse_pattern(text).is_ok())
}

/// What we write so that nobody clicks on it, we must read back.
fn refanged(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let found = Observable::detect(&refang(text));
    if let Ok(observable) = &found {
        let (written, value) = (defang(observable), observable.value());
        assert_eq!(refang(&written), value, "the defanged form {written} is another value");
    }
    found.is_ok()
}

/// Values of every kind, in the spellings that people use.
fn values() -> Vec<Vec<u8>> {
    [
        "evil.example.com",
        "192.0.2.1",
        "192.0.2.0/24",
        "2001:db8::1",
        "2001:db8::/32",
        "http://evil.example.com:8080/a?b#c",
        "https://[2001:db8::1]/",
        "bob@evil.example.com",
        "AS64496",
        "d41d8cd98f00b204e9800998ecf8427e",
        "xn--bcher-kva.example.com",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
