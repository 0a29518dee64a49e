//! Points in time of TAXII: microseconds, in UTC.

use std::fmt;

use jiff::civil::{DateTime, date};
use jiff::fmt::temporal::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};

/// Prints with six digits: TAXII asks for microseconds (section 3.2 of TAXII 2.1), and a filter by
/// a time that was printed must hit exactly that time.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// The first microsecond of the year 1, and the last of the year 9999.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// The longest text that is read as a time. Bytes.
pub const MAX_TIME: usize = 64;

/// A point in time. Microseconds since 1970, years 0001 to 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// 1970.
    pub const START: Moment = Moment(0);

    /// The moment this many microseconds after 1970 began; none beyond the year 9999.
    pub fn of(micros: i64) -> Option<Moment> {
        RANGE.contains(&micros).then_some(Moment(micros))
    }

    /// Reads an RFC 3339 time with a `Z`; digits beyond microseconds are dropped.
    pub fn read(text: &str) -> Option<Moment> {
        if text.len() > MAX_TIME || !text.ends_with(['Z', 'z']) {
            return None;
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return Moment::of(time.as_microsecond());
        }
        // The last two days of 9999 are no timestamps of the library's, nor are more than nine
        // digits: read as a date and a time of day.
        let text = text.get(..text.len() - 1)?;
        let whole = text.get(..text.find('.').unwrap_or(text.len()))?;
        let digits = text.get(whole.len()..)?.strip_prefix('.').unwrap_or("0");
        let is_plain = whole.len() == 19 && matches!(whole.as_bytes().get(10), Some(b'T' | b't'));
        if !is_plain || digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let whole: DateTime = whole.parse().ok()?;
        let seconds = whole.duration_since(epoch()).as_secs();
        let digit = |sum: i64, at: usize| {
            10 * sum + digits.as_bytes().get(at).map_or(0, |digit| i64::from(digit - b'0'))
        };
        let micros = (0..6).fold(0, digit);
        Moment::of(seconds.checked_mul(1_000_000)?.checked_add(micros)?)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(time) = Timestamp::from_microsecond(self.0) {
            return f.write_str(&PRINTER.timestamp_to_string(&time));
        }
        let time = epoch().checked_add(SignedDuration::from_micros(self.0)).unwrap_or(epoch());
        write!(f, "{}Z", PRINTER.datetime_to_string(&time))
    }
}

/// When 1970 began.
const fn epoch() -> DateTime {
    date(1970, 1, 1).at(0, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn six_digits_and_utc() {
        let moment = Moment::read("2026-11-26T10:00:00.5Z").expect("a time");
        assert_eq!(moment.to_string(), "2026-11-26T10:00:00.500000Z");
        let long = Moment::read("2026-11-26T10:00:00.1234567Z").expect("a time");
        assert_eq!(long.to_string(), "2026-11-26T10:00:00.123456Z");
        let long = Moment::read("2026-11-26T10:00:00.1234567890123Z").expect("a time");
        assert_eq!(long.to_string(), "2026-11-26T10:00:00.123456Z");
        let last = Moment::read("9999-12-31T23:59:59.9999999999Z").expect("a time");
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999999Z");
        let bad = [
            "",
            "Z",
            "2026-11-26",
            "2026-11-26Z",
            "2026-11-26T10:00:00",
            "2026-13-26T10:00:00Z",
            "9999-12-32T10:00:00Z",
            "9999-12-31T10:00:00.Z",
            "9999-12-31T10:00:00.xZ",
            "9999-12-31T10:00:00+01:00Z",
            "10000-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "now",
        ];
        for bad in bad {
            assert_eq!(Moment::read(bad), None, "{bad}");
        }
        assert_eq!(Moment::of(i64::MAX), None);
    }

    proptest! {
        #[test]
        fn prints_what_it_reads(micros in -62_135_596_800_000_000_i64..=253_402_300_799_999_999) {
            let moment = Moment::of(micros).expect("in range");
            prop_assert_eq!(Moment::read(&moment.to_string()), Some(moment));
        }
    }
}
