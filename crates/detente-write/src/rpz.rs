//! A DNS response policy zone as a master file (RFC 1035 section 5).
//!
//! Source: draft-vixie-dnsop-dns-rpz sections 3 and 4, and the canonical names that BIND wants: an
//! address is its prefix length and its words in reverse order, and `zz` stands for the longest run
//! of zero words of an IPv6 address. Names are relative to the `$ORIGIN` that the file states.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use detente_core::Kind;
use detente_intel::Observable;

use crate::export::{Put, WriteFault, Writer};
use crate::head::Head;
use crate::screen::Item;
use crate::seen::Seen;
use crate::{Meta, Options, Policy, Reason};

/// The longest name in its usual spelling, in bytes (RFC 1035 section 2.3.4: 255 on the wire).
const MAX_NAME: usize = 253;
/// The greatest time to live (RFC 2181 section 8).
const MAX_TTL_SECONDS: u32 = 0x7fff_ffff;

pub(crate) struct Rpz {
    head: Head,
    origin: String,
    target: String,
    wildcards: bool,
    ttl_seconds: u32,
    serial: u64,
    seen: Seen,
}

impl Rpz {
    pub(crate) fn new(meta: Meta, options: &Options) -> Result<Rpz, WriteFault> {
        let head = Head::new(&meta, options);
        let rpz = &options.rpz;
        if rpz.ttl_seconds > MAX_TTL_SECONDS {
            return Err(WriteFault::Option { option: "ttl", why: "above 2147483647 seconds" });
        }
        let target = match &rpz.policy {
            Policy::Drop => "rpz-drop.".to_owned(),
            Policy::LocalCname(name) => {
                let why = "none of nxdomain, nodata, drop and passthru, and no domain to point to";
                format!("{}.", domain(name, "--rpz-policy", why)?)
            }
            Policy::Nodata => "*.".to_owned(),
            Policy::Nxdomain => ".".to_owned(),
            Policy::Passthru => "rpz-passthru.".to_owned(),
        };
        Ok(Rpz {
            head,
            origin: domain(&rpz.origin, "--rpz-origin", "not a domain")?,
            target,
            wildcards: rpz.wildcards,
            ttl_seconds: rpz.ttl_seconds,
            // Serial numbers go round (RFC 1982).
            serial: meta.at.get() % (1 << 32),
            seen: Seen::default(),
        })
    }

    fn owners(&self, item: &Item<'_>) -> Result<Vec<String>, Reason> {
        let owners = match item.kind() {
            Kind::Domain => self.names(item.value())?,
            Kind::Ipv4 | Kind::Ipv4Cidr | Kind::Ipv6 | Kind::Ipv6Cidr => {
                vec![trigger(item.value())?]
            }
            _ => return Err(Reason::KindNotInFormat),
        };
        let fits = |name: &String| name.len() + 1 + self.origin.len() <= MAX_NAME;
        if owners.iter().all(fits) { Ok(owners) } else { Err(Reason::NameTooLong) }
    }

    fn names(&self, domain: &str) -> Result<Vec<String>, Reason> {
        // A name under `rpz-ip` and the like would be read as a trigger of another kind.
        if domain.rsplit('.').next().is_some_and(|top| top.starts_with("rpz-")) {
            return Err(Reason::NameReserved);
        }
        let mut names = vec![domain.to_owned()];
        if self.wildcards {
            names.push(format!("*.{domain}"));
        }
        Ok(names)
    }
}

