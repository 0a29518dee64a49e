//! Strict decimal and base64 readers shared by every text format of this crate.
//!
//! Is: one accepted spelling per value. Is not: general parsing. Source: the "ASCII decimal with no
//! leading zeroes" and RFC 4648 §4 base64 of signed-note, tlog-checkpoint and tlog-witness.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::size::NumberError;

/// Longest decimal of a u64.
const MAX_DECIMAL_DIGITS: usize = 20;

/// Reads a u64 with no sign, no leading zero and nothing around it.
pub(crate) fn parse_decimal(text: &str) -> Result<u64, NumberError> {
    if text.is_empty() {
        return Err(NumberError::Empty);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotDigit);
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(NumberError::LeadingZero);
    }
    if text.len() > MAX_DECIMAL_DIGITS {
        return Err(NumberError::TooLarge);
    }
    text.parse().map_err(|_| NumberError::TooLarge)
}

/// Reads padded standard base64 in its only canonical spelling; `None` for anything else.
pub(crate) fn parse_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Writes padded standard base64.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Takes one newline-terminated line off the front; `None` when no newline is left.
pub(crate) fn take_line<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (line, tail) = rest.split_once('\n')?;
    *rest = tail;
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::{parse_base64, parse_decimal};
    use crate::size::NumberError;

    #[test]
    fn decimals_have_one_spelling() {
        assert_eq!(parse_decimal("0"), Ok(0));
        assert_eq!(parse_decimal("18446744073709551615"), Ok(u64::MAX));
        for (text, error) in [
            ("", NumberError::Empty),
            ("00", NumberError::LeadingZero),
            ("01", NumberError::LeadingZero),
            ("+1", NumberError::NotDigit),
            ("-1", NumberError::NotDigit),
            ("1 ", NumberError::NotDigit),
            ("\u{0661}", NumberError::NotDigit),
            ("18446744073709551616", NumberError::TooLarge),
            ("111111111111111111111", NumberError::TooLarge),
        ] {
            assert_eq!(parse_decimal(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(parse_base64("AA=="), Some(vec![0]));
        for text in ["AA", "AA=", "AB==", "A A==", "AA==\n", "AA-_", "===="] {
            assert_eq!(parse_base64(text), None, "{text:?}");
        }
    }
}
