//! Dates added as other servers write them: exact, whatever their precision.
//!
//! A server's clock may count seconds, milliseconds or nanoseconds. A stamp keeps as many digits as
//! came, so that what is asked with is what was answered; it never passes through a float.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Serialize};

use crate::moment::{MAX_TIME, Moment};

/// Digits behind the point that are kept; later ones are dropped, which asks for more, never for
/// less. Count.
const MAX_DIGITS: u8 = 18;
/// Digits of microseconds. A stamp is printed with no fewer: TAXII asks for them (section 3.2 of
/// TAXII 2.1), and there are servers that read nothing else. Count.
const MICROS: u8 = 6;

const SECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(0));

/// A point in time in UTC with the precision with which it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Whole seconds since 1970, rounded down.
    seconds: i64,
    /// What is behind the point, as a whole number of units.
    fraction: u64,
    /// How many digits the fraction has: its unit is 10 to the power of minus this, in seconds.
    digits: u8,
}

impl Stamp {
    /// Reads an RFC 3339 time in UTC or with an offset, with any count of digits.
    pub fn read(text: &str) -> Option<Stamp> {
        let text = text.trim();
        if text.len() > MAX_TIME || !text.is_ascii() {
            return None;
        }
        // The seconds are jiff's, the fraction is ours: jiff knows nine digits.
        let (whole, rest) = match text.split_once('.') {
            Some((whole, rest)) => {
                let end = rest.bytes().position(|byte| !byte.is_ascii_digit())?;
                if end == 0 {
                    return None;
                }
                (whole, rest.split_at_checked(end)?)
            }
            None => (text, ("", "")),
        };
        let (digits, zone) = rest;
        if zone.starts_with('.') {
            return None;
        }
        let time: Timestamp = format!("{whole}{zone}").parse().ok()?;
        let kept = digits.get(..digits.len().min(usize::from(MAX_DIGITS)))?;
        Some(Stamp {
            seconds: time.as_second(),
            fraction: if kept.is_empty() { 0 } else { kept.parse().ok()? },
            digits: u8::try_from(kept.len()).ok()?,
        })
    }

    /// A microsecond earlier, or one unit of its own precision if that is finer. What was added at
    /// the stamp itself was added after this, however coarse the clock that wrote it: coarse clocks
    /// cut digits off.
    #[must_use]
    pub fn before(self) -> Stamp {
        let digits = self.digits.clamp(MICROS, MAX_DIGITS);
        let fraction = self.fraction * 10_u64.pow(u32::from(digits.saturating_sub(self.digits)));
        match fraction.checked_sub(1) {
            Some(fraction) => Stamp { fraction, digits, ..self },
            None => Stamp {
                seconds: self.seconds.saturating_sub(1),
                fraction: 10_u64.pow(u32::from(digits)) - 1,
                digits,
            },
        }
    }

    /// So many seconds earlier.
    #[must_use]
    pub(crate) const fn earlier(self, seconds: i64) -> Stamp {
        Stamp { seconds: self.seconds.saturating_sub(seconds), ..self }
    }

    /// The last microsecond that a clock of its own precision writes as it.
    #[must_use]
    pub(crate) fn end(self) -> Stamp {
        let unit = 10_u64.pow(u32::from(MICROS.saturating_sub(self.digits)));
        let digits = self.digits.clamp(MICROS, MAX_DIGITS);
        Stamp { fraction: self.fraction * unit + (unit - 1), digits, ..self }
    }

    /// Whether it is later than this moment by more than so many seconds.
    pub(crate) fn is_beyond(self, now: Moment, seconds: i64) -> bool {
        self.seconds > now.micros().div_euclid(1_000_000).saturating_add(seconds)
    }

    /// Its fraction in the finest unit.
    fn finest(self) -> u64 {
        self.fraction * 10_u64.pow(u32::from(MAX_DIGITS - self.digits.min(MAX_DIGITS)))
    }
}

