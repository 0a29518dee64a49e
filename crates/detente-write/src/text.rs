//! Texts and times as the formats take them.

/// One line of at most `max` bytes: white space and control characters become single blanks, and
/// characters that turn or hide text are dropped.
pub(crate) fn one_line(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut blank = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            blank = !out.is_empty();
            continue;
        }
        if is_hidden(c) {
            continue;
        }
        if out.len() + usize::from(blank) + c.len_utf8() > max {
            break;
        }
        if blank {
            out.push(' ');
            blank = false;
        }
        out.push(c);
    }
    out
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{feff}' | '\u{fffe}'..='\u{ffff}')
}

/// As [`one_line`], with everything that is not ASCII as a question mark.
pub(crate) fn ascii_line(text: &str, max: usize) -> String {
    let line = one_line(text, max);
    line.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

/// A time as RFC 3339 in UTC without fractions, if its year is from 1 to 9999.
pub(crate) fn rfc3339(seconds: i64) -> Option<String> {
    let day = date(seconds)?;
    let clock = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
    Some(format!("{day}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// As [`rfc3339`], to the millisecond, as STIX 2.1 section 3.2 asks for in `created`.
pub(crate) fn rfc3339_millis(seconds: i64) -> Option<String> {
    rfc3339(seconds).map(|text| text.replace('Z', ".000Z"))
}

/// The day of a time in UTC, `2027-12-31`, if its year is from 1 to 9999.
///
/// Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
pub(crate) fn date(seconds: i64) -> Option<String> {
    let days = seconds.div_euclid(86_400).checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (1..=9999).contains(&year).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_single_and_bounded() {
        assert_eq!(one_line("  a\tb\r\n\u{7}c  ", 99), "a b c");
        assert_eq!(one_line("a\u{202e}b\u{200b}", 99), "ab");
        assert_eq!(one_line("ab cd", 3), "ab");
        assert_eq!(one_line("éé", 3), "é");
        assert_eq!(ascii_line("né", 9), "n?");
    }

    #[test]
    fn times_out_of_range_are_none() {
        assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(rfc3339(-1).as_deref(), Some("1969-12-31T23:59:59Z"));
        assert_eq!(rfc3339(253_402_300_799).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(rfc3339(253_402_300_800), None);
        assert_eq!(rfc3339(-62_135_596_800).as_deref(), Some("0001-01-01T00:00:00Z"));
        assert_eq!(rfc3339(-62_135_596_801), None);
        assert_eq!((rfc3339(i64::MAX), rfc3339(i64::MIN)), (None, None));
    }

    proptest! {
        #[test]
        fn our_reader_reads_the_same_time(seconds in -62_135_596_800i64..253_402_300_800) {
            let text = rfc3339(seconds).expect("in range");
            prop_assert_eq!(detente_intel::parse_unix_seconds(&text), Some(seconds));
        }

        #[test]
        fn a_line_is_one_line(text in "\\PC{0,40}|.{0,40}", max in 0usize..60) {
            let line = one_line(&text, max);
            prop_assert!(line.len() <= max);
            let breaks = |c: char| c.is_control() || c == '\u{2028}';
            prop_assert!(!line.chars().any(breaks));
        }
    }
}
