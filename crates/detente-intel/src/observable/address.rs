//! IP addresses and prefixes.
//!
//! IPv4 as four decimal octets without leading zeros; IPv6 as RFC 5952 section 4; prefixes with
//! the host bits cleared. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is the IPv4
//! address: it names the same host, and logs of dual-stack servers write it either way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use detente_core::Kind;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{NormalFault, Observable};

/// Bits of an IPv4-mapped IPv6 address before the IPv4 address starts.
const MAPPED_BITS: u8 = 96;

/// Which IP versions the caller accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Either,
    V4,
    V6,
}

/// Whether the text is written like an address or prefix, so that it is not taken for a domain, a
/// URL or prose: only digits and dots (with a prefix length), or hexadecimal with two colons.
pub(super) fn looks_like(text: &str) -> bool {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    if prefix.is_some_and(|p| p.is_empty() || !p.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    if address.contains(':') {
        let bare = unbracket(address);
        return bare.bytes().filter(|b| *b == b':').count() >= 2
            && bare.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.');
    }
    address.contains('.') && address.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

pub(super) fn normalise(text: &str, family: Family) -> Result<Observable, NormalFault> {
    let Some((address, prefix)) = text.split_once('/') else {
        return match parse(text)? {
            IpAddr::V4(v4) => one_v4(v4, family),
            IpAddr::V6(v6) => one_v6(v6, family),
        };
    };
    let address = parse(address)?;
    let plain = (1..=3).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_digit());
    // "/08" has one meaning only, but it is not how anybody writes a length: refuse it.
    if !plain || (prefix.len() > 1 && prefix.starts_with('0')) {
        return Err(NormalFault::PrefixLength);
    }
    let length: u8 = prefix.parse().map_err(|_| NormalFault::PrefixLength)?;
    match IpNet::new(address, length).map_err(|_| NormalFault::PrefixLength)? {
        IpNet::V4(net) => net_v4(net, family),
        IpNet::V6(net) => net_v6(net, family),
    }
}

fn parse(text: &str) -> Result<IpAddr, NormalFault> {
    if text.contains(':') {
        return unbracket(text)
            .parse::<Ipv6Addr>()
            .map(IpAddr::V6)
            .map_err(|_| NormalFault::Address);
    }
    text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| {
        let is_octal = |octet: &str| {
            octet.len() > 1 && octet.starts_with('0') && octet.bytes().all(|b| b.is_ascii_digit())
        };
        if text.split('.').any(is_octal) { NormalFault::AddressOctal } else { NormalFault::Address }
    })
}

fn unbracket(text: &str) -> &str {
    text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text)
}

fn one_v4(address: Ipv4Addr, family: Family) -> Result<Observable, NormalFault> {
    if family == Family::V6 {
        return Err(NormalFault::AddressFamily);
    }
    Ok(Observable { kind: Kind::Ipv4, value: address.to_string() })
}

fn one_v6(address: Ipv6Addr, family: Family) -> Result<Observable, NormalFault> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return one_v4(mapped, Family::Either);
    }
    if family == Family::V4 {
        return Err(NormalFault::AddressFamily);
    }
    Ok(Observable { kind: Kind::Ipv6, value: address.to_string() })
}

fn net_v4(net: Ipv4Net, family: Family) -> Result<Observable, NormalFault> {
    if net.prefix_len() == net.max_prefix_len() {
        return one_v4(net.addr(), family);
    }
    if family == Family::V6 {
        return Err(NormalFault::AddressFamily);
    }
    Ok(Observable { kind: Kind::Ipv4Cidr, value: net.trunc().to_string() })
}

fn net_v6(net: Ipv6Net, family: Family) -> Result<Observable, NormalFault> {
    if net.prefix_len() == net.max_prefix_len() {
        return one_v6(net.addr(), family);
    }
    if let (Some(mapped), Some(length)) =
        (net.addr().to_ipv4_mapped(), net.prefix_len().checked_sub(MAPPED_BITS))
    {
        let inner = Ipv4Net::new(mapped, length).map_err(|_| NormalFault::PrefixLength)?;
        return net_v4(inner, Family::Either);
    }
    if family == Family::V4 {
        return Err(NormalFault::AddressFamily);
    }
    let net = net.trunc();
    // Written by hand because ipnet and std differ on mapped addresses inside a wider prefix.
    Ok(Observable { kind: Kind::Ipv6Cidr, value: format!("{}/{}", net.addr(), net.prefix_len()) })
}
