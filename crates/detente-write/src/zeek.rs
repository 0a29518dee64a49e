//! A file for Zeek's intelligence framework: tab separated, one indicator a line.
//!
//! Source: the Zeek manual on the intelligence framework and the ASCII input reader. That reader
//! turns `\xHH` back into its byte, takes `-` for "not set" and a line that begins with `#` for a
//! comment, so `\` and a `#` at the start are written as `\xHH`.

use std::io::Write;

use detente_core::Kind;

use crate::export::{Put, WriteFault, Writer};
use crate::head::Head;
use crate::screen::Item;
use crate::seen::Seen;
use crate::text::one_line;
use crate::{Meta, Options, Reason, url};

const FIELDS: &str = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\n";
/// The longest description, in bytes.
const MAX_DESC: usize = 512;

pub(crate) struct Zeek {
    head: Head,
    producer: String,
    seen: Seen,
}

impl Zeek {
    pub(crate) fn new(meta: Meta, options: &Options) -> Zeek {
        Zeek { head: Head::new(&meta, options), producer: meta.producer, seen: Seen::default() }
    }
}

impl Writer for Zeek {
    fn begin(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        self.head.write(out, "#")?;
        Ok(out.write_all(FIELDS.as_bytes())?)
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        let (value, kind) = match entry(item) {
            Ok(entry) => entry,
            Err(reason) => return Ok(Err(reason)),
        };
        // Zeek keeps what each source says of an indicator apart.
        let source = one_line(item.source().unwrap_or(&self.producer), 256);
        if let Err(reason) = self.seen.add(&[kind, &value, &source]) {
            return Ok(Err(reason));
        }
        let context = item.context();
        let words = context.description.iter().chain(&context.labels);
        let told: Vec<&str> = words.map(String::as_str).collect();
        let desc = one_line(&format!("{} {}", item.colours(), told.join(", ")), MAX_DESC);
        let link = item.extra("reference").map(|link| one_line(link, MAX_DESC));
        let cells = [value.as_str(), kind, &source, &desc, link.as_deref().unwrap_or("")];
        let line: Vec<String> = cells.into_iter().map(cell).collect();
        writeln!(out, "{}", line.join("\t"))?;
        Ok(Ok(()))
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(())
    }
}

/// The indicator and its type.
fn entry(item: &Item<'_>) -> Result<(String, &'static str), Reason> {
    let kind = match item.kind() {
        Kind::Ipv4 | Kind::Ipv6 => "Intel::ADDR",
        Kind::Ipv4Cidr | Kind::Ipv6Cidr => "Intel::SUBNET",
        Kind::Domain => "Intel::DOMAIN",
        Kind::Email => "Intel::EMAIL",
        Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 => "Intel::FILE_HASH",
        Kind::CertSha1 | Kind::CertSha256 => "Intel::CERT_HASH",
        Kind::Url => return Ok((bare_url(item.value())?, "Intel::URL")),
        Kind::Asn => return Err(Reason::KindNotInFormat),
    };
    Ok((item.value().to_owned(), kind))
}

/// The URL without scheme, as Zeek puts it together from what it sees.
fn bare_url(text: &str) -> Result<String, Reason> {
    let parts = url::parts(text).ok_or(Reason::UrlScheme)?;
    if !matches!(parts.scheme, "http" | "https" | "ftp") {
        return Err(Reason::UrlScheme);
    }
    let port = parts.port.map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{}{port}{}", parts.host, parts.path))
}

/// A cell as it is written; nothing is "not set".
fn cell(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    let escaped = text.replace('\\', "\\x5c");
    match (escaped.as_str(), escaped.strip_prefix('#')) {
        ("-", _) => "\\x2d".to_owned(),
        ("(empty)", _) => "\\x28empty)".to_owned(),
        (_, Some(rest)) => format!("\\x23{rest}"),
        (_, None) => escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_be_mistaken() {
        for (text, written) in [
            ("a b", "a b"),
            ("", "-"),
            ("-", "\\x2d"),
            ("(empty)", "\\x28empty)"),
            ("#a@b.c", "\\x23a@b.c"),
            ("a\\x41", "a\\x5cx41"),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn urls_lose_scheme_and_user() {
        assert_eq!(bare_url("http://u:p@a.b:81/c?d").as_deref(), Ok("a.b:81/c?d"));
        assert_eq!(bare_url("https://a.b/").as_deref(), Ok("a.b/"));
        assert_eq!(bare_url("tcp://a.b:1"), Err(Reason::UrlScheme));
    }
}
