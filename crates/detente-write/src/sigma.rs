//! Sigma rules: lists of values by kind and colour, in rules of bounded length.
//!
//! Source: the Sigma specification, version 2, and its taxonomy of log sources and fields. YAML is
//! written by hand in one shape: block lists of single-quoted scalars, in which only the quote is
//! doubled. Wildcards and backslashes in values are escaped, so that each matches itself.

use std::collections::BTreeMap;
use std::io::Write;

use detente_core::{Kind, Pap, Tlp};

use crate::export::{Put, WriteFault, Writer};
use crate::screen::{Item, colours};
use crate::seen::Seen;
use crate::text::{date, one_line};
use crate::{Entered, Meta, Reason, id};

/// Values of one rule.
pub const MAX_RULE_VALUES: usize = 1_000;
/// Bytes of the values of one rule; at least one value is in it.
pub const MAX_RULE_BYTES: usize = 128 * 1024;

/// What a rule looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Address,
    Domain,
    File,
    Prefix,
    Url,
}

impl Subject {
    const fn name(self) -> &'static str {
        match self {
            Subject::Address => "addresses",
            Subject::Domain => "domains",
            Subject::File => "files",
            Subject::Prefix => "networks",
            Subject::Url => "URLs",
        }
    }

    /// The lines of the log source.
    const fn log_source(self) -> &'static str {
        match self {
            Subject::Address | Subject::Prefix => "    category: firewall\n",
            Subject::Domain => "    category: dns\n",
            Subject::File => "    category: process_creation\n    product: windows\n",
            Subject::Url => "    category: proxy\n",
        }
    }

    /// The fields of which one must match.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Subject::Address => &["dst_ip", "src_ip"],
            Subject::Domain => &["query"],
            Subject::File => &["Hashes|contains"],
            Subject::Prefix => &["dst_ip|cidr", "src_ip|cidr"],
            Subject::Url => &["c-uri"],
        }
    }
}

/// The values of one rule have one marking and one subject.
type Key = (Tlp, Option<Pap>, Subject);

/// The values that wait for their rule.
#[derive(Default)]
struct Held {
    values: Vec<String>,
    bytes: usize,
    parts: u32,
    /// When the first and the last of the values was entered.
    entered: Option<Entered>,
}

pub(crate) struct Sigma {
    meta: Meta,
    held: BTreeMap<Key, Held>,
    seen: Seen,
    wrote: bool,
}

impl Sigma {
    pub(crate) fn new(meta: Meta) -> Sigma {
        Sigma { meta, held: BTreeMap::new(), seen: Seen::default(), wrote: false }
    }

    fn rule(
        &mut self,
        out: &mut dyn Write,
        (tlp, pap, subject): Key,
        (values, part, entered): (&[String], u32, Option<Entered>),
    ) -> Result<(), WriteFault> {
        if self.wrote {
            writeln!(out, "---")?;
        }
        self.wrote = true;
        let (producer, title) = (&self.meta.producer, &self.meta.title);
        let colour = tlp.name().replace('+', "-");
        let (marking, number) = (colours(tlp, pap), part.to_string());
        let uuid = id::uuid(&["sigma", producer, title, &marking, subject.name(), &number]);
        let what = format!("{}: {}, {marking}, part {part}", one_line(title, 160), subject.name());
        writeln!(out, "title: {}\nid: {uuid}\nstatus: experimental", scalar(&what))?;
        writeln!(out, "description: Contact with {} that somebody reports.", subject.name())?;
        writeln!(out, "author: {}", scalar(producer))?;
        if let Some(Entered { first, last }) = entered {
            for (name, time) in [("date", first), ("modified", last)] {
                if let Some(day) = i64::try_from(time.get()).ok().and_then(date) {
                    writeln!(out, "{name}: {day}")?;
                }
            }
        }
        writeln!(out, "tags:\n    - tlp.{colour}\nlogsource:")?;
        out.write_all(subject.log_source().as_bytes())?;
        writeln!(out, "detection:")?;
        for (at, field) in subject.fields().iter().enumerate() {
            writeln!(out, "    selection_{at}:\n        {field}:")?;
            for value in values {
                writeln!(out, "            - {}", scalar(value))?;
            }
        }
        writeln!(out, "    condition: 1 of selection_*")?;
        writeln!(out, "falsepositives:\n    - Unknown\nlevel: medium")?;
        Ok(())
    }

    fn flush(&mut self, out: &mut dyn Write, key: Key) -> Result<(), WriteFault> {
        let Some(held) = self.held.get_mut(&key) else {
            return Ok(());
        };
        let values = std::mem::take(&mut held.values);
        held.bytes = 0;
        let entered = held.entered.take();
        if values.is_empty() {
            return Ok(());
        }
        held.parts += 1;
        let part = held.parts;
        self.rule(out, key, (&values, part, entered))
    }
}

impl Writer for Sigma {
    fn begin(&mut self, _: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(())
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        let Some((subject, value)) = entry(item) else {
            return Ok(Err(Reason::KindNotInFormat));
        };
        if let Err(reason) = self.seen.add(&[item.kind().name(), item.value()]) {
            return Ok(Err(reason));
        }
        let key = (item.tlp, item.pap(), subject);
        let held = self.held.entry(key).or_default();
        if held.bytes + value.len() > MAX_RULE_BYTES || held.values.len() >= MAX_RULE_VALUES {
            self.flush(out, key)?;
        }
        let held = self.held.entry(key).or_default();
        held.bytes += value.len();
        held.values.push(value);
        let new = item.entered;
        held.entered = Some(held.entered.map_or(new, |had| Entered {
            first: had.first.min(new.first),
            last: had.last.max(new.last),
        }));
        Ok(Ok(()))
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        let keys: Vec<Key> = self.held.keys().copied().collect();
        keys.into_iter().try_for_each(|key| self.flush(out, key))
    }
}

/// What rule a value goes to, and how it stands there.
fn entry(item: &Item<'_>) -> Option<(Subject, String)> {
    let value = item.value();
    let hash = |name| Some((Subject::File, format!("{name}={}", value.to_ascii_uppercase())));
    match item.kind() {
        Kind::Domain => Some((Subject::Domain, plain(value))),
        Kind::Ipv4 | Kind::Ipv6 => Some((Subject::Address, plain(value))),
        Kind::Ipv4Cidr | Kind::Ipv6Cidr => Some((Subject::Prefix, value.to_owned())),
        Kind::Url => Some((Subject::Url, plain(value))),
        Kind::Md5 => hash("MD5"),
        Kind::Sha1 => hash("SHA1"),
        Kind::Sha256 => hash("SHA256"),
        Kind::Asn | Kind::CertSha1 | Kind::CertSha256 | Kind::Email | Kind::Sha512 => None,
    }
}

/// A value that matches only itself.
fn plain(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        if matches!(c, '*' | '?' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A single-quoted YAML scalar (YAML 1.2 section 7.3.2). The text is one line.
fn scalar(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_match_only_themselves() {
        assert_eq!(plain("http://a.b/c?d=*\\"), "http://a.b/c\\?d=\\*\\\\");
        assert_eq!(scalar("it's"), "'it''s'");
    }
}
