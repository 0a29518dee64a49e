//! Kinds of observables: the closed list that clauses, indicators and the gate share.
//!
//! What is not here: how a value of a kind is normalised (that is detente-intel's business).

use std::fmt;
use std::str::FromStr;

/// What sort of thing an indicator observes.
///
/// The numeric code is signed and hashed: codes are never reused or renumbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A fully qualified domain name as an A-label (IDNA), lower case, no trailing dot.
    Domain = 1,
    /// One IPv4 address, dotted decimal.
    Ipv4 = 2,
    /// One IPv6 address, RFC 5952.
    Ipv6 = 3,
    /// An IPv4 prefix, host bits zero.
    Ipv4Cidr = 4,
    /// An IPv6 prefix, host bits zero.
    Ipv6Cidr = 5,
    /// A URL as the WHATWG URL standard serialises it.
    Url = 6,
    /// MD5 of a file, lower-case hex.
    Md5 = 7,
    /// SHA-1 of a file, lower-case hex.
    Sha1 = 8,
    /// SHA-256 of a file, lower-case hex.
    Sha256 = 9,
    /// SHA-512 of a file, lower-case hex.
    Sha512 = 10,
    /// An e-mail address, domain part as [`Kind::Domain`].
    Email = 11,
    /// An autonomous system number, decimal without prefix.
    Asn = 12,
    /// SHA-1 fingerprint of an X.509 certificate, lower-case hex.
    CertSha1 = 13,
    /// SHA-256 fingerprint of an X.509 certificate, lower-case hex.
    CertSha256 = 14,
}

impl Kind {
    /// Names of those of some kinds whose values are few enough to be guessed one by one.
    pub fn guessable(kinds: &[Kind]) -> Vec<&'static str> {
        kinds.iter().filter(|kind| kind.is_low_entropy()).map(|kind| kind.name()).collect()
    }

    /// Every kind, in the order of its code.
    pub const ALL: [Kind; 14] = [
        Kind::Domain,
        Kind::Ipv4,
        Kind::Ipv6,
        Kind::Ipv4Cidr,
        Kind::Ipv6Cidr,
        Kind::Url,
        Kind::Md5,
        Kind::Sha1,
        Kind::Sha256,
        Kind::Sha512,
        Kind::Email,
        Kind::Asn,
        Kind::CertSha1,
        Kind::CertSha256,
    ];

    /// The signed code of this kind.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this code, if there is one.
    pub fn from_code(code: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The name that people write in an accord and read in a report.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Domain => "domain",
            Kind::Ipv4 => "ipv4",
            Kind::Ipv6 => "ipv6",
            Kind::Ipv4Cidr => "ipv4-cidr",
            Kind::Ipv6Cidr => "ipv6-cidr",
            Kind::Url => "url",
            Kind::Md5 => "md5",
            Kind::Sha1 => "sha1",
            Kind::Sha256 => "sha256",
            Kind::Sha512 => "sha512",
            Kind::Email => "email",
            Kind::Asn => "asn",
            Kind::CertSha1 => "cert-sha1",
            Kind::CertSha256 => "cert-sha256",
        }
    }

    /// Whether all values of this kind can be tried one by one in hours, so that whoever
    /// matches against it may probe the whole space. Such kinds get a warning in plain words.
    pub const fn is_low_entropy(self) -> bool {
        matches!(self, Kind::Asn | Kind::Ipv4 | Kind::Ipv4Cidr)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no kind of observable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of observable {0:?}: use {names}", names = names())]
pub struct UnknownKind(pub String);

fn names() -> String {
    Kind::ALL.map(Kind::name).join(", ")
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Kind, UnknownKind> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| UnknownKind(text.chars().take(64).collect()))
    }
}
