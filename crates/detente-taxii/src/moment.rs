//! Points in time of TAXII: microseconds, in UTC.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// Prints with six digits: TAXII asks for microseconds (section 3.2 of TAXII 2.1), and a filter by
/// a time that was printed must hit exactly that time.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

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
        Timestamp::from_microsecond(micros).ok().map(|_| Moment(micros))
    }

    /// Reads an RFC 3339 time with a `Z`; digits beyond microseconds are dropped.
    pub fn read(text: &str) -> Option<Moment> {
        if text.len() > MAX_TIME || !text.ends_with(['Z', 'z']) {
            return None;
        }
        let time: Timestamp = text.parse().ok()?;
        Some(Moment(time.as_microsecond()))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Timestamp::from_microsecond(self.0).unwrap_or_default();
        f.write_str(&PRINTER.timestamp_to_string(&time))
    }
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
        for bad in ["", "2026-11-26", "2026-11-26T10:00:00", "2026-13-26T10:00:00Z", "now"] {
            assert_eq!(Moment::read(bad), None, "{bad}");
        }
        assert_eq!(Moment::of(i64::MAX), None);
    }

    proptest! {
        #[test]
        fn prints_what_it_reads(micros in -62_135_596_800_000_000_i64..253_402_200_000_000_000) {
            let moment = Moment::of(micros).expect("in range");
            prop_assert_eq!(Moment::read(&moment.to_string()), Some(moment));
        }
    }
}
