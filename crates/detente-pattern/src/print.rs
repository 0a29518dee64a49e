//! Trees as text, and constants and paths as plain values.
//!
//! What is printed parses to the same tree. Parentheses stand only where the tree needs them.

use std::fmt::{self, Display, Formatter, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::parser::{duplicate, is_keyword};
use crate::tree::{
    Comparison, ComparisonExpression, Constant, ObjectPath, ObservationExpression, Operator,
    Qualifier, Seconds, Step,
};

/// How tightly an operator binds: more is tighter.
const FOLLOWED_BY: u8 = 1;
const OR: u8 = 2;
const AND: u8 = 3;
const QUALIFIED: u8 = 4;
const TEST: u8 = 5;

impl ObservationExpression {
    fn binding(&self) -> u8 {
        match self {
            ObservationExpression::FollowedBy(_) => FOLLOWED_BY,
            ObservationExpression::Or(_) => OR,
            ObservationExpression::And(_) => AND,
            ObservationExpression::Qualified(..) => QUALIFIED,
            ObservationExpression::Test(_) => TEST,
        }
    }
}

impl Display for ObservationExpression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            ObservationExpression::Test(test) => return write!(f, "[{test}]"),
            ObservationExpression::Qualified(inner, qualifiers) => {
                let group = inner.binding() < TEST || duplicate(qualifiers).is_some();
                grouped(f, inner, group)?;
                return qualifiers.iter().try_for_each(|qualifier| write!(f, " {qualifier}"));
            }
            ObservationExpression::And(parts) => (parts, "AND"),
            ObservationExpression::Or(parts) => (parts, "OR"),
            ObservationExpression::FollowedBy(parts) => (parts, "FOLLOWEDBY"),
        };
        joined(f, parts, word, |part| part.binding() <= self.binding())
    }
}

impl ComparisonExpression {
    fn binding(&self) -> u8 {
        match self {
            ComparisonExpression::Or(_) => OR,
            ComparisonExpression::And(_) => AND,
            ComparisonExpression::Comparison(_) => TEST,
        }
    }
}

impl Display for ComparisonExpression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            ComparisonExpression::Comparison(comparison) => return comparison.fmt(f),
            ComparisonExpression::And(parts) => (parts, "AND"),
            ComparisonExpression::Or(parts) => (parts, "OR"),
        };
        joined(f, parts, word, |part| part.binding() <= self.binding())
    }
}

fn joined<T: Display>(
    f: &mut Formatter<'_>,
    parts: &[T],
    word: &str,
    needs_parentheses: impl Fn(&T) -> bool,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            write!(f, " {word} ")?;
        }
        grouped(f, part, needs_parentheses(part))?;
    }
    Ok(())
}

fn grouped(f: &mut Formatter<'_>, part: &impl Display, parentheses: bool) -> fmt::Result {
    if parentheses { write!(f, "({part})") } else { part.fmt(f) }
}

impl Display for Qualifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Qualifier::Within(Seconds::Whole(seconds)) => write!(f, "WITHIN {seconds} SECONDS"),
            Qualifier::Within(Seconds::Fraction(seconds)) => {
                f.write_str("WITHIN ")?;
                float(f, *seconds)?;
                f.write_str(" SECONDS")
            }
            Qualifier::Repeats(times) => write!(f, "REPEATS {times} TIMES"),
            Qualifier::StartStop(start, stop) => write!(f, "START t'{start}' STOP t'{stop}'"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = if self.negated { "NOT " } else { "" };
        if self.operator == Operator::Exists {
            return write!(f, "{not}EXISTS {}", self.path);
        }
        write!(f, "{} {not}{} ", self.path, self.operator.text())?;
        if self.operator != Operator::In {
            return self.constants.first().map_or(Ok(()), |constant| constant.fmt(f));
        }
        f.write_char('(')?;
        joined_by_comma(f, &self.constants)?;
        f.write_char(')')
    }
}

fn joined_by_comma(f: &mut Formatter<'_>, constants: &[Constant]) -> fmt::Result {
    for (at, constant) in constants.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        constant.fmt(f)?;
    }
    Ok(())
}

impl Display for ObjectPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.object_type)?;
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Property(name) => {
                    if at > 0 {
                        f.write_char('.')?;
                    }
                    if is_bare(name) { f.write_str(name)? } else { quoted(f, name)? }
                }
                Step::Index(place) => write!(f, "[{place}]")?,
                Step::Every => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl ObjectPath {
    /// As a plain name, without quotes: `file:hashes.SHA-256`.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut out = format!("{}:", self.object_type);
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Property(name) => {
                    out.push_str(if at > 0 { "." } else { "" });
                    out.push_str(name);
                }
                Step::Index(place) => out.push_str(&format!("[{place}]")),
                Step::Every => out.push_str("[*]"),
            }
        }
        out
    }
}

/// Whether a property name needs no quotes: a letter or `_`, then those and digits, no keyword.
fn is_bare(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    name.bytes().next().is_some_and(letter)
        && name.bytes().all(|b| letter(b) || b.is_ascii_digit())
        && !is_keyword(name)
}

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Constant::Binary(bytes) => write!(f, "b'{}'", STANDARD.encode(bytes)),
            Constant::Boolean(value) => write!(f, "{value}"),
            Constant::Float(value) => float(f, *value),
            Constant::Hex(bytes) => write!(f, "h'{}'", hex::encode(bytes)),
            Constant::Integer(value) => write!(f, "{value}"),
            Constant::Text(text) => quoted(f, text),
            Constant::Timestamp(time) => write!(f, "t'{time}'"),
        }
    }
}

impl Constant {
    /// As a plain value: text without quotes and escapes, bytes in hexadecimal, all others as
    /// they are written.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Constant::Text(text) => text.clone(),
            Constant::Binary(bytes) | Constant::Hex(bytes) => hex::encode(bytes),
            Constant::Timestamp(time) => time.to_string(),
            other => other.to_string(),
        }
    }
}

/// Without exponent, which the grammar does not know, and always with a point.
fn float(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    let text = value.to_string();
    f.write_str(&text)?;
    if text.contains('.') { Ok(()) } else { f.write_str(".0") }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('\'')
}
