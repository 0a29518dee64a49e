//! How far a party has committed itself on a matter: the ladder of levels.
//!
//! Source: Vienna Convention on the Law of Treaties, articles 10 to 18, and the practice of
//! negotiation below them. No level is inferred from form: each act states its own.

use std::fmt;
use std::str::FromStr;

/// A rung of the ladder. The order is the order of commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Takes back what it had said, or declines.
    Withdrawn = 1,
    /// Keeps its position open.
    Reserved = 2,
    /// Was said outside the record: shown, without effect.
    Stated = 3,
    /// Has put an idea forward to see how it is taken.
    Floated = 4,
    /// Has put words forward.
    Proposed = 5,
    /// Supports it in principle.
    Supported = 6,
    /// Agrees, if its capital does.
    AgreedAdReferendum = 7,
    /// Agrees: its capital has confirmed what was agreed ad referendum.
    Agreed = 8,
    /// Has initialled the text: these are the words (VCLT 10).
    Initialled = 9,
    /// Has signed, if its capital confirms (VCLT 12).
    SignedAdReferendum = 10,
    /// Has signed (VCLT 11, 12).
    Signed = 11,
    /// Has consented to be bound by ratification or accession (VCLT 14, 15).
    Bound = 12,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Level; 12] = [
        Level::Withdrawn,
        Level::Reserved,
        Level::Stated,
        Level::Floated,
        Level::Proposed,
        Level::Supported,
        Level::AgreedAdReferendum,
        Level::Agreed,
        Level::Initialled,
        Level::SignedAdReferendum,
        Level::Signed,
        Level::Bound,
    ];

    /// The signed code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The level with this code.
    pub fn from_code(code: u8) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.code() == code)
    }

    /// The word in options and machine output.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Withdrawn => "withdrawn",
            Level::Reserved => "reserved",
            Level::Stated => "stated",
            Level::Floated => "floated",
            Level::Proposed => "proposed",
            Level::Supported => "supported",
            Level::AgreedAdReferendum => "agreed-ad-referendum",
            Level::Agreed => "agreed",
            Level::Initialled => "initialled",
            Level::SignedAdReferendum => "signed-ad-referendum",
            Level::Signed => "signed",
            Level::Bound => "bound",
        }
    }

    /// In words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Level::Withdrawn => "withdrawn",
            Level::Reserved => "position reserved",
            Level::Stated => "stated",
            Level::Floated => "floated",
            Level::Proposed => "proposed",
            Level::Supported => "supported in principle",
            Level::AgreedAdReferendum => "agreed ad referendum",
            Level::Agreed => "agreed",
            Level::Initialled => "initialled",
            Level::SignedAdReferendum => "signed ad referendum",
            Level::Signed => "signed",
            Level::Bound => "bound",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// The text names no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown level {0:?}: write one of {list}", list = Level::ALL.map(Level::name).join(", "))]
pub struct UnknownLevel(pub String);

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Level, UnknownLevel> {
        let mut all = Level::ALL.into_iter();
        all.find(|level| level.name() == text)
            .ok_or_else(|| UnknownLevel(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn levels_rise_with_their_codes_and_have_their_words() {
        assert!(Level::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        for level in Level::ALL {
            assert_eq!(Level::from_code(level.code()), Some(level));
            assert_eq!(level.name().parse(), Ok(level));
        }
        assert_eq!(Level::from_code(0), None);
        let unknown = "promised".parse::<Level>().unwrap_err().to_string();
        assert!(unknown.contains("agreed-ad-referendum"), "{unknown}");
    }
}
