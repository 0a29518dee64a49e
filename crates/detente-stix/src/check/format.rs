//! Forms of text that the standard asks for, or names another standard for.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::registry::{CHARACTER_SETS, COUNTRIES, LANGUAGES, is_listed};
use super::report::Level;

/// A form of text.
pub(super) struct Format {
    /// Stable code of the finding.
    pub code: &'static str,
    /// What the text must be, in words that follow "is no".
    pub words: &'static str,
    pub section: &'static str,
    pub level: Level,
    pub test: fn(&str) -> bool,
}

const fn format(
    code: &'static str,
    words: &'static str,
    section: &'static str,
    level: Level,
    test: fn(&str) -> bool,
) -> Format {
    Format { code, words, section, level, test }
}

use Level::{Must, Should};

pub(super) static BINARY: Format = format("binary", "base64 text", "2.1", Must, is_base64);
pub(super) static HEX: Format =
    format("hex", "even number of hexadecimal digits", "2.8", Must, is_hex);
pub(super) static URL: Format = format("url", "URI (RFC 3986)", "2.5.1", Must, is_uri);
pub(super) static LANGUAGE: Format =
    format("language", "language tag (RFC 5646)", "3.2", Must, is_language);
pub(super) static LOWER_HYPHEN: Format =
    format("lower-hyphen", "lower-case name with hyphens", "2.11", Should, is_lower_hyphen);
pub(super) static RELATIONSHIP_TYPE: Format = format(
    "relationship-type",
    "name of a-z, 0-9 and hyphens",
    "5.1.2",
    Must,
    is_relationship_type,
);
pub(super) static PRODUCT: Format =
    format("product", "lower-case name with hyphens", "4.12.1", Should, is_product);
pub(super) static COUNTRY: Format =
    format("country", "ISO 3166-1 alpha-2 code", "4.10.1", Should, is_country);
pub(super) static MIME: Format = format("mime-type", "media type", "6.1.1", Should, is_mime);
pub(super) static CHARACTER_SET: Format =
    format("character-set", "character set of the IANA registry", "3.9.1", Must, is_character_set);
pub(super) static DOMAIN: Format =
    format("domain", "domain name (RFC 1034, RFC 5890)", "6.4.1", Must, is_domain);
pub(super) static EMAIL: Format =
    format("email", "address (addr-spec of RFC 5322)", "6.5.1", Must, is_email);
pub(super) static IPV4: Format =
    format("ipv4", "IPv4 address or range in CIDR notation", "6.8.1", Must, is_ipv4);
pub(super) static IPV6: Format =
    format("ipv6", "IPv6 address or range in CIDR notation", "6.9.1", Must, is_ipv6);
pub(super) static MAC: Format =
    format("mac", "MAC-48 address in lower case with colons", "6.10.1", Must, is_mac);
pub(super) static CPE: Format = format("cpe", "CPE 2.3 name", "6.14.1", Must, is_cpe);
pub(super) static PROTOCOL: Format =
    format("protocol", "service name (RFC 6335)", "6.12.1", Should, is_protocol);
pub(super) static PRIORITY: Format =
    format("priority", "priority class, which ends in _CLASS", "6.13.2", Should, is_priority);
pub(super) static REGISTRY_KEY: Format =
    format("registry-key", "key with its hive in full", "6.17.1", Must, is_registry_key);
pub(super) static HEADER_NAME: Format =
    format("header-name", "header field name (RFC 9110)", "6.12.2", Must, is_header_name);
pub(super) static SOCKET_OPTION: Format =
    format("socket-option", "name of a socket option", "6.12.4", Should, is_socket_option);
pub(super) static PROPERTY_NAME: Format =
    format("property-name", "property name", "7.3.2", Must, is_property_name);

pub(super) static EXIF_TAG: Format =
    format("exif-tag", "name of an EXIF tag", "6.7.5", Must, is_exif_tag);
pub(super) static STARTUP_INFO: Format =
    format("startup-info", "member of STARTUPINFO", "6.13.2", Must, is_startup_info);

