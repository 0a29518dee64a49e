use detente_core::{Span, UnixSeconds};
use proptest::prelude::*;

use super::{Calendar, DAY, Weekday, read_offset};
use crate::clause::{ClockStart, Days, Deadline};

fn at(text: &str) -> UnixSeconds {
    UnixSeconds::parse(text).unwrap()
}

fn working(days: u64) -> Deadline {
    let within = Span::seconds(days * DAY);
    Deadline { within, clock: ClockStart::Act, days: Days::Working }
}

#[test]
fn days_of_the_week_are_those_of_the_almanac() {
    let day = |text: &str| Weekday::of(at(text).get() / DAY);
    assert_eq!(day("1970-01-01"), Weekday::Thursday);
    assert_eq!(day("2017-07-07"), Weekday::Friday);
    assert_eq!(day("2000-02-29"), Weekday::Tuesday);
    assert_eq!(day("2099-12-31"), Weekday::Thursday);
}

#[test]
fn working_days_pass_over_weekends_and_holidays() {
    let holidays = ["2026-12-25", "2027-01-01"].map(|day| at(day).get() / DAY).to_vec();
    let calendar = Calendar { holidays, ..Calendar::default() };
    // A Wednesday: Thursday counts, Friday is a holiday, then a weekend.
    let due = |days| calendar.due(at("2026-12-23T15:00:00Z"), &working(days)).to_string();
    assert_eq!(due(1), "2026-12-25T00:00:00Z");
    assert_eq!(due(2), "2026-12-29T00:00:00Z");
    assert_eq!(due(6), "2027-01-05T00:00:00Z");
    // A day of the weekend does not count, and nor does the day of the event.
    let due = calendar.due(at("2026-12-19T00:00:00Z"), &working(1));
    assert_eq!(due.to_string(), "2026-12-22T00:00:00Z");
}

#[test]
fn a_day_begins_where_the_text_says() {
    let late = at("2026-06-01T23:30:00Z");
    let due = |offset| {
        let calendar = Calendar { offset, ..Calendar::default() };
        calendar.due(late, &working(1)).to_string()
    };
    assert_eq!(due(0), "2026-06-03T00:00:00Z");
    assert_eq!(due(120), "2026-06-03T22:00:00Z", "there it is the second of June");
    assert_eq!(due(-300), "2026-06-03T05:00:00Z");
    assert_eq!(read_offset("+05:30"), Some(330));
    assert_eq!(read_offset("-14:00"), Some(-840));
    for wrong in ["", "UTC", "+1:00", "+14:01", "+00:60", "01:00", "+01.00", "Europe/Berlin", "é"]
    {
        assert_eq!(read_offset(wrong), None, "{wrong}");
    }
}

proptest! {
    /// Counting by hand, day by day, gives the same.
    #[test]
    fn a_deadline_has_its_number_of_working_days(
        start in 0u64..4_000_000_000, days in 1u64..60, offset in -840i32..=840,
        weekend in proptest::collection::btree_set(0usize..7, 0..6),
        holidays in proptest::collection::btree_set(0u64..46_300, 0..40),
    ) {
        let weekend = weekend.into_iter().map(|day| Weekday::ALL[day]).collect();
        let calendar = Calendar { offset, weekend, holidays: holidays.into_iter().collect() };
        let start = UnixSeconds::new(start);
        let due = calendar.due(start, &working(days));
        let first = (calendar.local(start) / DAY.cast_signed()).unsigned_abs() + 1;
        let end = due.get().cast_signed() + i64::from(offset) * 60;
        prop_assert_eq!(end % DAY.cast_signed(), 0);
        let last = (end / DAY.cast_signed()).unsigned_abs();
        let counted = (first..last).filter(|day| calendar.is_working(*day)).count() as u64;
        prop_assert_eq!(counted, days);
        prop_assert!(calendar.is_working(last - 1));
        prop_assert!(due > start);
    }
}
