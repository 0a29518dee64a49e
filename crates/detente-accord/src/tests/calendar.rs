//! The calendar of a text, and deadlines in working days.

use super::{Accord, Rule, SOUND, refused};
use crate::{Days, Weekday};

const EXIT: &str = "[exit]\n";
const CALENDAR: &str = "[calendar]\nzone = \"+01:00\"\nweekend = [\"friday\", \"saturday\"]\n\
    holidays = [\"2027-12-27\", \"2027-01-01\"]\n\n[exit]\n";
const DUTY: &str = "within = \"PT24H\", clock = \"receipt\", breach";
const WORKING: &str = "within = \"P5D\", days = \"working\", clock = \"receipt\", breach";

#[test]
fn a_text_states_its_calendar() {
    let text = SOUND.replacen(EXIT, CALENDAR, 1).replacen(DUTY, WORKING, 1);
    let accord = Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!(accord.terms.calendar.zone(), "+01:00");
    assert_eq!(accord.terms.calendar.weekend, [Weekday::Friday, Weekday::Saturday]);
    assert_eq!(accord.terms.calendar.holidays.len(), 2);
    assert!(accord.terms.calendar.holidays.is_sorted());
    let clause = accord.clause("4").unwrap();
    let Some(Rule::Oblige(rule)) = &clause.rule else { panic!() };
    assert_eq!(rule.deadline.days, Days::Working);
    // The prose shows that working days count, in each language.
    assert!(clause.prose[0].1.contains("within 5 working days from receipt"), "{clause:?}");
    assert!(clause.prose[1].1.contains("in 5 Arbeitstage ab"), "{clause:?}");
    // Without a table: UTC, and the usual weekend.
    let accord = Accord::parse(SOUND.as_bytes()).unwrap();
    assert_eq!(accord.terms.calendar, crate::Calendar::default());
}

#[test]
fn a_calendar_that_is_none_is_refused() {
    let with = |line: &str| format!("[calendar]\n{line}\n\n[exit]\n");
    refused(EXIT, &with("zone = \"Europe/Berlin\""), "bad_value", "Europe/Berlin");
    refused(EXIT, &with("weekend = [\"Sunday\"]"), "bad_value", "Sunday");
    let all = "weekend = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\", \
        \"saturday\", \"sunday\"]";
    refused(EXIT, &with(all), "bad_value", "no day to work");
    refused(EXIT, &with("holidays = [\"christmas\"]"), "bad_value", "christmas");
    refused(EXIT, &with("holidays = [\"2027-12-25T00:00:00Z\"]"), "bad_value", "2027-12-25T");
    refused(EXIT, &with("holiday = \"2027-12-25\""), "unknown_field", "holiday");
    let many: Vec<String> =
        (0..=crate::MAX_HOLIDAYS).map(|n| format!("\"{:04}-01-01\"", 1970 + n)).collect();
    refused(EXIT, &with(&format!("holidays = [{}]", many.join(", "))), "too_many", "holidays");
    refused(DUTY, &WORKING.replace("P5D", "PT25H"), "bad_value", "working days");
    refused(DUTY, &WORKING.replace("P5D", "P367D"), "bad_value", "working days");
    refused(DUTY, &WORKING.replace("working", "business"), "bad_value", "business");
}