/// RFC 4648 §4, with padding.
pub(super) fn is_base64(text: &str) -> bool {
    let bytes = text.as_bytes();
    let body = bytes.strip_suffix(b"==").or(bytes.strip_suffix(b"=")).unwrap_or(bytes);
    !bytes.is_empty()
        && bytes.len().is_multiple_of(4)
        && body.iter().all(|b| matches!(b, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/'))
}

/// Either case: the standard asks for lower case only since its first errata.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// RFC 3986: a scheme, then only characters that may stand in a URI, and whole escapes.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme = scheme.as_bytes();
    if !scheme.first().is_some_and(u8::is_ascii_alphabetic)
        || !scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    {
        return false;
    }
    let bytes = rest.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => {
            let escape = bytes.get(at + 1..at + 3).unwrap_or(&[]);
            escape.len() == 2 && escape.iter().all(u8::is_ascii_hexdigit)
        }
        b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' => true,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
        byte => byte.is_ascii_alphanumeric(),
    })
}

/// RFC 5646 §2.1: well-formed, and a two-letter language must be one of ISO 639-1.
pub(super) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let Some(first) = parts.next() else { return false };
    let known = match first.len() {
        2 => is_listed(LANGUAGES, &first.to_ascii_lowercase()),
        3..=8 => first.bytes().all(|b| b.is_ascii_alphabetic()),
        1 => matches!(first, "x" | "i" | "X" | "I") && text.len() > 2,
        _ => false,
    };
    known
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

pub(super) fn is_lower_hyphen(text: &str) -> bool {
    !text.chars().any(|c| c.is_uppercase() || matches!(c, ' ' | '_'))
}

fn is_relationship_type(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_product(text: &str) -> bool {
    is_relationship_type(text)
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && is_listed(COUNTRIES, &text.to_ascii_uppercase())
}

/// `type/subtype` (RFC 6838 §4.2). The names registered change too often to be kept here.
fn is_mime(text: &str) -> bool {
    const TYPES: [&str; 11] = [
        "application",
        "audio",
        "example",
        "font",
        "haptics",
        "image",
        "message",
        "model",
        "multipart",
        "text",
        "video",
    ];
    let Some((kind, name)) = text.split_once('/') else { return false };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
    TYPES.contains(&kind) && !name.is_empty() && name.len() <= 127 && name.bytes().all(plain)
}

fn is_character_set(text: &str) -> bool {
    CHARACTER_SETS.lines().any(|name| name == text)
}

/// Labels of letters, digits, hyphens and underscores, in any script; 63 bytes each, 253 in all.
fn is_domain(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.chars().count())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| matches!(c, '-' | '_') || is_letter_or_mark(c))
    };
    name.chars().count() <= 253 && name.split('.').all(label)
}

/// Letters and digits, and beyond ASCII whatever is no space, control or upper case.
fn is_letter_or_mark(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
}

/// `local@domain` without comments, quoted or not.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let atom =
        |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || !c.is_ascii();
    let local_fits = quoted || (!local.is_empty() && local.chars().all(atom));
    local_fits && (is_domain(domain) || (domain.starts_with('[') && domain.ends_with(']')))
}

fn is_ipv4(text: &str) -> bool {
    is_range::<Ipv4Addr>(text, 32)
}

fn is_ipv6(text: &str) -> bool {
    is_range::<Ipv6Addr>(text, 128)
}

fn is_range<A: std::str::FromStr>(text: &str, most: u8) -> bool {
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    let fits = |length: &str| {
        let plain = length.bytes().all(|b| b.is_ascii_digit())
            && (length == "0" || !length.starts_with('0'));
        plain && length.parse::<u8>().is_ok_and(|length| length <= most)
    };
    address.parse::<A>().is_ok() && length.is_none_or(fits)
}

fn is_mac(text: &str) -> bool {
    let octet = |o: &str| o.len() == 2 && o.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    text.split(':').count() == 6 && text.split(':').all(octet)
}

