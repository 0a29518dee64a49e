//! Timestamps as STIX writes them: RFC 3339 in UTC with `Z` (STIX 2.1 §2.16, 2.0 part 1 §2.13).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::identifier::excerpt;

/// The longest timestamp, in bytes: 43 digits after the second.
pub const MAX_TIMESTAMP: usize = 64;
/// Up to the second: `YYYY-MM-DDTHH:mm:ss`.
const SECOND_END: usize = 19;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A time with the text that told it: equal times may be written differently, and what is served
/// on must be what came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp<'a> {
    text: Cow<'a, str>,
    micros: i64,
}

/// The text is no timestamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampFault {
    /// Not `YYYY-MM-DDTHH:mm:ss[.s+]Z`.
    #[error("timestamp {0:?} is not written as YYYY-MM-DDTHH:mm:ss[.s+]Z")]
    Form(String),
    /// A month, day, hour, minute or second that does not exist, or the year 0.
    #[error("timestamp {0:?} names a time that does not exist")]
    Range(String),
}

impl TimestampFault {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            TimestampFault::Form(_) => "stix-timestamp-form",
            TimestampFault::Range(_) => "stix-timestamp-range",
        }
    }
}

impl<'a> Timestamp<'a> {
    /// Reads a timestamp of the years 1 to 9999, at most [`MAX_TIMESTAMP`] bytes long. A leap
    /// second is taken where one can stand, at the end of a month in UTC, and counts as the
    /// second after it.
    ///
    /// # Errors
    /// [`TimestampFault::Form`] for another way of writing, [`TimestampFault::Range`] for a time
    /// that does not exist.
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Timestamp<'a>, TimestampFault> {
        let text = text.into();
        let Some(fields) = Fields::split(text.as_bytes()) else {
            return Err(TimestampFault::Form(excerpt(&text)));
        };
        match fields.micros() {
            Some(micros) => Ok(Timestamp { text, micros }),
            None => Err(TimestampFault::Range(excerpt(&text))),
        }
    }

    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Microseconds since 1970-01-01T00:00:00Z; finer digits are dropped.
    pub const fn micros(&self) -> i64 {
        self.micros
    }

    /// How many digits stand after the second.
    pub fn fraction_digits(&self) -> usize {
        self.fraction().len()
    }

    /// The order in time, to the last digit. Equal times may be unequal texts.
    pub fn compare(&self, other: &Timestamp<'_>) -> Ordering {
        let (mine, other_fine) = (self.finer(), other.finer());
        self.micros.cmp(&other.micros).then_with(|| mine.cmp(other_fine))
    }

    /// The same time, free of the bytes it was read from.
    pub fn into_owned(self) -> Timestamp<'static> {
        Timestamp { text: Cow::Owned(self.text.into_owned()), micros: self.micros }
    }

    fn fraction(&self) -> &str {
        let end = self.text.len().saturating_sub(1);
        self.text.get(SECOND_END + 1..end).unwrap_or("")
    }

    /// The digits after the microsecond, without trailing zeros.
    fn finer(&self) -> &str {
        self.fraction().get(6..).unwrap_or("").trim_end_matches('0')
    }
}

impl fmt::Display for Timestamp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

struct Fields<'t> {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: &'t [u8],
}

impl<'t> Fields<'t> {
    fn split(text: &'t [u8]) -> Option<Fields<'t>> {
        if text.len() > MAX_TIMESTAMP {
            return None;
        }
        let (clock, rest) = text.split_at_checked(SECOND_END)?;
        for (at, wanted) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
            if clock.get(at) != Some(&wanted) {
                return None;
            }
        }
        let fraction = match rest.strip_suffix(b"Z")? {
            [] => &[],
            [b'.', digits @ ..] if !digits.is_empty() => digits,
            _ => return None,
        };
        if !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(Fields {
            year: digits(clock, 0, 4)?,
            month: digits(clock, 5, 2)?,
            day: digits(clock, 8, 2)?,
            hour: digits(clock, 11, 2)?,
            minute: digits(clock, 14, 2)?,
            second: digits(clock, 17, 2)?,
            fraction,
        })
    }

