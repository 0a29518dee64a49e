//! URLs: the WHATWG URL standard's serialisation without fragment, for schemes on a list.
//!
//! Kept: user and password, case of path and query, an empty query. Dropped: the fragment (it is
//! never sent to the server, and phishing kits put the victim's address there), a default port.
//! A text without scheme whose first part is a domain or an IPv4 address reads as `http://`: feeds
//! leave the scheme out, and two parties that hold the same text must still match.

use std::net::Ipv4Addr;

use super::{MAX_VALUE, NormalFault, domain};

/// Schemes that are taken, in alphabetical order. The URL standard calls ftp, http, https, ws and
/// wss special: their hosts and default ports it normalises itself.
const SCHEMES: [&str; 20] = [
    "ftp", "ftps", "http", "https", "irc", "ircs", "ldap", "ldaps", "rmi", "sftp", "smb", "socks4",
    "socks5", "ssh", "tcp", "telnet", "tftp", "udp", "ws", "wss",
];

/// Whether the text starts with `scheme://`.
pub(super) fn has_scheme(text: &str) -> bool {
    scheme(text).is_some()
}

fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let fits = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    (starts && fits).then_some(scheme)
}

pub(super) fn normalise(text: &str) -> Result<String, NormalFault> {
    let with_scheme;
    let text = match scheme(text) {
        Some(scheme) => {
            if !SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
                return Err(NormalFault::UrlScheme);
            }
            text
        }
        None => {
            let host = text.split(['/', '?', '#', ':']).next().unwrap_or(text);
            if domain::normalise(host).is_err() && host.parse::<Ipv4Addr>().is_err() {
                return Err(NormalFault::UrlNoScheme);
            }
            with_scheme = format!("http://{text}");
            &with_scheme
        }
    };
    let mut url = url::Url::parse(text).map_err(|fault| match fault {
        url::ParseError::EmptyHost => NormalFault::UrlHost,
        _ => NormalFault::Url,
    })?;
    url.set_fragment(None);
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(NormalFault::UrlHost)?;
    if !is_special(url.scheme()) {
        let host = plain_host(host)?;
        url.set_host(Some(&host)).map_err(|_| NormalFault::UrlHost)?;
    }
    let value = String::from(url);
    if value.len() > MAX_VALUE {
        return Err(NormalFault::TooLong { got: value.len(), max: MAX_VALUE });
    }
    Ok(value)
}

fn is_special(scheme: &str) -> bool {
    matches!(scheme, "ftp" | "http" | "https" | "ws" | "wss")
}

/// The URL standard leaves hosts of other schemes alone, upper case included: here they follow the
/// rules of addresses and domains.
fn plain_host(host: &str) -> Result<String, NormalFault> {
    if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() {
        return Ok(host.to_owned());
    }
    domain::normalise(host)
}