/// The formatted string of NISTIR 7695 §6.2: thirteen components, colons escaped inside them.
fn is_cpe(text: &str) -> bool {
    let mut components = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let Some(last) = components.last_mut() else { return false };
        match c {
            '\\' => match chars.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => last.push('\\'),
                _ => return false,
            },
            ':' => components.push(String::new()),
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '*' | '?') => {
                last.push(c);
            }
            _ => return false,
        }
    }
    let part = components.get(2).map_or("", String::as_str);
    components.len() == 13
        && components.first().is_some_and(|c| c == "cpe")
        && components.get(1).is_some_and(|c| c == "2.3")
        && matches!(part, "a" | "h" | "o" | "*" | "-")
        && components.iter().all(|c| !c.is_empty())
}

/// RFC 6335 §5.1, with underscores and capitals, which the registry has too.
fn is_protocol(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+' | b'/');
    !text.is_empty() && text.bytes().all(plain)
}

fn is_priority(text: &str) -> bool {
    text.len() > 6 && text.ends_with("_CLASS")
}

fn is_registry_key(text: &str) -> bool {
    let hive = text.split('\\').next().unwrap_or("").to_ascii_uppercase();
    !matches!(hive.as_str(), "HKLM" | "HKCC" | "HKCR" | "HKCU" | "HKU")
}

/// Tag names are in capitals and digits, or begin with a capital.
fn is_exif_tag(text: &str) -> bool {
    text.len() > 1 && text.starts_with(|c: char| c.is_ascii_uppercase())
}

/// The members of the Windows structure.
fn is_startup_info(text: &str) -> bool {
    const MEMBERS: [&str; 18] = [
        "cb",
        "lpReserved",
        "lpDesktop",
        "lpTitle",
        "dwX",
        "dwY",
        "dwXSize",
        "dwYSize",
        "dwXCountChars",
        "dwYCountChars",
        "dwFillAttribute",
        "dwFlags",
        "wShowWindow",
        "cbReserved2",
        "lpReserved2",
        "hStdInput",
        "hStdOutput",
        "hStdError",
    ];
    MEMBERS.contains(&text)
}

fn is_header_name(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(token)
}