    fn micros(&self) -> Option<i64> {
        let last = days_in_month(self.year, self.month)?;
        let is_leap_second =
            self.second == 60 && self.minute == 59 && self.hour == 23 && self.day == last;
        if self.year < 1
            || !(1..=last).contains(&self.day)
            || self.hour > 23
            || self.minute > 59
            || (self.second > 59 && !is_leap_second)
        {
            return None;
        }
        let days = days_from_civil(self.year, self.month, self.day);
        let seconds = days * 86_400 + self.hour * 3_600 + self.minute * 60 + self.second;
        let mut fraction = 0;
        for place in 0..6 {
            let digit = self.fraction.get(place).map_or(0, |b| i64::from(b - b'0'));
            fraction = fraction * 10 + digit;
        }
        Some(seconds * MICROS_PER_SECOND + fraction)
    }
}

fn digits(text: &[u8], from: usize, count: usize) -> Option<i64> {
    let mut value = 0;
    for byte in text.get(from..from + count)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(value)
}

fn days_in_month(year: i64, month: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if leap => Some(29),
        2 => Some(28),
        _ => None,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `days_from_civil`).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.000001Z", 1),
            ("1970-01-01T00:00:00.0000019Z", 1),
            ("1969-12-31T23:59:59.5Z", -500_000),
            ("2016-01-20T12:31:12.12345Z", 1_453_293_072_123_450),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ] {
            let time = Timestamp::parse(text).expect(text);
            assert_eq!(time.micros(), micros, "{text}");
            assert_eq!(time.as_str(), text);
        }
    }

    #[test]
    fn refuses() {
        for (text, code) in [
            ("", "stix-timestamp-form"),
            ("2016-01-20", "stix-timestamp-form"),
            ("2016-01-20T12:31:12", "stix-timestamp-form"),
            ("2016-01-20T12:31:12.Z", "stix-timestamp-form"),
            ("2016-01-20T12:31:12z", "stix-timestamp-form"),
            ("2016-01-20t12:31:12Z", "stix-timestamp-form"),
            ("2016-01-20 12:31:12Z", "stix-timestamp-form"),
            ("2016-01-20T12:31:12+00:00", "stix-timestamp-form"),
            ("2016-01-20T12:31:12.1a2Z", "stix-timestamp-form"),
            ("２016-01-20T12:31:12Z", "stix-timestamp-form"),
            (
                "2016-01-20T12:31:12.00000000000000000000000000000000000000000000Z",
                "stix-timestamp-form",
            ),
            ("0000-01-01T00:00:00Z", "stix-timestamp-range"),
            ("2016-13-20T12:31:12Z", "stix-timestamp-range"),
            ("2015-02-29T12:31:12Z", "stix-timestamp-range"),
            ("2016-01-20T24:00:00Z", "stix-timestamp-range"),
            ("2016-01-20T12:60:00Z", "stix-timestamp-range"),
            ("2016-01-20T12:31:60Z", "stix-timestamp-range"),
        ] {
            assert_eq!(Timestamp::parse(text).expect_err(text).code(), code, "{text}");
        }
    }

    #[test]
    fn compares_to_the_last_digit() {
        let order = |a: &'static str, b: &'static str| {
            let (a, b) = (Timestamp::parse(a).expect(a), Timestamp::parse(b).expect(b));
            a.compare(&b)
        };
        let (short, long) = ("2016-01-20T12:31:12Z", "2016-01-20T12:31:12.000000000Z");
        assert_eq!(order(short, long), Ordering::Equal);
        let fine = "2016-01-20T12:31:12.0000000001Z";
        assert_eq!(order(short, fine), Ordering::Less);
        assert_eq!(order("2016-01-20T12:31:12.0000000002Z", fine), Ordering::Greater);
        assert_eq!(order("2016-01-20T12:31:12.1Z", fine), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,70}") {
            let _ = Timestamp::parse(text);
        }

        #[test]
        fn grows_with_time(
            year in 1i64..9999, month in 1i64..=12, day in 1i64..=27, hour in 0i64..23,
        ) {
            let at = |day, hour| {
                let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:00:00Z");
                Timestamp::parse(text).expect("a time").micros()
            };
            prop_assert_eq!(at(day, hour + 1) - at(day, hour), 3_600_000_000);
            prop_assert_eq!(at(day + 1, hour) - at(day, hour), 86_400_000_000);
        }
    }
}
