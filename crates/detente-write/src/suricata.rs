//! Suricata rules: one value, one exact match, one signature number.
//!
//! Source: the Suricata user guide, version 7, "Rules". Buffers: `dns.query` and `tls.sni` for a
//! domain, the IP header for addresses and prefixes, `http.host` with `http.uri.raw` for a URL that
//! is not encrypted (raw, because the other buffer is decoded and a URL in normal form is not),
//! `tls.cert_fingerprint` for the SHA-1 of a certificate.

use std::io::Write;

use detente_core::Kind;

use crate::export::{Put, WriteFault, Writer};
use crate::head::Head;
use crate::screen::Item;
use crate::seen::Seen;
use crate::text::ascii_line;
use crate::{Action, MAX_SID_RANGE, Meta, Options, Reason, id, url};

/// The longest rule, in bytes: Suricata reads no longer line.
pub const MAX_RULE: usize = 8191;
/// The longest value and source in a message, in bytes before escaping.
const MAX_MSG_PART: usize = 200;

pub(crate) struct Suricata {
    head: Head,
    action: Action,
    rev: u32,
    subdomains: bool,
    sids: Sids,
    seen: Seen,
}

impl Suricata {
    pub(crate) fn new(meta: Meta, options: &Options) -> Result<Suricata, WriteFault> {
        let wanted = &options.suricata;
        if wanted.rev == 0 {
            return Err(WriteFault::Option { option: "rev", why: "begins at 1" });
        }
        Ok(Suricata {
            head: Head::new(&meta, options),
            action: wanted.action,
            rev: wanted.rev,
            subdomains: wanted.subdomains,
            sids: Sids::new(wanted.first_sid, wanted.last_sid)?,
            seen: Seen::default(),
        })
    }

    /// The whole rules of one indicator.
    fn rules(&mut self, item: &Item<'_>) -> Result<Vec<String>, Reason> {
        let matches = matches_of(item, self.subdomains)?;
        let action = match self.action {
            Action::Alert => "alert",
            Action::Drop => "drop",
        };
        let msg = message(item);
        let (kind, tlp) = (item.kind(), item.tlp.name().replace('+', "-"));
        let pap = item.pap().map(|pap| format!(", pap {}", pap.name())).unwrap_or_default();
        let mut rules = Vec::new();
        for one in matches {
            let sid = self.sids.take(&[one.buffer, kind.name(), item.value()])?;
            let Match { head, body, .. } = one;
            let rule = format!(
                "{action} {head} (msg:\"{msg}\"; {body}classtype:trojan-activity; \
                 metadata:indicator_kind {kind}, tlp {tlp}{pap}; sid:{sid}; rev:{};)",
                self.rev
            );
            if rule.len() > MAX_RULE {
                return Err(Reason::RuleTooLong);
            }
            rules.push(rule);
        }
        Ok(rules)
    }
}

impl Writer for Suricata {
    fn begin(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        self.head.write(out, "#")
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        if let Err(reason) = matches_of(item, self.subdomains)
            .and_then(|_| self.seen.add(&[item.kind().name(), item.value()]))
        {
            return Ok(Err(reason));
        }
        match self.rules(item) {
            Ok(rules) => {
                for rule in rules {
                    writeln!(out, "{rule}")?;
                }
                Ok(Ok(()))
            }
            Err(reason) => Ok(Err(reason)),
        }
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(())
    }
}

/// What one rule looks for.
struct Match {
    /// The buffer; with kind and value it makes the signature number.
    buffer: &'static str,
    /// Protocol, addresses and ports.
    head: String,
    /// The keywords that match, each with its semicolon and a blank.
    body: String,
}

fn matches_of(item: &Item<'_>, subdomains: bool) -> Result<Vec<Match>, Reason> {
    let value = item.value();
    match item.kind() {
        Kind::Domain => Ok(["dns.query", "tls.sni"]
            .into_iter()
            .map(|buffer| domain_match(buffer, value, subdomains))
            .collect()),
        Kind::Ipv4 | Kind::Ipv4Cidr | Kind::Ipv6 | Kind::Ipv6Cidr => {
            let head = format!("ip $HOME_NET any <> [{value}] any");
            Ok(vec![Match { buffer: "ip", head, body: String::new() }])
        }
        Kind::Url => url_match(value).map(|one| vec![one]),
        Kind::CertSha1 => {
            let pairs: Vec<&str> = value
                .as_bytes()
                .chunks(2)
                .filter_map(|two| std::str::from_utf8(two).ok())
                .collect();
            let head = "tls any any -> any any".to_owned();
            let content = content(&pairs.join(":"));
            let body = format!("tls.cert_fingerprint; content:\"{content}\"; ");
            Ok(vec![Match { buffer: "tls.cert_fingerprint", head, body }])
        }
        Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 => Err(Reason::NeedsFileList),
        Kind::Asn | Kind::CertSha256 | Kind::Email => Err(Reason::KindNotInFormat),
    }
}