fn is_socket_option(text: &str) -> bool {
    const FAMILIES: [&str; 8] = ["SO", "ICMP", "ICMP6", "IP", "IPV6", "MCAST", "TCP", "IRLMP"];
    let Some((family, name)) = text.split_once('_') else { return false };
    FAMILIES.contains(&family)
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// `a-z`, `0-9` and underscore, beginning with a letter, 3 to 250 bytes (STIX 2.1 §3.1, §7.3.2).
pub(super) fn is_property_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (3..=250).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// STIX 2.1 §2.3.
pub(super) fn is_dictionary_key(text: &str) -> bool {
    text.len() <= 250 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether the text can be a hash of that name. Names outside the vocabulary have no known form.
pub(super) fn is_hash(name: &str, text: &str) -> bool {
    let hex = |length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    match name {
        "MD5" => hex(32),
        "SHA-1" => hex(40),
        "SHA-256" | "SHA3-256" => hex(64),
        "SHA-512" | "SHA3-512" => hex(128),
        "SSDEEP" => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'+' | b':' | b'.');
            (1..=148).contains(&text.len()) && text.bytes().all(plain)
        }
        // 70 digits; since TLSH 4 with the version before them.
        "TLSH" => {
            hex(70) || text.strip_prefix("T1").is_some_and(|rest| rest.len() == 70 && is_hex(rest))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(format: &Format, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!((format.test)(text), "{}: {text:?} is good", format.code);
        }
        for text in bad {
            assert!(!(format.test)(text), "{}: {text:?} is bad", format.code);
        }
    }

    #[test]
    fn addresses() {
        all(
            &IPV4,
            &["198.51.100.3", "10.2.4.5/24", "0.0.0.0/0"],
            &["1.2.3", "1.2.3.4/33", "01.2.3.4", "1.2.3.4/", "1.2.3.4/024", "1.2.3.4/+4", ""],
        );
        all(
            &IPV6,
            &["2001:db8::1", "::/0", "2001:db8::/96", "::ffff:1.2.3.4"],
            &["fe80::1%eth0", "::1/129", "1.2.3.4", ":::"],
        );
        all(
            &MAC,
            &["00:00:ab:cd:ef:01"],
            &["00:00:AB:CD:EF:01", "0:0:ab:cd:ef:1", "00-00-ab-cd-ef-01", "00:00:ab:cd:ef"],
        );
        all(
            &EMAIL,
            &["jane.smith@example.com", "\"a b\"@example.com", "a@[192.0.2.1]"],
            &["Jane <jane@example.com>", "@example.com", "jane@", "jane"],
        );
        all(
            &DOMAIN,
            &["example.com", "_dmarc.example.com", "b\u{fc}cher.example", "localhost"],
            &["", "a..b", "-a.com", "a b.com", "a/b"],
        );
        all(
            &URL,
            &["https://example.com/a?b=%20#c", "urn:x:y"],
            &["example", "://a", "http://a b", "http://a/%2", "1a:b", "http://\u{fc}"],
        );
    }

    #[test]
    fn encodings() {
        all(
            &BINARY,
            &["AAAA", "AA==", "AAA=", "VBOR"],
            &["", "AAA", "A===", "AA=A", "AAAAA", "AA-_"],
        );
        all(&HEX, &["00", "ffd8", "FFD8"], &["", "0", "0x00", "gg"]);
        all(&CHARACTER_SET, &["UTF-8", "Shift_JIS", "windows-1251"], &["utf8", "", "klingon"]);
        all(&MIME, &["application/pdf", "image/svg+xml"], &["pdf", "/pdf", "image/", "thing/pdf"]);
    }

    #[test]
    fn names() {
        all(
            &LANGUAGE,
            &["en", "de-CH", "zh-Hant-TW", "sr-Latn", "gsw", "x-own"],
            &["", "e", "xx", "en_US", "en-", "english language", "123"],
        );
        all(&COUNTRY, &["DE", "us"], &["XX", "DEU", ""]);
        all(&RELATIONSHIP_TYPE, &["uses", "related-to"], &["", "Uses", "related to", "a_b"]);
        all(
            &REGISTRY_KEY,
            &["HKEY_LOCAL_MACHINE\\System", "hkey_x", ""],
            &["HKLM\\System", "hkcu", "HKU\\a"],
        );
        all(
            &SOCKET_OPTION,
            &["SO_ACCEPTCONN", "ICMP6_FILTER", "IP_ADD_MEMBERSHIP"],
            &["SO", "so_x", "XX_A", "SO_"],
        );
        all(
            &CPE,
            &[
                "cpe:2.3:o:microsoft:windows_10:-:*:*:*:*:*:x64:*",
                "cpe:2.3:a:a\\:b:c:1\\.0:*:*:*:*:*:*:*",
            ],
            &[
                "cpe:/o:microsoft:windows",
                "cpe:2.3:o:microsoft",
                "cpe:2.3:x:a:b:c:d:e:f:g:h:i:j",
                "cpe:2.3:a:a b:c:1:*:*:*:*:*:*:*",
                "cpe:2.3:a:a::1:*:*:*:*:*:*:*",
            ],
        );
        all(&PRIORITY, &["HIGH_PRIORITY_CLASS"], &["_CLASS", "HIGH"]);
        all(&PROPERTY_NAME, &["abc", "x_a1"], &["ab", "1ab", "aBc", "a-c", ""]);
    }

    #[test]
    fn hashes() {
        assert!(is_hash("MD5", &"aF".repeat(16)) && !is_hash("MD5", &"a".repeat(31)));
        assert!(is_hash("SHA-1", &"a".repeat(40)) && !is_hash("SHA-1", &"g".repeat(40)));
        assert!(is_hash("SHA3-512", &"a".repeat(128)) && is_hash("x_foo", "anything"));
        assert!(
            is_hash("TLSH", &"A".repeat(70)) && is_hash("TLSH", &format!("T1{}", "a".repeat(70)))
        );
        assert!(
            is_hash("SSDEEP", "3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C")
                && !is_hash("SSDEEP", "a b")
        );
    }
}
