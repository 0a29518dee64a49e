//! What to write and how: formats, who exports, what may leave.

use detente_core::{Tlp, UnixSeconds};

/// The longest producer and title, in bytes; longer is cut.
pub const MAX_META: usize = 256;
/// The greatest [`MispOptions::attributes_per_event`].
pub const MAX_ATTRIBUTES_PER_EVENT: usize = 100_000;
/// The most signature numbers of one range; two bytes of memory go to sixteen of them.
pub const MAX_SID_RANGE: u32 = 16_777_216;

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Comma separated values, RFC 4180.
    Csv,
    /// `0.0.0.0 name`, one a line.
    Hosts,
    /// MISP events as JSON.
    Misp,
    /// This program's own form, one JSON object a line; nothing is lost.
    Ndjson,
    /// A DNS response policy zone as a master file.
    Rpz,
    /// Sigma rules, YAML documents in one file.
    Sigma,
    /// A STIX 2.1 bundle.
    Stix,
    /// STIX 2.1 objects, one a line.
    StixNdjson,
    /// Suricata rules.
    Suricata,
    /// A file for Zeek's intelligence framework.
    Zeek,
}

impl Format {
    /// Every format, by name.
    pub const ALL: [Format; 10] = [
        Format::Csv,
        Format::Hosts,
        Format::Misp,
        Format::Ndjson,
        Format::Rpz,
        Format::Sigma,
        Format::Stix,
        Format::StixNdjson,
        Format::Suricata,
        Format::Zeek,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Hosts => "hosts",
            Format::Misp => "misp",
            Format::Ndjson => "ndjson",
            Format::Rpz => "rpz",
            Format::Sigma => "sigma",
            Format::Stix => "stix",
            Format::StixNdjson => "stix-ndjson",
            Format::Suricata => "suricata",
            Format::Zeek => "zeek",
        }
    }

    /// The usual name of such a file.
    pub const fn file_name(self) -> &'static str {
        match self {
            Format::Csv => "indicators.csv",
            Format::Hosts => "hosts",
            Format::Misp => "misp.json",
            Format::Ndjson => "indicators.ndjson",
            Format::Rpz => "rpz.zone",
            Format::Sigma => "sigma.yml",
            Format::Stix => "stix.json",
            Format::StixNdjson => "stix.ndjson",
            Format::Suricata => "suricata.rules",
            Format::Zeek => "zeek.intel",
        }
    }

    /// Whether its consumer acts on each entry, and reads no more of it than its value.
    pub const fn is_acting(self) -> bool {
        match self {
            Format::Hosts | Format::Rpz | Format::Sigma | Format::Suricata | Format::Zeek => true,
            Format::Csv | Format::Misp | Format::Ndjson | Format::Stix | Format::StixNdjson => {
                false
            }
        }
    }

    /// Whether an entry says until when it is valid.
    pub const fn carries_validity(self) -> bool {
        matches!(self, Format::Csv | Format::Ndjson | Format::Stix | Format::StixNdjson)
    }
}

/// The text names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {0:?}")]
pub struct UnknownFormat(pub String);

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        Format::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat(text.chars().take(64).collect()))
    }
}

/// Who exports, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Who exports, at most [`MAX_META`] bytes.
    pub producer: String,
    /// What is exported, at most [`MAX_META`] bytes. With the producer it makes the ids of events
    /// and rules, so it stays the same from export to export.
    pub title: String,
    /// Now.
    pub at: UnixSeconds,
}

/// When the exporting party entered what it says of a value. Kept with the indicator, so that an
/// export of the same list says the same of it, whenever it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The first version of it; the creation of a STIX object may not change.
    pub first: UnixSeconds,
    /// The version that is exported; not before the first.
    pub last: UnixSeconds,
}

/// What to write and what may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The format.
    pub format: Format,
    /// The most closed colour that may be in the export.
    pub max_tlp: Tlp,
    /// The colour of indicators that have none. Without it they are passed over.
    pub default_tlp: Option<Tlp>,
    /// Whether indicators whose marking was not understood are written, as RED and with what their
    /// marking says. Only where the format carries that.
    pub write_closed: bool,
    /// Whether indicators with more than one colour are written, under the most closed one.
    pub write_conflicting: bool,
    /// Whether acting formats leave out what its origin does not offer for detection alone.
    pub detection_only: bool,
    /// Whether the output stays with the exporting party, so that an acting format, which carries
    /// a colour at most, may hold what only some may have.
    pub own_use: bool,
    /// Whether a hosts file names `::` too.
    pub hosts_ipv6: bool,
    /// For MISP.
    pub misp: MispOptions,
    /// For response policy zones.
    pub rpz: RpzOptions,
    /// For STIX.
    pub stix: StixObjects,
    /// For Suricata.
    pub suricata: SuricataOptions,
}

impl Options {
    /// The careful choice in everything but the ceiling.
    pub fn new(format: Format, max_tlp: Tlp) -> Options {
        Options {
            format,
            max_tlp,
            default_tlp: None,
            write_closed: false,
            write_conflicting: false,
            detection_only: true,
            own_use: false,
            hosts_ipv6: false,
            misp: MispOptions { amber_to_community: false, attributes_per_event: 20_000 },
            rpz: RpzOptions {
                origin: "rpz.invalid".to_owned(),
                policy: Policy::Nxdomain,
                wildcards: false,
                ttl_seconds: 300,
            },
            stix: StixObjects::Indicators,
            suricata: SuricataOptions {
                action: Action::Alert,
                first_sid: 1_000_000,
                last_sid: 1_999_999,
                rev: 1,
                subdomains: false,
            },
        }
    }

    /// Whether the consumer blocks what it finds.
    pub(crate) fn is_blocking(&self) -> bool {
        match self.format {
            Format::Hosts => true,
            Format::Rpz => self.rpz.policy != Policy::Passthru,
            Format::Suricata => self.suricata.action == Action::Drop,
            _ => false,
        }
    }
}

/// How MISP events are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MispOptions {
    /// Whether AMBER may be seen by the whole community of a server (distribution 1) and not only
    /// by the own organisation.
    pub amber_to_community: bool,
    /// Attributes of one event, from 1 to [`MAX_ATTRIBUTES_PER_EVENT`]; more begin a further one.
    pub attributes_per_event: usize,
}

/// How a response policy zone is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpzOptions {
    /// The name of the zone, a domain.
    pub origin: String,
    /// What the resolver does.
    pub policy: Policy,
    /// Whether names below a domain are meant too.
    pub wildcards: bool,
    /// The time to live of each record, in seconds.
    pub ttl_seconds: u32,
}

/// What a resolver does with a name or address of the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Do not answer at all.
    Drop,
    /// Point to this domain.
    LocalCname(String),
    /// Say that the name has no such data.
    Nodata,
    /// Say that there is no such name.
    Nxdomain,
    /// Answer as if it were not in the zone.
    Passthru,
}

/// Which STIX objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StixObjects {
    /// Indicators and cyber-observable objects.
    Both,
    /// Indicators.
    Indicators,
    /// Cyber-observable objects.
    Observables,
}

/// How Suricata rules are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuricataOptions {
    /// What a match does.
    pub action: Action,
    /// The first signature number, at least 1.
    pub first_sid: u32,
    /// The last signature number; at most [`MAX_SID_RANGE`] numbers.
    pub last_sid: u32,
    /// The revision of each rule, at least 1.
    pub rev: u32,
    /// Whether names below a domain are meant too.
    pub subdomains: bool,
}

/// What a match does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Report it.
    Alert,
    /// Report and drop it.
    Drop,
}