impl Writer for Rpz {
    fn begin(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        self.head.write(out, ";")?;
        writeln!(out, "$ORIGIN {}.", self.origin)?;
        writeln!(out, "$TTL {}", self.ttl_seconds)?;
        let serial = self.serial;
        writeln!(out, "@ IN SOA localhost. root.localhost. {serial} 3600 600 604800 60")?;
        writeln!(out, "@ IN NS localhost.")?;
        Ok(())
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        let owners = match self.owners(item) {
            Ok(owners) => owners,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Err(reason) = self.seen.add(&[item.kind().name(), item.value()]) {
            return Ok(Err(reason));
        }
        for owner in owners {
            writeln!(out, "{owner} IN CNAME {} ; {}", self.target, item.colours())?;
        }
        Ok(Ok(()))
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(())
    }
}

/// A domain that an option names.
fn domain(text: &str, option: &'static str, why: &'static str) -> Result<String, WriteFault> {
    match Observable::normalise(Kind::Domain, text) {
        Ok(name) => Ok(name.value().to_owned()),
        Err(_) => Err(WriteFault::Option { option, why }),
    }
}

/// The owner name that stands for an address or prefix.
fn trigger(text: &str) -> Result<String, Reason> {
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    if let Ok(v4) = address.parse::<Ipv4Addr>() {
        let [a, b, c, d] = v4.octets();
        return Ok(format!("{}.{d}.{c}.{b}.{a}.rpz-ip", length.unwrap_or("32")));
    }
    let v6 = address.parse::<Ipv6Addr>().map_err(|_| Reason::KindNotInFormat)?;
    Ok(format!("{}.{}.rpz-ip", length.unwrap_or("128"), reversed(v6)))
}

/// The words of an address in reverse order, the longest run of two or more zeros as `zz`; of
/// equal runs the one that RFC 5952 section 4.2.3 shortens, which is the last in this order.
fn reversed(address: Ipv6Addr) -> String {
    let mut words = address.segments();
    words.reverse();
    let (mut best, mut best_length) = (0, 1);
    let (mut start, mut length) = (0, 0);
    for (at, word) in words.iter().enumerate() {
        if *word != 0 {
            length = 0;
            continue;
        }
        if length == 0 {
            start = at;
        }
        length += 1;
        if length >= 2 && length >= best_length {
            (best, best_length) = (start, length);
        }
    }
    let mut parts = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if best_length < 2 || at < best || at >= best + best_length {
            parts.push(format!("{word:x}"));
        } else if at == best {
            parts.push("zz".to_owned());
        }
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_reversed() {
        for (address, name) in [
            ("192.0.2.1", "32.1.2.0.192.rpz-ip"),
            ("192.0.2.0/24", "24.0.2.0.192.rpz-ip"),
            ("2001:db8::1", "128.1.zz.db8.2001.rpz-ip"),
            ("2001:db8::/32", "32.zz.db8.2001.rpz-ip"),
            ("2001:db8:0:0:1::1", "128.1.0.0.1.zz.db8.2001.rpz-ip"),
            ("2001:db8:0:1:1:1:1:1", "128.1.1.1.1.1.0.db8.2001.rpz-ip"),
            ("1:2:3:4:5:6:7:8", "128.8.7.6.5.4.3.2.1.rpz-ip"),
            ("::/1", "1.zz.rpz-ip"),
            ("::1", "128.1.zz.rpz-ip"),
            ("fe80::/10", "10.zz.fe80.rpz-ip"),
        ] {
            assert_eq!(trigger(address).as_deref(), Ok(name), "{address}");
        }
    }

    proptest! {
        /// Reads the name back by the draft's own words.
        #[test]
        fn the_reversed_words_name_the_address(
            words in proptest::array::uniform8(prop_oneof![Just(0_u16), any::<u16>()])
        ) {
            let address = Ipv6Addr::from(words);
            let name = reversed(address);
            let parts: Vec<&str> = name.split('.').rev().collect();
            let given = parts.iter().filter(|part| **part != "zz").count();
            let mut read = Vec::new();
            for part in &parts {
                if *part == "zz" {
                    read.resize(read.len() + 8 - given, 0);
                } else {
                    read.push(u16::from_str_radix(part, 16).expect("a word"));
                }
            }
            prop_assert_eq!(read, address.segments().to_vec());
        }
    }
}
