//! Names of types in the wild, and how their values are read.
//!
//! MISP attribute types, column types of common CSV feeds and the like lead to one small set of
//! shapes. Types that describe victims (`target-email` ...) are left out on purpose.

use detente_core::Kind;

use detente_intel::{NormalFault, Observable, is_expression, refang};

/// What a value is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// An address or prefix of either IP version.
    Address,
    /// Guess.
    Any,
    /// A file digest; its length tells which.
    Digest,
    /// An address or a domain.
    Host,
    /// One kind.
    Kind(Kind),
}

/// How a value of a type is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Two values, `a|b`.
    Both(Hint, Hint),
    /// A file name and a value, `name|value`.
    Named(Hint),
    /// One value.
    One(Hint),
    /// A value and a port, `value|port` or `value:port`.
    WithPort(Hint),
}

/// One value read from a token, and the port that stood behind it.
pub(super) struct Token {
    pub(super) observable: Observable,
    pub(super) port: Option<u16>,
}

/// What came of one value of a shape.
pub(super) struct Part<'a> {
    /// The text of this value alone.
    pub(super) text: &'a str,
    pub(super) result: Result<Observable, NormalFault>,
}

/// All that came of one value of a shape: one or two parts, and what stood beside them.
pub(super) struct Parts<'a> {
    pub(super) first: Part<'a>,
    pub(super) second: Option<Part<'a>>,
    /// `("filename", ...)` or `("port", ...)`.
    pub(super) beside: Option<(&'static str, &'a str)>,
}

/// The shape of a type, by the name that MISP or a feed gives it.
pub(super) fn shape_of(name: &str) -> Option<Shape> {
    let name = name.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    if let Some(inner) = name.strip_prefix("filename|") {
        return digest_of(inner).map(|kind| Shape::Named(Hint::Kind(kind)));
    }
    let one = |hint| Some(Shape::One(hint));
    match name.as_str() {
        "ip" | "ip-src" | "ip-dst" | "ip4" | "ip6" | "ipv4" | "ipv6" | "ip-addr" | "ip-address"
        | "ipaddress" | "ipv4-addr" | "ipv6-addr" | "address" | "cidr" | "ip-range"
        | "netblock" | "subnet" | "ipv4-cidr" | "ipv6-cidr" | "src-ip" | "dst-ip" | "dest-ip" => {
            one(Hint::Address)
        }
        "ip:port" | "ip-port" | "ip|port" | "ip-src|port" | "ip-dst|port" => {
            Some(Shape::WithPort(Hint::Address))
        }
        "domain" | "domain-name" | "fqdn" | "hostname" | "host" | "server" => one(Hint::Host),
        "hostname|port" | "domain|port" | "domain:port" | "host:port" => {
            Some(Shape::WithPort(Hint::Host))
        }
        "domain|ip" => Some(Shape::Both(Hint::Host, Hint::Address)),
        "url" | "uri" => one(Hint::Kind(Kind::Url)),
        "hash" | "filehash" | "file-hash" | "digest" => one(Hint::Digest),
        "malware-sample" => Some(Shape::Named(Hint::Kind(Kind::Md5))),
        "x509-fingerprint-sha1" | "cert-sha1" | "certificate-sha1" | "ssl-cert-sha1" => {
            one(Hint::Kind(Kind::CertSha1))
        }
        "x509-fingerprint-sha256" | "cert-sha256" | "certificate-sha256" | "ssl-cert-sha256" => {
            one(Hint::Kind(Kind::CertSha256))
        }
        "email"
        | "email-src"
        | "email-dst"
        | "email-reply-to"
        | "email-addr"
        | "email-address"
        | "mail"
        | "sender"
        | "whois-registrant-email"
        | "dns-soa-email" => one(Hint::Kind(Kind::Email)),
        "as" | "asn" | "as-number" | "autonomous-system" => one(Hint::Kind(Kind::Asn)),
        digest => digest_of(digest).map(|kind| Shape::One(Hint::Kind(kind))),
    }
}

