//! Observables and their normal form: one kind, one spelling.
//!
//! Two parties match only if they normalise alike, so the rules are versioned
//! ([`NORMAL_FORM_VERSION`]) and the version is part of a match's terms. The rules in prose:
//! `docs/protocol/normal-form.md`.
//!
//! Not here: whether an observable is worth having (warninglists), and undoing `hxxp` and `[.]`
//! (that is [`crate::refang()`], which callers apply to plain tokens only).

mod address;
mod asn;
mod digest;
mod domain;
mod mail;
#[cfg(test)]
mod tests;
mod url;

use std::fmt;

use detente_core::Kind;
use serde::{Deserialize, Serialize};

/// The version of the rules in this module. A change of any rule that alters an accepted value's
/// normal form is a new version.
pub const NORMAL_FORM_VERSION: u16 = 1;

/// The longest value in normal form, in bytes.
pub const MAX_VALUE: usize = 2048;

/// The longest text that is looked at before normalising, in bytes. Longer than [`MAX_VALUE`]
/// because a URL's fragment is dropped and international names shrink.
pub const MAX_INPUT: usize = 8192;

/// The longest [`Observable::match_key`], in bytes.
pub const MAX_MATCH_KEY: usize = MAX_VALUE + 1;

/// One observable in normal form. Equal observables are equal bytes, and the other way round.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Observable {
    kind: Kind,
    value: String,
}

impl Observable {
    /// Brings `text` of the given kind into normal form.
    ///
    /// Some texts name a narrower kind than asked for, and the result then has that kind: a prefix
    /// that holds one address is the address, an IPv4-mapped IPv6 address is the IPv4 address, and
    /// an address kind accepts a prefix and a prefix kind an address of the same family.
    ///
    /// # Errors
    /// [`NormalFault`] says which rule the text breaks.
    pub fn normalise(kind: Kind, text: &str) -> Result<Observable, NormalFault> {
        let text = prepare(text)?;
        match kind {
            Kind::Domain => domain::normalise(text).map(|value| Observable { kind, value }),
            Kind::Ipv4 | Kind::Ipv4Cidr => address::normalise(text, address::Family::V4),
            Kind::Ipv6 | Kind::Ipv6Cidr => address::normalise(text, address::Family::V6),
            Kind::Url => url::normalise(text).map(|value| Observable { kind, value }),
            Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 => {
                digest::normalise(kind, text).map(|value| Observable { kind, value })
            }
            Kind::CertSha1 | Kind::CertSha256 => {
                digest::normalise_fingerprint(kind, text).map(|value| Observable { kind, value })
            }
            Kind::Email => mail::normalise(text).map(|value| Observable { kind, value }),
            Kind::Asn => asn::normalise(text).map(|value| Observable { kind, value }),
        }
    }

    /// Brings an IP address or prefix of either family into normal form.
    ///
    /// # Errors
    /// [`NormalFault`] if the text is neither.
    pub fn normalise_address(text: &str) -> Result<Observable, NormalFault> {
        address::normalise(prepare(text)?, address::Family::Either)
    }

    /// Brings a host, that is an address or a domain, into normal form.
    ///
    /// # Errors
    /// [`NormalFault`] if the text is neither.
    pub fn normalise_host(text: &str) -> Result<Observable, NormalFault> {
        let text = prepare(text)?;
        if address::looks_like(text) {
            return address::normalise(text, address::Family::Either);
        }
        domain::normalise(text).map(|value| Observable { kind: Kind::Domain, value })
    }

    /// Brings a file digest into normal form; its length says which one it is.
    ///
    /// # Errors
    /// [`NormalFault`] if the text is no digest of a known length.
    pub fn normalise_digest(text: &str) -> Result<Observable, NormalFault> {
        let text = prepare(text)?;
        let kind = digest::kind_of(text).ok_or(NormalFault::DigestLength { got: text.len() })?;
        digest::normalise(kind, text).map(|value| Observable { kind, value })
    }

    /// Accepts `text` only if it already is the normal form of `kind`.
    ///
    /// # Errors
    /// [`NormalFault::NotNormal`] if it would normalise to something else, or the fault that keeps
    /// it from having a normal form.
    pub fn from_normal(kind: Kind, text: &str) -> Result<Observable, NormalFault> {
        let observable = Observable::normalise(kind, text)?;
        if observable.kind == kind && observable.value == text {
            Ok(observable)
        } else {
            Err(NormalFault::NotNormal)
        }
    }