impl Ord for Stamp {
    fn cmp(&self, other: &Stamp) -> Ordering {
        let key = |stamp: &Stamp| (stamp.seconds, stamp.finest(), stamp.digits);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Stamp) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Timestamp::from_second(self.seconds).unwrap_or_default();
        let text = SECONDS.timestamp_to_string(&time);
        let width = usize::from(self.digits);
        let mut digits =
            if width == 0 { String::new() } else { format!("{:0width$}", self.fraction) };
        while digits.len() < usize::from(MICROS) {
            digits.push('0');
        }
        write!(f, "{}.{digits}Z", text.trim_end_matches('Z'))
    }
}

/// As text with the digits that came, so that the precision survives.
impl Serialize for Stamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.seconds, self.fraction, self.digits).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Stamp, D::Error> {
        let (seconds, fraction, digits) = <(i64, u64, u8)>::deserialize(deserializer)?;
        let fits = digits <= MAX_DIGITS && fraction < 10_u64.pow(u32::from(digits));
        if fits && Timestamp::from_second(seconds).is_ok() {
            return Ok(Stamp { seconds, fraction, digits });
        }
        Err(serde::de::Error::custom("no stamp"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stamp(text: &str) -> Stamp {
        Stamp::read(text).expect(text)
    }

    #[test]
    fn keeps_the_precision_that_came() {
        for (text, printed, before) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z", "2026-01-02T03:04:04.999999Z"),
            (
                "2026-01-02T03:04:05.120Z",
                "2026-01-02T03:04:05.120000Z",
                "2026-01-02T03:04:05.119999Z",
            ),
            (
                "2026-01-02T03:04:05.000000Z",
                "2026-01-02T03:04:05.000000Z",
                "2026-01-02T03:04:04.999999Z",
            ),
            (
                "2026-01-02T03:04:05.123456789z",
                "2026-01-02T03:04:05.123456789Z",
                "2026-01-02T03:04:05.123456788Z",
            ),
            (
                "2026-01-02T05:04:05.5+02:00",
                "2026-01-02T03:04:05.500000Z",
                "2026-01-02T03:04:05.499999Z",
            ),
            (
                "1969-12-31T23:59:59.5Z",
                "1969-12-31T23:59:59.500000Z",
                "1969-12-31T23:59:59.499999Z",
            ),
            (
                "2026-01-02T03:04:05.1234567890123456789012Z",
                "2026-01-02T03:04:05.123456789012345678Z",
                "2026-01-02T03:04:05.123456789012345677Z",
            ),
        ] {
            assert_eq!(stamp(text).to_string(), printed, "{text}");
            assert_eq!(stamp(text).before().to_string(), before, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for bad in [
            "",
            "now",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05.5",
            "2026-13-02T03:04:05Z",
            "1767323045.123456",
            "2026-01-02T03:04:05.5.5Z",
            "+999999-01-01T00:00:00Z",
        ] {
            assert_eq!(Stamp::read(bad), None, "{bad}");
        }
        assert_eq!(Stamp::read(&format!("2026-01-02T03:04:05.{}Z", "1".repeat(80))), None);
    }

    #[test]
    fn the_order_is_that_of_time() {
        let all = ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.12Z"];
        assert!(all.map(stamp).is_sorted());
        assert!(stamp("2026-01-02T03:04:05.119999999Z") < stamp("2026-01-02T03:04:05.12Z"));
    }

    proptest! {
        #[test]
        fn prints_what_it_reads_and_survives_the_store(
            seconds in -60_000_000_000_i64..250_000_000_000, fraction in 0_u64..1_000_000_000,
            digits in 0_u8..=18,
        ) {
            let fraction = fraction % 10_u64.pow(u32::from(digits.min(9)));
            let stamp = Stamp { seconds, fraction, digits };
            let again = Stamp::read(&stamp.to_string()).expect("a stamp");
            prop_assert_eq!((again.seconds, again.finest()), (stamp.seconds, stamp.finest()));
            prop_assert!(stamp.before() < stamp);
            let json = serde_json::to_string(&stamp).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Stamp>(&json).expect("a stamp"), stamp);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = Stamp::read(&text);
        }
    }
}
