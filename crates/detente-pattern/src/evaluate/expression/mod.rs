//! LIKE and MATCHES: texts compiled to the linear-time engine of the `regex` crate.
//!
//! Both sides are normalised to NFC first (STIX 2.1 section 9). LIKE means the whole value: `%`
//! is any number of characters, `_` is one, line breaks included. MATCHES finds the expression
//! anywhere in the value; `translate` says what of PCRE it takes. Bytes are matched as the
//! characters of the same numbers.

use std::borrow::Cow;
use std::fmt::Write;

use regex::{Regex, RegexBuilder, bytes};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

mod translate;

/// Bytes that one compiled expression may take.
pub const MAX_EXPRESSION: usize = 1 << 20;

/// Bytes that its state cache may take while it is used.
const MAX_CACHE: usize = 1 << 18;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpressionFault {
    Unsupported(String),
    TooLarge,
}

#[derive(Clone, Debug)]
pub(crate) struct Expression {
    text: Regex,
    /// For bytes, when the path leads to such and every character is a byte.
    bytes: Option<bytes::Regex>,
}

impl Expression {
    /// Compiles a LIKE text into at most `room` bytes; for values that are bytes too, if asked.
    pub fn like(text: &str, binary: bool, room: usize) -> Result<Self, ExpressionFault> {
        let text: String = text.nfc().collect();
        let for_bytes = binary.then(|| like(&text, true));
        Self::build((&like(&text, false), for_bytes.as_deref()), &text, room)
    }

    /// Compiles a regular expression as [`Expression::like`] does.
    pub fn matches(text: &str, binary: bool, room: usize) -> Result<Self, ExpressionFault> {
        let text: String = text.nfc().collect();
        let unsupported = ExpressionFault::Unsupported;
        let for_text = translate::translate(&text, false).map_err(unsupported)?;
        let for_bytes = if binary {
            Some(translate::translate(&text, true).map_err(unsupported)?)
        } else {
            None
        };
        Self::build((&for_text, for_bytes.as_deref()), &text, room)
    }

    fn build(
        (for_text, for_bytes): (&str, Option<&str>),
        text: &str,
        room: usize,
    ) -> Result<Self, ExpressionFault> {
        let mut builder = RegexBuilder::new(for_text);
        let built = builder.size_limit(room).dfa_size_limit(MAX_CACHE).build();
        let mut expression = Self { text: built.map_err(fault)?, bytes: None };
        // A character that is no byte is nowhere in bytes.
        if let Some(source) = for_bytes.filter(|_| text.chars().all(|c| u32::from(c) < 256)) {
            let mut builder = bytes::RegexBuilder::new(source);
            let builder = builder.unicode(false).size_limit(room);
            expression.bytes = Some(builder.dfa_size_limit(MAX_CACHE).build().map_err(fault)?);
        }
        Ok(expression)
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.text.is_match(&nfc(text))
    }

    pub fn is_match_bytes(&self, bytes: &[u8]) -> bool {
        self.bytes.as_ref().is_some_and(|expression| expression.is_match(bytes))
    }
}

fn fault(error: regex::Error) -> ExpressionFault {
    match error {
        regex::Error::CompiledTooBig(_) => ExpressionFault::TooLarge,
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or("").trim_start_matches("error: ");
            ExpressionFault::Unsupported(last.to_owned())
        }
    }
}

fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

/// LIKE as a regular expression.
fn like(text: &str, bytes: bool) -> String {
    let mut out = String::from(r"(?s)\A");
    for c in text.chars() {
        match c {
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            _ => literal(&mut out, c, bytes),
        }
    }
    out.push_str(r"\z");
    out
}

/// Writes one character that means itself, inside and outside of classes.
fn literal(out: &mut String, c: char, bytes: bool) {
    if bytes && !c.is_ascii() {
        // Writing to a string does not fail.
        let _ = write!(out, r"\x{:02X}", u32::from(c) & 0xff);
        return;
    }
    if r"\.+*?()|[]{}^$#&-~".contains(c) {
        out.push('\\');
    }
    out.push(c);
}