    /// Guesses the kind of one token and normalises it.
    ///
    /// Unlike [`Observable::normalise`] with [`Kind::Domain`], a guessed domain must end in a
    /// suffix of the public suffix list or of a short list of alternative roots, so that
    /// `report.docx` is not taken for one. The token is not refanged here.
    ///
    /// # Errors
    /// [`NormalFault`] of the kind that the token looks like, or [`NormalFault::Unrecognised`].
    pub fn detect(token: &str) -> Result<Observable, NormalFault> {
        let text = prepare(token)?;
        if url::has_scheme(text) {
            return Observable::normalise(Kind::Url, text);
        }
        let text = text.strip_prefix("mailto:").unwrap_or(text);
        if address::looks_like(text) {
            return address::normalise(text, address::Family::Either);
        }
        if let Some((host, _)) = text.split_once('/') {
            let host = host.split(':').next().unwrap_or(host);
            let known = address::looks_like(host) || domain::has_known_suffix(host);
            return if known {
                Observable::normalise(Kind::Url, text)
            } else {
                Err(NormalFault::Unrecognised)
            };
        }
        if let Some((_, host)) = text.rsplit_once('@') {
            let observable = Observable::normalise(Kind::Email, text)?;
            return if domain::has_known_suffix(host) {
                Ok(observable)
            } else {
                Err(NormalFault::UnknownSuffix)
            };
        }
        if let Some(kind) = digest::kind_of(text) {
            return Observable::normalise(kind, text);
        }
        if asn::looks_like(text) {
            return Observable::normalise(Kind::Asn, text);
        }
        if !text.contains(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']) {
            return Err(NormalFault::Unrecognised);
        }
        let value = domain::normalise(text)?;
        if domain::has_known_suffix(&value) {
            Ok(Observable { kind: Kind::Domain, value })
        } else {
            Err(NormalFault::UnknownSuffix)
        }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The value in normal form, at most [`MAX_VALUE`] bytes of UTF-8 without control characters.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What the matcher is fed: one byte [`Kind::code`], then the value's bytes. At most
    /// [`MAX_MATCH_KEY`] bytes.
    pub fn match_key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + self.value.len());
        key.push(self.kind.code());
        key.extend_from_slice(self.value.as_bytes());
        key
    }

    /// Reads what [`Observable::match_key`] wrote.
    ///
    /// # Errors
    /// [`NormalFault`] if the bytes are not the key of an observable in normal form.
    pub fn from_match_key(key: &[u8]) -> Result<Observable, NormalFault> {
        let (code, value) = key.split_first().ok_or(NormalFault::Empty)?;
        let kind = Kind::from_code(*code).ok_or(NormalFault::Unrecognised)?;
        let value = std::str::from_utf8(value).map_err(|_| NormalFault::NotNormal)?;
        Observable::from_normal(kind, value)
    }
}

impl fmt::Debug for Observable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

/// The stored and sent spelling of an [`Observable`]; reading it checks the normal form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    kind: String,
    value: String,
}

impl From<Observable> for Wire {
    fn from(observable: Observable) -> Wire {
        Wire { kind: observable.kind.name().to_owned(), value: observable.value }
    }
}

impl TryFrom<Wire> for Observable {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Observable, String> {
        let kind: Kind =
            wire.kind.parse().map_err(|fault: detente_core::UnknownKind| fault.to_string())?;
        Observable::from_normal(kind, &wire.value).map_err(|fault| fault.to_string())
    }
}

