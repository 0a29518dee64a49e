//! Domain names: A-labels by UTS #46, lower case, no trailing dot.
//!
//! UTS #46 non-transitional processing as the WHATWG URL standard uses it (crate `idna`), then our
//! own check of the ASCII result: letters, digits, hyphen and underscore, because names with
//! underscores and with hyphens at odd places are in real malicious data and resolve.
//!
//! The public suffix list decides two things only, because it changes over time and two parties may
//! hold different editions: a name that is itself an ICANN suffix is refused, and a *guessed*
//! domain must end in a known suffix. The spelling of a normal form never depends on it.

use super::NormalFault;

/// The longest domain without trailing dot, in bytes (RFC 1035 section 2.3.4).
const MAX_DOMAIN: usize = 253;
/// The longest label, in bytes (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

/// Top-level names outside the ICANN root that are in use, among others by malware: Tor, I2P,
/// Namecoin, EmerDNS, OpenNIC, ENS.
const OTHER_ROOTS: [&str; 16] = [
    "bazar", "bbs", "bit", "chan", "coin", "cyb", "emc", "eth", "geek", "i2p", "lib", "libre",
    "null", "onion", "oss", "pirate",
];

pub(super) fn normalise(text: &str) -> Result<String, NormalFault> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let value = if is_plain(text.as_bytes()) {
        text.to_ascii_lowercase()
    } else {
        if let Some(bad) = text.chars().find(|c| c.is_ascii() && !is_name_byte(*c as u8)) {
            return Err(NormalFault::Character(bad));
        }
        let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::EMPTY)
            .map_err(|_| NormalFault::Idna)?;
        // An ideographic full stop at the end has become a dot by now.
        ascii.strip_suffix('.').unwrap_or(&ascii).to_owned()
    };
    check(&value)?;
    Ok(value)
}

/// Whether the last label is a top-level domain that somebody runs. Accepts any spelling.
pub(super) fn has_known_suffix(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let Some((_, top)) = name.rsplit_once('.') else {
        return false;
    };
    let lower;
    let bytes = if name.bytes().any(|b| b.is_ascii_uppercase()) || !name.is_ascii() {
        let Ok(value) = normalise(name) else {
            return false;
        };
        lower = value;
        lower.as_bytes()
    } else {
        name.as_bytes()
    };
    psl::suffix(bytes).is_some_and(|suffix| suffix.is_known())
        || OTHER_ROOTS.iter().any(|root| root.eq_ignore_ascii_case(top))
}

/// ASCII name bytes only and no A-label: lower-casing is all that UTS #46 would do.
fn is_plain(name: &[u8]) -> bool {
    name.iter().all(|b| is_name_byte(*b))
        && !name.windows(4).any(|four| four.eq_ignore_ascii_case(b"xn--"))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn check(name: &str) -> Result<(), NormalFault> {
    if name.len() > MAX_DOMAIN {
        return Err(NormalFault::TooLong { got: name.len(), max: MAX_DOMAIN });
    }
    let mut labels = 0_usize;
    let mut top = "";
    for label in name.split('.') {
        if label.is_empty() {
            return Err(NormalFault::EmptyLabel);
        }
        if label.len() > MAX_LABEL {
            return Err(NormalFault::LabelTooLong { got: label.len() });
        }
        if let Some(bad) = label.chars().find(|c| !c.is_ascii() || !is_name_byte(*c as u8)) {
            return Err(NormalFault::Character(bad));
        }
        labels = labels.saturating_add(1);
        top = label;
    }
    if labels < 2 {
        return Err(NormalFault::DomainOneLabel);
    }
    // A letter first also keeps out what the URL standard reads as an IPv4 address ("ends in a
    // number"), so that no value is both a domain and an address.
    let top_fits = top.len() >= 2
        && top.starts_with(|c: char| c.is_ascii_lowercase())
        && !top.ends_with('-')
        && !top.contains('_');
    if !top_fits {
        return Err(NormalFault::DomainTop);
    }
    let suffix = psl::suffix(name.as_bytes());
    let is_suffix = suffix.is_some_and(|suffix| {
        suffix.as_bytes().len() == name.len() && suffix.typ() == Some(psl::Type::Icann)
    });
    if is_suffix { Err(NormalFault::DomainPublicSuffix) } else { Ok(()) }
}
