//! What is looked at before JSON is parsed: length, UTF-8, nesting, escapes that name no character,
//! and numbers that most readers can't hold. One pass over the bytes, no allocation.

/// The longest object that is read, in bytes.
pub const MAX_OBJECT: usize = 8 * 1024 * 1024;
/// The deepest nesting of an object that is read; `serde_json` has the same bound.
pub const MAX_DEPTH: usize = 127;

/// The longest number, in bytes: no double needs as many (RFC 7493 section 2.2), and common readers
/// refuse a document for one that is much longer.
pub const MAX_NUMBER: usize = 400;

/// The bytes are not to be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanFault {
    /// Longer than the bound.
    #[error("{got} bytes, at most {max} allowed")]
    TooLong {
        /// The length in bytes.
        got: usize,
        /// The bound in bytes.
        max: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels at byte {at}")]
    TooDeep {
        /// Where the first bracket too many stands.
        at: usize,
    },
    /// Not UTF-8 (STIX 2.1 §2.15, RFC 8259 §8.1).
    #[error("not UTF-8 after byte {0}")]
    NotUtf8(usize),
    /// A number that is too long, or too large for a double (RFC 7493 section 2.2).
    #[error("a number at byte {at} is larger or longer than common readers hold")]
    Number {
        /// Where it begins.
        at: usize,
    },
    /// A `\u` escape of half a surrogate pair: no Unicode character (RFC 7493 §2.1).
    #[error("half a surrogate pair at byte {at}")]
    Surrogate {
        /// Where the escape stands.
        at: usize,
    },
}

impl ScanFault {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            ScanFault::TooLong { .. } => "stix-too-long",
            ScanFault::TooDeep { .. } => "stix-too-deep",
            ScanFault::NotUtf8(_) => "stix-not-utf8",
            ScanFault::Number { .. } => "stix-number",
            ScanFault::Surrogate { .. } => "stix-surrogate",
        }
    }
}

/// Gives back the text if its length, encoding, nesting and escapes may be parsed.
pub(crate) fn scan(bytes: &[u8], max: usize) -> Result<&str, ScanFault> {
    if bytes.len() > max {
        return Err(ScanFault::TooLong { got: bytes.len(), max });
    }
    let text =
        std::str::from_utf8(bytes).map_err(|fault| ScanFault::NotUtf8(fault.valid_up_to()))?;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at + 1)?,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(ScanFault::TooDeep { at });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'0'..=b'9' | b'-' => {
                at = number_end(text, at)?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(text)
}

/// The place behind a number. Whether it is one is for the parser to say.
fn number_end(text: &str, at: usize) -> Result<usize, ScanFault> {
    let rest = text.get(at..).unwrap_or("");
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = rest.bytes().take_while(is_part).count();
    let number = rest.get(..length).unwrap_or("");
    // Without an exponent, no double is left by fewer digits than this.
    let large = length > 300 || number.contains(['e', 'E']);
    if length > MAX_NUMBER || (large && number.parse::<f64>().is_ok_and(f64::is_infinite)) {
        return Err(ScanFault::Number { at });
    }
    Ok(at + length)
}

/// The place of the quotation mark that ends the string, or of the end of the bytes.
fn string_end(bytes: &[u8], from: usize) -> Result<usize, ScanFault> {
    let mut at = from;
    loop {
        at = skip_plain(bytes, at);
        match bytes.get(at) {
            Some(b'\\') if bytes.get(at + 1) == Some(&b'u') => at = unicode_end(bytes, at)?,
            Some(b'\\') => at += 2,
            Some(b'"') | None => return Ok(at),
            Some(_) => at += 1,
        }
    }
}

/// The place of the next quotation mark or backslash, eight bytes at a time: strings are most of
/// an object, and this pass is made over every object that comes in.
fn skip_plain(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = from;
    while let Some(word) = bytes.get(at..at + 8).and_then(|w| <[u8; 8]>::try_from(w).ok()) {
        let word = u64::from_le_bytes(word);
        let has_zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGHS;
        let quote = has_zero(word ^ (ONES * u64::from(b'"')));
        let slash = has_zero(word ^ (ONES * u64::from(b'\\')));
        let hit = quote | slash;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or(&[]);
    at + rest.iter().position(|b| matches!(b, b'"' | b'\\')).unwrap_or(rest.len())
}

/// Steps over a `\u` escape, or over two that make a pair.
fn unicode_end(bytes: &[u8], at: usize) -> Result<usize, ScanFault> {
    match code_unit(bytes, at) {
        Some(0xD800..=0xDBFF) => match code_unit(bytes, at + 6) {
            Some(0xDC00..=0xDFFF) => Ok(at + 12),
            _ => Err(ScanFault::Surrogate { at }),
        },
        Some(0xDC00..=0xDFFF) => Err(ScanFault::Surrogate { at }),
        // A malformed escape is for the parser to refuse.
        _ => Ok(at + 2),
    }
}

fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, byte| Some(unit * 16 + (*byte as char).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &[u8]) -> Option<&'static str> {
        scan(text, 1000).err().map(|fault| fault.code())
    }

    #[test]
    fn finds_what_must_not_be_parsed() {
        let deep = |n: usize| [b"[".repeat(n), b"]".repeat(n)].concat();
        assert_eq!(code(&deep(127)), None);
        assert_eq!(code(&deep(128)), Some("stix-too-deep"));
        assert_eq!(code(&b"[]".repeat(400)), None);
        assert_eq!(code(&b" ".repeat(1001)), Some("stix-too-long"));
        assert_eq!(code(b"\"\xff\""), Some("stix-not-utf8"));
        assert_eq!(code(br#"{"a":"\ud83d\ude00"}"#), None);
        assert_eq!(code(br#"{"a":"\uD83D"}"#), Some("stix-surrogate"));
        assert_eq!(code(br#"{"a":"\ud83d\u0041"}"#), Some("stix-surrogate"));
        assert_eq!(code(br#"{"a":"\ude00"}"#), Some("stix-surrogate"));
        assert_eq!(code(br#"{"a":"\\ud83d"}"#), None);
        for fine in ["1e308", "-1.5e-400", "0", "-", "1e", "12345678901234567890", &"1".repeat(300)]
        {
            assert_eq!(code(format!("{{\"a\":[{fine},{fine}]}}").as_bytes()), None, "{fine}");
        }
        for large in ["1e400", "-1E309", &"9".repeat(310), &"0.".repeat(300)] {
            assert_eq!(code(format!("[{large}]").as_bytes()), Some("stix-number"), "{large}");
        }
        assert_eq!(code(br#"{"a":"1e400"}"#), None);
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let text = format!("{{\"a\":\"{}\\\"{}\"}}", "[".repeat(200), "{".repeat(200));
        assert_eq!(code(text.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = scan(&bytes, 150);
        }

        #[test]
        fn plain_bytes_are_skipped(text in "[a-z\u{e9}]{0,40}[\"\\\\]?[a-z\"\\\\]{0,20}") {
            let bytes = text.as_bytes();
            let wanted = bytes.iter().position(|b| matches!(b, b'"' | b'\\'));
            let wanted = wanted.unwrap_or(bytes.len());
            prop_assert_eq!(skip_plain(bytes, 0), wanted);
        }
    }
}
