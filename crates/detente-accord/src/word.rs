//! What may be written for each sort of value: the remedy if something else stands there.

use std::str::FromStr;

use super::Bindingness;
use super::annex::AnnexKind;
use super::asks::ThreatFrom;
use super::calendar::Weekday;
use super::clause::{ClockStart, Days, Only, Onward, Pad, Side};
use super::parse::Time;
use detente_core::act::{ActKind, Engine, Learn, Mode};
use detente_core::key::Suite;
use detente_core::party::Role;
use detente_core::{Digest, Kind, ObjectKind, Pap, PartyId, Purpose, Span, Tlp, Transform};

/// A value that a text writes as a string.
pub(super) trait Word: FromStr {
    /// What to write.
    fn remedy() -> String;
}

fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    format!("write one of: {}", words.into_iter().collect::<Vec<_>>().join(", "))
}

impl Word for String {
    fn remedy() -> String {
        "write plain text".to_owned()
    }
}

impl Word for Side {
    fn remedy() -> String {
        "write the id of a party, or \"*\" for every party".to_owned()
    }
}

impl Word for Time {
    fn remedy() -> String {
        "write a day such as 2027-12-31 or a moment such as 2027-12-31T12:00:00Z".to_owned()
    }
}

impl Word for Span {
    fn remedy() -> String {
        "write weeks, days, hours, minutes or seconds: P2W, P180D, PT24H, PT30M, PT90S; months and \
         years differ in length"
            .to_owned()
    }
}

impl Word for PartyId {
    fn remedy() -> String {
        "write the fingerprint that `detente party card` prints: 64 hex digits".to_owned()
    }
}

impl Word for Digest {
    fn remedy() -> String {
        "write the SHA-256 of the file as `sha256sum` prints it: 64 hex digits".to_owned()
    }
}

impl Word for AnnexKind {
    fn remedy() -> String {
        one_of(AnnexKind::ALL.map(AnnexKind::name))
    }
}

impl Word for Suite {
    fn remedy() -> String {
        "write hybrid or cnsa2, or leave it out for hybrid".to_owned()
    }
}

impl Word for Tlp {
    fn remedy() -> String {
        one_of(Tlp::ALL.map(Tlp::name))
    }
}

impl Word for Pap {
    fn remedy() -> String {
        one_of(Pap::ALL.iter().map(|pap| pap.name()))
    }
}

impl Word for ObjectKind {
    fn remedy() -> String {
        one_of(ObjectKind::ALL.iter().map(|object| object.name()))
    }
}

impl Word for Purpose {
    fn remedy() -> String {
        one_of(Purpose::ALL.iter().map(|purpose| purpose.name()))
    }
}

impl Word for ThreatFrom {
    fn remedy() -> String {
        "write the id of a party, \"third\" or \"unknown\"".to_owned()
    }
}

impl Word for Transform {
    fn remedy() -> String {
        one_of(Transform::ALL.map(Transform::name))
    }
}

impl Word for Onward {
    fn remedy() -> String {
        one_of([Onward::Allowed, Onward::Consent, Onward::Forbidden].map(Onward::name))
    }
}

impl Word for Kind {
    fn remedy() -> String {
        format!("name kinds one by one; {}", one_of(Kind::ALL.map(Kind::name)))
    }
}

impl Word for Role {
    fn remedy() -> String {
        one_of(Role::ALL.map(Role::name))
    }
}

impl Word for ActKind {
    fn remedy() -> String {
        one_of(ActKind::ALL.iter().map(|kind| kind.name()))
    }
}

impl Word for Mode {
    fn remedy() -> String {
        one_of([Mode::Which, Mode::Count, Mode::Payload, Mode::Lookup].map(Mode::name))
    }
}

impl Word for Engine {
    fn remedy() -> String {
        let all = [Engine::VoleMlKem768, Engine::VoleRistretto255, Engine::Ecdh, Engine::Voprf];
        one_of(all.map(Engine::name))
    }
}

impl Word for Learn {
    fn remedy() -> String {
        one_of([Learn::Both, Learn::Initiator].map(Learn::name))
    }
}

impl Word for Only {
    fn remedy() -> String {
        "write \"matched\" (only what both hold) or \"any\"".to_owned()
    }
}

impl Word for Pad {
    fn remedy() -> String {
        "write \"none\", \"power-of-two\" or \"multiple:1000\" (2 to 1048576)".to_owned()
    }
}

impl Word for Days {
    fn remedy() -> String {
        one_of([Days::Calendar, Days::Working].map(Days::name))
    }
}

impl Word for Weekday {
    fn remedy() -> String {
        one_of(Weekday::ALL.map(Weekday::name))
    }
}

impl Word for ClockStart {
    fn remedy() -> String {
        one_of(
            [ClockStart::Act, ClockStart::Awareness, ClockStart::Effective, ClockStart::Receipt]
                .map(ClockStart::name),
        )
    }
}

impl Word for Bindingness {
    fn remedy() -> String {
        one_of(
            [Bindingness::Political, Bindingness::Legal, Bindingness::Technical]
                .map(Bindingness::name),
        )
    }
}
