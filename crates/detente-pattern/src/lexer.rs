//! Words, constants and symbols of a pattern.
//!
//! Grammar: the lexer rules of the OASIS grammar `STIXPattern.g4` for STIX 2.1; the longest match
//! counts. White space and comments are passed. One token at a time, nothing kept.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::Dialect;
use crate::fault::PatternFault;
use crate::timestamp::Timestamp;
use crate::tree::Constant;

/// Standard alphabet, padded. The grammar leaves the unused bits of the last character free.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// One token with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'t> {
    /// In bytes from the start.
    pub at: usize,
    pub kind: Kind<'t>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind<'t> {
    /// A keyword or name; names may hold hyphens.
    Word(&'t str),
    /// A constant other than `true` and `false`; whether a minus stands before it.
    Constant {
        value: Constant,
        minus: bool,
    },
    Symbol(&'static str),
    End,
}

/// The longer ones first.
const SYMBOLS: [&str; 16] =
    ["<=", ">=", "!=", "<>", "==", "=", "<", ">", "[", "]", "(", ")", ",", ":", ".", "*"];

#[derive(Clone, Debug)]
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    dialect: Dialect,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t str, dialect: Dialect) -> Self {
        Self { text, at: 0, dialect }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn expected<T>(&self, at: usize, expected: &'static str) -> Result<T, PatternFault> {
        Err(PatternFault::Expected { at, expected })
    }

    /// The next token; [`Kind::End`] at the end, however often it is asked for.
    pub fn next(&mut self) -> Result<Token<'t>, PatternFault> {
        self.space();
        let (at, rest) = (self.at, self.rest());
        let Some(first) = rest.chars().next() else {
            return Ok(Token { at, kind: Kind::End });
        };
        if first == '\'' {
            let value = Constant::Text(self.string()?);
            return Ok(Token { at, kind: Kind::Constant { value, minus: false } });
        }
        if matches!(first, 'h' | 'b' | 't') && rest.get(1..2) == Some("'") {
            let value = self.prefixed(first)?;
            return Ok(Token { at, kind: Kind::Constant { value, minus: false } });
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            self.at += end;
            return Ok(Token { at, kind: Kind::Word(rest.get(..end).unwrap_or("")) });
        }
        if let Some((value, length)) = self.number()? {
            self.at += length;
            return Ok(Token { at, kind: Kind::Constant { value, minus: first == '-' } });
        }
        match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            Some(symbol) => {
                self.at += symbol.len();
                Ok(Token { at, kind: Kind::Symbol(symbol) })
            }
            None => self.expected(at, "a word, constant or symbol of a pattern"),
        }
    }

    /// Passes white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let length = if trimmed.starts_with("//") {
                trimmed.find(['\r', '\n']).unwrap_or(trimmed.len())
            } else if let Some(end) = trimmed.strip_prefix("/*").and_then(|body| body.find("*/")) {
                end + 4
            } else {
                return;
            };
            self.at += length;
        }
    }

    /// The longest integer or float that begins here, with its length.
    fn number(&self) -> Result<Option<(Constant, usize)>, PatternFault> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits = |from: usize| {
            let tail = bytes.get(from..).unwrap_or(&[]);
            tail.iter().take_while(|b| b.is_ascii_digit()).count()
        };
        let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        let whole = digits(sign);
        let point = sign + whole;
        if bytes.get(point) == Some(&b'.') && digits(point + 1) > 0 {
            let length = point + 1 + digits(point + 1);
            // `.5` reads as Rust reads it too.
            return match rest.get(..length).and_then(|text| text.parse::<f64>().ok()) {
                Some(value) if value.is_finite() => Ok(Some((Constant::Float(value), length))),
                _ => self.out_of_range(),
            };
        }
        if whole == 0 {
            return Ok(None);
        }
        // A number does not begin with 0, so that 01 is two of them, which never fits.
        let zero = bytes.get(sign) == Some(&b'0') && self.dialect == Dialect::Strict;
        let length = if zero { sign + 1 } else { point };
        match rest.get(..length).and_then(|text| text.parse::<i128>().ok()) {
            Some(value) => Ok(Some((Constant::Integer(value), length))),
            None => self.out_of_range(),
        }
    }

    fn out_of_range<T>(&self) -> Result<T, PatternFault> {
        Err(PatternFault::Number { at: self.at, wrong: "a number out of range" })
    }

    /// `h'..'`, `b'..'` and `t'..'`.
    fn prefixed(&mut self, prefix: char) -> Result<Constant, PatternFault> {
        let (at, body) = (self.at, self.rest().get(2..).unwrap_or(""));
        let Some(inside) = body.find('\'').and_then(|end| body.get(..end)) else {
            return self.expected(self.text.len(), "a closing quote");
        };
        let (value, expected) = match prefix {
            'h' => (hex::decode(inside).ok().map(Constant::Hex), "pairs of hexadecimal digits"),
            'b' => {
                let bytes = BASE64.decode(inside).ok().filter(|bytes| !bytes.is_empty());
                (bytes.map(Constant::Binary), "Base64")
            }
            _ => (
                Timestamp::parse(inside).map(Constant::Timestamp),
                "a time such as 2017-07-08T00:00:00Z",
            ),
        };
        let Some(value) = value else {
            return self.expected(at + 2, expected);
        };
        self.at += inside.len() + 3;
        Ok(value)
    }

    /// A quoted text. Only the quote and the backslash may be escaped; the lenient dialect takes
    /// a backslash before anything else as itself.
    fn string(&mut self) -> Result<String, PatternFault> {
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at += at + 1;
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, next @ ('\'' | '\\'))) => out.push(next),
                    Some((_, next)) if self.dialect == Dialect::Lenient => {
                        out.extend(['\\', next]);
                    }
                    Some(_) => {
                        return self
                            .expected(self.at + at, "a quote or backslash behind the backslash");
                    }
                    None => break,
                },
                _ => out.push(c),
            }
        }
        self.expected(self.text.len(), "a closing quote")
    }
}
