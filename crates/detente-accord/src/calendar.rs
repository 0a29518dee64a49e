//! The calendar of a text: which days are working days, and where a day begins.
//!
//! Is: `[calendar]` with `zone`, `weekend` and `holidays`, and the arithmetic of deadlines that
//! rests on it. Is not: a list of time zones by name. Their rules change from year to year, and two
//! programs with two lists would not find the same deadline: a text states an offset from UTC, and
//! each holiday by its day. Source of how working days are counted: Regulation (EEC, Euratom) No
//! 1182/71, article 3: the day of the event does not count, and the period ends with the last hour
//! of its last day.

use std::str::FromStr;

use detente_core::{Span, UnixSeconds};

use super::clause::{Days, Deadline};
use super::language::Said;
use super::prose::Param;
use super::table::Table;

/// Most holidays of a text. Count.
pub const MAX_HOLIDAYS: usize = 1_000;
/// Longest deadline in working days. Count.
pub const MAX_WORKING_DAYS: u64 = 366;
/// Seconds of a day.
const DAY: u64 = 86_400;
/// Largest offset from UTC, in minutes: 14 hours.
const MAX_OFFSET: i32 = 14 * 60;

/// Working days, and where a day begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// How far local time is ahead of UTC, in minutes; -840 to 840.
    pub offset: i32,
    /// Days of the week on which nobody works; not all seven.
    pub weekend: Vec<Weekday>,
    /// Holidays, ascending, as days since 1970-01-01; at most [`MAX_HOLIDAYS`].
    pub holidays: Vec<u64>,
}

impl Default for Calendar {
    /// UTC, Saturday and Sunday, no holiday.
    fn default() -> Calendar {
        let weekend = vec![Weekday::Saturday, Weekday::Sunday];
        Calendar { offset: 0, weekend, holidays: Vec::new() }
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl Weekday {
    /// Every day, from Monday on.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// The word in a text.
    pub const fn name(self) -> &'static str {
        match self {
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
        }
    }

    /// The day of the week of a day since 1970-01-01, which was a Thursday.
    const fn of(day: u64) -> Weekday {
        Weekday::ALL[((day % 7 + 3) % 7) as usize]
    }
}

impl FromStr for Weekday {
    type Err = UnknownWeekday;

    fn from_str(text: &str) -> Result<Weekday, UnknownWeekday> {
        Weekday::ALL.into_iter().find(|day| day.name() == text).ok_or(UnknownWeekday)
    }
}

/// `weekend` names no day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a day of the week in lower case: \"saturday\"")]
pub struct UnknownWeekday;

impl Calendar {
    /// When a deadline that starts at a moment ends.
    ///
    /// So many seconds later, or, in working days, with the last second of the last of them: the
    /// moment that comes back is the first at which it is too late.
    pub fn due(&self, start: UnixSeconds, deadline: &Deadline) -> UnixSeconds {
        match deadline.days {
            Days::Calendar => start.plus(deadline.within),
            Days::Working => {
                let days = (deadline.within.get() / DAY).min(MAX_WORKING_DAYS);
                self.after_working_days(start, days)
            }
        }
    }

    fn after_working_days(&self, start: UnixSeconds, days: u64) -> UnixSeconds {
        let mut day = self.local(start).div_euclid(DAY.cast_signed()).unsigned_abs();
        let mut left = days;
        // At most six days of a week and each holiday are passed over.
        while left > 0 {
            day = day.saturating_add(1);
            left -= u64::from(self.is_working(day));
        }
        let end = day.saturating_add(1).saturating_mul(DAY).cast_signed();
        let utc = end.saturating_sub(i64::from(self.offset) * 60);
        UnixSeconds::new(u64::try_from(utc).unwrap_or(0))
    }

    /// Seconds of local time since 1970-01-01, not before.
    fn local(&self, at: UnixSeconds) -> i64 {
        let seconds = at.get().cast_signed();
        seconds.saturating_add(i64::from(self.offset) * 60).max(0)
    }

    fn is_working(&self, day: u64) -> bool {
        !self.weekend.contains(&Weekday::of(day)) && self.holidays.binary_search(&day).is_err()
    }

    /// The offset as a text writes it: `+01:00`.
    pub fn zone(&self) -> String {
        let (sign, minutes) =
            if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Reads the table `calendar`; without it, the usual one.
pub(super) fn read_calendar(root: &Table<'_>) -> Calendar {
    let usual = Calendar::default();
    let Some(table) = root.table("calendar") else { return usual };
    let offset = table.text("zone").map_or(Some(0), |zone| {
        let offset = read_offset(&zone);
        if offset.is_none() {
            table.fault(
                "bad_value",
                format!("`zone` in {} is {zone:?}", table.name),
                "write an offset from UTC such as \"+01:00\": the rules of named zones change",
            );
        }
        offset
    });
    let weekend = table.list::<Weekday>("weekend").unwrap_or(usual.weekend);
    if Weekday::ALL.iter().all(|day| weekend.contains(day)) {
        table.fault(
            "bad_value",
            format!("{} leaves no day to work", table.name),
            "leave out at least one day of the week",
        );
    }
    let holidays = read_holidays(&table);
    table.finish();
    Calendar { offset: offset.unwrap_or(0), weekend, holidays }
}

fn read_holidays(table: &Table<'_>) -> Vec<u64> {
    let words = table.list::<String>("holidays").unwrap_or_default();
    if words.len() > MAX_HOLIDAYS {
        let what = format!("{} has {} holidays", table.name, words.len());
        table.fault("too_many", what, format!("write at most {MAX_HOLIDAYS}"));
        return Vec::new();
    }
    let mut days = Vec::with_capacity(words.len());
    for word in words {
        // A day has ten letters; a moment is none.
        match (word.len(), UnixSeconds::parse(&word)) {
            (10, Ok(day)) => days.push(day.get() / DAY),
            _ => table.fault(
                "bad_value",
                format!("a holiday in {} is {word:?}", table.name),
                "write each as a day such as 2027-12-25",
            ),
        }
    }
    days.sort_unstable();
    days
}

fn read_offset(zone: &str) -> Option<i32> {
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |part: &str| -> Option<i32> {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let offset = hours * 60 + minutes;
    (minutes < 60 && offset <= MAX_OFFSET).then_some(sign * offset)
}

/// What each clause may show of the calendar.
pub(super) fn params(calendar: &Calendar) -> Vec<Param> {
    vec![Param::value("calendar.zone", Said::same(calendar.zone())).optional()]
}

/// Whether a period is one that working days can count: whole days, and not too many.
pub(super) fn fits(within: Span) -> bool {
    within.get().is_multiple_of(DAY) && within.get() / DAY <= MAX_WORKING_DAYS
}

#[cfg(test)]
mod tests;
