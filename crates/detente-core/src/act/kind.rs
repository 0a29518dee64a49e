//! The closed list of acts.

use std::fmt;
use std::str::FromStr;

use crate::encode::{DecodeError, DecodeFault, Reader};

/// What sort of statement an act is. Codes are signed: never reused or renumbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ActKind {
    /// A party enters its root-signed card: the first act of each log, by any key on the card.
    Designate = 1,
    /// Puts a text forward.
    Propose = 2,
    /// Binds the party to a text, by digest.
    Sign = 3,
    /// Declines a text, by digest.
    Refuse = 4,
    /// Gives notice of leaving.
    Denounce = 5,
    /// Stops everything that leaves, at once.
    Stop = 6,
    /// Lifts the party's own stop.
    Resume = 7,
    /// Offers a matching run with its terms and a commitment to the set.
    OfferMatch = 8,
    /// Takes up an offered run, with a commitment to the own set.
    AnswerMatch = 9,
    /// Says how a run ended: its outcome, or who aborted it and why.
    CloseMatch = 10,
    /// Lets objects leave, each under a named clause.
    Release = 11,
    /// Acknowledges a release.
    Receipt = 12,
    /// Puts a filter up for the other side to look up in.
    PublishFilter = 13,
}

impl ActKind {
    /// Every kind in the order of its code.
    pub const ALL: [ActKind; 13] = [
        ActKind::Designate,
        ActKind::Propose,
        ActKind::Sign,
        ActKind::Refuse,
        ActKind::Denounce,
        ActKind::Stop,
        ActKind::Resume,
        ActKind::OfferMatch,
        ActKind::AnswerMatch,
        ActKind::CloseMatch,
        ActKind::Release,
        ActKind::Receipt,
        ActKind::PublishFilter,
    ];

    /// The signed code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this code.
    pub fn from_code(code: u8) -> Option<ActKind> {
        ActKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Reads a code.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<ActKind, DecodeError> {
        let code = r.uint8("act kind")?;
        ActKind::from_code(code)
            .ok_or_else(|| r.fail(DecodeFault::BadValue { what: "act kind", got: code.into() }))
    }

    /// The name in accords and reports.
    pub const fn name(self) -> &'static str {
        match self {
            ActKind::Designate => "designate",
            ActKind::Propose => "propose",
            ActKind::Sign => "sign",
            ActKind::Refuse => "refuse",
            ActKind::Denounce => "denounce",
            ActKind::Stop => "stop",
            ActKind::Resume => "resume",
            ActKind::OfferMatch => "offer-match",
            ActKind::AnswerMatch => "answer-match",
            ActKind::CloseMatch => "close-match",
            ActKind::Release => "release",
            ActKind::Receipt => "receipt",
            ActKind::PublishFilter => "publish-filter",
        }
    }
}

impl fmt::Display for ActKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown act {0:?}")]
pub struct UnknownAct(pub String);

impl FromStr for ActKind {
    type Err = UnknownAct;

    fn from_str(text: &str) -> Result<ActKind, UnknownAct> {
        ActKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| UnknownAct(text.chars().take(64).collect()))
    }
}
