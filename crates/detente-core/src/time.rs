//! Points and spans of time as whole seconds. Nothing here asks what time it is.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(u64);

impl UnixSeconds {
    /// 9999-12-30T22:00:00Z, the last point that prints as RFC 3339 in every time zone.
    pub const MAX: UnixSeconds = UnixSeconds(253_402_207_200);

    /// A point in time; later than [`UnixSeconds::MAX`] becomes that.
    pub const fn new(seconds: u64) -> UnixSeconds {
        if seconds > UnixSeconds::MAX.0 { UnixSeconds::MAX } else { UnixSeconds(seconds) }
    }

    /// The number of seconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// This point moved forward.
    pub const fn plus(self, span: Span) -> UnixSeconds {
        UnixSeconds::new(self.0.saturating_add(span.0))
    }

    /// This point moved back, not before 1970.
    pub const fn minus(self, span: Span) -> UnixSeconds {
        UnixSeconds(self.0.saturating_sub(span.0))
    }

    /// Reads `2027-12-31` (its first second, UTC) or an RFC 3339 timestamp with offset.
    pub fn parse(text: &str) -> Result<UnixSeconds, BadTime> {
        let bad = || BadTime(text.chars().take(40).collect());
        let full;
        let spelled = if text.len() == 10 {
            full = format!("{text}T00:00:00Z");
            &full
        } else {
            text
        };
        let stamp: Timestamp = spelled.parse().map_err(|_| bad())?;
        let seconds = u64::try_from(stamp.as_second()).map_err(|_| bad())?;
        Ok(UnixSeconds::new(seconds))
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0).unwrap_or(0);
        match Timestamp::from_second(seconds) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// The longest span that a text may name: a hundred years.
    pub const MAX: Span = Span(100 * 365 * 86_400);

    /// A span of so many seconds.
    pub const fn seconds(seconds: u64) -> Span {
        Span(seconds)
    }

    /// The number of seconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The span unit by unit, for people: `30 days 4 seconds`.
    pub fn words(self) -> String {
        let mut rest = self.0;
        let mut words = Vec::new();
        for (unit, name) in [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")] {
            let number = rest / unit;
            rest %= unit;
            if number > 0 {
                words.push(format!("{number} {name}{}", if number == 1 { "" } else { "s" }));
            }
        }
        if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
    }
}

impl FromStr for Span {
    type Err = BadTime;

    /// Reads the ISO 8601 durations `P30D`, `P2W`, `PT24H`, `PT30M`, `PT90S`: one number, one
    /// unit. Months and years are refused, since their length differs.
    fn from_str(text: &str) -> Result<Span, BadTime> {
        let bad = || BadTime(text.chars().take(40).collect());
        let (digits, unit) = match text.strip_prefix("PT") {
            Some(rest) => match rest.chars().last() {
                Some('H') => (rest.strip_suffix('H'), 3_600),
                Some('M') => (rest.strip_suffix('M'), 60),
                Some('S') => (rest.strip_suffix('S'), 1),
                _ => return Err(bad()),
            },
            None => match text.chars().last() {
                Some('D') => (text.strip_prefix('P').and_then(|t| t.strip_suffix('D')), 86_400),
                Some('W') => (text.strip_prefix('P').and_then(|t| t.strip_suffix('W')), 604_800),
                _ => return Err(bad()),
            },
        };
        let digits = digits.ok_or_else(bad)?;
        if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let number: u64 = digits.parse().map_err(|_| bad())?;
        let seconds = number.checked_mul(unit).ok_or_else(bad)?;
        if number == 0 || seconds > Span::MAX.0 {
            return Err(bad());
        }
        Ok(Span(seconds))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, name) in [(86_400, "day"), (3_600, "hour"), (60, "minute")] {
            if self.0 >= unit && self.0.is_multiple_of(unit) {
                let number = self.0 / unit;
                return write!(f, "{number} {name}{}", if number == 1 { "" } else { "s" });
            }
        }
        write!(f, "{} seconds", self.0)
    }
}

/// The text names no time or span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {0:?} as a time: use 2027-12-31, 2027-12-31T12:00:00Z, P30D or PT24H")]
pub struct BadTime(pub String);

#[cfg(test)]
mod tests {
    use super::{Span, UnixSeconds};

    #[test]
    fn spans_read_and_print() {
        assert_eq!(Span::seconds(13 * 3_600).words(), "13 hours");
        assert_eq!(Span::seconds(30 * 86_400 + 4).words(), "30 days 4 seconds");
        assert_eq!(Span::seconds(61).words(), "1 minute 1 second");
        assert_eq!(Span::seconds(0).words(), "0 seconds");
        assert_eq!("P30D".parse(), Ok(Span::seconds(30 * 86_400)));
        assert_eq!("PT24H".parse::<Span>().unwrap().to_string(), "1 day");
        assert_eq!("PT90S".parse::<Span>().unwrap().to_string(), "90 seconds");
        for wrong in ["", "P", "PT", "30d", "P1Y", "P1M", "P-1D", "P0D", "PT1D", "P99999999999D"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_read_and_print() {
        let day = UnixSeconds::parse("2027-12-31").unwrap();
        assert_eq!(day.to_string(), "2027-12-31T00:00:00Z");
        assert_eq!(UnixSeconds::parse("2027-12-31T02:00:00+02:00"), Ok(day));
        assert!(UnixSeconds::parse("2027-13-31").is_err());
        assert!(UnixSeconds::parse("1969-12-31").is_err());
        assert!(UnixSeconds::parse("2027-12-31T02:00:00").is_err(), "no offset");
        assert_eq!(UnixSeconds::new(u64::MAX).to_string(), "9999-12-30T22:00:00Z");
    }
}