/// The file digest that a hash algorithm's name means: `SHA-256`, `sha256`, `FileHash-SHA256` ...
pub(super) fn digest_of(name: &str) -> Option<Kind> {
    let lower = name.to_ascii_lowercase();
    let bare = ["filehash-", "file-hash-", "hash-", "file-"]
        .into_iter()
        .find_map(|prefix| lower.strip_prefix(prefix))
        .unwrap_or(&lower);
    let bare = bare.strip_suffix("-hash").unwrap_or(bare);
    match bare {
        "md5" | "md-5" => Some(Kind::Md5),
        "sha1" | "sha-1" => Some(Kind::Sha1),
        "sha256" | "sha-256" => Some(Kind::Sha256),
        "sha512" | "sha-512" => Some(Kind::Sha512),
        _ => None,
    }
}

/// Reads one value as its type says. Defanged values are refanged.
pub(super) fn read_hint(hint: Hint, text: &str) -> Result<Observable, NormalFault> {
    if is_expression(text) {
        return as_written(text, read_literal(hint, text));
    }
    read_literal(hint, &refang(text))
}

/// Reads one value as its type says, as it is written: where nobody defangs, as in patterns, a
/// bracket means itself.
pub(super) fn read_literal(hint: Hint, text: &str) -> Result<Observable, NormalFault> {
    match hint {
        Hint::Address => Observable::normalise_address(text),
        Hint::Any => Observable::detect(text),
        Hint::Digest => Observable::normalise_digest(text),
        Hint::Host => Observable::normalise_host(text),
        Hint::Kind(kind) => Observable::normalise(kind, text),
    }
}

/// Takes what looks like a regular expression only if it is a value letter by letter: of any other
/// a URL parser would take the backslashes for slashes.
fn as_written(
    text: &str,
    read: Result<Observable, NormalFault>,
) -> Result<Observable, NormalFault> {
    read.and_then(|observable| {
        let same = observable.value() == text;
        if same { Ok(observable) } else { Err(NormalFault::Character('\\')) }
    })
}

/// Reads a value of one or two parts.
pub(super) fn read_shape(shape: Shape, text: &str) -> Parts<'_> {
    let text = text.trim();
    let part = |hint, text| Part { text, result: read_hint(hint, text) };
    let single = |first| Parts { first, second: None, beside: None };
    match shape {
        Shape::One(hint) => single(part(hint, text)),
        Shape::Both(left, right) => match text.split_once('|') {
            Some((a, b)) => {
                Parts { first: part(left, a), second: Some(part(right, b)), beside: None }
            }
            None => single(part(left, text)),
        },
        Shape::Named(hint) => match text.rsplit_once('|') {
            Some((name, value)) => {
                Parts { first: part(hint, value), second: None, beside: Some(("filename", name)) }
            }
            None => single(part(hint, text)),
        },
        Shape::WithPort(hint) => match text.rsplit_once('|').or_else(|| split_port(text)) {
            Some((host, port)) => {
                Parts { first: part(hint, host), second: None, beside: Some(("port", port)) }
            }
            None => single(part(hint, text)),
        },
    }
}

/// Reads one token of a list: quotes off, refanged, guessed, `host:port` understood.
pub(super) fn read_token(token: &str) -> Result<Token, NormalFault> {
    let token = token.trim().trim_matches(['"', '\'']);
    if is_expression(token) {
        let observable = as_written(token, Observable::detect(token))?;
        return Ok(Token { observable, port: None });
    }
    let plain = refang(token);
    if plain.ends_with("...") {
        return Err(NormalFault::Truncated);
    }
    let fault = match Observable::detect(&plain) {
        Ok(observable) => {
            return Ok(Token { observable, port: None });
        }
        Err(fault) => fault,
    };
    if let Some((host, port)) = split_port(&plain)
        && let Ok(observable) = Observable::detect(host)
        && matches!(observable.kind(), Kind::Domain | Kind::Ipv4 | Kind::Ipv6)
    {
        return Ok(Token { observable, port: port.parse().ok() });
    }
    Err(fault)
}

/// Splits `host:port`, where an IPv6 host must be in brackets.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    (port.parse::<u16>().is_ok() && (bracketed || !host.contains(':'))).then_some((host, port))
}
