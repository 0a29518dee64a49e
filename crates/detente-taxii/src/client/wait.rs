//! How long to wait before a server is asked again.

use jiff::fmt::rfc2822::DateTimeParser;

use crate::moment::Moment;

/// The longest wait that a server may ask for; more counts as this. Seconds.
pub const MAX_RETRY_AFTER: u64 = 24 * 3_600;

/// Waits that double from one failure to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// After the first failure. Seconds.
    pub first: u64,
    /// No wait is longer, unless the server asks for it. Seconds.
    pub longest: u64,
}

/// Between requests of one poll.
pub const WITHIN: BackOff = BackOff { first: 1, longest: 30 };
/// Between polls that fail.
pub const BETWEEN: BackOff = BackOff { first: 60, longest: 6 * 3_600 };

impl BackOff {
    /// The wait after so many failures in a row, in seconds: between half of the doubled time and
    /// all of it, so that clients that failed together do not come back together. The seed is the
    /// caller's; the same seed gives the same wait. Never shorter than what the server asked for.
    pub fn after(self, failures: u32, seed: u64, asked: Option<u64>) -> u64 {
        let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        let full = self.first.saturating_mul(doubled).clamp(1, self.longest.max(1));
        let half = full / 2;
        let jittered = half + mixed(seed, failures) % (full - half + 1);
        jittered.max(1).max(asked.unwrap_or(0).min(MAX_RETRY_AFTER))
    }
}

/// Mixes a seed with a number (the finaliser of SplitMix64).
fn mixed(seed: u64, number: u32) -> u64 {
    let mut x = seed.wrapping_add(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or an HTTP date. What can't be read is
/// none; a date that is past is now.
pub fn retry_after(header: &str, now: Moment) -> Option<u64> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that fits nowhere is longer than anybody waits.
        return Some(header.parse().unwrap_or(MAX_RETRY_AFTER).min(MAX_RETRY_AFTER));
    }
    if header.len() > 64 {
        return None;
    }
    let at = DateTimeParser::new().parse_timestamp(header).ok()?.as_second();
    let wait = at.saturating_sub(now.micros().div_euclid(1_000_000));
    Some(u64::try_from(wait).unwrap_or(0).min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_of_retry_after() {
        let now = Moment::read("1994-11-06T08:49:00Z").expect("a time");
        assert_eq!(retry_after("120", now), Some(120));
        assert_eq!(retry_after(" 0 ", now), Some(0));
        assert_eq!(retry_after("99999999999999999999999999", now), Some(MAX_RETRY_AFTER));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(37));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:48:37 GMT", now), Some(0));
        assert_eq!(retry_after("Fri, 01 Jan 2100 00:00:00 GMT", now), Some(MAX_RETRY_AFTER));
        for bad in ["", "soon", "-1", "1.5", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn what_the_server_asks_for_is_kept() {
        assert!(WITHIN.after(1, 7, Some(500)) >= 500);
        assert_eq!(WITHIN.after(1, 7, Some(u64::MAX)), MAX_RETRY_AFTER);
    }

    proptest! {
        #[test]
        fn waits_double_within_their_bounds(failures in 1_u32..200, seed: u64) {
            let wait = BETWEEN.after(failures, seed, None);
            let full = 60_u64.saturating_mul(1 << failures.min(20).saturating_sub(1));
            let full = full.min(BETWEEN.longest);
            prop_assert!(wait >= full / 2 && wait <= full, "{wait} of {full}");
            prop_assert_eq!(wait, BETWEEN.after(failures, seed, None));
        }

        #[test]
        fn no_header_panics(header in "\\PC{0,80}") {
            let _ = retry_after(&header, Moment::START);
        }
    }
}
