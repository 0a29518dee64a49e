//! Autonomous system numbers: 32 bits (RFC 6793), decimal, no prefix. AS 0 is reserved (RFC 7607)
//! and refused; the dotted spelling of RFC 5396 is refused because `1.10` reads as a decimal.

use super::NormalFault;

/// Whether the text has the prefix `AS` or `ASN` and digits after it.
pub(super) fn looks_like(text: &str) -> bool {
    let digits = strip(text);
    digits.len() < text.len() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn normalise(text: &str) -> Result<String, NormalFault> {
    let digits = strip(text);
    if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NormalFault::Asn);
    }
    match digits.parse::<u32>() {
        Ok(0) | Err(_) => Err(NormalFault::Asn),
        Ok(number) => Ok(number.to_string()),
    }
}

fn strip(text: &str) -> &str {
    for prefix in ["asn", "as"] {
        if let Some(head) = text.get(..prefix.len())
            && head.eq_ignore_ascii_case(prefix)
        {
            return text.get(prefix.len()..).unwrap_or("").trim_start();
        }
    }
    text
}