fn domain_match(buffer: &'static str, name: &str, subdomains: bool) -> Match {
    let protocol = if buffer == "dns.query" { "dns" } else { "tls" };
    let name = content(name);
    let body = if subdomains {
        format!("{buffer}; dotprefix; content:\".{name}\"; nocase; endswith; ")
    } else {
        format!("{buffer}; content:\"{name}\"; nocase; startswith; endswith; ")
    };
    Match { buffer, head: format!("{protocol} $HOME_NET any -> any any"), body }
}

fn url_match(text: &str) -> Result<Match, Reason> {
    let parts = url::parts(text).filter(|parts| parts.scheme == "http");
    let parts = parts.ok_or(Reason::UrlScheme)?;
    let port = parts.port.unwrap_or("any");
    let (host, path) = (content(parts.host), content(parts.path));
    let body = format!(
        "http.host; content:\"{host}\"; startswith; endswith; \
         http.uri.raw; content:\"{path}\"; startswith; endswith; "
    );
    let head = format!("http $HOME_NET any -> any {port}");
    Ok(Match { buffer: "http", head, body })
}

/// Bytes as `content` reads them: what has a meaning there, and what is no printable ASCII, as
/// hexadecimal between bars.
fn content(text: &str) -> String {
    let mut out = String::new();
    let mut open = false;
    for byte in text.bytes() {
        let plain = (byte.is_ascii_graphic() || byte == b' ')
            && !matches!(byte, b';' | b':' | b'"' | b'\\' | b'|');
        if plain && open {
            out.push('|');
        }
        match (plain, open) {
            (true, _) => out.push(char::from(byte)),
            (false, true) => out.push_str(&format!(" {byte:02x}")),
            (false, false) => out.push_str(&format!("|{byte:02x}")),
        }
        open = !plain;
    }
    if open {
        out.push('|');
    }
    out
}

/// What an alert says.
fn message(item: &Item<'_>) -> String {
    let value = ascii_line(item.value(), MAX_MSG_PART);
    let mut msg = format!("{} {value} {}", item.kind(), item.colours());
    if let Some(source) = item.source() {
        msg.push_str(&format!(" ({})", ascii_line(source, MAX_MSG_PART)));
    }
    let mut out = String::new();
    for c in msg.chars() {
        if matches!(c, ';' | '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The signature numbers of one export: each value has its place in the range, and on a collision
/// takes the next free one.
struct Sids {
    first: u32,
    size: u32,
    taken: Vec<u64>,
    free: u32,
}

impl Sids {
    fn new(first: u32, last: u32) -> Result<Sids, WriteFault> {
        let fault = |why| Err(WriteFault::Option { option: "sid", why });
        if first == 0 || last < first {
            return fault("the range is empty or begins below 1");
        }
        let size = (last - first).saturating_add(1);
        if size > MAX_SID_RANGE {
            return fault("the range holds more than 16777216 numbers");
        }
        let words = size.div_ceil(u64::BITS) as usize;
        Ok(Sids { first, size, taken: vec![0; words], free: size })
    }

    fn take(&mut self, parts: &[&str]) -> Result<u32, Reason> {
        if self.free == 0 {
            return Err(Reason::SidRangeFull);
        }
        let digest = id::digest(parts);
        let mut at = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % self.size;
        loop {
            let (word, bit) = ((at / u64::BITS) as usize, 1_u64 << (at % u64::BITS));
            match self.taken.get_mut(word) {
                Some(word) if *word & bit == 0 => {
                    *word |= bit;
                    self.free -= 1;
                    return Ok(self.first + at);
                }
                _ => at = (at + 1) % self.size,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn content_is_escaped() {
        assert_eq!(content("/a?b=c"), "/a?b=c");
        assert_eq!(content("a;:\"b\\|"), "a|3b 3a 22|b|5c 7c|");
        assert_eq!(content("é"), "|c3 a9|");
    }

    #[test]
    fn every_number_of_the_range_is_given_once() {
        let mut sids = Sids::new(10, 29).expect("a range");
        let given: BTreeSet<u32> =
            (0..20).map(|n| sids.take(&[&n.to_string()]).expect("room")).collect();
        assert_eq!(given, (10..30).collect());
        assert_eq!(sids.take(&["x"]), Err(Reason::SidRangeFull));
    }

    #[test]
    fn the_same_value_has_the_same_number() {
        let take = || Sids::new(1, 1_000_000).expect("a range").take(&["domain", "evil.com"]);
        assert_eq!(take(), take());
        assert!(Sids::new(0, 5).is_err() && Sids::new(5, 4).is_err());
        assert!(Sids::new(1, MAX_SID_RANGE + 1).is_err() && Sids::new(1, MAX_SID_RANGE).is_ok());
    }
}
