//! How much an indicator is still worth: a score from 0 to 100 that falls with time since it was
//! last seen. It lies over what is kept and changes nothing of it.
//!
//! Source: S. Mokaddem et al., "Taxonomy driven indicator scoring in MISP threat intelligence
//! platforms" (2018): base * (1 - (t / lifetime)^(1 / speed)).

use detente_core::{Kind, UnixSeconds};

use crate::Context;

/// The score at the beginning where its source names no confidence: MISP's.
const BASE: f64 = 80.0;
/// Of addresses, names and URLs, which others use again: MISP's model for network indicators. Days.
const NETWORK_LIFETIME: f64 = 120.0;
/// Of digests and fingerprints, which name the same thing for ever, though fewer meet it. Days.
const DIGEST_LIFETIME: f64 = 730.0;
/// How much of the score goes early; 1 is a straight line.
const SPEED: f64 = 2.0;
const SECONDS_OF_DAY: f64 = 86_400.0;

/// The score now of what a source says, from 0 to 100. `added` is when it came here: it counts
/// where the source does not say when it last saw it.
pub fn score(kind: Kind, context: &Context, added: UnixSeconds, now: UnixSeconds) -> u8 {
    let now = i64::try_from(now.get()).unwrap_or(i64::MAX);
    if context.valid_until.is_some_and(|until| until <= now) {
        return 0;
    }
    let added = i64::try_from(added.get()).unwrap_or(i64::MAX);
    let seen = context.last_seen.unwrap_or(added);
    let lifetime = match kind {
        Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 => DIGEST_LIFETIME,
        Kind::CertSha1 | Kind::CertSha256 => DIGEST_LIFETIME,
        Kind::Asn | Kind::Domain | Kind::Email | Kind::Url => NETWORK_LIFETIME,
        Kind::Ipv4 | Kind::Ipv4Cidr | Kind::Ipv6 | Kind::Ipv6Cidr => NETWORK_LIFETIME,
    };
    // Seconds since: exact up to 2^53, which no lifetime reaches.
    #[expect(clippy::cast_precision_loss, reason = "a lifetime is far below 2^53 seconds")]
    let age = now.saturating_sub(seen).max(0) as f64 / SECONDS_OF_DAY;
    let left = 1.0 - (age / lifetime).min(1.0).powf(1.0 / SPEED);
    let base = context.confidence.map_or(BASE, f64::from);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let score = (base * left).round().clamp(0.0, 100.0) as u8;
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;
    const NOW: u64 = 2_000_000_000;

    fn at(kind: Kind, context: &Context, days: u64) -> u8 {
        score(kind, context, UnixSeconds::new(NOW - days * DAY), UnixSeconds::new(NOW))
    }

    #[test]
    fn it_falls_from_its_base_to_nothing() {
        let plain = Context::from_source("feed");
        assert_eq!(at(Kind::Domain, &plain, 0), 80);
        // A quarter of its life: half is gone, since the square root counts.
        assert_eq!(at(Kind::Domain, &plain, 30), 40);
        assert_eq!((at(Kind::Domain, &plain, 120), at(Kind::Domain, &plain, 9_000)), (0, 0));
        assert!(at(Kind::Sha256, &plain, 120) > 45);
        let mut sure = plain;
        sure.confidence = Some(100);
        assert_eq!(at(Kind::Ipv4, &sure, 0), 100);
    }

    #[test]
    fn what_its_source_says_of_times_counts_first() {
        let mut seen = Context::from_source("feed");
        seen.last_seen = Some(i64::try_from(NOW).unwrap());
        assert_eq!(at(Kind::Domain, &seen, 9_000), 80);
        // A clock ahead of this one makes nothing worth more.
        seen.last_seen = Some(i64::MAX);
        assert_eq!(at(Kind::Domain, &seen, 9_000), 80);
        seen.valid_until = Some(5);
        assert_eq!(at(Kind::Domain, &seen, 0), 0);
    }
}
