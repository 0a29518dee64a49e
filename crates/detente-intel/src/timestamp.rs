//! Times as feeds write them, read into Unix seconds.
//!
//! RFC 3339 with its usual slips: a space for the `T`, no seconds, no offset (then UTC), a bare
//! date. Years 1 to 9999; a leap second reads as the second after it. Whole numbers are Unix
//! seconds.

/// Reads a time as Unix seconds, or nothing if the text is no time that is understood. Fractions
/// are dropped.
pub fn parse_unix_seconds(text: &str) -> Option<i64> {
    parse(text).map(|(seconds, _)| seconds)
}

/// The same as microseconds since 1970; further digits are dropped.
pub fn parse_unix_micros(text: &str) -> Option<i64> {
    let (seconds, micros) = parse(text)?;
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

/// Seconds, and microseconds beside them.
fn parse(text: &str) -> Option<(i64, i64)> {
    let text = text.trim();
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    if !text.is_empty() && text.len() <= 11 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some((text.parse().ok()?, 0));
    }
    let days = days_from_civil(digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?)?;
    if text.get(4..5)? != "-" || text.get(7..8)? != "-" {
        return None;
    }
    let midnight = days.checked_mul(86_400)?;
    let Some(clock) = text.get(10..).filter(|rest| !rest.is_empty()) else {
        return Some((midnight, 0));
    };
    let clock = clock.strip_prefix(['T', 't', ' '])?;
    let (hour, minute) = (digits(clock, 0, 2)?, digits(clock, 3, 2)?);
    if clock.get(2..3)? != ":" || hour > 23 || minute > 59 {
        return None;
    }
    let mut rest = clock.get(5..)?;
    let mut second = 0;
    if let Some(after) = rest.strip_prefix(':') {
        second = digits(after, 0, 2)?;
        rest = after.get(2..)?;
        if second > 60 {
            return None;
        }
    }
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        rest = fraction.get(end..)?;
        let six = fraction.get(..end.min(6))?;
        micros = format!("{six:0<6}").parse().ok()?;
    }
    let offset = offset_seconds(rest.trim_start())?;
    Some((midnight + hour * 3_600 + minute * 60 + second - offset, micros))
}

fn digits(text: &str, from: usize, count: usize) -> Option<i64> {
    let part = text.get(from..from.checked_add(count)?)?;
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    part.parse().ok()
}

fn offset_seconds(text: &str) -> Option<i64> {
    if matches!(text, "" | "Z" | "z" | "UTC" | "GMT") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let rest = rest.replace(':', "");
    if rest.len() != 4 {
        return None;
    }
    let (hour, minute) = (digits(&rest, 0, 2)?, digits(&rest, 2, 2)?);
    (hour <= 23 && minute <= 59).then_some(sign * (hour * 3_600 + minute * 60))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if year < 1 || day < 1 || day > last {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted / 400;
    let year_of_era = shifted % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fractions_are_told_apart() {
        for (fraction, micros) in
            [("", 0), (".5", 500_000), (".000001Z", 1), (".1234567Z", 123_456)]
        {
            let read = parse_unix_micros(&format!("1970-01-01T00:00:01{fraction}"));
            assert_eq!(read, Some(1_000_000 + micros), "{fraction}");
        }
        assert_eq!(parse_unix_micros("17"), Some(17_000_000));
        assert_eq!(parse_unix_micros("99999999999"), Some(99_999_999_999_000_000));
        assert_eq!(parse_unix_micros("soon"), None);
    }

    #[test]
    fn reads_what_feeds_write() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2017-07-08T12:00:00.123456Z", 1_499_515_200),
            ("2017-07-08 12:00:00", 1_499_515_200),
            ("2017-07-08T14:00:00+02:00", 1_499_515_200),
            ("2017-07-08T08:00:00-0400", 1_499_515_200),
            ("2017-07-08 12:00:00 UTC", 1_499_515_200),
            ("2017-07-08T12:00Z", 1_499_515_200),
            ("2000-02-29", 951_782_400),
            ("1969-12-31T23:59:59Z", -1),
            ("2016-12-31T23:59:60Z", 1_483_228_800),
            ("1499515200", 1_499_515_200),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(parse_unix_seconds(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2017-02-29",
            "2017-13-01",
            "2017-00-01",
            "0000-01-01",
            "2017-07-08T24:00:00Z",
            "2017-07-08T12:61:00Z",
            "2017/07/08",
            "2017-07-08T12:00:00+2",
            "2017-07-08X",
            "999999999999",
            "２０１７-07-08",
        ] {
            assert_eq!(parse_unix_seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,80}") {
            let _ = parse_unix_seconds(&text);
        }

        #[test]
        fn days_run_on(year in 1i64..9999, month in 1i64..=12, day in 1i64..=27) {
            let today = days_from_civil(year, month, day);
            let next = days_from_civil(year, month, day + 1);
            prop_assert_eq!(today.map(|d| d + 1), next);
        }
    }
}