/// Why a text has no normal form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NormalFault {
    /// Not one of the forms of an IPv4 address, IPv6 address or prefix.
    #[error("not an IP address or prefix")]
    Address,
    /// An IPv4 address with leading zeros, which some programs read as octal.
    #[error("an IPv4 octet with a leading zero is ambiguous: decimal or octal")]
    AddressOctal,
    /// An address of the other family than the kind asks for.
    #[error("an address of the other IP version")]
    AddressFamily,
    /// Not an autonomous system number from 1 to 4294967295.
    #[error("not an autonomous system number from 1 to 4294967295")]
    Asn,
    /// A character that the kind does not allow, or a control character.
    #[error("character {0:?} is not allowed here")]
    Character(char),
    /// Digest of the wrong length.
    #[error("{got} characters are no digest of this kind")]
    DigestLength {
        /// The length found, in bytes of text.
        got: usize,
    },
    /// A host name of one label, which only means something inside one network.
    #[error("a name of one label means something only inside one network")]
    DomainOneLabel,
    /// A name that is itself a registry suffix such as `co.uk`.
    #[error("the name is a public suffix, under which everybody registers")]
    DomainPublicSuffix,
    /// The last label cannot be a top-level domain.
    #[error("the last label cannot be a top-level domain")]
    DomainTop,
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// Two dots in a row, or a dot at the start.
    #[error("an empty label in the domain")]
    EmptyLabel,
    /// UTS #46 processing refuses the name.
    #[error("not a valid internationalised domain name")]
    Idna,
    /// A label longer than 63 bytes (RFC 1035 section 2.3.4).
    #[error("a label of {got} bytes, at most 63 allowed")]
    LabelTooLong {
        /// The length found, in bytes.
        got: usize,
    },
    /// The part before the `@` is no dot-atom of RFC 5322.
    #[error("the part before the @ is not a plain mailbox name")]
    MailLocal,
    /// No `@` at all.
    #[error("an e-mail address needs an @")]
    MailNoAt,
    /// The text has a normal form but is not written in it.
    #[error("the value is not in normal form")]
    NotNormal,
    /// Prefix length beyond 32 or 128.
    #[error("not a prefix length of this IP version")]
    PrefixLength,
    /// Longer than the bound.
    #[error("{got} bytes, at most {max} allowed")]
    TooLong {
        /// The length found, in bytes.
        got: usize,
        /// The bound, in bytes.
        max: usize,
    },
    /// The text ends in an ellipsis: someone cut it, the rest is not known.
    #[error("the value was cut off by whoever wrote it")]
    Truncated,
    /// A guessed domain ends in no known suffix.
    #[error("the last label is no known top-level domain")]
    UnknownSuffix,
    /// The token looks like nothing that is known.
    #[error("not recognised as an observable")]
    Unrecognised,
    /// The WHATWG URL parser refuses the text.
    #[error("not a URL")]
    Url,
    /// A URL without a host.
    #[error("a URL without a host")]
    UrlHost,
    /// A URL without a scheme, and nothing that reads as host and path.
    #[error("a URL without a scheme")]
    UrlNoScheme,
    /// A scheme that is not on the list.
    #[error("a URL scheme that is not supported")]
    UrlScheme,
}

impl NormalFault {
    /// A stable machine name.
    pub fn code(&self) -> &'static str {
        match self {
            NormalFault::Address => "address",
            NormalFault::AddressOctal => "address_octal",
            NormalFault::AddressFamily => "address_family",
            NormalFault::Asn => "asn",
            NormalFault::Character(_) => "character",
            NormalFault::DigestLength { .. } => "digest_length",
            NormalFault::DomainOneLabel => "domain_one_label",
            NormalFault::DomainPublicSuffix => "domain_public_suffix",
            NormalFault::DomainTop => "domain_top",
            NormalFault::Empty => "empty",
            NormalFault::EmptyLabel => "empty_label",
            NormalFault::Idna => "idna",
            NormalFault::LabelTooLong { .. } => "label_too_long",
            NormalFault::MailLocal => "mail_local",
            NormalFault::MailNoAt => "mail_no_at",
            NormalFault::NotNormal => "not_normal",
            NormalFault::PrefixLength => "prefix_length",
            NormalFault::TooLong { .. } => "too_long",
            NormalFault::Truncated => "truncated",
            NormalFault::UnknownSuffix => "unknown_suffix",
            NormalFault::Unrecognised => "unrecognised",
            NormalFault::Url => "url",
            NormalFault::UrlHost => "url_host",
            NormalFault::UrlNoScheme => "url_no_scheme",
            NormalFault::UrlScheme => "url_scheme",
        }
    }
}

/// Rules that hold before any kind's own: trimmed of ASCII white space, not empty, bounded, no
/// control characters, not cut off with an ellipsis.
fn prepare(text: &str) -> Result<&str, NormalFault> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Err(NormalFault::Empty);
    }
    if text.len() > MAX_INPUT {
        return Err(NormalFault::TooLong { got: text.len(), max: MAX_INPUT });
    }
    if let Some(bad) = text.bytes().find(u8::is_ascii_control) {
        return Err(NormalFault::Character(char::from(bad)));
    }
    if text.ends_with('\u{2026}') {
        return Err(NormalFault::Truncated);
    }
    Ok(text)
}
