//! Addresses and networks, for ISSUBSET and ISSUPERSET.
//!
//! An address is a network of one. IPv4 is four decimal numbers; neither they nor a prefix have
//! leading zeros. Bits behind the prefix are cleared. IPv4 and IPv6 networks never hold each other.

use std::net::IpAddr;

use ipnet::IpNet;

/// The longest text that is tried: an IPv6 address with its last part in decimal, and a prefix.
const MAX_TEXT: usize = 64;

/// Reads an address or a network, with the bits behind the prefix cleared.
pub(crate) fn parse(text: &str) -> Option<IpNet> {
    if text.len() > MAX_TEXT {
        return None;
    }
    // The crate's own reading takes leading zeros.
    let Some((address, prefix)) = text.split_once('/') else {
        return text.parse::<IpAddr>().ok().map(IpNet::from);
    };
    let digits = prefix.bytes().all(|b| b.is_ascii_digit());
    let decimal = digits && (prefix == "0" || !prefix.starts_with('0'));
    let length: u8 = prefix.parse().ok().filter(|_| decimal)?;
    IpNet::new(address.parse().ok()?, length).ok().map(|network| network.trunc())
}

/// Whether the first network lies within the second.
pub(crate) fn is_subset(inner: &IpNet, outer: &IpNet) -> bool {
    outer.contains(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read() {
        for (text, expected) in [
            ("10.0.0.1", "10.0.0.1/32"),
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("1.2.3.4/0", "0.0.0.0/0"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:DB8::1/32", "2001:db8::/32"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4/128"),
        ] {
            let network = parse(text).map(|network| network.to_string());
            assert_eq!(network.as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "/",
            "x",
            "10.0.0",
            "010.0.0.1",
            "010.0.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/8/8",
            "10.0.0.0/255.0.0.0",
            "::/129",
            "fe80::1%eth0",
            " 10.0.0.1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        let net = |text| parse(text).expect(text);
        assert!(is_subset(&net("10.0.0.1"), &net("10.0.0.0/8")));
        assert!(is_subset(&net("10.0.0.0/8"), &net("10.0.0.0/8")));
        assert!(!is_subset(&net("10.0.0.0/7"), &net("10.0.0.0/8")));
        assert!(!is_subset(&net("::1"), &net("0.0.0.0/0")));
    }
}
